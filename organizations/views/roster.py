"""The operator's roster page: upload, answer what the file leaves open, see what would change, say yes."""

import hashlib
import io
import json
import secrets
from typing import Any

from django.conf import settings
from django.contrib import messages
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from organizations import pending
from organizations.factors import OFFICE_FRESH_S
from organizations.forms import RosterFileForm
from organizations.models import Left, Node, Role
from organizations.operations import Answers, RosterOutcome, UnableToImportRoster, import_roster, log_list
from organizations.permissions import open_nodes, role_required, signed_in, visible_nodes
from organizations.queries import imports_under
from organizations.sentences import questions, roster_file
from organizations.views.factors import to_prove

SESSION_KEY = "roster"
SHOWN_LINES = 200
SHOWN_QUESTIONS = 100
SHOWN_ABSENT = 300
RECENT_IMPORTS = 10


def offered_nodes(request: HttpRequest) -> QuerySet[Node]:
    """Where this operator may import to; the highest of it is offered first."""
    return open_nodes(request.user, Role.OPERATOR)


def page(request: HttpRequest, form: RosterFileForm, *, status: int = 200, **context: Any) -> HttpResponse:
    recent = imports_under(visible_nodes(request.user, Role.OPERATOR))[:RECENT_IMPORTS]
    context |= {
        "tab": "roster",
        "form": form,
        "recent": [(one, questions.counts(one)) for one in recent],
        "columns": roster_file.columns(),
        "waiting": waiting(request).get("name", ""),
    }
    return render(request, "organizations/roster.html", context, status=status)


@role_required(Role.OPERATOR)
@require_safe
def roster(request: HttpRequest) -> HttpResponse:
    return page(request, RosterFileForm(nodes=offered_nodes(request)))


