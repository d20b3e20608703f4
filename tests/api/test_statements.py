"""Statements: what is written down when people learn, and how it comes to a record store that speaks the protocol."""

import datetime as dt
import io
import threading
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from api import operations as do
from api import sending
from api.core.delivery import PAUSES_S
from api.core.statements import id_of
from api.models import Statement, Store
from api.operations import forwarding
from api.queries.statements import personal_data
from api.tasks import forward, prune_statements
from attendance import events
from attendance.models import Occasion, Record, RosterEntry
from attendance.operations import correct_record, settle, void_occasion
from config import doctor
from config.doctor.work import _statements
from config.lrs_settings import Lrs
from courses.operations import complete_lesson, state_lessons_again
from organizations.models import User
from quizzes import operations as quizzes
from quizzes import sentences
from tests.api.conftest import World
from tests.api.lrs import Lrs as Server
from tests.api.lrs import check, lrs_serving
from tests.attendance.people import expect
from tests.factories.cms import LessonPageFactory
from tests.factories.courses import give_course, watch
from tests.factories.quizzes import SINGLE, make_quiz

pytestmark = [pytest.mark.integration, pytest.mark.django_db]
S = Statement.State
MINUTE = dt.timedelta(minutes=1)
DAY = dt.timedelta(days=1)


@pytest.fixture
def lrs(settings: Any) -> Iterator[Server]:
    with lrs_serving() as found:
        settings.LRS = Lrs(found.url, "site", "secret", quizzes=True)
        yield found


def changed(world: World, *members: User) -> None:
    ids = [one.pk for one in members or world.county.members]
    events.tell(events.standing_changed, occasion_id=world.occasion.pk, member_ids=ids)


def send(as_of: dt.datetime | None = None) -> int:
    now = as_of or timezone.now()
    return do.forward(as_of=now, clock=lambda: now)


def rows() -> list[Statement]:
    return list(Statement.objects.order_by("pk"))


def fill(world: World, count: int, *, title: str = "课") -> list[Statement]:
    """Waiting statements, well made but for nothing."""
    changed(world, world.county.members[0])
    model = rows()[-1]
    made = []
    for number in range(count):
        name = str(id_of(site="https://test.example", key=f"{title} {number}"))
        thing = {**model.body["object"], "definition": {**model.body["object"]["definition"]}}
        thing["definition"]["name"] = {"zh-CN": f"{title} {number}"}
        body = {**model.body, "id": name, "object": thing}
        made.append(Statement(uuid=name, kind="lesson", member=model.member, at=timezone.now(), body=body))
    Statement.objects.filter(pk=model.pk).delete()
    return Statement.objects.bulk_create(made)


# --- what is written ----------------------------------------------------------------------------------------------


def test_nothing_is_written_or_asked_where_no_store_is_set_up(world: World, settings: Any) -> None:
    assert settings.LRS.url == ""
    with CaptureQueriesContext(connection) as sql:
        changed(world)
        do.recall_occasion(occasion_id=world.occasion.pk)
        do.note_attempt(attempt_id=1)
        assert send() == 0
    assert [one["sql"] for one in sql if "api_st" in one["sql"]] == []
    assert list(_statements(timezone.now())) == []
    with pytest.raises(CommandError, match="LRS_URL"):
        call_command("send_statements", "--from", "2026-01-01")


def test_who_attended_is_stated_once_by_a_number_of_ours(world: World, lrs: Server, settings: Any) -> None:
    changed(world)
    with CaptureQueriesContext(connection) as sql:
        changed(world)
    assert len([one for one in sql if "api_statement" in one["sql"]]) <= 2
    (row,) = rows()
    member = world.county.members[0]
    assert (row.member, row.kind, row.stands, row.state) == (member, "record", True, S.WAITING)
    check(row.body)
    assert row.body["actor"]["account"] == {"homePage": settings.SITE_URL, "name": str(member.public_id)}
    assert member.name not in str(row.body)
    assert row.body["verb"]["id"].endswith("/attended")
    assert row.body["result"] == {
        "completion": True, "duration": "PT1H", "extensions": {f"{settings.SITE_URL}/xapi/hours": 1.0},
    }  # fmt: skip
    assert row.body["timestamp"] <= timezone.now().isoformat()
    assert send() == 1
    assert lrs.standing() == [("attended", world.occasion.title)]
    (own,) = personal_data(member)["statements"]
    assert (own["uuid"], own["sent_at"] is not None) == (row.uuid, True)
    assert personal_data(world.county.members[1]) == {"statements": []}


