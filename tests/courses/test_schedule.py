"""安排课程 in the admin: an organiser gives their courses to their own part of the tree."""

import datetime as dt
import re
from collections.abc import Callable
from typing import Any

import pytest
from bs4 import BeautifulSoup
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from wagtail.models import ModelLogEntry

from attendance.models import Evidence, Occasion, Rule, Training
from attendance.operations import approve_leave, close_occasion, reconcile, settle, settle_dirty
from courses import forms
from courses.models import CourseRun
from courses.operations import schedule_course
from organizations.models import Role, User
from tests.factories.attendance import RuleFactory, TrainingFactory
from tests.factories.cms import CoursePageFactory, LessonPageFactory, ready_video
from tests.factories.courses import Given, give_course, watch
from tests.factories.media import VideoFactory
from tests.factories.organizations import County, RoleGrantFactory, UserFactory, make_county
from tests.office import Office

pytestmark = [pytest.mark.integration, pytest.mark.pages, pytest.mark.django_db]
DAY = dt.timedelta(days=1)
LIST, ADD = "/admin/course-runs/", "/admin/course-runs/new/"


def township_organiser() -> tuple[County, User]:
    """An organiser of the branch alone, and a course of that branch."""
    world = make_county()
    organiser = UserFactory(name="本支部组织员")
    RoleGrantFactory(user=organiser, node=world.branch, role=Role.ORGANISER)
    return world, organiser


def values(world: County, **changes: Any) -> dict[str, Any]:
    page = CoursePageFactory(node=world.branch, title="防汛安全")
    LessonPageFactory(course=page, body=[("video", ready_video())])
    begins = timezone.localtime() + dt.timedelta(days=1)
    form = {
        "page": page.pk,
        "training": TrainingFactory(node=world.county, deadline_at=timezone.now() + dt.timedelta(days=60)).pk,
        "node": world.branch.pk,
        "starts_at": begins.strftime("%Y-%m-%d %H:%M"),
        "ends_at": (begins + dt.timedelta(days=9)).strftime("%Y-%m-%d %H:%M"),
        "rule": RuleFactory(basis=Rule.Basis.MEDIA).pk,
    }
    return {**form, **changes}


def test_the_list_and_its_forms_are_called_one_thing(client: Client) -> None:
    world, organiser = township_organiser()
    client.force_login(organiser)
    given = give_course(world.branch)
    for url, own in ((LIST, []), (ADD, ["安排一门课程"]), (f"{LIST}edit/{given.run.pk}/", [given.page.title])):
        page = BeautifulSoup(client.get(url).content, "html.parser")
        trail = [one.get_text(strip=True) for one in page.select(".w-breadcrumbs a")]
        assert trail[: len(own) + 2] == ["首页", "安排课程", *own]
        assert "课程安排" not in page.select_one("main h1").get_text() + page.title.get_text()


def test_a_course_is_given_and_its_plan_changed_until_it_begins(client: Client) -> None:
    world, organiser = township_organiser()
    client.force_login(organiser)
    form = values(world)
    answer = client.post(ADD, form)
    assert answer.status_code == 302, answer.context["form"].errors
    run = CourseRun.objects.get()
    assert (run.occasion.title, run.occasion.node, run.occasion.media_ms) == ("防汛安全", world.branch, 60_000)
    assert timezone.localtime(run.occasion.starts_at).strftime("%Y-%m-%d %H:%M") == form["starts_at"]
    edit = Office(client, f"/admin/course-runs/edit/{run.pk}/")
    assert "seen" in edit.open()
    later = timezone.localtime() + dt.timedelta(days=40)
    asked = edit.saved({**form, "ends_at": later.strftime("%Y-%m-%d %H:%M")})
    assert asked[0].startswith("截止时间从")
    assert asked[1] == "涉及 4 人。"
    run.occasion.refresh_from_db()
    assert timezone.localdate(run.occasion.ends_at) == later.date()
    assert "防汛安全" in client.get(LIST).content.decode()


