"""A report as a table on a page and as a file, always from the same rows; each read is one row of the access log."""

import io
import re
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from functools import partial
from itertools import islice
from urllib.parse import quote

from django.db import transaction
from django.http import FileResponse, Http404, HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET

from attendance.models import Occasion
from attendance.operations import fold_for_page
from attendance.permissions import COUNTS, NAMES
from attendance.queries.listing import listed_at
from attendance.reports import Report, Scope, UnableToFindReport, report_named, reports
from attendance.reports.counts import CountsReport
from attendance.reports.render import CONTENT_TYPES, ENCODINGS, WRITERS, facts, text_rows, write
from attendance.reports.standing import people_in
from attendance.views.shared import LAST_PAGE, log_shown, number_or_none, scope_or_404, settle_unread
from attendance.views.training import being_listed_words
from organizations import replica
from organizations.operations import ONE_VISIT
from organizations.permissions import role_required, signed_in

A_PAGE = 100
People = tuple[list[int], int]  # the first by id, and how many there are (people_in)


def _report_or_404(name: str) -> Report:
    try:
        return report_named(name)
    except UnableToFindReport as error:
        raise Http404 from error


@require_GET
@never_cache
@role_required(*NAMES)
def branch_report(request: HttpRequest, training_id: int, name: str) -> HttpResponse:
    """Show a report as a table, a page at a time, with its downloads. All its pages are one read."""
    scope = scope_or_404(request, training_id, as_of=timezone.now(), roles=NAMES)
    report = _report_or_404(name)
    settle_unread(scope)
    fold_for_page(training_ids=[training_id])
    page = number_or_none(request.GET.get("page"), most=LAST_PAGE) or 1
    with transaction.atomic():
        shown = replica.read(partial(_table, scope, report, page), as_of=scope.as_of, reader_id=signed_in(request).pk)
        table = shown.value
        _log(request, scope, report, table.people, what="table", once_in=ONE_VISIT)
    titles = [column.title for column in report.columns]
    context = {
        "tab": "branch",
        "scope": scope,
        "report": report,
        "reports": [(other, _address(scope, other)) for other in reports().values()],
        "rows": [list(zip(titles, row, strict=True)) for row in table.rows[:A_PAGE]],
        "caption": table.caption,
        "shown": shown,
        "listed": being_listed_words(table.listed),
        "downloads": _downloads(scope, report),
        "previous_page": page - 1,
        "next_page": page + 1 if len(table.rows) > A_PAGE else None,
    }
    return render(request, "attendance/branch_report.html", context)


@dataclass(frozen=True)
class Table:
    """A page of a report, the row after it, and whom all its pages name."""

    rows: list[list[str]]
    people: People
    caption: str
    listed: list[Occasion]


def _table(scope: Scope, report: Report, page: int, as_of: datetime) -> Table:
    true = replace(scope, as_of=as_of)
    return Table(
        rows=list(text_rows(islice(report.rows(true), (page - 1) * A_PAGE, page * A_PAGE + 1))),
        people=people_in(true, states=report.states),
        caption=" · ".join(f"{title} {said}" for title, said in facts(report, true)[3:]),
        listed=list(listed_at(scope.training.pk)),
    )


def _address(scope: Scope, report: Report) -> str:
    return f"{reverse('branch_report', args=[scope.training.pk, report.name])}?node={scope.node.pk}"


def _downloads(scope: Scope, report: Report) -> list[tuple[str, str]]:
    """Return the files that a report can be had as: address and words."""
    forms = [
        ("xlsx", "", _("Excel 表格")),
        ("csv", "", "CSV"),
        ("csv", "&encoding=gbk", _("CSV（老版本 Excel）")),
        ("json", "", "JSON"),
    ]
    return [
        (f"{reverse('branch_export', args=[scope.training.pk, report.name, form])}?node={scope.node.pk}{more}", words)
        for form, more, words in forms
    ]


@require_GET
@never_cache
@role_required(*NAMES)
def branch_export(request: HttpRequest, training_id: int, name: str, form: str) -> HttpResponseBase:
    """Send a report as a file: one row of the access log each, in the same transaction as the read."""
    as_of = timezone.now()
    scope = scope_or_404(request, training_id, as_of=as_of, roles=NAMES)
    report = _report_or_404(name)
    encoding = request.GET.get("encoding", "utf-8")
    if form not in WRITERS or encoding not in ENCODINGS:
        raise Http404
    settle_unread(scope)
    fold_for_page(training_ids=[training_id])
    with transaction.atomic():
        shown = replica.read(
            partial(_written, scope, report, form, encoding), as_of=as_of, reader_id=signed_in(request).pk
        )
        out, people = shown.value
        _log(request, scope, report, people, what="export", reason=form, once_in=None)
    return _file(out, report, replace(scope, as_of=shown.as_of), form, ENCODINGS[encoding] if form == "csv" else "")


def _written(scope: Scope, report: Report, form: str, encoding: str, as_of: datetime) -> tuple[io.BytesIO, People]:
    """Return a report as a file, and whom it names."""
    true, out = replace(scope, as_of=as_of), io.BytesIO()
    people = people_in(true, states=report.states)
    write(report, true, out, form=form, encoding=encoding)
    out.seek(0)
    return out, people


@require_GET
@never_cache
@role_required(*COUNTS)
def branch_counts(request: HttpRequest, training_id: int, form: str) -> HttpResponseBase:
    """Send the numbers of a training, unit by unit, as a file: nobody is named, so nothing is written down."""
    scope = scope_or_404(request, training_id, as_of=timezone.now())
    encoding = request.GET.get("encoding", "utf-8")
    if form not in WRITERS or encoding not in ENCODINGS:
        raise Http404
    fold_for_page(training_ids=[training_id])
    report: Report = CountsReport()

    def counted(as_of: datetime) -> io.BytesIO:
        out = io.BytesIO()
        write(report, replace(scope, as_of=as_of), out, form=form, encoding=encoding)
        out.seek(0)
        return out

    shown = replica.read(counted, as_of=scope.as_of, reader_id=signed_in(request).pk)
    charset = ENCODINGS[encoding] if form == "csv" else ""
    return _file(shown.value, report, replace(scope, as_of=shown.as_of), form, charset)


def _log(
    request: HttpRequest,
    scope: Scope,
    report: Report,
    people: People,
    *,
    what: str,
    once_in: timedelta | None,
    reason: str = "",
) -> None:
    first, count = people
    title = f"{scope.training.title} · {report.title}"
    log_shown(
        scope, reader=signed_in(request), member_ids=first, what=what, title=title, reason=reason, count=count,
        once_in=once_in,
    )  # fmt: skip


def _file(out: io.BytesIO, report: Report, scope: Scope, form: str, charset: str) -> FileResponse:
    parts = [str(report.title), scope.training.title, scope.node.name, f"{timezone.localtime(scope.as_of):%Y%m%d-%H%M}"]
    filename = re.sub(r'[\x00-\x1f"*/:<>?\\|]', "", "-".join(parts))[:120] + f".{form}"
    kind = CONTENT_TYPES[form] + (f"; charset={charset.removesuffix('-sig')}" if charset else "")
    response = FileResponse(out, content_type=kind)
    response.headers["Content-Disposition"] = f"attachment; filename*=UTF-8''{quote(filename)}"
    response.headers[replica.HEADER] = scope.as_of.isoformat(timespec="seconds")
    return response
