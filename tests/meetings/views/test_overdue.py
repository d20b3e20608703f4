"""Meetings whose time is over and that nobody wrote down, that were voided, that name whom they expect."""

import datetime as dt
import re

import pytest
from django.utils import timezone

from attendance.models import Occasion
from meetings.queries import year_of
from meetings.views.meeting import books_of
from meetings.views.years import rows_of
from tests.attendance.views.test_branch import asked
from tests.factories.organizations import County
from tests.meetings.conftest import gathering, held
from tests.meetings.views.test_meetings import SignIn, plan, text

pytestmark = pytest.mark.integration


def test_what_is_over_and_not_written_down_is_said_everywhere(county: County, sign_in: SignIn) -> None:
    meeting = gathering(county, hours_ago=30, title="九月大会")
    client, leads = sign_in(county.secretary), f"/meetings/{meeting.pk}/attendance/"
    today = text(client.get("/"))
    assert "会议时间已过，还没登记到会" in today
    assert leads in today
    year = text(client.get("/meetings/"))
    assert "已过时间，还没登记到会的" in year
    squares = [one.text for row in client.get("/meetings/").context["rows"] for one in row.squares]
    assert any("已过，还没登记" in one for one in squares)
    assert not any("已安排" in one for one in squares)
    page = text(client.get(f"/meetings/{meeting.pk}/"))
    assert "会议时间已过，还没有登记到会" in page
    assert "已过时间，还没登记" in page
    assert "未开始" not in page
    for other in (county.neighbour_secretary, county.organiser, county.member):
        assert leads not in text(sign_in(other).get("/"))
    held(county, meeting)
    assert leads not in text(client.get("/"))
    assert "已过时间，还没登记到会的" not in text(client.get("/meetings/"))


def test_the_first_page_of_a_branch_says_what_is_over_and_not_written_down(county: County, sign_in: SignIn) -> None:
    client = sign_in(county.secretary)
    meeting = gathering(county, hours_ago=30, title="九月大会")
    leads = f"/meetings/{meeting.pk}/attendance/"
    page = text(client.get("/branch/"))
    assert leads in page
    assert "九月大会" in page
    assert "会议时间已过，还没登记到会" in page
    with_one = asked(client, "/branch/")
    gathering(county, hours_ago=50, title="八月大会")
    assert asked(client, "/branch/") == with_one
    for other in (county.neighbour_secretary, county.organiser):
        assert leads not in text(sign_in(other).get("/branch/"))
    held(county, meeting)
    assert leads not in text(client.get("/branch/"))


def test_a_meeting_that_ended_today_is_over_in_the_year_and_on_the_attendance_page(
    county: County, sign_in: SignIn, monkeypatch: pytest.MonkeyPatch
) -> None:
    late = dt.datetime.combine(timezone.localdate(), dt.time(23, 50), tzinfo=timezone.get_current_timezone())
    start = late - dt.timedelta(hours=3)
    meeting = gathering(county, hours_ago=-30)
    Occasion.objects.filter(pk=meeting.pk).update(starts_at=start, ends_at=start + dt.timedelta(hours=1))
    node, year = county.branch, start.year

    def squares(as_of: dt.datetime) -> list[str]:
        return [one.text for row in rows_of(year_of(node, year=year, as_of=as_of), node) for one in row.squares]

    assert any("已安排" in one for one in squares(start))
    assert not any("已过，还没登记" in one for one in squares(start))
    assert any("日已过，还没登记" in one for one in squares(late))
    assert not any("已安排" in one for one in squares(late))
    monkeypatch.setattr(timezone, "now", lambda: late)
    page = text(sign_in(county.secretary).get(f"/meetings/{meeting.pk}/attendance/"))
    assert "会议时间已过：核对" in page
    assert "会议还没有结束也可以先登记" not in page
    monkeypatch.setattr(timezone, "now", lambda: start + dt.timedelta(minutes=5))
    assert "会议还没有结束也可以先登记" in text(sign_in(county.secretary).get(f"/meetings/{meeting.pk}/attendance/"))


def test_what_is_to_come_is_no_duty(county: County, sign_in: SignIn) -> None:
    gathering(county, hours_ago=-30)
    client = sign_in(county.secretary)
    assert "还没登记到会" not in text(client.get("/"))
    assert "还没登记到会" not in text(client.get("/meetings/"))


def test_a_void_meeting_counts_nobody_and_is_not_voided_twice(county: County, sign_in: SignIn) -> None:
    client, meeting = sign_in(county.secretary), gathering(county)
    held(county, meeting)
    address = f"/meetings/{meeting.pk}/void/"
    client.post(address, {"reason": "日期登记错了"})
    page = client.get(f"/meetings/{meeting.pk}/")
    assert "到会情况不再计入" in text(page)
    assert "还没有认定" not in text(page)
    assert page.context["book"].numbers == []
    again = client.get(address, follow=True)
    assert again.redirect_chain == [(f"/meetings/{meeting.pk}/", 302)]
    assert "已经作废了" in text(again)
    client.post(address, {"reason": "再来一次"})
    assert Occasion.objects.get().void_reason == "日期登记错了"
    assert client.get(f"/meetings/{meeting.pk}/book.pdf").content[:4] == b"%PDF"
    assert books_of([page.context["meeting"]], county.branch, as_of=page.context["book"].as_of, with_names=True)


def test_choosing_by_name_shows_the_names_beside_it(county: County, sign_in: SignIn) -> None:
    page = text(sign_in(county.secretary).get("/meetings/plan/?form=assembly"))
    group = page.split('<div class="marks long">')[1].split("</fieldset>")[0]
    assert re.search(r'value="named"[^>]*>', group)
    assert 'class="asked"' in group
    assert "<details" not in group


def test_the_register_asks_only_those_whom_a_coming_meeting_names(county: County, sign_in: SignIn) -> None:
    first, second, _third = county.members
    client = sign_in(county.secretary)
    held(county, gathering(county))
    client.post("/meetings/plan/?form=committee", plan(county, hours=0.5, who="named", members=[first.pk]))
    gathering(county, hours_ago=2.5, form="lesson")
    occasions = {one.title: one for one in Occasion.objects.all()}
    answer = client.get(f"/branch/register/?node={county.branch.pk}&training={occasions['党课'].training_id}")
    register = answer.context["register"]
    people = {one.member_id: one for one in register.people}
    committee = occasions["支委会"]
    assert register.sign(committee, people[first.pk])[:2] == ("·", "还没开始")
    assert register.sign(committee, people[second.pk])[:2] == ("", "不应到")
    assert register.sign(occasions["党课"], people[second.pk])[:2] == ("·", "已过时间，还没登记")
    assert "还没开始或还没登记" in text(answer)
