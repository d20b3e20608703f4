"""A rush for pages of a site as it is installed: nginx with TLS, pages, sockets, a worker, durable PostgreSQL, Redis.

Twice as many ask for pages as are let in at once, without a pause, and four phones report beside them. Peer: the same
rush with nginx's ``max_conns`` taken out, where all of them wait. Whoever asks runs on the same machine, at its cost.
BENCH_SECONDS.
"""

import asyncio
import os
import random
import re
import signal
import sys
import time

from bench._figure import figure
from bench._room_talk import hundredths
from bench._site_load import MOST, SHOWN, Browser, Seen, Site, site

RUSH_S = float(os.environ.get("BENCH_SECONDS", "15"))


async def rush(site: Site) -> tuple[Seen, Seen]:
    """Twice as many as are let in, without a pause; beside them one after the other of the kind "evidence"."""
    pages, reports = Seen(), Seen()
    until = time.monotonic() + RUSH_S

    async def visitor(cookie: str) -> None:
        browser = Browser(site, cookie)
        while time.monotonic() < until:
            if not await browser.ask(random.choice(SHOWN), pages):
                await asyncio.sleep(random.uniform(5, 10))  # as its browser would, by the answer's Refresh
        browser.close()

    async def reporter(cookie: str) -> None:
        browser = Browser(site, cookie)
        while time.monotonic() < until:
            await browser.ask("/watch/1/report", reports, fine=405)
            await asyncio.sleep(0.1)
        browser.close()

    cookies = [cookie for _path, cookie in site.phones]
    await asyncio.gather(*(visitor(one) for one in cookies[: 2 * MOST]), *(reporter(one) for one in cookies[-4:]))
    return pages, reports


def without_limits(site: Site) -> None:
    folder = site.front.folder / "nginx"
    conf = folder / "site.conf"
    conf.write_text(re.sub(r" max_conns=\d+", "", conf.read_text()))
    site.front.processes["nginx"].send_signal(signal.SIGHUP)  # it reads it anew
    time.sleep(3)


def main() -> None:
    with site(4 * MOST) as one:
        pages, reports = asyncio.run(rush(one))
        without_limits(one)
        waited, held = asyncio.run(rush(one))
        sys.stderr.write(f"refused={pages.others} without={waited.others} reports={reports.others + held.others}\n")
        for name, ours, peer in (("page", pages, waited), ("report", reports, held)):
            figure(
                bench="admission", figure=f"{name} that was let in, p95", value=hundredths(ours.took)[94], unit="ms",
                peer="all wait", peer_value=hundredths(peer.took)[94],
            )  # fmt: skip
        a_second = len(pages.took) / RUSH_S
        figure(
            bench="admission", figure="pages", value=a_second, unit="1/s",
            peer="all wait", peer_value=len(waited.took) / RUSH_S, higher_is_better=True,
        )  # fmt: skip


if __name__ == "__main__":
    main()