@pytest.mark.parametrize(
    ("people", "number", "account", "name"),
    [("number", "D-7", "D-7", None), ("number", None, None, None), ("name", "D-7", None, "赵一")],
)
def test_people_are_named_as_the_setting_says(
    world: World, lrs: Server, settings: Any, people: str, number: str | None, account: str | None, name: str | None
) -> None:
    settings.LRS = replace(settings.LRS, people=people)
    member = world.county.members[0]
    User.objects.filter(pk=member.pk).update(number=number, name="赵一")
    changed(world)
    (row,) = rows()
    check(row.body)
    assert row.body["actor"]["account"]["name"] == account or str(member.public_id)
    assert row.body["actor"].get("name") == name


def test_while_a_lecture_runs_nobody_is_judged(world: World, lrs: Server) -> None:
    Occasion.objects.filter(pk=world.occasion.pk).update(state=Occasion.State.OPEN)
    changed(world)
    assert rows() == []


def test_who_is_on_the_roster_without_a_record_is_left_out(world: World, lrs: Server) -> None:
    expect(world.occasion, world.chief, world.county.branch)
    changed(world, world.chief)
    assert rows() == []


def test_another_verdict_takes_the_first_back(world: World, lrs: Server) -> None:
    """Through the door: a secretary corrects, and corrects again."""
    member = world.county.members[0]
    changed(world)
    send()
    asked = {"occasion_id": world.occasion.pk, "member_id": member.pk, "author_id": world.chief.pk}
    correct_record(**asked, state="missing", reason="不在场", as_of=timezone.now())
    assert [(one.stands, one.recalled) for one in rows()] == [(False, True)]
    assert send() == 1
    assert (lrs.standing(), len(lrs.voided)) == ([], 1)
    correct_record(**asked, state="made_up", reason="补学了", as_of=timezone.now() + MINUTE)
    assert send(timezone.now() + 2 * MINUTE) == 1
    assert lrs.standing() == [("completed", world.occasion.title)]
    assert [one.kind for one in rows()] == ["record", "voiding", "record"]


def test_what_was_refused_needs_no_voiding(world: World, lrs: Server) -> None:
    changed(world)
    Statement.objects.update(state=S.REFUSED)
    Record.objects.filter(member=world.county.members[0]).update(stands="missing")
    changed(world)
    assert (do.write_voidings(as_of=timezone.now()), len(rows())) == (0, 1)


def test_a_void_occasion_is_taken_back_whole(world: World, lrs: Server) -> None:
    Record.objects.filter(member__in=world.county.members).update(stands="attended", stands_hours=1)
    changed(world)
    assert send() == 3
    void_occasion(occasion_id=world.occasion.pk, reason="放错了", voided_by_id=world.chief.pk, as_of=timezone.now())
    assert send() == 3
    assert (lrs.standing(), len(lrs.voided)) == ([], 3)


def test_lessons_and_a_course(world: World, lrs: Server) -> None:
    """A film counts, a text is read; the course is completed by the ledger's verdict."""
    county = world.county
    given = give_course(county.branch)
    text = LessonPageFactory(course=given.page, title="读一读", body=[("text", "<p>读</p>")])
    watch(given, county.member, (0, 48_000))
    asked = {"occasion_id": given.run.pk, "member_id": county.member.pk}
    for lesson in (given.lesson, text, text):
        complete_lesson(**asked, lesson_id=lesson.pk, as_of=timezone.now())
    settle(occasion_id=given.run.pk, member_ids=[county.member.pk], as_of=timezone.now())
    send()
    title = given.run.occasion.title
    assert sorted(lrs.standing()) == sorted(
        [("completed", given.lesson.title), ("experienced", "读一读"), ("completed", title)]
    )
    lesson = next(one for one in lrs.held.values() if one["object"]["definition"]["name"]["zh-CN"] == "读一读")
    assert lesson["context"]["contextActivities"]["parent"][0]["definition"]["name"] == {"zh-CN": title}
    before = {str(row.uuid) for row in rows()}
    Statement.objects.exclude(kind="record").delete()
    state_lessons_again(since=timezone.now() - DAY)
    assert {str(row.uuid) for row in rows()} == before


@pytest.mark.parametrize(("picked", "verb", "right"), [(0, "passed", 1), (1, "failed", 0)])
def test_a_quiz(world: World, lrs: Server, picked: int, verb: str, right: int) -> None:
    county = world.county
    quiz = make_quiz(county.county, county.organiser, SINGLE)
    now = timezone.now()
    attempt = quizzes.start_attempt(quiz_id=quiz.pk, member_id=county.member.pk, as_of=now - MINUTE)
    attempt.answers.update(is_right=not picked)
    for _once in range(2):
        quizzes.submit_attempt(quiz_id=quiz.pk, attempt_id=attempt.pk, member_id=county.member.pk, as_of=now)
    assert send() == 1
    (said,) = lrs.held.values()
    assert said["verb"]["id"].endswith(verb)
    assert said["result"]["score"] == {"scaled": float(right), "raw": right, "min": 0, "max": 1}
    assert (said["result"]["success"], said["result"]["duration"]) == (bool(right), "PT1M")


