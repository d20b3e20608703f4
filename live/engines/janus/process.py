"""Janus as an unprivileged child of the media agent."""

import asyncio
import contextlib
import grp
import json
import os
import pwd
import resource
import shutil
import signal
import subprocess
from collections.abc import Callable
from pathlib import Path

import structlog

from live.children import cpu_seconds, dies_with_parent
from live.engines.base import EngineError

from .client import Connection, count_handles
from .config import ADMIN_SOCKET, SECRETS, SOCKET, Network, Secrets, UnableToFindJanus, library_folder, render

log = structlog.get_logger(__name__)

START_TIMEOUT_S = 10.0
STOP_TIMEOUT_S = 2.0
MOST_OPEN_FILES = 65536


class UnableToStartJanus(Exception):
    """Janus ended at once or did not answer in time; its log says why."""


class JanusHost:
    """Starts, watches and stops one Janus in ``folder``. ``url`` is what goes into MediaNode.url."""

    def __init__(self, folder: Path, network: Network) -> None:
        self.folder = folder
        self.network = network
        self.url = f"janus+unix:{folder / SOCKET}"
        self._child: asyncio.subprocess.Process | None = None

    @property
    def pid(self) -> int:
        return 0 if self._child is None else self._child.pid

    @property
    def running(self) -> bool:
        return self._child is not None and self._child.returncode is None

    def cpu_seconds(self) -> float:
        return cpu_seconds(self.pid) if self.running else 0.0

    async def handles(self) -> int:
        """How many plugin handles are open: one a publisher or viewer, and a few of our own. 0 while it is down."""
        with contextlib.suppress(EngineError, OSError, KeyError, ValueError):
            return await count_handles(self.folder / ADMIN_SOCKET, self._keys().admin)
        return 0

    def _keys(self) -> Secrets:
        return Secrets(**json.loads((self.folder / SECRETS).read_text()))

    async def start(self) -> None:
        """Write a fresh configuration and start. Raises UnableToFindJanus, UnableToStartJanus."""
        binary = shutil.which("janus", path="/usr/bin:/usr/local/bin:/opt/janus/bin")
        if binary is None:
            raise UnableToFindJanus("janus")
        user = pwd.getpwnam("nobody") if os.geteuid() == 0 else None
        keys = self._write(user)
        identity: dict[str, object] = {}
        if user is not None:
            identity = {"user": user.pw_uid, "group": user.pw_gid, "extra_groups": []}
        with (self.folder / "janus.log").open("wb") as output:
            self._child = await asyncio.create_subprocess_exec(
                *(binary, "-F", "conf"),
                cwd=self.folder,
                env={"PATH": "/usr/bin:/bin"},
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                start_new_session=True,
                preexec_fn=self._before_exec(),
                **identity,  # type: ignore[arg-type]
            )
        await self._ready(keys)
        self._open_doors()
        log.info("engine_started", pid=self.pid, addresses=self.network.addresses)

    async def wait(self) -> int:
        """Until the child ends; its exit status."""
        if self._child is None:
            return 0
        return await self._child.wait()

    def kill(self) -> None:
        """End it at once, as a crash would."""
        if self._child is not None and self._child.returncode is None:
            self._child.kill()

    async def stop(self) -> None:
        """Ask, then kill. Idempotent."""
        if self._child is None or self._child.returncode is not None:
            return
        for how in (signal.SIGTERM, signal.SIGKILL):
            with contextlib.suppress(ProcessLookupError):
                self._child.send_signal(how)
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._child.wait(), STOP_TIMEOUT_S)
                return

    def _before_exec(self) -> Callable[[], None]:
        dies = dies_with_parent()
        most = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
        files = MOST_OPEN_FILES if most == resource.RLIM_INFINITY else min(most, MOST_OPEN_FILES)

        def before_exec() -> None:
            dies()
            resource.setrlimit(resource.RLIMIT_NOFILE, (files, files))

        return before_exec

    def _write(self, user: pwd.struct_passwd | None) -> Secrets:
        """Only the child's user (and root) can look into the folder. The child needs no right on the way to it."""
        keys = Secrets.fresh()
        rendered = render(network=self.network, keys=keys, libraries=library_folder())
        files = {f"conf/{name}": text for name, text in rendered.items()}
        files[SECRETS] = json.dumps(keys.as_dict())
        (self.folder / "conf").mkdir(parents=True, exist_ok=True)
        for name in (SOCKET, ADMIN_SOCKET):
            (self.folder / name).unlink(missing_ok=True)
        for name, text in files.items():
            path = self.folder / name
            path.unlink(missing_ok=True)
            path.touch(mode=0o600)
            path.write_text(text)
        for path in (self.folder, self.folder / "conf", *(self.folder / name for name in files)):
            path.chmod(0o700 if path.is_dir() else 0o600)
            if user is not None and path.name != SECRETS:
                os.chown(path, user.pw_uid, user.pw_gid)
        return keys

    async def _ready(self, keys: Secrets) -> None:
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(START_TIMEOUT_S):
                while self.running:
                    with contextlib.suppress(EngineError):
                        connection = await Connection.open(self.folder / SOCKET, keys.api)
                        await connection.close()
                        return
                    await asyncio.sleep(0.02)
        await self.stop()
        said = (self.folder / "janus.log").read_text(errors="replace").strip().splitlines()
        raise UnableToStartJanus(" | ".join(said[-3:]))

    def _open_doors(self) -> None:
        """Where the site's other processes run as another user: let VAR_DIR's group in, and nobody else."""
        group = self.folder.parent.stat().st_gid
        if os.geteuid() != 0 or group == 0:
            return
        for path, mode in ((self.folder, 0o710), (self.folder / SOCKET, 0o660), (self.folder / SECRETS, 0o640)):
            os.chown(path, -1, group)
            path.chmod(mode)
        log.info("engine_shared_with_group", group=grp.getgrgid(group).gr_name)
