"""The life of an occasion: planned, opened (roster and rule are fixed), closed (the window is fixed), settled.

A window too short to take part in was not held. An ending is undone for ten minutes; what has ended can be voided.

The order in which rows are held, for whoever holds several: the training (``hold_training``), what an app above keeps
of an occasion (a lecture), the first session, the occasion; of several of one kind by their ids.
"""

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import structlog
from django.conf import settings
from django.db import transaction
from django.db.models import F
from django.utils import timezone, translation
from django.utils.translation import gettext as _

from attendance import events
from attendance.core.hours import Conversion
from attendance.core.intervals import ms_of
from attendance.core.plan import OccasionPlan
from attendance.core.rules import Rule as CoreRule
from attendance.models import Evidence, HoursTable, Occasion, Rule, Training
from attendance.operations.marks import mark_first
from attendance.operations.rosters import take_back_preparation, write_or_begin
from attendance.operations.session_telling import tell_of_change, tell_of_end
from attendance.operations.summary import mark_counts
from attendance.queries.hours import conversions_at
from attendance.queries.rules import why_not_at
from attendance.queries.sessions import sessions_planned
from attendance.queries.windows import ENDED, HELD, is_held, undone_until, window_limit
from attendance.sentences.records import sessions_stand
from organizations.models import Node

log = structlog.get_logger(__name__)
State = Occasion.State
VOID_REASON_MAX = 200


class UnableToPlanOccasion(Exception):
    """The plan ends before it starts, its rule is another unit's, its training is over or gone, or the occasion has
    opened and cannot be planned any more; the message, for the person who plans, says which."""


class UnableToOpenOccasion(Exception):
    """The occasion is over."""


class UnableToCloseOccasion(Exception):
    """The occasion was never opened."""


class UnableToReopenOccasion(Exception):
    """The ending cannot be undone: ten minutes have passed, it was voided, or it has not ended."""


class UnableToVoidOccasion(Exception):
    """It has not ended, was voided before, or no reason is given."""


@transaction.atomic
def create_occasion(*, kind: str, plan: OccasionPlan, media_ms: int | None = None) -> Occasion:
    """Plan an occasion by a rule of its unit or one above, in a training that goes on; raises UnableToPlanOccasion."""
    _check_plan(plan)
    training = _check_goes_on(plan.training_id)
    return Occasion.objects.create(kind=kind, media_ms=media_ms, is_narrowed=training.is_narrowed, **plan.columns())


@transaction.atomic
def reschedule_occasion(*, occasion_id: int, plan: OccasionPlan, as_of: datetime) -> None:
    """Change the plan of an occasion that has not opened; whom a further session is for is told what that changes.

    Raises UnableToPlanOccasion.
    """
    _check_plan(plan, occasion_id=occasion_id)
    other, narrowed = None, {}
    if not Occasion.objects.filter(pk=occasion_id, training_id=plan.training_id).exists():
        other = _check_goes_on(plan.training_id)
        narrowed = {"is_narrowed": other.is_narrowed}
    before = Occasion.objects.select_for_update(no_key=True).filter(pk=occasion_id, state=State.SCHEDULED).first()
    if before is None:
        raise UnableToPlanOccasion(_("这一场已经开始，不能再改安排。"))
    if before.repeats_id is not None and before.training_id != plan.training_id:
        raise UnableToPlanOccasion(_("再讲的一场要在同一个培训里。"))
    Occasion.objects.filter(pk=occasion_id).update(**plan.columns(), **narrowed, revision=F("revision") + 1)
    if before.repeats_id is not None:
        tell_of_change(before=before, after=Occasion.objects.get(pk=occasion_id), as_of=as_of)
    # Somebody else is expected, or on another day: what is prepared of the roster would open as the wrong one.
    was = (before.node_id, timezone.localdate(before.starts_at))
    is_narrowed_anew = other is not None and (other.is_narrowed or before.is_narrowed)
    if is_narrowed_anew or was != (plan.node_id, timezone.localdate(plan.starts_at)):
        _take_back(occasion_id)


