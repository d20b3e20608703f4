"""What stands around every ffmpeg process: limits, niceness, death with its parent, and bubblewrap (ADR 28).

All of it is command-line wrappers (setpriv, env, prlimit, nice, bwrap), not code between fork and exec: the worker has
threads. Nothing of the worker's environment goes in: bubblewrap's own first process keeps the one that bwrap was
started with, whatever ``--clearenv`` does for its child, and shows it in ``/proc/1/environ``.
"""

import os
import shutil
import subprocess
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from functools import lru_cache
from pathlib import Path

import structlog
from django.conf import settings

log = structlog.get_logger(__name__)
BUBBLEWRAP = "bubblewrap"
PROBE_TIMEOUT_S = 20
NICENESS = 10
ASK_AGAIN_S = 60
# What a machine says that is only short of something now.
PASSING = ("Resource temporarily unavailable", "Cannot allocate memory", "Too many open files", "Interrupted")
ENVIRONMENT = {"PATH": "/usr/local/bin:/usr/bin:/bin", "LANG": "C.UTF-8"}
WRAPPERS = ("setpriv", "prlimit")
NOTHING_ELSE = ["env", "-i", *(f"{name}={value}" for name, value in ENVIRONMENT.items())]
ROOMS = [
    *("--unshare-ipc", "--unshare-pid", "--unshare-uts", "--unshare-cgroup-try"),
    *(
        "--die-with-parent",
        "--new-session",
        "--clearenv",
        "--setenv",
        "PATH",
        "/usr/bin",
        "--setenv",
        "LANG",
        "C.UTF-8",
    ),
    *("--ro-bind", "/usr", "/usr", "--symlink", "usr/lib", "/lib", "--symlink", "usr/lib64", "/lib64"),
    *("--symlink", "usr/bin", "/bin", "--ro-bind-try", "/etc/ld.so.cache", "/etc/ld.so.cache"),
    *("--ro-bind-try", "/etc/alternatives", "/etc/alternatives"),
    *("--proc", "/proc", "--dev", "/dev", "--tmpfs", "/tmp"),  # noqa: S108 - a new one inside
]
SYSTEM = ["--unshare-user-try", "--unshare-net", "--cap-drop", "ALL", *ROOMS]


class UnableToConfine(Exception):
    """MEDIA_SANDBOX=required, and bubblewrap does not start here; the text says why."""


class Probe:
    """Whether bubblewrap starts with these arguments: asked of the machine, and remembered only as far as it holds.

    That it starts is remembered for good; that it refuses, for a minute; a timeout or a passing want, not at all.
    """

    def __init__(self, command: Callable[[], Sequence[str]], *, needs: Sequence[str]) -> None:
        self._command = command
        self._needs = needs
        self._lock = threading.Lock()
        self._state = ""
        self._holds_until = 0.0

    def state(self) -> str:
        """Return "bubblewrap", or why it does not start."""
        with self._lock:
            if self._state != BUBBLEWRAP and time.monotonic() >= self._holds_until:
                self._state, passes = self._ask()
                self._holds_until = 0.0 if passes else time.monotonic() + ASK_AGAIN_S
            return self._state

    def forget(self) -> None:
        """Ask anew the next time."""
        with self._lock:
            self._state, self._holds_until = "", 0.0

    def _ask(self) -> tuple[str, bool]:
        """The answer, and whether it may be another one in a moment."""
        for program in self._needs:
            if shutil.which(program, path=ENVIRONMENT["PATH"]) is None:
                return f"{program} is not installed", False
        try:
            done = subprocess.run(  # noqa: S603 - our own argv, no shell
                [*self._command()], capture_output=True, timeout=PROBE_TIMEOUT_S, check=False, env=ENVIRONMENT
            )
        except (OSError, subprocess.TimeoutExpired) as error:
            return f"bwrap does not start: {type(error).__name__}", True
        if done.returncode == 0:
            return BUBBLEWRAP, False
        said = done.stderr.decode(errors="replace").strip()[:200]
        killed = done.returncode < 0 or done.returncode > 128
        return f"bwrap refuses: {said or done.returncode}", killed or any(each in said for each in PASSING)


