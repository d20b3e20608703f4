"""The small world, and a meeting planned in it."""

import datetime as dt
from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from attendance.models import Occasion
from attendance.operations import settle
from meetings.models import Meeting
from meetings.operations import Attendance, GatheringPlan, plan_gathering, write_attendance
from organizations.models import User
from tests.factories.organizations import County, make_county

HOUR = dt.timedelta(hours=1)


@pytest.fixture
def county(db: None) -> County:
    return make_county()


@pytest.fixture
def sign_in() -> Callable[[User], Client]:
    def signed(user: User) -> Client:
        client = Client()
        client.force_login(user)
        return client

    return signed


def whole_hour() -> dt.datetime:
    return timezone.now().replace(minute=0, second=0, microsecond=0)


def gathering(county: County, *, hours_ago: float = 3, form: str = "assembly", **changed: Any) -> Meeting:
    """A meeting of the first branch, two hours long; planned beforehand unless ``as_of`` says otherwise."""
    start = whole_hour() - hours_ago * HOUR
    as_of = changed.pop("as_of", start - HOUR)
    values = {"node_id": county.branch.pk, "title": "", "place": "村部会议室", "chair": "赵书记", **changed}
    plan = GatheringPlan(form_code=form, starts_at=start, ends_at=start + 2 * HOUR, **values)
    return plan_gathering(plan=plan, actor_id=county.secretary.pk, as_of=as_of)


def held(county: County, meeting: Meeting, **said: Any) -> Occasion:
    """Let a meeting be held as planned: the first member and the secretary came, the second was excused, the third
    was absent; judged."""
    first, second, *_others = county.members
    occasion = meeting.occasion
    listed = [*(one.pk for one in county.members), county.secretary.pk]
    values = {
        "present": {first.pk: None, county.secretary.pk: None}, "excused": {second.pk: "duty"}, "listed": listed,
        "started_at": occasion.starts_at, "ended_at": occasion.ends_at, **said,
    }  # fmt: skip
    now = timezone.now()
    write_attendance(occasion_id=meeting.pk, attendance=Attendance(**values), actor_id=county.secretary.pk, as_of=now)
    settle(occasion_id=meeting.pk, as_of=now)
    occasion.refresh_from_db()
    return occasion


def states(occasion: Occasion) -> dict[str, str]:
    return dict(occasion.records.order_by("member_id").values_list("member__name", "stands"))
