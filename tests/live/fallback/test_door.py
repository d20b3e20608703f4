"""The agent's door for recordings: who comes in, whose place they take, what is lost with a line, and bad input."""

import asyncio
import contextlib
import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any, ClassVar, cast

import pytest

from live.agent import fallback as module
from live.agent.carrier import Carrier
from live.agent.fallback import Door
from live.agent.run import arguments, encoded_size
from live.core.media import pace
from live.core.media.scrubber import Frame, Shape
from live.core.wire.fallback import HEAD, LENGTH, MOST_PIECE, Piece, packed
from live.engines.base import Publisher, PublisherJoined
from tests.live.core.media.recorded import VP8_KEY, lecture

pytestmark = pytest.mark.integration
GOOD = lecture(1)


class FakeCarrier:
    """What the door needs of a carrier: it takes frames, and knows whose they are."""

    occasion_id = 7
    is_ending = False
    picture_at = 0.0

    def __init__(self) -> None:
        self.frames: list[Frame] = []
        self.source: Any = None

    def begin_fallback(self, source: Any) -> None:
        self.source = source

    def put(self, frame: Frame, now: float) -> None:
        self.frames.append(frame)

    def end_fallback(self, source: Any) -> None:
        if self.source is source:
            self.source = None


class Page:
    """A page's line, as a web process carries it."""

    made: ClassVar[list["Page"]] = []

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader, self.writer = reader, writer

    @classmethod
    async def at(cls, door: Door, key: str, *, hello: bytes | None = None) -> "Page":
        page = cls(*await asyncio.open_unix_connection(str(door.path)))
        cls.made.append(page)
        page.writer.write(hello or json.dumps({"occasion": 7, "key": key}).encode() + b"\n")
        return page

    async def word(self) -> dict[str, Any]:
        """The next word; {} where the line is closed."""
        async with asyncio.timeout(60):
            line = await self.reader.readline()
        return cast(dict[str, Any], json.loads(line)) if line else {}

    async def until(self, kind: str) -> dict[str, Any]:
        while (word := await self.word())["t"] != kind:
            continue
        return word

    def send(self, run: int, number: int, data: bytes) -> None:
        message = packed(Piece(run, number, data))
        self.writer.write(LENGTH.pack(len(message)) + message)

    async def taken(self, run: int, number: int, data: bytes) -> dict[str, Any]:
        self.send(run, number, data)
        return await self.until("ack")


@pytest.fixture
def carriers() -> dict[int, Any]:
    return {7: FakeCarrier()}


@pytest.fixture
async def door(tmp_path: Path, carriers: dict[int, Any]) -> AsyncIterator[Door]:
    door = Door(tmp_path / "door.sock", carriers)
    task = asyncio.create_task(door.serve())
    while not door.path.exists():
        await asyncio.sleep(0)
    yield door
    for page in Page.made:
        page.writer.close()
        with contextlib.suppress(OSError):
            await page.writer.wait_closed()
    Page.made.clear()
    task.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await task
    assert not door.path.exists()


@pytest.mark.asyncio
async def test_a_recording_comes_in_and_ends_with_its_page(door: Door, carriers: dict[int, Any]) -> None:
    page, carrier = await Page.at(door, "a"), carriers[7]
    assert await page.word() == {"t": "ready", "run": 0, "number": 0}
    page.send(1, 0, GOOD)
    assert [await page.word() for _ in range(2)] == [{"t": "seen"}, {"t": "ack", "run": 1, "number": 1}]
    assert len([frame for frame in carrier.frames if frame.kind == "video"]) == 10
    assert carrier.source is not None
    page.writer.write(LENGTH.pack(0))
    assert await page.word() == {"t": "over", "why": "off_air"}
    assert carrier.source is None


@pytest.mark.asyncio
async def test_a_lost_line_goes_on_with_the_piece_that_is_missing(door: Door, carriers: dict[int, Any]) -> None:
    first = await Page.at(door, "a")
    await first.taken(1, 0, GOOD[:400])
    first.writer.close()
    second = await Page.at(door, "a")
    assert await second.word() == {"t": "ready", "run": 1, "number": 1}
    # Sent twice it is taken in once.
    await second.taken(1, 0, GOOD[:400])
    await second.taken(1, 1, GOOD[400:])
    assert len([frame for frame in carriers[7].frames if frame.kind == "video"]) == 10


@pytest.mark.asyncio
async def test_the_newer_page_takes_the_place_of_the_older(door: Door, carriers: dict[int, Any]) -> None:
    older = await Page.at(door, "a")
    await older.taken(1, 0, GOOD)
    newer = await Page.at(door, "b")
    assert await newer.word() == {"t": "ready", "run": 0, "number": 0}
    assert await older.until("over") == {"t": "over", "why": "replaced"}
    await newer.taken(1, 0, GOOD)
    assert carriers[7].source.key == "b"


@pytest.mark.asyncio
async def test_a_new_recording_begins_anew_on_the_same_line(door: Door, carriers: dict[int, Any]) -> None:
    page = await Page.at(door, "a")
    await page.taken(1, 0, GOOD)
    await page.taken(2, 0, GOOD)
    assert len([frame for frame in carriers[7].frames if frame.data == VP8_KEY]) == 2


