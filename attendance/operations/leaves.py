"""Leave: asked by a member, entered by a secretary, approved, refused, withdrawn, taken back.

Who may decide is asked at the edge (``attendance.queries.leaves.may_decide``); nobody decides on their own here either.
"""

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from attendance.core.text import checked
from attendance.models import Evidence, Leave, LeaveOccasion, Occasion
from attendance.operations.excusing import evidence_of_leave, excuse
from attendance.operations.marks import hold, mark_dirty
from attendance.operations.notes import settle_again, take_back_rows
from attendance.operations.notices import take_back_notice, tell
from attendance.queries.asked import asked_of_member
from attendance.queries.leaves import LATE_FOR, Offered, covers, deciders_of, offered_to, overlapping, waiting_at
from attendance.queries.written import may_be_withdrawn
from attendance.sentences.leaves import days
from attendance.sentences.records import moment
from organizations.models import Node, User
from organizations.queries import membership_on

LONGEST = timedelta(days=366)
AHEAD = timedelta(days=366)
LONGEST_REASON = 200


class UnableToAskLeave(Exception):
    """It cannot be asked or entered so; the message says why. ``field`` names what to change."""

    def __init__(self, message: str, field: str | None = None) -> None:
        super().__init__(message)
        self.field = field


class UnableToDecideLeave(Exception):
    """It is not decided, or not taken back; the message says why, for the person who tried."""


class _Unfit(Exception):
    pass


@dataclass(frozen=True, slots=True)
class Wish:
    """What a leave is for: some occasions, or the days ``[from_date, to_date)``."""

    category: str
    occasion_ids: tuple[int, ...] = ()
    from_date: date | None = None
    to_date: date | None = None


@transaction.atomic
def ask_leave(*, member_id: int, wish: Wish, as_of: datetime) -> list[Leave]:
    """Keep that a member asks for leave, and tell whoever decides; one leave for each unit under which they stand.

    Mostly that is one. Raises UnableToAskLeave.
    """
    made = _keep(member_id, wish, asked_by_id=member_id, as_of=as_of)
    for leave in made:
        told = deciders_of(leave.node, member_id=member_id, on_date=timezone.localdate(as_of))
        tell(member_ids=told, kind="leave_asked", as_of=as_of, data={"leave": leave.pk})
    return made


@transaction.atomic
def enter_leave(*, member_id: int, wish: Wish, entered_by_id: int, as_of: datetime) -> list[Leave]:
    """Keep an approved leave that a secretary enters for somebody else, and excuse them. Raises UnableToAskLeave."""
    if entered_by_id == member_id:
        raise UnableToAskLeave(_("不能登记自己的，请由其他负责人来做。"))
    made = _keep(member_id, wish, asked_by_id=entered_by_id, as_of=as_of)
    Leave.objects.filter(pk__in=[one.pk for one in made]).update(
        state=Leave.State.APPROVED, decided_at=as_of, decided_by_id=entered_by_id
    )
    _excuse_and_tell([one.pk for one in made], as_of)
    return made


def _keep(member_id: int, wish: Wish, *, asked_by_id: int, as_of: datetime) -> list[Leave]:
    if wish.category not in Leave.Category.values:
        raise UnableToAskLeave(_("请选请假的类别。"), "category")
    _lock(member_id)
    base = {"member_id": member_id, "category": wish.category, "asked_at": as_of, "asked_by_id": asked_by_id}
    if wish.from_date is None and wish.to_date is None:
        return _keep_ticks(member_id, wish, base, as_of)
    node = _period_node(member_id, wish, as_of)
    made = Leave.objects.create(**base, node=node, from_date=wish.from_date, to_date=wish.to_date)
    _absorb(made, ended_by_id=asked_by_id, as_of=as_of)
    return [made]


