"""The organiser's desk: what each role finds there, what waits, the calendar, the bars; the same in the admin."""

import datetime as dt
import re
from collections.abc import Callable
from typing import Any

import pytest
import time_machine
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from django.utils.html import strip_tags

from attendance.models import Occasion, RecordState, Rule, Training
from attendance.operations import fold_summary
from attendance.queries.desk import trainings_shown
from organizations.models import Role, User
from tests.attendance.people import expect, make_occasion, make_rule, make_training, stand
from tests.attendance.reports.conftest import World
from tests.attendance.reports.conftest import world as world
from tests.factories.attendance import WorkerLeaseFactory
from tests.factories.organizations import RoleGrantFactory, UserFactory

pytestmark = pytest.mark.integration
SignIn = Callable[[User], Client]
NOON = dt.datetime(2026, 11, 25, 4, tzinfo=dt.UTC)
DAY = dt.timedelta(days=1)


@pytest.fixture
def noon() -> Any:
    with time_machine.travel(NOON, tick=False):
        yield


@pytest.fixture(autouse=True)
def _no_other_apps(request: pytest.FixtureRequest, settings: Any) -> None:
    """What the apps above say is theirs to test."""
    settings.DESK = {"plan": ["live.desk.plan_url"]}


def text_of(page: str) -> str:
    return " ".join(strip_tags(page).split())


def legend(page: str) -> list[str]:
    """The numbers beside the bars, in their order."""
    return [text_of(one) for one in re.findall(r'<li class="l-[a-z-]+">.*?</li>', page)]


def desk(client: Client, at: str = "") -> str:
    answer = client.get("/desk/", {"at": at} if at else {})
    assert answer.status_code == 200
    return answer.content.decode()


def test_organisers_and_lecturers_have_a_desk_and_nobody_else(world: World, sign_in: SignIn, client: Client) -> None:
    county = world.county
    answers = {
        name: sign_in(getattr(county, name)).get("/desk/").status_code
        for name in ("organiser", "lecturer", "secretary", "member", "auditor", "operator")
    }
    assert answers == {
        "organiser": 200, "lecturer": 200, "secretary": 404, "member": 404, "auditor": 404, "operator": 404
    }  # fmt: skip
    assert Client().get("/desk/").headers["Location"] == "/accounts/login/?next=/desk/"
    assert 'href="/desk/"' in sign_in(county.organiser).get("/branch/").content.decode()
    assert 'href="/desk/"' not in sign_in(county.secretary).get("/branch/").content.decode()


def test_a_bar_has_the_numbers_of_ones_own_units_beside_it(world: World, sign_in: SignIn) -> None:
    fold_summary()
    page = desk(sign_in(world.county.organiser))
    assert f'href="/branch/{world.training.pk}/"' in page
    neighbours = len(world.county.neighbours)
    assert legend(page) == ["1 已参加", "1 已补学", "1 请假", "0 正在进行", f"{1 + neighbours} 还没有"]
    assert f"{4 + neighbours} 位" in text_of(page)
    assert page.count('<svg class="chart"') == 1
    below = RoleGrantFactory(node=world.county.branch, role=Role.ORGANISER).user
    assert legend(desk(sign_in(below))) == ["1 已参加", "1 已补学", "1 请假", "0 正在进行", "1 还没有"]


def test_what_belongs_to_a_neighbour_is_not_there(world: World, sign_in: SignIn) -> None:
    theirs = make_training(world.county.neighbour, title="邻居的培训")
    make_occasion(theirs, state=Occasion.State.SCHEDULED, title="邻居的一场")
    make_training(world.county.neighbour, title="邻居的草稿", state=Training.State.DRAFT)
    below = RoleGrantFactory(node=world.county.branch, role=Role.ORGANISER).user
    assert "邻居的" not in desk(sign_in(below))
    above = desk(sign_in(world.county.organiser))
    assert all(title in above for title in ("邻居的培训", "邻居的一场", "邻居的草稿"))


def test_nothing_of_the_ledger_is_a_lecturers(world: World, sign_in: SignIn) -> None:
    make_training(world.county.county, title="县里的草稿", state=Training.State.DRAFT)
    page = desk(sign_in(world.county.lecturer))
    assert "县里的草稿" not in page
    assert world.training.title not in page
    assert "今天没有直播。" in page
    assert "现在没有要您处理的事。" in page


def test_trainings_stand_in_the_order_of_the_tree_and_of_their_deadlines(world: World) -> None:
    county, now = world.county, timezone.now()
    below, later = make_training(county.branch, title="支部"), make_training(county.county, title="县里晚些")
    standing = make_training(county.branch, title="自己的会议")
    gone, draft = make_training(county.county, title="早过了"), make_training(county.county, state="draft")
    Training.objects.filter(pk=later.pk).update(deadline_at=now + 60 * DAY)
    Training.objects.filter(pk=below.pk).update(deadline_at=now + DAY)
    Training.objects.filter(pk=standing.pk).update(is_standing=True)
    Training.objects.filter(pk=gone.pk).update(deadline_at=now - 15 * DAY)
    shown = [one.pk for one in trainings_shown([county.county], as_of=now, limit=9)]
    assert shown == [world.training.pk, later.pk, below.pk]
    assert draft.pk not in shown
    of_branch = [one.pk for one in trainings_shown([county.branch], as_of=now, limit=9)]
    assert of_branch == [below.pk, world.training.pk, standing.pk, later.pk]
    assert [one.pk for one in trainings_shown([county.county], as_of=now, limit=1)] == [world.training.pk]


