"""How many hours (学时) a year asks of a person and what they have: one answer for every page and file.

Hours belong to the person, wherever they stood when they earned them, and to the year in which the occasion began. They
are what the records credit (``Record.stands_hours``, by how one stands: ``attendance.standing``); a table only bounds
what of one form counts for the year. Nothing here writes.
"""

from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass, field
from datetime import date, datetime, time
from decimal import Decimal
from itertools import groupby
from typing import Any

from django.db.models import Count, Q, QuerySet, Sum
from django.utils import timezone

from attendance.core.hours import MONTHS, OWN, ZERO, Conversion, Form, capped, owed
from attendance.kinds import own_form
from attendance.models import HoursTable, Occasion, RosterEntry
from attendance.models.hours import EVERYBODY
from attendance.standing import DONE, with_standing
from organizations.models import Exemption, Membership, Node, RoleGrant

ORDER = tuple(Form)


class Tables:
    """The hours tables that can concern a part of the tree in one year; for each unit the nearest one above counts."""

    def __init__(self, found: Iterable[HoursTable]) -> None:
        # The newest version of the latest year comes last and stays.
        self._by_path = {table.node.path if table.node else "": table for table in found}

    def at(self, path: str) -> HoursTable | None:
        """Return the table of the unit at ``path``: its own, or that of the nearest above, or the site's. No query."""
        for above in reversed(Node.line_to(path)):
            if above in self._by_path:
                return self._by_path[above]
        return self._by_path.get("")


def hours_tables() -> QuerySet[HoursTable]:
    """Return every hours table with its unit, those withdrawn among them."""
    return HoursTable.objects.select_related("node")


def credited_by(table_id: int) -> int:
    """Return at how many occasions the hours were credited by one version of a table."""
    return Occasion.objects.filter(rule_stamp__hours_table_id=table_id).count()


def tables_for(*, paths: Iterable[str], year: int) -> Tables:
    """Return the tables that hold in ``year`` for the units at ``paths``. Three queries."""
    above = {at for path in paths for at in Node.line_to(path)}
    found = HoursTable.objects.filter(Q(node=None) | Q(node__path__in=above), year__lte=year, withdrawn_at=None)
    found = found.select_related("node").prefetch_related("owed", "conversions")
    return Tables(found.order_by("year", "version"))


def table_at(*, node: Node, year: int) -> HoursTable | None:
    """Return the table that holds for a unit in ``year``."""
    return tables_for(paths=[node.path], year=year).at(node.path)


def rates_of(table: HoursTable) -> dict[str, Decimal]:
    """Return what a whole year asks by role."""
    return {one.role: one.hours for one in table.owed.all()}


def conversions_at(*, node: Node, kind: str, starts_at: datetime) -> tuple[HoursTable | None, dict[str, Conversion]]:
    """Return the table that holds for an occasion, and what each form gives there (``OWN``: its kind's).

    ``(None, {})`` where there is no table: the rule's own hours hold.
    """
    table = table_at(node=node, year=timezone.localtime(starts_at).year)
    if table is None:
        return None, {}
    by_form = {one.form: Conversion(one.hours, one.minutes) for one in table.conversions.all()}
    own = by_form.get(own_form(kind))
    apart = {form: by_form[form] for form in (Form.HALL, Form.VISIT, Form.DECLARED) if form in by_form}
    return table, ({OWN: own} if own else {}) | {str(form): one for form, one in apart.items()}


# --- what a year asks ---------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Stretch:
    """Months in a row in which the same was asked: ``rate`` a whole year's hours of ``role`` (None: nothing)."""

    first: int
    last: int
    role: str
    rate: Decimal | None
    is_exempt: bool = False


@dataclass(frozen=True)
class Earned:
    """What one form of taking part gave in a year: hours, from how many occasions, and how many of them count."""

    form: str
    hours: Decimal
    occasions: int
    counted: Decimal
    cap: Decimal | None


@dataclass(frozen=True)
class PersonYear:
    """One person's year. ``total`` is what counts, ``left`` what is still asked."""

    member_id: int
    year: int
    table: HoursTable | None
    asked: Decimal
    stretches: tuple[Stretch, ...]
    earned: tuple[Earned, ...] = field(default=())

    @property
    def total(self) -> Decimal:
        return sum((one.counted for one in self.earned), ZERO)

    @property
    def left(self) -> Decimal:
        return max(ZERO, self.asked - self.total)

    @property
    def over(self) -> Decimal:
        """What was earned and does not count: above what a year allows of one form."""
        return sum((one.hours - one.counted for one in self.earned), ZERO)

    def hours_of(self, form: str) -> Decimal:
        """Return what counts of one form."""
        return next((one.counted for one in self.earned if one.form == form), ZERO)


