"""What is said in a room."""

from dataclasses import dataclass, field

from live.core.wire.bases import Command, Event


@dataclass(frozen=True, slots=True)
class Say(Command):
    """A chat message. ``id`` is made on the phone; sent again with the same id it is stored once."""

    word = "chat"
    id: str = field(metadata={"ident": True})
    text: str = field(metadata={"max": 2000})


@dataclass(frozen=True, slots=True)
class ChatEvent(Event):
    """Somebody said something. ``at``: Unix milliseconds; ``host``: said as a host."""

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
