"""DATABASE_REPLICA_URL: a second database with options of its own, and what cannot be one stops the start."""

import sys
from pathlib import Path
from typing import Any

import pytest
from django.core.exceptions import ImproperlyConfigured

from config.replica_settings import read

pytestmark = pytest.mark.unit
PRIMARY, REPLICA = "postgres://u:p@db1.example/site", "postgres://u:q@db2.example:5433/site"


@pytest.fixture
def given(monkeypatch: pytest.MonkeyPatch) -> Any:
    def put(*argv: str, **values: str) -> Any:
        monkeypatch.setattr(sys, "argv", [*(argv or ("/usr/bin/uvicorn",))])
        for name in ("DATABASE_URL", "DATABASE_REPLICA_URL", "DATABASE_REPLICA_MAX_LAG_S"):
            monkeypatch.delenv(name, raising=False)
        for name, value in values.items():
            monkeypatch.setenv(name, value)
        return read(var_dir=Path("/var/x"), testing=False, embedded=False)

    return put


def test_without_one_there_is_one_database_and_no_router(given: Any) -> None:
    databases, routers, lag = given()
    assert (set(databases), routers, lag) == ({"default"}, [], 300)
    assert str(databases["default"]["NAME"]) == "/var/x/db.sqlite3"


def test_its_options_are_its_own_and_a_page_waits_for_it_for_two_seconds(given: Any) -> None:
    asked = f"{REPLICA}?sslmode=verify-full&application_name=reports&pool_max=5"
    databases, routers, lag = given(
        DATABASE_URL=f"{PRIMARY}?sslmode=require", DATABASE_REPLICA_URL=asked, DATABASE_REPLICA_MAX_LAG_S="60"
    )
    copy, options = databases["replica"], databases["replica"]["OPTIONS"]
    assert (copy["HOST"], copy["PORT"], copy["ENGINE"], copy["ATOMIC_REQUESTS"]) == (
        "db2.example", 5433, "config.postgresql", False,
    )  # fmt: skip
    assert (options["sslmode"], options["application_name"], options["connect_timeout"]) == (
        "verify-full", "reports", "2",
    )  # fmt: skip
    assert (options["pool"]["max_size"], options["pool"]["timeout"] * copy["POOL_WAITS"]) == (5, 2)
    assert databases["default"]["OPTIONS"]["sslmode"] == "require"
    assert "POOL_WAITS" not in databases["default"]
    assert (routers, lag) == (["organizations.replica.Router"], 60)


def test_a_command_does_not_wait_longer_and_an_agent_has_none(given: Any) -> None:
    both = {"DATABASE_URL": PRIMARY, "DATABASE_REPLICA_URL": REPLICA}
    databases, _routers, _lag = given("manage.py", "doctor", **both)
    assert databases["replica"]["OPTIONS"] == {"connect_timeout": "2"}
    assert databases["default"]["OPTIONS"] == {}
    databases, routers, _lag = given("manage.py", "media_agent", **both)
    assert (set(databases), routers) == ({"default"}, [])


@pytest.mark.parametrize(
    ("values", "said"),
    [
        ({"DATABASE_REPLICA_URL": REPLICA}, "副本只能是它的 / DATABASE_REPLICA_URL is set, but"),
        ({"DATABASE_URL": PRIMARY, "DATABASE_REPLICA_URL": "sqlite:///x"}, "DATABASE_REPLICA_URL 要用"),
        ({"DATABASE_URL": PRIMARY, "DATABASE_REPLICA_URL": f"{REPLICA}?sslmod=x"}, "DATABASE_REPLICA_URL: sslmod is"),
        ({"DATABASE_URL": PRIMARY, "DATABASE_REPLICA_URL": f"{REPLICA}?sslmode=x"}, "DATABASE_REPLICA_URL: sslmode"),
        ({"DATABASE_URL": PRIMARY, "DATABASE_REPLICA_URL": f"{REPLICA}?pool_max=x"}, "DATABASE_REPLICA_URL: pool_max"),
        ({"DATABASE_REPLICA_MAX_LAG_S": "0"}, "DATABASE_REPLICA_MAX_LAG_S"),
    ],
)
def test_what_cannot_be_one_stops_the_start(given: Any, values: dict[str, str], said: str) -> None:
    with pytest.raises(ImproperlyConfigured, match=said):
        given(**values)
