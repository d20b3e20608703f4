"""The ledger in numbers (ADR 36): who changes a record marks the unit, one process at a time counts what is marked.

A mark is a row of its own in the transaction of the change, so that writers never wait for each other, neither at the
row of a city nor at that of a branch. ``fold_summary`` counts the marked units again from roster and records, and adds
what changed to each unit above: counting twice, or too often, gives the same. The marks of a page are folded before it
is shown where they are few (``fold_for_page``), else a page says that it is a moment behind.

``rebuild_occasion`` counts everybody at an occasion in one statement; ``differences`` is the same without writing.
"""

import time
from collections.abc import Callable, Collection, Iterable, Iterator
from datetime import datetime, timedelta

import structlog
from django.db import connection, models, transaction
from django.db.models import Q, QuerySet
from django.db.models.functions import Now
from prometheus_client import Counter

from attendance.models import (
    Occasion,
    RosterEntry,
    SummaryCheck,
    SummaryMark,
)
from attendance.operations.summary_statements import (
    BY_OCCASION,
    BY_TRAINING,
    Difference,
    compare_counts,
    write_counts,
)
from attendance.queries.listing import being_listed
from organizations.models import Node

log = structlog.get_logger(__name__)
State = Occasion.State

A_FOLD = 500  # marks that one transaction takes; a change of more units marks everybody
SETTLING = timedelta(seconds=20)  # so long everybody's mark waits while an occasion is being settled, chunk by chunk
ON_PAGE, PEOPLE_ON_PAGE = 200, 2_000  # marks, and people of a roster marked as a whole, that a page has counted for it
LOCK = (0x5355, 36)  # two numbers that nothing else of ours locks
LATELY = timedelta(days=7)
KEPT = timedelta(days=31)  # also how many nights share what has not changed
DIFFERENCES = Counter("ledger_summary_differences", "Units whose numbers were not those of the records")


def mark_counts(*, occasion_id: int, node_ids: Iterable[int] | None) -> None:
    """Say that roster or records of these units of an occasion have changed (None: of any, or the occasion's state).

    In the transaction of the change; inserts alone, never updates.
    """
    units = None if node_ids is None else sorted(set(node_ids))
    if units is not None and len(units) > A_FOLD:
        units = None
    keys: Collection[int | None] = [None] if units is None else units
    SummaryMark.objects.bulk_create([SummaryMark(occasion_id=occasion_id, node_id=key) for key in keys])


def fold_summary(*, seconds: float = 20.0, clock: Callable[[], float] = time.monotonic) -> int:
    """Count what is marked, in short transactions for about so many seconds; returns how many marks went.

    Safe to repeat; of two at once the second leaves it to the first.
    """
    until, folded = clock() + seconds, 0
    while clock() < until:
        some = _fold(_ready(), limit=A_FOLD)
        folded += some
        if not some:
            break
    return folded


def fold_for_page(*, training_ids: Collection[int]) -> bool:
    """Count what is marked of these trainings before a page reads them, where that is little.

    Returns whether their numbers are those of this moment. One query where nothing is marked.
    """
    marks = SummaryMark.objects.filter(occasion__training_id__in=training_ids)
    found = list(marks.order_by("id").values_list("pk", "occasion_id", "node_id")[: ON_PAGE + 1])
    if not found:
        return True
    whole = {occasion_id for _key, occasion_id, node_id in found if node_id is None}
    if len(found) > ON_PAGE or not all(_is_small(one) for one in whole):
        return False
    keys = [key for key, _occasion, _node in found]
    while SummaryMark.objects.filter(pk__in=keys).exists():
        if not _fold(SummaryMark.objects.filter(pk__in=keys), limit=A_FOLD):
            return not SummaryMark.objects.filter(pk__in=keys).exists()
    return True


def _is_small(occasion_id: int) -> bool:
    rows = RosterEntry.objects.filter(occasion_id=occasion_id).order_by()
    return rows.values("pk")[: PEOPLE_ON_PAGE + 1].count() <= PEOPLE_ON_PAGE


def _ready() -> QuerySet[SummaryMark]:
    """What is to be counted: not yet everybody at an occasion that is being settled, unless that takes long.

    Not by a join: a mark whose occasion is gone (withdrawn in the same moment) has to be found, to be taken away.
    """
    being_settled = Occasion.objects.filter(state=State.CLOSED).values("pk")
    return SummaryMark.objects.exclude(node=None, at__gt=Now() - SETTLING, occasion_id__in=being_settled)


@transaction.atomic
def _fold(marks: QuerySet[SummaryMark], *, limit: int) -> int:
    """Count the units of some of these marks, or one occasion as a whole; 0: nothing to do, or another does it."""
    if not _alone(waits=False):
        return 0
    found = list(marks.order_by("id").values_list("pk", "occasion_id", "node_id")[:limit])
    if not found:
        return 0
    whole = next((occasion_id for _key, occasion_id, node_id in found if node_id is None), None)
    if whole is not None:
        # Whatever was marked of it by now is in what is counted after this.
        found = list(SummaryMark.objects.filter(occasion_id=whole).values_list("pk", "occasion_id", "node_id"))
        _count_whole(whole)
    else:
        _count_units((occasion_id, node_id) for _key, occasion_id, node_id in found if node_id is not None)
    SummaryMark.objects.filter(pk__in=[key for key, _occasion, _node in found]).delete()
    return len(found)


def _alone(*, waits: bool) -> bool:
    """Be the only one who writes numbers until the transaction ends; SQLite's transactions are alone anyway."""
    return connection.vendor != "postgresql" or _locked(waits=waits)


