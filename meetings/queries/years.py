"""A year of a unit against what its forms ask, and many units at once. Nothing here writes."""

import datetime as dt
from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from django.db.models import Count, Q, QuerySet
from django.utils import timezone

from attendance.models import Occasion
from attendance.queries.windows import HELD
from meetings.catalogue import Form, overlay
from meetings.core.year import Cell, Per, cells
from meetings.models import Audience, Meeting
from meetings.queries.catalogue import rows_above
from meetings.queries.meetings import KIND, between, meetings, touching
from organizations.models import Node, NodeKind
from organizations.queries import subtree

# What has begun and is not decided yet is planned still; what was called off is nothing.
COMING = (Occasion.State.SCHEDULED, Occasion.State.OPEN)
UNITS = (NodeKind.BRANCH,)


@dataclass(frozen=True)
class FormYear:
    """One form in a unit's year; ``groups``: among how many groups what is asked of each is multiplied."""

    form: Form
    cells: list[Cell]
    groups: int = 1

    @property
    def held(self) -> int:
        return sum(len(cell.held) for cell in self.cells)

    @property
    def asked(self) -> int:
        return sum(cell.asked for cell in self.cells)


@dataclass(frozen=True)
class UnitYear:
    """One unit of a list: how often each form was held, by its code, and what is asked of it in the year."""

    node: Node
    place: str
    held: dict[str, int]
    asked: dict[str, int]


def year_of(node: Node, *, year: int, as_of: dt.datetime) -> list[FormYear]:
    """Return a unit's year, a row a form that it uses or has held; three queries."""
    forms = overlay(rows_above([node.path]), node.path)
    days, today = _days(node, year, as_of), timezone.localdate(as_of)
    groups = _groups([node])[node.path]
    found = []
    for code in [*forms, *(code for code in days if code not in forms)]:
        form = forms.get(code) or Form(code, days[code].name, Audience.ALL, Per.MONTH, 0)
        if not form.is_used and code not in days:
            continue
        times = form.times * (groups if form.audience == Audience.GROUP else 1) if form.is_used else 0
        here = days.get(code, _Days(""))
        row = cells(
            year=year, per=form.per, times=times, held=here.held, planned=here.planned, today=today,
            overdue=here.overdue,
        )  # fmt: skip
        found.append(FormYear(form, row, groups))
    return found


class _Days:
    def __init__(self, name: str) -> None:
        self.name = name
        self.held: list[dt.date] = []
        self.planned: list[dt.date] = []
        self.overdue: list[dt.date] = []


def _days(node: Node, year: int, as_of: dt.datetime) -> dict[str, _Days]:
    found: dict[str, _Days] = {}
    rows = meetings().filter(touching(node), _in_year(year)).filter(occasion__state__in=[*HELD, *COMING])
    for code, name, state, at, until, kind in rows.order_by("occasion__starts_at").values_list(
        "form_code", "form_name", "occasion__state", "occasion__starts_at", "occasion__ends_at", "occasion__kind"
    ):
        here, day = found.setdefault(code, _Days(name)), timezone.localdate(at)
        # A lecture may go on beyond its time, or be begun late: that day it is still planned.
        is_over = until <= as_of and (kind == KIND or day < timezone.localdate(as_of))
        (here.held if state in HELD else here.overdue if is_over else here.planned).append(day)
    return found


def _groups(nodes: Iterable[Node]) -> Counter[str]:
    """Return among how many open groups a unit is divided, by its path: one where there are none; one query."""
    paths = [node.path for node in nodes]
    rows = Node.objects.filter(subtree(paths), kind=NodeKind.GROUP, closed_date=None).values_list("path", flat=True)
    found = Counter(dict.fromkeys(paths, 0))
    for group in rows:
        for path in Node.line_to(group):
            if path in found and path != group:
                found[path] += 1
    return Counter({path: max(1, count) for path, count in found.items()})


def _in_year(year: int) -> Q:
    return between(dt.date(year, 1, 1), dt.date(year + 1, 1, 1))


def counted_units(node: Node) -> QuerySet[Node]:
    """Return the open branches of a part of the tree, in its order: those that meetings are asked of."""
    return Node.objects.filter(path__startswith=node.path, kind__in=UNITS, closed_date=None).order_by("path")


def unit_years(nodes: Sequence[Node], *, below: Node, year: int) -> list[UnitYear]:
    """Return how often each form was held in each of these units; five queries, whatever their number."""
    paths = [node.path for node in nodes]
    rows = list(rows_above(paths))
    own, above = _counts(paths, year)
    groups, names = _groups(nodes), _names(paths)
    found = []
    for node in nodes:
        held = Counter(own[node.path])
        for path in Node.line_to(node.path)[:-1]:
            held.update(above[path])
        forms = {code: form for code, form in overlay(rows, node.path).items() if form.is_used}
        asked = {
            code: form.asked * (groups[node.path] if form.audience == Audience.GROUP else 1)
            for code, form in forms.items()
        }
        between_them = Node.line_to(node.path)[len(below.line_paths()) : -1]
        found.append(UnitYear(node, " / ".join(names[path] for path in between_them), dict(held), asked))
    return found


def _counts(paths: Sequence[str], year: int) -> tuple[dict[str, Counter[str]], dict[str, Counter[str]]]:
    """Return the counts of each unit's own meetings and those below, and of those above at which all are expected."""
    held = Meeting.objects.filter(_in_year(year), occasion__state__in=HELD)
    inside = Q(pk__in=())
    for path in paths:
        inside |= Q(occasion__node__path__startswith=path)
    own: defaultdict[str, Counter[str]] = defaultdict(Counter)
    wanted = set(paths)
    for at, code, count in _grouped(held.filter(inside)):
        for path in wanted.intersection(Node.line_to(at)):
            own[path][code] += count
    lines = {line for path in paths for line in Node.line_to(path)[:-1]}
    higher = held.filter(occasion__node__path__in=lines, occasion__is_named=False, audience=Audience.ALL)
    above: defaultdict[str, Counter[str]] = defaultdict(Counter)
    for at, code, count in _grouped(higher):
        above[at][code] += count
    return own, above


def _grouped(found: QuerySet[Meeting]) -> Iterable[tuple[str, str, int]]:
    return found.order_by().values_list("occasion__node__path", "form_code").annotate(count=Count("pk"))


def _names(paths: Sequence[str]) -> dict[str, str]:
    lines = {line for path in paths for line in Node.line_to(path)}
    return dict(Node.objects.filter(path__in=lines).values_list("path", "name"))