@pytest.mark.parametrize(
    ("message", "why"),
    [
        (packed(Piece(1, 0, b"<html>")), "not_media"),
        (packed(Piece(1, 3, GOOD)), "not_media"),
        (b"short", "not_media"),
        (b"\0" * (HEAD.size + MOST_PIECE + 1), "not_media"),
        (packed(Piece(1, 0, GOOD.replace(b"V_VP8", b"V_VP9"))), "codec"),
    ],
)
@pytest.mark.asyncio
async def test_what_is_no_recording_ends_with_a_word(
    door: Door, carriers: dict[int, Any], message: bytes, why: str
) -> None:
    page = await Page.at(door, "a")
    page.writer.write(LENGTH.pack(len(message)) + message)
    assert (await page.until("over"))["why"] == why
    again = await Page.at(door, "a")
    assert await again.word() == {"t": "ready", "run": 0, "number": 0}


@pytest.mark.asyncio
async def test_frames_that_come_too_late_end_it(
    door: Door, carriers: dict[int, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pace, "LATEST_S", 0.5)
    page = await Page.at(door, "a")
    page.send(1, 0, GOOD)
    assert (await page.until("over"))["why"] == "slow"


@pytest.mark.parametrize("leaves", [False, True])
@pytest.mark.asyncio
async def test_a_page_that_sends_nothing_is_given_up(
    door: Door, carriers: dict[int, Any], monkeypatch: pytest.MonkeyPatch, leaves: bool
) -> None:
    monkeypatch.setattr(module, "SILENT_S", 1.0)
    page = await Page.at(door, "a")
    await page.taken(1, 0, GOOD)
    assert carriers[7].source is not None
    if leaves:
        page.writer.close()
    else:
        assert (await page.until("over"))["why"] == "silent"
    async with asyncio.timeout(60):
        while carriers[7].source is not None:
            await asyncio.sleep(0.01)


@pytest.mark.asyncio
async def test_nobody_is_let_in_to_a_lecture_that_is_not_carried(
    door: Door, carriers: dict[int, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "CARRIED_S", 0.0)
    carriers[7].is_ending = True
    assert await (await Page.at(door, "a")).word() == {"t": "over", "why": "away"}
    carriers.clear()
    assert await (await Page.at(door, "a")).word() == {"t": "over", "why": "away"}


@pytest.mark.asyncio
async def test_another_carrier_of_the_same_lecture_begins_anew(door: Door, carriers: dict[int, Any]) -> None:
    page = await Page.at(door, "a")
    await page.taken(1, 0, GOOD)
    carriers[7] = FakeCarrier()
    page.send(1, 1, GOOD)
    assert (await page.until("over"))["why"] == "away"


@pytest.mark.parametrize(
    "hello", [b"x" * 2000 + b"\n", b"[]\n", b"nonsense\n", b'{"occasion": "x", "key": 1}\n', b"\n"]
)
@pytest.mark.asyncio
async def test_a_hello_that_is_none_is_hung_up_on(door: Door, hello: bytes) -> None:
    assert await (await Page.at(door, "", hello=hello)).word() == {}


# --- the carrier ----------------------------------------------------------------------------------------------------


class Source:
    def __init__(self) -> None:
        self.why: list[str] = []

    def stop(self, why: str) -> None:
        self.why.append(why)


@pytest.mark.asyncio
async def test_whoever_comes_on_the_air_takes_the_place_of_who_was(tmp_path: Path) -> None:
    carrier = Carrier(occasion_id=1, folder=tmp_path, engine=cast(Any, None), record=True)
    first, second = Source(), Source()
    carrier.begin_fallback(first)
    carrier.begin_fallback(first)
    carrier.begin_fallback(second)
    assert (first.why, second.why, carrier.is_fallback) == (["replaced"], [], True)
    carrier._hear(PublisherJoined(Publisher("presenter", "vp8", "opus")))
    assert second.why == ["replaced"]
    carrier.end_fallback(first)
    assert carrier.is_fallback
    carrier.end_fallback(second)
    assert not carrier.is_fallback


@pytest.mark.parametrize(
    ("shape", "size"),
    [
        (Shape("vp8", 640, 360), (640, 360)),
        (Shape("vp8", 1920, 1080), (1280, 720)),
        (Shape("vp8", 719, 1919), (480, 1280)),
        (Shape("vp8", 1, 1), (2, 2)),
        (Shape("h264", 1919, 1079), (1919, 1079)),
    ],
)
def test_what_is_encoded_anew_is_no_longer_than_a_phone_shows(shape: Shape, size: tuple[int, int]) -> None:
    assert encoded_size(shape) == size
    assert (f"{size[0]}x{size[1]}" in arguments(0, shape)) is (shape.codec == "vp8")
    # At one rate: left to guess it from uneven pictures, ffmpeg encoded each of them eight times.
    assert ("fps=25" in arguments(0, shape)) is (shape.codec == "vp8")
