"""Browsers' connections with the media engine, as this process owns them: each outlives the socket that made it.

A browser whose socket is away keeps its picture; on its next socket it names the connection by its key, to this process
or to another one, and goes on. What nobody names again ends here after ``HOLD_S``; what a dead process owned, the
engine ends by itself. Who owns which connection is a row (``MediaPeer``); a browser is told a key, never what the
engine knows the connection by. ADR 51.
"""

import secrets
import time
from collections.abc import Callable, Container
from functools import partial
from typing import TYPE_CHECKING, Any, Literal, get_args

import structlog
from django.db import DatabaseError
from django.utils import timezone

from live import operations, permissions, queries, supervise
from live.engines import get_engine
from live.engines.base import EngineError, MediaEngine, Publishing, Subscribing, guest_id, speaker_id
from live.queries.meeting import appearing
from live.room import sessions, speakers
from live.room.connections import Connection
from live.room.threads import in_database

if TYPE_CHECKING:
    from live.room.process import RoomProcess
    from live.room.rooms import Room

log = structlog.get_logger(__name__)

Kind = Literal["pub", "sub", "talk", "meet"]
HOLD_S = 75.0
LOOK_S = 1.0
OWNED_S = 10.0


class Peer:
    """One browser's connection with the engine. ``part`` is None while it is being made."""

    part: Publishing | Subscribing | None = None
    away_at: float | None = None
    offer = ""
    is_over = False
    is_kept = False
    is_looked_at = False
    flows = False  # of a speaker: a picture was seen to come

    def __init__(self, room: "Room", connection: Connection, kind: Kind, *, key: str = "") -> None:
        self.room = room
        self.connection = connection
        self.kind = kind
        self.key = key or secrets.token_urlsafe(16)

    @property
    def member_id(self) -> int:
        return self.connection.member_id

    def of(self, connection: Connection) -> bool:
        """Whether it is that connection's browser's: the person's, on that device, here for what it was for."""
        mine, theirs = self.connection, connection
        same = mine.member_id == theirs.member_id and mine.device == theirs.device
        return same and (self.kind != "pub" or theirs.host)

    def move(self, room: "Room", connection: Connection) -> None:
        """Its browser has another socket now."""
        detach(self)
        self.room.webrtc.discard(self)
        self.room, self.connection, self.away_at = room, connection, None
        attach(self)


def attach(peer: Peer) -> None:
    """Make it what its connection sends or receives by."""
    if peer.kind == "pub":
        peer.connection.publishing = peer
    elif peer.kind == "talk":
        peer.connection.talking = peer
    elif peer.kind == "meet":
        peer.connection.meeting = peer
    else:
        peer.connection.subscribing = peer
        peer.room.webrtc.add(peer)


def detach(peer: Peer) -> None:
    """Its connection has it no more; its place among those who watch stays taken."""
    for name in ("publishing", "subscribing", "talking", "meeting"):
        if getattr(peer.connection, name) is peer:
            setattr(peer.connection, name, None)


def own_feed(connection: Connection) -> str:
    """Return whom this browser does not want to hear: its own person, on the stage or in the meeting, now or later."""
    return guest_id(connection.member_id) if connection.meets else speaker_id(connection.member_id)


def all_of(connection: Connection) -> tuple[Peer | None, ...]:
    """Return whatever this browser has."""
    return connection.publishing, connection.subscribing, connection.talking, connection.meeting


def one_of(connection: Connection, kind: Kind) -> Peer | None:
    """Return what this browser has of a kind."""
    return dict(zip(get_args(Kind), all_of(connection), strict=True))[kind]


