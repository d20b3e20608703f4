"""Segments of a lecture on air on another host, through nginx's cache: how much of what is asked reaches that host.

The whole as it is installed with ``MEDIA_APART=1`` (ADR 95), and a media host with an nginx of its own. Everybody asks
for the newest segment again and again, and there is a new one each two seconds. First as phones do: two people by their
own signed addresses, TLS, and the site is asked for the right of each. Then nginx's cache alone, without TLS and
without that question (its inner addresses are opened for it): with segments as large as a lecture's, and with small
ones, where questions count and not bytes. Whoever asks runs on the same processors, each of them with several questions
on its line; ``processor`` says what each part took. BENCH_SECONDS, BENCH_SEGMENT (bytes).
"""

import contextlib
import multiprocessing
import os
import re
import signal
import socket
import ssl
import time
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from urllib.parse import urlsplit

from bench._figure import figure
from bench._site_load import used
from tests import services
from tests.databases import migrate
from tests.front.aired import Far, aired_site
from tests.front.test_front import cookies
from tests.services import free_port, wait_for_port

SECONDS = float(os.environ.get("BENCH_SECONDS", "60"))
SEGMENT = int(os.environ.get("BENCH_SEGMENT", "125000"))  # two seconds of 500 kbit/s
SMALL = 1000
NEW_EACH_S = 2.0
ASKERS, ASKERS_ALONE = 16, 4
AT_ONCE = 16  # questions under way on a line where nginx alone answers
GOAL_RATE, GOAL_SHARE = 20_000, 0.01
VIEWERS = ("organiser", "lecturer")


@dataclass(frozen=True)
class Asker:
    """One line. ``folder``: the address up to a segment's name; ``certificate``: "" without TLS."""

    port: int
    folder: str
    cookie: str = ""
    certificate: str = ""
    at_once: int = 1

    def connected(self) -> socket.socket:
        line = socket.create_connection(("127.0.0.1", self.port), 60)
        if not self.certificate:
            return line
        context = ssl.create_default_context(cafile=self.certificate)
        return context.wrap_socket(line, server_hostname="localhost")

    def run(self, first: int, size: int, began: float) -> int:
        """Ask from then on for ``SECONDS``; return how many were answered. Raises RuntimeError."""
        line, buffer, done = self.connected(), bytearray(1 << 20), 0
        time.sleep(max(began - time.time(), 0))
        while (passed := time.time() - began) < SECONDS:
            name = segment(first + int(passed / NEW_EACH_S))
            asked = f"GET {self.folder}{name} HTTP/1.1\r\nHost: localhost\r\nCookie: {self.cookie}\r\n\r\n"
            line.sendall(asked.encode() * self.at_once)
            got = line.recv_into(buffer)
            head = buffer.find(b"\r\n\r\n", 0, got) + 4
            if not buffer.startswith(b"HTTP/1.1 200") or head < 4:
                raise RuntimeError(f"{name}: {bytes(buffer[:200])!r}")
            left = (head + size) * self.at_once - got  # the others are as long, or they are something else
            while left > 0 and (got := line.recv_into(buffer)):
                left -= got
            if left:
                raise RuntimeError(f"{name}: answers of another length")
            done += self.at_once
        line.close()
        return done


def segment(number: int) -> str:
    return f"run-1000-{number:05}.m4s"


def answered(far: Far, askers: list[Asker], first: int, size: int, *, prime: Callable[[str], None]) -> float:
    """Put new segments there, ask for them, tell how much of it reached the media host; return questions a second."""
    names = [segment(first + number) for number in range(int(SECONDS / NEW_EACH_S) + 2)]
    for name in names:
        (far.folder / name).write_bytes(os.urandom(size))
    before, asked = used(), len(far.line.asked)
    for name in names:
        prime(name)
    began = time.time() + 1
    with ProcessPoolExecutor(len(askers), multiprocessing.get_context("fork")) as pool:
        done = sum(one.result() for one in [pool.submit(asker.run, first, size, began) for asker in askers])
        took = used()
    took.subtract(before)
    name = f"{size} bytes each, " + ("nginx's cache alone" if askers[0].at_once > 1 else "as phones ask")
    tell(name, done, len(far.line.asked) - asked, took)
    return done / SECONDS