@role_required(Role.OPERATOR)
@require_POST
def check(request: HttpRequest) -> HttpResponse:
    """Read the file and show what it asks or would change; it waits, sealed. Answers given before are kept."""
    form = RosterFileForm(request.POST, request.FILES, nodes=offered_nodes(request))
    if not form.is_valid():
        return page(request, form, status=422)
    drop_file(request)  # whatever becomes of this file, nobody takes the one before it for it
    file, under = form.cleaned_data["file"], form.cleaned_data["under"]
    if file.size > settings.ROSTER_MAX_BYTES:
        form.add_error("file", roster_file.SENTENCES["too_big"] % {"most": settings.ROSTER_MAX_BYTES // 2**20})
        return page(request, form, status=422)
    data = file.read()
    answers = Answers(questions=waiting(request).get("answers", {}))
    try:
        outcome = take(request, data, name=file.name, under=under, dry_run=True, answers=answers)
    except UnableToImportRoster as error:
        return refused(request, form, error)
    request.session[SESSION_KEY] = {
        "id": secrets.token_hex(8),
        "token": pending.keep(data),
        "name": file.name,
        "under": under.pk,
        "answers": dict(answers.questions),
        "earlier": list(answers.questions),
    }
    return review_page(request, outcome, under)


@role_required(Role.OPERATOR)
@require_http_methods(["GET", "HEAD", "POST"])
def review(request: HttpRequest) -> HttpResponse:
    """The waiting file once more: GET shows it, POST adds answers."""
    kept = waiting(request)
    try:
        data = pending.fetch(kept.get("token", ""))
    except pending.UnableToFindPending:
        return too_late(request)
    if request.method == "POST":
        if not about_this_file(request, kept):
            return another_file(request)
        given = {name[2:]: value for name, value in request.POST.items() if name.startswith("q-")}
        earlier = [key for key in kept.get("earlier", []) if key not in given]
        kept = {**kept, "answers": {**kept["answers"], **given}, "earlier": earlier}
    under = get_object_or_404(visible_nodes(request.user, Role.OPERATOR), pk=kept["under"])
    try:
        answers = Answers(questions=kept["answers"])
        outcome = take(request, data, name=kept["name"], under=under, dry_run=True, answers=answers)
    except UnableToImportRoster as error:
        return refused(request, RosterFileForm(nodes=offered_nodes(request)), error)
    request.session[SESSION_KEY] = kept  # only now: answers that contradict each other would be asked never again
    return review_page(request, outcome, under, asked=request.method == "POST")


@role_required(Role.OPERATOR)
@require_POST
def confirm(request: HttpRequest) -> HttpResponse:
    """The yes: take the waiting file over, if it is what the page showed; it is checked again, the tree may be new."""
    kept = waiting(request)
    try:
        data = pending.fetch(kept.get("token", ""))
    except pending.UnableToFindPending:
        return too_late(request)
    if request.POST.get("waiting") != seen(kept):
        return another_file(request)
    # A file may change whose number lets somebody in, as the form for it does. It waits meanwhile, as it was ticked.
    answers = ticked(request, kept)
    if proving := to_prove(request, within_s=OFFICE_FRESH_S, back=reverse("roster_review")):
        ticks = {str(member_id): because for member_id, because in answers.absent.items()}
        request.session[SESSION_KEY] = {**kept, "ticks": ticks, "all_absent": answers.all_absent}
        return proving
    under = get_object_or_404(visible_nodes(request.user, Role.OPERATOR), pk=kept["under"])
    try:
        outcome = take(request, data, name=kept["name"], under=under, dry_run=False, answers=answers)
    except UnableToImportRoster as error:
        if error.questions:  # something about a person has changed since: ask again, nothing is lost
            look = take(request, data, name=kept["name"], under=under, dry_run=True, answers=answers)
            return review_page(request, look, under, asked=True, answers=answers)
        return refused(request, RosterFileForm(nodes=offered_nodes(request)), error)
    forget(request)
    tell(request, outcome)
    return redirect("roster")


@role_required(Role.OPERATOR)
@require_POST
def discard(request: HttpRequest) -> HttpResponse:
    kept = waiting(request)
    if kept.get("token") and not about_this_file(request, kept):
        return another_file(request)
    forget(request)
    return redirect("roster")


def take(
    request: HttpRequest, data: bytes, *, name: str, under: Node, dry_run: bool, answers: Answers
) -> RosterOutcome:
    file = io.BytesIO(data)
    file.name = name
    return import_roster(
        path_or_file=file,
        under=under,
        dry_run=dry_run,
        as_of=timezone.now(),
        actor_id=request.user.pk,
        answers=answers,
    )


def ticked(request: HttpRequest, kept: dict[str, Any]) -> Answers:
    """Who of the absent has left, as ticked; a reason that does not exist ticks nobody.

    全选 means those whom the page listed, not whoever came to be absent since.
    """
    reasons = set(Left.values)
    chosen = {
        int(member_id): because
        for member_id in request.POST.getlist("left")
        if member_id.isdecimal() and (because := request.POST.get(f"because-{member_id}", "")) in reasons
    }
    everybody = request.POST.get("because-all", "") if request.POST.get("left-all") else ""
    return Answers(
        questions=kept["answers"],
        absent=chosen,
        all_absent=everybody if everybody in reasons else "",
        all_of=frozenset(kept.get("listed", [])),
    )


def review_page(
    request: HttpRequest, outcome: RosterOutcome, under: Node, *, asked: bool = False, answers: Answers | None = None
) -> HttpResponse:
    """Open questions first; when all are answered, what would change and the yes."""
    open_ones = outcome.open_questions
    if asked and open_ones:
        count = len(open_ones)
        said = ngettext(
            "还有 %(count)s 处没有回答，回答过的都记着。", "还有 %(count)s 处没有回答，回答过的都记着。", count
        )
        messages.warning(request, said % {"count": count})
    log_list(
        reader_id=signed_in(request).pk, node_id=under.pk, member_ids=None, what="review", as_of=timezone.now(),
        role=Role.OPERATOR, count=len(outcome.lines),
    )  # fmt: skip
    absent = outcome.absent[:SHOWN_ABSENT]
    listed = [one.member_id for one in outcome.absent if one.mentioned]
    kept = request.session[SESSION_KEY] = {**waiting(request), "listed": listed}
    answered = [question for question in outcome.questions if question.answer]
    context = {
        "tab": "roster",
        "outcome": outcome,
        "title": title_of(outcome),
        "numbers": numbers_of(outcome),
        "lists": lists_of(outcome),
        "seen": seen(kept),
        "name": kept["name"],
        "under": under,
        "open": [questions.asked(question) for question in open_ones[:SHOWN_QUESTIONS]],
        "answered": [questions.asked(one, earlier=one.key in kept.get("earlier", [])) for one in answered],
        "answered_title": ngettext("您的回答（%(number)s）", "您的回答（%(number)s）", len(answered))
        % {"number": len(answered)},
        "earlier": any(one.key in kept.get("earlier", []) for one in answered),
        "remarks": roster_file.remark_lines(outcome.remarks),
        "shown": [questions.line_of(line) for line in outcome.lines[:SHOWN_LINES]],
        "most": SHOWN_LINES,
        "absent": [one for one in absent if one.mentioned],
        "absent_elsewhere": [one for one in absent if not one.mentioned],
        "absent_mentioned": sum(one.mentioned for one in outcome.absent),
        "absent_hidden": len(outcome.absent) - len(absent) + outcome.absent_more,
        "ticks": answers.absent if answers else {int(one): why for one, why in kept.get("ticks", {}).items()},
        "all_absent": answers.all_absent if answers else kept.get("all_absent", ""),
        "reasons": questions.left_choices(),
    }
    return render(request, "organizations/roster_review.html", context, status=422 if asked and open_ones else 200)


def title_of(outcome: RosterOutcome) -> str:
    """What has come of checking the file."""
    if outcome.open_questions:
        return _("先请您确认，还没有导入")
    return _("和现在一样，没有要改的") if outcome.changes_nothing else _("文件没有问题，还没有导入")


def numbers_of(outcome: RosterOutcome) -> list[list[tuple[int, str]]]:
    """How many people the import makes, changes and moves, row by row; the second row only where somebody leaves."""
    first = [
        (outcome.created, _("新增")),
        (outcome.updated, _("更新")),
        (outcome.moved, _("调动")),
        (outcome.unchanged, _("不变")),
    ]
    second = [(outcome.left, _("离开")), (outcome.returned, _("回来"))]
    return [first, second] if outcome.left or outcome.returned else [first]


def lists_of(outcome: RosterOutcome) -> list[tuple[str, str]]:
    """What the import leaves behind: a title, and the units by name."""
    titled = [(_("导入以后没有书记"), outcome.unled), (_("导入以后不再有人"), outcome.emptied)]
    return [(title, _("、").join(units[:SHOWN_LINES])) for title, units in titled if units]


def tell(request: HttpRequest, outcome: RosterOutcome) -> None:
    messages.success(request, _("已导入：%(counts)s") % {"counts": questions.counts(outcome)})
    for text in questions.about_units(outcome):
        messages.warning(request, text)


def too_late(request: HttpRequest) -> HttpResponse:
    messages.error(request, _("没有等着导入的文件：已经导入、不要了，或者等待太久。请重新上传。"))
    drop_file(request)
    return redirect("roster")


def another_file(request: HttpRequest) -> HttpResponse:
    """Two windows share one waiting file: show what waits now, before anything is done to it."""
    messages.warning(request, _("另一个窗口检查了别的文件，请核对后再确认。"))
    return redirect("roster_review")


def seen(kept: dict[str, Any]) -> str:
    """What a review page shows, for its forms: the file, and a digest of the answers and of the absent listed."""
    shown = json.dumps([kept.get("answers", {}), kept.get("listed", [])], sort_keys=True)
    return f"{kept.get('id', '')}-{hashlib.sha256(shown.encode()).hexdigest()[:16]}"


def about_this_file(request: HttpRequest, kept: dict[str, Any]) -> bool:
    file_id, _dash, _shown = request.POST.get("waiting", "").partition("-")
    return bool(file_id) and file_id == kept.get("id")


def refused(request: HttpRequest, form: RosterFileForm, error: UnableToImportRoster) -> HttpResponse:
    """What is wrong with the file. What was answered stays, for the corrected file."""
    return page(request, form, status=422, bad_lines=error.lines[:SHOWN_LINES], bad_count=len(error.lines))


def waiting(request: HttpRequest) -> dict[str, Any]:
    kept: dict[str, Any] = request.session.get(SESSION_KEY) or {}
    return kept


def forget(request: HttpRequest) -> None:
    """Throw the waiting file and its answers away."""
    drop_file(request)
    request.session.pop(SESSION_KEY, None)


def drop_file(request: HttpRequest) -> None:
    """Throw the waiting file away; its answers stay for the next one."""
    kept = waiting(request)
    if kept.get("token"):
        pending.discard(kept["token"])
        request.session[SESSION_KEY] = {"answers": kept["answers"]}
