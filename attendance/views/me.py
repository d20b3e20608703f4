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

from attendance.coming import leaves_ahead
from attendance.disputes import answerer_of
from attendance.forms import DisputeForm
from attendance.models import Occasion
from attendance.operations import UnableToRaiseDispute, mark_answers_seen, raise_dispute, settle_dirty
from attendance.personal import held_about
from attendance.queries import occasions_naming
from attendance.sentences import category
from attendance.standing import Standing, due_at, standings_of
from attendance.views.detail import Detail, record_details, step_of
from organizations.models import User
from organizations.permissions import role_required, signed_in


@dataclass(frozen=True, slots=True)
class Own:
    """One of my own occasions as the list shows it; ``until_at``: how long it can still be done, if it is not."""

    occasion: Occasion
    stand: Standing
    until_at: datetime | None


def own_records(member: User, as_of: datetime) -> list[Own]:
    """Return every opened occasion whose roster names ``member``, the newest first; two queries."""
    occasions = list(occasions_naming(member))
    stands = standings_of(occasions=occasions, member_id=member.pk, as_of=as_of)
    return [_own(occasion, stands[occasion.pk], as_of) for occasion in occasions]


def _own(occasion: Occasion, stand: Standing, as_of: datetime) -> Own:
    until = due_at(occasion)
    return Own(occasion, stand, until if stand.is_undone and until > as_of else None)


@require_GET
@never_cache
@role_required()
def me(request: HttpRequest) -> HttpResponse:
    """Show this year's hours and every record by training."""
    member, as_of = signed_in(request), timezone.now()
    settle_dirty(as_of=as_of, member_ids=[member.pk])
    records = own_records(member, as_of)
    year = timezone.localdate(as_of).year
    by_training: defaultdict[str, list[Own]] = defaultdict(list)
    for record in records:
        by_training[record.occasion.training.title].append(record)
    this_year = (one.stand.hours for one in records if timezone.localtime(one.occasion.starts_at).year == year)
    hours = sum(this_year, Decimal(0))
    ahead = [(one, category(one.category)) for one in leaves_ahead(member_id=member.pk)]
    context = {"tab": "me", "hours": hours.normalize(), "year": year, "trainings": list(by_training.items())}
    context["ahead"] = ahead
    return render(request, "attendance/me.html", context)


def _own_context(request: HttpRequest, occasion_id: int, form: DisputeForm) -> dict[str, Any]:
    """Return what the page of one's own record shows: the way to put it right included. Raises Http404."""
    member, as_of = signed_in(request), timezone.now()
    settle_dirty(as_of=as_of, member_ids=[member.pk])
    found: list[Detail] = record_details(member_id=member.pk, occasion_id=occasion_id, as_of=as_of)
    if not found:
        raise Http404
    is_in_time = found[0].due_at > as_of
    step = step_of(found[0], member, as_of)
    answerer = answerer_of(found[0].entry) if found[0].open_dispute else None
    shown = {"tab": "me", "detail": found[0], "form": form, "step": step, "is_in_time": is_in_time}
    return {**shown, "answerer": answerer}


@require_GET
@never_cache
@role_required()
def me_record(request: HttpRequest, occasion_id: int) -> HttpResponse:
    """Show one's own record with all evidence held, why it counted or not, and the ways to put it right."""
    context = _own_context(request, occasion_id, DisputeForm())
    response = render(request, "attendance/me_record.html", context)
    if any(one.answered_at and one.seen_at is None for one in context["detail"].disputes):
        mark_answers_seen(occasion_id=occasion_id, member_id=signed_in(request).pk, as_of=timezone.now())
    return response


@require_POST
@role_required()
def me_dispute(request: HttpRequest, occasion_id: int) -> HttpResponse:
    """Say that one's own record is wrong; the branch secretary answers."""
    form = DisputeForm(request.POST)
    context = _own_context(request, occasion_id, form)
    if not form.is_valid():
        return render(request, "attendance/me_record.html", context, status=422)
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
