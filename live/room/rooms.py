"""The rooms of this process: who is connected, and one shared frame a tick to each of them.

Events of a tick (250 ms; 1 s in a room above 10,000) are encoded once and sent to every connection of the room; a
browser that cannot take a frame at once finishes it in a task and is skipped meanwhile, so that none slows another.
Events that must not wait flush the tick. How an event gets here from anywhere: ``live.room_events``.
"""

import asyncio
import collections
import datetime as dt
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING, Any

import structlog

from live import supervise
from live.core.wire import captions, packing, protocol
from live.core.wire.meeting import SeatsEvent
from live.core.wire.slides import NO_SLIDES, SlideEvent
from live.engines.base import lecture_room
from live.queries.stage import NOBODY_ON_AIR
from live.room.asking_state import RoomAsking
from live.room.background import Background
from live.room.channel import ProcessChannel
from live.room.connections import Connection, Outgoing

if TYPE_CHECKING:
    from live.room.meeting import Meeting
    from live.room.peers import Peer

log = structlog.get_logger(__name__)

TICK_S = 0.25
BIG_TICK_S = 1.0
BIG_ROOM = 10_000
IDLE_S = 5.0
STUCK_S = 45.0
FORGET_S = 5.0
BACK_WITHIN_S = 120.0  # a locked room lets those back in who were there so lately
NO_MEMBER = 0  # what goes to the hosts alone
YIELD_EVERY = 100
# Told whole each time: of several within a tick the last one is what everybody is to see.
WHOLE: dict[type[protocol.Event], str] = {kind: f'{{"t":"{kind.word}",' for kind in (SlideEvent, SeatsEvent)}

OnEvent = Callable[["Room", protocol.Event], None]


