"""A city's database, made by the database itself: 449,550 people in 12,150 branches, 2.3 million records.

``FULL`` is the same city after 100 occasions, 80 of them of all its people: 36 million records.

::

    with city():                 # PostgreSQL, durable as in production; ``city(COUNTY)`` is a ninth of it
        operations.go_live(occasion_id=TO_COME, as_of=NOW)

Everything is told by its number, so that each run has the same rows: see the constants below. A column that this file
does not name gets its field's default.

The two large tables are filled each by a connection of its own, without their indexes, which are made afterwards, and
without a log (``wal_level=minimal``: a table that is new in its transaction is synced as a whole). They are ordinary
logged tables then, and what is measured is measured with ``fsync`` and ``synchronous_commit`` on, as in production.
"""

from bench._databases import scratch  # isort: skip - sets Django up
import json
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import psycopg
from django.apps import apps
from django.db import connection, models
from psycopg import sql

NOW = datetime(2026, 9, 1, 8, tzinfo=UTC)
HELD, HELD_TOO, COURSE, TO_COME = 1, 2, 3, 4  # occasions of the whole city; those of counties begin at 5
CITY_NODE = 1
LECTURER = 1  # a member who may be asked to lecture
ALSO = ("media", "live", "sessions")
SERVER = {"wal_level": "minimal", "max_wal_senders": "0", "max_wal_size": "4GB", "checkpoint_timeout": "30min"}


@dataclass(frozen=True)
class Size:
    """How many of each below one of the level above; ``occasions`` in all, at least 4, the last ``wide`` of all."""

    counties: int = 9
    townships: int = 15
    communities: int = 10
    branches: int = 9
    people: int = 37
    occasions: int = 30
    wide: int = 0

    @property
    def members(self) -> int:
        return self.counties * self.townships * self.communities * self.branches * self.people


CITY = Size()
COUNTY = Size(counties=1)
FULL = Size(occasions=100, wide=77)


@contextmanager
def city(size: Size = CITY, *, ledger: bool = True) -> Iterator[Size]:
    """Let the default connection be a PostgreSQL with that city; without ``ledger`` nothing has been held in it yet."""
    also = [model for label in ALSO for model in apps.get_app_config(label).get_models()]
    with scratch("postgresql", *also, options=SERVER):
        build(size, ledger=ledger)
        yield size


def build(size: Size = CITY, *, ledger: bool = True) -> None:
    """Fill the empty tables of the default connection, a PostgreSQL whose user may do everything."""
    before = time.monotonic()
    own = [*apps.get_app_config("organizations").get_models(), *apps.get_app_config("attendance").get_models()]
    values = {**vars(size), "members": size.members, "now": NOW}
    with connection.cursor() as cursor:
        cursor.execute(QUICKLY)
        _set_defaults(cursor, [*own, *apps.get_app_config("live").get_models()])
        for statement in [*PEOPLE, *PLANS, *(OCCASIONS if ledger else [])]:
            cursor.execute(statement, values)
        cursor.execute("ANALYZE")
        if ledger:
            with ThreadPoolExecutor(len(LARGE)) as threads:
                at = {"port": connection.settings_dict["PORT"], "user": connection.settings_dict["USER"]}
                list(threads.map(lambda name: _fill(name, LARGE[name], values, at), LARGE))
        for statement in EVIDENCE if ledger else []:
            cursor.execute(statement, values)
        for table in [model._meta.db_table for model in own if isinstance(model._meta.pk, models.AutoField)]:  # noqa: SLF001
            cursor.execute(f"SELECT setval(pg_get_serial_sequence('{table}', 'id'), 100000000)")
        cursor.execute("RESET session_replication_role; RESET synchronous_commit; RESET work_mem")
        cursor.execute("VACUUM (ANALYZE, PARALLEL 0)")  # as autovacuum does in the night after
        cursor.execute("CHECKPOINT")
        cursor.execute("SELECT pg_database_size(current_database())")
        used = cursor.fetchone()[0] / 1e9
    took = time.monotonic() - before
    sys.stderr.write(f"a city of {size.members} made in {took:.0f} s, {used:.1f} GB\n")


