"""Corrections that wait for a second person: the list, and the word on one."""

from dataclasses import dataclass
from typing import Any

from django.contrib import messages
from django.core.paginator import Paginator
from django.db import transaction
from django.db.models import Count, Window
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_http_methods

from attendance import operations
from attendance.leave_forms import ReviewForm
from attendance.models import CorrectionReview
from attendance.queries.listing import unit_on_roster
from attendance.queries.reviewing import SECOND, may_review, proposed_by, reviews, waiting_for_second
from attendance.sentences.records import month_day, sentence
from attendance.standing import state_label
from attendance.views.shared import log_visit
from organizations.models import User
from organizations.permissions import role_required, signed_in

A_PAGE = 50


@dataclass(frozen=True)
class ReviewRow:
    """One proposed correction in a list: whose, from what to what, by whom and why it needs a second person."""

    name: str
    texts: list[str]
    url: str

    @classmethod
    def of(cls, one: CorrectionReview) -> "ReviewRow":
        correction, record = one.correction, one.record
        said = {"was": state_label(record.stands), "state": correction.get_state_display()}
        by = {"day": month_day(correction.at), "author": correction.author.name, "why": one.get_why_display()}
        texts = [
            f"{record.occasion.title} · {one.entry_unit}",  # type: ignore[attr-defined]
            _("“%(was)s”更正为“%(state)s”") % said,
            _("%(day)s %(author)s提出（%(why)s）") % by,
        ]
        return cls(record.member.name, texts, reverse("branch_correction", args=[one.pk]))

    @property
    def label(self) -> str:
        """What its page is called where the row is not seen."""
        return _("查看") + _("：") + self.name


def waiting_card(user: User) -> tuple[str, str, str, str] | None:
    """Return what somebody has to review, as title, text, address and step; None for nothing. One query."""
    oldest = waiting_for_second(user).annotate(among=Window(Count("pk"))).first()
    if oldest is None:
        return None
    title = ngettext("%(waiting)s 条更正等您复核", "%(waiting)s 条更正等您复核", oldest.among)
    since = {"day": month_day(oldest.correction.at), "unit": oldest.entry_unit}  # type: ignore[attr-defined]
    text = _("最早的是 %(day)s，%(unit)s") % since
    return title % {"waiting": oldest.among}, text, reverse("branch_corrections"), _("去复核 ›")


@require_GET
@never_cache
@role_required(*SECOND)
def branch_corrections(request: HttpRequest) -> HttpResponse:
    """List the corrections on which one can say the second word, and one's own that wait for somebody else's."""
    user, as_of = signed_in(request), timezone.now()
    with transaction.atomic():
        page = Paginator(waiting_for_second(user), A_PAGE).get_page(request.GET.get("page"))
        own = list(proposed_by(user)[:A_PAGE])
        named = [one.record.member_id for one in (*page, *own)]
        log_visit(reader_id=user.pk, subject_ids=named, what="correction", as_of=as_of)
    context = {
        "tab": "branch",
        "page": page,
        "waiting": [ReviewRow.of(one) for one in page],
        "own": [ReviewRow.of(one) for one in own],
    }
    return render(request, "attendance/branch_corrections.html", context)


@never_cache
@require_http_methods(["GET", "POST"])
@role_required(*SECOND)
def branch_correction(request: HttpRequest, review_id: int) -> HttpResponse:
    """Show a proposed correction beside what was judged; approve or refuse it, or take one's own back."""
    user, as_of = signed_in(request), timezone.now()
    review = get_object_or_404(reviews(), pk=review_id)
    node = unit_on_roster(occasion_id=review.record.occasion_id, member_id=review.record.member_id)
    is_author = review.correction.author_id == user.pk
    if node is None or not (is_author or may_review(user, review, node)):
        raise Http404
    form = ReviewForm(request.POST or None)
    if request.method == "POST" and form.is_valid() and _decided(request, review, form, is_author=is_author):
        return redirect("branch_corrections")
    with transaction.atomic():
        log_visit(reader_id=user.pk, subject_ids=[review.record.member_id], what="correction", as_of=as_of)
    waits = review.state == CorrectionReview.State.WAITING
    context = {
        "tab": "branch",
        "review": review,
        "row": ReviewRow.of(review),
        "reasons": _reasons(review),
        "form": form,
        "may_decide": waits and not is_author,
        "may_withdraw": waits and is_author,
        "became": "" if waits else _became(review),
    }
    status = 422 if request.method == "POST" else 200
    return render(request, "attendance/branch_correction.html", context, status=status)


def _reasons(review: CorrectionReview) -> list[str]:
    """Return why the record is what it is, in words."""
    basis = review.record.occasion.rule.basis
    return [text for reason in review.record.reasons if (text := sentence(reason, basis=basis))]


def _became(review: CorrectionReview) -> str:
    name = review.decided_by.name if review.decided_by else ""
    day = month_day(review.decided_at) if review.decided_at else ""
    said = f"{day} {name} {review.get_state_display()}"
    return said + _("：") + review.reason if review.reason else said


def _decided(request: HttpRequest, review: CorrectionReview, form: ReviewForm, *, is_author: bool) -> bool:
    user, as_of = signed_in(request), timezone.now()
    do = request.POST.get("do")
    by: dict[str, Any] = {"review_id": review.pk, "as_of": as_of}
    try:
        if is_author:
            operations.withdraw_correction(**by, author_id=user.pk)
            said = _("已撤回这个更正，结果没有改动。")
        else:
            is_approved = do == "approve"
            reason = form.cleaned_data["reason"]
            operations.decide_correction(**by, is_approved=is_approved, reason=reason, decided_by_id=user.pk)
            said = _("已复核同意，更正现在生效。") if is_approved else _("没有同意，结果没有改动。")
    except operations.UnableToReview as error:
        form.add_error("reason", str(error))
        review.refresh_from_db()
        return False
    messages.success(request, said)
    return True
