"""One session of watching as it is read for a report, and what a report writes: one statement each, by hand.

The ORM takes longer to say these than the database to do them, and they are the hottest of all (ADR 11, 14).
"""

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from django.db import connection, transaction

from attendance.core.intervals import Spans, moment_of, ms_of
from attendance.core.rules import Basis, Rule
from attendance.core.watch import Acceptance, Budget, credit, known_moment


@dataclass(frozen=True, slots=True)
class Session:
    """One session as read, with what a report is measured by."""

    session_id: int
    occasion_id: int
    member_id: int
    media: str
    last_at: datetime
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

    def credited(self, new: Sequence[tuple[int, int]] = ()) -> Spans:
        same = [pair for media, ranges in self.others if media == self.media for pair in ranges]
        return credit([*self.ranges, *same], new)

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
        until = max((until for until, had in self.history if self.media in had), default=None)
        return self.is_withdrawn and self.reports > 0 and (until is None or ms_of(self.last_at) > until)

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


def read_sessions(keys: Sequence[tuple[int, int, str]]) -> dict[tuple[int, int], Session]:
    """Read all that reports of ``(session, member, client id)`` need, in one question; a member stands there once."""
    pair = "json_build_array(t.media, t.ranges_ms)"
    gather = f"json_agg({pair})"
    if connection.vendor == "sqlite":  # pragma: no branch - PostgreSQL alone: its stage runs it
        gather = "json_group_array(json_array(t.media, json(t.ranges_ms)))"
    sql = f"""
        SELECT s.occasion_id, s.media, s.last_at, s.buffer_ms, s.position_ms, s.reports, s.ranges_ms,
               (SELECT {gather} FROM attendance_watchsession t
                WHERE t.member_id = s.member_id AND t.occasion_id = s.occasion_id AND t.id <> s.id AND t.reports > 0),
               s.media_ms, o.media_ms, o.media_items, o.media_history, o.state, o.rule_stamp, o.window_start_at,
               o.window_end_at, o.away_ms, o.paused_ms, o.make_up_until_at, r.stands, r.live_ms, r.hall_ms,
               p.held_ms, p.filled_at, p.turn,
               EXISTS (SELECT 1 FROM attendance_evidence e
                       WHERE e.member_id = s.member_id AND e.kind = 'watched' AND e.client_id = given.client_id),
               given.session_id, given.member_id
        FROM {_given(len(keys))}
        JOIN attendance_watchsession s ON s.id = given.session_id AND s.member_id = given.member_id
        JOIN attendance_occasion o ON o.id = s.occasion_id
        LEFT JOIN attendance_watchpurse p ON p.member_id = s.member_id
        LEFT JOIN attendance_record r ON r.occasion_id = s.occasion_id AND r.member_id = s.member_id"""  # noqa: S608 - no value is put into the text
    with connection.cursor() as cursor:
        cursor.execute(sql, _columns(keys))
        known: dict[int, _OfOccasion] = {}
        return {(row[-2], row[-1]): _session_of(row, known) for row in cursor.fetchall()}


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
        window_ms = _window_ms(_moment(start_at), _moment(end_at), [*_loaded(away), *_loaded(paused)])
        return cls(
            course_ms or 0, _loaded(items), _loaded(history) or [], state, _loaded(stamp) or {}, window_ms,
            _moment(until_at),
        )  # fmt: skip


def _session_of(row: Sequence[Any], known: dict[int, _OfOccasion]) -> Session:
    occasion_id, media, last_at, buffer_ms, position_ms, reports, ranges, others, media_ms = row[:9]
    record_state, live_ms, hall_ms, held_ms, filled_at, turn, is_known, session_id, member_id = row[19:]
    if (here := known.get(occasion_id)) is None:
        here = known[occasion_id] = _OfOccasion.of(row[9:19])
    filled = _moment(filled_at)
    return Session(
        session_id=session_id,
        occasion_id=occasion_id,
        member_id=member_id,
        media=media,
        last_at=_moment(last_at) or datetime.max.replace(tzinfo=UTC),
        buffer_ms=buffer_ms,
        position_ms=position_ms,
        reports=reports,
        ranges=_loaded(ranges) or [],
        others=_loaded(others) or [],
        media_ms=media_ms,
        course_ms=here.course_ms,
        items=here.items,
        history=here.history,
        occasion_state=here.state,
        rule=here.rule,
        window_ms=here.window_ms,
        make_up_until_at=here.until_at,
        record_state=record_state,
        record_ms=(live_ms or 0) + (hall_ms or 0),
        budget=Budget(held_ms, ms_of(filled)) if filled else None,
        turn=turn or 0,
        is_known=bool(is_known),
    )


