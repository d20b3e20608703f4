"""A course of texts: read for as long as the server saw, said the same everywhere, and finished with its quizzes."""

import datetime as dt
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from attendance.models import Evidence, Notice, Occasion, Record, Rule, WatchSession
from attendance.operations import report_watched, settle_dirty, start_watch
from attendance.operations.gates import record_passed
from attendance.operations.reading import begin_reading, finish_reading
from attendance.queries import credited
from attendance.reminding import owing
from attendance.sentences.rules import rule_of_occasion
from attendance.standing import standings_of
from cms.models import CoursePage, LessonPage
from courses.changes import when_published, when_withdrawn
from courses.models import CourseRun, LessonProgress
from courses.operations import CoursePlan, refresh_length, schedule_course
from courses.queries import courses_asking, runs_expecting, studies_of
from organizations.models import User
from quizzes import operations as quizzes
from quizzes.models import Question, Quiz
from quizzes.queries.taking import answers_of, order_for
from tests.factories.attendance import RuleFactory, TrainingFactory
from tests.factories.cms import CoursePageFactory, LessonPageFactory, key_of, ready_video
from tests.factories.organizations import County, make_county
from tests.factories.quizzes import SINGLE, make_quiz

pytestmark = [pytest.mark.integration, pytest.mark.pages, pytest.mark.django_db]
SignIn = Callable[[User], Client]
TEXT = "<h2>先看路，再出门</h2><p>下雨的时候，不走低洼的路。</p>"


@pytest.fixture
def county() -> County:
    return make_county()


@pytest.fixture
def phone(county: County) -> Client:
    browser = Client()
    browser.force_login(county.member)
    return browser


@pytest.fixture
def sign_in() -> SignIn:
    def enter(user: User) -> Client:
        browser = Client()
        browser.force_login(user)
        return browser

    return enter


def course(county: County, **fields: Any) -> CoursePage:
    return CoursePageFactory(title="防汛须知", node=county.branch, **fields)


def lesson(page: CoursePage, *quiz: Quiz, body: Any = None, **fields: Any) -> LessonPage:
    blocks = [("text", TEXT)] if body is None else body
    made: LessonPage = LessonPageFactory(course=page, body=[*blocks, *(("quiz", one) for one in quiz)], **fields)
    return made


def give(county: County, page: CoursePage) -> CourseRun:
    now = timezone.now()
    training = TrainingFactory(node=county.branch, deadline_at=now + dt.timedelta(days=30))
    plan = CoursePlan(
        training_id=training.pk, node_id=county.branch.pk, starts_at=now - dt.timedelta(hours=2),
        ends_at=now + dt.timedelta(days=20), rule_id=RuleFactory(basis=Rule.Basis.MEDIA).pk,
    )  # fmt: skip
    return schedule_course(page_id=page.pk, plan=plan, as_of=now)


def opened_before(run: CourseRun, seconds: float) -> None:
    """Let the text have been opened so long ago."""
    at = timezone.now() - dt.timedelta(seconds=seconds)
    WatchSession.objects.filter(occasion_id=run.pk).update(started_at=at, last_at=at)


def pass_quiz(quiz: Quiz, member: User) -> None:
    now = timezone.now()
    attempt = quizzes.start_attempt(quiz_id=quiz.pk, member_id=member.pk, as_of=now)
    for answer in answers_of(attempt):
        shown = [order_for(answer).index(place) for place in answer.version.right]
        quizzes.keep_answer(
            quiz_id=quiz.pk, attempt_id=attempt.pk, member_id=member.pk, position=answer.position, picked=shown,
            typed="", seen=0, as_of=now,
        )  # fmt: skip
    quizzes.submit_attempt(quiz_id=quiz.pk, attempt_id=attempt.pk, member_id=member.pk, as_of=now)


def text_of(answer: Any) -> str:
    assert answer.status_code == 200, answer.content.decode()[:400]
    return str(answer.content.decode())


def state_of(run: CourseRun, member: User) -> str:
    settle_dirty(as_of=timezone.now(), member_ids=[member.pk])
    return Record.objects.get(occasion_id=run.pk, member=member).stands


def url_of(run: CourseRun, page: LessonPage | None = None) -> str:
    return f"/courses/{run.pk}/" + (f"{page.pk}/" if page else "")


