"""A whole site on servers of its own, which a test stops, freezes and starts again under it."""

import contextlib
import http.client
import os
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from django.contrib.contenttypes.models import ContentType
from django.db import connection

from tests.databases import schema_hash
from tests.services import as_user, postgres, redis, wait_for_port

DATABASE = "site"


@dataclass
class Server:
    """A server process of the tests: what it was started with, so that it can be started again."""

    port: int
    pid: int
    user: str | None = None
    again: "subprocess.Popen[bytes] | None" = None
    command: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        if not self.command:
            words = Path(f"/proc/{self.pid}/cmdline").read_bytes().split(b"\0")
            self.command = [word.decode() for word in words if word]

    def family(self) -> list[int]:
        """The process and its children: PostgreSQL has one for each connection."""
        found = [self.pid]
        for stat in Path("/proc").glob("[0-9]*/stat"):
            with contextlib.suppress(OSError):
                if int(stat.read_text().rsplit(")", 1)[1].split()[1]) == self.pid:
                    found.append(int(stat.parent.name))
        return found

    def freeze(self) -> None:
        """It keeps its connections, takes new ones, and answers nobody."""
        for pid in self.family():
            with contextlib.suppress(ProcessLookupError):  # a connection that has just ended
                os.kill(pid, signal.SIGSTOP)

    def thaw(self) -> None:
        for pid in reversed(self.family()):
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGCONT)

    def stop(self) -> None:
        """At once, as when the machine is switched off."""
        os.kill(self.pid, signal.SIGQUIT if self.user else signal.SIGKILL)
        deadline = time.monotonic() + 90
        while time.monotonic() < deadline:
            try:
                socket.create_connection(("127.0.0.1", self.port), 1).close()
            except ConnectionRefusedError:
                return
            time.sleep(0.05)
        raise AssertionError("it did not stop")

    def start(self) -> None:
        if self.again is not None:
            self.again.wait(90)
        quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL, "cwd": "/"}
        self.again = subprocess.Popen([*as_user(self.user), *self.command], **quiet)  # type: ignore[call-overload]
        wait_for_port(self.port, self.again)
        self.pid = self.again.pid
        connection.close()  # this process's own was to the server that was stopped

    def end(self) -> None:
        """Whatever a test did to it: nothing is left."""
        with contextlib.suppress(ProcessLookupError):
            self.thaw()
        if self.again is not None:
            self.again.send_signal(signal.SIGINT)
            self.again.wait(90)


@contextlib.contextmanager
def servers() -> Iterator[tuple[Server, Server]]:
    """A PostgreSQL with the migrated database ``site``, and a Redis."""
    with contextlib.ExitStack() as stack:
        # Not pytest's own folders, which PostgreSQL's user may not enter.
        names = [stack.enter_context(tempfile.TemporaryDirectory(prefix="classroom-")) for _one in range(2)]
        database_url = stack.enter_context(postgres(Path(names[0])))
        redis_url = stack.enter_context(redis(Path(names[1])))
        pid = int((Path(names[0]) / "pg" / "postmaster.pid").read_text().split()[0])
        database = Server(_port(database_url), pid, user="postgres" if os.geteuid() == 0 else None)
        port = _port(redis_url)  # what it was started with it hides behind a title of its own
        command = ["redis-server", "--port", str(port), "--bind", "127.0.0.1", "--save", "", "--dir", names[1]]
        cache = Server(port, _listener(redis_url), command=command)
        _copy_template(database.port)
        try:
            yield database, cache
        finally:
            database.end()
            cache.end()


def _port(url: str) -> int:
    return int(url.rsplit(":", 1)[1].split("/")[0])


def _listener(redis_url: str) -> int:
    with socket.create_connection(("127.0.0.1", _port(redis_url)), 5) as line:
        line.sendall(b"INFO server\r\n")
        text = line.recv(8192).decode()
    return int(text.split("process_id:")[1].split()[0])


def _copy_template(port: int) -> None:
    """What the tests' own server holds as its template; migrating once more would take a minute."""
    tools = sorted(Path("/usr/lib/postgresql").glob("*/bin"), key=lambda path: int(path.parent.name))
    found = str(tools[-1]) if tools else str(Path(shutil.which("pg_dump") or "/missing").parent)
    facts = connection.settings_dict
    source = [f"--host={facts['HOST']}", f"--port={facts['PORT']}", f"--username={facts['USER']}"]
    target = ["--host=127.0.0.1", f"--port={port}", "--username=test", "--no-psqlrc", "--quiet"]
    psql = [f"{found}/psql", *target, "--set=ON_ERROR_STOP=1"]
    deadline = time.monotonic() + 120
    while subprocess.run([*psql, "-c", f"CREATE DATABASE {DATABASE}", "postgres"], capture_output=True).returncode:
        assert time.monotonic() < deadline  # it listens before it is ready
        time.sleep(0.2)
    dump = [f"{found}/pg_dump", *source, "--no-owner", f"template_{schema_hash()}"]
    text = subprocess.run(dump, check=True, capture_output=True).stdout
    subprocess.run([*psql, DATABASE], check=True, input=text, capture_output=True)


@contextlib.contextmanager
def pointed_at(port: int) -> Iterator[None]:
    """Let this process's own connection be the site's database, to put people into it."""
    facts = connection.settings_dict
    before = {key: facts[key] for key in ("HOST", "PORT", "NAME", "USER")}
    connection.close()
    facts.update(HOST="127.0.0.1", PORT=port, NAME=DATABASE, USER="test")
    ContentType.objects.clear_cache()  # their ids are that database's
    try:
        yield
    finally:
        connection.close()
        facts.update(before)
        ContentType.objects.clear_cache()


@dataclass(frozen=True)
class Answer:
    """What one request got, and in how many seconds."""

    path: str
    status: int
    took_s: float
    headers: dict[str, str]
    body: str


def ask(port: int, method: str, path: str, headers: dict[str, str], body: bytes = b"") -> Answer:
    began = time.monotonic()
    line = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
    try:
        line.request(method, path, body=body or None, headers=headers)
        got = line.getresponse()
        text = got.read().decode(errors="replace")
    finally:
        line.close()
    named = {name.lower(): value for name, value in got.getheaders()}
    return Answer(path, got.status, time.monotonic() - began, named, text)
