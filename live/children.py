"""Child processes that do not outlive their parent, not even when it is killed."""

import ctypes
import os
import signal
from collections.abc import Callable
from pathlib import Path

PR_SET_PDEATHSIG = 1
PR_SET_NO_NEW_PRIVS = 38
_libc = ctypes.CDLL(None, use_errno=True)


def die_with_parent(sig: int) -> None:
    """Ask the kernel to signal this process when its parent is gone, however that happened."""
    _libc.prctl(PR_SET_PDEATHSIG, sig, 0, 0, 0)


def dies_with_parent() -> Callable[[], None]:
    """A ``preexec_fn``: the kernel kills the child when the thread that started it ends, and it gains no rights.

    Runs after the change of user, which would clear the wish. Start children from the main thread only.
    """
    parent = os.getpid()

    def before_exec() -> None:
        die_with_parent(signal.SIGKILL)
        _libc.prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0)
        if os.getppid() != parent:
            os.kill(os.getpid(), signal.SIGKILL)

    return before_exec


def cpu_seconds(pid: int) -> float:
    """Processor time that a process has used so far; 0 when it is gone."""
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return 0.0
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")
