"""What several pages of meetings need: the unit or 404, the meeting or 404, the year, what the access log is told."""

import datetime as dt
from collections.abc import Collection

from django.http import Http404, HttpRequest
from django.urls import reverse
from django.utils import timezone

from attendance.plan_forms import FIRST_YEAR, LAST_YEAR
from attendance.views.shared import number_or_none
from meetings.models import Meeting
from meetings.permissions import Access, access_to, node_for
from organizations.models import Node, Role
from organizations.operations import ONE_VISIT, log_list
from organizations.permissions import signed_in

MOST_PEOPLE = 1000  # of one meeting by name; a larger one is read unit by unit


def asked_node(request: HttpRequest) -> int | None:
    """Return the unit that the address asks for."""
    return number_or_none(request.GET.get("node") or request.POST.get("node"))


def node_or_404(request: HttpRequest) -> Node:
    """Return the unit at ``?node=`` (or the first own one) whose meetings the reader may see."""
    node = node_for(signed_in(request), asked_node(request))
    if node is None:
        raise Http404
    return node


def access_or_404(request: HttpRequest, occasion_id: int) -> Access:
    """Return what the reader may do with a meeting; 404 where they may not know of it."""
    access = access_to(signed_in(request), occasion_id, node_id=asked_node(request))
    if access is None:
        raise Http404
    return access


def year_of_request(request: HttpRequest, *, today: dt.date) -> int:
    """Return the year at ``?year=``, this one unless given."""
    year = number_or_none(request.GET.get("year"), most=LAST_YEAR) or today.year
    if year < FIRST_YEAR:
        raise Http404
    return year


def today_of(as_of: dt.datetime) -> dt.date:
    return timezone.localdate(as_of)


def address_of(access: Access) -> str:
    """Return the page of a meeting, for the same unit."""
    page = reverse("meeting", args=[access.meeting.pk])
    is_own = access.node is None or access.node == access.meeting.occasion.node
    return page if is_own or access.node is None else f"{page}?node={access.node.pk}"


def log_book(
    request: HttpRequest,
    meeting: Meeting,
    node: Node,
    *,
    member_ids: Collection[int],
    as_of: dt.datetime,
    form: str = "",
) -> None:
    """Write down that a secretary read who came to a meeting, in the transaction of the read; a file each time."""
    log_list(
        reader_id=signed_in(request).pk,
        node_id=node.pk,
        member_ids=member_ids,
        what="book",
        as_of=as_of,
        role=Role.SECRETARY,
        about=meeting.occasion.training_id,
        title=meeting.occasion.title,
        reason=form,
        once_in=None if form else ONE_VISIT,
    )


def log_people(request: HttpRequest, node: Node, *, member_ids: Collection[int], as_of: dt.datetime) -> None:
    """Write down that a secretary saw who belongs to a unit, to choose from."""
    log_list(
        reader_id=signed_in(request).pk,
        node_id=node.pk,
        member_ids=member_ids,
        what="unit",
        as_of=as_of,
        role=Role.SECRETARY,
    )