@dataclass(frozen=True, slots=True)
class _Dated:
    value: str
    begins: date
    ends: date | None

    def holds(self, day: date) -> bool:
        return self.begins <= day and (self.ends is None or day < self.ends)


def years_of(*, member_ids: Collection[int], year: int, tables: Tables | None = None) -> dict[int, PersonYear]:
    """Return the year of each of these people. Seven queries, whatever their number; four with ``tables``.

    Whoever is there on the first of a month owes that month: by the unit's table and the highest of their roles on that
    day; nothing while they are exempt, where the table says so.
    """
    ids = list(member_ids)
    homes = _dated(Membership.objects.filter(member_id__in=ids), "member_id", "node__path", year)
    roles = _dated(RoleGrant.objects.filter(user_id__in=ids), "user_id", "role", year)
    exempt = _dated(Exemption.objects.filter(member_id__in=ids), "member_id", "category", year)
    if tables is None:
        tables = tables_for(paths={one.value for rows in homes.values() for one in rows}, year=year)
    earned = _earned(ids, year)
    return {
        member_id: _person_year(
            member_id, year, tables, homes[member_id], roles[member_id], exempt[member_id], earned.get(member_id, {})
        )
        for member_id in ids
    }


def year_of(*, member_id: int, year: int) -> PersonYear:
    """Return one person's year."""
    return years_of(member_ids=[member_id], year=year)[member_id]


def _dated(rows: QuerySet[Any], who: str, what: str, year: int) -> defaultdict[int, list[_Dated]]:
    """Return what held at some time of the year, by person, the oldest first."""
    first, after = date(year, 1, 1), date(year + 1, 1, 1)
    inside = Q(active_to_date=None) | Q(active_to_date__gt=first)
    found: defaultdict[int, list[_Dated]] = defaultdict(list)
    values = rows.filter(inside, active_from_date__lt=after).order_by("active_from_date", "id")
    for key, value, begins, ends in values.values_list(who, what, "active_from_date", "active_to_date"):
        found[key].append(_Dated(value, begins, ends))
    return found


def _person_year(
    member_id: int,
    year: int,
    tables: Tables,
    homes: list[_Dated],
    roles: list[_Dated],
    exempt: list[_Dated],
    earned: dict[str, tuple[Decimal, int]],
) -> PersonYear:
    table = tables.at(homes[-1].value) if homes else None
    months = [_month(date(year, month, 1), tables, homes, roles, exempt) for month in range(1, MONTHS + 1)]
    stretches = []
    for same, run in groupby(range(MONTHS), key=lambda index: months[index]):
        indexes = list(run)
        stretches.append(Stretch(indexes[0] + 1, indexes[-1] + 1, *same))
    caps = {one.form: one.cap for one in table.conversions.all()} if table else {}
    return PersonYear(
        member_id=member_id,
        year=year,
        table=table,
        asked=owed((rate for _role, rate, _exempt in months), by_month=table.by_month) if table else ZERO,
        stretches=tuple(stretches),
        earned=tuple(_one_form(str(form), *earned[form], caps.get(form)) for form in ORDER if form in earned),
    )


def _one_form(form: str, hours: Decimal, occasions: int, cap: Decimal | None) -> Earned:
    return Earned(form, hours, occasions, capped(hours, cap), cap)


def _month(
    day: date, tables: Tables, homes: list[_Dated], roles: list[_Dated], exempt: list[_Dated]
) -> tuple[str, Decimal | None, bool]:
    """Return as what somebody is asked that day, how much a whole year of it is, and whether they are exempt."""
    home = next((one for one in reversed(homes) if one.holds(day)), None)
    table = tables.at(home.value) if home else None
    if table is None:
        return "", None, False
    if table.leaves_out_exempt and any(one.holds(day) for one in exempt):
        return "", None, True
    rates = rates_of(table)
    held = {EVERYBODY, *(one.value for one in roles if one.holds(day))}
    best = max((role for role in sorted(held) if role in rates), key=lambda role: rates[role], default="")
    return best, rates.get(best), False


