"""Reports read a replica and say as of when; one that lags, is away or is none is left out and nobody notices.

On PostgreSQL with a real streaming replica; on SQLite a copy of the file stands for it, and what it would say is given.
"""

import datetime as dt
import json
import sqlite3
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from django.db import OperationalError, connection, connections, transaction
from django.test import Client
from django.utils import timezone

from api import operations as api
from config import doctor, health
from config.metrics import _replica as metrics
from organizations import replica
from organizations.models import AccessEntry, Membership, User
from organizations.replica import Code, State
from tests.attendance.reports.conftest import World, world
from tests.replica import read_at, streaming

__all__ = ["world"]
pytestmark = [pytest.mark.integration, pytest.mark.django_db(transaction=True)]
PATIENCE_S = 120
postgresql = pytest.mark.skipif(connection.vendor != "postgresql", reason="SQLite has no replicas")
HOUR = dt.timedelta(hours=1)


@pytest.fixture(scope="module")
def port(tmp_path_factory: pytest.TempPathFactory, django_db_setup: None) -> Iterator[int]:
    with streaming(tmp_path_factory.mktemp("replica")) as port:
        yield port


@pytest.fixture
def standby(world: World, port: int, settings: Any) -> Iterator[Any]:
    """The real one, which has what the test begins with."""
    with read_at(settings, HOST="127.0.0.1", PORT=port) as found:
        User.objects.filter(pk=world.county.member.pk).update(name=world.county.member.name)  # a commit to replay
        level(found)
        yield found
        with found.cursor() as cursor:
            cursor.execute("SELECT pg_wal_replay_resume()")


@pytest.fixture
def copy(world: World, settings: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, request: Any) -> Iterator[Any]:
    """What can be read as a replica on either database, and does not follow."""
    if connection.vendor == "postgresql":
        standby = request.getfixturevalue("standby")
        pause(standby)
        yield standby
        return
    with sqlite3.connect(tmp_path / "copy.sqlite3") as file:
        connection.connection.backup(file)
    file.close()
    monkeypatch.setattr(replica, "_ask", lambda: State(Code.FINE, timezone.now(), 0.0, asked_at=time.monotonic()))
    with read_at(settings, NAME=str(tmp_path / "copy.sqlite3")) as found:
        yield found


def wait_until(is_so: Callable[[], bool]) -> None:
    ends = time.monotonic() + PATIENCE_S
    while not is_so():
        assert time.monotonic() < ends
        time.sleep(0.02)