@transaction.atomic
def withdraw_occasion(*, occasion_id: int, actor_id: int | None, as_of: datetime) -> bool:
    """Withdraw an occasion that has not opened; True: it is gone, with whatever an app above keeps beside it.

    Where somebody's leave is written down for it already, that evidence stays, and the occasion with it: it is void
    then (False), and the app deletes its own row. So it is for a while where a large roster was prepared, whose rows
    nobody sees: it goes with the last of them. Raises UnableToPlanOccasion once it has opened.
    """
    # Whoever writes a leave down holds this row too: the leave is seen here, or finds nothing to be written for.
    # Not its key: a step of its roster that is under way refers to it, and we wait for that step.
    occasion = Occasion.objects.select_for_update(no_key=True).filter(pk=occasion_id).first()
    if occasion is None or occasion.state != State.SCHEDULED:
        raise UnableToPlanOccasion(_("这一场已经开始，不能再改安排。"))
    is_prepared = _take_back(occasion_id)
    tell_of_end(session=occasion, as_of=as_of)
    log.info("occasion_withdrawn", occasion_id=occasion_id, actor_id=actor_id)
    if not is_prepared and not Evidence.objects.filter(occasion_id=occasion_id).exists():
        occasion.delete()
        return True
    with translation.override(settings.LANGUAGE_CODE):  # stored once, read by everybody
        reason = _("没有开始就取消了。")
    Occasion.objects.filter(pk=occasion_id).update(
        state=State.VOID, voided_at=as_of, voided_by_id=actor_id, void_reason=reason
    )
    events.tell(events.occasion_voided, occasion_id=occasion_id)
    return False


@transaction.atomic
def move_end(*, occasion_id: int, ends_at: datetime, as_of: datetime) -> None:
    """Let a course that is open end at another moment, which lies ahead; who has finished stays finished.

    Raises UnableToPlanOccasion: only what is counted by its media has an end that can be moved while it runs.
    """
    if ends_at <= as_of:
        raise UnableToPlanOccasion(_("新的截止时间要晚于现在。"))
    occasion = _held(occasion_id)
    if occasion is None or occasion.state != State.OPEN or occasion.rule.basis != Rule.Basis.MEDIA:
        raise UnableToPlanOccasion(_("只有正在进行的课程可以改截止时间。"))
    Occasion.objects.filter(pk=occasion_id).update(ends_at=ends_at)
    log.info("occasion_end_moved", occasion_id=occasion_id, ends_at=ends_at.isoformat())


def hold_training(training_id: int) -> Training | None:
    """Return a training that is held until the commit, None where it is gone: nobody closes or withdraws it meanwhile.

    Whoever holds an occasion, too, takes the training first.
    """
    return Training.objects.select_for_update(no_key=True).filter(pk=training_id).first()


def _check_goes_on(training_id: int) -> Training:
    """Hold the training and return it; refuse one that was closed or withdrawn, also in this moment.

    A standing one takes what is entered after its year, too.
    """
    training = hold_training(training_id)
    if training is None:
        raise UnableToPlanOccasion(_("这个培训已经撤回，请另选一个。"))
    if training.state == Training.State.CLOSED and not training.is_standing:
        raise UnableToPlanOccasion(_("培训已经结束，不能再安排。请先把培训改回进行中。"))
    return training


def _held(occasion_id: int) -> Occasion | None:
    """Return an occasion with its rule, held until the commit: a condition on both tables is no claim by itself."""
    held = Occasion.objects.select_for_update(of=("self",), no_key=True).select_related("rule")
    return held.filter(pk=occasion_id).first()


def _check_plan(plan: OccasionPlan, *, occasion_id: int | None = None) -> None:
    if plan.ends_at <= plan.starts_at:
        raise UnableToPlanOccasion(_("结束时间要晚于开始时间。"))
    rule, node = Rule.objects.select_related("node").get(pk=plan.rule_id), Node.objects.get(pk=plan.node_id)
    stored = Occasion.objects.filter(pk=occasion_id).first() if occasion_id else None
    if refusal := why_not_at(rule=rule, node=node, stored=stored):
        raise UnableToPlanOccasion(refusal)


@transaction.atomic
def open_occasion(*, occasion_id: int, as_of: datetime) -> None:
    """Open an occasion: fix its rule and roster. Opening an open one changes nothing; raises UnableToOpenOccasion.

    The window begins at the planned start or now, whichever is later. On the roster are those who belong to the
    occasion's node on that day; who moves later stays on it. A roster of more than some thousand people is complete
    only a while later (``rosters``).
    """
    # The row is held: a plan changed in between would be stamped with the rule that it had before.
    held = Occasion.objects.select_for_update(of=("self",), no_key=True).select_related("rule", "training", "node")
    occasion = held.get(pk=occasion_id)
    if occasion.state == State.OPEN:
        return
    start = max(occasion.starts_at, as_of)
    claimed = Occasion.objects.filter(pk=occasion_id, state=State.SCHEDULED).update(
        state=State.OPEN,
        opened_at=as_of,
        window_start_at=start,
        rule_stamp=stamp_of(occasion.rule, occasion.training, occasion),
    )
    if not claimed:
        raise UnableToOpenOccasion(f"occasion {occasion_id} is over")
    expected = write_or_begin(occasion=occasion, day=timezone.localdate(start), as_of=as_of)
    if expected is None:
        _queue_roster(occasion_id)
    else:
        mark_counts(occasion_id=occasion_id, node_ids=None)
    log.info("occasion_opened", occasion_id=occasion_id, expected=expected)
    events.announce(events.occasion_opened, occasion_id=occasion_id)


