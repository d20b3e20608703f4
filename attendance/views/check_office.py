"""小测题目: an organiser writes, previews, changes and withdraws the check of understanding of an occasion."""

from typing import Any

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST

from attendance.check_forms import QuestionSet, SettingsForm, initial_of, plan_of
from attendance.core.check import MOST_QUESTIONS
from attendance.models import Check, CheckQuestion, Occasion
from attendance.operations.checks import CheckPlan, UnableToSaveCheck, check_plan, save_check, withdraw_check
from attendance.queries import CALLED_OFF, occasions
from attendance.queries.checks import answered_so_far, asks_check, latest_check, touched_by_check
from attendance.sentences.checks import Asking, missing_words, withdrawing_words
from attendance.sentences.rules import rule_of_occasion
from organizations.models import Role
from organizations.permissions import has_role, signed_in


def own_occasion(request: HttpRequest, occasion_id: int) -> Occasion:
    """Return an occasion of the organiser's part of the tree; a neighbour's does not exist. Raises Http404."""
    found = get_object_or_404(occasions(), pk=occasion_id)
    if not has_role(request.user, Role.ORGANISER, node=found.node):
        raise Http404
    return found


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def edit(request: HttpRequest, occasion_id: int) -> HttpResponse:
    """Write the questions of an occasion; what is wrong is said at its place, and nothing typed is lost."""
    occasion = own_occasion(request, occasion_id)
    latest = latest_check(occasion.pk)
    if request.method != "POST":
        first, drafts = initial_of(latest)
        return _page(request, occasion, latest, SettingsForm(initial=first), QuestionSet(initial=drafts, prefix="q"))
    settings, questions = SettingsForm(request.POST), QuestionSet(_with_more(request), prefix="q")
    if "more" in request.POST:
        return _page(request, occasion, latest, settings, questions)
    if not (settings.is_valid() and questions.is_valid()):
        return _page(request, occasion, latest, settings, questions, status=422)
    plan, written = plan_of(settings, questions)
    try:
        made = save_check(
            occasion_id=occasion.pk, plan=plan, seen_version=settings.cleaned_data["seen_version"],
            written_by_id=signed_in(request).pk, as_of=timezone.now(),
        )  # fmt: skip
    except UnableToSaveCheck as error:
        at: Any = written[error.number - 1] if error.number else settings
        at.add_error(None, str(error))
        return _page(request, occasion, latest, settings, questions, status=422)
    messages.success(request, _("小测已保存（第 %(version)s 版）。") % {"version": made.version})
    return redirect("attendance_check", occasion.pk)


def _with_more(request: HttpRequest) -> Any:
    """Return what was sent, with one more empty question where that was asked for."""
    data = request.POST.copy()
    count = data.get("q-TOTAL_FORMS", "")
    if "more" in data and count.isascii() and count.isdigit() and len(count) < 3:
        data["q-TOTAL_FORMS"] = str(min(int(count) + 1, MOST_QUESTIONS))
    return data


def _page(
    request: HttpRequest, occasion: Occasion, latest: Check | None, settings: Any, questions: Any, status: int = 200
) -> HttpResponse:
    people, asked = answered_so_far(latest) if latest is not None else (0, [])
    context = {
        "occasion": occasion, "settings": settings, "questions": questions, "latest": latest,
        "rule": rule_of_occasion(occasion), "missing": missing_words(occasion), "is_asked": asks_check(occasion),
        "is_called_off": occasion.state in CALLED_OFF, "people": people, "asked": asked,
        "may_withdraw": occasion.check_asked is not None, "may_add": len(questions.forms) < MOST_QUESTIONS,
    }  # fmt: skip
    return render(request, "attendance/admin/check.html", context, status=status)


@never_cache
@require_POST
def preview(request: HttpRequest, occasion_id: int) -> HttpResponse:
    """Show what stands in the form as a member sees it on the phone; nothing is saved."""
    occasion = own_occasion(request, occasion_id)
    settings, questions = SettingsForm(request.POST), QuestionSet(request.POST, prefix="q")
    refused, rows = _("还有没填好的地方，请回到上一页看看。"), []
    if settings.is_valid() and questions.is_valid():
        plan, _written = plan_of(settings, questions)
        try:
            check_plan(plan)
        except UnableToSaveCheck as error:
            refused = (
                _("第 %(number)s 题：%(why)s") % {"number": error.number, "why": error} if error.number else str(error)
            )
        else:
            refused, rows = "", _as_seen(plan)
    context = {"occasion": occasion, "rows": rows, "refused": refused}
    return render(request, "attendance/check_preview.html", context, status=422 if refused else 200)


def _as_seen(plan: CheckPlan) -> list[Asking]:
    found = []
    for number, draft in enumerate(plan.questions, 1):
        question = CheckQuestion(number=number, kind=draft.kind.value, text=draft.text, choices=list(draft.choices))
        found.append(Asking.of(question, of=len(plan.questions), order=tuple(range(len(draft.choices)))))
    return found


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def withdraw(request: HttpRequest, occasion_id: int) -> HttpResponse:
    """Ask for the check of an occasion no more; says first whom that touches."""
    occasion = own_occasion(request, occasion_id)
    if request.method != "POST" and occasion.check_asked is not None:
        context = {
            "occasion": occasion,
            "title": _("撤下小测"),
            "text": withdrawing_words(touched_by_check(occasion)),
            "back": reverse("attendance_check", args=[occasion.pk]),
        }
        return render(request, "attendance/admin/ask.html", context)
    try:
        withdraw_check(occasion_id=occasion.pk, as_of=timezone.now())
    except UnableToSaveCheck as error:
        messages.error(request, str(error))
    else:
        messages.success(request, _("小测已撤下：以后不再要求，已经看够的算作已补学。答过的都保存着。"))
    return redirect("attendance_check", occasion.pk)