@pytest.mark.parametrize("field", ["page", "training", "node", "rule", "ends_at"])
def test_what_is_not_ones_own_cannot_be_chosen(client: Client, field: str) -> None:
    world, organiser = township_organiser()
    other = {
        "page": lambda: CoursePageFactory(node=world.neighbour).pk,
        "training": lambda: TrainingFactory(node=world.neighbour).pk,
        "node": lambda: world.county.pk,
        "rule": lambda: RuleFactory(basis=Rule.Basis.WINDOW).pk,
        "ends_at": lambda: "2020-01-01 10:00",
    }
    client.force_login(organiser)
    answer = client.post(ADD, values(world, **{field: other[field]()}))
    assert answer.status_code == 200
    assert list(answer.context["form"].errors) == [field]
    assert CourseRun.objects.count() == 0


def at_minute(at: dt.datetime) -> str:
    return timezone.localtime(at).strftime("%Y-%m-%d %H:%M")


def run_of(given: Given) -> Occasion:
    return Occasion.objects.get(pk=given.run.pk)


def opened_form(client: Client, given: Given) -> tuple[Office, dict[str, Any]]:
    """The form of a course that was given, as it stands."""
    plan = run_of(given)
    stored = {
        "training": plan.training_id,
        "node": plan.node_id,
        "starts_at": at_minute(plan.starts_at),
        "ends_at": at_minute(plan.ends_at),
        "rule": plan.rule_id,
    }
    return Office(client, f"/admin/course-runs/edit/{given.run.pk}/"), stored


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (lambda page: LessonPageFactory(course=page, body=[]), "没有必修内容，暂时不能安排"),
        (
            lambda page: LessonPageFactory(course=page, is_optional=True, body=[("video", ready_video())]),
            "没有必修内容，暂时不能安排",
        ),
        (lambda page: LessonPageFactory(course=page, body=[("video", VideoFactory(state="failed"))]), "处理失败"),
        (
            lambda page: LessonPageFactory(course=page, live=False, body=[("video", ready_video())]),
            "没有必修内容，暂时不能安排",
        ),
    ],
)
def test_what_keeps_a_course_from_being_given_is_said_before_it_is_chosen(
    client: Client, make: Callable[[Any], Any], words: str
) -> None:
    world, organiser = township_organiser()
    client.force_login(organiser)
    page = CoursePageFactory(node=world.branch, title="只有文字的课")
    make(page)
    shown = client.get(ADD).content.decode()
    assert re.search(rf'<option value="{page.pk}" disabled[^>]*>只有文字的课（[^<]*{words}', shown), shown
    answer = client.post(ADD, values(world, page=page.pk))
    assert list(answer.context["form"].errors) == ["page"]
    assert Occasion.objects.count() == 0


def test_a_withdrawn_course_and_an_impossible_key_are_refused_at_the_field(client: Client) -> None:
    world, organiser = township_organiser()
    client.force_login(organiser)
    withdrawn = CoursePageFactory(node=world.branch, live=False)
    for key in (withdrawn.pk, 2**63, 10**30, "x"):
        errors = Office(client, ADD).refused(values(world, page=key))
        assert list(errors) == ["page"]
        assert "已经撤下" in str(errors["page"])
    for field in ("training", "node", "rule"):
        assert list(Office(client, ADD).refused(values(world, **{field: 2**63}))) == [field]


@pytest.mark.parametrize("field", ["starts_at", "ends_at"])
@pytest.mark.parametrize("value", ["2026-02-30 10:00", "9999-12-31 23:59", "0001-01-01 00:00", "明天", "", "1\x00"])
def test_an_impossible_date_is_refused_at_its_field_and_the_rest_kept(client: Client, field: str, value: str) -> None:
    world, organiser = township_organiser()
    client.force_login(organiser)
    answer = client.post(ADD, values(world, **{field: value}))
    assert list(answer.context["form"].errors) == [field]
    assert "防汛安全" in answer.content.decode()


def test_a_video_in_work_and_unusual_dates_are_asked_about_once(client: Client) -> None:
    world, organiser = township_organiser()
    client.force_login(organiser)
    page = CoursePageFactory(node=world.branch, title="半成品")
    LessonPageFactory(course=page, body=[("video", ready_video()), ("video", VideoFactory())])
    draft = TrainingFactory(node=world.county, state=Training.State.DRAFT, deadline_at=timezone.now())
    now = timezone.now()
    form = values(world, page=page.pk, training=draft.pk, starts_at=at_minute(now - dt.timedelta(hours=2)))
    asked = "\n".join(Office(client, ADD).saved(form))
    for words in ("还是草稿", "那以后学完的算“已补学”", "已经过去，培训发布以后马上开始", "有 1 个视频还在处理"):
        assert words in asked
    assert CourseRun.objects.count() == 1


