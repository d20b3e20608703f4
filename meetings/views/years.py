"""A unit's year against what its forms ask; for whoever stands above, all its branches with counts and no names."""

import csv
import datetime as dt
import io
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

import xlsxwriter
from django.contrib import messages
from django.core.paginator import Paginator
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET

from attendance.permissions import COUNTS
from attendance.plan_forms import FIRST_YEAR
from attendance.reports.render import CONTENT_TYPES, neutral
from attendance.views.shared import LAST_PAGE, number_or_none
from meetings.catalogue import Form
from meetings.core.year import State
from meetings.models import Meeting
from meetings.permissions import may_keep_forms
from meetings.queries import FormYear, UnitYear, counted_units, forms_at, meetings_of, unit_years, year_of
from meetings.queries.meetings import unregistered
from meetings.sentences import as_of_words, cell_words, late_words, period_words, state_words, when_words
from meetings.views.shared import node_or_404, today_of, year_of_request
from organizations.models import Node, NodeKind
from organizations.permissions import role_required, signed_in
from organizations.printing import pdf_answer, pdf_of

A_PAGE = 50
A_CHUNK = 200
MOST_PRINTED = 600  # units in one PDF: some twenty pages
SHOWN = 60  # meetings listed under the table
LOOKS = {State.HELD: "ok", State.OPEN: "due", State.SHORT: "due", State.AHEAD: "plain", State.FREE: "plain"}


@dataclass(frozen=True)
class Square:
    """One period of a form as the table writes it."""

    label: str
    text: str
    months: int
    look: str
    needs: bool
    is_empty: bool = False  # nothing was held, planned or is open: a phone leaves it out


@dataclass(frozen=True)
class Row:
    """One form's year as the table writes it."""

    name: str
    asked: str
    total: str
    squares: list[Square]
    plan_url: str

    @property
    def open_now(self) -> Square | None:
        """The period that runs now, where something is still to be held."""
        return next((one for one in self.squares if one.needs), None)


def rows_of(found: Sequence[FormYear], node: Node) -> list[Row]:
    """Return the rows of a year's table."""
    plan = reverse("meeting_plan")
    return [
        Row(
            name=one.form.label,
            asked=one.form.asked_words if one.groups == 1 or not one.form.times else _asked_of_groups(one),
            total=f"{one.held} / {one.asked}" if one.asked else str(one.held),
            squares=[
                Square(
                    label=period_words(cell.period, one.form.per),
                    text=cell_words(cell),
                    months=cell.period.months,
                    look=LOOKS[cell.state],
                    needs=cell.state is State.OPEN,
                    is_empty=not (cell.held or cell.planned or cell.overdue)
                    and cell.state in (State.AHEAD, State.FREE),
                )
                for cell in one.cells
            ],
            plan_url=f"{plan}?node={node.pk}&form={one.form.code}",
        )
        for one in found
    ]


def other_years(asked: int, today: dt.date) -> list[int]:
    """Return the years before and after one that a page leads to; after this year there is nothing."""
    return [year for year in (asked - 1, asked + 1) if FIRST_YEAR <= year <= today.year]


def _asked_of_groups(one: FormYear) -> str:
    return _("%(asked)s，%(groups)s 个小组") % {"asked": one.form.asked_words, "groups": one.groups}


