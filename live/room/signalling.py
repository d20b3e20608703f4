"""Between a browser's socket and the media engine: the server chooses room, codecs and way; the browser brings SDP.

A browser asks for the picture and gets WebRTC while there is room for it, HLS otherwise. When anything of WebRTC fails
the answer is HLS; the engine is a connection, and no lecture stops for it. A connection outlives the socket it was made
over: ``live.room.peers``.
"""

import asyncio
from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING, cast

import structlog
from django.utils import timezone

from live import operations, queries
from live.core.wire import protocol
from live.engines import get_engine
from live.engines.base import (
    PRESENTER,
    Connected,
    EngineError,
    EngineEvent,
    EngineGone,
    HungUp,
    MediaEngine,
    MediaFlow,
    OfferMade,
    Publishing,
    SlowLink,
    Subscribing,
    UnableToReachEngine,
    lecture_spec,
    meeting_spec,
)
from live.room import meeting, peers, speakers
from live.room.connections import Connection
from live.room.peers import Peer
from live.room.refusals import Refused
from live.room.rooms import Room
from live.room.threads import in_database
from live.room.turn import ice_servers

if TYPE_CHECKING:
    from live.room.process import RoomProcess

log = structlog.get_logger(__name__)

WEBRTC_EACH = 2  # browsers of one person; a further one watches by HLS
SILENT_S = 1.5  # the engine has waited two seconds by then; a hiccup of the line is none of the room's business


async def engine_of(room: Room) -> MediaEngine:
    """Return the engine that carries the room's lecture; raises UnableToReachEngine while there is none."""
    url = await in_database(partial(operations.place_lecture, occasion_id=room.occasion_id, as_of=timezone.now()))
    if url is None:
        raise UnableToReachEngine
    return get_engine(url)


async def publish(process: "RoomProcess", room: Room, connection: Connection, command: protocol.Offer) -> None:
    """Put the host's browser on air; the newest page wins. Raises EngineError."""
    peer = connection.publishing
    if command.again and peer is not None and peer.part is not None:
        answer_sdp = await cast(Publishing, peer.part).renegotiate(command.sdp)
        process.rooms.tell(connection, protocol.encode(protocol.ServerAnswer(sdp=answer_sdp)))
        return
    # First off the air, then on: an engine with a limit of one publisher would refuse the second.
    await unpublish(process, room, connection)
    engine = await engine_of(room)
    await engine.open_room(lecture_spec(room.occasion_id))
    peer = Peer(room, connection, "pub")
    peers.attach(peer)
    try:
        part = await engine.publish(
            room_id=room.room_id, participant_id=PRESENTER, offer_sdp=command.sdp, on_event=listener_for(process, peer)
        )
    except BaseException:
        process.peers.over(peer)
        raise
    peer.part = part
    # Or a break began while the engine was asked, before there was anything to be taken off the air.
    if peer.is_over or connection.leaving or not _is_open(room, "pub"):
        process.peers.end(peer)
        return
    process.rooms.tell(connection, protocol.encode(protocol.ServerAnswer(sdp=part.answer_sdp)))
    hold(process, peer)


async def unpublish(process: "RoomProcess", room: Room, connection: Connection) -> None:
    """Take the host's browser off the air."""
    peer = connection.publishing
    if peer is not None:
        # Before the wait: of two who take it off the air (a reload, an end) one closes it.
        process.peers.over(peer)
        if peer.part is not None:
            await peer.part.close()
        process.picture(room, on=False)


