"""练习: an organiser makes, changes, previews and withdraws quizzes of their units, and reads how they went."""

import secrets
from collections.abc import Sequence
from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from organizations.models import Role
from organizations.office import own, own_nodes, shelf
from organizations.permissions import open_nodes, role_required, signed_in
from organizations.uses import uses_of
from quizzes import operations
from quizzes.core.drawing import drawn
from quizzes.forms import QuizForm, quiz_initial
from quizzes.models import Answer, Attempt, Quiz
from quizzes.queries.bank import newest_versions, pools_of, quiz_in, quizzes_in, tags_in
from quizzes.queries.shortage import drawable
from quizzes.queries.statistics import went
from quizzes.sentences import (
    asking_of,
    parts_words,
    quiz_lines,
    right_words,
    rule_lines,
    short_words,
    told,
    went_words,
)
from quizzes.views.office import A_PAGE, seen_now


def own_quiz(request: HttpRequest, quiz_id: int) -> Quiz:
    """Return a quiz of one's own part of the tree; a neighbour's does not exist. Raises Http404."""
    return own(request, quiz_in, quiz_id)


@never_cache
@require_safe
@role_required(Role.ORGANISER)
def quizzes(request: HttpRequest) -> HttpResponse:
    """The quizzes, the newest first; the withdrawn ones when asked for."""
    shown = shelf(request, quizzes_in, a_page=A_PAGE)
    context = {**shown._asdict(), "rows": [(one, parts_words(one)) for one in shown.page]}
    return render(request, "quizzes/admin/quizzes.html", context)


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
@role_required(Role.ORGANISER)
def quiz_add(request: HttpRequest) -> HttpResponse:
    """Make a quiz of the bank."""
    nodes = open_nodes(request.user, Role.ORGANISER)
    if request.method != "POST":
        return _form_page(request, QuizForm(nodes=nodes))
    form = QuizForm(request.POST, nodes=nodes)
    if not form.is_valid():
        return _form_page(request, form, status=422)
    try:
        made = operations.add_quiz(
            node_id=form.cleaned_data["node"].pk, plan=form.plan(), made_by_id=signed_in(request).pk,
            as_of=timezone.now(),
        )  # fmt: skip
    except operations.UnableToSaveQuiz as error:
        form.add_error(None, str(error))
        return _form_page(request, form, status=422)
    messages.success(request, _("练习已保存。写课的时候加一块“练习”，选它就行。"))
    return redirect("quizzes_quiz", made.pk)


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
@role_required(Role.ORGANISER)
def quiz_edit(request: HttpRequest, quiz_id: int) -> HttpResponse:
    """Change how a quiz asks, from the next attempt on."""
    quiz = own_quiz(request, quiz_id)
    if request.method != "POST":
        return _form_page(request, QuizForm(initial=quiz_initial(quiz)), quiz)
    form = QuizForm(request.POST)
    if not form.is_valid():
        return _form_page(request, form, quiz, status=422)
    try:
        operations.change_quiz(
            quiz_id=quiz.pk, plan=form.plan(), seen_revision=form.cleaned_data["seen_revision"], as_of=timezone.now()
        )
    except operations.UnableToSaveQuiz as error:
        return _refused(request, form, own_quiz(request, quiz_id), str(error))
    messages.success(request, _("练习已保存，从下一次开始做的人起生效；正在做的人不受影响。"))
    return redirect("quizzes_quiz", quiz.pk)


def _refused(request: HttpRequest, form: QuizForm, quiz: Quiz, said: str) -> HttpResponse:
    """Show what was not saved again; of a conflict with what is stored now, which the next save has then seen."""
    stored = []
    if quiz.revision != form.cleaned_data["seen_revision"]:
        form, stored = QuizForm(seen_now(request.POST, "seen_revision", quiz.revision)), quiz_lines(quiz)
    form.add_error(None, said)
    return _form_page(request, form, quiz, status=422, stored=stored)


def _form_page(
    request: HttpRequest, form: QuizForm, quiz: Quiz | None = None, status: int = 200,
    stored: Sequence[tuple[str, str]] = (),
) -> HttpResponse:  # fmt: skip
    short = short_words(quiz, drawable(quiz)) if quiz else ""
    uses = uses_of(quiz, user=signed_in(request), as_of=timezone.now()) if quiz else []
    context = {
        "form": form, "quiz": quiz, "tags": tags_in(own_nodes(request)), "short": short, "stored": stored, "uses": uses,
    }  # fmt: skip
    return render(request, "quizzes/admin/quiz.html", context, status=status)


@require_POST
@role_required(Role.ORGANISER)
def quiz_offer(request: HttpRequest, quiz_id: int) -> HttpResponse:
    """Let nobody begin a quiz any more (``do=off``), or let them again."""
    quiz = own_quiz(request, quiz_id)
    if request.POST.get("do") == "off":
        operations.withdraw_quiz(quiz_id=quiz.pk, as_of=timezone.now())
        messages.success(request, _("练习已撤下：没有开始的不用再做，正在做的可以做完，做过的都保存着。"))
    else:
        operations.offer_quiz_again(quiz_id=quiz.pk)
        messages.success(request, _("练习已恢复，大家可以做了。"))
    return redirect("quizzes_quiz", quiz.pk)


@never_cache
@require_safe
@role_required(Role.ORGANISER)
def quiz_preview(request: HttpRequest, quiz_id: int) -> HttpResponse:
    """Show one draw as it stands on a phone, with what is right below each question; nothing is kept."""
    quiz = own_quiz(request, quiz_id)
    rows = _one_draw(quiz)
    context = {"quiz": quiz, "rules": rule_lines(quiz, of=len(rows)), "rows": rows}
    return render(request, "quizzes/preview.html", context)


def _one_draw(quiz: Quiz) -> list[tuple[Any, str, str]]:
    seed = secrets.token_hex(16)
    pools = pools_of(node_id=quiz.node_id, parts=quiz.parts)
    keys = drawn(pools=[(pool, part.count) for pool, part in zip(pools, quiz.parts, strict=True)], seed=seed)
    versions, attempt = newest_versions(keys), Attempt(seed=seed)
    return [
        (
            asking_of(Answer(attempt=attempt, position=number, version=one), of=len(versions)),
            right_words(one),
            one.explanation,
        )
        for number, one in enumerate(versions, 1)
    ]


@never_cache
@require_safe
@role_required(Role.ORGANISER)
def quiz_statistics(request: HttpRequest, quiz_id: int) -> HttpResponse:
    """How a quiz went, question by question; nobody's name."""
    quiz = own_quiz(request, quiz_id)
    found = went(quiz)
    context = {"quiz": quiz, "said": went_words(found), "rows": [told(one) for one in found.asked], "went": found}
    return render(request, "quizzes/admin/statistics.html", context)