def test_a_text_is_read_by_staying_and_coming_to_its_end(county: County, phone: Client) -> None:
    page = course(county)
    text = lesson(page)
    run = give(county, page)
    occasion = Occasion.objects.get(pk=run.pk)
    assert (run.reads, occasion.media_items) == (True, {f"r:{text.pk}": 20_000})
    assert "读满 80% 就算学完，文字打开后读够时间" in rule_of_occasion(occasion)
    url = url_of(run, text)
    assert "至少读 16 秒，读到末尾点“读完了”" in text_of(phone.get(url))
    assert "文字，至少读 16 秒，还没有读" in text_of(phone.get(url_of(run)))
    opened_before(run, 5)
    assert "还没有学够，请接着学。" in text_of(phone.post(f"{url}complete/", follow=True))
    said = text_of(phone.get(url))
    assert "已计入 5 秒，还差 11 秒：接着读" in said
    assert not LessonProgress.objects.exists()
    opened_before(run, 60)
    said = text_of(phone.post(f"{url}complete/", follow=True))
    assert f"“{text.title}”已学完。" in said
    assert "这一讲学完了" in said
    assert state_of(run, county.member) == "attended"
    assert LessonProgress.objects.count() == 1
    assert Evidence.objects.filter(kind=Evidence.Kind.WATCHED, media=f"r:{text.pk}").count() == 2
    assert "这一讲学完了" in text_of(phone.get(url))
    assert "读满 80%（16 秒）就算学完" in text_of(phone.get(url_of(run)))


def test_the_end_alone_and_the_time_of_another_text_are_no_reading(county: County, phone: Client) -> None:
    page = course(county)
    first, second = lesson(page), lesson(page)
    run = give(county, page)
    phone.post(f"{url_of(run, first)}complete/")  # never opened
    assert not WatchSession.objects.exists()
    for one in (first, second):
        phone.get(url_of(run, one))
        phone.get(url_of(run, one))  # the page once more: the same reading goes on
    assert WatchSession.objects.count() == 2
    opened_before(run, 60)
    for one in (first, second):
        phone.post(f"{url_of(run, one)}complete/")
    read = studies_of(runs=runs_expecting(member_id=county.member.pk), member_id=county.member.pk, as_of=timezone.now())
    assert [one.is_done for one in read[0].lessons] == [True, False]
    phone.post(f"{url_of(run, first)}complete/")  # twice is once
    assert Evidence.objects.filter(kind=Evidence.Kind.WATCHED).count() == 1


def test_reading_before_it_begins_and_an_old_page_begin_anew(county: County) -> None:
    page = course(county)
    text = lesson(page)
    run, now = give(county, page), timezone.now()
    here = {"occasion_id": run.pk, "member_id": county.member.pk, "media": f"r:{text.pk}"}
    begin_reading(**here, as_of=now - dt.timedelta(hours=1))
    begin_reading(**here, as_of=now)
    assert WatchSession.objects.count() == 2
    finish_reading(**here, as_of=now)  # no time has passed
    assert not Evidence.objects.exists()


def test_the_same_time_is_read_in_one_course_only(county: County) -> None:
    now, ends = timezone.now(), []
    for _one in range(2):
        page = course(county)
        text = lesson(page)
        run = give(county, page)
        ends.append({"occasion_id": run.pk, "member_id": county.member.pk, "media": f"r:{text.pk}"})
    for here in ends:
        begin_reading(**here, as_of=now)
    for here in ends:
        finish_reading(**here, as_of=now + dt.timedelta(minutes=1))
    assert [one.occasion_id for one in Evidence.objects.all()] == [ends[0]["occasion_id"]]


def test_a_player_reports_of_no_text(county: County, phone: Client) -> None:
    page = course(county)
    text = lesson(page)
    run, now = give(county, page), timezone.now()
    asked = {"device": "p", "media": f"r:{text.pk}"}
    answer = phone.post(f"/watch/{run.pk}/play", asked, content_type="application/json")
    assert (answer.status_code, answer.json()["error"]) == (404, "no_media")
    begin_reading(
        occasion_id=run.pk, member_id=county.member.pk, media=f"r:{text.pk}", as_of=now - dt.timedelta(seconds=9)
    )
    told = {"session": WatchSession.objects.get().pk, "id": "w1", "ranges_ms": [[0, 18_000]], "rate": 2.0}
    answer = phone.post(f"/watch/{run.pk}/report", told, content_type="application/json")
    assert (answer.status_code, answer.json()["error"]) == (404, "no_session")
    assert not Evidence.objects.exists()