def level(standby: Any) -> None:
    """Wait until whatever was written here is there."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_current_wal_insert_lsn()::text")
        place = cursor.fetchone()[0]

    def is_there() -> bool:
        with standby.cursor() as cursor:
            # What lies behind the last record may be the head of an empty page, which nobody sends.
            cursor.execute("SELECT pg_last_wal_replay_lsn() >= %s::pg_lsn - 64", [place])
            return bool(cursor.fetchone()[0])

    wait_until(is_there)


def pause(standby: Any) -> None:
    with standby.cursor() as cursor:
        cursor.execute("SELECT pg_wal_replay_pause()")
        cursor.execute("SELECT pg_get_wal_replay_pause_state()")

    def is_paused() -> bool:
        with standby.cursor() as cursor:
            cursor.execute("SELECT pg_get_wal_replay_pause_state()")
            return bool(cursor.fetchone()[0] == "paused")

    wait_until(is_paused)


def page(world: World, client: Client | None = None) -> str:
    return answer(world, client, "missing/").content.decode()


def answer(world: World, client: Client | None, what: str) -> Any:
    if client is None:
        client = Client()
        client.force_login(world.county.secretary)
    response = client.get(f"/branch/{world.training.pk}/reports/{what}")
    assert response.status_code == 200
    return response


def rename(world: World) -> None:
    """The one who is missing gets another name, on the primary."""
    User.objects.filter(pk=world.county.members[1].pk).update(name="王改名")


def finding() -> doctor.Finding:
    return next(one for one in doctor.examine(as_of=timezone.now()) if one.title == "报表的副本")


def test_a_page_shows_the_replica_and_as_of_when_and_its_reader_stands_in_the_primary(world: World, copy: Any) -> None:
    rename(world)
    seen = page(world)
    assert "王一1" in seen
    assert "王改名" not in seen
    as_of = replica.found().as_of
    assert as_of is not None
    assert f"数据截至 {timezone.localtime(as_of):%H:%M}，之后的变动稍后出现。" in seen
    entry = AccessEntry.objects.using("default").get(reader=world.county.secretary)
    assert (entry.what, entry.members) == ("table", f",{world.county.members[1].pk},")
    assert not AccessEntry.objects.using("replica").exists()


def test_files_and_what_programs_read_say_as_of_when(world: World, copy: Any) -> None:
    rename(world)
    file = answer(world, None, "records.json")
    rows = json.loads(b"".join(file.streaming_content))["rows"]
    assert "王一1" in {row["name"] for row in rows}
    client = Client()
    client.force_login(world.county.secretary)
    hours = client.get("/branch/hours/").content.decode()
    assert "王一1" in hours
    assert "数据截至" in hours
    sheet = client.get("/branch/hours.csv")
    assert "王一1" in b"".join(sheet.streaming_content).decode("utf-8-sig")
    counts = client.get(f"/branch/{world.training.pk}/counts.csv")
    asked = {"maker": world.county.secretary, "name": "县人事系统", "node": world.county.branch, "days": 90}
    _token, key = api.make_token(**asked, scopes=("records", "hours"), as_of=timezone.now())
    headers = {"Authorization": f"Bearer {key}"}
    for path in (f"trainings/{world.training.pk}/records", f"trainings/{world.training.pk}/missing", "hours?year=2026"):
        told = Client().get(f"/api/v1/{path}", headers=headers)
        assert "王一1" in json.dumps(told.json(), ensure_ascii=False)
        again = Client().get(f"/api/v1/{path}", headers={**headers, "If-None-Match": told["ETag"]})
        assert again.status_code == 304
        file_like = [file, sheet, counts, told, again]
        as_of = {dt.datetime.fromisoformat(one[replica.HEADER]) for one in file_like}
        assert max(as_of) <= timezone.now() < min(as_of) + HOUR


def test_whoever_wrote_reads_what_they_wrote(world: World, copy: Any, settings: Any) -> None:
    client = Client()
    client.force_login(world.county.secretary)
    rename(world)
    assert "王改名" not in page(world, client)
    client.post("/me/notices/choices/", {})
    seen = page(world, client)
    assert "王改名" in seen
    assert "数据截至" not in seen
    other = Client()
    other.force_login(world.county.organiser)
    replica.note_write(world.county.organiser.pk)
    assert replica.read(lambda _at: 1, as_of=timezone.now(), reader_id=world.county.members[0].pk).is_copy


def test_what_was_read_there_is_written_and_followed_here(world: World, copy: Any) -> None:
    shown = replica.read(lambda _at: Membership.objects.get(member=world.county.members[1]), as_of=timezone.now())
    assert shown.is_copy
    assert shown.value._state.db == "replica"
    rename(world)
    assert shown.value.member.name == "王改名"
    shown.value.member.name = "王再改"
    shown.value.member.save()
    assert User.objects.using("default").get(pk=shown.value.member_id).name == "王再改"
    assert User.objects.using("replica").get(pk=shown.value.member_id).name == "王一1"
    new = Membership(member=shown.value.member, node=world.county.branch)
    new.member = User.objects.using("replica").first()  # both are the same database
    assert not replica.Router().allow_migrate("replica", "organizations")


class Cancelled(Exception):
    """As psycopg's, with the state of the server."""

    def __init__(self, sqlstate: str) -> None:
        super().__init__(sqlstate)
        self.sqlstate = sqlstate


def broken(sqlstate: str, seen: list[bool]) -> Callable[[dt.datetime], str]:
    """Work that breaks off in the replica."""

    def work(_as_of: dt.datetime) -> str:
        is_there = transaction.get_connection("replica").in_atomic_block
        seen.append(is_there)
        if is_there:
            raise OperationalError(sqlstate) from Cancelled(sqlstate)
        return "read"

    return work


@pytest.mark.parametrize(("sqlstate", "state"), [("40001", Code.FINE), ("57P01", Code.AWAY), ("42703", Code.AWAY)])
def test_what_breaks_off_there_is_read_here(copy: Any, sqlstate: str, state: Code) -> None:
    seen: list[bool] = []
    now = timezone.now()
    assert replica.read(broken(sqlstate, seen), as_of=now) == replica.Shown("read", now, False)
    assert (seen, replica.found().code) == ([True, False], state)
    replica.read(broken("40001", seen), as_of=now)
    assert seen[2:] == ([True, False] if state == Code.FINE else [False]), "one that broke is not asked at once"


