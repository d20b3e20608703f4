"""``manage.py media_agent`` as a process: it stops in time, and nothing of it survives."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from .conftest import network

ROOT = Path(__file__).resolve().parents[3]
pytestmark = pytest.mark.engine
PATIENCE_S = 180.0  # a process reads the whole program, on a machine that other tests keep busy


def eventually(true: Callable[[], object], within: float) -> bool:
    end = time.monotonic() + within
    while time.monotonic() < end:
        if true():
            return True
        time.sleep(0.05)
    return False


def engines(var_dir: Path) -> list[int]:
    """Processes of Janus that write their log into this folder."""
    found = []
    for entry in Path("/proc").iterdir():
        if entry.name.isdecimal():
            try:
                # Enclosed, it has folders of its own; what it writes to was opened outside.
                log = os.readlink(entry / "fd" / "1")
                if log == str(var_dir / "engine" / "janus.log") and "janus" in (entry / "comm").read_text():
                    found.append(int(entry.name))
            except OSError:
                continue
    return found


@pytest.fixture
def environment(tmp_path: Path) -> dict[str, str]:
    return {
        **{key: value for key, value in os.environ.items() if key not in ("DATABASE_URL", "REDIS_URL")},
        "DEBUG": "1",
        "VAR_DIR": str(tmp_path),
        "MEDIA_UDP_RANGE": network().udp_range,
        "MEDIA_ICE_ADDRESSES": ",".join(network().addresses),
    }


@pytest.fixture
def agent(environment: dict[str, str], tmp_path: Path) -> Iterator[subprocess.Popen[bytes]]:
    process = start(environment)
    assert eventually(lambda: (tmp_path / "engine" / "janus.sock").exists() and engines(tmp_path), PATIENCE_S)
    yield process
    if process.poll() is None:
        process.kill()
    process.wait()


def start(environment: dict[str, str]) -> subprocess.Popen[bytes]:
    return subprocess.Popen([sys.executable, "manage.py", "media_agent"], cwd=ROOT, env=environment)


def test_it_stops_and_takes_the_engine_along(agent: subprocess.Popen[bytes], tmp_path: Path) -> None:
    agent.send_signal(signal.SIGTERM)
    assert agent.wait(timeout=PATIENCE_S) == 0
    assert engines(tmp_path) == []


def test_nothing_survives_a_kill_of_the_agent(agent: subprocess.Popen[bytes], tmp_path: Path) -> None:
    agent.kill()
    agent.wait()
    assert eventually(lambda: not engines(tmp_path), PATIENCE_S)


def test_a_second_agent_in_the_same_place_is_refused(
    agent: subprocess.Popen[bytes], environment: dict[str, str], tmp_path: Path
) -> None:
    second = start(environment)
    assert second.wait(timeout=PATIENCE_S) == 1
    assert agent.poll() is None
    assert len(engines(tmp_path)) == 1


def test_the_engine_runs_without_rights_and_keeps_its_secrets(agent: subprocess.Popen[bytes], tmp_path: Path) -> None:
    (pid,) = engines(tmp_path)
    status = dict(
        line.split(":\t", 1) for line in Path(f"/proc/{pid}/status").read_text().splitlines() if ":\t" in line
    )
    assert int(status["CapEff"], 16) == 0
    assert status["NoNewPrivs"] == "1"
    assert "0" not in status["Uid"].split() or os.geteuid() != 0
    for name in ("secrets.json", "conf/janus.jcfg", "conf/janus.plugin.videoroom.jcfg"):
        assert (tmp_path / "engine" / name).stat().st_mode & 0o077 == 0
    assert (tmp_path / "engine").stat().st_mode & 0o077 == 0
    listening = Path(f"/proc/{pid}/net/tcp").read_text().splitlines()[1:]
    sockets = {os.readlink(each) for each in Path(f"/proc/{pid}/fd").iterdir()}
    assert [line for line in listening if line.split()[3] == "0A" and f"socket:[{line.split()[9]}]" in sockets] == []
