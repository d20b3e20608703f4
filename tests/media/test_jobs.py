"""Jobs survive their workers: the row is the truth."""

import errno
import math
import os
import signal
import subprocess
import sys
import time
import uuid
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from django.db import IntegrityError, OperationalError, connection, transaction
from django.utils import timezone
from kombu.exceptions import OperationalError as BrokerError

from media import leftovers, storage
from media.events import video_ready
from media.ffmpeg import UnableToTranscode
from media.models import Job, Video
from media.operations import (
    UnableToAdopt,
    UnableToCreate,
    UnableToDeleteVideo,
    UnableToRetry,
    adopt_recording,
    create_video,
    delete_video,
    drop_sources,
    drop_unnamed,
    place_recording,
    reconcile_jobs,
    retry_video,
    transcode,
)
from media.operations import jobs as jobs_module
from media.operations.jobs import LEASE, MAX_ATTEMPTS, Lease, LeaseLost, claim
from media.transcoder import Outcome
from tests.factories.media import JobFactory, ReadyVideoFactory, VideoFactory
from tests.factories.organizations import NodeFactory

pytestmark = [pytest.mark.integration, pytest.mark.django_db]
NOW = datetime(2026, 5, 1, 8, tzinfo=UTC)
MADE = Outcome(2000, 1280, 720, [{"name": "720p", "file": "720p.m3u8", "kind": "video"}])


@pytest.fixture
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """An encoder that only writes a file."""

    def encode(_source: Path, folder: Path, *, on_tick: Any, **_given: Any) -> Outcome:
        (folder / "master.m3u8").write_text("#EXTM3U\n")
        on_tick(50)
        return MADE

    monkeypatch.setattr("media.transcoder.encode", encode)


def queued(clip: Path, tmp_path: Path, title: str = "防汛") -> Video:
    source = tmp_path / "incoming.mp4"
    source.write_bytes(clip.read_bytes())
    return create_video(title=title, source=source, source_name="防汛 第一讲.mp4", created_by_id=None)


def test_real_film_becomes_playable(
    clips: Any, tmp_path: Path, hints: list[int], django_capture_on_commit_callbacks: Any
) -> None:
    ready: list[Any] = []
    video_ready.connect(lambda video_id, **_: ready.append(video_id), weak=False, dispatch_uid="test")
    with django_capture_on_commit_callbacks(execute=True):
        video = queued(clips("sound", ".m4a"), tmp_path)
    job = Job.objects.get(video=video)
    assert (hints, (tmp_path / "incoming.mp4").exists()) == ([job.pk], False)
    with django_capture_on_commit_callbacks(execute=True):
        assert transcode(job_id=job.pk, as_of=NOW)
    video_ready.disconnect(dispatch_uid="test")
    video.refresh_from_db()
    assert (video.state, video.progress, video.title, ready) == (Video.State.READY, 100, "防汛", [video.pk])
    assert sorted(file.name for file in storage.absolute(video.folder).iterdir())[-2:] == ["audio.m3u8", "master.m3u8"]
    assert [*leftovers.work_folders()] == []
    assert not transcode(job_id=job.pk, as_of=NOW)


def test_job_is_claimed_once() -> None:
    job = JobFactory()
    first = claim(job_id=job.pk, as_of=NOW)
    assert first is not None
    assert claim(job_id=job.pk, as_of=NOW) is None
    job.refresh_from_db()
    assert (job.state, job.attempt, job.lease_until_at) == (Job.State.RUNNING, 1, NOW + LEASE)


def test_silent_worker_loses_the_job_and_may_not_publish(quick: None, hints: list[int]) -> None:
    job = JobFactory()
    first = claim(job_id=job.pk, as_of=NOW)
    assert first is not None
    later = NOW + LEASE + timedelta(seconds=1)
    assert reconcile_jobs(as_of=later) == 1
    assert hints == [job.pk]
    assert transcode(job_id=job.pk, as_of=later)
    video = Video.objects.get(pk=job.video_id)
    published = video.folder
    work = storage.make_work_folder("late")
    with pytest.raises(LeaseLost):
        jobs_module.publish(first, MADE, storage.place(work, video_id=video.pk, token=first.token))
    video.refresh_from_db()
    assert (video.state, video.folder) == (Video.State.READY, published)
    assert [path.name for path in leftovers.attempts(video.pk)] == [published.rsplit("/")[-1]]


