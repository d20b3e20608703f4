"""Courses that are asked for first, and the categories of the shelf."""

import datetime as dt
from typing import Any

import pytest
from bs4 import BeautifulSoup
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from attendance.models import Occasion
from attendance.operations import settle_dirty
from cms.checklist import refused_for
from cms.forms import requirements_of
from cms.models import CoursePage
from courses.releasing import release_approved, release_due
from organizations.models import User
from tests.factories.courses import Given, give_course, watch
from tests.factories.organizations import County, make_county
from tests.factories.quizzes import SINGLE, make_quiz

pytestmark = [pytest.mark.integration, pytest.mark.pages, pytest.mark.django_db]


@pytest.fixture
def county() -> County:
    return make_county()


@pytest.fixture
def phone(county: County) -> Client:
    browser = Client()
    browser.force_login(county.member)
    return browser


def pair(county: County) -> tuple[Given, Given]:
    """A course, and one that asks for it first."""
    first, then = give_course(county.branch, title="防汛入门"), give_course(county.branch, title="防汛提高")
    page = CoursePage.objects.get(pk=then.page.pk)
    page.requires.set([first.page])
    page.save()
    return first, then


def text_of(answer: Any) -> str:
    assert answer.status_code == 200, answer.content.decode()[:400]
    return str(answer.content.decode())


def lesson_of(given: Given) -> str:
    return f"/courses/{given.run.pk}/{given.lesson.pk}/"


def test_a_course_waits_for_the_one_before_it(county: County, phone: Client) -> None:
    first, then = pair(county)
    said = text_of(phone.get(lesson_of(then), follow=True))
    assert "先学完“防汛入门”，再学这门课。" in said
    assert f'href="/courses/{first.run.pk}/"' in said
    quiz = make_quiz(county.branch, county.organiser, SINGLE)
    assert "先学完" in text_of(phone.post(f"{lesson_of(then)}quizzes/{quiz.pk}/", {"do": "start"}, follow=True))
    watch(first, county.member, (0, 60_000))
    settle_dirty(as_of=timezone.now(), member_ids=[county.member.pk])
    assert phone.get(lesson_of(then)).status_code == 200
    assert "学完以后" not in text_of(phone.get(f"/courses/{then.run.pk}/"))


def link_of(page: Any, title: str) -> tuple[str, str]:
    """Where the card of something leads, and how its step is called."""
    found = next(one for one in page.select(".card") if one.b is not None and one.b.get_text() == title)
    step = found.select_one(".step")
    return (found if found.name == "a" else step)["href"], step.get_text(strip=True)


def test_every_list_says_what_comes_first_and_leads_there(county: County, phone: Client) -> None:
    first, then = pair(county)
    way = f"/courses/{first.run.pk}/"
    for url in ("/", "/courses/"):
        page = BeautifulSoup(text_of(phone.get(url)), "html.parser")
        assert link_of(page, "防汛提高") == (way, "去学 ›")
        assert link_of(page, "防汛入门") == (way, "开始学习 ›")
        assert "先学完“防汛入门”，再学这门课。" in page.get_text()
    page = BeautifulSoup(text_of(phone.get(f"/courses/{then.run.pk}/")), "html.parser")
    assert "开始 ›" not in page.get_text()
    assert page.select_one(f'main a[href="{lesson_of(then)}"]') is None
    assert len(page.select(f'main a[href="{way}"]')) == 2, "above, and beside its lessons"
    watch(first, county.member, (0, 60_000))
    settle_dirty(as_of=timezone.now(), member_ids=[county.member.pk])
    for url in ("/", "/courses/"):
        assert link_of(BeautifulSoup(text_of(phone.get(url)), "html.parser"), "防汛提高")[1] == "开始学习 ›"


def test_many_courses_that_wait_ask_no_more_than_one(county: County, phone: Client) -> None:
    first, _then = pair(county)

    def asked(url: str) -> int:
        phone.get(url)
        with CaptureQueriesContext(connection) as found:
            phone.get(url)
        return len(found)

    before = {url: asked(url) for url in ("/", "/courses/")}
    for number in range(3):
        more = give_course(county.branch, title=f"提高 {number}")
        page = CoursePage.objects.get(pk=more.page.pk)
        page.requires.set([first.page])
        page.save()
    assert {url: asked(url) for url in before} == before


def test_large_print_has_one_red_step_where_a_course_waits(county: County, phone: Client) -> None:
    first, then = pair(county)
    Occasion.objects.filter(pk=then.run.pk).update(ends_at=timezone.now() + dt.timedelta(days=1))
    User.objects.filter(pk=county.member.pk).update(elder_mode=True)
    way = f"/courses/{first.run.pk}/"
    for url, words in (("/", "开始学习"), ("/courses/", "开始学习"), (f"/courses/{then.run.pk}/", "先学：防汛入门")):
        page = BeautifulSoup(text_of(phone.get(url)), "html.parser")
        (button,) = [one for one in page.select("main a.btn:not(.quiet)") if one.find_parent("details") is None]
        assert (button["href"], "".join(button.get_text().split())) == (way, words)


