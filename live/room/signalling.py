"""Between a browser's socket and the media engine: the server chooses room, codecs and way; the browser brings SDP.

A browser asks for the picture and gets WebRTC while there is room for it, HLS otherwise. When anything of WebRTC fails
the answer is HLS; the engine is a guest, and no lecture stops for it.
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
from live.room.keeper import Guest, Keeper
from live.room.sender import Room
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


async def publish(keeper: Keeper, room: Room, guest: Guest, command: protocol.Offer) -> None:
    """Put the host's browser on air; the newest page wins. Raises EngineError."""
    if command.again and guest.publishing is not None:
        answer = await guest.publishing.renegotiate(command.sdp)
    else:
        await unpublish(keeper, room, guest)
        engine = await engine_of(room)
        await engine.open_room(lecture_spec(room.occasion_id))
        guest.publishing = await engine.publish(
            room_id=lecture_room(room.occasion_id),
            participant_id=PRESENTER,
            offer_sdp=command.sdp,
            on_event=_listener(keeper, room, guest, "pub"),
        )
        answer = guest.publishing.answer_sdp
    keeper.hub.tell(guest, protocol.encode(protocol.ServerAnswer(sdp=answer)))


async def unpublish(keeper: Keeper, room: Room, guest: Guest) -> None:
    """Take the host's browser off the air."""
    publishing, guest.publishing = guest.publishing, None
    if publishing is not None:
        await publishing.close()
        keeper.picture(room, on=False)


async def watch(keeper: Keeper, room: Room, guest: Guest, via: str) -> None:
    """Choose the way of the picture for this browser, and begin."""
    await unwatch(room, guest)
    if room.state != "live":
        return _tell_way(keeper, guest, "wait")
    own = sum(seat.member_id == guest.member_id for seat in room.webrtc)
    if via == "hls" or own >= WEBRTC_EACH or room.watching() >= room.webrtc_cap:
        return _tell_way(keeper, guest, "hls")
    room.webrtc.add(guest)
    try:
        engine = await engine_of(room)
        await engine.open_room(lecture_spec(room.occasion_id))
        guest.subscribing = await engine.subscribe(
            room_id=lecture_room(room.occasion_id), on_event=_listener(keeper, room, guest, "sub")
        )
    except EngineError as error:
        log.info("webrtc_refused", occasion=room.occasion_id, code=error.code)
        room.webrtc.discard(guest)
        return _tell_way(keeper, guest, "hls")
    if guest.leaving:
        return await unwatch(room, guest)
    _tell_way(keeper, guest, "webrtc")
    if guest.subscribing.offer_sdp is not None:
        keeper.hub.tell(guest, protocol.encode(protocol.ServerOffer(sdp=guest.subscribing.offer_sdp)))
    return None


async def unwatch(room: Room, guest: Guest) -> None:
    """Give up this browser's WebRTC, if it has any."""
    subscribing, guest.subscribing = guest.subscribing, None
    room.webrtc.discard(guest)
    if subscribing is not None:
        await subscribing.close()


async def answer(guest: Guest, sdp: str) -> None:
    """The browser's answer; late ones are dropped. Raises EngineError."""
    if guest.subscribing is not None:
        await guest.subscribing.answer(sdp)


async def candidate(guest: Guest, command: protocol.Trickle) -> None:
    """A candidate of the browser; late ones are dropped. Raises EngineError."""
    part = guest.publishing if command.pc == "pub" else guest.subscribing
    if part is not None:
        found = command.candidate
        await part.candidate(
            None
            if found is None
            else {"candidate": found.candidate, "sdpMid": found.sdpMid, "sdpMLineIndex": found.sdpMLineIndex}
        )


def _tell_way(keeper: Keeper, guest: Guest, via: str) -> None:
    ice = ice_servers(member_id=guest.member_id, as_of=timezone.now()) if via == "webrtc" else []
    keeper.hub.tell(guest, protocol.encode(protocol.Media(via=via, ice=ice)))  # type: ignore[arg-type]


def _listener(keeper: Keeper, room: Room, guest: Guest, pc: str) -> Callable[[EngineEvent], None]:
    """Return the ear for one connection; it goes deaf as soon as the guest has another one."""
    mine = object()
    flow = _Flow(keeper, room, guest)
    if pc == "pub":
        guest.pub_ear = mine
    else:
        guest.sub_ear = mine

    def hear(event: EngineEvent) -> None:
        if guest.leaving or mine is not (guest.pub_ear if pc == "pub" else guest.sub_ear):
            return
        if isinstance(event, OfferMade):
            keeper.hub.tell(guest, protocol.encode(protocol.ServerOffer(sdp=event.sdp)))
            return
        state = _state_of(event)
        if state:
            keeper.hub.tell(guest, protocol.encode(protocol.Link(pc=pc, state=state)))  # type: ignore[arg-type]
        if pc == "pub" and isinstance(event, Connected):
            keeper.picture(room, on=True)
        elif pc == "pub" and isinstance(event, MediaFlow) and event.kind == "video":
            flow.heard(mine, receiving=event.receiving)
        if isinstance(event, HungUp | EngineGone):
            _ended(keeper, room, guest, pc)

    return hear


class _Flow:
    """Tells the room that the lecturer's picture comes no more, long before a lost line is known to be lost."""

    def __init__(self, keeper: Keeper, room: Room, guest: Guest) -> None:
        self.keeper, self.room, self.guest = keeper, room, guest
        self.is_silent = self.is_told = False

    def heard(self, ear: object, *, receiving: bool) -> None:
        """The engine says that the picture flows, or has stopped."""
        was_silent, self.is_silent = self.is_silent, not receiving
        if receiving and self.is_told:
            self.is_told = False
            self.keeper.picture(self.room, on=True)
        elif not receiving and not was_silent:
            self.keeper.hub.spawn(self._tell(ear))

    async def _tell(self, ear: object) -> None:
        await asyncio.sleep(SILENT_S)
        if self.is_silent and not self.is_told and self.guest.publishing is not None and self.guest.pub_ear is ear:
            self.is_told = True
            self.keeper.picture(self.room, on=False)


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


def _ended(keeper: Keeper, room: Room, guest: Guest, pc: str) -> None:
    if pc == "pub" and guest.publishing is not None:
        guest.publishing = None
        if not any(isinstance(seat, Guest) and seat.publishing for seat in room.seats):
            keeper.picture(room, on=False)
    elif pc == "sub":
        guest.subscribing = None
        room.webrtc.discard(guest)
