"""登记到会 from pages that are hours old and by two people: what each of them changed holds, and nothing else."""

import re
import threading
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.utils import timezone

from attendance.models import Evidence, Occasion
from attendance.queries.register import register_lines
from meetings.models import Meeting
from organizations.models import Role, User
from tests.factories.organizations import County, MembershipFactory, RoleGrantFactory
from tests.meetings.conftest import HOUR, gathering, held, states
from tests.meetings.views.test_meetings import SignIn, minute, text

pytestmark = pytest.mark.integration


class Tab:
    """The page of 登记到会 as one browser opened it; marks are made on it, and it may be sent long after."""

    def __init__(self, client: Client, meeting: Meeting) -> None:
        self.client, self.address = client, f"/meetings/{meeting.pk}/attendance/"
        self.read(client.get(self.address))

    def read(self, answer: Any) -> None:
        page = text(answer)
        self.fields = dict(re.findall(r'<input[^>]*type="hidden"[^>]*name="(\w+)"[^>]*value="([^"]*)"', page))
        marked = r'type="radio" id="\w+" name="(\w+)"\s+value="(\w+)" checked'
        self.fields |= dict(re.findall(marked, page))
        self.fields |= dict(re.findall(r'type="time" id="\w+" name="(\w+)" value="([^"]*)"', page))
        for name, options in re.findall(r'<select[^>]*name="(c\d+)">(.*?)</select>', page, re.S):
            chosen = re.search(r'value="(\w+)" selected', options)
            self.fields[name] = chosen.group(1) if chosen else ""
        for name in ("started_at", "ended_at"):
            if found := re.search(rf'name="{name}"[^>]*value="([^"]*)"|value="([^"]*)"[^>]*name="{name}"', page):
                self.fields[name] = found.group(1) or found.group(2)

    def mark(self, member: User, state: str, **more: str) -> None:
        self.fields[f"s{member.pk}"] = state
        self.fields |= {f"{key}{member.pk}": value for key, value in more.items()}

    def send(self, do: str = "save", *, follow: bool = True) -> Any:
        return self.client.post(self.address, {**self.fields, "do": do}, follow=follow)


@pytest.fixture
def deputy(county: County) -> User:
    """A second secretary of the branch, who is a member of another one."""
    user: User = MembershipFactory(node=county.neighbour, member__name="副书记甲").member
    RoleGrantFactory(user=user, node=county.branch, role=Role.SECRETARY)
    return user


def test_an_older_page_takes_nothing_back(county: County, sign_in: SignIn, deputy: User) -> None:
    first, second, third = county.members
    meeting = gathering(county)
    mine, older = Tab(sign_in(county.secretary), meeting), Tab(sign_in(deputy), meeting)
    mine.mark(second, "leave", c="sick")
    mine.read(mine.send("all"))
    mine.mark(third, "away")
    mine.send()
    assert set(states(Occasion.objects.get()).values()) == {"attended", "excused", "missing"}
    older.mark(third, "here")
    answer = older.send()
    assert "已登记到会情况" in text(answer)
    assert states(Occasion.objects.get()) == {
        first.name: "attended", second.name: "excused", third.name: "attended", county.secretary.name: "attended",
    }  # fmt: skip
    assert not Evidence.objects.filter(kind=Evidence.Kind.WITHDRAWN).exists()
    assert Evidence.objects.get(member=third, withdrawn_by=None).recorded_by_id == deputy.pk
    assert set(Evidence.objects.exclude(member=third).values_list("recorded_by_id", flat=True)) == {county.secretary.pk}


def test_whose_row_was_changed_by_both_is_named_and_the_rest_is_saved(
    county: County, sign_in: SignIn, deputy: User
) -> None:
    first, second, third = county.members
    meeting = gathering(county)
    mine, older = Tab(sign_in(county.secretary), meeting), Tab(sign_in(deputy), meeting)
    mine.mark(first, "leave", c="sick")
    mine.send()
    older.mark(first, "here")
    older.mark(second, "here")
    answer = older.send()
    page = text(answer)
    assert f"没有按您标的改：{first.name}（请假：病假）" in page
    assert "其余的已保存" in page
    assert answer.redirect_chain == [(f"{older.address}?page=1#m{first.pk}", 302)]
    now = states(Occasion.objects.get())
    assert (now[first.name], now[second.name], now[third.name]) == ("excused", "attended", "missing")
    older.read(answer)  # on the page as it is now the second word is deliberate
    older.mark(first, "here", i=f"{timezone.localtime(meeting.occasion.starts_at + HOUR / 2):%H:%M}")
    older.send()
    assert states(Occasion.objects.get())[first.name] == "attended"


