"""A lecture with 1,500 sockets of which a hundred a second go and others come, talk in it, and fifty pages a second.

The site is as it is installed: nginx with TLS, pages, sockets, a worker, durable PostgreSQL, Redis. Whoever asks runs
on the same processors, and is late where they are full: what each part took of them is told beside the figures.
BENCH_SOCKETS, BENCH_JOINS, BENCH_PAGES (a second), BENCH_SECONDS.
"""

from bench._room_load import open_files  # isort: skip - before Django is set up

import asyncio
import itertools
import os
import sys
import time
from collections import Counter, deque

import uvloop

from bench._figure import figure
from bench._room_load import Phone, Stage
from bench._room_talk import BEAT, Run, hundredths, talk
from bench._site_load import SHOWN, Browser, Seen, Site, every, site, used

SOCKETS = int(os.environ.get("BENCH_SOCKETS", "1500"))
JOINS = int(os.environ.get("BENCH_JOINS", "100"))
PAGES = int(os.environ.get("BENCH_PAGES", "50"))
SECONDS = float(os.environ.get("BENCH_SECONDS", "600"))
TALK = 2  # messages a second
TALKERS = 100
BEAT_S = 15
READERS = 200
PAGE_GOAL_MS, SOCKET_GOAL_MS = 500, 1000


class Crowd:
    """Those in the room: the oldest go, others come, everybody gives a sign of life."""

    def __init__(self, site: Site) -> None:
        self.site = site
        self.stay: list[Phone] = []
        self.here: deque[Phone] = deque()
        self.next = itertools.count()
        self.took: list[float] = []
        self.lost: Counter[str] = Counter()
        self.tasks: set[asyncio.Task[None]] = set()

    def come(self) -> None:
        task = asyncio.create_task(self._come(next(self.next)))
        self.tasks.add(task)
        task.add_done_callback(self.tasks.discard)

    async def _come(self, number: int) -> None:
        # Those who stay are the first; nobody comes who is there already.
        person = number if number < TALKERS else TALKERS + (number - TALKERS) % (len(self.site.phones) - TALKERS)
        began = time.perf_counter()
        try:
            phone = await self.site.join(person)
        except (OSError, TimeoutError) as error:
            self.lost[f"join: {type(error).__name__} {error}"] += 1
            return
        self.took.append((time.perf_counter() - began) * 1000)
        if number < TALKERS:
            self.stay.append(phone)
        else:
            self.here.append(phone)

    async def gather(self, many: int) -> None:
        async for _ in every(JOINS, many / JOINS):
            self.come()
        await self.arrived()

    async def arrived(self) -> None:
        while self.tasks:
            await asyncio.wait(self.tasks)

    async def turn_over(self, seconds: float) -> None:
        """Somebody new for each who goes; a socket that the site closed by itself is one that was lost."""
        async for number in every(JOINS, seconds):
            if self.here:
                self.go(self.here.popleft())
            self.come()
            if number % (BEAT_S * JOINS) == 0:
                for phone in (*self.stay, *self.here):
                    phone.say(BEAT)
        await self.arrived()

    def go(self, phone: Phone) -> None:
        if phone.transport.is_closing():
            self.lost[f"socket: {phone.code}"] += 1
        phone.transport.close()

    def all_go(self) -> None:
        for phone in (*self.stay, *self.here):
            self.go(phone)


async def look(site: Site, seconds: float, seen: Seen) -> None:
    """Pages at a pace, whoever is still waiting for theirs."""
    idle = deque(Browser(site, cookie) for _path, cookie in site.phones[-READERS:])
    tasks: set[asyncio.Task[None]] = set()

    async def one(browser: Browser, path: str) -> None:
        await browser.ask(path, seen)
        idle.append(browser)

    async for number in every(PAGES, seconds):
        if not idle:
            seen.others["nobody left to ask"] += 1
            continue
        task = asyncio.create_task(one(idle.popleft(), SHOWN[number % len(SHOWN)]))
        tasks.add(task)
        task.add_done_callback(tasks.discard)
    await asyncio.gather(*tasks)
    for browser in idle:
        browser.close()


async def together(site: Site) -> tuple[Crowd, Run, Seen, Counter[str]]:
    crowd, seen = Crowd(site), Seen()
    await crowd.gather(SOCKETS)
    crowd.took.clear()
    stage = Stage(site.front.processes["sockets"].pid, site.port, site.phones)
    before = used()
    run, _, _ = await asyncio.gather(
        talk(stage, crowd.stay, TALK, SECONDS), crowd.turn_over(SECONDS), look(site, SECONDS, seen)
    )
    took = used()
    took.subtract(before)
    crowd.all_go()
    return crowd, run, seen, took


def main() -> None:
    open_files(2 * SOCKETS)
    # Whoever has gone comes again at the earliest when all others have been there.
    with site(max(2 * SOCKETS, TALKERS + READERS)) as one:
        crowd, run, seen, took = uvloop.run(together(one))
    wrong = crowd.lost + seen.others + Counter({f"refused: {code}": count for code, count in run.refused.items()})
    wrong["frames that never came"] = run.lost
    sys.stderr.write(f"{+wrong} joins={len(crowd.took)} pages={len(seen.took)} messages={run.sent}\n")
    figure(bench="load", figure="errors", value=wrong.total(), unit="", goal=0)
    figure(bench="load", figure="page, p95", value=hundredths(seen.took)[94], unit="ms", goal=PAGE_GOAL_MS)
    figure(bench="load", figure="page, median", value=hundredths(seen.took)[49], unit="ms")
    figure(bench="load", figure="join, p99", value=hundredths(crowd.took)[98], unit="ms", goal=SOCKET_GOAL_MS)
    figure(bench="load", figure="message heard, p99", value=hundredths(run.heard)[98], unit="ms", goal=SOCKET_GOAL_MS)
    for part in ("pages", "PostgreSQL"):
        cost = 1000 * took[part] / max(len(seen.took), 1)
        figure(bench="load", figure=f"processor of {part}, all of it by the pages answered", value=cost, unit="ms/page")
    for part, seconds in took.most_common():
        figure(bench="load", figure=f"processor: {part}", value=seconds / SECONDS, unit="cores")


if __name__ == "__main__":
    main()
