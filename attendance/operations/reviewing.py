"""The second person of a correction: lets it hold, or refuses it. Who that may be is asked at the edge."""

from datetime import datetime
from typing import Any

from django.db import transaction
from django.utils.translation import gettext as _

from attendance.core.text import checked
from attendance.models import CorrectionReview, Record
from attendance.operations.corrections import let_hold, tell_corrected
from attendance.operations.marks import hold
from attendance.operations.notices import tell
from attendance.operations.settling import last_corrections, settle
from attendance.queries import CALLED_OFF
from attendance.sentences.records import moment

State = CorrectionReview.State


class UnableToReview(Exception):
    """It is not decided; the message says why, for the person who tried."""


class _Unfit(Exception):
    pass


@transaction.atomic
def decide_correction(
    *, review_id: int, is_approved: bool, reason: str, decided_by_id: int, as_of: datetime
) -> CorrectionReview:
    """Approve a correction that waits, so that it holds from now on, or refuse it with a reason. Once.

    Never by its author, never by the member concerned. What was proposed stays to be read either way; everybody
    concerned is told. Raises UnableToReview.
    """
    text = _fit(reason, needed=not is_approved)
    review = CorrectionReview.objects.select_related("correction", "record__occasion").get(pk=review_id)
    if decided_by_id == review.correction.author_id:
        raise UnableToReview(_("自己提出的更正，要由另一位来复核。"))
    if decided_by_id == review.record.member_id:
        raise UnableToReview(_("关于自己的更正，要由别人来复核。"))
    state = State.APPROVED if is_approved else State.REFUSED
    _claim(review, state, text, decided_by_id, as_of)
    if is_approved:
        _let_hold(review, as_of)
    else:
        _tell(review, "correction_refused", [review.record.member_id, review.correction.author_id], as_of)
    review.refresh_from_db()
    return review


@transaction.atomic
def withdraw_correction(*, review_id: int, author_id: int, as_of: datetime) -> None:
    """Let an author take back what they proposed, before anybody has decided. Raises UnableToReview."""
    review = CorrectionReview.objects.select_related("correction", "record").get(pk=review_id)
    if review.correction.author_id != author_id:
        raise UnableToReview(_("只有提出更正的人可以撤回。"))
    _claim(review, State.WITHDRAWN, "", author_id, as_of)
    _tell(review, "correction_withdrawn", [review.record.member_id], as_of)


def _claim(review: CorrectionReview, state: str, reason: str, by_id: int, as_of: datetime) -> None:
    hold([review.record.occasion_id])  # the occasion, then the review: settling under both comes after
    waiting = CorrectionReview.objects.filter(pk=review.pk, state=State.WAITING)
    if not waiting.update(state=state, reason=reason, decided_by_id=by_id, decided_at=as_of):
        raise UnableToReview(_already(CorrectionReview.objects.select_related("decided_by").get(pk=review.pk)))


def _already(review: CorrectionReview) -> str:
    said = {
        "name": review.decided_by.name if review.decided_by else "",
        "at": moment(review.decided_at),
        "what": review.get_state_display(),
    }
    return _("%(name)s 已在 %(at)s 处理过这一条：%(what)s。您的没有保存。") % said


def _let_hold(review: CorrectionReview, as_of: datetime) -> None:
    record, correction = review.record, review.correction
    if record.occasion.state in CALLED_OFF:
        raise UnableToReview(_("这场没有举行或已经作废，不影响任何人的记录，不用更正。"))
    found = last_corrections(record.occasion_id, [record.member_id], but=correction.pk)
    settle(occasion_id=record.occasion_id, member_ids=[record.member_id], as_of=as_of)
    let_hold(correction, as_of=as_of)
    _tell(review, "correction_approved", [correction.author_id], as_of)
    fresh = Record.objects.get(pk=record.pk)
    tell_corrected(correction, fresh, found.get(record.member_id), as_of)


def _tell(review: CorrectionReview, kind: str, member_ids: list[int], as_of: datetime) -> None:
    data: dict[str, Any] = {"correction": review.correction_id, "state": review.correction.state}
    tell(member_ids=member_ids, kind=kind, occasion_id=review.record.occasion_id, as_of=as_of, data=data)


def _fit(reason: str, *, needed: bool) -> str:
    text = " ".join(reason.split())
    if not text and not needed:
        return ""
    try:
        return checked(text, 400, _Unfit)
    except _Unfit as error:
        raise UnableToReview(_("请写明理由，最多 400 字，提出更正的人和本人会看到。")) from error