def _fill(table: str, statement: str, values: dict[str, Any], at: dict[str, Any]) -> None:
    """Fill an empty table without its indexes and without a log, then make the indexes; by a connection of its own."""
    before = time.monotonic()
    with psycopg.connect(host="127.0.0.1", dbname="postgres", **at) as own:
        cursor = own.cursor()
        cursor.execute(QUICKLY)
        cursor.execute(f"TRUNCATE {table} CASCADE".encode())
        cursor.execute(INDEXES, [table])
        indexes = cursor.fetchall()
        for drop, _make in indexes:
            cursor.execute(drop)
        cursor.execute(statement.encode(), values)
        rows, filled = cursor.rowcount, time.monotonic() - before
        for _drop, make in indexes:
            cursor.execute(make)
    sys.stderr.write(f"{table}: {rows} rows in {filled:.0f} s, indexes by {time.monotonic() - before:.0f} s\n")


def _set_defaults(cursor: Any, tables: list[type[models.Model]]) -> None:
    for model in tables:
        for field in model._meta.local_concrete_fields:  # noqa: SLF001
            value = _default_of(field)
            if value is None:
                continue
            table, column = sql.Identifier(model._meta.db_table), sql.Identifier(field.column)  # noqa: SLF001
            text = sql.SQL("ALTER TABLE {} ALTER COLUMN {} SET DEFAULT {}")
            cursor.execute(text.format(table, column, sql.Literal(value)))


def _default_of(field: "models.Field[Any, Any]") -> Any:
    """What a row of ours has in a column that it does not name; None: nothing, or it must be named."""
    if isinstance(field, models.JSONField):
        return json.dumps(field.get_default()) if field.has_default() else None
    if field.has_default():
        return None if callable(field.default) else field.get_db_prep_save(field.default, connection)
    return "" if field.empty_strings_allowed and not field.null and not field.primary_key else None


