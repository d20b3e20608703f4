"""What waits for a bucket: slides and their drawing, a job, an upload whose video cannot be made yet."""

import io
import time
from typing import Any
from uuid import UUID

import pytest
from botocore.client import BaseClient
from django.db import connection
from django.utils import timezone
from wagtail.documents import get_document_model
from wagtail.images import get_image_model

from cms.models import DrawnPaper
from live.models import SlideDeck
from live.operations import UnableToAddSlides
from media import events, leftovers, sides, storage
from media.core.ladder import Phase
from media.core.place import Place
from media.models import Job, Upload, Video
from media.operations import (
    PlacedRecording,
    UnableToAdopt,
    UnableToUpload,
    adopt_recording,
    finish_upload,
    retry_video,
)
from media.operations.jobs import MAX_ATTEMPTS, claim, put_off
from media.sentences import reason
from media.tasks import drop_again
from packages.models import Package
from tests.factories.attendance import OccasionFactory
from tests.factories.live import LectureFactory
from tests.factories.media import JobFactory, ReadyVideoFactory, VideoFactory
from tests.live.slides.conftest import add, drawn
from tests.media.storage.conftest import Line
from tests.media.storage.test_bucket import keys, put
from tests.media.test_uploads import TUS, begin, patch, uploader

pytestmark = [pytest.mark.integration, pytest.mark.django_db]
LATER = time.time() + 10**6


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
    put_off(lease, "away")
    job.refresh_from_db()
    assert (job.state, job.token, job.attempt) == (Job.State.RUNNING, "another's", 1)


@pytest.mark.parametrize(("why", "said"), [("refused", "几次拒绝"), ("late", "几次都读不到")])
def test_what_may_be_for_ever_takes_an_attempt_and_the_last_says_why(why: str, said: str) -> None:
    """A bucket that takes nothing of this film would otherwise have it made again and again."""
    job = JobFactory()
    for attempt in range(1, MAX_ATTEMPTS + 1):
        lease = claim(job_id=job.pk, as_of=timezone.now())
        assert lease is not None
        assert lease.attempt == attempt
        put_off(lease, why)
    job.refresh_from_db()
    assert (job.state, job.video.state, job.video.error_code) == (Job.State.FAILED, "failed", f"store_{why}")
    assert said in reason(job.video.error_code)


def test_a_film_that_plays_goes_on_playing_where_the_bucket_takes_no_more_of_it() -> None:
    job = JobFactory(video=ReadyVideoFactory(), phase=Phase.LADDER, attempt=MAX_ATTEMPTS - 1)
    lease = claim(job_id=job.pk, as_of=timezone.now())
    assert lease is not None
    put_off(lease, "refused")
    video = Video.objects.get()
    assert (video.state, video.error_code) == ("ready", "store_refused")


def test_what_is_named_again_is_not_deleted_late(in_bucket: Place) -> None:
    video = ReadyVideoFactory()
    kept, nameless = f"{video.folder}/master.m3u8", "videos/nobody/token/master.m3u8"
    for key in (kept, nameless):
        sides.bucket_now().put(key, io.BytesIO(b"#"), 1)  # type: ignore[union-attr]
        drop_again(key.removesuffix("/master.m3u8"), LATER)
    assert keys(in_bucket) == [kept]
    drop_again(f"videos/{video.pk}", LATER)
    assert keys(in_bucket) == [kept]


def _document() -> str:
    return str(get_document_model().objects.create(title="须知", file="documents/须知.pdf").file.name)


def _picture() -> str:
    file = "original_images/a.png"
    return str(get_image_model().objects.create(title="图", file=file, width=1, height=1).file.name)


def _package() -> str:
    user, _client = uploader()
    node_id = OccasionFactory().node_id
    made = Package.objects.create(
        node_id=node_id, title="课件包", standard="1.2", launch="index.html", key="b" * 32, bytes=1, made_by=user,
        changed_at=timezone.now(),
    )  # fmt: skip
    return f"packages/{made.key}"


def _paper() -> str:
    document = get_document_model().objects.create(title="须知", file="documents/a.txt")
    return f"papers/{DrawnPaper.objects.create(document=document, key='a' * 32, file='x').key}"


