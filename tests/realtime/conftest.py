"""A real web process (uvicorn, as in production) on the test's database, and phones as real sockets."""

import contextlib
import json
import os
import secrets
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings
from django.contrib.auth import BACKEND_SESSION_KEY, HASH_SESSION_KEY, SESSION_KEY
from django.contrib.sessions.backends.db import SessionStore
from django.db import connection
from pytest_django import DjangoDbBlocker
from websockets.exceptions import ConnectionClosed
from websockets.sync.client import ClientConnection, connect

from attendance.models import WorkerLease
from config.models import Mark
from live.models import Lecture
from live.permissions import expects, may_host
from live.room import tickets
from organizations.models import User
from tests.services import free_port

METRICS_TOKEN = "m" * 40
PATIENCE_S = 120.0  # for what has to come, on a machine that other tests keep busy
STARTS_S = 240.0  # a process that reads the whole program
GAUGES = {"live_phones", "live_presence_unwritten", "live_database_steps"}
BASE_DIR = Path(__file__).resolve().parent.parent.parent
UVICORN = [
    *("--ws", "websockets-sansio", "--ws-per-message-deflate", "false", "--ws-max-size", "81920"),
    *("--lifespan", "on", "--log-level", "warning", "--no-proxy-headers"),
]


@dataclass
class RoomServer:
    """One running web process."""

    port: int
    process: "subprocess.Popen[bytes]"
    log: Path
    phones: list["Phone"] = field(default_factory=list)

    @property
    def origin(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def path(self, lecture: Lecture, ticket: str) -> str:
        return f"ws://127.0.0.1:{self.port}/ws/live/{lecture.pk}/?ticket={ticket}"

    def dial(self, path: str, headers: dict[str, str]) -> ClientConnection:
        """Open a socket as a page of this site does, and leave it open."""
        return connect(
            path, origin=self.origin, additional_headers=headers, compression=None, legacy=True, open_timeout=PATIENCE_S
        )

    def join(
        self, user: User, lecture: Lecture, *, device: str = "", wait: bool = True, session_key: str = ""
    ) -> "Phone":
        """Connect a phone of ``user`` as the page does; with ``wait``, up to its ``joined``.

        ``session_key``: of a sign-in made before; else the phone signs in anew.
        """
        key = session_key or sign_in(user)
        ticket = ticket_for(user, lecture, device=device or secrets.token_hex(16), session_key=key)
        headers = {"Cookie": f"{settings.SESSION_COOKIE_NAME}={key}"}
        phone = Phone(self.dial(self.path(lecture, ticket), headers), user)
        self.phones.append(phone)
        if wait:
            phone.until("joined")
        return phone

    def is_quiet(self) -> bool:
        """Nobody is in a room, and nothing waits for the database or is on its way there."""
        return not any(self.gauges().values())

    def gauges(self) -> dict[str, float]:
        """How many phones are here, and what waits."""
        headers = {"Authorization": f"Bearer {METRICS_TOKEN}"}
        asking = urllib.request.Request(f"http://127.0.0.1:{self.port}/metrics", headers=headers)
        with urllib.request.urlopen(asking, timeout=PATIENCE_S) as answer:
            lines = answer.read().decode().splitlines()
        values = dict(line.rsplit(" ", 1) for line in lines if line.startswith("live_"))
        return {name: float(values[name]) for name in GAUGES}

    def dismiss(self) -> None:
        """Hang up every phone and end the process."""
        for phone in self.phones:
            if self.process.poll() is not None:
                phone.drop()
            with contextlib.suppress(OSError, ConnectionClosed):
                phone.close()
        self.stop()

    def kill(self) -> None:
        self.process.kill()
        self.process.wait()

    def stop(self) -> None:
        self.process.send_signal(signal.SIGTERM)
        try:
            self.process.wait(60)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()


def sign_in(user: User) -> str:
    """Sign a browser in, as the sign-in page does; return the key of its session."""
    session = SessionStore()
    session[SESSION_KEY] = str(user.pk)
    session[BACKEND_SESSION_KEY] = settings.AUTHENTICATION_BACKENDS[0]
    session[HASH_SESSION_KEY] = user.get_session_auth_hash()
    session.create()
    return session.session_key or ""


def ticket_for(user: User, lecture: Lecture, *, device: str, session_key: str) -> str:
    ticket = tickets.Ticket(
        occasion=lecture.pk,
        member=user.pk,
        device=device,
        host=may_host(user, lecture),
        counted=expects(lecture.occasion, user.pk),
    )
    return tickets.make(ticket, session_key=session_key)


@dataclass
class Phone:
    """One device in a room, with all that it heard."""

    socket: ClientConnection
    user: User
    frames: list[dict[str, Any]] = field(default_factory=list)

    def send(self, **frame: Any) -> None:
        self.socket.send(json.dumps(frame))

    def raw(self, message: str | bytes) -> None:
        self.socket.send(message)

    def recv(self, timeout: float = PATIENCE_S) -> dict[str, Any]:
        frame = json.loads(self.socket.recv(timeout=timeout))
        self.frames.append(frame)
        return frame

    def until(self, word: str, *, timeout: float = PATIENCE_S) -> dict[str, Any]:
        """Read up to the next frame with this ``t`` (or this error's code)."""
        deadline = time.monotonic() + timeout
        while True:
            frame = self.recv(timeout=max(0.01, deadline - time.monotonic()))
            if frame.get("t") == word or frame.get("error") == word:
                return frame

    def event(self, word: str, *, timeout: float = PATIENCE_S) -> dict[str, Any]:
        """Read up to the next event with this ``t``, in whatever tick it comes."""
        deadline = time.monotonic() + timeout
        while True:
            frame = self.recv(timeout=max(0.01, deadline - time.monotonic()))
            for event in frame.get("events", []):
                if event["t"] == word:
                    return event  # type: ignore[no-any-return]

    def until_state(self, state: str) -> None:
        """Read until the lecture is in this state: one may be told twice, by its event and by the next look."""
        while self.event("state")["state"] != state:
            continue

    def closed(self, *, timeout: float = PATIENCE_S) -> int:
        """Read to the end; return the close code."""
        deadline = time.monotonic() + timeout
        try:
            while True:
                self.recv(timeout=max(0.01, deadline - time.monotonic()))
        except ConnectionClosed as error:
            return error.rcvd.code if error.rcvd else 1006

    def close(self) -> None:
        self.socket.close()

    def drop(self) -> None:
        """The line is cut: nobody is left to say goodbye to."""
        with contextlib.suppress(OSError):
            self.socket.socket.shutdown(socket.SHUT_RDWR)


def database_url() -> str:
    """The address of the database that this test uses."""
    facts = connection.settings_dict
    if connection.vendor == "sqlite":
        return f"sqlite:///{facts['NAME']}"
    return f"postgres://{facts['USER']}@{facts['HOST']}:{facts['PORT']}/{facts['NAME']}"


def start(folder: Path, *, prefix: Sequence[str] = (), **extra: str) -> RoomServer:
    """Start a web process; it answers a little later. ``prefix``: a command that becomes it."""
    port = free_port()
    environment = {
        **{key: value for key, value in os.environ.items() if not key.startswith("PYTEST")},
        "DEBUG": "1",
        "METRICS_TOKEN": METRICS_TOKEN,
        "SECRET_KEY": settings.SECRET_KEY,
        "PHONE_KEY": settings.PHONE_KEY,
        "DATABASE_URL": database_url(),
        "VAR_DIR": str(folder),
        "PORT": str(port),
        "SITE_URL": f"http://127.0.0.1:{port}",
        **extra,
    }
    log = folder / f"web-{port}.log"
    command = [*prefix, sys.executable, "-m", "uvicorn", "config.asgi:application", "--port", str(port), *UVICORN]
    with log.open("wb") as handle:
        process = subprocess.Popen(command, cwd=BASE_DIR, env=environment, stdout=handle, stderr=handle)
    return RoomServer(port, process, log)


@contextlib.contextmanager
def serving(folder: Path, *, prefix: Sequence[str] = (), **extra: str) -> Iterator[RoomServer]:
    """Run a web process until the end of the block."""
    server = start(folder, prefix=prefix, **extra)
    try:
        wait_until(lambda: answers(server.port, server.process, server.log), timeout=STARTS_S)
        yield server
    finally:
        server.dismiss()


@contextlib.contextmanager
def serving_two(folder: Path) -> Iterator[tuple[RoomServer, RoomServer]]:
    """Run two web processes on one database."""
    (folder / "two").mkdir()
    two = start(folder / "two")
    try:
        with serving(folder) as one:
            wait_until(lambda: answers(two.port, two.process, two.log), timeout=STARTS_S)
            yield one, two
    finally:
        two.dismiss()


def answers(port: int, process: "subprocess.Popen[bytes]", log: Path) -> bool:
    if process.poll() is not None:
        raise AssertionError(f"the server ended:\n{log.read_text()[-4000:]}")
    with contextlib.suppress(OSError), urllib.request.urlopen(f"http://127.0.0.1:{port}/healthz", timeout=30) as answer:
        return answer.status == 200
    return False


def wait_until(true: Callable[[], Any], *, timeout: float = PATIENCE_S) -> Any:
    """Return what ``true`` answers as soon as that is true."""
    deadline = time.monotonic() + timeout
    while True:
        answer = true()
        if answer:
            return answer
        assert time.monotonic() < deadline, "it did not happen"
        time.sleep(0.05)


class Shared:
    """One web process for all tests that ask for none of their own: starting one takes 3.5 s of a processor."""

    def __init__(self, folders: pytest.TempPathFactory, blocker: DjangoDbBlocker) -> None:
        self._folders, self._blocker = folders, blocker
        self._held = contextlib.ExitStack()
        self._server: RoomServer | None = None

    def server(self) -> RoomServer:
        """The running one, started now if need be."""
        if self._server is None:
            self._server = self._held.enter_context(serving(self._folders.mktemp("web")))
        return self._server

    def end(self) -> None:
        """End it: it leaves neither lease nor mark behind for those that come after.

        It outlives the emptying of the tables after the last test, finds its lease gone and takes a new one, as it
        should.
        """
        if self._server is None:
            return
        self._server = None
        self._held.close()
        with self._blocker.unblock():
            WorkerLease.objects.all().delete()
            Mark.objects.all().delete()


@pytest.fixture(scope="package")
def shared(
    django_db_setup: None, django_db_blocker: DjangoDbBlocker, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Shared]:
    one = Shared(tmp_path_factory, django_db_blocker)
    yield one
    one.end()


@pytest.fixture(autouse=True)
def no_other_server(request: pytest.FixtureRequest) -> None:
    """Who starts a process of its own, or none, shares the database with no other."""
    if "server" not in request.fixturenames and request.node.get_closest_marker("django_db") is not None:
        request.getfixturevalue("shared").end()


@pytest.fixture
def server(shared: Shared, transactional_db: None) -> Iterator[RoomServer]:
    """The web process of all; after a test all its phones are gone, all is stored, and no traceback was written."""
    one = shared.server()
    before = one.log.stat().st_size
    yield one
    for phone in one.phones:
        phone.close()
    one.phones.clear()
    # Whoever still wrote would meet the emptying of the tables.
    wait_until(one.is_quiet)
    assert "Traceback" not in one.log.read_bytes()[before:].decode()
