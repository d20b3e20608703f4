"""A film can be played before all of it is made; what follows loses nothing, and nothing is made twice."""

import os
import re
import subprocess
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from media import leftovers, storage, transcoder
from media.core.ladder import Phase
from media.core.playlists import read_segments
from media.ffmpeg import UnableToTranscode
from media.models import Job, Video
from media.operations import UnableToRetry, drop_unnamed, reconcile_jobs, retry_video, transcode
from media.operations.jobs import LEASE, MAX_ATTEMPTS, claim
from media.queries import Outlook, outlooks
from media.sentences import outlook_words
from media.transcoder import POSTER, Outcome
from organizations.models import Role
from tests.factories.media import JobFactory, ReadyVideoFactory, VideoFactory
from tests.factories.organizations import RoleGrantFactory

pytestmark = [pytest.mark.integration, pytest.mark.django_db]
NOW = datetime(2026, 5, 1, 8, tzinfo=UTC)
FOLLOWING = {Phase.FIRST: Phase.LADDER, Phase.LADDER: Phase.LARGE, Phase.LARGE: None}


@pytest.fixture
def made(monkeypatch: pytest.MonkeyPatch) -> list[tuple[Phase, str]]:
    """An encoder that only writes a file; the phases it was asked for, each with the name of the earlier folder."""
    asked: list[tuple[Phase, str]] = []

    def encode(_source: Path, folder: Path, *, on_tick: Any, phase: Phase, earlier: Path | None) -> Outcome:
        (folder / "master.m3u8").write_text("#EXTM3U\n")
        asked.append((phase, earlier.name if earlier else ""))
        on_tick(50)
        return Outcome(2000, 1280, 720, [{"name": phase.name, "kind": "video"}], FOLLOWING[phase])

    monkeypatch.setattr("media.transcoder.encode", encode)
    return asked


def fail_with(monkeypatch: pytest.MonkeyPatch, code: str) -> None:
    def encode(*_args: Any, **_given: Any) -> Outcome:
        raise UnableToTranscode(code)

    monkeypatch.setattr("media.transcoder.encode", encode)


def waiting(video: Video) -> Job:
    return Job.objects.get(video=video, state=Job.State.QUEUED)


def test_each_phase_is_published_and_brings_the_next(
    made: list[tuple[Phase, str]], hints: list[int], django_capture_on_commit_callbacks: Any
) -> None:
    video, folders = JobFactory().video, [""]
    for phase in Phase:
        with django_capture_on_commit_callbacks(execute=True):
            assert transcode(job_id=waiting(video).pk, as_of=NOW)
        video.refresh_from_db()
        assert (video.state, video.renditions[0]["name"]) == (Video.State.READY, phase.name)
        folders.append(video.folder)
        # Whoever is watching goes on with what they have.
        assert all(storage.absolute(folder).is_dir() for folder in folders[1:])
    assert made == [(phase, folders[number].rsplit("/")[-1]) for number, phase in enumerate(Phase)]
    assert not Job.objects.exclude(state=Job.State.DONE).exists()
    old = (NOW - timedelta(hours=25)).timestamp()
    for folder in folders[1:]:
        os.utime(storage.absolute(folder), (old, old))
    assert drop_unnamed(as_of=NOW) == 2
    assert [folder.name for folder in leftovers.attempts(video.pk)] == [video.folder.rsplit("/")[-1]]


def test_a_worker_killed_between_two_phases_loses_neither(made: list[tuple[Phase, str]], hints: list[int]) -> None:
    video = JobFactory().video
    assert transcode(job_id=waiting(video).pk, as_of=NOW)
    job = waiting(video)
    assert claim(job_id=job.pk, as_of=NOW) is not None  # and then it is gone
    video.refresh_from_db()
    assert video.state == Video.State.READY
    later = NOW + LEASE + timedelta(seconds=1)
    assert reconcile_jobs(as_of=later) == 1
    assert transcode(job_id=job.pk, as_of=later)
    assert [phase for phase, _earlier in made] == [Phase.FIRST, Phase.LADDER]


def test_first_rungs_do_not_wait_for_ladders_and_the_largest_waits_for_everything(settings: Any) -> None:
    settings.MEDIA_JOBS_AT_ONCE = 1
    large = JobFactory(phase=Phase.LARGE)
    ladder, second = (JobFactory(phase=Phase.LADDER) for _ in range(2))
    first, another = JobFactory(), JobFactory()
    assert claim(job_id=ladder.pk, as_of=NOW) is not None
    assert claim(job_id=second.pk, as_of=NOW) is None
    assert claim(job_id=first.pk, as_of=NOW) is not None
    assert claim(job_id=another.pk, as_of=NOW) is None
    assert claim(job_id=large.pk, as_of=NOW) is None
    Job.objects.filter(phase__lt=Phase.LARGE).update(state=Job.State.DONE)
    assert claim(job_id=large.pk, as_of=NOW) is not None
    settings.MEDIA_JOBS_AT_ONCE = 0
    assert claim(job_id=JobFactory(phase=Phase.LARGE).pk, as_of=NOW) is None
    assert claim(job_id=JobFactory(phase=Phase.LADDER).pk, as_of=NOW) is not None


