"""A room of many real sockets on a real uvicorn, ours or the peer's; what it costs is read from /proc."""

from tests.databases import migrate, sqlite_copy  # isort: skip - before Django is set up

import asyncio
import base64
import os
import resource
import secrets
import shutil
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory

from tests import services
from tests.services import free_port

BASE_DIR = Path(__file__).resolve().parent.parent
TICKS = os.sysconf("SC_CLK_TCK")
TEXT, CLOSE, PING, PONG = 1, 8, 9, 10
TICK = b'{"t":"tick","seq":'
TICK_AT_LATEST_S = 7.0  # also where nobody says anything


@dataclass
class Stage:
    """One server with the paths and cookies of its members; ``greets``: it says so when somebody has joined.

    ``site``: the address that browsers know it by, if that is not its own.
    """

    pid: int
    port: int
    phones: list[tuple[str, str]]
    greets: bool = True
    database_url: str = ""
    site: str = ""

    def family(self) -> list[int]:
        """The server's process and its workers."""
        children = Path(f"/proc/{self.pid}/task/{self.pid}/children").read_text().split()
        return [self.pid, *map(int, children)]

    def cpu_s(self) -> float:
        """Processor seconds of the server and of its workers."""
        return sum(map(_cpu_s, self.family()))

    def own_kib(self) -> int:
        """Memory of the server and of its workers; what they share is counted once."""
        texts = [Path(f"/proc/{pid}/smaps_rollup").read_text() for pid in self.family()]
        return sum(int(text.partition("\nPss:")[2].split()[0]) for text in texts)

    def rss_kib(self) -> int:
        text = Path(f"/proc/{self.pid}/status").read_text()
        return int(text.partition("VmRSS:")[2].split()[0])


def _cpu_s(pid: int) -> float:
    fields = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / TICKS


class Phone(asyncio.Protocol):
    """A socket that counts what comes and looks at nothing: its cost stays out of the figures.

    ``ticks``: of ``frames``, those that all in the room get; ``missed``: those of them that never came. ``code``: what
    the server closed it with, or the status that it answered instead of a socket; 0 if it said nothing.
    """

    def __init__(self, host: str, path: str, cookie: str, *, greeted: bool = True, scheme: str = "http") -> None:
        self.head = f"GET {path} HTTP/1.1\r\nHost: {host}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
        self.head += "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"
        self.head += f"Origin: {scheme}://{host}\r\nCookie: {cookie}\r\n\r\n"
        self.joined: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self.frames = self.ticks = self.missed = self.seq = 0
        self.greeted = greeted
        self.buffer = b""
        self.open = False
        self.code = 0
        self.listener: Callable[[bytes], None] | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = transport
        transport.write(self.head.encode())  # type: ignore[attr-defined]

    def connection_lost(self, error: Exception | None) -> None:
        if not self.joined.done():
            self.joined.set_exception(ConnectionError(f"closed before it joined: {self.code}"))

    def data_received(self, data: bytes) -> None:
        self.buffer += data
        if not self.open:
            head, found, rest = self.buffer.partition(b"\r\n\r\n")
            if not found:
                return
            if not head.startswith(b"HTTP/1.1 101"):
                self.code, self.buffer = int(head.split(maxsplit=2)[1]), b""
                self.transport.close()
                return
            self.open, self.buffer = True, rest
            if not self.greeted:
                self.joined.set_result(None)
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
            if opcode == CLOSE:
                self.code = int.from_bytes(text[:2], "big")
                self.transport.close()
                return
            self.frames += 1
            if text.startswith(TICK):
                self._count(int(text[len(TICK) : text.index(b",", len(TICK))]))
            if self.listener is not None:
                self.listener(text)
            if b'"joined"' in text and not self.joined.done():
                self.joined.set_result(None)

    def _count(self, seq: int) -> None:
        self.ticks += 1
        if self.seq and seq > self.seq:  # what is told to some alone has the number of the last one
            self.missed += seq - self.seq - 1
        self.seq = seq

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
def stage(kind: str, members: int, *, database: str = "sqlite", buffer: int = 0, workers: int = 1) -> Iterator[Stage]:
    """Start one of ``APPS`` as in production, without DEBUG, on a fresh database with a live lecture and ``members``
    signed-in people. ``postgresql``: durable, with Redis as the bus. ``buffer``: bytes that the kernel takes in for a
    socket that does not read, else what it likes."""
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
        command = [sys.executable, "-m", "uvicorn", APPS[kind], "--log-level", "error"]
        command += ["--ws", "websockets-sansio", "--ws-per-message-deflate", "false", "--ws-max-size", "81920"]
        door = stack.enter_context(_door(port, buffer)) if buffer else None
        command += ["--fd", str(door.fileno())] if door else ["--port", str(port)]
        keep = (door.fileno(),) if door else ()
        pid = stack.enter_context(serving(command, port, environment, folder=folder_of_server, keep=keep))
        yield Stage(pid, port, phones, database_url=environment["DATABASE_URL"])


