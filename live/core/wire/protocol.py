"""The room's wire: which frames exist, what stands in them, and how a frame is read. Pure.

The classes here and in the files beside are the one source: ``docs/protocol.md`` explains them, ``manage.py
write_frames`` makes the TypeScript types from them, a test fails when either has drifted. A frame is one JSON object in
one text message. Beside: ``chat``, ``stage`` (who leads), ``speakers``, ``negotiation`` (media connections),
``asking``, ``slides``, ``captions``, ``fallback``; ``reading`` (fields).
"""

import json
from dataclasses import asdict, dataclass, field, fields
from typing import Any, Literal

from live.core.wire import asking, captions, fallback, meeting, slides, speakers
from live.core.wire.bases import Command, Event, Frame
from live.core.wire.chat import ChatEvent, HiddenEvent, Say
from live.core.wire.meeting import Note, Sitting
from live.core.wire.negotiation import (
    Answer,
    Candidate,
    Held,
    IceServer,
    Link,
    Media,
    Offer,
    Reclaim,
    ServerAnswer,
    ServerOffer,
    Trickle,
    Watch,
)
from live.core.wire.reading import BIG, IDENT, MAX_FRAME, BadFrame, build, load, most_of
from live.core.wire.speakers import (
    Invite,
    MaySpeak,
    OnStage,
    Sending,
    ShowPicture,
    Speak,
    SpeakersEvent,
    StepDown,
    StepUp,
    TakeDown,
    TakeDownAll,
)
from live.core.wire.stage import (
    AirEvent,
    AwaitEncoder,
    BreakEvent,
    EndLecture,
    GiveBack,
    GoLive,
    GoOn,
    HandEvent,
    HandsDownEvent,
    HideMessage,
    Lock,
    Lower,
    LowerAll,
    Mute,
    MutedEvent,
    OnAirEvent,
    OpenChat,
    PictureEvent,
    Remove,
    RemovedEvent,
    ResumeLecture,
    RoomChanged,
    Stage,
    TakeBreak,
    Unpublish,
)

# The room's code says ``protocol.Name`` for every frame, in whichever file it stands.
__all__ = [
    "BIG",
    "IDENT",
    "MAX_FRAME",
    "AirEvent",
    "Answer",
    "AwaitEncoder",
    "BadFrame",
    "BreakEvent",
    "Candidate",
    "ChatEvent",
    "Command",
    "EndLecture",
    "Event",
    "Frame",
    "GiveBack",
    "GoLive",
    "GoOn",
    "HandEvent",
    "HandsDownEvent",
    "Held",
    "HiddenEvent",
    "HideMessage",
    "IceServer",
    "Invite",
    "Link",
    "Lock",
    "Lower",
    "LowerAll",
    "MaySpeak",
    "Media",
    "Mute",
    "MutedEvent",
    "Note",
    "Offer",
    "OnAirEvent",
    "OnStage",
    "OpenChat",
    "PictureEvent",
    "Reclaim",
    "Remove",
    "RemovedEvent",
    "ResumeLecture",
    "RoomChanged",
    "Say",
    "Sending",
    "ServerAnswer",
    "ServerOffer",
    "ShowPicture",
    "Sitting",
    "Speak",
    "SpeakersEvent",
    "Stage",
    "StepDown",
    "StepUp",
    "TakeBreak",
    "TakeDown",
    "TakeDownAll",
    "Trickle",
    "Unpublish",
    "Watch",
    "most_of",
]


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
class Hand(Command):
    """Raise or lower one's own hand."""

    word = "hand"
    up: bool


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
    AwaitEncoder,
    *asking.COMMANDS,
    *slides.COMMANDS,
    *captions.COMMANDS,
    *speakers.COMMANDS,
    *meeting.COMMANDS,
    *fallback.COMMANDS,
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
    *slides.EVENTS,
    *captions.EVENTS,
    *speakers.EVENTS,
    *meeting.EVENTS,
)
EVENTS = {kind.word: kind for kind in _EVENTS}


