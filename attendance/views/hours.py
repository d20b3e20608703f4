"""年度学时: one's own year, the list of a unit's people, one of them, and the file."""

import io
import re
from dataclasses import dataclass, replace
from datetime import datetime
from decimal import Decimal
from functools import partial
from typing import Any
from urllib.parse import quote

from django.core.paginator import Page, Paginator
from django.db import transaction
from django.http import FileResponse, Http404, HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET

from attendance.models.hours import EVERYBODY
from attendance.operations import settle_dirty
from attendance.permissions import NAMES, own_nodes
from attendance.queries.hours import (
    DoneAt,
    Earned,
    PersonYear,
    Stretch,
    done_in,
    tables_for,
    year_of,
    years_of,
    years_with,
)
from attendance.reports.hours import ROLE_WORDS, HoursReport, YearScope, role_of
from attendance.reports.render import CONTENT_TYPES, ENCODINGS, write
from attendance.reports.standing import place
from attendance.sentences.records import day
from attendance.sentences.rules import FORM_WORDS, number, table_words
from attendance.standing import state_label
from attendance.views.shared import LAST_PAGE, log_visit, number_or_none
from organizations import replica
from organizations.models import Membership, Node, Role, User
from organizations.operations import ONE_VISIT, log_list
from organizations.operations.access import MOST_NAMED
from organizations.permissions import has_role, role_required, signed_in, visible_nodes
from organizations.queries import membership_on, node_names

A_PAGE = 50
FIRST_YEAR = 2000
YEARS_OFFERED = 5


def hours_words(hours: Decimal) -> str:
    """Return hours with their word: 12.5 学时."""
    return _("%(hours)s 学时") % {"hours": number(hours)}


@dataclass(frozen=True)
class YearCard:
    """A person's year in words: what counts, what is asked and why, and what each form gave."""

    one: PersonYear

    @property
    def total(self) -> str:
        return number(self.one.total)

    @property
    def text(self) -> str:
        """What is left, below the number; nothing where no table asks anything."""
        one = self.one
        if one.table is None:
            return ""
        if not one.asked:
            return _("这一年不要求学时")
        values = {"asked": number(one.asked), "left": number(one.left)}
        return (_("应学 %(asked)s 学时，还差 %(left)s") if one.left else _("应学 %(asked)s 学时，已经够了")) % values

    @property
    def why(self) -> list[str]:
        """How what is asked comes about: a sentence for each part of the year that is not like the others."""
        if self.one.table is None:
            return []
        stretches = self.one.stretches
        if len(stretches) == 1 and stretches[0].rate is not None:
            return [_whole_year(stretches[0])]
        if self.one.table.by_month:
            return [*(_stretch_words(one) for one in stretches), _("按月折算，尾数舍到 0.5。")]
        # A year is owed whole: months in which nothing was asked take nothing off.
        rated = [one for one in stretches if one.rate is not None]
        if len({one.role for one in rated}) <= 1:
            return [_whole_year(one) for one in rated[:1]]
        return [*(_stretch_words(one) for one in rated), _("按全年、按最高的算。")]

    @property
    def forms(self) -> list[str]:
        """What each form gave."""
        return [_form_words(one) for one in self.one.earned]

    @property
    def conversion(self) -> str:
        """How taking part becomes hours, as the table has it."""
        if self.one.table is None:
            return ""
        said = table_words(self.one.table.conversions.all())
        if not said:
            return ""
        return _("%(said)s。场次的规则写明记多少的，按规则记。") % {"said": said}


def _whole_year(stretch: Stretch) -> str:
    values = {"role": ROLE_WORDS[stretch.role or EVERYBODY], "rate": number(stretch.rate or Decimal(0))}
    return _("%(role)s一年 %(rate)s 学时") % values


def _stretch_words(one: Stretch) -> str:
    months = f"{one.first}–{one.last}" if one.first != one.last else f"{one.first}"
    values = {"months": months, "role": ROLE_WORDS.get(one.role or EVERYBODY), "rate": number(one.rate or Decimal(0))}
    if one.is_exempt:
        return _("%(months)s 月免学，不计") % values
    if one.rate is None:
        return _("%(months)s 月不在册，不计") % values
    return _("%(months)s 月按%(role)s一年 %(rate)s 学时") % values


def _form_words(one: Earned) -> str:
    values = {"form": FORM_WORDS[one.form], "hours": number(one.hours), "count": one.occasions}
    said = _("%(form)s %(hours)s 学时（%(count)s 场）") % values
    if one.counted == one.hours:
        return said
    return said + _("，一年最多计 %(cap)s，超出的不计") % {"cap": number(one.cap or Decimal(0))}


