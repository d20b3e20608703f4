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

from attendance.models import Correction, Dispute, Evidence, PresenceSpan, Record, RecordState, WorkerLease
from organizations.models import AccessEntry, User
from organizations.operations import log_access
from tests.attendance.people import make_occasion, stand
from tests.attendance.reports.conftest import World

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
    assert queries() == one <= 6


def test_a_record_prints_its_rule_and_all_evidence_with_what_came_of_it(world: World, sign_in: SignIn) -> None:
    member = world.county.member
    span(world, member, -120, 1800, PresenceSpan.End.SILENT)
    span(world, member, 1820, 2400, PresenceSpan.End.HIDDEN)
    span(world, member, 3000, 3300, PresenceSpan.End.LEFT)
    span(world, member, 3100, 3200, PresenceSpan.End.LEFT, device="p2")
    span(world, member, 3700, 3800, PresenceSpan.End.LEFT)
    text = sign_in(member).get(f"/me/records/{world.occasion.pk}/").content.decode()
    assert "达到 80%（48 分钟）即为参加。按“通用”第 1 版规则计算。" in text
    for said in (
        "场次时间以外的部分不计入", "结束原因：断网", "断开 20 秒，已按连续计算", "结束原因：锁屏或切到后台",
        "这段时间没有连接，不计入", "两部设备同时在线，只算一次", "在场次时间以外，只保留，不计入",
    ):  # fmt: skip
        assert said in text
    assert 'class="map"' in text
    assert '<rect class="y" x="0" width="666" height="10" />' in text


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
    Correction.objects.create(
        record=Record.objects.get(member=member), state=RecordState.ATTENDED, reason="投影前坐满了人",
        author=world.county.secretary, at=timezone.now(),
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
