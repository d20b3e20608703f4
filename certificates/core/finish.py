"""Whether somebody has finished a training, and what a certificate that was issued still rests on. Pure.

States are those of ``attendance.standing``; what was called off asks nothing of anybody.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from decimal import Decimal

DONE = frozenset({"attended", "made_up"})
EXCUSED, EXEMPT = "excused", "exempt"
CALLED_OFF = frozenset({"void", "not_held"})
HOURS = "hours"  # stands for the hours among what is lacking
ZERO = Decimal(0)


@dataclass(frozen=True, slots=True)
class Place:
    """How somebody stands at one occasion, with the hours they have for it."""

    occasion_id: int
    state: str
    hours: Decimal


@dataclass(frozen=True, slots=True)
class Terms:
    """What a training's certificate asks for."""

    counts_excused: bool
    counts_exempt: bool
    hours: Decimal

    @property
    def accepted(self) -> frozenset[str]:
        excused = {EXCUSED} if self.counts_excused else set()
        return DONE | excused | ({EXEMPT} if self.counts_exempt else set())


@dataclass(frozen=True, slots=True)
class Finish:
    """``rests_on``: the occasions that count; ``lacking``: those that do not yet; ``hours`` of the former."""

    rests_on: tuple[int, ...]
    lacking: tuple[int, ...]
    hours: Decimal
    asked: Decimal
    has_taken_part: bool

    @property
    def is_finished(self) -> bool:
        """Nothing lacks, there are enough hours, and something was really taken part in, not only excused from."""
        return self.has_taken_part and not self.lacking and self.hours >= self.asked


def finish_of(places: Sequence[Place], terms: Terms) -> Finish:
    """Return how far somebody is who is expected at ``places``."""
    counting = [one for one in places if one.state not in CALLED_OFF]
    good = [one for one in counting if one.state in terms.accepted]
    return Finish(
        rests_on=tuple(sorted(one.occasion_id for one in good)),
        lacking=tuple(sorted(one.occasion_id for one in counting if one.state not in terms.accepted)),
        hours=sum((one.hours for one in good if one.state in DONE), ZERO),
        asked=terms.hours,
        has_taken_part=any(one.state in DONE for one in good),
    )


def lapsed(places: Sequence[Place], *, rests_on: Collection[int], terms: Terms) -> list[list[int | str]]:
    """Return what a certificate rested on and does not any more: ``[occasion, state now]`` each; ``[0, "hours"]`` where
    only the hours that it states (``terms.hours``) are not all there. What was added since takes nothing away."""
    now = {one.occasion_id: one for one in places}
    gone: list[list[int | str]] = [
        [pk, now[pk].state if pk in now else "gone"]
        for pk in rests_on
        if pk not in now or now[pk].state not in terms.accepted
    ]
    hours = sum((now[pk].hours for pk in rests_on if pk in now and now[pk].state in DONE), ZERO)
    return gone or ([[0, HOURS]] if hours < terms.hours else [])
