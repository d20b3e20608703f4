"""What a hostile file would find in the process that reads it, and what happens where there is no bubblewrap."""

import subprocess
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
from django.utils import timezone

from media import ffmpeg, operations
from media.ffmpeg import UnableToTranscode, sandbox
from media.models import Job, Video
from media.sentences import reason
from tests.factories.media import JobFactory

CANARY = "canary-4711"
# Every environment that can be seen from inside, and every process.
LOOK = "cat /proc/*/environ /proc/*/cmdline | tr '\\0' '\\n'; ls -d /proc/[0-9]*; wc -l < /proc/net/dev"
REFUSAL = "bwrap refuses: No permissions to create new namespace"


def needs_bubblewrap() -> None:
    if ffmpeg.sandbox_state() != sandbox.BUBBLEWRAP:
        pytest.skip(ffmpeg.sandbox_state())


@pytest.fixture
def secrets(monkeypatch: pytest.MonkeyPatch) -> None:
    """In the environment of this process itself, as SECRET_KEY, PHONE_KEY and DATABASE_URL are in the worker's."""
    for name in ("SECRET_KEY", "PHONE_KEY", "DATABASE_URL", "FOREIGN"):
        monkeypatch.setenv(name, f"{CANARY}-{name}")


@pytest.fixture
def film(tmp_path: Path) -> Path:
    path = tmp_path / "film"
    path.write_bytes(b"film")
    return path


def said_by(command: Sequence[str], **more: Any) -> str:
    done = subprocess.run(command, capture_output=True, timeout=120, check=False, **more)
    return (done.stdout + done.stderr).decode(errors="replace")


def look_from_packager(tmp_path: Path) -> list[str]:
    """The packager's own command line, with a shell in ffmpeg's place."""
    command = ffmpeg.packager_command(["-i", "pipe:0", "out.m3u8"], protocols="file,pipe", rw_dir=tmp_path)
    return [*command[: command.index("ffmpeg")], "sh", "-c", LOOK]


def test_confined_process_sees_nothing_of_the_worker(secrets: None, tmp_path: Path, film: Path) -> None:
    """Finding: bubblewrap's first process kept what --clearenv clears for its child."""
    needs_bubblewrap()
    command = sandbox.confined(["sh", "-c", LOOK], source=film, folder=tmp_path, limits=["--core=0"], enclosed=True)
    said = said_by(command)
    assert "PATH=/usr/bin" in said, "an environment was read"
    assert CANARY not in said
    assert len([line for line in said.splitlines() if line.removeprefix("/proc/").isdigit()]) < 8, "only its own"
    assert "\n3\n" in said, "two heading lines and loopback: no network"


def test_packager_sees_nothing_of_the_agent_and_no_network(secrets: None, tmp_path: Path) -> None:
    needs_bubblewrap()
    said = said_by(look_from_packager(tmp_path), stdin=subprocess.DEVNULL)
    assert "PATH=/usr/bin" in said
    assert CANARY not in said
    assert "\n3\n" in said
    connect = [
        "ffmpeg",
        "-v",
        "error",
        "-protocol_whitelist",
        "tcp",
        "-f",
        "data",
        "-i",
        "tcp://127.0.0.1:9",
        "-f",
        "null",
    ]
    command = look_from_packager(tmp_path)
    tried = said_by([*command[: command.index("sh")], *connect, "-"], stdin=subprocess.DEVNULL)
    assert "Connection refused" in tried, "a loopback of its own, on which nobody listens"


def test_probe_itself_is_started_with_nothing(secrets: None, monkeypatch: pytest.MonkeyPatch) -> None:
    needs_bubblewrap()
    seen: dict[str, str] = {}

    class Watched:
        TimeoutExpired = subprocess.TimeoutExpired

        @staticmethod
        def run(command: list[str], **more: Any) -> "subprocess.CompletedProcess[bytes]":
            at = command.index("ffmpeg")
            seen["said"] = said_by([*command[:at], "sh", "-c", LOOK], env=more["env"])
            return subprocess.run(command, **more)

    sandbox._ffmpeg.forget()
    monkeypatch.setattr(sandbox, "subprocess", Watched)
    assert ffmpeg.sandbox_state() == sandbox.BUBBLEWRAP
    assert "PATH=/usr/bin" in seen["said"]
    assert CANARY not in seen["said"]


