"""Resumable uploads over HTTP: what is acknowledged is on disk, nobody touches another's."""

import base64
import errno
import fcntl
import os
from collections.abc import Iterator
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
from django.http import UnreadablePostError
from django.test import Client
from django.utils import timezone

from media import storage
from media.models import Upload, Video
from media.operations import (
    UnableToUpload,
    append_upload,
    begin_piece,
    create_upload,
    finish_upload,
    reconcile_jobs,
)
from organizations.models import Role, User
from tests.factories.media import UploadFactory, VideoFactory
from tests.factories.organizations import RoleGrantFactory, UserFactory

pytestmark = [pytest.mark.integration, pytest.mark.django_db]
TUS = {"Tus-Resumable": "1.0.0"}
BODY = "application/offset+octet-stream"


def uploader(role: str = Role.ORGANISER) -> tuple[User, Client]:
    user = RoleGrantFactory(role=role).user
    client = Client()
    client.force_login(user)
    return user, client


def metadata(**fields: str) -> str:
    return ",".join(f"{key} {base64.b64encode(value.encode()).decode()}" for key, value in fields.items())


def begin(client: Client, length: int, **fields: str) -> str:
    about = metadata(**(fields or {"filename": "防汛.mp4"}))
    response = client.post("/uploads/", headers={**TUS, "Upload-Length": str(length), "Upload-Metadata": about})
    assert (response.status_code, response["Upload-Offset"]) == (201, "0")
    return str(response["Location"])


def patch(client: Client, url: str, offset: int, data: bytes, **headers: str) -> Any:
    return client.patch(url, data, content_type=BODY, headers={**TUS, "Upload-Offset": str(offset), **headers})


def stored(url: str) -> bytes:
    return storage.upload_path(UUID(url.split("/")[2])).read_bytes()


def test_file_is_sent_in_pieces_and_becomes_a_video(
    clips: Any, hints: list[int], django_capture_on_commit_callbacks: Any
) -> None:
    user, client = uploader()
    data = clips("sound", ".m4a").read_bytes()
    url = begin(client, len(data), filename="C:\\党课\\第一讲.m4a", title=" 第一讲 ")
    half = len(data) // 2
    first = patch(client, url, 0, data[:half])
    assert (first.status_code, first["Upload-Offset"], first["Tus-Resumable"]) == (204, str(half), "1.0.0")
    assert stored(url) == data[:half]
    head = client.head(url, headers=TUS)
    assert (head.status_code, head["Upload-Offset"], head["Upload-Length"], head["Cache-Control"]) == (
        *(200, str(half), str(len(data))),
        "no-store",
    )
    with django_capture_on_commit_callbacks(execute=True):
        last = patch(client, url, half, data[half:])
    video = Video.objects.get()
    assert (last.status_code, last["Upload-Video"]) == (204, str(video.pk))
    assert (video.title, video.source_name, video.created_by_id) == ("第一讲", "第一讲.m4a", user.pk)
    assert storage.absolute(video.source_path).read_bytes() == data
    assert (hints, storage.upload_path(Upload.objects.get().pk).exists()) == ([video.jobs.get().pk], False)
    assert client.head(url, headers=TUS)["Upload-Video"] == str(video.pk)


def test_what_the_server_can_do_is_said() -> None:
    _user, client = uploader()
    response = client.options("/uploads/")
    assert (response.status_code, response["Tus-Version"], response["Tus-Extension"]) == (
        *(204, "1.0.0"),
        "creation,expiration,termination",
    )


@pytest.mark.parametrize("role", [Role.ORGANISER, Role.LECTURER, Role.OPERATOR])
def test_makers_of_content_may_upload(role: str) -> None:
    assert begin(uploader(role)[1], 10).startswith("/uploads/")


@pytest.mark.parametrize("role", [Role.SECRETARY, Role.AUDITOR, None])
def test_others_find_nothing(role: str | None) -> None:
    client = Client()
    client.force_login(RoleGrantFactory(role=role).user if role else UserFactory())
    upload = UploadFactory()
    for method in ("post", "options"):
        assert getattr(client, method)("/uploads/", headers={**TUS, "Upload-Length": "1"}).status_code == 404
    for method in ("head", "patch", "delete"):
        assert getattr(client, method)(f"/uploads/{upload.pk}/", headers=TUS).status_code == 404


def test_visitor_is_asked_to_sign_in() -> None:
    response = Client().post("/uploads/", headers={**TUS, "Upload-Length": "1"})
    assert (response.status_code, response.json()["error"]) == (401, "signed_out")