@dataclass(frozen=True, slots=True)
class Joined(Frame):
    """First frame. ``counted``: presence is being recorded, and the row is committed. ``seq``: of the last tick.

    ``at``: the server's clock, Unix milliseconds. ``ice``: relays for the host's ``offer``, in a meeting for
    everybody's ``appear``; else empty.
    ``hand``: one's own hand is up; ``chat``: members may speak; ``stage``: for hosts, null for others.
    ``break_until``: there is a break, announced until then (Unix ms); null: none. ``slide``: what everybody sees.
    ``speakers``: who is on the stage. Of a meeting: ``seats``, ``notes``, since when it is
    recorded (Unix ms; null: it is not), and for hosts who is ``waiting``.
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
    slide: slides.SlideEvent = slides.NO_SLIDES
    speakers: list[OnStage] = field(default_factory=list)
    seats: list[Sitting] = field(default_factory=list)
    notes: list[Note] = field(default_factory=list)
    waiting: meeting.WaitingEvent | None = None
    recorded_since: int | None = None


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
    *speakers.FRAMES,
    *meeting.FRAMES,
    *fallback.FRAMES,
)
FRAMES = {kind.word: kind for kind in _FRAMES}

# Close codes of the application, besides the standard 1000, 1001, 1012 (rolling deploy) and 1013 (full).
CLOSE_TOO_BIG = 1009  # standard; also below what the server's own limit takes for a meeting's answer
CLOSE_MALFORMED = 4400
CLOSE_FORBIDDEN = 4403
CLOSE_GONE = 4404
CLOSE_SILENT = 4408
CLOSE_ELSEWHERE = 4409
CLOSE_LOCKED = 4423
CLOSE_LOBBY = 4425
CLOSE_SEATS = 4429  # a meeting has no seat left


def parse(text: str | None, *, meets: bool = False) -> Command:
    """Read one text message of a browser; raises ``BadFrame``. ``meets``: its ``answer`` may be that of a meeting."""
    data = load(text, most=most_of(meets=meets))
    word = data.pop("t", None)
    kind = COMMANDS.get(word) if isinstance(word, str) else None
    if kind is None:
        raise BadFrame("unknown")
    if kind is not Answer and len(text or "") > MAX_FRAME:
        raise BadFrame("malformed")
    return build(kind, data)


def encode(frame: Frame | Event) -> str:
    """Return a frame as JSON text, without white space; text stays readable."""
    return dumps(as_data(frame))


def as_data(frame: Frame | Event) -> dict[str, Any]:
    """Return a frame as ``room_events.publish`` and a page's JSON take it."""
    return {"t": frame.word} | {item.name: _plain(getattr(frame, item.name)) for item in fields(frame)}  # type: ignore[arg-type]


def _plain(value: Any) -> Any:
    return (
        [asdict(one) if isinstance(one, OnStage | Sitting | Note) else one for one in value]
        if isinstance(value, list)
        else value
    )


def error(code: str, *, t: str = "", id: str = "") -> str:
    """Return the answer to a command that failed: ``{"error": code}``, with its ``t`` and ``id`` where known."""
    return dumps({"error": code} | ({"t": t} if t else {}) | ({"id": id} if id else {}))


def dumps(data: dict[str, Any]) -> str:
    """Return compact JSON that is always valid UTF-8 (lone surrogates are escaped away)."""
    text = json.dumps(data, ensure_ascii=False, separators=(",", ":"), default=as_data)
    return text.encode("utf-8", "replace").decode("utf-8")


def event_of(data: dict[str, Any]) -> Event:
    """Build an event from ``{"t": word, …}``, as ``room_events.publish`` takes it; raises ``BadFrame``."""
    rest = dict(data)
    kind = EVENTS.get(str(rest.pop("t", "")))
    if kind is None:
        raise BadFrame("unknown")
    return build(kind, rest)