def test_a_largest_rung_that_runs_holds_no_ladder_up(settings: Any) -> None:
    settings.MEDIA_JOBS_AT_ONCE = 1
    assert claim(job_id=JobFactory(phase=Phase.LARGE).pk, as_of=NOW) is not None
    ladder, second, first = (JobFactory(phase=each) for each in (Phase.LADDER, Phase.LADDER, Phase.FIRST))
    assert claim(job_id=ladder.pk, as_of=NOW) is not None
    assert claim(job_id=second.pk, as_of=NOW) is None
    assert claim(job_id=first.pk, as_of=NOW) is not None


@pytest.mark.parametrize(("known", "published"), [(2400, 2400), (2600, 2000)])
def test_a_later_phase_keeps_the_length_that_counts(
    made: list[tuple[Phase, str]], hints: list[int], known: int, published: int
) -> None:
    job = JobFactory(phase=Phase.LADDER, video=ReadyVideoFactory(duration_ms=known))
    assert transcode(job_id=job.pk, as_of=NOW)
    job.video.refresh_from_db()
    assert job.video.duration_ms == published


@pytest.mark.parametrize(
    ("phase", "code", "state", "kept_code"),
    [
        (Phase.LADDER, "no_space", Video.State.READY, "no_space"),
        (Phase.LADDER, "broken", Video.State.FAILED, "broken"),
        (Phase.LARGE, "broken", Video.State.READY, ""),
        (Phase.FIRST, "no_space", Video.State.FAILED, "no_space"),
    ],
)
def test_what_can_be_played_stays_unless_it_is_damaged(
    monkeypatch: pytest.MonkeyPatch, phase: Phase, code: str, state: str, kept_code: str
) -> None:
    fail_with(monkeypatch, code)
    job = JobFactory(phase=phase, video=ReadyVideoFactory())
    assert transcode(job_id=job.pk, as_of=NOW)
    job.video.refresh_from_db()
    assert (job.video.state, job.video.error_code) == (state, kept_code)


def test_a_ladder_that_kills_every_worker_leaves_what_can_be_played() -> None:
    lost = NOW - timedelta(seconds=1)
    job = JobFactory(
        video=ReadyVideoFactory(), phase=Phase.LADDER, attempt=MAX_ATTEMPTS, state="running", lease_until_at=lost
    )
    assert reconcile_jobs(as_of=NOW) == 0
    job.video.refresh_from_db()
    assert (job.video.state, job.video.error_code) == (Video.State.READY, "worker_lost")


def test_the_rungs_that_a_film_lacks_are_asked_for_again(media_root: Path) -> None:
    storage.source_path("a").touch()  # type: ignore[arg-type]
    video = ReadyVideoFactory(source_path="sources/a", error_code="no_space")
    user = RoleGrantFactory(role=Role.ORGANISER).user
    Video.objects.filter(pk=video.pk).update(created_by=user)
    client = Client()
    client.force_login(user)
    page = client.get(reverse("videos:edit", args=[video.pk])).content.decode()
    assert "已经可以播放，其他清晰度没有做好：服务器存储空间不足" in page
    assert re.search(r"data-retry\s*>", page)
    retry_video(video_id=video.pk)
    video.refresh_from_db()
    assert (video.state, video.error_code, waiting(video).phase) == (Video.State.READY, "", Phase.LADDER)
    with pytest.raises(UnableToRetry):
        retry_video(video_id=video.pk)


def test_who_waits_is_told_how_many_come_before(django_assert_max_num_queries: Any) -> None:
    running = JobFactory(
        state="running", lease_until_at=NOW + LEASE, started_at=NOW - timedelta(minutes=2), progress=40
    )
    silent = JobFactory(state="running", lease_until_at=NOW - LEASE, started_at=NOW, progress=40)
    ladder = JobFactory(phase=Phase.LADDER, video=ReadyVideoFactory())
    urgent = JobFactory()
    done = ReadyVideoFactory()
    asked = [job.video_id for job in (running, silent, ladder, urgent)] + [done.pk]
    with django_assert_max_num_queries(2):
        found = outlooks(asked, as_of=NOW)
    assert found == {
        running.video_id: Outlook(Phase.FIRST, 40, None, 180),
        silent.video_id: Outlook(Phase.FIRST, 0, 1),
        urgent.video_id: Outlook(Phase.FIRST, 0, 2),
        ladder.video_id: Outlook(Phase.LADDER, 0, 3),
    }
    with django_assert_max_num_queries(1):
        outlooks([running.video_id], as_of=NOW)


def test_work_that_never_said_when_it_began_has_no_estimate() -> None:
    job = JobFactory(state="running", lease_until_at=NOW + LEASE, progress=40)
    assert outlooks([job.video_id], as_of=NOW) == {job.video_id: Outlook(Phase.FIRST, 40)}


