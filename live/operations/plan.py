"""The plan of a lecture: made, changed until it begins, withdrawn; made once more for one that was not held."""

import datetime as dt
from dataclasses import replace
from typing import Any

from django.conf import settings
from django.db import transaction
from django.utils import timezone, translation
from django.utils.translation import gettext as _

from attendance import operations as ledger
from attendance.models import Occasion, Rule, Training
from attendance.queries.rules import why_not_at
from attendance.sentences.records import moment
from live.core import lifecycle
from live.core.plan import LecturePlan
from live.models import CancelledLecture, Lecture
from live.models.lecture import new_code
from live.operations.ending import UnableToVoidLecture, void_lecture
from live.operations.stage import announce
from live.queries import may_lecture
from organizations.models import Node, User
from organizations.permissions import in_subtree

State = Lecture.State
AT_ONCE = 1_000


class UnableToScheduleLecture(Exception):
    """The plan cannot stand. ``field`` names the input, the message is for the person who planned.

    ``number``: which of several plans it is about, from 0.
    """

    def __init__(self, field: str, message: str, *, number: int = 0) -> None:
        super().__init__(message)
        self.field, self.number = field, number


class UnableToCancelLecture(Exception):
    """The lecture has begun; it can be ended, not cancelled."""


class UnableToHoldAgain(Exception):
    """It was planned once more already; ``lecture`` is that plan, the message is for the person who asks."""

    def __init__(self, lecture: Lecture) -> None:
        at = moment(lecture.occasion.starts_at)
        words = _("这一场已经另外安排过：“{title}”，{at}。要改时间请改那一场；那一场也没有举行的，在那一场上再开。")
        super().__init__(words.format(title=lecture.occasion.title, at=at))
        self.lecture = lecture


def schedule_lecture(*, plan: LecturePlan, as_of: dt.datetime, actor_id: int | None = None) -> Lecture:
    """Plan a lecture of a training for everybody in a node's subtree; in the log of its training.

    Raises ``UnableToScheduleLecture``.
    """
    plan = _checked(plan, as_of=as_of)
    with transaction.atomic():
        occasion = make_occasion(plan)
        lecture = Lecture.objects.create(occasion=occasion, **columns(plan))
        log_plan("live.plan", occasion, actor_id)
        return lecture


def make_occasion(plan: LecturePlan, *, number: int = 0) -> Occasion:
    """Return a lecture's new occasion. Raises ``UnableToScheduleLecture``: its training is over, or gone by now."""
    try:
        return ledger.create_occasion(kind="lecture", plan=plan)
    except ledger.UnableToPlanOccasion as error:
        raise UnableToScheduleLecture("training", str(error), number=number) from error


def reschedule_lecture(*, occasion_id: int, plan: LecturePlan, as_of: dt.datetime, actor_id: int | None = None) -> None:
    """Change the plan of a lecture that has not begun; in the log of its training.

    Raises ``UnableToScheduleLecture``.
    """
    plan = _checked(plan, as_of=as_of, occasion_id=occasion_id)
    with transaction.atomic():
        # Claimed by the state: who goes live in this moment goes live by the old plan, and this one is refused.
        claimed = Lecture.objects.filter(pk=occasion_id, state=State.SCHEDULED).update(**columns(plan))
        if not claimed:
            raise UnableToScheduleLecture("", _("直播已经开始，不能再修改安排。"))
        try:
            ledger.reschedule_occasion(occasion_id=occasion_id, plan=plan, as_of=as_of)
        except ledger.UnableToPlanOccasion as error:
            raise UnableToScheduleLecture("training", str(error)) from error
        log_plan("live.change", Occasion.objects.select_related("training").get(pk=occasion_id), actor_id)


def cancel_lecture(*, occasion_id: int, as_of: dt.datetime, actor_id: int | None = None) -> None:
    """Withdraw a lecture that has not begun: nobody can have taken part.

    Where a leave is written down for it, that stays, at an occasion that is void. In the log of its training. Raises
    UnableToCancelLecture.
    """
    from attendance.operations.cancelled import log_cancelled  # noqa: PLC0415 - the media agent runs without Wagtail

    with transaction.atomic():
        held = Lecture.objects.select_for_update(of=("self",)).select_related("occasion__training")
        lecture = held.filter(pk=occasion_id).first()
        if lecture is None or lecture.state != State.SCHEDULED:
            raise UnableToCancelLecture
        action = "live.cancel_meeting" if lecture.is_meeting else "live.cancel"
        log_cancelled(action=action, occasion=lecture.occasion, actor_id=actor_id)
        _remember(lecture, as_of=as_of)
        if not ledger.withdraw_occasion(occasion_id=occasion_id, actor_id=actor_id, as_of=as_of):
            lecture.delete()
        transaction.on_commit(lambda: announce(occasion_id, "cancelled"))


