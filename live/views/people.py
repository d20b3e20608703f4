"""Who is in the room now, for its hosts: searched, filtered by unit and paged on the server."""

from django.db import transaction
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.utils import timezone
from django.views.decorators.http import require_GET

from live.models import Lecture
from live.permissions import may_host
from live.queries.people import MOST_SOUGHT, people_in, units_in
from live.views.access import lecture_json
from organizations.operations import log_list
from organizations.permissions import signed_in

MOST_UNITS = 8  # a screen of a phone; a search finds the others


@require_GET
@lecture_json(may_host, meets=True)
@transaction.atomic
def people(request: HttpRequest, lecture: Lecture) -> HttpResponse:
    """One page of the members who are in, by name, and of which units; what is read is written down.

    ``unit``: of one unit; ``of``: of units whose name has this. Of thousands of units the first that fit are named.
    """
    now = timezone.now()
    sought, of = _words(request, "q"), _words(request, "of")
    unit_id = _number(request, "unit")
    page = people_in(
        lecture.pk, sought=sought, unit_id=unit_id, of=of, page=_number(request, "page") or 1, as_of=now,
    )  # fmt: skip
    log_list(
        reader_id=signed_in(request).pk,
        node_id=lecture.occasion.node_id,
        member_ids=[one.member for one in page.rows],
        what="live",
        about=lecture.pk,
        title=lecture.occasion.title,
        reason=" · ".join(word for word in (sought, of, f"#{unit_id}" if unit_id else "") if word),
        as_of=now,
        is_refreshed=True,
    )
    units = [{"id": pk, "name": name, "n": count} for pk, name, count in units_in(lecture.pk, as_of=now) if of in name]
    rows = [{"member": one.member, "name": one.name, "unit": one.unit} for one in page.rows]
    found = {"found": page.found, "page": page.page, "pages": page.pages, "rows": rows}
    return JsonResponse(found | {"units": units[:MOST_UNITS], "more_units": len(units[MOST_UNITS:])})


def _words(request: HttpRequest, name: str) -> str:
    return request.GET.get(name, "").replace("\x00", "").strip()[:MOST_SOUGHT]


def _number(request: HttpRequest, name: str) -> int:
    """Return a number of the address, 0 for anything else."""
    text = request.GET.get(name, "")
    return int(text) if text.isascii() and text.isdigit() and len(text) < 16 else 0
