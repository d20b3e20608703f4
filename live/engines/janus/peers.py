"""Browsers as guests in a Janus room: a publisher, and a subscriber that follows the room."""

import asyncio
from collections.abc import Collection, Sequence
from typing import Any

import structlog

from live.engines.base import (
    Candidate,
    Connected,
    EngineError,
    EngineEvent,
    EngineGone,
    HungUp,
    MediaFlow,
    NoSuchPeer,
    OfferMade,
    OnEvent,
    SlowLink,
    UnableToNegotiate,
    is_guest,
    is_speaker,
)

from .client import Handle, Message, Refused
from .rooms import PLUGIN, Watch

log = structlog.get_logger(__name__)

MAX_SDP = 64 * 1024
MAX_CANDIDATE = 1024
NOBODY = "-"
NO_SUCH_SESSION, NO_SUCH_HANDLE = 458, 459


def checked_sdp(sdp: object) -> str:
    """Refuse early what cannot be an SDP; the engine judges the rest. Raises UnableToNegotiate."""
    if not isinstance(sdp, str) or len(sdp) > MAX_SDP or not sdp.startswith("v=0") or "\x00" in sdp:
        raise UnableToNegotiate("not an SDP")
    return sdp


def checked_candidate(candidate: object) -> Message:
    """The candidate with no other keys than its own. Raises UnableToNegotiate."""
    if candidate is None or candidate == {"completed": True}:
        return {"completed": True}
    if not isinstance(candidate, dict):
        raise UnableToNegotiate("not a candidate")
    line, mid, index = (candidate.get(key) for key in ("candidate", "sdpMid", "sdpMLineIndex"))
    if not isinstance(line, str) or len(line) > MAX_CANDIDATE or "\x00" in line:
        raise UnableToNegotiate("not a candidate")
    if not line:
        return {"completed": True}
    wire: Message = {"candidate": line}
    if isinstance(mid, str) and len(mid) <= 16:
        wire["sdpMid"] = mid
    if type(index) is int and 0 <= index < 64:
        wire["sdpMLineIndex"] = index
    return wire


def answer_of(jsep: Message | None) -> str:
    """Raises UnableToNegotiate where Janus sent none."""
    if not jsep or "sdp" not in jsep:
        raise UnableToNegotiate("the engine sent no SDP")
    return str(jsep["sdp"])


def ends_peer(message: Message) -> str:
    """Why this message is the last of its handle, or ""."""
    kind = message["janus"]
    if kind in ("hangup", "detached"):
        return str(message.get("reason") or kind)
    data = message.get("plugindata", {}).get("data", {})
    if data.get("videoroom") == "destroyed":
        return "room closed"
    if data.get("leaving") == "ok":
        return str(data.get("reason") or "left")
    return ""


def parse_reference(reference: str) -> tuple[int, int]:
    """Return session and handle. Raises NoSuchPeer."""
    try:
        session_id, handle_id = (int(part) for part in reference.split("."))
    except ValueError as error:
        raise NoSuchPeer("not a reference") from error
    return session_id, handle_id


class Peer:
    """What publishers and subscribers share: a handle, events in the site's words, one end."""

    handle: Handle

    @property
    def reference(self) -> str:
        return f"{self.handle.session_id}.{self.handle.id}"

    def let_go(self) -> None:
        self._ended = True
        self.handle.let_go()

    def __init__(self, on_event: OnEvent) -> None:
        self._on_event = on_event
        self._ended = False
        self._tasks: set[asyncio.Task[None]] = set()

    async def candidate(self, candidate: Candidate | None) -> None:
        wire = checked_candidate(candidate)
        try:
            await self.handle.trickle(wire)
        except Refused as error:
            raise UnableToNegotiate(str(error)) from error

    async def close(self) -> None:
        self._ended = True
        await self.handle.detach()

    def on_message(self, message: Message) -> None:
        if self._ended:
            return
        kind = message["janus"]
        # Janus ends a peer in several ways and may say so more than once: the first one is told, ``_ended`` stops the
        # rest.
        if kind == "gone":
            self._end(EngineGone())
        elif why := ends_peer(message):
            self._end(HungUp(why))
            # Later: this runs inside the reader of the connection, which must not wait for its own answer.
            self._later(self.handle.detach())
        elif kind == "webrtcup":
            self._on_event(Connected())
        elif kind == "media":
            self._on_event(MediaFlow(message["type"], bool(message["receiving"])))
        elif kind == "slowlink":
            self._on_event(SlowLink(int(message.get("lost", 0))))

    def _end(self, event: EngineEvent) -> None:
        self._ended = True
        self._on_event(event)

    def _later(self, work: Any) -> None:
        task = asyncio.get_running_loop().create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)


class JanusPublishing(Peer):
    answer_sdp: str = ""

    async def renegotiate(self, offer_sdp: str) -> str:
        try:
            _, jsep = await self.handle.message(
                {"request": "configure"}, {"type": "offer", "sdp": checked_sdp(offer_sdp)}
            )
        except Refused as error:
            raise UnableToNegotiate(str(error)) from error
        return answer_of(jsep)


