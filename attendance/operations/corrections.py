"""Corrections: a signed word above a verdict, made on the evidence of that moment and never an edit of it."""

from datetime import datetime

from django.db import transaction
from django.utils.translation import gettext as _

from attendance.core.text import checked
from attendance.models import Correction, Occasion, Record, RecordState, RosterEntry
from attendance.operations.rosters import is_on_roster
from attendance.operations.settling import settle
from attendance.operations.summary import mark_counts
from attendance.queries import CALLED_OFF, rule_of
from attendance.standing import what_holds

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
    """
    text = _checked(occasion_id, member_id, state, reason, author_id)
    # Settling first reads all there is, under the lock on the roster row that this transaction keeps: nothing that the
    # author could not have seen is counted among what the correction was made on.
    settle(occasion_id=occasion_id, member_ids=[member_id], as_of=as_of)
    record = Record.objects.select_related("occasion").get(occasion_id=occasion_id, member_id=member_id)
    correction = Correction.objects.create(
        record=record,
        state=state,
        was_state=record.state,
        evidence_digest=record.evidence_digest,
        reason=text,
        author_id=author_id,
        at=as_of,
    )
    outcome = what_holds(
        state=record.state,
        hours=record.hours,
        digest=record.evidence_digest,
        correction=correction,
        full_hours=rule_of(record.occasion).hours,
    )
    Record.objects.filter(pk=record.pk).update(
        stands=outcome.state, stands_by=outcome.correction_id, stands_hours=outcome.hours
    )
    units = RosterEntry.objects.filter(occasion_id=occasion_id, member_id=member_id).values_list("node_id", flat=True)
    mark_counts(occasion_id=occasion_id, node_ids=units)
    return correction


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
    if not is_on_roster(occasion_id=occasion_id, member_id=member_id):
        raise UnableToRecord(_("有人不在这场的应到名单里。"))
    return text
