"""The packager with a real ffmpeg and real frames, fault by fault: what was finished is there, and the rest goes on.

The frames are those of a recorded lecture, played over and over, faster than time.
"""

import asyncio
import contextlib
import os
import shutil
import signal
import subprocess
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from attendance.core.intervals import Spans, ms_of
from live.agent import packager as module
from live.agent.packager import Packager
from live.agent.recording import Recording, pack_recording
from live.agent.run import UnableToStart
from live.agent.segments import SegmentList
from live.agent.trace import read_trace
from live.core.media.holes import HoleLog
from live.core.media.layout import MEETING
from live.core.media.scrubber import Frame, Scrubber
from media.core.playlists import read_segments

from .conftest import until

ROOT = Path(__file__).resolve().parents[3]
NOON = datetime(2026, 5, 1, 4, tzinfo=UTC)
pytestmark = [pytest.mark.engine, pytest.mark.faults, pytest.mark.asyncio]


def lecture(seconds: float) -> Iterator[Frame]:
    """Frames of a lecture, a keyframe every two seconds, from second 10 of their clock on."""
    scrubber, frames = Scrubber(), []
    for kind, at, datagram in read_trace(ROOT / "tests" / "data" / "rtp-truncated.rtp"):
        frames += scrubber.feed(kind, datagram, at)
    keys = [frame.at for frame in frames if frame.kind == "video" and frame.key]
    begin, end = keys[0], keys[-1]
    once = [frame for frame in frames if begin <= frame.at < end]
    at = 10.0
    while at < 10.0 + seconds:
        yield from (replace(frame, at=at + frame.at - begin) for frame in once)
        at += end - begin


class Studio:
    """A packager on a folder, and the lecture that it is given. ``full``: what the disk's reserve says."""

    def __init__(self, folder: Path, *, keep: bool = True, length_s: float = 300) -> None:
        self.folder, self.full = folder, False
        self.frames = lecture(length_s)
        self.now = 10.0
        self.keep = keep
        self.hole_log = HoleLog()
        self.open()

    def open(self) -> None:
        """An agent that has just been started."""
        # The clock of the frames is not the machine's here: the packager may not correct one by the other.
        self.packager = Packager(
            self.folder, keep=self.keep, epoch=NOON, has_room=lambda: not self.full, hole_log=self.hole_log
        )
        self.packager._epoch = NOON

    async def give(self, seconds: float) -> None:
        """The next so many seconds of the lecture."""
        until_s, polled = self.now + seconds, self.now
        for frame in self.frames:
            self.now = max(self.now, frame.at)
            self.hole_log.picture(self.packager.ms(frame.at))
            await self.packager.take(frame)
            await self.packager.drain()
            if self.now - polled > 0.5:
                polled = self.now
                await asyncio.sleep(0)
                await self.packager.poll(self.now)
            if self.now >= until_s:
                break

    async def polled(self, true: Any, what: str) -> None:
        """Look after the packager, as the agent does, until something is so."""

        async def ask() -> bool:
            await self.packager.poll(self.now)
            return bool(true())

        await until(ask, what=what)

    def files(self) -> set[str]:
        return {path.name for path in self.folder.glob("run-*.m4s")}

    def listed(self) -> list[str]:
        return [segment.uri for run in self.packager.tracks()[0] for segment in run.segments]

    def kill(self) -> None:
        assert self.packager._run is not None
        os.killpg(self.packager.run_pid, signal.SIGKILL)

    async def abandon(self) -> None:
        """The agent is killed, and with it its ffmpeg."""
        self.kill()
        assert self.packager._run is not None
        assert self.packager._run._process is not None
        await self.packager._run._process.wait()

    async def packed(self) -> Recording:
        await self.packager.finish()
        self.packager.read_again()
        recording = pack_recording(self.packager, self.folder.with_name("packed"))
        assert recording is not None
        for name in ("master.m3u8", "video.m3u8", "audio.m3u8"):
            assert decode_errors(recording.folder / name) == ""
        return recording