@pytest.mark.parametrize(
    ("outlook", "words"),
    [
        (None, ""),
        (Outlook(Phase.FIRST, 0, 2), "前面还有 2 个"),
        (Outlook(Phase.FIRST, 0, 0), "马上开始处理"),
        (Outlook(Phase.FIRST, 2), "2%"),
        (Outlook(Phase.FIRST, 40, None, 170), "40% · 约还要 3 分钟"),
        (Outlook(Phase.LADDER, 99, None, 20), "其他清晰度：99% · 约还要不到 1 分钟"),
        (Outlook(Phase.LARGE, 10, None, 7000), "1080p 高清：10% · 约还要 2 小时"),
    ],
)
def test_work_is_said_in_words(outlook: Outlook | None, words: str) -> None:
    assert outlook_words(outlook) == words


def test_page_list_and_script_say_the_same() -> None:
    user = RoleGrantFactory(role=Role.ORGANISER).user
    JobFactory()
    job = JobFactory(video=VideoFactory(created_by=user))
    client = Client()
    client.force_login(user)
    for page in (reverse("videos:index"), reverse("videos:edit", args=[job.video_id])):
        assert "前面还有 1 个" in client.get(page).content.decode()
    (row,) = client.get(reverse("videos:status"), {"id": str(job.video_id)}).json()["videos"]
    assert (row["work"], row["retry"]) == ("前面还有 1 个", False)


def loudness(playlist: Path) -> float:
    command = ["ffmpeg", "-hide_banner", "-nostats", "-i", str(playlist), "-af", "ebur128=framelog=verbose"]
    said = subprocess.run([*command, "-f", "null", "-"], capture_output=True, text=True, timeout=180, check=True).stderr
    return float(re.findall(r"I:\s+(-?[\d.]+) LUFS", said)[-1])


@pytest.mark.engine
def test_phone_film_is_played_before_anything_is_encoded_and_its_sound_is_made_louder(
    clips: Any, tmp_path: Path
) -> None:
    first, ladder = tmp_path / "first", tmp_path / "ladder"
    for folder in (first, ladder):
        folder.mkdir()
    source = clips("h264", ".mp4", 4.4)
    early = transcoder.encode(source, first, on_tick=lambda _percent: None, phase=Phase.FIRST)
    assert ([rung["name"] for rung in early.renditions], early.following) == (["720p"], Phase.LADDER)
    assert ((first / POSTER).exists(), early.duration_ms, early.width) == (True, 4400, 1280)
    whole = transcoder.encode(source, ladder, on_tick=lambda _percent: None, phase=Phase.LADDER, earlier=first)
    assert [(rung["name"], rung["copied"]) for rung in whole.renditions] == [
        ("240p", False),
        ("480p", False),
        ("720p", True),
        ("audio", False),
    ]
    assert (whole.duration_ms, whole.following) == (4400, None)
    assert (ladder / POSTER).samefile(first / POSTER)
    assert {round(loudness(ladder / rung["file"])) for rung in whole.renditions} == {-16}


@pytest.mark.engine
def test_the_largest_rung_is_made_beside_what_exists(clips: Any, tmp_path: Path) -> None:
    ladder, large = tmp_path / "ladder", tmp_path / "large"
    for folder in (ladder, large):
        folder.mkdir()
    source = clips("large")
    made = transcoder.encode(source, ladder, on_tick=lambda _percent: None, phase=Phase.FIRST)
    assert made.following is Phase.LARGE
    done = transcoder.encode(source, large, on_tick=lambda _percent: None, phase=Phase.LARGE, earlier=ladder)
    assert [rung["name"] for rung in done.renditions] == ["240p", "480p", "720p", "1080p", "audio"]
    assert (done.following, done.width, done.height) == (None, 1920, 1080)
    for name in ("240p", "480p", "720p", "audio"):
        for segment in read_segments((large / f"{name}.m3u8").read_text()):
            assert (large / segment.uri).samefile(ladder / segment.uri)


@pytest.mark.engine
def test_no_larger_rung_is_made_of_what_is_small(clips: Any, tmp_path: Path) -> None:
    with pytest.raises(UnableToTranscode, match="uneven"):
        transcoder.encode(clips("h264"), tmp_path, on_tick=lambda _percent: None, phase=Phase.LARGE, earlier=tmp_path)


@pytest.mark.engine
def test_silence_is_left_as_it_is(tmp_path: Path) -> None:
    source = tmp_path / "still.wav"
    command = ["ffmpeg", "-v", "error", "-f", "lavfi", "-i", "anullsrc=d=3", str(source)]
    subprocess.run(command, check=True, timeout=180)
    folder = tmp_path / "out"
    folder.mkdir()
    transcoder.encode(source, folder, on_tick=lambda _percent: None)
    assert loudness(folder / "audio.m3u8") <= -70
