"""The whole life of a planned training: begun, left, filled, looked at, published, changed, copied, withdrawn."""

import datetime as dt
from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone
from pytest_django import DjangoAssertNumQueries

from attendance.models import Evidence, Occasion, ReminderSetting, Rule, Training
from attendance.operations import approve_leave, open_occasion
from attendance.operations.narrowing import UnableToNarrowTraining, narrow_training
from attendance.planning import (
    UnableToPlanTraining,
    contents_of,
    copy_training,
    lacks_of,
    publish_training,
    withdraw_training,
)
from attendance.queries import trainings_touching
from attendance.queries.consequences import refusals_of
from attendance.queries.ledger import is_expected
from attendance.queries.naming import leaves_nobody
from attendance.units import uses_of
from courses.models import CourseRun
from courses.queries import runs_expecting
from live.models import Lecture
from live.permissions import expects
from organizations.models import Node, Role, User
from tests.factories.attendance import RuleFactory, TrainingFactory
from tests.factories.cms import CoursePageFactory, LessonPageFactory, ready_video
from tests.factories.organizations import County, RoleGrantFactory, UserFactory, make_county
from tests.office import hidden

pytestmark = [pytest.mark.integration, pytest.mark.django_db]
SignIn = Callable[[User], Client]
DAY = dt.timedelta(days=1)


@pytest.fixture
def world() -> County:
    return make_county()


def at(days: int, hour: int = 19) -> dt.datetime:
    return (timezone.localtime() + days * DAY).replace(hour=hour, minute=30, second=0, microsecond=0)


def filled(world: County, **changes: Any) -> dict[str, Any]:
    return {
        "title": "冬训", "node": world.county.pk, "starts_date": at(1).date().isoformat(),
        "deadline_at": at(30).strftime("%Y-%m-%dT%H:%M"), "hours_required": "2", "summary": "",
        "lecture_rule": RuleFactory().pk, "course_rule": RuleFactory(basis=Rule.Basis.MEDIA).pk, **changes,
    }  # fmt: skip


def begun(client: Client, world: County, **changes: Any) -> Training:
    answer = client.post("/desk/plan/", filled(world, **changes))
    assert answer.status_code == 302, answer.context["form"].errors
    return Training.objects.get()


def add_lecture(client: Client, world: County, training: Training, **changes: Any) -> Lecture:
    address = f"/admin/live/schedule/add/?training={training.pk}"
    data = {
        "training": training.pk, "title": "防汛避险", "node": training.node_id, "minutes": 60,
        "starts_at": at(3).strftime("%Y-%m-%d %H:%M"), "lecturer": world.lecturer.pk, "rule": "", "record": "on",
        "webrtc_cap": 300, "repeats": "", **changes,
    }  # fmt: skip
    saved = client.post(address, data)  # at once: that the plan is a draft is nothing to ask about
    assert saved.status_code == 302, saved.context["form"].errors
    assert saved["Location"] == f"/desk/plan/{training.pk}/"
    return Lecture.objects.select_related("occasion").latest("pk")


def add_course(client: Client, world: County, training: Training) -> CourseRun:
    page = CoursePageFactory(node=world.county, title="急救常识")
    LessonPageFactory(course=page, body=[("video", ready_video())])
    address = f"/admin/course-runs/new/?training={training.pk}"
    data = {
        "page": page.pk, "training": training.pk, "node": training.node_id, "rule": "",
        "starts_at": at(2).strftime("%Y-%m-%d %H:%M"), "ends_at": at(20).strftime("%Y-%m-%d %H:%M"),
    }  # fmt: skip
    assert f'action="{address}"' in client.get(address).content.decode()
    saved = client.post(address, data)
    assert saved.status_code == 302, saved.context["form"].errors
    assert saved["Location"] == f"/desk/plan/{training.pk}/"
    return CourseRun.objects.get()


def text(client: Client, training: Training) -> str:
    answer = client.get(f"/desk/plan/{training.pk}/")
    assert answer.status_code == 200
    return answer.content.decode()


