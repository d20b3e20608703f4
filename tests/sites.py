"""The whole product as a child process, for tests and tools: the ``python -m config.run`` of ``make run``."""

import contextlib
import os
import queue
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from tests.databases import sqlite_copy
from tests.services import free_port

BASE_DIR = Path(__file__).resolve().parent.parent
PATIENCE_S = 480


@dataclass(frozen=True)
class Site:
    """A running product: its address, its state folder and the environment for ``manage.py``."""

    url: str
    var_dir: Path
    environment: dict[str, str]
    process: "subprocess.Popen[str]"

    def manage(self, *argv: str, check: bool = True, timeout: float = 120) -> "subprocess.CompletedProcess[str]":
        """Run a management command on the site's own database."""
        command = [sys.executable, "manage.py", *argv]
        done = subprocess.run(
            command, cwd=BASE_DIR, env=self.environment, capture_output=True, text=True, check=False, timeout=timeout
        )
        if check and done.returncode:
            raise AssertionError(
                f"manage.py {' '.join(argv)} ended with {done.returncode}:\n{done.stdout}\n{done.stderr}"
            )
        return done


def wait_for_ready(process: "subprocess.Popen[str]", lines: "queue.Queue[str | None]") -> list[str]:
    """Return what was printed up to READY; raise AssertionError with it when the site ends or takes too long."""
    seen: list[str] = []
    deadline = time.monotonic() + PATIENCE_S
    while time.monotonic() < deadline:
        with contextlib.suppress(queue.Empty):
            line = lines.get(timeout=0.5)
            if line is None:
                break
            seen.append(line)
            if line.startswith("READY "):
                return seen
    raise AssertionError("the site did not become ready:\n" + "".join(seen[-60:]))


def pump(process: "subprocess.Popen[str]", lines: "queue.Queue[str | None]", log: Path) -> None:
    """Copy the child's output to a file for as long as it lives, so that its pipe never fills."""
    with log.open("w") as handle:
        for line in process.stdout or ():
            handle.write(line)
            handle.flush()
            lines.put(line)
    lines.put(None)


@contextlib.contextmanager
def running_site(*, from_nothing: bool = False, **extra: str) -> Iterator[Site]:
    """Start the product on a free port with fresh demo data; stop it with Ctrl-C's signal at the end.

    Unless ``from_nothing``, its database is the tests' migrated template, so that it need not migrate again.
    """
    with tempfile.TemporaryDirectory(prefix="classroom-site-", ignore_cleanup_errors=True) as name:
        var_dir = Path(name)
        var_dir.chmod(0o755)
        port = free_port()
        if not from_nothing:
            sqlite_copy("site").rename(var_dir / "db.sqlite3")
        environment = {
            **os.environ,
            "DEMO": "1",
            "VAR_DIR": name,
            "PORT": str(port),
            "DJANGO_SETTINGS_MODULE": "config.settings",
        }
        for key in [key for key in environment if key.startswith("PYTEST") or key == "DEBUG"]:
            del environment[key]
        environment |= {"DEMO_VIDEO_MINUTES": "0.3", "PYTHONUNBUFFERED": "1", **extra}
        process = subprocess.Popen(
            [sys.executable, "-m", "config.run"],
            cwd=BASE_DIR, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
            start_new_session=True,
        )  # fmt: skip
        lines: queue.Queue[str | None] = queue.Queue()
        log = Path(os.environ.get("SITE_LOG") or var_dir / "site.log")
        threading.Thread(target=pump, args=(process, lines, log), daemon=True).start()
        try:
            wait_for_ready(process, lines)
            yield Site(f"http://127.0.0.1:{port}", var_dir, environment, process)
        finally:
            if process.poll() is None:
                process.send_signal(signal.SIGINT)
            try:
                process.wait(20)
            except subprocess.TimeoutExpired:
                os.killpg(process.pid, signal.SIGKILL)
                process.wait()
