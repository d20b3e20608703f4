"""The room's wire: which frames exist, what stands in them, and how a frame is read. Pure.

The classes below are the one source: ``docs/protocol.md`` explains them, ``manage.py write_frames`` makes the
TypeScript types from them, a test fails when either has drifted. A frame is one JSON object in one text message.
"""

import json
import re
from dataclasses import MISSING, dataclass, field, fields
from typing import Any, Literal, TypedDict, get_args, get_origin, get_type_hints

from live.core.wire import asking
from live.core.wire.bases import Command as Command
from live.core.wire.bases import Event as Event
from live.core.wire.bases import Frame as Frame

MAX_FRAME = 16_384
IDENT = re.compile(r"[A-Za-z0-9_-]{1,64}")
BIG = 2**63


class BadFrame(Exception):
    """A frame that cannot be read. ``code``: "malformed" (no JSON object), "unknown" or "bad_field"."""

    def __init__(self, code: str, where: str = "") -> None:
        super().__init__(code)
        self.code = code
        self.where = where


@dataclass(frozen=True, slots=True)
class Candidate:
    """What a browser's ``RTCIceCandidate.toJSON()`` gives."""

    candidate: str = field(metadata={"max": 1024})
    sdpMid: str | None = field(default=None, metadata={"max": 64})
    sdpMLineIndex: int | None = None


class IceServer(TypedDict):
    """A relay for this browser's connection, as ``RTCPeerConnection`` takes it; its credentials last some hours."""

    urls: list[str]
    username: str
    credential: str


@dataclass(frozen=True, slots=True)
class Beat(Command):
    """Every 15 s: this phone is here."""

    word = "beat"


@dataclass(frozen=True, slots=True)
class Hide(Command):
    """The page went to the background; ``sound``: and its sound goes on, so it still counts."""

    word = "hide"
    sound: bool


@dataclass(frozen=True, slots=True)
class Show(Command):
    """The page is in front again."""

    word = "show"


@dataclass(frozen=True, slots=True)
class Leave(Command):
    """The person leaves; the server closes the socket."""

    word = "leave"


@dataclass(frozen=True, slots=True)
class Say(Command):
    """A chat message. ``id`` is made on the phone; sent again with the same id it is stored once."""

    word = "chat"
    id: str = field(metadata={"ident": True})
    text: str = field(metadata={"max": 2000})


@dataclass(frozen=True, slots=True)
class Hand(Command):
    """Raise or lower one's own hand."""

    word = "hand"
    up: bool


@dataclass(frozen=True, slots=True)
class Watch(Command):
    """Ask for the picture. The server chooses the way; "hls" gives up WebRTC (it failed, or saves data)."""

    word = "watch"
    via: Literal["auto", "hls"]


@dataclass(frozen=True, slots=True)
class Answer(Command):
    """The browser's answer to the server's latest ``offer``."""

    word = "answer"
    sdp: str = field(metadata={"max": 14_000})


@dataclass(frozen=True, slots=True)
class Trickle(Command):
    """An ICE candidate of the browser's connection; null: there are no more."""

    word = "candidate"
    pc: Literal["pub", "sub"]
    candidate: Candidate | None


@dataclass(frozen=True, slots=True)
class Reclaim(Command):
    """The socket was away: go on with the media connection that ``held`` named. On the air only for a host.

    ``source``: the page's own name, as with the offer.
    """

    word = "reclaim"
    pc: Literal["pub", "sub"]
    key: str = field(metadata={"ident": True})
    source: str = field(default="", metadata={"max": 64})


@dataclass(frozen=True, slots=True)
class Offer(Command):
    """Put this browser on air, or negotiate its connection anew (``again``).

    ``source``: the page's own name, kept over a reload; ``turn``: of the ``on_air`` that the person confirmed to take
    over, 0 for none. Somebody else on the air and no such turn: ``taken``.
    """

    word = "offer"
    host_only = True
    sdp: str = field(metadata={"max": 14_000})
    again: bool
    source: str = field(default="", metadata={"max": 64})
    turn: int = 0


@dataclass(frozen=True, slots=True)
class Unpublish(Command):
    """Leave the air; the lecture goes on."""

    word = "unpublish"
    host_only = True


@dataclass(frozen=True, slots=True)
class GoLive(Command):
    """Begin the lecture; the page named ``source`` is on the air from the first moment."""

    word = "go_live"
    host_only = True
    source: str = field(default="", metadata={"max": 64})


@dataclass(frozen=True, slots=True)
class EndLecture(Command):
    """End the lecture."""

    word = "end"
    host_only = True