async def watch(process: "RoomProcess", room: Room, connection: Connection, via: str) -> None:
    """Choose the way of the picture for this browser, and begin."""
    await unwatch(process, connection)
    if room.state != "live":
        return _tell_way(process, connection, "wait")
    own = sum(one.member_id == connection.member_id for one in room.webrtc)
    is_full = own >= WEBRTC_EACH or room.watching() >= room.webrtc_cap
    # Whoever speaks, or is spoken to, cannot wait four seconds for the answer. Of a meeting there is no HLS.
    is_talking = room.is_speaking(connection.member_id) or (via == "stage" and connection.host) or connection.meets
    # Nor is there anything by WebRTC of a lecturer who sends by the fallback.
    if via == "hls" or ((via == "stage" or is_full or room.is_fallback) and not is_talking):
        return _tell_way(process, connection, "hls")
    peer = Peer(room, connection, "sub")
    # Counted before the wait for the engine: of many who come at once none slips past the limit.
    peers.attach(peer)
    try:
        engine = await engine_of(room)
        await engine.open_room((meeting_spec if connection.meets else lecture_spec)(room.occasion_id))
        but = PRESENTER if via == "stage" else peers.own_feed(connection)
        engine.show(room.room_id, speakers.shown_feed(room))
        part = await engine.subscribe(room_id=room.room_id, but=but, on_event=listener_for(process, peer))
    except BaseException as error:
        process.peers.over(peer)
        if not isinstance(error, EngineError):
            raise
        log.info("webrtc_refused", occasion=room.occasion_id, code=error.code)
        return _tell_way(process, connection, "hls")
    peer.part = part
    # The socket went while the engine was asked: nobody else would close this subscription.
    if connection.leaving or peer.is_over:
        return process.peers.end(peer)
    _tell_way(process, connection, "webrtc")
    if connection.meets:
        part.see(connection.sees)
    _offer(process, peer, part.offer_sdp)
    return hold(process, peer)


async def turn_to_hls(process: "RoomProcess", room: Room) -> None:
    """The lecturer's picture comes by the fallback from now on: whoever waits for it by WebRTC gets HLS."""
    for peer in [one for one in room.webrtc if one.away_at is None]:
        connection = peer.connection
        if not (room.is_speaking(connection.member_id) or connection.host):
            await unwatch(process, connection)
            _tell_way(process, connection, "hls")


async def unwatch(process: "RoomProcess", connection: Connection) -> None:
    """Give up this browser's WebRTC, if it has any."""
    peer = connection.subscribing
    if peer is not None:
        process.peers.over(peer)
        if peer.part is not None:
            await peer.part.close()


async def reclaim(process: "RoomProcess", room: Room, connection: Connection, command: protocol.Reclaim) -> None:
    """Go on with what this browser had before its socket went away; otherwise it is told to begin anew.

    Raises EngineError, DatabaseError.
    """
    has = peers.one_of(connection, command.pc)
    if has is not None and has.key != command.key:
        process.peers.end(has)
    peer = None
    if room.state == "live":
        peer = process.peers.take(room, connection, command.pc, command.key)
        peer = peer or await _claim(process, room, connection, command)
        if peer is not None and not _is_open(room, command.pc):
            process.peers.end(peer)
            peer = None
    if peer is None:
        # Who finds somebody else on the air has been replaced, and does not take it back unasked.
        published = partial(queries.is_published, occasion_id=room.occasion_id)
        state = "replaced" if command.pc == "pub" and await in_database(published) else "hung_up"
        process.rooms.tell(connection, protocol.encode(protocol.Link(pc=command.pc, state=state)))  # type: ignore[arg-type]
        return
    process.rooms.tell(connection, protocol.encode(protocol.Link(pc=command.pc, state="resumed")))
    _offer(process, peer, peer.offer)


def _is_open(room: Room, kind: peers.Kind) -> bool:
    """Whether there are media: while it is live, and sent in no break."""
    return room.state == "live" and (kind == "sub" or room.break_until is None)


async def _claim(process: "RoomProcess", room: Room, connection: Connection, command: protocol.Reclaim) -> Peer | None:
    listener = partial(listener_for, process)
    engine = await engine_of(room)
    engine.show(room.room_id, speakers.shown_feed(room))
    return await process.peers.claim(room, connection, command.pc, command.key, engine=engine, listener=listener)


async def answer(connection: Connection, sdp: str) -> None:
    """The browser's answer; late ones are dropped. Raises EngineError."""
    peer = connection.subscribing
    if peer is not None and peer.part is not None:
        peer.offer = ""
        await cast(Subscribing, peer.part).answer(sdp)


async def candidate(connection: Connection, command: protocol.Trickle) -> None:
    """A candidate of the browser; late ones are dropped. Raises EngineError."""
    peer = peers.one_of(connection, command.pc)
    if peer is not None and peer.part is not None:
        found = command.candidate
        await peer.part.candidate(
            None
            if found is None
            else {"candidate": found.candidate, "sdpMid": found.sdpMid, "sdpMLineIndex": found.sdpMLineIndex}
        )