@contextmanager
def serving(
    command: list[str], port: int, environment: dict[str, str], *, folder: Path = BASE_DIR, keep: tuple[int, ...] = ()
) -> Iterator[int]:
    """Yield the id of a server's process as soon as it answers, on the machine's last core; we keep the others."""
    cores = sorted(os.sched_getaffinity(0))
    server = subprocess.Popen(command, cwd=folder, env=environment, pass_fds=keep, stdout=subprocess.DEVNULL)
    try:
        os.sched_setaffinity(server.pid, cores[-1:])
        os.sched_setaffinity(0, cores[:-1] or cores)
        _wait(port, server)
        yield server.pid
    finally:
        os.sched_setaffinity(0, cores)
        server.terminate()
        try:
            server.wait(30)
        except subprocess.TimeoutExpired:
            server.kill()
            server.wait()


@contextmanager
def _door(port: int, buffer: int) -> Iterator[socket.socket]:
    with socket.socket() as door:
        door.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        door.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, buffer)  # what is accepted has it, too
        door.bind(("127.0.0.1", port))
        yield door


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


def _wait(port: int, server: "subprocess.Popen[bytes]") -> None:
    deadline = time.monotonic() + 180
    while time.monotonic() < deadline and server.poll() is None:
        try:
            urllib.request.urlopen(f"http://127.0.0.1:{port}/healthz", timeout=2).close()
        except urllib.error.HTTPError:
            return  # it answers
        except OSError:
            time.sleep(0.1)
        else:
            return
    raise RuntimeError("the server did not start")


def open_files(sockets: int) -> None:
    """Allow this process and its servers so many sockets; the machine may not."""
    _soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = sockets + 1000
    if wanted > hard != resource.RLIM_INFINITY:
        raise SystemExit(f"{sockets} sockets need more open files than this machine allows: ulimit -n {wanted}")
    resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))


async def join_all(
    stage: Stage,
    *,
    at_once: int = 100,
    narrow: int = 0,
    buffer: int = 0,
    on_join: Callable[[int], None] | None = None,
) -> list[Phone]:
    """Join everybody, ``at_once`` at a time; returns when all have been acknowledged.

    ``narrow``: of the first so many the kernel keeps ``buffer`` bytes unread. ``on_join`` hears the number of each who
    is in; whom the server then fails is left out.
    """
    loop = asyncio.get_running_loop()
    scheme, _sep, host = (stage.site or f"http://127.0.0.1:{stage.port}").partition("://")
    limit = asyncio.Semaphore(at_once)

    async def one(number: int, path: str, cookie: str) -> Phone:
        line = socket.socket()
        line.setblocking(False)
        if number < narrow:
            line.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, buffer)
        async with limit:
            await loop.sock_connect(line, ("127.0.0.1", stage.port))
            made = partial(Phone, host, path, cookie, greeted=stage.greets, scheme=scheme)
            _, phone = await loop.create_connection(made, sock=line)
            await asyncio.wait_for(phone.joined, 120)
            if on_join:
                on_join(number)
            return phone

    everybody = (one(number, *phone) for number, phone in enumerate(stage.phones))
    came = await asyncio.gather(*everybody, return_exceptions=on_join is not None)
    return [phone for phone in came if isinstance(phone, Phone)]


def nonce() -> str:
    return base64.b32encode(os.urandom(5)).decode()


@dataclass(frozen=True)
class Joins:
    """``per_core_s``: joins a second of processor time of the server; ``per_s``: a second of the clock.

    ``hear``: how many got a frame that all get, afterwards.
    """

    per_core_s: float
    per_s: float
    kib_a_socket: float
    hear: int


def measure_joins(kind: str, members: int) -> Joins:
    async def run(one: Stage) -> Joins:
        rss, cpu, began = one.rss_kib(), one.cpu_s(), time.perf_counter()
        phones = await join_all(one)
        took, spent = time.perf_counter() - began, max(one.cpu_s() - cpu, 1 / TICKS)
        for phone in phones:
            phone.ticks = 0
        await asyncio.sleep(TICK_AT_LATEST_S)
        kib = (one.rss_kib() - rss) / len(phones)
        for phone in phones:
            phone.transport.close()
        return Joins(len(phones) / spent, len(phones) / took, kib, sum(phone.ticks > 0 for phone in phones))

    open_files(members)
    with stage(kind, members) as one:
        return asyncio.run(run(one))
