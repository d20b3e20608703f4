"""A part of a video as a video of its own: cut as a job, with its captions, whatever becomes of the source."""

import errno
import os
import subprocess
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from django.utils import timezone

from media import storage
from media.core.captions import Cue
from media.core.chapters import Chapter
from media.core.playlists import read_segments
from media.models import Captions, Clip, Job, Video
from media.operations import (
    UnableToCut,
    UnableToRetry,
    cut_video,
    delete_video,
    keep_captions,
    plan_cut,
    reconcile_jobs,
    retry_video,
    transcode,
)
from media.operations.jobs import LEASE, MAX_ATTEMPTS
from tests.factories.media import ReadyVideoFactory
from tests.factories.organizations import NodeFactory, UserFactory

pytestmark = [pytest.mark.integration, pytest.mark.django_db]
NOW = datetime(2026, 5, 1, 8, tzinfo=UTC)
MASTER = (
    "#EXTM3U\n#EXT-X-STREAM-INF:BANDWIDTH=9000,RESOLUTION=320x180\nvideo.m3u8\n"
    "#EXT-X-STREAM-INF:BANDWIDTH=900\naudio.m3u8\n"
)


def listed(name: str, durations: list[float]) -> str:
    lines = [f"#EXTINF:{duration},\n{name}-{n}.m4s" for n, duration in enumerate(durations)]
    return "\n".join(["#EXTM3U", f'#EXT-X-MAP:URI="{name}-init.mp4"', *lines, "#EXT-X-ENDLIST"]) + "\n"


@pytest.fixture
def film(media_root: Path) -> Video:
    """Ten seconds in segments of two; the sound alone is cut a little elsewhere."""
    video = ReadyVideoFactory(
        node=NodeFactory(), created_by=UserFactory(), duration_ms=10_000, width=320, height=180, title="回放"
    )
    folder = media_root / "videos" / str(video.pk) / "first"
    folder.mkdir(parents=True)
    Video.objects.filter(pk=video.pk).update(folder=storage.relative(folder))
    (folder / "master.m3u8").write_text(MASTER)
    for name, durations in (("video", [2.0] * 5), ("audio", [1.9] * 5)):
        (folder / f"{name}.m3u8").write_text(listed(name, durations))
        (folder / f"{name}-init.mp4").write_bytes(b"head")
        for n in range(5):
            (folder / f"{name}-{n}.m4s").write_bytes(f"{name}{n}".encode())
    video.refresh_from_db()
    return video


def cut_of(film: Video, start_s: float, end_s: float, *without: tuple[int, int], title: str = "一讲") -> Video:
    return cut_video(
        source_id=film.pk, start_ms=round(start_s * 1000), end_ms=round(end_s * 1000), without=without,
        title=title, created_by_id=film.created_by_id or 0,
    )  # fmt: skip


def done(video: Video, at: datetime = NOW) -> Video:
    assert transcode(job_id=Job.objects.latest("pk").pk, as_of=at)
    video.refresh_from_db()
    return video


def test_a_part_becomes_a_video_of_the_same_unit(film: Video) -> None:
    video = cut_of(film, 3, 9, (4_500, 5_000))
    assert (video.state, video.node, video.title, video.created_by) == ("queued", film.node, "一讲", film.created_by)
    video = done(video)
    assert (video.state, video.duration_ms, video.width, video.progress) == ("ready", 6_000, 320, 100)
    folder = storage.absolute(video.folder)
    assert [each.uri for each in read_segments((folder / "video.m3u8").read_text())] == [
        "video-1.m4s", "video-3.m4s", "video-4.m4s",
    ]  # fmt: skip
    assert (folder / "video-3.m4s").read_bytes() == b"video3"
    assert not (folder / "video-2.m4s").exists()
    assert (folder / "master.m3u8").read_text() == MASTER
    assert [(each["file"], each["kind"]) for each in video.renditions] == [
        ("video.m3u8", "video"), ("audio.m3u8", "audio"),
    ]  # fmt: skip
    # The source goes; what was cut stays.
    delete_video(video_id=film.pk, as_of=NOW)
    storage.drop_video(film.pk)
    assert (folder / "video-1.m4s").read_bytes() == b"video1"
    assert Clip.objects.get().source is None


