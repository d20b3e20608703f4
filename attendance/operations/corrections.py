"""Corrections: a signed word above a verdict, made on the evidence of that moment and never an edit of it."""

from datetime import datetime, time
from typing import Any

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from attendance import events
from attendance.core.hours import OWN
from attendance.core.text import checked
from attendance.core.verdict import full_hours
from attendance.models import Correction, CorrectionReview, Occasion, Record, RecordState, RosterEntry, Training
from attendance.operations.marks import mark_first
from attendance.operations.notices import tell
from attendance.operations.rosters import is_on_roster
from attendance.operations.settling import last_corrections, settle
from attendance.operations.summary import mark_counts
from attendance.queries import CALLED_OFF, rule_of, window_of
from attendance.queries.reviewing import reviewers_of
from attendance.standing import what_holds
from organizations.models import User

MOST_A_DAY = 5  # corrections that one author makes without a second person
FINAL = frozenset(RecordState.values) - {RecordState.PENDING}


class UnableToRecord(Exception):
    """It cannot be written down; the message says why, for the person who tried. ``field`` names what to change."""

    def __init__(self, message: str, field: str | None = None) -> None:
        super().__init__(message)
        self.field = field


class _Unfit(Exception):
    pass


@transaction.atomic
def correct_record(
    *, occasion_id: int, member_id: int, state: str, reason: str, author_id: int, as_of: datetime
) -> Correction:
    """Sign a change of a record; the record itself stays as it was judged. Raises UnableToRecord.

    Nobody corrects their own; a reason is a must. The correction holds until later evidence makes the verdict better
    than it was and better than the correction says (``attendance.standing.what_holds``); it can then be made again.
    Where it needs a second person (``why_reviewed``) it only waits: ``decide_correction`` lets it hold. Everybody
    concerned is told.
    """
    hold_author(author_id)  # before any row of the occasion: their corrections of a day are counted one by one
    text = _checked(occasion_id, member_id, state, reason, author_id)
    # Settling first reads all there is, under the lock on the roster row that this transaction keeps: nothing that the
    # author could not have seen is counted among what the correction was made on.
    settle(occasion_id=occasion_id, member_ids=[member_id], as_of=as_of)
    record = Record.objects.select_related("occasion__training").get(occasion_id=occasion_id, member_id=member_id)
    if CorrectionReview.objects.filter(record=record, state=CorrectionReview.State.WAITING).exists():
        raise UnableToRecord(_("这条记录已经有一个更正在等复核，要先复核或撤回那一个。"))
    before = last_corrections(occasion_id, [member_id]).get(member_id)
    why = why_reviewed(record.occasion, author_id=author_id, as_of=as_of)
    correction = Correction.objects.create(
        record=record,
        state=state,
        was_state=record.state,
        evidence_digest=record.evidence_digest,
        reason=text,
        author_id=author_id,
        at=as_of,
    )
    if why:
        CorrectionReview.objects.create(correction=correction, record=record, why=why)
        _tell_proposed(correction, record, as_of)
    else:
        let_hold(correction, as_of=as_of)
        tell_corrected(correction, record, before, as_of)
    return correction


def let_hold(correction: Correction, *, as_of: datetime) -> None:
    """Write beside the record what holds by this correction, in the caller's transaction."""
    record = Record.objects.select_related("occasion").get(pk=correction.record_id)
    outcome = what_holds(
        state=record.state,
        hours=record.hours,
        digest=record.evidence_digest,
        correction=correction,
        full_hours=full_hours(window_of(record.occasion, as_of=as_of), rule_of(record.occasion)),
    )
    Record.objects.filter(pk=record.pk).update(
        stands=outcome.state, stands_by=outcome.correction_id, stands_hours=outcome.hours, form=OWN
    )
    mark_first(occasion_id=record.occasion_id, member_ids=[record.member_id], as_of=as_of)
    units = RosterEntry.objects.filter(occasion_id=record.occasion_id, member_id=record.member_id)
    mark_counts(occasion_id=record.occasion_id, node_ids=units.values_list("node_id", flat=True))
    events.tell(events.standing_changed, occasion_id=record.occasion_id, member_ids=[record.member_id])


def why_reviewed(occasion: Occasion, *, author_id: int, as_of: datetime) -> str:
    """Return why a correction made now needs a second person (``CorrectionReview.Why``), or ""."""
    if occasion.training.state == Training.State.CLOSED:
        return CorrectionReview.Why.CLOSED.value
    midnight = timezone.make_aware(datetime.combine(timezone.localdate(as_of), time.min))
    today = Correction.objects.filter(author_id=author_id, at__gte=midnight, at__lte=as_of)
    return CorrectionReview.Why.MANY.value if today[:MOST_A_DAY].count() >= MOST_A_DAY else ""


def tell_corrected(correction: Correction, record: Record, before: Correction | None, as_of: datetime) -> None:
    """Tell the member, and whoever made the correction that held until now, what the result is."""
    about: dict[str, Any] = {"occasion_id": record.occasion_id, "as_of": as_of}
    data = {"correction": correction.pk, "state": correction.state}
    tell(member_ids=[record.member_id], kind="corrected", data=data, **about)
    if before is not None and before.author_id not in (correction.author_id, record.member_id):
        tell(member_ids=[before.author_id], kind="correction_replaced", data=data, **about)


def _tell_proposed(correction: Correction, record: Record, as_of: datetime) -> None:
    about: dict[str, Any] = {"occasion_id": record.occasion_id, "as_of": as_of}
    data = {"correction": correction.pk, "state": correction.state}
    tell(member_ids=[record.member_id], kind="correction_proposed", data=data, **about)
    second = reviewers_of(correction, on_date=timezone.localdate(as_of))
    tell(member_ids=second, kind="correction_to_review", data=data, **about)


def hold_author(author_id: int) -> None:
    """Let one author's corrections come one after the other: before any row of an occasion is held."""
    list(User.objects.select_for_update(no_key=True).filter(pk=author_id).values_list("pk"))


def _checked(occasion_id: int, member_id: int, state: str, reason: str, author_id: int) -> str:
    """Return the reason as it is kept; raises UnableToRecord."""
    if author_id == member_id:
        raise UnableToRecord(_("不能更正自己的记录，请由其他负责人更正。"))
    if state not in FINAL:
        raise UnableToRecord(_("不能更正为这个状态。"))
    try:
        text = checked(" ".join(reason.split()), 400, _Unfit)
    except _Unfit as error:
        raise UnableToRecord(_("请写明理由，最多 400 字。")) from error
    occasion = Occasion.objects.filter(pk=occasion_id).first()
    if occasion is None or occasion.state == Occasion.State.SCHEDULED:
        raise UnableToRecord(_("这场还没有开始，没有可更正的结果。"))
    if occasion.state in CALLED_OFF:
        raise UnableToRecord(_("这场没有举行或已经作废，不影响任何人的记录，不用更正。"))
    if occasion.repeats_id is not None and state == RecordState.MISSING:
        raise UnableToRecord(_("再讲的一场不算谁未参加。确实没来的，请更正为“免”，原来那一场仍按未参加。"))
    if not is_on_roster(occasion_id=occasion_id, member_id=member_id):
        raise UnableToRecord(_("有人不在这场的应到名单里。"))
    return text