def test_a_finished_course_leads_to_no_course_that_waits(county: County, phone: Client) -> None:
    first, then = pair(county)
    other = give_course(county.branch, title="急救")
    Occasion.objects.filter(pk=then.run.pk).update(ends_at=timezone.now() + dt.timedelta(days=1))
    Occasion.objects.filter(pk=first.run.pk).update(ends_at=timezone.now() + dt.timedelta(days=2))
    watch(other, county.member, (0, 60_000))
    page = BeautifulSoup(text_of(phone.get(f"/courses/{other.run.pk}/")), "html.parser")
    assert link_of(page, "防汛入门") == (f"/courses/{first.run.pk}/", "开始学习 ›")


def test_nothing_of_it_is_kept_on_the_phone_meanwhile(county: County, phone: Client) -> None:
    first, then = pair(county)
    answer = phone.get(f"{lesson_of(then)}saved.json")
    assert (answer.status_code, answer.json()["message"]) == (409, "先学完“防汛入门”，再学这门课。")
    assert 'id="keep"' not in text_of(phone.get(f"/courses/{then.run.pk}/"))
    assert phone.get(f"{lesson_of(first)}saved.json").status_code == 200


def test_what_is_over_is_read_without_the_one_before_it(county: County, phone: Client) -> None:
    _first, then = pair(county)
    Occasion.objects.filter(pk=then.run.pk).update(ends_at=timezone.now() - dt.timedelta(minutes=1))
    assert phone.get(lesson_of(then)).status_code == 200


def test_no_clock_and_no_review_closes_a_circle(county: County) -> None:
    first, then = pair(county)
    draft = CoursePage.objects.get(pk=first.page.pk)
    assert refused_for(draft) == []
    draft.requires.set([then.page])
    revision = draft.save_revision(user=county.organiser)
    found = [one.text for one in refused_for(revision.as_object())]
    assert found == ["要先学完的课程：“防汛提高”要求先学这门课，互相等着谁也开始不了。请去掉它。"]
    revision.approved_go_live_at = timezone.now() - dt.timedelta(days=1)
    revision.save()
    assert release_due(as_of=timezone.now()) == 0
    assert not release_approved(page=draft, user=county.organiser, as_of=timezone.now())
    assert not CoursePage.objects.get(pk=first.page.pk).requires.exists()


@pytest.mark.parametrize("why", ["withdrawn", "over", "void", "to_come", "not_given", "mutual", "begun"])
def test_what_nobody_can_finish_holds_nobody_back(county: County, phone: Client, why: str) -> None:
    first, then = pair(county)
    run, now = Occasion.objects.filter(pk=first.run.pk), timezone.now()
    if why == "withdrawn":
        CoursePage.objects.get(pk=first.page.pk).unpublish()
    elif why == "over":
        run.update(ends_at=now - dt.timedelta(minutes=1))
    elif why == "void":
        run.update(state=Occasion.State.VOID)
    elif why == "to_come":
        run.update(starts_at=now + dt.timedelta(days=1))
    elif why == "not_given":
        first.run.delete()
    elif why == "mutual":
        page = CoursePage.objects.get(pk=first.page.pk)
        page.requires.set([then.page])
        page.save()
    else:
        watch(then, county.member, (0, 5_000))
        settle_dirty(as_of=now, member_ids=[county.member.pk])
    assert phone.get(lesson_of(then)).status_code == 200


def test_who_only_looks_is_not_held_back(county: County) -> None:
    _first, then = pair(county)
    reader = Client()
    reader.force_login(county.organiser)
    assert reader.get(lesson_of(then)).status_code == 200


def test_a_circle_is_refused_in_the_editor_with_a_sentence(county: County) -> None:
    first, then = pair(county)
    assert requirements_of(then.page) == {first.page.pk, then.page.pk}
    office = Client()
    office.force_login(county.organiser)
    values = {
        "title": "防汛入门", "node": county.branch.pk, "cover": "", "intro": "null", "seek_ahead": "on",
        "category": " 防汛 ", "requires": [then.page.pk], "slug": first.page.slug, "action-publish": "1",
    }  # fmt: skip
    url = f"/admin/pages/{first.page.pk}/edit/"
    assert "互相等着谁也开始不了" in text_of(office.post(url, values))
    draft = {key: value for key, value in values.items() if key != "action-publish"}
    assert "互相等着谁也开始不了" in text_of(office.post(url, draft))
    stored = CoursePage.objects.get(pk=first.page.pk).get_latest_revision_as_object()
    assert not stored.requires.exists(), "a refused choice is in no draft"
    values["requires"] = []
    answer = office.post(url, values)
    assert answer.status_code == 302
    assert CoursePage.objects.get(pk=first.page.pk).category == "防汛"


def test_the_shelf_is_looked_through_by_category(county: County, phone: Client) -> None:
    for title, category in (("防汛入门", "安全"), ("急救", "安全"), ("党史", "党史")):
        given = give_course(county.branch, title=title)
        CoursePage.objects.filter(pk=given.page.pk).update(category=category)
    said = text_of(phone.get("/courses/"))
    assert said.index("?category=%E5%AE%89%E5%85%A8") < said.index("?category=%E5%85%9A%E5%8F%B2")
    only = text_of(phone.get("/courses/", {"category": "党史"}))
    assert ("急救" in only, "防汛入门" in only) == (False, False)
    assert "急救" in text_of(phone.get("/courses/", {"category": "没有的"}))


def test_without_different_categories_there_is_nothing_to_choose(county: County, phone: Client) -> None:
    give_course(county.branch)
    assert "?category=" not in text_of(phone.get("/courses/"))
