"""What members meet where a lesson or a course was withdrawn, and what becomes of their minutes."""

import datetime as dt
from typing import Any

import pytest
from django.core.files.base import ContentFile
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from wagtail.documents.models import Document

from attendance.models import Occasion, Record
from attendance.operations import close_occasion, settle
from attendance.queries import judged
from attendance.standing import standings_of
from cms.models import CoursePage, LessonPage
from courses.models import LessonProgress
from courses.permissions import may_watch_video
from courses.queries import runs_expecting, studies_of
from media.models import Video
from organizations.models import User
from tests.factories.cms import LessonPageFactory, ready_video
from tests.factories.courses import Given, give_course, watch
from tests.factories.organizations import County

pytestmark = [pytest.mark.integration, pytest.mark.pages, pytest.mark.django_db]
SENTENCE = "这一讲老师正在修改"


def page_of(client: Client, user: Any, url: str) -> Any:
    client.force_login(user)
    return client.get(url)


def words(response: Any) -> str:
    return str(response.content.decode())


def withdraw(page: Any) -> None:
    type(page).objects.get(pk=page.pk).unpublish()


def republish(page: Any) -> None:
    type(page).objects.get(pk=page.pk).save_revision().publish()


def stand(given: Given, member: User) -> Any:
    occasion = Occasion.objects.select_related("rule").get(pk=given.run.pk)
    return standings_of(occasions=[occasion], member_id=member.pk, as_of=timezone.now())[given.run.pk]


def test_a_withdrawn_course_says_so_everywhere_and_never_404(client: Client, world: County, given: Given) -> None:
    """Finding: organiser 12."""
    watch(given, world.member, (0, 10_000))
    withdraw(given.page)
    base = f"/courses/{given.run.pk}/"
    for url, sentence in (
        ("/", "老师正在修改这门课"),
        ("/courses/", "老师正在修改这门课"),
        (base, "老师正在修改这门课"),
        (f"{base}{given.lesson.pk}/", SENTENCE),
    ):
        page = page_of(client, world.member, url)
        assert (page.status_code, sentence in words(page)) == (200, True), url
        assert "还差" not in words(page), url
        assert "视频还在处理" not in words(page), url
    for url in (base, f"{base}{given.lesson.pk}/"):
        assert page_of(client, world.neighbour_member, url).status_code == 404
        assert page_of(client, world.organiser, url).status_code == 200


def test_a_withdrawn_lesson_leads_on_to_the_next(client: Client, world: County, given: Given) -> None:
    other = LessonPageFactory(course=given.page, title="第二讲", body=[("video", ready_video(duration_ms=30_000))])
    other.save_revision().publish()
    withdraw(given.lesson)
    page = words(page_of(client, world.member, f"/courses/{given.run.pk}/{given.lesson.pk}/"))
    assert SENTENCE in page
    assert f"/courses/{given.run.pk}/{other.pk}/" in page
    course = page_of(client, world.member, f"/courses/{given.run.pk}/")
    assert f"{SENTENCE}，学过的都保存着" in words(course)
    # The same number on every page: what is left of the second lesson.
    assert course.context["study"].amount.left_ms == 24_000 == stand(given, world.member).amount.left_ms
    for url in ("/", "/courses/", f"/courses/{given.run.pk}/"):
        assert "还差 24 秒" in words(page_of(client, world.member, url)), url


@pytest.mark.parametrize("how", ["withdrawn", "deleted", "moved"])
def test_an_old_link_its_player_and_its_document_say_what_happened(
    client: Client, world: County, given: Given, how: str, var_dir: Any
) -> None:
    document = Document(title="手册")
    document.file.save("a.pdf", ContentFile(b"%PDF"))
    lesson = LessonPage.objects.get(pk=given.lesson.pk)
    lesson.body = [("video", given.video), ("document", document)]
    lesson.save_revision().publish()
    url = f"/courses/{given.run.pk}/{lesson.pk}/"
    assert page_of(client, world.member, f"{url}documents/{document.pk}/").status_code == 200
    lesson = LessonPage.objects.get(pk=lesson.pk)
    if how == "withdrawn":
        lesson.unpublish()
    elif how == "deleted":
        lesson.delete(user=world.organiser)
    else:
        lesson.move(CoursePage.objects.get(pk=give_course(world.neighbour).page.pk), pos="last-child")
    for address in (url, f"{url}documents/{document.pk}/"):
        page = page_of(client, world.member, address)
        assert (page.status_code, SENTENCE in words(page)) == (200, True)
        assert page_of(client, world.neighbour_secretary, address).status_code == 404
    answer = page_of(client, world.member, f"{url}media.json")
    assert (answer.status_code, answer.json()["error"]) == (410, "withdrawn")
    assert SENTENCE in answer.json()["message"]
    client.force_login(world.member)
    script = client.get(url, headers={"Accept": "application/json"})
    assert (script.status_code, script.json()) == (410, answer.json())
    assert not may_watch_video(world.member.pk, str(given.video.pk))
    assert page_of(client, world.member, f"/courses/{given.run.pk}/999999/").status_code == 404