def test_an_end_waits_for_another_end_of_the_same_reader(county: County) -> None:
    page = course(county)
    text = lesson(page)
    run, now = give(county, page), timezone.now()
    here = {"occasion_id": run.pk, "member_id": county.member.pk, "media": f"r:{text.pk}"}
    begin_reading(**here, as_of=now)
    with CaptureQueriesContext(connection) as asked:
        finish_reading(**here, as_of=now + dt.timedelta(minutes=1))
    reads = [one["sql"] for one in asked.captured_queries if one["sql"].startswith("SELECT")]
    assert "attendance_watchpurse" in reads[0]


def test_a_text_made_longer_is_read_on_from_where_it_was(county: County) -> None:
    page = course(county)
    text = lesson(page)
    run, now = give(county, page), timezone.now()
    here = {"occasion_id": run.pk, "member_id": county.member.pk, "media": f"r:{text.pk}"}
    begin_reading(**here, as_of=now)
    finish_reading(**here, as_of=now + dt.timedelta(minutes=1))
    text.body = [("text", "<p>" + "不走低洼的路。" * 60 + "</p>")]
    text.save_revision().publish()
    length = (Occasion.objects.get(pk=run.pk).media_items or {})[here["media"]]
    assert length > 20_000
    begin_reading(**here, as_of=now + dt.timedelta(minutes=2))
    begin_reading(**here, as_of=now + dt.timedelta(minutes=3))
    finish_reading(**here, as_of=now + dt.timedelta(minutes=9))
    assert WatchSession.objects.count() == 2
    assert credited(**here)[-1][1] == length


def test_who_only_looks_reads_nothing(county: County) -> None:
    page = course(county)
    text = lesson(page)
    run = give(county, page)
    reader = Client()
    reader.force_login(county.organiser)
    text_of(reader.get(url_of(run, text)))
    assert not WatchSession.objects.exists()
    assert reader.post(f"{url_of(run, text)}complete/").status_code == 404


def test_a_lesson_of_text_takes_few_queries(county: County, phone: Client, django_assert_max_num_queries: Any) -> None:
    page = course(county)
    quiz = make_quiz(county.branch, county.organiser, SINGLE)
    text = lesson(page, quiz, asks_quiz=True)
    run = give(county, page)
    phone.get(url_of(run, text))
    with django_assert_max_num_queries(19):
        phone.get(url_of(run, text))


def test_a_quiz_that_is_asked_for_holds_the_course_back_until_it_is_passed(county: County, phone: Client) -> None:
    quiz = make_quiz(county.branch, county.organiser, SINGLE)
    page = course(county)
    text = lesson(page, quiz, asks_quiz=True)
    run = give(county, page)
    occasion = Occasion.objects.get(pk=run.pk)
    assert occasion.gates == {f"q:{quiz.pk}": 0}
    assert "还要通过课里要求的 1 个练习" in rule_of_occasion(occasion)
    url = url_of(run, text)
    assert "还要通过这一讲的练习" in text_of(phone.get(url))
    assert "通过以后，这一讲才算学完" in text_of(phone.get(f"{url}quizzes/{quiz.pk}/"))
    opened_before(run, 60)
    assert "已学够，还要通过这一讲的练习" in text_of(phone.post(f"{url}complete/", follow=True))
    assert state_of(run, county.member) == "pending"
    said = text_of(phone.get(url_of(run)))
    assert "还差 1 个练习" in said
    assert "去做练习" in said
    assert "读满 80%（16 秒），并通过 1 个练习，就算学完" in said
    assert "已学够，还要通过 1 个练习" in text_of(phone.get("/"))
    assert "已学够，还要通过 1 个练习" in text_of(phone.get("/courses/"))
    owed = owing(training_id=occasion.training_id, member_ids=[county.member.pk], as_of=timezone.now())
    said = text_of(phone.get(f"/me/records/{run.pk}/"))
    assert "已学够，还要通过 1 个练习。" in said
    assert "还要通过课里要求的 1 个练习" in said  # the rule, as it is printed
    path = owed[county.member.pk][run.pk]
    assert path.for_secretary.startswith("已看够，可在手机上做练习")
    pass_quiz(quiz, county.member)
    assert "练习" in text_of(phone.get(url))
    assert state_of(run, county.member) == "attended"
    row = Evidence.objects.get(kind=Evidence.Kind.PASSED)
    assert (row.media, row.score, row.member) == (f"q:{quiz.pk}", [1, 1], county.member)
    assert "答对 1 题中的 1 题，通过" in text_of(phone.get(f"/me/records/{run.pk}/"))
    assert "要求的 1 个练习都通过了" not in text_of(phone.get(url_of(run)))  # it is finished


