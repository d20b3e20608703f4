"""What members say about their records: the card that reaches whoever answers, the list, and the answer itself."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.contrib import messages
from django.core.paginator import Paginator
from django.db import transaction
from django.db.models import Count, Window
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_http_methods

from attendance import operations, queries
from attendance.disputes import answered_lately, waiting_below, waiting_for, waiting_in
from attendance.forms import AnswerForm
from attendance.models import Dispute, RecordState
from attendance.permissions import NAMES, may_record_for
from attendance.reports.base import Scope
from attendance.views.detail import record_details
from attendance.views.shared import log_visit
from organizations.models import User
from organizations.permissions import has_role, role_required, signed_in

A_PAGE = 50
A_FEW = 3


@dataclass(frozen=True)
class Desk:
    """What 今天 says of disputes: how many wait for this person's answer and which longest, and what was answered."""

    waiting: int
    oldest: Dispute | None
    answered: list[Dispute]


@dataclass(frozen=True)
class Disputes:
    """What waits for an answer in one training below one unit: the oldest few, and how many there are."""

    first: Sequence[Dispute]
    count: int

    @classmethod
    def of(cls, scope: Scope) -> "Disputes":
        """Read them, in one query."""
        found = waiting_below(training_id=scope.training.pk, path=scope.node.path).annotate(among=Window(Count("pk")))
        first = list(found[:A_FEW])
        return cls(first, first[0].among if first else 0)


def desk_of(user: User, *, as_of: datetime, with_answers: bool = True) -> Desk:
    """Return the disputes that are this person's business today; two queries more for a secretary.

    It names nobody: no read to write down.
    """
    waiting, oldest = 0, None
    if has_role(user, *NAMES):
        mine = waiting_for(user)
        waiting, oldest = mine.count(), mine.first()
    return Desk(waiting, oldest, list(answered_lately(user, as_of=as_of)[:A_FEW]) if with_answers else [])


@require_GET
@never_cache
@role_required(*NAMES)
def branch_disputes(request: HttpRequest) -> HttpResponse:
    """List what waits for one's own answer, the oldest first; then what secretaries below are asked."""
    user = signed_in(request)
    below = waiting_in(user).exclude(pk__in=waiting_for(user).order_by().values("pk"))
    with transaction.atomic():
        page = Paginator(waiting_for(user), A_PAGE).get_page(request.GET.get("page"))
        shown = [*page, *(further := list(below[:A_PAGE]))]
        named = [one.member_id for one in shown]
        log_visit(reader_id=user.pk, subject_ids=named, what="dispute", as_of=timezone.now())
    context = {
        "tab": "branch",
        "page": page,
        "below": further,
        "below_count": below.count(),
        "as_of": timezone.now(),
    }
    return render(request, "attendance/branch_disputes.html", context)


@never_cache
@require_http_methods(["GET", "POST"])
@role_required(*NAMES)
@transaction.atomic
def branch_answer(request: HttpRequest, dispute_id: int) -> HttpResponse:
    """Answer somebody's dispute beside all that is held, and say in the same step what becomes of the result."""
    user = signed_in(request)
    dispute = get_object_or_404(queries.disputes(), pk=dispute_id)
    about: dict[str, Any] = {"member_id": dispute.member_id, "as_of": timezone.now()}
    if dispute.member_id == user.pk or not may_record_for(user, occasion=dispute.occasion, member_id=dispute.member_id):
        raise Http404
    (detail,) = record_details(occasion_id=dispute.occasion_id, **about)
    form = AnswerForm(request.POST or None, stands=detail.state)
    if form.is_valid() and _answered(request, dispute, form, user):
        return redirect("branch_disputes")
    log_visit(reader_id=user.pk, subject_ids=[dispute.member_id], as_of=about["as_of"])
    context = {"tab": "branch", "dispute": dispute, "detail": detail, "form": form}
    return render(request, "attendance/branch_answer.html", context, status=422 if request.method == "POST" else 200)


def _answered(request: HttpRequest, dispute: Dispute, form: AnswerForm, user: User) -> bool:
    outcome = form.cleaned_data["outcome"]
    correct_to = "" if outcome == AnswerForm.STAYS else outcome
    try:
        with transaction.atomic():
            operations.answer_dispute(
                dispute_id=dispute.pk,
                answer=form.cleaned_data["answer"],
                answered_by_id=user.pk,
                as_of=timezone.now(),
                correct_to=correct_to,
            )
    except operations.UnableToAnswerDispute as error:
        form.add_error(None, str(error))
        dispute.refresh_from_db()
        return False
    said = _("已答复%(name)s，结果更正为“%(state)s”。") if correct_to else _("已答复%(name)s，结果没有改动。")
    label = RecordState(correct_to).label if correct_to else ""
    messages.success(request, said % {"name": dispute.member.name, "state": label})
    return True
