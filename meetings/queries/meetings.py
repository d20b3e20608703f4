"""Meetings as pages list and show them. Nothing here writes."""

import datetime as dt
from collections.abc import Collection
from typing import Any

from django.db.models import Q, QuerySet
from django.utils import timezone

from attendance.models import Named, Occasion, RosterEntry, Training
from meetings.models import Meeting, Minutes
from organizations.models import Membership, Node, NodeKind, User
from organizations.queries import members_at

KIND = "gathering"


def meetings() -> QuerySet[Meeting]:
    """Every occasion that has a form, with what a page says of it; nothing of drafts."""
    found = Meeting.objects.select_related("occasion__node", "occasion__training", "occasion__rule", "entered_by")
    return found.exclude(occasion__training__state=Training.State.DRAFT)


def meeting_at(occasion_id: int) -> Meeting | None:
    """Return the book of one occasion, or None."""
    return meetings().filter(pk=occasion_id).first()


def form_code_at(occasion_id: int) -> str:
    """Return which form an occasion has, of a draft too; "": none."""
    return Meeting.objects.filter(pk=occasion_id).values_list("form_code", flat=True).first() or ""


def touching(node: Node) -> Q:
    """Return the condition of meetings that concern a unit: its own, those below, and those from above at which
    everybody is expected (a meeting of named people above is theirs, not the unit's)."""
    above = [path for path in node.line_paths() if path != node.path]
    return Q(occasion__node__path__startswith=node.path) | Q(
        occasion__node__path__in=above, occasion__is_named=False, audience="all"
    )


def between(start: dt.date, end: dt.date) -> Q:
    """Return the condition of meetings that begin in ``[start, end)``, in the organisation's days."""
    return Q(occasion__starts_at__gte=_midnight(start), occasion__starts_at__lt=_midnight(end))


def meetings_of(node: Node, *, start: dt.date, end: dt.date) -> QuerySet[Meeting]:
    """Return the meetings that concern a unit in ``[start, end)``, in their order; voided ones too."""
    found = meetings().filter(touching(node), between(start, end))
    return found.order_by("occasion__starts_at", "occasion_id")


def unregistered(*, as_of: dt.datetime) -> QuerySet[Meeting]:
    """Return the meetings in person whose time is over and of which it is not written down who came, the oldest first.
    One that was written down before its end is among them: it is written down once more when it has ended."""
    open_ones = (Occasion.State.SCHEDULED, Occasion.State.OPEN)
    found = meetings().filter(occasion__kind=KIND, occasion__state__in=open_ones, occasion__ends_at__lte=as_of)
    return found.order_by("occasion__starts_at", "pk")


def minutes_of(occasion_ids: Collection[int]) -> dict[int, Minutes]:
    """Return the version of the minutes that holds, by occasion; one query."""
    rows = Minutes.objects.filter(meeting_id__in=occasion_ids).select_related("written_by").order_by("number")
    return {one.meeting_id: one for one in rows}


def people_of(node: Node, *, on_date: dt.date, most: int) -> list[Membership]:
    """Return who belongs to a unit on a day, the first ``most`` of them, by unit and name."""
    return list(members_at(node=node, on_date=on_date).order_by("node__path", "member__name", "member_id")[:most])


def groups_in(node: Node, *, most: int) -> list[Node]:
    """Return the open party groups below a unit, the first ``most`` of them, in the order of the tree."""
    below = Node.objects.filter(path__startswith=node.path, kind=NodeKind.GROUP, closed_date=None).exclude(pk=node.pk)
    return list(below.order_by("path")[:most])


def named_at(occasion_id: int) -> list[int]:
    """Return whom an occasion names, by key."""
    return list(Named.objects.filter(occasion_id=occasion_id).values_list("member_id", flat=True))


def last_named(node: Node, *, form_code: str) -> set[int]:
    """Return whom the last meeting of a form in this unit named: its committee, as the unit last said it."""
    last = Meeting.objects.filter(occasion__node=node, form_code=form_code, occasion__is_named=True)
    newest = list(last.order_by("-occasion__starts_at", "-pk").values_list("pk", flat=True)[:1])
    return set(Named.objects.filter(occasion_id__in=newest).values_list("member_id", flat=True))


def roster_below(occasion: Occasion, node: Node) -> QuerySet[RosterEntry]:
    """Return who of a part of the tree stands on the roster, by unit and name."""
    rows = RosterEntry.objects.filter(occasion=occasion, node__path__startswith=node.path)
    return rows.select_related("member", "node").order_by("node__path", "member__name", "member_id")


def personal_data(user: User) -> dict[str, Any]:
    """Return which meetings name a person, and what they wrote down, for their own download."""
    named = Named.objects.filter(member=user).order_by("occasion_id")
    written = Minutes.objects.filter(written_by=user).order_by("written_at")
    return {
        "meetings_naming": list(named.values("occasion_id", "occasion__title", "occasion__starts_at")),
        "minutes_written": list(written.values("meeting_id", "number", "studied", "decisions", "written_at")),
    }


def _midnight(day: dt.date) -> dt.datetime:
    return timezone.make_aware(dt.datetime.combine(day, dt.time.min))