def _absorb(period: Leave, *, ended_by_id: int, as_of: datetime) -> None:
    """Let the days of a leave take in what waits for single occasions of them, in the same unit: one answer for all.

    Other occasions of such a leave go on waiting; what was taken in stays written, with where it went.
    """
    assert period.from_date is not None and period.to_date is not None  # noqa: S101, PT018 - asked by the caller
    ended = {
        "state": Leave.State.WITHDRAWN,
        "reason": _("已并入 %(days)s 的请假，一起答复") % {"days": days(period.from_date, period.to_date)},
        "ended_at": as_of,
        "ended_by_id": ended_by_id,
    }
    waiting = Leave.objects.filter(member=period.member_id, node=period.node_id, state=Leave.State.ASKED)
    for leave in waiting.filter(from_date=None).order_by("pk").select_for_update():
        ticks = list(leave.ticks.select_related("occasion__rule"))
        inside = [one.pk for one in ticks if covers(period.from_date, period.to_date, one.occasion)]
        if not inside:
            continue
        if len(inside) == len(ticks):
            Leave.objects.filter(pk=leave.pk).update(**ended)
            take_back_notice(kind="leave_asked", data={"leave": leave.pk})
            continue
        same = {name: getattr(leave, name) for name in ("member_id", "node_id", "category", "asked_at", "asked_by_id")}
        LeaveOccasion.objects.filter(pk__in=inside).update(leave=Leave.objects.create(**same, **ended))


def _lock(member_id: int) -> None:
    """One leave of a person is kept at a time: two taps ask once."""
    list(User.objects.select_for_update(no_key=True).filter(pk=member_id).values_list("pk"))


def _keep_ticks(member_id: int, wish: Wish, base: dict[str, object], as_of: datetime) -> list[Leave]:
    wanted = sorted(set(wish.occasion_ids))
    by_secretary = base["asked_by_id"] != member_id
    found = offered_to(member_id=member_id, as_of=as_of, only=wanted, by_secretary=by_secretary)
    offered = {one.occasion.pk: one for one in found}
    if not wanted:
        raise UnableToAskLeave(_("请勾选要请假的场次，或者填写从哪天到哪天。"), "occasions")
    if any(occasion_id not in offered for occasion_id in wanted):
        raise UnableToAskLeave(
            _("有的场次不能请假：已经请过，已经取消，本人不用参加，或者培训已经结束。请重新勾选。"), "occasions"
        )
    if waiting_at(member_id=member_id, occasion_ids=wanted):
        raise UnableToAskLeave(_("其中有的场次已经请过假，正在等答复。"), "occasions")
    held = asked_of_member(member_id=member_id, occasions=[one.occasion for one in found])
    if held.waiting & set(wanted) or held.excused & set(wanted):
        raise UnableToAskLeave(_("其中有的场次在已经请假的日期里，不用再请。"), "occasions")
    by_node: dict[int, list[Offered]] = {}
    for occasion_id in wanted:
        by_node.setdefault(offered[occasion_id].node.pk, []).append(offered[occasion_id])
    made = []
    for node_id, rows in sorted(by_node.items()):
        leave = Leave.objects.create(**base, node_id=node_id)
        LeaveOccasion.objects.bulk_create([LeaveOccasion(leave=leave, occasion=one.occasion) for one in rows])
        made.append(leave)
    return made


def _period_node(member_id: int, wish: Wish, as_of: datetime) -> Node:
    """Return the unit whose secretary decides on a period; raises UnableToAskLeave for days that cannot be."""
    today = timezone.localdate(as_of)
    if wish.from_date is None or wish.to_date is None:
        raise UnableToAskLeave(_("请同时填写从哪天到哪天。"), "from_date")
    if wish.to_date <= wish.from_date:
        raise UnableToAskLeave(_("结束日期不能早于开始日期。"), "until_date")
    if wish.to_date - wish.from_date > LONGEST:
        raise UnableToAskLeave(_("一次最多请一年。更长的，请支部书记登记为长期外出或免学。"), "until_date")
    if wish.from_date > today + AHEAD:
        raise UnableToAskLeave(_("日期太远了，请核对年份。"), "from_date")
    if wish.from_date < today - LATE_FOR:
        raise UnableToAskLeave(_("补假最多补最近 60 天的。更早的，请支部书记更正结果。"), "from_date")
    known = overlapping(member_id=member_id, from_date=wish.from_date, to_date=wish.to_date)
    if known is not None and known.from_date and known.to_date:
        said = {"day": known.from_date, "last": known.to_date - timedelta(days=1)}
        raise UnableToAskLeave(_("%(day)s 至 %(last)s 已经请过假，请改日期，或先撤回那一条。") % said, "from_date")
    there = membership_on(member_id=member_id, on_date=max(today, wish.from_date))
    there = there or membership_on(member_id=member_id, on_date=today)
    if there is None:
        raise UnableToAskLeave(_("这段时间不属于任何组织，不用请假。"))
    return there.node


