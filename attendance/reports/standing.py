"""How everybody stands in a training: the one reading of roster and records that all reports and pages share.

A standing exists for each roster entry, so only for occasions that have opened; ``attendance/standing.py`` says what it
is. What was called off is left out. People are counted once in each unit in which a roster of the training has them, so
that the counts of a unit are always the sum of those below it, also when somebody moved between two occasions.
"""

from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime, time
from itertools import groupby
from typing import Any

from django.db.models import (
    BigIntegerField,
    Count,
    Exists,
    ExpressionWrapper,
    F,
    OuterRef,
    Q,
    QuerySet,
    Subquery,
    Value,
)
from django.utils import timezone

from attendance.models import Correction, Occasion, RecordState, RosterEntry
from attendance.names import by_name
from attendance.queries import CALLED_OFF, unread_entries
from attendance.queries.listing import being_listed
from attendance.queries.reviewing import IN_FORCE
from attendance.reports.base import Scope
from attendance.rule_words import labelled
from attendance.standing import DUE, MISSED, UNDONE, WORST_FIRST, with_standing
from organizations.models import AccessEntry, Membership, Node
from organizations.operations.access import MOST_NAMED
from organizations.queries import valid_on

S = RecordState


@dataclass(frozen=True, slots=True)
class StandingRow:
    """One person at one occasion; durations in milliseconds."""

    member_id: int
    name: str
    number: str
    has_phone: bool
    node_path: str
    occasion_id: int
    state: str
    reasons: list[dict[str, Any]]
    live_ms: int
    replay_ms: int
    hall_ms: int
    corrected: bool
    rule_version: str
    home: Node | None = None  # where they belong on the day asked for: path and name alone
    called_at: datetime | None = None  # when the reader asked for looked up their number last on that day


@dataclass(frozen=True, slots=True)
class MemberStanding:
    """One person in one unit, across the occasions at which they stood there."""

    member_id: int
    node_path: str
    state: str
    undone: tuple[int, ...]
    name: str = ""  # only where it was asked for


@dataclass(frozen=True)
class Counts:
    """How many people stand how; ``expected`` counts everybody but the exempt."""

    by_state: dict[str, int]

    def __getitem__(self, state: str) -> int:
        """How many stand in ``state``; a KeyError for what is no state, so that templates go on to the attributes."""
        if state not in WORST_FIRST:
            raise KeyError(state)
        return self.by_state.get(state, 0)

    @property
    def done(self) -> int:
        return self[S.ATTENDED] + self[S.MADE_UP]

    @property
    def expected(self) -> int:
        return sum(self.by_state.values()) - self[S.EXEMPT]

    @property
    def not_excused(self) -> int:
        return self.expected - self[S.EXCUSED]


def entries(*, training_ids: Collection[int], paths: Iterable[str]) -> QuerySet[Any, Any]:
    """Return the roster entries of these trainings in the subtrees at ``paths``, with how each stands.

    Nothing of an occasion whose roster is still being written: any number of it would be wrong.
    """
    inside = Q(pk__in=())
    for path in paths:
        inside |= Q(node__path__startswith=path)
    found = RosterEntry.objects.filter(inside, occasion__training_id__in=training_ids)
    found = found.exclude(occasion__state__in=CALLED_OFF).exclude(occasion_id__in=being_listed().values("pk"))
    return with_standing(found).order_by(
        "node__path", "member__name_key", "member_id", "occasion__starts_at", "occasion_id"
    )


def _of(scope: Scope) -> QuerySet[Any, Any]:
    return entries(training_ids=[scope.training.pk], paths=[scope.node.path])


def undone_by_training(*, training_ids: Collection[int], paths: Iterable[str]) -> dict[int, tuple[int, int]]:
    """Return how many people are missing, and how many have only a running course to do, in each training; one query.

    The same people as ``Overview.counts`` has under ``missing`` and ``due``: each by the worst of their occasions.
    """
    rows = entries(training_ids=training_ids, paths=paths).filter(stands__in=UNDONE).order_by()
    # A person in a unit, as one number that the database can count.
    pair = ExpressionWrapper(F("member_id") * Value(1 << 31) + F("node_id"), output_field=BigIntegerField())
    counted = rows.values("occasion__training_id").annotate(
        missing=Count(pair, distinct=True, filter=Q(stands=S.MISSING)),
        worse=Count(pair, distinct=True, filter=Q(stands__in=MISSED)),
        undone=Count(pair, distinct=True),
    )
    return {row["occasion__training_id"]: (row["missing"], row["undone"] - row["worse"]) for row in counted}


