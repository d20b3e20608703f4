"""The whole product as a child process, for tests and tools: the ``python -m config.run`` of ``make run``."""

import contextlib
import hashlib
import os
import queue
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from tests.databases import locked, sqlite_copy
from tests.services import free_port

BASE_DIR = Path(__file__).resolve().parent.parent
PATIENCE_S = 900
# A demonstration lives by the clock (its lectures lie around the moment in which it was made), so that it ages.
FRESH_S = 600
APART = {".git", ".venv", "frontend", "tests", "var"}
PREPARE = "from config import run; run.environment(); run.prepare()"


@dataclass(frozen=True)
class Site:
    """A running product: its address, its state folder and the environment for ``manage.py``."""

    url: str
    var_dir: Path
    environment: dict[str, str]
    process: "subprocess.Popen[str]"

    def manage(self, *argv: str, check: bool = True, timeout: float = 300) -> "subprocess.CompletedProcess[str]":
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


def code_hash() -> str:
    """A short hash over what makes a demonstration: all code of the product, by its files' times."""
    folders = [path for path in BASE_DIR.iterdir() if path.is_dir() and path.name not in APART]
    files = sorted(path for folder in folders for path in folder.rglob("*.py"))
    facts = "".join(f"{path}{path.stat().st_mtime_ns}" for path in files)
    return hashlib.sha256(facts.encode()).hexdigest()[:12]


def copy_demo(var_dir: Path, environment: dict[str, str]) -> None:
    """Fill ``var_dir`` with a demonstration that another test of the last minutes prepared; prepare one if none did.

    Preparing takes 16 s of a processor, copying none, and a run of all tests has a dozen sites. Raises AssertionError
    with what was printed when preparing fails.
    """
    kept = Path(tempfile.gettempdir()) / f"classroom-demo-{os.getuid()}"
    with locked(kept.name):
        template = kept / code_hash()
        stamp = template / "prepared"
        if not stamp.exists() or time.time() - stamp.stat().st_mtime > FRESH_S:
            shutil.rmtree(kept, ignore_errors=True)
            template.mkdir(parents=True)
            sqlite_copy("site").rename(template / "db.sqlite3")
            done = subprocess.run(
                [sys.executable, "-c", PREPARE], cwd=BASE_DIR, env={**environment, "VAR_DIR": str(template)},
                capture_output=True, text=True, check=False, timeout=PATIENCE_S,
            )  # fmt: skip
            assert done.returncode == 0, f"preparing the demonstration failed:\n{done.stdout}\n{done.stderr}"
        shutil.copytree(template, var_dir, dirs_exist_ok=True)


@contextlib.contextmanager
def running_site(*, from_nothing: bool = False, **extra: str) -> Iterator[Site]:
    """Start the product on a free port with fresh demo data; stop it with Ctrl-C's signal at the end.

    Unless ``from_nothing``, its database is the tests' migrated template and, if nothing special is asked for, its
    demonstration a copy, so that it need neither migrate nor seed again.
    """
    with tempfile.TemporaryDirectory(prefix="classroom-site-", ignore_cleanup_errors=True) as name:
        var_dir = Path(name)
        port = free_port()
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
        if not from_nothing and not extra:
            copy_demo(var_dir, environment)
        elif not from_nothing:
            sqlite_copy("site").rename(var_dir / "db.sqlite3")
        var_dir.chmod(0o755)
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
