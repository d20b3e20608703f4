"""Settling: from evidence to records. The same evidence under the same rule gives the same record on any day."""

import hashlib
from collections.abc import Collection, Iterator
from datetime import datetime
from itertools import islice

import structlog
from django.db import transaction
from django.db.models import Q

from attendance import events
from attendance.core.rules import Rule
from attendance.core.verdict import Evidence, Verdict, Window, judge
from attendance.models import Correction, Occasion, Record, RosterEntry
from attendance.models import Rule as RuleModel
from attendance.queries import evidence_of, rule_of, window_of
from attendance.standing import what_holds

log = structlog.get_logger(__name__)

CHUNK = 500  # also keeps SQLite's and PostgreSQL's statements short
FIELDS = (
    "state", "reasons", "live_ms", "replay_ms", "hall_ms", "union_ms", "hours", "stands", "stands_by", "stands_hours",
    "rule_version", "evidence_digest", "judged_at",
)  # fmt: skip
State = Occasion.State


class UnableToSettle(Exception):
    """The occasion has not opened: nobody is expected yet."""


def settle(*, occasion_id: int, as_of: datetime, member_ids: Collection[int] | None = None) -> None:
    """Judge everybody on the roster (or ``member_ids`` of it) and store what changed. Safe to repeat.

    Goes in chunks, each in its own transaction, so that a city fits; an occasion that is closed is settled when all
    are through. Nobody is judged where nothing was held. Stops when the ending is undone meanwhile: the next end judges
    everybody again. Announces ``record_settled`` for those whose record changed. Raises UnableToSettle.
    """
    occasion = Occasion.objects.get(pk=occasion_id)
    if occasion.state == State.SCHEDULED:
        raise UnableToSettle(f"occasion {occasion_id} has not opened")
    if occasion.state in (State.NOT_HELD, State.VOID):
        return
    window, rule = window_of(occasion, as_of=as_of), rule_of(occasion)
    changed = 0
    for some in _chunks(occasion_id, member_ids):
        changed += _settle_chunk(occasion, some, window, rule, as_of)
    if member_ids is None:
        # By the end that was judged: one undone and made again meanwhile waits for its own settling.
        same_end = Occasion.objects.filter(pk=occasion_id, state=State.CLOSED, closed_at=occasion.closed_at)
        same_end.update(state=State.SETTLED, settled_at=as_of)
        log.info("occasion_settled", occasion_id=occasion_id, changed=changed)


def settle_dirty(*, as_of: datetime, member_ids: Collection[int] | None = None, limit: int = 500) -> int:
    """Settle those whose evidence nobody has read (of ``member_ids``, or anybody's, the oldest mark first).

    An open occasion counted by its window waits for its end; returns how many were settled. Safe to repeat.
    """
    waiting = RosterEntry.objects.filter(dirty_at__isnull=False).exclude(
        Q(occasion__state__in=(State.SCHEDULED, State.NOT_HELD, State.VOID))
        | Q(occasion__state=State.OPEN, occasion__rule__basis=RuleModel.Basis.WINDOW)
    )
    if member_ids is not None:
        waiting = waiting.filter(member_id__in=member_ids)
    by_occasion: dict[int, list[int]] = {}
    for occasion_id, member_id in waiting.order_by("dirty_at")[:limit].values_list("occasion_id", "member_id"):
        by_occasion.setdefault(occasion_id, []).append(member_id)
    for occasion_id, members in by_occasion.items():
        settle(occasion_id=occasion_id, member_ids=members, as_of=as_of)
    return sum(len(members) for members in by_occasion.values())


def _chunks(occasion_id: int, member_ids: Collection[int] | None) -> Iterator[list[int]]:
    """Yield the roster's members (or those of ``member_ids``) in order of their ids, some at a time."""
    if member_ids is not None:
        wanted = iter(sorted(set(member_ids)))
        while some := list(islice(wanted, CHUNK)):
            yield some
        return
    rows = RosterEntry.objects.filter(occasion_id=occasion_id).order_by("member_id").values_list("member_id", flat=True)
    after = 0
    while some := list(rows.filter(member_id__gt=after)[:CHUNK]):
        yield some
        after = some[-1]


@transaction.atomic
def _settle_chunk(occasion: Occasion, member_ids: list[int], window: Window, rule: Rule, as_of: datetime) -> int:
    # The lock comes before the evidence is read: whoever writes evidence marks these rows in the same transaction, so
    # it is either read here or marked after us; and two settlings of one person never write in the wrong order.
    rows = RosterEntry.objects.filter(occasion_id=occasion.pk, member_id__in=member_ids)
    entries = list(rows.select_for_update().order_by("member_id").values_list("member_id", "state", "why", "dirty_at"))
    # The end may have been undone, and made again, since this settling began: then its window is an old one. Asked
    # under the lock, so that a later settling of the same people always writes after this one.
    if not Occasion.objects.filter(pk=occasion.pk, closed_at=occasion.closed_at).exists():
        return 0
    ids = [entry[0] for entry in entries]
    exempt = {member_id: why for member_id, state, why, _at in entries if state == RosterEntry.State.EXEMPT}
    held = evidence_of(occasion=occasion, member_ids=ids, exempt=exempt, as_of=as_of)
    before = dict(
        Record.objects.filter(occasion_id=occasion.pk, member_id__in=ids).values_list("member_id", "evidence_digest")
    )
    frame = repr((window, rule))
    changed = {}
    for member_id in ids:
        digest = digest_of(held[member_id], frame)
        if before.get(member_id) != digest:
            changed[member_id] = (judge(held[member_id], window, rule), digest)
    if changed:
        corrections = last_corrections(occasion.pk, list(changed))
        Record.objects.bulk_create(
            [
                _record(occasion.pk, member_id, verdict, rule, digest, corrections.get(member_id), as_of)
                for member_id, (verdict, digest) in changed.items()
            ],
            update_conflicts=True,
            unique_fields=["occasion", "member"],
            update_fields=list(FIELDS),
        )
        events.announce(events.record_settled, occasion_id=occasion.pk, member_ids=list(changed))
    if any(entry[3] is not None for entry in entries):
        rows.update(dirty_at=None)
    return len(changed)


def last_corrections(occasion_id: int, member_ids: Collection[int]) -> dict[int, Correction]:
    """Return the last correction of each of these members' records at an occasion, where there is one."""
    found = Correction.objects.filter(record__occasion_id=occasion_id, record__member_id__in=member_ids)
    return {one.record.member_id: one for one in found.select_related("record").order_by("at", "id")}


def digest_of(evidence: Evidence, frame: str) -> str:
    """Return what names exactly the input of a verdict: all evidence, the window and the rule."""
    return hashlib.sha256(f"{evidence!r}|{frame}".encode()).hexdigest()


def _record(
    occasion_id: int,
    member_id: int,
    verdict: Verdict,
    rule: Rule,
    digest: str,
    correction: Correction | None,
    as_of: datetime,
) -> Record:
    state = str(verdict.state)
    holding = what_holds(state=state, hours=verdict.hours, digest=digest, correction=correction, full_hours=rule.hours)
    return Record(
        occasion_id=occasion_id,
        member_id=member_id,
        state=state,
        reasons=[reason.as_json() for reason in verdict.reasons],
        live_ms=verdict.live_ms,
        replay_ms=verdict.replay_ms,
        hall_ms=verdict.hall_ms,
        union_ms=verdict.union_ms,
        hours=verdict.hours,
        stands=holding.state,
        stands_by_id=holding.correction_id,
        stands_hours=holding.hours,
        rule_version=rule.label[:80],
        evidence_digest=digest,
        judged_at=as_of,
    )
