"""One session of watching as it is read for a report, and what a report writes: one statement each, by hand.

The ORM takes longer to say these than the database to do them, and they are the hottest of all (ADR 11, 14).
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from django.db import connection, transaction
from django.utils.dateparse import parse_datetime

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
                       WHERE e.member_id = s.member_id AND e.kind = 'watched' AND e.client_id = %s)
        FROM attendance_watchsession s
        JOIN attendance_occasion o ON o.id = s.occasion_id
        LEFT JOIN attendance_watchpurse p ON p.member_id = s.member_id
        LEFT JOIN attendance_record r ON r.occasion_id = s.occasion_id AND r.member_id = s.member_id
        WHERE s.id = %s AND s.member_id = %s"""  # noqa: S608 - no value is put into the text
    with connection.cursor() as cursor:
        cursor.execute(sql, [client_id, session_id, member_id])
        row = cursor.fetchone()
    return _session_of(session_id, member_id, row) if row else None


def _session_of(session_id: int, member_id: int, row: tuple[Any, ...]) -> Session:
    occasion_id, media, last_at, buffer_ms, position_ms, reports, ranges, others = row[:8]
    media_ms, course_ms, items, history, state, stamp, start_at, end_at, away, paused, until_at = row[8:19]
    record_state, live_ms, hall_ms, held_ms, filled_at, turn, is_known = row[19:]
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
        course_ms=course_ms or 0,
        items=_loaded(items),
        history=_loaded(history) or [],
        occasion_state=state,
        rule=_loaded(stamp) or {},
        window_ms=_window_ms(_moment(start_at), _moment(end_at), [*_loaded(away), *_loaded(paused)]),
        make_up_until_at=_moment(until_at),
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
    moment = parse_datetime(value) if isinstance(value, str) else value
    return moment if moment is None or moment.tzinfo else moment.replace(tzinfo=UTC)


def _loaded(value: Any) -> Any:
    return json.loads(value) if isinstance(value, str | bytes) else value


def store_report(
    session: Session, taken: Acceptance, budget: Budget, client_id: str, position_ms: int, as_of: datetime
) -> bool:
    """Claim the budget's next turn and keep the evidence, both or neither; False if another report was quicker."""
    values = {
        "member": session.member_id,
        "held_ms": budget.held_ms,
        "filled_at": moment_of(budget.filled_at),
        "turn": session.turn,
        "session": session.session_id,
        "last_at": moment_of(known_moment(ms_of(session.last_at), ms_of(as_of))),
        "buffer_ms": taken.buffer_ms,
        "position_ms": position_ms,
        "ranges": json.dumps(credit(session.ranges, taken.ranges).as_lists() if taken.ranges else session.ranges),
        "client_id": client_id,
        "accepted": json.dumps(taken.ranges),
        "refused_ms": taken.refused_ms,
        "as_of": as_of,
        "occasion": session.occasion_id,
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
