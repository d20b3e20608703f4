"""Upload pieces over real sockets: what arrived is kept, whatever becomes of the line or the process."""

import os
import socket
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings

from media.models import Upload, Video
from organizations.models import Role, User
from tests.factories.media import UploadFactory
from tests.factories.organizations import RoleGrantFactory, UserFactory
from tests.faults.promises import measured
from tests.realtime.conftest import RoomServer, serving, sign_in, wait_until
from tests.realtime.raw import Answer, Line

pytestmark = [pytest.mark.realtime, pytest.mark.django_db(transaction=True)]
TOKEN = "a" * 32
BODY = "application/offset+octet-stream"
LENGTH = 90_822


class Uploader:
    """A browser of somebody who uploads: their session, their CSRF token, their upload."""

    def __init__(self, server: RoomServer, user: User, length: int = LENGTH) -> None:
        self.server, self.user = server, user
        self.upload = UploadFactory(owner=user, length=length)
        self.file = folder_of(server) / "files" / ".uploads" / str(self.upload.pk)
        self.file.parent.mkdir(parents=True, exist_ok=True)
        self.file.touch()
        self.cookie = f"{settings.SESSION_COOKIE_NAME}={sign_in(user)}; csrftoken={TOKEN}"

    @property
    def url(self) -> str:
        return f"/uploads/{self.upload.pk}/"

    def headers(self, **changed: Any) -> dict[str, Any]:
        base = {"Cookie": self.cookie, "X-CSRFToken": TOKEN, "Origin": self.server.origin, "Tus-Resumable": "1.0.0"}
        named = {name.replace("_", "-"): value for name, value in changed.items()}
        return {name: value for name, value in {**base, **named}.items() if value is not None}

    def patch(self, offset: int, body: bytes, *, length: int | None = None, **changed: Any) -> Line:
        """Send the head and ``body`` of a piece that says to be ``length`` long."""
        size = len(body) if length is None else length
        about = {"Content_Type": BODY, "Upload_Offset": offset, "Content_Length": size, **changed}
        return Line(self.server.port).ask("PATCH", self.url, self.headers(**about), body)

    def head(self) -> Answer:
        with Line(self.server.port) as line:
            return line.ask("HEAD", self.url, self.headers()).answer(has_body=False)

    def offset(self) -> int:
        return int(self.head().headers["upload-offset"])


def folder_of(server: RoomServer) -> Path:
    return server.log.parent


@pytest.fixture
def organiser(transactional_db: None) -> User:
    return RoleGrantFactory(role=Role.ORGANISER).user


@pytest.fixture
def uploader(server: RoomServer, organiser: User) -> Uploader:
    return Uploader(server, organiser)


def spooled(server: RoomServer) -> int:
    """How many bytes lie in files that the process has open without a name."""
    total = 0
    for descriptor in Path(f"/proc/{server.process.pid}/fd").iterdir():
        try:
            if "(deleted)" in os.readlink(descriptor):
                total += descriptor.stat().st_size
        except OSError:
            continue
    return total


def test_piece_is_acknowledged_and_the_last_makes_a_video(mortal: RoomServer, organiser: User) -> None:
    """With a process of its own: one that outlives the emptying of the tables remembers the numbers of old types."""
    uploader, data = Uploader(mortal, organiser), os.urandom(LENGTH)
    with uploader.patch(0, data[:50_000]) as line:
        first = line.answer()
        assert (first.status, first.headers["upload-offset"], first.headers["tus-resumable"]) == (204, "50000", "1.0.0")
        assert "connection" not in first.headers
        assert uploader.file.read_bytes() == data[:50_000]
        rest = uploader.headers(Content_Type=BODY, Upload_Offset=50_000, Content_Length=LENGTH - 50_000)
        last = line.ask("PATCH", uploader.url, rest, data[50_000:]).answer()
    video = Video.objects.get()
    assert (last.status, last.headers["upload-video"]) == (204, str(video.pk))
    assert (folder_of(uploader.server) / "files" / video.source_path).read_bytes() == data


def test_line_that_breaks_keeps_what_arrived(uploader: Uploader) -> None:
    """30,000 of 90,822 bytes, then nothing: the page goes on there."""
    data = os.urandom(LENGTH)
    with uploader.patch(0, data[:30_000], length=LENGTH):
        pass
    wait_until(lambda: uploader.offset() == 30_000)
    with uploader.patch(30_000, data[30_000:60_000], length=LENGTH - 30_000) as line:
        wait_until(lambda: uploader.file.stat().st_size == 60_000)  # on the disk before the piece is whole
        line.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")  # not even a farewell
    wait_until(lambda: uploader.offset() == 60_000)
    with uploader.patch(60_000, data[60_000:90_000]) as line:
        assert line.answer().headers["upload-offset"] == "90000"
    assert uploader.file.read_bytes() == data[:90_000]


def test_nothing_is_spooled_beside_the_upload(server: RoomServer, organiser: User) -> None:
    uploader = Uploader(server, organiser, 3 * 2**20)
    with uploader.patch(0, b"x" * (2 * 2**20), length=3 * 2**20):
        wait_until(lambda: uploader.file.stat().st_size == 2 * 2**20)
        assert spooled(server) == 0


def test_chunked_piece_is_taken(uploader: Uploader) -> None:
    with uploader.patch(0, b"", Content_Length=None, Transfer_Encoding="chunked") as line:
        line.send(b"5\r\nabcde\r\n3\r\nfgh\r\n0\r\n\r\n")
        assert line.answer().headers["upload-offset"] == "8"
    assert uploader.file.read_bytes() == b"abcdefgh"