@require_GET
@never_cache
@role_required(*COUNTS)
def year(request: HttpRequest) -> HttpResponse:
    """Show a unit's year: what is still to be held now, the table, the meetings themselves."""
    as_of, node = timezone.now(), node_or_404(request)
    asked = year_of_request(request, today=today_of(as_of))
    if node.kind not in (NodeKind.BRANCH, NodeKind.GROUP) and "node" not in request.GET:
        return redirect("meetings_units")
    rows = rows_of(year_of(node, year=asked, as_of=as_of), node)
    found = meetings_of(node, start=dt.date(asked, 1, 1), end=dt.date(asked + 1, 1, 1))
    listed = [
        (one, when_words(one.occasion), state_words(one.occasion, as_of=as_of), late_words(one), _address(one, node))
        for one in found.order_by("-occasion__starts_at", "-pk")[:SHOWN]
    ]
    context = {
        "tab": "branch", "node": node, "year": asked, "rows": rows, "listed": listed,
        "left": [
            (one.occasion.title, when_words(one.occasion), _address(one, node))
            for one in unregistered(as_of=as_of).filter(occasion__node__path__startswith=node.path)[:SHOWN]
        ],
        "open_now": [row for row in rows if row.open_now], "as_of": as_of_words(as_of),
        "months": range(1, 13), "quarters": range(1, 5), "today": today_of(as_of),
        "other_years": other_years(asked, today_of(as_of)),
        "may_plan": node.closed_date is None, "is_wide": node.kind not in (NodeKind.BRANCH, NodeKind.GROUP),
        "may_keep": may_keep_forms(signed_in(request), node), "is_long": len(listed) >= SHOWN,
    }  # fmt: skip
    return render(request, "meetings/year.html", context)


def _address(one: Meeting, node: Node) -> str:
    return f"{reverse('meeting', args=[one.pk])}?node={node.pk}"


@require_GET
@never_cache
@role_required(*COUNTS)
def year_pdf(request: HttpRequest) -> HttpResponse:
    """Print a unit's year."""
    as_of, node = timezone.now(), node_or_404(request)
    asked = year_of_request(request, today=today_of(as_of))
    rows = rows_of(year_of(node, year=asked, as_of=as_of), node)
    context = {"node": node, "year": asked, "rows": rows, "as_of": as_of_words(as_of), "months": range(1, 13)}
    return pdf_answer(pdf_of("meetings/year_pdf.html", context), filename=_name(node, asked, "pdf"))


def _name(node: Node, asked: int, form: str) -> str:
    words = _("组织生活一览")
    return re.sub(r'[\x00-\x1f"*/:<>?\\|]', "", f"{words}-{node.name}-{asked}")[:120] + f".{form}"


@require_GET
@never_cache
@role_required(*COUNTS)
def units(request: HttpRequest) -> HttpResponse:
    """List the branches below a unit in the order of the tree: how often each form was held, of how often asked."""
    as_of, node = timezone.now(), node_or_404(request)
    asked = year_of_request(request, today=today_of(as_of))
    number = number_or_none(request.GET.get("page"), most=LAST_PAGE) or 1
    page = Paginator(counted_units(node), A_PAGE).get_page(number)
    forms = list(forms_at(node).values())
    rows = [
        (one, list(zip([form.label for form in forms], cells_of(one, forms), strict=True)))
        for one in unit_years(list(page), below=node, year=asked)
    ]
    context = {
        "tab": "branch", "node": node, "year": asked, "forms": forms, "page": page, "rows": rows,
        "as_of": as_of_words(as_of), "other_years": other_years(asked, today_of(as_of)),
        "may_keep": may_keep_forms(signed_in(request), node),
    }  # fmt: skip
    return render(request, "meetings/units.html", context)


def cells_of(one: UnitYear, forms: Sequence[Form]) -> list[str]:
    """Return what a unit's row says of each form: held of asked, or held alone where nothing is asked by number."""
    said = []
    for form in forms:
        held, asked = one.held.get(form.code, 0), one.asked.get(form.code, 0)
        said.append(f"{held} / {asked}" if asked else str(held))
    return said


