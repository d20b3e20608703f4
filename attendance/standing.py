"""What holds and how much: the one place that every page, report and export asks.

What holds is written beside each record by settling and correcting (``what_holds``). How a person stands at an
occasion follows from it and from what became of the occasion: ``standing_state`` says it for one person,
``with_standing`` the same in SQL for any number; one table test runs both. How much counts is an ``Amount``, read from
the record.

A correction carries the digest of the evidence it was made on. Evidence that came later and makes the verdict better
than it was then, and better than what the correction says, is not hidden by it: the record follows again.
"""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from decimal import Decimal
from typing import Any

from django.db.models import Case, CharField, F, FilteredRelation, Q, QuerySet, Value, When
from django.db.models.functions import Coalesce
from django.utils.translation import gettext as _

from attendance.core.reading import verb_of
from attendance.core.reasons import ALONE_MISSING, CHECK_OWED, Code
from attendance.core.rules import Basis
from attendance.core.rules import Rule as CoreRule
from attendance.core.verdict import asked_at_first
from attendance.models import Correction, Occasion, Record, RecordState, RosterEntry, Rule
from attendance.queries import CALLED_OFF, rule_of, window_of
from attendance.queries.sessions import TOOK_PART
from attendance.sentences.records import length

S = RecordState
# How much a state says for a person: a correction gives way only to a verdict that says more.
_WORTH = {S.PENDING: 0, S.MISSING: 1, S.INCOMPLETE: 1, S.EXCUSED: 2, S.EXEMPT: 2, S.MADE_UP: 3, S.ATTENDED: 4}
DONE = frozenset(one.value for one in TOOK_PART)
DUE = "due"  # a course still running, not done yet: nobody is missing there before it ends
MISSED = (S.MISSING.value, S.INCOMPLETE.value)
UNDONE = (*MISSED, DUE)
# How a person stands in a whole training: the first state in this order that one of their occasions has.
WORST_FIRST = (
    S.MISSING.value, S.INCOMPLETE.value, DUE, S.PENDING.value, S.MADE_UP.value, S.ATTENDED.value, S.EXCUSED.value,
    S.EXEMPT.value,
)  # fmt: skip

# What an entry of a roster is counted as (``NodeSummary``): by the record alone, so that no number changes when an
# occasion ends, is opened again or voided. Exempt by the roster, which holds also while an occasion runs, stands apart
# from exempt by a record.
EXEMPTED = "exempted"
COUNTED = (
    S.ATTENDED.value, S.MADE_UP.value, S.EXCUSED.value, S.MISSING.value, S.INCOMPLETE.value, S.PENDING.value,
    S.EXEMPT.value, EXEMPTED,
)  # fmt: skip
# ``counted_as`` once more, of an entry e and its record r, for statements that count everybody
# (``operations/summary_statements.py``). One table test runs all.
_BY_ROSTER = "e.state = 'exempt' AND r.stands_by_id IS NULL"
COUNTED_SQL = (
    f"CASE WHEN {_BY_ROSTER} THEN 'exempt' WHEN r.stands = 'exempt' THEN 'exempted' "
    "ELSE COALESCE(r.stands, 'pending') END"
)


def standing_sql(*, occasion_state: str, basis: str) -> str:
    """Return ``standing_of`` as an expression on an entry e and its record r at an occasion that counts."""
    holds = "COALESCE(r.stands, 'pending')"
    if occasion_state == Occasion.State.OPEN:
        due = f"CASE WHEN {holds} = 'pending' THEN '{DUE}' ELSE {holds} END"
        holds = f"'{S.PENDING.value}'" if basis == Rule.Basis.WINDOW else due
    return f"CASE WHEN {_BY_ROSTER} THEN 'exempt' ELSE {holds} END"


@dataclass(frozen=True, slots=True)
class Outcome:
    """The state that holds, the correction it comes from (None: the verdict's own), and the hours that follow."""

    state: str
    correction_id: int | None
    hours: Decimal


