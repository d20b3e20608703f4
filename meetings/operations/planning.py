"""Planning a meeting in person, changing, withdrawing and voiding it; giving any occasion a form."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, timedelta

import structlog
from django.conf import settings
from django.db import transaction
from django.utils import timezone, translation
from django.utils.translation import gettext as _

from attendance.models import Occasion, Rule
from attendance.operations import (
    OccasionPlan,
    UnableToPlanOccasion,
    create_occasion,
    expect_only,
    make_session,
    reschedule_occasion,
    void_occasion,
    withdraw_occasion,
)
from meetings.models import Meeting
from meetings.operations.books import rule_for, year_book
from meetings.queries import form_at
from meetings.queries.meetings import KIND
from organizations.models import Node
from organizations.queries import members_at

log = structlog.get_logger(__name__)
LONGEST = timedelta(hours=12)
MOST_NAMED = 500
MOST_AGENDA = 4000


class UnableToPlanMeeting(Exception):
    """The plan cannot stand; ``field`` says at which input, the message why."""

    def __init__(self, field: str, message: str) -> None:
        super().__init__(message)
        self.field = field


@dataclass(frozen=True, kw_only=True)
class GatheringPlan:
    """A meeting in person. ``member_ids``: who is expected, None: everybody of the unit; ``rule_id`` None: the rule
    that meetings in person have there; ``repeats_id``: the meeting of which it is a further session."""

    node_id: int
    form_code: str
    title: str
    starts_at: datetime
    ends_at: datetime
    place: str = ""
    chair: str = ""
    recorder: str = ""
    agenda: str = ""
    member_ids: Collection[int] | None = None
    rule_id: int | None = None
    repeats_id: int | None = None


@transaction.atomic
def plan_gathering(*, plan: GatheringPlan, actor_id: int | None, as_of: datetime, kind: str = KIND) -> Meeting:
    """Plan a meeting; one whose end is past is entered after the fact, and says so for good. UnableToPlanMeeting.

    ``kind``: of the occasion, where people do not meet in person.
    """
    node, columns = _checked(plan)
    try:
        occasion = create_occasion(kind=kind, plan=_occasion_plan(plan, node, columns["title"]))
        _expect(occasion.pk, plan, node)
        if plan.repeats_id is not None:
            make_session(occasion_id=occasion.pk, of_id=plan.repeats_id)
    except UnableToPlanOccasion as error:
        raise UnableToPlanMeeting("members", str(error)) from error
    meeting = Meeting.objects.create(
        occasion=occasion,
        entered_by_id=actor_id,
        entered_at=as_of,
        is_late_entry=plan.ends_at <= as_of,
        **_book_columns(columns),
    )
    log.info("gathering_planned", occasion_id=occasion.pk, form=plan.form_code, actor_id=actor_id)
    return meeting


@transaction.atomic
def change_gathering(*, occasion_id: int, plan: GatheringPlan, actor_id: int, as_of: datetime) -> None:
    """Change a meeting that has not begun; raises UnableToPlanMeeting."""
    node, columns = _checked(plan)
    try:
        reschedule_occasion(occasion_id=occasion_id, plan=_occasion_plan(plan, node, columns["title"]), as_of=as_of)
        _expect(occasion_id, plan, node)
    except UnableToPlanOccasion as error:
        raise UnableToPlanMeeting("", str(error)) from error
    Meeting.objects.filter(pk=occasion_id).update(**_book_columns(columns))
    log.info("gathering_changed", occasion_id=occasion_id, actor_id=actor_id)


@transaction.atomic
def withdraw_gathering(*, occasion_id: int, actor_id: int, as_of: datetime) -> bool:
    """Withdraw a meeting that has not begun; False: a leave stands written for it, so it stays, void.

    Raises UnableToPlanOccasion (attendance) once it has begun: it is voided then.
    """
    return withdraw_occasion(occasion_id=occasion_id, actor_id=actor_id, as_of=as_of)


def void_gathering(*, occasion_id: int, reason: str, actor_id: int, as_of: datetime) -> None:
    """Declare that a meeting that was held counts nowhere, with a reason; raises UnableToVoidOccasion (attendance)."""
    void_occasion(occasion_id=occasion_id, reason=reason, voided_by_id=actor_id, as_of=as_of)


@transaction.atomic
def label_occasion(*, occasion_id: int, form_code: str, seen: str, actor_id: int, as_of: datetime) -> None:
    """Give an occasion of any kind a form, another one, or ("") none; a meeting in person always has one.

    ``seen``: the form that it had when the page was opened; another one meanwhile is told and not overwritten.
    Raises UnableToPlanMeeting.
    """
    # Before there is a form, the occasion's row is what two who give it one at the same moment have in common.
    locked = Occasion.objects.select_for_update(of=("self",), no_key=True)
    occasion = locked.select_related("node").get(pk=occasion_id)
    known = Meeting.objects.select_for_update(no_key=True).filter(pk=occasion_id).first()
    stands = known.form_code if known else ""
    if stands != seen and stands != form_code:
        said = _("您打开这一页以后，别人把会议形式改为“%(form)s”，还没有保存您选的。请看过再保存一次。")
        raise UnableToPlanMeeting("form", said % {"form": known.form_label if known else _("不作为组织生活")})
    if not form_code:
        if occasion.kind == KIND:
            raise UnableToPlanMeeting("form", _("现场会议要有一种形式，请选一种。"))
        if known is not None and known.minutes.exists():
            raise UnableToPlanMeeting("form", _("这一场已经写了会议记录，形式可以换，不能去掉。"))
        Meeting.objects.filter(pk=occasion_id).delete()
        return
    form = form_at(node=occasion.node, code=form_code)
    if form is None:
        raise UnableToPlanMeeting("form", _("这里没有这种会议形式。"))
    values = {"form_code": form.code, "form_name": form.name, "audience": form.audience}
    fresh = {"entered_by_id": actor_id, "entered_at": as_of}
    Meeting.objects.update_or_create(pk=occasion_id, defaults=values, create_defaults={**values, **fresh})
    log.info("occasion_has_form", occasion_id=occasion_id, form=form_code, actor_id=actor_id)


def _occasion_plan(plan: GatheringPlan, node: Node, title: str) -> OccasionPlan:
    rule_id = plan.rule_id if plan.rule_id is not None else rule_for(node=node).pk
    if not Rule.objects.filter(pk=rule_id, basis=Rule.Basis.WINDOW).exists():
        raise UnableToPlanMeeting("rule", _("现场会议要用“按场次时间”的规则。"))
    year = timezone.localtime(plan.starts_at).year
    return OccasionPlan(
        training_id=year_book(node_id=node.pk, year=year).pk,
        title=title,
        node_id=node.pk,
        starts_at=plan.starts_at,
        ends_at=plan.ends_at,
        rule_id=rule_id,
    )


def _expect(occasion_id: int, plan: GatheringPlan, node: Node) -> None:
    named = plan.member_ids
    if named is not None:
        there = members_at(node=node, on_date=timezone.localdate(plan.starts_at)).filter(member_id__in=named)
        if len(named) > MOST_NAMED or there.values("member_id").distinct().count() != len(set(named)):
            raise UnableToPlanMeeting("members", _("有人在开会那天不属于这里，请重新选应到的人。"))
    expect_only(occasion_id=occasion_id, member_ids=named)


def _checked(plan: GatheringPlan) -> tuple[Node, dict[str, str]]:
    """Return the unit and what is stored of the words, tidied; raises UnableToPlanMeeting."""
    node = Node.objects.filter(pk=plan.node_id, closed_date=None).first()
    if node is None:
        raise UnableToPlanMeeting("node", _("没有这个组织，或者它已经撤销。"))
    with translation.override(settings.LANGUAGE_CODE):  # stored once, read by everybody
        form = form_at(node=node, code=plan.form_code)
        title = _line(plan.title, 120) or (form.label if form else "")
    if form is None:
        raise UnableToPlanMeeting("form", _("这里没有这种会议形式。"))
    if plan.ends_at <= plan.starts_at:
        raise UnableToPlanMeeting("ends_at", _("结束时间要晚于开始时间。"))
    if plan.ends_at - plan.starts_at > LONGEST:
        raise UnableToPlanMeeting("ends_at", _("一场会议不能超过 12 小时，请核对日期。"))
    return node, {
        "title": title,
        "form_code": form.code,
        "form_name": form.name,
        "audience": form.audience,
        "place": _line(plan.place, 80),
        "chair": _line(plan.chair, 60),
        "recorder": _line(plan.recorder, 60),
        "agenda": plan.agenda.replace("\x00", "").strip()[:MOST_AGENDA],
    }


def _line(text: str, most: int) -> str:
    return " ".join(text.replace("\x00", "").split())[:most]


def _book_columns(columns: dict[str, str]) -> dict[str, str]:
    return {name: value for name, value in columns.items() if name != "title"}