def test_a_plan_is_begun_left_filled_and_published_in_one_press(world: County, sign_in: SignIn) -> None:
    client = sign_in(world.organiser)
    assert client.get("/desk/plan/").status_code == 200
    training = begun(client, world)
    assert training.state == Training.State.DRAFT
    assert f"/desk/plan/{training.pk}/" in client.get("/desk/").content.decode()
    empty = text(client, training)
    assert "发布以前还差" in empty
    assert "不会自动提醒" in empty
    refused = client.post(f"/desk/plan/{training.pk}/publish/")
    assert refused.status_code == 422
    assert "还没有内容" in refused.content.decode()
    filling = client.get(f"/admin/live/schedule/add/?training={training.pk}").content.decode()
    assert "QX 青溪县" in filling
    assert f'href="/desk/plan/{training.pk}/"' in filling
    assert "QX 青溪县" in client.get(f"/admin/course-runs/new/?training={training.pk}").content.decode()
    add_lecture(client, world, training)
    add_course(client, world, training)
    shown = text(client, training)
    for said in ("防汛避险", "急救常识", "2 个支部", "东风村第一支部", "前学完", "开始前一天", "到期前 3 天"):
        assert said in shown
    assert "发布以前还差" not in shown
    done = client.post(f"/desk/plan/{training.pk}/publish/", follow=True)
    assert "已发布" in done.content.decode()
    training.refresh_from_db()
    assert training.state == Training.State.PUBLISHED
    assert client.post(f"/desk/plan/{training.pk}/publish/").status_code == 302  # pressed twice
    assert "防汛避险" in sign_in(world.member).get("/").content.decode()


def test_a_mistake_is_named_at_its_field_and_nothing_is_lost(world: County, sign_in: SignIn) -> None:
    client = sign_in(world.organiser)
    sent = filled(world, title="很长的名称", deadline_at="2020-01-01T10:00", node="", node_text="没有的村")
    answer = client.post("/desk/plan/", sent)
    assert answer.status_code == 422
    assert set(answer.context["form"].errors) == {"node", "deadline_at"} or "node" in answer.context["form"].errors
    shown = answer.content.decode()
    assert 'value="很长的名称"' in shown
    assert 'value="没有的村"' in shown
    assert not Training.objects.exists()


def test_what_is_published_is_changed_with_a_question_and_not_into_the_past(world: County, sign_in: SignIn) -> None:
    client = sign_in(world.organiser)
    rules = {"lecture_rule": RuleFactory().pk, "course_rule": ""}
    training = begun(client, world, **rules)
    add_lecture(client, world, training)
    client.post(f"/desk/plan/{training.pk}/publish/")
    address = f"/desk/plan/{training.pk}/change/"
    page = client.get(address)
    stored = filled(world, **rules)
    assert 'value="冬训"' in page.content.decode()
    past = client.post(address, {**stored, "starts_date": "2020-01-01", "deadline_at": "2020-01-02T10:00"})
    assert "deadline_at" in past.context["form"].errors
    asked = client.post(address, {**stored, "title": "春训"})
    assert asked.status_code == 422
    assert "名称改为“春训”" in asked.content.decode()
    agreed = {
        **stored,
        "title": "春训",
        "agreed": asked.context["form"].agreement,
        "seen": hidden(asked.content.decode(), "seen"),
    }
    agreed["node_text"] = "QX 青溪县"
    assert client.post(address, agreed).status_code == 302
    training.refresh_from_db()
    assert (training.title, training.state) == ("春训", Training.State.PUBLISHED)


def test_who_is_quicker_wins_and_the_other_is_told(world: County, sign_in: SignIn, monkeypatch: Any) -> None:
    client = sign_in(world.organiser)
    training = begun(client, world)
    from attendance.plan_forms import overtaken
    from attendance.planning_forms import PlanForm

    def beaten(*_given: Any, **_named: Any) -> None:
        raise overtaken()

    monkeypatch.setattr(PlanForm, "save", beaten)
    answer = client.post(f"/desk/plan/{training.pk}/change/", filled(world, title="春训"))
    assert answer.status_code == 422
    assert "别人刚刚改过" in answer.content.decode()