def decode_errors(path: Path) -> str:
    command = ["ffmpeg", "-v", "error", "-i", str(path), "-f", "null", "-"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)
    # Of the null muxer, not of a decoder: across a gap in a run ffmpeg's command line moves two streams by one jump.
    lines = [line for line in done.stderr.splitlines() if "non monotonically increasing dts" not in line]
    return "\n".join(lines) or str(done.returncode or "")


def gaps(recording: Recording) -> list[int]:
    return [length for _at, length in recording.cuts if length > 300]


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of 6 MB. Needs a mount namespace (tests/netns.sh) or root."""
    folder = tmp_path / "small"
    folder.mkdir()
    if shutil.which("mount") is None:
        pytest.skip("mount is not installed")
    made = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=6m", "tmpfs", str(folder)], capture_output=True, check=False
    )
    if made.returncode:
        pytest.skip("no file system can be mounted here")
    yield folder
    subprocess.run(["umount", "--lazy", str(folder)], check=True)


def fill(disk: Path, *, but: int) -> Path:
    filler = disk / "filler"
    with filler.open("wb", buffering=0) as file, contextlib.suppress(OSError):
        while shutil.disk_usage(disk).free > but:
            file.write(bytes(4096))
    return filler


async def test_an_emptied_playlist_and_a_killed_ffmpeg_cost_nothing(tmp_path: Path) -> None:
    """Finding organiser 35: ffmpeg's own list is empty; what it had finished is there, and nothing is missing."""
    studio = Studio(tmp_path / "17")
    await studio.give(20)
    await studio.polled(lambda: len(studio.listed()) >= 7, "segments")
    before = studio.files()
    for name in ("run-0000.m3u8", "audio-0000.m3u8"):
        (studio.folder / name).write_bytes(b"")
    studio.kill()
    await studio.polled(lambda: studio.packager.run_pid and len(studio.packager._past) == 1, "the next ffmpeg")
    await studio.give(20)
    recording = await studio.packed()
    assert before <= studio.files()
    assert before <= set(studio.listed())
    assert gaps(recording) == []
    assert recording.duration_ms == pytest.approx(42_000, abs=2500)
    assert studio.hole_log.holes(studio.packager.recorded(), until=ms_of(NOON) + 60_000, over=True) == []


async def test_a_full_disk_loses_nothing_that_was_recorded(small_disk: Path) -> None:
    """Finding organiser 35, as it was found: ENOSPC in the middle, then room again. The live list never shrinks."""
    studio = Studio(small_disk / "17")
    await studio.give(20)
    await studio.polled(lambda: len(studio.listed()) >= 7, "segments")
    before, listed = studio.files(), studio.listed()
    filler = fill(small_disk, but=100_000)
    await studio.give(10)
    await studio.polled(lambda: studio.packager._waiting or studio.packager._backoff_s > 1, "ffmpeg feels it")
    assert before <= studio.files()
    assert studio.listed()[: len(listed)] == listed
    filler.unlink()
    await studio.polled(lambda: studio.packager.run_pid and not studio.packager._waiting, "ffmpeg goes on")
    await studio.give(15)
    recording = await studio.packed()
    assert before <= set(studio.listed())
    # Ten seconds are held in memory until there is room: not even they are missing.
    assert gaps(recording) == []
    assert recording.duration_ms == pytest.approx(47_000, abs=3000)


async def test_a_long_full_disk_is_a_hole_that_is_known(small_disk: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "HELD_S", 6.0)
    studio = Studio(small_disk / "17")
    await studio.give(12)
    await studio.polled(lambda: len(studio.listed()) >= 3, "segments")
    before = studio.files()
    filler = fill(small_disk, but=0)
    await studio.give(40)
    filler.unlink()
    await studio.polled(lambda: studio.packager.run_pid and not studio.packager._waiting, "ffmpeg goes on")
    await studio.give(12)
    await studio.packager.finish()
    until_ms = studio.packager.ms(studio.now)
    ((start, end, because),) = studio.hole_log.holes(studio.packager.recorded(), until=until_ms, over=True)
    assert because == "packager"
    assert end is not None
    assert end - start > 20_000
    recording = await studio.packed()
    assert before <= set(studio.listed())
    (length,) = gaps(recording)
    assert length == pytest.approx(end - start, abs=3000), "the ledger is told the same"


