"""A meeting's pages by each role: planned, changed, entered, cancelled."""

import datetime as dt

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from wagtail.models import ModelLogEntry

from attendance.kinds import book_steps
from attendance.models import Occasion
from attendance.views.today import countdown
from live import operations
from live.duties import of_lecturer
from live.models import Lecture, Restriction
from live.permissions import may_host, may_watch_live, rights_now
from organizations.models import Role, RoleGrant, User
from tests.factories.meetings import make_live_meeting, make_meeting
from tests.factories.organizations import County, RoleGrantFactory, make_county

pytestmark = pytest.mark.django_db
HOUR = dt.timedelta(hours=1)


@pytest.fixture
def world() -> County:
    return make_county(members=3)


def as_(user: User) -> Client:
    client = Client()
    client.force_login(user)
    return client


def filled(**changed: str) -> dict[str, str]:
    start = timezone.localtime() + dt.timedelta(hours=2)
    ends = start + dt.timedelta(hours=1)
    times = {"starts_at": f"{start:%Y-%m-%dT%H:%M}", "ends_at": f"{ends:%Y-%m-%dT%H:%M}"}
    return {"title": "", "agenda": "第一项", "who": "all", "rule": "", **times, **changed}


def test_a_secretary_plans_a_meeting_changes_it_and_cancels_it(world: County) -> None:
    client, branch = as_(world.secretary), str(world.branch.pk)
    address = f"{reverse('live_meeting_plan')}?node={branch}&form=assembly"
    plan = client.get(address).content.decode()
    assert ("设等候室" in plan, "改为线上开会" in plan) == (True, False)
    wrong = client.post(address, filled(unit=branch, node=branch, ends_at="2020-01-01T10:00"))
    assert (wrong.status_code, "第一项" in wrong.content.decode()) == (422, True)
    past = filled(unit=branch, node=branch, starts_at="2026-01-05T10:00", ends_at="2026-01-05T11:00")
    assert "补登" in client.post(address, past).content.decode()
    planned = filled(unit=branch, node=branch, has_lobby="on")
    assert client.post(address, planned, headers={"accept-language": "en"}).status_code == 302
    lecture = Lecture.objects.get()
    stored = lecture.occasion.meeting  # as everybody reads it
    assert (stored.place, stored.form_name, lecture.occasion.title) == ("线上", "党员大会", "党员大会")
    assert (lecture.has_lobby, lecture.lecturer) == (True, world.secretary)
    book = client.get(reverse("meeting", args=[lecture.pk])).content.decode()
    assert ("进入会议室" in book, "改安排或取消" in book) == (True, True)
    change = reverse("live_meeting_change", args=[lecture.pk])
    assert "取消以后不能恢复" in client.get(change).content.decode()
    assert client.post(change, filled(unit=branch, title="换个名字")).status_code == 302
    lecture.refresh_from_db()
    assert (lecture.has_lobby, lecture.occasion.title) == (False, "换个名字")
    assert client.post(reverse("live_meeting_cancel", args=[lecture.pk])).status_code == 302
    assert not Lecture.objects.exists()
    entry = ModelLogEntry.objects.get(action="live.cancel_meeting")
    assert ("会议" in entry.message, "直播" in entry.message) == (True, False)


def test_what_has_begun_is_neither_changed_nor_cancelled(world: County) -> None:
    lecture, client = make_live_meeting(world), as_(world.secretary)
    for name in ("live_meeting_change", "live_meeting_cancel"):
        assert client.post(reverse(name, args=[lecture.pk])).status_code == 302
    assert Lecture.objects.filter(state="live").exists()


def test_who_enters_and_who_may_not_know(world: County) -> None:
    lecture = make_live_meeting(world)
    room = reverse("live_room", args=[lecture.pk])
    for user, is_host in ((world.secretary, True), (world.organiser, True), (world.member, False)):
        page = as_(user).get(room)
        assert (page.status_code, 'id="leading"' in page.content.decode()) == (200, is_host)
    assert as_(world.secretary).get(reverse("live_host", args=[lecture.pk])).status_code == 302
    for user in (world.neighbour_secretary, world.neighbour_member, world.auditor):
        assert as_(user).get(room).status_code == 404
        assert as_(user).get(reverse("live_ticket", args=[lecture.pk]), {"device": "a" * 32}).status_code == 404
        assert as_(user).get(reverse("live_meeting_change", args=[lecture.pk])).status_code == 404
    for name in ("live_replay", "live_screen", "live_encoder"):
        assert as_(world.organiser).get(reverse(name, args=[lecture.pk])).status_code == 404


def test_who_planned_a_meeting_leads_it_only_while_they_hold_the_role(world: County) -> None:
    lecture, planner = make_live_meeting(world), world.secretary
    assert may_host(planner, lecture)
    RoleGrant.objects.filter(user=planner).delete()
    for name in ("live_meeting_change", "live_people"):
        assert as_(planner).get(reverse(name, args=[lecture.pk])).status_code == 404
    assert not may_host(User.objects.get(pk=planner.pk), lecture)
    now = rights_now(occasion_id=lecture.pk, user_ids=[planner.pk], on_date=timezone.localdate())
    assert planner.pk not in now.hosts