def _locked(*, waits: bool) -> bool:  # pragma: no cover - PostgreSQL alone: its stage runs it
    word = "pg_advisory_xact_lock" if waits else "pg_try_advisory_xact_lock"
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT {word}(%s, %s)", LOCK)
        return waits or bool(cursor.fetchone()[0])


def _count_whole(occasion_id: int) -> None:
    occasion = Occasion.objects.filter(pk=occasion_id).first()
    if occasion is not None:
        write_counts(BY_OCCASION, occasion_id)
        write_counts(BY_TRAINING, occasion.training_id)


def _count_units(marks: Iterable[tuple[int, int]]) -> None:
    """Count these units again, each with its occasion and with its training."""
    by_occasion: dict[int, set[int]] = {}
    for occasion_id, node_id in marks:
        by_occasion.setdefault(occasion_id, set()).add(node_id)
    trainings = dict(Occasion.objects.filter(pk__in=by_occasion).values_list("pk", "training_id"))
    by_training: dict[int, set[int]] = {}
    for occasion_id, units in by_occasion.items():
        if occasion_id in trainings:
            write_counts(BY_OCCASION, occasion_id, units)
            by_training.setdefault(trainings[occasion_id], set()).update(units)
    for training_id, units in by_training.items():
        write_counts(BY_TRAINING, training_id, units)


@transaction.atomic
def rebuild_occasion(*, occasion_id: int) -> int:
    """Count everybody at an occasion again, and all of its training; returns how many units' numbers changed.

    Each is one statement. Raises Occasion.DoesNotExist.
    """
    training_id = Occasion.objects.values_list("training_id", flat=True).get(pk=occasion_id)
    _alone(waits=True)
    keys = list(SummaryMark.objects.filter(occasion_id=occasion_id).values_list("pk", flat=True))
    changed = {*write_counts(BY_OCCASION, occasion_id), *write_counts(BY_TRAINING, training_id)}
    for some in _in_parts(keys):
        SummaryMark.objects.filter(pk__in=some).delete()
    return len(changed)


@transaction.atomic
def differences(*, occasion_id: int) -> list[Difference]:
    """Return where the numbers of an occasion or of its training are not those of the records. Changes nothing.

    What is marked and not counted yet is no difference, at that unit and those above it.
    """
    training_id = Occasion.objects.values_list("training_id", flat=True).get(pk=occasion_id)
    _alone(waits=True)  # nobody takes a mark away between the comparison and the reading of the marks
    of_training = compare_counts(BY_TRAINING, training_id)
    return [
        *_unmarked(compare_counts(BY_OCCASION, occasion_id), Q(occasion_id=occasion_id)),
        *_unmarked(of_training, Q(occasion__training_id=training_id)),
    ]


def _unmarked(found: list[Difference], about: Q) -> list[Difference]:
    """Leave out the units that wait to be counted, and all above them; two questions, however many there are."""
    if not found:
        return []
    marks = list(SummaryMark.objects.filter(about).values_list("node_id", "node__path"))
    if any(node_id is None for node_id, _path in marks):
        return []
    waiting = {path for _node, path in marks if path}
    paths = (
        dict(Node.objects.filter(pk__in=[one.node_id for one in found]).values_list("pk", "path")) if waiting else {}
    )
    return [one for one in found if not any(path.startswith(paths[one.node_id]) for path in waiting)]


def _in_parts(keys: list[int]) -> Iterator[list[int]]:
    return (keys[start : start + A_FOLD] for start in range(0, len(keys), A_FOLD))


def check_summary(*, as_of: datetime) -> int:
    """Compare the numbers with the records, put right what differs, and write down how many units that were.

    Each night what may have changed lately, and of all else a part, so that a month has seen everything. A difference
    is a fault of ours: it is logged, counted, and said by the operator's page.
    """
    wrong, looked_at = 0, 0
    for occasion_id in _tonight(as_of):
        looked_at += 1
        if found := differences(occasion_id=occasion_id):
            wrong += len({one.node_id for one in found})
            log.error("summary_differs", occasion_id=occasion_id, units=len(found), first=str(found[0]))
            rebuild_occasion(occasion_id=occasion_id)
    DIFFERENCES.inc(wrong)
    SummaryCheck.objects.filter(at__lt=as_of - KEPT).delete()
    SummaryCheck.objects.update_or_create(at=as_of, defaults={"occasions": looked_at, "differences": wrong})
    log.info("summary_checked", occasions=looked_at, differences=wrong)
    return wrong


def _tonight(as_of: datetime) -> list[int]:
    opened = Occasion.objects.exclude(opened_at=None).exclude(pk__in=being_listed().values("pk"))
    # Each by an index of its own. What began long ago and was voided or corrected lately has been marked; it is looked
    # at in its turn.
    lately = (
        Q(state__in=[State.OPEN, State.CLOSED]),
        Q(make_up_until_at__gt=as_of - LATELY),
        Q(state__in=[State.SETTLED, State.VOID, State.NOT_HELD], starts_at__gt=as_of - LATELY),
    )
    last = Occasion.objects.aggregate(last=models.Max("pk"))["last"] or 0
    in_turn = opened.filter(pk__in=range(as_of.toordinal() % KEPT.days, last + 1, KEPT.days))
    found = [*(opened.filter(one) for one in lately), in_turn]
    return sorted({pk for some in found for pk in some.values_list("pk", flat=True)})