def _window_ms(start: datetime | None, end: datetime | None, out: list[tuple[int, int]]) -> int:
    if start is None or end is None:
        return 0
    return (Spans.of([(ms_of(start), ms_of(end))]) - Spans.of((one, two) for one, two in out)).total


def _moment(value: Any) -> datetime | None:
    """SQLite gives moments as text or without a zone; they are in UTC."""
    moment = datetime.fromisoformat(value) if isinstance(value, str) else value
    return moment if moment is None or moment.tzinfo else moment.replace(tzinfo=UTC)


def _loaded(value: Any) -> Any:
    if value == "[]":  # mostly
        return []
    return json.loads(value) if isinstance(value, str | bytes) else value


def _said(pairs: Iterable[Sequence[int]]) -> str:
    """Return ranges as JSON; of whole numbers alone."""
    return "[" + ", ".join([f"[{start}, {end}]" for start, end in pairs]) + "]"


def store_report(
    session: Session, taken: Acceptance, budget: Budget, client_id: str, position_ms: int, as_of: datetime
) -> bool:
    """Claim the budget's next turn and keep the evidence, both or neither; False if another report was quicker."""
    values = _values(session, taken, budget, client_id, position_ms, as_of)
    # The same id through another session at the same moment has taken the turn: the next reading finds it.
    return _store_at_once(values) if connection.vendor == "postgresql" else _store_in_turn(values)


def _values(
    session: Session, taken: Acceptance, budget: Budget, client_id: str, position_ms: int, as_of: datetime
) -> dict[str, Any]:
    return {
        "member": session.member_id,
        "held_ms": budget.held_ms,
        "filled_at": moment_of(budget.filled_at),
        "turn": session.turn,
        "session": session.session_id,
        "last_at": moment_of(known_moment(ms_of(session.last_at), ms_of(as_of))),
        "buffer_ms": taken.buffer_ms,
        "position_ms": position_ms,
        "ranges": _said(credit(session.ranges, taken.ranges) if taken.ranges else session.ranges),
        "client_id": client_id,
        "accepted": _said(taken.ranges),
        "refused_ms": taken.refused_ms,
        "as_of": as_of,
        "occasion": session.occasion_id,
    }


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


@dataclass(frozen=True, slots=True)
class Storing:
    """What one report of a batch writes."""

    session: Session
    taken: Acceptance
    budget: Budget
    client_id: str
    position_ms: int
    as_of: datetime


def store_reports(storing: Sequence[Storing]) -> set[int]:
    """Store reports of different members, each whole or not at all; returns whose went in: theirs was the turn."""
    values = [
        _values(one.session, one.taken, one.budget, one.client_id, one.position_ms, one.as_of)
        for one in sorted(storing, key=lambda one: (one.session.occasion_id, one.session.member_id))
    ]
    if connection.vendor == "postgresql":  # pragma: no cover - PostgreSQL alone: its stage runs it
        return _store_all_at_once(values)
    return _store_all_in_turn(values)


_TYPES = {
    "member": "bigint", "held_ms": "int", "filled_at": "timestamptz", "turn": "int", "session": "bigint",
    "last_at": "timestamptz", "buffer_ms": "int", "position_ms": "bigint", "ranges": "text", "client_id": "text",
    "accepted": "text", "refused_ms": "bigint", "as_of": "timestamptz", "occasion": "bigint",
}  # fmt: skip