def test_another_uploaders_upload_does_not_exist() -> None:
    url = begin(uploader()[1], 10)
    _user, other = uploader()
    assert other.head(url, headers=TUS).status_code == 404
    assert patch(other, url, 0, b"x").status_code == 404
    assert other.delete(url, headers=TUS).status_code == 404
    assert (stored(url), Upload.objects.count()) == (b"", 1)


def test_request_without_the_csrf_token_is_refused() -> None:
    user, _client = uploader()
    strict = Client(enforce_csrf_checks=True)
    strict.force_login(user)
    assert strict.post("/uploads/", headers={**TUS, "Upload-Length": "1"}).status_code == 403
    assert Upload.objects.count() == 0


@pytest.mark.parametrize(
    ("headers", "status", "error"),
    [
        ({}, 400, "bad_request"),
        ({"Upload-Length": "-1"}, 400, "bad_request"),
        ({"Upload-Length": "0"}, 400, "bad_length"),
        ({"Upload-Length": "99999999999999"}, 413, "too_large"),
        ({"Upload-Length": "5", "Upload-Metadata": "filename !!"}, 400, "bad_request"),
    ],
)
def test_bad_creation_is_refused_in_words(headers: dict[str, str], status: int, error: str) -> None:
    response = uploader()[1].post("/uploads/", headers={**TUS, **headers})
    assert (response.status_code, response.json()["error"]) == (status, error)
    assert "请" in response.json()["message"] or "大小" in response.json()["message"]
    assert Upload.objects.count() == 0


def test_other_protocol_version_is_refused() -> None:
    response = uploader()[1].post("/uploads/", headers={"Tus-Resumable": "0.2.2", "Upload-Length": "5"})
    assert (response.status_code, response["Tus-Version"]) == (412, "1.0.0")


def test_wrong_offset_and_wrong_type_change_nothing() -> None:
    _user, client = uploader()
    url = begin(client, 10)
    patch(client, url, 0, b"abc")
    assert patch(client, url, 0, b"abc").status_code == 409
    assert patch(client, url, 5, b"x").status_code == 409
    assert patch(client, url, 3, b"12345678").status_code == 400  # one byte too many
    wrong = client.patch(url, b"x", content_type="text/plain", headers={**TUS, "Upload-Offset": "3"})
    assert wrong.status_code == 415
    assert Upload.objects.get().offset == 3
    assert patch(client, url, 3, b"1234567").status_code == 204
    assert storage.absolute(Video.objects.get().source_path).read_bytes() == b"abc1234567"


def test_a_finished_upload_takes_nothing_more() -> None:
    _user, client = uploader()
    url = begin(client, 3)
    patch(client, url, 0, b"abc")
    for offset in (0, 3):
        assert patch(client, url, offset, b"x").status_code == 409
    assert storage.absolute(Video.objects.get().source_path).read_bytes() == b"abc"


def test_second_writer_waits_outside() -> None:
    _user, client = uploader()
    url = begin(client, 10)
    with storage.upload_path(UUID(url.split("/")[2])).open("r+b") as other:
        fcntl.flock(other, fcntl.LOCK_EX)
        assert patch(client, url, 0, b"abc").status_code == 423
    assert patch(client, url, 0, b"abc").status_code == 204


def test_writer_that_was_overtaken_changes_nothing() -> None:
    upload = UploadFactory(length=10)
    storage.upload_path(upload.pk).touch()

    def overtaken() -> Iterator[bytes]:
        Upload.objects.filter(pk=upload.pk).update(offset=4)
        yield b"abc"

    with pytest.raises(UnableToUpload, match="conflict"):
        append_upload(upload_id=upload.pk, owner_id=upload.owner_id, offset=0, chunks=overtaken(), as_of=timezone.now())
    assert Upload.objects.get().offset == 4


def test_broken_connection_keeps_what_arrived(monkeypatch: pytest.MonkeyPatch) -> None:
    _user, client = uploader()
    url = begin(client, 10)
    pieces = iter([b"abc", b"de"])

    def read(_self: Any, _size: int = -1) -> bytes:
        for piece in pieces:
            return piece
        raise UnreadablePostError("gone")

    with monkeypatch.context() as patched:
        patched.setattr("django.core.handlers.wsgi.WSGIRequest.read", read)
        patch(client, url, 0, b"abcdefghij")
    assert client.head(url, headers=TUS)["Upload-Offset"] == "5"
    assert stored(url) == b"abcde"