def test_what_takes_too_long_there_is_not_tried_here(copy: Any) -> None:
    seen: list[bool] = []
    with pytest.raises(OperationalError):
        replica.read(broken("57014", seen), as_of=timezone.now())
    assert (seen, replica.found().code) == ([True], Code.FINE)


@postgresql
def test_one_that_lags_too_far_is_left_out_until_it_has_caught_up(world: World, standby: Any, settings: Any) -> None:
    settings.METRICS_TOKEN = "x" * 40
    pause(standby)
    rename(world)
    replica.forget()
    state = replica.found()
    assert state.code == Code.FINE, "behind, and within what is allowed"
    assert state.lag_s is not None
    assert "王一1" in page(world)
    settings.REPLICA_MAX_LAG_S = 0
    replica.forget()
    seen = page(world)
    assert "王改名" in seen
    assert "数据截至" not in seen
    assert replica.found().code == Code.LATE
    assert finding().level == doctor.Level.CARE
    assert "从主库读" in finding().what
    ready = Client().get("/readyz", headers={"authorization": f"Bearer {settings.METRICS_TOKEN}"}).json()["checks"]
    assert not ready["replica"]["ok"]
    assert ready["replica"]["detail"].startswith("late, ")
    assert [sample.value for one in metrics() for sample in one.samples if sample.name == "site_replica_used"] == [0]
    with standby.cursor() as cursor:
        cursor.execute("SELECT pg_wal_replay_resume()")
    settings.REPLICA_MAX_LAG_S = 300
    level(standby)
    replica.forget()
    wait_until(lambda: "王改名" in page(world))
    assert "数据截至" in page(world)
    assert (finding().level, health.reports()[0].ok) == (doctor.Level.FINE, True)
    assert {one.name for one in metrics()} == {"site_replica_used", "site_replica_lag_seconds"}


@postgresql
def test_an_idle_primary_is_no_lag(standby: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """As of now, however long ago the last commit was: what is replayed is all there is."""
    monkeypatch.setattr(
        replica, "COPY", replica.COPY.replace("pg_last_xact_replay_timestamp()", "now() - '1 day'::interval")
    )

    def is_level() -> bool:  # other tests may write at this moment
        replica.forget()
        return replica.found().code == Code.FINE

    wait_until(is_level)
    state = replica.found()
    assert state.lag_s == 0.0
    assert state.as_of is not None
    assert timezone.now() - state.as_of < HOUR


@postgresql
def test_one_that_is_away_costs_one_question_and_no_error(world: World, settings: Any) -> None:
    with read_at(settings, HOST="127.0.0.1", PORT=1):
        rename(world)
        assert "王改名" in page(world)
        first = replica.found()
        assert (first.code, first.why) == (Code.AWAY, "OperationalError")
        assert "王改名" in page(world)
        assert replica.found() is first
        assert finding().level == doctor.Level.CARE
        assert "DATABASE_REPLICA_URL" in finding().next_step
        replica._memory.lock.acquire()
        try:
            replica.forget()
            assert replica.found().why == "being asked", "nobody waits for another's question"
        finally:
            replica._memory.lock.release()


@postgresql
def test_what_is_no_replica_of_this_database_is_never_read(world: World, settings: Any) -> None:
    with read_at(settings):  # the primary itself, as a replica that was promoted
        assert "数据截至" not in page(world)
        assert (replica.found().code, replica.found().why) == (Code.FOREIGN, "not in recovery")
        assert "不是这个数据库的副本" in finding().what


@postgresql
def test_a_replica_of_another_database_is_never_read(standby: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(replica, "COPY", replica.COPY.replace("system_identifier", "system_identifier + 1"))
    replica.forget()
    assert (replica.found().code, replica.found().why) == (Code.FOREIGN, "another database")


@postgresql
def test_a_primary_that_does_not_say_how_far_it_is(world: World, standby: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(replica, "PRIMARY", "SELECT clock_timestamp(), pg_not_there(), 1")
    replica.forget()
    assert "王一1" in page(world)
    assert (replica.found().code, replica.found().why) == (Code.AWAY, "primary: UndefinedFunction")


@postgresql
def test_a_line_that_is_not_encrypted_is_said(standby: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(replica, "host", lambda: "db2.example")
    assert finding().level == doctor.Level.WRONG
    assert "?sslmode=require" in finding().next_step


def test_without_one_everything_is_read_here(world: World) -> None:
    now = timezone.now()
    assert replica.read(lambda at: at, as_of=now) == replica.Shown(now, now, False)
    assert (health.reports(), list(metrics()), "replica" in connections.settings) == ([], [], False)
    assert "数据截至" not in page(world)
