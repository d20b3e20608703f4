"""A further session of a lecture, planned after its end, reached from it, and given to who missed it."""

import datetime as dt
from typing import Any

import pytest
from django.conf import settings
from django.db.models import QuerySet
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from attendance.core.check import Draft, Kind
from attendance.models import Check, Notice, Occasion, Record, RecordState, RosterEntry, Training
from attendance.operations import CheckPlan, save_check, settle, settle_dirty
from attendance.sentences.records import day_and_hour, session_title
from live import operations
from live.core.plan import LecturePlan
from live.models import Lecture
from live.permissions import expects, may_join, rights_now
from live.room import tickets
from organizations.models import User
from tests.factories.attendance import be_present
from tests.factories.live import make_live
from tests.factories.organizations import County, make_county

pytestmark = [pytest.mark.integration, pytest.mark.pages, pytest.mark.django_db]
HOUR = dt.timedelta(hours=1)
TOMORROW = dt.timedelta(days=1)


@pytest.fixture
def world() -> County:
    return make_county()


@pytest.fixture
def first(world: County) -> Lecture:
    """The first member was there to its end, a moment ago; the others missed it."""
    lecture = make_live(world)
    Training.objects.update(deadline_at=timezone.now() + 30 * TOMORROW)
    be_present(lecture.occasion, world.member, 0, 600)
    operations.end_lecture(occasion_id=lecture.pk, as_of=timezone.now())
    settle(occasion_id=lecture.pk, as_of=timezone.now())
    return Lecture.objects.select_related("occasion").get(pk=lecture.pk)


def signed_in(user: User) -> Client:
    client = Client()
    client.force_login(user)
    return client


def plan(client: Client, first: Lecture, **changed: Any) -> Any:
    at = timezone.localtime() + TOMORROW
    values = {"title": first.occasion.title, "starts_at": f"{at:%Y-%m-%dT%H:%M}", "minutes": 45, **changed}
    return client.post(reverse("live_again", args=[first.pk]), values)


def further(first: Lecture) -> Lecture:
    return Lecture.objects.select_related("occasion__training", "occasion__node").exclude(pk=first.pk).get()


def test_the_lecturer_plans_it_from_the_list(world: County, first: Lecture) -> None:
    client, url = signed_in(world.lecturer), reverse("live_again", args=[first.pk])
    Occasion.objects.filter(pk=first.pk).update(closed_at=timezone.now() - HOUR)
    assert f'href="{url}"' in client.get("/live/").content.decode()
    page = client.get(url).content.decode()
    assert "再讲一场" in page
    assert "已经参加的不用再来" in page
    wrong = plan(client, first, starts_at="2020-01-01T10:00")
    assert "starts_at" in wrong.context["form"].errors
    assert Lecture.objects.count() == 1
    plan(client, first)
    again = further(first)
    same = ("training_id", "node_id", "rule_id")
    assert [getattr(again.occasion, name) for name in same] == [getattr(first.occasion, name) for name in same]
    assert (again.occasion.repeats_id, again.lecturer_id) == (first.pk, first.lecturer_id)
    plan(client, first)  # a second click
    assert Lecture.objects.count() == 2


def test_the_office_plans_it_and_finds_it_again(world: County, first: Lecture) -> None:
    office = signed_in(world.organiser)
    page = office.get(reverse("live_schedule_edit", args=[first.pk])).content.decode()
    add = f"{reverse('live_schedule_add')}?again={first.pk}"
    assert add in page
    form = office.get(add).context["form"]
    assert "starts_at" not in form.initial
    start = timezone.localtime() + TOMORROW
    values = {**form.initial, "starts_at": f"{start:%Y-%m-%d %H:%M}", "record": "on"}
    answer = office.post(add, values)
    if answer.status_code == 200:
        values["agreed"] = answer.context["form"].agreement
        answer = office.post(add, values)
    assert answer.status_code == 302
    again = further(first)
    assert again.occasion.repeats_id == first.pk
    edit = reverse("live_schedule_edit", args=[again.pk])
    assert edit in office.get(reverse("live_schedule_edit", args=[first.pk])).content.decode()
    office.post(reverse("live_schedule_cancel", args=[again.pk]))
    assert Lecture.objects.count() == 1


def test_nobody_else_plans_one(world: County, first: Lecture) -> None:
    for user in (world.member, world.secretary, world.neighbour_member):
        assert plan(signed_in(user), first).status_code in (403, 404)
    assert Lecture.objects.count() == 1