@dataclass(frozen=True, slots=True)
class ResumeLecture(Command):
    """Undo the end of the lecture, within ten minutes."""

    word = "resume"
    host_only = True


@dataclass(frozen=True, slots=True)
class TakeBreak(Command):
    """A break of so many minutes from now; during one, so many minutes from now."""

    word = "take_break"
    host_only = True
    minutes: int


@dataclass(frozen=True, slots=True)
class GoOn(Command):
    """The break is over."""

    word = "go_on"
    host_only = True


@dataclass(frozen=True, slots=True)
class HideMessage(Command):
    """Hide a chat message from everybody."""

    word = "hide_message"
    host_only = True
    message: int


@dataclass(frozen=True, slots=True)
class Mute(Command):
    """Let somebody not chat, or chat again."""

    word = "mute"
    host_only = True
    member: int
    on: bool


@dataclass(frozen=True, slots=True)
class Remove(Command):
    """Send somebody out of the room, or let them in again."""

    word = "remove"
    host_only = True
    member: int
    on: bool


@dataclass(frozen=True, slots=True)
class Lower(Command):
    """Lower somebody's hand."""

    word = "lower"
    host_only = True
    member: int


@dataclass(frozen=True, slots=True)
class LowerAll(Command):
    """Lower all hands."""

    word = "lower_all"
    host_only = True


@dataclass(frozen=True, slots=True)
class OpenChat(Command):
    """Let the members speak, or nobody but hosts."""

    word = "open_chat"
    host_only = True
    on: bool


@dataclass(frozen=True, slots=True)
class Lock(Command):
    """Let nobody new in, or everybody again who may come."""

    word = "lock"
    host_only = True
    on: bool


@dataclass(frozen=True, slots=True)
class GiveBack(Command):
    """Whoever is on air asks the page before to take the picture back; until it does, the picture stays."""

    word = "give_back"
    host_only = True
    source: str = field(default="", metadata={"max": 64})


_COMMANDS: tuple[type[Command], ...] = (
    Beat,
    Hide,
    Show,
    Leave,
    Say,
    Hand,
    Watch,
    Answer,
    Trickle,
    Reclaim,
    Offer,
    Unpublish,
    GoLive,
    EndLecture,
    ResumeLecture,
    TakeBreak,
    GoOn,
    HideMessage,
    Mute,
    Remove,
    Lower,
    LowerAll,
    OpenChat,
    Lock,
    GiveBack,
    *asking.COMMANDS,
)
COMMANDS = {kind.word: kind for kind in _COMMANDS}

State = Literal["scheduled", "live", "ended", "recorded", "unrecorded", "not_held", "void", "cancelled"]


@dataclass(frozen=True, slots=True)
class StateChanged(Event):
    """The lecture went live (also once more, when its end is undone), ended, got its replay, or was cancelled.

    "not_held": it ended too soon to count; "void": it was declared void.
    """

    word = "state"
    at_once = True
    state: State


@dataclass(frozen=True, slots=True)
class ChatEvent(Event):
    """Somebody said something. ``at``: Unix milliseconds; ``host``: the lecturer."""

    word = "chat"
    message: int
    member: int
    name: str
    unit: str
    text: str
    at: int
    host: bool


@dataclass(frozen=True, slots=True)
class HiddenEvent(Event):
    """A message was hidden by a host."""

    word = "hidden"
    at_once = True
    message: int


@dataclass(frozen=True, slots=True)
class PictureEvent(Event):
    """The lecturer's picture came on the air or left it."""

    word = "picture"
    at_once = True
    on: bool


@dataclass(frozen=True, slots=True)
class BreakEvent(Event):
    """There is a break until this moment (Unix ms), or until a host goes on; null: it goes on."""

    word = "break"
    at_once = True
    until: int | None


@dataclass(frozen=True, slots=True)
class AirEvent(Event):
    """What the audience gets, as the media host saw it at ``at`` (Unix ms): about once a second while it is live.

    ``written``: segments of the picture are being written; ``recording``: "off" though it should be on.
    """

    word = "air"
    audience = "hosts"
    at: int
    picture: bool
    sound: bool
    written: bool
    recording: Literal["on", "off", "none"]


@dataclass(frozen=True, slots=True)
class MutedEvent(Event):
    """To the person and the hosts."""

    word = "muted"
    audience = "one"
    at_once = True
    member: int
    on: bool


@dataclass(frozen=True, slots=True)
class RemovedEvent(Event):
    """To the person (whose sockets are closed) and the hosts."""

    word = "removed"
    audience = "one"
    at_once = True
    member: int
    on: bool


