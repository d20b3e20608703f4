"""题库: an organiser lists, writes, changes and withdraws questions of their part of the tree."""

from collections.abc import Sequence
from typing import Any

from django.contrib import messages
from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse, QueryDict
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from organizations.models import Role
from organizations.office import own, own_nodes
from organizations.permissions import open_nodes, role_required, signed_in
from organizations.uses import uses_of
from quizzes import operations
from quizzes.forms import QuestionForm, question_initial
from quizzes.models import Question
from quizzes.queries.asked import asked_in_videos
from quizzes.queries.bank import newest_of, newest_versions, question_in, questions_in, tags_in, versions_of
from quizzes.queries.shortage import short_quizzes
from quizzes.sentences import asked_words, question_lines, short_words

A_PAGE = 30
LONGEST_SEARCH = 60


def own_question(request: HttpRequest, question_id: int) -> Question:
    """Return a question of one's own part of the tree; a neighbour's does not exist. Raises Http404."""
    return own(request, question_in, question_id)


@never_cache
@require_safe
@role_required(Role.ORGANISER)
def questions(request: HttpRequest) -> HttpResponse:
    """The bank, the newest first; by tag, by words, and the withdrawn ones."""
    nodes = own_nodes(request)
    asked = {
        name: request.GET.get(name, "").replace("\x00", "").strip()[:LONGEST_SEARCH] for name in ("tag", "q", "off")
    }
    found = questions_in(nodes, tag=asked["tag"], words=asked["q"], withdrawn=asked["off"] == "1")
    page = Paginator(found, A_PAGE).get_page(request.GET.get("p"))
    versions = {one.question_id: one for one in newest_versions([one.pk for one in page])}
    context = {
        "page": page, "asked": asked, "tags": tags_in(nodes), "is_narrowed": any(asked.values()),
        "rows": [
            (one, versions[one.pk], _("、").join(tag.name for tag in one.tags.all())) for one in page
        ],
    }  # fmt: skip
    return render(request, "quizzes/admin/questions.html", context)


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
@role_required(Role.ORGANISER)
def question_add(request: HttpRequest) -> HttpResponse:
    """Write a new question; what is wrong is said above, and nothing typed is lost."""
    nodes = open_nodes(request.user, Role.ORGANISER)
    if request.method != "POST":
        first = {"tags": request.GET.get("tags", "")[:LONGEST_SEARCH], "node": request.GET.get("node", "")}
        shown = {name: value for name, value in first.items() if value}
        return _form_page(request, QuestionForm(nodes=nodes, initial=shown))
    form = QuestionForm(request.POST, nodes=nodes)
    if not form.is_valid():
        return _form_page(request, form, status=422)
    try:
        made = operations.add_question(
            node_id=form.cleaned_data["node"].pk, plan=form.plan(), written_by_id=signed_in(request).pk,
            as_of=timezone.now(),
        )  # fmt: skip
    except operations.UnableToSaveQuestion as error:
        form.add_error(None, str(error))
        return _form_page(request, form, status=422)
    messages.success(request, _("题目已存进题库。"))
    if "another" in request.POST:
        # The next one is mostly of the same kind: its unit and tags stand there already.
        again = redirect("quizzes_question_add")
        again["Location"] += f"?{_query(tags=form.cleaned_data['tags'], node=str(made.node_id))}"
        return again
    return redirect("quizzes_questions")


def _query(**values: str) -> str:
    asked = QueryDict(mutable=True)
    asked.update(values)
    return asked.urlencode()


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
@role_required(Role.ORGANISER)
def question_edit(request: HttpRequest, question_id: int) -> HttpResponse:
    """Change a question: saving makes its next version."""
    question = own_question(request, question_id)
    if request.method != "POST":
        tags = " ".join(one.name for one in question.tags.all())
        return _form_page(request, QuestionForm(initial=question_initial(newest_of(question), tags)), question)
    form = QuestionForm(request.POST)
    if not form.is_valid():
        return _form_page(request, form, question, status=422)
    try:
        made = operations.change_question(
            question_id=question.pk, plan=form.plan(), seen_version=form.cleaned_data["seen_version"],
            written_by_id=signed_in(request).pk, as_of=timezone.now(),
        )  # fmt: skip
    except operations.UnableToSaveQuestion as error:
        return _refused(request, form, own_question(request, question_id), str(error))
    messages.success(
        request, _("题目已保存（第 %(version)s 版）。正在做的人还是做原来那一版。") % {"version": made.number}
    )
    _warn_of_short(request, question)
    return redirect("quizzes_questions")


def _refused(request: HttpRequest, form: QuestionForm, question: Question, said: str) -> HttpResponse:
    """Show what was not saved again; of a conflict with what is stored now, which the next save has then seen."""
    newest, stored = newest_of(question), []
    if newest.number != form.cleaned_data["seen_version"]:
        form = QuestionForm(seen_now(request.POST, "seen_version", newest.number))
        stored = question_lines(newest, [one.name for one in question.tags.all()])
    form.add_error(None, said)
    return _form_page(request, form, question, status=422, stored=stored)


def seen_now(sent: QueryDict, name: str, number: int) -> QueryDict:
    """Return what a form sent, as if it had been written knowing what is stored now."""
    again = sent.copy()
    again[name] = str(number)
    return again


def _warn_of_short(request: HttpRequest, question: Question) -> None:
    """Name the quizzes that can no longer draw as many questions as they say."""
    for quiz, have in short_quizzes(question):
        messages.warning(request, short_words(quiz, have))


@require_POST
@role_required(Role.ORGANISER)
def question_offer(request: HttpRequest, question_id: int) -> HttpResponse:
    """Draw a question no more (``do=off``), or again."""
    question = own_question(request, question_id)
    if request.POST.get("do") == "off":
        operations.withdraw_question(question_id=question.pk, as_of=timezone.now())
        messages.success(request, _("题目已撤下：以后不再抽到，正在做的人不受影响。"))
        _warn_of_short(request, question)
    else:
        operations.offer_question_again(question_id=question.pk)
        messages.success(request, _("题目已恢复，以后可以抽到。"))
    return redirect("quizzes_question", question.pk)


def _form_page(
    request: HttpRequest, form: QuestionForm, question: Question | None = None, status: int = 200,
    stored: Sequence[tuple[str, str]] = (),
) -> HttpResponse:  # fmt: skip
    versions: Any = versions_of(question)[:A_PAGE] if question else []
    context = {
        "form": form, "question": question, "versions": versions, "tags": tags_in(own_nodes(request)),
        "stored": stored, "uses": uses_of(question, user=signed_in(request), as_of=timezone.now()) if question else [],
        "asked": asked_words(asked_in_videos(question.newest)) if question else "",
    }  # fmt: skip
    return render(request, "quizzes/admin/question.html", context, status=status)
