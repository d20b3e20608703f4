"""One person's record at an occasion with all it rests on: shown to the person and, in their scope, to a secretary."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, TypeVar

from django.conf import settings
from django.utils.translation import gettext as _

from attendance.catching_up import CatchUp, catch_up_of
from attendance.charts import Chart
from attendance.core.verdict import Verdict
from attendance.kinds import Step, is_in_person
from attendance.models import Correction, CorrectionReview, Dispute, Occasion, Record, RosterEntry, Rule
from attendance.queries import CALLED_OFF, entries_below, held_at, judged, rule_of
from attendance.queries.sessions import sessions_ahead
from attendance.running import chip_of
from attendance.sentences.checks import quizzes_left_words
from attendance.sentences.records import day, length, month_day, sentence
from attendance.sentences.rules import rule_of_occasion
from attendance.standing import (
    DONE,
    UNDONE,
    Amount,
    amount_of,
    asked_of,
    asks_nothing,
    check_left,
    due_at,
    standing_state,
)
from attendance.views.timeline import Entry, Item, entries_of, items_of, strip_of
from organizations.models import User

Row = TypeVar("Row")


@dataclass(frozen=True)
class Corrected:
    """One correction as the page writes it: what became of the result, by whom, and why."""

    text: str
    reason: str


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
    clocks_reasons: list[dict[str, Any]]
    corrections: list[Correction]
    disputes: list[Dispute]
    items: list[Item]
    strip: Chart | None
    path: CatchUp | None

    @property
    def is_course(self) -> bool:
        """Whether it is counted by what was studied, not by when one was there."""
        return self.occasion.rule.basis == Rule.Basis.MEDIA

    @property
    def is_called_off(self) -> bool:
        return self.state in CALLED_OFF

    @property
    def is_overtaken(self) -> bool:
        """Whether evidence that came after the last correction was better than it: the record holds again."""
        in_force = [one for one in self.corrections if review_state(one) in ("", CorrectionReview.State.APPROVED)]
        return bool(in_force) and self.record is not None and self.record.stands_by_id is None

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

    @property
    def is_done_elsewhere(self) -> bool:
        """Whether it is done although nothing was measured: by a study elsewhere, or by a correction."""
        return self.state in DONE and not self.amount.done_ms

    @property
    def done(self) -> str:
        """How much counts, in words; nothing of what was called off, or was done without the site's clocks."""
        return "" if self.is_called_off or self.is_done_elsewhere else self.amount.done

    @property
    def done_of(self) -> str:
        """Of how much it is, where that is known."""
        if self.is_called_off or self.is_done_elsewhere or not self.amount.total_ms:
            return ""
        return _("已计入，共 %(total)s") % {"total": self.amount.total}

    @property
    def chip(self) -> str:
        """The state that stands beside the number: none of what is paused."""
        return "" if self.is_paused else chip_of(self.occasion, self.state)

    @property
    def drawn(self) -> Chart | None:
        """What of the occasion counts, drawn; nothing of what was called off, or where nobody was anyhow."""
        return None if self.is_called_off or not self.clocks.union_ms else self.strip

    @property
    def sentences(self) -> list[str]:
        """What is said below the number: what counts, what is asked, what is left until when, and by which rule."""
        if self.is_called_off:
            return [_called_off(self.occasion, self.state)]
        said = [_clocks(self), _asked(self), _left(self) if self.is_undone else "", _rule(self.occasion)]
        return [one for one in said if one]

    @property
    def removed(self) -> str:
        """What is said where raw evidence is gone: since when, and what stays."""
        at = self.occasion.evidence_removed_at
        if at is None:
            return ""
        return _("在线、观看等原始记录在认定完毕后保存 %(days)s 天，已于 %(at)s 清除；认定结果和理由一直保留。") % {
            "days": settings.EVIDENCE_KEEP_DAYS,
            "at": day(at),
        }

    @property
    def says_why(self) -> bool:
        """Whether there is anything to say about why the result is what it is."""
        return not self.is_called_off and bool(self.reasons or self.corrections or self.entry.why)

    @property
    def corrected(self) -> list[Corrected]:
        """The corrections in words, the oldest first."""
        return [_corrected(one) for one in self.corrections]

    @property
    def entries(self) -> list[Entry]:
        """Everything held, in words."""
        return entries_of(self.items)


def _called_off(occasion: Occasion, state: str) -> str:
    if state != Occasion.State.VOID:
        return _("这一场没有举行，不影响任何人的记录。")
    said = _("这一场已经作废，不影响任何人的记录。")
    return f"{said} {_('原因：')}{occasion.void_reason}" if occasion.void_reason else said


def _clocks(detail: Detail) -> str:
    """Return what of a lecture counts by how one was there; "" for a course, which has one number alone."""
    clocks = detail.clocks
    if detail.is_course or not clocks.union_ms:
        return ""
    told = [
        (clocks.live_ms, _("在线 %(time)s")),
        (clocks.replay_ms, _("回放 %(time)s")),
        (clocks.hall_ms, _("到会 %(time)s") if is_in_person(detail.occasion.kind) else _("集中收看 %(time)s")),
    ]
    return " ".join(text % {"time": length(ms)} for ms, text in told if ms)


def _asked(detail: Detail) -> str:
    asked = _("老师正在修改这门课，学过的都保存着，改好以后再来学") if detail.is_paused else detail.amount.asked
    return asked + _("。") if asked else ""


