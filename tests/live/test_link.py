"""The short address of a lecture, its notice on paper, and calendars: who is led where, what a cancelled one says."""

import datetime as dt
from typing import Any

import icalendar
import pytest
from django.conf import settings
from django.core.cache import cache
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from attendance.models import Training
from attendance.operations import make_calendar
from live.core.short_code import code_typed, spoken
from live.models import CancelledLecture, Lecture
from live.operations import cancel_lecture, delete_old_cancelled, end_lecture, reschedule_lecture, restrict
from live.queries.series import plan_of
from live.tasks import delete_old_chat
from organizations.models import Role, User
from organizations.printing import UnableToPrint
from tests.factories.live import make_lecture, make_live
from tests.factories.organizations import County, RoleGrantFactory, make_county
from tests.papers import pages_of, text_of

pytestmark = [pytest.mark.integration, pytest.mark.pages, pytest.mark.django_db]
DAY, HOUR = dt.timedelta(days=1), dt.timedelta(hours=1)


@pytest.fixture
def world() -> County:
    return make_county()


def signed_in(user: User) -> Client:
    client = Client()
    client.force_login(user)
    return client


def coming(world: County, **fields: Any) -> Lecture:
    return make_lecture(world, starts_at=timezone.now() + DAY, **fields)


def short(lecture: Lecture) -> str:
    return reverse("live_link", args=[lecture.code])


def cancelled(world: County, lecture: Lecture) -> None:
    cancel_lecture(occasion_id=lecture.pk, as_of=timezone.now(), actor_id=world.organiser.pk)


# --- the short address ------------------------------------------------------------------------------------------------


def test_everybody_comes_to_their_own_page_after_the_sign_in(world: County) -> None:
    lecture = coming(world)
    asked = Client().get(short(lecture))
    assert asked.status_code == 302
    assert f"next={short(lecture)}" in asked["Location"]
    for user, page in [(world.member, "live_room"), (world.lecturer, "live_host"), (world.organiser, "live_host")]:
        answer = signed_in(user).get(short(lecture))
        assert (answer.status_code, answer["Location"]) == (302, reverse(page, args=[lecture.pk]))
    typed = signed_in(world.member).get(f"/l/{spoken(str(lecture.code)).lower()}/")
    assert typed["Location"] == reverse("live_room", args=[lecture.pk])


def test_once_it_is_over_the_code_leads_to_the_replay(world: County) -> None:
    lecture = make_live(world)
    end_lecture(occasion_id=lecture.pk, as_of=timezone.now())
    for user in (world.member, world.lecturer):
        assert signed_in(user).get(short(lecture))["Location"] == reverse("live_replay", args=[lecture.pk])


def test_whoever_was_removed_is_led_to_the_page_that_says_so(world: County) -> None:
    lecture = make_live(world)
    restrict(
        occasion_id=lecture.pk, member_id=world.member.pk, kind="removed", actor_id=world.lecturer.pk,
        as_of=timezone.now(),
    )  # fmt: skip
    assert signed_in(world.member).get(short(lecture))["Location"] == reverse("live_room", args=[lecture.pk])


def test_a_strangers_code_and_none_look_the_same_and_are_counted(world: County) -> None:
    cache.clear()
    lecture, stranger = coming(world), signed_in(world.neighbour_member)
    first = stranger.get(short(lecture))
    second = stranger.get("/l/22222222/")
    assert (first.status_code, second.status_code) == (404, 404)
    assert first.context["said"] == second.context["said"]
    most = settings.SIGN_IN_LIMITS["lecture_code"]["person"][0][0]
    answers = [stranger.get("/l/-/").status_code for _each in range(most)]
    assert answers[-1] == 429
    assert stranger.get("/l/x/")["Retry-After"]
    # What is found is never counted.
    assert {signed_in(world.member).get(short(lecture)).status_code for _each in range(most + 5)} == {302}


