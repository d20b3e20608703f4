"""One session of watching as it is read for a report, and what a report writes: one statement each, by hand.

The ORM takes longer to say these than the database to do them, and they are the hottest of all (ADR 11, 14).
"""

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, NamedTuple

from django.db import connection, transaction

from attendance.core.intervals import Spans, moment_of, ms_of
from attendance.core.rules import Basis, Rule
from attendance.core.watch import Acceptance, Budget, credit, known_moment


class Session(NamedTuple):
    """One session as read, with what a report is measured by. A tuple: thousands are made in a second."""

    session_id: int
    occasion_id: int
    member_id: int
    media: str
    last_ms: int
    buffer_ms: int
    position_ms: int
    reports: int
    ranges: list[list[int]]
    others: list[tuple[str, list[list[int]]]]
    media_ms: int
    course_ms: int
    items: dict[str, int] | None
    history: list[tuple[int, dict[str, int]]]
    occasion_state: str
    rule: dict[str, Any]
    window_ms: int
    make_up_until_at: datetime | None
    record_state: str | None
    record_ms: int
    budget: Budget | None
    turn: int
    is_known: bool

    def credited(self, own: Spans) -> Spans:
        """Return what counts of this piece over all devices, where this session has ``own``."""
        others = [pair for media, ranges in self.others if media == self.media for pair in ranges]
        return credit(own, others) if others else own

    def credited_in_all(self, new: Sequence[tuple[int, int]]) -> int:
        """Return how much of the occasion's media is watched, as the judge counts it: each piece to its length."""
        if self.items is None:
            return credit([*self.ranges, *(pair for _media, ranges in self.others for pair in ranges)], new).total
        by_media: dict[str, list[Sequence[int]]] = {self.media: [*self.ranges, *new]}
        for media, ranges in self.others:
            by_media.setdefault(media, []).extend(ranges)
        return sum(credit(by_media.get(media, ()), ()).clip(0, length).total for media, length in self.items.items())

    @property
    def is_withdrawn(self) -> bool:
        return self.items is not None and self.media not in self.items

    @property
    def is_over(self) -> bool:
        """Whether this session has reported since its piece was withdrawn: that report told of what came before."""
        if not self.is_withdrawn or not self.reports:
            return False
        until = max((until for until, had in self.history if self.media in had), default=None)
        return until is None or self.last_ms > until

    @property
    def least_ms(self) -> int:
        """How much has to be watched or attended at least before the judge can find that it is enough."""
        rule = Rule.from_stamp(self.rule)
        if rule.basis is Basis.MEDIA:
            return rule.needed_ms(self.course_ms)
        recorded = self.course_ms if self.course_ms * 2 >= self.window_ms else self.window_ms
        return rule.needed_ms(min(self.window_ms, recorded))


def read_session(session_id: int, member_id: int, client_id: str) -> Session | None:
    """Read all that a report needs, or None: the member has no such session."""
    return read_sessions([(session_id, member_id, client_id)]).get((session_id, member_id))


_OCCASION = (
    "o.media_ms, o.media_items, o.media_history, o.state, o.rule_stamp, o.window_start_at, o.window_end_at, o.away_ms, "
    "o.paused_ms, o.make_up_until_at"
)


def read_sessions(keys: Sequence[tuple[int, int, str]]) -> dict[tuple[int, int], Session]:
    """Read all that reports of ``(session, member, client id)`` need; a member stands there once.

    One question for one; for many a second, for what those of an occasion share.
    """
    is_one = len(keys) == 1
    with connection.cursor() as cursor:
        cursor.execute(_questions(len(keys), with_occasion=is_one), _columns(keys))
        rows = cursor.fetchall()
        known: dict[int, _OfOccasion]
        if is_one:
            known = {row[0]: _OfOccasion.of(row[_OWN:]) for row in rows}
        else:
            ids = sorted({row[0] for row in rows})
            places = ", ".join(["%s"] * len(ids)) or "NULL"
            cursor.execute(f"SELECT o.id, {_OCCASION} FROM attendance_occasion o WHERE o.id IN ({places})", ids)  # noqa: S608 - places
            known = {row[0]: _OfOccasion.of(row[1:]) for row in cursor.fetchall()}
    return {(row[1], row[2]): _session_of(row, known[row[0]]) for row in rows}


_OWN = 17  # columns of a session, before those of its occasion


