"""Planning a meeting in a live room: its occasion and book as those of a meeting in person, and a room to it."""

import datetime as dt

import structlog
from django.db import transaction
from django.utils.translation import gettext as _

from live.models import Lecture
from live.operations.meeting_notes import plan_agenda
from meetings.models import Meeting
from meetings.operations import GatheringPlan, UnableToPlanMeeting, change_gathering, plan_gathering

log = structlog.get_logger(__name__)
KIND = "meeting"


@transaction.atomic
def schedule_meeting(*, plan: GatheringPlan, has_lobby: bool, host_id: int, as_of: dt.datetime) -> Lecture:
    """Plan a meeting that ``host_id`` leads. Raises UnableToPlanMeeting."""
    if plan.ends_at <= as_of:
        raise UnableToPlanMeeting("ends_at", _("这个时间已经过去。已经开过的会，请用“现场会议”补登。"))
    book = plan_gathering(plan=plan, actor_id=host_id, as_of=as_of, kind=KIND)
    lecture = Lecture.objects.create(
        occasion=book.occasion, lecturer_id=host_id, kind=Lecture.Kind.MEETING, record=False, has_lobby=has_lobby
    )
    plan_agenda(occasion_id=lecture.pk, items=book.agenda_items, actor_id=host_id, as_of=as_of)
    log.info("meeting_scheduled", occasion=lecture.pk, form=plan.form_code, actor_id=host_id)
    return lecture


@transaction.atomic
def reschedule_meeting(
    *, occasion_id: int, plan: GatheringPlan, has_lobby: bool, actor_id: int, as_of: dt.datetime
) -> None:
    """Change a meeting that has not begun. Raises UnableToPlanMeeting."""
    if plan.ends_at <= as_of:
        raise UnableToPlanMeeting("ends_at", _("这个时间已经过去，请选以后的时间。"))
    held = Lecture.objects.select_for_update(no_key=True).filter(pk=occasion_id, state=Lecture.State.SCHEDULED)
    if not held.update(has_lobby=has_lobby):
        raise UnableToPlanMeeting("", _("会议已经开始，不能再修改安排。"))
    before = Meeting.objects.get(pk=occasion_id).agenda_items
    change_gathering(occasion_id=occasion_id, plan=plan, actor_id=actor_id, as_of=as_of)
    items = Meeting.objects.get(pk=occasion_id).agenda_items
    if items != before:  # else what was written into the room's agenda meanwhile stays
        plan_agenda(occasion_id=occasion_id, items=items, actor_id=actor_id, as_of=as_of)
    log.info("meeting_rescheduled", occasion=occasion_id, actor_id=actor_id)
