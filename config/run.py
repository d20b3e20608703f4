"""``make run``: the whole product on this machine. Web, worker and media agent as children that never outlive it.

``python -m config.run`` migrates, seeds the demo once, starts everything, prints ``READY`` and stops it on Ctrl-C.
Without REDIS_URL the worker's threads live in the web process; with it a worker and a beat process are started.
"""

import hashlib
import os
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from dataclasses import dataclass, field
from pathlib import Path

import environ

from live.children import die_with_parent

START_PATIENCE_S = 300  # an old machine with much to do; one that ended is noticed at once
STOP_PATIENCE_S = 8
BASE_DIR = Path(__file__).resolve().parent.parent
ACCOUNTS = """\
  党员 member     13800000001 … 13800000009
  书记 secretary  13800000011        组织员 organiser 13800000021
  讲师 lecturer   13800000031        监督员 auditor   13800000041
  管理员 operator 13800000051        密码 password    fingertip-demo"""


def say(line: str) -> None:
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


def child(*argv: str) -> "subprocess.Popen[bytes]":
    """Start a child in a group of its own that is terminated when this process dies."""
    command = ["setpriv", "--pdeathsig", "TERM", *argv]
    return subprocess.Popen(  # noqa: S603 - our own fixed commands
        command, cwd=BASE_DIR, start_new_session=True, stdin=subprocess.DEVNULL
    )


@dataclass
class Site:
    """The children by name; started in order, stopped in reverse."""

    port: int
    children: "dict[str, subprocess.Popen[bytes]]" = field(default_factory=dict)

    def commands(self) -> dict[str, list[str]]:
        python = sys.executable
        web = [
            *(python, "-m", "uvicorn", "config.asgi:application", "--host", "127.0.0.1", "--port", str(self.port)),
            *("--ws", "websockets-sansio", "--ws-per-message-deflate", "false", "--ws-max-size", "81920"),
            *("--log-level", "warning", "--no-access-log", "--timeout-graceful-shutdown", "3", "--lifespan", "on"),
            "--no-proxy-headers",  # who a visitor is, organizations/address.py decides
            "--no-server-header",
        ]
        commands = {"web": web, "media agent": [python, "manage.py", "media_agent"]}
        if os.environ.get("REDIS_URL"):
            celery = [python, "-m", "celery", "-A", "config"]
            commands["worker"] = [*celery, "worker", "--concurrency", "2", "--loglevel", "WARNING", "-O", "fair"]
            # One worker has nobody to talk to, and what it says when Redis goes away is a traceback.
            commands["worker"] += ["--without-gossip", "--without-mingle"]
            commands["beat"] = [*celery, "beat", "-s", f"{os.environ['VAR_DIR']}/beat.db", "--loglevel", "WARNING"]
        return commands

    def start(self) -> None:
        self.children = {name: child(*argv) for name, argv in self.commands().items()}

    def wait_until_ready(self) -> None:
        """Return when the web process answers; raise SystemExit when it died or took too long."""
        deadline = time.monotonic() + START_PATIENCE_S
        while time.monotonic() < deadline:
            if (status := self.children["web"].poll()) is not None:
                raise SystemExit(f"the web process ended with status {status}")
            try:
                urllib.request.urlopen(f"http://127.0.0.1:{self.port}/healthz", timeout=2).close()
            except (urllib.error.URLError, OSError):
                time.sleep(0.1)
            else:
                return
        raise SystemExit(f"the web process did not answer within {START_PATIENCE_S} s")

    def watch(self) -> None:
        """Keep the parts running: one that ends by itself is started again, at once (at most once a second)."""
        commands, started = self.commands(), dict.fromkeys(self.children, 0.0)
        while True:
            time.sleep(0.1)
            now = time.monotonic()
            for name, process in self.children.items():
                if process.poll() is not None and now - started[name] >= 1:
                    say(f"{name} ended with status {process.returncode}; starting it again")
                    self.children[name], started[name] = child(*commands[name]), now

    def stop(self) -> None:
        for process in reversed(self.children.values()):
            process.terminate()
        deadline = time.monotonic() + STOP_PATIENCE_S
        for process in self.children.values():
            try:
                process.wait(max(0.1, deadline - time.monotonic()))
            except subprocess.TimeoutExpired:
                os.killpg(process.pid, signal.SIGKILL)
                process.wait()


def environment() -> int:
    """Set what ``make run`` means unless the caller says otherwise; return the port."""
    environ.Env.read_env(BASE_DIR / ".env")
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
    os.environ.setdefault("DEMO", "1")
    os.environ.setdefault("VAR_DIR", str(BASE_DIR / "var"))
    os.environ.setdefault("PORT", "8000")
    port = int(os.environ["PORT"])
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError as error:
            raise SystemExit(f"port {port} is in use ({error.strerror}); choose another: make run PORT=8001") from error
    return port


def manage(*argv: str) -> None:
    """Run a management command as a child; end this process with its status when it fails."""
    command = ["setpriv", "--pdeathsig", "TERM", sys.executable, "manage.py", *argv]
    quiet = {**os.environ, "LOG_LEVEL": os.environ.get("LOG_LEVEL", "WARNING")}
    done = subprocess.run(command, cwd=BASE_DIR, env=quiet, check=False)  # noqa: S603 - our own fixed commands
    if done.returncode:
        raise SystemExit(done.returncode)


def prepare() -> None:
    """Migrate and seed, unless this VAR_DIR's own SQLite was prepared by exactly these migrations before."""
    var_dir = Path(os.environ["VAR_DIR"])
    digest = hashlib.sha256((BASE_DIR / "requirements.txt").read_bytes())
    for path in sorted(BASE_DIR.glob("*/migrations/*.py")):
        digest.update(path.read_bytes())
    mark, stamp = f"{digest.hexdigest()} {os.environ['DEMO']}", var_dir / "prepared"
    own = not os.environ.get("DATABASE_URL") and (var_dir / "db.sqlite3").exists()
    if own and stamp.exists() and stamp.read_text(encoding="utf-8") == mark:
        return
    manage("prepare")
    stamp.write_text(mark, encoding="utf-8")


def interrupted(_signal: int, _frame: object) -> None:
    raise KeyboardInterrupt


def main() -> None:
    os.umask(0o077)
    die_with_parent(signal.SIGTERM)
    # A shell's background job starts with SIGINT ignored; here it always means "stop".
    signal.signal(signal.SIGINT, interrupted)
    signal.signal(signal.SIGTERM, interrupted)
    signal.signal(signal.SIGHUP, interrupted)
    site = Site(environment())
    try:
        prepare()
        site.start()
        site.wait_until_ready()
        say(f"READY http://127.0.0.1:{site.port}")
        if os.environ["DEMO"] == "1":
            say(ACCOUNTS)
        say("Ctrl-C stops everything.")
        site.watch()
    except KeyboardInterrupt:
        say("\nStopping …")
    finally:
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        site.stop()


if __name__ == "__main__":
    main()
