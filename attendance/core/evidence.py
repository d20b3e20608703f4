"""What the judge is given: what was reported of one member, and the frame of the occasion it is laid into.

All moments are milliseconds since 1970, all ranges of media are milliseconds of media time.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum

from attendance.core.intervals import Span, Spans


class Ended(StrEnum):
    """How a presence ended; a broken one starts an outage, of which the phone's outbox may prove the beginning."""

    LEFT = "left"
    SILENT = "silent"
    HIDDEN = "hidden"
    WORKER_LOST = "worker_lost"
    CLOSED = "closed"
    OPEN = ""


BROKEN = frozenset({Ended.SILENT, Ended.WORKER_LOST})


@dataclass(frozen=True, slots=True)
class Presence:
    """One device was in the room over ``[start, end)``."""

    device: str
    start: int
    end: int
    ended: Ended = Ended.LEFT


@dataclass(frozen=True, slots=True)
class Outbox:
    """A phone claims, at ``at``, that it kept playing over ``[start, end)``."""

    device: str
    start: int
    end: int
    at: int


@dataclass(frozen=True, slots=True)
class Watched:
    """Ranges of one piece of media, accepted at ``at``."""

    media: str
    ranges: tuple[tuple[int, int], ...]
    at: int


@dataclass(frozen=True, slots=True)
class Understood:
    """An attempt at the check of understanding that is through: ``right`` of ``of``, where ``need`` were asked for."""

    right: int
    of: int
    need: int
    version: int
    at: int

    @property
    def is_passed(self) -> bool:
        return self.right >= self.need


@dataclass(frozen=True, slots=True)
class Passed:
    """A quiz of a lesson that was passed, at ``at``; ``key`` names it (``core.gates.quiz_key``)."""

    key: str
    at: int


@dataclass(frozen=True, slots=True)
class Gate:
    """A quiz without which a course does not count as finished; ``since`` (ms): from when, 0 for from the beginning."""

    key: str
    since: int


@dataclass(frozen=True, slots=True)
class CheckAsked:
    """The check of understanding of an occasion as it is asked: since when there are questions (ms), which version,
    how many right answers of how many, in how many attempts (0: any)."""

    since: int
    version: int
    need: int
    of: int
    most: int = 0


@dataclass(frozen=True, slots=True)
class Evidence:
    """All that was reported of one member at one occasion. ``leave``, ``declared``, ``exempt`` are categories.

    ``declared_ms``: how long was studied elsewhere, where it is known. ``checked_in``: when the code of a hall was
    last scanned. ``awaited``: what was ticked in the hall of the member's unit has still to be delivered.
    ``repeated``: when the further session of this occasion began in which they took part.
    """

    presences: tuple[Presence, ...] = ()
    outboxes: tuple[Outbox, ...] = ()
    halls: tuple[Span, ...] = ()
    watched: tuple[Watched, ...] = ()
    leave: str | None = None
    declared: str | None = None
    declared_ms: int = 0
    checked_in: int | None = None
    awaited: bool = False
    exempt: str | None = None
    # Told apart by ``settling.digest_of``: the digests of all who have none stay what they were.
    repeated: int | None = field(default=None, repr=False)
    # Left out of ``repr``: digests of evidence without any stay what they were.
    understood: tuple[Understood, ...] = field(default=(), repr=False)
    passed: tuple[Passed, ...] = field(default=(), repr=False)


Items = tuple[tuple[str, int], ...]


@dataclass(frozen=True, slots=True)
class Earlier:
    """The pieces of media that an occasion had for whatever was received up to ``until``."""

    until: int
    items: Items

    @property
    def media_ms(self) -> int:
        return sum(length for _media, length in self.items)


@dataclass(frozen=True, slots=True)
class Window:
    """The occasion's frame. ``media_ms`` is the length of all its media together, ``items`` the length of each piece
    (None: one piece); ``earlier`` what it consisted of before it was changed, the oldest first. ``media_offset`` is the
    media time at which the window begins; ``media_cuts`` are the pauses that the recording left out, as ``(media time,
    length)``. ``away`` is when the site was away, ``paused`` in a break, and from an end to its undoing: both
    leave the window, and ``frame`` is what is left.
    ``deadline`` bounds what is on time for a course; ``final`` is false while it runs.
    ``is_further``: it is a further session of another occasion, at which nothing is asked: that one asks.
    ``is_in_person``: people meet in a place, so whoever sat there took part in its own way; ``repr`` leaves it out."""

    start: int
    end: int
    media_ms: int = 0
    items: Items | None = None
    earlier: tuple[Earlier, ...] = ()
    media_offset: int = 0
    media_cuts: tuple[tuple[int, int], ...] = ()
    deadline: int | None = None
    make_up_until: int | None = None
    away: Spans = field(default_factory=Spans)
    paused: Spans = field(default_factory=Spans)
    final: bool = True
    is_further: bool = field(default=False, repr=False)
    is_in_person: bool = field(default=False, repr=False)
    check: CheckAsked | None = field(default=None, repr=False)  # asked for where the rule says so
    gates: tuple[Gate, ...] = field(default=(), repr=False)  # quizzes that have to be passed as well
    frame: Spans = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        # Asked many times a verdict, the same for a whole occasion.
        object.__setattr__(self, "frame", self._planned() - self.away)

    def _planned(self) -> Spans:
        return Spans.of([(self.start, self.end)]) - self.paused

    @property
    def length(self) -> int:
        """Milliseconds that a share is a share of."""
        return self.frame.total

    @property
    def away_ms(self) -> int:
        """Milliseconds of the window that were ours: the site was away."""
        return (self._planned() & self.away).total

    @property
    def is_torn(self) -> bool:
        """Whether so much was ours, more than a fifth, that nobody can be called missing."""
        return self.away_ms * 5 > self._planned().total

    @property
    def asks_nothing(self) -> bool:
        """Whether all that there was to study has been taken out."""
        return self.items == ()

    @property
    def recorded(self) -> Spans:
        """Return the part of the window that can be watched afterwards."""
        return self.lay(Spans.of([(0, self.media_ms)]))

    def lay(self, media: Spans) -> Spans:
        """Return media time on the window's axis, what is outside the frame left out."""
        laid, begin, later = Spans(), 0, self.start - self.media_offset
        length = max((span.end for span in media), default=0)
        for at, missing in (*self.media_cuts, (length, 0)):
            laid |= media.clip(begin, at).shift(later)
            begin, later = at, later + missing
        return laid & self.frame
