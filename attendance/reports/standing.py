"""How everybody stands in a training: the one reading of roster and records that all reports and pages share.

A standing exists for each roster entry, so only for occasions that have opened; ``attendance/standing.py`` says what it
is. What was called off is left out. People are counted once in each unit in which a roster of the training has them, so
that the counts of a unit are always the sum of those below it, also when somebody moved between two occasions.
"""

from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime, time
from typing import Any

from django.db.models import F, OuterRef, Q, QuerySet, Subquery, Sum
from django.utils import timezone

from attendance.models import Correction, NodeSummary, Occasion, RecordState, RosterEntry, TrainingSummary
from attendance.queries import CALLED_OFF
from attendance.queries.listing import being_listed
from attendance.queries.reminders import LAST, outside_the_site
from attendance.queries.reviewing import IN_FORCE
from attendance.reports.base import Scope
from attendance.sentences.rules import labelled
from attendance.standing import COUNTED, DUE, UNDONE, WORST_FIRST, standing_of, with_standing
from organizations.models import AccessEntry, Membership, Node
from organizations.operations.access import MOST_NAMED
from organizations.queries import outermost, valid_on

S = RecordState
MANY = 5_000  # people in a list


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
    last_outside: Mapping[str, str] | None = None  # of the training's reminders (queries.reminders.LAST)


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
    def everybody(self) -> int:
        return sum(self.by_state.values())

    @property
    def expected(self) -> int:
        return self.everybody - self[S.EXEMPT]

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
    return _standing(RosterEntry.objects.filter(inside, occasion__training_id__in=training_ids))


def _standing(found: QuerySet[RosterEntry]) -> QuerySet[Any, Any]:
    found = found.exclude(occasion__state__in=CALLED_OFF).exclude(occasion_id__in=being_listed().values("pk"))
    return with_standing(found).order_by(
        "node__path", "member__name_key", "member_id", "occasion__starts_at", "occasion_id"
    )


def _of(scope: Scope) -> QuerySet[Any, Any]:
    return entries(training_ids=[scope.training.pk], paths=[scope.node.path])


def _parts_of(scope: Scope, units: list[int] | None = None) -> Iterator[QuerySet[Any, Any]]:
    """Yield the entries of the scope, those of some dozens of units at a time; with ``units``: those of these alone."""
    # Both by their ids, for which there is an index: who stands in the scope does so at an occasion that touches it.
    ids = [one.pk for one in scope.occasions]
    for some in scope.parts if units is None else [units]:
        yield _standing(RosterEntry.objects.filter(node_id__in=some, occasion_id__in=ids))


def counts_of_trainings(*, training_ids: Collection[int], paths: Iterable[str]) -> dict[int, Counts]:
    """Return how many people of these subtrees stand how in each training as a whole, those together; two queries.

    The same people as ``Overview.counts`` has: each by the worst of their occasions.
    ``attendance.operations.fold_for_page`` says whether that is so in this moment.
    """
    ids = list(Node.objects.filter(path__in=outermost(paths)).values_list("pk", flat=True))
    rows = TrainingSummary.objects.filter(node_id__in=ids, training_id__in=training_ids).values("training_id")
    summed = rows.values_list("training_id", *(Sum(state) for state in WORST_FIRST)).order_by()
    return {training_id: _counts(numbers) for training_id, *numbers in summed}


def undone_by_training(*, training_ids: Collection[int], paths: Iterable[str]) -> dict[int, tuple[int, int]]:
    """Return how many people are missing, and how many have only a running course to do, in each training."""
    found = counts_of_trainings(training_ids=training_ids, paths=paths)
    return {training_id: (counts[S.MISSING], counts[DUE]) for training_id, counts in found.items()}


@dataclass(frozen=True)
class RollUp:
    """The numbers of a scope without anybody's name: of the whole, of each occasion, and of each unit right below."""

    counts: Counts
    by_occasion: dict[int, Counts]
    below: dict[str, Counts]
    names: dict[str, str]  # of the units right below, by path, in the order of the tree
    ids: dict[str, int]  # the same units

    def counts_below(self, path: str) -> Counts:
        """How many people stand how in the subtree at ``path``, a unit right below the scope's."""
        return self.below.get(path, Counts({}))


