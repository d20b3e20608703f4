"""The database itself refuses to change or delete evidence (ADR 37): triggers, on SQLite and PostgreSQL alike.

Rows are only added; a presence is closed once. Deleting, and nothing else, is possible inside ``removal_permitted``:
a row of a table of its own, written and taken away in one transaction, which no other transaction ever sees.
The triggers are made after each ``migrate``, not by one migration: SQLite drops those of a table that it rewrites.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from django.db import connections, transaction
from django.db.backends.base.base import BaseDatabaseWrapper

PERMIT = "attendance_removalpermit"
GIVE_PERMIT = f"INSERT INTO {PERMIT} (held) VALUES (1)"  # noqa: S608 - a constant
TAKE_PERMIT = f"DELETE FROM {PERMIT}"  # noqa: S608 - a constant
UNFINISHED = "OLD.digest = ''"
OPEN_SPAN = (
    "OLD.ended_at IS NULL AND NEW.id = OLD.id AND NEW.occasion_id = OLD.occasion_id AND NEW.member_id = OLD.member_id "
    "AND NEW.device = OLD.device AND NEW.lease_id = OLD.lease_id AND NEW.started_at = OLD.started_at"
)
PERMITTED = f"EXISTS (SELECT 1 FROM {PERMIT})"  # noqa: S608 - a constant
# Which change of a row is none: by table, a condition on OLD and NEW; "" for never.
MAY_CHANGE = {
    "attendance_evidence": "",
    "attendance_correction": "",
    "attendance_checkanswer": "",
    "attendance_presencespan": OPEN_SPAN,
    "attendance_seal": UNFINISHED,
    "attendance_removal": "",
    "attendance_sealedblock": "NEW.digest = OLD.digest AND NEW.rows IS NULL AND NEW.removal_id IS NOT NULL",
}


def guard(table: str) -> None:
    """Let rows of a table of an app above only be added, too; call it when that app is ready."""
    MAY_CHANGE[table] = ""


@contextmanager
def removal_permitted(using: str = "default") -> Iterator[None]:
    """A transaction in which evidence may be deleted; what goes wrong takes the permit back with everything else."""
    with transaction.atomic(using=using), connections[using].cursor() as cursor:
        cursor.execute(GIVE_PERMIT)
        yield
        cursor.execute(TAKE_PERMIT)


def missing(using: str = "default") -> list[str]:
    """Return the names of the triggers that should be there and are not, and of a permit that somebody left."""
    connection = connections[using]
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            cursor.execute("SELECT tgname FROM pg_trigger WHERE tgenabled <> 'D' AND tgname LIKE 'append_only_%'")
        else:
            cursor.execute("SELECT name FROM sqlite_master WHERE type = 'trigger' AND name LIKE 'append_only_%'")
        there = {str(row[0]) for row in cursor.fetchall()}
        gone = sorted(set(_triggers(connection)) - there)
        if not _has_permits(connection):
            return [*gone, PERMIT]
        cursor.execute(f"SELECT 1 FROM {PERMIT}")  # noqa: S608 - a constant
        return [*gone, *([f"{PERMIT} is not empty"] if cursor.fetchone() else [])]


def install(*, using: str = "default", **_kwargs: Any) -> None:
    """Make what is missing; for ``post_migrate``, where the ledger's tables may not be there yet (or not any more)."""
    connection = connections[using]
    tables = set(connection.introspection.table_names())
    if not set(MAY_CHANGE) <= tables:
        return
    wanted = _triggers(connection)
    with transaction.atomic(using=using), connection.cursor() as cursor:
        cursor.execute(f"CREATE TABLE IF NOT EXISTS {PERMIT} (held integer NOT NULL)")
        if connection.vendor == "postgresql":
            cursor.execute(_REFUSE)
        for name in missing(using):
            if name in wanted:
                cursor.execute(wanted[name])


def _has_permits(connection: BaseDatabaseWrapper) -> bool:
    return PERMIT in connection.introspection.table_names()


def _triggers(connection: BaseDatabaseWrapper) -> dict[str, str]:
    """Return the triggers by name, each as the statement that makes it."""
    made = {}
    for table, may_change in MAY_CHANGE.items():
        short = table.removeprefix("attendance_")
        # Of a block only its list of rows may go, and only with the rows themselves.
        change = f"({may_change}) AND {PERMITTED}" if table == "attendance_sealedblock" else may_change
        for verb, allowed in (("update", change), ("delete", PERMITTED)):
            name = f"append_only_{short}_{verb}"
            made[name] = (_postgresql if connection.vendor == "postgresql" else _sqlite)(name, table, verb, allowed)
        if connection.vendor == "postgresql":
            name = f"append_only_{short}_truncate"
            made[name] = (
                f"CREATE TRIGGER {name} BEFORE TRUNCATE ON {table} "
                "FOR EACH STATEMENT EXECUTE FUNCTION attendance_refuse_change()"
            )
    return made


def _sqlite(name: str, table: str, verb: str, allowed: str) -> str:
    when = f"WHEN NOT ({allowed})" if allowed else ""
    return (
        f"CREATE TRIGGER {name} BEFORE {verb.upper()} ON {table} FOR EACH ROW {when} "
        f"BEGIN SELECT RAISE(ABORT, '{table} is append-only'); END"
    )


# A condition of a trigger knows no other table on PostgreSQL: what needs the permit asks for it in the function.
_REFUSE = f"""
CREATE OR REPLACE FUNCTION attendance_refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF (TG_OP <> 'UPDATE' OR TG_TABLE_NAME = 'attendance_sealedblock') AND {PERMITTED} THEN
        RETURN CASE TG_OP WHEN 'DELETE' THEN OLD WHEN 'UPDATE' THEN NEW END;
    END IF;
    RAISE EXCEPTION '% is append-only', TG_TABLE_NAME USING ERRCODE = 'restrict_violation';
END $$"""


def _postgresql(name: str, table: str, verb: str, allowed: str) -> str:
    condition = "" if table == "attendance_sealedblock" or verb == "delete" else allowed
    when = f"WHEN (NOT ({condition}))" if condition else ""
    return (
        f"CREATE TRIGGER {name} BEFORE {verb.upper()} ON {table} FOR EACH ROW {when} "
        "EXECUTE FUNCTION attendance_refuse_change()"
    )
