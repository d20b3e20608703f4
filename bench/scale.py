"""Two web processes against one: a lecture of 10,000 phones at a tick a second, and a member's page.

Whoever asks runs on the same processors, so that a rate by the clock would say what it takes and not what the site can
do. What is measured is what the servers take of a core for a frame that comes, or a page, with one process and with
two: twice the first by the second is what two carry of one, if each has a core. The site is as it is installed; phones
go past nginx, which would need two processes for so many. BENCH_SOCKETS, BENCH_SECONDS, BENCH_PAGES.
"""

from bench._room_load import join_all, open_files  # isort: skip - before Django is set up

import asyncio
import os
import sys
from collections import Counter
from dataclasses import dataclass

import uvloop

from bench._figure import figure
from bench._room_load import Stage
from bench._room_talk import LISTENERS, hang_up, talk
from bench._site_load import Browser, Seen, Site, site, used

SOCKETS = int(os.environ.get("BENCH_SOCKETS", "10000"))
SECONDS = float(os.environ.get("BENCH_SECONDS", "60"))
PAGES = int(os.environ.get("BENCH_PAGES", "1000"))
TURN_S = 20.0  # the room hangs up on who says nothing for twice as long
PAGE = "/me/"
AT_ONCE = 8
GOAL_TIMES, GOAL_CORES, GOAL_MIB = 1.8, 1.2, 300 * 10**6 / 2**20


@dataclass(frozen=True)
class Room:
    """What a lecture took: seconds of a core a frame, cores, MiB in all and by which it grew, what never came."""

    frame_s: float
    cores: float
    mib: float
    grown_mib: float
    lost: int
    each: list[float]


async def lecture(one: Stage) -> Room:
    before = one.own_kib()
    phones = await join_all(one)
    frames = lost = 0
    cpu, took, each = 0.0, 0.0, Counter[int]()
    while took < SECONDS:
        turn = min(TURN_S, SECONDS)
        parts = {pid: Stage(pid, 0, []).cpu_s() for pid in one.family()[1:]}
        run = await talk(one, phones, 1, turn)
        each.update({pid: round(1000 * (Stage(pid, 0, []).cpu_s() - spent)) for pid, spent in parts.items()})
        took, cpu, frames = took + turn, cpu + run.cpu_s, frames + run.frames
        lost += run.lost + run.refused.total() + min(LISTENERS, len(phones) // 2) * run.sent - len(run.heard)
    mib = one.own_kib() / 1024
    hang_up(phones)
    shares = [spent / max(each.total(), 1) for spent in each.values() if spent]
    return Room(cpu / max(frames, 1), cpu / took, mib, mib - before / 1024, lost, shares)


async def pages(one: Site) -> float:
    """Seconds of a core that the page servers take for one page."""
    browsers = [Browser(one, cookie) for _path, cookie in one.phones[-AT_ONCE:]]
    seen = Seen()
    for browser in browsers * 4:  # each process has read every library
        await browser.ask(PAGE, seen)
    before = used()

    async def read(browser: Browser) -> None:
        for _page in range(PAGES // AT_ONCE):
            await browser.ask(PAGE, seen)

    await asyncio.gather(*map(read, browsers))
    took = used()
    took.subtract(before)
    for browser in browsers:
        browser.close()
    if seen.others:
        raise RuntimeError(f"{seen.others}")
    sys.stderr.write(f"scale: a page, ms of each part: { {k: round(1000 * v / PAGES, 1) for k, v in took.items()} }\n")
    return took["pages"] / (PAGES // AT_ONCE * AT_ONCE)


def lecture_by(workers: int, one: Site) -> Room:
    front = one.front
    front.stop("sockets")
    front.start("sockets", workers=workers)
    front.wait_for("/metrics")  # the sockets' processes tell it
    return uvloop.run(lecture(Stage(front.processes["sockets"].pid, front.sockets_port, one.phones, site=front.url)))


def pages_by(workers: int, one: Site) -> float:
    one.front.stop("pages")
    one.front.start("pages", workers=workers)
    one.front.wait_for("/accounts/login/")
    return uvloop.run(pages(one))


def main() -> None:
    open_files(SOCKETS)
    with site(SOCKETS) as one:
        alone, both = (lecture_by(workers, one) for workers in (1, 2))
        costs = [pages_by(workers, one) for workers in (1, 2)]
    named = {"bench": "scale", "peer": "one process"}
    figure(**named, figure="frame, two processes", value=both.frame_s * 1e6, unit="us", peer_value=alone.frame_s * 1e6)
    figure(
        bench="scale", figure="fan-out that two processes carry of one's", value=2 * alone.frame_s / both.frame_s,
        unit="times", goal=GOAL_TIMES, higher_is_better=True,
    )  # fmt: skip
    who = f"{SOCKETS} phones on two processes"
    figure(**named, figure=f"{who}: never came", value=both.lost, unit="frames", goal=0, peer_value=alone.lost)
    figure(**named, figure=who, value=both.cores, unit="cores", goal=GOAL_CORES, peer_value=alone.cores)
    figure(**named, figure=f"{who}: memory in all", value=both.mib, unit="MiB", goal=GOAL_MIB, peer_value=alone.mib)
    figure(**named, figure=f"{who}: memory grown", value=both.grown_mib, unit="MiB", peer_value=alone.grown_mib)
    figure(bench="scale", figure=f"{who}: share of the busier one", value=100 * max(both.each), unit="%")
    figure(**named, figure=f"page {PAGE}, two processes", value=costs[1] * 1000, unit="ms", peer_value=costs[0] * 1000)
    figure(
        bench="scale", figure="pages that two processes carry of one's", value=2 * costs[0] / costs[1], unit="times",
        goal=GOAL_TIMES, higher_is_better=True,
    )  # fmt: skip


if __name__ == "__main__":
    main()
