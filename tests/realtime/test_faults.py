"""What the room promises when something breaks: a killed process, a silent phone, a phone that does not read."""

import contextlib
import datetime as dt
import json
import secrets
import socket
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings
from django.utils import timezone
from websockets.exceptions import ConnectionClosed

from attendance.models import PresenceSpan, WorkerLease
from attendance.operations import reap_leases
from live import operations
from live.models import ChatMessage
from tests.factories.live import make_live
from tests.factories.organizations import County, make_county
from tests.faults.promises import measured
from tests.realtime.conftest import RoomServer, serving, serving_two, sign_in, ticket_for, wait_until

pytestmark = [pytest.mark.realtime, pytest.mark.django_db(transaction=True)]
SLACK = dt.timedelta(seconds=0.5)  # between two processes' clocks


@pytest.fixture
def world(transactional_db: None) -> County:
    return make_county()


@pytest.fixture
def impatient(world: County, tmp_path: Path) -> Iterator[RoomServer]:
    """A process that takes a phone for gone after 6 s of silence."""
    with serving(tmp_path, LIVE_SILENCE_S="6") as server:
        yield server


def seconds(begin: dt.datetime, end: dt.datetime | None) -> float:
    assert end is not None
    return (end - begin).total_seconds()


@pytest.mark.faults
def test_killed_process_loses_no_acknowledged_presence(world: County, tmp_path: Path) -> None:
    lecture = make_live(world)
    with serving(tmp_path) as server:
        for member in world.members:
            server.join(member, lecture)
        time.sleep(1)
        server.kill()
        killed_at = timezone.now()
    spans = list(PresenceSpan.objects.order_by("pk"))
    assert {span.member_id for span in spans} == {member.pk for member in world.members}
    assert [span.ended_at for span in spans] == [None] * 3
    reap_leases(as_of=killed_at + dt.timedelta(seconds=30))
    lease = WorkerLease.objects.get()
    off = 0.0
    for span in PresenceSpan.objects.all():
        assert span.end_reason == "worker_lost"
        assert span.ended_at in {lease.beat_at, span.started_at}
        off = max(off, abs(seconds(killed_at, span.ended_at)))
    promised = "presence ends when the process was last alive"
    assert measured("web process killed for good", promised, off, unit="s", most=6, waited=True)


def test_process_holds_a_lease_from_its_start_to_its_end(world: County, tmp_path: Path) -> None:
    """Nobody is in a room: the site is there all the same, and its absence is known."""
    began = timezone.now()
    with serving(tmp_path) as server:
        lease = WorkerLease.objects.get()
        assert began < lease.started_at < timezone.now()
        wait_until(lambda: WorkerLease.objects.get().beat_at > lease.beat_at)
        before = timezone.now()
        server.stop()
    assert before - SLACK < WorkerLease.objects.get().ended_at < timezone.now()  # type: ignore[operator]


def test_killed_idle_process_is_away_until_the_next_starts(world: County, tmp_path: Path) -> None:
    with serving(tmp_path) as server:
        server.kill()
    (tmp_path / "next").mkdir()
    with serving(tmp_path / "next"):
        first, second = WorkerLease.objects.order_by("pk")
        assert first.beat_at < second.started_at


def test_stopped_process_ends_every_presence_now(world: County, tmp_path: Path) -> None:
    lecture = make_live(world)
    with serving(tmp_path) as server:
        phone = server.join(world.member, lecture)
        time.sleep(1)
        before = timezone.now()
        server.stop()
        assert phone.closed() == 1012
    span = PresenceSpan.objects.get()
    assert span.ended_at is not None
    assert before - SLACK < span.ended_at < timezone.now()
    assert WorkerLease.objects.get().ended_at is not None


def test_two_processes_hear_of_each_other(world: County, tmp_path: Path) -> None:
    """Over Redis at once, without it within a look at the database; nothing twice."""
    lecture = make_live(world)
    with serving_two(tmp_path) as (one, two):
        speaker, listener = one.join(world.members[0], lecture), two.join(world.members[1], lecture)
        speaker.send(t="chat", id="a", text="那边听得到吗？")
        assert listener.event("chat")["text"] == "那边听得到吗？"
        operations.end_lecture(occasion_id=lecture.pk, as_of=timezone.now())
        speaker.until_state("ended")
        listener.until_state("ended")
    chats = [event for frame in listener.frames for event in frame.get("events", []) if event["t"] == "chat"]
    assert len(chats) == 1


