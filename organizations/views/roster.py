"""The operator's roster page: upload, see what would change, say yes."""

import io
from typing import Any

from django.conf import settings
from django.contrib import messages
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from organizations import pending, roster_texts
from organizations.forms import RosterFileForm
from organizations.models import Node, NodeKind, Role, RosterImport
from organizations.operations import RosterOutcome, UnableToImportRoster, import_roster
from organizations.permissions import role_required, visible_nodes

SESSION_KEY = "roster"
SHOWN_LINES = 200
RECENT_IMPORTS = 10
OFFERED_NODES = 500


def offered_nodes(request: HttpRequest) -> QuerySet[Node]:
    """Where this operator may import to: from the township upwards, or the one small unit that is theirs."""
    mine = visible_nodes(request.user, Role.OPERATOR)
    high = mine.filter(kind__in=[NodeKind.CITY, NodeKind.COUNTY, NodeKind.TOWNSHIP])
    return high if high.exists() else mine


def page(request: HttpRequest, form: RosterFileForm, *, status: int = 200, **context: Any) -> HttpResponse:
    nodes = list(offered_nodes(request)[:OFFERED_NODES])
    top = min((node.depth for node in nodes), default=1)
    form.under_field.choices = [(node.pk, "　" * (node.depth - top) + node.name) for node in nodes]
    recent = RosterImport.objects.filter(under__in=visible_nodes(request.user, Role.OPERATOR))
    context |= {
        "tab": "roster",
        "form": form,
        "recent": recent.select_related("actor", "under").order_by("-at")[:RECENT_IMPORTS],
        "columns": list(roster_texts.TITLE.values()),
    }
    return render(request, "organizations/roster.html", context, status=status)


@role_required(Role.OPERATOR)
@require_safe
def roster(request: HttpRequest) -> HttpResponse:
    return page(request, RosterFileForm(nodes=offered_nodes(request)))


@role_required(Role.OPERATOR)
@require_POST
def check(request: HttpRequest) -> HttpResponse:
    """Read the file and show what it would change; it waits, sealed, for the yes."""
    form = RosterFileForm(request.POST, request.FILES, nodes=offered_nodes(request))
    if not form.is_valid():
        return page(request, form, status=422)
    file, under = form.cleaned_data["file"], form.cleaned_data["under"]
    if file.size > settings.ROSTER_MAX_BYTES:
        form.add_error("file", roster_texts.SENTENCES["too_big"] % {"most": settings.ROSTER_MAX_BYTES // 2**20})
        return page(request, form, status=422)
    try:
        outcome = take(request, io.BytesIO(file.read()), name=file.name, under=under, dry_run=True)
    except UnableToImportRoster as error:
        return refused(request, form, error)
    forget(request)
    file.seek(0)
    request.session[SESSION_KEY] = {"token": pending.keep(file.read()), "name": file.name, "under": under.pk}
    context = {
        "tab": "roster",
        "outcome": outcome,
        "name": file.name,
        "under": under,
        "shown": shown(outcome),
        "most": SHOWN_LINES,
    }
    return render(request, "organizations/roster_preview.html", context)


@role_required(Role.OPERATOR)
@require_POST
def confirm(request: HttpRequest) -> HttpResponse:
    """The yes: take the waiting file over; it is checked again, because the tree may have changed."""
    waiting = request.session.get(SESSION_KEY) or {"token": ""}
    try:
        data = pending.fetch(waiting["token"])
    except pending.UnableToFindPending:
        messages.error(request, _("文件等待太久，已经删除，请重新上传。"))
        return redirect("roster")
    under = get_object_or_404(visible_nodes(request.user, Role.OPERATOR), pk=waiting["under"])
    try:
        outcome = take(request, io.BytesIO(data), name=waiting["name"], under=under, dry_run=False)
    except UnableToImportRoster as error:
        return refused(request, RosterFileForm(nodes=offered_nodes(request)), error)
    finally:
        forget(request)
    messages.success(request, _("已导入：%(counts)s") % {"counts": roster_texts.counts(outcome)})
    return redirect("roster")


@role_required(Role.OPERATOR)
@require_POST
def discard(request: HttpRequest) -> HttpResponse:
    forget(request)
    return redirect("roster")


def take(request: HttpRequest, file: io.BytesIO, *, name: str, under: Node, dry_run: bool) -> RosterOutcome:
    file.name = name
    return import_roster(
        path_or_file=file, under=under, dry_run=dry_run, as_of=timezone.now(), actor_id=request.user.pk
    )


def refused(request: HttpRequest, form: RosterFileForm, error: UnableToImportRoster) -> HttpResponse:
    lines = roster_texts.lines(error.rows)
    return page(request, form, status=422, bad_lines=lines[:SHOWN_LINES], bad_count=len(lines))


def shown(outcome: RosterOutcome) -> list[str]:
    return [roster_texts.line_of(line) for line in outcome.lines[:SHOWN_LINES]]


def forget(request: HttpRequest) -> None:
    """Throw the waiting file away."""
    waiting = request.session.pop(SESSION_KEY, None)
    if waiting:
        pending.discard(waiting["token"])