def test_a_running_course_may_only_end_at_another_time(client: Client) -> None:
    world, organiser = township_organiser()
    client.force_login(organiser)
    given = give_course(world.branch)
    watch(given, world.member, (0, 60_000))
    settle_dirty(as_of=timezone.now())
    edit, form = opened_form(client, given)
    assert "只能改截止时间" in client.get(edit.url).content.decode()
    other = TrainingFactory(node=world.branch, deadline_at=timezone.now() + dt.timedelta(days=60))
    later = timezone.now() + dt.timedelta(days=25)
    asked = edit.saved({**form, "ends_at": at_minute(later), "training": other.pk, "node": world.neighbour.pk})
    assert "应学 4 人，已经学完的 1 人不变，还没有学完的 3 人多了时间" in asked[0]
    plan = run_of(given)
    assert (at_minute(plan.ends_at), plan.node) == (at_minute(later), world.branch)
    assert plan.training_id == form["training"]
    sooner = timezone.now() + dt.timedelta(days=2)
    assert "少了时间" in edit.saved({**form, "ends_at": at_minute(sooner)})[0]
    past = timezone.now() - dt.timedelta(days=2)
    assert list(edit.refused({**form, "ends_at": at_minute(past)})) == ["ends_at"]
    assert client.get(f"/admin/course-runs/history/{given.run.pk}/").status_code == 200


def test_two_organisers_at_one_course(client: Client) -> None:
    world, organiser = township_organiser()
    client.force_login(organiser)
    given = give_course(world.branch, starts_in=dt.timedelta(days=2))
    edit, form = opened_form(client, given)
    opened = edit.open()
    moved = timezone.now() + dt.timedelta(days=10)
    Occasion.objects.update(ends_at=moved)
    answer = edit.post({**form, **opened})
    assert "别人改过它" in answer.content.decode()
    assert run_of(given).ends_at == moved


def test_a_course_is_withdrawn_before_it_begins_and_not_after(client: Client) -> None:
    world, organiser = township_organiser()
    client.force_login(organiser)
    given = give_course(world.branch, starts_in=dt.timedelta(days=2))
    url = f"/admin/course-runs/delete/{given.run.pk}/"
    assert "从 4 人的页面上消失" in client.get(url).content.decode()
    assert client.post(url).status_code == 302
    assert not Occasion.objects.exists()
    running = give_course(world.branch)
    for answer in (client.get, client.post):
        page = answer(f"/admin/course-runs/delete/{running.run.pk}/", follow=True).content.decode()
        assert "有人可能学过，不能删除" in page
    assert CourseRun.objects.get().pk == running.run.pk


def test_a_leave_written_down_for_a_withdrawn_course_stays(client: Client) -> None:
    world, organiser = township_organiser()
    client.force_login(organiser)
    given = give_course(world.branch, starts_in=dt.timedelta(days=2))
    approve_leave(
        occasion_id=given.run.pk,
        member_id=world.member.pk,
        category="duty",
        recorded_by_id=world.secretary.pk,
        as_of=timezone.now(),
    )
    assert client.post(f"/admin/course-runs/delete/{given.run.pk}/").status_code == 302
    assert not CourseRun.objects.exists()
    assert (run_of(given).state, Evidence.objects.count()) == ("void", 1)
    client.force_login(world.member)
    for url in ("/", "/me/", "/courses/"):
        assert client.get(url).status_code == 200


@pytest.mark.parametrize("state", ["open", "settled"])
def test_a_course_that_began_is_voided_with_a_reason_and_asks_nothing_more(client: Client, state: str) -> None:
    world, organiser = township_organiser()
    client.force_login(organiser)
    given = give_course(world.branch)
    watch(given, world.member, (0, 60_000))
    settle_dirty(as_of=timezone.now())
    if state == "settled":
        close_occasion(occasion_id=given.run.pk, as_of=timezone.now())
        settle(occasion_id=given.run.pk, as_of=timezone.now())
    url = f"/admin/course-runs/void/{given.run.pk}/"
    assert "应学 4 人（其中 1 人已经学完）" in client.get(url).content.decode()
    assert client.post(url, {"reason": " "}).status_code == 200
    assert run_of(given).state == state
    assert client.post(url, {"reason": "放错了课"}).status_code == 302
    plan = run_of(given)
    assert (plan.state, plan.void_reason, plan.voided_by) == ("void", "放错了课", organiser)
    assert "放错了课" in client.get(f"/admin/course-runs/edit/{given.run.pk}/").content.decode()
    assert client.post(url, {"reason": "再来"}).status_code == 302
    assert run_of(given).void_reason == "放错了课"
    client.force_login(world.members[1])
    assert "急救常识" not in client.get("/").content.decode()
    assert "已作废" in client.get(f"/courses/{given.run.pk}/").content.decode()
    record = client.get(f"/me/records/{given.run.pk}/").content.decode()
    assert "放错了课" in record


