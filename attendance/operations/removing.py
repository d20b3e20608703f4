"""Retention: raw evidence goes once its record has long been final. Verdicts, reasons and what people wrote stay."""

from collections import Counter
from datetime import datetime, timedelta
from typing import Any

import structlog
from django.conf import settings
from django.db import transaction
from django.db.models import Exists, Max, OuterRef, Q, QuerySet

from attendance.append_only import removal_permitted
from attendance.core.chain import unpack
from attendance.models import CheckAnswer, Evidence, Occasion, PresenceSpan, Removal, SealedBlock, WatchSession
from attendance.queries.final import RAW_BLOCKS, Removable, blocks_of, is_at_rest, raw_counts, removable
from attendance.queries.sealing import last_seal, records_digest

log = structlog.get_logger(__name__)

MOST_BLOCKS = 400  # of one turn: 400,000 rows, some tens of seconds
SESSIONS_AT_ONCE = 2000
OPEN_REMOVALS = 20
_TABLES: dict[str, Any] = {
    SealedBlock.Kind.PRESENCE: PresenceSpan,
    SealedBlock.Kind.REPORTED: Evidence,
    SealedBlock.Kind.ANSWER: CheckAnswer,
}


def remove_evidence(*, as_of: datetime, blocks: int = MOST_BLOCKS) -> Counter[str]:
    """Remove raw evidence whose time is over, ``blocks`` of up to a thousand rows at most; returns rows by kind.

    First an occasion is fixed: from then on nobody is judged there again (``settle`` asks ``evidence_removed_at``).
    Then its rows go, block by block; whoever is interrupted goes on at the next turn. Safe to repeat, twice at once.
    """
    gone: Counter[str] = Counter()
    for removal in _unfinished():
        gone += _remove_rows(removal, blocks - gone["blocks"])
    for one in removable(as_of=as_of):
        if gone["blocks"] >= blocks:
            break
        fixed = fix(one, as_of)
        if fixed is not None:
            gone += _remove_rows(fixed, blocks - gone["blocks"])
    return gone


def _unfinished() -> list[Removal]:
    """Return removals that somebody began: their occasions still have rows in a sealed block, or sessions.

    They are finished before the next is begun, so it is one of the last few.
    """
    here = OuterRef("occasion_id")
    blocks = SealedBlock.objects.filter(occasion_id=here, kind__in=RAW_BLOCKS, rows__isnull=False)
    newest = Removal.objects.aggregate(newest=Max("pk"))["newest"] or 0
    lately = Removal.objects.filter(pk__gt=newest - OPEN_REMOVALS)
    left = Q(Exists(blocks)) | Q(Exists(WatchSession.objects.filter(occasion_id=here)))
    return list(lately.filter(left).order_by("pk"))


@transaction.atomic
def fix(one: Removable, as_of: datetime) -> Removal | None:
    """Write down that an occasion's raw evidence goes; None: something has happened there since it was looked at."""
    # Held: whoever judges holds it too, so all verdicts are written, and from the commit on nobody writes another.
    occasion = Occasion.objects.select_for_update(no_key=True).get(pk=one.occasion.pk)
    seal, since = last_seal(), as_of - timedelta(days=settings.EVIDENCE_KEEP_DAYS)
    is_same = occasion.state == one.occasion.state and occasion.evidence_removed_at is None
    if seal is None or not is_same or not is_at_rest(occasion, seal=seal, since=since):
        return None
    Occasion.objects.filter(pk=occasion.pk).update(evidence_removed_at=as_of)
    log.info("evidence_removed", occasion_id=occasion.pk, counts=one.counts)
    return Removal.objects.create(
        occasion=occasion, counts=raw_counts(occasion), records_digest=records_digest(occasion.pk), at=as_of
    )


def _remove_rows(removal: Removal, most: int) -> Counter[str]:
    gone: Counter[str] = Counter()
    for key in list(blocks_of(removal.occasion_id).values_list("pk", flat=True)[: max(0, most)]):
        gone += _remove_block(removal, key)
    if gone["blocks"] < most:
        gone["watch_session"] += _remove_sessions(removal.occasion_id)
    return gone


def _remove_block(removal: Removal, block_id: int) -> Counter[str]:
    with removal_permitted():
        block = SealedBlock.objects.select_for_update(no_key=True).filter(pk=block_id, rows__isnull=False).first()
        if block is None:
            return Counter()
        ids = [key for key, _digest in unpack(bytes(block.rows or b""))]
        count = _delete(_TABLES[block.kind].objects.filter(pk__in=ids, occasion_id=removal.occasion_id))
        SealedBlock.objects.filter(pk=block_id).update(rows=None, removal=removal)
    return Counter({block.kind: count, "blocks": 1})


def _remove_sessions(occasion_id: int) -> int:
    count = 0
    sessions = WatchSession.objects.filter(occasion_id=occasion_id).order_by("pk")
    while ids := list(sessions.values_list("pk", flat=True)[:SESSIONS_AT_ONCE]):
        count += _delete(WatchSession.objects.filter(pk__in=ids))
    return count


def _delete(rows: "QuerySet[Any]") -> int:
    """Nothing refers to these rows, and Django would read each of them to find that out."""
    return int(rows._raw_delete("default"))  # noqa: SLF001 - as the admin does
