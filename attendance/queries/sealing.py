"""What a seal covers: the rows of the ledger by their ids, in the form in which they are sealed."""

import hashlib
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from django.db import connection, models
from django.utils import timezone

from attendance.core.chain import row_digest
from attendance.models import CheckAnswer, Correction, Evidence, PresenceSpan, Record, Removal, Seal

SEALED_AFTER = timedelta(hours=3)  # after midnight: what was accepted before it is committed by then
RAW = (
    Evidence.Kind.WATCHED,
    Evidence.Kind.OUTBOX,
    Evidence.Kind.CHECK_IN,
    Evidence.Kind.UNDERSTOOD,
    Evidence.Kind.PASSED,
)
"""What devices reported, which goes after its time; what somebody wrote down stays with the record."""


@dataclass(frozen=True, slots=True)
class Table:
    """One table of the ledger that is sealed: ``at`` dates a row, ``occasion`` leads to its occasion."""

    name: str
    model: type[models.Model]
    at: str
    occasion: str = "occasion_id"

    @property
    def columns(self) -> tuple[str, ...]:
        return tuple(field.attname for field in self.model._meta.concrete_fields)  # noqa: SLF001 - Django's public API

    def rows(self) -> "models.QuerySet[Any]":
        return self.model._default_manager.all()  # noqa: SLF001 - Django's public API

    def digest(self, values: Sequence[Any]) -> bytes:
        return row_digest(self.name, self.columns, values)


EVIDENCE = Table("evidence", Evidence, "recorded_at")
PRESENCE = Table("presence", PresenceSpan, "started_at")
CORRECTION = Table("correction", Correction, "at", "record__occasion_id")
REMOVAL = Table("removal", Removal, "at")
ANSWER = Table("answer", CheckAnswer, "answered_at")
TABLES = (EVIDENCE, PRESENCE, CORRECTION, REMOVAL, ANSWER)


@dataclass(frozen=True, slots=True)
class Item:
    """A row to be sealed."""

    table: Table
    kind: str
    occasion_id: int
    row_id: int
    digest: bytes
    at: datetime


def items(table: Table, *, after: int, through: int) -> "Iterator[Item]":
    """Yield the rows with ids in ``(after, through]`` by occasion and id; a presence that has not ended is none."""
    found = table.rows().filter(pk__gt=after, pk__lte=through)
    if table is PRESENCE:
        found = found.filter(ended_at__isnull=False)
    yield from _items(table, found)


def ended_since(open_spans: Collection[int]) -> Iterator[Item]:
    """Yield those of the presences that an earlier seal left open which have ended meanwhile."""
    yield from _items(PRESENCE, PresenceSpan.objects.filter(pk__in=open_spans, ended_at__isnull=False))


def _items(table: Table, found: "models.QuerySet[Any]") -> Iterator[Item]:
    columns = table.columns
    at = columns.index(table.at)
    kind_at = columns.index("kind") if table is EVIDENCE else -1
    rows = found.order_by(table.occasion, "pk").values_list(table.occasion, *columns)
    for occasion_id, *values in rows.iterator(chunk_size=2000):
        kind = table.name
        if table is EVIDENCE:
            kind = "reported" if values[kind_at] in RAW else "written"
        yield Item(table, kind, occasion_id, values[0], table.digest(values), values[at])


def last_id(table: Table, *, before: datetime, after: int) -> int:
    """Return the id up to which rows were made before a moment; ``after`` if there is none beyond it."""
    dated = {f"{table.at}__lt": before, "pk__gt": after}
    return table.rows().filter(**dated).order_by("-pk").values_list("pk", flat=True).first() or after


def reach_of(seal: Seal | None) -> dict[str, int]:
    """Return the last id of each table that a seal covers; 0 of one that came into the ledger later."""
    return {table.name: (seal.through if seal else {}).get(table.name, 0) for table in TABLES}


def start_of(day: date) -> datetime:
    return timezone.make_aware(datetime(day.year, day.month, day.day))  # noqa: DTZ001 - made aware


def last_seal() -> Seal | None:
    return Seal.objects.exclude(digest="").order_by("-day").first()


def days_due(*, as_of: datetime) -> list[date]:
    """Return the days that are over and not sealed, the oldest first. The very first seal is yesterday's."""
    last_day = timezone.localdate(as_of - SEALED_AFTER) - timedelta(days=1)
    last = last_seal()
    first = last_day if last is None else last.day + timedelta(days=1)
    return [first + timedelta(days=one) for one in range((last_day - first).days + 1)]


def somebody_still_writes(*, since: timedelta) -> bool:
    """Whether a transaction that writes is older than ``since``: its rows could come in behind a seal.

    SQLite has one writer at a time: there is none but us.
    """
    if connection.vendor != "postgresql":
        return False
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT EXISTS (SELECT 1 FROM pg_stat_activity WHERE datname = current_database() "
            "AND backend_xid IS NOT NULL AND pid <> pg_backend_pid() "
            "AND xact_start < now() - make_interval(secs => %s))",
            [since.total_seconds()],
        )
        return bool(cursor.fetchone()[0])


JUDGED = (
    "member_id", "state", "reasons", "live_ms", "replay_ms", "hall_ms", "union_ms", "hours", "rule_version",
    "evidence_digest", "judged_at",
)  # fmt: skip


def records_digest(occasion_id: int) -> str:
    """Return a digest over all verdicts of one occasion: what nobody can compute again once the evidence is gone."""
    total = hashlib.sha256()
    rows = Record.objects.filter(occasion_id=occasion_id).order_by("member_id").values_list(*JUDGED)
    for row in rows.iterator(chunk_size=2000):
        total.update(row_digest("record", JUDGED, row))
    return total.hexdigest()
