"""The register on a page and on paper: people by occasions, a sign in each cell, the evidence one click away."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from urllib.parse import urlencode

from django.contrib import messages
from django.db import transaction
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET

from attendance.charts import Chart
from attendance.models import Occasion, RecordState
from attendance.operations import settle_dirty
from attendance.permissions import NAMES, may_record_for
from attendance.queries import announced_occasions
from attendance.queries.register import MOST_PEOPLE
from attendance.reports.standing import rule_labels
from attendance.sentences.records import moment
from attendance.standing import DUE
from attendance.views.branch import AtOccasion, at_occasion
from attendance.views.detail import record_details
from attendance.views.entries import notes_of
from attendance.views.history import progress_chart
from attendance.views.register_asked import Asked, choices_of
from attendance.views.register_cells import SIGNS, plain
from attendance.views.register_sheets import sheets_of
from attendance.views.register_table import Register, TooMany
from attendance.views.shared import log_visit, settle_unread
from attendance.views.training import address_of
from organizations.models import Role, User
from organizations.operations import log_list
from organizations.permissions import role_required, signed_in
from organizations.printing import pdf_answer, pdf_of

MOST_PRINTED = 3000  # cells of a PDF: some six seconds of work


@dataclass(frozen=True)
class Together:
    """What can be done for everybody ticked."""

    words: str
    action: str


def _together(asked: Asked) -> list[Together]:
    if asked.scope is None:
        return []
    words = [
        ("branch_remind", _("提醒选中的人")),
        ("branch_hall", _("登记集中收看")),
    ]
    found = [(said, address_of(name, asked.scope).split("?")[0]) for name, said in words]
    return [Together(said, action) for said, action in found if action]


def _log(asked: Asked, register: Register) -> None:
    """Write down whom the reader saw by name; in the transaction of the read."""
    log_list(
        reader_id=asked.reader.pk,
        node_id=asked.node.pk,
        member_ids=[one.member_id for one in register.shown],
        what="table",
        as_of=asked.as_of,
        role=Role.SECRETARY,
        about=asked.scope.training.pk if asked.scope else None,
        title=f"{asked.title} · {_('登记表')}",
        reason=asked.state,
    )


def _legend() -> list[tuple[str, str, str]]:
    signs = [plain(state) for state in SIGNS if state not in (DUE, RecordState.PENDING)]
    return [*signs, ("·", _("还没开始或还没登记"), "n")]


@require_GET
@never_cache
@role_required(*NAMES)
def branch_register(request: HttpRequest) -> HttpResponse:
    """Show the register of a training or a month at a unit; the read is written down in the same transaction."""
    asked = Asked.of(request, as_of=timezone.now())
    if asked.scope:
        settle_unread(asked.scope)
    context: dict[str, Any] = {"tab": "branch", "asked": asked, "chart": _chart(asked)}
    try:
        with transaction.atomic():
            register = Register.read(asked)
            _log(asked, register)
    except TooMany:
        below = asked.node.get_children().order_by("path")
        context |= {"too_many": MOST_PEOPLE, "units": list(below), "choices": choices_of(asked, [])}
        return render(request, "attendance/branch_register.html", context)
    context |= {
        "register": register,
        "choices": choices_of(asked, register.occasions),
        "together": _together(asked),
        "legend": _legend(),
        "said": _said(register),
        "pdf": f"{reverse('branch_register_pdf')}?{asked.query}",
    }
    return render(request, "attendance/branch_register.html", context)


def _chart(asked: Asked) -> Chart | None:
    return progress_chart(asked.scope) if asked.scope else None


def _said(register: Register) -> str:
    """Return as of when, and under which rules, it is."""
    rules = _("、").join(rule_labels(register.occasions))
    said = _("截至 %(moment)s。") % {"moment": moment(register.asked.as_of)}
    return said + (_("按 %(rules)s 认定。") % {"rules": rules} if rules else "")


@require_GET
@never_cache
@role_required(*NAMES)
def branch_cell(request: HttpRequest, occasion_id: int, member_id: int) -> HttpResponse:
    """Show what a cell of the register rests on: as a page, or with ``?part=1`` what stands beside the register."""
    as_of, reader = timezone.now(), signed_in(request)
    occasion = get_object_or_404(announced_occasions(), pk=occasion_id)
    if not may_record_for(reader, occasion=occasion, member_id=member_id):
        raise Http404
    with transaction.atomic():
        settle_dirty(as_of=as_of, member_ids=[member_id])
        at = _evidence_or_404(occasion, member_id, reader, as_of)
        log_visit(reader_id=reader.pk, subject_ids=[member_id], as_of=as_of)
    register = urlencode({"node": at.detail.entry.node_id, "training": occasion.training_id})
    context = {
        "tab": "branch",
        "at": at,
        "member": at.detail.entry.member,
        "training": occasion.training,
        "year_url": reverse("branch_person", args=[member_id]),
        "back": f"{reverse('branch_register')}?{register}",
    }
    part = "_cell" if request.GET.get("part") else "branch_cell"
    return render(request, f"attendance/{part}.html", context)


def _evidence_or_404(occasion: Occasion, member_id: int, reader: User, as_of: datetime) -> AtOccasion:
    details = record_details(occasion_id=occasion.pk, member_id=member_id, as_of=as_of)
    if not details:
        raise Http404
    is_own = member_id == reader.pk
    notes = notes_of(details, [], member_id=member_id, as_of=as_of, is_self=is_own)
    return at_occasion(details[0], notes.get(occasion.pk, []), is_own=is_own)


@require_GET
@never_cache
@role_required(*NAMES)
@transaction.atomic
def branch_register_pdf(request: HttpRequest) -> HttpResponse:
    """Send the register as a PDF: a month a sheet of A4 across; a file leaves, so each is a row of the access log."""
    asked = Asked.of(request, as_of=timezone.now())
    if asked.scope:
        settle_unread(asked.scope)
    try:
        register = Register.read(asked)
    except TooMany as error:
        raise Http404 from error
    if len(register.shown) * len(register.occasions) > MOST_PRINTED:
        messages.warning(request, _("这张表太大，一次印不了。请选一个月，或者一个下级单位，再印。"))
        return redirect(f"{reverse('branch_register')}?{asked.query}")
    log_list(
        reader_id=asked.reader.pk,
        node_id=asked.node.pk,
        member_ids=[one.member_id for one in register.shown],
        what="export",
        as_of=asked.as_of,
        role=Role.SECRETARY,
        about=asked.scope.training.pk if asked.scope else None,
        title=f"{asked.title} · {_('登记表')}",
        reason="pdf",
        once_in=None,
    )
    context = {"asked": asked, "sheets": sheets_of(register), "legend": _legend(), "said": _said(register)}
    name = f"{_('登记表')}-{asked.node.name}-{asked.title}.pdf".replace("/", "-")
    return pdf_answer(pdf_of("attendance/print_register.html", context), filename=name)