def standings(
    scope: Scope,
    *,
    states: Collection[str] | None = None,
    member_ids: Collection[int] | None = None,
    occasion_id: int | None = None,
    home_on: date | None = None,
    called_by: int | None = None,
) -> Iterator[StandingRow]:
    """Yield the standings of the scope in one query: by place in the tree, name and time; evidence is not touched.

    Names are in the order of ``attendance/names.py``, which no database knows: a unit at a time is held and sorted.
    ``home_on``: tell also where each belongs on that day, and when ``called_by`` looked up their number on it.
    """
    rows = _standings(
        scope, states=states, member_ids=member_ids, occasion_id=occasion_id, home_on=home_on, called_by=called_by
    )
    for _path, unit in groupby(rows, key=lambda one: one.node_path):
        yield from sorted(unit, key=lambda one: by_name(one.name))


def _standings(
    scope: Scope,
    *,
    states: Collection[str] | None,
    member_ids: Collection[int] | None,
    occasion_id: int | None,
    home_on: date | None,
    called_by: int | None,
) -> Iterator[StandingRow]:
    found = _of(scope)
    if states is not None:
        found = found.filter(stands__in=states)
    if member_ids is not None:
        found = found.filter(member_id__in=member_ids)
    if occasion_id is not None:
        found = found.filter(occasion_id=occasion_id)
    found, today = _with_day(found, home_on, called_by) if home_on else (found, ())
    rows = found.values_list(
        "member_id", "member__name", "member__number", "member__phone_last4", "node__path", "occasion_id", "stands",
        "rec__reasons", "rec__live_ms", "rec__replay_ms", "rec__hall_ms", "rec__stands_by", "rec__rule_version", *today,
    )  # fmt: skip
    for row in rows.iterator(chunk_size=2000):
        (member_id, name, number, last4, path, occasion_id, state, reasons, live, replay, hall, fixed, rule, *at) = row
        yield StandingRow(
            member_id, name, number or "", bool(last4), path, occasion_id, state, reasons or [],
            live or 0, replay or 0, hall or 0, fixed is not None, rule or "",
            Node(path=at[0], name=at[1]) if at and at[0] else None, at[2] if at else None,
        )  # fmt: skip


def _with_day(
    found: QuerySet[Any, Any], day: date, called_by: int | None
) -> tuple[QuerySet[Any, Any], tuple[str, str, str]]:
    """Annotate where each person belongs on ``day``, and when the reader looked up their number on it; subqueries, as
    a join could repeat a row."""
    theirs = Membership.objects.filter(valid_on(day), member_id=OuterRef("member_id")).order_by("-active_from_date")
    path, name = (Subquery(theirs.values(field)[:1]) for field in ("node__path", "node__name"))
    since = timezone.make_aware(datetime.combine(day, time.min))
    called = AccessEntry.objects.filter(
        what="phone", reader_id=called_by, subject_id=OuterRef("member_id"), at__gte=since
    ).order_by("-at")
    found = found.annotate(home_path=path, home_name=name, called_at=Subquery(called.values("at")[:1]))
    return found, ("home_path", "home_name", "called_at")


@dataclass(frozen=True)
class Overview:
    """Everybody of a scope, once a unit, by place in the tree and name; and the counts of each occasion."""

    people: list[MemberStanding]
    by_occasion: dict[int, Counts]

    @property
    def counts(self) -> Counts:
        """How many people stand how in the training as a whole."""
        return Counts(dict(Counter(person.state for person in self.people)))

    def counts_below(self, path: str) -> Counts:
        """The same for those who stood in the subtree at ``path``: exactly what that subtree's own overview counts."""
        return Counts(dict(Counter(person.state for person in self.people if person.node_path.startswith(path))))


def overview(scope: Scope, *, with_names: bool = False) -> Overview:
    """Return how everybody stands, in one query without minutes, and without names unless asked for."""
    people: dict[tuple[int, str], tuple[set[str], list[int]]] = {}
    by_occasion: defaultdict[int, Counter[str]] = defaultdict(Counter)
    fields = ["member_id", "node__path", "occasion_id", "stands", *(["member__name"] if with_names else [])]
    called: dict[int, str] = {}
    for member_id, path, occasion_id, state, *name in _of(scope).values_list(*fields).iterator(chunk_size=5000):
        if name:
            called[member_id] = name[0]
        states, undone = people.setdefault((member_id, path), (set(), []))
        states.add(state)
        by_occasion[occasion_id][state] += 1
        if state in UNDONE:
            undone.append(occasion_id)
    return Overview(
        [
            MemberStanding(
                member_id,
                path,
                next(state for state in WORST_FIRST if state in states),
                tuple(undone),
                called.get(member_id, ""),
            )
            for (member_id, path), (states, undone) in people.items()
        ],
        {occasion_id: Counts(dict(counter)) for occasion_id, counter in by_occasion.items()},
    )


