"""A room of many real sockets on a real uvicorn, ours or the peer's; what it costs is read from /proc."""

from tests.databases import migrate, sqlite_copy  # isort: skip - before Django is set up

import asyncio
import base64
import os
import secrets
import shutil
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

from tests import services
from tests.services import free_port

BASE_DIR = Path(__file__).resolve().parent.parent
TICKS = os.sysconf("SC_CLK_TCK")
TEXT, PING, PONG = 1, 9, 10


@dataclass
class Stage:
    """One server with the paths and cookies of its members."""

    pid: int
    port: int
    phones: list[tuple[str, str]]

    def cpu_s(self) -> float:
        fields = Path(f"/proc/{self.pid}/stat").read_text().rsplit(")", 1)[1].split()
        return (int(fields[11]) + int(fields[12])) / TICKS

    def rss_kib(self) -> int:
        text = Path(f"/proc/{self.pid}/status").read_text()
        return int(text.partition("VmRSS:")[2].split()[0])


class Phone(asyncio.Protocol):
    """A socket that counts what comes and looks at nothing: its cost stays out of the figures."""

    def __init__(self, host: str, path: str, cookie: str) -> None:
        self.head = f"GET {path} HTTP/1.1\r\nHost: {host}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
        self.head += "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"
        self.head += f"Origin: http://{host}\r\nCookie: {cookie}\r\n\r\n"
        self.joined: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self.frames = 0
        self.buffer = b""
        self.open = False
        self.listener: Callable[[bytes], None] | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = transport
        transport.write(self.head.encode())  # type: ignore[attr-defined]

    def connection_lost(self, error: Exception | None) -> None:
        if not self.joined.done():
            self.joined.set_exception(ConnectionError("closed before it joined"))

    def data_received(self, data: bytes) -> None:
        self.buffer += data
        if not self.open:
            _head, found, rest = self.buffer.partition(b"\r\n\r\n")
            if not found:
                return
            self.open, self.buffer = True, rest
        while len(self.buffer) >= 2:
            size, start = self.buffer[1] & 127, 2
            if size == 126:
                size, start = int.from_bytes(self.buffer[2:4], "big"), 4
            if len(self.buffer) < start + size:
                return
            opcode, text = self.buffer[0] & 15, self.buffer[start : start + size]
            self.buffer = self.buffer[start + size :]
            if opcode == PING:
                self.send(PONG, text)
                continue
            self.frames += 1
            if self.listener is not None:
                self.listener(text)
            if b'"joined"' in text and not self.joined.done():
                self.joined.set_result(None)

    def say(self, text: str) -> None:
        self.send(TEXT, text.encode())

    def send(self, opcode: int, data: bytes) -> None:
        size = bytes([0x80 | len(data)]) if len(data) < 126 else bytes([0xFE]) + len(data).to_bytes(2, "big")
        # A mask of zeroes is a mask: what is measured is the server.
        self.transport.write(bytes([0x80 | opcode]) + size + bytes(4) + data)  # type: ignore[attr-defined]


APPS = {
    "ours": "config.asgi:application",
    "peer": "bench._room_peer:application",
    "alone": "bench._chat_peer:application",
    "hop": "bench._room_variants:application",
    "tasks": "bench._room_variants:application",
    "before": "config.asgi:application",
}


@contextmanager
def stage(kind: str, members: int, *, database: str = "sqlite") -> Iterator[Stage]:
    """Start one of ``APPS`` as in production, without DEBUG, on a fresh database with a live lecture and ``members``
    signed-in people. ``postgresql``: durable, with Redis as the bus."""
    port = free_port()
    with ExitStack() as stack:
        folder = Path(stack.enter_context(TemporaryDirectory(prefix="classroom-bench-")))
        environment = {
            **os.environ,
            **stack.enter_context(_store(database, folder)),
            "VAR_DIR": str(folder / "var"),
            "DEBUG": "0",
            "SECRET_KEY": secrets.token_urlsafe(50),
            "PHONE_KEY": base64.urlsafe_b64encode(os.urandom(32)).decode(),
            "LOG_LEVEL": "WARNING",
            "PORT": str(port),
            "SITE_URL": f"http://127.0.0.1:{port}",
            "ROOM_VARIANT": kind,
        }
        # Another checkout (``git worktree add``), to be compared with this one on the same machine at the same time.
        folder_of_server = Path(os.environ["BENCH_BEFORE"]) if kind == "before" else BASE_DIR
        prepare = [sys.executable, "-m", "bench._room_people", str(members)]
        lines = subprocess.run(prepare, cwd=BASE_DIR, env=environment, check=True, stdout=subprocess.PIPE, text=True)
        phones = [(line.split()[0], line.split()[1]) for line in lines.stdout.splitlines() if line.startswith("/ws/")]
        command = [sys.executable, "-m", "uvicorn", APPS[kind], "--port", str(port), "--log-level", "error"]
        command += ["--ws", "websockets-sansio", "--ws-per-message-deflate", "false", "--ws-max-size", "81920"]
        server = subprocess.Popen(command, cwd=folder_of_server, env=environment, stdout=subprocess.DEVNULL)
        try:
            _wait(port)
            yield Stage(server.pid, port, phones)
        finally:
            server.terminate()
            server.wait(30)


@contextmanager
def _store(database: str, folder: Path) -> Iterator[dict[str, str]]:
    """Yield the addresses of a migrated database and, beside PostgreSQL, of Redis."""
    if database == "sqlite":
        path = sqlite_copy("bench")
        try:
            yield {"DATABASE_URL": f"sqlite:///{path}", "REDIS_URL": ""}
        finally:
            shutil.rmtree(path.parent, ignore_errors=True)
        return
    with services.postgres(folder, durable=True) as url, services.redis(folder) as bus:
        migrate(url)
        yield {"DATABASE_URL": url, "REDIS_URL": bus}


def _wait(port: int) -> None:
    deadline = time.monotonic() + 180
    while time.monotonic() < deadline:
        with suppress(OSError), urllib.request.urlopen(f"http://127.0.0.1:{port}/healthz", timeout=2):
            return
        time.sleep(0.1)
    raise RuntimeError("the server did not start")


async def join_all(stage: Stage, *, at_once: int = 100) -> list[Phone]:
    """Join everybody, ``at_once`` at a time; returns when all have been acknowledged."""
    loop, host = asyncio.get_running_loop(), f"127.0.0.1:{stage.port}"
    limit = asyncio.Semaphore(at_once)

    async def one(path: str, cookie: str) -> Phone:
        async with limit:
            _, phone = await loop.create_connection(lambda: Phone(host, path, cookie), "127.0.0.1", stage.port)
            await asyncio.wait_for(phone.joined, 120)
            return phone

    return list(await asyncio.gather(*(one(*phone) for phone in stage.phones)))


def nonce() -> str:
    return base64.b32encode(os.urandom(5)).decode()


@dataclass(frozen=True)
class Joins:
    """``per_core_s``: joins a second of processor time of the server; ``per_s``: a second of the clock."""

    per_core_s: float
    per_s: float
    kib_a_socket: float


def measure_joins(kind: str, members: int) -> Joins:
    async def run(one: Stage) -> Joins:
        rss, cpu, began = one.rss_kib(), one.cpu_s(), time.perf_counter()
        phones = await join_all(one)
        took, spent = time.perf_counter() - began, one.cpu_s() - cpu
        await asyncio.sleep(1)
        kib = (one.rss_kib() - rss) / len(phones)
        for phone in phones:
            phone.transport.close()
        return Joins(len(phones) / spent, len(phones) / took, kib)

    with stage(kind, members) as one:
        return asyncio.run(run(one))