# --- what was earned ----------------------------------------------------------------------------------------------


def bounds_of(year: int) -> tuple[datetime, datetime]:
    """Return the year's first moment and that of the next, in local time."""
    first, after = (timezone.make_aware(datetime.combine(date(one, 1, 1), time.min)) for one in (year, year + 1))
    return first, after


def entries_of(member_ids: Collection[int], year: int) -> QuerySet[Any, Any]:
    """Return the roster entries of these people at what began in the year, with how each stands."""
    first, after = bounds_of(year)
    return entries_between(member_ids, since=first, until=after)


def entries_between(member_ids: Collection[int], *, since: datetime, until: datetime) -> QuerySet[Any, Any]:
    """Return the same for what began in ``[since, until)``."""
    inside = RosterEntry.objects.filter(occasion__starts_at__gte=since, occasion__starts_at__lt=until)
    return with_standing(inside.filter(member_id__in=member_ids))


def done_between(member_ids: Collection[int], *, since: datetime, until: datetime) -> dict[int, tuple[Decimal, int]]:
    """Return hours and number of occasions of each person who has done any of what began in ``[since, until)``.

    What the records credit, before a year's table bounds one form; one query.
    """
    done = entries_between(member_ids, since=since, until=until).filter(stands__in=DONE).order_by()
    rows = done.values_list("member_id").annotate(hours=Sum("rec__stands_hours"), occasions=Count("pk"))
    return {member_id: (hours or ZERO, occasions) for member_id, hours, occasions in rows}


def _earned(member_ids: Collection[int], year: int) -> dict[int, dict[str, tuple[Decimal, int]]]:
    """Return hours and number of occasions by form of each person who has any; one query."""
    done = entries_of(member_ids, year).filter(stands__in=DONE).order_by()
    rows = done.values_list("member_id", "occasion__kind", "rec__form").annotate(
        hours=Sum("rec__stands_hours"), occasions=Count("pk")
    )
    found: defaultdict[int, dict[str, tuple[Decimal, int]]] = defaultdict(dict)
    for member_id, kind, said, hours, occasions in rows:
        form = form_of(kind, said)
        before = found[member_id].get(form, (ZERO, 0))
        found[member_id][form] = (before[0] + (hours or ZERO), before[1] + occasions)
    return found


def form_of(kind: str, said: str | None) -> str:
    """Return how somebody took part: what the record says, else the way of the occasion's kind."""
    return said or own_form(kind)


@dataclass(frozen=True, slots=True)
class DoneAt:
    """One occasion that a person has done in a year: what it gave, in which form, and where they stood then."""

    occasion_id: int
    title: str
    training: str
    starts_at: datetime
    form: str
    state: str
    hours: Decimal
    node_path: str


def done_in(*, member_id: int, year: int) -> list[DoneAt]:
    """Return what a person has done of what began in the year, the newest first; one query. Their hours are the sum."""
    done = entries_of([member_id], year).filter(stands__in=DONE).order_by("-occasion__starts_at", "-occasion_id")
    rows = done.values_list(
        "occasion_id", "occasion__title", "occasion__training__title", "occasion__starts_at", "occasion__kind",
        "rec__form", "stands", "rec__stands_hours", "node__path",
    )  # fmt: skip
    return [
        DoneAt(pk, title, training, starts_at, form_of(kind, said), state, hours or ZERO, path)
        for pk, title, training, starts_at, kind, said, state, hours, path in rows
    ]


def years_with(*, member_id: int, this_year: int) -> list[int]:
    """Return the years that a person has something in, this one first; one query."""
    starts = Occasion.objects.filter(roster__in=RosterEntry.objects.filter(member_id=member_id))
    first = starts.order_by("starts_at").values_list("starts_at", flat=True).first()
    earliest = min(timezone.localtime(first).year, this_year) if first else this_year
    return list(range(this_year, earliest - 1, -1))


def in_chunks(memberships: QuerySet[Membership], *, size: int = 1000) -> Iterator[list[Membership]]:
    """Yield memberships some at a time, in their order: a county's list never lies in memory whole."""
    some: list[Membership] = []
    for one in memberships.iterator(chunk_size=size):
        some.append(one)
        if len(some) == size:
            yield some
            some = []
    if some:
        yield some
