"""What an upload costs through the streamed PATCH, and what the guard costs every other request.

Real uvicorn, SQLite with fsync, pieces of 2 MiB as the page sends them. Peer: Django's own ASGI handler, which keeps
each piece in its temporary file before the view copies it. Both take turns in one run; the figures are medians.
"""

import http.client
import os
import shutil
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

from bench._figure import figure
from bench._room_load import BASE_DIR, _wait
from tests.databases import sqlite_copy
from tests.services import free_port

MIB = 2**20
PIECE, LENGTH, ROUNDS, TOGETHER = 2 * MIB, 64 * MIB, 3, 8
GETS = 1500
TOKEN = "a" * 32
KINDS = {"ours": "config.asgi:application", "peer": "bench._uploads_peer:application"}
PREPARE = """
import django; django.setup()
from organizations.models import Role
from tests.factories.organizations import RoleGrantFactory
from tests.realtime.conftest import sign_in
for _ in range({people}): print("session", sign_in(RoleGrantFactory(role=Role.ORGANISER).user))
"""
T = TypeVar("T")


@dataclass(frozen=True)
class Server:
    pid: int
    port: int
    sessions: list[str]

    def memory(self) -> float:
        """Resident MiB."""
        status = Path(f"/proc/{self.pid}/status").read_text()
        return int(next(line for line in status.splitlines() if line.startswith("VmRSS")).split()[1]) / 1024

    def cpu(self) -> float:
        """Seconds of processor so far."""
        fields = Path(f"/proc/{self.pid}/stat").read_text().rsplit(")", 1)[1].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


@contextmanager
def serving(kind: str) -> Iterator[Server]:
    path, port = sqlite_copy("bench"), free_port()
    environment = {
        **os.environ,
        "DATABASE_URL": f"sqlite:///{path}",
        "VAR_DIR": str(path.parent),
        "DJANGO_SETTINGS_MODULE": "config.settings",
        "LOG_LEVEL": "WARNING",
        "PORT": str(port),
        "SITE_URL": f"http://127.0.0.1:{port}",
    }
    script = [sys.executable, "-c", PREPARE.format(people=TOGETHER)]
    done = subprocess.run(script, cwd=BASE_DIR, env=environment, check=True, capture_output=True, text=True)
    sessions = [line.split()[1] for line in done.stdout.splitlines() if line.startswith("session ")]
    command = [sys.executable, "-m", "uvicorn", KINDS[kind], "--port", str(port), "--log-level", "error"]
    server = subprocess.Popen([*command, "--no-access-log"], cwd=BASE_DIR, env=environment, stdout=subprocess.DEVNULL)
    try:
        _wait(port)
        yield Server(server.pid, port, sessions)
    finally:
        server.terminate()
        server.wait(30)
        shutil.rmtree(path.parent, ignore_errors=True)


def upload(server: Server, session: str) -> float:
    """Send LENGTH bytes but for the last one (no video is made of them); return MiB a second."""
    line = http.client.HTTPConnection("127.0.0.1", server.port)
    headers = {
        "Cookie": f"sessionid={session}; csrftoken={TOKEN}",
        "X-CSRFToken": TOKEN,
        "Origin": f"http://127.0.0.1:{server.port}",
        "Tus-Resumable": "1.0.0",
    }
    line.request("POST", "/uploads/", headers={**headers, "Upload-Length": str(LENGTH + 1)})
    made = line.getresponse()
    made.read()
    assert made.status == 201, made.status
    address, data = made.headers["Location"], b"x" * PIECE
    began = time.perf_counter()
    for offset in range(0, LENGTH, PIECE):
        about = {"Upload-Offset": str(offset), "Content-Type": "application/offset+octet-stream"}
        line.request("PATCH", address, body=data, headers={**headers, **about})
        answer = line.getresponse()
        answer.read()
        assert answer.status == 204, answer.status
    took = time.perf_counter() - began
    line.request("DELETE", address, headers=headers)
    line.getresponse().read()
    line.close()
    return LENGTH / MIB / took


def alone(server: Server) -> tuple[float, float]:
    """MiB a second of one upload, and milliseconds of processor a MiB."""
    before = server.cpu()
    return upload(server, server.sessions[0]), (server.cpu() - before) * 1000 / (LENGTH / MIB)


def together(server: Server) -> float:
    """By how many MiB the process grows, at most, for each of several uploads at a time."""
    before = highest = server.memory()
    with ThreadPoolExecutor(TOGETHER) as pool:
        going = [pool.submit(upload, server, session) for session in server.sessions]
        while not all(one.done() for one in going):
            highest = max(highest, server.memory())
            time.sleep(0.01)
    for one in going:
        one.result()
    return (highest - before) / TOGETHER


def gets(server: Server) -> float:
    """Requests a second of the cheapest address there is, on one kept connection."""
    line = http.client.HTTPConnection("127.0.0.1", server.port)
    began = time.perf_counter()
    for _ in range(GETS):
        line.request("GET", "/healthz")
        line.getresponse().read()
    took = time.perf_counter() - began
    line.close()
    return GETS / took


def compare(rounds: int, ours: Server, peer: Server, measure: Callable[[Server], T]) -> tuple[list[T], list[T]]:
    """Measure both in turn, so that a busy moment of the machine meets both."""
    pairs = [(measure(ours), measure(peer)) for _ in range(rounds)]
    return [pair[0] for pair in pairs], [pair[1] for pair in pairs]


def show(name: str, unit: str, ours: list[float], peer: list[float], *, up: bool, goal: float | None = None) -> None:
    value, other = statistics.median(ours), statistics.median(peer)
    figure(
        bench="uploads", figure=name, value=value, unit=unit, peer="Django's ASGI handler", peer_value=other,
        higher_is_better=up, goal=goal,
    )  # fmt: skip


def main() -> None:
    with serving("ours") as ours, serving("peer") as peer:
        for server in (ours, peer):
            gets(server)
            upload(server, server.sessions[0])
        ours_gets, peer_gets = compare(2 * ROUNDS, ours, peer, gets)
        show("GET /healthz, one connection", "requests/s", ours_gets, peer_gets, up=True)
        ours_one, peer_one = compare(ROUNDS, ours, peer, alone)
        show("one upload", "MiB/s", [one[0] for one in ours_one], [one[0] for one in peer_one], up=True)
        show("processor", "ms/MiB", [one[1] for one in ours_one], [one[1] for one in peer_one], up=False)
        ours_rss, peer_rss = compare(1, ours, peer, together)
        show(f"memory, {TOGETHER} uploads at a time", "MiB/upload", ours_rss, peer_rss, up=False, goal=4)


if __name__ == "__main__":
    main()