@pytest.mark.parametrize("state", ["planned", "live", "over"])
def test_a_meeting_of_named_people_is_nobody_elses_of_the_unit(world: County, state: str) -> None:
    named, other = world.members[:2]
    lecture = make_meeting(world, title="委员碰头", member_ids=[named.pk])
    if state != "planned":
        operations.go_live(occasion_id=lecture.pk, as_of=timezone.now() - dt.timedelta(minutes=9))
    if state == "over":
        operations.end_lecture(occasion_id=lecture.pk, as_of=timezone.now())
    lecture.refresh_from_db()
    device = {"device": "a" * 32}
    for name in ("live_room", "live_state", "live_ticket", "live_replay"):
        assert as_(other).get(reverse(name, args=[lecture.pk]), device).status_code == 404
    assert as_(named).get(reverse("live_state", args=[lecture.pk])).status_code == 200
    assert as_(other).post(reverse("live_outbox", args=[lecture.pk]), {}, "application/json").status_code == 404
    assert as_(other).get(reverse("meeting", args=[lecture.pk])).status_code == 404
    assert as_(other).get(reverse("calendar", args=[lecture.pk])).status_code == 404
    by_code = as_(other).get(reverse("live_link", args=[lecture.code]))
    for page in (by_code, as_(other).get(reverse("today")), as_(other).get(reverse("live_index"))):
        assert "委员碰头" not in page.content.decode()
    who = {"occasion_id": lecture.pk, "user_ids": [named.pk, other.pk], "on_date": timezone.localdate()}
    assert rights_now(**who).allowed == {named.pk}
    assert not any(may_watch_live(one.pk, str(lecture.pk)) for one in (named, other)), "a meeting has no HLS"


def test_who_was_not_let_in_reads_nothing_of_it(world: County) -> None:
    lecture = make_live_meeting(world, lobby=True)
    state, client = reverse("live_state", args=[lecture.pk]), as_(world.member)
    assert client.get(state).json()["notes"] == []
    for member in (world.member, world.member):
        operations.sit_down(
            occasion_id=lecture.pk, member_id=member.pk, device="d", is_host=False, as_of=timezone.now()
        )
        assert client.get(state).json()["notes"] == []
    operations.admit(occasion_id=lecture.pk, member_id=0, as_of=timezone.now())
    assert len(client.get(state).json()["notes"]) == 2


def test_whoever_leads_a_meeting_is_not_told_to_give_a_lecture(world: County) -> None:
    RoleGrantFactory(user=world.secretary, role=Role.LECTURER, node=world.branch)
    make_live_meeting(world)
    assert of_lecturer(world.secretary, timezone.now()) == []


def test_who_was_shown_out_of_a_meeting_reads_of_a_meeting(world: County) -> None:
    lecture = make_live_meeting(world)
    facts = {"member_id": world.member.pk, "kind": Restriction.Kind.REMOVED, "actor_id": world.secretary.pk}
    operations.restrict(occasion_id=lecture.pk, **facts, as_of=timezone.now())
    page = as_(world.member).get(reverse("live_room", args=[lecture.pk])).content.decode()
    assert ("会议室" in page, "直播" in page.split("<main")[1].split("</main>")[0]) == (True, False)


def test_today_speaks_of_a_meeting(world: County) -> None:
    lecture, client = make_meeting(world), as_(world.member)
    assert "到时间了，等主持人开会" in client.get(reverse("today")).content.decode()
    operations.go_live(occasion_id=lecture.pk, as_of=lecture.occasion.starts_at)
    today = client.get(reverse("today")).content.decode()
    assert ("正在开会" in today, "进入会议室" in today, "进入直播" in today) == (True, True, False)
    facts = {"member_id": world.member.pk, "kind": Restriction.Kind.REMOVED, "actor_id": world.secretary.pk}
    operations.restrict(occasion_id=lecture.pk, **facts, as_of=timezone.now())
    assert "您已被请出会议室" in client.get(reverse("today")).content.decode()


def test_nobody_registers_a_meeting_by_video_and_a_missed_one_says_what_to_do(world: County) -> None:
    """Finding: the book told its secretary to register by hand, and of one that nobody had begun it said nothing."""
    lecture, client = make_meeting(world), as_(world.secretary)
    book = reverse("meeting", args=[lecture.pk])
    page = client.get(book).content.decode()
    assert ("到会由系统自动记录" in page, "可以登记" in page) == (True, False)
    now = timezone.now()
    Occasion.objects.filter(pk=lecture.pk).update(starts_at=now - 2 * HOUR, ends_at=now - HOUR)
    page = client.get(book).content.decode()
    assert ("已过时间，还没开始" in page, "点“开始会议”" in page) == (True, True)
    lecture.refresh_from_db()
    assert countdown(lecture.occasion, now) == "到时间还没有开始，请等支部通知"


def test_the_members_page_of_a_meeting_leads_in(world: County) -> None:
    lecture, client = make_live_meeting(world), as_(world.member)
    room, page = reverse("live_room", args=[lecture.pk]), reverse("meeting", args=[lecture.pk])
    assert room in client.get(page).content.decode()
    operations.end_lecture(occasion_id=lecture.pk, as_of=timezone.now())
    assert room not in client.get(page).content.decode()


def test_its_book_leads_in_while_it_is_on_and_can_be_voided_after(world: County) -> None:
    lecture = make_meeting(world)
    operations.go_live(occasion_id=lecture.pk, as_of=timezone.now() - dt.timedelta(minutes=9))
    operations.end_lecture(occasion_id=lecture.pk, as_of=timezone.now())
    lecture.refresh_from_db()
    assert [step.url for step in book_steps(lecture.occasion, plans=False)] == []
    assert [step.url for step in book_steps(lecture.occasion, plans=True)] == [reverse("live_void", args=[lecture.pk])]
    answer = as_(world.secretary).post(reverse("live_void", args=[lecture.pk]), {"reason": "开错了"})
    assert answer.url == reverse("meeting", args=[lecture.pk])