@dataclass(eq=False)
class Room:
    """The connections to one occasion in this process, and what waits for the next tick.

    ``elsewhere``: of each other process, when it was last heard of, its counts of members and of WebRTC, and how many
    cannot hear there; ``members``: the connections of each person, hosts among them; ``hosts``: and each host;
    ``left_at``: who left lately having been let in, in the loop's seconds; ``speakers``: the stage as it was told;
    ``devices``: by which each of them speaks, as it was looked up last; ``is_picture_told``: the engine has heard whose
    picture is the lecture's.
    """

    occasion_id: int
    connections: set[Connection] = field(default_factory=set)
    members: dict[int, set[Connection]] = field(default_factory=dict)
    state: str = "scheduled"
    live_at: dt.datetime | None = None
    webrtc_cap: int = 0
    muted: frozenset[int] = frozenset()
    removed: frozenset[int] = frozenset()
    hosts: collections.Counter[int] = field(default_factory=collections.Counter)
    left_at: dict[int, float] = field(default_factory=dict)
    hands: dict[int, protocol.HandEvent] = field(default_factory=dict)
    hands_noted: float = 0.0
    on_air: protocol.OnAirEvent = NOBODY_ON_AIR
    speakers: list[protocol.OnStage] = field(default_factory=list)
    devices: dict[int, str] = field(default_factory=dict)
    speakers_noted: float = 0.0
    is_picture_told: bool = True
    is_chat_open: bool = True
    is_locked: bool = False
    picture: bool = False
    picture_off_at: dt.datetime | None = None
    break_until: int | None = None
    slide: SlideEvent = NO_SLIDES
    air_at: int = 0
    is_fallback: bool = False
    meeting: "Meeting | None" = None
    host_connections: set[Connection] = field(default_factory=set)
    seq: int = 0
    chat: list[str] = field(default_factory=list)
    urgent: list[str] = field(default_factory=list)
    private: list[tuple[int, str]] = field(default_factory=list)
    seen: collections.deque[int] = field(default_factory=lambda: collections.deque(maxlen=400))
    hidden: collections.deque[int] = field(default_factory=lambda: collections.deque(maxlen=400))
    last_message: int = 0
    asking: RoomAsking = field(default_factory=RoomAsking)
    elsewhere: dict[str, tuple[float, int, int, int]] = field(default_factory=dict)
    webrtc: "set[Peer]" = field(default_factory=set)
    told_people: int = -1
    told_at: float = 0.0
    picture_noted: float = 0.0
    known: bool = False
    learning: asyncio.Lock = field(default_factory=asyncio.Lock)
    sending: asyncio.Lock = field(default_factory=asyncio.Lock)

    @property
    def room_id(self) -> str:
        """The room's name at the media engine."""
        return lecture_room(self.occasion_id)

    @property
    def is_learnt(self) -> bool:
        """Whether its first browser has looked up where the lecture stands. Nothing compares it with the database
        before: a difference told in between would pass for news, and be all that the first browser hears.
        """
        return self.known and not self.learning.locked()

    def people(self) -> int:
        """Persons in the room over all processes but its hosts; two devices of one person in one process are one."""
        return self.people_here() + sum(people for _at, people, _webrtc, _unclear in self.elsewhere.values())

    def people_here(self) -> int:
        """The same, of this process."""
        return len(self.members) - len(self.hosts)

    def stage(self) -> protocol.Stage:
        """What hosts are told when they come."""
        hands = sorted(self.hands.values(), key=lambda hand: hand.at)
        on_air = self.on_air if self.on_air.turn else None
        return {"on_air": on_air, "hands": hands, "unclear": self.cannot_hear()}

    def is_speaking(self, member_id: int) -> bool:
        """Whether this person is on the stage, as the room knows."""
        return any(one.on and one.member == member_id for one in self.speakers)

    def shown(self) -> int:
        """Whose picture is the lecture's; 0: the lecturer's."""
        return next((one.member for one in self.speakers if one.on and one.shown), 0)

    def watching(self) -> int:
        """Browsers that watch by WebRTC, over all processes."""
        return len(self.webrtc) + sum(webrtc for _at, _people, webrtc, _unclear in self.elsewhere.values())

    def cannot_hear(self) -> int:
        """Persons who said within the last 30 s that they cannot hear, over all processes."""
        return self.asking.unclear_now() + sum(unclear for _at, _people, _webrtc, unclear in self.elsewhere.values())

    def of_member(self, member_id: int) -> list[Connection]:
        """The connections of one member, as a list of its own: who is dismissed may leave meanwhile."""
        return list(self.members.get(member_id, ()))

    def add(self, connection: Connection) -> None:
        """Somebody comes."""
        self.connections.add(connection)
        self.members.setdefault(connection.member_id, set()).add(connection)
        if connection.host:
            self.host_connections.add(connection)
            self.hosts[connection.member_id] += 1

    def discard(self, connection: Connection) -> None:
        """And goes."""
        self.connections.discard(connection)
        self.host_connections.discard(connection)
        theirs = self.members[connection.member_id]
        theirs.discard(connection)
        if not theirs:
            del self.members[connection.member_id]
        if connection.host:
            self.hosts[connection.member_id] -= 1
            self.hosts += collections.Counter()  # without those who are gone

    def is_on_air(self) -> bool:
        """Whether a host's browser, connected to this process, sends the picture."""
        return any(one.publishing for one in self.connections)


