"""A meeting of six real browsers with cameras, and what a meeting of thirty costs the engine.

Six: each sees the five others for three minutes. A freeze is more than a second without a new picture; it is the
browsers' own where its packets came on (they were not decoded) or its sender sent none (they were not encoded), and
the engine's otherwise. Thirty: ours (``_webrtc.py``), each of whom sends a voice and a picture of 180 kbit/s, hears all
and sees nine. BENCH_SECONDS, BENCH_PEOPLE.
"""

import asyncio
import logging
import os
import shutil
import time
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path
from typing import Any

from bench._engine_load import Load, engine_under_load
from bench._figure import figure
from bench._lecture_rtp import give
from live.children import cpu_seconds
from live.engines.base import OfferMade, Subscribing, guest_id, lecture_room, meeting_spec

SECONDS = float(os.environ.get("BENCH_SECONDS", "180"))
BROWSERS = 6
PEOPLE = int(os.environ.get("BENCH_PEOPLE", "30"))
SEEN = 9
SHARE = 180 / 490  # of the recorded picture
LOAD_S = 30.0
SETTLE_S = 10.0
FREEZE_MS = 1000
ROOM = lecture_room(1)
LOOK = Path(__file__).with_name("_meeting.js")
Row = tuple[int, str, int, int]


@dataclass
class Guest:
    """One browser of the meeting."""

    number: int
    browser: Any
    page: Any
    whose: dict[str, str] = field(default_factory=dict)
    tasks: list[asyncio.Task[None]] = field(default_factory=list)

    @property
    def name(self) -> str:
        return guest_id(self.number)

    async def publish(self, load: Load) -> None:
        asked = ["out", {"codec": "VP8", "width": 640, "height": 360, "source": "camera"}]
        offer = await self.page.evaluate("([name, options]) => publish(name, options)", asked)
        publishing = await load.engine.publish(
            room_id=ROOM, participant_id=self.name, offer_sdp=offer, on_event=lambda _event: None
        )
        await self.page.evaluate("sdp => answered('out', sdp)", publishing.answer_sdp)

    async def watch(self, load: Load, others: list[str]) -> None:
        offers = asyncio.Queue[str]()
        subscribing = await load.engine.subscribe(
            room_id=ROOM,
            but=self.name,
            on_event=lambda event: offers.put_nowait(event.sdp) if isinstance(event, OfferMade) else None,
        )
        if subscribing.offer_sdp is not None:
            offers.put_nowait(subscribing.offer_sdp)
        subscribing.see(others)
        self.tasks.append(asyncio.create_task(self._follow(subscribing, offers)))

    async def _follow(self, subscribing: Subscribing, offers: "asyncio.Queue[str]") -> None:
        while True:
            offer = await offers.get()
            self.whose = dict(subscribing.whose)
            await subscribing.answer(await self.page.evaluate("sdp => watch('in', sdp)", offer))


async def browsers(load: Load) -> tuple[list[Guest], float]:
    """Six of them, and the share of the engine's core; they are left as they were after their three minutes."""
    from playwright.async_api import async_playwright

    from tests.live.engine.conftest import CHROMIUM, PAGE, SCRIPT

    async with async_playwright() as playwright:
        guests = []
        for number in range(1, BROWSERS + 1):
            browser = await playwright.chromium.launch(executable_path=shutil.which("chromium"), args=CHROMIUM)
            page = await browser.new_page()
            await page.route("**/*", lambda route: route.fulfill(body="<body>", content_type="text/html"))
            await page.goto(PAGE)
            await page.add_script_tag(content=SCRIPT.read_text() + LOOK.read_text())
            guests.append(Guest(number, browser, page))
        for guest in guests:
            await guest.publish(load)
        while len(await load.engine.publishers(ROOM)) < BROWSERS:
            await asyncio.sleep(0.2)
        for guest in guests:
            await guest.watch(load, [other.name for other in guests if other is not guest])
        await asyncio.sleep(SETTLE_S)
        for guest in guests:
            await guest.page.evaluate("look('in', 'out')")
        used, began = cpu_seconds(load.host.pid), time.monotonic()
        await asyncio.sleep(SECONDS)
        share = (cpu_seconds(load.host.pid) - used) / (time.monotonic() - began)
        rows = {guest.name: [tuple(row) for row in await guest.page.evaluate("rows")] for guest in guests}
        for guest in guests:
            for task in guest.tasks:
                task.cancel()
            await guest.browser.close()
    report_freezes(guests, rows)
    return guests, share


