"""The book on paper: one meeting, or those of a month, a quarter or a year, in one PDF."""

import datetime as dt
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from django.contrib import messages
from django.db import transaction
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET

from attendance.models import Occasion
from attendance.permissions import COUNTS
from attendance.views.shared import number_or_none
from meetings.models import Meeting
from meetings.queries import Book, are_more_than, books_of, meetings_of
from meetings.sentences import as_of_words, late_words, when_words, written_words
from meetings.views.shared import (
    MOST_PEOPLE,
    access_or_404,
    address_of,
    log_book,
    node_or_404,
    today_of,
    year_of_request,
)
from organizations.models import Node, Role
from organizations.permissions import has_role, role_required, signed_in
from organizations.printing import pdf_answer, pdf_of

MOST_ROWS = 3000  # names in one file: some hundred pages, seconds of work


@dataclass(frozen=True)
class Sheet:
    """One meeting as it is printed."""

    book: Book
    title: str
    facts: list[tuple[str, str]]
    written: str

    @classmethod
    def of(cls, book: Book) -> "Sheet":
        one, occasion = book.meeting, book.occasion
        state = "" if book.is_held else str(Occasion.State(occasion.state).label)
        facts = [
            (_("单位"), book.node.name if book.node == occasion.node else f"{book.node.name}（{occasion.node.name}）"),
            (_("会议形式"), one.form_label),
            (_("时间"), when_words(occasion)),
            (_("地点"), one.place),
            (_("主持人"), one.chair),
            (_("记录人"), one.recorder),
            (_("情况"), state),
            (_("作废原因"), occasion.void_reason),
            (_("登记"), late_words(one)),
            (_("认定规则"), book.rule),
        ]
        return cls(book, occasion.title, [fact for fact in facts if fact[1]], written_words(book.minutes))


@require_GET
@never_cache
@role_required(*COUNTS)
def book(request: HttpRequest, occasion_id: int) -> HttpResponse:
    """Print one meeting; names for the secretary alone."""
    as_of, access = timezone.now(), access_or_404(request, occasion_id)
    if access.node is None:
        raise Http404
    if are_more_than(MOST_ROWS, meetings=[access.meeting], node=access.node):
        return _too_much(request, address_of(access))
    with transaction.atomic():
        found = _books(request, [access.meeting], access.node, as_of)
    return _answer(found, access.node, as_of, access.meeting.occasion.title)


@require_GET
@never_cache
@role_required(*COUNTS)
def books(request: HttpRequest) -> HttpResponse:
    """Print every meeting of a unit that was held in a month (``month``), a quarter (``quarter``) or the year."""
    as_of, node = timezone.now(), node_or_404(request)
    year = year_of_request(request, today=today_of(as_of))
    start, end, words = _period(request, year)
    overview = f"{reverse('meetings')}?node={node.pk}&year={year}"
    found = [one for one in meetings_of(node, start=start, end=end) if one.occasion.opened_at is not None]
    if not found:
        messages.warning(request, _("%(period)s还没有登记过的会议，没有可以打印的。") % {"period": words})
        return redirect(overview)
    if are_more_than(MOST_ROWS, meetings=found, node=node):
        return _too_much(request, overview)
    with transaction.atomic():
        printed = _books(request, found, node, as_of)
    return _answer(printed, node, as_of, words)


def _period(request: HttpRequest, year: int) -> tuple[dt.date, dt.date, str]:
    """Return ``[start, end)`` and the period in words."""
    month = number_or_none(request.GET.get("month"), most=12)
    quarter = number_or_none(request.GET.get("quarter"), most=4)
    if month:
        first, length, words = month, 1, _("%(year)s 年 %(month)s 月") % {"year": year, "month": month}
    elif quarter:
        first, length = quarter * 3 - 2, 3
        words = _("%(year)s 年第 %(number)s 季度") % {"year": year, "number": quarter}
    else:
        first, length, words = 1, 12, _("%(year)s 年") % {"year": year}
    last = first + length - 1
    end = dt.date(year + 1, 1, 1) if last == 12 else dt.date(year, last + 1, 1)
    return dt.date(year, first, 1), end, words


def _too_much(request: HttpRequest, back: str) -> HttpResponse:
    words = _("名单超过 %(rows)s 行，一个文件放不下：请选短一点的时间，或者到下级组织分别打印。")
    messages.error(request, words % {"rows": MOST_ROWS})
    return redirect(back)


def _books(request: HttpRequest, found: Sequence[Meeting], node: Node, as_of: dt.datetime) -> list[Book]:
    """Return the books, and write down each that names people."""
    with_names = has_role(signed_in(request), Role.SECRETARY, node=node)
    made = books_of(found, node, as_of=as_of, with_names=with_names)
    for one in made:
        if one.people:
            seen = [person.member_id for person in one.people[:MOST_PEOPLE]]
            log_book(request, one.meeting, node, member_ids=seen, as_of=as_of, form="pdf")
    return made


def _answer(found: Sequence[Book], node: Node, as_of: dt.datetime, title: str) -> HttpResponse:
    context: dict[str, Any] = {"sheets": [Sheet.of(one) for one in found], "as_of": as_of_words(as_of), "node": node}
    name = _("会议台账")
    filename = re.sub(r'[\x00-\x1f"*/:<>?\\|]', "", f"{name}-{node.name}-{title}")[:120]
    return pdf_answer(pdf_of("meetings/book_pdf.html", context), filename=f"{filename}.pdf")
