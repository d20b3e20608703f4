"""A learning path as its members walk it: what is done of it is what their courses say."""

import datetime as dt
from typing import Any

import pytest
from bs4 import BeautifulSoup
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from wagtail.images.models import Image
from wagtail.images.tests.utils import get_test_image_file

from attendance.models import Occasion
from attendance.operations import settle_dirty
from cms.models import CoursePage, PathPage
from organizations.models import User
from tests.factories.cms import CoursePageFactory, LessonPageFactory, make_path
from tests.factories.courses import Given, give_course, watch
from tests.factories.organizations import County, make_county

pytestmark = [
    pytest.mark.integration,
    pytest.mark.pages,
    pytest.mark.django_db,
    pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning"),  # Wagtail's own temporary file
]


@pytest.fixture
def county() -> County:
    return make_county()


@pytest.fixture
def phone(county: County) -> Client:
    browser = Client()
    browser.force_login(county.member)
    return browser


def page_of(browser: Client, url: str) -> BeautifulSoup:
    answer = browser.get(url)
    assert answer.status_code == 200, url
    return BeautifulSoup(answer.content.decode(), "html.parser")


def way(path: PathPage) -> str:
    return f"/courses/paths/{path.pk}/"


def words(page: BeautifulSoup) -> str:
    return " ".join(page.main.get_text().split()) if page.main else ""


def card(page: BeautifulSoup, title: str) -> Any:
    return next(one for one in page.select("main .card") if one.b is not None and one.b.get_text() == title)


def finish(given: Given, member: User) -> None:
    watch(given, member, (0, 60_000))
    settle_dirty(as_of=timezone.now(), member_ids=[member.pk])


def test_a_path_from_its_first_step_to_its_end(county: County, phone: Client) -> None:
    first, second = give_course(county.branch, title="党章"), give_course(county.branch, title="党史")
    more = give_course(county.branch, title="读书")
    steps = (first.page, {"section": "第一周"}), second.page, (more.page, {"section": "想学再学", "is_optional": True})
    path = make_path(county.township, *steps, aim="新入党的同志，\n半年内学完")
    listed = page_of(phone, "/courses/")
    assert [one.get_text() for one in listed.select("main h2")] == ["还要学 3 门", "学习路径"]
    assert card(listed, "新党员入门")["href"] == way(path)
    assert "共 2 步，还没有学完一步" in card(listed, "新党员入门").get_text()
    assert "学习路径" not in words(page_of(phone, "/")), "nothing of it is begun"

    shown = page_of(phone, way(path))
    assert [one.get_text() for one in shown.select("main h2")] == ["第一周", "想学再学"]
    assert [one.get_text() for one in shown.select("main a.btn")] == ["开始学"]
    assert shown.select_one("main a.btn")["href"] == f"/courses/{first.run.pk}/{first.lesson.pk}/"
    assert "下一步：党章" in words(shown)
    assert "选修" in card(shown, "3. 读书").get_text()

    finish(first, county.member)
    shown = page_of(phone, way(path))
    assert "学完 1 步，共 2 步" in words(shown)
    assert shown.select_one("main a.btn").get_text() == "接着学"
    assert shown.select_one("main a.btn")["href"] == f"/courses/{second.run.pk}/{second.lesson.pk}/"
    assert "学完了" in card(shown, "1. 党章").get_text()
    today = page_of(phone, "/")
    line = card(today, "学习路径“新党员入门”")
    assert (line["href"], line.select("a.btn")) == (way(path), [])
    assert "学完 1 步，共 2 步" in line.get_text()

    finish(second, county.member)
    shown = page_of(phone, way(path))
    assert "学完 2 步，共 2 步" in words(shown)
    assert "这条路径学完了。" in words(shown)
    assert shown.select("main a.btn") == []
    assert card(shown, "看看别的课程")["href"] == "/courses/"
    assert "学完了" in card(page_of(phone, "/courses/"), "新党员入门").get_text()
    assert "学习路径" not in words(page_of(phone, "/"))


