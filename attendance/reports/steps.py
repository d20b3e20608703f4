"""What can still be done for somebody who has not taken part yet, in words for pages and reports."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import IntEnum

from django.utils.translation import gettext as _

from attendance.catching_up import CatchUp, catch_up_of
from attendance.core.reasons import Code
from attendance.models import Occasion, RecordState
from attendance.queries.sessions import sessions_ahead
from attendance.reports.standing import StandingRow
from attendance.sentences.records import sentence
from attendance.standing import DUE, check_left
from organizations.models import User


class Way(IntEnum):
    """How somebody can still do what they have not done; of several ways of one person the first here is theirs."""

    NO_PHONE = 1
    PHONE = 2
    CHECK = 3
    NO_REPLAY = 4
    LATE = 5
    CORRECT = 6
    PAUSED = 7
    NONE = 8


ON_PHONE = (Way.PHONE, Way.CHECK)


@dataclass(frozen=True, slots=True)
class NextStep:
    """The next possible step: by which way, in words, and until when where that is a limit."""

    way: Way
    text: str
    until: datetime | None = None


def next_step(
    standing: StandingRow, occasion: Occasion, as_of: datetime, sessions: Sequence[Occasion] = ()
) -> NextStep:
    """Return the next possible step; every undone state has one in words. Costs no query."""
    if standing.state == RecordState.PENDING:
        return NextStep(Way.NONE, _("正在认定，稍后再看"))
    path = catch_up_of(
        occasion=occasion, state=standing.state, as_of=as_of, has_phone=standing.has_phone,
        member=User(pk=standing.member_id, name=standing.name), done_ms=_done_ms(standing), sessions=sessions,
        check=check_left(standing.reasons, state=standing.state),
    )  # fmt: skip
    if path is None:
        return NextStep(Way.NONE, "")
    way = _way_of(path)
    return NextStep(way, path.for_secretary, path.due_at if way in ON_PHONE else None)


def _way_of(path: CatchUp) -> Way:
    if path.state == RecordState.INCOMPLETE:
        return Way.CORRECT
    if path.is_paused:
        return Way.PAUSED
    if path.is_over or not path.gives_days:
        return Way.LATE
    if not path.has_phone:
        return Way.NO_PHONE
    if path.phone is None:
        return Way.NO_REPLAY
    return Way.CHECK if path.owes_check else Way.PHONE


def _done_ms(standing: StandingRow) -> int:
    return next((int(one.get("ms", 0)) for one in standing.reasons if one.get("code") == Code.SHARE), 0)


def stepper(occasions: Sequence[Occasion], as_of: datetime) -> Callable[[StandingRow], NextStep]:
    """Return ``next_step`` for standings at these occasions; what is the same for many people is worded once.

    One query where something was held again.
    """
    by_id = {occasion.pk: occasion for occasion in occasions}
    ahead = sessions_ahead(occasions, as_of=as_of)
    known: dict[tuple[int, str, bool, bool, str], NextStep] = {}

    def step(standing: StandingRow) -> NextStep:
        check = check_left(standing.reasons, state=standing.state) or {}
        key = (standing.occasion_id, standing.state, standing.has_phone, _done_ms(standing) > 0, check.get("code", ""))
        if key not in known:
            at = standing.occasion_id
            known[key] = next_step(standing, by_id[at], as_of, ahead.get(at, ()))
        return known[key]

    return step


def reasons_text(standing: StandingRow, occasion: Occasion) -> str:
    """Return why the state is what it is, in one line."""
    if standing.corrected:
        return _("由负责人更正")
    if not standing.reasons and standing.state in (RecordState.MISSING, DUE):
        return _("还没有参加的记录")
    said = (sentence(reason, basis=occasion.rule.basis) for reason in standing.reasons)
    return _("；").join(filter(None, said))
