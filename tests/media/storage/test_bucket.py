"""The life of a file in a bucket: an upload in pieces, a ladder, playing, deleting; and what goes wrong with it."""

import hashlib
import io
import time
from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from asgiref.sync import sync_to_async
from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
from django.test import AsyncClient, Client
from django.utils import timezone

from media import leftovers, sides, storage
from media.core.place import Place
from media.models import Job, Upload, Video
from media.operations import drop_sources, drop_unnamed, finish_upload, reconcile_jobs, transcode
from media.sides import bucket
from media.sides.bucket import PIECE_BYTES, Bucket
from media.signing import signed_url
from media.tasks import abort_unfinished, drop_again
from organizations.models import User
from tests.factories.media import ReadyVideoFactory
from tests.media.storage.conftest import KEYS, Line
from tests.media.test_uploads import TUS, begin, patch, uploader

pytestmark = [pytest.mark.integration, pytest.mark.django_db]
NOW = timezone.now()


def keys(place: Place) -> list[str]:
    return [entry.key for entry in Bucket(place).entries()]


def put(place: Place, key: str, data: bytes) -> None:
    Bucket(place).put(key, io.BytesIO(data), len(data))


def yes(_user_id: int, _object_id: str) -> bool:
    return True


def body(response: Any) -> bytes:
    return b"".join(response.streaming_content) if response.streaming else response.content


@pytest.fixture
def opened(settings: Any) -> None:
    settings.MEDIA_RIGHTS = {"videos": [f"{__name__}.yes"], "live": [], "slides": []}


def test_a_film_is_sent_in_pieces_made_played_by_ranges_and_deleted(
    in_bucket: Place,
    opened: None,
    clips: Any,
    hints: list[int],
    media_root: Path,
    django_capture_on_commit_callbacks: Any,
) -> None:
    user, client = uploader()
    data = clips("h264", ".mp4").read_bytes()
    url = begin(client, len(data), filename="防汛.mp4")
    half = len(data) // 2
    assert patch(client, url, 0, data[:half]).status_code == 204
    assert client.head(url, headers=TUS)["Upload-Offset"] == str(half), "a phone goes on where it was"
    with django_capture_on_commit_callbacks(execute=True):
        last = patch(client, url, half, data[half:])
    video = Video.objects.get()
    assert (last.status_code, last["Upload-Video"]) == (204, str(video.pk))
    assert Bucket(in_bucket).digest(f"sources/{video.pk}") == hashlib.sha256(data).hexdigest()
    assert [*(media_root / ".uploads").iterdir(), *(media_root / "sources").iterdir()] == [], (
        "nothing stays on this host"
    )
    with django_capture_on_commit_callbacks(execute=True):
        assert transcode(job_id=hints[0], as_of=timezone.now())
    video.refresh_from_db()
    assert (video.state, [*leftovers.work_folders()], (media_root / "videos").exists()) == ("ready", [], False)
    placed = [key for key in keys(in_bucket) if key.startswith(f"{video.folder}/")]
    assert {f"{video.folder}/master.m3u8", f"{video.folder}/poster.jpg"} < set(placed)
    _plays(client, user, video, placed)
    while job := Job.objects.filter(state=Job.State.QUEUED).first():  # the other rungs, out of what lies there
        assert transcode(job_id=job.pk, as_of=timezone.now())
    video.refresh_from_db()
    assert (video.state, video.error_code) == ("ready", "")
    with django_capture_on_commit_callbacks(execute=True):
        video.delete()
    assert keys(in_bucket) == []
    gone = signed_url(
        root="videos", object_id=str(video.pk), viewer_id=user.pk, path="x/master.m3u8", as_of=timezone.now()
    )
    assert client.get(gone).status_code == 404


def _plays(client: Client, user: User, video: Video, placed: list[str]) -> None:
    token = video.folder.rsplit("/")[-1]

    def address(name: str, *, viewer: int = user.pk) -> str:
        return signed_url(
            root="videos", object_id=str(video.pk), viewer_id=viewer, path=f"{token}/{name}", as_of=timezone.now()
        )

    master = client.get(address("master.m3u8"))
    assert (master.status_code, body(master)[:7]) == (200, b"#EXTM3U")
    name = next(key.rsplit("/")[-1] for key in placed if key.endswith((".m4s", ".mp4")))
    whole = client.get(address(name))
    assert (whole.status_code, whole["Accept-Ranges"], whole["Cache-Control"][:7]) == (200, "bytes", "private")
    data = body(whole)
    part = client.get(address(name), headers={"Range": "bytes=10-29"})
    assert (part.status_code, body(part), part["Content-Range"]) == (206, data[10:30], f"bytes 10-29/{len(data)}")
    assert client.get(address(name), headers={"If-None-Match": whole["ETag"]}).status_code == 304
    assert client.get(address(name), headers={"Range": f"bytes={len(data)}-"}).status_code == 416
    assert client.get(address(".placed")).status_code == 404
    assert client.get(address(name, viewer=user.pk + 1)).status_code == 404, "another's address"
    assert Client().get(address(name)).status_code == 404, "whoever is not signed in"


