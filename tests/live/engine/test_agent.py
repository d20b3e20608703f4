"""The media agent with a real engine, a real browser and real ffmpeg: what live.md promises, fault by fault."""

import asyncio
import datetime as dt
import os
import signal
import subprocess
from collections.abc import AsyncIterator
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from asgiref.sync import sync_to_async
from django.utils import timezone
from playwright.async_api import Page

from attendance.models import Occasion, Rule, Training
from live.agent import agent as module
from live.agent.agent import Agent
from live.agent.recording import Recording
from live.core.media.holes import Hole
from live.engines.base import EngineGone, MediaFlow, lecture_room
from live.engines.janus import JanusHost
from live.models import Lecture
from live.operations import end_lecture
from media.core.playlists import read_segments
from media.models import Video
from organizations.models import Role
from tests.factories.organizations import NodeFactory, RoleGrantFactory
from tests.faults.promises import measured

from .conftest import PATIENCE_S, Guest, network, until

pytestmark = [pytest.mark.engine, pytest.mark.asyncio, pytest.mark.django_db(transaction=True)]


def make_lecture(**fields: Any) -> Lecture:
    now = timezone.now()
    node = NodeFactory()
    training = Training.objects.create(
        title="防汛", node=node, starts_date=now.date(), deadline_at=now + dt.timedelta(days=9)
    )
    occasion = Occasion.objects.create(
        training=training,
        kind="lecture",
        title="防汛安全第一课",
        node=node,
        starts_at=now,
        ends_at=now + dt.timedelta(hours=1),
        state=Occasion.State.OPEN,
        opened_at=now,
        window_start_at=now,
        rule=Rule.objects.get_or_create(name="直播")[0],
        rule_stamp={},
    )
    lecturer = RoleGrantFactory(node=node, role=Role.LECTURER).user
    return Lecture.objects.create(occasion=occasion, lecturer=lecturer, state=Lecture.State.LIVE, live_at=now, **fields)


@pytest.fixture
async def agent(var_dir: Path) -> AsyncIterator[Agent]:
    folder = var_dir / "engine"
    folder.mkdir()
    agent = Agent(name="test", host=JanusHost(folder, network()), root=var_dir / "live")
    task = asyncio.create_task(agent.run())
    await until(lambda: agent.node_id, what="the agent reports")
    yield agent
    agent.stop()
    async with asyncio.timeout(PATIENCE_S):
        await task


@pytest.fixture
async def lecture(agent: Agent) -> Lecture:
    return await sync_to_async(make_lecture)()


async def lecturer_of(agent: Agent, lecture: Lecture, page: Page, **options: Any) -> Guest:
    await until(lambda: lecture.pk in agent.carriers, what="the lecture is carried")
    await until(lambda: agent.carriers[lecture.pk]._tap, what="the room is tapped")
    guest = Guest(page, agent.engine, lecture_room(lecture.pk), "lecturer")
    await guest.publish(**options)
    return guest


def segments(agent: Agent, lecture: Lecture, name: str = "dvr.m3u8") -> list[str]:
    path = agent.root / str(lecture.pk) / name
    return [each.uri for each in read_segments(path.read_text())] if path.exists() else []


async def has_segments(agent: Agent, lecture: Lecture, count: int, within: float = PATIENCE_S) -> None:
    await until(lambda: len(segments(agent, lecture)) >= count, within=within, what=f"{count} segments")


async def said(*command: str) -> tuple[str, str]:
    """What a command writes to its two outputs; beside the agent, which runs on the same loop."""
    process = await asyncio.create_subprocess_exec(
        *command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE
    )
    async with asyncio.timeout(120):
        out, err = await process.communicate()
    assert process.returncode == 0, err
    return out.decode(), err.decode()


def as_finished(path: Path) -> str:
    """A growing playlist as it is now, with an end, so that a reader does not wait for more."""
    copy = path.with_name(f"check-{path.name}")
    copy.write_text(path.read_text().replace("#EXT-X-ENDLIST\n", "") + "#EXT-X-ENDLIST\n")
    return str(copy)


async def decode_errors(path: str | Path) -> str:
    # Its own times: rounded to a guessed frame rate, two pictures that lie close would count as an error of theirs.
    out = ["-enc_time_base", "-1", "-f", "null", "-"]
    return (await said("ffmpeg", "-v", "error", "-i", str(path), *out))[1]


async def shown_at(path: str) -> list[float]:
    """The times of all pictures in a playlist, in seconds."""
    entries = ["-select_streams", "v", "-show_entries", "packet=pts_time", "-of", "csv=p=0"]
    out, _ = await said("ffprobe", "-v", "error", *entries, path)
    return sorted(float(line.rstrip(",")) for line in out.split())