class JanusSubscribing(Peer):
    """Follows its room's Watch; at most one offer is open at a time."""

    def __init__(self, watch: Watch, publisher_ids: Sequence[str] | None, on_event: OnEvent, *, but: str = "") -> None:
        super().__init__(on_event)
        self._watch = watch
        self._wanted_ids = None if publisher_ids is None else frozenset(publisher_ids)
        self._but = but
        self._seen: frozenset[str] = frozenset()
        self.whose: dict[str, str] = {}
        self._held: set[tuple[str, str]] = set()
        self._joined = False
        self._negotiating = False
        self._lock = asyncio.Lock()
        self.offer_sdp: str | None = None

    async def start(self) -> None:
        """Raises EngineError."""
        self.handle = await self._watch.connection.attach_guest(PLUGIN, self.on_message)
        # Listening before the first look: a publisher that comes between the two is not missed.
        self._watch.listeners.add(self._room_changed)
        self.offer_sdp = await self._sync()

    async def resume(self, handle: Handle) -> None:
        """Go on with a handle that was claimed. Raises EngineError."""
        self.handle, self._joined = handle, True
        self._watch.listeners.add(self._room_changed)
        # Janus does not say which streams a subscriber has, and gives twice what is asked for twice. But the browser
        # says that it sees a moving picture: that of the presenter. All others are let go, and asked for again.
        others = sorted(each for each in self._watch.feeds if is_speaker(each) or is_guest(each))
        self._held = {pair for pair in self._wanted() if pair[0] not in others}
        # Of those whom it does not have it changes nothing, and tells whether the handle is there.
        let_go = [{"feed": each} for each in others or [NOBODY]]
        body = {"request": "update", "room": self._watch.room_id, "unsubscribe": let_go}
        data, jsep = await self.handle.message(body)
        self._read_streams(data)
        self._negotiating = jsep is not None
        self.offer_sdp = str(jsep["sdp"]) if jsep is not None else await self._sync()

    def see(self, publisher_ids: Collection[str]) -> None:
        self._seen = frozenset(publisher_ids)
        self._later(self._offer_changes())

    def forget(self) -> None:
        """Follow the room no more."""
        self._ended = True
        self._watch.listeners.discard(self._room_changed)

    def let_go(self) -> None:
        self.forget()
        super().let_go()

    async def answer(self, sdp: str) -> None:
        if not self._negotiating:
            raise UnableToNegotiate("no offer is open")
        try:
            await self.handle.message(
                {"request": "start", "room": self._watch.room_id}, {"type": "answer", "sdp": checked_sdp(sdp)}
            )
        except Refused as error:
            raise UnableToNegotiate(str(error)) from error
        # What changed while the offer was open was put off by _sync: look again.
        self._negotiating = False
        self._later(self._offer_changes())

    async def close(self) -> None:
        self._watch.listeners.discard(self._room_changed)
        await super().close()

    def _end(self, event: EngineEvent) -> None:
        self._watch.listeners.discard(self._room_changed)
        super()._end(event)

    def _room_changed(self, watch: Watch) -> None:
        if self._ended:
            return
        if watch.over:
            self._end(EngineGone() if watch.over == "gone" else HungUp("room closed"))
            self._later(self.handle.detach())
            return
        # Janus has dropped the streams of who left by itself; asking it to would be an error.
        self._held = {pair for pair in self._held if pair[0] in watch.feeds}
        self._later(self._offer_changes())

    def _wanted(self) -> set[tuple[str, str]]:
        feeds = self._watch.feeds
        ids = feeds.keys() if self._wanted_ids is None else self._wanted_ids & feeds.keys()
        shown = self._watch.shown
        has_picture = shown in ids and shown != self._but and feeds[shown].mid("video") is not None
        # In a lecture one picture, that of who is shown, and of everybody else the sound alone, whatever they send;
        # in a meeting those pictures that are looked at.
        return {
            (each, mid)
            for each in ids
            if each != self._but
            for kind, mid in feeds[each].streams
            if kind == "audio"
            or each in self._seen
            or (each == shown if has_picture else not (is_speaker(each) or is_guest(each)))
        }

    async def _offer_changes(self) -> None:
        try:
            offer = await self._sync()
        except EngineError as error:
            log.info("subscription_update_failed", room=self._watch.room_id, reason=str(error))
            return
        if offer is not None and not self._ended:
            self._on_event(OfferMade(offer))

    async def _sync(self) -> str | None:
        """Bring the subscription to what is wanted; returns the offer that follows from it, if any."""
        async with self._lock:
            # Read under the lock: several changes of the room become one offer, from what is wanted by now.
            add, remove = self._wanted() - self._held, self._held - self._wanted()
            if self._ended or self._negotiating or not (add or remove) or not (add or self._joined):
                return None
            try:
                jsep = await self._ask(sorted(add), sorted(remove))
            except Refused as error:
                if error.number in (NO_SUCH_SESSION, NO_SUCH_HANDLE):
                    raise
                # The feed went away between the event and our request: the next event brings us here again.
                log.info("subscription_raced", room=self._watch.room_id, reason=str(error))
                return None
            self._joined = True
            self._held = (self._held | add) - remove
            self._negotiating = jsep is not None
            return None if jsep is None else str(jsep["sdp"])

    async def _ask(self, add: list[tuple[str, str]], remove: list[tuple[str, str]]) -> Message | None:
        body: Message = {"request": "update", "room": self._watch.room_id}
        if not self._joined:
            body = {"request": "join", "ptype": "subscriber", "room": self._watch.room_id, "autoupdate": False}
            body["streams"] = [{"feed": feed, "mid": mid} for feed, mid in add]
        else:
            if add:
                body["subscribe"] = [{"feed": feed, "mid": mid} for feed, mid in add]
            if remove:
                body["unsubscribe"] = [{"feed": feed, "mid": mid} for feed, mid in remove]
        data, jsep = await self.handle.message(body)
        self._read_streams(data)
        return jsep

    def _read_streams(self, data: Message) -> None:
        """Keep whose each stream is; an answer without streams changes none."""
        if "streams" in data:
            told = [(str(one.get("mid")), str(one.get("feed_id", ""))) for one in data["streams"]]
            self.whose = {mid: feed for mid, feed in told if feed}
