"""What people write down: who sat in a hall, a leave, study elsewhere; taking one back."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import QuerySet
from django.utils import timezone
from django.utils.translation import gettext as _

from attendance.core.text import checked
from attendance.models import Evidence, Occasion, Record, RosterEntry, Rule
from attendance.operations.corrections import UnableToRecord
from attendance.operations.marks import hold, mark_dirty
from attendance.operations.rosters import enter_at_once
from attendance.operations.settling import settle
from attendance.queries.windows import window_limit
from attendance.queries.written import WRITTEN, may_be_withdrawn
from organizations.queries import members_at

# People write down when they met, not when the lecture began: so much more than the occasion is a slip of the date.
MOST_BEYOND = timedelta(hours=12)
MINUTE = timedelta(minutes=1)


class _Unfit(Exception):
    pass


@dataclass(frozen=True, slots=True)
class HallTicks:
    """What was kept of a hall: the span clipped to the occasion, who is ticked by it and who was ticked before."""

    started_at: datetime
    ended_at: datetime
    fresh: tuple[int, ...]
    known: tuple[int, ...]


@transaction.atomic
def record_hall(
    *,
    occasion_id: int,
    member_ids: Collection[int],
    started_at: datetime,
    ended_at: datetime,
    recorded_by_id: int | None,
    as_of: datetime,
) -> HallTicks:
    """Keep that these members sat in a hall over ``[started_at, ended_at)``; all or nobody. Raises UnableToRecord.

    The span is clipped to the occasion: to its window, while it runs to what is planned. Whoever is ticked for all of
    it already is not ticked twice. Nobody ticks themselves.
    """
    members = sorted(set(member_ids))
    _refuse_oneself(recorded_by_id, members)
    occasion = _noted_at(occasion_id)
    start, end = _hall_span(occasion, started_at, ended_at, as_of)
    _check_roster(occasion, members)
    _hold(occasion, members, as_of)
    ticked = _ticks(occasion_id, members).filter(started_at__lte=start, ended_at__gte=end)
    known = set(ticked.values_list("member_id", flat=True))
    fresh = [member_id for member_id in members if member_id not in known]
    tick = {"occasion_id": occasion_id, "kind": Evidence.Kind.HALL, "started_at": start, "ended_at": end}
    by = {"recorded_by_id": recorded_by_id, "recorded_at": as_of}
    Evidence.objects.bulk_create([Evidence(member_id=one, **tick, **by) for one in fresh], batch_size=500)
    _settle_again(occasion, members, as_of)
    return HallTicks(start, end, tuple(fresh), tuple(sorted(known)))


def _ticks(occasion_id: int, member_ids: Collection[int]) -> QuerySet[Evidence]:
    return Evidence.objects.filter(
        occasion_id=occasion_id, member_id__in=member_ids, kind=Evidence.Kind.HALL, withdrawn_by=None
    )


def _hall_span(
    occasion: Occasion, started_at: datetime, ended_at: datetime, as_of: datetime
) -> tuple[datetime, datetime]:
    """Return the part of a span inside the occasion; raises UnableToRecord for what can only be a slip."""
    if ended_at <= started_at:
        raise UnableToRecord(_("结束时间要晚于开始时间。"), "ended_at")
    is_media = occasion.rule.basis == Rule.Basis.MEDIA
    low = occasion.window_start_at or occasion.starts_at
    high = occasion.window_end_at or max(as_of, window_limit(occasion))
    said = {"span": span_text(low, high)}
    if started_at >= high and started_at > as_of:
        raise UnableToRecord(_("开始时间还没有到，请核对日期。场次时间是 %(span)s。") % said, "started_at")
    if started_at >= high:
        raise UnableToRecord(
            _("开始时间在场次结束以后。场次时间是 %(span)s；以后一起补看的，请在本人页面“登记其他方式学习”。") % said,
            "started_at",
        )
    if ended_at <= low:
        raise UnableToRecord(_("结束时间在场次开始以前，请核对日期。场次时间是 %(span)s。") % said, "ended_at")
    most = timedelta(milliseconds=occasion.media_ms or 0) if is_media else high - low
    if ended_at - started_at > most + MOST_BEYOND:
        raise UnableToRecord(_("从开始到结束比场次长得多，请核对结束时间。场次时间是 %(span)s。") % said, "ended_at")
    # A course has no hour at which it is shown: nobody knows beforehand how long people will sit in front of it.
    if is_media and (ended_at > as_of + MINUTE or started_at >= as_of):
        raise UnableToRecord(_("结束时间还没有到：课程请在看完以后登记。"), "ended_at")
    return max(started_at, low), min(ended_at, high, as_of) if is_media else min(ended_at, high)


def span_text(start: datetime, end: datetime) -> str:
    """Return a span as people write it, in local time."""
    first, last = timezone.localtime(start), timezone.localtime(end)
    until = f"{last:%H:%M}" if first.date() == last.date() else f"{last:%Y-%m-%d %H:%M}"
    return f"{first:%Y-%m-%d %H:%M}–{until}"


def approve_leave(
    *, occasion_id: int, member_id: int, category: str, recorded_by_id: int | None, as_of: datetime
) -> None:
    """Keep that a leave was approved: a category, never a detail. Raises UnableToRecord.

    There is one at a time: the same once more changes nothing, another category takes the first one back.
    """
    _keep_fact(Evidence.Kind.LEAVE, occasion_id, member_id, category, recorded_by_id, as_of)


def declare(*, occasion_id: int, member_id: int, category: str, recorded_by_id: int | None, as_of: datetime) -> None:
    """Keep that a member studied elsewhere, as a secretary confirms; one at a time, as a leave. UnableToRecord."""
    _keep_fact(Evidence.Kind.DECLARED, occasion_id, member_id, category, recorded_by_id, as_of)


@transaction.atomic
def _keep_fact(
    kind: Evidence.Kind, occasion_id: int, member_id: int, category: str, recorded_by_id: int | None, as_of: datetime
) -> None:
    _refuse_oneself(recorded_by_id, [member_id])
    occasion = _noted_at(occasion_id)
    category = _fit(category, 20, _("类别不合适。"))
    _check_roster(occasion, [member_id])
    _hold(occasion, [member_id], as_of)
    held = list(Evidence.objects.filter(occasion_id=occasion_id, member_id=member_id, kind=kind, withdrawn_by=None))
    if any(one.category == category for one in held):
        return
    _take_back(held, recorded_by_id, as_of)
    Evidence.objects.create(
        occasion_id=occasion_id,
        member_id=member_id,
        kind=kind,
        category=category,
        recorded_by_id=recorded_by_id,
        recorded_at=as_of,
    )
    _settle_again(occasion, [member_id], as_of)


@transaction.atomic
def withdraw(*, occasion_id: int, evidence_ids: Collection[int], recorded_by_id: int, as_of: datetime) -> int:
    """Take back ticks of a hall, leaves or studies elsewhere at one occasion; returns how many. Raises UnableToRecord.

    Nothing is deleted: each gets a row of kind ``withdrawn``, and the records are judged again. What somebody else took
    back a moment ago is left alone; when that is all of it, it is said. Nobody takes back what is about themselves.
    """
    occasion = _noted_at(occasion_id)
    wanted = Evidence.objects.filter(pk__in=evidence_ids, occasion_id=occasion_id, kind__in=WRITTEN)
    members = sorted(set(wanted.values_list("member_id", flat=True)))
    _refuse_oneself(recorded_by_id, members)
    _hold(occasion, members, as_of)
    rows = list(wanted.filter(withdrawn_by=None).order_by("id"))
    if not rows:
        raise UnableToRecord(_("已经有人撤回过了，不用再撤回。"))
    if not all(may_be_withdrawn(one, occasion, as_of=as_of) for one in rows):
        raise UnableToRecord(_("补学时间已过，不能再撤回。确实有误的，请“更正结果”并写明理由。"))
    _take_back(rows, recorded_by_id, as_of)
    _settle_again(occasion, members, as_of)
    return len(rows)


def _take_back(rows: Collection[Evidence], recorded_by_id: int | None, as_of: datetime) -> None:
    by = {"kind": Evidence.Kind.WITHDRAWN, "recorded_by_id": recorded_by_id, "recorded_at": as_of}
    Evidence.objects.bulk_create(
        [Evidence(occasion_id=one.occasion_id, member_id=one.member_id, withdraws=one, **by) for one in rows],
        batch_size=500,
    )


def _refuse_oneself(recorded_by_id: int | None, member_ids: Collection[int]) -> None:
    if recorded_by_id in member_ids:
        raise UnableToRecord(_("不能登记或撤回自己的，请由其他负责人来做。"))


def _noted_at(occasion_id: int) -> Occasion:
    """Return the occasion, where something may be written down at all."""
    occasion = Occasion.objects.select_related("rule", "node").get(pk=occasion_id)
    if occasion.state == Occasion.State.NOT_HELD:
        raise UnableToRecord(_("这一场没有举行，不算任何人缺席，不用登记。"))
    if occasion.state == Occasion.State.VOID:
        raise UnableToRecord(_("这一场已经作废，不再登记。"))
    if occasion.evidence_removed_at is not None:
        raise UnableToRecord(_("这一场的原始记录已按期限清除，不再登记或撤回。确实有误的，请“更正结果”并写明理由。"))
    return occasion


def _hold(occasion: Occasion, member_ids: Collection[int], as_of: datetime) -> None:
    """Mark these people and keep their rows until the commit: of two who write at once, the later sees the first's."""
    if occasion.state == Occasion.State.SCHEDULED:  # there is no roster yet; the occasion's row stands for it
        list(Occasion.objects.select_for_update(no_key=True).filter(pk=occasion.pk).values_list("pk"))
    # Marking locks no row while a lecture runs; in everybody's order (``marks``): the occasion, then the people.
    hold([occasion.pk])
    rows = RosterEntry.objects.filter(occasion_id=occasion.pk, member_id__in=member_ids)
    list(rows.select_for_update().order_by("member_id").values_list("pk"))
    mark_dirty(occasion_id=occasion.pk, member_ids=member_ids, as_of=as_of)


