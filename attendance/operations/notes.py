"""What people write down: who sat in a hall, a leave, study elsewhere; taking one back."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db import transaction
from django.db.models import F, Q, QuerySet
from django.utils import timezone
from django.utils.translation import gettext as _

from attendance.core.text import checked
from attendance.models import Evidence, Hall, Occasion, Record, RosterEntry, Rule
from attendance.operations.catching_up import tell_caught_up
from attendance.operations.corrections import UnableToRecord
from attendance.operations.excusing import close_emptied
from attendance.operations.marks import hold, mark_dirty
from attendance.operations.rosters import enter_at_once
from attendance.operations.settling import settle
from attendance.queries.naming import among_expected
from attendance.queries.windows import window_limit
from attendance.queries.written import WRITTEN, is_over_for_good, may_be_withdrawn
from attendance.standing import due_at
from organizations.models import Node
from organizations.queries import members_at

# People write down when they met, not when the lecture began: so much more than the occasion is a slip of the date.
MOST_BEYOND = timedelta(hours=12)
MINUTE = timedelta(minutes=1)
MOST_MINUTES = 24 * 60
LONGEST_AGO = timedelta(days=366)


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
    arrivals: Mapping[int, datetime] | None = None,
    category: str = "",
    client_id: str | None = None,
    keeps_the_book: bool = False,
) -> HallTicks:
    """Keep that these members sat in a hall over ``[started_at, ended_at)``; all or nobody. Raises UnableToRecord.

    The span is clipped to the occasion: to its window, while it runs to what is planned. Whoever is ticked for all of
    it already is not ticked twice. ``arrivals``: who came only then. ``category``: how it was written down ("": on the
    page). ``client_id``: made where it was; what comes again under it changes nothing, not even if it was taken back in
    between. Nobody ticks themselves, but whoever ``keeps_the_book`` of a meeting in person and writes down that others
    were there too (ADR 39).
    """
    members = sorted(set(member_ids))
    if not keeps_the_book:
        _refuse_oneself(recorded_by_id, members)
    occasion = noted_at(occasion_id)
    if client_id is None or not _are_awaited(occasion, members):
        _refuse_after_all(occasion, as_of)
    start, end = hall_span(occasion, started_at, ended_at, as_of)
    _check_roster(occasion, members)
    _hold(occasion, members, as_of)
    came = {one: min(max(start, (arrivals or {}).get(one, start)), end) for one in members}
    known = _known(occasion_id, came, end, client_id)
    fresh = [member_id for member_id in members if member_id not in known]
    tick = {"occasion_id": occasion_id, "kind": Evidence.Kind.HALL, "ended_at": end, "category": category}
    by = {"recorded_by_id": recorded_by_id, "recorded_at": as_of, "client_id": client_id}
    rows = [Evidence(member_id=one, started_at=came[one], **tick, **by) for one in fresh]
    Evidence.objects.bulk_create(rows, batch_size=500)
    settle_again(occasion, members, as_of)
    return HallTicks(start, end, tuple(fresh), tuple(sorted(known)))


def _known(occasion_id: int, came: Mapping[int, datetime], end: datetime, client_id: str | None) -> set[int]:
    """Return who is ticked for all of it already, or was by the same report."""
    stands = _ticks(occasion_id, came.keys()).filter(ended_at__gte=end).values_list("member_id", "started_at")
    known = {member_id for member_id, at in stands if at is not None and at <= came[member_id]}
    if client_id is not None:
        sent = Evidence.objects.filter(member_id__in=came.keys(), kind=Evidence.Kind.HALL, client_id=client_id)
        known |= set(sent.values_list("member_id", flat=True))
    return known


def _ticks(occasion_id: int, member_ids: Collection[int]) -> QuerySet[Evidence]:
    return Evidence.objects.filter(
        occasion_id=occasion_id, member_id__in=member_ids, kind=Evidence.Kind.HALL, withdrawn_by=None
    )


def hall_span(
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


@transaction.atomic
def declare(
    *,
    occasion_id: int,
    member_id: int,
    category: str,
    recorded_by_id: int | None,
    as_of: datetime,
    study: "Study | None" = None,
) -> None:
    """Keep that a member studied elsewhere, as a secretary confirms; one at a time, as a leave. UnableToRecord.

    ``study``: where, when and how long, where that is known. It cannot lie ahead, nor last longer than a day.
    """
    details = {} if study is None else _details(study, as_of)
    _keep_fact(Evidence.Kind.DECLARED, occasion_id, member_id, category, recorded_by_id, as_of, details)
    if study is None or study.mark is None:  # else the answer to what they declared says so
        tell_caught_up(occasion_id=occasion_id, member_id=member_id, as_of=as_of)


@dataclass(frozen=True, slots=True)
class Study:
    """Where, when and how long somebody studied elsewhere; ``mark``: the id of the declaration it comes from."""

    source: str
    started_at: datetime
    minutes: int
    mark: str | None = None


def _details(study: Study, as_of: datetime) -> dict[str, Any]:
    check_study(started_at=study.started_at, minutes=study.minutes, as_of=as_of)
    ended_at = study.started_at + timedelta(minutes=study.minutes)
    source = _fit(study.source, 60, _("请写明在哪里学的，最多 60 个字。"))
    return {"media": source, "started_at": study.started_at, "ended_at": ended_at, "client_id": study.mark}


def check_study(*, started_at: datetime, minutes: int, as_of: datetime) -> None:
    """Raise UnableToRecord where nobody can have studied so: not yet, too long ago, too long."""
    if not 0 < minutes <= MOST_MINUTES:
        raise UnableToRecord(_("学习时长请填 1 到 %(most)s 分钟。") % {"most": MOST_MINUTES}, "minutes")
    # Compared before anything is added: the last day of the calendar has no day after it.
    if started_at > as_of or started_at + timedelta(minutes=minutes) > as_of + MINUTE:
        raise UnableToRecord(_("学习的时间还没有到，请学完以后再登记。"), "studied_at")
    if started_at < as_of - LONGEST_AGO:
        raise UnableToRecord(_("学习的时间在一年以前，请核对日期。"), "studied_at")


@transaction.atomic
def _keep_fact(
    kind: Evidence.Kind,
    occasion_id: int,
    member_id: int,
    category: str,
    recorded_by_id: int | None,
    as_of: datetime,
    details: Mapping[str, Any] | None = None,
) -> None:
    _refuse_oneself(recorded_by_id, [member_id])
    occasion = noted_at(occasion_id)
    if not (details or {}).get("client_id"):  # a declaration was made in time; only its answer is late
        _refuse_after_all(occasion, as_of)
    category = _fit(category, 20, _("类别不合适。"))
    _check_roster(occasion, [member_id])
    _hold(occasion, [member_id], as_of)
    held = list(Evidence.objects.filter(occasion_id=occasion_id, member_id=member_id, kind=kind, withdrawn_by=None))
    details = details or {}
    if any(one.category == category and all(getattr(one, key) == details[key] for key in details) for one in held):
        return
    take_back_rows(held, recorded_by_id, as_of)
    Evidence.objects.create(
        occasion_id=occasion_id,
        member_id=member_id,
        kind=kind,
        category=category,
        recorded_by_id=recorded_by_id,
        recorded_at=as_of,
        **details,
    )
    settle_again(occasion, [member_id], as_of)


@transaction.atomic
def withdraw(
    *,
    occasion_id: int,
    evidence_ids: Collection[int],
    recorded_by_id: int,
    as_of: datetime,
    keeps_the_book: bool = False,
) -> int:
    """Take back ticks of a hall, leaves or studies elsewhere at one occasion; returns how many. Raises UnableToRecord.

    Nothing is deleted: each gets a row of kind ``withdrawn``, and the records are judged again. What somebody else took
    back a moment ago is left alone; when that is all of it, it is said. Nobody takes back what is about themselves, but
    whoever ``keeps_the_book`` of a meeting (``record_hall``).
    """
    occasion = noted_at(occasion_id)
    wanted = Evidence.objects.filter(pk__in=evidence_ids, occasion_id=occasion_id, kind__in=WRITTEN)
    members = sorted(set(wanted.values_list("member_id", flat=True)))
    if not keeps_the_book:
        _refuse_oneself(recorded_by_id, members)
    _hold(occasion, members, as_of)
    rows = list(wanted.filter(withdrawn_by=None).order_by("id"))
    if not rows:
        raise UnableToRecord(_("已经有人撤回过了，不用再撤回。"))
    if is_over_for_good(occasion, as_of):
        said = _("培训已经结束，补学时间也过了，不能再撤回。确实有误的，请“更正结果”并写明理由，由另一位负责人复核。")
        raise UnableToRecord(said)
    if not all(may_be_withdrawn(one, occasion, as_of=as_of) for one in rows):
        raise UnableToRecord(_("补学时间已过，不能再撤回。确实有误的，请“更正结果”并写明理由。"))
    take_back_rows(rows, recorded_by_id, as_of)
    settle_again(occasion, members, as_of)
    for member_id in members:
        keys = [one.client_id for one in rows if one.member_id == member_id]
        close_emptied(member_id=member_id, client_ids=keys, by_id=recorded_by_id, as_of=as_of)
    return len(rows)


def take_back_rows(rows: Collection[Evidence], recorded_by_id: int | None, as_of: datetime) -> None:
    """Write a row of kind ``withdrawn`` for each of these, in the caller's transaction; nobody is judged again yet."""
    by = {"kind": Evidence.Kind.WITHDRAWN, "recorded_by_id": recorded_by_id, "recorded_at": as_of}
    Evidence.objects.bulk_create(
        [Evidence(occasion_id=one.occasion_id, member_id=one.member_id, withdraws=one, **by) for one in rows],
        batch_size=500,
    )


