"""What stands around every ffmpeg process: limits, niceness, death with its parent, and bubblewrap where it works.

All of it is command-line wrappers (setpriv, prlimit, nice, bwrap), not code between fork and exec: the worker has
threads.
"""

import os
import shutil
import subprocess
from collections.abc import Sequence
from functools import lru_cache
from pathlib import Path

BUBBLEWRAP = "bubblewrap"
PROBE_TIMEOUT_S = 20
SYSTEM = [
    *("--unshare-user-try", "--unshare-ipc", "--unshare-pid", "--unshare-uts", "--unshare-cgroup-try"),
    *("--die-with-parent", "--new-session", "--cap-drop", "ALL", "--clearenv", "--setenv", "PATH", "/usr/bin"),
    *("--setenv", "LANG", "C.UTF-8", "--ro-bind", "/usr", "/usr", "--symlink", "usr/lib", "/lib"),
    *("--symlink", "usr/lib64", "/lib64", "--symlink", "usr/bin", "/bin"),
    *(
        "--ro-bind-try",
        "/etc/ld.so.cache",
        "/etc/ld.so.cache",
        "--ro-bind-try",
        "/etc/alternatives",
        "/etc/alternatives",
    ),
    *("--proc", "/proc", "--dev", "/dev", "--tmpfs", "/tmp"),  # noqa: S108 - a new one inside
]


def _wrapper() -> list[str]:
    """Dies with the thread that started it, as every child of a killed worker must."""
    return ["setpriv", "--pdeathsig", "KILL"]


@lru_cache(maxsize=1)
def sandbox_state() -> str:
    """Return "bubblewrap", or why ffmpeg runs without it. Asked of the machine once a process."""
    if shutil.which("bwrap") is None:
        return "bwrap is not installed"
    if shutil.which("ffmpeg") is None:
        return "ffmpeg is not installed"
    command = ["bwrap", *SYSTEM, "--unshare-net", "ffmpeg", "-v", "error", "-version"]
    try:
        done = subprocess.run(command, capture_output=True, timeout=PROBE_TIMEOUT_S, check=False)  # noqa: S603
    except (OSError, subprocess.TimeoutExpired) as error:
        return f"bwrap does not start: {type(error).__name__}"
    if done.returncode != 0:
        return f"bwrap refuses: {done.stderr.decode(errors='replace').strip()[:200]}"
    return BUBBLEWRAP


@lru_cache(maxsize=1)
def has_setpriv() -> bool:
    return shutil.which("setpriv") is not None and shutil.which("prlimit") is not None


def confined(argv: Sequence[str], *, source: Path, folder: Path | None, limits: Sequence[str]) -> list[str]:
    """Return ``argv`` wrapped: it reads ``source`` (as ``inside(source)``), writes only ``folder``, has no network."""
    outer = [*_wrapper(), "prlimit", *limits, "nice", "-n", "10"] if has_setpriv() else ["nice", "-n", "10"]
    if sandbox_state() != BUBBLEWRAP:
        return [*outer, *argv]
    binds = ["--ro-bind", str(source.resolve()), "/in/source"]
    if folder is not None:
        binds += ["--bind", str(folder.resolve()), "/out", "--chdir", "/out"]
    return [*outer, "bwrap", *SYSTEM, "--unshare-net", *binds, *argv]


def inside(source: Path) -> str:
    """The address by which the confined process knows the source; never taken for another protocol."""
    return "file:/in/source" if sandbox_state() == BUBBLEWRAP else f"file:{source.resolve()}"


def packager_command(args: Sequence[str], *, protocols: str, rw_dir: Path) -> list[str]:
    """Return the full command line for the live packager: ``ffmpeg`` with ``args``, started in ``rw_dir``.

    ``args`` are ffmpeg's arguments without the program name; input and output files are relative to ``rw_dir``, the
    only folder that can be written. ``protocols`` (as "file,rtp,udp") is put before the first ``-i``. The network
    is the host's, for loopback RTP. The process dies with the thread that started it. Signals end the sandbox at
    once; to let ffmpeg finish its last segment, start it with a pipe as standard input and write ``q`` to it.
    """
    arguments = list(args)
    at = arguments.index("-i")
    arguments[at:at] = ["-protocol_whitelist", protocols]
    ffmpeg = ["ffmpeg", "-hide_banner", *arguments]
    outer = _wrapper() if has_setpriv() else []
    if sandbox_state() != BUBBLEWRAP:
        return [*outer, *(["env", "-C", str(rw_dir)]), *ffmpeg]
    binds = ["--bind", str(rw_dir.resolve()), "/out", "--chdir", "/out"]
    return [*outer, "bwrap", *SYSTEM, *binds, *ffmpeg]


def available_cores() -> int:
    return len(os.sched_getaffinity(0))
