"""A real Janus and a real Chromium for every test, and nothing of them after it."""

import asyncio
import shutil
import socket
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings
from playwright.async_api import Page, async_playwright

from live.engines import get_engine
from live.engines.base import EngineEvent, MediaEngine, OfferMade, Publishing, Subscribing
from live.engines.janus import JanusHost
from live.engines.janus.config import Network, UnableToFindJanus, library_folder
from live.management.commands.media_agent import primary_address

CHROMIUM = [
    *("--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking"),
    *("--disable-component-update", "--disable-sync", "--autoplay-policy=no-user-gesture-required"),
    *("--use-fake-device-for-media-stream", "--use-fake-ui-for-media-stream", "--disable-background-timer-throttling"),
    *("--disable-renderer-backgrounding", "--disable-backgrounding-occluded-windows"),
]
PAGE = "https://room.test/"
PATIENCE_S = 120.0  # for what has to come, on a machine that other tests keep busy
SCRIPT = Path(__file__).with_name("peer.js")


def network() -> Network:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        probe.bind(("0.0.0.0", 0))
        low = min(probe.getsockname()[1], 60_000)
    addresses = tuple(settings.MEDIA_ICE_ADDRESSES) or (primary_address(),)
    return Network(addresses=addresses, udp_range=f"{low}-{low + 400}", event_loops=2)


async def until(true: Callable[[], Any], *, within: float = PATIENCE_S, what: str = "") -> Any:
    """Wait for a condition (plain or awaitable); fails the test after ``within`` seconds."""
    end = asyncio.get_running_loop().time() + within
    while True:
        answer = true()
        if isinstance(answer, Awaitable):
            answer = await answer
        if answer:
            return answer
        assert asyncio.get_running_loop().time() < end, f"did not happen in {within} s: {what or true}"
        await asyncio.sleep(0.05)


@pytest.fixture(autouse=True)
def _needs_programs() -> None:
    try:
        library_folder()
    except UnableToFindJanus as error:
        pytest.skip(str(error))
    for program in ("janus", "ffmpeg", "chromium"):
        if shutil.which(program) is None:
            pytest.skip(f"{program} is not installed")


@pytest.fixture
async def host(tmp_path: Path) -> AsyncIterator[JanusHost]:
    """A running Janus in a folder that only its owner can reach."""
    folder = tmp_path / "engine"
    folder.mkdir(mode=0o700)
    host = JanusHost(folder, network())
    await host.start()
    yield host
    await host.stop()


@pytest.fixture
async def engine(host: JanusHost) -> AsyncIterator[MediaEngine]:
    engine = get_engine(host.url)
    yield engine
    await engine.aclose()


@pytest.fixture
async def page() -> AsyncIterator[Page]:
    """A page in a secure context, without a server."""
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=shutil.which("chromium"), args=CHROMIUM)
        page = await browser.new_page()
        await page.route("**/*", lambda route: route.fulfill(body="<!doctype html><body>", content_type="text/html"))
        await page.goto(PAGE)
        await page.add_script_tag(content=SCRIPT.read_text())
        yield page
        await browser.close()


@dataclass
class Guest:
    """One peer connection of the page, and what the engine told about it."""

    page: Page
    engine: MediaEngine
    room_id: str
    name: str
    events: list[EngineEvent] = field(default_factory=list)
    publishing: Publishing | None = None
    subscribing: Subscribing | None = None
    tasks: set[asyncio.Task[None]] = field(default_factory=set)

    def hear(self, event: EngineEvent) -> None:
        self.events.append(event)
        if isinstance(event, OfferMade):
            task = asyncio.get_running_loop().create_task(self._answer(event.sdp))
            self.tasks.add(task)
            task.add_done_callback(self.tasks.discard)

    def heard(self, kind: type[EngineEvent]) -> bool:
        return any(isinstance(event, kind) for event in self.events)

    async def publish(self, **options: Any) -> None:
        offer = await self.page.evaluate("([name, options]) => publish(name, options)", [self.name, options])
        self.publishing = await self.engine.publish(
            room_id=self.room_id, participant_id=self.name, offer_sdp=offer, on_event=self.hear
        )
        await self.page.evaluate("([name, sdp]) => answered(name, sdp)", [self.name, self.publishing.answer_sdp])

    async def watch(self, *, but: str = "") -> None:
        self.subscribing = await self.engine.subscribe(room_id=self.room_id, but=but, on_event=self.hear)
        if self.subscribing.offer_sdp is not None:
            await self._answer(self.subscribing.offer_sdp)

    async def _answer(self, sdp: str) -> None:
        answer = await self.page.evaluate("([name, sdp]) => watch(name, sdp)", [self.name, sdp])
        assert self.subscribing is not None
        await self.subscribing.answer(answer)

    async def seen(self) -> dict[str, Any]:
        return await self.page.evaluate("name => name in peers ? seen(name) : {frames: 0, gaps: []}", self.name)

    async def frames(self) -> int:
        return int((await self.seen())["frames"])

    async def sees_more(self, *, within: float = PATIENCE_S) -> None:
        """Until pictures arrive that were not there before."""
        before = await self.frames()

        async def more() -> bool:
            return await self.frames() > before + 5

        await until(more, within=within, what=f"{self.name} sees more")

    async def hang_up(self) -> None:
        await self.page.evaluate("name => hangUp(name)", self.name)
