"""The frames of live captions: lines that a host types, for everybody in the room. Pure.

Part of the wire (``live.core.wire.protocol``), which holds the tables and reads the frames.
"""

from dataclasses import dataclass, field

from live.core.wire.bases import Command, Event

MOST_TOLD = 200


@dataclass(frozen=True, slots=True)
class Caption(Command):
    """Show a line to everybody; a long one in parts. Sent again with the same ``id`` it is stored once."""

    word = "caption"
    host_only = True
    id: str = field(metadata={"ident": True})
    text: str = field(metadata={"max": 2000})


@dataclass(frozen=True, slots=True)
class DropCaption(Command):
    """Take a line away everywhere, from the replay too."""

    word = "caption_drop"
    host_only = True
    line: int


@dataclass(frozen=True, slots=True)
class CaptionsEvent(Event):
    """Lines of the captions, in the order in which they were sent: their numbers and their words."""

    word = "captions"
    lines: list[int] = field(metadata={"most": MOST_TOLD})
    texts: list[str] = field(metadata={"max": 200, "most": MOST_TOLD})


@dataclass(frozen=True, slots=True)
class CaptionDroppedEvent(Event):
    """A host took a line away."""

    word = "caption_dropped"
    at_once = True
    line: int


COMMANDS: tuple[type[Command], ...] = (Caption, DropCaption)
EVENTS: tuple[type[Event], ...] = (CaptionsEvent, CaptionDroppedEvent)