@transaction.atomic
def withdraw_leave(*, leave_id: int, member_id: int, as_of: datetime) -> None:
    """Let a member take back what they asked, as long as nobody has answered.

    Raises Leave.DoesNotExist for what this member never asked, UnableToDecideLeave once there is an answer.
    """
    values = {"state": Leave.State.WITHDRAWN, "ended_at": as_of, "ended_by_id": member_id}
    own = Leave.objects.filter(pk=leave_id, member_id=member_id)
    if not own.filter(state=Leave.State.ASKED).update(**values):
        own.get()
        raise UnableToDecideLeave(_("已经有答复了，不能再撤回。能来参加的话直接来就行，参加了就算参加。"))
    take_back_notice(kind="leave_asked", data={"leave": leave_id})


@transaction.atomic
def approve_leaves(*, leave_ids: Collection[int], approved_by_id: int, as_of: datetime) -> list[int]:
    """Approve leaves, each for what was asked; returns those that this approved.

    What somebody else has decided a moment ago is left alone; when that is all of it, it is said. Raises
    UnableToDecideLeave.
    """
    decided = _decide(leave_ids, Leave.State.APPROVED, "", approved_by_id, as_of)
    _excuse_and_tell(decided, as_of)
    return decided


@transaction.atomic
def approve_in_part(
    *,
    leave_id: int,
    approved_by_id: int,
    as_of: datetime,
    occasion_ids: Collection[int] | None = None,
    from_date: date | None = None,
    to_date: date | None = None,
) -> None:
    """Approve a leave for some of what was asked: of its occasions these, of its period these days.

    What was asked is not widened. Raises UnableToDecideLeave.
    """
    decided = _decide([leave_id], Leave.State.APPROVED, "", approved_by_id, as_of)
    leave = Leave.objects.get(pk=leave_id)
    if leave.from_date is not None and leave.to_date is not None:
        first, after = from_date or leave.from_date, to_date or leave.to_date
        if not leave.from_date <= first < after <= leave.to_date:
            raise UnableToDecideLeave(_("批准的日期要在申请的日期以内。"))
        Leave.objects.filter(pk=leave_id).update(from_date=first, to_date=after)
    elif occasion_ids is not None:
        kept = leave.ticks.filter(occasion_id__in=occasion_ids)
        if not kept.exists():
            raise UnableToDecideLeave(_("请至少勾选一场；一场都不批准的，请选“不批准”。"))
        leave.ticks.exclude(occasion_id__in=occasion_ids).delete()
    _excuse_and_tell(decided, as_of)


@transaction.atomic
def refuse_leaves(*, leave_ids: Collection[int], reason: str, refused_by_id: int, as_of: datetime) -> list[int]:
    """Refuse leaves, with a reason that the members read; returns those that this refused. UnableToDecideLeave."""
    decided = _decide(leave_ids, Leave.State.REFUSED, _fit(reason), refused_by_id, as_of)
    for leave in Leave.objects.filter(pk__in=decided):
        tell(member_ids=[leave.member_id], kind="leave_refused", as_of=as_of, data=_told_of(leave))
    return decided


def _told_of(leave: Leave) -> dict[str, object]:
    """Return what a notice says a leave is for: its days, or its first occasion and how many there are."""
    if leave.from_date is not None and leave.to_date is not None:
        return {"leave": leave.pk, "from": leave.from_date.isoformat(), "to": leave.to_date.isoformat()}
    ticks = list(leave.ticks.select_related("occasion").order_by("occasion__starts_at", "occasion_id"))
    first = {"title": ticks[0].occasion.title, "at": ticks[0].occasion.starts_at.isoformat()} if ticks else {}
    return {"leave": leave.pk, **first, "number": len(ticks)}


