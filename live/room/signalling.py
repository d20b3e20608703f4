"""Between a browser's socket and the media engine: the server chooses room, codecs and way; the browser brings SDP.

A browser asks for the picture and gets WebRTC while there is room for it, HLS otherwise. When anything of WebRTC fails
the answer is HLS; the engine is a connection, and no lecture stops for it.
"""

import asyncio
from collections.abc import Callable
from functools import partial

import structlog
from django.utils import timezone

from live import operations
from live.core.wire import protocol
from live.engines import get_engine
from live.engines.base import (
    Connected,
    EngineError,
    EngineEvent,
    EngineGone,
    HungUp,
    MediaEngine,
    MediaFlow,
    OfferMade,
    SlowLink,
    UnableToReachEngine,
    lecture_room,
    lecture_spec,
)
from live.room.connections import Connection
from live.room.process import RoomProcess
from live.room.rooms import Room
from live.room.threads import in_database
from live.room.turn import ice_servers

log = structlog.get_logger(__name__)

PRESENTER = "presenter"
WEBRTC_EACH = 2  # browsers of one person; a further one watches by HLS
SILENT_S = 1.5  # the engine has waited two seconds by then; a hiccup of the line is none of the room's business


async def engine_of(room: Room) -> MediaEngine:
    """Return the engine that carries the room's lecture; raises UnableToReachEngine while there is none."""
    url = await in_database(partial(operations.place_lecture, occasion_id=room.occasion_id, as_of=timezone.now()))
    if url is None:
        raise UnableToReachEngine
    return get_engine(url)


async def publish(process: RoomProcess, room: Room, connection: Connection, command: protocol.Offer) -> None:
    """Put the host's browser on air; the newest page wins. Raises EngineError."""
    if command.again and connection.publishing is not None:
        answer = await connection.publishing.renegotiate(command.sdp)
    else:
        # First off the air, then on: an engine with a limit of one publisher would refuse the second.
        await unpublish(process, room, connection)
        engine = await engine_of(room)
        await engine.open_room(lecture_spec(room.occasion_id))
        connection.publishing = await engine.publish(
            room_id=lecture_room(room.occasion_id),
            participant_id=PRESENTER,
            offer_sdp=command.sdp,
            on_event=_listener(process, room, connection, "pub"),
        )
        answer = connection.publishing.answer_sdp
    process.rooms.tell(connection, protocol.encode(protocol.ServerAnswer(sdp=answer)))


async def unpublish(process: RoomProcess, room: Room, connection: Connection) -> None:
    """Take the host's browser off the air."""
    # Taken before the wait: of two who take it off the air (a reload, an end) one closes it.
    publishing, connection.publishing = connection.publishing, None
    if publishing is not None:
        await publishing.close()
        process.picture(room, on=False)


async def watch(process: RoomProcess, room: Room, connection: Connection, via: str) -> None:
    """Choose the way of the picture for this browser, and begin."""
    await unwatch(room, connection)
    if room.state != "live":
        return _tell_way(process, connection, "wait")
    own = sum(one.member_id == connection.member_id for one in room.webrtc)
    if via == "hls" or own >= WEBRTC_EACH or room.watching() >= room.webrtc_cap:
        return _tell_way(process, connection, "hls")
    # Counted before the wait for the engine: of many who come at once none slips past the limit.
    room.webrtc.add(connection)
    try:
        engine = await engine_of(room)
        await engine.open_room(lecture_spec(room.occasion_id))
        connection.subscribing = await engine.subscribe(
            room_id=lecture_room(room.occasion_id), on_event=_listener(process, room, connection, "sub")
        )
    except EngineError as error:
        log.info("webrtc_refused", occasion=room.occasion_id, code=error.code)
        room.webrtc.discard(connection)
        return _tell_way(process, connection, "hls")
    # The socket went while the engine was asked: nobody else would close this subscription.
    if connection.leaving:
        return await unwatch(room, connection)
    _tell_way(process, connection, "webrtc")
    if connection.subscribing.offer_sdp is not None:
        process.rooms.tell(connection, protocol.encode(protocol.ServerOffer(sdp=connection.subscribing.offer_sdp)))
    return None


