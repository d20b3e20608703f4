"""A lecturer without WebRTC: recordings of real encoders, by a real socket, into the real agent and its packager."""

import asyncio
import json
import subprocess
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from asgiref.sync import sync_to_async
from channels.testing import WebsocketCommunicator
from django.conf import settings
from django.test import override_settings
from django.utils import timezone

from live import operations
from live.agent.agent import Agent
from live.core.wire.fallback import MOST_PIECE, Piece
from live.core.wire.fallback import packed as piece_of
from live.models import Lecture
from live.operations import end_lecture
from live.queries import room_facts
from live.room import tickets
from live.room.process import RoomProcess
from live.room.routing import websockets
from media.models import Video
from tests.live.core.media.recorded import lecture as made_up
from tests.realtime.conftest import sign_in

from .conftest import PATIENCE_S, until
from .test_agent import agent, decode_errors, has_segments, lecture, packed, segments

__all__ = ["agent", "lecture"]  # fixtures
pytestmark = [pytest.mark.engine, pytest.mark.asyncio, pytest.mark.django_db(transaction=True)]
PAGE = "page-1"
SECONDS = 12
CHUNK_S = 0.5
ENCODERS = {
    "vp8": ["-c:v", "libvpx", "-deadline", "realtime", "-cpu-used", "8", "-b:v", "300k"],
    "h264": ["-c:v", "libx264", "-preset", "ultrafast", "-profile:v", "baseline", "-b:v", "300k"],
}


def recorded(folder: Path, codec: str) -> bytes:
    """What a browser records: a picture and a tone, keyframes every two seconds, written as it is encoded."""
    path = folder / f"{codec}.mkv"
    source = ["-f", "lavfi", "-i", "testsrc2=s=640x360:r=15", "-f", "lavfi", "-i", "sine=440"]
    more = ["-g", "30", "-pix_fmt", "yuv420p", "-c:a", "libopus", "-b:a", "32k", "-t", str(SECONDS)]
    form = ["-f", "matroska", "-live", "1", "-cluster_time_limit", "500"]
    command = ["ffmpeg", "-v", "error", *source, *ENCODERS[codec], *more, *form, str(path)]
    subprocess.run(command, check=True, timeout=120)
    return path.read_bytes()