def test_a_quiz_passed_on_its_page_counts_wherever_it_is_asked_for(county: County, phone: Client) -> None:
    quiz = make_quiz(county.branch, county.organiser, SINGLE)
    runs = []
    for _one in range(2):
        page = course(county)
        text = lesson(page, quiz, asks_quiz=True)
        runs.append((give(county, page), text))
    (run, text), (other, _text) = runs
    url = f"{url_of(run, text)}quizzes/{quiz.pk}/"
    pass_quiz(quiz, county.member)
    phone.post(url, {"do": "start"})
    assert set(Evidence.objects.values_list("occasion_id", flat=True)) == {run.pk, other.pk}
    phone.post(url, {"do": "start"})
    assert Evidence.objects.count() == 2


def test_who_had_finished_before_a_quiz_was_asked_for_stays_finished(county: County, phone: Client) -> None:
    page, video = course(county), ready_video()
    watched = lesson(page, body=[("video", video)])
    run = give(county, page)

    def watch(member: User, until: int) -> None:
        began, at = timezone.now() - dt.timedelta(minutes=30), timezone.now()
        session = start_watch(
            occasion_id=run.pk, member_id=member.pk, device="p", media=key_of(video), as_of=began
        ).session_id
        report_watched(
            session_id=session, member_id=member.pk, client_id=f"w{member.pk}{until}", ranges_ms=[[0, until]], rate=1.0,
            position_ms=until, as_of=at,
        )  # fmt: skip

    watch(county.members[0], 60_000)
    watch(county.members[1], 10_000)
    quiz = make_quiz(county.branch, county.organiser, SINGLE)
    watched.asks_quiz = True
    watched.body = [("video", video), ("quiz", quiz)]
    uses = when_published(watched, user=county.organiser, as_of=timezone.now())
    assert "还要通过 1 个练习" in uses[0].text
    watched.save_revision().publish()
    assert state_of(run, county.members[0]) == "attended"
    assert state_of(run, county.members[1]) == "pending"
    # Thought better of, and again: whoever finished in between is asked for nothing either.
    for asks, state in ((False, "attended"), (True, "attended")):
        watched = LessonPage.objects.get(pk=watched.pk)
        watched.asks_quiz = asks
        watched.save_revision().publish()
        watch(county.members[1], 60_000)
        assert state_of(run, county.members[1]) == state
    watch(county.members[2], 60_000)
    assert state_of(run, county.members[2]) == "pending"
    # A withdrawn course goes on asking for its quizzes, should it come back.
    withdrawn = when_withdrawn([page], user=county.organiser, as_of=timezone.now())
    assert [one.text for one in withdrawn if "练习" in one.text] == []
    quizzes.withdraw_quiz(quiz_id=quiz.pk, as_of=timezone.now())


@pytest.mark.django_db(transaction=True)
def test_a_quiz_that_nobody_can_begin_is_asked_of_nobody(county: County) -> None:
    quiz = make_quiz(county.branch, county.organiser, SINGLE)
    page = course(county)
    lesson(page, quiz, asks_quiz=True)
    run = give(county, page)
    for verb, gates in (("withdraw", {}), ("offer", {f"q:{quiz.pk}": 0})):
        if verb == "withdraw":
            quizzes.withdraw_quiz(quiz_id=quiz.pk, as_of=timezone.now())
        else:
            quizzes.offer_quiz_again(quiz_id=quiz.pk)
        assert Occasion.objects.get(pk=run.pk).gates == gates


def test_a_course_that_is_published_again_lets_nobody_off_its_quiz(county: County, phone: Client) -> None:
    quiz = make_quiz(county.branch, county.organiser, SINGLE)
    page = course(county)
    text = lesson(page, quiz, asks_quiz=True)
    run, held = give(county, page), {f"q:{quiz.pk}": 0}
    phone.get(url_of(run, text))
    opened_before(run, 60)
    phone.post(f"{url_of(run, text)}complete/")
    for shown in (page, text):  # the whole course, and all that it shows
        shown.refresh_from_db()
        shown.unpublish()
        assert Occasion.objects.get(pk=run.pk).media_items == {}
        assert Occasion.objects.get(pk=run.pk).gates == held
        shown.save_revision().publish()
        assert Occasion.objects.get(pk=run.pk).gates == held
    assert state_of(run, county.member) == "pending"


