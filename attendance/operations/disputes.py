"""A member says that a record is wrong; whoever is responsible answers, and corrects it in the same step."""

from datetime import datetime, timedelta

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from attendance.models import Dispute, Occasion, RosterEntry
from attendance.operations.corrections import UnableToRecord, correct_record, hold_author
from attendance.operations.marks import hold
from attendance.operations.notices import take_back_notice, tell
from attendance.operations.rosters import enter_at_once
from attendance.queries.answering import answerer_of
from attendance.queries.outages import outages_of

LONGEST = 1000
MOST_A_DAY, A_DAY = 3, timedelta(days=1)  # of one person about one record: whoever answers is told each time
LONGEST_REASON = 400  # of a correction


class UnableToRaiseDispute(Exception):
    """It cannot be kept; the message says why, for the person who tried."""


class UnableToAnswerDispute(Exception):
    """It is not answered; the message says why, for the person who tried."""


@transaction.atomic
def raise_dispute(
    *, occasion_id: int, member_id: int, text: str = "", reason: str = Dispute.Reason.OTHER, as_of: datetime
) -> Dispute:
    """Keep that a member says that their record is wrong, and what the site itself knew of breaks; one at a time.

    A reason of its own needs no words; the reason ``other`` does. Whoever answers is told. Raises UnableToRaiseDispute.
    """
    text = _told(text, reason)
    hold([occasion_id])
    enter_at_once(member_ids=[member_id], occasion_ids=[occasion_id])
    entry = RosterEntry.objects.select_for_update().filter(occasion_id=occasion_id, member_id=member_id).first()
    if entry is None:
        raise UnableToRaiseDispute(_("您不在这一场的应到名单里。"))
    waiting = Dispute.objects.filter(occasion_id=occasion_id, member_id=member_id, state=Dispute.State.RAISED)
    if waiting.exists():
        raise UnableToRaiseDispute(_("这条记录已经提出过，正在等支部书记答复。"))
    lately = Dispute.objects.filter(occasion_id=occasion_id, member_id=member_id, raised_at__gt=as_of - A_DAY)
    if lately.count() >= MOST_A_DAY:
        said = _("这条记录一天里已经提出过 %(times)s 次。请明天再提，或者直接联系支部书记。")
        raise UnableToRaiseDispute(said % {"times": MOST_A_DAY})
    occasion = Occasion.objects.select_related("rule").get(pk=occasion_id)
    broken = outages_of(occasion=occasion, member_id=member_id, as_of=as_of)
    dispute = Dispute.objects.create(
        occasion_id=occasion_id, member_id=member_id, text=text, reason=reason, raised_at=as_of,
        outages=[one.as_row() for one in broken],
    )  # fmt: skip
    answerer = answerer_of(entry)
    if answerer is not None:
        _tell(dispute, "dispute_raised", answerer.pk, as_of)
    return dispute


def _told(text: str, reason: str) -> str:
    text = text.strip()
    if reason not in Dispute.Reason.values:
        raise UnableToRaiseDispute(_("请选一个理由。"))
    if "\x00" in text or len(text) > LONGEST or (not text and reason == Dispute.Reason.OTHER):
        raise UnableToRaiseDispute(_("请写下哪里不对，最多 1000 字。"))
    return text


@transaction.atomic
def withdraw_dispute(*, dispute_id: int, member_id: int, as_of: datetime) -> None:
    """Let a member take back what they said, as long as nobody has answered. Raises UnableToRaiseDispute."""
    waiting = Dispute.objects.filter(pk=dispute_id, member_id=member_id, state=Dispute.State.RAISED)
    if not waiting.update(state=Dispute.State.WITHDRAWN, withdrawn_at=as_of):
        raise UnableToRaiseDispute(_("这一条已经有答复，或者已经撤回了。"))
    occasion_id = Dispute.objects.values_list("occasion_id", flat=True).get(pk=dispute_id)
    take_back_notice(kind="dispute_raised", occasion_id=occasion_id, data={"dispute": dispute_id})


def _tell(dispute: Dispute, kind: str, member_id: int, as_of: datetime) -> None:
    tell(member_ids=[member_id], kind=kind, occasion_id=dispute.occasion_id, as_of=as_of, data={"dispute": dispute.pk})


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
    if correct_to:
        hold_author(answered_by_id)
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
    _tell(dispute, "dispute_answered", dispute.member_id, as_of)
    return dispute


def _already(dispute: Dispute) -> str:
    if dispute.state == Dispute.State.WITHDRAWN:
        return _("本人已经撤回了，不用再答复。您写的没有保存。")
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