def stamp_of(rule: Rule, training: Training, occasion: Occasion) -> dict[str, Any]:
    """Return what is stamped on an occasion: the rule with its version, and the training's deadline of that day.

    A rule that leaves the hours to a table has what the table of its unit gives that day; where none holds, its own.
    """
    table: HoursTable | None = None
    by_form: dict[str, Conversion] = {}
    if rule.hours_by == Rule.HoursBy.TABLE:
        table, by_form = conversions_at(node=occasion.node, kind=occasion.kind, starts_at=occasion.starts_at)
    core = CoreRule(
        name=rule.name,
        version=rule.version,
        basis=rule.basis,  # type: ignore[arg-type]
        min_share=rule.min_share,
        min_minutes=rule.min_minutes,
        late_after_s=rule.late_after_s,
        leave_early_s=rule.leave_early_s,
        bridge_s=rule.bridge_s,
        outbox_s=rule.outbox_s,
        make_up_days=rule.make_up_days,
        hours=rule.hours,
        asks_check=rule.asks_check,
        by_form=tuple(sorted(by_form.items())),
    )
    stamp = {**core.stamp(), "deadline_at": training.deadline_at.isoformat()}
    return {**stamp, "hours_table": str(table), "hours_table_id": table.pk} if table else stamp


@transaction.atomic
def close_occasion(*, occasion_id: int, as_of: datetime, make_up_from: datetime | None = None) -> None:
    """Close an open occasion, once: its window ends now, or after the time planned if that came first.

    Queues the settling; a window too short to take part in (``attendance.queries.windows.is_held``) was not held:
    nobody is judged and nothing is to be made up. Open presences are left to the processes that hold the
    connections: they end when the phone last sent something. ``make_up_from``: the make-up time does not begin before
    (what is written down after the day leaves its days for it). Raises UnableToCloseOccasion if it never opened.
    """
    # The row is held: an ending undone in between would be closed by the pauses it had before.
    occasion = Occasion.objects.select_for_update(no_key=True).get(pk=occasion_id)
    if occasion.state == State.SCHEDULED:
        raise UnableToCloseOccasion(f"occasion {occasion_id} has not opened")
    start = occasion.window_start_at or occasion.starts_at
    end = max(start, min(as_of, window_limit(occasion)))
    held = is_held(occasion, end=end)
    rule = CoreRule.from_stamp(occasion.rule_stamp or {})
    deadline = deadline_of(occasion)
    basis = max(one for one in (end, deadline, make_up_from) if one is not None)
    claimed = Occasion.objects.filter(pk=occasion_id, state=State.OPEN).update(
        state=State.CLOSED if held else State.NOT_HELD,
        window_end_at=end,
        closed_at=as_of,
        make_up_until_at=basis + timedelta(days=rule.make_up_days) if held else None,
    )
    if claimed:
        log.info("occasion_closed", occasion_id=occasion_id, held=held, window_s=(end - start).total_seconds())
        mark_counts(occasion_id=occasion_id, node_ids=None)
        events.announce(events.occasion_closed, occasion_id=occasion_id)
        if held:
            queue_settling(occasion_id)


@transaction.atomic
def mark_not_held(*, occasion_id: int, as_of: datetime) -> bool:
    """Look again whether a closed occasion was held, after times were left out of its window; True if it was not.

    For whoever writes ``away_ms``. Its records stay and count no more.
    """
    occasion = Occasion.objects.select_for_update(no_key=True).get(pk=occasion_id)
    if occasion.state not in HELD or occasion.window_end_at is None or is_held(occasion, end=occasion.window_end_at):
        return False
    mark_counts(occasion_id=occasion_id, node_ids=None)
    mark_first(occasion_id=occasion_id, as_of=as_of)
    changed = Occasion.objects.filter(pk=occasion_id, state__in=HELD)
    return changed.update(state=State.NOT_HELD, make_up_until_at=None) == 1