def _refuse_oneself(recorded_by_id: int | None, member_ids: Collection[int]) -> None:
    if recorded_by_id in member_ids:
        raise UnableToRecord(_("不能登记或撤回自己的，请由其他负责人来做。"))


def noted_at(occasion_id: int) -> Occasion:
    """Return the occasion, where something may be written down at all."""
    occasion = Occasion.objects.select_related("rule", "node", "training").get(pk=occasion_id)
    if occasion.state == Occasion.State.NOT_HELD:
        raise UnableToRecord(_("这一场没有举行，不算任何人缺席，不用登记。"))
    if occasion.state == Occasion.State.VOID:
        raise UnableToRecord(_("这一场已经作废，不再登记。"))
    if occasion.evidence_removed_at is not None:
        raise UnableToRecord(_("这一场的原始记录已按期限清除，不再登记或撤回。确实有误的，请“更正结果”并写明理由。"))
    return occasion


def takes_no_ticks(occasion: Occasion, node: Node, as_of: datetime) -> bool:
    """Whether nobody of a unit can be ticked any more: it is over for good, and no hall there still has to deliver."""
    if not is_over_for_good(occasion, as_of):
        return False
    here = Q(node__path__startswith=node.path) | Q(node__path__in=node.line_paths())
    return not _to_deliver(occasion).filter(here).exists()


