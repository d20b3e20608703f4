"""Janus inside bubblewrap: what it can reach, who it is, and that its life and death are still ours."""

import asyncio
import os
import signal
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from live.agent.agent import Agent
from live.engines.janus import JanusHost, enclosure
from live.engines.janus.process import UnableToStartJanus
from live.models import MediaNode
from media.ffmpeg import sandbox

from .conftest import PATIENCE_S, network, until

pytestmark = pytest.mark.engine
REFUSAL = "bwrap refuses: No permissions to create new namespace"


@pytest.fixture
def var_dir(tmp_path: Path) -> Path:
    """A site's folder as it was before: readable by everybody."""
    (tmp_path / "db.sqlite3").write_text("everybody's phone number")
    (tmp_path / "engine").mkdir(mode=0o700)
    tmp_path.chmod(0o755)
    return tmp_path


@pytest.fixture
async def janus(var_dir: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[JanusHost]:
    monkeypatch.setenv("SECRET_KEY", "canary-4711")
    if enclosure._probe.state() != sandbox.BUBBLEWRAP:
        pytest.skip(enclosure._probe.state())
    host = JanusHost(var_dir / "engine", network())
    await host.start()
    yield host
    await host.stop()


def status(pid: int) -> dict[str, str]:
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    return {name: value.strip() for name, _, value in (line.partition(":") for line in lines)}


def is_gone(pid: int) -> bool:
    """Whether nothing of it runs; what is left of it may still wait for whoever asks how it ended."""
    return not Path(f"/proc/{pid}").exists() or status(pid)["State"].startswith("Z")


async def test_janus_sees_its_folder_and_no_more(janus: JanusHost, var_dir: Path) -> None:
    """Finding: it read VAR_DIR/db.sqlite3."""
    root = Path(f"/proc/{janus.pid}/root")
    seen = {path.name for path in root.iterdir()}
    assert seen <= {"engine", "usr", "lib", "lib64", "bin", "etc", "proc", "dev", "tmp", "opt"}
    assert not (root / str(var_dir).lstrip("/")).exists()
    assert {path.name for path in (root / "etc").iterdir()} <= {"ld.so.cache", "alternatives", "localtime"}
    assert (root / "engine" / "janus.sock").exists()
    assert (var_dir / "engine" / "janus.sock").exists()
    environ = Path(f"/proc/{janus.pid}/environ").read_text()
    assert "canary" not in environ
    assert "canary" not in Path(f"/proc/{status(janus.pid)['PPid']}/environ").read_text(), "that of bubblewrap"


async def test_janus_has_no_rights_and_no_neighbours(janus: JanusHost) -> None:
    said = status(janus.pid)
    assert {said[name].strip("0") for name in ("CapPrm", "CapEff", "CapInh", "CapAmb")} == {""}
    if os.geteuid() == 0:
        assert set(said["Uid"].split()) == {"65534"}
        assert said["Groups"] == ""
        assert said["CapBnd"].strip("0") == ""
    assert said["NoNewPrivs"] == "1"
    assert said["NSpid"].split()[1:] == ["2"], "after the one that is around it"
    own, ours = (os.stat(f"/proc/{pid}/ns/pid").st_ino for pid in (janus.pid, os.getpid()))
    assert own != ours
    # The network is the machine's: phones reach its ports.
    assert os.stat(f"/proc/{janus.pid}/ns/net").st_ino == os.stat("/proc/self/ns/net").st_ino


async def test_its_number_is_its_own(janus: JanusHost) -> None:
    """Accounting, a crash and the end all mean Janus, not the bubblewrap around it."""
    assert Path(f"/proc/{janus.pid}/comm").read_text() == "janus\n"
    await until(lambda: janus.cpu_seconds() > 0, what="it has used the processor")
    os.kill(janus.pid, signal.SIGKILL)
    assert await asyncio.wait_for(janus.wait(), PATIENCE_S) == 128 + signal.SIGKILL
    assert not janus.running
    await janus.start()
    before = janus.pid
    await janus.stop()
    assert is_gone(before)


async def test_it_dies_with_what_is_around_it(janus: JanusHost) -> None:
    inner = int(status(janus.pid)["PPid"])
    os.kill(int(status(inner)["PPid"]), signal.SIGKILL)
    await janus.wait()
    await until(lambda: is_gone(janus.pid), what="it is gone")


@pytest.fixture
def nowhere(settings: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(enclosure._probe, "state", lambda: REFUSAL)
    settings.MEDIA_SANDBOX = "required"


async def test_required_and_not_to_be_had_starts_nothing(nowhere: None, var_dir: Path) -> None:
    host = JanusHost(var_dir / "engine", network())
    with pytest.raises(UnableToStartJanus, match="MEDIA_SANDBOX=required: bwrap refuses"):
        await host.start()
    assert not host.running


async def test_to_be_tried_it_starts_without(nowhere: None, settings: Any, var_dir: Path) -> None:
    settings.MEDIA_SANDBOX = "try"
    host = JanusHost(var_dir / "engine", network())
    await host.start()
    assert Path(f"/proc/{host.pid}/comm").read_text() == "janus\n"
    if os.geteuid() == 0:
        assert set(status(host.pid)["Uid"].split()) == {"65534"}
    await host.stop()


@pytest.mark.django_db(transaction=True)
async def test_agent_refuses_and_says_why(nowhere: None, var_dir: Path) -> None:
    agent = Agent(name="test", host=JanusHost(var_dir / "engine", network()), root=var_dir / "live")
    task = asyncio.create_task(agent.run())
    try:
        await until(lambda: agent.node_id, what="the agent reports")
        node = await MediaNode.objects.aget()
        assert node.load["refusal"] == f"MEDIA_SANDBOX=required: {REFUSAL}"
        assert not agent.host.running
    finally:
        agent.stop()
        async with asyncio.timeout(PATIENCE_S):
            await task


async def test_engine_lets_the_sites_group_in_and_not_the_web_servers(janus: JanusHost, settings: Any) -> None:
    """Where root runs the agent: the site's other processes reach the socket, whoever sends files for them does not."""
    if os.geteuid() != 0:
        pytest.skip("needs root")
    site, web_server = 54321, 54322
    for owner, group, lets_in in ((0, site, site), (0, web_server, None)):
        settings.FILES_GROUP = web_server
        os.chown(janus.folder.parent, owner, group)
        os.chown(janus.folder, -1, 65534)
        janus.folder.chmod(0o700)
        janus._open_doors()
        found = janus.folder.stat()
        assert (found.st_gid if found.st_mode & 0o070 else None) == lets_in
