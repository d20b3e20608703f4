"""PostgreSQL and Redis for the tests: started in a private folder on free loopback ports, gone with the command.

``python -m tests.services COMMAND …`` runs the command with DATABASE_URL and REDIS_URL set and exits with its status.
Parallel pytest workers each get a database and a Redis of their own (``tests.databases``, ``tests.workers``).
"""

import contextlib
import os
import pwd
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

PATIENCE_S = 120
# A replica needs at least as much as its primary. Locks as the installer writes them: several restore at once here.
SETTINGS = {"max_connections": 120, "max_locks_per_transaction": 256}


_given: set[int] = set()


def free_port() -> int:
    """A port that nobody listens on, and that this process was not given before: whoever asked may not listen yet."""
    while True:
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            port = int(probe.getsockname()[1])
        if port not in _given:
            _given.add(port)
            return port


def wait_for_port(port: int, process: "subprocess.Popen[bytes]") -> None:
    deadline = time.monotonic() + PATIENCE_S
    while time.monotonic() < deadline:
        if process.poll() is not None:
            raise RuntimeError(f"{process.args} ended with status {process.returncode}")
        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), 1):
            return
        time.sleep(0.05)
    raise RuntimeError(f"nothing listens on {port} after {PATIENCE_S} s")


def as_user(user: str | None) -> list[str]:
    """PostgreSQL refuses to run as root: become the package's own user there."""
    prefix = ["setpriv", "--pdeathsig", "KILL"]
    return [*prefix, "--reuid", user, "--regid", user, "--clear-groups"] if user else prefix


def binaries() -> Path:
    """Return where PostgreSQL's programs are. Raises RuntimeError."""
    candidates = sorted(Path("/usr/lib/postgresql").glob("*/bin"), key=lambda path: int(path.parent.name))
    found = candidates[-1] if candidates else Path(shutil.which("initdb") or "/missing").parent
    if not (found / "initdb").exists():
        raise RuntimeError("PostgreSQL's initdb was not found (Debian package postgresql)")
    return found


@contextlib.contextmanager
def postgres(folder: Path, *, durable: bool = False) -> Iterator[str]:
    """Yield the DATABASE_URL of a fresh PostgreSQL, tuned for throw-away data unless its commits are to be durable."""
    found = binaries()
    user = "postgres" if os.geteuid() == 0 else None
    data = folder / "pg"
    data.mkdir()
    if user:
        entry = pwd.getpwnam(user)
        folder.chmod(0o755)
        os.chown(data, entry.pw_uid, entry.pw_gid)
    quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL, "cwd": "/"}
    run_as = as_user(user)
    initdb = [
        *run_as,
        str(found / "initdb"),
        "-D",
        str(data),
        "-U",
        "test",
        "-A",
        "trust",
        "-E",
        "UTF8",
        "--locale=C.UTF-8",
        "-N",
    ]
    subprocess.run(initdb, check=True, **quiet)
    port = free_port()
    settings = {"listen_addresses": "127.0.0.1", "port": port, "unix_socket_directories": data, **SETTINGS}
    if not durable:
        settings |= {"fsync": "off", "synchronous_commit": "off", "full_page_writes": "off", "jit": "off"}
    options = [word for name, value in settings.items() for word in ("-c", f"{name}={value}")]
    server = subprocess.Popen([*run_as, str(found / "postgres"), "-D", str(data), *options], **quiet)
    try:
        wait_for_port(port, server)
        yield f"postgres://test@127.0.0.1:{port}/postgres"
    finally:
        server.send_signal(signal.SIGINT)
        try:
            server.wait(10)
        except subprocess.TimeoutExpired:
            server.kill()
            server.wait()


@contextlib.contextmanager
def redis(folder: Path) -> Iterator[str]:
    """Yield the REDIS_URL of a fresh Redis that keeps nothing on disk."""
    port = free_port()
    command = ["redis-server", "--port", str(port), "--bind", "127.0.0.1", "--save", "", "--dir", str(folder)]
    server = subprocess.Popen([*as_user(None), *command], stdout=subprocess.DEVNULL)
    try:
        wait_for_port(port, server)
        yield f"redis://127.0.0.1:{port}/0"
    finally:
        server.terminate()
        server.wait()


@contextlib.contextmanager
def services() -> Iterator[dict[str, str]]:
    """Yield the environment that names both servers, and pytest's plugin for parallel workers."""
    with tempfile.TemporaryDirectory(prefix="classroom-") as name, contextlib.ExitStack() as stack:
        folder = Path(name)
        yield {
            "DATABASE_URL": stack.enter_context(postgres(folder)),
            "REDIS_URL": stack.enter_context(redis(folder)),
            "PYTEST_PLUGINS": "tests.workers",
        }


def main() -> int:
    with services() as environment:
        return subprocess.run(sys.argv[1:], env={**os.environ, **environment}, check=False).returncode


if __name__ == "__main__":
    sys.exit(main())