def tell(name: str, done: int, reads: int, took: Counter[str]) -> None:
    figure(bench="cache", figure=f"{name}: reads of the media host", value=reads, unit=f"of {done}")
    figure(bench="cache", figure=f"{name}: share", value=100 * reads / done, unit="%", goal=100 * GOAL_SHARE)
    for part, seconds in took.most_common(4):
        figure(bench="cache", figure=f"{name}: processor, {part}", value=seconds / SECONDS, unit="cores")


def open_inside(far: Far) -> int:
    """Let nginx answer its inner addresses to whoever asks, without TLS on a port of its own; return that."""
    port, folder = free_port(), far.front.folder / "nginx"
    conf = folder / "site.conf"
    text = re.sub(r'(location ~ "\^/_media/aired/[^\n]*\n)\s*internal;', r"\1", conf.read_text())
    text = re.sub(r"(?m)^( *listen 127\.0\.0\.1:\d+ ssl)", rf"  listen 127.0.0.1:{port};\n\1", text)
    # On a line that is kept for so many questions.
    conf.write_text(text.replace("keepalive_timeout 65s;", "keepalive_timeout 65s; keepalive_requests 100000000;"))
    nginx = far.front.processes["nginx"]
    nginx.send_signal(signal.SIGHUP)
    wait_for_port(port, nginx)
    return port


def as_phones(far: Far) -> float:
    port = urlsplit(far.front.url).port or 0
    browsers = {who: far.front.browser(who) for who in VIEWERS}
    for who, browser in browsers.items():  # every library is read by now
        (far.folder / segment(0)).write_bytes(b"x")
        answer = browser.get(far.urls[who] + segment(0), timeout=60)
        if answer.status_code != 200:
            raise RuntimeError(f"{who}: {answer.status_code}")
    askers = [
        Asker(port, urlsplit(far.urls[who]).path, cookies(browsers[who]), str(far.front.certificate))
        for number in range(ASKERS)
        for who in VIEWERS[number % 2 : number % 2 + 1]
    ]
    return answered(far, askers, 1, SEGMENT, prime=lambda _name: None)


def alone(far: Far, port: int, first: int, size: int) -> float:
    """A phone has asked for each segment before, as in any lecture: whoever comes first brings it here."""
    with far.front.browser("organiser") as browser:

        def prime(name: str) -> None:
            if browser.get(far.urls["organiser"] + name, timeout=60).status_code != 200:
                raise RuntimeError(f"{name} is not there")

        host = far.line.url.removeprefix("http://")
        folder = f"/_media/aired/{host}/kept/live/{far.front.facts['lecture']}/"
        return answered(far, [Asker(port, folder, at_once=AT_ONCE)] * ASKERS_ALONE, first, size, prime=prime)


@contextlib.contextmanager
def database() -> Iterator[str]:
    with TemporaryDirectory(prefix="classroom-bench-") as name, services.postgres(Path(name), durable=True) as url:
        migrate(url)
        yield url


def main() -> None:
    with database() as url, aired_site(viewers=VIEWERS, database=url, workers=2) as far:
        rate = as_phones(far)
        figure(bench="cache", figure="segments to phones, each with its right asked", value=rate, unit="1/s")
        port = open_inside(far)
        large = alone(far, port, 10_000, SEGMENT)
        figure(bench="cache", figure="segments, nginx's cache alone", value=large, unit="1/s")
        gbits = large * SEGMENT * 8 / 1e9
        figure(bench="cache", figure="segments, nginx's cache alone, bytes", value=gbits, unit="Gbit/s")
        small = alone(far, port, 20_000, SMALL)
        figure(
            bench="cache", figure="small ones, nginx's cache alone", value=small, unit="1/s", goal=GOAL_RATE,
            higher_is_better=True,
        )  # fmt: skip


if __name__ == "__main__":
    main()