def test_the_same_is_held_once_more_so_many_days_later(world: County, sign_in: SignIn) -> None:
    client = sign_in(world.organiser)
    training = begun(client, world)
    first = add_lecture(client, world, training)
    run = add_course(client, world, training)
    Occasion.objects.create(
        training=training, kind="gathering", title="党日", node=training.node, rule=first.occasion.rule,
        starts_at=at(4), ends_at=at(5),
    )  # fmt: skip
    address = f"/desk/plan/{training.pk}/copy/"
    assert 'value="冬训"' in client.get(address).content.decode()
    wrong = client.post(address, {"title": "春训", "starts_date": "0026-01-01"})
    assert wrong.status_code == 422
    over = {"title": "补录", "starts_date": at(-31).date().isoformat()}
    asked = client.post(address, over)
    assert (asked.status_code, Training.objects.count()) == (422, 1)
    assert "这一天已经过去" in asked.content.decode()
    again = client.post(address, {**over, "starts_date": at(-30).date().isoformat(), "past": over["starts_date"]})
    assert again.status_code == 422, "another day is asked about, too"
    assert f'name="past" value="{over["starts_date"]}"' in asked.content.decode()
    assert client.post(address, {**over, "past": over["starts_date"]}).status_code == 302
    Training.objects.filter(title="补录").delete()
    later = at(31).date()
    done = client.post(address, {"title": " 春训 ", "starts_date": later.isoformat()}, follow=True)
    assert "照“冬训”做了一份草稿" in done.content.decode()
    copied = Training.objects.get(title="春训")
    assert (copied.state, copied.starts_date) == (Training.State.DRAFT, later)
    moved = {one.kind: one for one in copied.occasions.all()}
    assert moved["lecture"].starts_at == first.occasion.starts_at + 30 * DAY
    assert moved["course"].ends_at == run.occasion.ends_at + 30 * DAY
    assert set(moved) == {"lecture", "course"}
    assert "“党日”没有照搬：这一类不能照搬" in done.content.decode()
    Lecture.objects.filter(pk=first.pk).update(lecturer=world.member)
    run.page.unpublish()
    _again, left_out = copy_training(
        training_id=training.pk, title="夏训", starts_date=later, actor_id=world.organiser.pk, as_of=timezone.now()
    )
    assert len(left_out) == 3
    Rule.objects.filter(pk=run.occasion.rule_id).update(node=world.neighbour)
    type(run.page).objects.get(pk=run.page_id).save_revision().publish()
    _again, left_out = copy_training(
        training_id=training.pk, title="秋训", starts_date=later, actor_id=world.organiser.pk, as_of=timezone.now()
    )
    assert len(left_out) == 3


def test_all_of_it_is_withdrawn_while_nothing_has_begun(world: County, sign_in: SignIn) -> None:
    client = sign_in(world.organiser)
    training = begun(client, world)
    lecture = add_lecture(client, world, training)
    add_course(client, world, training)
    client.post(f"/desk/plan/{training.pk}/publish/")
    address = f"/desk/plan/{training.pk}/withdraw/"
    asked = client.get(address).content.decode()
    assert "2 场都取消" in asked
    Occasion.objects.filter(pk=lecture.pk).update(state=Occasion.State.OPEN)
    assert "不能整个撤回" in client.post(address, follow=True).content.decode()
    before = client.get(address).content.decode()
    assert "已经开始或者已经办过，不能整个撤回：" in before
    assert "确认撤回" not in before
    assert CourseRun.objects.exists()
    Occasion.objects.filter(pk=lecture.pk).update(state=Occasion.State.SCHEDULED)
    assert "已撤回" in client.post(address, follow=True).content.decode()
    assert not Training.objects.exists()
    assert not Occasion.objects.exists()
    pages = [f"/desk/plan/{training.pk}/{step}" for step in ("", "change/", "copy/", "withdraw/")]
    for page in pages:
        assert "“冬训”已经撤回，不能恢复。" in client.get(page, follow=True).content.decode()
    assert "“冬训”已经撤回" in client.post(f"/desk/plan/{training.pk}/publish/", follow=True).content.decode()
    assert "“冬训”已经撤回" in sign_in(organiser_at(world.county)).get(pages[0], follow=True).content.decode()
    neighbour = organiser_at(world.neighbour)
    assert {sign_in(neighbour).get(page).status_code for page in pages} == {404}