def test_living_worker_keeps_its_job() -> None:
    job = JobFactory()
    lease = claim(job_id=job.pk, as_of=NOW)
    assert lease is not None
    lease.started -= 35
    lease.renew(time.monotonic())
    assert reconcile_jobs(as_of=NOW + LEASE + timedelta(seconds=1)) == 0
    job.refresh_from_db()
    assert job.lease_until_at > NOW + timedelta(seconds=34) + LEASE


def test_worker_that_lost_its_lease_stops(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(jobs_module, "RENEW_EVERY_S", 0.0)
    job = JobFactory()

    def encode(_source: Path, _folder: Path, *, on_tick: Any, **_given: Any) -> Outcome:
        Job.objects.filter(pk=job.pk).update(token="another")
        on_tick(10)
        raise AssertionError("it went on")

    monkeypatch.setattr("media.transcoder.encode", encode)
    assert transcode(job_id=job.pk, as_of=NOW)
    assert Job.objects.get(pk=job.pk).state == Job.State.RUNNING
    assert [*leftovers.work_folders()] == []


def test_worker_whose_film_is_bad_but_whose_lease_is_lost_fails_nobodys_job(monkeypatch: pytest.MonkeyPatch) -> None:
    job = JobFactory()

    def encode(_source: Path, _folder: Path, *, on_tick: Any, **_given: Any) -> Outcome:
        Job.objects.filter(pk=job.pk).update(token="another")
        raise UnableToTranscode("unrecognised", "…")

    monkeypatch.setattr("media.transcoder.encode", encode)
    assert transcode(job_id=job.pk, as_of=NOW)
    job.refresh_from_db()
    assert (job.state, job.video.state, job.video.error_code) == (Job.State.RUNNING, Video.State.RUNNING, "")


def test_database_that_is_away_for_a_moment_costs_no_film(quick: None, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[float] = []

    def away(_lease: Lease, now: float) -> None:
        asked.append(now)
        raise OperationalError("away")

    monkeypatch.setattr(jobs_module, "RENEW_EVERY_S", 0.0)
    monkeypatch.setattr(Lease, "renew", away)
    job = JobFactory()
    assert transcode(job_id=job.pk, as_of=NOW)
    assert (len(asked), Video.objects.get(pk=job.video_id).state) == (1, Video.State.READY)


def test_what_an_earlier_attempt_placed_goes_when_another_is_published(quick: None) -> None:
    job = JobFactory()
    storage.place(storage.make_work_folder("dead"), video_id=job.video_id, token="dead")
    assert transcode(job_id=job.pk, as_of=NOW)
    job.refresh_from_db()
    assert [folder.name for folder in leftovers.attempts(job.video_id)] == [job.token]


def test_progress_is_shown(monkeypatch: pytest.MonkeyPatch) -> None:
    job = JobFactory()
    lease = claim(job_id=job.pk, as_of=NOW)
    assert lease is not None
    lease.tick(37)
    lease.tick(38)  # too soon after the last
    assert Video.objects.get(pk=job.video_id).progress == 37


def test_job_that_kills_every_worker_is_given_up() -> None:
    job = JobFactory(attempt=MAX_ATTEMPTS, state=Job.State.RUNNING, lease_until_at=NOW - timedelta(seconds=1))
    assert reconcile_jobs(as_of=NOW) == 0
    video = Video.objects.get(pk=job.video_id)
    assert (video.state, video.error_code) == (Video.State.FAILED, "worker_lost")


def test_worker_that_only_hung_is_not_given_up_in_the_moment_it_finishes() -> None:
    job = JobFactory(attempt=MAX_ATTEMPTS, state=Job.State.RUNNING, lease_until_at=NOW - timedelta(seconds=1))
    Video.objects.filter(pk=job.video_id).update(state=Video.State.READY)
    finished: list[str] = []

    def finish_first(execute: Any, sql: str, *rest: Any) -> Any:
        if sql.startswith("UPDATE") and not finished:
            finished.append(sql)
            Job.objects.filter(pk=job.pk).update(state=Job.State.DONE)
        return execute(sql, *rest)

    with connection.execute_wrapper(finish_first):
        assert reconcile_jobs(as_of=NOW) == 0
    job.refresh_from_db()
    assert (len(finished), job.state, job.video.state) == (1, Job.State.DONE, Video.State.READY)


def test_waiting_jobs_are_remade_from_the_rows_a_few_at_a_time(hints: list[int]) -> None:
    made = [JobFactory() for _ in range(25)]
    assert reconcile_jobs(as_of=NOW) == 20
    assert hints == [job.pk for job in made[:20]]


def test_film_taken_over_while_the_broker_is_away_waits_for_the_next_minute(
    tmp_path: Path, hints: list[int], monkeypatch: pytest.MonkeyPatch, django_capture_on_commit_callbacks: Any
) -> None:
    def away(*_args: Any, **_given: Any) -> None:
        raise BrokerError("away")

    source = tmp_path / "a.mp4"
    source.write_bytes(b"x")
    with monkeypatch.context() as broken, django_capture_on_commit_callbacks(execute=True):
        broken.setattr("media.operations.videos.current_app.send_task", away)
        video = create_video(title="", source=source, source_name="a.mp4", created_by_id=None)
    assert (video.state, hints) == (Video.State.QUEUED, [])
    assert reconcile_jobs(as_of=NOW) == 1
    assert hints == [video.jobs.get().pk]


def test_only_so_many_run_at_once(settings: Any, quick: None, hints: list[int]) -> None:
    settings.MEDIA_JOBS_AT_ONCE = 1
    first, second = JobFactory(), JobFactory()
    lease = claim(job_id=first.pk, as_of=NOW)
    assert lease is not None
    assert not transcode(job_id=second.pk, as_of=NOW)
    Job.objects.filter(pk=first.pk).update(state=Job.State.DONE)
    third = JobFactory()
    assert transcode(job_id=second.pk, as_of=NOW)
    assert hints == [third.pk]


def test_bad_file_says_why_and_can_be_tried_again(
    tmp_path: Path, hints: list[int], django_capture_on_commit_callbacks: Any
) -> None:
    source = tmp_path / "a.mp4"
    source.write_text("这不是视频")
    video = create_video(title="", source=source, source_name="会议记录.mp4", created_by_id=None)
    assert transcode(job_id=video.jobs.get().pk, as_of=NOW)
    video.refresh_from_db()
    assert (video.title, video.state, video.error_code) == ("会议记录", Video.State.FAILED, "unrecognised")
    with django_capture_on_commit_callbacks(execute=True):
        job = retry_video(video_id=video.pk)
    video.refresh_from_db()
    assert (video.state, video.error_code, hints) == (Video.State.QUEUED, "", [job.pk])
    with pytest.raises(UnableToRetry):
        retry_video(video_id=video.pk)


def test_video_without_its_source_cannot_be_tried_again() -> None:
    video = VideoFactory(state=Video.State.FAILED, source_path="sources/gone")
    with pytest.raises(UnableToRetry):
        retry_video(video_id=video.pk)


def test_full_disk_refuses_new_videos_and_fails_jobs_with_the_reason(tmp_path: Path, full_disk: None) -> None:
    source = tmp_path / "a.mp4"
    source.write_bytes(b"x")
    with pytest.raises(storage.UnableToStore):
        create_video(title="", source=source, source_name="a.mp4", created_by_id=None)
    assert (source.exists(), Video.objects.count()) == (True, 0)
    job = JobFactory()
    assert transcode(job_id=job.pk, as_of=NOW)
    assert Video.objects.get(pk=job.video_id).error_code == "no_space"


def test_nothing_is_not_a_source(tmp_path: Path) -> None:
    (tmp_path / "empty").touch()
    for name in ("empty", "missing"):
        with pytest.raises(UnableToCreate):
            create_video(title="", source=tmp_path / name, source_name="a.mp4", created_by_id=None)


def test_reasons_of_the_machine_reach_the_row(monkeypatch: pytest.MonkeyPatch) -> None:
    def encode(*_args: Any, **_kwargs: Any) -> Outcome:
        raise UnableToTranscode("timeout", "…")

    monkeypatch.setattr("media.transcoder.encode", encode)
    job = JobFactory()
    transcode(job_id=job.pk, as_of=NOW)
    assert Video.objects.get(pk=job.video_id).error_code == "timeout"


def test_leftovers_go_after_a_day(media_root: Path) -> None:
    kept = VideoFactory(source_path="sources/kept")
    for name in ("kept", "orphan"):
        storage.source_path(name).touch()  # type: ignore[arg-type]
        os.utime(storage.source_path(name), (0, 0))  # type: ignore[arg-type]
    dead, living = storage.make_work_folder("dead"), storage.make_work_folder("living")
    JobFactory(video=kept, token="living", state=Job.State.RUNNING, lease_until_at=NOW + LEASE)
    for folder in (dead, living):
        os.utime(folder, (0, 0))
    reconcile_jobs(as_of=NOW)
    assert drop_sources(as_of=NOW) == 1
    assert [*leftovers.sources_before(math.inf)] == ["sources/kept"]
    assert [path.name for path in leftovers.work_folders()] == ["living"]


def test_an_old_file_that_is_taken_over_is_young_until_a_row_names_it(media_root: Path, tmp_path: Path) -> None:
    """A sweep between the file's second name and its row would take a film that was sent yesterday."""
    source, target = tmp_path / "film", storage.source_path(uuid.uuid4())
    source.write_bytes(b"film")
    os.utime(source, (0, 0))
    storage.take_over(source, target)
    assert target.read_bytes() == b"film"
    assert drop_sources(as_of=timezone.now()) == 0
    assert target.exists()


def test_deleted_video_takes_its_files_along(media_root: Path, django_capture_on_commit_callbacks: Any) -> None:
    video = ReadyVideoFactory()
    storage.absolute(video.folder).mkdir(parents=True)
    storage.source_path(video.pk).touch()
    with django_capture_on_commit_callbacks(execute=True):
        video.delete()
    assert [*(media_root / "videos").iterdir(), *leftovers.sources_before(math.inf)] == []


def test_video_that_a_colleague_deletes_in_the_same_moment_is_said_to_be_gone(monkeypatch: pytest.MonkeyPatch) -> None:
    video = ReadyVideoFactory()
    monkeypatch.setattr("media.operations.keeping.let_go", lambda gone, **_: Video.objects.filter(pk=gone.pk).delete())
    with pytest.raises(UnableToDeleteVideo, match="已经不在了"):
        delete_video(video_id=video.pk, as_of=NOW)


def test_recording_is_adopted_with_a_poster(clips: Any, tmp_path: Path) -> None:
    folder = pack_recording(clips("h264"), tmp_path / "17")
    node = NodeFactory()
    placed = place_recording(key="lecture 17", folder=folder, width=1280, height=720)
    video = adopt_recording(placed=placed, title="防汛培训 回放", duration_ms=2000, node_id=node.pk, created_by_id=None)
    video.refresh_from_db()
    assert (video.state, video.duration_ms, video.node, folder.exists()) == (Video.State.READY, 2000, node, False)
    assert [(rung["file"], rung["kind"], rung["height"]) for rung in video.renditions] == [
        ("vod.m3u8", "video", 720),
        ("audio.m3u8", "audio", 0),
    ]
    names = {file.name for file in storage.absolute(video.folder).iterdir()}
    assert {"poster.jpg", "master.m3u8", "vod.m3u8"} <= names
    assert ".poster-source" not in names


def test_recording_placed_again_is_the_same_one(clips: Any, tmp_path: Path, media_root: Path) -> None:
    """After a rollback, a kill, or by a second agent: no second copy, and the row is written once."""
    placed = [
        place_recording(key="lecture 17", folder=pack_recording(clips("h264"), tmp_path / name), width=1280, height=720)
        for name in ("first", "second")
    ]
    assert placed[0] == placed[1]
    assert not (tmp_path / "second").exists()
    assert [path.name for path in (media_root / "videos").iterdir()] == [str(placed[0].video_id)]
    other = place_recording(key="lecture 18", folder=pack_recording(clips("h264"), tmp_path / "3"), width=2, height=2)
    assert other.video_id != placed[0].video_id
    for each in placed:
        adopt_recording(placed=each, title="回放", duration_ms=2000, node_id=None, created_by_id=None)
    assert Video.objects.count() == 1


@pytest.mark.parametrize("damage", ["no list", "empty segment", "no segment"])
def test_folder_without_a_recording_is_left_alone(tmp_path: Path, clips: Any, damage: str) -> None:
    folder = pack_recording(clips("h264"), tmp_path / "17")
    if damage == "no list":
        (folder / "vod.m3u8").write_text("#EXTM3U\n")
    elif damage == "empty segment":
        (folder / "s-0.m4s").write_bytes(b"")
    else:
        (folder / "s-0.m4s").unlink()
    with pytest.raises(UnableToAdopt):
        place_recording(key="lecture 17", folder=folder, width=2, height=2)
    assert (folder / "master.m3u8").exists()


def other_file_system(monkeypatch: pytest.MonkeyPatch) -> list[Path]:
    """Renaming out of a work folder fails as it does between file systems; returns what was renamed within one."""
    rename, done = Path.rename, []

    def refused(self: Path, target: Path) -> Path:
        if not self.name.startswith("."):
            raise OSError(errno.EXDEV, "Invalid cross-device link")
        done.append(self)
        return rename(self, target)

    monkeypatch.setattr(Path, "rename", refused)
    return done


def test_recording_on_another_file_system_appears_whole(
    clips: Any, tmp_path: Path, media_root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Copied beside its place and renamed; a copy that a kill left half done is no obstacle, and is swept."""
    folder = pack_recording(clips("h264"), tmp_path / "17")
    names = {path.name for path in folder.iterdir()}
    renamed = other_file_system(monkeypatch)
    sync_all, synced = storage.sync_all, []

    def killed(path: Path) -> None:
        synced.append(path)
        if len(synced) == 2:  # the copy is there, its name is not
            raise KeyboardInterrupt
        sync_all(path)

    monkeypatch.setattr(storage, "sync_all", killed)
    with pytest.raises(KeyboardInterrupt):
        place_recording(key="lecture 17", folder=folder, width=2, height=2)
    assert {path.name for path in folder.iterdir()} >= names  # the poster was added
    monkeypatch.setattr(storage, "sync_all", sync_all)
    placed = place_recording(key="lecture 17", folder=folder, width=2, height=2)
    assert {path.name for path in storage.absolute(placed.folder).iterdir()} >= names
    assert (len(renamed), folder.exists()) == (1, False)
    adopt_recording(placed=placed, title="回放", duration_ms=2000, node_id=None, created_by_id=None)
    old = NOW.timestamp() - 25 * 3600
    halves = [path for path in storage.absolute(placed.folder).parent.iterdir() if path.name.startswith(".")]
    assert len(halves) == 1
    for each in (halves[0], storage.absolute(placed.folder)):
        os.utime(each, (old, old))
    monkeypatch.undo()
    monkeypatch.setattr("django.conf.settings.MEDIA_ROOT", media_root)
    assert drop_unnamed(as_of=NOW) == 1
    assert [path.name for path in storage.absolute(placed.folder).parent.iterdir()] == [placed.folder.split("/")[-1]]


def test_too_full_a_disk_for_a_copy_leaves_the_recording_where_it_is(
    clips: Any, tmp_path: Path, media_root: Path, monkeypatch: pytest.MonkeyPatch, settings: Any
) -> None:
    folder = pack_recording(clips("h264"), tmp_path / "17")
    other_file_system(monkeypatch)
    settings.DISK_RESERVE_PERCENT = 101
    with pytest.raises(storage.UnableToStore):
        place_recording(key="lecture 17", folder=folder, width=2, height=2)
    assert (folder / "s-0.m4s").stat().st_size
    assert list((media_root / "videos").glob("*/*")) == []


def aged(folder: Path) -> Path:
    folder.mkdir(parents=True)
    (folder / "master.m3u8").touch()
    old = NOW.timestamp() - 25 * 3600
    os.utime(folder, (old, old))
    return folder


def test_what_no_row_names_is_swept_after_a_day(media_root: Path) -> None:
    """A transaction that names a recording was rolled back after its files had been placed."""
    base = media_root / "videos"
    video = ReadyVideoFactory(folder=f"videos/{uuid.UUID(int=1)}/named")
    named = aged(storage.absolute(video.folder))
    older = aged(named.with_name("older"))
    unnamed = aged(base / str(uuid.UUID(int=2)) / "token")
    fresh = base / str(uuid.UUID(int=3)) / "token"
    fresh.mkdir(parents=True)
    strange = aged(base / "lost+found" / "token")
    interrupted = aged(base / str(uuid.UUID(int=4)) / ".swept-token")
    kept = ReadyVideoFactory(folder=f"videos/{uuid.UUID(int=4)}/token")
    assert drop_unnamed(as_of=NOW) == 2
    assert [path.exists() for path in (named, older, unnamed, unnamed.parent, fresh, strange)] == [
        *(True, False, False, False, True, True),
    ]
    assert (interrupted.exists(), storage.absolute(kept.folder).exists()) == (False, True)
    assert drop_unnamed(as_of=NOW) == 0


def test_sweep_never_takes_what_is_named_meanwhile(media_root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The agent comes back after a day and names it between the sweep's question and its deed."""
    folders = [aged(media_root / "videos" / str(uuid.UUID(int=number)) / "token") for number in (1, 2)]
    set_aside = leftovers.set_aside

    def overtaken(folder: Path, *, before: float) -> Path | None:
        if folder == folders[0]:
            ReadyVideoFactory(folder=storage.relative(folder))  # named, touched a day ago by a clock that is wrong
        else:
            os.utime(folder)  # placed again, not yet named
        return set_aside(folder, before=before)

    monkeypatch.setattr(leftovers, "set_aside", overtaken)
    assert drop_unnamed(as_of=NOW) == 0
    assert [path.exists() for path in folders] == [True, True]


def pack_recording(clip: Path, folder: Path) -> Path:
    folder.mkdir()
    names = ["-hls_fmp4_init_filename", "init.mp4", "-hls_segment_filename", str(folder / "s-%d.m4s")]
    hls = ["-f", "hls", "-hls_segment_type", "fmp4", "-hls_playlist_type", "vod", *names, str(folder / "vod.m3u8")]
    subprocess.run(["ffmpeg", "-v", "error", "-i", str(clip), "-c", "copy", *hls], check=True, timeout=180)
    (folder / "audio.m3u8").write_text((folder / "vod.m3u8").read_text())
    (folder / "master.m3u8").write_text(
        '#EXTM3U\n#EXT-X-STREAM-INF:BANDWIDTH=900000,CODECS="avc1.42e01f,mp4a.40.2",RESOLUTION=1280x720\nvod.m3u8\n'
        '#EXT-X-STREAM-INF:BANDWIDTH=48000,CODECS="mp4a.40.2"\naudio.m3u8\n'
    )
    return folder


WORKER = """
import sys
import django
django.setup()
from django.db import connection
from django.utils import timezone
connection.settings_dict.update(NAME=sys.argv[2])
from media import operations
operations.transcode(job_id=int(sys.argv[1]), as_of=timezone.now())
"""


@pytest.mark.engine
@pytest.mark.django_db(transaction=True)
def test_killed_worker_is_followed_by_another_and_one_output_is_published(
    clips: Any, tmp_path: Path, media_root: Path, hints: list[int]
) -> None:
    """A real child, killed while its ffmpeg runs; the time until the lease ends is passed over, not waited for."""
    video = queued(clips("portrait", ".mov", 6), tmp_path)
    job = Job.objects.get(video=video)
    environment = {**os.environ, "DJANGO_SETTINGS_MODULE": "config.settings", "DEBUG": "1", "VAR_DIR": str(tmp_path)}
    name = str(connection.settings_dict["NAME"])
    worker = subprocess.Popen([sys.executable, "-c", WORKER, str(job.pk), name], env=environment)
    try:
        deadline = time.monotonic() + 120
        while not any(folder.glob("*.m4s") for folder in leftovers.work_folders() if any(folder.iterdir())):
            assert time.monotonic() < deadline
            assert worker.poll() is None
            time.sleep(0.05)
    finally:
        worker.send_signal(signal.SIGKILL)
        worker.wait()
    video.refresh_from_db()
    assert (video.state, [*leftovers.attempts(video.pk)]) == (Video.State.RUNNING, [])
    lost_at = timezone.now() + LEASE
    assert reconcile_jobs(as_of=lost_at) == 1
    assert hints[-1] == job.pk
    assert LEASE + timedelta(seconds=60) < timedelta(seconds=120)  # the reconciler comes every 60 s
    assert transcode(job_id=job.pk, as_of=lost_at)
    video.refresh_from_db()
    assert (video.state, Job.objects.get(pk=job.pk).attempt) == (Video.State.READY, 2)
    assert [path.name for path in leftovers.attempts(video.pk)] == [video.folder.rsplit("/")[-1]]


@pytest.mark.django_db(transaction=True)
def test_unhappy_transaction_stores_nothing(tmp_path: Path, hints: list[int]) -> None:
    source = tmp_path / "a.mp4"
    source.write_bytes(b"x")
    with transaction.atomic():
        create_video(title="", source=source, source_name="a.mp4", created_by_id=None)
        transaction.set_rollback(True)
    assert (Video.objects.count(), hints, source.exists()) == (0, [], True)


@pytest.mark.django_db(transaction=True)
def test_film_of_a_unit_that_is_gone_leaves_no_file_and_the_upload_where_it_was(
    tmp_path: Path, hints: list[int]
) -> None:
    source = tmp_path / "a.mp4"
    source.write_bytes(b"x")
    with pytest.raises(IntegrityError):
        create_video(title="", source=source, source_name="a.mp4", created_by_id=None, node_id=2**31 - 1)
    assert (Video.objects.count(), hints, source.read_bytes()) == (0, [], b"x")
    assert [*leftovers.sources_before(math.inf)] == []


@pytest.mark.parametrize(
    "waiting",
    [{"state": Job.State.QUEUED}, {"state": Job.State.RUNNING, "lease_until_at": NOW - timedelta(seconds=1)}],
)
def test_job_that_was_tried_as_often_as_it_may_is_nobodys(waiting: dict[str, Any], quick: None) -> None:
    """Finding: code 4, job-retry-limit. A hint that comes before the reconciler must not begin a fifth attempt."""
    job = JobFactory(attempt=MAX_ATTEMPTS, **waiting)
    assert not transcode(job_id=job.pk, as_of=NOW)
    job.refresh_from_db()
    assert (job.attempt, job.video.state) == (MAX_ATTEMPTS, Video.State.QUEUED)
    last = JobFactory(attempt=MAX_ATTEMPTS - 1, **waiting)
    assert transcode(job_id=last.pk, as_of=NOW)
    last.refresh_from_db()
    assert (last.attempt, last.state) == (MAX_ATTEMPTS, Job.State.DONE)