@pytest.mark.parametrize("view", ["edit", "delete", "history", "history-results", "usage", "void"])
def test_impossible_keys_are_404_for_everybody(client: Client, view: str) -> None:
    world, organiser = township_organiser()
    give_course(world.branch)
    for person in (organiser, world.lecturer, world.operator):
        client.force_login(person)
        for key in ("x", "1x", str(2**63), "99999999999999999999", "%00", "-1"):
            assert client.get(f"/admin/course-runs/{view}/{key}/").status_code in (302, 404), key
    client.force_login(organiser)
    for key in ("x", str(2**63)):
        assert client.get(f"/admin/course-runs/{view}/{key}/").status_code == 404


def test_nobody_elses_course_is_touched(client: Client) -> None:
    world, organiser = township_organiser()
    other = give_course(world.neighbour)
    before = run_of(other).ends_at
    for person in (organiser, world.lecturer, world.operator, world.secretary, world.member):
        client.force_login(person)
        for view in ("edit", "delete", "void"):
            url = f"/admin/course-runs/{view}/{other.run.pk}/"
            assert client.get(url).status_code in (302, 404)
            assert client.post(url, {"reason": "试试"}).status_code in (302, 404)
    plan = run_of(other)
    assert (plan.state, plan.ends_at) == ("open", before)


def test_others_arrangements_are_not_there(client: Client) -> None:
    world, organiser = township_organiser()
    own, other = give_course(world.branch, title="自己的课"), give_course(world.neighbour, title="邻支部的课")
    client.force_login(organiser)
    shown = client.get(LIST).content.decode()
    assert ("自己的课" in shown, "邻支部的课" in shown) == (True, False)
    assert client.get(f"/admin/course-runs/edit/{other.run.pk}/").status_code != 200
    assert client.get(f"/admin/course-runs/history/{own.run.pk}/").status_code == 200
    assert client.get(f"/admin/course-runs/history/{other.run.pk}/").status_code == 404
    client.post(f"/admin/course-runs/delete/{other.run.pk}/")
    assert CourseRun.objects.count() == 2
    for person in (world.lecturer, world.operator, world.secretary, world.member):
        client.force_login(person)
        assert client.get(LIST).status_code != 200
        assert client.get(ADD).status_code != 200


def test_trainings_that_are_over_are_not_offered(client: Client) -> None:
    world, organiser = township_organiser()
    over = TrainingFactory(node=world.branch, state=Training.State.CLOSED)
    current = TrainingFactory(node=world.branch)
    client.force_login(organiser)
    offered = client.get(ADD).context["form"].fields["training"].queryset
    assert (current in offered, over in offered) == (True, False)


