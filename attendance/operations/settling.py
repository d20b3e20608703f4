"""Settling: from evidence to records. The same evidence under the same rule gives the same record on any day."""

import hashlib
from collections.abc import Collection, Iterable, Iterator, Mapping
from datetime import datetime, timedelta
from decimal import Decimal
from itertools import islice
from typing import Any

import structlog
from django.db import InterfaceError, OperationalError, transaction
from django.db.models import F
from prometheus_client import Counter

from attendance import events
from attendance.core.evidence import Evidence, Window
from attendance.core.hours import OWN
from attendance.core.intervals import ms_of
from attendance.core.rules import Rule
from attendance.core.verdict import Verdict, full_hours, judge
from attendance.models import Correction, Occasion, Record, RosterEntry
from attendance.operations.absence import record_absence
from attendance.operations.catching_up import tell_changes
from attendance.operations.excusing import excuse_absent
from attendance.operations.marks import hold, is_judged_now, mark_first
from attendance.operations.occasions import mark_not_held
from attendance.operations.rosters import complete_roster, enter_at_once
from attendance.operations.summary import mark_counts
from attendance.queries import evidence_of, rule_of, window_of
from attendance.queries.reviewing import IN_FORCE
from attendance.queries.sessions import TOOK_PART
from attendance.standing import what_holds

log = structlog.get_logger(__name__)

FEW = 50
CHUNK = 500  # also keeps SQLite's and PostgreSQL's statements short
FIELDS = (
    "state", "reasons", "live_ms", "replay_ms", "hall_ms", "union_ms", "hours", "stands", "stands_by", "stands_hours",
    "form", "rule_version", "evidence_digest", "judged_at",
)  # fmt: skip
FRAME = (
    "closed_at",
    "window_end_at",
    "media_ms",
    "media_offset_ms",
    "media_cuts",
    "paused_ms",
    "away_ms",
    "check_asked",
    "gates",
)
"""What everybody at an occasion is judged by: where one of them changes, all are judged again."""
State = Occasion.State


PUT_ASIDE = Counter("ledger_put_aside", "People who could not be judged when they should have been")
RETRY_AFTER = timedelta(minutes=10)
MOST_FAILED = 20  # of a chunk, one by one


class UnableToSettle(Exception):
    """The occasion has not opened: nobody is expected yet."""


def settle(*, occasion_id: int, as_of: datetime, member_ids: Collection[int] | None = None) -> None:
    """Judge everybody on the roster (or ``member_ids`` of it) and store what changed. Safe to repeat.

    Goes in chunks, each in its own transaction, so that a city fits; an occasion that is closed is settled when all
    are through, unless it was reopened or closed anew meanwhile. Nobody is judged where it was not held or is void.
    Of everybody, who cannot be judged is put aside (``settle_dirty`` tries again); of ``member_ids``, that is raised.
    Tells ``standing_changed`` for those whose record changed. Nothing is done for an occasion that was deleted before a
    worker came to it. Raises UnableToSettle.
    """
    before = Occasion.objects.filter(pk=occasion_id).first()
    if before is None or before.state in (State.NOT_HELD, State.VOID):
        return
    if before.state == State.SCHEDULED:
        raise UnableToSettle(f"occasion {occasion_id} has not opened")
    if member_ids is None:
        complete_roster(occasion_id=occasion_id)  # nobody is through before everybody is there
    is_whole_end = member_ids is None and before.state in (State.CLOSED, State.SETTLED)
    if is_whole_end:
        record_absence(occasion_id=occasion_id, as_of=as_of)
        # Asked whoever wrote the absence down: a worker that came back may have been quicker.
        if mark_not_held(occasion_id=occasion_id, as_of=as_of):
            return
        excuse_absent(occasion_id=occasion_id, as_of=as_of)
        before.refresh_from_db()
    rule_of(before)  # what is wrong with the occasion itself is raised here, once, and not found with each person
    changed = 0
    for some in _chunks(occasion_id, member_ids):
        if member_ids is None:
            changed += _settle_or_put_aside(occasion_id, some, as_of)
        else:
            changed += _settle_chunk(occasion_id, some, as_of)
    if member_ids is None:
        _claim_settled(before, as_of)
        log.info("occasion_settled", occasion_id=occasion_id, changed=changed)


@transaction.atomic
def _claim_settled(before: Occasion, as_of: datetime) -> None:
    """Say that all are through, if they were judged by what holds now.

    Between two of our chunks somebody may have undone the end and closed it again, or offered another replay.
    """
    now = Occasion.objects.select_for_update(no_key=True).get(pk=before.pk)
    if now.state == State.CLOSED and all(getattr(now, name) == getattr(before, name) for name in FRAME):
        mark_first(occasion_id=before.pk, as_of=as_of)
        Occasion.objects.filter(pk=before.pk).update(state=State.SETTLED, settled_at=as_of)


