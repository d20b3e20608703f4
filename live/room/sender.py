"""The one sender to sockets: rooms of this process, one shared frame a tick, and ``publish`` from anywhere.

Messages of a tick (250 ms; 1 s in a room above 10,000) are encoded once and sent to every socket of the room; a socket
that cannot take a frame at once finishes it in a task and is skipped meanwhile, so that no phone slows another. Events
that must not wait flush the tick. ``publish`` may be called from any thread and any process: with Redis it reaches the
rooms of all web processes; without, those of this one, and a web process that shares only the database hears of states
and messages by looking there once a second (``live.room.keeper``).
"""

import asyncio
import collections
import datetime as dt
from collections.abc import Awaitable, Callable, Coroutine, Generator, Iterable, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Any

import structlog
from prometheus_client import Gauge

from live import supervise
from live.core.wire import packing, protocol
from live.room import bus

log = structlog.get_logger(__name__)

TICK_S = 0.25
BIG_TICK_S = 1.0
BIG_ROOM = 10_000
IDLE_S = 5.0
STUCK_S = 45.0
YIELD_EVERY = 100

Send = Callable[[dict[str, Any]], Awaitable[None]]
Deliver = Callable[["Room", protocol.Event], None]


@dataclass(eq=False, slots=True)
class Seat:
    """One socket in a room, as the sender sees it."""

    send: Send
    member_id: int
    host: bool
    stuck_since: float | None = None
    closed: bool = False


@dataclass(eq=False)
class Room:
    """The sockets of one occasion in this process, and what waits for the next tick."""

    occasion_id: int
    seats: set[Seat] = field(default_factory=set)
    members: collections.Counter[int] = field(default_factory=collections.Counter)
    state: str = "scheduled"
    live_at: dt.datetime | None = None
    webrtc_cap: int = 0
    muted: frozenset[int] = frozenset()
    picture: bool = False
    picture_off_at: dt.datetime | None = None
    seq: int = 0
    chat: list[str] = field(default_factory=list)
    urgent: list[str] = field(default_factory=list)
    private: list[tuple[int, str]] = field(default_factory=list)
    seen: collections.deque[int] = field(default_factory=lambda: collections.deque(maxlen=400))
    last_message: int = 0
    elsewhere: dict[str, tuple[float, int, int]] = field(default_factory=dict)
    webrtc: set[Seat] = field(default_factory=set)
    told_people: int = -1
    told_at: float = 0.0
    picture_noted: float = 0.0
    known: bool = False
    learning: asyncio.Lock = field(default_factory=asyncio.Lock)
    sending: asyncio.Lock = field(default_factory=asyncio.Lock)

    def people(self) -> int:
        """Persons in the room over all processes; two devices of one person in one process are one."""
        return len(self.members) + sum(people for _at, people, _webrtc in self.elsewhere.values())

    def watching(self) -> int:
        """Browsers that watch by WebRTC, over all processes."""
        return len(self.webrtc) + sum(webrtc for _at, _people, webrtc in self.elsewhere.values())