def what_holds(
    *,
    state: str,
    hours: Decimal,
    digest: str,
    correction: Correction | None,
    full_hours: Decimal,
    since: str | None = None,
) -> Outcome:
    """Return what holds for a verdict ``state`` on the evidence ``digest``, given the last correction, if any.

    ``hours`` are the verdict's, ``full_hours`` what the rule credits for having taken part; ``since`` is the verdict on
    what was watched after the correction alone: who was there by mistake, and then studies it all, has studied it.
    """
    if correction is None or _is_overtaken(correction, state, digest):
        return Outcome(state, None, hours)
    corrected = RecordState(correction.state)
    if since in DONE and corrected not in DONE:
        return Outcome(RecordState(since).value, None, full_hours)
    return Outcome(corrected.value, correction.pk, full_hours if corrected in DONE else Decimal(0))


def _is_overtaken(correction: Correction, state: str, digest: str) -> bool:
    worth = _WORTH[RecordState(state)]
    was, corrected = _WORTH[RecordState(correction.was_state)], _WORTH[RecordState(correction.state)]
    return digest != correction.evidence_digest and worth > was and worth > corrected


def standing_state(*, entry_state: str, occasion_state: str, basis: str, record: Record | None) -> str:
    """Return how a person on the roster stands: a ``RecordState``, ``DUE``, or ``not_held`` or ``void``.

    ``entry_state`` is the roster's, ``basis`` the occasion's rule's. ``with_standing`` is the same in SQL.
    """
    counted = counted_as(entry_state=entry_state, record=record)
    return standing_of(counted=counted, occasion_state=occasion_state, basis=basis)


def counted_as(*, entry_state: str, record: Record | None) -> str:
    """Return as which of ``COUNTED`` an entry of a roster is counted, whatever became of its occasion."""
    if entry_state == RosterEntry.State.EXEMPT and (record is None or record.stands_by_id is None):
        return S.EXEMPT.value
    holds = str(record.stands) if record else S.PENDING.value
    return EXEMPTED if holds == S.EXEMPT else holds


def standing_of(*, counted: str, occasion_state: str, basis: str) -> str:
    """Return how those stand who are counted as ``counted`` at an occasion in that state."""
    if occasion_state in CALLED_OFF:
        return occasion_state
    if counted == S.EXEMPT:
        return counted
    if occasion_state == Occasion.State.OPEN:
        if basis == Rule.Basis.WINDOW:
            return S.PENDING.value  # whatever was said before: it is decided when the occasion ends
        if counted == S.PENDING:
            return DUE
    return S.EXEMPT.value if counted == EXEMPTED else counted


def with_standing(found: QuerySet[RosterEntry]) -> QuerySet[Any, Any]:
    """Annotate ``rec`` (the record, if any) and ``stands`` (how the person stands: ``standing_state`` in SQL)."""
    is_open = Q(occasion__state=Occasion.State.OPEN)
    is_undecided = Q(rec__stands=None) | Q(rec__stands=S.PENDING)
    return found.annotate(
        rec=FilteredRelation(
            "occasion__records",
            # The occasion once more: by way of the occasion's own row no index on both would be used.
            condition=Q(occasion__records__member_id=F("member_id"), occasion__records__occasion_id=F("occasion_id")),
        ),
        stands=Case(
            When(occasion__state__in=CALLED_OFF, then=F("occasion__state")),
            When(Q(rec__stands_by=None) & Q(state=RosterEntry.State.EXEMPT), then=Value(S.EXEMPT.value)),
            When(is_open & Q(occasion__rule__basis=Rule.Basis.WINDOW), then=Value(S.PENDING.value)),
            When(is_open & is_undecided, then=Value(DUE)),
            default=Coalesce("rec__stands", Value(S.PENDING.value)),
            output_field=CharField(),
        ),
    )


