"""A scratch database in memory in place of the real one, for replaying traces: nothing real is read or written."""

from collections.abc import Iterator
from contextlib import contextmanager

from django.apps import apps
from django.db import connections
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.utils import load_backend

ALIAS = "default"
# ``certificates`` and ``api`` listen to what is settled.
APPS = ("contenttypes", "auth", "auditlog", "organizations", "attendance", "certificates", "api")


@contextmanager
def scratch_database() -> Iterator[None]:
    """Let everything in the block work on an empty SQLite database in memory that has the ledger's tables.

    The tables are made from the models, which takes a moment where migrating takes half a minute.
    """
    real = connections[ALIAS]
    connections[ALIAS] = scratch = _in_memory(real)
    forget_keys()
    try:
        with scratch.schema_editor() as editor:
            for label in APPS:
                for model in apps.get_app_config(label).get_models():
                    editor.create_model(model)
        yield
    finally:
        BaseDatabaseWrapper.close(scratch)  # Django's own close keeps a database in memory open
        connections[ALIAS] = real
        forget_keys()


def forget_keys() -> None:
    """Django remembers the keys of content types for the whole process; another database has others."""
    apps.get_model("contenttypes", "ContentType").objects.clear_cache()


def _in_memory(real: BaseDatabaseWrapper) -> BaseDatabaseWrapper:
    settings = {
        **real.settings_dict,
        "ENGINE": "django.db.backends.sqlite3",
        "NAME": ":memory:",
        "OPTIONS": {},
        "ATOMIC_REQUESTS": False,
        "CONN_MAX_AGE": 0,
        "CONN_HEALTH_CHECKS": False,
    }
    wrapper: BaseDatabaseWrapper = load_backend(settings["ENGINE"]).DatabaseWrapper(settings, ALIAS)
    return wrapper
