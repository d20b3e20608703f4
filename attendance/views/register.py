"""The register on a page and on paper: people by occasions, a sign in each cell, the evidence one click away."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from functools import cached_property, lru_cache
from typing import Any
from urllib.parse import urlencode

from django.contrib import messages
from django.db import transaction
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET

from attendance.charts import Chart
from attendance.models import Occasion, RecordState
from attendance.operations import settle_dirty
from attendance.permissions import NAMES, may_record_for, own_nodes, scope_for
from attendance.queries import announced_occasions, trainings_touching
from attendance.queries.register import (
    MOST_OCCASIONS,
    MOST_PEOPLE,
    Cell,
    PersonLine,
    month_of,
    months_of,
    people_on,
    register_lines,
    register_occasions,
)
from attendance.reports.base import Scope
from attendance.reports.standing import names_below, place, rule_labels
from attendance.sentences import hour, moment
from attendance.standing import DONE, DUE, UNDONE, Amount, amount_of, asked_of, state_label
from attendance.views.branch import AtOccasion, at_occasion
from attendance.views.detail import record_details
from attendance.views.entries import notes_of
from attendance.views.history import progress_chart
from attendance.views.people import short
from attendance.views.shared import log_visit, number_or_none, settle_unread
from attendance.views.training import address_of
from organizations.models import Node, Role, User
from organizations.operations import log_list
from organizations.permissions import role_required, signed_in, visible_nodes
from organizations.printing import pdf_answer, pdf_of

MONTHS_BACK = 12
SIDE_BY_SIDE = 9  # occasions of a month beside which a second column of names fits on a sheet
MOST_PRINTED = 3000  # cells of a PDF: some six seconds of work
ROWS_A_BLOCK = 33  # names below each other on an A4 sheet across
UNDONE_FILTER = "undone"

SIGNS: dict[str, Callable[[], str]] = {
    RecordState.ATTENDED.value: lambda: _("已"),
    RecordState.MADE_UP.value: lambda: _("补"),
    RecordState.EXCUSED.value: lambda: _("假"),
    RecordState.EXEMPT.value: lambda: _("免"),
    RecordState.MISSING.value: lambda: _("缺"),
    RecordState.INCOMPLETE.value: lambda: _("录不全"),
    RecordState.PENDING.value: lambda: "…",
    DUE: lambda: _("学"),
}
LOOKS = {
    RecordState.ATTENDED.value: "y", RecordState.MADE_UP.value: "m", RecordState.EXCUSED.value: "l",
    RecordState.EXEMPT.value: "l", RecordState.MISSING.value: "x", RecordState.INCOMPLETE.value: "p", DUE: "p",
    RecordState.PENDING.value: "w",
}  # fmt: skip
FILTERS = (UNDONE_FILTER, *SIGNS)


@dataclass(frozen=True)
class Asked:
    """What the address asks for: which unit, which training or month, and whom of them."""

    node: Node
    scope: Scope | None
    month: date | None
    state: str
    as_of: datetime
    reader: User

    @classmethod
    def of(cls, request: HttpRequest, *, as_of: datetime) -> "Asked":
        """Read the address; Http404 where the reader may not see it. Without training and month it is this month."""
        user = signed_in(request)
        node_id, training_id = (number_or_none(request.GET.get(name)) for name in ("node", "training"))
        month, state = _month_or_404(request.GET.get("month", "")), request.GET.get("state", "")
        if state and state not in FILTERS:
            raise Http404
        if training_id is None:
            return cls(_node_or_404(user, node_id), None, month or _this_month(as_of), state, as_of, user)
        scope = scope_for(user, training_id=training_id, node_id=node_id, as_of=as_of, roles=NAMES)
        if scope is None:
            raise Http404
        return cls(scope.node, scope, month, state, as_of, user)

    @property
    def query(self) -> str:
        """The same question as an address has it."""
        values: dict[str, Any] = {"node": self.node.pk}
        if self.scope:
            values["training"] = self.scope.training.pk
        if self.month:
            values["month"] = f"{self.month:%Y-%m}"
        return urlencode({**values, **({"state": self.state} if self.state else {})})

    @property
    def title(self) -> str:
        parts = [self.scope.training.title] if self.scope else []
        return " · ".join([*parts, *([month_words(self.month)] if self.month else [])])


def _this_month(as_of: datetime) -> date:
    return timezone.localdate(as_of).replace(day=1)


def _month_or_404(text: str) -> date | None:
    if not text:
        return None
    try:
        return datetime.strptime(text, "%Y-%m").date()  # noqa: DTZ007 - a month has no zone
    except ValueError as error:
        raise Http404 from error


def _node_or_404(user: User, node_id: int | None) -> Node:
    nodes = own_nodes(user, *NAMES) if node_id is None else visible_nodes(user, *NAMES).filter(pk=node_id)
    node = next(iter(nodes), None)
    if node is None:
        raise Http404
    return node


def month_words(first: date) -> str:
    """Return a month as people write it: 2026年11月."""
    return str(date_format(first, "YEAR_MONTH_FORMAT"))


@dataclass(frozen=True)
class Head:
    """One occasion at the top of its column."""

    title: str
    short: str
    when: str
    url: str


@dataclass(frozen=True)
class Line:
    """One person's row, as it is written."""

    member_id: int
    name: str
    url: str
    note: str
    cells: SafeString
    done: str
    hours: str


