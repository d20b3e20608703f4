"""A person's own records: hours, every occasion, everything it rests on, and saying that something is wrong."""

from collections import defaultdict
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_POST

from attendance.disputes import answerer_of
from attendance.forms import DisputeForm
from attendance.models import RecordState, RosterEntry
from attendance.operations import UnableToRaiseDispute, mark_answers_seen, raise_dispute
from attendance.personal import held_about
from attendance.reports.standing import with_standing
from attendance.views.detail import Detail, record_details
from attendance.views.shared import signed_in
from organizations.models import User
from organizations.permissions import role_required

DONE = (RecordState.ATTENDED, RecordState.MADE_UP)


@dataclass(frozen=True, slots=True)
class Own:
    """One of my own occasions as the list shows it."""

    occasion_id: int
    title: str
    starts_at: datetime
    training: str
    state: str
    hours: Decimal
    union_ms: int


def own_records(member: User) -> list[Own]:
    """Return every opened occasion whose roster names ``member``, the newest first; one query."""
    rows = with_standing(RosterEntry.objects.filter(member=member)).order_by("-occasion__starts_at", "-occasion_id")
    fields = (
        "occasion_id", "occasion__title", "occasion__starts_at", "occasion__training__title", "stands", "rec__hours",
        "rec__union_ms",
    )  # fmt: skip
    return [
        Own(pk, title, starts_at, training, state, hours or Decimal(0), union_ms or 0)
        for pk, title, starts_at, training, state, hours, union_ms in rows.values_list(*fields)
    ]


@require_GET
@never_cache
@role_required()
def me(request: HttpRequest) -> HttpResponse:
    """Show this year's hours and every record by training."""
    records = own_records(signed_in(request))
    year = timezone.localdate().year
    by_training: defaultdict[str, list[Own]] = defaultdict(list)
    for record in records:
        by_training[record.training].append(record)
    hours = sum(
        (one.hours for one in records if one.state in DONE and timezone.localtime(one.starts_at).year == year),
        Decimal(0),
    )
    context = {"tab": "me", "hours": hours.normalize(), "year": year, "trainings": list(by_training.items())}
    return render(request, "attendance/me.html", context)


def _own_detail(request: HttpRequest, occasion_id: int) -> Detail:
    found = record_details(member_id=signed_in(request).pk, occasion_id=occasion_id, as_of=timezone.now())
    if not found:
        raise Http404
    return found[0]


@require_GET
@never_cache
@role_required()
def me_record(request: HttpRequest, occasion_id: int) -> HttpResponse:
    """Show one's own record with all evidence held, why it counted or not, and the way to dispute it."""
    detail = _own_detail(request, occasion_id)
    response = render(request, "attendance/me_record.html", _record_page(detail, DisputeForm()))
    if any(one.answered_at and one.seen_at is None for one in detail.disputes):
        mark_answers_seen(occasion_id=occasion_id, member_id=signed_in(request).pk, as_of=timezone.now())
    return response


def _record_page(detail: Detail, form: DisputeForm) -> dict[str, Any]:
    answerer = answerer_of(detail.entry) if detail.open_dispute else None
    return {"tab": "me", "detail": detail, "form": form, "answerer": answerer}


@require_POST
@role_required()
def me_dispute(request: HttpRequest, occasion_id: int) -> HttpResponse:
    """Say that one's own record is wrong; the branch secretary answers."""
    detail = _own_detail(request, occasion_id)
    form = DisputeForm(request.POST)
    if not form.is_valid():
        return render(request, "attendance/me_record.html", _record_page(detail, form), status=422)
    try:
        raise_dispute(
            occasion_id=occasion_id,
            member_id=signed_in(request).pk,
            text=form.cleaned_data["text"],
            as_of=timezone.now(),
        )
    except UnableToRaiseDispute as error:
        messages.warning(request, str(error))
    else:
        messages.success(request, _("已经提交，支部书记会看到并答复。"))
    return redirect("me_record", occasion_id)


@require_GET
@never_cache
@role_required()
def me_data(request: HttpRequest) -> JsonResponse:
    """Send everything held about oneself, and about nobody else, as one JSON file."""
    data = held_about(signed_in(request), timezone.now())
    response = JsonResponse(data, json_dumps_params={"ensure_ascii": False, "indent": 1})
    response.headers["Content-Disposition"] = 'attachment; filename="my-data.json"'
    return response