def test_overtaken_rows_say_what_stands(county: County, sign_in: SignIn, deputy: User) -> None:
    first, second, _third = county.members
    meeting = gathering(county)
    held(county, meeting)
    mine, older = Tab(sign_in(county.secretary), meeting), Tab(sign_in(deputy), meeting)
    late = f"{timezone.localtime(meeting.occasion.starts_at + HOUR / 2):%H:%M}"
    early = f"{timezone.localtime(meeting.occasion.ends_at - HOUR / 2):%H:%M}"
    mine.mark(first, "here", i=late, o=early)
    mine.mark(second, "away")
    mine.send()
    older.mark(first, "leave", c="duty")
    older.mark(second, "here")
    page = text(older.send())
    assert f"{first.name}（到会，{late} 到，{early} 走）、{second.name}（没有登记到会）" in page


def test_the_same_said_twice_is_said_once(county: County, sign_in: SignIn, deputy: User) -> None:
    meeting = gathering(county)
    mine, older = Tab(sign_in(county.secretary), meeting), Tab(sign_in(deputy), meeting)
    for tab in (mine, older, mine):
        tab.mark(county.members[0], "here")
        assert "别人改过" not in text(tab.send())
    assert Evidence.objects.count() == 1


def test_who_was_never_on_the_page_is_left_alone(county: County, sign_in: SignIn) -> None:
    first, second, _third = county.members
    meeting = gathering(county)
    tab = Tab(sign_in(county.secretary), meeting)
    held(county, meeting)
    sent = {"started_at": tab.fields["started_at"], "ended_at": tab.fields["ended_at"], "do": "save"}
    tab.client.post(tab.address, sent)  # not one row, as of a page that was cut off
    tab.client.post(tab.address, {**sent, f"s{second.pk}": "away", f"b{first.pk}": "nonsense"})
    now = states(Occasion.objects.get())
    assert (now[first.name], now[second.name]) == ("attended", "excused")


def test_an_older_page_leaves_the_times_as_somebody_else_wrote_them(
    county: County, sign_in: SignIn, deputy: User
) -> None:
    first, second, third = county.members
    meeting = gathering(county, hours_ago=1)  # it still goes on
    mine, older, oldest = (Tab(sign_in(one), meeting) for one in (county.secretary, deputy, deputy))
    start, end = meeting.occasion.starts_at, meeting.occasion.ends_at
    mine.mark(first, "here")
    mine.fields["ended_at"] = minute(end + HOUR)
    mine.send()
    older.mark(second, "here")
    older.send()
    occasion = Occasion.objects.get()
    assert (occasion.starts_at, occasion.ends_at) == (start, end + HOUR)
    ends = dict(Evidence.objects.filter(withdrawn_by=None).values_list("member_id", "ended_at"))
    assert ends == {first.pk: end + HOUR, second.pk: end + HOUR}
    oldest.mark(third, "here")
    oldest.fields["ended_at"] = minute(end + HOUR / 2)
    refused = oldest.send()
    assert refused.status_code == 422
    assert "别人把会议时间登记为" in text(refused)
    assert not Evidence.objects.filter(member=third).exists()
    oldest.read(refused)
    assert oldest.fields[f"s{third.pk}"] == "here"  # what was marked stays
    oldest.send()
    assert Occasion.objects.get().ends_at == end + HOUR / 2
    ends = dict(Evidence.objects.filter(kind="hall", withdrawn_by=None).values_list("member_id", "ended_at"))
    assert ends == dict.fromkeys((first.pk, second.pk, third.pk), end + HOUR / 2)