@dataclass(frozen=True)
class Register:
    """The whole of it: columns, rows, and what they come to."""

    asked: Asked
    occasions: list[Occasion]
    people: list[PersonLine]
    names: Mapping[str, str]
    is_cut: bool

    @classmethod
    def read(cls, asked: Asked) -> "Register":
        """Read it: four queries at any size. Raises TooMany where it would not fit on a page."""
        month = month_of(asked.month) if asked.month else None
        training_id = asked.scope.training.pk if asked.scope else None
        occasions = register_occasions(node=asked.node, training_id=training_id, month=month)
        shown = occasions[:MOST_OCCASIONS]
        ids = [one.pk for one in shown if one.opened_at]
        if people_on(node=asked.node, occasion_ids=ids) > MOST_PEOPLE:
            raise TooMany
        people = register_lines(node=asked.node, occasion_ids=ids) if ids else []
        return cls(asked, shown, people, names_below(asked.node), len(occasions) > MOST_OCCASIONS)

    @cached_property
    def shown(self) -> list[PersonLine]:
        """Whom the filter leaves."""
        wanted = UNDONE if self.asked.state == UNDONE_FILTER else (self.asked.state,)
        if not self.asked.state:
            return self.people
        return [one for one in self.people if any(cell.state in wanted for cell in one.cells.values())]

    @cached_property
    def _needs(self) -> dict[int, Amount]:
        return {one.pk: asked_of(occasion=one, as_of=self.asked.as_of) for one in self.occasions}

    @property
    def heads(self) -> list[Head]:
        day = "j" if self.asked.month else "n.j"
        return [
            Head(
                one.title,
                short(one.title),
                date_format(timezone.localtime(one.starts_at), day) + (f" {hour(one.starts_at)}"),
                f"{reverse('branch_occasion', args=[one.pk])}?node={self.asked.node.pk}",
            )
            for one in self.occasions
        ]

    @property
    def lines(self) -> list[Line]:
        return [self._line(one) for one in self.shown]

    @property
    def sums(self) -> list[str]:
        """How many of how many have done each occasion, of everybody, whatever the filter."""
        said = []
        for one in self.occasions:
            states = [person.cells[one.pk].state for person in self.people if one.pk in person.cells]
            expected = sum(state != RecordState.EXEMPT for state in states)
            said.append(f"{sum(state in DONE for state in states)}/{expected}" if states else "")
        return said

    @property
    def total(self) -> str:
        return f"{sum(one.done for one in self.people)}/{sum(one.asked for one in self.people)}"

    def sign(self, occasion: Occasion, person: PersonLine) -> tuple[str, str, str]:
        """Return what stands in a cell: the sign, its word, and how it looks."""
        cell = person.cells.get(occasion.pk)
        if cell is None:
            return ("·", _("还没开始"), "n") if not occasion.opened_at else ("", _("不应到"), "n")
        if cell.state == RecordState.PENDING:
            word = _("正在进行") if occasion.state == Occasion.State.OPEN else _("认定中")
            return SIGNS[cell.state](), word, LOOKS[cell.state]
        return self._studying(occasion, cell) if cell.state == DUE else _plain(cell.state)

    def _studying(self, occasion: Occasion, cell: Cell) -> tuple[str, str, str]:
        amount = amount_of(self._needs[occasion.pk], cell.reasons, state=cell.state)
        done, needed = amount.done_ms // 60_000, -(-amount.needed_ms // 60_000)
        word = state_label(DUE) + (_("，还差 %(left)s") % {"left": amount.left} if amount.left else "")
        return f"{done}′/{needed}′", word, LOOKS[DUE]

    def _line(self, person: PersonLine) -> Line:
        cells = "".join(
            _cell(person.member_id, one.pk, self.sign(one, person), linked=one.pk in person.cells)
            for one in self.occasions
        )
        where = place(person.node_path, names=self.names, below=self.asked.node.path)
        note = [] if person.node_path == self.asked.node.path else [where]
        note += [] if person.has_phone else [_("无手机")]
        url = reverse("branch_person", args=[person.member_id])
        done = f"{person.done}/{person.asked}"
        return Line(
            person.member_id,
            person.name,
            url,
            " · ".join(note),
            SafeString(cells),
            done,
            f"{person.hours.normalize():f}",
        )


