"""Dump, restore and read a whole database: PostgreSQL by its own programs, SQLite by its backup call.

Passwords go to the programs in the environment, never on a command line.
"""

import contextlib
import os
import secrets
import sqlite3
import subprocess
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, Protocol

import psycopg
from django.conf import settings
from django.db import connection
from psycopg import sql

LIBPQ = {
    "HOST": "PGHOST",
    "PORT": "PGPORT",
    "USER": "PGUSER",
    "PASSWORD": "PGPASSWORD",
    "sslmode": "PGSSLMODE",
    "sslrootcert": "PGSSLROOTCERT",
    "sslcert": "PGSSLCERT",
    "sslkey": "PGSSLKEY",
    "connect_timeout": "PGCONNECT_TIMEOUT",
    "service": "PGSERVICE",
    "passfile": "PGPASSFILE",
    "options": "PGOPTIONS",
    "target_session_attrs": "PGTARGETSESSIONATTRS",
}
KEYWORDS = {"HOST": "host", "PORT": "port", "USER": "user", "PASSWORD": "password"}
LONGEST_WORD = 300


class UnableToRunDatabase(Exception):
    """A database program is missing or failed; says which and with what words."""


class Reader(Protocol):
    """One database to look at: every question sees the same moment."""

    def rows(self, statement: str) -> list[tuple[Any, ...]]: ...

    def tables(self) -> list[str]: ...

    def broken_keys(self) -> list[str]:
        """Tables with rows that point nowhere, or whose foreign keys were never checked."""


class PostgresReader:
    def __init__(self, open_one: "psycopg.Connection[Any]") -> None:
        self.open_one = open_one

    def rows(self, statement: str) -> list[tuple[Any, ...]]:
        return self.open_one.execute(statement).fetchall()

    def tables(self) -> list[str]:
        return [
            row[0]
            for row in self.rows("SELECT tablename FROM pg_tables WHERE schemaname = current_schema() ORDER BY 1")
        ]

    def broken_keys(self) -> list[str]:
        # PostgreSQL reads every row when it makes the constraint; one that it did not check is named here.
        found = self.rows(
            "SELECT DISTINCT conrelid::regclass::text FROM pg_constraint WHERE contype = 'f' AND NOT convalidated"
        )
        return [row[0] for row in found]


class SqliteReader:
    def __init__(self, open_one: sqlite3.Connection) -> None:
        self.open_one = open_one

    def rows(self, statement: str) -> list[tuple[Any, ...]]:
        return self.open_one.execute(statement).fetchall()

    def tables(self) -> list[str]:
        named = "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite_%' ORDER BY 1"
        # The tables of a full-text index are its own business: they are not rows that somebody made.
        return [row[0] for row in self.rows(named) if "_fts" not in row[0]]

    def broken_keys(self) -> list[str]:
        broken = {row[0] for row in self.rows("PRAGMA foreign_key_check")}
        return sorted(broken | {row[0] for row in self.rows("PRAGMA integrity_check") if row[0] != "ok"})


def counts(reader: Reader) -> dict[str, int]:
    """Rows of every table."""
    return {table: int(reader.rows(f'SELECT count(*) FROM "{table}"')[0][0]) for table in reader.tables()}  # noqa: S608


class Postgres:
    name, dump_name = "postgresql", "database.dump"

    def size(self) -> int:
        with self._connect() as open_one:
            return int(PostgresReader(open_one).rows("SELECT pg_database_size(current_database())")[0][0])

    def server(self) -> str:
        with self._connect() as open_one:
            return str(open_one.info.server_version)

    @contextlib.contextmanager
    def reading(self) -> Iterator[PostgresReader]:
        with self._connect() as open_one:
            yield PostgresReader(open_one)

    @contextlib.contextmanager
    def dumping(self, to: Path) -> Iterator[PostgresReader]:
        """Dump, and give a reader that sees exactly what is in the dump."""
        with self._connect(autocommit=False) as open_one:
            open_one.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ READ ONLY")
            snapshot = open_one.execute("SELECT pg_export_snapshot()").fetchall()[0][0]
            options = ("--format=custom", "--no-owner", "--no-privileges", f"--snapshot={snapshot}")
            self._run("pg_dump", *options, f"--file={to}", self._database())
            yield PostgresReader(open_one)

    def restore(self, dump: Path) -> None:
        """Replace what is in this database by the dump, whole or not at all."""
        self._load(dump, self._database())

    @contextlib.contextmanager
    def scratch(self, dump: Path) -> Iterator[PostgresReader]:
        """The dump in a database of its own, which is gone afterwards. The role needs CREATEDB."""
        name = f"{self._database()[:40]}_drill_{secrets.token_hex(6)}"  # at most 63; says whose it is
        with self._connect() as open_one:
            try:
                open_one.execute(sql.SQL("CREATE DATABASE {} TEMPLATE template0").format(sql.Identifier(name)))
            except psycopg.errors.InsufficientPrivilege as error:
                raise UnableToRunDatabase(
                    f"the role may not make a database: run ALTER ROLE {open_one.info.user} CREATEDB as postgres"
                ) from error
        try:
            self._load(dump, name)
            with self._connect(dbname=name) as restored:
                yield PostgresReader(restored)
        finally:
            with self._connect() as open_one:
                drop = sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(sql.Identifier(name))
                open_one.execute(drop)

    def _load(self, dump: Path, database: str) -> None:
        with tempfile.TemporaryDirectory(prefix=".restore-", dir=settings.VAR_DIR) as folder:
            script, first = Path(folder) / "dump.sql", Path(folder) / "first.sql"
            # First wholly into a file: piped, a dump that breaks off would be committed as far as it went.
            self._run("pg_restore", "--no-owner", "--no-privileges", "--exit-on-error", f"--file={script}", str(dump))
            with self._connect(dbname=database) as open_one:
                names = [sql.Identifier(table) for table in PostgresReader(open_one).tables()]
                drop = sql.SQL("DROP TABLE {} CASCADE;\n").format(sql.SQL(", ").join(names)) if names else sql.SQL("")
                functions = "".join(f"DROP FUNCTION {name} CASCADE;\n" for name in _functions(open_one))
                first.write_text(drop.as_string(open_one) + functions, encoding="utf-8")
            options = ("--no-psqlrc", "--quiet", "--set=ON_ERROR_STOP=1", "--single-transaction", "--output=/dev/null")
            self._run("psql", *options, f"--file={first}", f"--file={script}", f"--dbname={database}")

    def _database(self) -> str:
        return str(connection.settings_dict["NAME"])

    def _given(self) -> dict[str, str]:
        held = {**connection.settings_dict, **connection.settings_dict.get("OPTIONS", {})}
        return {name: str(held[name]) for name in LIBPQ if held.get(name)}

    def _connect(self, *, autocommit: bool = True, dbname: str = "") -> "psycopg.Connection[Any]":
        given = {KEYWORDS.get(name, name): value for name, value in self._given().items()}
        try:
            return psycopg.connect(**given, dbname=dbname or self._database(), autocommit=autocommit)  # type: ignore[arg-type]
        except psycopg.OperationalError as error:
            raise UnableToRunDatabase("the database does not answer") from error

    def _run(self, program: str, *arguments: str) -> None:
        environment = {**os.environ, **{LIBPQ[name]: value for name, value in self._given().items()}}
        run([program, *arguments], environment)