def test_what_a_leave_was_written_for_stays_closed(world: County, sign_in: SignIn) -> None:
    client = sign_in(world.organiser)
    training = begun(client, world)
    lecture = add_lecture(client, world, training)
    publish_training(training_id=training.pk, actor_id=world.organiser.pk, as_of=timezone.now())
    approve_leave(
        occasion_id=lecture.pk, member_id=world.member.pk, category="work", recorded_by_id=world.secretary.pk,
        as_of=timezone.now(),
    )  # fmt: skip
    assert Evidence.objects.exists()
    is_gone = withdraw_training(training_id=training.pk, actor_id=world.organiser.pk, as_of=timezone.now())
    training.refresh_from_db()
    assert (is_gone, training.state) == (False, Training.State.CLOSED)
    assert "加一场直播" not in text(client, training)
    with pytest.raises(UnableToPlanTraining, match="已经结束"):
        publish_training(training_id=training.pk, actor_id=world.organiser.pk, as_of=timezone.now())


def test_what_keeps_a_plan_from_being_published_is_said(world: County, sign_in: SignIn) -> None:
    client = sign_in(world.organiser)
    training = begun(client, world)
    lecture = add_lecture(client, world, training)
    other = begun_elsewhere(world)
    ReminderSetting.objects.create(
        node=world.county,
        before_start=False,
        before_deadline=False,
        changed_at=timezone.now(),
        changed_by=world.organiser,
    )
    Occasion.objects.filter(pk=lecture.pk).update(starts_at=at(-3), ends_at=at(-2), node=other.node)
    Training.objects.filter(pk=training.pk).update(deadline_at=at(-1), node=world.neighbour)
    shown = text(client, training)
    for said in ("已经过去", "已经过了时间", "不在“东风村第二支部”之内", "不会自动提醒"):
        assert said in shown


def test_what_is_planned_is_looked_at_before_it_is_published(world: County, sign_in: SignIn) -> None:
    client = sign_in(world.organiser)
    training = begun(client, world)
    lecture, run = add_lecture(client, world, training), add_course(client, world, training)
    assert "发布以前还差" not in text(client, training)
    Lecture.objects.filter(pk=lecture.pk).update(lecturer=world.member)
    type(run.page).objects.get(pk=run.page_id).unpublish()
    shown = text(client, training)
    assert "没有讲师职责" in shown
    assert "“急救常识”：这门课还没有发布" in shown
    assert client.post(f"/desk/plan/{training.pk}/publish/").status_code == 422


def organiser_at(node: Any) -> User:
    user = UserFactory()
    RoleGrantFactory(user=user, node=node, role=Role.ORGANISER)
    return user


def test_what_a_unit_above_gives_is_neither_withdrawn_nor_copied_from_below(world: County, sign_in: SignIn) -> None:
    """A course may be given above its training's unit: whoever plans the training does not take it from the county."""
    client = sign_in(world.organiser)
    training = begun(client, world)
    run = add_course(client, world, training)
    Training.objects.filter(pk=training.pk).update(node=world.branch)
    below = organiser_at(world.branch)
    theirs = sign_in(below)
    said = theirs.post(f"/desk/plan/{training.pk}/withdraw/", follow=True).content.decode()
    assert "不在您的范围内，不能整个撤回" in said
    assert "急救常识" in said
    sent = {"title": "春训", "starts_date": at(31).date().isoformat()}
    copied = theirs.post(f"/desk/plan/{training.pk}/copy/", sent, follow=True).content.decode()
    assert "“急救常识”没有照搬：它的对象" in copied
    Occasion.objects.filter(pk=run.pk).update(node=world.branch)
    copied = theirs.post(f"/desk/plan/{training.pk}/copy/", {**sent, "title": "夏训"}, follow=True).content.decode()
    assert "“急救常识”没有照搬：这门课不在您的范围内" in copied
    assert CourseRun.objects.get() == run