def test_a_line_that_breaks_in_every_piece_still_brings_the_whole_file(
    monkeypatch: pytest.MonkeyPatch, django_capture_on_commit_callbacks: Any
) -> None:
    """As a phone does it: ask how much is there, send the next piece, lose the line in the middle of it, ask again."""
    _user, client = uploader()
    whole = bytes(range(250)) * 8
    url, sent, breaks = begin(client, len(whole)), 0, 0
    while (offset := int(client.head(url, headers=TUS)["Upload-Offset"])) < len(whole):
        piece = whole[offset : offset + 256]
        comes = iter([piece[:90], piece[90:150]])

        def read(_self: Any, _size: int = -1, comes: Any = comes) -> bytes:
            for part in comes:
                return bytes(part)
            raise UnreadablePostError("gone")

        with monkeypatch.context() as patched, django_capture_on_commit_callbacks(execute=True):
            patched.setattr("django.core.handlers.wsgi.WSGIRequest.read", read)
            patch(client, url, offset, piece)
        sent, breaks = sent + min(150, len(piece)), breaks + 1
    assert (sent, breaks) == (len(whole), 14)
    assert storage.absolute(Video.objects.get().source_path).read_bytes() == whole


def test_bytes_beyond_the_acknowledged_offset_are_written_again() -> None:
    """Power was lost after the write and before the acknowledgement."""
    _user, client = uploader()
    url = begin(client, 6)
    patch(client, url, 0, b"abc")
    with storage.upload_path(UUID(url.split("/")[2])).open("ab") as file:
        file.write(b"XX")
    patch(client, url, 3, b"def")
    assert storage.absolute(Video.objects.get().source_path).read_bytes() == b"abcdef"


def test_cancelled_upload_is_gone() -> None:
    _user, client = uploader()
    url = begin(client, 10)
    assert client.delete(url, headers=TUS).status_code == 204
    assert (Upload.objects.count(), client.head(url, headers=TUS).status_code) == (0, 404)
    assert not storage.upload_path(UUID(url.split("/")[2])).exists()


def test_upload_expires_after_a_week_of_silence() -> None:
    now = timezone.now()
    old = UploadFactory(expires_at=now - timedelta(seconds=1))
    storage.upload_path(old.pk).touch()
    young = UploadFactory(expires_at=now + timedelta(seconds=1))
    with pytest.raises(UnableToUpload, match="gone"):
        append_upload(upload_id=old.pk, owner_id=old.owner_id, offset=0, chunks=[b"x"], as_of=now)
    reconcile_jobs(as_of=now)
    assert list(Upload.objects.all()) == [young]
    assert not storage.upload_path(old.pk).exists()


def test_full_disk_is_said_plainly(full_disk: None) -> None:
    response = uploader()[1].post("/uploads/", headers={**TUS, "Upload-Length": "10"})
    assert (response.status_code, response.json()["message"]) == (
        507,
        "服务器存储空间不足：还能接收 0\xa0字节，这个文件要 10\xa0字节。请联系管理员清理，或者先传小一些的文件。",
    )


def plenty(monkeypatch: pytest.MonkeyPatch, room: int) -> None:
    usage = type("Usage", (), {"total": 1000, "used": 0, "free": room + 80})
    monkeypatch.setattr(storage.shutil, "disk_usage", lambda _path: usage)


def test_what_is_promised_counts_until_it_expires(monkeypatch: pytest.MonkeyPatch) -> None:
    plenty(monkeypatch, 1000)
    now = timezone.now()
    UploadFactory(length=700, offset=100)  # somebody else's; 600 are still to come
    UploadFactory(length=900, expires_at=now)  # given up
    UploadFactory(length=900, offset=900, video=VideoFactory())  # a video already
    user, client = uploader()
    refused = client.post("/uploads/", headers={**TUS, "Upload-Length": "401"})
    assert (refused.status_code, refused.json()["error"]) == (507, "no_room")
    assert "还能接收 400\xa0字节，这个文件要 401\xa0字节" in refused.json()["message"]
    assert not Upload.objects.filter(owner=user).exists()
    begin(client, 400)


def test_too_large_a_file_is_told_the_limit(settings: Any) -> None:
    settings.MEDIA_MAX_UPLOAD_BYTES = 2**30
    response = uploader()[1].post("/uploads/", headers={**TUS, "Upload-Length": str(2**30 + 1)})
    assert response.json()["message"] == "文件太大：最大 1.0\xa0GB。请压缩，或者分成几段再上传。"


