"""Settling: from evidence to records. The same evidence under the same rule gives the same record on any day."""

import hashlib
from collections.abc import Collection, Iterator
from datetime import datetime
from itertools import islice
from typing import Any

import structlog
from django.db import transaction

from attendance import events
from attendance.core.rules import Rule
from attendance.core.verdict import Evidence, Verdict, Window, judge
from attendance.models import Occasion, Record, RosterEntry
from attendance.queries import evidence_of, rule_of, window_of

log = structlog.get_logger(__name__)

CHUNK = 500  # also keeps SQLite's and PostgreSQL's statements short
FIELDS = (
    "state", "reasons", "live_ms", "replay_ms", "hall_ms", "union_ms", "hours", "rule_version", "evidence_digest",
    "judged_at",
)  # fmt: skip
State = Occasion.State
Entry = tuple[int, str, str]


class UnableToSettle(Exception):
    """The occasion has not opened: nobody is expected yet."""


def settle(*, occasion_id: int, as_of: datetime, member_ids: Collection[int] | None = None) -> None:
    """Judge everybody on the roster (or ``member_ids`` of it) and store what changed. Safe to repeat.

    Goes in chunks, each in its own transaction, so that a city fits; an occasion that is closed is settled when all
    are through. Announces ``record_settled`` for those whose record changed. Raises UnableToSettle.
    """
    occasion = Occasion.objects.get(pk=occasion_id)
    if occasion.state == State.SCHEDULED:
        raise UnableToSettle(f"occasion {occasion_id} has not opened")
    window, rule = window_of(occasion, as_of=as_of), rule_of(occasion)
    changed = 0
    for entries in _chunks(occasion_id, member_ids):
        changed += _settle_chunk(occasion, entries, window, rule, as_of)
    if member_ids is None:
        Occasion.objects.filter(pk=occasion_id, state=State.CLOSED).update(state=State.SETTLED, settled_at=as_of)
        log.info("occasion_settled", occasion_id=occasion_id, changed=changed)


def _chunks(occasion_id: int, member_ids: Collection[int] | None) -> Iterator[list[Entry]]:
    rows = RosterEntry.objects.filter(occasion_id=occasion_id).order_by("member_id")
    rows_of = rows.values_list("member_id", "state", "why")
    if member_ids is not None:
        wanted = iter(sorted(set(member_ids)))
        while some := list(islice(wanted, CHUNK)):
            yield list(rows_of.filter(member_id__in=some))
        return
    after = 0
    while some_entries := list(rows_of.filter(member_id__gt=after)[:CHUNK]):
        yield some_entries
        after = some_entries[-1][0]


@transaction.atomic
def _settle_chunk(occasion: Occasion, entries: list[Entry], window: Window, rule: Rule, as_of: datetime) -> int:
    ids = [member_id for member_id, _state, _why in entries]
    exempt = {member_id: why for member_id, state, why in entries if state == RosterEntry.State.EXEMPT}
    held = evidence_of(occasion=occasion, member_ids=ids, exempt=exempt, as_of=as_of)
    before = dict(
        Record.objects.filter(occasion_id=occasion.pk, member_id__in=ids).values_list("member_id", "evidence_digest")
    )
    frame = repr((window, rule))
    records = []
    for member_id in ids:
        digest = digest_of(held[member_id], frame)
        if before.get(member_id) != digest:
            verdict = judge(held[member_id], window, rule)
            records.append(_record(occasion.pk, member_id, verdict, rule, digest, as_of))
    if records:
        Record.objects.bulk_create(
            records, update_conflicts=True, unique_fields=["occasion", "member"], update_fields=list(FIELDS)
        )
        events.announce(
            events.record_settled, occasion_id=occasion.pk, member_ids=[record.member_id for record in records]
        )
    return len(records)


def digest_of(evidence: Evidence, frame: str) -> str:
    """Return what names exactly the input of a verdict: all evidence, the window and the rule."""
    return hashlib.sha256(f"{evidence!r}|{frame}".encode()).hexdigest()


def _record(occasion_id: int, member_id: int, verdict: Verdict, rule: Rule, digest: str, as_of: datetime) -> Record:
    values: dict[str, Any] = {
        "state": str(verdict.state),
        "reasons": [reason.as_json() for reason in verdict.reasons],
        "live_ms": verdict.live_ms,
        "replay_ms": verdict.replay_ms,
        "hall_ms": verdict.hall_ms,
        "union_ms": verdict.union_ms,
        "hours": verdict.hours,
    }
    return Record(
        occasion_id=occasion_id,
        member_id=member_id,
        rule_version=rule.label[:80],
        evidence_digest=digest,
        judged_at=as_of,
        **values,
    )