@pytest.mark.parametrize("kind", ["lecture", "course"])
def test_what_begins_in_this_moment_is_not_withdrawn(world: County, sign_in: SignIn, kind: str) -> None:
    client = sign_in(world.organiser)
    training = begun(client, world)
    lecture, run = add_lecture(client, world, training), add_course(client, world, training)
    pk = lecture.pk if kind == "lecture" else run.pk

    def begin(found: Training) -> list[Occasion]:
        known = contents_of(found)
        Occasion.objects.filter(pk=pk).update(state=Occasion.State.OPEN)
        Lecture.objects.filter(pk=pk).update(state=Lecture.State.LIVE, live_at=timezone.now())
        return known

    with pytest.MonkeyPatch.context() as patched:
        patched.setattr("attendance.planning.contents_of", begin)
        with pytest.raises(UnableToPlanTraining, match="不能整个撤回"):
            withdraw_training(training_id=training.pk, actor_id=world.organiser.pk, as_of=timezone.now())
    assert Occasion.objects.count() == 2


def test_nothing_is_copied_for_a_closed_unit_and_each_that_is_left_out_says_why(world: County, sign_in: SignIn) -> None:
    client = sign_in(world.organiser)
    training = begun(client, world)
    lecture, run = add_lecture(client, world, training), add_course(client, world, training)
    Occasion.objects.filter(pk=lecture.pk).update(repeats=run.occasion)
    Occasion.objects.filter(pk=run.pk).update(node=world.branch)
    Node.objects.filter(pk=world.branch.pk).update(closed_date=at(0).date())
    address, sent = f"/desk/plan/{training.pk}/copy/", {"title": "春训", "starts_date": at(31).date().isoformat()}
    said = client.post(address, sent, follow=True).content.decode()
    assert "这是再讲的一场" in said
    assert "“急救常识”没有照搬：“东风村第一支部”已撤销" in said
    Training.objects.filter(pk=training.pk).update(node=world.branch)
    assert "不能照它再办一次" in client.post(address, sent, follow=True).content.decode()
    assert Training.objects.count() == 2


def begun_elsewhere(world: County) -> Training:
    return TrainingFactory(node=world.branch, state=Training.State.DRAFT)


def test_other_lectures_of_the_same_people_are_told(world: County, sign_in: SignIn) -> None:
    client = sign_in(world.organiser)
    training = begun(client, world)
    other = TrainingFactory(node=world.branch)
    Occasion.objects.create(
        training=other, kind="lecture", title="别的直播", node=world.branch, rule=RuleFactory(),
        starts_at=at(5), ends_at=at(5) + dt.timedelta(hours=1),
    )  # fmt: skip
    assert "别的直播" in text(client, training)


def test_a_draft_of_a_unit_above_is_not_told_below(world: County, sign_in: SignIn) -> None:
    client = sign_in(world.organiser)
    above = begun(client, world)
    add_lecture(client, world, above)
    own = TrainingFactory(
        node=world.branch, state=Training.State.DRAFT, starts_date=at(1).date(), deadline_at=at(30), title="支部的"
    )
    below = sign_in(organiser_at(world.branch))
    assert "防汛避险" not in text(below, own)
    assert "防汛避险" in text(sign_in(world.organiser), own)
    Training.objects.filter(pk=above.pk).update(state=Training.State.PUBLISHED)
    assert "防汛避险" in text(sign_in(organiser_at(world.branch)), own)


def test_a_plan_is_nobody_elses(world: County, sign_in: SignIn) -> None:
    training = begun(sign_in(world.organiser), world)
    neighbour = UserFactory()
    RoleGrantFactory(user=neighbour, node=world.neighbour, role=Role.ORGANISER)
    pages = [f"/desk/plan/{training.pk}/{step}" for step in ("", "change/", "copy/", "withdraw/")]
    foreign = sign_in(neighbour)
    pages += [f"/admin/live/schedule/add/?training={asked}" for asked in (training.pk, "x", "9" * 30)]
    assert {foreign.get(page).status_code for page in pages} == {404}
    assert foreign.post(f"/desk/plan/{training.pk}/publish/").status_code == 404
    assert sign_in(world.secretary).get(f"/desk/plan/{training.pk}/").status_code == 404
    assert foreign.get(f"/desk/plan/{2**70}/").status_code == 404


def test_a_plan_costs_the_same_however_much_is_in_it(
    world: County, sign_in: SignIn, django_assert_max_num_queries: DjangoAssertNumQueries
) -> None:
    client = sign_in(world.organiser)
    training = begun(client, world)
    for hour in (8, 10, 14):
        add_lecture(client, world, training, starts_at=at(3, hour).strftime("%Y-%m-%d %H:%M"), title=f"第{hour}场")
    text(client, training)
    with django_assert_max_num_queries(20):
        text(client, training)


