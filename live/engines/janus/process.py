"""Janus as an unprivileged child of the media agent, inside bubblewrap (enclosure.py)."""

import asyncio
import contextlib
import json
import os
import pwd
import resource
import shutil
import signal
import subprocess
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import IO, Any

import structlog
from django.conf import settings

from live.children import cpu_seconds, dies_with_parent
from live.engines.base import EngineError
from media.ffmpeg import ENVIRONMENT, UnableToConfine

from . import enclosure
from .client import Connection, count_handles
from .config import ADMIN_SOCKET, SECRETS, SOCKET, Network, Secrets, UnableToFindJanus, library_folder, render

log = structlog.get_logger(__name__)

START_TIMEOUT_S = 10.0
STOP_TIMEOUT_S = 2.0
MOST_OPEN_FILES = 65536


class UnableToStartJanus(Exception):
    """Janus ended at once or did not answer in time; its log says why."""


class JanusHost:
    """Starts, watches and stops one Janus in ``folder``. ``url``: where processes of this host reach it.

    ``address``: where other hosts do, by this host's nginx (deploy/nginx-media.conf.in); "": none does.
    """

    def __init__(self, folder: Path, network: Network, address: str = "") -> None:
        self.folder = folder
        self.address = address
        self.network = network
        self.url = f"janus+unix:{folder / SOCKET}"
        self._child: asyncio.subprocess.Process | None = None
        self._pid = 0

    @property
    def pid(self) -> int:
        """Janus itself; our child is the bubblewrap around it, which ends with it and with the same status."""
        return self._pid

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
        try:
            is_enclosed = await asyncio.to_thread(enclosure.is_enclosed)
        except UnableToConfine as error:
            raise UnableToStartJanus(f"MEDIA_SANDBOX=required: {error}") from error
        user = enclosure.owner()
        keys = self._write(user)
        argv = (binary, "-F", "conf")
        with (self.folder / "janus.log").open("wb") as output:
            if is_enclosed:
                await self._start_enclosed(argv, output)
            else:
                become = {} if user is None else {"user": user.uid, "group": user.gid, "extra_groups": []}
                self._child = await self._exec(argv, output, **become)
                self._pid = self._child.pid
        await self._ready(keys)
        self._open_doors()
        log.info("engine_started", pid=self.pid, enclosed=is_enclosed, addresses=self.network.addresses)

    async def _start_enclosed(self, argv: Sequence[str], output: IO[bytes]) -> None:
        told, tell = os.pipe()
        try:
            command = enclosure.enclosed(argv, folder=self.folder, info=tell)
            self._child = await self._exec(command, output, pass_fds=(tell,))
        except BaseException:
            os.close(told)
            raise
        finally:
            os.close(tell)
        # Ends when bubblewrap closes it: our own copy of the writing end is closed above.
        with open(told, "rb") as pipe:
            said = await asyncio.to_thread(pipe.read)
        # Nothing is said where bubblewrap ended before; then _ready tells what it wrote.
        first = json.loads(said)["child-pid"] if said.strip() else 0
        self._pid = 0
        async with asyncio.timeout(START_TIMEOUT_S):
            while first and self.running and not self._pid:
                self._pid = await asyncio.to_thread(enclosure.only_child, first)

    async def _exec(self, argv: Sequence[str], output: IO[bytes], **more: Any) -> asyncio.subprocess.Process:
        return await asyncio.create_subprocess_exec(
            *argv,
            cwd=self.folder,
            env=ENVIRONMENT,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            start_new_session=True,
            preexec_fn=self._before_exec(),
            **more,
        )

    async def wait(self) -> int:
        """Until the child ends; its exit status."""
        if self._child is None:
            return 0
        return await self._child.wait()

    def kill(self) -> None:
        """End it at once, as a crash would."""
        self._signal(signal.SIGKILL)

    async def stop(self) -> None:
        """Ask, then kill. Idempotent."""
        if self._child is None or self._child.returncode is not None:
            return
        # A Janus that is asked closes its rooms, and browsers learn at once that it is gone.
        for how in (signal.SIGTERM, signal.SIGKILL):
            self._signal(how)
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._child.wait(), STOP_TIMEOUT_S)
                return

    def _signal(self, how: signal.Signals) -> None:
        """To Janus itself: bubblewrap, asked to end, would leave it no time, and killed would be gone before it."""
        if self._child is not None and self._child.returncode is None:
            with contextlib.suppress(ProcessLookupError):
                os.kill(self._pid or self._child.pid, how)

    def _before_exec(self) -> Callable[[], None]:
        dies = dies_with_parent()
        most = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
        files = MOST_OPEN_FILES if most == resource.RLIM_INFINITY else min(most, MOST_OPEN_FILES)

        def before_exec() -> None:
            dies()
            resource.setrlimit(resource.RLIMIT_NOFILE, (files, files))

        return before_exec

    def _write(self, user: enclosure.Owner | None) -> Secrets:
        """Only the child's user (and root) can look into the folder. The child needs no right on the way to it."""
        keys = Secrets.shared(self.address) if self.address else Secrets.fresh()
        rendered = render(network=self.network, keys=keys, libraries=library_folder())
        files = {f"conf/{name}": text for name, text in rendered.items()}
        files[SECRETS] = json.dumps(keys.as_dict())
        (self.folder / "conf").mkdir(parents=True, exist_ok=True)
        for name in (SOCKET, ADMIN_SOCKET):
            (self.folder / name).unlink(missing_ok=True)
        for name, text in files.items():
            path = self.folder / name
            # A new file, not the old one: whoever had that open does not read the new secrets.
            path.unlink(missing_ok=True)
            path.touch(mode=0o600)
            path.write_text(text)
        for path in (self.folder, self.folder / "conf", *(self.folder / name for name in files)):
            path.chmod(0o700 if path.is_dir() else 0o600)
            if user is not None and path.name != SECRETS:
                os.chown(path, user.uid, user.gid)
        return keys

    async def _ready(self, keys: Secrets) -> None:
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(START_TIMEOUT_S):
                # The socket is there before Janus answers on it, so the first answer is what counts.
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
        doors = {self.folder: 0o710, self.folder / SOCKET: 0o660, self.folder / SECRETS: 0o640}
        if group := let_group_in(self.folder.parent, doors):
            log.info("engine_shared_with_group", group=group)


def let_group_in(above: Path, doors: Mapping[Path, int]) -> int:
    """Where the site's other processes run as another user: let their group in, and nobody else; 0: none was let in.

    That of the owner of ``above`` (VAR_DIR); where root owns it, its own, unless that is only the web server's.
    """
    facts = above.stat()
    group = facts.st_gid
    if facts.st_uid:
        with contextlib.suppress(KeyError):  # a number without a name
            group = pwd.getpwuid(facts.st_uid).pw_gid
    if os.geteuid() != 0 or group in (0, settings.FILES_GROUP):
        return 0
    for path, mode in doors.items():
        os.chown(path, -1, group)
        path.chmod(mode)
    return group