def test_second_writer_waits_while_the_first_sends(uploader: Uploader) -> None:
    with uploader.patch(0, b"abc", length=10) as first:
        wait_until(lambda: uploader.file.stat().st_size == 3)
        with uploader.patch(0, b"xyz") as second:
            answer = second.answer()
        assert (answer.status, answer.json()["error"]) == (423, "locked")
        first.send(b"d" * 7)
        assert first.answer().status == 204
    assert uploader.file.read_bytes() == b"abcddddddd"


@pytest.mark.parametrize(
    ("changed", "status", "code"),
    [
        ({"Cookie": "csrftoken=" + TOKEN}, 401, "signed_out"),
        ({"X_CSRFToken": "b" * 32}, 403, "csrf"),
        ({"X_CSRFToken": None}, 403, "csrf"),
        ({"Upload_Offset": 7}, 409, "conflict"),
        ({"Upload_Offset": "x"}, 400, "bad_request"),
        ({"Content_Type": "text/plain"}, 415, None),
        ({"Tus_Resumable": "0.2.2"}, 412, None),
    ],
)
def test_refused_piece_writes_nothing(uploader: Uploader, changed: dict[str, Any], status: int, code: str) -> None:
    with uploader.patch(0, b"x" * 80_000, **changed) as line:
        answer = line.answer()
    assert answer.status == status
    assert not code or answer.json()["error"] == code
    assert (uploader.file.read_bytes(), uploader.offset()) == (b"", 0)


@pytest.mark.parametrize("role", [Role.ORGANISER, Role.SECRETARY, None])
def test_another_persons_upload_does_not_exist(uploader: Uploader, role: str | None) -> None:
    other = RoleGrantFactory(role=role).user if role else UserFactory()
    cookie = f"{settings.SESSION_COOKIE_NAME}={sign_in(other)}; csrftoken={TOKEN}"
    with uploader.patch(0, b"x" * 80_000, Cookie=cookie) as line:
        assert line.answer().status == 404
    assert uploader.file.read_bytes() == b""


def test_more_bytes_than_were_promised_are_refused(server: RoomServer, organiser: User) -> None:
    uploader = Uploader(server, organiser, 10)
    with uploader.patch(0, b"12345") as line:
        assert line.answer().status == 204
    with uploader.patch(5, b"678901") as line:
        answer = line.answer()
    assert (answer.status, answer.json()["error"]) == (400, "bad_length")
    assert (uploader.file.read_bytes(), uploader.offset()) == (b"12345", 5)


def test_refusal_is_in_the_language_of_the_page(uploader: Uploader) -> None:
    User.objects.filter(pk=uploader.user.pk).update(language="en")
    with uploader.patch(0, b"x" * (LENGTH + 1)) as line:
        answer = line.answer()
    assert (answer.status, answer.headers["content-language"]) == (400, "en")


@pytest.fixture
def mortal(transactional_db: None, tmp_path: Path) -> Iterator[RoomServer]:
    """A process for one test; told to stop, it waits for nobody longer than config/run.py lets it."""
    with serving(tmp_path, UVICORN_TIMEOUT_GRACEFUL_SHUTDOWN="2") as server:
        yield server


@pytest.mark.faults
def test_killed_process_leaves_nothing_torn(mortal: RoomServer, organiser: User, tmp_path: Path) -> None:
    """What was acknowledged stays; what was not is cut off before anything is written after it."""
    data = os.urandom(LENGTH)
    uploader = Uploader(mortal, organiser)
    with uploader.patch(0, data[:20_000]) as line:
        assert line.answer().status == 204
    with uploader.patch(20_000, data[20_000:50_000], length=LENGTH - 20_000):
        wait_until(lambda: uploader.file.stat().st_size == 50_000)
        mortal.kill()
    upload = Upload.objects.get()
    assert upload.offset == 20_000 <= uploader.file.stat().st_size
    uploader.file.open("ab").write(b"whatever a loss of power may leave")
    with serving(tmp_path) as again:
        uploader.server = again
        fault, promised = "power lost during an upload", "resumes at the last acknowledged byte"
        assert measured(fault, promised, uploader.offset(), unit="bytes", least=20_000, most=20_000)
        with uploader.patch(20_000, data[20_000:40_000], length=LENGTH - 20_000) as line:
            wait_until(lambda: uploader.file.read_bytes() == data[:40_000])
            line.send(data[40_000:])
            assert line.answer().status == 204
    assert (tmp_path / "files" / Video.objects.get().source_path).read_bytes() == data


def test_stopped_process_acknowledges_what_has_come(mortal: RoomServer, organiser: User) -> None:
    uploader = Uploader(mortal, organiser)
    with uploader.patch(0, b"x" * 30_000, length=LENGTH):
        wait_until(lambda: uploader.file.stat().st_size == 30_000)
        mortal.stop()
    assert Upload.objects.get().offset == 30_000


def test_slow_piece_is_given_up_and_kept(organiser: User, tmp_path: Path) -> None:
    """A phone in a tunnel holds its upload no longer than the guard's patience; then it goes on."""
    with serving(tmp_path, BODY_GRACE_S="1", BODY_IDLE_S="1") as server:
        uploader = Uploader(server, organiser)
        with uploader.patch(0, b"x" * 700, length=LENGTH) as line:
            answer = line.answer()
            assert line.is_closed()
        assert (answer.status, answer.headers["upload-offset"], answer.headers["connection"]) == (204, "700", "close")
        assert uploader.offset() == 700