def test_some_units_and_all_but_one_branch(world: County, sign_in: SignIn) -> None:
    """Who is expected is one answer everywhere: counted before saving, on the plan, on 今天, on rosters."""
    client = sign_in(world.organiser)
    parts = {
        "chosen_0": world.township.pk, "chosen_0_text": "QX.01 永安镇",
        "out_0": world.neighbour.pk, "out_0_text": "QX.01.02 东风村第二支部",
    }  # fmt: skip
    sent = filled(world, title="", **parts)
    sent["node_text"] = "QX 青溪县"
    counted = client.post("/desk/plan/", {**sent, "count": "1"})
    assert counted.context["counted"] == ["4 人，1 个支部", "永安镇：4 人", "不包括 东风村第二支部：4 人"]
    assert 'value="QX.01.02 东风村第二支部"' in (said := counted.content.decode())
    assert '<details class="fold" open>' in said
    assert "还没有填" not in said  # the title is not what was asked about
    assert '<details class="fold" >' in client.get("/desk/plan/").content.decode()
    assert client.post("/desk/plan/", {**sent, "count": "1", "out_0_text": "没有"}).context["counted"] is None
    for wrong, words in (
        ({"out_0": world.township.pk, "out_0_text": "QX.01 永安镇"}, "又选了不包括"),
        ({"out_0": world.county.pk, "out_0_text": "QX 青溪县"}, "要选“青溪县”下面的组织"),
        ({"chosen_0": world.branch.pk, "chosen_0_text": "QX.01.01 东风村第一支部"}, "本来就不在选中的组织里"),
    ):
        refused = client.post("/desk/plan/", {**sent, **wrong, "title": "冬训"})
        assert (refused.status_code, Training.objects.count()) == (422, 0)
        assert words in refused.content.decode()
    training = begun(client, world, **parts, node_text="QX 青溪县")
    lecture, run = add_lecture(client, world, training), add_course(client, world, training)
    assert "4 人，1 个支部" in (shown := text(client, training))
    assert "不包括 东风村第二支部：4 人" in shown
    client.post(f"/desk/plan/{training.pk}/publish/")
    expected = {*world.members, world.secretary}
    for unit, has_it in ((world.branch, True), (world.neighbour, False), (world.township, True)):
        assert trainings_touching([unit]).filter(pk=training.pk).exists() is has_it
    for person, is_asked in ((world.member, True), (world.neighbour_member, False)):
        own = sign_in(person)
        assert ("防汛避险" in own.get("/").content.decode()) is is_asked
        assert runs_expecting(member_id=person.pk).filter(pk=run.pk).exists() is is_asked
        assert is_expected(occasion=lecture.occasion, member_id=person.pk) is is_asked
        assert expects(lecture.occasion, person.pk) is is_asked
    register = sign_in(world.neighbour_secretary).get(f"/branch/register/?training={training.pk}").content.decode()
    assert "还没开始" not in register
    open_occasion(occasion_id=lecture.pk, as_of=lecture.occasion.starts_at)
    assert set(lecture.occasion.roster.values_list("member_id", flat=True)) == {one.pk for one in expected}
    # While it runs: what has opened stays, what has not expects whom the new choice says.
    address = f"/desk/plan/{training.pk}/change/"
    page = client.get(address)
    assert page.context["form"]["out_0"].initial == world.neighbour.pk
    wider = {
        **filled(world), "node_text": "QX 青溪县", "lecture_rule": training.lecture_rule_id,
        "course_rule": training.course_rule_id, "seen": hidden(page.content.decode(), "seen"),
    }  # fmt: skip
    asked = client.post(address, wider)
    assert "已经开始的场次名单不变" in asked.content.decode()
    assert client.post(address, {**wider, "agreed": asked.context["form"].agreement}).status_code == 302
    assert lecture.occasion.roster.count() == len(expected)
    assert "8 人，2 个支部" in text(client, training)
    assert trainings_touching([world.neighbour]).filter(pk=training.pk).exists()
    assert runs_expecting(member_id=world.neighbour_member.pk).filter(pk=run.pk).exists()
    open_occasion(occasion_id=run.pk, as_of=run.occasion.starts_at)
    assert run.occasion.roster.count() == 2 * len(expected)
    narrow_training(training_id=training.pk, chosen=[], left_out=[world.neighbour.pk])
    assert "选的范围里现在有 4 人，1 个支部。已经开始的场次名单不变" in text(client, training)


