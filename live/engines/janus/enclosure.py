"""Janus inside bubblewrap: its folder, the system's programs and the network, and nothing else of the machine (ADR 28).

It is native code on public UDP ports. Root starts it as an unprivileged user; whoever is not root starts it as itself,
in a user namespace. Two bubblewraps are around it: the outer one is our child, the inner one is process 1 in there,
which dies with the outer one and takes Janus along. (Janus alone could not: root's bubblewrap, which has given up its
rights, may not signal another user's process.)
"""

import contextlib
import os
import pwd
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from media.ffmpeg.sandbox import ROOMS, Probe, may_enclose, sandbox_state

HOME = "/engine"
# The configuration names libraries by their place on this machine; local time is for its log.
MORE = ["--ro-bind-try", "/opt/janus", "/opt/janus", "--ro-bind-try", "/etc/localtime", "/etc/localtime"]
NO_RIGHTS = ["--inh-caps=-all", "--bounding-set=-all", "--no-new-privs"]
DIE = ["setpriv", "--pdeathsig", "KILL"]


@dataclass(frozen=True, slots=True)
class Owner:
    """Who Janus is where root starts it."""

    uid: int
    gid: int


def owner() -> Owner | None:
    """The unprivileged user as whom Janus runs; None: as whoever starts it."""
    if os.geteuid() != 0:
        return None
    entry = pwd.getpwnam("nobody")
    return Owner(entry.pw_uid, entry.pw_gid)


def enclosed(argv: Sequence[str], *, folder: Path, info: int | None = None) -> list[str]:
    """Return ``argv`` inside bubblewrap, in ``folder``; ``info``: the descriptor to which the inner process is told."""
    told = [] if info is None else ["--info-fd", str(info)]
    binds = ["--bind", str(folder.resolve()), HOME]
    # The folder is the engine's: root without its rights could not go in, but Janus can.
    there = ["env", "-C", HOME, *argv]
    become = owner()
    if become is None:
        return ["bwrap", "--unshare-user", "--cap-drop", "ALL", *ROOMS, *MORE, *binds, *told, *DIE, *there]
    # Only root of the machine may become somebody else in there: no user namespace, and the rights for that alone.
    rights = [part for name in ("SETUID", "SETGID", "SETPCAP") for part in ("--cap-add", f"CAP_{name}")]
    who = ["--reuid", str(become.uid), "--regid", str(become.gid), "--clear-groups", *NO_RIGHTS]
    return ["bwrap", "--cap-drop", "ALL", *rights, *ROOMS, *MORE, *binds, *told, *DIE, *who, *there]


_probe = Probe(lambda: enclosed(["true"], folder=Path(tempfile.gettempdir())), needs=("bwrap", "setpriv"))


def only_child(pid: int) -> int:
    """The process that another one started; 0 where there is none."""
    for entry in Path("/proc").iterdir():
        if entry.name.isdecimal():
            with contextlib.suppress(OSError, IndexError):
                if int((entry / "stat").read_text().rpartition(")")[2].split()[1]) == pid:
                    return int(entry.name)
    return 0


def is_enclosed() -> bool:
    """Whether the engine's next life is inside bubblewrap. Raises UnableToConfine where it has to be, and cannot."""
    may_enclose(sandbox_state())  # a lecture needs its packager as well
    return may_enclose(_probe.state())
