"""What waits for a bucket: slides and their drawing, a job, an upload whose video cannot be made yet."""

import io
from typing import Any

import pytest
from django.utils import timezone

from live.models import SlideDeck
from live.operations import UnableToAddSlides
from media import leftovers, sides, storage
from media.core.place import Place
from media.models import Job, Upload
from media.operations import UnableToUpload, finish_upload
from media.operations.jobs import MAX_ATTEMPTS, claim, put_off
from media.tasks import drop_again
from tests.factories.live import LectureFactory
from tests.factories.media import JobFactory, ReadyVideoFactory
from tests.live.slides.conftest import add, drawn
from tests.media.storage.conftest import Line
from tests.media.storage.test_bucket import keys
from tests.media.test_uploads import TUS, begin, uploader

pytestmark = [pytest.mark.integration, pytest.mark.django_db]


def test_slides_are_kept_drawn_and_deleted_in_the_bucket(
    in_bucket: Place, line: Line, django_capture_on_commit_callbacks: Any
) -> None:
    deck = add(LectureFactory())
    folder = f"slides/{deck.lecture_id}/{deck.key}"
    assert keys(in_bucket) == [f"{folder}/source.pdf"]
    line.breaks("down", "PUT")
    for _again in range(5):  # more often than it may fail
        assert drawn(deck).state == SlideDeck.State.QUEUED
    line.breaks("")
    deck = drawn(deck)
    assert (deck.state, deck.attempts, [*leftovers.work_folders()]) == (SlideDeck.State.READY, 1, [])
    found = storage.resolve("slides", str(deck.lecture_id), f"{deck.key}/720/1.jpg")
    assert found is not None
    assert found.read()[:2] == b"\xff\xd8"
    with django_capture_on_commit_callbacks(execute=True):
        deck.delete()
    assert keys(in_bucket) == []


def test_slides_that_cannot_be_stored_are_refused_in_plain_words(in_bucket: Place, line: Line) -> None:
    line.breaks("down", "PUT")
    with pytest.raises(UnableToAddSlides, match="暂时连不上"):
        add(LectureFactory())
    line.breaks("full", "PUT")
    with pytest.raises(UnableToAddSlides, match="空间不足"):
        add(LectureFactory())
    assert (SlideDeck.objects.count(), keys(in_bucket)) == (0, [])


def test_whoever_lost_the_lease_puts_nothing_off() -> None:
    now = timezone.now()
    job = JobFactory()
    lease = claim(job_id=job.pk, as_of=now)
    assert lease is not None
    Job.objects.update(token="another's")
    put_off(lease)
    job.refresh_from_db()
    assert (job.state, job.token, job.attempt) == (Job.State.RUNNING, "another's", 1)


def test_what_may_be_for_ever_takes_an_attempt_and_ends_at_the_last() -> None:
    """A bucket that takes nothing of this film would otherwise have it made again and again."""
    job = JobFactory()
    for attempt in range(1, MAX_ATTEMPTS + 1):
        lease = claim(job_id=job.pk, as_of=timezone.now())
        assert lease is not None
        assert lease.attempt == attempt
        put_off(lease, is_counted=True)
    job.refresh_from_db()
    assert (job.state, job.video.state, job.video.error_code) == (Job.State.FAILED, "failed", "worker_lost")


def test_what_is_named_again_is_not_deleted_late(in_bucket: Place) -> None:
    video = ReadyVideoFactory()
    kept, nameless = f"{video.folder}/master.m3u8", "videos/nobody/token/master.m3u8"
    for key in (kept, nameless):
        sides.bucket_now().put(key, io.BytesIO(b"#"), 1)  # type: ignore[union-attr]
        drop_again(key.removesuffix("/master.m3u8"))
    assert keys(in_bucket) == [kept]


@pytest.mark.parametrize(
    ("error", "code"), [(storage.UnableToReach("away"), "away"), (storage.UnableToStore(), "disk_full")]
)
def test_a_bucket_that_goes_away_between_two_steps(
    in_bucket: Place, monkeypatch: pytest.MonkeyPatch, error: Exception, code: str
) -> None:
    _user, client = uploader()
    url = begin(client, 4)
    upload = Upload.objects.get()
    storage.upload_path(upload.pk).write_bytes(b"film")
    Upload.objects.update(offset=4)

    def gone(**_facts: Any) -> None:
        raise error

    monkeypatch.setattr("media.operations.uploads.create_video", gone)
    with pytest.raises(UnableToUpload) as caught:
        finish_upload(upload_id=upload.pk)
    assert caught.value.code == code
    monkeypatch.undo()
    assert client.head(url, headers=TUS).status_code == 200
    assert Upload.objects.get().video_id == upload.pk