async def test_a_killed_agent_loses_at_most_the_segment_being_written(tmp_path: Path) -> None:
    """With the journal, without it, with one that was cut: the files themselves say what there is."""
    studio = Studio(tmp_path / "17")
    await studio.give(20)
    await studio.polled(lambda: len(studio.listed()) >= 7, "segments")
    listed, live = studio.listed(), (studio.folder / "live.m3u8").read_text()
    await studio.abandon()
    journal = studio.folder / "run-0000.journal"
    whole = journal.read_text()
    for text in (whole, whole[:-25], "\n[1]\nnull\n{", ""):
        journal.write_text(text)
        studio.open()
        assert studio.listed()[: len(listed)] == listed
    journal.unlink()
    torn = studio.folder / studio.listed()[-1]
    torn.write_bytes(torn.read_bytes()[:-1000])
    studio.open()
    assert studio.listed() == sorted(studio.files())[:-1], "a torn one is not offered"
    assert torn.exists(), "nor deleted: it may be somebody's who is still writing"
    await studio.give(10)
    await studio.packager.poll(studio.now)
    assert "#EXT-X-MEDIA-SEQUENCE:0" in live
    assert next(each.uri for each in read_segments(live)) == listed[0]
    recording = await studio.packed()
    assert set(listed) - {torn.name} <= {path.name for path in recording.folder.iterdir()}


async def test_two_agents_in_one_folder_never_write_the_same_run(tmp_path: Path) -> None:
    """One was taken for dead and is not: each has runs of its own, and the recording holds what both wrote."""
    first, second = Studio(tmp_path / "17"), Studio(tmp_path / "17")
    await asyncio.gather(first.give(12), second.give(12))
    await first.packager.finish()
    await second.packager.finish()
    assert [listing.number for listing in first.packager.listings()] == [0]
    assert [listing.number for listing in second.packager.listings()] == [1]
    first.packager.read_again()
    assert [listing.number for listing in first.packager.listings()] == [0, 1]
    recording = pack_recording(first.packager, tmp_path / "packed")
    assert recording is not None
    assert decode_errors(recording.folder / "video.m3u8") == ""


async def test_the_reserve_stops_the_recording_not_the_lecture(tmp_path: Path) -> None:
    """Only what begins after it is reached is deleted, once it has left the live window; then recording goes on."""
    studio = Studio(tmp_path / "17", length_s=400)
    await studio.give(20)
    await studio.polled(lambda: len(studio.listed()) >= 7, "segments")
    before, paused_at = studio.files(), studio.now
    studio.full = True
    await studio.give(120)
    await studio.polled(lambda: studio.packager._gone, "what nobody needs goes")
    live = read_segments((studio.folder / "live.m3u8").read_text())
    assert all((studio.folder / each.uri).exists() for each in live), "the lecture itself goes on"
    assert before <= studio.files()
    now_ms = studio.packager.ms(studio.now)
    (hole,) = studio.hole_log.holes(studio.packager.recorded(), until=now_ms)
    assert (hole.end, hole.because) == (None, "disk")
    assert hole.start == pytest.approx(studio.packager.ms(paused_at), abs=5000)
    sequence = sequence_of(studio.folder)
    await studio.abandon()
    studio.open()
    studio.packager.reopen()
    assert sequence_of(studio.folder) >= sequence, "players' numbers never go back, though segments are gone"
    studio.full = False
    await studio.give(20)
    recording = await studio.packed()
    assert before <= {path.name for path in recording.folder.iterdir()}
    (length,) = [each for each in gaps(recording) if each > 10_000]
    assert 15_000 < length < 70_000, "what still lay in the live window is kept after all"