def test_who_missed_it_is_led_there_and_has_made_it_up(world: County, first: Lecture) -> None:
    plan(signed_in(world.lecturer), first)
    again, missed = further(first), world.members[1]
    client, room = signed_in(missed), reverse("live_room", args=[again.pk])
    for url in (reverse("today"), reverse("me_record", args=[first.pk])):
        page = client.get(url).content.decode()
        assert room in page
        assert "下一场：" in page
    assert "下一场：" in client.get("/me/").content.decode()
    assert room not in signed_in(world.member).get(reverse("today")).content.decode()
    at = again.occasion.starts_at
    operations.go_live(occasion_id=again.pk, as_of=at)
    again.occasion.refresh_from_db()
    be_present(again.occasion, missed, 0, 2700)
    operations.end_lecture(occasion_id=again.pk, as_of=at + dt.timedelta(minutes=45))
    settle(occasion_id=again.pk, as_of=at + HOUR)
    settle_dirty(as_of=at + HOUR)
    assert Record.objects.get(occasion_id=first.pk, member=missed).stands == RecordState.MADE_UP
    page = client.get(reverse("me_record", args=[first.pk])).content.decode()
    assert "参加了再讲的一场" in page
    assert "下一场：" not in page


def test_whoever_attended_may_come_and_is_no_evidence(world: County, first: Lecture) -> None:
    plan(signed_in(world.lecturer), first)
    again = further(first)
    for is_live in (False, True):
        if is_live:
            operations.go_live(occasion_id=again.pk, as_of=again.occasion.starts_at)
            again = further(first)
        assert may_join(world.member, again)
        assert not expects(again.occasion, world.member.pk)
        assert expects(again.occasion, world.members[1].pk)
        assert not may_join(world.neighbour_member, again)
    rights = rights_now(occasion_id=again.pk, user_ids=[world.member.pk], on_date=timezone.localdate())
    assert rights.allowed == {world.member.pk}
    assert not RosterEntry.objects.filter(occasion_id=again.pk, member=world.member).exists()
    for user, counted in ((world.member, False), (world.members[1], True), (world.lecturer, False)):
        client = signed_in(user)
        answer = client.get(reverse("live_ticket", args=[again.pk]), {"device": "d" * 32}).json()
        cookie = f"{settings.SESSION_COOKIE_NAME}={client.cookies[settings.SESSION_COOKIE_NAME].value}"
        ticket, _key = tickets.read(answer["ticket"], occasion_id=again.pk, cookie_header=cookie)
        assert ticket.counted is counted


def test_one_held_in_the_place_of_a_session_is_one_too(world: County, first: Lecture) -> None:
    plan(signed_in(world.lecturer), first)
    again = further(first)
    at = again.occasion.starts_at
    operations.go_live(occasion_id=again.pk, as_of=at)
    operations.end_lecture(occasion_id=again.pk, as_of=at + dt.timedelta(seconds=3))
    again = further(first)
    values = operations.LecturePlan(
        training_id=again.occasion.training_id, title="第三次", node_id=again.occasion.node_id,
        starts_at=at + TOMORROW, ends_at=at + TOMORROW + HOUR, lecturer_id=again.lecturer_id,
        rule_id=again.occasion.rule_id,
    )  # fmt: skip
    third = operations.hold_again(occasion_id=again.pk, plan=values, actor_id=world.lecturer.pk, as_of=at + HOUR)
    third.occasion.refresh_from_db()
    assert third.occasion.repeats_id == first.pk


def test_a_further_session_elsewhere_is_refused(world: County, first: Lecture) -> None:
    running = make_live(world)
    at = timezone.now() + TOMORROW
    values = operations.LecturePlan(
        training_id=running.occasion.training_id, title="再讲", node_id=running.occasion.node_id, starts_at=at,
        ends_at=at + HOUR, lecturer_id=world.lecturer.pk, rule_id=running.occasion.rule_id,
    )  # fmt: skip
    with pytest.raises(operations.UnableToScheduleLecture, match="只有已经结束"):
        operations.repeat_lecture(occasion_id=running.pk, plan=values, actor_id=world.lecturer.pk, as_of=timezone.now())


QUESTION = Draft(Kind.SEVERAL, "转移时带什么？", ("证件", "药品", "家具"), frozenset({0, 1}), "轻装")


