"""Twenty viewers by WebRTC at once through the real engine, with real browsers, the packager beside them.

Twenty peer connections decode in two pages of one Chromium on the same machine as the engine, harder than twenty
phones. A stall is more than a second without a new picture.
"""

import asyncio
import logging
import shutil
import tempfile
import time
from pathlib import Path
from typing import Any

from bench import _databases  # noqa: F401 - Django, with a private folder
from bench._figure import figure
from live.agent.carrier import Carrier
from live.children import cpu_seconds
from live.engines import get_engine
from live.engines.base import OfferMade, lecture_room, lecture_spec
from live.engines.janus import JanusHost

VIEWERS = 20
PAGES = 2
SETTLE_S = 5.0
WATCH_S = 30.0
GOAL_JOIN_MS = 3000
GOAL_CORES = 0.25


async def main() -> None:
    from playwright.async_api import async_playwright

    from tests.live.engine.conftest import CHROMIUM, PAGE, SCRIPT, network

    with tempfile.TemporaryDirectory(prefix="classroom-bench-") as name:
        host = JanusHost(Path(name) / "engine", network())
        host.folder.mkdir()
        await host.start()
        engine = get_engine(host.url)
        await engine.open_room(lecture_spec(1))
        carrier = Carrier(occasion_id=1, folder=Path(name) / "live" / "1", engine=engine, record=True)
        carrier.start()
        async with async_playwright() as playwright:
            browser = await playwright.chromium.launch(executable_path=shutil.which("chromium"), args=CHROMIUM)
            pages = []
            for _ in range(PAGES + 1):
                page = await browser.new_page()
                await page.route("**/*", lambda route: route.fulfill(body="<body>", content_type="text/html"))
                await page.goto(PAGE)
                await page.add_script_tag(content=SCRIPT.read_text())
                pages.append(page)
            await publish(engine, pages[0])
            await measure(engine, host, carrier, pages[1:])
            await browser.close()
        await carrier.stop()
        await engine.aclose()
        await host.stop()


async def publish(engine: Any, page: Any) -> None:
    offer = await page.evaluate("publish('lecturer', {source: 'camera'})")
    publishing = await engine.publish(
        room_id=lecture_room(1), participant_id="lecturer", offer_sdp=offer, on_event=lambda event: None
    )
    await page.evaluate("sdp => answered('lecturer', sdp)", publishing.answer_sdp)
    while not await engine.publishers(lecture_room(1)):
        await asyncio.sleep(0.1)


async def join(engine: Any, page: Any, name: str) -> None:
    offers: asyncio.Queue[str] = asyncio.Queue()

    def hear(event: Any) -> None:
        if isinstance(event, OfferMade):
            offers.put_nowait(event.sdp)

    subscribing = await engine.subscribe(room_id=lecture_room(1), on_event=hear)
    offer = subscribing.offer_sdp or await offers.get()
    await subscribing.answer(await page.evaluate("([name, sdp]) => watch(name, sdp)", [name, offer]))


async def measure(engine: Any, host: JanusHost, carrier: Carrier, pages: list[Any]) -> None:
    names = [(pages[index % len(pages)], f"viewer{index}") for index in range(VIEWERS)]
    await asyncio.gather(*(join(engine, page, name) for page, name in names))
    await asyncio.sleep(SETTLE_S)
    for page in pages:
        await page.evaluate("() => { for (const peer of Object.values(peers)) peer.gaps = []; }")
    before = [await page.evaluate("name => seen(name)", name) for page, name in names]
    used, began = cpu_seconds(host.pid), time.monotonic()
    await asyncio.sleep(WATCH_S)
    took = time.monotonic() - began
    share = (cpu_seconds(host.pid) - used) / took
    after = [await page.evaluate("name => seen(name)", name) for page, name in names]
    stalls = sum(len(each["gaps"]) for each in after)
    rates = sorted((late["frames"] - early["frames"]) / took for early, late in zip(before, after, strict=True))
    firsts = sorted(each.get("first") or 1e9 for each in after)
    listed = sum(len(run.segments) for run in carrier.packager.tracks()[0])
    moving = sum(rate > 1 for rate in rates)
    report("viewers_with_a_moving_picture", moving, "viewers", goal=VIEWERS, higher_is_better=True)
    report("stalls_over_1_s", stalls, "stalls", goal=0)
    report(
        "slowest_viewer",
        rates[0],
        "pictures/s",
        peer="median viewer",
        peer_value=rates[VIEWERS // 2],
        higher_is_better=True,
    )
    report("slowest_of_20_joins_at_once", firsts[-1], "ms", goal=GOAL_JOIN_MS)
    report("engine", share, "cores", goal=GOAL_CORES)
    report("segments_packed", listed, "segments", goal=int(WATCH_S / 2 * 0.8), higher_is_better=True)


def report(name: str, value: float, unit: str, **more: Any) -> None:
    figure(bench="live_engine", figure=name, value=value, unit=unit, **more)


if __name__ == "__main__":
    logging.disable(logging.CRITICAL)
    asyncio.run(main())