class TooMany(Exception):
    """More people than a page holds."""


def _plain(state: str) -> tuple[str, str, str]:
    return SIGNS[state](), state_label(state), LOOKS[state]


def _cell(member_id: int, occasion_id: int, said: tuple[str, str, str], *, linked: bool) -> str:
    """Return a cell's HTML. There may be 20,000 on a page: what is said in it is escaped once, the rest are numbers."""
    before, after = _written(said, linked)
    return f"{before}{occasion_id}/{member_id}/{after}" if linked else before


@lru_cache(maxsize=2000)
def _written(said: tuple[str, str, str], linked: bool) -> tuple[str, str]:
    sign, word, look = said
    if not linked:
        form = '<td class="{}" title="{}"><span aria-hidden="true">{}</span><span class="unseen">{}</span></td>'
        return format_html(form, look, word, sign, word), ""
    return (
        format_html('<td class="{}"><a href="', look),
        format_html('" title="{}" aria-label="{}">{}</a></td>', word, word, sign),
    )


@dataclass(frozen=True)
class Choice:
    """One thing that can be chosen above the register."""

    value: str
    words: str
    is_chosen: bool


def _choices(asked: Asked, occasions: Sequence[Occasion]) -> dict[str, list[Choice]]:
    """Return what can be chosen instead: trainings, months and filters; one query."""
    now = _this_month(asked.as_of)
    months = months_of(occasions) if asked.scope else [*_back(now), _next(now)]
    found = sorted({*months, *([asked.month] if asked.month else [])}, reverse=True)
    chosen = asked.scope.training.pk if asked.scope else None
    words = {UNDONE_FILTER: _("还没做完的"), **{state: state_label(state) for state in SIGNS}}
    return {
        "trainings": [
            Choice(str(one.pk), one.title, one.pk == chosen) for one in trainings_touching([asked.node]).order_by("-pk")
        ],
        "months": [Choice(f"{one:%Y-%m}", month_words(one), one == asked.month) for one in found],
        "states": [Choice(state, f"{words[state]}", state == asked.state) for state in FILTERS],
    }


def _back(first: date) -> list[date]:
    months = [first]
    for _number in range(MONTHS_BACK - 1):
        months.append((months[-1] - timedelta(days=1)).replace(day=1))
    return months


def _next(first: date) -> date:
    return (first + timedelta(days=32)).replace(day=1)


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
        ("branch_leave", _("登记请假")),
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
    return [_plain(state) for state in SIGNS if state not in (DUE, RecordState.PENDING)]


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
        context |= {"too_many": MOST_PEOPLE, "units": list(below), "choices": _choices(asked, [])}
        return render(request, "attendance/branch_register.html", context)
    context |= {
        "register": register,
        "choices": _choices(asked, register.occasions),
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


@dataclass(frozen=True)
class Block:
    """So many rows as stand below each other on a sheet."""

    rows: list[tuple[int, str, list[str], str]]


@dataclass(frozen=True)
class Sheet:
    """One sheet of paper: one month, and so many names as fit."""

    title: str
    heads: list[Head]
    blocks: list[Block]
    sums: list[str]
    number: int
    of: int


def sheets_of(register: Register) -> list[Sheet]:
    """Return the register as sheets of A4 across: a month each, names in two columns where there is room."""
    found = []
    for month in months_of(register.occasions):
        at = [
            number
            for number, one in enumerate(register.occasions)
            if timezone.localdate(one.starts_at).replace(day=1) == month
        ]
        found += _sheets_of_month(register, month, at)
    return found


def _sheets_of_month(register: Register, month: date, at: Sequence[int]) -> list[Sheet]:
    occasions = [register.occasions[number] for number in at]
    rows = []
    for number, person in enumerate(register.shown, start=1):
        cells = [person.cells[one.pk] for one in occasions if one.pk in person.cells]
        done, asked = sum(cell.state in DONE for cell in cells), sum(cell.state != "exempt" for cell in cells)
        rows.append((number, person.name, [register.sign(one, person)[0] for one in occasions], f"{done}/{asked}"))
    blocks = [Block(rows[start : start + ROWS_A_BLOCK]) for start in range(0, len(rows), ROWS_A_BLOCK)]
    a_sheet = 2 if len(at) <= SIDE_BY_SIDE else 1
    pages = [blocks[start : start + a_sheet] for start in range(0, len(blocks), a_sheet)]
    heads, sums = register.heads, register.sums
    return [
        Sheet(month_words(month), [heads[one] for one in at], page, [sums[one] for one in at], number, len(pages))
        for number, page in enumerate(pages, start=1)
    ]


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