def ask(lecture: Lecture, world: County) -> Check:
    plan = CheckPlan((QUESTION,), need=1, most_attempts=2, pause_s=60)
    return save_check(
        occasion_id=lecture.pk, plan=plan, seen_version=0, written_by_id=world.organiser.pk, as_of=timezone.now()
    )


def test_a_further_session_leaves_the_questions_with_the_first(world: County, first: Lecture) -> None:
    mine = ask(first, world)
    assert plan(signed_in(world.lecturer), first).status_code == 302
    further(first)
    assert list(Check.objects.all()) == [mine]


def test_what_takes_the_place_of_another_asks_the_same_questions_as_its_own(world: County, first: Lecture) -> None:
    asked = ask(first, world)
    operations.void_lecture(occasion_id=first.pk, reason="停电", actor_id=world.organiser.pk, as_of=timezone.now())
    for _twice in range(2):
        assert plan(signed_in(world.lecturer), first).status_code == 302
    new = further(first)
    copied = Check.objects.exclude(pk=asked.pk).get()
    assert (copied.occasion_id, copied.version, copied.need, copied.most_attempts, copied.pause_s) == (
        new.pk, 1, 1, 2, 60,
    )  # fmt: skip
    (one,) = copied.questions.all()
    assert (one.kind, one.text, one.choices, one.right, one.explanation) == (
        "several", "转移时带什么？", ["证件", "药品", "家具"], [0, 1], "轻装",
    )  # fmt: skip
    assert new.occasion.check_asked["id"] == copied.pk


@pytest.mark.parametrize(("role", "is_offered"), [("lecturer", True), ("organiser", True), ("member", False)])
def test_whoever_may_hold_it_again_finds_the_way_on_its_pages(
    world: County, first: Lecture, role: str, is_offered: bool
) -> None:
    client = signed_in(getattr(world, role))
    page = client.get(reverse("live_replay", args=[first.pk])).content.decode()
    assert (reverse("live_again", args=[first.pk]) in page) is is_offered
    desk = client.get(reverse("live_host", args=[first.pk]))
    assert (b'id="repeat-step"' in desk.content) is is_offered


