"""我的: one's own records with everything they rest on, and nobody else's."""

import datetime as dt
import json
import re
from collections.abc import Callable

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from attendance.models import (
    Dispute,
    Evidence,
    Occasion,
    PresenceSpan,
    RecordState,
    Rule,
    WatchBudget,
    WatchSession,
    WorkerLease,
)
from attendance.operations import correct_record
from organizations.models import AccessEntry, User
from organizations.operations import log_access
from tests.attendance.people import expect, make_occasion, make_rule, stand
from tests.attendance.reports.conftest import World
from tests.factories.organizations import UserFactory

pytestmark = pytest.mark.integration
SignIn = Callable[[User], Client]


def span(world: World, member: User, start_s: int, end_s: int, reason: str, device: str = "p1") -> PresenceSpan:
    lease, _created = WorkerLease.objects.get_or_create(
        name="w1", defaults={"started_at": timezone.now(), "beat_at": timezone.now()}
    )
    begin = world.occasion.window_start_at
    assert begin is not None
    return PresenceSpan.objects.create(
        occasion=world.occasion, member=member, device=device, lease=lease, end_reason=reason,
        started_at=begin + dt.timedelta(seconds=start_s), ended_at=begin + dt.timedelta(seconds=end_s),
    )  # fmt: skip


def test_the_list_shows_hours_of_this_year_and_every_record(world: World, sign_in: SignIn) -> None:
    text = sign_in(world.county.member).get("/me/").content.decode()
    assert '<span class="big">1<small>' in text
    assert world.occasion.title in text
    assert "52 分钟" in text


def test_hours_of_a_missing_one_do_not_count(world: World, sign_in: SignIn) -> None:
    assert '<span class="big">0<small>' in sign_in(world.county.members[1]).get("/me/").content.decode()


def test_an_empty_list_says_what_will_be_here(world: World, sign_in: SignIn) -> None:
    assert "还没有记录" in sign_in(world.county.organiser).get("/me/").content.decode()


def test_the_list_costs_the_same_for_one_and_for_three(world: World, sign_in: SignIn) -> None:
    def queries() -> int:
        client = sign_in(world.county.member)
        with CaptureQueriesContext(connection) as seen:
            client.get("/me/")
        return len(seen)

    one = queries()
    for number in range(2):
        stand(
            make_occasion(world.training, title=f"第{number}场"), world.county.member, world.county.branch, "attended"
        )
    # Four of them: leaves for what has not begun, rosters being written, certificates, the dot. Five: the year's hours.
    assert queries() == one <= 16


def test_a_record_prints_its_rule_and_all_evidence_with_what_came_of_it(world: World, sign_in: SignIn) -> None:
    member = world.county.member
    span(world, member, -120, 1800, PresenceSpan.End.SILENT)
    span(world, member, 1820, 2400, PresenceSpan.End.HIDDEN)
    span(world, member, 3000, 3300, PresenceSpan.End.LEFT)
    span(world, member, 3100, 3200, PresenceSpan.End.LEFT, device="p2")
    span(world, member, 3700, 3800, PresenceSpan.End.LEFT)
    text = sign_in(member).get(f"/me/records/{world.occasion.pk}/").content.decode()
    assert "达到 80%（48 分钟）就算参加。" in text
    assert "认定规则：通用，第 1 版。" in text
    for said in (
        "开始以前的时间不计入", "结束原因：断网", "短暂断开，已按连续计算", "结束原因：锁屏或切到后台",
        "这段时间没有连接，不计入", "两部设备同时在线，只算一次", "不在直播的时间里，只保留，不计入",
    ):  # fmt: skip
        assert said in text
    assert 'class="c-live"' in text
    assert '<rect class="c-live" x="0" y="0" width="666" height="24"/>' in text
    assert '<rect class="c-gap" x="666" y="0" width="167" height="24"/>' in text


def test_watching_again_is_said_to_earn_nothing(world: World, sign_in: SignIn) -> None:
    member = world.county.members[1]
    for number, ranges in enumerate(([[0, 600_000]], [[0, 600_000], [600_000, 690_500]])):
        Evidence.objects.create(
            occasion=world.occasion, member=member, kind=Evidence.Kind.WATCHED, media="replay", device="p1",
            ranges_ms=ranges, client_id=str(number), recorded_at=timezone.now() - dt.timedelta(days=1 - number),
        )  # fmt: skip
    text = sign_in(member).get(f"/me/records/{world.occasion.pk}/").content.decode()
    assert "新计入 10 分钟" in text
    assert "新计入 1 分 30 秒，看过的再看不重复计算" in text


def test_who_recorded_the_hall_and_a_correction_are_named(world: World, sign_in: SignIn) -> None:
    member = world.county.members[1]
    Evidence.objects.create(
        occasion=world.occasion, member=member, kind=Evidence.Kind.HALL, recorded_by=world.county.secretary,
        started_at=world.occasion.window_start_at, ended_at=world.occasion.window_end_at, recorded_at=timezone.now(),
    )  # fmt: skip
    correct_record(
        occasion_id=world.occasion.pk, member_id=member.pk, state=RecordState.ATTENDED, reason="投影前坐满了人",
        author_id=world.county.secretary.pk, as_of=timezone.now(),
    )  # fmt: skip
    text = sign_in(member).get(f"/me/records/{world.occasion.pk}/").content.decode()
    assert re.search(r"赵书记 .{6,20} 登记", text)
    assert "投影前坐满了人" in text
    assert '<span class="chip ok">已参加</span>' in text


