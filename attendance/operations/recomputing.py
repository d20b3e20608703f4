"""Judging an occasion anew by another rule: tried first, agreed to, done in steps, and told to everybody concerned.

A trial settles some people by the new rule in a transaction that is undone: what it says is what would happen, by the
same code, and nothing of it stays but the report. Nobody's record changes before somebody agreed to what the trial
showed. Each step is a short transaction over the next people by their ids; where it stood is in the row, so whoever
comes next goes on from there, and a step done twice does nothing twice.
"""

from collections import Counter, defaultdict
from collections.abc import Collection, Iterable
from datetime import datetime, timedelta
from typing import Any

import structlog
from django.db import IntegrityError, InterfaceError, OperationalError, transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from attendance.core.text import checked
from attendance.models import Correction, Occasion, Recomputation, Recomputed, Rule
from attendance.operations.notices import tell
from attendance.operations.occasions import deadline_of, stamp_of
from attendance.operations.settling import settle
from attendance.queries.recomputing import (
    Stood,
    frame_of,
    next_members,
    secretaries_of,
    stood,
    why_not_anew,
    why_not_by,
)

log = structlog.get_logger(__name__)
STEP = 500
AT_ONCE = 2_000  # people who are judged while whoever asked waits
State = Recomputation.State
FAILED = "unjudged"


class UnableToRecompute(Exception):
    """It cannot be judged anew; the message says why, for the person who asked. ``field`` names what to change."""

    def __init__(self, message: str, field: str | None = None) -> None:
        super().__init__(message)
        self.field = field


class _Undone(Exception):
    pass


class _Unfit(Exception):
    pass


@transaction.atomic
def try_recomputation(
    *, occasion_id: int, rule_id: int, reason: str, asked_by_id: int, as_of: datetime
) -> Recomputation:
    """Begin to try what another rule would make of an occasion that is settled; nobody's record changes.

    An earlier trial that nobody agreed to makes way. Raises UnableToRecompute.
    """
    try:
        text = checked(" ".join(reason.split()), 200, _Unfit)
    except _Unfit as error:
        raise UnableToRecompute(_("请写明原因，最多 200 字；有变化的人都会看到。"), "reason") from error
    held = Occasion.objects.select_for_update(of=("self",), no_key=True).select_related("training", "node")
    occasion = held.get(pk=occasion_id)
    rule = Rule.objects.select_related("node").get(pk=rule_id)
    if refusal := why_not_anew(occasion):
        raise UnableToRecompute(refusal)
    stamp = _stamp(occasion, rule)
    if refusal := why_not_by(occasion=occasion, rule=rule, stamp=stamp):
        raise UnableToRecompute(refusal, "rule")
    Recomputation.objects.filter(occasion_id=occasion_id, state=State.TRIED).update(
        state=State.DROPPED, finished_at=as_of
    )
    try:
        with transaction.atomic():
            return Recomputation.objects.create(
                occasion=occasion, rule=rule, from_stamp=occasion.rule_stamp, to_stamp=stamp, frame=frame_of(occasion),
                reason=text, asked_by_id=asked_by_id, asked_at=as_of,
            )  # fmt: skip
    except IntegrityError as error:
        raise UnableToRecompute(_("这一场正在试算或者重新认定，请等它完成。")) from error


def _stamp(occasion: Occasion, rule: Rule) -> dict[str, Any]:
    """Return the stamp of another rule; the deadline stays what people were promised when it opened."""
    stamp = stamp_of(rule, occasion.training, occasion)
    promised = (occasion.rule_stamp or {}).get("deadline_at")
    return {**stamp, "deadline_at": promised} if promised else stamp