@pytest.mark.parametrize("said", ["", "x", "a/b", "2026-01-01T10:00", "0001-01-01T00:00/9999-12-31T23:59"])
def test_a_page_that_does_not_say_what_it_was_opened_on(county: County, sign_in: SignIn, said: str) -> None:
    tab = Tab(sign_in(county.secretary), gathering(county))
    tab.fields["seen"] = said
    tab.mark(county.members[0], "here")
    assert "已登记到会情况" in text(tab.send())
    assert Evidence.objects.get().member == county.members[0]


@pytest.mark.django_db(transaction=True)
def test_two_secretaries_save_at_the_same_moment(
    county: County, sign_in: SignIn, deputy: User, request: pytest.FixtureRequest
) -> None:
    first, second, third = county.members
    meeting = gathering(county)
    held(county, meeting, present={}, excused={})
    tabs = [Tab(sign_in(one), meeting) for one in (county.secretary, deputy)]
    tabs[0].mark(first, "here")
    tabs[0].mark(second, "here")
    tabs[1].mark(second, "leave", c="sick")
    tabs[1].mark(third, "here")
    answers: list[Any] = []
    gate = threading.Barrier(2)

    def send(tab: Tab) -> None:
        gate.wait(60)
        try:
            answers.append(tab.send(follow=False))
        finally:
            connection.close()

    threads = [threading.Thread(target=send, args=(tab,)) for tab in tabs]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert [answer.status_code for answer in answers] == [302, 302]
    now = states(Occasion.objects.get())
    assert (now[first.name], now[third.name]) == ("attended", "attended")
    assert now[second.name] in ("attended", "excused")  # whoever was first
    assert sum("#m" in answer.headers["Location"] for answer in answers) == 1  # the other one is told


def test_a_settled_meeting_is_still_marked_all_at_once(county: County, sign_in: SignIn) -> None:
    first, second, third = county.members
    meeting = gathering(county)
    tab = Tab(sign_in(county.secretary), meeting)
    tab.mark(first, "here")
    tab.send()  # one name, and back after the end
    tab = Tab(sign_in(county.secretary), meeting)
    assert "没有标的，现在都算缺席" in text(tab.client.get(tab.address))
    tab.mark(third, "away")
    tab.read(tab.send("all"))
    assert (tab.fields[f"s{second.pk}"], tab.fields[f"s{third.pk}"]) == ("here", "away")
    tab.send()
    assert states(Occasion.objects.get()) == {
        first.name: "attended", second.name: "attended", third.name: "missing", county.secretary.name: "attended",
    }  # fmt: skip


def test_a_leave_is_of_the_category_that_was_chosen(county: County, sign_in: SignIn) -> None:
    first, _second, third = county.members
    tab = Tab(sign_in(county.secretary), gathering(county))
    tab.mark(first, "here")
    tab.mark(third, "leave")
    refused = tab.send()
    assert refused.status_code == 422
    assert f"请选{third.name}的请假类别。" in text(refused)
    assert not Evidence.objects.exists()
    tab.mark(third, "leave", c="nonsense")
    assert tab.send().status_code == 422
    tab.mark(third, "leave", c="family")
    tab.send()
    assert Evidence.objects.get(kind=Evidence.Kind.LEAVE).category == "family"


def test_a_form_made_by_hand_is_refused_and_nothing_of_it_is_lost(county: County, sign_in: SignIn) -> None:
    first, second, third = county.members
    tab = Tab(sign_in(county.secretary), gathering(county))
    tab.mark(first, "here")
    tab.mark(second, "sick")
    tab.mark(third, "leave", c="no\x00such" * 40)
    refused = tab.send()
    assert refused.status_code == 422
    assert f"{second.name}的到会情况看不懂，请重新选一项。" in text(refused)
    assert f"请选{third.name}的请假类别。" in text(refused)
    assert not Evidence.objects.exists()
    tab.read(refused)
    assert (tab.fields[f"s{first.pk}"], tab.fields[f"s{third.pk}"]) == ("here", "leave")
    tab.mark(second, "away")
    tab.mark(third, "leave", c="family")
    assert tab.send().status_code == 200
    assert Evidence.objects.get(kind=Evidence.Kind.LEAVE).category == "family"