def _store_all_at_once(values: list[dict[str, Any]]) -> set[int]:  # pragma: no cover - PostgreSQL alone
    # Budgets are locked by member, then roster rows by occasion and member, as everybody locks those (``marks``): two
    # batches, or one and a settling, never wait in a circle.
    columns = ", ".join(_TYPES)
    sql = f"""
        WITH given AS MATERIALIZED (
                SELECT * FROM unnest({", ".join(f"%s::{one}[]" for one in _TYPES.values())}) AS given({columns})),
             held AS MATERIALIZED (
                SELECT p.member_id, p.turn FROM given g JOIN attendance_watchpurse p ON p.member_id = g.member
                ORDER BY p.member_id FOR UPDATE OF p),
             claimed AS (
                UPDATE attendance_watchpurse p
                SET held_ms = g.held_ms, filled_at = g.filled_at, turn = p.turn + 1
                FROM given g JOIN held ON held.member_id = g.member AND held.turn = g.turn
                WHERE p.member_id = g.member AND p.turn = g.turn RETURNING p.member_id),
             reported AS (
                UPDATE attendance_watchsession s
                SET last_at = g.last_at, buffer_ms = g.buffer_ms, position_ms = g.position_ms, reports = s.reports + 1,
                    ranges_ms = g.ranges::jsonb
                FROM given g JOIN claimed c ON c.member_id = g.member WHERE s.id = g.session
                RETURNING s.id, s.member_id, s.occasion_id, s.device, s.media),
             rows AS MATERIALIZED (
                SELECT r.id, g.as_of FROM attendance_rosterentry r
                JOIN given g ON g.occasion = r.occasion_id AND g.member = r.member_id
                JOIN claimed c ON c.member_id = g.member ORDER BY r.occasion_id, r.member_id FOR UPDATE OF r),
             marked AS (
                UPDATE attendance_rosterentry r SET dirty_at = rows.as_of FROM rows WHERE r.id = rows.id RETURNING r.id)
        INSERT INTO attendance_evidence
            (occasion_id, member_id, kind, device, client_id, media, ranges_ms, refused_ms, category, recorded_at)
        SELECT s.occasion_id, s.member_id, 'watched', s.device, g.client_id, s.media, g.accepted::jsonb, g.refused_ms,
               '', g.as_of
        FROM reported s JOIN given g ON g.session = s.id RETURNING member_id"""  # noqa: S608 - made of names alone
    with connection.cursor() as cursor:
        cursor.execute(sql, [[one[name] for one in values] for name in _TYPES])
        return {int(row[0]) for row in cursor.fetchall()}


def _store_all_in_turn(values: list[dict[str, Any]]) -> set[int]:
    """SQLite's one writer: in this transaction nobody else claims anything; who did before the reading is left out."""
    for one in values:
        one |= {name: _text(one[name]) for name in ("filled_at", "last_at", "as_of")}
    said = values
    with transaction.atomic(), connection.cursor() as cursor:
        # The first statement writes, so that what is read after it nobody changes any more.
        marks = [(one["as_of"], one["occasion"], one["member"]) for one in said]
        cursor.executemany(
            "UPDATE attendance_rosterentry SET dirty_at = %s WHERE occasion_id = %s AND member_id = %s", marks
        )
        places = ", ".join(["%s"] * len(said))
        cursor.execute(
            f"SELECT member_id, turn FROM attendance_watchpurse WHERE member_id IN ({places})",  # noqa: S608 - places
            [one["member"] for one in said],
        )
        turns = dict(cursor.fetchall())
        mine = [one for one in said if turns.get(one["member"]) == one["turn"]]
        for sql, names in _IN_TURN:
            cursor.executemany(sql, [tuple(one[name] for name in names) for one in mine])
    return {one["member"] for one in mine}


def _text(moment: datetime) -> str:
    """Return a moment as Django writes it for SQLite, which asks the settings for each."""
    return moment.astimezone(UTC).replace(tzinfo=None).isoformat(" ")


_IN_TURN = (
    (
        "UPDATE attendance_watchpurse SET held_ms = %s, filled_at = %s, turn = turn + 1 WHERE member_id = %s",
        ("held_ms", "filled_at", "member"),
    ),
    (
        "UPDATE attendance_watchsession SET last_at = %s, buffer_ms = %s, position_ms = %s, reports = reports + 1, "
        "ranges_ms = %s WHERE id = %s",
        ("last_at", "buffer_ms", "position_ms", "ranges", "session"),
    ),
    (
        "INSERT INTO attendance_evidence (occasion_id, member_id, kind, device, client_id, media, ranges_ms, "
        "refused_ms, category, recorded_at) "
        "SELECT occasion_id, member_id, 'watched', device, %s, media, %s, %s, '', %s "
        "FROM attendance_watchsession WHERE id = %s",
        ("client_id", "accepted", "refused_ms", "as_of", "session"),
    ),
)