def _questions(count: int, *, with_occasion: bool) -> str:
    gather, at = "json_group_array(json_array(t.media, json(t.ranges_ms)))", "{}"
    if connection.vendor == "postgresql":  # pragma: no cover - PostgreSQL alone: its stage runs it
        gather = "json_agg(json_build_array(t.media, t.ranges_ms))"
        at = "FLOOR(EXTRACT(EPOCH FROM {}) * 1000 + 0.5)::bigint"
    return f"""
        SELECT s.occasion_id, given.session_id, given.member_id, s.media, {at.format("s.last_at")}, s.buffer_ms,
               s.position_ms, s.reports, s.ranges_ms,
               (SELECT {gather} FROM attendance_watchsession t
                WHERE t.member_id = s.member_id AND t.occasion_id = s.occasion_id AND t.id <> s.id AND t.reports > 0),
               s.media_ms, r.stands, COALESCE(r.live_ms + r.hall_ms, 0), p.held_ms, {at.format("p.filled_at")}, p.turn,
               EXISTS (SELECT 1 FROM attendance_evidence e
                       WHERE e.member_id = s.member_id AND e.kind = 'watched' AND e.client_id = given.client_id)
               {"," + _OCCASION if with_occasion else ""}
        FROM {_given(count)}
        JOIN attendance_watchsession s ON s.id = given.session_id AND s.member_id = given.member_id
        {"JOIN attendance_occasion o ON o.id = s.occasion_id" if with_occasion else ""}
        LEFT JOIN attendance_watchpurse p ON p.member_id = s.member_id
        LEFT JOIN attendance_record r ON r.occasion_id = s.occasion_id AND r.member_id = s.member_id"""  # noqa: S608 - no value is put into the text


def _given(count: int) -> str:
    """Return the keys asked for as a table: one array a column, or (SQLite has none) as many places."""
    if count == 1:  # a row of constants: PostgreSQL plans for these very values, as without a table
        return "(SELECT %s AS session_id, %s AS member_id, CAST(%s AS varchar(64)) AS client_id) given"
    names = "given(session_id, member_id, client_id)"
    if connection.vendor == "postgresql":  # pragma: no cover - PostgreSQL alone: its stage runs it
        return f"unnest(%s::bigint[], %s::bigint[], %s::text[]) AS {names}"
    rows = ", ".join(["(%s, %s, %s)"] * count)
    columns = "column1 AS session_id, column2 AS member_id, column3 AS client_id"
    return f"(SELECT {columns} FROM (VALUES {rows})) given"  # noqa: S608 - places alone


def _columns(keys: Sequence[tuple[int, int, str]]) -> list[Any]:
    if connection.vendor == "postgresql" and len(keys) > 1:  # pragma: no cover - PostgreSQL alone: its stage runs it
        return [list(column) for column in zip(*keys, strict=True)]
    return [value for key in keys for value in key]


@dataclass(frozen=True, slots=True)
class _OfOccasion:
    """What the rows of one occasion share, read once a batch."""

    course_ms: int
    items: dict[str, int] | None
    history: list[tuple[int, dict[str, int]]]
    state: str
    rule: dict[str, Any]
    window_ms: int
    until_at: datetime | None

    @classmethod
    def of(cls, row: Sequence[Any]) -> "_OfOccasion":
        course_ms, items, history, state, stamp, start_at, end_at, away, paused, until_at = row
        window_ms = _window_ms(_moment(start_at), _moment(end_at), [*loaded(away), *loaded(paused)])
        return cls(
            course_ms or 0, loaded(items), loaded(history) or [], state, loaded(stamp) or {}, window_ms,
            _moment(until_at),
        )  # fmt: skip


def _session_of(row: Sequence[Any], here: _OfOccasion) -> Session:
    (occasion_id, session_id, member_id, media, last_at, buffer_ms, position_ms, reports, ranges, others, media_ms,
     record_state, record_ms, held_ms, filled_at, turn, is_known) = row[:_OWN]  # fmt: skip
    return Session(
        session_id, occasion_id, member_id, media, _ms(last_at), buffer_ms, position_ms, reports,
        loaded(ranges) or [], loaded(others) or [], media_ms,
        here.course_ms, here.items, here.history, here.state, here.rule, here.window_ms, here.until_at,
        record_state, record_ms, None if filled_at is None else Budget(held_ms, _ms(filled_at)), turn or 0,
        bool(is_known),
    )  # fmt: skip


def _ms(value: int | str | datetime) -> int:
    """A moment as the statement says it: PostgreSQL counts itself, SQLite has text."""
    if isinstance(value, int):  # pragma: no cover - PostgreSQL alone: its stage runs it
        return value
    return ms_of(_aware(value))


def _window_ms(start: datetime | None, end: datetime | None, out: list[tuple[int, int]]) -> int:
    if start is None or end is None:
        return 0
    return (Spans.of([(ms_of(start), ms_of(end))]) - Spans.of((one, two) for one, two in out)).total


