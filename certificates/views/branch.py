"""Certificates of a unit: how many people have one, to the secretary who, and all of them on paper."""

from typing import Any

from django.contrib import messages
from django.core.paginator import Paginator
from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET

from attendance.permissions import COUNTS, NAMES, may_read_names
from attendance.reports.base import Scope
from attendance.sentences.records import day
from attendance.views.shared import log_shown, number_or_none, scope_or_404
from certificates.models import Certificate
from certificates.permissions import may_decide
from certificates.queries import counts_by_child, holders, lapses_of, looked_through, setting_of
from certificates.queries.issued import issued
from certificates.sentences import progress_words, terms_words
from certificates.views.shared import printed as printed_answer
from certificates.views.shared import sheet_of
from organizations.models import User
from organizations.permissions import role_required, signed_in
from organizations.printing import UnableToPrint
from organizations.queries import node_ids, node_names

A_PAGE = 60
MOST_PRINTED = 60  # pages of one file


@require_GET
@never_cache
@role_required(*COUNTS)
def training(request: HttpRequest, training_id: int) -> HttpResponse:
    """Show how many people of a unit have a certificate of a training; to the secretary by name, written down."""
    scope = scope_or_404(request, training_id, as_of=timezone.now())
    reader, setting = signed_in(request), setting_of(training_id)
    found = holders(training_id=training_id, node=scope.node)
    decides = may_decide(reader, scope.training)
    context: dict[str, Any] = {
        "tab": "branch",
        "scope": scope,
        "setting": setting,
        "count": found.count(),
        "terms": terms_words(setting) if setting else "",
        "progress": progress_words(setting, looked_through(setting)) if setting and setting.is_on else "",
        "decides": decides,
        "lapses": lapses_of(training_id).count() if decides else 0,
        "children": _children(scope),
        "shows_names": may_read_names(reader, scope.node),
        "back": f"{reverse('branch_training', args=[training_id])}?node={scope.node.pk}",
    }
    if context["shows_names"]:
        context |= _named(request, scope, reader)
    return render(request, "certificates/training.html", context)


@transaction.atomic
def _named(request: HttpRequest, scope: Scope, reader: User) -> dict[str, Any]:
    found = holders(training_id=scope.training.pk, node=scope.node)
    page = Paginator(found, A_PAGE).get_page(number_or_none(request.GET.get("page")) or 1)
    shown = list(page)
    named = [one.member_id for one in shown]
    log_shown(scope, reader=reader, member_ids=named, what="certificate", title=_title(scope))
    rows = [(one.member.name, _where(one, scope), day(timezone.localtime(one.issued_at))) for one in shown]
    total = page.paginator.count
    parts = range(1, (total - 1) // MOST_PRINTED + 2) if total else range(0)
    return {"page": page, "rows": rows, "parts": [(part, _part_words(part, total)) for part in parts]}


def _title(scope: Scope) -> str:
    return _("%(training)s · 证书") % {"training": scope.training.title}


def _where(one: Certificate, scope: Scope) -> str:
    return "" if one.node_id == scope.node.pk else one.node.name


def _part_words(part: int, total: int) -> str:
    if total <= MOST_PRINTED:
        return _("打印全部证书（PDF）")
    first, last = (part - 1) * MOST_PRINTED + 1, min(part * MOST_PRINTED, total)
    return _("打印第 %(first)s 到 %(last)s 张（PDF）") % {"first": first, "last": last}


def _children(scope: Scope) -> list[tuple[str, int, str]]:
    """Return the units right below that have some, in the order of the tree, with how many."""
    counts = counts_by_child(training_id=scope.training.pk, node=scope.node)
    if not counts:
        return []
    names, ids = node_names(counts, below=scope.node), node_ids(counts)
    address = reverse("certificates_training", args=[scope.training.pk])
    return [(names[path], counts[path], f"{address}?node={ids[path]}") for path in sorted(counts) if path in names]


@require_GET
@never_cache
@role_required(*NAMES)
def printed(request: HttpRequest, training_id: int) -> HttpResponse:
    """Print the certificates of a unit, ``MOST_PRINTED`` at most a file (``?part=``); written down."""
    scope = scope_or_404(request, training_id, as_of=timezone.now(), roles=NAMES)
    part = number_or_none(request.GET.get("part"), most=10_000) or 1
    back = f"{reverse('certificates_training', args=[training_id])}?node={scope.node.pk}"
    with transaction.atomic():
        some = list(holders(training_id=training_id, node=scope.node)[(part - 1) * MOST_PRINTED : part * MOST_PRINTED])
        contents = [one.content for one in map(issued, some) if one.content is not None and one.fits]
        named = [one.member_id for one in some]
        log_shown(
            scope, reader=signed_in(request), member_ids=named, what="certificate", title=_title(scope), reason="pdf",
            once_in=None,
        )  # fmt: skip
    if not contents:
        messages.warning(request, _("这里还没有可以打印的证书。"))
        return redirect(back)
    try:
        name = _("%(unit)s-%(training)s-证书") % {"unit": scope.node.name, "training": scope.training.title}
        return printed_answer([sheet_of(request, one) for one in contents], name=name)
    except UnableToPrint as error:
        messages.error(request, str(error))
        return redirect(back)