def state_label(state: str) -> str:
    """Return how somebody stands, in words."""
    if state == DUE:
        return _("还没学完")
    return str(Occasion.State(state).label if state in CALLED_OFF else RecordState(state).label)


def asks_nothing(occasion: Occasion) -> bool:
    """Whether all that there was to study has been taken out for now: nothing is asked until something is back."""
    return occasion.media_items == {}


def due_at(occasion: Occasion) -> datetime:
    """Return until when ``occasion`` can be done: to the end of its make-up time, once that is known."""
    return occasion.make_up_until_at or occasion.ends_at


def is_due_over(occasion: Occasion, as_of: datetime) -> bool:
    """Whether it is too late for ``occasion``: from the deadline itself on, everywhere."""
    return as_of >= due_at(occasion)


ASKED = {
    "watch": lambda: _("看满 %(percent)s%%（%(needed)s）就算学完"),
    "read": lambda: _("读满 %(percent)s%%（%(needed)s）就算学完"),
    "study": lambda: _("学满 %(percent)s%%（%(needed)s）就算学完"),
}
ASKED_WITH_QUIZZES = {
    "watch": lambda: _("看满 %(percent)s%%（%(needed)s），并通过 %(quizzes)s 个练习，就算学完"),
    "read": lambda: _("读满 %(percent)s%%（%(needed)s），并通过 %(quizzes)s 个练习，就算学完"),
    "study": lambda: _("学满 %(percent)s%%（%(needed)s），并通过 %(quizzes)s 个练习，就算学完"),
}


