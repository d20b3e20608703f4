"""Databases for benchmarks: durable (a commit is on the disk), private, gone afterwards. Nothing real is touched."""

import logging
import os
import pwd
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import django
import psycopg

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
os.environ["DEBUG"] = "1"
_SCRATCH = tempfile.TemporaryDirectory(prefix="classroom-bench-")
os.environ["VAR_DIR"] = _SCRATCH.name
os.environ.pop("DATABASE_URL", None)
django.setup()

from django.apps import apps  # noqa: E402
from django.conf import settings  # noqa: E402
from django.db import connections, models  # noqa: E402
from django.db.utils import load_backend  # noqa: E402

from attendance.replay.scratch import APPS, forget_keys  # noqa: E402
from tests.services import as_user, free_port, wait_for_port  # noqa: E402

settings.DEBUG = False  # no log of queries while measuring
logging.disable(logging.CRITICAL)


@contextmanager
def sqlite(folder: Path, _settings: Mapping[str, str]) -> Iterator[dict[str, Any]]:
    """Yield the settings of an SQLite file opened as the product opens it."""
    yield {**connections["default"].settings_dict, "NAME": str(folder / "bench.sqlite3")}


@contextmanager
def postgresql(folder: Path, own: Mapping[str, str]) -> Iterator[dict[str, Any]]:
    """Yield the settings of a fresh PostgreSQL, its defaults but for ``own``: fsync and synchronous_commit are on."""
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin"))[-1]
    user = "postgres" if os.geteuid() == 0 else None
    data = folder / "pg"
    data.mkdir()
    if user:
        folder.chmod(0o755)
        entry = pwd.getpwnam(user)
        os.chown(data, entry.pw_uid, entry.pw_gid)
    quiet: dict[str, Any] = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL, "cwd": "/"}
    run_as, port = as_user(user), free_port()
    initdb = [*run_as, str(found / "initdb"), "-D", str(data), "-U", "bench", "-A", "trust", "-E", "UTF8", "-N"]
    subprocess.run([*initdb, "--locale=C.UTF-8"], check=True, **quiet)
    options = ["-c", f"port={port}", "-c", "listen_addresses=127.0.0.1", "-c", f"unix_socket_directories={data}"]
    options += [word for name, value in own.items() for word in ("-c", f"{name}={value}")]
    server = subprocess.Popen([*run_as, str(found / "postgres"), "-D", str(data), *options], **quiet)
    try:
        wait_for_port(port, server)
        wait_until_it_answers(port)
        yield {
            **connections["default"].settings_dict,
            "ENGINE": "django.db.backends.postgresql",
            "NAME": "postgres",
            "USER": "bench",
            "HOST": "127.0.0.1",
            "PORT": port,
            "OPTIONS": {},
        }
    finally:
        server.send_signal(signal.SIGINT)
        server.wait(120)


def wait_until_it_answers(port: int) -> None:
    """A server listens before it is ready; on a busy machine that is seconds."""
    until = time.monotonic() + 60
    while True:
        try:
            psycopg.connect(host="127.0.0.1", port=port, user="bench", dbname="postgres").close()
            return
        except psycopg.OperationalError:
            if time.monotonic() > until:
                raise
            time.sleep(0.1)


@contextmanager
def scratch(kind: str, *extra: type[models.Model], options: Mapping[str, str] | None = None) -> Iterator[None]:
    """Let the default connection be a fresh database with the ledger's tables and ``extra`` ones; ``options`` are
    PostgreSQL's."""
    real = connections["default"]
    with tempfile.TemporaryDirectory(prefix="classroom-bench-") as name:  # noqa: SIM117 - the folder outlives the server
        with {"sqlite": sqlite, "postgresql": postgresql}[kind](Path(name), options or {}) as values:
            made = load_backend(values["ENGINE"]).DatabaseWrapper({**values, "ATOMIC_REQUESTS": False}, "default")
            connections["default"] = made
            forget_keys()
            try:
                with made.schema_editor() as editor:
                    for label in APPS:
                        for model in apps.get_app_config(label).get_models():
                            editor.create_model(model)
                    for model in extra:
                        editor.create_model(model)
                yield
            finally:
                made.close()
                connections["default"] = real