def test_sound_that_has_nothing_there_is_left_out(film: Video) -> None:
    folder = storage.absolute(film.folder)
    (folder / "audio.m3u8").write_text(listed("audio", [2.0]))
    video = done(cut_of(film, 4, 8))
    assert "audio" not in (storage.absolute(video.folder) / "master.m3u8").read_text()


def test_a_film_of_one_list_is_cut_as_well(film: Video) -> None:
    folder = storage.absolute(film.folder)
    (folder / "master.m3u8").write_text(listed("video", [2.0] * 5))
    video = done(cut_of(film, 0, 4))
    text = (storage.absolute(video.folder) / "master.m3u8").read_text()
    assert [each.uri for each in read_segments(text)] == ["video-0.m4s", "video-1.m4s"]


def test_captions_come_along_with_their_moments(film: Video) -> None:
    cues = [Cue(1_000, 3_000, "一"), Cue(4_000, 7_000, "二"), Cue(9_000, 9_900, "三")]
    keep_captions(video_id=film.pk, cues=cues, origin="file", name="好.vtt", as_of=NOW)
    video = done(cut_of(film, 2, 10, (4_000, 6_000)))
    kept = Captions.objects.get(video=video)
    assert kept.cues == [[0, 1_000, "一"], [2_000, 3_000, "二"], [5_000, 5_900, "三"]]
    assert (kept.origin, kept.source_name) == ("cut", "好.vtt")
    assert video.captions_digest


def test_chapters_come_along_with_their_moments(film: Video) -> None:
    of_slides = [Chapter(0, "第 1 页"), Chapter(7_000, "第 2 页")]
    video = cut_video(
        source_id=film.pk, start_ms=4_000, end_ms=10_000, without=[], title="", created_by_id=film.created_by_id or 0,
        chapters=of_slides,
    )  # fmt: skip
    assert video.chapters == [[0, "第 1 页"], [3_000, "第 2 页"]]
    Video.objects.filter(pk=film.pk).update(chapters=[[5_000, "自己写的"]])
    assert cut_of(film, 4, 10).chapters == [[1_000, "自己写的"]]


def test_captions_that_were_uploaded_meanwhile_stay(film: Video) -> None:
    keep_captions(video_id=film.pk, cues=[Cue(1_000, 3_000, "一")], origin="file", as_of=NOW)
    video = cut_of(film, 0, 4)
    keep_captions(video_id=video.pk, cues=[Cue(0, 1_000, "自己的")], origin="file", as_of=NOW)
    done(video)
    assert Captions.objects.get(video=video).cues == [[0, 1_000, "自己的"]]


@pytest.mark.parametrize(
    ("start", "end", "without", "code"),
    [
        (50, 60, [], "nothing"),
        (0, 10, [(0, 10_000)], "nothing"),
        (0, 10, [(0, 1)] * 11, "many"),
    ],
)
def test_what_cannot_be_cut(film: Video, start: int, end: int, without: list[tuple[int, int]], code: str) -> None:
    with pytest.raises(UnableToCut, match=code):
        cut_of(film, start, end, *without)
    assert not Clip.objects.exists()


def test_a_video_that_is_not_there_or_not_ready(film: Video) -> None:
    (storage.absolute(film.folder) / "video.m3u8").unlink()
    with pytest.raises(UnableToCut, match="gone"):
        plan_cut(video=film, start_ms=0, end_ms=1, without=[])
    Video.objects.filter(pk=film.pk).update(state="failed")
    with pytest.raises(UnableToCut, match="gone"):
        cut_of(film, 0, 4)
    Video.objects.filter(pk=film.pk).delete()
    with pytest.raises(UnableToCut, match="gone"):
        cut_of(film, 0, 4)


@pytest.mark.parametrize("gone", ["row", "files", "segments"])
def test_a_source_that_is_deleted_meanwhile_is_said(film: Video, gone: str) -> None:
    video = cut_of(film, 0, 4)
    folder = storage.absolute(film.folder)
    if gone == "row":
        delete_video(video_id=film.pk, as_of=NOW)
    elif gone == "files":
        storage.drop(folder)
    else:
        (folder / "video-1.m4s").unlink()
    video = done(video)
    assert (video.state, video.error_code) == ("failed", "cut_source_gone")
    if gone == "row":
        with pytest.raises(UnableToRetry):
            retry_video(video_id=video.pk)


