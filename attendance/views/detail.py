"""One person's record at an occasion with all it rests on: shown to the person and, in their scope, to a secretary."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any, TypeVar

from django.utils.translation import gettext as _

from attendance.core.verdict import Verdict
from attendance.kinds import Step, kinds
from attendance.models import Correction, Dispute, Occasion, Record, RosterEntry, Rule
from attendance.queries import entries_below, held_at, judged, rule_of
from attendance.sentences import sentence
from attendance.standing import CALLED_OFF, UNDONE, Amount, amount_of, asked_of, asks_nothing, due_at, standing_state
from attendance.views.timeline import Bar, Item, bars_of, items_of
from organizations.models import User

Row = TypeVar("Row")


@dataclass(frozen=True)
class Detail:
    """What the ledger holds about one person at one occasion; durations in milliseconds."""

    occasion: Occasion
    entry: RosterEntry
    record: Record | None
    clocks: Record | Verdict
    state: str
    amount: Amount
    reasons: list[str]
    corrections: list[Correction]
    disputes: list[Dispute]
    items: list[Item]
    bars: list[Bar]

    @property
    def is_course(self) -> bool:
        """Whether it is counted by what was studied, not by when one was there."""
        return self.occasion.rule.basis == Rule.Basis.MEDIA

    @property
    def rule_text(self) -> str:
        """Which rule decides, with its version: printed on every record."""
        rule = rule_of(self.occasion)
        return _("认定规则：%(name)s，第 %(version)s 版。") % {"name": rule.name, "version": rule.version}

    @property
    def is_called_off(self) -> bool:
        return self.state in CALLED_OFF

    @property
    def is_overtaken(self) -> bool:
        """Whether evidence that came after the last correction was better than it: the record holds again."""
        return bool(self.corrections) and self.record is not None and self.record.stands_by_id is None

    @property
    def is_undone(self) -> bool:
        return self.state in UNDONE and not self.is_paused

    @property
    def is_paused(self) -> bool:
        """Whether it is not done, and nothing is there to be studied for now."""
        return self.state in UNDONE and asks_nothing(self.occasion)

    @property
    def due_at(self) -> datetime:
        """Until when it can be done or made up."""
        return due_at(self.occasion)

    @property
    def open_dispute(self) -> Dispute | None:
        """The dispute that still waits for an answer."""
        return next((one for one in self.disputes if one.state == Dispute.State.RAISED), None)


def step_of(detail: Detail, member: User, as_of: datetime) -> Step | None:
    """Return how ``member`` can still do what they have not done, or None: it is done, too late, or not on a phone."""
    if not detail.is_undone or as_of >= detail.due_at:
        return None
    return kinds()[detail.occasion.kind].catch_up(detail.occasion, member, done_ms=detail.amount.done_ms)


def record_details(
    *, member_id: int, as_of: datetime, training_id: int | None = None, occasion_id: int | None = None, below: str = ""
) -> list[Detail]:
    """Return the person's details at every occasion whose roster names them: six queries, and three more for each
    occasion of a window, whose map shows the very spans that count.

    ``below`` leaves out occasions at which they stood under another part of the tree.
    """
    entries = entries_below(below).filter(member_id=member_id)
    if training_id is not None:
        entries = entries.filter(occasion__training_id=training_id)
    if occasion_id is not None:
        entries = entries.filter(occasion_id=occasion_id)
    found = list(entries.order_by("occasion__starts_at", "occasion_id"))
    held = held_at([entry.occasion_id for entry in found], member_id=member_id) if found else {}
    return [_detail(entry, held, as_of) for entry in found]


def _detail(entry: RosterEntry, held: dict[str, dict[int, list[Any]]], as_of: datetime) -> Detail:
    occasion = entry.occasion
    of = {name: rows.get(occasion.pk, []) for name, rows in held.items()}
    record: Record | None = next(iter(of["records"]), None)
    basis, is_open = occasion.rule.basis, occasion.state == Occasion.State.OPEN
    # What was judged of a lecture that goes on (again) is not what is there now; else the record says it all.
    is_behind = record is None or (is_open and basis == Rule.Basis.WINDOW)
    verdict = (
        judged(occasion=occasion, member_id=entry.member_id, as_of=as_of) if is_behind or _has_map(basis) else None
    )
    clocks = verdict if verdict is not None and is_behind else record
    assert clocks is not None  # noqa: S101 - behind there is a verdict, else a record
    reasons = clocks.reasons if isinstance(clocks, Record) else [one.as_json() for one in clocks.reasons]
    state = standing_state(entry_state=entry.state, occasion_state=occasion.state, basis=basis, record=record)
    return Detail(
        occasion=occasion,
        entry=entry,
        record=record,
        clocks=clocks,
        state=state,
        amount=amount_of(asked_of(occasion=occasion, as_of=as_of), reasons, state=state),
        reasons=list(filter(None, (sentence(reason, basis=basis) for reason in reasons))),
        corrections=of["corrections"],
        disputes=of["disputes"],
        items=items_of(occasion, of["spans"], of["evidence"], verdict, as_of),
        bars=bars_of(occasion, verdict, as_of) if verdict else [],
    )


def _has_map(basis: str) -> bool:
    return basis == Rule.Basis.WINDOW