def test_a_record_without_evidence_says_what_will_be_here(world: World, sign_in: SignIn) -> None:
    assert (
        "还没有参加的记录" in sign_in(world.county.members[1]).get(f"/me/records/{world.occasion.pk}/").content.decode()
    )


@pytest.mark.parametrize("path", ["/me/records/{pk}/", "/me/records/{pk}0000/"])
def test_an_occasion_of_others_does_not_exist(world: World, sign_in: SignIn, path: str) -> None:
    assert sign_in(world.county.organiser).get(path.format(pk=world.occasion.pk)).status_code == 404


def test_a_dispute_is_kept_once_and_waits_for_the_answer(world: World, sign_in: SignIn) -> None:
    client = sign_in(world.county.members[1])
    url = f"/me/records/{world.occasion.pk}/dispute/"
    assert client.post(url, {"text": "我在集中收看点"}).status_code == 302
    again = client.post(url, {"text": "再说一次"}, follow=True).content.decode()
    assert Dispute.objects.count() == 1
    assert "正在等支部书记答复" in again
    assert "我在集中收看点" in again
    assert "有不对的地方？提出来" not in again


@pytest.mark.parametrize("text", ["", "   ", "x" * 1001, "a\x00b"])
def test_a_dispute_that_cannot_be_kept_is_refused_in_words(world: World, sign_in: SignIn, text: str) -> None:
    response = sign_in(world.county.member).post(f"/me/records/{world.occasion.pk}/dispute/", {"text": text})
    assert response.status_code == 422
    assert Dispute.objects.count() == 0


def test_a_stranger_cannot_dispute_and_reading_is_no_dispute(world: World, sign_in: SignIn) -> None:
    url = f"/me/records/{world.occasion.pk}/dispute/"
    assert sign_in(world.county.organiser).post(url, {"text": "x"}).status_code == 404
    assert sign_in(world.county.member).get(url).status_code == 405


def test_the_download_holds_everything_about_oneself_and_nothing_of_others(world: World, sign_in: SignIn) -> None:
    member = world.county.member
    span(world, member, 0, 60, PresenceSpan.End.LEFT)
    span(world, world.county.members[1], 0, 61, PresenceSpan.End.LEFT, device="theirs")
    log_access(reader_id=world.county.secretary.pk, subject_ids=[member.pk], what="record", as_of=timezone.now())
    response = sign_in(member).get("/me/data.json")
    data = json.loads(response.content)
    assert data["person"]["name"] == member.name
    assert data["person"]["phone"].endswith(member.phone_last4)
    assert [one["device"] for one in data["presence"]] == ["p1"]
    assert [one["state"] for one in data["records"]] == ["attended"]
    assert [one["reader__name"] for one in data["looked_at_by"]] == ["赵书记"]
    assert "theirs" not in response.content.decode()
    assert world.county.members[1].name not in response.content.decode()
    assert AccessEntry.objects.count() == 1


def until(occasion: Occasion) -> str:
    assert occasion.make_up_until_at is not None
    moment = timezone.localtime(occasion.make_up_until_at)
    return f"{moment.month}月{moment.day}日 {moment:%H:%M}"


def test_a_missed_lecture_leads_on_and_says_until_when(world: World, sign_in: SignIn) -> None:
    client = sign_in(world.county.members[1])
    url = f"/me/records/{world.occasion.pk}/"
    refused = client.post(f"{url}dispute/", {"text": ""})
    for page in (client.get(url), refused):
        text = page.content.decode()
        assert f'<a class="btn" href="/again/{world.occasion.pk}/">看回放补学</a>' in text
        assert f"还能补学到 {until(world.occasion)}。" in text
        assert "还差 37 分钟。" in text
    listed = client.get("/me/").content.decode()
    assert f"还能补学到 {until(world.occasion)}" in listed
    assert "已计入 11 分钟" in listed


def test_what_is_done_leads_nowhere(world: World, sign_in: SignIn) -> None:
    client = sign_in(world.county.member)
    text = client.get(f"/me/records/{world.occasion.pk}/").content.decode()
    assert "/again/" not in text
    assert "还差" not in text
    assert "还能补学" not in client.get("/me/").content.decode()


def test_without_a_replay_or_after_the_time_the_page_says_what_is_possible(world: World, sign_in: SignIn) -> None:
    client = sign_in(world.county.members[1])
    url = f"/me/records/{world.occasion.pk}/"
    Occasion.objects.update(media_ms=None)
    assert "回放还在准备" in client.get(url).content.decode()
    Occasion.objects.update(make_up_until_at=timezone.now() - dt.timedelta(seconds=1), media_ms=3_600_000)
    text = client.get(url).content.decode()
    assert "补学时间已经过了" in text
    assert "/again/" not in text