@pytest.mark.django_db(transaction=True)
async def test_a_large_segment_comes_piece_by_piece_under_asgi(in_bucket: Place, opened: None) -> None:

    user, _client = await sync_to_async(uploader)()
    client = AsyncClient()
    await client.aforce_login(user)
    data = bytes(range(256)) * 4000
    video = await sync_to_async(ReadyVideoFactory)()
    await sync_to_async(put)(in_bucket, f"{video.folder}/s.m4s", data)
    path = f"{'0' * 32}/s.m4s"
    url = signed_url(root="videos", object_id=str(video.pk), viewer_id=user.pk, path=path, as_of=timezone.now())
    response = await client.get(url)
    assert (response.status_code, response["Content-Length"]) == (200, str(len(data)))
    got = b"".join([piece async for piece in response.streaming_content])
    assert got == data


def test_a_right_that_ended_ends_the_bytes(in_bucket: Place, opened: None, settings: Any) -> None:
    """No address of the bucket is ever handed out: what answers is the site, which asks."""
    user, client = uploader()
    video = ReadyVideoFactory()
    put(in_bucket, f"{video.folder}/s.m4s", b"bytes")
    settings.MEDIA_ACCEL_PREFIX = "/_media/"
    url = signed_url(
        root="videos", object_id=str(video.pk), viewer_id=user.pk, path=f"{'0' * 32}/s.m4s", as_of=timezone.now()
    )
    response = client.get(url)
    assert (body(response), response.has_header("X-Accel-Redirect"), response.has_header("Location")) == (
        *(b"bytes", False),
        False,
    )
    client.logout()
    assert client.get(url).status_code == 404