QUICKLY = """
SET session_replication_role = replica; SET synchronous_commit = off; SET work_mem = '256MB';
SET maintenance_work_mem = '512MB'"""
# Of a table all but its key: how to drop each and how to make it again.
INDEXES = """
SELECT CASE WHEN c.oid IS NULL THEN format('DROP INDEX %%s', i.indexrelid::regclass)
            ELSE format('ALTER TABLE %%s DROP CONSTRAINT %%I', i.indrelid::regclass, c.conname) END,
       CASE WHEN c.oid IS NULL THEN pg_get_indexdef(i.indexrelid)
            ELSE format('ALTER TABLE %%s ADD CONSTRAINT %%I %%s', i.indrelid::regclass, c.conname,
                        pg_get_constraintdef(c.oid)) END
FROM pg_index i LEFT JOIN pg_constraint c ON c.conindid = i.indexrelid AND c.contype = 'u'
WHERE i.indrelid = %s::regclass AND NOT i.indisprimary"""
# A step of a path: "0001" to "000Z".
STEP = """
CREATE FUNCTION step(i int) RETURNS text LANGUAGE sql IMMUTABLE AS
$$ SELECT '000' || substr('0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ', i + 1, 1) $$"""
BELOW_CITY = "generate_series(1, %(counties)s) c"
BELOW_COUNTY = f"{BELOW_CITY}, generate_series(1, %(townships)s) t"
BELOW_TOWNSHIP = f"{BELOW_COUNTY}, generate_series(1, %(communities)s) v"
BELOW_COMMUNITY = f"{BELOW_TOWNSHIP}, generate_series(1, %(branches)s) b"
NODE = "INSERT INTO organizations_node (path, depth, numchild, code, name, kind)"
PEOPLE = [
    STEP,
    f"{NODE} VALUES (step(1), 1, %(counties)s, 'CITY', '江州市', 'city')",
    f"""{NODE} SELECT step(1) || step(c), 2, %(townships)s, 'C' || c, '第' || c || '县', 'county'
        FROM {BELOW_CITY} ORDER BY c""",
    f"""{NODE} SELECT step(1) || step(c) || step(t), 3, %(communities)s, concat_ws('-', 'T' || c, t),
        '第' || t || '镇', 'township' FROM {BELOW_COUNTY} ORDER BY c, t""",
    f"""{NODE} SELECT step(1) || step(c) || step(t) || step(v), 4, %(branches)s, concat_ws('-', 'V' || c, t, v),
        '第' || v || '村', 'community' FROM {BELOW_TOWNSHIP} ORDER BY c, t, v""",
    f"""{NODE} SELECT step(1) || step(c) || step(t) || step(v) || step(b), 5, 0, concat_ws('-', 'B' || c, t, v, b),
        '第' || b || '支部', 'branch' FROM {BELOW_COMMUNITY} ORDER BY c, t, v, b""",
    """INSERT INTO organizations_user (id, password, public_id, username, name, number, phone_cipher, phone_index,
            phone_last4, phone_verified, created_at)
        SELECT i, '!', gen_random_uuid(), 'm' || i,
            substr('王李张刘陈杨黄赵吴周徐孙马朱胡郭何林高罗', 1 + i %% 20, 1)
                || substr('建国华援朝卫东德顺长福桂英秀兰素珍玉', 1 + (i / 20) %% 18, 1)
                || substr('伟静磊敏洋婷浩欣志海晓文雅俊思佳', 1 + (i / 360) %% 16, 1),
            'N' || i, decode(md5('c' || i), 'hex'), md5('p' || i) || md5('q' || i), lpad((i %% 10000)::text, 4, '0'),
            true, %(now)s
        FROM generate_series(1, %(members)s) i""",
    """INSERT INTO organizations_membership (member_id, node_id, active_from_date)
        SELECT row_number() OVER (ORDER BY n.id, i), n.id, date '2024-01-05'
        FROM organizations_node n, generate_series(1, %(people)s) i WHERE n.kind = 'branch'""",
    """INSERT INTO organizations_exemption (member_id, active_from_date, category)
        SELECT i, date '2025-01-01', 'roster' FROM generate_series(40, %(members)s, 40) i""",
]
PLANS = [
    """INSERT INTO attendance_rule (id, name, version, basis)
        VALUES (1, '直播', 1, 'window'), (2, '课程', 1, 'media')""",
    """INSERT INTO attendance_training (id, title, node_id, starts_date, deadline_at, hours_required, state)
        SELECT k, '培训' || k, CASE WHEN k <= 2 OR %(wide)s > 0 THEN 1 ELSE 2 + (k - 3) %% %(counties)s END,
            (%(now)s::timestamptz)::date - 20, %(now)s::timestamptz + interval '20 days', 2, 'published'
        FROM generate_series(1, 20) k""",
    """INSERT INTO attendance_occasion (id, training_id, kind, title, node_id, starts_at, ends_at, state, rule_id)
        VALUES (4, 2, 'lecture', '场次4', 1, %(now)s::timestamptz + interval '1 hour',
            %(now)s::timestamptz + interval '2 hours', 'scheduled', 1)""",
    """INSERT INTO live_lecture (occasion_id, lecturer_id, state) VALUES (4, 1, 'scheduled')""",
]
STAMP = (
    '{"name": "直播", "version": 1, "basis": "window", "min_share": 0.8, "min_minutes": null, "late_after_s": 300, '
    '"leave_early_s": 300, "bridge_s": 30, "outbox_s": 60, "make_up_days": 14, "hours": "1"}'
)
OCCASIONS = [
    # 3: a course that runs; the others lectures that were held ten days ago.
    f"""INSERT INTO attendance_occasion (id, training_id, kind, title, node_id, starts_at, ends_at, state, opened_at,
            window_start_at, window_end_at, rule_id, rule_stamp, media_ms, make_up_until_at, closed_at, settled_at,
            catch_up_told_at)
        SELECT k, CASE WHEN k <= 3 THEN 1 ELSE 3 + (k - 5) %% 18 END,
            CASE WHEN k = 3 THEN 'course' ELSE 'lecture' END, '场次' || k,
            CASE WHEN k <= 3 OR k > %(occasions)s - %(wide)s THEN 1 ELSE 2 + (k - 5) %% %(counties)s END, at,
            CASE WHEN k = 3 THEN at + interval '30 days' ELSE at + interval '90 minutes' END,
            CASE WHEN k = 3 THEN 'open' ELSE 'settled' END, at, at,
            CASE WHEN k = 3 THEN NULL ELSE at + interval '90 minutes' END, CASE WHEN k = 3 THEN 2 ELSE 1 END,
            replace('{STAMP}', '"window"', CASE WHEN k = 3 THEN '"media"' ELSE '"window"' END)::jsonb, 5400000,
            CASE WHEN k = 3 THEN NULL ELSE at + interval '14 days' END,
            CASE WHEN k = 3 THEN NULL ELSE at + interval '90 minutes' END,
            CASE WHEN k = 3 THEN NULL ELSE at + interval '2 hours' END,
            CASE WHEN k = 3 THEN NULL ELSE at + interval '2 hours' END
        FROM (SELECT k, %(now)s::timestamptz - interval '10 days' + k * interval '1 hour' AS at
              FROM generate_series(1, %(occasions)s) k WHERE k <> 4) one""",
    """INSERT INTO live_lecture (occasion_id, lecturer_id, state, live_at, published_at, ended_at)
        SELECT id, 1, 'recorded', window_start_at, window_start_at, window_end_at FROM attendance_occasion
        WHERE kind = 'lecture' AND state = 'settled'""",
]
# Everybody at each occasion that was opened, in the order in which rosters and records are written.
AT_ALL = """
    FROM (SELECT o.id AS occasion_id, m.member_id, m.node_id, m.member_id %% 40 = 0 AS is_exempt
          FROM attendance_occasion o
          JOIN organizations_node top ON top.id = o.node_id
          JOIN organizations_node n ON starts_with(n.path, top.path)
          JOIN organizations_membership m ON m.node_id = n.id
          WHERE o.state <> 'scheduled' ORDER BY o.id, m.member_id) one"""