class Peers:
    """Those of one process; on its event loop."""

    def __init__(self, process: "RoomProcess") -> None:
        self._process = process
        self._by_key: dict[str, Peer] = {}
        self._looked_at = 0.0

    def start(self) -> None:
        """Begin to look after those whose socket is away, until the process's background ends."""
        self._process.background.spawn(supervise.forever("peers_look", self._look_or_wait, every_s=LOOK_S))

    # --- one of them ----------------------------------------------------------------------------------------------

    def keep(self, peer: Peer) -> None:
        """It is made: note it, so that it can be taken over. Without a database it works all the same."""
        self._by_key[peer.key] = peer
        self._process.background.spawn(self._note(peer))

    async def keep_now(self, peer: Peer) -> bool:
        """The same, waited for; False: it is not noted, or has ended meanwhile."""
        self._by_key[peer.key] = peer
        await self._note(peer)
        return peer.is_kept and not peer.is_over

    async def _note(self, peer: Peer) -> None:
        if peer.is_over or peer.part is None:
            return
        note = partial(
            operations.keep_peer,
            occasion_id=peer.room.occasion_id,
            member_id=peer.member_id,
            device=peer.connection.device,
            kind=peer.kind,
            key=peer.key,
            reference=peer.part.reference,
            owner=self._process.name,
            as_of=timezone.now(),
        )
        try:
            peer.is_kept = await in_database(note)
        except DatabaseError:
            log.warning("peer_not_noted")
        # It ended while the row was written: nobody else would delete it.
        if peer.is_over:
            await self._drop(peer)

    def over(self, peer: Peer) -> None:
        """It has ended, or is about to be: forget it."""
        if peer.is_over:
            return
        peer.is_over = True
        if peer.kind == "pub" and peer.away_at is not None:
            self._process.air.media_ended(peer.connection)
        detach(peer)
        peer.room.webrtc.discard(peer)
        if self._by_key.pop(peer.key, None) is not None:
            self._process.background.spawn(self._drop(peer))

    async def _drop(self, peer: Peer) -> None:
        try:
            await in_database(partial(operations.drop_peer, key=peer.key, owner=self._process.name))
        except DatabaseError:
            log.warning("peer_not_dropped")  # it goes with its lecture

    def end(self, peer: Peer, *, whosever: bool = False) -> None:
        """End it at the engine, too. Media stop now.

        One whose socket is away may be another process's by now, which goes on with it, unless ``whosever`` it is.
        """
        was_on_air = peer.kind == "pub" and not peer.is_over and peer.part is not None
        if peer.away_at is not None and peer.is_kept and not whosever:
            if self._by_key.pop(peer.key, None) is not None:
                self.over(peer)
                self._process.background.spawn(self._end_if_owned(peer, was_on_air=was_on_air))
            return
        self.over(peer)
        speakers.ended(self._process, peer)
        if peer.part is not None:
            self._process.background.spawn(peer.part.close())
        if was_on_air:
            self._process.picture(peer.room, on=False)

    async def _end_if_owned(self, peer: Peer, *, was_on_air: bool) -> None:
        try:
            is_owned = await in_database(partial(operations.drop_peer, key=peer.key, owner=self._process.name))
        except DatabaseError:
            log.warning("peer_not_dropped")
            is_owned = True  # nobody can have claimed it without a database, and it must not go on unseen
        if is_owned:
            speakers.ended(self._process, peer)
        if is_owned and was_on_air:
            self._process.picture(peer.room, on=False)
        if peer.part is not None and is_owned:
            await peer.part.close()
        elif peer.part is not None:
            peer.part.let_go()

    # --- a socket goes and comes ------------------------------------------------------------------------------------

    def end_of(self, connection: Connection) -> None:
        """The person left, was sent away, or may not be here any more: no media without them."""
        for peer in all_of(connection):
            if peer is not None:
                self.end(peer)

    def hold(self, connection: Connection) -> None:
        """The socket is gone and the page may be there: media go on, and whoever comes back finds them."""
        for peer in all_of(connection):
            if peer is not None and peer.key in self._by_key:
                detach(peer)
                peer.away_at = time.monotonic()
            elif peer is not None:
                self.end(peer)

    def take(self, room: "Room", connection: Connection, kind: Kind, key: str) -> Peer | None:
        """Give this browser what it has here; also from its older socket, of whose end nobody knows yet."""
        peer = self._by_key.get(key)
        if peer is None or peer.kind != kind or peer.room.occasion_id != room.occasion_id or not peer.of(connection):
            return None
        peer.move(room, connection)
        return peer

    async def claim(
        self,
        room: "Room",
        connection: Connection,
        kind: Kind,
        key: str,
        *,
        engine: MediaEngine,
        listener: Callable[[Peer], Callable[..., None]],
    ) -> Peer | None:
        """Take over what another process owned. Raises DatabaseError."""
        owner, occasion_id = self._process.name, room.occasion_id
        whose = {"occasion_id": occasion_id, "member_id": connection.member_id, "device": connection.device}
        claim = partial(operations.claim_peer, kind=kind, key=key, owner=owner, **whose)  # type: ignore[arg-type]
        reference = await in_database(claim)
        if reference is None:
            return None
        peer = Peer(room, connection, kind, key=key)
        peer.is_kept = peer.flows = True  # as far as anybody saw; what stops from now on is told
        where: dict[str, Any] = {"room_id": room.room_id, "reference": reference, "on_event": listener(peer)}
        try:
            if kind == "sub":
                part = await engine.resume_subscribing(but=own_feed(connection), **where)
                # Others may have begun to send meanwhile: until this offer is answered there is no other one.
                peer.part, peer.offer = part, part.offer_sdp or ""
                if connection.meets:
                    part.see(connection.sees)
            else:
                peer.part = await engine.resume_publishing(**where)
        except EngineError as error:
            log.info("peer_not_taken_over", occasion=occasion_id, code=error.code)
            await self._drop(peer)
            await engine.end(reference)
            return None
        self._by_key[key] = peer
        attach(peer)
        # The socket went while the engine was asked.
        if connection.leaving:
            self.hold(connection)
        return peer

    # --- those whose socket is away ---------------------------------------------------------------------------------

    async def cut_speakers(self, room: "Room") -> None:
        """Nobody is heard who is not on the stage, whichever process put them there, alive or not."""
        for peer in self.sending(room, "talk"):
            if not room.is_speaking(peer.member_id):
                self.end(peer, whosever=True)
        references = await in_database(partial(operations.cut_speakers, occasion_id=room.occasion_id))
        await self._end_at_engine(room, references)

    def cut_unasked(self, room: "Room", speaking: Container[int]) -> None:
        """Nobody is heard whom the rows, just asked, do not have on the stage, whatever was told or missed.

        Of a connection made since the last look the rows may know more by now: it waits for the next one.
        """
        for connection in list(room.connections):
            peer = connection.talking
            if peer is not None and peer.is_looked_at and peer.member_id not in speaking:
                log.warning("speaker_unasked", occasion=room.occasion_id, member=peer.member_id)
                self.end(peer)
            elif peer is not None:
                peer.is_looked_at = True

    async def cut(self, room: "Room", member_id: int, kind: str = "") -> None:
        """This person was removed, or may send no more: nothing of theirs goes on, whichever process owned it."""
        for peer in [one for one in self._of(room.occasion_id) if one.member_id == member_id]:
            if kind in ("", peer.kind):
                self.end(peer, whosever=True)
        cut = partial(operations.cut_peers, occasion_id=room.occasion_id, member_id=member_id, kind=kind)
        await self._end_at_engine(room, await in_database(cut))

    def end_those(self, room: "Room", wanted: Callable[[Peer], bool]) -> None:
        """End what this process has of a room where it is ``wanted``, be its socket away or not."""
        here = {one for connection in room.connections for one in all_of(connection) if one is not None}
        for peer in here | set(self._of(room.occasion_id)):
            if wanted(peer):
                self.end(peer, whosever=True)

    async def _end_at_engine(self, room: "Room", references: list[str]) -> None:
        if references and (url := await in_database(partial(queries.engine_url, occasion_id=room.occasion_id))):
            for reference in references:
                await get_engine(url).end(reference)

    def _of(self, occasion_id: int) -> list[Peer]:
        return [one for one in self._by_key.values() if one.room.occasion_id == occasion_id]

    def sending(self, room: "Room", kind: Kind) -> set[Peer]:
        """Those of a kind, be their socket away or they themselves still being made."""
        making = {peer for one in room.connections if (peer := one_of(one, kind)) is not None}
        return making | {one for one in self._of(room.occasion_id) if one.kind == kind}

    def held(self) -> list[Peer]:
        """Those whose socket is away."""
        return [one for one in self._by_key.values() if one.away_at is not None]

    async def _look_or_wait(self) -> None:
        try:
            await self.look()
        except DatabaseError:
            log.warning("peers_cannot_look")

    async def look(self) -> None:
        """End what nobody came back for, or has no right to any more; let go of what others took. Raises DatabaseError.

        Whoever has a socket is looked after with it (``live.room.checks``).
        """
        now = time.monotonic()
        for peer in self.held():
            if peer.away_at is not None and now - peer.away_at > HOLD_S:
                self.end(peer)
        await self._ask_for_breaks([one for one in self.held() if one.kind == "pub"])
        await self._ask_the_rows([one for one in self.held() if one.kind == "talk"], queries.speaking)
        await self._ask_the_rows([one for one in self.held() if one.kind == "meet"], appearing)
        await self._ask_rights(self.held())
        if now - self._looked_at > OWNED_S:
            self._looked_at = now
            await self._let_go_of_taken()

    async def _ask_for_breaks(self, held: list[Peer]) -> None:
        """A break ends what is sent. Where nobody is in the room here, this process is not told of it."""
        if not held:
            return
        closed = await in_database(partial(queries.off_air, occasion_ids={one.room.occasion_id for one in held}))
        for peer in held:
            if peer.room.occasion_id in closed and peer.away_at is not None:
                self.end(peer)

    async def _ask_the_rows(self, held: list[Peer], ask: Callable[[set[int]], set[tuple[int, int]]]) -> None:
        """Who may send no more is heard no more, also where this process is not told of it."""
        if not held:
            return
        occasion_ids = {one.room.occasion_id for one in held}
        sending = await in_database(partial(ask, occasion_ids))
        for peer in held:
            if (peer.room.occasion_id, peer.member_id) not in sending and peer.away_at is not None:
                self.end(peer)

    async def _ask_rights(self, held: list[Peer]) -> None:
        if not held:
            return
        claims = [one.connection.claim for one in held]
        marks = await in_database(partial(sessions.still_signed_in, claims, as_of=timezone.now()))
        for occasion_id in {one.room.occasion_id for one in held}:
            theirs = [one for one in held if one.room.occasion_id == occasion_id]
            ids, today = {one.member_id for one in theirs}, timezone.localdate()
            ask = partial(permissions.rights_now, occasion_id=occasion_id, user_ids=ids, on_date=today)
            rights = await in_database(ask)
            for peer in theirs:
                allowed = rights.hosts if peer.kind == "pub" else rights.allowed
                is_signed_in = marks.get(peer.connection.claim) == peer.connection.mark
                # Back meanwhile: then its socket was let in a moment ago.
                if peer.away_at is not None and not (is_signed_in and peer.member_id in allowed):
                    self.end(peer)

    async def _let_go_of_taken(self) -> None:
        kept = {key: peer for key, peer in self._by_key.items() if peer.is_kept}
        if not kept:
            return
        owned = await in_database(partial(queries.owned_peers, keys=list(kept), owner=self._process.name))
        for key, peer in kept.items():
            if key not in owned and not peer.is_over:
                self._by_key.pop(key, None)
                self.over(peer)
                if peer.part is not None:
                    peer.part.let_go()