@require_GET
@never_cache
@role_required(*COUNTS)
def units_file(request: HttpRequest, form: str) -> HttpResponse:
    """Send the list of branches as a file, from the same rows as the page."""
    as_of, node = timezone.now(), node_or_404(request)
    asked = year_of_request(request, today=today_of(as_of))
    forms = list(forms_at(node).values())
    if form == "pdf":
        return _units_pdf(request, node, asked, forms, as_of)
    if form not in ("xlsx", "csv"):
        raise Http404
    out = io.BytesIO()
    (_write_xlsx if form == "xlsx" else _write_csv)(out, node, asked, forms, as_of)
    answer = HttpResponse(out.getvalue(), content_type=CONTENT_TYPES[form])
    answer.headers["Content-Disposition"] = f"attachment; filename*=UTF-8''{quote(_name(node, asked, form))}"
    return answer


def _units_pdf(request: HttpRequest, node: Node, asked: int, forms: list[Form], as_of: dt.datetime) -> HttpResponse:
    if counted_units(node)[: MOST_PRINTED + 1].count() > MOST_PRINTED:
        words = _("这里有 %(units)s 个以上的支部，打印请到下一级；全部请用 Excel 表格。")
        messages.error(request, words % {"units": MOST_PRINTED})
        return redirect(f"{reverse('meetings_units')}?node={node.pk}&year={asked}")
    rows = [(one, cells_of(one, forms)) for one in _all_units(node, asked)]
    context = {"node": node, "year": asked, "forms": forms, "rows": rows, "as_of": as_of_words(as_of)}
    return pdf_answer(pdf_of("meetings/units_pdf.html", context), filename=_name(node, asked, "pdf"))


def _all_units(node: Node, asked: int) -> Iterator[UnitYear]:
    """Yield every branch, some at a time."""
    found = list(counted_units(node))
    for first in range(0, len(found), A_CHUNK):
        yield from unit_years(found[first : first + A_CHUNK], below=node, year=asked)


def _heads(forms: Sequence[Form]) -> list[str]:
    heads = [_("上级"), _("支部")]
    for form in forms:
        heads += [_("%(form)s已开") % {"form": form.label}, _("%(form)s要求") % {"form": form.label}]
    return heads


def _numbers(one: UnitYear, forms: Sequence[Form]) -> list[int]:
    return [count for form in forms for count in (one.held.get(form.code, 0), one.asked.get(form.code, 0))]


def _write_csv(out: io.BytesIO, node: Node, asked: int, forms: Sequence[Form], as_of: dt.datetime) -> None:
    text = io.TextIOWrapper(out, encoding="utf-8-sig", newline="", write_through=True)
    writer = csv.writer(text)
    writer.writerow([neutral(head) for head in _heads(forms)])
    for one in _all_units(node, asked):
        writer.writerow([neutral(one.place), neutral(one.node.name), *_numbers(one, forms)])
    text.detach()


def _write_xlsx(out: io.BytesIO, node: Node, asked: int, forms: Sequence[Form], as_of: dt.datetime) -> None:
    options = {"constant_memory": True, "strings_to_formulas": False, "strings_to_urls": False}
    with xlsxwriter.Workbook(out, options) as book:
        sheet, bold = book.add_worksheet(str(asked)), book.add_format({"bold": True, "text_wrap": True})
        sheet.freeze_panes(1, 2)
        sheet.set_landscape()
        sheet.set_paper(9)
        sheet.fit_to_pages(1, 0)
        sheet.repeat_rows(0)
        sheet.set_column(0, 1, 24)
        for column, head in enumerate(_heads(forms)):
            sheet.write_string(0, column, head, bold)
        for line, one in enumerate(_all_units(node, asked), start=1):
            sheet.write_string(line, 0, one.place)
            sheet.write_string(line, 1, one.node.name)
            for column, count in enumerate(_numbers(one, forms), start=2):
                sheet.write_number(line, column, count)
        about = book.add_worksheet(str(_("说明")))
        said: list[Any] = [(_("组织"), node.name), (_("年份"), str(asked)), (_("截至"), as_of_words(as_of))]
        for line, (key, value) in enumerate(said):
            about.write_string(line, 0, key, bold)
            about.write_string(line, 1, value)
