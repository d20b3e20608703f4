"""The frames of the stage: a member is asked up, comes with a microphone and perhaps a camera, and goes. Pure.

Part of the wire (``live.core.wire.protocol``), which holds the tables and reads the frames.
"""

from dataclasses import dataclass, field

from live.core.wire.bases import Command, Event, Frame
from live.core.wire.negotiation import IceServer


@dataclass(frozen=True, slots=True)
class Invite(Command):
    """Ask a member on the stage."""

    word = "invite"
    host_only = True
    member: int


@dataclass(frozen=True, slots=True)
class TakeDown(Command):
    """Take somebody off the stage, or take the invitation back."""

    word = "take_down"
    host_only = True
    member: int


@dataclass(frozen=True, slots=True)
class TakeDownAll(Command):
    """Clear the stage."""

    word = "take_down_all"
    host_only = True


@dataclass(frozen=True, slots=True)
class ShowPicture(Command):
    """Make the picture of somebody on the stage the lecture's; 0: the lecturer's again."""

    word = "show_picture"
    host_only = True
    member: int


@dataclass(frozen=True, slots=True)
class StepUp(Command):
    """The person invited comes, with this browser; answered by ``may_speak``."""

    word = "step_up"


@dataclass(frozen=True, slots=True)
class StepDown(Command):
    """Say no to the invitation, or leave the stage."""

    word = "step_down"


@dataclass(frozen=True, slots=True)
class Speak(Command):
    """Put what a person on the stage sends on the air, or negotiate its connection anew (``again``)."""

    word = "speak"
    sdp: str = field(metadata={"max": 14_000})
    again: bool


@dataclass(frozen=True, slots=True)
class Sending(Command):
    """Whoever is on the stage says what this browser sends now: the microphone is open, the camera is on."""

    word = "sending"
    sound: bool
    picture: bool


@dataclass(frozen=True, slots=True)
class OnStage:
    """Somebody on the stage; ``on`` false: asked up, and not there yet.

    ``sound``: the microphone is open; ``picture``: the camera is on; ``shown``: theirs is the lecture's picture.
    """

    member: int
    name: str
    unit: str
    on: bool
    sound: bool = True
    picture: bool = False
    shown: bool = False


@dataclass(frozen=True, slots=True)
class SpeakersEvent(Event):
    """The whole stage, in the order of the invitations."""

    word = "speakers"
    at_once = True
    speakers: list[OnStage] = field(metadata={"most": 16})


@dataclass(frozen=True, slots=True)
class MaySpeak(Frame):
    """This browser is on the stage, and may ``speak``. ``ice``: relays for its connection."""

    word = "may_speak"
    ice: list[IceServer]


COMMANDS: tuple[type[Command], ...] = (Invite, TakeDown, TakeDownAll, ShowPicture, StepUp, StepDown, Speak, Sending)
EVENTS: tuple[type[Event], ...] = (SpeakersEvent,)
FRAMES: tuple[type[Frame], ...] = (MaySpeak,)