def test_a_deadline_within_a_week_waits_while_somebody_is_missing(world: World, sign_in: SignIn) -> None:
    fold_summary()
    missing = 1 + len(world.county.neighbours)
    client = sign_in(world.county.organiser)
    said = f"还有 {missing} 位没有参加"
    assert "天截止" not in text_of(desk(client))
    for left, words in ((7 * DAY - dt.timedelta(minutes=1), "天截止"), (dt.timedelta(minutes=1), "截止")):
        Training.objects.filter(pk=world.training.pk).update(deadline_at=timezone.now() + left)
        assert words in text_of(desk(client))
        assert said in text_of(desk(client))
    Training.objects.filter(pk=world.training.pk).update(deadline_at=timezone.now() - dt.timedelta(minutes=1))
    assert said not in text_of(desk(client))


def test_nobody_missing_is_no_matter(world: World, sign_in: SignIn) -> None:
    training = make_training(world.county.branch, title="都完成了")
    stand(make_occasion(training), world.county.member, world.county.branch, RecordState.ATTENDED)
    fold_summary()
    Training.objects.filter(pk=training.pk).update(deadline_at=timezone.now() + DAY)
    assert "“都完成了”" not in desk(sign_in(world.county.organiser))


def test_a_course_that_goes_on_is_said_at_its_deadline(world: World, sign_in: SignIn) -> None:
    training = make_training(world.county.branch, title="还在学")
    rule = make_rule(name="课程", basis=Rule.Basis.MEDIA)
    course = make_occasion(
        training, state=Occasion.State.OPEN, rule=rule, ends_at=timezone.now() + DAY, title="一门课程"
    )
    expect(course, world.county.member, world.county.branch)
    fold_summary()
    Training.objects.filter(pk=training.pk).update(deadline_at=timezone.now() + DAY)
    page = desk(sign_in(world.county.organiser))
    assert "“还在学”还有 1 天截止 1 位正在学" in text_of(page)
    assert "1 正在进行" in legend(page)


def test_drafts_and_gaps_wait_with_their_steps(world: World, sign_in: SignIn) -> None:
    draft = make_training(world.county.county, title="冬训", state=Training.State.DRAFT)
    start = world.occasion.window_start_at
    assert start is not None
    begin = int(start.timestamp() * 1000)
    Occasion.objects.filter(pk=world.occasion.pk).update(away_ms=[[begin, begin + 50_000]])
    WorkerLeaseFactory()
    page = desk(sign_in(world.county.organiser))
    assert "培训“冬训”还是草稿" in page
    assert f'href="/desk/plan/{draft.pk}/"' in page
    assert "时系统中断 50 秒" in page
    assert f'href="{reverse("integrity")}"' in page
    assert "需要您处理 2 项" in page


@pytest.mark.usefixtures("noon")
def test_the_calendar_shows_what_begins_and_ends_and_plans_a_free_day(world: World, sign_in: SignIn) -> None:
    county = world.county
    Training.objects.filter(pk=world.training.pk).update(deadline_at=NOON + 4 * DAY)
    soon = make_occasion(world.training, state=Occasion.State.SCHEDULED, starts_at=NOON + DAY, title="党课")
    rule = make_rule(name="课程", basis=Rule.Basis.MEDIA)
    make_occasion(
        world.training, state=Occasion.State.OPEN, rule=rule, title="一门课程", starts_at=NOON - 30 * DAY,
        ends_at=NOON + 2 * DAY,
    )  # fmt: skip
    make_occasion(world.training, state=Occasion.State.VOID, starts_at=NOON, title="作废的一场")
    client = sign_in(county.organiser)
    page = desk(client)
    assert "2026年11月" in page
    assert f'<a class="desk-entry desk-on-pc k-plain" href="/there/{soon.pk}/" title="党课">' in page
    assert "<span>12:00 党课</span>" in page
    assert "<span>截止 一门课程</span>" in page
    assert "开始 一门课程" in page  # on the 26th of October, which stands beside
    assert f"<span>截止 {world.training.title}</span>" in page
    assert "作废的一场" not in page
    assert 'href="/admin/live/schedule/add/?day=2026-11-30"' in page
    assert 'href="/admin/live/schedule/add/?day=2026-11-24"' not in page  # that day is over
    assert '<li id="d20261126">' in page
    week = desk(client, "2026-11-26")
    assert "11月23日 星期一 – 11月29日" in text_of(week)
    assert "党课" in week
    assert 'href="?at=2026-11-30"' in week
    assert "党课" not in desk(client, "2027-01")
    assert "2026年11月" in desk(client, "nonsense")
    assert "schedule/add" not in desk(sign_in(county.lecturer))