class Rooms:
    """The rooms that have somebody in this process, by occasion. Everything but ``sockets`` runs on the event loop.

    ``on_event`` is called with each event on its way to the browsers.
    """

    def __init__(self, background: Background, channel: ProcessChannel, *, on_event: OnEvent) -> None:
        self.open: dict[int, Room] = {}
        self._background = background
        self._channel = channel
        self._on_event = on_event
        self._loop = background.loop
        self._next_big: float = 0.0
        self._flushing: set[int] = set()

    def start(self) -> None:
        """Begin to tick."""
        self._background.spawn(supervise.forever("rooms_turn", self._turn, every_s=TICK_S))

    # --- who is here --------------------------------------------------------------------------------------------

    def enter(self, occasion_id: int, connection: Connection) -> Room:
        """Put a connection into its room; the first one opens the room in this process."""
        room = self.open.get(occasion_id)
        if room is None:
            room = self.open[occasion_id] = Room(occasion_id)
            self._channel.join(occasion_id)
        room.add(connection)
        return room

    def leave(self, room: Room, connection: Connection) -> None:
        """Take a connection out of its room; the last one closes the room in this process."""
        connection.closed = True
        room.discard(connection)
        # Whom the lock refused was never in: knocking again opens nothing.
        if connection.admitted:
            room.left_at[connection.member_id] = self._loop.time()
        if not room.connections and self.open.pop(room.occasion_id, None) is not None:
            self._channel.part(room.occasion_id)

    def connections(self) -> list[Connection]:
        """Everybody in all rooms."""
        return [one for room in self.open.values() for one in room.connections]

    def sockets(self) -> int:
        """Return how many connections there are; may be asked from any thread."""
        return sum(len(room.connections) for room in list(self.open.values()))

    # --- what is told -------------------------------------------------------------------------------------------

    def deliver(self, occasion_id: int, event: protocol.Event, *, flush: bool = False) -> None:
        """Put an event into the room's next tick, once; nothing happens where nobody is in the room."""
        room = self.open.get(occasion_id)
        if room is None:
            return
        if isinstance(event, protocol.ChatEvent):
            # It may come twice: through the layer, and from the look at the database that found it first.
            if event.message in room.seen:
                return
            room.seen.append(event.message)
            room.last_message = max(room.last_message, event.message)
            room.chat.append(protocol.encode(event))
        elif isinstance(event, protocol.HiddenEvent):
            # The look finds it for half a minute, whoever told of it first.
            if event.message in room.hidden:
                return
            room.hidden.append(event.message)
            room.urgent.append(protocol.encode(event))
        elif isinstance(event, captions.CaptionsEvent):
            room.asking.caption(dict(zip(event.lines, event.texts, strict=False)))
        elif isinstance(event, captions.CaptionDroppedEvent):
            if not room.asking.drop_caption(event.line):
                return
            room.urgent.append(protocol.encode(event))
        elif event.audience == "hosts":
            if room.host_connections:
                room.private.append((NO_MEMBER, protocol.encode(event)))
        elif event.audience != "all":
            room.private.append((getattr(event, "member", NO_MEMBER), protocol.encode(event)))
        else:
            if head := WHOLE.get(type(event)):
                room.urgent = [text for text in room.urgent if not text.startswith(head)]
            room.urgent.append(protocol.encode(event))
        self._on_event(room, event)
        if flush or event.at_once:
            self._flush_soon(room)

    def tell(self, connection: Connection, text: str) -> None:
        """Send one frame to one browser without waiting for it; dropped when the browser is stuck."""
        self._push(connection, Outgoing.of(text))

    def on_message(self, message: dict[str, Any]) -> None:
        """A message of another process: events for a room here, or how many are in that room there."""
        room = self.open.get(message["occasion"])
        if room is None:  # the last one left while it was under way
            return
        if message["type"] == "room.count":
            room.elsewhere[message["from"]] = (
                *(self._loop.time(), message["people"], message["webrtc"]),
                message.get("unclear", 0),  # a process of an older version does not say it
            )
            return
        for one in message["events"]:
            try:
                event = protocol.event_of(one)
            except protocol.BadFrame:
                # Web processes are renewed one after the other: this one may be older than the sender.
                log.warning("event_from_another_version", occasion=room.occasion_id)
                continue
            self.deliver(room.occasion_id, event, flush=bool(message["flush"]))

    # --- ticks --------------------------------------------------------------------------------------------------

    def _flush_soon(self, room: Room) -> None:
        # After what is being done now: events that come together, as a batch of chat and its end, are one frame.
        if room.occasion_id not in self._flushing:
            self._flushing.add(room.occasion_id)
            self._loop.call_soon(lambda: self._background.spawn(self._flush(room)))

    async def _flush(self, room: Room) -> None:
        self._flushing.discard(room.occasion_id)
        await self._tick(room)

    async def _turn(self) -> None:
        now = self._loop.time()
        big = now >= self._next_big
        if big:
            self._next_big = now + BIG_TICK_S
            self._count()
        for room in list(self.open.values()):
            if big or len(room.connections) <= BIG_ROOM:
                # Whatever is wrong in one room, the others hear their ticks.
                await supervise.attempt("room_tick", partial(self._tick, room))

    def _count(self) -> None:
        """Tell the other processes how many are here, forget those that fell silent, and cut off the stuck."""
        now = self._loop.time()
        for room in self.open.values():
            room.elsewhere = {name: seen for name, seen in room.elsewhere.items() if now - seen[0] < FORGET_S}
            self._channel.count(
                room.occasion_id,
                people=room.people_here(),
                webrtc=len(room.webrtc),
                unclear=room.asking.unclear_now(),
            )
            room.left_at = {member: at for member, at in room.left_at.items() if now - at < BACK_WITHIN_S}
            for one in room.connections:
                if one.stuck_since is not None and now - one.stuck_since > STUCK_S:
                    log.info("socket_cut_off", occasion=room.occasion_id)
                    one.abort()

    async def _tick(self, room: Room) -> None:
        # A tick that still goes round must be through before the next: frames reach every browser in order.
        async with room.sending:
            self._tell_private(room)
            text = self._next_frame(room)
            if text is not None:
                await self._send_all(room.connections, Outgoing.of(text))

    def _tell_private(self, room: Room) -> None:
        told = _drain(room.private)
        if not told:
            return
        # The room is gone through once, however much there is to tell: a hundred hands may go down together. What only
        # hosts hear comes every second: nobody looks through a whole room for that.
        whose = {member_id for member_id, _text in told} - {NO_MEMBER}
        theirs = (
            [one for one in room.connections if one.host or one.member_id in whose] if whose else room.host_connections
        )
        for member_id, text in told:
            shared = Outgoing.of(packing.tick(seq=room.seq, people=room.people(), left_out=0, events=[text]))
            for one in theirs:
                if one.host or one.member_id == member_id:
                    self._push(one, shared)

    def _next_frame(self, room: Room) -> str | None:
        """Return the room's frame of this tick, made of all that waits; None when there is nothing to say."""
        now, people = self._loop.time(), room.people()
        if (lines := room.asking.next_lines()) is not None:
            room.urgent.append(protocol.encode(lines))
        news = bool(room.chat or room.urgent)
        crowd = people != room.told_people and now - room.told_at >= BIG_TICK_S
        if not (news or crowd or now - room.told_at >= IDLE_S):
            return None
        urgent = _drain(room.urgent)
        spent = sum(len(text.encode()) for text in urgent)
        chosen, left_out = packing.sample(_drain(room.chat), budget=max(packing.BUDGET - spent, 0))
        room.seq += 1
        room.told_people, room.told_at = people, now
        return packing.tick(seq=room.seq, people=people, left_out=left_out, events=[*urgent, *chosen])

    async def _send_all(self, connections: Iterable[Connection], frame: Outgoing) -> None:
        # A copy: at each pause somebody may come or leave.
        for index, connection in enumerate(list(connections)):
            self._push(connection, frame)
            if index % YIELD_EVERY == YIELD_EVERY - 1:
                await asyncio.sleep(0)

    def _push(self, connection: Connection, frame: Outgoing) -> None:
        if not connection.closed and connection.stuck_since is None:
            rest = connection.push(frame, now=self._loop.time())
            if rest is not None:
                self._background.spawn(rest.finish())


def _drain(items: list[Any]) -> list[Any]:
    taken = items[:]
    items.clear()
    return taken