def _refuse_after_all(occasion: Occasion, as_of: datetime) -> None:
    if is_over_for_good(occasion, as_of):
        said = _("培训已经结束，补学时间也过了，不能再登记。确实有误的，请“更正结果”并写明理由，由另一位负责人复核。")
        raise UnableToRecord(said)


def _are_awaited(occasion: Occasion, member_ids: Collection[int]) -> bool:
    """Whether a hall of the unit of each of these was announced in time and delivers only now what was ticked there.

    One that lapsed, closed by nobody, still may: that is what was promised when it lapsed.
    """
    found = _to_deliver(occasion).filter(
        occasion__roster__member_id__in=member_ids, occasion__roster__node__path__startswith=F("node__path")
    )
    return set(found.values_list("occasion__roster__member_id", flat=True)) >= set(member_ids)


def _to_deliver(occasion: Occasion) -> QuerySet[Hall]:
    announced = Hall.objects.filter(occasion=occasion, is_offline=True, opened_at__lt=due_at(occasion))
    return announced.filter(closed_by=None)


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
        there = there.filter(among_expected(occasion))
        expected = there.filter(member_id__in=member_ids).values("member_id").distinct().count()
    else:
        enter_at_once(member_ids=member_ids, occasion_ids=[occasion.pk])
        expected = RosterEntry.objects.filter(occasion_id=occasion.pk, member_id__in=member_ids).count()
    if expected != len(member_ids):
        raise UnableToRecord(_("有人不在这场的应到名单里。"))


def settle_again(occasion: Occasion, member_ids: Collection[int], as_of: datetime) -> None:
    """Judge again at once where there are verdicts: after settling, and along with a course."""
    state = Occasion.objects.values_list("state", flat=True).get(pk=occasion.pk)  # as it is now that the rows are held
    runs_along = state == Occasion.State.OPEN and occasion.rule.basis == Rule.Basis.MEDIA
    if state != Occasion.State.SETTLED and not runs_along:
        judged = Record.objects.filter(occasion_id=occasion.pk, member_id__in=member_ids)
        member_ids = list(judged.values_list("member_id", flat=True))
    if member_ids:
        settle(occasion_id=occasion.pk, member_ids=member_ids, as_of=as_of)
