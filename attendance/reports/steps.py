"""What can still be done for somebody who has not taken part yet, in words for pages and reports."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime
from enum import IntEnum

from django.utils.translation import gettext as _

from attendance.core.reasons import Code
from attendance.kinds import kinds
from attendance.models import Occasion, RecordState
from attendance.reports.standing import StandingRow
from attendance.sentences import sentence
from attendance.standing import DUE, UNDONE, asks_nothing, due_at, owes_check
from organizations.models import User


class Way(IntEnum):
    """How somebody can still do what they have not done; of several ways of one person the first here is theirs."""

    NO_PHONE = 1
    PHONE = 2
    NO_REPLAY = 3
    LATE = 4
    CORRECT = 5
    PAUSED = 6
    NONE = 7


@dataclass(frozen=True, slots=True)
class NextStep:
    """The next possible step: by which way, in words, and until when where that is a limit."""

    way: Way
    text: str
    until: datetime | None = None


def next_step(standing: StandingRow, occasion: Occasion, as_of: datetime) -> NextStep:
    """Return the next possible step; every undone state has one in words. Costs no query."""
    if standing.state == RecordState.INCOMPLETE:
        return NextStep(Way.CORRECT, _("当时记录不全，可按实际情况更正"))
    if standing.state == RecordState.PENDING:
        return NextStep(Way.NONE, _("正在认定，稍后再看"))
    if standing.state not in UNDONE:
        return NextStep(Way.NONE, "")
    if asks_nothing(occasion):
        return NextStep(Way.PAUSED, _("老师正在修改这门课，改好以后再学"))
    if not standing.has_phone:
        return NextStep(Way.NO_PHONE, _("没有登记手机，可集中收看或送学上门"))
    if as_of >= due_at(occasion):
        return NextStep(Way.LATE, _("补学时间已过，可送学上门后登记"))
    if owes_check(standing.reasons, state=standing.state):
        return NextStep(Way.PHONE, _("已看够，可在手机上做小测"), due_at(occasion))
    step = kinds()[occasion.kind].catch_up(
        occasion, User(pk=standing.member_id, name=standing.name), done_ms=_done_ms(standing)
    )
    if step is None:
        return NextStep(Way.NO_REPLAY, _("暂时没有回放，可集中收看或送学上门"))
    return NextStep(Way.PHONE, _("可在手机上%(step)s") % {"step": step.label}, due_at(occasion))


def _done_ms(standing: StandingRow) -> int:
    return next((int(one.get("ms", 0)) for one in standing.reasons if one.get("code") == Code.SHARE), 0)


def stepper(occasions: Iterable[Occasion], as_of: datetime) -> Callable[[StandingRow], NextStep]:
    """Return ``next_step`` for standings at these occasions; what is the same for many people is worded once."""
    by_id = {occasion.pk: occasion for occasion in occasions}
    known: dict[tuple[int, str, bool, bool, bool], NextStep] = {}

    def step(standing: StandingRow) -> NextStep:
        owes = owes_check(standing.reasons, state=standing.state)
        key = (standing.occasion_id, standing.state, standing.has_phone, _done_ms(standing) > 0, owes)
        if key not in known:
            known[key] = next_step(standing, by_id[standing.occasion_id], as_of)
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
