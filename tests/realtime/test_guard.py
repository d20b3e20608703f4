"""Bodies that nobody wants, over real sockets: refused at once, and nothing of them lies anywhere."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from django.conf import settings

from organizations.models import Role, User
from tests.factories.organizations import RoleGrantFactory
from tests.realtime.conftest import RoomServer, serving, sign_in
from tests.realtime.raw import Line

pytestmark = [pytest.mark.realtime, pytest.mark.django_db(transaction=True)]
MIB = 2**20
UNKNOWN = "/uploads/00000000-0000-4000-8000-000000000000/"
TUS = {"Tus-Resumable": "1.0.0", "Upload-Offset": "0", "Content-Type": "application/offset+octet-stream"}


def held(server: RoomServer) -> tuple[int, int]:
    """Bytes in nameless files of the process, and in its memory."""
    total = 0
    for descriptor in Path(f"/proc/{server.process.pid}/fd").iterdir():
        try:
            if "(deleted)" in os.readlink(descriptor):
                total += descriptor.stat().st_size
        except OSError:
            continue
    status = Path(f"/proc/{server.process.pid}/status").read_text()
    memory = next(line for line in status.splitlines() if line.startswith("VmRSS"))
    return total, int(memory.split()[1]) * 1024


@pytest.mark.parametrize("path", ["/nothing-here", "/admin/images/add/", "/roster/check/", "/accounts/login/"])
def test_strangers_large_body_is_answered_before_it_is_read(server: RoomServer, path: str) -> None:
    """300 MB to any address, no cookie: 413 at once, in words; whoever sends on all the same is hung up on."""
    files, memory = held(server)
    with Line(server.port) as line:
        line.ask("POST", path, {"Content-Length": 300 * MIB, "Content-Type": "application/octet-stream"})
        answer = line.answer()
        assert (answer.status, answer.headers["connection"]) == (413, "close")
        assert "发送的内容太大" in answer.body.decode()
        sent = line.pour(300 * MIB)
    assert sent < 30 * MIB  # what the two ends' buffers and the moment of politeness take
    files_after, memory_after = held(server)
    assert (files_after - files, memory_after - memory < 32 * MIB) == (0, True)


def test_answer_is_read_by_a_browser_that_sends_first(server: RoomServer) -> None:
    """Many clients look for an answer only when all is sent; the connection must not be reset over their bytes."""
    with Line(server.port) as line:
        line.ask("POST", "/display/", {"Content-Length": MIB}, b"x" * MIB)
        assert line.answer().status == 413


def test_strangers_piece_of_an_upload_lies_nowhere(server: RoomServer) -> None:
    files, _memory = held(server)
    with Line(server.port) as line:
        line.ask("PATCH", UNKNOWN, {**TUS, "Content-Length": 3 * MIB}, b"x" * MIB)
        assert line.answer().status == 403
        assert held(server)[0] == files
    with Line(server.port) as line:
        line.ask("PATCH", UNKNOWN, {**TUS, "Content-Length": 200 * MIB})
        answer = line.answer()
    assert (answer.status, answer.json()["error"]) == (413, "too_large")


def test_endless_chunks_are_counted(server: RoomServer) -> None:
    with Line(server.port) as line:
        line.ask("POST", "/nothing-here", {"Transfer-Encoding": "chunked"})
        for _ in range(5):
            line.send(b"4000\r\n" + b"x" * 0x4000 + b"\r\n")
        assert line.answer().status == 413
        assert line.pour(100 * MIB) < 30 * MIB


def test_ordinary_requests_keep_their_connection(server: RoomServer) -> None:
    form = {"Content-Length": 5, "Content-Type": "application/x-www-form-urlencoded"}
    with Line(server.port) as line:
        for _ in range(3):
            answer = line.ask("POST", "/display/", form, b"a=b&c").answer()
            assert (answer.status, answer.headers.get("connection")) == (403, None)
            assert line.ask("GET", "/healthz").answer().status == 200


@pytest.fixture
def impatient(transactional_db: None, tmp_path: Path) -> Iterator[RoomServer]:
    with serving(tmp_path, BODY_GRACE_S="1", BODY_IDLE_S="6", BODY_MAX_OPEN="20") as server:
        yield server


def test_held_lines_are_given_up_and_keep_nobody_out(impatient: RoomServer) -> None:
    lines = [
        Line(impatient.port).ask("POST", "/accounts/login/", {"Content-Length": 1000}, b"login=1") for _ in range(60)
    ]
    form = {"Content-Length": 3, "Content-Type": "application/x-www-form-urlencoded"}
    with Line(impatient.port) as line:
        assert line.ask("POST", "/display/", form, b"a=b").answer().status == 403
    assert [line.answer().status for line in lines] == [408] * 60
    assert all(line.is_closed() for line in lines)
    for line in lines:
        line.socket.close()


def test_one_accounts_slow_files_keep_no_colleague_out(impatient: RoomServer) -> None:
    """The account's own oldest give way to its newest; whoever else sends a file is answered by the page."""
    lecturer, organiser = (RoleGrantFactory(role=role).user for role in (Role.LECTURER, Role.ORGANISER))

    sessions = {user.pk: sign_in(user) for user in (lecturer, organiser)}

    def send(user: User, size: int, *, whole: bool = False) -> Line:
        cookie = f"{settings.SESSION_COOKIE_NAME}={sessions[user.pk]}"
        headers = {"Content-Length": size, "Content-Type": "application/x-www-form-urlencoded", "Cookie": cookie}
        body = b"a=" + b"x" * (size - 2) if whole else b"a="
        return Line(impatient.port).ask("POST", "/admin/documents/add/", headers, body)

    slow = [send(lecturer, 30 * MIB) for _ in range(12)]
    assert [line.answer().status for line in slow[:4]] == [503] * 4
    with send(organiser, 100_000, whole=True) as line:
        assert line.answer().status == 403  # read to its end; Django then misses its token
    assert [line.answer().status for line in slow[4:]] == [408] * 8
    for line in slow:
        line.socket.close()