def test_one_after_the_other_says_what_comes_first_and_hinders_nobody_for_good(county: County, phone: Client) -> None:
    first, second = give_course(county.branch, title="党章"), give_course(county.branch, title="党史")
    third = give_course(county.branch, title="团史")
    path = make_path(county.branch, first.page, second.page, third.page, in_order=True)
    watch(third, county.member, (0, 5_000))
    settle_dirty(as_of=timezone.now(), member_ids=[county.member.pk])
    shown = page_of(phone, way(path))
    waits = card(shown, "2. 党史")
    assert "先学完“党章”，再学这一步" in waits.get_text()
    assert (waits.name, waits.find("a")) == ("div", None)
    assert card(shown, "3. 团史")["href"] == f"/courses/{third.run.pk}/", "whoever has begun goes on"
    # What cannot be studied now holds nobody back.
    CoursePage.objects.get(pk=first.page.pk).unpublish()
    shown = page_of(phone, way(path))
    assert "老师正在修改这门课" in card(shown, "1. 党章").get_text()
    assert shown.select_one("main a.btn")["href"] == f"/courses/{second.run.pk}/{second.lesson.pk}/"


def test_what_is_not_for_somebody_now_says_why(county: County, phone: Client) -> None:
    later = give_course(county.branch, title="以后的", starts_in=dt.timedelta(days=3))
    over, off = give_course(county.branch, title="过去的"), give_course(county.branch, title="作废的")
    past = timezone.now() - dt.timedelta(minutes=1)
    Occasion.objects.filter(pk=over.run.pk).update(ends_at=past, make_up_until_at=past)
    Occasion.objects.filter(pk=off.run.pk).update(state=Occasion.State.VOID)
    foreign, draft = give_course(county.neighbour, title="邻支部的"), CoursePageFactory(title="草稿", live=False)
    courses = [later.page, over.page, off.page, foreign.page, draft]
    path = make_path(county.county, *courses)
    shown = page_of(phone, way(path))
    assert shown.select("main a.btn") == []
    assert "现在没有能学的必修课，为什么，写在下面每一步里。" in words(shown)
    assert "开始" in card(shown, "1. 以后的").get_text()
    assert "结束，仍然可以看" in card(shown, "2. 过去的").get_text()
    for title in ("3. 作废的", "4. 邻支部的"):
        assert "还没有安排给您，安排了就能学" in card(shown, title).get_text()
        assert card(shown, title).name == "div"
    assert "草稿" not in words(shown)


def test_the_next_course_may_itself_ask_for_another_one(county: County, phone: Client) -> None:
    basis, then = give_course(county.branch, title="入门"), give_course(county.branch, title="提高")
    page = CoursePage.objects.get(pk=then.page.pk)
    page.requires.set([basis.page])
    page.save()
    path = make_path(county.branch, then.page)
    shown = page_of(phone, way(path))
    assert shown.select_one("main a.btn").get_text() == "先学：入门"
    assert "先学完“入门”，再学这门课。" in words(shown)
    finish(basis, county.member)
    assert page_of(phone, way(path)).select_one("main a.btn").get_text() == "开始学"


def test_all_optional_asks_nothing_and_is_never_finished(county: County, phone: Client) -> None:
    given = give_course(county.branch)
    path = make_path(county.branch, (given.page, {"is_optional": True}))
    finish(given, county.member)
    assert "都是选修，学不学都行" in words(page_of(phone, way(path)))
    assert "学习路径" not in words(page_of(phone, "/"))


def test_where_all_lessons_are_studied_and_something_is_left_the_way_is_the_course(
    county: County, phone: Client
) -> None:
    given = give_course(county.branch)
    LessonPageFactory(course=given.page, title="第二讲", body=[("text", "<p>字</p>")])
    path = make_path(county.branch, given.page)
    assert "第 1 讲《急救常识 第一讲》" in words(page_of(phone, way(path)))
    for lesson in CoursePage.objects.get(pk=given.page.pk).get_children().specific():
        lesson.is_optional = True
        lesson.save()
    assert page_of(phone, way(path)).select_one("main a.btn")["href"] == f"/courses/{given.run.pk}/"