@pytest.mark.parametrize("call", ["write", "fsync"])
@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EDQUOT])
def test_disk_that_is_full_all_the_same_is_said_and_cleared(
    monkeypatch: pytest.MonkeyPatch, call: str, number: int
) -> None:
    """The reserve was taken between the question and the write, or the quota speaks only at the end."""
    _user, client = uploader()
    url = begin(client, 10)
    patch(client, url, 0, b"abc")
    real, calls = os.write, 0

    def short(descriptor: int, data: bytes) -> int:
        nonlocal calls
        calls += 1
        if calls > 1:
            raise OSError(number, os.strerror(number))
        return real(descriptor, data[:2])

    def refuse(_descriptor: int) -> None:
        raise OSError(number, os.strerror(number))

    with monkeypatch.context() as full:
        full.setattr("media.operations.uploads.os." + call, short if call == "write" else refuse)
        answer = patch(client, url, 3, b"defg")
    assert (answer.status_code, answer.json()["error"], stored(url)) == (507, "disk_full", b"abc")
    assert client.head(url, headers=TUS)["Upload-Offset"] == "3"
    assert patch(client, url, 3, b"defghij").status_code == 204


def test_other_error_of_the_disk_is_not_called_full(monkeypatch: pytest.MonkeyPatch) -> None:
    upload = UploadFactory(length=10)
    storage.upload_path(upload.pk).touch()
    piece = begin_piece(upload_id=upload.pk, owner_id=upload.owner_id, offset=0, as_of=timezone.now())

    def broken(_descriptor: int, _data: bytes) -> int:
        raise OSError(errno.EIO, "input/output error")

    with monkeypatch.context() as patched:
        patched.setattr("media.operations.uploads.os.write", broken)
        with pytest.raises(OSError, match="input/output"):
            piece.write(b"abc")
    piece.close()
    piece.close()


def test_what_comes_after_the_connection_was_given_up_is_not_written() -> None:
    """A thread still has bytes in its hands when the request is cancelled and closes the piece."""
    upload = UploadFactory(length=10)
    storage.upload_path(upload.pk).touch()
    piece = begin_piece(upload_id=upload.pk, owner_id=upload.owner_id, offset=0, as_of=timezone.now())
    piece.write(b"abc")
    piece.close()
    with pytest.raises(OSError, match="Bad file descriptor"):
        piece.write(b"def")
    assert storage.upload_path(upload.pk).read_bytes() == b"abc"


def test_a_disk_that_filled_up_between_two_pieces_is_said_and_the_first_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    _user, client = uploader()
    url = begin(client, 6)
    patch(client, url, 0, b"abc")
    with monkeypatch.context() as full:
        plenty(full, -1)
        answer = patch(client, url, 3, b"def")
    assert (answer.status_code, answer.json()["error"], stored(url)) == (507, "disk_full", b"abc")
    assert patch(client, url, 3, b"def").status_code == 204


