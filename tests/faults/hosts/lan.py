"""Hosts on one machine: each with a network, processes and a name of its own, on one bridge. Root, or tests/netns.sh.

What a host shares with the others is the code that it runs, as an installed release is everywhere the same.
"""

import contextlib
import json
import os
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tests.services import as_user
from tests.sites import BASE_DIR

GATEWAY = "10.77.0.1"
PATIENCE_S = 60.0
IP = shutil.which("ip") or "/usr/sbin/ip"
INIT = Path(__file__).with_name("init.py")


def run(*argv: str) -> None:
    subprocess.run(argv, check=True, capture_output=True, cwd="/")


def waits_for(true: Callable[[], Any], *, within: float, what: str) -> None:
    """Until ``true()``; RuntimeError with ``what`` otherwise."""
    deadline = time.monotonic() + within
    while not true():
        if time.monotonic() > deadline:
            raise RuntimeError(f"did not happen in {within} s: {what}")
        time.sleep(0.05)


@dataclass
class Host:
    """A host at 10.77.0.``number``. Its network is there from the beginning, its processes from ``on`` to ``off``."""

    name: str
    number: int
    folder: Path
    parts: dict[str, tuple[Sequence[str], Mapping[str, str]]] = field(default_factory=dict)
    _cable: "subprocess.Popen[bytes] | None" = None
    _power: "subprocess.Popen[bytes] | None" = None

    @property
    def address(self) -> str:
        return f"10.77.0.{self.number}"

    @property
    def is_on(self) -> bool:
        return self._power is not None

    def plug_in(self) -> None:
        """Its network: one end on the bridge, the other in a namespace that a sleeping process keeps.

        There is no way out of the bridge, so that a question for a name fails at once.
        """
        self.folder.mkdir(parents=True)
        self.folder.chmod(0o755)
        self._cable = subprocess.Popen([*as_user(None), "unshare", "--net", "sleep", "infinity"], cwd="/")
        pid, own = self._cable.pid, os.readlink("/proc/self/ns/net")
        waits_for(lambda: self._namespace() not in ("", own), within=PATIENCE_S, what=f"a network of {self.name}")
        run(IP, "link", "add", f"to-{self.number}", "type", "veth", "peer", "name", "eth0", "netns", str(pid))
        run(IP, "link", "set", f"to-{self.number}", "master", "lan0", "up")
        inside = ("nsenter", "--target", str(pid), "--net", IP)
        run(*inside, "link", "set", "lo", "up")
        run(*inside, "address", "add", f"{self.address}/24", "dev", "eth0")
        run(*inside, "link", "set", "eth0", "up")

    def _namespace(self) -> str:
        assert self._cable is not None
        with contextlib.suppress(OSError):
            return os.readlink(f"/proc/{self._cable.pid}/ns/net")
        return ""

    def on(self) -> None:
        """Start all of its parts; they answer a little later."""
        assert self._cable is not None
        assert self._power is None
        self.cable(there=True)
        told = {
            name: {
                "argv": list(argv), "environment": dict(environment), "cwd": str(BASE_DIR),
                "log": str(self.folder / f"{name}.log"),
            }
            for name, (argv, environment) in self.parts.items()
        }  # fmt: skip
        apart = ("unshare", "--pid", "--fork", "--kill-child", "--mount", "--mount-proc", "--uts")
        inside = ("nsenter", "--target", str(self._cable.pid), "--net", *apart, sys.executable, str(INIT))
        self._power = subprocess.Popen([*as_user(None), *inside, self.name, json.dumps(told)], cwd="/")

    def off(self, *, silently: bool = False) -> None:
        """All of its processes at once, by SIGKILL. ``silently``: the cable first, so that nobody gets a reset."""
        assert self._power is not None
        if silently:
            self.cable(there=False)
        first = Path(f"/proc/{self._power.pid}/task/{self._power.pid}/children").read_text().split()
        self._power.kill()
        self._power.wait()
        self._power = None
        # The first process of its namespace goes last: when all of the others are gone.
        waits_for(
            lambda: not any(Path(f"/proc/{pid}").exists() for pid in first),
            within=PATIENCE_S,
            what=f"{self.name} is off",
        )

    def cable(self, *, there: bool) -> None:
        """Without it the host runs on, and nobody reaches it."""
        run(IP, "link", "set", f"to-{self.number}", "up" if there else "down")

    def unplug(self) -> None:
        """At the end of it all."""
        if self._power is not None:
            self.off()
        if self._cable is not None:
            self._cable.kill()
            self._cable.wait()

    def answers(self, port: int) -> bool:
        with contextlib.suppress(OSError), socket.create_connection((self.address, port), 1):
            return True
        return False

    def logs(self, lines: int = 25) -> str:
        """The end of what each of its parts said."""
        told = ((path.name, path.read_text(errors="replace")) for path in sorted(self.folder.glob("*.log")))
        return "\n".join("\n".join([f"--- {self.name} {name}", *text.splitlines()[-lines:]]) for name, text in told)


@contextlib.contextmanager
def lan() -> Iterator[None]:
    """The bridge, in the network namespace in which the test runs."""
    run(IP, "link", "add", "lan0", "type", "bridge")
    try:
        run(IP, "address", "add", f"{GATEWAY}/24", "dev", "lan0")
        run(IP, "link", "set", "lan0", "up")
        yield
    finally:
        run(IP, "link", "delete", "lan0")