def test_a_list_that_was_emptied_is_gone_too(film: Video) -> None:
    video = cut_of(film, 8, 10)
    (storage.absolute(film.folder) / "video.m3u8").write_text(listed("video", [2.0]))
    (storage.absolute(film.folder) / "audio.m3u8").write_text(listed("audio", [2.0]))
    assert done(video).error_code == "cut_source_gone"


def test_a_full_disk_is_said_and_tried_again(film: Video, monkeypatch: pytest.MonkeyPatch) -> None:
    video = cut_of(film, 0, 4)
    with monkeypatch.context() as full:
        full.setattr(storage, "room", lambda: -1)
        video = done(video)
    assert (video.state, video.error_code) == ("failed", "no_space")
    retry_video(video_id=video.pk)
    assert done(video).state == "ready"


def test_a_killed_worker_is_noticed_and_another_one_cuts(film: Video) -> None:
    video = cut_of(film, 0, 4)
    Job.objects.update(state="running", attempt=1, token="dead", lease_until_at=NOW)
    later = NOW + LEASE + timedelta(seconds=1)
    assert reconcile_jobs(as_of=later) == 1
    assert done(video, later).state == "ready"
    other = cut_of(film, 0, 2)
    Job.objects.filter(video=other).update(state="running", attempt=MAX_ATTEMPTS, token="dead", lease_until_at=NOW)
    reconcile_jobs(as_of=later)
    other.refresh_from_db()
    assert (other.state, other.error_code) == ("failed", "worker_lost")
    assert retry_video(video_id=other.pk).state == "queued"


def test_without_second_names_it_is_copied(film: Video, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuses(*_names: Any) -> None:
        raise OSError(errno.EXDEV, os.strerror(errno.EXDEV))

    monkeypatch.setattr(storage.os, "link", refuses)
    video = done(cut_of(film, 0, 2))
    assert (storage.absolute(video.folder) / "video-0.m4s").read_bytes() == b"video0"


def test_a_real_recording_plays_from_where_it_was_cut(media_root: Path) -> None:
    """Four seconds, a keyframe each: the middle two decode cleanly, and there is a poster."""
    film = ReadyVideoFactory(duration_ms=4_000, width=320, height=180, created_by=UserFactory())
    folder = media_root / "videos" / str(film.pk) / "first"
    folder.mkdir(parents=True)
    made = (
        "ffmpeg -v error -f lavfi -i testsrc2=s=320x180:r=10:d=4 -f lavfi -i sine=d=4 -c:v libx264 -preset ultrafast"
        " -g 10 -sc_threshold 0 -bf 0 -pix_fmt yuv420p -c:a aac -f hls -hls_time 1 -hls_list_size 0"
        " -hls_segment_type fmp4 -hls_fmp4_init_filename video-init.mp4 -hls_segment_filename video-%d.m4s video.m3u8"
    )
    subprocess.run(made.split(), cwd=folder, check=True, timeout=180)
    (folder / "master.m3u8").write_text("#EXTM3U\n#EXT-X-STREAM-INF:BANDWIDTH=9,RESOLUTION=320x180\nvideo.m3u8\n")
    Video.objects.filter(pk=film.pk).update(folder=storage.relative(folder))
    video = cut_video(
        source_id=film.pk, start_ms=1_200, end_ms=2_900, without=[], title="", created_by_id=film.created_by_id or 0
    )
    assert video.title == film.title
    video = done(video, timezone.now())
    assert (video.state, video.duration_ms) == ("ready", 2_000)
    placed = storage.absolute(video.folder)
    assert (placed / "poster.jpg").stat().st_size > 500
    said = subprocess.run(
        ["ffmpeg", "-v", "error", "-i", "video.m3u8", "-f", "null", "-"],
        cwd=placed,
        capture_output=True,
        check=True,
        timeout=180,
    )
    assert said.stderr == b""
    count = "ffprobe -v error -count_packets -select_streams v -show_entries stream=nb_read_packets -of csv=p=0"
    shown = subprocess.run([*count.split(), "video.m3u8"], cwd=placed, capture_output=True, check=True, timeout=180)
    assert shown.stdout.split(b"\n")[0].strip(b",") == b"20"
