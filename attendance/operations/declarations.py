"""What members declare that they studied elsewhere, and the word of their secretary that makes it count (ADR 40)."""

from datetime import datetime
from typing import Any

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from attendance.core.text import checked
from attendance.models import Declaration, Occasion, Record, RosterEntry
from attendance.operations.corrections import UnableToRecord
from attendance.operations.marks import hold
from attendance.operations.notes import Study, check_study, declare, noted_at
from attendance.operations.notices import take_back_notice, tell
from attendance.operations.rosters import is_on_roster
from attendance.queries.answering import answerer_of
from attendance.queries.written import is_over_for_good
from attendance.standing import DONE

LONGEST_REASON = 200
State = Declaration.State


class _Unfit(Exception):
    pass


@transaction.atomic
def ask_declaration(
    *, occasion_id: int, member_id: int, category: str, source: str, studied_at: datetime, minutes: int, as_of: datetime
) -> Declaration:
    """Keep what a member says they studied elsewhere for an occasion; one at a time. Raises UnableToRecord.

    It counts for nothing until their secretary has confirmed it, who is told.
    """
    occasion = noted_at(occasion_id)
    if occasion.state == Occasion.State.SCHEDULED:
        raise UnableToRecord(_("这一场还没有开始，开始以后才能申报。"))
    if is_over_for_good(occasion, as_of):
        raise UnableToRecord(_("培训已经结束，补学时间也过了，不能再申报。确实学过的，请联系支部书记。"))
    check_study(started_at=studied_at, minutes=minutes, as_of=as_of)
    source = _text(source, 60, _("请写明在哪里学的，最多 60 个字。"), "source")
    hold([occasion_id])
    if not is_on_roster(occasion_id=occasion_id, member_id=member_id):
        raise UnableToRecord(_("您不在这一场的应到名单里。"))
    entry = RosterEntry.objects.select_for_update(of=("self",)).select_related("node")
    held = entry.get(occasion_id=occasion_id, member_id=member_id)
    if Declaration.objects.filter(occasion_id=occasion_id, member_id=member_id, state=State.ASKED).exists():
        raise UnableToRecord(_("这一场您已经申报过，正在等书记确认；要改的，先撤回再申报。"))
    if Record.objects.filter(occasion_id=occasion_id, member_id=member_id, stands__in=DONE).exists():
        raise UnableToRecord(_("这一场您已经参加或学完了，不用申报。"))
    declaration = Declaration.objects.create(
        occasion_id=occasion_id, member_id=member_id, category=category, source=source, studied_at=studied_at,
        minutes=minutes, asked_at=as_of,
    )  # fmt: skip
    answerer = answerer_of(held)
    if answerer is not None:
        about: dict[str, Any] = {"occasion_id": occasion_id, "data": {"declaration": declaration.pk}}
        tell(member_ids=[answerer.pk], kind="declared_asked", as_of=as_of, **about)
    return declaration


@transaction.atomic
def withdraw_declaration(*, declaration_id: int, member_id: int, as_of: datetime) -> None:
    """Take back one's own declaration that nobody has answered. Raises UnableToRecord."""
    mine = Declaration.objects.filter(pk=declaration_id, member_id=member_id, state=State.ASKED)
    if not mine.update(state=State.WITHDRAWN, answered_at=as_of, answered_by_id=member_id):
        raise UnableToRecord(_("书记已经答复了这份申报，不能再撤回。"))
    occasion_id = Declaration.objects.values_list("occasion_id", flat=True).get(pk=declaration_id)
    take_back_notice(kind="declared_asked", occasion_id=occasion_id, data={"declaration": declaration_id})


@transaction.atomic
def confirm_declaration(*, declaration_id: int, confirmed_by_id: int, as_of: datetime) -> None:
    """Confirm what somebody declared: evidence of study elsewhere, by whoever confirms. Raises UnableToRecord.

    Nobody confirms their own. The member is told.
    """
    one = _claimed(declaration_id, confirmed_by_id, as_of, State.CONFIRMED)
    study = Study(one.source, one.studied_at, one.minutes, one.mark)
    declare(
        occasion_id=one.occasion_id, member_id=one.member_id, category=one.category, recorded_by_id=confirmed_by_id,
        as_of=as_of, study=study,
    )  # fmt: skip
    tell(member_ids=[one.member_id], kind="declared_confirmed", as_of=as_of, occasion_id=one.occasion_id)


@transaction.atomic
def refuse_declaration(*, declaration_id: int, reason: str, refused_by_id: int, as_of: datetime) -> None:
    """Refuse what somebody declared, with a reason that they read. Raises UnableToRecord."""
    text = _text(reason, LONGEST_REASON, _("请写明没有通过的理由，最多 200 个字，本人会看到。"), "reason")
    one = _claimed(declaration_id, refused_by_id, as_of, State.REFUSED)
    Declaration.objects.filter(pk=one.pk).update(reason=text)
    tell(member_ids=[one.member_id], kind="declared_refused", as_of=as_of, occasion_id=one.occasion_id)


def _claimed(declaration_id: int, by_id: int, as_of: datetime, state: str) -> Declaration:
    """Answer a declaration, once: of two secretaries one does it, the other is told who did."""
    one = Declaration.objects.select_related("answered_by").get(pk=declaration_id)
    if one.member_id == by_id:
        raise UnableToRecord(_("自己申报的，要由其他负责人确认。"))
    hold([one.occasion_id])
    list(RosterEntry.objects.select_for_update().filter(occasion=one.occasion_id, member=one.member_id))
    waiting = Declaration.objects.filter(pk=declaration_id, state=State.ASKED)
    if not waiting.update(state=state, answered_at=as_of, answered_by_id=by_id):
        raise UnableToRecord(_already(Declaration.objects.select_related("answered_by").get(pk=declaration_id)))
    return one


def _already(one: Declaration) -> str:
    if one.state == State.WITHDRAWN:
        return _("本人已经撤回了这份申报。")
    said = {
        "name": one.answered_by.name if one.answered_by else "",
        "moment": f"{timezone.localtime(one.answered_at):%Y-%m-%d %H:%M}" if one.answered_at else "",
    }
    return _("%(name)s 已在 %(moment)s 答复过这份申报。") % said


def _text(text: str, most: int, message: str, field: str) -> str:
    try:
        return checked(" ".join(text.split()), most, _Unfit)
    except _Unfit as error:
        raise UnableToRecord(message, field) from error
