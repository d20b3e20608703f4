"""A member says that a record is wrong; whoever is responsible answers, and corrects it in the same step."""

from datetime import datetime

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from attendance.models import Dispute, RosterEntry
from attendance.operations.corrections import UnableToRecord, correct_record
from attendance.operations.marks import hold
from attendance.operations.rosters import enter_at_once

LONGEST = 1000
LONGEST_REASON = 400  # of a correction


class UnableToRaiseDispute(Exception):
    """It cannot be kept; the message says why, for the person who tried."""


class UnableToAnswerDispute(Exception):
    """It is not answered; the message says why, for the person who tried."""


@transaction.atomic
def raise_dispute(*, occasion_id: int, member_id: int, text: str, as_of: datetime) -> Dispute:
    """Keep that a member says that their record is wrong; one at a time. Raises UnableToRaiseDispute."""
    text = text.strip()
    if not 0 < len(text) <= LONGEST or "\x00" in text:
        raise UnableToRaiseDispute(_("请写下哪里不对，最多 1000 字。"))
    hold([occasion_id])
    enter_at_once(member_ids=[member_id], occasion_ids=[occasion_id])
    entry = RosterEntry.objects.select_for_update().filter(occasion_id=occasion_id, member_id=member_id).first()
    if entry is None:
        raise UnableToRaiseDispute(_("您不在这一场的应到名单里。"))
    waiting = Dispute.objects.filter(occasion_id=occasion_id, member_id=member_id, state=Dispute.State.RAISED)
    if waiting.exists():
        raise UnableToRaiseDispute(_("这条记录已经提出过，正在等支部书记答复。"))
    return Dispute.objects.create(occasion_id=occasion_id, member_id=member_id, text=text, raised_at=as_of)


@transaction.atomic
def answer_dispute(
    *, dispute_id: int, answer: str, answered_by_id: int, as_of: datetime, correct_to: str = ""
) -> Dispute:
    """Answer a dispute, once, and correct the record to ``correct_to`` with it ("": the result stays). Both or neither.

    Nobody answers their own. The answer is the correction's reason. Raises UnableToAnswerDispute.
    """
    answer = answer.strip()
    if not 0 < len(answer) <= LONGEST or "\x00" in answer:
        raise UnableToAnswerDispute(_("请写下答复，最多 1000 字。"))
    dispute = Dispute.objects.get(pk=dispute_id)
    if dispute.member_id == answered_by_id:
        raise UnableToAnswerDispute(_("自己提出的，要由其他负责人或上级书记答复。"))
    # The occasion, then the roster row, in everybody's order: a correction settles under both.
    hold([dispute.occasion_id])
    list(RosterEntry.objects.select_for_update().filter(occasion=dispute.occasion_id, member=dispute.member_id))
    waiting = Dispute.objects.filter(pk=dispute_id, state=Dispute.State.RAISED)
    values = {"state": Dispute.State.ANSWERED, "answer": answer, "answered_at": as_of, "answered_by_id": answered_by_id}
    if not waiting.update(**values):
        raise UnableToAnswerDispute(_already(Dispute.objects.select_related("answered_by").get(pk=dispute_id)))
    if correct_to:
        _correct(dispute, correct_to, answer, answered_by_id, as_of)
    dispute.refresh_from_db()
    return dispute


def _already(dispute: Dispute) -> str:
    said = {
        "name": dispute.answered_by.name if dispute.answered_by else "",
        "moment": f"{timezone.localtime(dispute.answered_at):%Y-%m-%d %H:%M}" if dispute.answered_at else "",
    }
    return _("%(name)s 已在 %(moment)s 答复过这一条，答复不能再改。您写的没有保存。") % said


def _correct(dispute: Dispute, state: str, answer: str, author_id: int, as_of: datetime) -> None:
    reason = " ".join(answer.split())
    reason = reason if len(reason) <= LONGEST_REASON else reason[: LONGEST_REASON - 1] + "…"
    about = {"occasion_id": dispute.occasion_id, "member_id": dispute.member_id}
    try:
        correction = correct_record(**about, state=state, reason=reason, author_id=author_id, as_of=as_of)
    except UnableToRecord as error:
        raise UnableToAnswerDispute(str(error)) from error
    Dispute.objects.filter(pk=dispute.pk).update(correction=correction)


def mark_answers_seen(*, occasion_id: int, member_id: int, as_of: datetime) -> None:
    """Keep that a member has seen what was answered about an occasion; safe to repeat."""
    answered = Dispute.objects.filter(occasion_id=occasion_id, member_id=member_id, state=Dispute.State.ANSWERED)
    answered.filter(seen_at=None).update(seen_at=as_of)
