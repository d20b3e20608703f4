"""A county on this machine: PostgreSQL and Redis that can be broken, and the product that ``make run`` starts."""

import contextlib
import http.cookiejar
import os
import pwd
import secrets
import signal
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from email.message import Message
from pathlib import Path
from typing import Any, NamedTuple

import psycopg

from tests.factories.organizations import PASSWORD
from tests.services import as_user, free_port, wait_for_port
from tests.sites import BASE_DIR, Site, running_site


@dataclass
class Server:
    """PostgreSQL or Redis, on one port for good."""

    command: list[str]
    port: int
    process: "subprocess.Popen[bytes] | None" = None

    def start(self) -> None:
        quiet: dict[str, Any] = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL, "cwd": "/"}
        self.process = subprocess.Popen(self.command, **quiet)
        wait_for_port(self.port, self.process)

    def send(self, how: signal.Signals) -> None:
        assert self.process is not None
        self.process.send_signal(how)

    def end(self, how: signal.Signals = signal.SIGKILL) -> None:
        if self.process is not None and self.process.poll() is None:
            self.send(signal.SIGCONT)
            self.send(how)
            self.process.wait(30)


def postgres(folder: Path) -> Server:
    """A fresh cluster; unlike that of the other tests it survives its restart."""
    found = max(Path("/usr/lib/postgresql").glob("*/bin"), key=lambda path: int(path.parent.name))
    user = "postgres" if os.geteuid() == 0 else None
    data, port = folder / "pg", free_port()
    data.mkdir()
    if user:
        folder.chmod(0o755)
        entry = pwd.getpwnam(user)
        os.chown(data, entry.pw_uid, entry.pw_gid)
    make = [str(found / "initdb"), "-D", str(data), "-U", "test", "-A", "trust", "-E", "UTF8", "--locale=C.UTF-8", "-N"]
    subprocess.run([*as_user(user), *make], check=True, stdout=subprocess.DEVNULL, cwd="/")
    named = {"listen_addresses": "127.0.0.1", "port": port, "unix_socket_directories": data, "max_connections": 120}
    named |= {"fsync": "off", "full_page_writes": "off"}  # it is stopped in order; power is not lost here
    options = [word for name, value in named.items() for word in ("-c", f"{name}={value}")]
    return Server([*as_user(user), str(found / "postgres"), "-D", str(data), *options], port)


def redis(folder: Path) -> Server:
    port = free_port()
    command = ["redis-server", "--port", str(port), "--bind", "127.0.0.1", "--save", "", "--dir", str(folder)]
    return Server([*as_user(None), *command], port)