def _moment(value: str | datetime | None) -> datetime | None:
    return None if value is None else _aware(value)


def _aware(value: str | datetime) -> datetime:
    """SQLite gives moments as text or without a zone; they are in UTC."""
    moment = datetime.fromisoformat(value) if isinstance(value, str) else value
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def loaded(value: Any) -> Any:
    """Return a JSON column as a cursor gives it: PostgreSQL and SQLite have text."""
    if value == "[]":  # mostly
        return []
    return json.loads(value) if isinstance(value, str | bytes) else value


def said(pairs: Iterable[Sequence[int]]) -> str:
    """Return ranges as JSON; of whole numbers alone."""
    return "[" + ", ".join([f"[{start}, {end}]" for start, end in pairs]) + "]"


class Storing(NamedTuple):
    """What one report writes: ``credited`` is all of its session with it, ``last_ms`` the session's new clock."""

    session: Session
    taken: Acceptance
    budget: Budget
    credited: Spans
    client_id: str
    position_ms: int
    last_ms: int
    as_of: datetime

    @classmethod
    def of(cls, session: Session, taken: Acceptance, budget: Budget, client_id: str, position_ms: int,
           as_of: datetime) -> "Storing":  # fmt: skip
        """Return what the report of that moment writes."""
        last_ms = known_moment(session.last_ms, ms_of(as_of))
        return cls(session, taken, budget, credit(session.ranges, taken.ranges), client_id, position_ms, last_ms, as_of)


def store_report(one: Storing) -> bool:
    """Claim the budget's next turn and keep the evidence, both or neither; False if another report was quicker."""
    values = {
        "member": one.session.member_id,
        "held_ms": one.budget.held_ms,
        "filled_at": moment_of(one.budget.filled_at),
        "turn": one.session.turn,
        "session": one.session.session_id,
        "last_at": moment_of(one.last_ms),
        "buffer_ms": one.taken.buffer_ms,
        "position_ms": one.position_ms,
        "ranges": said(one.credited),
        "client_id": one.client_id,
        "accepted": said(one.taken.ranges),
        "refused_ms": one.taken.refused_ms,
        "as_of": one.as_of,
        "occasion": one.session.occasion_id,
    }
    # The same id through another session at the same moment has taken the turn: the next reading finds it.
    return _store_at_once(values) if connection.vendor == "postgresql" else _store_in_turn(values)


# The person's budget is the one place where all their reports meet: whoever claims its turn has read the newest state
# of every session. The mark on the roster is unconditional, so that it waits for a settling that holds the row and did
# not see this evidence (``marks.py``).
_CLAIM = """
    UPDATE attendance_watchpurse SET held_ms = %(held_ms)s, filled_at = %(filled_at)s, turn = turn + 1
    WHERE member_id = %(member)s AND turn = %(turn)s"""
_SESSION = """
    UPDATE attendance_watchsession SET last_at = %(last_at)s, buffer_ms = %(buffer_ms)s,
        position_ms = %(position_ms)s, reports = reports + 1, ranges_ms = %(ranges)s WHERE id = %(session)s"""
_MARK = """
    UPDATE attendance_rosterentry SET dirty_at = %(as_of)s
    WHERE occasion_id = %(occasion)s AND member_id = %(member)s"""
_KEEP = """
    INSERT INTO attendance_evidence
        (occasion_id, member_id, kind, device, client_id, media, ranges_ms, refused_ms, category, recorded_at)
    SELECT occasion_id, member_id, 'watched', device, %(client_id)s, media, %(accepted)s, %(refused_ms)s, '', %(as_of)s
    FROM attendance_watchsession WHERE id = %(session)s"""


def _store_at_once(values: dict[str, Any]) -> bool:  # pragma: no cover - PostgreSQL alone: its stage runs it
    sql = f"""
        WITH claimed AS ({_CLAIM} RETURNING turn),
             reported AS ({_SESSION} AND EXISTS (SELECT 1 FROM claimed) RETURNING id),
             marked AS ({_MARK} AND EXISTS (SELECT 1 FROM claimed) RETURNING id)
        {_KEEP} AND EXISTS (SELECT 1 FROM claimed)"""  # noqa: S608 - made of the texts above alone
    with connection.cursor() as cursor:
        cursor.execute(sql, values)
        return bool(cursor.rowcount == 1)


def _store_in_turn(values: dict[str, Any]) -> bool:
    adapt = connection.ops.adapt_datetimefield_value
    said = {key: adapt(value) if isinstance(value, datetime) else value for key, value in values.items()}
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(_CLAIM, said)
        if cursor.rowcount != 1:
            return False
        for sql in (_SESSION, _MARK, _KEEP):
            cursor.execute(sql, said)
    return True