@dataclass(frozen=True)
class DoneRow:
    """One occasion that gave hours."""

    done: DoneAt
    url: str = ""

    @property
    def title(self) -> str:
        return self.done.title

    @property
    def text(self) -> str:
        values = {
            "day": day(self.done.starts_at), "form": FORM_WORDS[self.done.form], "state": state_label(self.done.state),
            "hours": hours_words(self.done.hours),
        }  # fmt: skip
        return _("%(day)s · %(form)s · %(state)s · %(hours)s") % values


def _asked_year(request: HttpRequest, as_of: datetime) -> int:
    """Return the year in the address, this one without; 404 for what is none or ahead."""
    this_year = timezone.localdate(as_of).year
    year = number_or_none(request.GET.get("year"), most=this_year) or this_year
    if year < FIRST_YEAR:
        raise Http404
    return year


@require_GET
@never_cache
@role_required()
def me_hours(request: HttpRequest) -> HttpResponse:
    """Show one's own year: what counts, what is asked and why, each occasion, and how hours come about."""
    member, as_of = signed_in(request), timezone.now()
    year = _asked_year(request, as_of)
    settle_dirty(as_of=as_of, member_ids=[member.pk])
    rows = done_in(member_id=member.pk, year=year)
    context = {
        "tab": "me",
        "year": year,
        "years": years_with(member_id=member.pk, this_year=timezone.localdate(as_of).year),
        "card": YearCard(year_of(member_id=member.pk, year=year)),
        "rows": [DoneRow(one, reverse("me_record", args=[one.occasion_id])) for one in rows],
    }
    return render(request, "attendance/me_hours.html", context)


# --- the secretary's ----------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class PersonRow:
    """One person of the list."""

    membership: Membership
    one: PersonYear
    unit: str
    query: str

    @property
    def name(self) -> str:
        return self.membership.member.name

    @property
    def url(self) -> str:
        return f"{reverse('branch_hours_member', args=[self.membership.member_id])}?{self.query}"

    @property
    def label(self) -> str:
        return _("查看%(name)s的学时") % {"name": self.name}

    @property
    def texts(self) -> list[str]:
        """The unit where it is not the list's own, and what counts of what is asked."""
        card = YearCard(self.one)
        role = role_of(self.one)
        said = _("已计入 %(total)s 学时") % {"total": card.total}
        return [one for one in (self.unit, "，".join(part for part in (role, said, card.text) if part)) if one]


def _scope_or_404(request: HttpRequest) -> YearScope:
    """Return the unit at ``?node=`` (or the reader's first own) and the year, if they may read names there."""
    reader, as_of = signed_in(request), timezone.now()
    wanted = number_or_none(request.GET.get("node"))
    nodes = own_nodes(reader, *NAMES) if wanted is None else list(visible_nodes(reader, *NAMES).filter(pk=wanted))
    if not nodes:
        raise Http404
    return YearScope(node=nodes[0], year=_asked_year(request, as_of), as_of=as_of)


@require_GET
@never_cache
@role_required(*NAMES)
def branch_hours(request: HttpRequest) -> HttpResponse:
    """List a unit's people with their year, in the order of the tree; logged."""
    scope = _scope_or_404(request)
    wanted = number_or_none(request.GET.get("page"), most=LAST_PAGE) or 1
    with transaction.atomic():
        shown = replica.read(partial(_page, scope, wanted), as_of=scope.as_of, reader_id=signed_in(request).pk)
        page, rows = shown.value
        _log(request, scope, [row.membership.member_id for row in rows], what="table", count=None)
    query = _query(scope)
    context = {
        "tab": "branch", "scope": scope, "page": page, "years": _years(scope.as_of), "rows": rows, "shown": shown,
        "downloads": [
            (f"{reverse('branch_hours_file', args=[form])}?{query}{more}", words)
            for form, more, words in (
                ("xlsx", "", _("Excel 表格")), ("csv", "", "CSV"), ("csv", "&encoding=gbk", _("CSV（老版本 Excel）")),
            )
        ],
    }  # fmt: skip
    return render(request, "attendance/branch_hours.html", context)


def _query(scope: YearScope) -> str:
    return f"node={scope.node.pk}&year={scope.year}"


def _page(scope: YearScope, wanted: int, as_of: datetime) -> tuple[Page[Membership], list[PersonRow]]:
    """Return a page of the list, and its people with their year."""
    page = Paginator(replace(scope, as_of=as_of).people, A_PAGE).get_page(wanted)
    people = list(page)
    names = node_names((one.node.path for one in people), below=scope.node)
    years = years_of(
        member_ids=[one.member_id for one in people],
        year=scope.year,
        tables=tables_for(paths=[scope.node.path, *names], year=scope.year),
    )
    return page, [
        PersonRow(one, years[one.member_id], place(one.node.path, names=names, below=scope.node.path), _query(scope))
        if one.node.path != scope.node.path
        else PersonRow(one, years[one.member_id], "", _query(scope))
        for one in people
    ]