def _fit(text: str, limit: int, message: str) -> str:
    try:
        return checked(text, limit, _Unfit)
    except _Unfit as error:
        raise UnableToRecord(message) from error


def _check_roster(occasion: Occasion, member_ids: Collection[int]) -> None:
    """Before an occasion opens there is no roster yet: whoever belongs to its node that day will be on it."""
    if occasion.state == Occasion.State.SCHEDULED:
        there = members_at(node=occasion.node, on_date=timezone.localdate(occasion.starts_at))
        expected = there.filter(member_id__in=member_ids).values("member_id").distinct().count()
    else:
        enter_at_once(member_ids=member_ids, occasion_ids=[occasion.pk])
        expected = RosterEntry.objects.filter(occasion_id=occasion.pk, member_id__in=member_ids).count()
    if expected != len(member_ids):
        raise UnableToRecord(_("有人不在这场的应到名单里。"))


def _settle_again(occasion: Occasion, member_ids: Collection[int], as_of: datetime) -> None:
    """Judge again at once where there are verdicts: after settling, and along with a course."""
    state = Occasion.objects.values_list("state", flat=True).get(pk=occasion.pk)  # as it is now that the rows are held
    runs_along = state == Occasion.State.OPEN and occasion.rule.basis == Rule.Basis.MEDIA
    if state != Occasion.State.SETTLED and not runs_along:
        judged = Record.objects.filter(occasion_id=occasion.pk, member_id__in=member_ids)
        member_ids = list(judged.values_list("member_id", flat=True))
    if member_ids:
        settle(occasion_id=occasion.pk, member_ids=member_ids, as_of=as_of)
