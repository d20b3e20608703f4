"""A report as a table on a page and as a file, always from the same rows; each read is one row of the access log."""

import io
import re
from datetime import timedelta
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

from attendance.operations import fold_for_page
from attendance.permissions import COUNTS, NAMES
from attendance.queries.listing import listed_at
from attendance.reports import Report, Scope, UnableToFindReport, report_named, reports
from attendance.reports.counts import CountsReport
from attendance.reports.render import CONTENT_TYPES, ENCODINGS, WRITERS, facts, text_rows, write
from attendance.reports.standing import people_in
from attendance.views.shared import LAST_PAGE, log_shown, number_or_none, scope_or_404, settle_unread
from attendance.views.training import being_listed_words
from organizations.operations import ONE_VISIT
from organizations.permissions import role_required, signed_in

A_PAGE = 100


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
        shown = list(text_rows(islice(report.rows(scope), (page - 1) * A_PAGE, page * A_PAGE + 1)))
        _log(request, scope, report, what="table", once_in=ONE_VISIT)
    titles = [column.title for column in report.columns]
    context = {
        "tab": "branch",
        "scope": scope,
        "report": report,
        "reports": [(other, _address(scope, other)) for other in reports().values()],
        "rows": [list(zip(titles, row, strict=True)) for row in shown[:A_PAGE]],
        "caption": " · ".join(f"{title} {said}" for title, said in facts(report, scope)[3:]),
        "listed": being_listed_words(listed_at(scope.training.pk)),
        "downloads": _downloads(scope, report),
        "previous_page": page - 1,
        "next_page": page + 1 if len(shown) > A_PAGE else None,
    }
    return render(request, "attendance/branch_report.html", context)


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
    out = io.BytesIO()
    with transaction.atomic():
        _log(request, scope, report, what="export", reason=form, once_in=None)
        write(report, scope, out, form=form, encoding=encoding)
    out.seek(0)
    return _file(out, report, scope, form, ENCODINGS[encoding] if form == "csv" else "")


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
    out = io.BytesIO()
    report: Report = CountsReport()
    write(report, scope, out, form=form, encoding=encoding)
    out.seek(0)
    return _file(out, report, scope, form, ENCODINGS[encoding] if form == "csv" else "")


def _log(
    request: HttpRequest, scope: Scope, report: Report, *, what: str, once_in: timedelta | None, reason: str = ""
) -> None:
    first, count = people_in(scope, states=report.states)
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
    return response