def _years(as_of: datetime) -> list[int]:
    this_year = timezone.localdate(as_of).year
    return [this_year - back for back in range(YEARS_OFFERED)]


def _log(
    request: HttpRequest, scope: YearScope, member_ids: list[int], *, what: str, count: int | None, reason: str = ""
) -> None:
    log_list(
        reader_id=signed_in(request).pk, node_id=scope.node.pk, member_ids=member_ids, what=what, as_of=scope.as_of,
        role=Role.SECRETARY, title=f"{_('年度学时')} {scope.year}", reason=reason, count=count,
        once_in=ONE_VISIT if what == "table" else None,
    )  # fmt: skip


@require_GET
@never_cache
@role_required(*NAMES)
def branch_hours_member(request: HttpRequest, member_id: int) -> HttpResponse:
    """Show the year of somebody who belongs to one's units today; what they did elsewhere is one sum; logged."""
    reader, as_of = signed_in(request), timezone.now()
    home = membership_on(member_id=member_id, on_date=timezone.localdate(as_of))
    if home is None or not has_role(reader, *NAMES, node=home.node):
        raise Http404
    year = _asked_year(request, as_of)
    settle_dirty(as_of=as_of, member_ids=[member_id])
    with transaction.atomic():
        log_visit(reader_id=reader.pk, subject_ids=[member_id], as_of=as_of)
    done = done_in(member_id=member_id, year=year)
    here = [one for one in done if _is_here(reader, one)]
    context = {
        "tab": "branch",
        "member": home.member,
        "unit": home.node.name,
        "year": year,
        "years": _years(as_of),
        "card": YearCard(year_of(member_id=member_id, year=year)),
        "rows": [DoneRow(one) for one in here],
        "elsewhere": _elsewhere(done, here),
        "back": f"{reverse('branch_hours')}?year={year}",
    }
    return render(request, "attendance/branch_hours_member.html", context)


def _is_here(reader: User, one: DoneAt) -> bool:
    return has_role(reader, *NAMES, node=Node(path=one.node_path))


def _elsewhere(done: list[DoneAt], here: list[DoneAt]) -> str:
    """Return what somebody brought from a unit that is not the reader's: a sum, without what it was."""
    brought = [one for one in done if one not in here]
    if not brought:
        return ""
    values = {"count": len(brought), "hours": number(sum((one.hours for one in brought), Decimal(0)))}
    return _("在别的组织时参加的 %(count)s 场，记 %(hours)s 学时，跟着本人走") % values


@require_GET
@never_cache
@role_required(*NAMES)
@transaction.atomic
def branch_hours_file(request: HttpRequest, form: str) -> HttpResponseBase:
    """Send the list as a file: a row of the access log each, in the transaction of the read."""
    encoding = request.GET.get("encoding", "utf-8")
    if form not in ("xlsx", "csv") or encoding not in ENCODINGS:
        raise Http404
    scope = _scope_or_404(request)
    shown = replica.read(partial(_written, scope, form, encoding), as_of=scope.as_of, reader_id=signed_in(request).pk)
    out, first, count = shown.value
    _log(request, scope, first, what="hours_file", count=count, reason=form)
    title = f"{_('年度学时')}-{scope.year}-{scope.node.name}-{timezone.localtime(shown.as_of):%Y%m%d-%H%M}"
    filename = re.sub(r'[\x00-\x1f"*/:<>?\\|]', "", title)[:120] + f".{form}"
    charset = f"; charset={ENCODINGS[encoding].removesuffix('-sig')}" if form == "csv" else ""
    response = FileResponse(out, content_type=CONTENT_TYPES[form] + charset)
    response.headers["Content-Disposition"] = f"attachment; filename*=UTF-8''{quote(filename)}"
    response.headers[replica.HEADER] = shown.as_of.isoformat(timespec="seconds")
    return response


def _written(scope: YearScope, form: str, encoding: str, as_of: datetime) -> tuple[io.BytesIO, list[int], int]:
    """Return the file, and whom it names: the first by id, and how many there are."""
    true = replace(scope, as_of=as_of)
    ids = true.people.order_by("member_id").values_list("member_id", flat=True)
    first, out = list(ids[: MOST_NAMED + 1]), io.BytesIO()
    report: Any = HoursReport()  # of people, where the others are of a training
    of: Any = true
    write(report, of, out, form=form, encoding=encoding)
    out.seek(0)
    return out, first, len(first) if len(first) <= MOST_NAMED else ids.count()