def test_a_mistake_is_said_with_the_name_and_in_the_row(county: County, sign_in: SignIn) -> None:
    first, second, third = county.members
    meeting = gathering(county)
    tab = Tab(sign_in(county.secretary), meeting)
    start = timezone.localtime(meeting.occasion.starts_at)
    tab.mark(first, "here", i=f"{start + HOUR:%H:%M}", o=f"{start + HOUR / 2:%H:%M}")
    tab.mark(second, "here", i=f"{start + HOUR / 2:%H:%M}")
    tab.mark(third, "here", i="半点")
    refused = tab.send()
    assert refused.status_code == 422
    problems = {line.name: (line.problem, line.is_open) for line in refused.context["lines"]}
    assert problems[first.name] == (f"{first.name}离开的时间不晚于到会的时间，请核对。", True)
    assert problems[second.name] == ("", True)
    assert problems[third.name][0] == f"{third.name}的时间看不懂，请写成 15:20 这样。"
    assert problems[county.secretary.name] == ("", False)
    tab.mark(third, "here", i="")
    tab.mark(first, "here", i=f"{start + 2 * HOUR:%H:%M}", o=f"{start + 3 * HOUR:%H:%M}")  # after the end
    outside = tab.send()
    assert outside.status_code == 422
    assert f"{first.name}离开的时间不晚于到会的时间，或不在会议时间以内" in text(outside)
    assert [line.name for line in outside.context["lines"] if line.problem] == [first.name]


def test_presence_moves_with_the_times_also_of_whom_the_page_does_not_name(county: County, sign_in: SignIn) -> None:
    first, second, _third = county.members
    meeting = gathering(county, hours_ago=1)
    start, end = meeting.occasion.starts_at, meeting.occasion.ends_at
    held(county, meeting, listed=[first.pk, second.pk], present={first.pk: None, second.pk: (start, start + HOUR / 2)},
         excused={})  # fmt: skip
    tab = Tab(sign_in(county.secretary), meeting)
    tab.fields = {key: value for key, value in tab.fields.items() if key[1:] not in (str(first.pk), str(second.pk))}
    tab.fields["ended_at"] = minute(end + HOUR)
    tab.send()
    ends = dict(Evidence.objects.filter(withdrawn_by=None, kind="hall").values_list("member_id", "ended_at"))
    assert ends == {first.pk: end + HOUR, second.pk: start + HOUR / 2}
    tab = Tab(sign_in(county.secretary), meeting)
    tab.fields["ended_at"] = minute(start + HOUR / 4)
    assert tab.send().status_code == 200
    ends = dict(Evidence.objects.filter(withdrawn_by=None, kind="hall").values_list("member_id", "ended_at"))
    assert ends == dict.fromkeys((first.pk, second.pk), start + HOUR / 4)


def test_two_of_the_same_name_are_told_apart_wherever_names_are_ticked(county: County, sign_in: SignIn) -> None:
    first, second, third = county.members
    User.objects.filter(pk=first.pk).update(name="王强", phone_last4="0012")
    User.objects.filter(pk=second.pk).update(name="王强", phone_last4="", number="DY000107")
    secretary, meeting = sign_in(county.secretary), gathering(county)
    said = {"王强（手机尾号 0012）", "王强（编号尾号 0107）", third.name, county.secretary.name}
    form = secretary.get("/meetings/plan/?form=committee").context["form"]
    assert {words for _pk, words in form.fields["members"].choices} == said
    assert {line.name for line in secretary.get(f"/meetings/{meeting.pk}/attendance/").context["lines"]} == said
    occasion = held(county, meeting, present={})
    assert {one.name for one in secretary.get(f"/meetings/{meeting.pk}/").context["book"].people} == said
    lines = register_lines(node=county.branch, occasion_ids=[occasion.pk])
    assert {line.name for line in lines} == said
    hall = text(secretary.get(f"/branch/{occasion.training_id}/hall/?node={county.branch.pk}&occasion={occasion.pk}"))
    assert "王强（编号尾号 0107）" in hall
    assert "王强（手机尾号 0012）" in hall  # only of namesakes, and only for those who may know it