LARGE = {
    "attendance_rosterentry": f"""INSERT INTO attendance_rosterentry (occasion_id, member_id, node_id, state)
        SELECT occasion_id, member_id, node_id, CASE WHEN is_exempt THEN 'exempt' ELSE 'expected' END {AT_ALL}""",
    "attendance_record": f"""INSERT INTO attendance_record (occasion_id, member_id, state, stands, reasons, live_ms,
            union_ms, hours, stands_hours, rule_version, evidence_digest, judged_at)
        SELECT occasion_id, member_id, verdict, verdict, reasons, 5000000, 5000000, 1, 1, '直播 v1',
            repeat(md5(concat_ws('-', occasion_id, member_id)), 2), %(now)s::timestamptz - interval '9 days'
        FROM (SELECT *, CASE WHEN is_exempt THEN 'exempt' WHEN member_id %% 100 < 75 THEN 'attended'
                WHEN member_id %% 100 < 80 THEN 'made_up' WHEN member_id %% 100 < 82 THEN 'excused'
                ELSE 'missing' END AS verdict,
              '[{{"code": "share", "clock": "live", "ms": 5000000, "of_ms": 5400000, "share": 0.92}}]'::jsonb AS reasons
              {AT_ALL} WHERE occasion_id <> 3 OR member_id %% 3 = 0) entry""",
}
EVIDENCE = [
    """INSERT INTO attendance_workerlease (id, name, started_at, beat_at, ended_at)
        SELECT 1, 'gen', at, at + interval '1 day', at + interval '1 day'
        FROM (SELECT %(now)s::timestamptz - interval '10 days' AS at) one""",
    """INSERT INTO attendance_presencespan (occasion_id, member_id, device, started_at, ended_at, end_reason, lease_id)
        SELECT 1, i, 'p1', at, at + interval '80 minutes', 'left', 1
        FROM generate_series(1, %(members)s) i,
            (SELECT window_start_at AS at FROM attendance_occasion WHERE id = 1) one
        WHERE i %% 100 < 75""",
    """INSERT INTO attendance_watchsession (occasion_id, member_id, device, media, started_at, last_at, media_ms,
            position_ms, reports, ranges_ms)
        SELECT 3, i, 'p1', 'v:a', at, at, 5400000, 5000000, 100, '[[0, 5000000]]'
        FROM generate_series(3, %(members)s, 3) i, (SELECT %(now)s::timestamptz - interval '9.5 days' AS at) one""",
    """INSERT INTO attendance_evidence (occasion_id, member_id, kind, device, client_id, media, ranges_ms, recorded_at)
        SELECT 3, i, 'watched', 'p1', concat_ws('-', 'c' || i, k), 'v:a',
            jsonb_build_array(jsonb_build_array(k * 1000000, (k + 1) * 1000000)),
            %(now)s::timestamptz - interval '9.5 days'
        FROM generate_series(3, %(members)s, 3) i, generate_series(0, 4) k""",
]