def test_a_path_is_for_the_members_below_its_unit_and_for_those_given_a_course(county: County, phone: Client) -> None:
    given = give_course(county.branch)
    mine, others = make_path(county.branch, given.page), make_path(county.neighbour, given.page, title="邻支部的")
    neighbour, organiser = Client(), Client()
    neighbour.force_login(county.neighbour_member)
    organiser.force_login(county.organiser)
    found = {
        one: [browser.get(way(one)).status_code for browser in (phone, neighbour, organiser)] for one in (mine, others)
    }
    assert found == {mine: [200, 404, 404], others: [404, 404, 404]}
    assert Client().get(way(mine)).status_code == 302
    empty = make_path(county.county, CoursePageFactory(node=county.county), title="没有安排")
    assert phone.get(way(empty)).status_code == 404
    assert phone.get(f"/learn/{mine.slug}/").headers["Location"] == way(mine)
    assert phone.get(f"/learn/{others.slug}/").status_code == 404
    mine.save_revision().publish()
    mine.refresh_from_db()
    mine.unpublish()
    assert "已经撤下" in words(page_of(phone, way(mine)))
    assert neighbour.get(way(mine)).status_code == 404
    assert "学习路径" not in words(page_of(phone, "/courses/"))


def test_large_print_has_one_red_step_and_folds_the_rest(county: County, phone: Client) -> None:
    first, second = give_course(county.branch, title="党章"), give_course(county.branch, title="党史")
    path = make_path(county.branch, first.page, second.page, aim="慢慢学")
    finish(first, county.member)
    User.objects.filter(pk=county.member.pk).update(elder_mode=True)
    shown = page_of(phone, way(path))
    assert len(shown.select("main .btn")) == 1
    assert [one.find_parent("details") is not None for one in shown.select("main .card b")[1:]] == [True, True]
    today = page_of(phone, "/")
    assert len(today.select("main .btn")) == 1
    assert card(today, "学习路径“新党员入门”").find_parent("details") is not None


def test_a_path_is_found(county: County, phone: Client) -> None:
    given = give_course(county.branch)
    path = make_path(county.branch, given.page, aim="刚入党的同志先学防汛")
    other = make_path(county.neighbour, given.page, title="防汛路径")
    rows = phone.get("/courses/", {"q": "防汛"}).context["rows"]
    assert [(row.url, row.where, row.course) for row in rows] == [(way(path), "为什么学、给谁学", "学习路径")]
    assert other.title not in page_of(phone, "/courses/?q=防汛").get_text()
    assert [row.url for row in phone.get("/courses/", {"q": "新党员入门"}).context["rows"]] == [way(path)]


def test_the_cover_is_for_whom_the_path_is(county: County, phone: Client, var_dir: Any) -> None:
    given = give_course(county.branch)
    image = Image.objects.create(title="封面", file=get_test_image_file(size=(640, 360)))
    path = make_path(county.branch, given.page, cover=image)
    shown = page_of(phone, way(path))
    assert phone.get(shown.select_one("main img.cover")["src"]).status_code == 200
    assert phone.get(f"{way(make_path(county.branch, given.page, title='没有'))}cover/").status_code == 404
    neighbour = Client()
    neighbour.force_login(county.neighbour_member)
    assert neighbour.get(f"{way(path)}cover/").status_code == 404
    for file in (image.file, *(one.file for one in image.renditions.all())):
        file.storage.delete(file.name)
    image.renditions.all().delete()
    assert phone.get(f"{way(path)}cover/").status_code == 404


def test_thirty_courses_cost_no_more_queries_than_one(county: County, phone: Client) -> None:
    given = [give_course(county.branch, title=f"课程{number}") for number in range(30)]
    short, long = make_path(county.branch, given[0].page), make_path(county.branch, *(one.page for one in given))
    found = {}
    for name, url in (("short", way(short)), ("long", way(long))):
        phone.get(url)
        with CaptureQueriesContext(connection) as asked:
            assert phone.get(url).status_code == 200
        found[name] = len(asked)
    assert found["long"] == found["short"] <= 15, [one["sql"][:150] for one in asked]