def _remember(lecture: Lecture, *, as_of: dt.datetime) -> None:
    """Keep what paper and calendars still say of a lecture that is cancelled."""
    plan = lecture.occasion
    is_seen = plan.training.state != Training.State.DRAFT and plan.repeats_id is None and not plan.is_named
    CancelledLecture.objects.create(
        occasion_id=plan.pk, code=lecture.code, title=plan.title, node_id=plan.node_id, lecturer_id=lecture.lecturer_id,
        starts_at=plan.starts_at, ends_at=plan.ends_at, revision=plan.revision + 1, is_for_members=is_seen,
        cancelled_at=as_of,
    )  # fmt: skip


def delete_old_cancelled(*, as_of: dt.datetime) -> int:
    """Forget cancelled lectures whose time is long over; at most a thousand a call. Return how many went."""
    old = CancelledLecture.objects.filter(ends_at__lt=as_of - CancelledLecture.KEPT).order_by("ends_at")
    keys = list(old.values_list("pk", flat=True)[:AT_ONCE])
    return CancelledLecture.objects.filter(pk__in=keys).delete()[0] if keys else 0


def give_codes() -> int:
    """Give lectures that a release of before has made their short codes; at most a thousand a call. Return how many.

    One at a time: none is held longer than that.
    """
    lacking = list(Lecture.objects.filter(code=None).values_list("pk", flat=True)[:AT_ONCE])
    return sum(Lecture.objects.filter(pk=pk, code=None).update(code=new_code()) for pk in lacking)


@transaction.atomic
def hold_again(*, occasion_id: int, plan: LecturePlan, actor_id: int, as_of: dt.datetime) -> Lecture:
    """Schedule a lecture in the place of one that was not held, which becomes void for that reason, or of a void one.

    Once: the same plan sent twice is one lecture. It has the questions of the other as its own: who misses this one
    makes up this one. Raises UnableToHoldAgain for another plan, UnableToScheduleLecture
    for one that cannot stand, UnableToVoidLecture if the other was held.
    """
    # The row is held: of two clicks at once, the second finds what the first has planned. The training comes before it,
    # and what it repeats, as everywhere (``attendance.operations.occasions``): who holds them in that order never waits
    # for us.
    ledger.hold_training(plan.training_id)
    first = Occasion.objects.filter(sessions=occasion_id)
    list(first.select_for_update(no_key=True, of=("self",)).values_list("pk"))
    occasion = Occasion.objects.select_for_update(no_key=True).get(pk=occasion_id)
    if occasion.state not in (Occasion.State.NOT_HELD, Occasion.State.VOID):
        raise UnableToVoidLecture(_("这一场已经举行过，要再讲一次请另外安排。"))
    planned = Lecture.objects.select_related("occasion").filter(in_place_of_id=occasion_id).first()
    if planned is not None:
        if planned.state == State.SCHEDULED and planned.occasion.starts_at == plan.starts_at:
            return planned
        raise UnableToHoldAgain(planned)
    lecture = schedule_lecture(plan=plan, as_of=as_of, actor_id=actor_id)
    Lecture.objects.filter(pk=lecture.pk).update(in_place_of_id=occasion_id)
    ledger.copy_check(from_id=occasion_id, to_id=lecture.pk, written_by_id=actor_id, as_of=as_of)
    if occasion.repeats_id is not None:
        _let_repeat(lecture, of_id=occasion.repeats_id)
    if occasion.state == Occasion.State.NOT_HELD:
        with translation.override(settings.LANGUAGE_CODE):  # stored once, read by everybody
            reason = _("这一场没有举行，已经另外安排。")
        void_lecture(occasion_id=occasion_id, reason=reason, actor_id=actor_id, as_of=as_of)
    return lecture