def _film() -> str:
    video = VideoFactory()
    Video.objects.update(source_path=f"sources/{video.pk}")
    return f"sources/{video.pk}"


def _deck() -> str:
    deck = add(LectureFactory())
    return f"slides/{deck.lecture_id}/{deck.key}"


def _upload() -> str:
    _user, client = uploader()
    begin(client, 4)
    return f"sources/{Upload.objects.get().pk}"


@pytest.mark.parametrize(
    "named",
    [_document, _picture, _package, _paper, _film, _deck, _upload],
)
def test_what_any_row_names_is_not_deleted_late(in_bucket: Place, named: Any) -> None:
    key = named()
    put(in_bucket, key, b"bytes")
    drop_again(key, LATER)
    assert key in keys(in_bucket)


def test_what_was_stored_since_is_not_deleted_late(in_bucket: Place) -> None:
    """No row names it yet: whoever stores it writes the row afterwards."""
    put(in_bucket, "documents/a.pdf", b"new")
    put(in_bucket, "papers/a/720/1.jpg", b"new")
    for key in ("documents/a.pdf", "papers/a"):
        drop_again(key, timezone.now().timestamp() - 60)
    assert keys(in_bucket) == ["documents/a.pdf", "papers/a/720/1.jpg"]
    for key in ("documents/a.pdf", "papers/a"):
        drop_again(key, LATER)
    assert keys(in_bucket) == []


@pytest.mark.parametrize("key", ["videos/nobody", "other/x", "slides/5", "videos", f"images/{UUID(int=1)}"])
def test_what_nobody_names(key: str) -> None:
    assert not events.is_named(key)


def test_a_row_is_not_held_while_the_bucket_is_asked(
    in_bucket: Place, line: Line, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A bucket may take seconds to answer: whoever wants the row would wait for it."""
    said: list[bool] = []
    call = BaseClient._make_api_call

    def told(client: Any, *rest: Any) -> Any:
        said.append(len(connection.savepoint_ids) > 0)  # the test's own transaction has none
        return call(client, *rest)

    monkeypatch.setattr(BaseClient, "_make_api_call", told)
    _user, client = uploader()
    url = begin(client, 4)
    assert patch(client, url, 0, b"film").status_code == 204
    assert (len(said) > 2, any(said)) == (True, False)
    said.clear()
    video = Video.objects.get()
    Job.objects.all().delete()
    Video.objects.update(state="failed", error_code="killed")
    retry_video(video_id=video.pk)
    assert said == [False]
    said.clear()
    placed = PlacedRecording(UUID(int=3), f"videos/{UUID(int=3)}/x", 1, 1, [], is_known=False)
    adopt_recording(placed=placed, title="x", duration_ms=1, node_id=None, created_by_id=None)
    assert said == []


def test_a_recording_whose_row_was_deleted_since_it_was_placed_is_not_named() -> None:
    placed = PlacedRecording(UUID(int=3), f"videos/{UUID(int=3)}/x", 1, 1, [], is_known=True)
    with pytest.raises(UnableToAdopt):
        adopt_recording(placed=placed, title="x", duration_ms=1, node_id=None, created_by_id=None)
    assert not Video.objects.exists()


def test_an_unfinished_upload_is_no_video(in_bucket: Place) -> None:
    _user, client = uploader()
    begin(client, 4)
    for upload_id, code in ((Upload.objects.get().pk, "conflict"), (UUID(int=9), "gone")):
        with pytest.raises(UnableToUpload) as caught:
            finish_upload(upload_id=upload_id)
        assert caught.value.code == code


def test_a_disk_that_is_full_once_the_file_is_sent(in_bucket: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    _user, client = uploader()
    url = begin(client, 4)
    upload = Upload.objects.get()
    storage.upload_path(upload.pk).write_bytes(b"film")
    Upload.objects.update(offset=4)

    def gone(**_facts: Any) -> None:
        raise storage.UnableToStore

    monkeypatch.setattr("media.operations.uploads.create_video", gone)
    with pytest.raises(UnableToUpload) as caught:
        finish_upload(upload_id=upload.pk)
    assert caught.value.code == "disk_full"
    monkeypatch.undo()
    assert client.head(url, headers=TUS).status_code == 200
    assert Upload.objects.get().video_id == upload.pk