def _left(detail: Detail) -> str:
    until = detail.path.until + _("。") if detail.path else ""
    left = detail.amount.left
    if detail.path and detail.path.quizzes_left:
        return quizzes_left_words(detail.path.quizzes_left) + _("。") + f" {until}"
    return _("还差 %(left)s。") % {"left": left} + f" {until}" if left else until


def _rule(occasion: Occasion) -> str:
    """Which rule decides, with its version and what it asks and gives: printed on every record."""
    rule = rule_of(occasion)
    values = {"name": rule.name, "version": rule.version, "sentence": rule_of_occasion(occasion)}
    return _("认定规则：%(name)s，第 %(version)s 版。%(sentence)s。") % values


def review_of(one: Correction) -> CorrectionReview | None:
    """Return the second person's word on a correction; None where it needs none. Loaded with it, it costs no query."""
    return getattr(one, "review", None)


def review_state(one: Correction) -> str:
    """Return how a correction stands with its second person; "" where it needs none."""
    review = review_of(one)
    return review.state if review is not None else ""


def _corrected(one: Correction) -> Corrected:
    said = {"state": one.get_state_display(), "name": one.author.name, "day": month_day(one.at)}
    review = review_of(one)
    if review is None:
        return Corrected(_("%(day)s由%(name)s更正为“%(state)s”") % said, one.reason)
    text = _("%(day)s%(name)s提出更正为“%(state)s”") % said
    if review.state == CorrectionReview.State.WAITING:
        return Corrected(text + _("，要另一位负责人复核，现在还没有生效"), one.reason)
    if review.state == CorrectionReview.State.WITHDRAWN:
        return Corrected(text + _("，后来自己撤回了，没有生效"), one.reason)
    by = {"second": review.decided_by.name if review.decided_by else "", "why": review.reason}
    if review.state == CorrectionReview.State.REFUSED:
        return Corrected(text + _("，%(second)s复核没有同意，没有生效：%(why)s") % by, one.reason)
    return Corrected(text + _("，%(second)s复核同意") % by, one.reason)


def step_of(detail: Detail) -> Step | None:
    """Return how the person can still do what they have not done, or None: it is done, too late, or not on a phone."""
    phone = detail.path.phone if detail.path else None
    return Step(phone.label, phone.url) if phone else None


def record_details(
    *, member_id: int, as_of: datetime, training_id: int | None = None, occasion_id: int | None = None, below: str = ""
) -> list[Detail]:
    """Return the person's details at every occasion whose roster names them: six queries, and three more for each
    occasion of a window, whose map shows the very spans that count; one more where something was held again.

    ``below`` leaves out occasions at which they stood under another part of the tree.
    """
    entries = entries_below(below).filter(member_id=member_id)
    if training_id is not None:
        entries = entries.filter(occasion__training_id=training_id)
    if occasion_id is not None:
        entries = entries.filter(occasion_id=occasion_id)
    found = list(entries.order_by("occasion__starts_at", "occasion_id"))
    held = held_at([entry.occasion_id for entry in found], member_id=member_id) if found else {}
    ahead = sessions_ahead([entry.occasion for entry in found], as_of=as_of)
    return [_detail(entry, held, as_of, ahead.get(entry.occasion_id, ())) for entry in found]


def _reasons(clocks: Record | Verdict) -> list[dict[str, Any]]:
    """Return why, as it is stored."""
    return clocks.reasons if isinstance(clocks, Record) else [one.as_json() for one in clocks.reasons]


def _read(entry: RosterEntry, record: Record | None, as_of: datetime) -> tuple[Verdict | None, Record | Verdict]:
    """Return the verdict, where the page needs one, and whichever of it and the record says what is there now."""
    occasion = entry.occasion
    is_window = occasion.rule.basis == Rule.Basis.WINDOW  # its map shows the very spans that count
    is_removed = occasion.evidence_removed_at is not None
    if record is not None and (not is_window or is_removed):
        return None, record
    verdict = judged(occasion=occasion, member_id=entry.member_id, as_of=as_of)
    # What was judged of a lecture that goes on (again) is not what is there now; else the record says it all.
    if record is None or occasion.state == Occasion.State.OPEN:
        return verdict, verdict
    return verdict, record


def _detail(
    entry: RosterEntry, held: dict[str, dict[int, list[Any]]], as_of: datetime, sessions: Sequence[Occasion]
) -> Detail:
    occasion, basis = entry.occasion, entry.occasion.rule.basis
    of = {name: rows.get(occasion.pk, []) for name, rows in held.items()}
    record: Record | None = next(iter(of["records"]), None)
    verdict, clocks = _read(entry, record, as_of)
    reasons = _reasons(clocks)
    state = standing_state(entry_state=entry.state, occasion_state=occasion.state, basis=basis, record=record)
    amount = amount_of(asked_of(occasion=occasion, as_of=as_of), reasons, state=state)
    return Detail(
        occasion=occasion,
        entry=entry,
        record=record,
        clocks=clocks,
        state=state,
        amount=amount,
        reasons=list(filter(None, (sentence(reason, basis=basis) for reason in reasons))),
        clocks_reasons=reasons,
        corrections=of["corrections"],
        disputes=of["disputes"],
        items=items_of(occasion, of["spans"], of["evidence"], verdict, as_of),
        strip=strip_of(occasion, verdict, as_of) if verdict else None,
        path=catch_up_of(
            occasion=occasion,
            state=state,
            as_of=as_of,
            member=User(pk=entry.member_id),
            done_ms=amount.done_ms,
            sessions=sessions,
            check=check_left(reasons, state=state),
        ),
    )