@pytest.mark.parametrize("state", ["closed", "settled"])
def test_a_quiz_withdrawn_in_the_make_up_is_asked_no_more(county: County, phone: Client, state: str) -> None:
    quiz = make_quiz(county.branch, county.organiser, SINGLE)
    page = course(county)
    text = lesson(page, quiz, asks_quiz=True)
    run, now = give(county, page), timezone.now()
    phone.get(url_of(run, text))
    opened_before(run, 60)
    phone.post(f"{url_of(run, text)}complete/")
    of = Occasion.objects.filter(pk=run.pk)
    of.update(
        state=state, ends_at=now - dt.timedelta(hours=1), window_end_at=now - dt.timedelta(hours=1),
        make_up_until_at=now + dt.timedelta(days=9),
    )  # fmt: skip
    items = of.get().media_items
    assert state_of(run, county.member) != "attended"
    other = make_quiz(county.branch, county.organiser, SINGLE)
    quizzes.withdraw_quiz(quiz_id=quiz.pk, as_of=now)
    assert courses_asking(quiz_id=quiz.pk, as_of=now) == [page.pk]
    refresh_length(page_ids=[page.pk], as_of=now)
    assert (of.get().gates, of.get().media_items) == ({}, items)
    assert state_of(run, county.member) in ("attended", "made_up")
    text.body = [("text", TEXT * 9), ("quiz", other)]  # what comes later is not asked of who makes up
    text.save_revision().publish()
    assert (of.get().gates, of.get().media_items) == ({}, items)
    assert courses_asking(quiz_id=other.pk, as_of=now + dt.timedelta(days=10)) == []


@pytest.mark.django_db(transaction=True)
def test_a_quiz_with_nothing_to_draw_is_asked_of_nobody(county: County) -> None:
    quiz = make_quiz(county.branch, county.organiser, SINGLE)
    page = course(county)
    lesson(page, quiz, asks_quiz=True)
    run, question = give(county, page), Question.objects.get()
    held = {f"q:{quiz.pk}": 0}
    quizzes.withdraw_question(question_id=question.pk, as_of=timezone.now())
    assert Occasion.objects.get(pk=run.pk).gates == {}
    quizzes.offer_question_again(question_id=question.pk)
    assert Occasion.objects.get(pk=run.pk).gates == held


def test_who_changes_a_quiz_reads_which_courses_ask_for_it(county: County, sign_in: SignIn) -> None:
    quiz = make_quiz(county.branch, county.organiser, SINGLE)
    page = course(county)
    lesson(page, quiz, asks_quiz=True)
    run = give(county, page)
    office, url = sign_in(county.organiser), reverse("quizzes_quiz", args=[quiz.pk])
    for _one in range(2):  # also before it is restored
        said = text_of(office.get(url))
        assert f"培训“{run.occasion.training.title}”" in said
        assert "要求通过它" in said
        quizzes.withdraw_quiz(quiz_id=quiz.pk, as_of=timezone.now())


def test_nothing_is_kept_of_who_is_not_expected_or_not_asked(county: County) -> None:
    page = course(county)
    lesson(page)
    run, now = give(county, page), timezone.now()
    passed = {"right": 1, "of": 1, "passed_at": now, "as_of": now, "key": "q:1"}
    assert not record_passed(occasion_id=run.pk, member_id=county.member.pk, **passed)
    Occasion.objects.filter(pk=run.pk).update(gates={"q:1": 0})
    assert not record_passed(occasion_id=run.pk, member_id=county.neighbour_member.pk, **passed)
    assert record_passed(occasion_id=run.pk, member_id=county.member.pk, **passed)
    assert not record_passed(occasion_id=run.pk, member_id=county.member.pk, **passed)


