"""The frames of who leads a room: beginning and end, break, the air, people and hands, and what hosts are told. Pure.

Part of the wire (``live.core.wire.protocol``), which holds the tables and reads the frames.
"""

from dataclasses import dataclass, field
from typing import Literal, TypedDict

from live.core.wire.bases import Command, Event


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


@dataclass(frozen=True, slots=True)
class AwaitEncoder(Command):
    """Whoever is on air lets the device outside (OBS) take its place, or no more; until then its picture stays."""

    word = "await_encoder"
    host_only = True
    on: bool
    source: str = field(default="", metadata={"max": 64})


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

    ``source``: "encoder" for the device outside. ``here``: that page, or the device, is connected; ``offered``: it asks
    the page ``before`` to take the picture back; ``awaits``: it lets the device take its place. ``before``:
    the page whose place it took, or ""; ``before_name``: whose that is, "" for another page of the same host.
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
    awaits: bool = False


class Stage(TypedDict):
    """What hosts are told with ``joined``: who is on the air, the hands in their order, how many cannot hear."""

    on_air: OnAirEvent | None
    hands: list[HandEvent]
    unclear: int
