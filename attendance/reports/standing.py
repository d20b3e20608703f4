"""How everybody stands in a training: the one reading of roster and records that all reports and pages share.

A standing exists for each roster entry, so only for occasions that have opened. Its state is the last correction, else
the record, else 认定中; but a course still running is not done yet (``DUE``, 还没学完) for whoever has no verdict.
"""

from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from django.db.models import Case, Count, F, FilteredRelation, OuterRef, Q, QuerySet, Subquery, Value, When
from django.db.models import CharField as Char
from django.db.models.functions import Coalesce
from django.utils.translation import gettext as _

from attendance.models import Correction, Occasion, RecordState, RosterEntry, Rule
from attendance.reports.base import Scope
from organizations.models import Node

S = RecordState
DUE = "due"  # a course still running, not done yet: nobody is missing there before it ends
UNDONE = (S.MISSING.value, S.INCOMPLETE.value, DUE)
# How a person stands in a whole training: the first state in this order that one of their occasions has.
WORST_FIRST = (S.MISSING, S.INCOMPLETE, DUE, S.PENDING, S.MADE_UP, S.ATTENDED, S.EXCUSED, S.EXEMPT)


def state_label(state: str) -> str:
    """Return a state in words."""
    return _("还没学完") if state == DUE else str(RecordState(state).label)


@dataclass(frozen=True, slots=True)
class Standing:
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
    union_ms: int
    corrected: bool
    rule_version: str


@dataclass(frozen=True, slots=True)
class MemberStanding:
    """One person across the whole training."""

    member_id: int
    node_path: str
    state: str
    undone: tuple[int, ...]


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
    """Return the roster entries of these trainings in the subtrees at ``paths``, with how each stands."""
    inside = Q(pk__in=())
    for path in paths:
        inside |= Q(node__path__startswith=path)
    found = RosterEntry.objects.filter(inside, occasion__training_id__in=training_ids)
    return with_standing(found).order_by(
        "node__path", "member__name", "member_id", "occasion__starts_at", "occasion_id"
    )


def with_standing(found: QuerySet[RosterEntry]) -> QuerySet[Any, Any]:
    """Annotate ``rec`` (the record), ``corrected`` (the last correction's state), ``stands`` (the state that holds)."""
    last = Correction.objects.filter(record_id=OuterRef("rec__id")).order_by("-at", "-id")
    is_running = Q(occasion__state=Occasion.State.OPEN, occasion__rule__basis=Rule.Basis.MEDIA)
    is_open_question = Q(corrected=None) & (Q(rec__state=None) | Q(rec__state=S.PENDING))
    return found.annotate(
        rec=FilteredRelation("occasion__records", condition=Q(occasion__records__member_id=F("member_id"))),
        corrected=Subquery(last.values("state")[:1]),
        stands=Case(
            When(Q(corrected=None) & Q(state=RosterEntry.State.EXEMPT), then=Value(S.EXEMPT.value)),
            When(is_running & is_open_question, then=Value(DUE)),
            default=Coalesce("corrected", "rec__state", Value(S.PENDING.value)),
            output_field=Char(),
        ),
    )


def _of(scope: Scope) -> QuerySet[Any, Any]:
    return entries(training_ids=[scope.training.pk], paths=[scope.node.path])


def undone_by_training(*, training_ids: Collection[int], paths: Iterable[str]) -> dict[int, tuple[int, int]]:
    """Return how many people are missing, and how many have a running course to do, in each training; one query."""
    rows = entries(training_ids=training_ids, paths=paths).filter(stands__in=(S.MISSING, DUE)).order_by()
    counted = rows.values("occasion__training_id").annotate(
        missing=Count("member_id", distinct=True, filter=Q(stands=S.MISSING)),
        due=Count("member_id", distinct=True, filter=Q(stands=DUE)),
    )
    return {row["occasion__training_id"]: (row["missing"], row["due"]) for row in counted}