def settle_dirty(*, as_of: datetime, member_ids: Collection[int] | None = None, limit: int = 500) -> int:
    """Settle those whose evidence nobody has read (of ``member_ids``, or anybody's, the oldest mark first).

    These are entered first where a roster is still being written. Returns how many marks it took away; whoever cannot
    be judged keeps theirs, dated ahead, and never stops the others. Safe to repeat, and twice at once.
    """
    waiting = RosterEntry.objects.filter(dirty_at__lte=as_of)
    if member_ids is not None:
        enter_at_once(member_ids=member_ids)
        waiting = waiting.filter(member_id__in=member_ids)
    by_occasion: dict[int, list[int]] = {}
    for occasion_id, member_id in waiting.order_by("dirty_at")[:limit].values_list("occasion_id", "member_id"):
        by_occasion.setdefault(occasion_id, []).append(member_id)
    for occasion_id, members in by_occasion.items():
        try:
            rule_of(Occasion.objects.get(pk=occasion_id))
        except (ArithmeticError, AttributeError, TypeError, ValueError):
            _put_aside(occasion_id, members, as_of)
            continue
        for some in _chunks(occasion_id, members):
            _settle_or_put_aside(occasion_id, some, as_of, is_sweep=True)
    return sum(len(members) for members in by_occasion.values())


def _put_aside(occasion_id: int, member_ids: list[int], as_of: datetime) -> None:
    """Say, from within ``except``, that these cannot be judged now, and let their marks be tried again later."""
    PUT_ASIDE.inc(len(member_ids))
    log.exception("put_aside", occasion_id=occasion_id, member_ids=member_ids[:10], people=len(member_ids))
    entries = RosterEntry.objects.filter(occasion_id=occasion_id, member_id__in=member_ids)
    entries.update(dirty_at=as_of + RETRY_AFTER)


def _settle_or_put_aside(occasion_id: int, member_ids: list[int], as_of: datetime, *, is_sweep: bool = False) -> int:
    """Settle a chunk; where that fails, its halves, down to those who cannot be judged. Returns how many changed.

    That the database is away is no fault of a person's, and raised. Where nearly everybody fails it is not the person
    either: what is left then goes aside at once.
    """
    changed = failed = 0
    waiting = [member_ids]
    while waiting:
        some = waiting.pop()
        try:
            changed += _settle_chunk(occasion_id, some, as_of, is_sweep=is_sweep)
        except (OperationalError, InterfaceError):
            raise
        except Exception:  # noqa: BLE001 - whatever it is, it must not stop the others; it is logged with those put aside
            if len(some) == 1 or failed >= MOST_FAILED:
                failed += len(some)
                _put_aside(occasion_id, some, as_of)
            else:
                half = len(some) // 2
                waiting += [some[half:], some[:half]]
    return changed


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
def _settle_chunk(occasion_id: int, member_ids: list[int], as_of: datetime, *, is_sweep: bool = False) -> int:
    # The locks come before the reading (in the order of ``marks``). While we hold the occasion, nobody ends it, undoes
    # that or voids it, so the window we judge by is the one that holds when we write. Whoever writes evidence marks
    # the roster rows in the same transaction, so it is either read here or marked after us; and two settlings of one
    # person never write in the wrong order.
    [(_key, state, basis, _listed, first_id)] = hold([occasion_id])
    if first_id is not None:  # the rows there come first, as their occasion does: they are marked below
        first = RosterEntry.objects.filter(occasion_id=first_id, member_id__in=member_ids)
        list(first.select_for_update(of=("self",)).order_by("member_id").values_list("pk"))
    rows = RosterEntry.objects.filter(occasion_id=occasion_id, member_id__in=member_ids)
    held = rows.select_for_update().order_by("member_id")
    entries = list(held.values_list("member_id", "state", "why", "dirty_at", "node_id"))
    changed = 0
    # A sweep leaves out a lecture that runs (again: its end was undone), for its end settles all; the marks go.
    if is_judged_now(state, basis) or (state == State.OPEN and not is_sweep):
        occasion = Occasion.objects.get(pk=occasion_id)
        # Where raw evidence is gone, the verdicts of then are all that is left of it: nobody is judged by the rest.
        if occasion.evidence_removed_at is None:
            changed = _judge_all(occasion, entries, as_of)
    if any(entry[3] is not None for entry in entries):
        rows.update(dirty_at=None)
    return changed


