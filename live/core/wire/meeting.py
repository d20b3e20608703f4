"""The frames of a meeting: who sits in it and is seen and heard, who leads, what is noted. Pure.

Part of the wire (``live.core.wire.protocol``), which holds the tables and reads the frames.
"""

from dataclasses import dataclass, field
from typing import Literal

from live.core.wire.bases import Command, Event, Frame

MOST_SEATS = 64
MOST_PICTURES = 16
MOST_NOTES = 30


@dataclass(frozen=True, slots=True)
class Appear(Command):
    """Put microphone and camera of this browser into the meeting, or negotiate anew (``again``)."""

    word = "appear"
    sdp: str = field(metadata={"max": 14_000})
    again: bool


@dataclass(frozen=True, slots=True)
class ShowDevices(Command):
    """What is on at this browser now: said to all."""

    word = "devices"
    mic: bool
    cam: bool


@dataclass(frozen=True, slots=True)
class See(Command):
    """Whose pictures this browser shows; the sound is everybody's."""

    word = "see"
    members: list[int] = field(metadata={"most": MOST_PICTURES})


@dataclass(frozen=True, slots=True)
class Silence(Command):
    """Close somebody's microphone, 0: everybody else's. They can open it again."""

    word = "silence"
    host_only = True
    member: int


@dataclass(frozen=True, slots=True)
class GiveFloor(Command):
    """Let somebody speak now, and nobody else; ``on`` false: take it back."""

    word = "give_floor"
    host_only = True
    member: int
    on: bool


@dataclass(frozen=True, slots=True)
class OpenLobby(Command):
    """Let everybody who comes wait first, or come in at once; who is inside stays."""

    word = "lobby"
    host_only = True
    on: bool


@dataclass(frozen=True, slots=True)
class Admit(Command):
    """Let somebody in who waits, 0: all."""

    word = "admit"
    host_only = True
    member: int


@dataclass(frozen=True, slots=True)
class Record(Command):
    """Switch the recording of sound and picture on or off; everybody is told."""

    word = "record"
    host_only = True
    on: bool


@dataclass(frozen=True, slots=True)
class WriteNote(Command):
    """Write an item of the agenda or a decision; one that has this ``id`` is written anew."""

    word = "note"
    host_only = True
    id: str = field(metadata={"ident": True})
    kind: Literal["agenda", "decision"]
    title: str = field(metadata={"max": 100})
    text: str = field(metadata={"max": 2000})


@dataclass(frozen=True, slots=True)
class DropNote(Command):
    """Take one off."""

    word = "note_drop"
    host_only = True
    id: str = field(metadata={"ident": True})


@dataclass(frozen=True, slots=True)
class Sitting:
    """Somebody in the meeting; ``floor``: whom the host lets speak."""

    member: int
    name: str
    unit: str
    mic: bool
    cam: bool
    floor: bool


@dataclass(frozen=True, slots=True)
class Note:
    """An item of the agenda, or a decision."""

    id: str
    kind: Literal["agenda", "decision"]
    title: str
    text: str


@dataclass(frozen=True, slots=True)
class SeatsEvent(Event):
    """Everybody in the meeting, in the order in which they came."""

    word = "seats"
    seats: list[Sitting] = field(metadata={"most": MOST_SEATS})


@dataclass(frozen=True, slots=True)
class WaitingEvent(Event):
    """Who waits to be let in, and whether there is a lobby at all."""

    word = "waiting"
    audience = "hosts"
    lobby: bool
    waiting: list[Sitting] = field(metadata={"most": MOST_SEATS})


@dataclass(frozen=True, slots=True)
class SilencedEvent(Event):
    """A host closed this person's microphone; ``but`` that one everybody's, where ``member`` is 0."""

    word = "silenced"
    at_once = True
    member: int
    but: int


@dataclass(frozen=True, slots=True)
class RecordedEvent(Event):
    """Since when the meeting is recorded, Unix ms; null: it is not."""

    word = "recorded"
    at_once = True
    since: int | None


@dataclass(frozen=True, slots=True)
class NotesEvent(Event):
    """The agenda and the decisions, as they stand."""

    word = "notes"
    notes: list[Note] = field(metadata={"most": 2 * MOST_NOTES})


@dataclass(frozen=True, slots=True)
class Faces(Frame):
    """Before an ``offer``: whose each of its streams is, by its mid."""

    word = "faces"
    mids: list[str]
    members: list[int]


COMMANDS: tuple[type[Command], ...] = (
    Appear,
    ShowDevices,
    See,
    Silence,
    GiveFloor,
    OpenLobby,
    Admit,
    Record,
    WriteNote,
    DropNote,
)
EVENTS: tuple[type[Event], ...] = (SeatsEvent, WaitingEvent, SilencedEvent, RecordedEvent, NotesEvent)
FRAMES: tuple[type[Frame], ...] = (Faces,)
