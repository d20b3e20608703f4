"""Health pages: who sees them, what they say, and which parts they have to have heard of."""

import datetime as dt
from types import SimpleNamespace
from typing import Any

import pytest
import redis
from django.test import Client
from django.utils import timezone

from attendance.core.freshness import is_fresh
from config import health, marks, queues, tasks
from config.metrics import site
from config.models import Mark, TaskCount
from live.models import Lecture, MediaNode
from live.room.process import PHONES
from media.models import Job, Video
from tests.factories.live import LectureFactory, make_live
from tests.factories.organizations import County, RoleGrantFactory, make_county

TOKEN = "x" * 40
NOW = dt.datetime(2026, 9, 1, 8, tzinfo=dt.UTC)
SECOND = dt.timedelta(seconds=1)


@pytest.fixture
def county(db: None) -> County:
    return make_county()


@pytest.fixture
def alive(db: None) -> None:
    """Worker and beat have been heard of."""
    heard(timezone.now())


def heard(at: dt.datetime) -> None:
    for queue in queues.TASK_QUEUES:
        marks.leave(name=f"worker@one/{queue}", as_of=at, data={"queue": queue, "sandbox": "bubblewrap"})
    marks.leave(name="beat@one", as_of=at)


def alive_for(*taken: str, films: bool = False) -> None:
    """A worker's own process, whose children are all at work, is alive; ``films``: with nothing but films."""
    data = {"queues": list(taken), "films": films}
    marks.leave(name=f"alive@one/{'+'.join(taken)}", as_of=NOW - 5 * SECOND, data=data)


def asked(client: Client) -> dict[str, Any]:
    answer = client.get("/readyz", headers={"authorization": f"Bearer {TOKEN}"})
    return {"http": answer.status_code, **answer.json()}


def test_healthz_answers_without_database_and_whatever_host(client: Client) -> None:
    response = client.get("/healthz", headers={"host": "10.0.0.9"})
    assert (response.status_code, response.json()) == (200, {"status": "ok"})


@pytest.mark.parametrize("path", ["/healthz", "/readyz"])
def test_health_is_read_and_nothing_else(client: Client, path: str) -> None:
    assert client.head(path).status_code in (200, 503)
    for method in ("post", "put", "patch", "delete", "options", "trace"):
        answer = getattr(client, method)(path)
        assert (answer.status_code, answer["Allow"]) == (405, "GET, HEAD")
        assert answer["X-Content-Type-Options"] == "nosniff"
    assert client.get(path)["X-Content-Type-Options"] == "nosniff"


@pytest.mark.unit
def test_fresh_is_whoever_missed_no_more_than_two_beats() -> None:
    every = 10 * SECOND
    assert is_fresh(NOW - 29 * SECOND, every=every, as_of=NOW)
    assert not is_fresh(NOW - 30 * SECOND, every=every, as_of=NOW)
    assert not is_fresh(None, every=every, as_of=NOW)


def test_strangers_learn_whether_it_is_ready_and_no_more(client: Client, alive: None, county: County) -> None:
    """Finding: security 22."""
    assert client.get("/readyz").json() == {"status": "ready"}
    client.force_login(county.member)
    assert client.get("/readyz").json() == {"status": "ready"}
    client.force_login(RoleGrantFactory(user__name="何管理员", node=county.branch, role="operator").user)
    assert client.get("/readyz").json() == {"status": "ready"}  # not of the whole tree
    client.force_login(county.operator)
    assert client.get("/readyz").json()["checks"]["database"]["ok"] is True


def test_worker_and_beat_that_stopped_make_it_unready(client: Client, settings: Any, alive: None) -> None:
    """Finding: ops 6."""
    settings.METRICS_TOKEN = TOKEN
    assert asked(client)["http"] == 200
    heard(timezone.now() - 40 * SECOND)
    answer = asked(client)
    assert (answer["http"], answer["status"]) == (503, "unready")
    assert answer["checks"]["worker"] == {
        "ok": False,
        "detail": "evidence: 40 s ago; media: 40 s ago; reports: 40 s ago; messages: 40 s ago",
    }
    assert answer["checks"]["beat"] == {"ok": False, "detail": "40 s ago"}
    Mark.objects.all().delete()
    assert asked(client)["checks"]["worker"] == {
        "ok": False,
        "detail": "; ".join(f"{queue}: never heard of" for queue in queues.TASK_QUEUES),
    }


