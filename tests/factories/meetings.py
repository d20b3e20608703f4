"""Meetings by video for tests, planned through the real operations."""

import datetime as dt
from typing import Any

from django.utils import timezone

from live.models import Lecture
from live.operations import go_live, schedule_meeting
from meetings.operations import GatheringPlan
from tests.factories.organizations import County

HOUR = dt.timedelta(hours=1)
AGENDA = "学习防汛预案\n通报党费"


def meeting_plan(world: County, **fields: Any) -> GatheringPlan:
    """A meeting of the first branch, begun ten minutes ago."""
    start = fields.pop("starts_at", None) or timezone.now() - dt.timedelta(minutes=10)
    values = {"node_id": world.branch.pk, "form_code": "assembly", "title": "", "place": "线上", "agenda": AGENDA}
    return GatheringPlan(starts_at=start, ends_at=start + HOUR, **{**values, **fields})


def make_meeting(world: County, *, lobby: bool = False, **fields: Any) -> Lecture:
    """Planned by the branch's secretary, not begun."""
    plan = meeting_plan(world, **fields)
    host = world.secretary.pk
    return schedule_meeting(plan=plan, has_lobby=lobby, host_id=host, as_of=plan.starts_at - HOUR)


def make_live_meeting(world: County, **fields: Any) -> Lecture:
    """The same, begun as planned."""
    lecture = make_meeting(world, **fields)
    go_live(occasion_id=lecture.pk, as_of=lecture.occasion.starts_at)
    lecture.refresh_from_db()
    return lecture