def _functions(open_one: "psycopg.Connection[Any]") -> list[str]:
    """Return our own functions (of triggers), as PostgreSQL writes them; not those that belong to an extension."""
    found = open_one.execute(
        "SELECT p.oid::regprocedure::text FROM pg_proc p WHERE p.pronamespace = 'public'::regnamespace AND NOT EXISTS "
        "(SELECT 1 FROM pg_depend d WHERE d.objid = p.oid AND d.deptype = 'e') ORDER BY p.oid"
    )
    return [str(row[0]) for row in found.fetchall()]


class Sqlite:
    name, dump_name = "sqlite", "database.sqlite3"

    def size(self) -> int:
        with self._open() as open_one:
            return int(open_one.execute("PRAGMA page_count").fetchone()[0]) * int(
                open_one.execute("PRAGMA page_size").fetchone()[0]
            )

    def server(self) -> str:
        return sqlite3.sqlite_version

    @contextlib.contextmanager
    def reading(self) -> Iterator[SqliteReader]:
        with self._open() as open_one:
            yield SqliteReader(open_one)

    @contextlib.contextmanager
    def dumping(self, to: Path) -> Iterator[SqliteReader]:
        with self._open() as live, _file(to) as copy:
            _copy(live, copy)
        with _file(to) as copy:
            yield SqliteReader(copy)

    def restore(self, dump: Path) -> None:
        with _file(dump) as copy, self._open() as live:
            _copy(copy, live)

    @contextlib.contextmanager
    def scratch(self, dump: Path) -> Iterator[SqliteReader]:
        with (
            tempfile.TemporaryDirectory(prefix=".drill-", dir=settings.VAR_DIR) as folder,
            _file(dump) as copy,
            _file(Path(folder) / "drill.sqlite3") as scratch,
        ):
            _copy(copy, scratch)
            yield SqliteReader(scratch)

    @contextlib.contextmanager
    def _open(self) -> Iterator[sqlite3.Connection]:
        with _file(Path(connection.settings_dict["NAME"])) as open_one:
            yield open_one


@contextlib.contextmanager
def _file(path: Path) -> Iterator[sqlite3.Connection]:
    open_one = sqlite3.connect(path, timeout=30)
    try:
        yield open_one
    finally:
        open_one.close()


def _copy(source: sqlite3.Connection, target: sqlite3.Connection) -> None:
    try:
        source.backup(target)
    except sqlite3.Error as error:
        raise UnableToRunDatabase(f"SQLite: {error}") from error


def run(command: Sequence[str], environment: dict[str, str]) -> None:
    """Run a database program. Raises UnableToRunDatabase with its last words."""
    try:
        done = subprocess.run(  # noqa: S603 - our own fixed commands
            list(command), env=environment, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False
        )
    except FileNotFoundError as error:
        raise UnableToRunDatabase(f"{command[0]} is not installed (Debian package postgresql-client)") from error
    if done.returncode:
        last = (done.stderr.strip().splitlines() or [""])[-1][:LONGEST_WORD]
        raise UnableToRunDatabase(f"{command[0]} ended with status {done.returncode}: {last}")


def database() -> Postgres | Sqlite:
    """The one that this site uses."""
    return Postgres() if connection.vendor == "postgresql" else Sqlite()