@pytest.mark.django_db
def test_worker_that_prepares_videos_is_not_dead_but_one_that_never_ends_is() -> None:
    heard(NOW - 120 * SECOND)
    assert not health.worker(found=marks.found(), as_of=NOW).ok
    alive_for(*queues.TASK_QUEUES)
    assert health.worker(found=marks.found(), as_of=NOW).ok
    heard(NOW - 600 * SECOND)
    assert health.unserved(found=marks.found(), as_of=NOW) == [
        "evidence",
        "reports",
        "messages",
    ]  # a film takes its time
    heard(NOW - 7 * 3600 * SECOND)
    assert health.unserved(found=marks.found(), as_of=NOW) == queues.TASK_QUEUES


@pytest.mark.django_db
def test_the_only_worker_with_long_films_is_late_and_not_dead() -> None:
    """An upgrade asks /readyz: two films on the two children of the only worker must not refuse it."""
    heard(NOW - 3600 * SECOND)
    alive_for(*queues.TASK_QUEUES, films=True)
    assert health.unserved(found=marks.found(), as_of=NOW) == []
    heard(NOW - 7 * 3600 * SECOND)
    assert health.unserved(found=marks.found(), as_of=NOW) == queues.TASK_QUEUES
    heard(NOW - 3600 * SECOND)
    Mark.objects.filter(name__startswith="alive@").update(at=NOW - 60 * SECOND)
    assert health.unserved(found=marks.found(), as_of=NOW) == queues.TASK_QUEUES, "a dead one is dead with films, too"


@pytest.mark.parametrize(
    ("doing", "films"),
    [
        ([], False),
        (["media.transcode", "cms.draw_paper"], True),
        (["media.transcode", "attendance.settle"], False),
        (["another.task"], False),
    ],
)
@pytest.mark.django_db
def test_a_worker_says_whether_it_is_with_films_alone(
    monkeypatch: pytest.MonkeyPatch, doing: list[str], films: bool
) -> None:
    monkeypatch.setattr(tasks, "active_requests", [SimpleNamespace(name=name) for name in doing])
    monkeypatch.setattr(tasks, "_last_alive", -1000.0)
    tasks.worker_lives()
    assert Mark.objects.get(name__startswith="alive@").data["films"] is films


@pytest.mark.django_db
def test_a_live_worker_of_another_queue_speaks_for_itself_alone() -> None:
    heard(NOW - 120 * SECOND)
    alive_for("evidence", "reports")
    assert health.unserved(found=marks.found(), as_of=NOW) == ["media", "messages"]
    assert health.worker(found=marks.found(), as_of=NOW).detail == "media: 120 s ago; messages: 120 s ago"


@pytest.mark.django_db
def test_each_queue_needs_somebody(settings: Any) -> None:
    heard(NOW)
    settings.TASK_QUEUES = ["evidence", "videos"]
    assert health.worker(found=marks.found(), as_of=NOW).detail.startswith("videos: ")
    marks.leave(name="worker@two/videos", as_of=NOW, data={"queue": "videos", "sandbox": "bubblewrap"})
    assert health.worker(found=marks.found(), as_of=NOW).ok


def test_media_agent_is_needed_where_a_lecture_is_on_or_begins_soon(county: County) -> None:
    assert health.media_agent(as_of=NOW).ok  # nobody plans one
    lecture = LectureFactory(occasion__node=county.branch, occasion__starts_at=NOW + dt.timedelta(hours=3),
                             occasion__ends_at=NOW + dt.timedelta(hours=4))  # fmt: skip
    assert health.media_agent(as_of=NOW).ok
    assert not health.media_agent(as_of=lecture.occasion.starts_at - dt.timedelta(minutes=5)).ok
    on = make_live(county)
    assert Lecture.objects.get(pk=on.pk).state == Lecture.State.LIVE
    assert not health.media_agent(as_of=NOW).ok
    MediaNode.objects.create(name="m", url="u", beat_at=NOW - 10 * SECOND)
    assert health.media_agent(as_of=NOW).ok
    assert not health.media_agent(as_of=NOW + 10 * SECOND).ok


def test_redis_that_is_away_is_unready_and_not_an_error(client: Client, settings: Any, alive: None) -> None:
    """Finding: ops 5."""
    settings.METRICS_TOKEN, settings.EMBEDDED, settings.REDIS_URL = TOKEN, False, "redis://127.0.0.1:1/0"
    answer = asked(client)
    assert answer["http"] == 503
    assert answer["checks"]["redis"] == {"ok": False, "detail": redis.ConnectionError.__name__}


def test_without_redis_nobody_asks_for_it(client: Client, settings: Any, alive: None) -> None:
    settings.METRICS_TOKEN, settings.EMBEDDED, settings.REDIS_URL = TOKEN, True, ""
    assert asked(client)["checks"]["redis"] == {"ok": True, "detail": "not used"}


