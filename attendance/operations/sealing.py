"""Sealing: what came into the ledger until a day's end gets a digest, chained to the day before (ADR 37)."""

from collections import defaultdict
from collections.abc import Iterable, Iterator
from datetime import date, datetime, timedelta

import structlog
from django.db import IntegrityError, transaction
from django.db.models import Q

from attendance.append_only import removal_permitted
from attendance.core.chain import MOST_ROWS, SealDigest, block_digest, pack
from attendance.models import PresenceSpan, Seal, SealedBlock
from attendance.queries.sealing import (
    EVIDENCE,
    PRESENCE,
    SEALED_AFTER,
    TABLES,
    Item,
    days_due,
    ended_since,
    items,
    last_id,
    last_seal,
    reach_of,
    somebody_still_writes,
    start_of,
)

log = structlog.get_logger(__name__)

CLAIMED_FOR = timedelta(hours=1)  # a worker that died while sealing; a city's day takes minutes
AT_ONCE = 100  # blocks to a transaction: a SQLite site writes in between


def seal_days(*, as_of: datetime) -> int:
    """Seal the days that are over, the oldest first; returns how many. Safe to repeat, and twice at once.

    A row belongs to the first seal that is made after it: by the ids that the database gave, not by its date. So no
    row can come in behind a seal, whatever a clock says; one dated earlier than its seal's day is counted as late.
    """
    count = 0
    for day in days_due(as_of=as_of):
        if somebody_still_writes(since=SEALED_AFTER / 2):
            log.warning("sealing_waits_for_a_transaction", day=day.isoformat())
            break
        seal = _claimed(day, as_of)
        if seal is None:
            break
        try:
            _write(seal, as_of)
        except IntegrityError:
            break  # somebody else took it over, and is at it
        count += 1
    return count


def _claimed(day: date, as_of: datetime) -> Seal | None:
    """Return the day's seal, which is ours to make; None while somebody else makes it."""
    previous = last_seal()
    through = reach_of(previous)
    before = start_of(day + timedelta(days=1))
    head = {
        "previous": previous.digest if previous else "",
        "through": {table.name: last_id(table, before=before, after=through[table.name]) for table in TABLES},
        "claimed_at": as_of,
    }
    with transaction.atomic():
        seal, is_new = Seal.objects.get_or_create(day=day, defaults=head)
        if is_new:
            return seal
        stale = Seal.objects.filter(pk=seal.pk, digest="").filter(
            Q(claimed_at__lt=as_of - CLAIMED_FOR) | Q(claimed_at__gt=as_of)
        )
        if not stale.update(**head):
            return None
    with removal_permitted():
        SealedBlock.objects.filter(seal=seal).delete()  # what was begun is made again
    seal.refresh_from_db()
    return seal


def _write(seal: Seal, as_of: datetime) -> None:
    """Write a seal's blocks, then its digest, which makes it valid."""
    previous = last_seal()
    after = reach_of(previous)
    carried = previous.open_spans if previous else []
    still_open = _open_spans(carried, after["presence"], seal.through["presence"])
    total = SealDigest(previous=seal.previous, day=seal.day, through=seal.through, open_spans=still_open)
    # The first seal covers all that was there before there were any.
    counted = _Counted(start_of(seal.day) if previous else None)
    waiting: list[SealedBlock] = []
    for block in _blocks(seal, counted.all(_covered(after, seal.through, carried, still_open))):
        total.add(
            number=block.number, kind=block.kind, occasion_id=block.occasion_id, count=block.count, digest=block.digest
        )
        waiting.append(block)
        counted.blocks += 1
        if len(waiting) == AT_ONCE:
            SealedBlock.objects.bulk_create(waiting)
            waiting = []
    with transaction.atomic():
        SealedBlock.objects.bulk_create(waiting)
        made = Seal.objects.filter(pk=seal.pk, digest="", claimed_at=seal.claimed_at)
        is_ours = made.update(
            digest=total.hexdigest(), open_spans=still_open, blocks=counted.blocks, rows=counted.rows,
            late=counted.late, sealed_at=as_of,
        )  # fmt: skip
        if not is_ours:
            raise IntegrityError("another process made this seal")
    # The head of the chain in the log: whoever keeps logs elsewhere can prove that no seal was made again.
    log.info("day_sealed", day=seal.day.isoformat(), digest=total.hexdigest(), rows=counted.rows, late=counted.late)


def _open_spans(carried: list[int], after: int, through: int) -> list[int]:
    spans = PresenceSpan.objects.filter(ended_at=None)
    now = spans.filter(pk__gt=after, pk__lte=through).values_list("pk", flat=True)
    earlier = spans.filter(pk__in=carried).values_list("pk", flat=True)
    return sorted({*now, *earlier})


def _covered(
    after: dict[str, int], through: dict[str, int], carried: list[int], still_open: list[int]
) -> Iterator[Item]:
    """Yield all that a seal covers: new rows by table, and presences that ended since an earlier seal."""
    left = set(still_open)  # a presence that ends this very moment belongs to the next seal
    for table in TABLES:
        for item in items(table, after=after[table.name], through=through[table.name]):
            if table is not PRESENCE or item.row_id not in left:
                yield item
    yield from (item for item in ended_since(carried) if item.row_id not in left)


class _Counted:
    """What went into a seal."""

    def __init__(self, since: datetime | None) -> None:
        self.since, self.blocks, self.rows, self.late = since, 0, 0, 0

    def all(self, covered: Iterable[Item]) -> Iterator[Item]:
        for item in covered:
            self.rows += 1
            self.late += self.since is not None and item.table is EVIDENCE and item.at < self.since
            yield item


def _blocks(seal: Seal, covered: Iterable[Item]) -> Iterator[SealedBlock]:
    """Gather items, which come by table and occasion, into blocks of one kind and occasion each."""
    held: defaultdict[str, list[Item]] = defaultdict(list)
    number, place = 0, None
    for item in covered:
        here = (item.table.name, item.occasion_id)
        if place not in (None, here):
            for kind in sorted(held):
                number += 1
                yield _block(seal, number, held[kind])
            held.clear()
        place = here
        held[item.kind].append(item)
        if len(held[item.kind]) == MOST_ROWS:
            number += 1
            yield _block(seal, number, held.pop(item.kind))
    for kind in sorted(held):
        number += 1
        yield _block(seal, number, held[kind])


def _block(seal: Seal, number: int, held: list[Item]) -> SealedBlock:
    packed = pack((item.row_id, item.digest) for item in held)
    kind, occasion_id = held[0].kind, held[0].occasion_id
    digest = block_digest(kind, occasion_id, packed)
    return SealedBlock(
        seal=seal, number=number, kind=kind, occasion_id=occasion_id, count=len(held), digest=digest, rows=packed
    )
