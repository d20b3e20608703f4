"""What people write down: who sat in a hall, who asked for leave, who studied elsewhere; and disputes."""

from collections.abc import Collection
from datetime import datetime

from django.db import transaction
from django.utils.translation import gettext as _

from attendance.models import Dispute, Evidence, Occasion, Record, RosterEntry
from attendance.operations.settling import settle
from attendance.operations.texts import checked


class UnableToRecord(Exception):
    """It cannot be written down; the message says why, for the person who tried."""


class UnableToRaiseDispute(Exception):
    """The text is empty or too long, nobody is expected there, or one of theirs is waiting for an answer."""


class UnableToAnswerDispute(Exception):
    """The dispute is answered, is one's own, or the answer is empty or too long."""


class _Unfit(Exception):
    pass


@transaction.atomic
def record_hall(
    *,
    occasion_id: int,
    member_ids: Collection[int],
    started_at: datetime,
    ended_at: datetime,
    recorded_by_id: int | None,
    as_of: datetime,
) -> None:
    """Keep that these members sat in a hall over ``[started_at, ended_at)``; all or nobody. Raises UnableToRecord."""
    if ended_at <= started_at:
        raise UnableToRecord(_("结束时间要晚于开始时间。"))
    members = sorted(set(member_ids))
    _check_roster(occasion_id, members)
    Evidence.objects.bulk_create(
        [
            Evidence(
                occasion_id=occasion_id,
                member_id=member_id,
                kind=Evidence.Kind.HALL,
                started_at=started_at,
                ended_at=ended_at,
                recorded_by_id=recorded_by_id,
                recorded_at=as_of,
            )
            for member_id in members
        ],
        batch_size=500,
    )
    _settle_again(occasion_id, members, as_of)


def approve_leave(
    *, occasion_id: int, member_id: int, category: str, recorded_by_id: int | None, as_of: datetime
) -> None:
    """Keep that a leave was approved: a category, never a detail. Raises UnableToRecord."""
    _keep_fact(Evidence.Kind.LEAVE, occasion_id, member_id, category, recorded_by_id, as_of)


def declare(*, occasion_id: int, member_id: int, category: str, recorded_by_id: int | None, as_of: datetime) -> None:
    """Keep that a member studied elsewhere, as a secretary confirms. Raises UnableToRecord."""
    _keep_fact(Evidence.Kind.DECLARED, occasion_id, member_id, category, recorded_by_id, as_of)


@transaction.atomic
def _keep_fact(
    kind: Evidence.Kind, occasion_id: int, member_id: int, category: str, recorded_by_id: int | None, as_of: datetime
) -> None:
    _check_roster(occasion_id, [member_id])
    if recorded_by_id == member_id:
        raise UnableToRecord(_("不能为自己登记，请由其他负责人登记。"))
    Evidence.objects.create(
        occasion_id=occasion_id,
        member_id=member_id,
        kind=kind,
        category=_fit(category, 20, _("类别不合适。")),
        recorded_by_id=recorded_by_id,
        recorded_at=as_of,
    )
    _settle_again(occasion_id, [member_id], as_of)


def _fit(text: str, limit: int, message: str) -> str:
    try:
        return checked(text, limit, _Unfit)
    except _Unfit as error:
        raise UnableToRecord(message) from error


def _check_roster(occasion_id: int, member_ids: list[int]) -> None:
    """Before an occasion opens there is no roster yet, and a leave can be approved all the same."""
    if Occasion.objects.filter(pk=occasion_id, state=Occasion.State.SCHEDULED).exists():
        return
    on_roster = RosterEntry.objects.filter(occasion_id=occasion_id, member_id__in=member_ids).count()
    if on_roster != len(member_ids):
        raise UnableToRecord(_("有人不在这场的应到名单里。"))


def _settle_again(occasion_id: int, member_ids: list[int], as_of: datetime) -> None:
    """Judge again where there are records already: the occasion is settled, or some run along with it (courses)."""
    if Occasion.objects.filter(pk=occasion_id, state=Occasion.State.SETTLED).exists():
        settle(occasion_id=occasion_id, member_ids=member_ids, as_of=as_of)
    else:
        judged = Record.objects.filter(occasion_id=occasion_id, member_id__in=member_ids)
        known = list(judged.values_list("member_id", flat=True))
        if known:
            settle(occasion_id=occasion_id, member_ids=known, as_of=as_of)


@transaction.atomic
def raise_dispute(*, occasion_id: int, member_id: int, text: str, as_of: datetime) -> Dispute:
    """Keep that a member says that their record is wrong; one at a time. Raises UnableToRaiseDispute."""
    text = text.strip()
    if not 0 < len(text) <= 1000 or "\x00" in text:
        raise UnableToRaiseDispute("text")
    entry = RosterEntry.objects.select_for_update().filter(occasion_id=occasion_id, member_id=member_id).first()
    if entry is None:
        raise UnableToRaiseDispute("not expected")
    waiting = Dispute.objects.filter(occasion_id=occasion_id, member_id=member_id, state=Dispute.State.RAISED)
    if waiting.exists():
        raise UnableToRaiseDispute("one is waiting")
    return Dispute.objects.create(occasion_id=occasion_id, member_id=member_id, text=text, raised_at=as_of)


def answer_dispute(*, dispute_id: int, answer: str, answered_by_id: int, as_of: datetime) -> None:
    """Answer a dispute, once; nobody answers their own. Raises UnableToAnswerDispute."""
    answer = answer.strip()
    if not 0 < len(answer) <= 1000 or "\x00" in answer:
        raise UnableToAnswerDispute("answer")
    waiting = Dispute.objects.filter(pk=dispute_id, state=Dispute.State.RAISED).exclude(member_id=answered_by_id)
    claimed = waiting.update(
        state=Dispute.State.ANSWERED, answer=answer, answered_at=as_of, answered_by_id=answered_by_id
    )
    if not claimed:
        raise UnableToAnswerDispute("answered or one's own")