def test_quizzes_stay_here_unless_their_people_are_told_so(world: World, lrs: Server, settings: Any) -> None:
    told = [sentences.counts_words(asked) for asked in (True, False)]
    assert all("学习记录库" in one for one in told)
    settings.LRS = replace(settings.LRS, quizzes=False)
    assert all("只有您自己看得到" in sentences.counts_words(asked) for asked in (True, False))
    quiz = make_quiz(world.county.county, world.county.organiser, SINGLE)
    now, member = timezone.now(), world.county.member
    attempt = quizzes.start_attempt(quiz_id=quiz.pk, member_id=member.pk, as_of=now)
    quizzes.submit_attempt(quiz_id=quiz.pk, attempt_id=attempt.pk, member_id=member.pk, as_of=now)
    do.state_again(since=now - DAY, as_of=now)
    assert not Statement.objects.filter(kind=Statement.Kind.QUIZ).exists()
    client = Client()
    client.force_login(member)
    assert "学习记录库" in client.get("/me/access/").content.decode()


# --- sending ------------------------------------------------------------------------------------------------------


def test_hundreds_go_in_hundreds_and_by_a_token(world: World, lrs: Server, settings: Any) -> None:
    settings.LRS = Lrs(lrs.url, token="t0k3n")
    fill(world, 230)
    assert send() == 230
    assert lrs.requests == [200, 200, 200]
    assert send() == 0
    assert len(lrs.requests) == 3


def test_poison_is_set_apart_and_told_and_blocks_nothing(world: World, lrs: Server) -> None:
    fill(world, 20)
    fill(world, 2, title="毒")
    fill(world, 20, title="后")
    lrs.poison = "毒"
    assert send() == 40
    apart = list(Statement.objects.filter(state=S.REFUSED))
    assert [(one.error, "毒" in str(one.body)) for one in apart] == [("poison it is", True)] * 2
    assert Store.objects.get().failing_since is None
    (fine, told) = list(_statements(timezone.now()))
    assert (fine.what, told.level) == ("没有积压。", doctor.Level.CARE)
    assert "有 2 条对方不收，已经放在一边：poison it is" in told.what
    lrs.poison = ""
    out = io.StringIO()
    call_command("send_statements", "--from", f"{timezone.localdate():%Y-%m-%d}", stdout=out)
    assert "条学习记录等待发送到 http://127.0.0.1" in out.getvalue()
    send()
    assert not Statement.objects.exclude(state=S.SENT).exists()


def test_one_that_is_alone_and_poison_is_set_apart_too(world: World, lrs: Server) -> None:
    fill(world, 1, title="毒")
    lrs.poison = "毒"
    assert send() == 0
    assert rows()[0].state == S.REFUSED


def test_a_store_that_refuses_everything_has_refused_nothing(world: World, lrs: Server) -> None:
    fill(world, 50)
    lrs.status = 400
    now = timezone.now()
    assert send(now) == 0
    assert Statement.objects.filter(state=S.WAITING).count() == 50
    row = Store.objects.get()
    assert (row.status, row.error, row.failures) == (400, "no", 1)
    lrs.status = 0
    assert send(now) == 0  # it waits
    assert send(now + MINUTE) == 50


@pytest.mark.parametrize(
    ("status", "step"),
    [(401, "账号或密码不对"), (403, "不能写入"), (404, "只写到 /statements 以前"), (503, "会自己接着发")],
)
def test_a_store_that_does_not_let_us_in_is_asked_again_later(
    world: World, lrs: Server, status: int, step: str
) -> None:
    fill(world, 3)
    lrs.status = status
    now = timezone.now()
    for count, pause in enumerate((*PAUSES_S[:4], PAUSES_S[3]), 1):
        assert send(now) == 0
        now += dt.timedelta(seconds=pause - 1)
        assert send(now) == 0
        assert len(lrs.requests) == count
        now += dt.timedelta(seconds=1)
    (told,) = list(_statements(now))
    assert told.level == doctor.Level.CARE
    assert f"（{status} no），3 条等待发送" in told.what
    assert step in told.next_step
    lrs.status = 0
    assert send(now) == 3
    (told,) = list(_statements(now))
    assert told.level == doctor.Level.FINE


def test_what_arrived_without_an_answer_is_no_second_statement(world: World, lrs: Server) -> None:
    fill(world, 3)
    lrs.loses = True
    now = timezone.now()
    assert send(now) == 0
    assert (len(lrs.held), Store.objects.get().error) == (3, "connection")
    (told,) = list(_statements(now + MINUTE))
    assert "连不上" in told.what
    lrs.loses = False
    assert send(now + MINUTE) == 3
    assert len(lrs.held) == 3