async def ffmpeg_of(agent: Agent, lecture: Lecture) -> int:
    """The packager process itself, inside whatever stands around it."""
    inside = {agent.carriers[lecture.pk].packager.run_pid}
    out, _ = await said("ps", "-e", "-o", "pid=,ppid=,comm=")
    rows = [(int(pid), int(parent), name) for pid, parent, name in (line.split(None, 2) for line in out.splitlines())]
    for _ in range(4):
        inside |= {pid for pid, parent, _ in rows if parent in inside}
    return next(pid for pid, _, name in rows if pid in inside and name == "ffmpeg")


async def state_of(lecture: Lecture) -> str:
    await lecture.arefresh_from_db()
    return lecture.state


async def end(lecture: Lecture) -> None:
    await Lecture.objects.filter(pk=lecture.pk).aupdate(state=Lecture.State.ENDED, ended_at=timezone.now())


async def packed(lecture: Lecture, state: str) -> None:
    async def reached() -> bool:
        return await state_of(lecture) == state

    await until(reached, what=f"the lecture is {state}")


async def let_go(agent: Agent, lecture: Lecture) -> None:
    """The database says first how a lecture ended; the agent forgets it a moment later."""
    await until(lambda: lecture.pk not in agent.carriers, what="the agent lets go")


async def test_a_lecture_becomes_playlists_and_a_recording(
    agent: Agent, lecture: Lecture, page: Page, var_dir: Path
) -> None:
    began = timezone.now()
    await lecturer_of(agent, lecture, page, source="camera")
    waited_ms = (timezone.now() - began).total_seconds() * 1000
    await has_segments(agent, lecture, 3)
    folder = agent.root / str(lecture.pk)
    text = (folder / "live.m3u8").read_text()
    assert "#EXT-X-ENDLIST" not in text
    assert "#EXT-X-TARGETDURATION:2\n" in text or "#EXT-X-TARGETDURATION:3\n" in text
    for name in ("live.m3u8", "dvr.m3u8", "audio.m3u8"):
        assert await decode_errors(as_finished(folder / name)) == ""
    await sync_to_async(end_lecture)(occasion_id=lecture.pk, as_of=timezone.now())
    await packed(lecture, Lecture.State.RECORDED)
    took = (timezone.now() - began).total_seconds()
    video = await Video.objects.aget(lecture=lecture)
    stored = var_dir / "files" / video.folder
    assert video.state == Video.State.READY
    assert (video.width, video.height) == (640, 360)
    assert 6000 < (video.duration_ms or 0) < took * 1000
    assert await decode_errors(stored / "master.m3u8") == ""
    assert sorted(rung["kind"] for rung in video.renditions) == ["audio", "video"]
    assert (stored / "poster.jpg").exists()
    occasion = await Occasion.objects.aget(pk=lecture.pk)
    assert occasion.media_ms == video.duration_ms
    assert -12_000 - waited_ms < occasion.media_offset_ms <= 0
    assert await agent.engine.rooms() == []
    await let_go(agent, lecture)


