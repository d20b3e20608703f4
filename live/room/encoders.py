"""Devices outside (OBS) that send a lecture's picture by WHIP, as this process owns them (ADR 56).

A device has no socket in a room: what a page would be told, this asks the database once a second, be anybody in the
room here or not. Its connection is a ``Peer`` like a browser's; where its process has died, any other takes it over.
"""

import time
from functools import partial
from typing import TYPE_CHECKING, Any

import structlog
from django.db import DatabaseError
from django.utils import timezone

from live import operations, permissions, queries, supervise
from live.engines import get_engine
from live.engines.base import PRESENTER, EngineError, UnableToReachEngine, lecture_spec
from live.models import AirTurn
from live.operations.encoders import Cut
from live.room import peers, signalling
from live.room.connections import Connection
from live.room.peers import Peer
from live.room.rooms import Room
from live.room.threads import in_database

if TYPE_CHECKING:
    from live.room.process import RoomProcess

log = structlog.get_logger(__name__)

LOOK_S = 1.0
LEFT_ALONE_S = 5.0


class Encoders:
    """Those of one process; on its event loop."""

    def __init__(self, process: "RoomProcess") -> None:
        self._process = process
        self._mine: dict[str, Peer] = {}
        self._looked_at = 0.0

    def start(self) -> None:
        """Begin to look after them, until the process's background ends."""
        self._process.background.spawn(supervise.forever("encoders_look", self._look_or_wait, every_s=LOOK_S))

    async def publish(self, *, occasion_id: int, host_id: int, digest: str, sdp: str) -> tuple[str, str]:
        """Put a device on the air; return the name of its connection, and the answer.

        ``digest``: of the key that it showed. Raises EngineError, NobodyIsOnAir, UnableToTakeAir, DatabaseError. May be
        cancelled: nothing goes on of it then.
        """
        room, connection = Room(occasion_id), _device(host_id)
        engine = await signalling.engine_of(room)
        await engine.open_room(lecture_spec(occasion_id))
        peer = Peer(room, connection, "pub")
        self._mine[peer.key] = peer
        try:
            take = partial(operations.take_encoder_air, occasion_id=occasion_id, host_id=host_id, socket=peer.key)
            await in_database(partial(take, as_of=timezone.now()))
            peers.attach(peer)
            peer.part = await engine.publish(
                room_id=room.room_id,
                participant_id=PRESENTER,
                offer_sdp=sdp,
                on_event=signalling.listener_for(self._process, peer),
            )
            await self._keep(peer, digest)
        except BaseException:
            self._process.peers.end(peer)  # the next look leaves the air
            raise
        log.info("encoder_on_air", occasion=occasion_id, host=host_id)
        return peer.key, peer.part.answer_sdp

    async def _keep(self, peer: Peer, digest: str) -> None:
        """Note it, by the key that was shown, if that still opens anything. Raises UnableToReachEngine."""
        # Without its row it could be neither cut nor taken over.
        if peer.is_over or not await self._process.peers.keep_now(peer):
            raise UnableToReachEngine
        # Another key may have been made while the engine was asked: what the older one opened would outlive it.
        bind = partial(operations.bind_encoder, occasion_id=peer.room.occasion_id, key=peer.key, digest=digest)
        if not await in_database(bind) or peer.is_over:
            raise UnableToReachEngine

    async def cut(self, one: Cut) -> None:
        """End what its device gave up, whichever process owned it."""
        if one.url is not None:
            await get_engine(one.url).end(one.reference)

    async def _look_or_wait(self) -> None:
        try:
            await self.look()
        except DatabaseError:
            log.warning("encoders_cannot_look")

    async def look(self) -> None:
        """End what may not go on, leave the air for what has ended, take over what is left alone. Raises DatabaseError.

        Of one that is being made nothing is asked yet.
        """
        made = {key: peer for key, peer in self._mine.items() if peer.is_kept and not peer.is_over}
        if made:
            on_air = partial(queries.encoders_on_air, keys=list(made), owner=self._process.name)
            allowed = await in_database(on_air)
            for key, peer in made.items():
                if not peer.is_over and not (key in allowed and await self._is_host(peer)):
                    self._process.peers.end(peer)
        for key, peer in list(self._mine.items()):
            if peer.is_over:
                await in_database(partial(operations.drop_peer, key=key, owner=self._process.name))
                await self._leave_air(peer.room.occasion_id, key)
                del self._mine[key]
        now = time.monotonic()
        if now - self._looked_at >= LEFT_ALONE_S:
            self._looked_at = now
            await self._take_over()

    async def _is_host(self, peer: Peer) -> bool:
        """Whether who made the key may lead this lecture yet."""
        whose = {"occasion_id": peer.room.occasion_id, "user_id": peer.member_id}
        return await in_database(partial(permissions.may_host_now, on_date=timezone.localdate(), **whose))

    async def _take_over(self) -> None:
        for row in await in_database(partial(queries.encoders_left_alone, as_of=timezone.now())):
            room = Room(row.occasion_id)
            try:
                engine = await signalling.engine_of(room)
            except EngineError:
                continue
            listener: Any = partial(signalling.listener_for, self._process)
            peer = await self._process.peers.claim(
                room, _device(row.member_id), "pub", row.key, engine=engine, listener=listener
            )
            if peer is not None:
                self._mine[row.key] = peer
                log.info("encoder_taken_over", occasion=row.occasion_id)
            else:
                await self._leave_air(row.occasion_id, row.key)

    async def _leave_air(self, occasion_id: int, key: str) -> None:
        """Its turn is left, unless another process goes on with it."""
        if not await in_database(partial(queries.is_peer, key=key)):
            leave = partial(operations.leave_air, occasion_id=occasion_id, socket=key, as_of=timezone.now())
            await in_database(leave)


def _device(host_id: int) -> Connection:
    """What stands for a device where a browser's socket would: nothing is ever sent to it."""

    async def nowhere(_message: dict[str, Any]) -> None: ...

    return Connection(send=nowhere, member_id=host_id, host=True, device=AirTurn.ENCODER, closed=True)