@pytest.mark.django_db
def test_heartbeat_of_beat_and_of_the_worker_are_two_marks_that_stay_two() -> None:
    for _turn in range(3):
        tasks.beat_lives(sender=tasks.HEARTBEAT)
        tasks.beat_lives(sender="another.task")
        tasks.heartbeat.apply()
    names = sorted(Mark.objects.values_list("name", flat=True))
    assert [name.split("@")[0] for name in names] == ["beat", "worker"]
    assert Mark.objects.get(name__startswith="worker@").data["queue"] == "evidence"
    Mark.objects.update(at=timezone.now() - dt.timedelta(days=2))
    marks.leave(name=marks.BACKUP, as_of=NOW)
    tasks.forget_hosts()
    assert list(Mark.objects.values_list("name", flat=True)) == [marks.BACKUP]


@pytest.mark.django_db
def test_tasks_are_counted_by_name(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tasks, "counts", tasks.Counts())

    def sender(name: str) -> Any:
        return type("Task", (), {"name": name})

    for number in range(3):
        tasks.begins(task_id=str(number))
    tasks.ends(sender=sender("a"), task_id="0", state="SUCCESS")
    tasks.fails(sender=sender("b"), task_id="1", exception=ValueError("王一 13800000001"))
    tasks.ends(sender=sender("b"), task_id="1", state="FAILURE")
    tasks.ends(sender=sender("a"), task_id="2", state="SUCCESS")
    tasks.counts.tell()
    # A process of another test may still add up its own.
    ours = TaskCount.objects.filter(name__in=["a", "b"])
    rows = {row.name: (row.done, row.failed, row.error) for row in ours}
    assert rows == {"a": (2, 0, ""), "b": (0, 1, "ValueError")}  # no words of the failure: they may name somebody


@pytest.mark.django_db
def test_metrics_are_hidden_without_the_token(client: Client, settings: Any) -> None:
    settings.METRICS_TOKEN = TOKEN
    assert client.get("/metrics").status_code == 404
    answer = client.get("/metrics", headers={"authorization": f"Bearer {TOKEN}"})
    assert answer.status_code == 200
    assert b"django_http_requests" in answer.content


def test_metrics_say_how_the_site_is_and_little_of_each_view(client: Client, settings: Any, county: County) -> None:
    """Finding: ops 18."""
    settings.METRICS_TOKEN = TOKEN
    heard(timezone.now())
    marks.leave(name=marks.BACKUP, as_of=timezone.now())
    TaskCount.objects.create(name="attendance.settle", done=4, failed=1, seconds=2.5)
    PHONES.set(0)  # a process with rooms; one that renders pages alone does not count phones
    lecture = make_live(county)
    lecture.occasion.roster.filter(member=county.member).update(dirty_at=timezone.now() - 90 * SECOND)
    Job.objects.create(video=Video.objects.create(title="v"))
    for path in ("/healthz", "/offline/", "/"):
        client.get(path)
    lines = told(client)
    names = {line.split("{")[0].split(" ")[0] for line in lines}
    assert lines['site_task_done_total{task="attendance.settle"}'] == 4
    assert lines['site_task_failed_total{task="attendance.settle"}'] == 1
    assert lines['site_jobs{state="queued"}'] == 1
    assert lines["site_lectures_live"] == 1
    assert 85 < lines["site_settle_lag_seconds"] < 120
    assert 0 <= lines['site_heartbeat_age_seconds{part="worker"}'] < 20
    assert 0 <= lines['site_queue_heartbeat_age_seconds{queue="media"}'] < 20
    assert 0 <= lines['site_backup_age_seconds{what="backup"}'] < 20
    assert {"live_phones", "ledger_reconcile_failures_total"} <= names
    of_views = {name for name in names if name.startswith("django_http")}
    assert not [name for name in of_views if "bytes" in name or "transport" in name or "templatename" in name]


def told(client: Client) -> dict[str, float]:
    site._known = []
    text = client.get("/metrics", headers={"authorization": f"Bearer {TOKEN}"}).content.decode()
    rows = (line.rsplit(" ", 1) for line in text.splitlines() if not line.startswith("#"))
    return {name: float(value) for name, value in rows}


def test_scrapes_ask_a_few_questions_and_then_none(
    client: Client, settings: Any, county: County, django_assert_max_num_queries: Any, django_assert_num_queries: Any
) -> None:
    settings.METRICS_TOKEN = TOKEN
    with django_assert_max_num_queries(8):
        told(client)
    with django_assert_num_queries(0):
        client.get("/metrics", headers={"authorization": f"Bearer {TOKEN}"})