@dataclass
class Stack:
    """The running county."""

    site: Site
    database: Server
    redis: Server
    database_url: str

    def rows(self, query: str, *values: Any) -> list[tuple[Any, ...]]:
        with psycopg.connect(self.database_url, connect_timeout=5) as connection:
            return connection.execute(query, values).fetchall()

    def value(self, query: str, *values: Any) -> Any:
        found = self.rows(query, *values)
        return found[0][0] if found else None

    def get(self, path: str, *, cookie: str = "", timeout: float = 30) -> "Reply":
        """Ask for a page, as a phone does; what does not answer has the status 0."""
        asking = urllib.request.Request(self.site.url + path, headers={"Cookie": cookie} if cookie else {})
        began = time.monotonic()
        try:
            with urllib.request.urlopen(asking, timeout=timeout) as answer:
                status, headers = answer.status, lower(answer.headers)
        except urllib.error.HTTPError as error:
            status, headers = error.code, lower(error.headers)
        except OSError:
            status, headers = 0, {}
        return Reply(status, headers, time.monotonic() - began)

    def processes(self, *words: str) -> list[int]:
        """Processes of this site whose command line has all these words.

        Known by their environment, and where they were given an empty one (the media engine) by who started them.
        """
        parents, own, lines = {}, {self.site.process.pid}, {}
        for entry in Path("/proc").glob("[0-9]*"):
            with contextlib.suppress(OSError):
                pid = int(entry.name)
                lines[pid] = (entry / "cmdline").read_text(errors="replace").replace("\0", " ")
                parents[pid] = int((entry / "stat").read_text(errors="replace").rsplit(")", 1)[1].split()[1])
                if f"VAR_DIR={self.site.var_dir}\0" in (entry / "environ").read_text(errors="replace"):
                    own.add(pid)
        while more := {pid for pid, parent in parents.items() if parent in own} - own:
            own |= more
        return sorted(pid for pid in own if all(word in lines.get(pid, "") for word in words))

    def kill(self, *words: str) -> None:
        """Kill all of them at once; at least one is there."""
        found = self.processes(*words)
        assert found, f"no process: {words}"
        for pid in found:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)

    def sign_in(self, phone: str) -> "Reply":
        """Sign in by number and password, as the page does: 302 where that went well."""
        jar = http.cookiejar.CookieJar()
        visitor = urllib.request.build_opener(urllib.request.HTTPCookieProcessor(jar), Unled())
        address, began = f"{self.site.url}/accounts/login/", time.monotonic()
        try:
            visitor.open(address, timeout=30).close()
            token = next((cookie.value or "" for cookie in jar if cookie.name == "csrftoken"), "")
            form = {"login": phone, "password": PASSWORD, "csrfmiddlewaretoken": token}
            with visitor.open(address, urllib.parse.urlencode(form).encode(), timeout=30) as answer:
                status = answer.status
        except urllib.error.HTTPError as error:
            status = error.code
        except OSError:
            status = 0
        return Reply(status, {}, time.monotonic() - began)

    def people(self, count: int, *, ago_s: int = 600) -> "People":
        """A lecture on air since ``ago_s`` seconds with so many signed-in members."""
        command = [sys.executable, "-m", "tests.faults.people", str(count), str(ago_s)]
        done = subprocess.run(
            command, cwd=BASE_DIR, env=self.site.environment, check=False, capture_output=True, text=True
        )
        assert done.returncode == 0, done.stderr[-2000:]
        first, phone, *cookies = done.stdout.partition("people ")[2].splitlines()
        return People(int(first), cookies, phone)


class Unled(urllib.request.HTTPRedirectHandler):
    """Follows nothing: 302 is the answer."""

    def redirect_request(self, *_all: Any) -> None:
        return None


class People(NamedTuple):
    """A lecture's number, the cookie of each member, and the number by which its lecturer signs in."""

    occasion: int
    cookies: list[str]
    phone: str


def lower(headers: Message) -> dict[str, str]:
    """By their names in small letters: uvicorn and nginx write them differently."""
    return {name.lower(): value for name, value in headers.items()}


@dataclass(frozen=True)
class Reply:
    status: int
    headers: dict[str, str]
    seconds: float


def after(true: Callable[[], Any], *, within: float, every: float = 0.1) -> float:
    """How many seconds until it is true; ``within`` and one more where it did not come true."""
    began = time.monotonic()
    while time.monotonic() - began <= within:
        with contextlib.suppress(psycopg.Error, OSError):
            if true():
                return time.monotonic() - began
        time.sleep(every)
    return within + 1


@contextlib.contextmanager
def running_stack() -> Iterator[Stack]:
    with tempfile.TemporaryDirectory(prefix="classroom-faults-", ignore_cleanup_errors=True) as name:
        database, cache = postgres(Path(name)), redis(Path(name))
        database_url = f"postgres://test@127.0.0.1:{database.port}/postgres"
        try:
            database.start()
            cache.start()
            keys = {name: secrets.token_hex(24) for name in ("SECRET_KEY", "PHONE_KEY")}
            urls = {"DATABASE_URL": database_url, "REDIS_URL": f"redis://127.0.0.1:{cache.port}/0"}
            with running_site(DEMO="0", LOG_LEVEL="WARNING", MEDIA_SANDBOX="try", **keys, **urls) as site:
                yield Stack(site, database, cache, database_url)
        finally:
            cache.end()
            database.end(signal.SIGINT)