class Page:
    """The lecturer's page, by a socket of a real web process's consumer."""

    def __init__(self, process: RoomProcess, lecture: Lecture, session: str) -> None:
        facts = tickets.FallbackTicket(lecture.pk, lecture.lecturer_id, "d", PAGE)
        ticket = tickets.make_fallback(facts, session_key=session)
        cookie = f"{settings.SESSION_COOKIE_NAME}={session}".encode()
        path = f"/ws/live/{lecture.pk}/fallback/?ticket={ticket}&key=k"
        headers = [(b"cookie", cookie), (b"origin", b"http://testserver")]
        self.socket = WebsocketCommunicator(websockets, path, headers=headers)
        self.socket.scope["state"] = {"rooms": process}
        self.words: list[dict[str, Any]] = []

    async def open(self) -> dict[str, Any]:
        assert (await self.socket.connect(timeout=PATIENCE_S))[0]
        return await self.until("ready")

    async def until(self, kind: str) -> dict[str, Any]:
        while True:
            word: dict[str, Any] = json.loads(await self.socket.receive_from(timeout=PATIENCE_S))
            self.words.append(word)
            if word["t"] == kind:
                return word
            assert word["t"] != "over", word

    async def send(self, run: int, data: bytes, *, first: int = 0, last: int | None = None) -> None:
        """As fast as it was recorded; chunks ``first`` to ``last`` of it."""
        count = int(SECONDS / CHUNK_S)
        size = -(-len(data) // count)
        assert size < MOST_PIECE
        for number in range(first, count if last is None else last):
            chunk = data[number * size : (number + 1) * size]
            await self.socket.send_to(bytes_data=piece_of(Piece(run, number, chunk)))
            await self.until("ack")
            await asyncio.sleep(CHUNK_S)


@pytest.fixture
async def process(agent: Agent) -> AsyncIterator[RoomProcess]:
    process = RoomProcess()
    with override_settings(ALLOWED_ORIGINS=["http://testserver"]):
        yield process
    await process.background.aclose()
    await process.channel.aclose()


@pytest.mark.parametrize("codec", ["vp8", "h264"])
async def test_a_recording_is_seen_and_kept_and_goes_on_after_a_lost_line(
    agent: Agent, process: RoomProcess, lecture: Lecture, tmp_path: Path, var_dir: Path, codec: str
) -> None:
    take = {"occasion_id": lecture.pk, "host_id": lecture.lecturer_id, "source": PAGE, "socket": "s"}
    await sync_to_async(operations.take_air)(as_of=timezone.now(), **take)
    session = await sync_to_async(sign_in)(lecture.lecturer)
    data = await asyncio.to_thread(recorded, tmp_path, codec)
    await until(lambda: lecture.pk in agent.carriers, what="the lecture is carried")

    page = Page(process, lecture, session)
    assert await page.open() == {"t": "ready", "run": 0, "number": 0}
    await page.send(1, data, last=8)
    assert {"t": "seen"} in page.words
    # What the audience gets is what the packager sees, and the rooms know by which way it comes.
    carrier = agent.carriers[lecture.pk]
    wanted = {"picture": True, "sound": True, "written": True, "recording": "on"}
    await until(lambda: wanted.items() <= dict(carrier.facts(timezone.now())).items(), what="the audience gets it")
    await until(lambda: is_told(lecture), what="the rooms know of the fallback")

    await page.socket.disconnect(code=1006)
    page = Page(process, lecture, session)
    assert await page.open() == {"t": "ready", "run": 1, "number": 8}
    await page.send(1, data, first=8)
    await has_segments(agent, lecture, SECONDS // 2 - 1)
    assert len({name[:8] for name in segments(agent, lecture)}) == 1, "a line that is lost begins no run"
    # The page's next recording goes on in the same run, too: the same picture, by a keyframe.
    await page.send(2, data, last=6)
    await page.socket.disconnect(code=1001)
    await until(lambda: not carrier.is_fallback, what="the page has gone")

    await sync_to_async(end_lecture)(occasion_id=lecture.pk, as_of=timezone.now())
    await packed(lecture, Lecture.State.RECORDED)
    video = await Video.objects.aget(lecture=lecture)
    assert (video.width, video.height) == (640, 360)
    assert (video.duration_ms or 0) > (SECONDS + 1) * 1000
    assert await decode_errors(var_dir / "files" / video.folder / "master.m3u8") == ""


async def is_told(lecture: Lecture) -> bool:
    return (await sync_to_async(room_facts)([lecture.pk]))[lecture.pk].is_fallback


async def test_a_hostile_recording_harms_nothing(
    agent: Agent, process: RoomProcess, lecture: Lecture, tmp_path: Path
) -> None:
    """Frames of rubbish in a container that is right: ffmpeg gets them, in its sandbox, and what comes next plays."""
    take = {"occasion_id": lecture.pk, "host_id": lecture.lecturer_id, "source": PAGE, "socket": "s"}
    await sync_to_async(operations.take_air)(as_of=timezone.now(), **take)
    session = await sync_to_async(sign_in)(lecture.lecturer)
    data = await asyncio.to_thread(recorded, tmp_path, "vp8")
    await until(lambda: lecture.pk in agent.carriers, what="the lecture is carried")
    page = Page(process, lecture, session)
    await page.open()
    rubbish = await asyncio.to_thread(made_up, 3)
    await page.socket.send_to(bytes_data=piece_of(Piece(1, 0, rubbish)))
    await page.until("ack")
    await page.send(2, data)
    await has_segments(agent, lecture, 2)
    assert agent.carriers[lecture.pk].broken is False
    await page.socket.disconnect(code=1001)