@transaction.atomic
def begin_recomputation(*, recomputation_id: int, as_of: datetime) -> None:
    """Agree to what was tried: from here on the occasion stands under the new rule, and everybody is judged by it.

    Raises UnableToRecompute where it is not there to be agreed to, or the occasion is not what it was when tried.
    """
    job = Recomputation.objects.select_for_update().get(pk=recomputation_id)
    held = Occasion.objects.select_for_update(of=("self",), no_key=True).select_related("training", "node")
    occasion = held.get(pk=job.occasion_id)
    if job.state != State.TRIED:
        raise UnableToRecompute(_("这次试算已经执行过，或者已经放弃。"))
    if refusal := why_not_anew(occasion):
        raise UnableToRecompute(refusal)
    if frame_of(occasion) != job.frame:
        raise UnableToRecompute(_("试算以后这一场有了变化（例如换了回放），请重新试算一次。"))
    _put(occasion, job)
    Recomputation.objects.filter(pk=job.pk).update(
        state=State.RUNNING, began_at=as_of, after_member_id=0, through=0, counts={}
    )
    log.info("recomputation_began", recomputation_id=job.pk, occasion_id=occasion.pk, asked_by_id=job.asked_by_id)


@transaction.atomic
def drop_recomputation(*, recomputation_id: int, as_of: datetime) -> None:
    """Leave it at the trial: nothing was changed, and the report says so. Raises UnableToRecompute."""
    going = Recomputation.objects.filter(pk=recomputation_id, state__in=(State.TRYING, State.TRIED))
    if not going.update(state=State.DROPPED, finished_at=as_of):
        raise UnableToRecompute(_("这次重新认定已经开始或者完成，不能放弃。"))


def _put(occasion: Occasion, job: Recomputation) -> None:
    """Let the occasion stand under the new rule; what could be made up so long stays so, or becomes longer."""
    basis = max(filter(None, (occasion.window_end_at, deadline_of(occasion))), default=None)
    until = occasion.make_up_until_at
    if basis is not None:
        longer = basis + timedelta(days=float(job.to_stamp["make_up_days"]))
        until = max(until, longer) if until else longer
    Occasion.objects.filter(pk=occasion.pk).update(rule_id=job.rule_id, rule_stamp=job.to_stamp, make_up_until_at=until)


def advance_recomputation(*, recomputation_id: int, as_of: datetime, most: int | None = None) -> bool:
    """Take steps until all are through, or some ``most`` people; True where it is through. Safe to repeat."""
    seen = 0
    while most is None or seen < most:
        taken = _step(recomputation_id, as_of)
        if taken is None:
            return True
        seen += taken
    return False


@transaction.atomic
def _step(recomputation_id: int, as_of: datetime) -> int | None:
    """Judge the next people, or finish; how many they were, None where there is nothing to do any more."""
    job = Recomputation.objects.select_for_update(of=("self",)).select_related("occasion").get(pk=recomputation_id)
    if job.state not in (State.TRYING, State.RUNNING):
        return None
    ids = next_members(occasion_id=job.occasion_id, after=job.after_member_id, size=STEP)
    if not ids:
        _finish(job, as_of)
        return None
    before = stood(occasion_id=job.occasion_id, member_ids=ids)
    after, failed = _tried(job, ids, as_of) if job.state == State.TRYING else _judged(job, ids, as_of)
    rows = _changes(job, before, after)
    Recomputed.objects.filter(recomputation_id=job.pk, member_id__in=ids).delete()
    Recomputed.objects.bulk_create(rows, batch_size=STEP)
    if job.state == State.RUNNING:
        _tell_members(job, rows, as_of)
    counts = Counter(job.counts) + Counter(f"{row.before}>{row.after}" for row in rows) + Counter({FAILED: failed})
    Recomputation.objects.filter(pk=job.pk).update(
        after_member_id=ids[-1], through=job.through + len(ids), counts=dict(counts)
    )
    return len(ids)


def _tried(job: Recomputation, ids: list[int], as_of: datetime) -> tuple[dict[int, Stood], int]:
    """Return how these would stand, and how many could not be judged; what was written for it is undone."""
    after: dict[int, Stood] = {}
    failed = 0
    try:
        with transaction.atomic():
            _put(job.occasion, job)
            after, failed = _judged(job, ids, as_of)
            raise _Undone
    except _Undone:
        return after, failed