def people_in(scope: Scope, *, states: Collection[str] | None) -> tuple[list[int], int]:
    """Return who is named in a list of these states (None: of all), the first of many by id, and how many there are.

    Two queries at most, and only a number where they are many.
    """
    found = _of(scope).order_by()
    if states is not None:
        found = found.filter(stands__in=states)
    ids = found.values_list("member_id", flat=True).distinct()
    first = list(ids.order_by("member_id")[: MOST_NAMED + 1])
    return first, len(first) if len(first) <= MOST_NAMED else ids.count()


def rules_of(scope: Scope) -> list[str]:
    """Return the versions of the rules under which the scope's occasions were opened, as printed on each record."""
    return rule_labels(occasions_of(scope))


def rules_in_words(scope: Scope) -> list[str]:
    """Return the same, each with what it asks: as stamped on the occasions."""
    counted = (one for one in occasions_of(scope) if one.opened_at and one.state not in CALLED_OFF)
    return sorted({labelled(one) for one in counted})


def rule_labels(occasions: Iterable[Occasion]) -> list[str]:
    """Return the versions of the rules of those of these occasions that count."""
    counted = (one for one in occasions if one.opened_at and one.state not in CALLED_OFF)
    return sorted({str(one.rule) for one in counted})


def still_open(scope: Scope) -> dict[str, int]:
    """Return how many entries of the scope are not decided yet, by how they stand (pending, due); one query."""
    open_ones = _of(scope).filter(stands__in=(S.PENDING, DUE)).order_by()
    return dict(open_ones.values("stands").annotate(people=Count("pk")).values_list("stands", "people"))


def overtaken_corrections(scope: Scope, *, limit: int) -> list[Correction]:
    """Return the last correction of each record of the scope that later, better evidence has overtaken; one query."""
    rows = (
        Correction.objects.filter(
            IN_FORCE,
            record__stands_by=None,
            record__occasion__training_id=scope.training.pk,
            record__occasion__roster__member_id=F("record__member_id"),
            record__occasion__roster__node__path__startswith=scope.node.path,
        )
        .exclude(record__occasion__state__in=CALLED_OFF)
        .select_related("record__member", "record__occasion")
        .order_by("-at", "-id")[: limit * 2]
    )
    last: dict[int, Correction] = {}
    for one in rows:
        last.setdefault(one.record_id, one)
    return list(last.values())[:limit]


def occasions_of(scope: Scope, *, with_unread: bool = False) -> list[Occasion]:
    """Return the training's occasions that touch the scope's node: inside it, or of one of its ancestors.

    ``with_unread``: each says also whether it has evidence there that nobody has read (``is_unread``).
    """
    unread = unread_entries(training_id=scope.training.pk, below=scope.node.path).filter(occasion_id=OuterRef("pk"))
    found = Occasion.objects.annotate(is_unread=Exists(unread)) if with_unread else Occasion.objects.all()
    return list(
        found.filter(training_id=scope.training.pk)
        .filter(Q(node__path__in=scope.node.line_paths()) | Q(node__path__startswith=scope.node.path))
        # Withdrawn before it opened: it goes with the last row that was prepared for it.
        .exclude(state=Occasion.State.VOID, opened_at=None, roster_work__is_taken_back=True)
        .select_related("rule", "node", "roster_work")
        .order_by("starts_at", "id")
    )


def node_names(scope: Scope) -> dict[str, str]:
    """Return the names of the scope's subtree by path; one query, none where nothing is below."""
    return names_below(scope.node)


def names_below(node: Node) -> dict[str, str]:
    """Return the names of a unit and of all below it by path; one query, none where nothing is below."""
    if node.is_leaf():
        return {node.path: node.name}
    return dict(Node.objects.filter(path__startswith=node.path).order_by("path").values_list("path", "name"))


def place(path: str, *, names: Mapping[str, str], below: str) -> str:
    """Return the organisation as people read it: the names from the scope's node down to ``path``, with slashes."""
    if path == below:
        return names.get(path, "")
    under = [at for at in Node.line_to(path) if len(at) > len(below)]
    return " / ".join(names[at] for at in under if at in names)
