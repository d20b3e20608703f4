"""A migrated database for each test worker, copied from one template: migrating takes much longer than copying.

``python -m tests.databases`` makes the template before anybody waits for it.

After a test that commits, it is made what it was by deleting rows and putting the template's few back: Django's own way
(truncate every table, then make content types, permissions and pages anew) takes a hundred times as long.
"""

import fcntl
import hashlib
import os
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from importlib.metadata import version
from pathlib import Path
from typing import Any
from unittest.mock import patch

import django
from django.db import connection, transaction
from django.test import TransactionTestCase

from attendance.append_only import GIVE_PERMIT, TAKE_PERMIT

BASE_DIR = Path(__file__).resolve().parent.parent
# What follows from the code alone and no test changes; SQLite's own index for search, which triggers keep.
FIXED = {"django_content_type", "auth_permission", "wagtailsearch_indexentry_fts"}


def schema_hash() -> str:
    """A short hash over our migrations, the installed apps and the versions of the packages that bring their own."""
    digest = hashlib.sha256()
    for path in [*sorted(BASE_DIR.glob("*/migrations/*.py")), BASE_DIR / "attendance" / "append_only.py"]:
        digest.update(path.read_bytes())
    apps = re.findall(r'^    "([\w.]+)",$', (BASE_DIR / "config" / "settings.py").read_text(), re.M)
    digest.update(" ".join(apps).encode())  # with another app others' migrations come
    for package in ("Django", "wagtail", "django-allauth", "modelsearch"):
        digest.update(version(package).encode())
    return digest.hexdigest()[:12]


@contextmanager
def locked(name: str) -> Iterator[None]:
    """One worker at a time makes the template."""
    with open(Path(tempfile.gettempdir()) / f"{name}.lock", "w") as handle:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield


def migrate(url: str) -> None:
    environment = {**os.environ, "DATABASE_URL": url, "DEBUG": "1", "VAR_DIR": tempfile.mkdtemp(prefix="classroom-")}
    for key in [key for key in environment if key.startswith("PYTEST")]:
        del environment[key]
    command = [sys.executable, "manage.py", "migrate", "--verbosity", "0"]
    done = subprocess.run(command, cwd=BASE_DIR, env=environment, capture_output=True, text=True, check=False)
    shutil.rmtree(environment["VAR_DIR"])
    if done.returncode:
        raise RuntimeError(f"migrating the test template failed:\n{done.stderr[-3000:]}")


def sqlite_template() -> Path:
    """Return the path of a SQLite database with all migrations, which is there or is made now."""
    name = f"classroom-template-{os.getuid()}-{schema_hash()}"
    template = Path(tempfile.gettempdir()) / f"{name}.sqlite3"
    with locked(name):
        if not template.exists():
            making = template.with_suffix(f".{os.getpid()}")
            migrate(f"sqlite:///{making}")
            making.rename(template)
            for leftover in template.parent.glob(f"{making.name}-*"):
                leftover.unlink()
    return template


def sqlite_copy(worker: str) -> Path:
    """Return the path of a fresh SQLite database with all migrations."""
    copy = Path(tempfile.mkdtemp(prefix=f"classroom-{worker}-")) / "test.sqlite3"
    shutil.copyfile(sqlite_template(), copy)
    return copy


@contextmanager
def postgres_template() -> Iterator[tuple[Any, str]]:
    """Give a cursor and the name of a database with all migrations on the server of DATABASE_URL, made now if need be.

    Nobody else makes or copies it meanwhile.
    """
    template, settings = f"template_{schema_hash()}", connection.settings_dict
    base = f"postgres://{settings['USER']}@{settings['HOST']}:{settings['PORT']}"
    with locked(f"classroom-{settings['PORT']}"), connection._nodb_cursor() as cursor:
        cursor.execute("SELECT 1 FROM pg_database WHERE datname = %s", [template])
        if not cursor.fetchone():
            cursor.execute(f"CREATE DATABASE making_{template}")
            migrate(f"{base}/making_{template}")
            cursor.execute(f"ALTER DATABASE making_{template} RENAME TO {template}")
        yield cursor, template


def postgres_copy(worker: str) -> str:
    """Return the name of a fresh database on the server of DATABASE_URL with all migrations."""
    name = f"test_{worker}"
    with postgres_template() as (cursor, template):
        cursor.execute(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)")
        cursor.execute(f"CREATE DATABASE {name} TEMPLATE {template}")
    return name


def restorer() -> Callable[[], None]:
    """Return what empties every table and puts back the rows that are there now.

    Emptying all tables between two tests is the one other thing that may delete evidence; there is no such command.
    """
    quote = connection.ops.quote_name
    held: list[tuple[str, list[tuple[Any, ...]]]] = []
    with connection.cursor() as cursor:
        tables = sorted(set(connection.introspection.django_table_names(only_existing=True)) - FIXED)
        for table in tables:
            cursor.execute(f"SELECT * FROM {quote(table)}")
            if rows := cursor.fetchall():
                marks = ", ".join(["%s"] * len(rows[0]))
                held.append((f"INSERT INTO {quote(table)} VALUES ({marks})", rows))
    deletes = [f"DELETE FROM {quote(table)}" for table in tables]
    if connection.vendor == "postgresql":
        # Neither the triggers that guard evidence nor foreign keys.
        deletes = ["; ".join(["SET LOCAL session_replication_role = replica", *deletes])]
    else:
        deletes = [GIVE_PERMIT, *deletes, TAKE_PERMIT]

    def restore() -> None:
        with transaction.atomic(), connection.cursor() as cursor:
            for delete in deletes:
                cursor.execute(delete)
            for insert, rows in held:
                cursor.executemany(insert, rows)

    return restore


def empty_tables() -> None:
    """Make the database what it is before a test, as is done after each test that commits."""
    TransactionTestCase()._fixture_teardown()  # type: ignore[attr-defined]


@contextmanager
def test_database(worker: str) -> Iterator[None]:
    """Point the default connection at a fresh copy for the time of the block."""
    settings, before = connection.settings_dict, connection.settings_dict["NAME"]
    folder = None
    if connection.vendor == "sqlite":
        copy = sqlite_copy(worker)
        folder, settings["NAME"] = copy.parent, str(copy)
    else:
        settings["NAME"] = postgres_copy(worker)
    connection.close()
    restore = restorer()
    try:
        with patch.object(TransactionTestCase, "_fixture_teardown", lambda _case: restore()):
            yield
    finally:
        connection.close()
        settings["NAME"] = before
        if folder:
            shutil.rmtree(folder, ignore_errors=True)


if __name__ == "__main__":
    os.environ |= {"DJANGO_SETTINGS_MODULE": "config.settings", "DEBUG": "1"}
    django.setup()
    if connection.vendor == "sqlite":
        sqlite_template()
    else:
        with postgres_template():
            pass