@pytest.mark.usefixtures("noon")
def test_a_full_day_says_how_much_more_there_is_and_its_week_shows_it(world: World, sign_in: SignIn) -> None:
    for number in range(5):
        starts_at = NOON + DAY + number * dt.timedelta(hours=1)
        make_occasion(world.training, state=Occasion.State.SCHEDULED, starts_at=starts_at, title=f"第{number}场")
    client = sign_in(world.county.organiser)
    month = desk(client)
    assert "第2场" in month
    assert "第3场" not in month
    assert "还有 2 项 ›" in month
    assert 'href="?at=2026-11-23"' in month
    for number in range(5):
        due = make_training(world.county.branch, title=f"培训{number}")
        Training.objects.filter(pk=due.pk).update(deadline_at=NOON + DAY)
    assert "还有 4 项 ›" in desk(client)
    week = desk(client, "2026-11-23")
    assert "第4场" in week
    assert "培训4" in week
    assert "还有" not in text_of(week)


@pytest.mark.usefixtures("noon")
def test_the_last_days_have_their_deadlines_however_many_there_are_before(world: World, sign_in: SignIn) -> None:
    due = {"state": Training.State.PUBLISHED, "starts_date": NOON.date(), "deadline_at": NOON + DAY}
    Training.objects.bulk_create(
        Training(title=f"培训{number}", node=world.county.branch, **due) for number in range(101)
    )
    last = make_training(world.county.branch, title="月底的培训")
    Training.objects.filter(pk=last.pk).update(deadline_at=NOON + 5 * DAY)
    page = desk(sign_in(world.county.organiser))
    assert "还有 98 项 ›" in page
    assert "<span>截止 月底的培训</span>" in page


@pytest.mark.usefixtures("noon")
def test_the_standing_trainings_of_units_below_are_not_in_the_calendar(world: World, sign_in: SignIn) -> None:
    own = make_training(world.county.branch, title="支部的会议")
    Training.objects.filter(pk=own.pk).update(is_standing=True)
    make_occasion(own, state=Occasion.State.SCHEDULED, starts_at=NOON + DAY, title="党员大会")
    below = RoleGrantFactory(node=world.county.branch, role=Role.ORGANISER).user
    assert "党员大会" in desk(sign_in(below))
    assert "党员大会" not in desk(sign_in(world.county.organiser))


def test_the_same_panels_stand_on_the_admins_first_page(world: World, sign_in: SignIn) -> None:
    fold_summary()
    for person, back in ((world.county.organiser, "/desk/"), (world.county.operator, "/")):
        page = sign_in(person).get("/admin/").content.decode()
        assert f'<a class="desk-link" href="{back}">回到网站' in page
        assert "css/desk_office" in page
        assert "w-summary" not in page
        assert ("desk-calendar" in page) == (person == world.county.organiser)
    page = sign_in(world.county.organiser).get("/admin/?at=2026-12").content.decode()
    assert "2026年12月" in page
    assert f'href="/branch/{world.training.pk}/"' in page
    assert 'href="/admin/"' in desk(sign_in(world.county.organiser))


def test_no_more_queries_with_more_to_see(
    world: World, sign_in: SignIn, settings: Any, django_assert_max_num_queries: Any
) -> None:
    from config import plug_points

    settings.DESK = plug_points.DESK
    client = sign_in(world.county.organiser)
    for number in range(15):
        training = make_training(world.county.branch, title=f"培训{number}")
        Training.objects.filter(pk=training.pk).update(deadline_at=timezone.now() + DAY)
        one = make_occasion(training, title=f"第{number}场")
        stand(one, world.county.member, world.county.branch, RecordState.MISSING)
        begin = int(one.window_start_at.timestamp() * 1000)  # type: ignore[union-attr]
        Occasion.objects.filter(pk=one.pk).update(away_ms=[[begin, begin + 5_000]])
        make_training(world.county.branch, title=f"草稿{number}", state=Training.State.DRAFT)
    fold_summary()
    desk(client)  # what a process loads once
    with django_assert_max_num_queries(26):
        page = desk(client)
    assert page.count('<svg class="chart"') == 12
    lecturer = sign_in(world.county.lecturer)
    with django_assert_max_num_queries(14):
        desk(lecturer)


def test_whoever_organises_or_lectures_begins_at_the_desk(db: None, settings: Any) -> None:
    from allauth.account.adapter import get_adapter
    from django.test import RequestFactory

    request = RequestFactory().get("/accounts/login/")
    pages = {}
    for role in (*Role.values, None):
        request.user = UserFactory()
        if role:
            RoleGrantFactory(user=request.user, role=role)
        pages[role] = get_adapter().get_login_redirect_url(request)
    assert {role for role, page in pages.items() if page == "/desk/"} == {Role.ORGANISER, Role.LECTURER}
    assert {page for role, page in pages.items() if role not in (Role.ORGANISER, Role.LECTURER)} == {"/"}