def test_an_optional_lesson_is_never_asked_for(county: County, phone: Client) -> None:
    page, video, beside = course(county), ready_video(), ready_video()
    quiz = make_quiz(county.branch, county.organiser, SINGLE)
    asked = lesson(page, body=[("video", video)])
    optional = lesson(page, quiz, body=[("video", beside)], is_optional=True, asks_quiz=True)
    run = give(county, page)
    occasion = Occasion.objects.get(pk=run.pk)
    assert (occasion.media_items, occasion.gates, run.reads) == ({key_of(video): 60_000}, {}, False)
    assert "选修，学不学都行" in text_of(phone.get(url_of(run)))
    shown = phone.get(url_of(run, optional))
    assert "这一讲是选修" in text_of(shown)
    assert (shown.context["player"]["records"], shown.context["player"]["is_uncounted"]) == (False, True)
    study = studies_of(runs=[run], member_id=county.member.pk, as_of=timezone.now())[0]
    assert study.next is not None
    assert study.next.lesson.page.pk == asked.pk
    optional.is_optional = False
    optional.save_revision().publish()
    assert Occasion.objects.get(pk=run.pk).media_ms == 120_000


def test_what_is_missing_is_told_in_reminders(county: County, phone: Client) -> None:
    quiz = make_quiz(county.branch, county.organiser, SINGLE)
    page = course(county)
    text = lesson(page, quiz, asks_quiz=True)
    run = give(county, page)
    phone.get(url_of(run, text))
    opened_before(run, 60)
    phone.post(f"{url_of(run, text)}complete/")
    occasion = Occasion.objects.select_related("rule", "training").get(pk=run.pk)
    stand = standings_of(occasions=[occasion], member_id=county.member.pk, as_of=timezone.now())[run.pk]
    assert (stand.quizzes_left, stand.owes_check, stand.is_undone) == (1, False, True)
    assert replace(stand, check=None).quizzes_left == 0
    Notice.objects.create(
        member=county.member, kind="due_soon", occasion=occasion, training=occasion.training, at=timezone.now(),
        data={"at": timezone.now().isoformat(), "quiz": True},
    )  # fmt: skip
    assert "还要通过课里的练习" in text_of(phone.get("/me/notices/"))


def test_a_quiz_taken_out_meanwhile_is_said_to_whoever_took_it(county: County, phone: Client, sign_in: SignIn) -> None:
    quiz = make_quiz(county.branch, county.organiser, SINGLE)
    page = course(county)
    text = lesson(page, quiz)
    run = give(county, page)
    url = f"{url_of(run, text)}quizzes/{quiz.pk}/"
    phone.post(url, {"do": "start"})
    text.body = [("text", TEXT)]
    text.save_revision().publish()
    assert "已经从这一讲里拿掉了" in text_of(phone.get(url, follow=True))
    assert "已经从这一讲里拿掉了" in text_of(phone.post(url, {"do": "submit"}, follow=True))
    assert sign_in(county.members[1]).get(url).status_code == 404
    assert phone.get(f"{url_of(run, text)}quizzes/999/").status_code == 404


def test_a_spent_quiz_that_is_asked_for_says_who_helps(county: County, phone: Client) -> None:
    quiz = make_quiz(county.branch, county.organiser, SINGLE, most_attempts=1)
    page = course(county)
    text = lesson(page, quiz, asks_quiz=True)
    run = give(county, page)
    attempt = quizzes.start_attempt(quiz_id=quiz.pk, member_id=county.member.pk, as_of=timezone.now())
    quizzes.submit_attempt(quiz_id=quiz.pk, attempt_id=attempt.pk, member_id=county.member.pk, as_of=timezone.now())
    assert "由组织员放宽次数或者安排集中收看" in text_of(phone.get(f"{url_of(run, text)}quizzes/{quiz.pk}/"))


def test_text_that_goes_is_said_before(county: County, phone: Client) -> None:
    page = course(county)
    text, other = lesson(page), lesson(page)
    run = give(county, page)
    phone.get(url_of(run, text))
    opened_before(run, 60)
    phone.post(f"{url_of(run, text)}complete/")
    uses = when_withdrawn([text], user=county.organiser, as_of=timezone.now())
    assert "1 人学过撤下的内容" in uses[0].text
    assert other.live


def test_an_optional_text_is_finished_by_saying_so(county: County, phone: Client) -> None:
    page = course(county)
    lesson(page)
    beside = lesson(page, is_optional=True)
    run = give(county, page)
    url = url_of(run, beside)
    assert "我学完了这一讲" in text_of(phone.get(url))
    assert not WatchSession.objects.exists()
    phone.post(f"{url}complete/")
    assert "这一讲学完了" in text_of(phone.get(url))
    assert "选修，学不学都行" in text_of(phone.get(url_of(run)))