@transaction.atomic
def repeat_lecture(*, occasion_id: int, plan: LecturePlan, actor_id: int, as_of: dt.datetime) -> Lecture:
    """Schedule a further session of a lecture that was held, for those who missed it (ADR 44).

    It has no questions of its own: nobody is missing there, and who stays away makes up the first with the first's.
    The same plan sent twice is one lecture. Raises UnableToScheduleLecture, also where the other was not held.
    """
    # The first is held: of two clicks at once, the second finds what the first has planned. Not the session itself:
    # whoever holds both takes the first before it.
    occasion = Occasion.objects.get(pk=occasion_id)
    first_id = occasion.repeats_id or occasion.pk
    ledger.hold_training(plan.training_id)
    Occasion.objects.select_for_update(no_key=True).get(pk=first_id)
    known = Lecture.objects.filter(
        occasion__repeats_id=first_id, occasion__starts_at=plan.starts_at, state=State.SCHEDULED
    ).first()
    if known is not None:
        return known
    lecture = schedule_lecture(plan=plan, as_of=as_of, actor_id=actor_id)
    _let_repeat(lecture, of_id=first_id)
    return lecture


def _let_repeat(lecture: Lecture, *, of_id: int) -> None:
    try:
        ledger.make_session(occasion_id=lecture.pk, of_id=of_id)
    except ledger.UnableToPlanOccasion as error:
        raise UnableToScheduleLecture("training", str(error)) from error


def log_plan(action: str, occasion: Occasion, actor_id: int | None) -> None:
    """Write a step of a plan into the log of its training, where somebody took it."""
    # Here, because the media agent runs without Wagtail.
    from wagtail.log_actions import log as log_action  # noqa: PLC0415

    if actor_id is None:
        return
    told = {"occasion": occasion.pk, "title": occasion.title, "starts_at": occasion.starts_at.isoformat()}
    log_action(instance=occasion.training, action=action, user=User.objects.get(pk=actor_id), data=told)


def columns(plan: LecturePlan) -> dict[str, Any]:
    """Return what a lecture stores of its plan, beside its occasion."""
    cap = settings.LIVE_WEBRTC_CAP if plan.webrtc_cap is None else plan.webrtc_cap
    return {"lecturer_id": plan.lecturer_id, "record": plan.record, "webrtc_cap": cap}


def _checked(plan: LecturePlan, *, as_of: dt.datetime, occasion_id: int | None = None) -> LecturePlan:
    """Return the plan with its title tidied, or say at which input it cannot stand."""
    plan = checked_alone(plan, as_of=as_of)
    check_parts(plan, as_of=as_of, occasion_id=occasion_id)
    return plan


def checked_alone(plan: LecturePlan, *, as_of: dt.datetime) -> LecturePlan:
    """Return the plan with its title tidied. Raises UnableToScheduleLecture for what shows in the plan itself."""
    title = " ".join(plan.title.replace("\x00", "").split())
    if not 0 < len(title) <= 120:
        raise UnableToScheduleLecture("title", _("请填写名称，不超过 120 个字。"))
    words = {
        "order": ("ends_at", _("结束时间要晚于开始时间。")),
        "too_long": ("ends_at", _("一场直播不能超过 12 小时。")),
        "past": ("starts_at", _("这个时间已经过去了。")),
    }
    if refusal := lifecycle.plan_refusal(starts_at=plan.starts_at, ends_at=plan.ends_at, as_of=as_of):
        raise UnableToScheduleLecture(*words[refusal])
    return replace(plan, title=title)


def check_parts(plan: LecturePlan, *, as_of: dt.datetime, occasion_id: int | None = None) -> None:
    """Raise UnableToScheduleLecture where training, unit, rule and lecturer of a plan do not go together."""
    training = Training.objects.select_related("node").filter(pk=plan.training_id).first()
    if training is None:
        raise UnableToScheduleLecture("training", _("没有这个培训。"))
    node = Node.objects.filter(pk=plan.node_id).first()
    if node is None or not in_subtree(node, training.node):
        raise UnableToScheduleLecture("node", _("参加范围要在这个培训的范围之内。"))
    rule = Rule.objects.select_related("node").filter(pk=plan.rule_id).first()
    if rule is None:
        raise UnableToScheduleLecture("rule", _("没有这条认定规则。"))
    stored = Occasion.objects.filter(pk=occasion_id).first() if occasion_id else None
    if refusal := why_not_at(rule=rule, node=node, stored=stored):
        raise UnableToScheduleLecture("rule", refusal)
    lecturer = User.objects.filter(pk=plan.lecturer_id, is_active=True).first()
    if lecturer is None or not may_lecture(lecturer, node, on_date=timezone.localdate(as_of)):
        raise UnableToScheduleLecture("lecturer", _("这个人在这里没有讲师职责。"))
