"""Somebody with the database's own tools: the guards go, a row changes, the guards come back."""

from collections.abc import Iterator
from contextlib import contextmanager

from django.db import connection

from attendance import append_only


@contextmanager
def unguarded(*tables: str) -> Iterator[None]:
    with connection.cursor() as cursor:
        for name, made in append_only._triggers(connection).items():
            table = made.split(" ON ")[1].split()[0]
            if table in tables:
                cursor.execute(f"DROP TRIGGER {name}" + (f" ON {table}" if connection.vendor == "postgresql" else ""))
    yield
    append_only.install()
