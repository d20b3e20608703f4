"""A rush for pages of a site as it is installed: nginx with TLS, pages, sockets, a worker, durable PostgreSQL, Redis.

Twice as many ask for pages as are let in at once, without a pause, and four phones report beside them. Peer: the same
rush with nginx's ``max_conns`` taken out, where all of them wait. Whoever asks runs on the same machine, at its cost.
BENCH_SECONDS.
"""

import asyncio
import contextlib
import os
import random
import re
import signal
import ssl
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory

from bench._figure import figure
from bench._room_load import BASE_DIR
from bench._room_talk import hundredths
from tests import services
from tests.databases import migrate
from tests.front.site import Front, front_site

SHOWN = ("/", "/me/", "/courses/", "/me/notices/")
MOST = 64  # pages that are let in at once: two servers with max_conns=32 each, here one with both their processes
RUSH_S = float(os.environ.get("BENCH_SECONDS", "15"))
PATIENCE_S = 60.0


@dataclass
class Seen:
    """Milliseconds of what was answered 200 (or 405, of the kind "evidence"), and how often what else was answered."""

    took: list[float] = field(default_factory=list)
    others: Counter[str] = field(default_factory=Counter)


@dataclass
class Site:
    """The running site and its people: address and cookie of each one's socket."""

    front: Front
    phones: list[tuple[str, str]]

    def __post_init__(self) -> None:
        self.host = self.front.url.removeprefix("https://")
        self.port = int(self.host.rpartition(":")[2])
        self.tls = ssl.create_default_context(cafile=str(self.front.certificate))


class Browser:
    """One line that is kept open, and asks for one thing after the other."""

    def __init__(self, site: Site, cookie: str) -> None:
        self.site, self.cookie = site, cookie
        self.streams: tuple[asyncio.StreamReader, asyncio.StreamWriter] | None = None

    async def ask(self, path: str, seen: Seen, *, fine: int = 200) -> bool:
        """Return whether it was answered as it should be."""
        began = time.perf_counter()
        try:
            status = await asyncio.wait_for(self._ask(path), PATIENCE_S)
        except (OSError, TimeoutError, asyncio.IncompleteReadError, ValueError) as error:
            self.close()
            seen.others[type(error).__name__] += 1
            return False
        if status != fine:
            seen.others[str(status)] += 1
            return False
        seen.took.append((time.perf_counter() - began) * 1000)
        return True

    async def _ask(self, path: str) -> int:
        if self.streams is None:
            self.streams = await asyncio.open_connection(
                "127.0.0.1",
                self.site.port,
                ssl=self.site.tls,
                server_hostname="localhost",
                local_addr=(f"127.0.0.{random.randrange(2, 200)}", 0),  # nginx counts by address, and a county is many
            )
        reader, writer = self.streams
        lines = (f"GET {path} HTTP/1.1", f"Host: {self.site.host}", f"Cookie: {self.cookie}", "Accept: text/html")
        writer.write(("\r\n".join(lines) + "\r\n\r\n").encode())
        head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").lower()
        if length := re.search(r"content-length: (\d+)", head):
            await reader.readexactly(int(length[1]))
        elif "transfer-encoding: chunked" in head:
            while size := int(await reader.readline(), 16):
                await reader.readexactly(size + 2)
            await reader.readline()
        if "connection: close" in head:
            self.close()
        return int(head.split()[1])

    def close(self) -> None:
        if self.streams is not None:
            self.streams[1].close()
        self.streams = None


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


@contextlib.contextmanager
def worker(front: Front) -> Iterator[None]:
    celery = [sys.executable, "-m", "celery", "-A", "config"]
    beat = [*celery, "beat", "-s", str(front.folder / "beat.db"), "--pidfile=", "--loglevel", "ERROR"]
    does = [*celery, "worker", "--concurrency", "2", "--loglevel", "ERROR", "-O", "fair", "--without-gossip"]
    does += ["--without-mingle", "-Q", "evidence,media,reports,messages,celery"]
    running = [subprocess.Popen(command, cwd=BASE_DIR, env=front.environment) for command in (beat, does)]
    try:
        yield
    finally:
        for process in running:
            process.terminate()
            process.wait(60)


@contextlib.contextmanager
def site(people: int) -> Iterator[Site]:
    with TemporaryDirectory(prefix="classroom-bench-") as name, services.postgres(Path(name), durable=True) as url:
        migrate(url)
        with front_site(database=url, workers=2, most=MOST) as front, worker(front):
            prepare = [sys.executable, "-m", "bench._room_people", str(people)]
            said = subprocess.run(
                prepare, cwd=BASE_DIR, env=front.environment, check=True, stdout=subprocess.PIPE, text=True
            )
            lines = [line.split() for line in said.stdout.splitlines() if line.startswith("/ws/")]
            yield Site(front, [(path, cookie) for path, cookie in lines])


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