def test_what_never_was_in_the_course_is_not_called_withdrawn(client: Client, world: County, given: Given) -> None:
    """Neither any number, nor a lesson of another course, deleted or not, nor a draft that nobody read."""
    other = give_course(world.neighbour)
    gone = LessonPageFactory(course=other.page)
    LessonPage.objects.get(pk=gone.pk).delete(user=world.organiser)
    draft = LessonPageFactory(course=given.page, live=False)
    deleted_draft = LessonPageFactory(course=given.page, live=False)
    LessonPage.objects.get(pk=deleted_draft.pk).delete(user=world.organiser)
    never = [other.lesson.pk, gone.pk, given.page.pk, other.page.pk, draft.pk, deleted_draft.pk, 999_999]
    for is_live in (True, False):
        if not is_live:
            withdraw(given.page)
        for key in never:
            for address in (f"/courses/{given.run.pk}/{key}/", f"/courses/{given.run.pk}/{key}/media.json"):
                assert page_of(client, world.member, address).status_code == 404, (is_live, address)
    assert SENTENCE in words(page_of(client, world.member, f"/courses/{given.run.pk}/{given.lesson.pk}/"))


def test_a_lesson_that_was_never_published_stays_404(client: Client, world: County, given: Given) -> None:
    draft = LessonPageFactory(course=given.page, live=False)
    assert page_of(client, world.member, f"/courses/{given.run.pk}/{draft.pk}/").status_code == 404


@pytest.mark.parametrize("value", ["4ffcefa1-d26c-4e14-84ee-12b47aae41f6", None])
def test_a_lesson_whose_video_is_gone_is_not_finished_by_a_click(
    client: Client, world: County, given: Given, value: Any
) -> None:
    """Finding: security 1."""
    lesson = LessonPage.objects.get(pk=given.lesson.pk)
    lesson.body = [{"type": "text", "value": "<p>看视频</p>"}, {"type": "video", "value": value}]
    lesson.save()
    url = f"/courses/{given.run.pk}/{given.lesson.pk}/"
    page = words(page_of(client, world.member, url))
    assert SENTENCE in page
    assert "我学完了这一讲" not in page
    client.post(f"{url}complete/")
    assert not LessonProgress.objects.exists()
    assert SENTENCE in words(page_of(client, world.member, f"/courses/{given.run.pk}/"))


def test_a_lesson_withdrawn_while_its_button_is_pressed_says_so(client: Client, world: County, given: Given) -> None:
    text = LessonPageFactory(course=given.page, body=[("text", "<p>读</p>")])
    text.save_revision().publish()
    withdraw(text)
    client.force_login(world.member)
    page = client.post(f"/courses/{given.run.pk}/{text.pk}/complete/", follow=True)
    assert SENTENCE in words(page)
    client.force_login(world.neighbour_member)
    assert client.post(f"/courses/{given.run.pk}/{text.pk}/complete/").status_code == 404


@pytest.mark.parametrize("what", ["lesson", "page"])
def test_what_was_taken_out_asks_nothing_and_who_had_finished_keeps_it(
    client: Client, world: County, given: Given, what: str
) -> None:
    """Finding: organiser 4."""
    finished, begun, idle = world.members
    watch(given, finished, (0, 60_000))
    watch(given, begun, (0, 10_000))
    withdraw(getattr(given, what))
    occasion = Occasion.objects.get(pk=given.run.pk)
    assert (occasion.media_items, occasion.media_ms) == ({}, 0)
    shelf = page_of(client, finished, "/courses/").context["shelf"]
    assert [study.run.pk for study in shelf.done] == [given.run.pk]
    assert "老师正在修改" in words(page_of(client, begun, "/courses/"))
    end = Occasion.objects.get(pk=given.run.pk).ends_at
    close_occasion(occasion_id=given.run.pk, as_of=end)
    settle(occasion_id=given.run.pk, as_of=end + dt.timedelta(hours=1))
    states = dict(Record.objects.values_list("member_id", "stands"))
    assert (states[finished.pk], states[begun.pk], states[idle.pk]) == ("attended", "exempt", "exempt")
    assert page_of(client, idle, "/").context["day"].owed == []
    record = words(page_of(client, begun, f"/me/records/{given.run.pk}/"))
    assert "课程的内容目前都撤下了，不要求学习" in record
    assert "其中有视频后来从课程里撤下" in record