def test_what_another_process_muted_is_known_at_the_door_and_in_the_room(world: County, tmp_path: Path) -> None:
    """Also with nothing between the processes: before the first guest comes, and while somebody sits there."""
    lecture = make_live(world)
    first, second = world.members[:2]
    facts: dict[str, Any] = {"occasion_id": lecture.pk, "kind": "muted", "actor_id": world.lecturer.pk}
    operations.restrict(member_id=first.pk, as_of=timezone.now(), **facts)
    with serving(tmp_path, REDIS_URL="") as server:
        assert server.join(first, lecture, wait=False).until("joined")["muted"] is True
        sitting = server.join(second, lecture, wait=False)
        assert sitting.until("joined")["muted"] is False
        operations.restrict(member_id=second.pk, as_of=timezone.now(), **facts)
        heard = sitting.event("muted")
        assert (heard["member"], heard["on"]) == (second.pk, True)
        assert server.join(second, lecture, wait=False).until("joined")["muted"] is True


def test_silent_phone_ends_when_it_was_last_heard(impatient: RoomServer, world: County) -> None:
    lecture = make_live(world)
    silent, beating = impatient.join(world.members[0], lecture), impatient.join(world.members[1], lecture)
    began = timezone.now()
    is_over = threading.Event()

    def beat() -> None:
        while not is_over.wait(0.5):
            beating.send(t="beat")

    with ThreadPoolExecutor(1) as pool:
        going = pool.submit(beat)
        try:
            assert silent.until("bye")["reason"] == "silent"
            assert silent.closed() == 4408
        finally:
            is_over.set()
        going.result()
    span = wait_until(lambda: PresenceSpan.objects.filter(member=world.members[0]).exclude(ended_at=None).first())
    assert (span.end_reason, seconds(began, span.ended_at) < 1) == ("silent", True)
    assert PresenceSpan.objects.get(member=world.members[1]).ended_at is None


def test_full_process_says_come_back_later(world: County, tmp_path: Path) -> None:
    lecture = make_live(world)
    with serving(tmp_path, LIVE_MAX_SOCKETS="3") as server:
        for member in world.members:
            server.join(member, lecture)
        fourth = server.join(world.secretary, lecture, wait=False)
        assert fourth.closed() == 1013


def _deaf_phone(server: RoomServer, path: str, session_key: str) -> socket.socket:
    """A phone that opens its socket, and then never reads: a tiny receive buffer makes it count soon."""
    raw = socket.socket()
    raw.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 2048)
    raw.connect(("127.0.0.1", server.port))
    key = "dGhlIHNhbXBsZSBub25jZQ=="
    head = [f"GET {path} HTTP/1.1", f"Host: 127.0.0.1:{server.port}", "Upgrade: websocket", "Connection: Upgrade"]
    head += [f"Sec-WebSocket-Key: {key}", "Sec-WebSocket-Version: 13", f"Origin: {server.origin}"]
    head += [f"Cookie: {settings.SESSION_COOKIE_NAME}={session_key}", "", ""]
    raw.sendall("\r\n".join(head).encode())
    return raw


def test_phone_that_does_not_read_slows_nobody(world: County, tmp_path: Path) -> None:
    lecture = make_live(world)
    with serving(tmp_path) as server:
        session_key = sign_in(world.members[2])
        ticket = ticket_for(world.members[2], lecture, device="d" * 32, session_key=session_key)
        deaf = _deaf_phone(server, f"/ws/live/{lecture.pk}/?ticket={ticket}", session_key)
        listener = server.join(world.members[1], lecture)
        speakers = [server.join(world.members[0], lecture) for _ in range(4)]
        delays = []
        for number in range(16):
            speaker = speakers[number % 4]
            text = "水" * 480 + secrets.token_hex(4)
            began = time.monotonic()
            speaker.send(t="chat", id=f"long-{number}", text=text)
            while listener.event("chat")["text"] != text:
                pass
            delays.append(time.monotonic() - began)
            time.sleep(0.1)
        # A room that waited for it would do so until it is given up: 45 s (live/room/rooms.py).
        assert max(delays) < 20
        deaf.close()
        server.kill()  # its polite end would wait for the deaf phone
    assert ChatMessage.objects.count() == 16


def test_chat_is_kept_through_a_lost_line(world: County, tmp_path: Path) -> None:
    """The phone sends, the process dies before the answer comes; sent again elsewhere, it is stored once."""
    lecture = make_live(world)
    with serving_two(tmp_path) as (one, two):
        phone = one.join(world.member, lecture)
        phone.send(t="chat", id="kept", text="先发一次")
        time.sleep(0.3)
        one.kill()
        with contextlib.suppress(ConnectionClosed, TimeoutError, json.JSONDecodeError):
            phone.recv(timeout=1)
        again = two.join(world.member, lecture)
        again.send(t="chat", id="kept", text="先发一次")
        assert again.until("ack")["id"] == "kept"
    assert ChatMessage.objects.count() == 1