def standings(
    scope: Scope,
    *,
    states: Collection[str] | None = None,
    member_ids: Collection[int] | None = None,
    occasion_id: int | None = None,
) -> Iterator[Standing]:
    """Yield the standings of the scope in one query: by place in the tree, name and time; evidence is not touched."""
    found = _of(scope)
    if states is not None:
        found = found.filter(stands__in=states)
    if member_ids is not None:
        found = found.filter(member_id__in=member_ids)
    if occasion_id is not None:
        found = found.filter(occasion_id=occasion_id)
    rows = found.values_list(
        "member_id", "member__name", "member__number", "member__phone_last4", "node__path", "occasion_id", "stands",
        "rec__reasons", "rec__live_ms", "rec__replay_ms", "rec__hall_ms", "rec__union_ms", "corrected",
        "rec__rule_version",
    )  # fmt: skip
    for row in rows.iterator(chunk_size=2000):
        (member_id, name, number, last4, path, occasion_id, state, reasons, live, replay, hall, union, fixed, rule) = (
            row
        )
        yield Standing(
            member_id, name, number or "", bool(last4), path, occasion_id, state, reasons or [],
            live or 0, replay or 0, hall or 0, union or 0, fixed is not None, rule or "",
        )  # fmt: skip


@dataclass(frozen=True)
class Overview:
    """Everybody of a scope once, by place in the tree and name, and the counts of each occasion that has opened."""

    people: list[MemberStanding]
    by_occasion: dict[int, Counts]

    @property
    def counts(self) -> Counts:
        """How many people stand how in the training as a whole."""
        return Counts(dict(Counter(person.state for person in self.people)))

    def counts_below(self, path: str) -> Counts:
        """The same for the people whose unit lies in the subtree at ``path``."""
        return Counts(dict(Counter(person.state for person in self.people if person.node_path.startswith(path))))


def overview(scope: Scope) -> Overview:
    """Return how everybody stands, in one query without names or minutes."""
    people: dict[int, tuple[str, set[str], list[int]]] = {}
    by_occasion: defaultdict[int, Counter[str]] = defaultdict(Counter)
    fields = ("member_id", "node__path", "occasion_id", "stands")
    for member_id, path, occasion_id, state in _of(scope).values_list(*fields).iterator(chunk_size=5000):
        _path, states, undone = people.setdefault(member_id, (path, set(), []))
        states.add(state)
        by_occasion[occasion_id][state] += 1
        if state in UNDONE:
            undone.append(occasion_id)
    return Overview(
        [
            MemberStanding(member_id, path, next(state for state in WORST_FIRST if state in states), tuple(undone))
            for member_id, (path, states, undone) in people.items()
        ],
        {occasion_id: Counts(dict(counter)) for occasion_id, counter in by_occasion.items()},
    )


def occasions_of(scope: Scope) -> list[Occasion]:
    """Return the training's occasions that touch the scope's node: inside it, or of one of its ancestors."""
    node_path = scope.node.path
    above = [node_path[:end] for end in range(Node.steplen, len(node_path) + 1, Node.steplen)]
    return list(
        Occasion.objects.filter(training_id=scope.training.pk)
        .filter(Q(node__path__in=above) | Q(node__path__startswith=node_path))
        .select_related("rule", "node")
        .order_by("starts_at", "id")
    )


def node_names(scope: Scope) -> dict[str, str]:
    """Return the names of the scope's subtree by path, in one query."""
    return dict(Node.objects.filter(path__startswith=scope.node.path).order_by("path").values_list("path", "name"))


def place(path: str, *, names: dict[str, str], below: str) -> str:
    """Return the organisation as people read it: the names from the scope's node down to ``path``, with slashes."""
    if path == below:
        return names.get(path, "")
    ends = range(len(below) + Node.steplen, len(path) + 1, Node.steplen)
    return " / ".join(names[path[:end]] for end in ends if path[:end] in names)