@pytest.mark.parametrize("how", ["repeat", "again"])
def test_the_first_is_held_before_its_session(
    world: County, first: Lecture, how: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """In the order in which everybody holds both: else two would wait for each other."""
    plan(signed_in(world.lecturer), first)
    session = further(first)
    Occasion.objects.filter(pk=session.pk).update(state="void")
    held: list[int] = []
    fetched = QuerySet._fetch_all

    def noted(self: Any) -> None:
        is_new = self._result_cache is None
        fetched(self)
        if is_new and self.model is Occasion and self.query.select_for_update:
            held.extend(one if isinstance(one, int) else one[0] if isinstance(one, tuple) else one.pk for one in self)

    monkeypatch.setattr(QuerySet, "_fetch_all", noted)
    at, rule = timezone.now() + 2 * TOMORROW, first.occasion.rule_id
    wish = LecturePlan(
        training_id=first.occasion.training_id, title="再讲", node_id=first.occasion.node_id, starts_at=at,
        ends_at=at + HOUR, rule_id=rule, lecturer_id=world.lecturer.pk,
    )  # fmt: skip
    work = operations.repeat_lecture if how == "repeat" else operations.hold_again
    made = work(occasion_id=session.pk, plan=wish, actor_id=world.lecturer.pk, as_of=timezone.now())
    assert made.occasion_id == held[-1]
    assert list(dict.fromkeys(held)) == sorted(set(held))
    assert first.pk in held


def missed_by(first: Lecture) -> set[int]:
    found = Record.objects.filter(occasion_id=first.pk, stands=RecordState.MISSING)
    return set(found.values_list("member_id", flat=True))


def test_whoever_planned_one_reads_when_it_is_whom_it_is_for_and_what_comes_next(world: County, first: Lecture) -> None:
    url, number = reverse("live_again", args=[first.pk]), len(missed_by(first))
    for user, name, title in (
        (world.lecturer, "二", "防汛避险（第二场）"),
        (world.organiser, "三", "防汛避险（第三场）"),
    ):
        client = signed_in(user)
        assert client.get(url).context["form"].initial["title"] == title, name
        at = timezone.localtime() + (1 if name == "二" else 3) * TOMORROW
        answer = plan(client, first, title=title, starts_at=f"{at:%Y-%m-%dT%H:%M}")
        assert answer["Location"] == reverse("live_index")
        page = client.get(answer["Location"]).content.decode()
        assert f"“{title}”已安排：{at.month}月{at.day}日 {at:%H:%M}" in page
        assert f"还没补上的 {number} 人" in page
        assert "再讲的一场，给还没补上的人" in page
        again = Lecture.objects.get(occasion__title=title)
        assert (reverse("live_schedule_edit", args=[again.pk]) in page) is (user == world.organiser)


def test_a_title_leaves_room_for_which_session_it_is() -> None:
    assert session_title("防" * 120, 2) == "防" * 115 + "（第二场）"
    assert session_title("防汛", 11) == "防汛（第11场）"


def move(world: County, session: Lecture, **changed: Any) -> None:
    occasion = session.occasion
    values = {
        "training_id": occasion.training_id, "title": occasion.title, "node_id": occasion.node_id,
        "starts_at": occasion.starts_at, "ends_at": occasion.ends_at, "lecturer_id": session.lecturer_id,
        "rule_id": occasion.rule_id, **changed,
    }  # fmt: skip
    operations.reschedule_lecture(
        occasion_id=session.pk, plan=LecturePlan(**values), as_of=timezone.now(), actor_id=world.organiser.pk
    )


def test_whom_a_session_was_for_is_told_that_it_moved_and_that_it_is_off(world: County, first: Lecture) -> None:
    plan(signed_in(world.lecturer), first)
    session, missed = further(first), world.members[1]
    client, old = signed_in(missed), reverse("live_room", args=[session.pk])
    move(world, session, title="另一个名字")
    assert not Notice.objects.filter(kind__startswith="session_").exists()
    for days in (2, 3):  # twice: of what nobody has seen only the newest stands
        at = timezone.now() + days * TOMORROW
        move(world, session, starts_at=at, ends_at=at + HOUR)
    told = Notice.objects.filter(kind="session_moved")
    assert sorted(told.values_list("member_id", flat=True)) == sorted(missed_by(first))
    said = f"“防汛避险”再讲的一场改了时间，现在是 {day_and_hour(at)} 开始，以前说的时间不算了。"
    assert said in client.get(reverse("today")).content.decode()
    page = client.get(reverse("me_notices")).content.decode()
    assert said in page
    assert reverse("me_record", args=[first.pk]) in page
    assert client.get(old).status_code == 200
    signed_in(world.organiser).post(reverse("live_schedule_cancel", args=[session.pk]))
    assert not Lecture.objects.filter(pk=session.pk).exists()
    said = f"“防汛避险”原定 {day_and_hour(at)} 再讲的一场取消了。"
    assert said in client.get(reverse("me_notices")).content.decode()
    answer = client.get(old)
    assert answer["Location"] == reverse("me_record", args=[first.pk])
    page = client.get(answer["Location"]).content.decode()
    assert f"{said}还能补学到 " in page
    for other in (world.member, world.neighbour_member):  # attended the first; of another unit
        assert not Notice.objects.filter(member=other, kind__startswith="session_").exists()
        assert signed_in(other).get(old).status_code == 404
    assert Client().get(old).status_code == 302


def test_whoever_stands_otherwise_by_then_need_not_come(world: County, first: Lecture) -> None:
    plan(signed_in(world.lecturer), first)
    session, missed = further(first), world.members[1]
    at = timezone.now() + 2 * TOMORROW
    move(world, session, starts_at=at, ends_at=at + HOUR)
    Record.objects.filter(occasion_id=first.pk, member=missed).update(stands="made_up")
    page = signed_in(missed).get(reverse("me_notices")).content.decode()
    assert "以前说的时间不算了。您现在是：已补学，不用再来。" in page


def test_a_session_for_another_unit_is_off_for_those_it_was_for(world: County, first: Lecture) -> None:
    plan(signed_in(world.lecturer), first)
    Training.objects.update(node=world.county)
    move(world, further(first), node_id=world.neighbour.pk)
    assert set(Notice.objects.filter(kind="session_off").values_list("member_id", flat=True)) >= {world.members[1].pk}
    assert not Notice.objects.filter(kind="session_moved").exists()


def test_nobody_is_told_of_a_session_in_a_draft(world: County, first: Lecture) -> None:
    plan(signed_in(world.lecturer), first)
    Training.objects.update(state=Training.State.DRAFT)
    at = timezone.now() + 2 * TOMORROW
    move(world, further(first), starts_at=at, ends_at=at + HOUR)
    operations.cancel_lecture(occasion_id=further(first).pk, as_of=timezone.now())
    assert not Notice.objects.filter(kind__startswith="session_").exists()