def test_what_is_published_again_is_asked_for_again_and_nothing_is_lost(world: County, given: Given) -> None:
    begun = world.member
    watch(given, begun, (0, 10_000))
    for _again in range(3):
        withdraw(given.page)
        republish(given.page)
    occasion = Occasion.objects.select_related("rule").get(pk=given.run.pk)
    assert occasion.media_items == {given.key: 60_000}
    assert len(occasion.media_history) == 1
    verdict = judged(occasion=occasion, member_id=begun.pk, as_of=timezone.now())
    assert (verdict.done_ms, verdict.needed_ms, verdict.state) == (10_000, 48_000, "pending")
    watch(given, begun, (10_000, 60_000))
    assert stand(given, begun).state == "attended"


def test_a_course_whose_new_video_is_not_ready_yet_is_not_called_withdrawn(
    client: Client, world: County, given: Given
) -> None:
    new = ready_video(state=Video.State.RUNNING, duration_ms=None)
    lesson = LessonPage.objects.get(pk=given.lesson.pk)
    lesson.body = [("video", new)]
    lesson.save_revision().publish()
    page = words(page_of(client, world.member, f"/courses/{given.run.pk}/"))
    assert "视频还在处理，好了就可以学" in page
    assert "老师正在修改" not in page


def test_the_course_page_costs_the_same_for_one_withdrawn_lesson_and_for_three(
    client: Client, world: County, given: Given, django_assert_num_queries: Any
) -> None:
    def add() -> None:
        lesson = LessonPageFactory(course=given.page, body=[("text", "<p>读</p>")])
        lesson.save_revision().publish()
        withdraw(lesson)

    add()
    client.force_login(world.member)
    with CaptureQueriesContext(connection) as one:
        client.get(f"/courses/{given.run.pk}/")
    add()
    add()
    with django_assert_num_queries(len(one)):
        client.get(f"/courses/{given.run.pk}/")


def test_progress_of_several_courses_costs_the_same_with_a_withdrawn_one(
    world: County, given: Given, django_assert_num_queries: Any
) -> None:
    withdraw(given.page)
    runs = list(runs_expecting(member_id=world.member.pk))
    with django_assert_num_queries(5):
        studies = studies_of(runs=runs, member_id=world.member.pk, as_of=timezone.now())
    assert studies[0].is_withdrawn


@pytest.mark.parametrize("begun", [True, False])
def test_every_page_agrees_that_nothing_is_asked_while_a_course_is_withdrawn(
    client: Client, world: County, given: Given, *, begun: bool
) -> None:
    """No count, no deadline, no way to study what is not there, on any page; the same word for the way in before."""
    if begun:
        watch(given, world.member, (0, 10_000))
    word, other = ("继续学习", "开始学习") if begun else ("开始学习", "继续学习")
    record = f"/me/records/{given.run.pk}/"
    for url in ("/", "/courses/", record):
        page = words(page_of(client, world.member, url))
        assert (word in page, other in page) == (True, False), url
    withdraw(given.page)
    due = timezone.localtime(given.run.occasion.ends_at)
    for url in ("/", "/courses/", "/me/", record):
        page = words(page_of(client, world.member, url))
        assert "老师正在修改这门课" in page, url
        for said in (
            "还要完成",
            "还要学",
            "还没学完",
            "继续学习",
            "开始学习",
            "学够了马上认定",
            f"{due:%H:%M} 前",
            "截止",
            "回放还在准备",
        ):
            assert said not in page, (url, said)
    day = page_of(client, world.member, "/").context["day"]
    assert (day.owed, [one.pk for one, _url in day.paused]) == ([], [given.run.pk])
    shelf = page_of(client, world.member, "/courses/").context["shelf"]
    assert (shelf.todo, [study.run.pk for study in shelf.paused]) == ((), [given.run.pk])
    republish(given.page)
    page = words(page_of(client, world.member, "/"))
    assert ("还要完成 1 项" in page, word in page) == (True, True)