def settled_course(world: World) -> Occasion:
    rule = make_rule(name="课程通用规则", basis=Rule.Basis.MEDIA)
    return make_occasion(
        world.training, title="防范手机诈骗", state=Occasion.State.OPEN, rule=rule, media_ms=360_100,
        media_items={"v:a": 180_050, "v:b": 180_050}, ends_at=timezone.now() + dt.timedelta(days=5),
    )  # fmt: skip


def study(course: Occasion, member: User, media: str, end_ms: int) -> None:
    """Watch one piece from its beginning, through the address that the player uses."""
    client = Client()
    client.force_login(member)
    asked = {"device": "p1", "media": media}
    session = client.post(f"/watch/{course.pk}/play", asked, content_type="application/json").json()["session_id"]
    past = timezone.now() - dt.timedelta(minutes=9)
    WatchSession.objects.filter(pk=session).update(started_at=past, last_at=past)
    WatchBudget.objects.update_or_create(member=member, defaults={"held_ms": 1_200_000, "filled_at": timezone.now()})
    report = {"session": session, "id": f"{session}-a", "ranges_ms": [[0, end_ms]], "rate": 1, "position_ms": end_ms}
    answer = client.post(f"/watch/{course.pk}/report", report, content_type="application/json")
    assert answer.status_code == 200, answer.content


def test_part_of_a_course_shows_at_once_and_everywhere_the_same(world: World, sign_in: SignIn) -> None:
    course, member = settled_course(world), world.county.member
    expect(course, member, world.county.branch)
    study(course, member, "v:a", 174_300)
    client = sign_in(member)
    own = f"/me/records/{course.pk}/"
    today, listed, page = (client.get(url).content.decode() for url in ("/", "/me/", own))
    branch = sign_in(world.county.secretary).get(f"/branch/{world.training.pk}/").content.decode()
    assert "已计入 2 分 54 秒，还差 1 分 54 秒" in today
    assert "看满 80%（4 分 48 秒）就算学完" in today
    assert "已计入 2 分 54 秒" in listed
    assert "前学完" in listed
    assert "还差 1 分 54 秒</span>" in branch
    for said in (
        '<span class="grow big">2 分 54 秒<',
        "已计入，共 6 分钟</small>",
        "看满 80%（4 分 48 秒）就算学完。",
        "还差 1 分 54 秒。",
    ):
        assert said in page
    assert "新计入 2 分 54 秒" in page
    assert "已学 2 分 54 秒，占 48%" in page
    rows = sign_in(world.county.secretary).get(f"/branch/{world.training.pk}/reports/missing.json")
    [row] = [row for row in json.loads(b"".join(rows.streaming_content))["rows"] if row["occasion"] == course.title]
    assert (row["counted_min"], row["left_min"], row["state"]) == (2.9, 1.9, "还没学完")


def test_after_the_goal_the_headline_and_the_evidence_agree(world: World, sign_in: SignIn) -> None:
    course, member = settled_course(world), world.county.member
    expect(course, member, world.county.branch)
    study(course, member, "v:a", 180_050)
    study(course, member, "v:b", 173_000)
    text = sign_in(member).get(f"/me/records/{course.pk}/").content.decode()
    assert '<span class="grow big">5 分 53 秒<' in text
    assert "新计入 5 分 53 秒" in text
    assert '<span class="chip ok">已参加</span>' in text
    assert "回放" not in text
    assert "分 53 秒，占" in text


def test_a_replay_counts_as_new_what_one_was_not_there_for(world: World, sign_in: SignIn) -> None:
    """Twenty minutes there, then the replay's first half hour: ten minutes are new, in the list as in the headline."""
    Occasion.objects.filter(pk=world.occasion.pk).update(media_offset_ms=0)
    member = UserFactory()
    expect(world.occasion, member, world.county.branch)
    span(world, member, 0, 1200, PresenceSpan.End.LEFT)
    Evidence.objects.create(
        occasion=world.occasion, member=member, kind=Evidence.Kind.WATCHED, media="replay", device="p1",
        ranges_ms=[[0, 1_800_000]], client_id="r", recorded_at=timezone.now(),
    )  # fmt: skip
    text = sign_in(member).get(f"/me/records/{world.occasion.pk}/").content.decode()
    assert '<span class="grow big">30 分钟<' in text
    assert "已计入，共 60 分钟</small>" in text
    assert "新计入 10 分钟" in text
    assert "连同回放合计 30 分钟，占 50%" in text


def test_one_record_costs_the_same_whatever_it_rests_on(world: World, sign_in: SignIn) -> None:
    client = sign_in(world.county.member)

    def queries() -> int:
        with CaptureQueriesContext(connection) as seen:
            assert client.get(f"/me/records/{world.occasion.pk}/").status_code == 200
        return len(seen)

    one = queries()
    for number in range(3):
        span(world, world.county.member, number * 60, number * 60 + 30, PresenceSpan.End.LEFT)
    assert queries() == one <= 17