def test_an_upload_complete_on_a_full_disk_becomes_a_video_once_there_is_room(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    upload = UploadFactory(length=3, offset=3)
    storage.upload_path(upload.pk).write_bytes(b"abc")
    with monkeypatch.context() as full:
        plenty(full, -1)
        with pytest.raises(UnableToUpload, match="disk_full"):
            finish_upload(upload_id=upload.pk)
        reconcile_jobs(as_of=timezone.now())
    assert (Video.objects.count(), storage.upload_path(upload.pk).read_bytes()) == (0, b"abc")
    reconcile_jobs(as_of=timezone.now())
    assert Upload.objects.get().video == Video.objects.get()


def test_upload_goes_on_where_the_file_really_ends() -> None:
    """A disk has lost what it said to have: the answer is never more than what lies there."""
    _user, client = uploader()
    url = begin(client, 10)
    patch(client, url, 0, b"abcdef")
    os.truncate(storage.upload_path(UUID(url.split("/")[2])), 4)
    assert client.head(url, headers=TUS)["Upload-Offset"] == "4"
    assert patch(client, url, 6, b"ghij").status_code == 409
    assert patch(client, url, 4, b"EFGHIJ").status_code == 204
    assert storage.absolute(Video.objects.get().source_path).read_bytes() == b"abcdEFGHIJ"


def test_an_upload_cancelled_while_its_next_piece_is_taken_up_is_gone(monkeypatch: pytest.MonkeyPatch) -> None:
    _user, client = uploader()
    url = begin(client, 10)
    real = fcntl.flock

    def cancelled(descriptor: int, operation: int) -> None:
        real(descriptor, operation)
        Upload.objects.all().delete()

    with monkeypatch.context() as meanwhile:
        meanwhile.setattr("media.operations.uploads.fcntl.flock", cancelled)
        answer = patch(client, url, 0, b"abc")
    assert (answer.status_code, stored(url)) == (404, b"")


def test_an_upload_cancelled_while_its_shortened_file_is_taken_up_goes_no_further(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    upload = UploadFactory(length=10, offset=6)
    storage.upload_path(upload.pk).write_bytes(b"abcd")
    monkeypatch.setattr(storage, "require_space", lambda: Upload.objects.filter(pk=upload.pk).delete())
    with pytest.raises(UnableToUpload, match="conflict"):
        begin_piece(upload_id=upload.pk, owner_id=upload.owner_id, offset=4, as_of=timezone.now())
    with pytest.raises(UnableToUpload, match="gone"):
        finish_upload(upload_id=upload.pk)


def test_upload_whose_file_is_gone_begins_anew() -> None:
    _user, client = uploader()
    url = begin(client, 10)
    patch(client, url, 0, b"abc")
    storage.upload_path(UUID(url.split("/")[2])).unlink()
    assert client.head(url, headers=TUS)["Upload-Offset"] == "0"
    assert patch(client, url, 0, b"abc").status_code == 404


def test_deleted_video_leaves_no_upload_that_waits_for_ever(
    django_capture_on_commit_callbacks: Any, caplog: pytest.LogCaptureFixture
) -> None:
    _user, client = uploader()
    url = begin(client, 3)
    with django_capture_on_commit_callbacks(execute=True):
        patch(client, url, 0, b"abc")
    Video.objects.get().delete()
    reconcile_jobs(as_of=timezone.now())
    assert (Upload.objects.count(), "upload_not_finished" in caplog.text) == (0, False)


def test_row_of_a_finished_upload_goes_after_a_week_and_its_video_stays() -> None:
    now = timezone.now()
    UploadFactory(length=3, offset=3, video=VideoFactory(), expires_at=now)
    kept = UploadFactory(length=3, offset=3, video=VideoFactory(), expires_at=now + timedelta(seconds=1))
    reconcile_jobs(as_of=now)
    assert (list(Upload.objects.all()), Video.objects.count()) == ([kept], 2)


def test_title_typed_when_the_file_was_chosen_again_is_kept() -> None:
    _user, client = uploader()
    url = begin(client, 6, filename="a.mp4", title="第一讲")
    patch(client, url, 0, b"abc")
    _user, other = uploader()
    patch(other, url, 3, b"def", **{"Upload-Metadata": metadata(title="别人的")})
    assert Upload.objects.get().title == "第一讲"
    assert patch(client, url, 3, b"d", **{"Upload-Metadata": "title !!"}).status_code == 400
    patch(client, url, 3, b"def", **{"Upload-Metadata": metadata(title=" 第一讲（新） ")})
    assert Video.objects.get().title == "第一讲（新）"


def test_too_many_unfinished_are_refused() -> None:
    user, client = uploader()
    UploadFactory.create_batch(20, owner=user)
    response = client.post("/uploads/", headers={**TUS, "Upload-Length": "10"})
    assert (response.status_code, response.json()["error"]) == (429, "too_many")


def test_crash_after_the_last_byte_is_mended_by_the_reconciler() -> None:
    upload = UploadFactory(length=3, offset=3, title="第一讲")
    storage.upload_path(upload.pk).write_bytes(b"abc")
    lost = UploadFactory(length=3, offset=3)
    reconcile_jobs(as_of=timezone.now())
    upload.refresh_from_db()
    assert (upload.video.title, Upload.objects.get(pk=lost.pk).video) == ("第一讲", None)
    assert finish_upload(upload_id=upload.pk) == upload.video
    assert Video.objects.count() == 1


def test_unfinished_upload_cannot_be_finished() -> None:
    with pytest.raises(UnableToUpload, match="conflict"):
        finish_upload(upload_id=UploadFactory(length=3, offset=2).pk)


def test_name_of_any_length_is_kept_readable() -> None:
    user = UserFactory()
    upload = create_upload(owner_id=user.pk, length=1, filename="长" * 500 + ".mp4", title="", as_of=timezone.now())
    upload.refresh_from_db()
    assert upload.filename == "长" * 251 + ".mp4"