def _judged(job: Recomputation, ids: list[int], as_of: datetime) -> tuple[dict[int, Stood], int]:
    """Settle these by the rule that the occasion stands under; whoever cannot be judged stays as they are."""
    failed = 0
    if not _settled(job.occasion_id, ids, as_of):
        failed = sum(not _settled(job.occasion_id, [one], as_of) for one in ids)
    return stood(occasion_id=job.occasion_id, member_ids=ids), failed


def _settled(occasion_id: int, ids: list[int], as_of: datetime) -> bool:
    try:
        with transaction.atomic():
            settle(occasion_id=occasion_id, member_ids=ids, as_of=as_of)
    except (OperationalError, InterfaceError):
        raise
    except Exception:
        log.exception("not_recomputed", occasion_id=occasion_id, people=len(ids))
        return False
    return True


def _changes(job: Recomputation, before: dict[int, Stood], after: dict[int, Stood]) -> list[Recomputed]:
    """Return a row for everybody for whom something is different.

    Whose new evidence was judged since it began stands by the new rule already: of them the trial knows the before.
    """
    tried = {row.member_id: row for row in job.people.filter(member_id__in=list(before))} if job.began_at else {}
    rows = []
    for member_id, then in before.items():
        now = after[member_id]
        state, hours, was = then.state, then.hours, then.is_corrected
        is_late = job.began_at is not None and then.judged_at is not None and then.judged_at >= job.began_at
        if is_late and member_id in tried:
            known = tried[member_id]
            state, hours, was = known.before, known.hours_before, known.was_corrected
        if (state, hours, was) != (now.state, now.hours, now.is_corrected):
            rows.append(
                Recomputed(
                    recomputation_id=job.pk, member_id=member_id, before=state, after=now.state, hours_before=hours,
                    hours_after=now.hours, was_corrected=was, is_corrected=now.is_corrected,
                )
            )  # fmt: skip
    return rows


def _tell_members(job: Recomputation, rows: Iterable[Recomputed], as_of: datetime) -> None:
    """Tell everybody who was changed what became of it, and who signed a correction that holds no more."""
    same: defaultdict[tuple[str, str, str], list[int]] = defaultdict(list)
    for row in rows:
        same[(row.before, row.after, str(row.hours_after))].append(row.member_id)
    for (before, after, hours), members in same.items():
        data = {"before": before, "after": after, "hours": hours, "reason": job.reason}
        _tell(job, members, "recomputed", as_of, data)
    overtaken = [row.member_id for row in rows if row.was_corrected and not row.is_corrected]
    authors = Correction.objects.filter(record__occasion_id=job.occasion_id, record__member_id__in=overtaken)
    _tell(job, set(authors.values_list("author_id", flat=True)), "recomputed_correction", as_of, {})


def _tell(job: Recomputation, members: Collection[int], kind: str, as_of: datetime, data: dict[str, Any]) -> None:
    if members:
        tell(
            member_ids=members, kind=kind, as_of=as_of, training_id=job.occasion.training_id,
            occasion_id=job.occasion_id, data={"recomputation": job.pk, **data},
        )  # fmt: skip


def _finish(job: Recomputation, as_of: datetime) -> None:
    if job.state == State.TRYING:
        Recomputation.objects.filter(pk=job.pk).update(state=State.TRIED, after_member_id=0)
        return
    Recomputation.objects.filter(pk=job.pk).update(state=State.DONE, finished_at=as_of)
    secretaries = secretaries_of(
        occasion_id=job.occasion_id, recomputation_id=job.pk, on_date=timezone.localdate(as_of)
    )
    changed = sum(count for key, count in job.counts.items() if key != FAILED)
    _tell(job, secretaries | {job.asked_by_id}, "recomputed_unit", as_of, {"reason": job.reason})
    log.info("recomputation_done", recomputation_id=job.pk, occasion_id=job.occasion_id, changed=changed)