def test_without_bubblewrap_the_environment_is_as_small(
    secrets: None, tmp_path: Path, film: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    show = ["sh", "-c", "env"]
    said = said_by(sandbox.confined(show, source=film, folder=tmp_path, limits=["--core=0"], enclosed=False))
    monkeypatch.setattr(sandbox, "sandbox_state", lambda: REFUSAL)
    packager = ffmpeg.packager_command(["-i", "pipe:0", "out.m3u8"], protocols="file,pipe", rw_dir=tmp_path)
    said += said_by([*packager[: packager.index("ffmpeg")], *show])
    assert said.count("LANG=C.UTF-8") == 2
    assert CANARY not in said


def test_sandbox_hides_the_machine(tmp_path: Path, film: Path) -> None:
    needs_bubblewrap()
    (tmp_path / "secret").write_text("secret")
    probe = "ls /home /etc /root /in /work 2>&1; touch /usr/x /in/source 2>&1; echo done > here"
    command = sandbox.confined(["sh", "-c", probe], source=film, folder=tmp_path, limits=["--core=0"], enclosed=True)
    said = said_by(command)
    assert "passwd" not in said
    assert "/in:\nsource" in said
    assert said.count("Read-only file system") + said.count("Permission denied") >= 1
    assert (tmp_path / "here").read_text() == "done\n"


def test_packager_has_its_own_folder_and_its_protocols(tmp_path: Path) -> None:
    command = ffmpeg.packager_command(
        ["-i", "pipe:0", "-c", "copy", "live.m3u8"], protocols="file,pipe", rw_dir=tmp_path
    )
    at = command.index("ffmpeg")
    assert command[at:] == [
        *("ffmpeg", "-hide_banner", "-protocol_whitelist", "file,pipe", "-i", "pipe:0", "-c", "copy", "live.m3u8")
    ]
    assert str(tmp_path) in command[:at]


class Machine:
    """Answers a probe's question; counts how often it was asked."""

    TimeoutExpired = subprocess.TimeoutExpired

    def __init__(self) -> None:
        self.asked = 0
        self.answer: BaseException | tuple[int, str] = (0, "")

    def run(self, command: list[str], **_more: Any) -> "subprocess.CompletedProcess[bytes]":
        self.asked += 1
        if isinstance(self.answer, BaseException):
            raise self.answer
        status, said = self.answer
        return subprocess.CompletedProcess(command, status, b"", said.encode())


@pytest.fixture
def machine(monkeypatch: pytest.MonkeyPatch) -> Machine:
    found = Machine()
    monkeypatch.setattr(sandbox, "subprocess", found)
    return found


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    now = [1000.0]
    monkeypatch.setattr(sandbox, "time", type("Clock", (), {"monotonic": staticmethod(lambda: now[0])}))
    return now


def asked() -> sandbox.Probe:
    return sandbox.Probe(lambda: ["bwrap", "true"], needs=["sh"])


@pytest.mark.parametrize(
    "answer",
    [
        subprocess.TimeoutExpired("bwrap", 20),
        BlockingIOError(11, "Resource temporarily unavailable"),
        (1, "bwrap: Creating new namespace failed: Resource temporarily unavailable"),
        (-9, ""),
    ],
)
def test_what_passes_is_not_remembered(machine: Machine, clock: list[float], answer: Any) -> None:
    """Finding: a timeout of the probe let ffmpeg run bare for the life of the process."""
    probe = asked()
    machine.answer = answer
    assert probe.state() != sandbox.BUBBLEWRAP
    machine.answer = (0, "")
    assert probe.state() == sandbox.BUBBLEWRAP
    machine.answer = (1, "no more")
    assert probe.state() == sandbox.BUBBLEWRAP, "that it starts is known for good"
    assert machine.asked == 2


def test_refusal_is_remembered_for_a_minute(machine: Machine, clock: list[float]) -> None:
    probe = asked()
    machine.answer = (1, "bwrap: No permissions to create new namespace")
    assert [probe.state(), probe.state()] == ["bwrap refuses: bwrap: No permissions to create new namespace"] * 2
    assert machine.asked == 1
    machine.answer = (0, "")
    clock[0] += sandbox.ASK_AGAIN_S
    assert probe.state() == sandbox.BUBBLEWRAP


def test_missing_program_is_named(clock: list[float]) -> None:
    assert sandbox.Probe(list, needs=["bwrap-that-is-not"]).state() == "bwrap-that-is-not is not installed"


@pytest.mark.parametrize("missing", ["setpriv", "prlimit"])
def test_without_its_limits_nothing_is_enclosed(
    missing: str, settings: Any, monkeypatch: pytest.MonkeyPatch, film: Path, tmp_path: Path
) -> None:
    """Finding: without util-linux there were silently no limits, even where the sandbox is required."""
    programs = tmp_path / "programs"
    programs.mkdir()
    for name in {"bwrap", "ffmpeg", "setpriv", "prlimit"} - {missing}:
        (programs / name).symlink_to("/bin/true")
    monkeypatch.setitem(sandbox.ENVIRONMENT, "PATH", str(programs))
    settings.MEDIA_SANDBOX = "required"
    sandbox._ffmpeg.forget()
    try:
        with pytest.raises(UnableToTranscode) as caught:
            ffmpeg.probe(film)
        assert (caught.value.code, caught.value.detail) == ("no_sandbox", f"{missing} is not installed")
    finally:
        sandbox._ffmpeg.forget()


@pytest.fixture
def nowhere(settings: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    settings.MEDIA_SANDBOX = "required"
    monkeypatch.setattr(sandbox, "sandbox_state", lambda: REFUSAL)


def test_required_sandbox_is_never_left_out(nowhere: None, film: Path, tmp_path: Path) -> None:
    with pytest.raises(UnableToTranscode) as caught:
        ffmpeg.probe(film)
    assert (caught.value.code, caught.value.detail) == ("no_sandbox", REFUSAL)
    assert "联系管理员" in reason("no_sandbox")
    with pytest.raises(ffmpeg.UnableToConfine):
        ffmpeg.packager_command(["-i", "pipe:0", "out.m3u8"], protocols="file,pipe", rw_dir=tmp_path)


@pytest.mark.django_db
def test_job_waits_for_its_sandbox_and_is_done_then(
    nowhere: None, settings: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    job = JobFactory()
    assert operations.transcode(job_id=job.pk, as_of=timezone.now()) is False
    job.refresh_from_db()
    assert (job.state, job.attempt, job.video.state) == (Job.State.QUEUED, 0, Video.State.QUEUED)
    settings.MEDIA_SANDBOX = "try"
    monkeypatch.setattr("media.transcoder.probe", lambda _path: (_ for _ in ()).throw(UnableToTranscode("empty")))
    assert operations.transcode(job_id=job.pk, as_of=timezone.now()) is True
    job.refresh_from_db()
    assert job.attempt == 1


def test_who_runs_without_says_so(settings: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    settings.MEDIA_SANDBOX = "try"
    said: list[tuple[str, str]] = []
    monkeypatch.setattr(sandbox.log, "warning", lambda event, **more: said.append((event, more["reason"])))
    assert sandbox.may_enclose(REFUSAL) is False
    assert said == [("sandbox_missing", REFUSAL)]


def test_nothing_runs_with_rights_of_root(tmp_path: Path, film: Path) -> None:
    """Finding: code 4, sandbox-caps. Root keeps every capability in bubblewrap unless they are dropped."""
    needs_bubblewrap()
    look = ["grep", "^Cap", "/proc/self/status"]
    encoder = sandbox.confined(look, source=film, folder=tmp_path, limits=["--core=0"], enclosed=True)
    packager = ffmpeg.packager_command(["-i", "pipe:0", "out.m3u8"], protocols="file,pipe", rw_dir=tmp_path)
    for command in (encoder, [*packager[: packager.index("ffmpeg")], *look]):
        kept = dict(line.split(":") for line in said_by(command, stdin=subprocess.DEVNULL).splitlines())
        assert {"CapPrm", "CapEff", "CapBnd"} <= kept.keys(), kept
        assert {int(value, 16) for value in kept.values()} == {0}
        # Whoever runs these tests without being root has no capability to lose.
        assert command[command.index("--cap-drop") + 1] == "ALL"


def test_what_was_uploaded_is_read_and_never_written(tmp_path: Path, film: Path) -> None:
    """A source is kept as long as its video: a hostile file must not change it for the next attempt."""
    needs_bubblewrap()
    spoil = ["sh", "-c", "cat /in/source; echo spoilt > /in/source"]
    said = said_by(sandbox.confined(spoil, source=film, folder=tmp_path, limits=["--core=0"], enclosed=True))
    assert said.startswith("film")
    assert film.read_bytes() == b"film"