def sequence_of(folder: Path) -> int:
    lines = (folder / "live.m3u8").read_text().splitlines()
    return int(next(line for line in lines if line.startswith("#EXT-X-MEDIA-SEQUENCE:")).split(":")[1])


async def test_what_is_not_recorded_is_deleted_behind_the_live_window(tmp_path: Path) -> None:
    studio = Studio(tmp_path / "17", keep=False)
    await studio.give(100)
    await studio.polled(lambda: studio.packager._gone, "what nobody needs goes")
    assert len(studio.files()) < len(studio.listed())
    assert not (studio.folder / "dvr.m3u8").exists()
    await studio.packager.finish()


async def test_frames_are_held_within_bounds_while_no_ffmpeg_starts(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    studio = Studio(tmp_path / "17")

    def refused(_self: Any) -> Any:
        raise UnableToStart("No space left on device")

    with monkeypatch.context() as full:
        full.setattr("live.agent.run.LiveRun.start", refused)
        await studio.give(90)
        held = studio.packager._recent
        assert sum(len(frame.data) for frame in held) == studio.packager._held <= module.MOST_HELD
        assert held[-1].at - held[0].at <= module.HELD_S
        assert held[0].key
        assert held[0].kind == "video"
        assert studio.packager._waiting
    await studio.polled(lambda: studio.packager.run_pid, "ffmpeg starts")
    await studio.give(10)
    recording = await studio.packed()
    assert recording.duration_ms > 30_000
    recorded = studio.packager.recorded()
    (hole,) = studio.hole_log.holes(recorded, until=studio.packager.ms(studio.now), over=True)
    assert hole.because == "packager"
    assert (Spans.of([(hole.start, hole.end or 0)]) & recorded).total == 0


async def test_a_meeting_that_begins_black_is_not_taken_for_one_picture_a_second(tmp_path: Path) -> None:
    """Such a rate held for the whole run, cameras and all, and the encoder stayed ten pictures, so seconds, behind."""
    packager, scrubber = Packager(tmp_path, layout=MEETING), Scrubber(voices=MEETING.voices)
    for tick in range(60):
        for frame in scrubber.fill(100 + tick / 5):
            await packager.take(frame)
    await packager.drain()

    async def written() -> bool:
        await packager.poll(112)
        return packager.recorded().total >= 8000

    await until(written, within=120, what="all but the last seconds, while the run goes on")
    await packager.finish()
    film = tmp_path / "film.mp4"
    film.write_bytes(b"".join((tmp_path / f"run-0000-{part}").read_bytes() for part in ("init.mp4", "00001.m4s")))
    asked = ["ffprobe", "-v", "error", "-count_packets", "-select_streams", "v"]
    asked += ["-show_entries", "stream=nb_read_packets", "-of", "csv=p=0", str(film)]
    shown = subprocess.run(asked, capture_output=True, text=True, timeout=120, check=True)
    assert int(shown.stdout.strip().strip(",")) == 50, "25 a second"


async def test_only_halves_of_the_dead_are_cleared(tmp_path: Path) -> None:
    """What is whole or was ever listed stays, whatever a list says; halves that are young may be somebody's."""
    segments = SegmentList(tmp_path, "run-0000")
    names = (
        "run-0000-00000.m4s.tmp",
        "run-0000.m3u8.tmp",
        "run-0000-00001.m4s",
        "run-0000-init.mp4",
        "run-0001-00000.m4s.tmp",
    )
    for name in names:
        (tmp_path / name).write_bytes(b"half")
    segments.clear(older_than_s=60)
    assert sorted(path.name for path in tmp_path.iterdir()) == sorted(names)
    segments.clear()
    assert sorted(path.name for path in tmp_path.iterdir()) == ["run-0000-init.mp4", "run-0001-00000.m4s.tmp"]