@transaction.atomic
def reopen_occasion(*, occasion_id: int, as_of: datetime) -> None:
    """Undo the ending of an occasion within ten minutes: it is open again, and what lay between is nobody's time.

    Records made meanwhile stay and hold no more while it is open; the next end judges everybody again. Raises
    UnableToReopenOccasion, whose message is for the person who asks.
    """
    occasion = Occasion.objects.select_for_update(no_key=True).get(pk=occasion_id)
    until = undone_until(occasion)
    if until is None or occasion.closed_at is None:
        raise UnableToReopenOccasion(_("这一场没有可以撤销的结束。"))
    if as_of > until:
        raise UnableToReopenOccasion(_("结束已经超过 10 分钟，不能再恢复。可以再开一场。"))
    # The row is held: an ending is undone once, and never a later one by mistake.
    Occasion.objects.filter(pk=occasion_id).update(
        state=State.OPEN,
        window_end_at=None,
        make_up_until_at=None,
        closed_at=None,
        settled_at=None,
        paused_ms=[*occasion.paused_ms, [ms_of(occasion.closed_at), ms_of(as_of)]],
    )
    mark_counts(occasion_id=occasion_id, node_ids=None)
    mark_first(occasion_id=occasion_id, as_of=as_of)
    log.info("occasion_reopened", occasion_id=occasion_id)
    events.announce(events.occasion_reopened, occasion_id=occasion_id)


@transaction.atomic
def void_occasion(*, occasion_id: int, reason: str, voided_by_id: int, as_of: datetime) -> None:
    """Declare that an occasion that has ended counts nowhere, with a reason that everybody concerned may read.

    A course can be voided while it runs, too. Evidence and records stay as they are and count no more. It is not
    undone: hold it again instead. Raises UnableToVoidOccasion, whose message is for the person who asks.
    """
    reason = " ".join(reason.replace("\x00", "").split())
    if not 0 < len(reason) <= VOID_REASON_MAX:
        raise UnableToVoidOccasion(_("请写明作废的原因，不超过 200 个字，参加的人会看到。"))
    occasion = _held(occasion_id)
    runs_along = occasion and occasion.state == State.OPEN and occasion.rule.basis == Rule.Basis.MEDIA
    if occasion is None or not (occasion.state in ENDED or runs_along):
        raise UnableToVoidOccasion(_("只有已经结束、还没有作废的场次可以作废。"))
    if planned := sessions_planned(occasion):
        raise UnableToVoidOccasion(sessions_stand(one.starts_at for one in planned))
    Occasion.objects.filter(pk=occasion_id).update(
        state=State.VOID,
        voided_at=as_of,
        voided_by_id=voided_by_id,
        void_reason=reason,
        make_up_until_at=None,
    )
    mark_counts(occasion_id=occasion_id, node_ids=None)
    mark_first(occasion_id=occasion_id, as_of=as_of)
    log.info("occasion_voided", occasion_id=occasion_id, voided_by_id=voided_by_id)
    events.tell(events.occasion_voided, occasion_id=occasion_id)


def _queue_roster(occasion_id: int) -> None:
    from attendance.tasks import complete_roster  # noqa: PLC0415 - tasks call operations

    _after_commit(lambda: complete_roster.delay(occasion_id=occasion_id))


def _take_back(occasion_id: int) -> bool:
    """Take back what was prepared of its roster, in a task; False: nothing was. ``BEAT`` finds what a task did not."""
    from attendance.tasks import prepare_rosters  # noqa: PLC0415 - tasks call operations

    if is_prepared := take_back_preparation(occasion_id=occasion_id):
        _after_commit(lambda: prepare_rosters.delay())
    return is_prepared


def queue_settling(occasion_id: int) -> None:
    from attendance.tasks import settle_occasion  # noqa: PLC0415 - tasks call operations

    _after_commit(lambda: settle_occasion.delay(occasion_id=occasion_id))


def _after_commit(hand_over: Callable[[], object]) -> None:
    """A task is a hint: that the broker is away undoes nothing and keeps no event back. ``reconcile`` finds the row."""
    transaction.on_commit(hand_over, robust=True)


def deadline_of(occasion: Occasion) -> datetime | None:
    """Return until when an occasion counted by media is done on time: the training's deadline as stamped."""
    stamp = occasion.rule_stamp or {}
    if stamp.get("basis") != Rule.Basis.MEDIA or "deadline_at" not in stamp:
        return None
    return datetime.fromisoformat(stamp["deadline_at"])