def test_what_is_planned_for_nobody_is_said_before_it_is_published_and_when_the_choice_changes(
    world: County, sign_in: SignIn
) -> None:
    client = sign_in(world.organiser)
    training = begun(client, world, node_text="QX 青溪县")
    add_course(client, world, training)
    Occasion.objects.update(node=world.branch)
    narrow_training(training_id=training.pk, chosen=[world.neighbour.pk], left_out=[])
    assert "不在选的组织里，没有人应到：“急救常识”" in text(client, training)
    assert "没有人应到" in client.post(f"/desk/plan/{training.pk}/publish/").content.decode()
    narrow_training(training_id=training.pk, chosen=[world.township.pk], left_out=[])
    assert "没有人应到" not in text(client, training)
    client.post(f"/desk/plan/{training.pk}/publish/")
    address = f"/desk/plan/{training.pk}/change/"
    asked = client.post(
        address,
        {
            **filled(world), "node_text": "QX 青溪县", "lecture_rule": training.lecture_rule_id,
            "course_rule": training.course_rule_id, "seen": hidden(client.get(address).content.decode(), "seen"),
            "out_0": world.branch.pk, "out_0_text": "QX.01.01 东风村第一支部",
        },
    )  # fmt: skip
    assert "没有人应到：“急救常识”" in asked.content.decode()


def test_whom_a_choice_leaves() -> None:
    township, branch, neighbour = "0101", "01010001", "01010002"
    asked = {
        (): [],
        ((township, False),): ["02"],
        ((branch, False),): [neighbour, "02"],
        ((branch, True),): [branch],
        ((township, False), (branch, True)): [branch, "02"],
        ((branch, False), (township, True)): [township, branch, neighbour, "01", "02"],
    }
    places = [township, branch, neighbour, "01", "02"]
    assert {units: [one for one in places if leaves_nobody(units, one)] for units in asked} == asked


def test_a_copy_is_for_the_same_units_as_far_as_they_are(world: County, sign_in: SignIn) -> None:
    training = TrainingFactory(node=world.county)
    narrow_training(training_id=training.pk, chosen=[world.township.pk], left_out=[world.neighbour.pk])
    Node.objects.filter(pk=world.neighbour.pk).update(closed_date=at(-1).date())
    copied, said = copy_training(
        training_id=training.pk, title="又一次", starts_date=training.starts_date, actor_id=world.organiser.pk,
        as_of=timezone.now(),
    )  # fmt: skip
    assert said == ["“东风村第二支部”已撤销，没有照搬到对象里，请看看给谁。"]
    assert [(one.node, one.is_left_out) for one in copied.units.all()] == [(world.township, False)]
    assert copied.is_narrowed
    # Where nothing of the choice is left the copy is for nobody, and not for everybody.
    Node.objects.filter(pk=world.township.pk).update(closed_date=at(-1).date())
    copied, said = copy_training(
        training_id=training.pk, title="再一次", starts_date=training.starts_date, actor_id=world.organiser.pk,
        as_of=timezone.now(),
    )  # fmt: skip
    assert [(one.node, one.is_left_out) for one in copied.units.all()] == [(world.township, False)]
    assert len(said) == 1
    lacks = lacks_of(copied, contents_of(copied), as_of=timezone.now())
    assert "选的组织都已撤销：“永安镇”。请先改这个培训给谁。" in lacks
    with pytest.raises(UnableToNarrowTraining, match="要在"):
        narrow_training(training_id=training.pk, chosen=[world.county.pk], left_out=[])
    narrowing = [one.text for one in uses_of(node=world.township, on_date=at(0).date()) if one.blocks]
    assert len(narrowing) == 3
    smaller = Training.objects.get(pk=training.pk)
    smaller.node = world.branch
    assert [field for field, _words in refusals_of(before=Training.objects.get(pk=training.pk), after=smaller)] == [
        "node"
    ]
