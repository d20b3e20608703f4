"""Requests a second of a member's page and of files: nginx and WSGI workers, against the ASGI process alone.

The same site, data, machine and run, and as many processes that run Python on either side (``PROCESSES``,
default 2), on PostgreSQL and Redis. ``CONNECTIONS`` ask without a pause; the sides take turns, and each figure is the
best of its turns, for whatever else this machine does only makes them smaller. nginx's side speaks TLS, the other does
not. The processor time of the servers says
the same of a machine that is busy otherwise. The ASGI process sends a segment itself, as where nothing is in front.

With as many processes on the same cores the two sides can only differ by what a page costs: three times cannot be
shown so. What the parting is for, a room that is full and pages that are asked meanwhile, is not measured here.
"""

import contextlib
import http.client
import os
import ssl
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable
from pathlib import Path
from urllib.parse import urlsplit

from bench._figure import figure
from tests.front.site import Front, front_site
from tests.services import postgres

PROCESSES = int(os.environ.get("PROCESSES", "2"))
TURN_S = float(os.environ.get("TURN_S", "4"))
TURNS = 3
CONNECTIONS = 16
GOAL = 3.0


class Asker(threading.Thread):
    """One connection that asks the same again and again until it is told to stop."""

    def __init__(self, connect: Callable[[], http.client.HTTPConnection], path: str, headers: dict[str, str]) -> None:
        super().__init__()
        self.connect, self.path, self.headers = connect, path, headers
        self.stopping = threading.Event()
        self.done, self.wrong = 0, ""

    def run(self) -> None:
        line = self.connect()
        try:
            while not self.stopping.is_set():
                line.request("GET", self.path, headers=self.headers)
                answer = line.getresponse()
                answer.read()
                if answer.status != 200:
                    self.wrong = f"{self.path}: {answer.status}"
                    return
                self.done += 1
        finally:
            line.close()


def cpu_s(process: "subprocess.Popen[bytes]") -> float:
    """What a process and all below it have used so far, in seconds of a core."""
    table = {}
    for entry in Path("/proc").glob("[0-9]*/stat"):
        with contextlib.suppress(OSError):
            words = entry.read_text().rpartition(")")[2].split()
            table[int(entry.parent.name)] = (int(words[1]), int(words[11]) + int(words[12]))
    family = {process.pid}
    while more := {pid for pid, (parent, _ticks) in table.items() if parent in family} - family:
        family |= more
    return sum(table[pid][1] for pid in family if pid in table) / os.sysconf("SC_CLK_TCK")


def rate(connect: Callable[[], http.client.HTTPConnection], path: str, headers: dict[str, str]) -> float:
    """Requests a second over one turn."""
    askers = [Asker(connect, path, headers) for _ in range(CONNECTIONS)]
    began = time.monotonic()
    for asker in askers:
        asker.start()
    time.sleep(TURN_S)
    for asker in askers:
        asker.stopping.set()
    for asker in askers:
        asker.join()
    if wrong := [asker.wrong for asker in askers if asker.wrong]:
        raise RuntimeError(wrong[0])
    return sum(asker.done for asker in askers) / (time.monotonic() - began)


def compare(front: Front, name: str, path: str, cookie: str, *, goal: float | None) -> None:
    parts, context = urlsplit(front.url), ssl.create_default_context(cafile=str(front.certificate))
    sides: dict[str, Callable[[], http.client.HTTPConnection]] = {
        "nginx": lambda: http.client.HTTPSConnection(parts.hostname or "", parts.port, context=context, timeout=60),
        "asgi": lambda: http.client.HTTPConnection("127.0.0.1", front.sockets_port, timeout=60),
    }
    headers = {"Cookie": cookie, "Host": "localhost", "X-Forwarded-Proto": "https", "Accept-Encoding": "gzip"}
    parts_of = {"nginx": ("nginx", "pages"), "asgi": ("sockets",)}
    best, cost = dict.fromkeys(sides, 0.0), dict.fromkeys(sides, 0.0)
    for _ in range(TURNS):
        for side, connect in sides.items():
            used = [front.processes[part] for part in parts_of[side]]
            before, began = sum(map(cpu_s, used)), time.monotonic()
            found = rate(connect, path, headers)
            number = found * (time.monotonic() - began)
            if found > best[side]:
                best[side], cost[side] = found, 1000 * (sum(map(cpu_s, used)) - before) / number
    figure(
        bench="frontend", figure=name, value=best["nginx"], unit="requests/s", peer="ASGI process alone",
        peer_value=best["asgi"], goal=None if goal is None else goal * best["asgi"], higher_is_better=True,
    )  # fmt: skip
    figure(
        bench="frontend", figure=f"{name}: processor time", value=cost["nginx"], unit="ms/request",
        peer="ASGI process alone", peer_value=cost["asgi"],
    )  # fmt: skip


def main() -> None:
    with tempfile.TemporaryDirectory(prefix="classroom-bench-") as name, postgres(Path(name)) as database:
        environment = {**os.environ, "DATABASE_URL": database, "DEBUG": "1", "VAR_DIR": name}
        command = [sys.executable, "manage.py", "migrate", "--verbosity", "0"]
        subprocess.run(command, env=environment, check=True)
        alone = {"MEDIA_ACCEL_PREFIX": ""}
        with front_site(database=database, workers=PROCESSES, sockets_environment=alone, LOG_LEVEL="WARNING") as front:
            with front.browser("organiser") as browser:
                cookie = "; ".join(f"{one.name}={one.value}" for one in browser.cookies)
            compare(front, "a member's page (/me/)", "/me/", cookie, goal=GOAL)
            compare(front, "today (/)", "/", cookie, goal=GOAL)
            compare(front, "a static file", "/static/js/sw.js", cookie, goal=None)
            compare(front, "a media segment of 1 MB", front.facts["segment"], cookie, goal=None)


if __name__ == "__main__":
    main()