@dataclass(frozen=True, slots=True)
class HandEvent(Event):
    """Somebody raised or lowered a hand: to the hosts, and to the person. ``at``: since when, Unix milliseconds."""

    word = "hand"
    audience = "one"
    member: int
    name: str
    unit: str
    up: bool
    at: int = 0


@dataclass(frozen=True, slots=True)
class HandsDownEvent(Event):
    """A host lowered all hands."""

    word = "hands_down"
    at_once = True


@dataclass(frozen=True, slots=True)
class RoomChanged(Event):
    """The room as its hosts left it: whether members may speak, and whether nobody new is let in."""

    word = "room"
    at_once = True
    chat: bool
    locked: bool


@dataclass(frozen=True, slots=True)
class OnAirEvent(Event):
    """To the hosts: whose page sends the picture; ``turn`` 0: nobody's.

    ``here``: that page is connected; ``offered``: it asks the page ``before`` to take the picture back. ``before``,
    ``before_name``: the page whose place it took, or "".
    """

    word = "on_air"
    audience = "hosts"
    at_once = True
    turn: int
    host: int
    name: str
    unit: str
    source: str
    at: int
    here: bool
    offered: bool
    before: str
    before_name: str


_EVENTS: tuple[type[Event], ...] = (
    StateChanged,
    ChatEvent,
    HiddenEvent,
    PictureEvent,
    MutedEvent,
    RemovedEvent,
    HandEvent,
    HandsDownEvent,
    RoomChanged,
    OnAirEvent,
    BreakEvent,
    AirEvent,
    *asking.EVENTS,
)
EVENTS = {kind.word: kind for kind in _EVENTS}


class Stage(TypedDict):
    """What hosts are told with ``joined``: who is on the air, the hands in their order, how many cannot hear."""

    on_air: OnAirEvent | None
    hands: list[HandEvent]
    unclear: int


@dataclass(frozen=True, slots=True)
class Joined(Frame):
    """First frame. ``counted``: presence is being recorded, and the row is committed. ``seq``: of the last tick.

    ``at``: the server's clock, Unix milliseconds. ``ice``: relays for the host's ``offer``; empty for others.
    ``hand``: one's own hand is up; ``chat``: members may speak; ``stage``: for hosts, null for others.
    ``break_until``: there is a break, announced until then (Unix ms); null: none.
    """

    word = "joined"
    at: int
    seq: int
    state: State
    counted: bool
    you: int
    host: bool
    people: int
    picture: bool
    muted: bool
    ice: list[IceServer] = field(default_factory=list)
    hand: bool = False
    chat: bool = True
    locked: bool = False
    stage: Stage | None = None
    break_until: int | None = None


@dataclass(frozen=True, slots=True)
class Counted(Frame):
    """Presence begins to be recorded (after the lecture went live, or after ``show``), and is committed."""

    word = "counted"
    on: bool


@dataclass(frozen=True, slots=True)
class Ack(Frame):
    """The chat message ``id`` is stored as ``message``."""

    word = "ack"
    id: str
    message: int


@dataclass(frozen=True, slots=True)
class Media(Frame):
    """How this browser gets the picture; "wait": nothing is on the air yet. ``ice``: relays, for WebRTC alone."""

    word = "media"
    via: Literal["webrtc", "hls", "wait"]
    ice: list[IceServer] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class ServerOffer(Frame):
    """Set this offer in the receiving connection and send the ``answer``."""

    word = "offer"
    sdp: str


@dataclass(frozen=True, slots=True)
class ServerAnswer(Frame):
    """The answer to the host's ``offer``."""

    word = "answer"
    sdp: str


@dataclass(frozen=True, slots=True)
class Link(Frame):
    """News of a media connection. "hung_up", "gone" and "replaced" are its last; "resumed": it has been reclaimed.

    "gone": the engine restarts, try again; "replaced": another page of the host went on the air.
    """

    word = "link"
    pc: Literal["pub", "sub"]
    state: Literal["connected", "slow", "silent", "flowing", "hung_up", "gone", "replaced", "resumed"]


@dataclass(frozen=True, slots=True)
class Held(Frame):
    """This media connection outlives the socket: ``reclaim`` it by this key, within a minute or so."""

    word = "held"
    pc: Literal["pub", "sub"]
    key: str


@dataclass(frozen=True, slots=True)
class Bye(Frame):
    """Sent before the server closes the socket. ``after_ms``: come back after that; null: do not come back."""

    word = "bye"
    reason: Literal["removed", "rights", "silent", "left", "malformed", "cancelled", "elsewhere"]
    after_ms: int | None