def _judge_all(occasion: Occasion, entries: list[tuple[int, str, str, datetime | None, int]], as_of: datetime) -> int:
    """Judge these roster rows, which are locked; store and announce what changed, return how many."""
    window, rule = window_of(occasion, as_of=as_of), rule_of(occasion)
    ids = [entry[0] for entry in entries]
    exempt = {member_id: why for member_id, state, why, _at, _node in entries if state == RosterEntry.State.EXEMPT}
    held = evidence_of(occasion=occasion, member_ids=ids, exempt=exempt, as_of=as_of)
    stored = Record.objects.filter(occasion_id=occasion.pk, member_id__in=ids)
    before = {one[0]: one[1:] for one in stored.values_list("member_id", "evidence_digest", "stands", "stands_by_id")}
    # What an hours table credits, which check and quizzes are asked and that people meet is said only where it is so:
    # other digests stay what they were.
    check = (window.check,) if rule.asks_check and window.check is not None else ()
    frame = repr((window, rule, *rule.by_form, *check, *window.gates)) + ("|in person" if window.is_in_person else "")
    full = full_hours(window, rule)
    changed = {}
    for member_id in ids:
        digest = digest_of(held[member_id], frame)
        if member_id not in before or before[member_id][0] != digest:
            changed[member_id] = (judge(held[member_id], window, rule), digest)
    if changed:
        corrections = last_corrections(occasion.pk, list(changed))
        records = [
            _record(
                occasion.pk, member_id, verdict, rule, digest, corrections.get(member_id), as_of, full=full,
                since=_since(corrections.get(member_id), held[member_id], window, rule),
            )
            for member_id, (verdict, digest) in changed.items()
        ]  # fmt: skip
        Record.objects.bulk_create(
            records, update_conflicts=True, unique_fields=["occasion", "member"], update_fields=list(FIELDS)
        )
        nodes = {entry[0]: entry[4] for entry in entries}
        counted = [one for one in records if before.get(one.member_id, ("",))[1:] != (one.stands, one.stands_by_id)]
        # Where everybody is settled, one mark a chunk for all of them: they are counted together when all are through.
        is_all = occasion.state == State.CLOSED and len(counted) > FEW
        units = None if is_all else {nodes[one.member_id] for one in counted}
        mark_counts(occasion_id=occasion.pk, node_ids=units)
        tell_changes(
            occasion=occasion, records=counted, before={key: row[1] for key, row in before.items()}, as_of=as_of
        )
        if occasion.repeats_id is not None:
            _mark_at_first(occasion, counted, before, as_of)
        events.tell(events.standing_changed, occasion_id=occasion.pk, member_ids=list(changed))
    return len(changed)


def _mark_at_first(
    occasion: Occasion, records: Iterable[Record], before: Mapping[int, tuple[Any, ...]], as_of: datetime
) -> None:
    """Mark at the first who took part in a further session and did not before, or the other way round.

    Also while all are being settled: ``_claim_settled`` marks who took part, and would miss who does so no more.
    """
    known = {key: row[1] in TOOK_PART for key, row in before.items()}
    changed = [one.member_id for one in records if (one.stands in TOOK_PART) != known.get(one.member_id, False)]
    if changed:
        mark_first(occasion_id=occasion.pk, member_ids=changed, as_of=as_of)


def last_corrections(occasion_id: int, member_ids: Collection[int], *, but: int | None = None) -> dict[int, Correction]:
    """Return the last correction of each of these members' records at an occasion, where there is one that holds:
    nothing of what waits for a second person, or was refused by one. ``but``: leave out that one."""
    found = Correction.objects.filter(record__occasion_id=occasion_id, record__member_id__in=member_ids)
    found = found.filter(IN_FORCE)
    if but is not None:
        found = found.exclude(pk=but)
    return {one.of_member: one for one in found.annotate(of_member=F("record__member_id")).order_by("at", "id")}


def _since(correction: Correction | None, evidence: Evidence, window: Window, rule: Rule) -> str | None:
    """Return the verdict on what was watched after a correction alone; None without one."""
    if correction is None:
        return None
    at = ms_of(correction.at)
    later = tuple(report for report in evidence.watched if report.at > at)
    return str(
        judge(Evidence(watched=later, understood=evidence.understood, passed=evidence.passed), window, rule).state
    )


def digest_of(evidence: Evidence, frame: str) -> str:
    """Return what names exactly the input of a verdict: all evidence, the window and the rule."""
    again = "" if evidence.repeated is None else f"|again {evidence.repeated}"
    understood = f"|{evidence.understood!r}" if evidence.understood else ""
    passed = f"|{evidence.passed!r}" if evidence.passed else ""
    return hashlib.sha256(f"{evidence!r}|{frame}{again}{understood}{passed}".encode()).hexdigest()


def _record(
    occasion_id: int,
    member_id: int,
    verdict: Verdict,
    rule: Rule,
    digest: str,
    correction: Correction | None,
    as_of: datetime,
    full: Decimal,
    since: str | None,
) -> Record:
    state = str(verdict.state)
    outcome = what_holds(
        state=state, hours=verdict.hours, digest=digest, correction=correction, full_hours=full, since=since
    )
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
        stands=outcome.state,
        stands_by_id=outcome.correction_id,
        stands_hours=outcome.hours,
        form=verdict.form if outcome.state == state and outcome.correction_id is None else OWN,
        rule_version=rule.label[:80],
        evidence_digest=digest,
        judged_at=as_of,
    )
