"""The site to look at: the one named by BASE_URL, else a demonstration started for the occasion on a free port."""

import contextlib
import os
import signal
import subprocess
import sys
import tempfile
import threading
from collections.abc import Iterator
from pathlib import Path

from tests.services import free_port

ROOT = Path(__file__).resolve().parents[3]
PATIENCE_S = 600


@contextlib.contextmanager
def site() -> Iterator[str]:
    """Yield a base URL. A started demonstration keeps its state in a folder that is gone afterwards."""
    if named := os.environ.get("BASE_URL"):
        yield named.rstrip("/")
        return
    with tempfile.TemporaryDirectory(prefix="classroom-") as folder:
        port = free_port()
        url = f"http://127.0.0.1:{port}"
        environment = {**os.environ, "VAR_DIR": folder, "PORT": str(port), "DEMO": "1", "SITE_URL": url}
        environment.pop("DEBUG", None)
        process = subprocess.Popen(
            [sys.executable, "-m", "config.run"], cwd=ROOT, env=environment, stdout=subprocess.PIPE, text=True
        )
        try:
            wait_until_ready(process)
            yield url
        finally:
            process.send_signal(signal.SIGINT)
            try:
                process.wait(30)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()


def wait_until_ready(process: "subprocess.Popen[str]") -> None:
    """Return once the site has printed READY; raise with its output when it ends or takes too long."""
    said: list[str] = []
    stop = threading.Timer(PATIENCE_S, process.kill)
    stop.start()
    try:
        for line in process.stdout or []:
            said.append(line)
            if line.startswith("READY"):
                # Somebody must go on reading, or the site blocks when the pipe is full.
                threading.Thread(target=lambda: [None for _ in process.stdout or []], daemon=True).start()
                return
    finally:
        stop.cancel()
    raise RuntimeError("the demonstration did not start:\n" + "".join(said[-40:]))