@dataclass(frozen=True, slots=True)
class Tick(Frame):
    """The one shared frame. A hole in ``seq`` means that frames were skipped: fetch the state once."""

    word = "tick"
    seq: int
    people: int
    left_out: int
    events: list[Event]


_FRAMES: tuple[type[Frame], ...] = (
    Joined,
    Counted,
    Ack,
    Media,
    ServerOffer,
    ServerAnswer,
    Link,
    Held,
    Bye,
    Tick,
    *asking.FRAMES,
)
FRAMES = {kind.word: kind for kind in _FRAMES}

# Close codes of the application, besides the standard 1000, 1001, 1012 (rolling deploy) and 1013 (full).
CLOSE_MALFORMED = 4400
CLOSE_FORBIDDEN = 4403
CLOSE_GONE = 4404
CLOSE_SILENT = 4408
CLOSE_ELSEWHERE = 4409
CLOSE_LOCKED = 4423


def parse(text: str | None) -> Command:
    """Read one text message of a browser; raises ``BadFrame``. ``None`` stands for a binary message."""
    if text is None or len(text) > MAX_FRAME:
        raise BadFrame("malformed")
    try:
        data = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise BadFrame("malformed") from error
    if not isinstance(data, dict):
        raise BadFrame("malformed")
    word = data.pop("t", None)
    kind = COMMANDS.get(word) if isinstance(word, str) else None
    if kind is None:
        raise BadFrame("unknown")
    return _build(kind, data)


def encode(frame: Frame | Event) -> str:
    """Return a frame as JSON text, without white space; text stays readable."""
    return dumps(as_data(frame))


def as_data(frame: Frame | Event) -> dict[str, Any]:
    """Return a frame as ``room_events.publish`` and a page's JSON take it."""
    return {"t": frame.word} | {item.name: getattr(frame, item.name) for item in fields(frame)}  # type: ignore[arg-type]


def error(code: str, *, t: str = "", id: str = "") -> str:
    """Return the answer to a command that failed: ``{"error": code}``, with its ``t`` and ``id`` where known."""
    return dumps({"error": code} | ({"t": t} if t else {}) | ({"id": id} if id else {}))


def dumps(data: dict[str, Any]) -> str:
    """Return compact JSON that is always valid UTF-8 (lone surrogates are escaped away)."""
    return (
        json.dumps(data, ensure_ascii=False, separators=(",", ":"), default=as_data)
        .encode("utf-8", "replace")
        .decode("utf-8")
    )


def event_of(data: dict[str, Any]) -> Event:
    """Build an event from ``{"t": word, …}``, as ``room_events.publish`` takes it; raises ``BadFrame``."""
    rest = dict(data)
    kind = EVENTS.get(str(rest.pop("t", "")))
    if kind is None:
        raise BadFrame("unknown")
    return _build(kind, rest)


def _build(kind: type[Any], data: dict[str, Any]) -> Any:
    hints = _hints(kind)
    values = {}
    for item in fields(kind):
        if item.name not in data:
            if item.default is MISSING:
                raise BadFrame("bad_field", item.name)
            continue
        values[item.name] = _checked(item.name, hints[item.name], data[item.name], item.metadata)
    return kind(**values)


_HINTS: dict[type[Any], dict[str, Any]] = {}


def _hints(kind: type[Any]) -> dict[str, Any]:
    if kind not in _HINTS:
        _HINTS[kind] = get_type_hints(kind)
    return _HINTS[kind]


def _checked(name: str, hint: Any, value: Any, limits: Any) -> Any:
    if get_origin(hint) is Literal:
        ok = isinstance(value, str) and value in get_args(hint)
    elif hint is bool:
        ok = isinstance(value, bool)
    elif type(None) in get_args(hint):
        inner = next(one for one in get_args(hint) if one is not type(None))
        return None if value is None else _checked(name, inner, value, limits)
    elif hint is Candidate:
        if not isinstance(value, dict):
            raise BadFrame("bad_field", name)
        return _build(Candidate, value)
    elif get_origin(hint) is list:
        if not isinstance(value, list) or len(value) > limits.get("most", 0):
            raise BadFrame("bad_field", name)
        return [_checked(name, get_args(hint)[0], one, limits) for one in value]
    elif hint is int:
        ok = isinstance(value, int) and not isinstance(value, bool) and 0 <= value < BIG
    else:
        ok = isinstance(value, str) and len(value) <= limits.get("max", MAX_FRAME)
        if ok and limits.get("ident"):
            ok = IDENT.fullmatch(value) is not None
    if not ok:
        raise BadFrame("bad_field", name)
    return value
