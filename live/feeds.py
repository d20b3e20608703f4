"""What of lectures stands in a person's calendar beside what they are expected at (``settings.CALENDARS``)."""

import datetime as dt

from django.urls import reverse
from django.utils.translation import gettext as _

from attendance.calendars import Entry
from live.models import CancelledLecture, Lecture
from live.queries.lectures import cancelled_for, lectures_for
from organizations.models import User

MOST = 200


def entries(person: User, *, since: dt.datetime, until: dt.datetime) -> list[Entry]:
    """Return the lectures that a person gives or organises between two moments, and those cancelled that concern them.

    The same number of queries always.
    """
    mine = lectures_for(person).filter(
        state__in=[Lecture.State.SCHEDULED, Lecture.State.LIVE],
        occasion__ends_at__gte=since,
        occasion__starts_at__lte=until,
    )
    found = [_given(person, one) for one in mine.order_by("occasion__starts_at", "pk")[:MOST]]
    off = cancelled_for(person).filter(ends_at__gte=since, starts_at__lte=until)
    return found + [_cancelled(one) for one in off.order_by("starts_at", "pk")[:MOST]]


def _given(person: User, lecture: Lecture) -> Entry:
    plan = lecture.occasion
    is_own = lecture.lecturer_id == person.pk
    note = _("由您主讲") if is_own else _("讲师 %(name)s") % {"name": lecture.lecturer.name}
    return Entry(
        plan.pk, plan.title, plan.starts_at, plan.ends_at, plan.node.name, reverse("live_host", args=[plan.pk]),
        plan.revision, note=note,
    )  # fmt: skip


def _cancelled(one: CancelledLecture) -> Entry:
    path = reverse("live_link", args=[one.code]) if one.code else reverse("today")
    return Entry(
        one.occasion_id, one.title, one.starts_at, one.ends_at, one.node.name, path, one.revision, is_cancelled=True
    )