def _decide(leave_ids: Collection[int], state: str, reason: str, by_id: int, as_of: datetime) -> list[int]:
    """Claim these for one answer; raises UnableToDecideLeave where none is left to be decided, or one is one's own."""
    held = Leave.objects.select_for_update(of=("self",)).filter(pk__in=leave_ids).order_by("pk")
    rows = list(held.select_related("decided_by"))
    if any(one.member_id == by_id for one in rows):
        raise UnableToDecideLeave(_("自己的请假要由上级书记批准。"))
    waiting = [one.pk for one in rows if one.state == Leave.State.ASKED]
    if not waiting:
        raise UnableToDecideLeave(_already(rows))
    Leave.objects.filter(pk__in=waiting).update(state=state, reason=reason, decided_at=as_of, decided_by_id=by_id)
    return waiting


def _already(rows: list[Leave]) -> str:
    one = rows[0] if rows else None
    if one is None or one.state == Leave.State.WITHDRAWN:
        return _("本人已经撤回了，不用再答复。")
    said = {"name": one.decided_by.name if one.decided_by else "", "at": moment(one.decided_at)}
    return _("%(name)s 已在 %(at)s 答复过了。您的没有保存。") % said


def _excuse_and_tell(leave_ids: Iterable[int], as_of: datetime) -> None:
    leaves = list(Leave.objects.filter(pk__in=list(leave_ids)).order_by("pk"))
    excused = excuse(leaves, as_of=as_of)
    if any(not one.is_period and not excused[one.pk] for one in leaves):
        raise UnableToDecideLeave(_("这些场次已经取消，或者本人不用参加，没有可以批准的。"))
    for one in leaves:
        tell(member_ids=[one.member_id], kind="leave_approved", as_of=as_of, data=_told_of(one))


@transaction.atomic
def take_back_leave(
    *, leave_id: int, reason: str, taken_back_by_id: int, as_of: datetime, from_date: date | None = None
) -> str:
    """Take back an approval, or from a day on; returns what could not be changed any more, in words ("": nothing).

    What a leave became is taken back where that can still be done (``may_be_withdrawn``); the member is told with the
    reason. Raises UnableToDecideLeave.
    """
    text = _fit(reason)
    leave = Leave.objects.select_for_update().get(pk=leave_id)
    if leave.member_id == taken_back_by_id:
        raise UnableToDecideLeave(_("自己的请假要由上级书记处理。"))
    if leave.state != Leave.State.APPROVED:
        raise UnableToDecideLeave(_("这次请假现在没有批准，不用撤销。"))
    ended = {"reason": text, "ended_at": as_of, "ended_by_id": taken_back_by_id}
    if from_date is None or leave.from_date is None or from_date <= leave.from_date:
        Leave.objects.filter(pk=leave_id).update(state=Leave.State.TAKEN_BACK, **ended)
        from_date = None
    elif leave.to_date is not None and from_date >= leave.to_date:
        raise UnableToDecideLeave(_("到这一天已经结束了，不用再提前结束。"))
    else:
        Leave.objects.filter(pk=leave_id).update(to_date=from_date, **ended)
    rows = list(evidence_of_leave(leave, from_date=from_date))
    stays = _take_back_at(rows, leave.member_id, taken_back_by_id, as_of)
    tell(member_ids=[leave.member_id], kind="leave_taken_back", as_of=as_of, data={"leave": leave_id})
    said = ngettext("有 %(number)s 场补学时间已过，仍按请假。", "有 %(number)s 场补学时间已过，仍按请假。", stays)
    return said % {"number": stays} if stays else ""


def _take_back_at(rows: list[Evidence], member_id: int, by_id: int, as_of: datetime) -> int:
    """Take these back, occasion by occasion in everybody's order; returns how many have to stay."""
    hold(one.occasion_id for one in rows)
    stays = 0
    for one in rows:
        if not may_be_withdrawn(one, one.occasion, as_of=as_of):
            stays += 1
            continue
        if one.occasion.state != Occasion.State.SCHEDULED:
            list(one.occasion.roster.select_for_update().filter(member_id=member_id).values_list("pk"))
            mark_dirty(occasion_id=one.occasion_id, member_ids=[member_id], as_of=as_of)
        take_back_rows([one], by_id, as_of)
        settle_again(one.occasion, [member_id], as_of)
    return stays


def _fit(reason: str) -> str:
    try:
        return checked(" ".join(reason.split()), LONGEST_REASON, _Unfit)
    except _Unfit as error:
        raise UnableToDecideLeave(_("请写明理由，最多 200 字，本人会看到。")) from error