def rolled_up(scope: Scope) -> RollUp:
    """Return the numbers of a scope from the summary: three queries, whatever lies below.

    What ``overview`` counts person by person, as soon as nothing is marked (``operations.fold_for_page``). A unit that
    was closed is left out once nobody of this training stands there.
    """
    below = Node.objects.filter(depth=scope.node.depth + 1, path__startswith=scope.node.path)
    children = list(below.order_by("path"))
    keys = [scope.node.pk, *(child.pk for child in children)]
    rows = TrainingSummary.objects.filter(training_id=scope.training.pk, node_id__in=keys)
    people = {row[0]: _counts(row[1:]) for row in rows.values_list("node_id", *WORST_FIRST)}
    shown = [one for one in children if one.closed_date is None or (one.pk in people and people[one.pk].by_state)]
    return RollUp(
        counts=people.get(scope.node.pk, Counts({})),
        by_occasion=_by_occasion(scope),
        below={child.path: people[child.pk] for child in shown if child.pk in people},
        names={child.path: child.name for child in shown},
        ids={child.path: child.pk for child in shown},
    )


def counts_of_units(scope: Scope) -> dict[int, Counts]:
    """Return the numbers of each unit of the scope in which anybody stands, each with all below it; one query."""
    rows = TrainingSummary.objects.filter(training_id=scope.training.pk, node__path__startswith=scope.node.path)
    found = {row[0]: _counts(row[1:]) for row in rows.values_list("node_id", *WORST_FIRST).iterator(chunk_size=5000)}
    return {pk: counts for pk, counts in found.items() if counts.by_state}


def _counts(numbers: Iterable[int]) -> Counts:
    return Counts({state: people for state, people in zip(WORST_FIRST, numbers, strict=True) if people})


def _by_occasion(scope: Scope) -> dict[int, Counts]:
    """Return how many stand how at each occasion that counts: by the records that are counted and what became of it."""
    rows = NodeSummary.objects.filter(node_id=scope.node.pk, occasion__training_id=scope.training.pk)
    return counted_by(rows, "occasion_id")


def counted_by(rows: QuerySet[NodeSummary], key: str) -> dict[int, Counts]:
    """Return how many stand how by these rows of the summary, under ``key`` of each; nothing of what is called off."""
    rows = rows.exclude(occasion__state__in=CALLED_OFF).exclude(occasion_id__in=being_listed().values("pk"))
    found: dict[int, Counts] = {}
    for pk, state, basis, *numbers in rows.values_list(key, "occasion__state", "occasion__rule__basis", *COUNTED):
        counter: Counter[str] = Counter()
        for counted, people in zip(COUNTED, numbers, strict=True):
            if people:
                counter[standing_of(counted=counted, occasion_state=state, basis=basis)] += people
        if counter:
            found[pk] = Counts(dict(counter))
    return found


def standings(
    scope: Scope,
    *,
    states: Collection[str] | None = None,
    member_ids: Collection[int] | None = None,
    occasion_id: int | None = None,
    home_on: date | None = None,
    called_by: int | None = None,
    units: list[int] | None = None,
) -> Iterator[StandingRow]:
    """Yield the standings of the scope by place in the tree, name and time; evidence is not touched.

    One query for some dozens of units, when their turn comes. ``home_on``: tell also where each belongs on that day,
    and when ``called_by`` looked up their number on it. ``units``: these of the scope alone, by one query.
    """
    parts = _parts_of(scope, units) if member_ids is None else [_of(scope)]  # a few people are found by who they are
    for found in parts:
        yield from _standings(
            found, states=states, member_ids=member_ids, occasion_id=occasion_id, home_on=home_on, called_by=called_by
        )


def _standings(
    found: QuerySet[Any, Any],
    *,
    states: Collection[str] | None,
    member_ids: Collection[int] | None,
    occasion_id: int | None,
    home_on: date | None,
    called_by: int | None,
) -> Iterator[StandingRow]:
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
            Node(path=at[0], name=at[1]) if at and at[0] else None, *at[2:],
        )  # fmt: skip