def test_a_cancelled_one_says_so_to_those_it_concerned_and_to_nobody_else(world: County) -> None:
    lecture = coming(world)
    cancelled(world, lecture)
    for user in (world.member, world.lecturer, world.organiser):
        answer = signed_in(user).get(short(lecture))
        assert answer.status_code == 410
        assert "防汛避险" in answer.content.decode()
        assert "已经取消" in answer.content.decode()
    for user in (world.neighbour_member, world.auditor):
        answer = signed_in(user).get(short(lecture))
        assert answer.status_code == 404
        assert "防汛避险" not in answer.content.decode()


def test_a_lecture_of_a_release_before_has_no_short_address(world: County) -> None:
    lecture = coming(world)
    Lecture.objects.filter(pk=lecture.pk).update(code=None)
    page = signed_in(world.lecturer).get(reverse("live_host", args=[lecture.pk]))
    assert (page.context["short"], page.context["has_paper"]) == ("", False)


def test_members_never_hear_of_what_they_could_not_see(world: County) -> None:
    lecture = coming(world)
    Training.objects.filter(pk=lecture.occasion.training_id).update(state="draft")
    cancelled(world, lecture)
    assert signed_in(world.member).get(short(lecture)).status_code == 404
    assert signed_in(world.lecturer).get(short(lecture)).status_code == 410


def test_what_was_cancelled_long_ago_is_forgotten(world: County) -> None:
    cancelled(world, coming(world))
    assert str(CancelledLecture.objects.get()).endswith("防汛避险")
    kept_until = timezone.now() + DAY + HOUR + CancelledLecture.KEPT
    assert delete_old_cancelled(as_of=kept_until - HOUR) == 0
    assert (delete_old_cancelled(as_of=kept_until + HOUR), CancelledLecture.objects.count()) == (1, 0)


def test_what_a_release_before_plans_beside_this_one_gets_its_code_within_the_hour(world: County) -> None:
    first, second = coming(world), coming(world)
    Lecture.objects.filter(pk=second.pk).update(code=None)
    delete_old_chat.apply(throw=True)
    codes = list(Lecture.objects.order_by("pk").values_list("code", flat=True))
    assert codes[0] == first.code
    assert code_typed(str(codes[1])) == codes[1]


# --- on paper ---------------------------------------------------------------------------------------------------------


def test_hosts_print_its_notice_and_nobody_else(world: County, monkeypatch: pytest.MonkeyPatch) -> None:
    lecture, printed = coming(world), []
    monkeypatch.setattr("live.views.link.pdf_of", lambda template, context: printed.append(context) or b"%PDF-")
    url = reverse("live_paper", args=[lecture.pk])
    for host in (world.lecturer, world.organiser):
        answer = signed_in(host).get(url)
        assert (answer.status_code, answer["Content-Type"]) == (200, "application/pdf")
    assert spoken(str(lecture.code)) in printed[0]["address"]
    assert printed[0]["drawing"].startswith("<svg")
    at = timezone.localtime(lecture.occasion.starts_at)
    weekday = "一二三四五六日"[at.weekday()]
    assert f"{at.month}月{at.day}日（星期{weekday}）{at:%H:%M} – " in printed[0]["when"]
    for other in (world.member, world.neighbour_member, world.secretary):
        assert signed_in(other).get(url).status_code == 404
    assert url in signed_in(world.organiser).get(reverse("live_schedule_edit", args=[lecture.pk])).content.decode()
    assert url in signed_in(world.lecturer).get(reverse("live_host", args=[lecture.pk])).content.decode()


def test_a_notice_is_one_sheet_however_long_its_title(world: County) -> None:
    lecture = coming(world)
    lecture.occasion.title = "防汛避险与山洪灾害应急处置" * 9
    lecture.occasion.save()
    lecture.occasion.training.title = "2027 年基层干部防灾减灾与应急处置能力提升培训" * 4
    lecture.occasion.training.save()
    content = signed_in(world.lecturer).get(reverse("live_paper", args=[lecture.pk])).content
    assert pages_of(content) == 1
    assert "扫不了码的" in text_of(content)