class Hub:
    """The rooms of this process. Everything but ``call`` runs on its event loop."""

    def __init__(self) -> None:
        self.loop = asyncio.get_running_loop()
        self.rooms: dict[int, Room] = {}
        self.listeners: list[Deliver] = []
        self._tasks: set[asyncio.Task[None]] = set()
        self._next_big: float = 0.0
        self._flushing: set[int] = set()
        self.bus = bus.connect(self._heard)

    def start(self) -> None:
        self.spawn(supervise.forever("hub_turn", self._turn, every_s=TICK_S))

    def spawn(self, work: Coroutine[Any, Any, None]) -> asyncio.Task[None]:
        """Run ``work`` beside everything else; kept until it is done; failures are logged."""
        task = self.loop.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._done)
        return task

    def _done(self, task: asyncio.Task[None]) -> None:
        self._tasks.discard(task)
        if not task.cancelled() and (failure := task.exception()) is not None:
            log.error("room_task_failed", exc_info=failure)

    async def aclose(self) -> None:
        for task in list(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await self.bus.aclose()

    def enter(self, occasion_id: int, seat: Seat) -> Room:
        room = self.rooms.get(occasion_id)
        if room is None:
            room = self.rooms[occasion_id] = Room(occasion_id)
            self.bus.join(occasion_id)
        room.seats.add(seat)
        room.members[seat.member_id] += 1
        return room

    def leave(self, room: Room, seat: Seat) -> None:
        seat.closed = True
        room.seats.discard(seat)
        room.webrtc.discard(seat)
        room.members[seat.member_id] -= 1
        if room.members[seat.member_id] <= 0:
            del room.members[seat.member_id]
        if not room.seats and self.rooms.pop(room.occasion_id, None) is not None:
            self.bus.part(room.occasion_id)

    def phones(self) -> int:
        """Return how many sockets there are; may be asked from any thread."""
        return sum(len(room.seats) for room in list(self.rooms.values()))

    def deliver(self, occasion_id: int, event: protocol.Event, *, flush: bool = False) -> None:
        """Put an event into the room's next tick, once; nothing happens where nobody is in the room."""
        room = self.rooms.get(occasion_id)
        if room is None:
            return
        if isinstance(event, protocol.ChatEvent):
            if event.message in room.seen:
                return
            room.seen.append(event.message)
            room.last_message = max(room.last_message, event.message)
            room.chat.append(protocol.encode(event))
        elif event.audience == "one":
            room.private.append((event.member, protocol.encode(event)))  # type: ignore[attr-defined]
        else:
            room.urgent.append(protocol.encode(event))
        for listener in self.listeners:
            listener(room, event)
        if flush or event.at_once:
            self._flush_soon(room)

    def tell(self, seat: Seat, text: str) -> None:
        """Send one frame to one socket without waiting for it; dropped when the socket is stuck."""
        if not seat.closed and seat.stuck_since is None:
            self._push(seat, {"type": "websocket.send", "text": text})

    def _heard(self, occasion_id: int, message: dict[str, Any]) -> None:
        room = self.rooms.get(occasion_id)
        if room is None:
            return
        if "people" in message:
            room.elsewhere[message["from"]] = (self.loop.time(), message["people"], message["webrtc"])
            return
        try:
            event = protocol.event_of(message["event"])
        except protocol.BadFrame:
            log.warning("event_from_another_version", occasion=occasion_id)
            return
        self.deliver(occasion_id, event, flush=bool(message.get("flush")))

    def _flush_soon(self, room: Room) -> None:
        if room.occasion_id not in self._flushing:
            self._flushing.add(room.occasion_id)
            self.loop.call_soon(lambda: self.spawn(self._flush(room)))

    async def _flush(self, room: Room) -> None:
        self._flushing.discard(room.occasion_id)
        await self._tick(room)

    async def _turn(self) -> None:
        now = self.loop.time()
        big = now >= self._next_big
        if big:
            self._next_big = now + BIG_TICK_S
            self._count()
        for room in list(self.rooms.values()):
            if big or len(room.seats) <= BIG_ROOM:
                # Whatever is wrong in one room, the others hear their ticks.
                await supervise.attempt("room_tick", partial(self._tick, room))

    def _count(self) -> None:
        """Tell the other processes how many are here, forget those that fell silent, and cut off the stuck."""
        now = self.loop.time()
        for room in self.rooms.values():
            room.elsewhere = {name: seen for name, seen in room.elsewhere.items() if now - seen[0] < 5}
            self.bus.count(room.occasion_id, people=len(room.members), webrtc=len(room.webrtc))
            for seat in [one for one in room.seats if one.stuck_since is not None and now - one.stuck_since > STUCK_S]:
                log.info("socket_cut_off", occasion=room.occasion_id)
                abort(seat.send)

    async def _tick(self, room: Room) -> None:
        # A tick that still goes round must be through before the next: frames reach every phone in order.
        async with room.sending:
            await self._tick_now(room)

    async def _tick_now(self, room: Room) -> None:
        now, people = self.loop.time(), room.people()
        news = bool(room.chat or room.urgent)
        crowd = people != room.told_people and now - room.told_at >= BIG_TICK_S
        for member_id, text in _drain(room.private):
            shared = f'{{"t":"tick","seq":{room.seq},"people":{people},"left_out":0,"events":[{text}]}}'
            for seat in [one for one in room.seats if one.host or one.member_id == member_id]:
                self.tell(seat, shared)
        if not (news or crowd or now - room.told_at >= IDLE_S):
            return
        urgent = _drain(room.urgent)
        spent = sum(len(text.encode()) for text in urgent)
        chosen, left_out = packing.sample(_drain(room.chat), budget=max(packing.BUDGET - spent, 0))
        room.seq += 1
        room.told_people, room.told_at = people, now
        text = packing.tick(seq=room.seq, people=people, left_out=left_out, events=[*urgent, *chosen])
        await self._send_all(room.seats, {"type": "websocket.send", "text": text})

    async def _send_all(self, seats: Iterable[Seat], message: dict[str, Any]) -> None:
        for index, seat in enumerate(list(seats)):
            if not seat.closed and seat.stuck_since is None:
                self._push(seat, message)
            if index % YIELD_EVERY == YIELD_EVERY - 1:
                await asyncio.sleep(0)

    def _push(self, seat: Seat, message: dict[str, Any]) -> None:
        """Run the send to its first suspension: done, or the socket is slow and finishes in a task of its own."""
        work = seat.send(message).__await__()
        try:
            waiting = next(work)
        except StopIteration:
            return
        except (OSError, RuntimeError):
            # Closed under us (uvicorn's ClientDisconnected is an OSError): its own loop hears of that, too.
            seat.closed = True
            return
        seat.stuck_since = self.loop.time()
        self.spawn(self._finish(seat, _Rest(work, waiting)))

    async def _finish(self, seat: Seat, rest: "_Rest") -> None:
        try:
            await rest
        except (OSError, RuntimeError):
            seat.closed = True
        finally:
            seat.stuck_since = None


class _Rest:
    """Awaitable that goes on with a coroutine which was advanced to its first suspension already."""

    def __init__(self, work: Generator[Any, Any, None], waiting: Any) -> None:
        self._work = work
        self._waiting = waiting

    def __await__(self) -> Generator[Any, Any, None]:
        waiting = self._waiting
        while True:
            try:
                value = yield waiting
            except BaseException as error:  # noqa: BLE001 - handed on to the coroutine, as ``await`` does
                failure: BaseException | None = error
            else:
                failure = None
            try:
                waiting = self._work.send(value) if failure is None else self._work.throw(failure)
            except StopIteration:
                return


def _drain(items: list[Any]) -> list[Any]:
    taken = items[:]
    items.clear()
    return taken


def abort(send: Any) -> None:
    """Drop the connection behind an ASGI ``send`` without waiting for a phone that does not read.

    ASGI has no word for that; a server whose ``send`` is a method of its protocol (uvicorn) shows its transport.
    """
    transport = getattr(getattr(send, "__self__", None), "transport", None)
    if transport is not None:
        transport.abort()


_hub: Hub | None = None
PHONES = Gauge("live_phones", "Open sockets in the rooms of this process")
PHONES.set_function(lambda: _hub.phones() if _hub is not None else 0)


def seq_of(occasion_id: int) -> int | None:
    """Return the number of the room's last frame in this process, None when nobody of it is here."""
    room = _hub.rooms.get(occasion_id) if _hub is not None else None
    return room.seq if room is not None else None


async def close_hub() -> None:
    """Stop the ticks of this process; its sockets are closed by the server."""
    global _hub
    here, _hub = _hub, None
    if here is not None:
        await here.aclose()


def hub() -> Hub:
    """Return this process's hub; made by the first socket, on its event loop."""
    global _hub
    loop = asyncio.get_running_loop()
    if _hub is None or _hub.loop is not loop:
        _hub = Hub()
        _hub.start()
    return _hub


def publish(occasion_id: int, event: dict[str, Any], flush: bool = False) -> None:
    """Tell everybody in the occasion's room; callable from any thread and process. ``flush``: do not wait for a tick.

    ``event`` is ``{"t": word, …}`` with the fields of that event in ``live.core.wire.protocol``. Call it after
    the commit.
    """
    built = protocol.event_of(event)
    here = _hub
    if here is not None and not here.loop.is_closed():
        here.loop.call_soon_threadsafe(lambda: here.deliver(occasion_id, built, flush=flush))
    bus.send(occasion_id, event, flush=flush)


def publish_all(events: Sequence[tuple[int, dict[str, Any]]]) -> None:
    """``publish`` many at once, ``(occasion id, event)`` in their order: one hop to the loop, one way to the bus."""
    here = _hub
    if here is not None and not here.loop.is_closed():
        built = [(occasion_id, protocol.event_of(event)) for occasion_id, event in events]

        def deliver() -> None:
            for occasion_id, event in built:
                here.deliver(occasion_id, event)

        here.loop.call_soon_threadsafe(deliver)
    bus.send_all(events)