@dataclass(frozen=True, slots=True)
class Amount:
    """How much counts for a person, of how much, and how much is asked for (ms); in words for pages.

    All is cut to whole seconds in the same way, so that what is said adds up: what counts and what is left make
    what is asked for.
    """

    done_ms: int
    needed_ms: int
    total_ms: int
    basis: str = Rule.Basis.MEDIA.value
    verb: str = "watch"  # what is done with what there is to study: watch, read, or study
    quizzes: int = 0  # how many have to be passed besides

    @property
    def is_enough(self) -> bool:
        return self.total_ms > 0 and self.done_ms >= self.needed_ms

    @property
    def left_ms(self) -> int:
        return max(0, self.needed_ms - self.done_ms)

    @property
    def done(self) -> str:
        return length(self.done_ms)

    @property
    def total(self) -> str:
        return length(self.total_ms)

    @property
    def needed(self) -> str:
        return length(self.needed_ms)

    @property
    def left_s(self) -> int:
        """The seconds that are said to be left: never none while something is left."""
        return max(1, self.needed_ms // 1000 - self.done_ms // 1000) if self.left_ms else 0

    @property
    def left(self) -> str:
        """What is left in words; "" when nothing is."""
        return length(self.left_s * 1000) if self.left_ms else ""

    @property
    def asked(self) -> str:
        """What is asked for, as it stands beside every number; "" while the length is not known."""
        if not self.total_ms:
            return ""
        values = {"percent": f"{self.needed_ms / self.total_ms * 100:.3g}", "needed": length(self.needed_ms)}
        if self.basis == Rule.Basis.MEDIA:
            return (ASKED_WITH_QUIZZES if self.quizzes else ASKED)[self.verb]() % {**values, "quizzes": self.quizzes}
        return _("达到 %(percent)s%%（%(needed)s）就算参加") % values


def asked_of(*, occasion: Occasion, as_of: datetime) -> Amount:
    """Return what ``occasion`` asks of whoever nothing has counted for yet."""
    rule, window = asked_by(occasion), window_of(occasion, as_of=as_of)
    needed_ms, total_ms = asked_at_first(window, rule)
    return Amount(0, needed_ms, total_ms, str(rule.basis), verb_of(occasion.media_items or {}), len(occasion.gates))


def amount_of(asked: Amount, reasons: Collection[Mapping[str, Any]] | None, *, state: str) -> Amount:
    """Return how much counts for whoever stands at ``state`` by the ``reasons`` of a record (None: there is none).

    These are the numbers that decided it; nothing where a correction took back what had been enough.
    """
    for reason in reasons or ():
        if reason.get("code") == Code.SHARE and {"ms", "need_ms", "of_ms"} <= reason.keys():
            done_ms, needed_ms, total_ms = (int(reason[name]) for name in ("ms", "need_ms", "of_ms"))
            amount = replace(asked, done_ms=done_ms, needed_ms=needed_ms, total_ms=total_ms)
            is_taken_back = state in UNDONE and amount.is_enough and not missing_check(reasons)
            return asked if is_taken_back else amount
    return asked


def missing_check(reasons: Iterable[Mapping[str, Any]] | None) -> Mapping[str, Any] | None:
    """Return what a record says of the check of understanding, or of quizzes, where that alone is missing."""
    return next((one for one in reasons or () if one.get("code") in ALONE_MISSING), None)


def check_left(reasons: Iterable[Mapping[str, Any]] | None, *, state: str) -> Mapping[str, Any] | None:
    """Return what a record says of the check, or of quizzes, where somebody has studied enough and that alone is left,
    be it that no attempt of the check is (``owes_check``)."""
    return missing_check(reasons) if state in UNDONE else None


def owes_check(check: Mapping[str, Any] | None) -> bool:
    """Whether answering the check makes it count, by what a record says of it: an attempt is left."""
    return check is not None and check["code"] in CHECK_OWED


def quizzes_left(check: Mapping[str, Any] | None) -> int:
    """Return how many quizzes are all that is left to pass, by what a record says; 0 where something else is."""
    return int(check["left"]) if check is not None and check["code"] == Code.QUIZ_DUE else 0


def asked_by(occasion: Occasion) -> CoreRule:
    """Return the rule of an occasion: as stamped when it opened; before that as it is now."""
    if occasion.rule_stamp:
        return rule_of(occasion)
    rule = occasion.rule
    return CoreRule(basis=Basis(rule.basis), min_share=rule.min_share, min_minutes=rule.min_minutes)


@dataclass(frozen=True, slots=True)
class Standing:
    """How one person stands at one occasion, how much counts for them, and the hours they have for it."""

    state: str
    amount: Amount
    hours: Decimal
    asks_nothing: bool = False
    check: Mapping[str, Any] | None = None  # enough was studied: what is said of the check, or of quizzes

    @property
    def is_paused(self) -> bool:
        """Whether it is not done, and cannot be for now: it is counted nowhere as something that is left."""
        return self.state in UNDONE and self.asks_nothing

    @property
    def is_undone(self) -> bool:
        return self.state in UNDONE and not self.asks_nothing

    @property
    def owes_check(self) -> bool:
        return owes_check(self.check)

    @property
    def quizzes_left(self) -> int:
        return quizzes_left(self.check)

    @property
    def is_done(self) -> bool:
        return self.state in DONE


def standings_of(*, occasions: Collection[Occasion], member_id: int, as_of: datetime) -> dict[int, Standing]:
    """Return how a person stands at those of ``occasions`` whose roster names them. One query whatever their number.

    What the records say: settle the person's unread evidence before (``settle_dirty``). The occasions' rules should
    be loaded with them.
    """
    entries = RosterEntry.objects.filter(member_id=member_id, occasion_id__in=[one.pk for one in occasions])
    rows = with_standing(entries).values_list("occasion_id", "stands", "rec__reasons", "rec__stands_hours")
    by_id = {occasion.pk: occasion for occasion in occasions}
    return {
        pk: Standing(
            state=state,
            amount=amount_of(asked_of(occasion=by_id[pk], as_of=as_of), reasons, state=state),
            hours=hours if hours and state in DONE else Decimal(0),
            asks_nothing=asks_nothing(by_id[pk]),
            check=check_left(reasons, state=state),
        )
        for pk, state, reasons, hours in rows
    }