def test_a_notice_that_cannot_be_printed_says_so(world: County, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(template: str, context: Any) -> bytes:
        raise UnableToPrint

    host = signed_in(world.lecturer)
    lecture = coming(world)
    monkeypatch.setattr("live.views.link.pdf_of", fail)
    answer = host.get(reverse("live_paper", args=[lecture.pk]), follow=True)
    assert "没有做成" in "".join(str(one) for one in answer.context["messages"])
    begun = host.get(reverse("live_paper", args=[make_live(world).pk]), follow=True)
    assert "还没有开始" in "".join(str(one) for one in begun.context["messages"])


# --- calendars --------------------------------------------------------------------------------------------------------


def feed(person: User) -> dict[str, Any]:
    """The events of somebody's calendar by the number of their occasion."""
    token = make_calendar(member_id=person.pk, as_of=timezone.now())
    body = Client().get(reverse("calendar_feed", args=[token])).content
    events = icalendar.Calendar.from_ical(body).walk("VEVENT")
    found = {str(event["uid"]).split("@")[0].removeprefix("occasion-"): event for event in events}
    assert len(found) == len(events)
    return found


def test_lecturers_find_what_they_give_and_organisers_what_their_units_have(world: County) -> None:
    lecture, other = coming(world), coming(world, node=world.neighbour)
    local = RoleGrantFactory(node=world.neighbour, role=Role.ORGANISER).user
    assert set(feed(world.lecturer)) == set(feed(world.organiser)) == {str(lecture.pk), str(other.pk)}
    assert set(feed(local)) == {str(other.pk)}
    assert "由您主讲" in feed(world.lecturer)[str(lecture.pk)]["description"]
    assert "讲师 " in feed(local)[str(other.pk)]["description"]
    assert set(feed(world.member)) == {str(lecture.pk)}


def test_a_change_and_a_cancellation_have_the_last_word_on_the_same_event(world: County) -> None:
    lecture = coming(world)
    people = (world.member, world.lecturer, world.organiser)
    assert [feed(one)[str(lecture.pk)]["sequence"] for one in people] == [0, 0, 0]
    plan = plan_of(Lecture.objects.select_related("occasion").get(pk=lecture.pk))
    later = {**vars(plan), "starts_at": plan.starts_at + HOUR, "ends_at": plan.ends_at + HOUR}
    RoleGrantFactory(node=world.branch, role=Role.LECTURER, user=world.lecturer)
    reschedule_lecture(occasion_id=lecture.pk, plan=type(plan)(**later), as_of=timezone.now())
    moved = [feed(one)[str(lecture.pk)] for one in people]
    assert [event["sequence"] for event in moved] == [1, 1, 1]
    assert {event["dtstart"].dt for event in moved} == {later["starts_at"].replace(microsecond=0)}
    cancelled(world, lecture)
    off = [feed(one)[str(lecture.pk)] for one in people]
    assert [(event["sequence"], event["status"]) for event in off] == [(2, "CANCELLED")] * 3
    assert feed(world.neighbour_member) == {}


def test_a_calendar_costs_the_same_however_much_there_is(world: County, django_assert_max_num_queries: Any) -> None:
    for number in range(6):
        lecture = coming(world)
        if number % 2:
            cancelled(world, lecture)
    token = make_calendar(member_id=world.organiser.pk, as_of=timezone.now())
    with django_assert_max_num_queries(20):
        body = Client().get(reverse("calendar_feed", args=[token])).content.decode()
    assert body.count("BEGIN:VEVENT") == 6


def test_one_tap_adds_a_calendar(world: County) -> None:
    person = signed_in(world.lecturer)
    url = reverse("me_choices")
    page = person.post(url, {"do": "calendar"}, follow=True).content.decode()
    assert 'href="webcal://' in page
    assert 'href="webcal://' not in person.get(url).content.decode()
    assert url in person.get(reverse("live_index")).content.decode()
