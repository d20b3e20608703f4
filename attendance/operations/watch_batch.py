"""What the reports of many phones write, in one transaction: the same four rows a report as ``store_report``.

Each column goes over as one text and is taken apart by the database: a value at a time costs the process more than the
database needs for storing it (ADR 47).
"""

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from django.db import connection, transaction

from attendance.core.intervals import EPOCH, moment_of
from attendance.operations.watch_store import Storing, said

_MICROSECOND = timedelta(microseconds=1)


def store_reports(storing: Sequence[Storing]) -> set[int]:
    """Store reports of different members, each whole or not at all; returns whose went in: theirs was the turn."""
    ordered = sorted(storing, key=_in_order)
    if connection.vendor == "postgresql":  # pragma: no cover - PostgreSQL alone: its stage runs it
        return _store_all_at_once(ordered)
    return _store_all_in_turn(ordered)


def _in_order(one: Storing) -> tuple[int, int]:
    return one.session.occasion_id, one.session.member_id


# A column of the batch: its type, and how it is sent.
_TYPES = {
    "member": "bigint", "held_ms": "int", "filled_ms": "bigint", "turn": "int", "session": "bigint",
    "last_ms": "bigint", "buffer_ms": "int", "position_ms": "bigint", "ranges": "text", "client_id": "text",
    "accepted": "text", "refused_ms": "bigint", "as_of_us": "bigint", "occasion": "bigint",
}  # fmt: skip


def _all_columns(storing: Sequence[Storing]) -> list[str]:  # pragma: no cover - PostgreSQL alone
    """Return a batch as PostgreSQL writes arrays, a text a column, in the order of ``_TYPES``."""
    rows = [
        (
            one.session.member_id, one.budget.held_ms, one.budget.filled_at, one.session.turn, one.session.session_id,
            one.last_ms, one.taken.buffer_ms, one.position_ms, f'"{said(one.credited)}"', quoted(one.client_id),
            f'"{said(one.taken.ranges)}"', one.taken.refused_ms, (one.as_of - EPOCH) // _MICROSECOND,
            one.session.occasion_id,
        )
        for one in storing
    ]  # fmt: skip
    return ["{" + ",".join(map(str, column)) + "}" for column in zip(*rows, strict=True)]


def quoted(text: str) -> str:
    """Return a text as an element of an array."""
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'


_GIVEN = """
    SELECT member, held_ms, moment 'epoch' + filled_ms * interval '1 millisecond' AS filled_at, turn, session,
        moment 'epoch' + last_ms * interval '1 millisecond' AS last_at, buffer_ms, position_ms, ranges, client_id,
        accepted, refused_ms, moment 'epoch' + as_of_us * interval '1 microsecond' AS as_of, occasion
    FROM unnest({arrays}) AS sent({columns})""".replace("moment", "timestamptz")


def _store_all_at_once(storing: Sequence[Storing]) -> set[int]:  # pragma: no cover - PostgreSQL alone
    # Budgets are locked by member, then roster rows by occasion and member, as everybody locks those (``marks``): two
    # batches, or one and a settling, never wait in a circle. A roster row that is marked already is held, not written
    # again: a settling that is under way is waited for, and what it left of the mark is read after it.
    given = _GIVEN.format(arrays=", ".join(f"%s::{one}[]" for one in _TYPES.values()), columns=", ".join(_TYPES))
    sql = f"""
        WITH given AS MATERIALIZED ({given}),
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
                SELECT r.id, r.dirty_at, g.as_of FROM attendance_rosterentry r
                JOIN given g ON g.occasion = r.occasion_id AND g.member = r.member_id
                JOIN claimed c ON c.member_id = g.member ORDER BY r.occasion_id, r.member_id FOR UPDATE OF r),
             marked AS (
                UPDATE attendance_rosterentry r SET dirty_at = rows.as_of FROM rows
                WHERE r.id = rows.id AND (rows.dirty_at IS NULL OR rows.dirty_at > rows.as_of) RETURNING r.id)
        INSERT INTO attendance_evidence
            (occasion_id, member_id, kind, device, client_id, media, ranges_ms, refused_ms, category, recorded_at)
        SELECT s.occasion_id, s.member_id, 'watched', s.device, g.client_id, s.media, g.accepted::jsonb, g.refused_ms,
               '', g.as_of
        FROM reported s JOIN given g ON g.session = s.id RETURNING member_id"""  # noqa: S608 - made of names alone
    with connection.cursor() as cursor:
        cursor.execute(sql, _all_columns(storing))
        return {int(row[0]) for row in cursor.fetchall()}


def _store_all_in_turn(storing: Sequence[Storing]) -> set[int]:
    """SQLite's one writer: in this transaction nobody else claims anything; who did before the reading is left out."""
    with transaction.atomic(), connection.cursor() as cursor:
        # The first statement writes, so that what is read after it nobody changes any more.
        cursor.executemany(
            "UPDATE attendance_rosterentry SET dirty_at = %s WHERE occasion_id = %s AND member_id = %s "
            "AND (dirty_at IS NULL OR dirty_at > %s)",
            [(at := _text(one.as_of), one.session.occasion_id, one.session.member_id, at) for one in storing],
        )
        mine = _whose_turn_it_is(cursor, storing)
        for sql, rows in _in_turn(mine):
            cursor.executemany(sql, rows)
    return {one.session.member_id for one in mine}


def _whose_turn_it_is(cursor: Any, storing: Sequence[Storing]) -> list[Storing]:
    places = ", ".join(["%s"] * len(storing))
    cursor.execute(
        f"SELECT member_id, turn FROM attendance_watchpurse WHERE member_id IN ({places})",  # noqa: S608 - places
        [one.session.member_id for one in storing],
    )
    turns = dict(cursor.fetchall())
    return [one for one in storing if turns.get(one.session.member_id) == one.session.turn]


def _text(moment: datetime) -> str:
    """Return a moment as Django writes it for SQLite, which asks the settings for each."""
    return moment.astimezone(UTC).replace(tzinfo=None).isoformat(" ")


def _in_turn(mine: Sequence[Storing]) -> Iterable[tuple[str, list[tuple[Any, ...]]]]:
    """Yield the statements on budget, session and evidence, each with its rows."""
    yield (
        "UPDATE attendance_watchpurse SET held_ms = %s, filled_at = %s, turn = turn + 1 WHERE member_id = %s",
        [(one.budget.held_ms, _text(moment_of(one.budget.filled_at)), one.session.member_id) for one in mine],
    )
    yield (
        "UPDATE attendance_watchsession SET last_at = %s, buffer_ms = %s, position_ms = %s, reports = reports + 1, "
        "ranges_ms = %s WHERE id = %s",
        [
            (_text(moment_of(one.last_ms)), one.taken.buffer_ms, one.position_ms, said(one.credited),
             one.session.session_id)
            for one in mine
        ],
    )  # fmt: skip
    yield (
        "INSERT INTO attendance_evidence (occasion_id, member_id, kind, device, client_id, media, ranges_ms, "
        "refused_ms, category, recorded_at) "
        "SELECT occasion_id, member_id, 'watched', device, %s, media, %s, %s, '', %s "
        "FROM attendance_watchsession WHERE id = %s",
        [
            (one.client_id, said(one.taken.ranges), one.taken.refused_ms, _text(one.as_of), one.session.session_id)
            for one in mine
        ],
    )
