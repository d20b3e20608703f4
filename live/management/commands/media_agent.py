"""The media host's one process: runs the engine, the scrubbers and the packagers of its lectures."""

import asyncio
import fcntl
import os
import signal
import socket
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from live.agent.agent import Agent
from live.engines.janus import JanusHost
from live.engines.janus.config import Network, UnableToFindJanus, library_folder


class Command(BaseCommand):
    requires_system_checks = ()  # they would load every page of the site into this small process
    help = "Runs the media engine and the packagers of live lectures on this host until it is told to stop."

    def handle(self, **options: Any) -> None:
        folder = Path(settings.VAR_DIR) / "engine"
        folder.mkdir(parents=True, exist_ok=True)
        with (folder.parent / "engine.lock").open("w") as lock:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
                library_folder()
            except BlockingIOError as error:
                raise CommandError(f"another media agent runs in {folder.parent}") from error
            except UnableToFindJanus as error:
                raise CommandError(f"Janus is not installed: {error}") from error
            asyncio.run(serve(folder))


async def serve(folder: Path) -> None:
    """Run the agent until SIGTERM or SIGINT."""
    network = Network(
        addresses=tuple(settings.MEDIA_ICE_ADDRESSES) or (primary_address(),),
        udp_range=settings.MEDIA_UDP_RANGE,
        public_address=settings.MEDIA_PUBLIC_ADDRESS,
        event_loops=len(os.sched_getaffinity(0)),
    )
    nodes = settings.NODES
    root = Path(settings.VAR_DIR) / "live"
    host = JanusHost(folder, network, nodes.address)
    agent = Agent(name=nodes.name, host=host, root=root, address=nodes.address)
    loop = asyncio.get_running_loop()
    for each in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(each, agent.stop)
    await agent.run()


def primary_address() -> str:
    """The address from which this machine speaks to others; nothing is sent. Raises CommandError without one."""
    for family, elsewhere in ((socket.AF_INET, "192.0.2.1"), (socket.AF_INET6, "2001:db8::1")):
        with socket.socket(family, socket.SOCK_DGRAM) as probe:
            try:
                probe.connect((elsewhere, 9))
            except OSError:
                continue
            return str(probe.getsockname()[0])
    raise CommandError("this machine has no network address: set MEDIA_ICE_ADDRESSES")
