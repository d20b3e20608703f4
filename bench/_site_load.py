"""A site as it is installed, under load: nginx with TLS, pages, sockets, a worker, durable PostgreSQL, Redis.

Who asks runs on the same machine, at its cost: ``used`` says how much of it each part took.
"""

import asyncio
import contextlib
import os
import random
import re
import ssl
import subprocess
import sys
import time
from collections import Counter
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory

from bench._room_load import BASE_DIR, TICKS, Phone
from tests import services
from tests.databases import migrate
from tests.front.site import Front, front_site

SHOWN = ("/", "/me/", "/courses/", "/me/notices/")
MOST = 64  # pages that are let in at once: two servers with max_conns=32 each, here one with both their processes
PATIENCE_S = 60.0
PARTS = {
    "nginx": "nginx", "granian": "pages", "uvicorn": "sockets", "celery": "worker", "postgres": "PostgreSQL",
    "redis-server": "Redis",
}  # fmt: skip


@dataclass
class Seen:
    """Milliseconds of what was answered 200 (or 405, of the kind "evidence"), and how often what else was answered."""

    took: list[float] = field(default_factory=list)
    others: Counter[str] = field(default_factory=Counter)


@dataclass
class Site:
    """The running site and its people: address and cookie of each one's socket."""

    front: Front
    phones: list[tuple[str, str]]

    def __post_init__(self) -> None:
        self.host = self.front.url.removeprefix("https://")
        self.port = int(self.host.rpartition(":")[2])
        self.tls = ssl.create_default_context(cafile=str(self.front.certificate))

    async def join(self, number: int) -> Phone:
        """Come into the room as the person of this number. Raises OSError, TimeoutError."""
        path, cookie = self.phones[number % len(self.phones)]
        made = partial(Phone, self.host, path, cookie, scheme="https")
        loop = asyncio.get_running_loop()
        _transport, phone = await loop.create_connection(
            made, "127.0.0.1", self.port, ssl=self.tls, server_hostname="localhost", local_addr=village(number)
        )
        await asyncio.wait_for(phone.joined, PATIENCE_S)
        return phone


def village(number: int) -> tuple[str, int]:
    """Whence somebody comes: nginx counts by address, and a county is many."""
    return f"127.0.0.{2 + number % 200}", 0


class Browser:
    """One line that is kept open, and asks for one thing after the other."""

    def __init__(self, site: Site, cookie: str) -> None:
        self.site, self.cookie = site, cookie
        self.streams: tuple[asyncio.StreamReader, asyncio.StreamWriter] | None = None

    async def ask(self, path: str, seen: Seen, *, fine: int = 200) -> bool:
        """Return whether it was answered as it should be."""
        began = time.perf_counter()
        try:
            status = await asyncio.wait_for(self._ask(path), PATIENCE_S)
        except (OSError, TimeoutError, asyncio.IncompleteReadError, ValueError) as error:
            self.close()
            seen.others[type(error).__name__] += 1
            return False
        if status != fine:
            seen.others[str(status)] += 1
            return False
        seen.took.append((time.perf_counter() - began) * 1000)
        return True

    async def _ask(self, path: str) -> int:
        if self.streams is None:
            self.streams = await asyncio.open_connection(
                "127.0.0.1",
                self.site.port,
                ssl=self.site.tls,
                server_hostname="localhost",
                local_addr=village(random.randrange(200)),
            )
        reader, writer = self.streams
        lines = (f"GET {path} HTTP/1.1", f"Host: {self.site.host}", f"Cookie: {self.cookie}", "Accept: text/html")
        writer.write(("\r\n".join(lines) + "\r\n\r\n").encode())
        head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").lower()
        if length := re.search(r"content-length: (\d+)", head):
            await reader.readexactly(int(length[1]))
        elif "transfer-encoding: chunked" in head:
            while size := int(await reader.readline(), 16):
                await reader.readexactly(size + 2)
            await reader.readline()
        if "connection: close" in head:
            self.close()
        return int(head.split()[1])

    def close(self) -> None:
        if self.streams is not None:
            self.streams[1].close()
        self.streams = None


async def every(a_second: float, seconds: float) -> AsyncIterator[int]:
    """Count at this pace; what is late is made up for."""
    loop = asyncio.get_running_loop()
    began = loop.time()
    for number in range(int(a_second * seconds)):
        await asyncio.sleep(max(began + number / a_second - loop.time(), 0))
        yield number


def used() -> Counter[str]:
    """Seconds of a core that each part has taken so far, by its name; "bench" is who asks."""
    table: dict[int, tuple[int, int, str]] = {}
    for entry in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):
            words = (entry / "stat").read_text().rpartition(")")[2].split()
            command = (entry / "cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace")
            # With what its ended children took: PostgreSQL has a process for each connection.
            table[int(entry.name)] = (int(words[1]), sum(map(int, words[11:15])), command)
    found = Counter[str]()
    family, more = set[int](), {os.getpid()}
    while more:
        family |= more
        more = {pid for pid, (parent, *_rest) in table.items() if parent in more}
    for pid in family & table.keys():
        parent, ticks, command = table[pid]
        names = [part for word, part in PARTS.items() if word in command]
        while not names and parent in family and parent != os.getpid():  # multiprocessing's children say nothing
            parent, _ticks, command = table[parent]
            names = [part for word, part in PARTS.items() if word in command]
        found[names[0] if names else "bench"] += ticks
    return Counter({name: ticks / TICKS for name, ticks in found.items()})


@contextlib.contextmanager
def worker(front: Front) -> Iterator[None]:
    celery = [sys.executable, "-m", "celery", "-A", "config"]
    beat = [*celery, "beat", "-s", str(front.folder / "beat.db"), "--pidfile=", "--loglevel", "ERROR"]
    does = [*celery, "worker", "--concurrency", "2", "--loglevel", "ERROR", "-O", "fair", "--without-gossip"]
    does += ["--without-mingle", "-Q", "evidence,media,reports,messages,celery"]
    running = [subprocess.Popen(command, cwd=BASE_DIR, env=front.environment) for command in (beat, does)]
    try:
        yield
    finally:
        for process in running:
            process.terminate()
            process.wait(60)


@contextlib.contextmanager
def site(people: int) -> Iterator[Site]:
    """Yield it with so many people who may come into a lecture; two processes of pages and two of sockets."""
    with TemporaryDirectory(prefix="classroom-bench-") as name, services.postgres(Path(name), durable=True) as url:
        migrate(url)
        with front_site(database=url, workers=2, most=MOST, LOG_LEVEL="WARNING") as front, worker(front):
            prepare = [sys.executable, "-m", "bench._room_people", str(people)]
            said = subprocess.run(
                prepare, cwd=BASE_DIR, env=front.environment, check=True, stdout=subprocess.PIPE, text=True
            )
            lines = [line.split() for line in said.stdout.splitlines() if line.startswith("/ws/")]
            yield Site(front, [(path, cookie) for path, cookie in lines])
