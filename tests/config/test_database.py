"""DATABASE_URL: what it says about the connection is kept, and a key that nobody knows stops the start."""

import contextlib
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psycopg
import pytest
from django.core.exceptions import ImproperlyConfigured
from django.db import OperationalError
from django.db.utils import load_backend

from config.database import database
from tests.services import postgres

AT = "postgres://u:p@db.example:5433/site"


def web(url: str, monkeypatch: pytest.MonkeyPatch, *argv: str) -> dict[str, Any]:
    monkeypatch.setattr(sys, "argv", [*(argv or ("/usr/bin/uvicorn",))])
    return database(url, testing=False, embedded=False)


@pytest.mark.unit
def test_options_of_the_address_are_kept_beside_ours(monkeypatch: pytest.MonkeyPatch) -> None:
    asked = "sslmode=verify-full&sslrootcert=/etc/ca.pem&connect_timeout=5&application_name=site&options=-c%20jit%3Doff"
    config = web(f"{AT}?{asked}&target_session_attrs=read-write&pool_max=30", monkeypatch)
    options = config["OPTIONS"]
    assert {key: options[key] for key in ("sslmode", "sslrootcert", "connect_timeout", "application_name")} == {
        "sslmode": "verify-full", "sslrootcert": "/etc/ca.pem", "connect_timeout": "5", "application_name": "site",
    }  # fmt: skip
    assert options["target_session_attrs"] == "read-write"
    assert options["pool"]["max_size"] == 30
    assert options["options"].split() == [
        "-c", "jit=off", "-c", "statement_timeout=60000", "-c", "lock_timeout=20000",
    ]  # fmt: skip
    assert (config["HOST"], config["PORT"], config["NAME"], config["USER"]) == ("db.example", 5433, "site", "u")


@pytest.mark.unit
@pytest.mark.parametrize(
    ("query", "said"),
    [
        ("sslmod=require", "sslmod is no option"),
        ("sslmode=yes", "sslmode is 'yes'"),
        ("pool_max=many", "pool_max is 'many'"),
        ("connect_timeout=soon", "connect_timeout is 'soon'"),
        ("conn_max_age=60", "conn_max_age is no option"),
    ],
)
def test_what_nobody_knows_stops_the_start(monkeypatch: pytest.MonkeyPatch, query: str, said: str) -> None:
    with pytest.raises(ImproperlyConfigured, match=said):
        web(f"{AT}?{query}", monkeypatch)
    with pytest.raises(ImproperlyConfigured, match="SQLite takes no options"):
        web("sqlite:////tmp/x.sqlite3?timeout=3", monkeypatch)


@pytest.mark.unit
@pytest.mark.parametrize(
    "argv", [("manage.py", "migrate"), ("/usr/bin/celery", "worker"), ("/x/celery/__main__.py", "-A", "config")]
)
def test_work_that_takes_hours_has_no_limits_and_no_pool(monkeypatch: pytest.MonkeyPatch, argv: tuple[str]) -> None:
    options = web(f"{AT}?sslmode=require", monkeypatch, *argv)["OPTIONS"]
    assert options == {"sslmode": "require"}


@pytest.mark.unit
def test_settings_of_the_pool_and_of_pages(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DATABASE_POOL_SIZE", "7")
    monkeypatch.setenv("DATABASE_POOL_TIMEOUT_S", "2")
    monkeypatch.setenv("DATABASE_STATEMENT_TIMEOUT_S", "9")
    monkeypatch.setenv("DATABASE_LOCK_TIMEOUT_S", "0")
    options = web(AT, monkeypatch)["OPTIONS"]
    assert (options["pool"]["max_size"], options["pool"]["timeout"]) == (7, 2)
    assert options["options"].split()[1::2] == ["statement_timeout=9000", "lock_timeout=0"]
    monkeypatch.setenv("DATABASE_POOL_SIZE", "0")
    with pytest.raises(ImproperlyConfigured, match="DATABASE_POOL_SIZE"):
        web(AT, monkeypatch)


@contextlib.contextmanager
def connected(url: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    """The backend as a web process has it, on that address."""
    values = {**web(url, monkeypatch), "TIME_ZONE": None, "CONN_HEALTH_CHECKS": False, "AUTOCOMMIT": True, "TEST": {}}
    made = load_backend(values["ENGINE"]).DatabaseWrapper(values, "for_this_test")
    try:
        yield made
    finally:
        made.close()
        made.close_pool()


@pytest.fixture(scope="module")
def server(django_db_blocker: Any) -> Iterator[tuple[str, Path]]:
    # Not pytest's own folder, which PostgreSQL's user may not enter.
    with (
        tempfile.TemporaryDirectory(prefix="classroom-") as name,
        postgres(Path(name)) as url,
        django_db_blocker.unblock(),
    ):
        data = Path(name) / "pg"
        owner = data.stat()
        pair = ["-keyout", str(data / "server.key"), "-out", str(data / "server.crt")]
        openssl = ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=localhost"]
        subprocess.run([*openssl, *pair], check=True, capture_output=True)
        for name in ("server.key", "server.crt"):
            shutil.chown(data / name, owner.st_uid, owner.st_gid)
            (data / name).chmod(0o600)
        yield url, data


def speak_tls(url: str, on: str) -> None:
    with psycopg.connect(url, autocommit=True) as line:
        line.execute(f"ALTER SYSTEM SET ssl = {on}")
        line.execute("SELECT pg_reload_conf()")
    for _turn in range(100):
        with psycopg.connect(url) as line:
            if line.execute("SHOW ssl").fetchone() == (on,):
                return
    raise AssertionError("the server did not take it over")


@pytest.mark.integration
def test_tls_that_is_asked_for_is_used_or_nothing(server: tuple[str, Path], monkeypatch: pytest.MonkeyPatch) -> None:
    """Finding: ops 3."""
    url, _data = server
    speak_tls(url, "on")
    with connected(f"{url}?sslmode=require&application_name=ours", monkeypatch) as made, made.cursor() as cursor:
        cursor.execute("SELECT ssl FROM pg_stat_ssl WHERE pid = pg_backend_pid()")
        assert cursor.fetchone() == (True,)
        cursor.execute("SELECT current_setting('application_name'), current_setting('statement_timeout')")
        assert cursor.fetchone() == ("ours", "1min")
    speak_tls(url, "off")
    with connected(f"{url}?sslmode=require", monkeypatch) as made, pytest.raises(OperationalError):
        made.ensure_connection()
    with connected(url, monkeypatch) as made, made.cursor() as cursor:
        cursor.execute("SELECT ssl FROM pg_stat_ssl WHERE pid = pg_backend_pid()")
        assert cursor.fetchone() == (False,)