def test_a_training_that_is_closed_while_the_form_is_sent_is_said_at_its_field(
    client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    world, organiser = township_organiser()
    client.force_login(organiser)
    form = values(world)

    def closed_meanwhile(**of: Any) -> CourseRun:
        Training.objects.filter(pk=form["training"]).update(state=Training.State.CLOSED)
        return schedule_course(**of)

    monkeypatch.setattr(forms, "schedule_course", closed_meanwhile)
    answer = client.post(ADD, form)
    assert list(answer.context["form"].errors) == ["training"]
    assert not CourseRun.objects.exists()


def test_the_form_costs_the_same_for_one_and_for_three_courses(client: Client) -> None:
    world, organiser = township_organiser()
    client.force_login(organiser)

    def queries() -> int:
        with CaptureQueriesContext(connection) as seen:
            assert client.get(ADD).status_code == 200
        return len(seen)

    give_course(world.branch)
    queries()
    one = queries()
    for number in range(2):
        give_course(world.branch, title=f"课程{number}")
    assert queries() == one


def test_the_list_writes_the_day_until_which_a_course_is_studied(client: Client) -> None:
    world, organiser = township_organiser()
    client.force_login(organiser)
    given = give_course(world.branch)
    shown = client.get(LIST).content.decode()
    assert at_minute(run_of(given).ends_at) in shown
    assert "刚刚" not in shown


def test_a_course_in_a_draft_begins_once_that_is_published(client: Client) -> None:
    world, organiser = township_organiser()
    client.force_login(organiser)
    draft = TrainingFactory(node=world.county, state=Training.State.DRAFT, deadline_at=timezone.now() + 60 * DAY)
    begun = values(world, training=draft.pk, starts_at=at_minute(timezone.now() - dt.timedelta(hours=2)))
    asked = "\n".join(Office(client, ADD).saved(begun))
    assert "培训发布以后马上开始" in asked
    assert "保存以后马上开始" not in asked
    occasion = Occasion.objects.get()
    assert occasion.state == Occasion.State.SCHEDULED
    Training.objects.filter(pk=draft.pk).update(state=Training.State.PUBLISHED)
    reconcile(as_of=timezone.now())
    occasion.refresh_from_db()
    assert occasion.state == Occasion.State.OPEN


def test_a_planned_course_moved_into_the_past_begins_at_once(client: Client) -> None:
    world, organiser = township_organiser()
    client.force_login(organiser)
    edit, form = opened_form(client, given := give_course(world.branch, starts_in=dt.timedelta(days=3)))
    asked = edit.saved({**form, "starts_at": at_minute(timezone.now() - dt.timedelta(hours=2))})
    assert "保存以后马上开始" in "".join(asked)
    assert run_of(given).state == Occasion.State.OPEN


def test_the_same_course_twice_for_the_same_people_is_asked_about_once(client: Client) -> None:
    world, organiser = township_organiser()
    client.force_login(organiser)
    first = values(world)
    assert Office(client, ADD).saved(first) == []
    asked = Office(client, ADD).saved(first)
    assert len(asked) == 1
    assert "时间重叠：同一个人会有两份要学" in asked[0]
    later = timezone.localtime() + dt.timedelta(days=20)
    next_time = {**first, "starts_at": at_minute(later), "ends_at": at_minute(later + dt.timedelta(days=5))}
    assert Office(client, ADD).saved(next_time) == []
    assert CourseRun.objects.count() == 3


def test_a_run_saved_as_it_stands_writes_no_history_and_is_named_by_its_title(client: Client) -> None:
    world, organiser = township_organiser()
    client.force_login(organiser)
    edit, form = opened_form(client, given := give_course(world.branch, starts_in=dt.timedelta(days=3)))
    assert edit.saved(form) == []
    shown = client.get(f"/admin/course-runs/history/{given.run.pk}/").content.decode()
    assert given.page.title in shown
    assert f": {given.run.pk}<" not in shown
    assert not ModelLogEntry.objects.for_instance(given.run).exists()
    page = client.get(edit.url).content.decode()
    assert "使用情况" not in page
    assert client.get(f"/admin/course-runs/usage/{given.run.pk}/").status_code == 404
    assert list(edit.refused({**form, "ends_at": form["starts_at"]})["ends_at"]) == [
        "截止时间要晚于开始时间，也要晚于现在。"
    ]


def test_a_colleagues_second_tab_is_told_who_cancelled_a_course(client: Client) -> None:
    world, organiser = township_organiser()
    given = give_course(world.branch, starts_in=dt.timedelta(days=3))
    client.force_login(organiser)
    cancel = f"/admin/course-runs/delete/{given.run.pk}/"
    assert client.post(cancel).status_code == 302
    edit = f"/admin/course-runs/edit/{given.run.pk}/"
    for answer in (client.get(edit, follow=True), client.post(edit, {}, follow=True), client.post(cancel, follow=True)):
        assert "已由本支部组织员于" in answer.content.decode()
    history = ModelLogEntry.objects.get(action="courses.withdraw")
    assert history.message == f"取消了课程“{given.page.title}”的安排（{at_minute(given.run.occasion.starts_at)}）"
    client.force_login(RoleGrantFactory(node=world.neighbour, role=Role.ORGANISER).user)
    assert client.get(edit).status_code == 404