def _with_day(
    found: QuerySet[Any, Any], day: date, called_by: int | None
) -> tuple[QuerySet[Any, Any], tuple[str, ...]]:
    """Annotate where each person belongs on ``day``, when the reader looked up their number on it, and the training's
    last message to them out of the house; subqueries, as a join could repeat a row."""
    theirs = Membership.objects.filter(valid_on(day), member_id=OuterRef("member_id")).order_by("-active_from_date")
    path, name = (Subquery(theirs.values(field)[:1]) for field in ("node__path", "node__name"))
    since = timezone.make_aware(datetime.combine(day, time.min))
    called = AccessEntry.objects.filter(
        what="phone", reader_id=called_by, subject_id=OuterRef("member_id"), at__gte=since
    ).order_by("-at")
    found = found.annotate(home_path=path, home_name=name, called_at=Subquery(called.values("at")[:1]))
    told = outside_the_site(member=OuterRef("member"), reminder__training=OuterRef("occasion__training"))
    return found.annotate(told=Subquery(told.values(one=LAST)[:1])), ("home_path", "home_name", "called_at", "told")


@dataclass(frozen=True)
class Overview:
    """Everybody of a scope, once a unit, by place in the tree and name; and the counts of each occasion."""

    people: list[MemberStanding]
    by_occasion: dict[int, Counts]

    @property
    def counts(self) -> Counts:
        """How many people stand how in the training as a whole."""
        return Counts(dict(Counter(person.state for person in self.people)))


def overview(scope: Scope, *, with_names: bool = False, units: list[int] | None = None) -> Overview:
    """Return how everybody stands, without minutes, and without names unless asked for; one query for some dozens of
    units. ``units``: these of the scope alone, by one query."""
    people: dict[tuple[int, str], tuple[set[str], list[int]]] = {}
    by_occasion: defaultdict[int, Counter[str]] = defaultdict(Counter)
    fields = ["member_id", "node__path", "occasion_id", "stands", *(["member__name"] if with_names else [])]
    called: dict[int, str] = {}
    parts = _parts_of(scope, units)
    rows = (row for part in parts for row in part.values_list(*fields).iterator(chunk_size=5000))
    for member_id, path, occasion_id, state, *name in rows:
        if name:
            called[member_id] = name[0]
        states, undone = people.setdefault((member_id, path), (set(), []))
        states.add(state)
        by_occasion[occasion_id][state] += 1
        if state in UNDONE:
            undone.append(occasion_id)
    found = [
        MemberStanding(key, path, next(x for x in WORST_FIRST if x in states), tuple(undone), called.get(key, ""))
        for (key, path), (states, undone) in people.items()
    ]
    return Overview(found, {occasion_id: Counts(dict(counter)) for occasion_id, counter in by_occasion.items()})


def people_in(scope: Scope, *, states: Collection[str] | None) -> tuple[list[int], int]:
    """Return who is named in a list of these states (None: of all), the first of many by id, and how many there are.

    Of very many nobody, and their number as the summary has it: it is not worth reading a city for.
    """
    counted = TrainingSummary.objects.filter(training_id=scope.training.pk, node_id=scope.node.pk)
    summed = _counts(counted.values_list(*WORST_FIRST).first() or [0] * len(WORST_FIRST))
    if (many := sum(summed[state] for state in WORST_FIRST if states is None or state in states)) > MANY:
        return [], many
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
    seen = _by_occasion(scope).values()
    found = {state: sum(one[state] for one in seen) for state in (S.PENDING.value, DUE)}
    return {state: people for state, people in found.items() if people}


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


def occasions_of(scope: Scope) -> list[Occasion]:
    """Return the training's occasions that touch the scope's node; one query, once a scope."""
    return list(scope.occasions)


def node_names(scope: Scope) -> dict[str, str]:
    """Return the names of the scope's subtree by path; one query, once a scope."""
    return {path: name for _pk, path, name in scope.units}


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