async def unwatch(room: Room, connection: Connection) -> None:
    """Give up this browser's WebRTC, if it has any."""
    subscribing, connection.subscribing = connection.subscribing, None
    room.webrtc.discard(connection)
    if subscribing is not None:
        await subscribing.close()


async def answer(connection: Connection, sdp: str) -> None:
    """The browser's answer; late ones are dropped. Raises EngineError."""
    if connection.subscribing is not None:
        await connection.subscribing.answer(sdp)


async def candidate(connection: Connection, command: protocol.Trickle) -> None:
    """A candidate of the browser; late ones are dropped. Raises EngineError."""
    part = connection.publishing if command.pc == "pub" else connection.subscribing
    if part is not None:
        found = command.candidate
        await part.candidate(
            None
            if found is None
            else {"candidate": found.candidate, "sdpMid": found.sdpMid, "sdpMLineIndex": found.sdpMLineIndex}
        )


def _tell_way(process: RoomProcess, connection: Connection, via: str) -> None:
    ice = ice_servers(member_id=connection.member_id, as_of=timezone.now()) if via == "webrtc" else []
    process.rooms.tell(connection, protocol.encode(protocol.Media(via=via, ice=ice)))  # type: ignore[arg-type]


def _listener(process: RoomProcess, room: Room, connection: Connection, pc: str) -> Callable[[EngineEvent], None]:
    """Return what the engine calls for one side of a connection; it does nothing once there is a newer one.

    A browser that begins again leaves the old peer connection behind, and the engine still tells of its end.
    """
    mine = object()
    flow = _Flow(process, room, connection)
    if pc == "pub":
        connection.pub_listener = mine
    else:
        connection.sub_listener = mine

    def on_event(event: EngineEvent) -> None:
        if connection.leaving or mine is not (connection.pub_listener if pc == "pub" else connection.sub_listener):
            return
        if isinstance(event, OfferMade):
            process.rooms.tell(connection, protocol.encode(protocol.ServerOffer(sdp=event.sdp)))
            return
        state = _state_of(event)
        if state:
            process.rooms.tell(connection, protocol.encode(protocol.Link(pc=pc, state=state)))  # type: ignore[arg-type]
        if pc == "pub" and isinstance(event, Connected):
            process.picture(room, on=True)
        elif pc == "pub" and isinstance(event, MediaFlow) and event.kind == "video":
            flow.on_flow(mine, receiving=event.receiving)
        if isinstance(event, HungUp | EngineGone):
            _ended(process, room, connection, pc)

    return on_event


class _Flow:
    """Tells the room that the lecturer's picture comes no more, long before a lost line is known to be lost."""

    def __init__(self, process: RoomProcess, room: Room, connection: Connection) -> None:
        self.process, self.room, self.connection = process, room, connection
        self.is_silent = self.is_told = False

    def on_flow(self, listener: object, *, receiving: bool) -> None:
        """The engine says that the picture flows, or has stopped."""
        was_silent, self.is_silent = self.is_silent, not receiving
        if receiving and self.is_told:
            self.is_told = False
            self.process.picture(self.room, on=True)
        # One wait at a time: the engine says several times that nothing comes.
        elif not receiving and not was_silent:
            self.process.background.spawn(self._tell(listener))

    async def _tell(self, listener: object) -> None:
        await asyncio.sleep(SILENT_S)
        is_current = self.connection.publishing is not None and self.connection.pub_listener is listener
        if self.is_silent and not self.is_told and is_current:
            self.is_told = True
            self.process.picture(self.room, on=False)


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


def _ended(process: RoomProcess, room: Room, connection: Connection, pc: str) -> None:
    if pc == "pub" and connection.publishing is not None:
        connection.publishing = None
        if not room.is_on_air():
            process.picture(room, on=False)
    elif pc == "sub":
        connection.subscribing = None
        room.webrtc.discard(connection)
