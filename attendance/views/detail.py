"""One person's record at an occasion with all it rests on: shown to the person and, in their scope, to a secretary."""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any, TypeVar

from django.db.models import QuerySet
from django.utils.translation import gettext as _

from attendance.core.verdict import Verdict
from attendance.models import (
    Correction,
    Dispute,
    Evidence,
    Occasion,
    PresenceSpan,
    Record,
    RecordState,
    RosterEntry,
    Rule,
)
from attendance.queries import judged, rule_of
from attendance.reasons import sentence
from attendance.reports.standing import DUE
from attendance.views.timeline import Bar, Item, bars_of, items_of

Row = TypeVar("Row")


@dataclass(frozen=True)
class Detail:
    """What the ledger holds about one person at one occasion; durations in milliseconds."""

    occasion: Occasion
    entry: RosterEntry
    record: Record | None
    verdict: Verdict
    state: str
    reasons: list[str]
    corrections: list[Correction]
    disputes: list[Dispute]
    items: list[Item]
    bars: list[Bar]
    length_ms: int

    @property
    def clocks(self) -> Record | Verdict:
        """The minutes: those of the record; while there is none, those of the evidence as it is now."""
        return self.record or self.verdict

    @property
    def rule_text(self) -> str:
        """What was asked for, with the version of the rule: printed on every record."""
        return rule_sentence(self.occasion, self.length_ms)

    @property
    def open_dispute(self) -> Dispute | None:
        """The dispute that still waits for an answer."""
        return next((one for one in self.disputes if one.state == Dispute.State.RAISED), None)


def record_details(
    *, member_id: int, as_of: datetime, training_id: int | None = None, occasion_id: int | None = None, below: str = ""
) -> list[Detail]:
    """Return the person's details at every occasion whose roster names them: six queries and three more an occasion.

    ``below`` leaves out occasions at which they stood under another part of the tree.
    """
    entries = RosterEntry.objects.filter(member_id=member_id, node__path__startswith=below)
    if training_id is not None:
        entries = entries.filter(occasion__training_id=training_id)
    if occasion_id is not None:
        entries = entries.filter(occasion_id=occasion_id)
    entries = entries.select_related("occasion__rule", "occasion__training", "node")
    found = list(entries.order_by("occasion__starts_at", "occasion_id"))
    held = _held([entry.occasion_id for entry in found], member_id) if found else {}
    return [_detail(entry, held, as_of) for entry in found]


def _held(occasion_ids: list[int], member_id: int) -> dict[str, dict[int, list[Any]]]:
    mine = {"member_id": member_id, "occasion_id__in": occasion_ids}
    corrections = Correction.objects.filter(record__member_id=member_id, record__occasion_id__in=occasion_ids)
    return {
        "records": _by_occasion(Record.objects.filter(**mine)),
        "spans": _by_occasion(PresenceSpan.objects.filter(**mine).order_by("started_at", "id")),
        "evidence": _by_occasion(
            Evidence.objects.filter(**mine)
            .exclude(kind=Evidence.Kind.WITHDRAWN)  # said beside what they take back
            .select_related("recorded_by", "withdrawn_by__recorded_by")
            .order_by("recorded_at", "id")
        ),
        "disputes": _by_occasion(
            Dispute.objects.filter(**mine).select_related("answered_by", "correction").order_by("-raised_at", "-id")
        ),
        "corrections": _grouped(
            (correction.record.occasion_id, correction)
            for correction in corrections.select_related("author", "record").order_by("at", "id")
        ),
    }


def _by_occasion(rows: QuerySet[Any, Any]) -> dict[int, list[Any]]:
    return _grouped((row.occasion_id, row) for row in rows)


def _grouped(pairs: Iterable[tuple[int, Row]]) -> dict[int, list[Row]]:
    groups: defaultdict[int, list[Row]] = defaultdict(list)
    for key, row in pairs:
        groups[key].append(row)
    return groups


def _detail(entry: RosterEntry, held: dict[str, dict[int, list[Any]]], as_of: datetime) -> Detail:
    occasion = entry.occasion
    of = {name: rows.get(occasion.pk, []) for name, rows in held.items()}
    record: Record | None = next(iter(of["records"]), None)
    verdict = judged(occasion=occasion, member_id=entry.member_id, as_of=as_of)
    reasons = record.reasons if record else [reason.as_json() for reason in verdict.reasons]
    return Detail(
        occasion=occasion,
        entry=entry,
        record=record,
        verdict=verdict,
        state=state_of(entry, record, of["corrections"]),
        reasons=list(filter(None, (sentence(reason) for reason in reasons))),
        corrections=of["corrections"],
        disputes=of["disputes"],
        items=items_of(occasion, of["spans"], of["evidence"], as_of),
        bars=bars_of(occasion, verdict, as_of),
        length_ms=length_of(occasion),
    )


def state_of(entry: RosterEntry, record: Record | None, corrections: list[Correction]) -> str:
    """Return the state that holds: the same order as ``reports.standing.entries``, in Python for one person."""
    if corrections:
        return corrections[-1].state
    if entry.state == RosterEntry.State.EXEMPT:
        return RecordState.EXEMPT
    is_settled = record is not None and record.state != RecordState.PENDING
    occasion = entry.occasion
    if not is_settled and occasion.state == Occasion.State.OPEN and occasion.rule.basis == Rule.Basis.MEDIA:
        return DUE
    return record.state if record else RecordState.PENDING


def length_of(occasion: Occasion) -> int:
    """Return what a share is taken of: the course's length or the window's, in milliseconds."""
    if occasion.rule.basis == Rule.Basis.MEDIA:
        return occasion.media_ms or 0
    start, end = occasion.window_start_at or occasion.starts_at, occasion.window_end_at or occasion.ends_at
    return max(0, round((end - start).total_seconds() * 1000))


def rule_sentence(occasion: Occasion, length_ms: int) -> str:
    """Return the rule as people read it, with the minutes that it means here and its version."""
    rule = rule_of(occasion)
    needed_ms = rule.needed_ms(length_ms)
    values = {
        "percent": f"{needed_ms / length_ms * 100 if length_ms else rule.min_share * 100:.3g}",
        "minutes": f"{-(-needed_ms // 6000) / 10:g}",
        "name": rule.name,
        "version": rule.version,
    }
    return _("达到 %(percent)s%%（%(minutes)s 分钟）即为参加。按“%(name)s”第 %(version)s 版规则计算。") % values