def check_sends_one_of_each(sdp: str) -> None:
    """Refuse an offer of anything but one sound and one picture at most. Raises Refused."""
    kinds = [line.split(" ", 1)[0] for line in sdp.splitlines() if line.startswith("m=")]
    if len(set(kinds)) != len(kinds) or not set(kinds) <= {"m=audio", "m=video"}:
        raise Refused("bad_sdp")


def hold(process: "RoomProcess", peer: Peer) -> None:
    """It outlives the socket from now on; the browser is told how to name it."""
    process.peers.keep(peer)
    process.rooms.tell(peer.connection, protocol.encode(protocol.Held(pc=peer.kind, key=peer.key)))


def _offer(process: "RoomProcess", peer: Peer, sdp: str | None) -> None:
    """Told again on the next socket, until it is answered."""
    if sdp:
        peer.offer = sdp
        meeting.faces(process, peer)
        process.rooms.tell(peer.connection, protocol.encode(protocol.ServerOffer(sdp=sdp)))


def _tell_way(process: "RoomProcess", connection: Connection, via: str) -> None:
    ice = ice_servers(member_id=connection.member_id, as_of=timezone.now()) if via == "webrtc" else []
    process.rooms.tell(connection, protocol.encode(protocol.Media(via=via, ice=ice)))  # type: ignore[arg-type]


def listener_for(process: "RoomProcess", peer: Peer) -> Callable[[EngineEvent], None]:
    """Return what the engine calls for one connection; it does nothing once there is a newer one.

    A browser that begins again leaves the old peer connection behind, and the engine still tells of its end.
    """
    flow = _Flow(process, peer)

    def on_event(event: EngineEvent) -> None:
        if peer.is_over:
            return
        if isinstance(event, OfferMade):
            _offer(process, peer, event.sdp)
            return
        state = _state_of(event)
        if state:
            frame = protocol.Link(pc=peer.kind, state=state)  # type: ignore[arg-type]
            process.rooms.tell(peer.connection, protocol.encode(frame))
        if peer.kind == "pub" and isinstance(event, Connected):
            process.picture(peer.room, on=True)
        elif peer.kind in ("pub", "talk") and isinstance(event, MediaFlow) and event.kind == "video":
            flow.on_flow(receiving=event.receiving)
        if isinstance(event, HungUp | EngineGone):
            process.peers.over(peer)
            if peer.kind == "pub" and not peer.room.is_on_air():
                process.picture(peer.room, on=False)
            speakers.ended(process, peer)

    return on_event


class _Flow:
    """Notes that a picture comes no more, long before a lost line is known to be lost.

    Of the lecturer's the room is told; a speaker's is the lecture's no more.
    """

    def __init__(self, process: "RoomProcess", peer: Peer) -> None:
        self.process, self.peer = process, peer
        self.is_silent = self.is_told = False

    def on_flow(self, *, receiving: bool) -> None:
        """The engine says that the picture flows, or has stopped."""
        was_silent, self.is_silent = self.is_silent, not receiving
        if receiving:
            speakers.flows(self.process, self.peer, comes=True)
        if receiving and self.is_told:
            self.is_told = False
            if self.peer.kind == "pub":
                self.process.picture(self.peer.room, on=True)
        # One wait at a time: the engine says several times that nothing comes.
        elif not receiving and not was_silent:
            self.process.background.spawn(self._tell())

    async def _tell(self) -> None:
        await asyncio.sleep(SILENT_S)
        if self.is_silent and not self.is_told and not self.peer.is_over:
            self.is_told = True
            if self.peer.kind == "pub":
                self.process.picture(self.peer.room, on=False)
            speakers.flows(self.process, self.peer, comes=False)


def _state_of(event: EngineEvent) -> str:
    match event:
        case Connected():
            return "connected"
        case SlowLink():
            return "slow"
        case MediaFlow(kind="video", receiving=receiving):
            return "flowing" if receiving else "silent"
        case HungUp(reason=reason):
            return "replaced" if reason == "kicked" else "hung_up"
        case EngineGone():
            return "gone"
    return ""
