"""The frames of what is asked in a room: polls and quizzes, questions with votes, the notice, reactions. Pure.

Part of the wire (``live.core.wire.protocol``), which holds the tables and reads the frames.
"""

from dataclasses import dataclass, field
from typing import Literal

from live.core.wire.bases import Command, Event, Frame

Mark = Literal["waiting", "now", "answered", "hidden"]
Kind = Literal["clap", "like", "clear", "unclear"]
TEXT = {"max": 2000}
IDENT = {"ident": True}


@dataclass(frozen=True, slots=True)
class AnswerPoll(Command):
    """Choose an option (counted from 0) of the open poll; again is a change of mind."""

    word = "poll_answer"
    id: str = field(metadata=IDENT)
    poll: int
    choice: int


@dataclass(frozen=True, slots=True)
class Ask(Command):
    """Ask the lecturer a question. ``id`` is made on the phone; sent again with the same id it is stored once."""

    word = "ask"
    id: str = field(metadata=IDENT)
    text: str = field(metadata=TEXT)


@dataclass(frozen=True, slots=True)
class Vote(Command):
    """Ask the same as somebody else, or take that back."""

    word = "vote"
    id: str = field(metadata=IDENT)
    question: int
    on: bool


@dataclass(frozen=True, slots=True)
class React(Command):
    """Applaud, like, or say whether one can hear; nothing of it is stored."""

    word = "react"
    kind: Kind


@dataclass(frozen=True, slots=True)
class SavePoll(Command):
    """Prepare a poll or quiz, or change one that was not opened yet; ``poll`` 0: a new one, once for each ``id``."""

    word = "poll_save"
    host_only = True
    id: str = field(metadata=IDENT)
    poll: int
    quiz: bool
    text: str = field(metadata=TEXT)
    options: list[str] = field(metadata={"max": 200, "most": 10})
    right: list[int] = field(metadata={"most": 10})


@dataclass(frozen=True, slots=True)
class DropPoll(Command):
    """Delete a poll that was not opened yet."""

    word = "poll_drop"
    host_only = True
    poll: int


@dataclass(frozen=True, slots=True)
class OpenPoll(Command):
    """Let everybody answer; one poll of a room is open at a time."""

    word = "poll_open"
    host_only = True
    poll: int


@dataclass(frozen=True, slots=True)
class ClosePoll(Command):
    """Take no more answers."""

    word = "poll_close"
    host_only = True
    poll: int


@dataclass(frozen=True, slots=True)
class ShowPoll(Command):
    """Show the counts of a closed poll to everybody, or show them no more."""

    word = "poll_show"
    host_only = True
    poll: int
    on: bool


@dataclass(frozen=True, slots=True)
class MarkQuestion(Command):
    """Say how a question stands; what was being answered before is answered then."""

    word = "question_mark"
    host_only = True
    question: int
    state: Mark


@dataclass(frozen=True, slots=True)
class Pin(Command):
    """Put a notice above the talk in place of the one before; "" takes it off."""

    word = "pin"
    host_only = True
    text: str = field(metadata=TEXT)


@dataclass(frozen=True, slots=True)
class PollEvent(Event):
    """The poll of the room: opened, closed, or its counts shown or not.

    ``counts``: of each option, empty while they are not shown; ``right``: the right options of a closed quiz.
    """

    word = "poll"
    at_once = True
    poll: int
    quiz: bool
    text: str = field(metadata=TEXT)
    options: list[str] = field(metadata={"max": 200, "most": 10})
    open: bool
    counts: list[int] = field(metadata={"most": 10})
    right: list[int] = field(metadata={"most": 10})


@dataclass(frozen=True, slots=True)
class TallyEvent(Event):
    """How many chose each option of the open poll so far: to the hosts, once a second at most."""

    word = "tally"
    audience = "hosts"
    poll: int
    counts: list[int] = field(metadata={"most": 10})


@dataclass(frozen=True, slots=True)
class PollsChangedEvent(Event):
    """A host prepared, changed, opened, closed or deleted a poll: the other desks fetch the state."""

    word = "polls"
    audience = "hosts"


@dataclass(frozen=True, slots=True)
class QuestionEvent(Event):
    """Somebody asked a question. ``at``: Unix milliseconds; ``votes``: how many ask the same."""

    word = "question"
    question: int
    member: int
    name: str
    unit: str
    text: str
    at: int
    votes: int
    state: Mark


@dataclass(frozen=True, slots=True)
class VotesEvent(Event):
    """How many ask the same now: one number for each of the questions."""

    word = "votes"
    questions: list[int] = field(metadata={"most": 100})
    votes: list[int] = field(metadata={"most": 100})


@dataclass(frozen=True, slots=True)
class MarkedEvent(Event):
    """A host marked a question; "hidden": it is shown to nobody any more."""

    word = "marked"
    at_once = True
    question: int
    state: Mark


@dataclass(frozen=True, slots=True)
class PinnedEvent(Event):
    """The notice above the talk; "": there is none."""

    word = "pinned"
    at_once = True
    text: str = field(metadata=TEXT)


@dataclass(frozen=True, slots=True)
class ReactionsEvent(Event):
    """Some of the reactions of the last second: a sample, not a count."""

    word = "reactions"
    kinds: list[str] = field(metadata={"max": 10, "most": 10})


@dataclass(frozen=True, slots=True)
class UnclearEvent(Event):
    """How many people said within the last 30 s that they cannot hear well."""

    word = "unclear"
    audience = "hosts"
    people: int


@dataclass(frozen=True, slots=True)
class Stored(Frame):
    """What was sent with this ``id`` is stored: the question, vote or poll with that number."""

    word = "stored"
    id: str
    item: int


@dataclass(frozen=True, slots=True)
class Answered(Frame):
    """One's answer to a poll is stored; also to one's other devices in this process."""

    word = "answered"
    id: str
    poll: int
    choice: int


COMMANDS: tuple[type[Command], ...] = (
    AnswerPoll, Ask, Vote, React, SavePoll, DropPoll, OpenPoll, ClosePoll, ShowPoll, MarkQuestion, Pin,
)  # fmt: skip
EVENTS: tuple[type[Event], ...] = (
    PollEvent, TallyEvent, PollsChangedEvent, QuestionEvent, VotesEvent, MarkedEvent, PinnedEvent, ReactionsEvent,
    UnclearEvent,
)  # fmt: skip
FRAMES: tuple[type[Frame], ...] = (Stored, Answered)