def test_what_the_store_has_in_other_words_is_done(world: World, lrs: Server) -> None:
    made = fill(world, 4)
    lrs.held[str(made[1].body["id"])] = {**made[1].body, "timestamp": "2020-01-01T00:00:00+00:00"}
    assert send() == 4
    assert {row.state for row in rows()} == {S.SENT}


def test_nobody_listens_or_there_is_no_such_name(world: World, lrs: Server, settings: Any) -> None:
    fill(world, 1)
    now = timezone.now()
    for url, error in (("http://127.0.0.1:9/xapi", "connection"), ("https://lrs.invalid/xapi", "unknown")):
        settings.LRS = replace(settings.LRS, url=url)
        assert send(now) == 0
        assert Store.objects.get().error == error
        now += 10 * MINUTE


def test_a_store_that_hangs_is_cut(world: World, lrs: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    fill(world, 1)
    monkeypatch.setattr(sending, "WHOLE_S", 0.2)

    def hang(path: str, headers: Any, body: bytes) -> tuple[int, Any]:
        threading.Event().wait(1)
        return 500, ""

    monkeypatch.setattr(lrs, "answer", hang)
    outcome = sending.post_to_store(url=lrs.url, body=b"[]", headers={})
    assert outcome.error == "slow"


def test_one_process_sends_at_a_time_and_a_turn_ends(world: World, lrs: Server) -> None:
    fill(world, 250)
    now = timezone.now()
    row = Store.objects.create(pk=1, busy_until=now + MINUTE)
    assert send(now) == 0
    times = iter(now + 2 * MINUTE + dt.timedelta(seconds=s) for s in (0, 0, 1, 80, 81, 82, 83))
    assert do.forward(as_of=now + 2 * MINUTE, clock=lambda: next(times)) == 100
    row.refresh_from_db()
    assert row.busy_until is None
    (told,) = list(_statements(now + 60 * MINUTE))
    assert told.what.startswith("150 条等待发送，最早的一条已经等了")
    assert next(_statements(now + MINUTE)).what == "150 条等待发送。"


# --- later --------------------------------------------------------------------------------------------------------


def test_words_go_after_a_month_and_come_again(world: World, lrs: Server) -> None:
    """What may have to be taken back keeps its row; asked for again, it says the same with the same id."""
    changed(world)
    fill(world, 1)
    assert do.prune_statements(as_of=timezone.now() + 60 * DAY) == 0  # it has not arrived
    changed(world)
    send()
    held = dict(lrs.held)
    assert do.prune_statements(as_of=timezone.now() + 31 * DAY) == 2
    (row,) = rows()
    assert (row.body, row.stands, row.state) == (None, True, S.SENT)
    lrs.held.clear()
    do.state_again(since=timezone.now() - DAY, as_of=timezone.now())
    send()
    (said,) = lrs.held.values()
    assert {**said, "timestamp": ""} == {**held[said["id"]], "timestamp": ""}
    Record.objects.filter(member=world.county.members[0]).update(stands="missing")
    changed(world)
    send()
    assert lrs.voided == {said["id"]}


def test_a_new_store_gets_what_happened_before_it(world: World, lrs: Server, settings: Any) -> None:
    store, settings.LRS = settings.LRS, Lrs()
    changed(world)
    quiz = make_quiz(world.county.county, world.county.organiser, SINGLE)
    now = timezone.now()
    attempt = quizzes.start_attempt(quiz_id=quiz.pk, member_id=world.county.member.pk, as_of=now)
    quizzes.submit_attempt(quiz_id=quiz.pk, attempt_id=attempt.pk, member_id=world.county.member.pk, as_of=now)
    assert rows() == []
    settings.LRS = store
    for _twice in range(2):
        assert do.state_again(since=now - DAY, as_of=now) == 2
    send()
    assert sorted(verb for verb, _title in lrs.standing()) == ["attended", "failed"]
    assert RosterEntry.objects.filter(occasion=world.occasion).count() > 2


@pytest.mark.parametrize(("first", "said"), [("gestern", "2026-01-01"), ("2999-01-01", "不能晚于今天")])
def test_a_day_that_is_none(lrs: Server, first: str, said: str) -> None:
    with pytest.raises(CommandError, match=said):
        call_command("send_statements", "--from", first)


def test_the_clock_does_it(world: World, lrs: Server) -> None:
    fill(world, 1)
    forward()
    assert len(lrs.held) == 1
    Statement.objects.update(sent_at=timezone.now() - 40 * DAY)
    prune_statements()
    assert rows() == []
    assert forwarding.KEPT == 30 * DAY