def test_large_files_go_up_in_pieces_that_are_there_together(in_bucket: Place) -> None:
    data = hashlib.sha256(b"x").digest() * (2 * PIECE_BYTES // 32 + 7)
    beats: list[int] = []
    bucket = Bucket(in_bucket)
    bucket.put("sources/a", io.BytesIO(data), len(data), lambda: beats.append(1))
    assert (bucket.digest("sources/a"), len(beats) >= 4) == (hashlib.sha256(data).hexdigest(), True)

    class Enough(Exception):
        pass

    def enough() -> None:
        raise Enough

    with pytest.raises(Enough):
        bucket.put("sources/b", io.BytesIO(data), len(data), enough)
    assert keys(in_bucket) == ["sources/a"]
    said = bucket._client.list_multipart_uploads(Bucket=in_bucket.bucket)
    assert said.get("Uploads", []) == [], "and no piece takes room"


def test_pictures_and_documents_of_the_library(
    in_bucket: Place, line: Line, django_capture_on_commit_callbacks: Any
) -> None:
    name = default_storage.save("documents/须知.pdf", ContentFile(b"%PDF one"))
    other = default_storage.save("documents/须知.pdf", ContentFile(b"%PDF two"))
    assert (name == other, keys(in_bucket)) == (False, sorted([name, other]))
    with default_storage.open(other) as file:
        assert (file.read(), default_storage.size(name)) == (b"%PDF two", 8)
    assert default_storage.url(name).startswith("/files/documents/")
    assert default_storage.get_modified_time(name) <= timezone.now() + timedelta(seconds=2)
    with pytest.raises(NotImplementedError):
        default_storage.path(name)
    with pytest.raises(FileNotFoundError):
        default_storage.open("documents/none.pdf")
    with pytest.raises(FileNotFoundError):
        default_storage.size("documents/none.pdf")
    with pytest.raises(ValueError, match="whole"):
        default_storage.open(name, "wb")
    default_storage.delete(name)
    assert keys(in_bucket) == [other]


def test_what_nobody_names_is_swept(in_bucket: Place) -> None:
    kept = ReadyVideoFactory()
    put(in_bucket, f"{kept.folder}/master.m3u8", b"#EXTM3U")
    put(in_bucket, f"videos/{UUID(int=7)}/dead/s.m4s", b"s")
    put(in_bucket, "sources/nobody", b"s")
    later = timezone.now() + timedelta(hours=25)
    assert (drop_unnamed(as_of=timezone.now()), drop_sources(as_of=timezone.now())) == (0, 0), "young"
    assert (drop_unnamed(as_of=later), drop_sources(as_of=later)) == (1, 1)
    assert keys(in_bucket) == [f"{kept.folder}/master.m3u8"]
    assert storage.placed_at(kept.folder) == pytest.approx(timezone.now().timestamp(), abs=60)
    assert (storage.placed_at("videos/none"), storage.is_placed("videos/none")) == (None, False)


def made_folder(name: str) -> Path:
    work = storage.make_work_folder(name)
    for file in ("s-0.m4s", "s-1.m4s", "480p.m3u8", "master.m3u8", "poster.jpg"):
        (work / file).write_bytes(file.encode())
    return work


def test_a_folder_is_placed_playlists_last_and_once(in_bucket: Place, line: Line) -> None:
    video_id = UUID(int=5)
    placed = storage.place(made_folder("a"), video_id=video_id, token="t")
    sent = [path.split("?")[0].rsplit("/", 1)[-1] for method, path in line.asked if method == "PUT"]
    assert (placed, sent[-3:]) == (f"videos/{video_id}/t", ["480p.m3u8", "master.m3u8", ".placed"])
    line.asked.clear()
    assert storage.place(made_folder("b"), video_id=video_id, token="t") == placed
    assert [path.split("?")[0].rsplit("/", 1)[-1] for method, path in line.asked if method == "PUT"] == [".placed"]
    assert [*leftovers.work_folders()] == []


def test_what_is_there_late_is_waited_for(in_bucket: Place, line: Line) -> None:
    line.breaks("late", "HEAD", left=2)
    put(in_bucket, "papers/a/720/1.jpg", b"jpg")
    line.breaks("late", "HEAD")
    with pytest.raises(storage.UnableToReach, match="late"):
        put(in_bucket, "papers/a/720/2.jpg", b"jpg")
    line.breaks("")
    assert keys(in_bucket) == ["papers/a/720/1.jpg", "papers/a/720/2.jpg"]


def complete(client: Client, data: bytes) -> tuple[str, Any]:
    url = begin(client, len(data))
    return url, patch(client, url, 0, data)


@pytest.mark.parametrize(
    ("mode", "status", "code"),
    [("slow", 503, "away"), ("down", 503, "away"), ("forbidden", 503, "away"), ("full", 507, "bucket_full")],
)
def test_an_upload_waits_for_the_bucket_and_loses_nothing(
    in_bucket: Place, line: Line, mode: str, status: int, code: str, django_capture_on_commit_callbacks: Any
) -> None:
    _user, client = uploader()
    line.breaks(mode, "PUT", "POST")
    url, response = complete(client, b"film")
    assert (response.status_code, response.json()["error"]) == (status, code)
    assert "不用再传" in response.json()["message"]
    assert client.head(url, headers=TUS).status_code == status
    upload = Upload.objects.get()
    assert (upload.offset, upload.video, storage.upload_path(upload.pk).read_bytes()) == (4, None, b"film")
    line.breaks("")
    with django_capture_on_commit_callbacks(execute=True):
        reconcile_jobs(as_of=timezone.now())
    upload.refresh_from_db()
    assert (upload.video_id, keys(in_bucket)) == (upload.pk, [f"sources/{upload.pk}"])
    assert client.head(url, headers=TUS)["Upload-Video"] == str(upload.pk)
    assert finish_upload(upload_id=upload.pk).pk == upload.pk


def test_an_upload_that_another_host_holds_is_left_to_it(in_bucket: Place) -> None:
    _user, client = uploader()
    url = begin(client, 4)
    upload = Upload.objects.get()
    Upload.objects.update(offset=4)
    storage.upload_path(upload.pk).unlink()
    reconcile_jobs(as_of=timezone.now())
    assert Video.objects.count() == 0
    assert Upload.objects.filter(pk=upload.pk).exists(), url


@pytest.mark.parametrize("mode", ["down", "forbidden", "slow"])
def test_a_job_waits_for_the_bucket_without_losing_an_attempt(
    in_bucket: Place, line: Line, mode: str, clips: Any, hints: list[int], django_capture_on_commit_callbacks: Any
) -> None:
    _user, client = uploader()
    with django_capture_on_commit_callbacks(execute=True):
        complete(client, clips("sound", ".m4a").read_bytes())
    line.breaks(mode, "PUT", "POST")
    for _again in range(6):  # more often than a job may fail
        assert transcode(job_id=hints[0], as_of=timezone.now())
    job, video = Job.objects.get(), Video.objects.get()
    assert (job.state, job.attempt, video.state, video.error_code) == ("queued", 0, "queued", "")
    line.breaks("")
    assert transcode(job_id=hints[0], as_of=timezone.now())
    assert Video.objects.get().state == "ready"


def test_a_full_bucket_fails_a_job_with_a_reason(
    in_bucket: Place, line: Line, clips: Any, hints: list[int], django_capture_on_commit_callbacks: Any
) -> None:
    _user, client = uploader()
    with django_capture_on_commit_callbacks(execute=True):
        complete(client, clips("sound", ".m4a").read_bytes())
    line.breaks("full", "PUT", "POST")
    assert transcode(job_id=hints[0], as_of=timezone.now())
    video = Video.objects.get()
    assert (video.state, video.error_code, storage.stored(video.source_path) is None) == ("failed", "no_space", False)


def test_players_are_told_to_come_again_while_the_bucket_is_away(in_bucket: Place, opened: None, line: Line) -> None:
    user, client = uploader()
    video = ReadyVideoFactory()
    put(in_bucket, f"{video.folder}/s.m4s", b"bytes")
    url = signed_url(
        root="videos", object_id=str(video.pk), viewer_id=user.pk, path=f"{'0' * 32}/s.m4s", as_of=timezone.now()
    )
    client.raise_request_exception = False
    line.breaks("down", "GET", "HEAD")
    away = client.get(url)
    assert (away.status_code, away["Retry-After"], away["Cache-Control"]) == (503, "5", "no-store")
    line.breaks("")
    assert body(client.get(url)) == b"bytes"


def test_a_deletion_while_the_bucket_is_away_is_done_later(
    in_bucket: Place, line: Line, monkeypatch: pytest.MonkeyPatch
) -> None:
    sent: list[Any] = []
    monkeypatch.setattr("media.storage.current_app.send_task", lambda name, args, **_: sent.append((name, args)))
    put(in_bucket, "papers/a/720/1.jpg", b"jpg")
    line.breaks("down", "DELETE", "GET")
    storage.drop(storage.papers_folder("a"))
    ((name, (key, moment)),) = sent
    assert (name, key, moment) == ("media.drop_again", "papers/a", pytest.approx(time.time(), abs=60))
    line.breaks("")
    drop_again(key, moment)
    assert keys(in_bucket) == []


def test_a_bucket_that_is_gone_is_no_missing_file(in_bucket: Place, opened: None, line: Line) -> None:
    """To a HEAD both are 404: without the question a film whose bucket is misspelt would be answered as deleted."""
    user, client = uploader()
    video = ReadyVideoFactory()
    path = f"{'0' * 32}/s.m4s"
    url = signed_url(root="videos", object_id=str(video.pk), viewer_id=user.pk, path=path, as_of=timezone.now())
    for _again in range(3):
        assert client.get(url).status_code == 404
    asked = [path.partition("?")[0].strip("/") for method, path in line.asked if method == "HEAD"]
    assert asked.count(in_bucket.bucket) == 1, "that it is there is remembered for a while"
    Bucket(in_bucket)._client.delete_bucket(Bucket=in_bucket.bucket)
    bucket._seen.clear()
    with pytest.raises(storage.UnableToReach, match="no_bucket"):
        storage.stored(f"{video.folder}/s.m4s")
    client.raise_request_exception = False
    assert client.get(url).status_code == 503


def test_what_is_brought_has_room_first(in_bucket: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[int] = []
    monkeypatch.setattr(storage, "require_space", lambda size=0: asked.append(size))
    for name in ("a.m4s", "b.m4s", "c.jpg"):
        put(in_bucket, f"videos/v/t/{name}", b"12345")
    for key, suffix in (("videos/v/t", ""), ("videos/v/t", ".m4s"), ("videos/v/t/c.jpg", ""), ("videos/none", "")):
        with storage.at_hand(key, suffix=suffix):
            pass
    assert asked == [15, 10, 5, 0]


def test_pieces_that_a_killed_process_left_are_freed(in_bucket: Place, line: Line) -> None:
    client = Bucket(in_bucket)._client
    names = [{"Bucket": in_bucket.bucket, "Key": key} for key in ("site/sources/a", "site/sources/b", "another/c")]
    uploads = [client.create_multipart_upload(**name)["UploadId"] for name in names]
    client.upload_part(**names[0], UploadId=uploads[0], PartNumber=1, Body=b"piece")

    def left() -> list[str]:
        said = client.list_multipart_uploads(Bucket=in_bucket.bucket)
        return [each["Key"] for each in said.get("Uploads", [])]

    assert (sides.abort_unfinished(10**9), len(left())) == (0, 3), "begun later: may still be on its way"
    line.breaks("down", "GET")
    abort_unfinished()
    line.breaks("")
    assert len(left()) == 3
    abort_unfinished()
    assert left() == ["another/c"], "what is not the site's stays"
    abort_unfinished()


def test_no_fault_tells_a_key(in_bucket: Place, line: Line, caplog: pytest.LogCaptureFixture) -> None:
    line.breaks("forbidden", "HEAD", "GET", "PUT")
    with pytest.raises(storage.UnableToReach) as caught:
        Bucket(in_bucket).probe()
    assert (caught.value.code, KEYS["secret"] in f"{caught.value!r} {in_bucket!r} {in_bucket} {caplog.text}") == (
        "forbidden",
        False,
    )