def freezes(rows: list[Row]) -> list[tuple[int, int, bool]]:
    """Of one picture: from when to when (ms) it stood, and whether packets of it came meanwhile."""
    found, since = [], rows[0]
    for before, row in pairwise(rows):
        if row[3] > before[3]:
            if row[0] - since[0] > FREEZE_MS:
                found.append((since[0], row[0], before[2] > since[2]))
            since = row
    if rows[-1][0] - since[0] > FREEZE_MS:
        found.append((since[0], rows[-1][0], rows[-1][2] > since[2]))
    return found


def sent(rows: list[Row], since: int, until: int) -> bool:
    """Whether the sender's packets went on all the time: in each second of it there were some."""
    mine = [row for row in rows if row[1] == "" and since <= row[0] <= until]
    still = freezes([(at, mid, 0, packets) for at, mid, packets, _frames in mine]) if len(mine) > 1 else [(0, 0, False)]
    return not still


def report_freezes(guests: list[Guest], rows: dict[str, list[Row]]) -> None:
    own = engines = pictures = 0
    for guest in guests:
        by_mid: dict[str, list[Row]] = {}
        for row in rows[guest.name]:
            if row[1]:
                by_mid.setdefault(row[1], []).append(row)
        pictures += len(by_mid)
        for mid, mine in by_mid.items():
            for since, until, packets_came in freezes(mine):
                if packets_came or not sent(rows.get(guest.whose.get(mid, ""), []), since, until):
                    own += 1
                else:
                    engines += 1
    wanted = BROWSERS * (BROWSERS - 1)
    figure(
        bench="meeting", figure="pictures that came", value=pictures, unit="pictures", goal=wanted,
        higher_is_better=True,
    )  # fmt: skip
    figure(bench="meeting", figure="freezes over 1 s, of the engine", value=engines, unit="freezes", goal=0)
    figure(bench="meeting", figure="freezes over 1 s, of the browsers", value=own, unit="freezes")


async def crowd(load: Load) -> None:
    """Thirty people of ours."""
    names = [guest_id(1000 + number) for number in range(PEOPLE)]
    for number, name in enumerate(names):
        load.spawn(give(await load.publish(ROOM, name), share=SHARE))
        if number % 10 == 9:
            await asyncio.sleep(1)
    viewers = []
    for number, name in enumerate(names):
        peer, subscribing = await load.watch(ROOM, but=name)
        subscribing.see([names[(number + step) % PEOPLE] for step in range(1, min(SEEN, PEOPLE - 1) + 1)])
        viewers.append(peer)
    await asyncio.sleep(SETTLE_S)
    octets, used, began = sum(peer.octets for peer in viewers), cpu_seconds(load.host.pid), time.monotonic()
    await asyncio.sleep(min(SECONDS, LOAD_S))
    took = time.monotonic() - began
    share = (cpu_seconds(load.host.pid) - used) / took
    kbits = (sum(peer.octets for peer in viewers) - octets) * 8 / took / PEOPLE / 1000
    figure(bench="meeting", figure=f"engine, {PEOPLE} people", value=share, unit="cores", goal=1)
    figure(bench="meeting", figure=f"each of {PEOPLE} receives", value=kbits, unit="kbit/s")


async def main() -> None:
    async with engine_under_load() as load:
        await load.engine.open_room(meeting_spec(1))
        _guests, share = await browsers(load)
        figure(bench="meeting", figure=f"engine, {BROWSERS} browsers", value=share, unit="cores")
    async with engine_under_load() as load:
        await load.engine.open_room(meeting_spec(1))
        await crowd(load)


if __name__ == "__main__":
    logging.disable(logging.CRITICAL)
    asyncio.run(main())