async def test_a_recording_that_cannot_be_handed_over_is_put_aside(
    agent: Agent, lecture: Lecture, page: Page, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whatever goes wrong: nothing captured is deleted, and the agent serves on."""
    finish = module.finish

    def broken(ended: Lecture, recording: Recording | None, holes: list[Hole]) -> None:
        if recording is not None:
            raise ValueError("unforeseen")
        finish(ended, None, holes)

    monkeypatch.setattr(module, "finish", broken)
    monkeypatch.setattr(module, "PACK_RETRY_S", 0.05)
    await lecturer_of(agent, lecture, page)
    await has_segments(agent, lecture, 1)
    await end(lecture)
    await packed(lecture, Lecture.State.UNRECORDED)
    assert list((agent.root / f"given-up-{lecture.pk}").glob("*.m4s"))
    another = await sync_to_async(make_lecture)()
    await until(lambda: another.pk in agent.carriers, what="the next lecture is carried")


@pytest.mark.faults
async def test_a_killed_packager_costs_no_picture(agent: Agent, lecture: Lecture, page: Page) -> None:
    await lecturer_of(agent, lecture, page)
    await has_segments(agent, lecture, 2)
    before = agent.carriers[lecture.pk].packager.run_pid
    await asyncio.sleep(1.0)
    os.kill(await ffmpeg_of(agent, lecture), signal.SIGKILL)
    killed_at = asyncio.get_running_loop().time()
    packager = agent.carriers[lecture.pk].packager
    await until(lambda: packager.run_pid not in (0, before), what="a new packager")
    took = asyncio.get_running_loop().time() - killed_at
    kept = [measured("packager killed", "running again within 3 s", took, unit="s", most=3, waited=True)]
    await has_segments(agent, lecture, 5)
    folder = agent.root / str(lecture.pk)
    assert "#EXT-X-DISCONTINUITY\n" in (folder / "dvr.m3u8").read_text()
    assert await decode_errors(as_finished(folder / "dvr.m3u8")) == ""
    runs = packager.tracks()[0]
    assert len(runs) >= 2
    missing = 0.0
    for earlier, later in pairwise(runs):
        covered = sum(each.duration for each in earlier.segments)
        missing = max(missing, abs((later.started_at - earlier.started_at).total_seconds() - covered))
    kept.append(measured("packager killed", "at most one segment is lost", missing, unit="s", most=2))
    assert missing < 0.1, "nothing is"
    assert all(kept)
    # The one being written right now is gone a moment later; one that a dead packager left would stay.
    await until(lambda: not list(folder.glob("*.tmp")), what="no half-written file stays")


async def test_a_lecturer_who_reconnects_goes_on_in_the_same_playlist(
    agent: Agent, lecture: Lecture, page: Page
) -> None:
    guest = await lecturer_of(agent, lecture, page)
    await has_segments(agent, lecture, 2)
    away_at = asyncio.get_running_loop().time()
    await guest.hang_up()
    assert guest.publishing is not None
    await guest.publishing.close()
    guest.events.clear()
    await guest.publish()
    await until(lambda: MediaFlow("video", True) in guest.events, what="the picture is back")
    away_s = asyncio.get_running_loop().time() - away_at
    await has_segments(agent, lecture, 4)
    path = as_finished(agent.root / str(lecture.pk) / "dvr.m3u8")
    assert await decode_errors(path) == ""
    shown = await shown_at(path)
    assert max(later - earlier for earlier, later in pairwise(shown)) < away_s + 4


async def test_a_long_pause_is_left_out_of_the_replay_and_told_to_the_ledger(
    agent: Agent, lecture: Lecture, page: Page
) -> None:
    guest = await lecturer_of(agent, lecture, page)
    await has_segments(agent, lecture, 2)
    assert guest.publishing is not None
    await guest.publishing.close()
    await guest.hang_up()
    await asyncio.sleep(9)
    await guest.publish()
    await has_segments(agent, lecture, 5)
    await sync_to_async(end_lecture)(occasion_id=lecture.pk, as_of=timezone.now())
    await packed(lecture, Lecture.State.RECORDED)
    occasion = await Occasion.objects.aget(pk=lecture.pk)
    lost = sum(length for _at, length in occasion.media_cuts)
    assert occasion.window_end_at is not None
    assert occasion.window_start_at is not None
    window_ms = (occasion.window_end_at - occasion.window_start_at) / dt.timedelta(milliseconds=1)
    assert (occasion.media_ms or 0) + lost == pytest.approx(window_ms + occasion.media_offset_ms, abs=4000), (
        occasion.media_cuts, occasion.media_ms, occasion.media_offset_ms, window_ms,
    )  # fmt: skip


@pytest.mark.faults
async def test_a_killed_engine_is_back_within_twenty_seconds(agent: Agent, lecture: Lecture, page: Page) -> None:
    guest = await lecturer_of(agent, lecture, page)
    await has_segments(agent, lecture, 2)
    killed_at = asyncio.get_running_loop().time()
    os.kill(agent.host.pid, signal.SIGKILL)
    await until(lambda: guest.heard(EngineGone), what="the lecturer's page is told")

    async def published_again() -> bool:
        try:
            await guest.publish()
        except Exception:  # noqa: BLE001 - the page tries until the engine is back
            return False
        return True

    await until(published_again, what="the lecturer publishes again")
    await has_segments(agent, lecture, 4)
    took = asyncio.get_running_loop().time() - killed_at
    assert measured("media engine killed", "picture back within 20 s", took, unit="s", most=20, waited=True)
    assert await decode_errors(as_finished(agent.root / str(lecture.pk) / "dvr.m3u8")) == ""


async def test_a_phone_without_h264_is_recoded(agent: Agent, lecture: Lecture, page: Page) -> None:
    await lecturer_of(agent, lecture, page, codec="VP8", sound=False)
    await has_segments(agent, lecture, 2)
    path = as_finished(agent.root / str(lecture.pk) / "dvr.m3u8")
    assert await decode_errors(path) == ""
    out, _ = await said("ffprobe", "-v", "error", "-show_entries", "stream=codec_name", "-of", "csv=p=0", path)
    assert {each.strip(",") for each in out.split()} == {"aac", "h264"}


async def test_a_lecture_that_is_not_recorded_leaves_nothing(agent: Agent, page: Page) -> None:
    lecture = await sync_to_async(make_lecture)(record=False)
    await lecturer_of(agent, lecture, page)
    await until(lambda: segments(agent, lecture, "live.m3u8"), what="a live playlist")
    assert not (agent.root / str(lecture.pk) / "dvr.m3u8").exists()
    await end(lecture)
    await packed(lecture, Lecture.State.UNRECORDED)
    await let_go(agent, lecture)
    assert await Video.objects.acount() == 0


async def test_a_lecture_without_a_lecturer_has_no_replay(agent: Agent, lecture: Lecture) -> None:
    await until(lambda: lecture.pk in agent.carriers, what="the lecture is carried")
    await end(lecture)
    await packed(lecture, Lecture.State.UNRECORDED)
    await let_go(agent, lecture)
    assert agent.carriers == {}
