"""A real Janus, as the agent starts it, under a load of peers that decode nothing (``_webrtc.py``)."""

import asyncio
import resource
import tempfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

from bench import _databases  # noqa: F401 - Django, with a private folder
from bench._webrtc import SETTLE_S, Identity, Peer
from live.engines import get_engine
from live.engines.base import EngineEvent, MediaEngine, OfferMade, Subscribing
from live.engines.janus import JanusHost

MOST_FILES = 4096


@dataclass
class Load:
    """The engine, and who is connected to it. ``folder``: for whatever else there is to keep."""

    host: JanusHost
    engine: MediaEngine
    folder: Path
    identity: Identity = field(default_factory=Identity)
    peers: list[Peer] = field(default_factory=list)
    _tasks: list[asyncio.Task[None]] = field(default_factory=list)

    def peer(self) -> Peer:
        made = Peer(self.identity, self.host.network.addresses[0])
        self.peers.append(made)
        return made

    async def publish(self, room_id: str, name: str) -> Peer:
        """Somebody on the air, with a picture and a voice; what they send: ``_lecture_rtp.give``."""
        peer = self.peer()
        publishing = await self.engine.publish(
            room_id=room_id, participant_id=name, offer_sdp=peer.offer(), on_event=lambda _event: None
        )
        peer.answered(publishing.answer_sdp)
        await asyncio.wait_for(peer.up, SETTLE_S)
        while name not in [one.participant_id for one in await self.engine.publishers(room_id)]:
            await asyncio.sleep(0.1)
        return peer

    async def watch(self, room_id: str, *, but: str = "") -> tuple[Peer, Subscribing]:
        """Somebody who takes in all that is offered, now and later."""
        peer, offers = self.peer(), asyncio.Queue[str]()

        def hear(event: EngineEvent) -> None:
            if isinstance(event, OfferMade):
                offers.put_nowait(event.sdp)

        subscribing = await self.engine.subscribe(room_id=room_id, but=but, on_event=hear)
        if subscribing.offer_sdp is not None:
            offers.put_nowait(subscribing.offer_sdp)

        async def follow() -> None:
            while True:
                await subscribing.answer(peer.answer(await offers.get()))

        self._tasks.append(asyncio.create_task(follow()))
        await asyncio.wait_for(peer.up, SETTLE_S)
        return peer, subscribing

    def spawn(self, work: "asyncio._CoroutineLike[None]") -> None:
        self._tasks.append(asyncio.create_task(work))

    async def stop(self) -> None:
        """Hang up; raises what any of the tasks failed by."""
        for task in self._tasks:
            task.cancel()
        for ended in await asyncio.gather(*self._tasks, return_exceptions=True):
            if isinstance(ended, Exception):
                raise ended
        for peer in self.peers:
            peer.close()


@asynccontextmanager
async def engine_under_load() -> AsyncIterator[Load]:
    from tests.live.engine.conftest import network

    _soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(MOST_FILES, hard), hard))
    with tempfile.TemporaryDirectory(prefix="classroom-bench-") as name:
        host = JanusHost(Path(name) / "engine", network())
        host.folder.mkdir()
        await host.start()
        load = Load(host, get_engine(host.url), Path(name))
        try:
            yield load
            await load.stop()
        finally:
            await load.engine.aclose()
            await host.stop()