_ffmpeg = Probe(
    lambda: [*NOTHING_ELSE, "bwrap", *SYSTEM, "ffmpeg", "-v", "error", "-version"],
    # Without the last two an ffmpeg would have no limits, and outlive its worker: not shut in, either.
    needs=("bwrap", "ffmpeg", *WRAPPERS),
)


def sandbox_state() -> str:
    """Return "bubblewrap", or why ffmpeg does not start in it."""
    return _ffmpeg.state()


def may_enclose(state: str) -> bool:
    """Whether to start inside bubblewrap, by what a probe said. Raises UnableToConfine where it has to be, and cannot.

    What runs without (MEDIA_SANDBOX=try) is said in the log, each time.
    """
    if state == BUBBLEWRAP:
        return True
    if settings.MEDIA_SANDBOX == "required":
        raise UnableToConfine(state)
    log.warning("sandbox_missing", reason=state, media_sandbox=settings.MEDIA_SANDBOX)
    return False


def is_enclosed() -> bool:
    """Whether the next ffmpeg runs inside bubblewrap. To be asked once for each. Raises UnableToConfine."""
    return may_enclose(sandbox_state())


@lru_cache(maxsize=1)
def has_setpriv() -> bool:
    return all(shutil.which(program, path=ENVIRONMENT["PATH"]) is not None for program in WRAPPERS)


def wrapper(*limits: str) -> list[str]:
    """Dies with the thread that started it, as every child of a killed worker must; knows nothing of its secrets.

    Where the machine has neither program only MEDIA_SANDBOX=try comes as far as this, and the log says so.
    """
    if not has_setpriv():
        return [*NOTHING_ELSE]
    return ["setpriv", "--pdeathsig", "KILL", *NOTHING_ELSE, *(["prlimit", *limits] if limits else [])]


def confined(
    argv: Sequence[str],
    *,
    source: Path,
    folder: Path | None,
    limits: Sequence[str],
    enclosed: bool,
    shown: Mapping[Path, str] | None = None,
    niceness: int = NICENESS,
) -> list[str]:
    """Return ``argv`` wrapped: it reads ``source`` (as ``inside(source)``), writes only ``folder``, has no network.

    ``enclosed``: what ``is_enclosed`` said; without it, only the environment, the limits and its death are wrapped.
    ``shown``: what else can be read in there, and as what.
    """
    outer = [*wrapper(*limits), "nice", "-n", str(niceness)]
    if not enclosed:
        return [*outer, *argv]
    binds = ["--ro-bind", str(source.resolve()), "/in/source"]
    for path, name in (shown or {}).items():
        binds += ["--ro-bind", str(path.resolve()), name]
    if folder is not None:
        binds += ["--bind", str(folder.resolve()), "/out", "--chdir", "/out"]
    return [*outer, "bwrap", *SYSTEM, *binds, *argv]


def inside(source: Path, *, enclosed: bool) -> str:
    """The address by which the confined process knows the source; never taken for another protocol."""
    return "file:/in/source" if enclosed else f"file:{source.resolve()}"


def packager_command(args: Sequence[str], *, protocols: str, rw_dir: Path) -> list[str]:
    """Return the full command line for the live packager: ``ffmpeg`` with ``args``, started in ``rw_dir``.

    ``args`` are ffmpeg's arguments without the program name; input and output files are relative to ``rw_dir``, the
    only folder that can be written. ``protocols`` (as "file,pipe") is put before the first ``-i``. There is no
    network: frames come through the pipe (ADR 9). The process dies with the thread that started it. Signals end the
    sandbox at once; to let ffmpeg finish its last segment, end its standard input. Raises UnableToConfine.
    """
    arguments = list(args)
    at = arguments.index("-i")
    arguments[at:at] = ["-protocol_whitelist", protocols]
    ffmpeg = ["ffmpeg", "-hide_banner", *arguments]
    if not is_enclosed():
        return [*wrapper(), "env", "-C", str(rw_dir), *ffmpeg]
    binds = ["--bind", str(rw_dir.resolve()), "/out", "--chdir", "/out"]
    return [*wrapper(), "bwrap", *SYSTEM, *binds, *ffmpeg]


def available_cores() -> int:
    return len(os.sched_getaffinity(0))
