"""What a member asked and nobody has answered, and what goes on right now, said wherever they look."""

import datetime as dt
import re
from collections.abc import Callable

import pytest
from django.test import Client
from django.utils import timezone

from attendance import operations
from attendance.models import Declaration, Evidence, Leave, Occasion, Record
from attendance.operations import Wish
from attendance.queries import asked
from organizations.models import User
from tests.attendance.people import expect, make_occasion
from tests.attendance.reports.conftest import World

pytestmark = pytest.mark.integration
SignIn = Callable[[User], Client]
WAITS, EXCUSED = "已请假，等书记批准", "已请假，能来的话直接来就行"
DAY = dt.timedelta(days=1)


def read(client: Client, url: str) -> str:
    response = client.get(url)
    assert response.status_code == 200
    return response.content.decode()


def coming(world: World, after: dt.timedelta = 8 * DAY) -> Occasion:
    start = timezone.now() + after
    return make_occasion(world.training, title="主题党日", state=Occasion.State.SCHEDULED, starts_at=start)


def test_a_leave_for_what_was_missed_is_said_on_record_list_and_today(world: World, sign_in: SignIn) -> None:
    member, record = world.county.members[1], f"/me/records/{world.occasion.pk}/"
    own = sign_in(member)
    assert "补请假" in read(own, record)
    wish = Wish("duty", (world.occasion.pk,))
    (leave,) = operations.ask_leave(member_id=member.pk, wish=wish, as_of=timezone.now())
    for page in (record, "/me/", "/", "/me/leaves/ask/"):
        assert WAITS in read(own, page), page
    assert "补请假" not in read(own, record)
    own.post(f"/me/leaves/{leave.pk}/withdraw/")
    for page in (record, "/me/", "/"):
        assert WAITS not in read(own, page), page


def test_a_declaration_that_waits_is_said_there_too(world: World, sign_in: SignIn) -> None:
    member = world.county.members[1]
    Declaration.objects.create(
        occasion=world.occasion, member=member, category="platform", source="学习强国", minutes=30,
        studied_at=timezone.now() - DAY, asked_at=timezone.now(),
    )  # fmt: skip
    own = sign_in(member)
    for page in (f"/me/records/{world.occasion.pk}/", "/me/", "/"):
        assert "已申报，等书记确认" in read(own, page), page
    assert "在别处学过？申报" not in read(own, f"/me/records/{world.occasion.pk}/")


@pytest.mark.parametrize("is_period", [True, False])
def test_beside_what_is_to_come_stands_the_leave_or_the_way_to_it(
    world: World, sign_in: SignIn, is_period: bool
) -> None:
    member, one = world.county.member, coming(world)
    own, ask = sign_in(member), f'href="/me/leaves/ask/?occasion={one.pk}"'
    assert ask in read(own, "/")
    first = timezone.localdate(one.starts_at)
    wish = Wish("duty", from_date=first, to_date=first + DAY) if is_period else Wish("duty", (one.pk,))
    (leave,) = operations.ask_leave(member_id=member.pk, wish=wish, as_of=timezone.now())
    text = read(own, "/")
    assert (WAITS in text, ask in text) == (True, False)
    operations.approve_leaves(leave_ids=[leave.pk], approved_by_id=world.county.secretary.pk, as_of=timezone.now())
    text = read(own, "/")
    assert (EXCUSED in text, WAITS in text, ask in text) == (True, False, False)
    assert EXCUSED not in read(sign_in(world.county.members[1]), "/")


def test_what_goes_on_is_not_said_to_be_judged(world: World, sign_in: SignIn) -> None:
    member = world.county.member
    live = make_occasion(world.training, title="正在讲的课", state=Occasion.State.OPEN)
    expect(live, member, world.county.branch)
    own = sign_in(member)
    record = read(own, f"/me/records/{live.pk}/")
    assert ("正在进行" in record, "进入直播" in record, "认定中" in record) == (True, True, False)
    assert f'href="/there/{live.pk}/"' in record
    assert ("正在进行" in read(own, "/me/"), "认定中" in read(own, "/me/")) == (True, False)


def test_secretaries_read_the_same_word_of_what_goes_on(world: World, sign_in: SignIn) -> None:
    county = world.county
    live = make_occasion(world.training, title="正在讲的课", state=Occasion.State.OPEN)
    expect(live, county.member, county.branch)
    client = sign_in(county.secretary)
    cell = f"/branch/register/{live.pk}/{county.member.pk}/"
    for page in (
        f"/branch/occasions/{live.pk}/?node={county.branch.pk}", f"/branch/people/{county.member.pk}/", cell,
        f"/branch/register/?training={world.training.pk}&node={county.branch.pk}",
        f"/branch/{world.training.pk}/?node={county.branch.pk}", f"/branch/{world.training.pk}/progress/",
    ):  # fmt: skip
        text = read(client, page).replace("… 进行中或认定中", "")
        assert "正在进行" in text, page
        assert "认定中" not in re.sub(r"<option[^>]*>[^<]*</option>", "", text), page
    Occasion.objects.filter(pk=live.pk).update(state=Occasion.State.CLOSED)
    judged = read(client, f"/branch/occasions/{live.pk}/?node={county.branch.pk}")
    assert ("认定中" in judged, "正在进行" in judged) == (True, False)


def test_a_scan_is_said_on_today(world: World, sign_in: SignIn) -> None:
    member, now = world.county.member, timezone.now()
    live = make_occasion(world.training, title="集中收看的课", state=Occasion.State.OPEN)
    expect(live, member, world.county.branch)
    scan = {"occasion": live, "member": member, "recorded_at": now}
    Evidence.objects.create(kind=Evidence.Kind.CHECK_IN, started_at=now, ended_at=now, **scan)
    assert "已扫现场的码，等负责人登记" in read(sign_in(member), "/")


def test_after_its_hour_nothing_starts_soon(world: World, sign_in: SignIn) -> None:
    coming(world, after=-dt.timedelta(minutes=4))
    text = read(sign_in(world.county.member), "/")
    assert ("到时间了，等老师开播" in text, "马上开始" in text) == (True, False)


def test_a_study_at_the_end_of_the_calendar_is_refused_in_words(world: World, sign_in: SignIn) -> None:
    own, url = sign_in(world.county.members[1]), f"/me/records/{world.occasion.pk}/declare/"
    said = {"category": "platform", "source": "学习强国", "minutes": "1440"}
    for moment in ("9999-12-31T23:59", "0001-01-01T00:00"):
        answer = own.post(url, {**said, "studied_at": moment})
        assert (answer.status_code, "请核对年份" in answer.content.decode()) == (422, True), moment


def test_what_is_done_cannot_be_declared(world: World, sign_in: SignIn) -> None:
    member = world.county.member
    assert Record.objects.get(member=member).stands == "attended"
    at = timezone.localtime(timezone.now() - dt.timedelta(hours=3)).strftime("%Y-%m-%dT%H:%M")
    said = {"category": "platform", "source": "学习强国", "minutes": "30", "studied_at": at}
    answer = sign_in(member).post(f"/me/records/{world.occasion.pk}/declare/", said)
    assert (answer.status_code, "不用申报" in answer.content.decode()) == (422, True)
    assert not Declaration.objects.exists()


def test_what_is_taken_back_is_no_news_and_has_a_brake(world: World, sign_in: SignIn) -> None:
    member, secretary = world.county.members[1], world.county.secretary
    own, url = sign_in(member), f"/me/records/{world.occasion.pk}/dispute/"
    for _time in range(3):
        own.post(url, {"reason": "cut_off"})
        own.post(f"{url}withdraw/")
    assert not secretary.notices.exists()
    assert "已经提出过 3 次" in own.post(url, {"reason": "cut_off"}, follow=True).content.decode()
    (leave,) = operations.ask_leave(member_id=member.pk, wish=Wish("duty", (world.occasion.pk,)), as_of=timezone.now())
    assert secretary.notices.filter(kind="leave_asked").count() == 1
    own.post(f"/me/leaves/{leave.pk}/withdraw/")
    assert not secretary.notices.exists()


def test_a_day_that_was_asked_is_not_asked_again_by_its_occasion(world: World, sign_in: SignIn) -> None:
    member, one = world.county.member, coming(world)
    first = timezone.localdate(one.starts_at)
    wish = Wish("duty", from_date=first, to_date=first + 15 * DAY)
    operations.ask_leave(member_id=member.pk, wish=wish, as_of=timezone.now())
    answer = sign_in(member).post("/me/leaves/ask/", {"category": "duty", "occasions": [one.pk]})
    assert answer.status_code == 422
    assert Leave.objects.count() == 1


def test_whoever_confirms_is_told_what_to_look_at_twice(world: World, sign_in: SignIn) -> None:
    Declaration.objects.create(
        occasion=world.occasion, member=world.county.members[1], category="platform", source="学习强国", minutes=1440,
        studied_at=world.occasion.starts_at - 300 * DAY, asked_at=timezone.now(),
    )  # fmt: skip
    text = read(sign_in(world.county.secretary), "/branch/declarations/")
    assert "请核对：学习时间比这一场早 300 天" in text
    assert "请核对：学习时长比这一场长得多" in text


def test_the_notice_of_an_answer_names_what_the_leave_is_for(world: World, sign_in: SignIn) -> None:
    member, one = world.county.member, coming(world)
    (leave,) = operations.ask_leave(member_id=member.pk, wish=Wish("duty", (one.pk,)), as_of=timezone.now())
    operations.approve_leaves(leave_ids=[leave.pk], approved_by_id=world.county.secretary.pk, as_of=timezone.now())
    text = read(sign_in(member), "/me/notices/")
    assert "您的请假（主题党日" in text
    assert 'href="/me/leaves/"' in text


def test_what_was_studied_elsewhere_is_not_called_nothing_and_has_its_year(world: World, sign_in: SignIn) -> None:
    member, secretary = world.county.members[1], world.county.secretary
    at = timezone.now() - 360 * DAY
    operations.ask_declaration(
        occasion_id=world.occasion.pk, member_id=member.pk, category="platform", source="学习强国", studied_at=at,
        minutes=60, as_of=timezone.now(),
    )  # fmt: skip
    one = Declaration.objects.get()
    operations.confirm_declaration(declaration_id=one.pk, confirmed_by_id=secretary.pk, as_of=timezone.now())
    text = read(sign_in(member), f"/me/records/{world.occasion.pk}/")
    assert "已补学" in text
    assert "0 秒" not in text
    is_other_year = timezone.localdate(at).year != timezone.localdate().year
    assert (f"{timezone.localdate(at).year}年" in text) == is_other_year


def test_mistakes_are_said_in_plain_words(world: World, sign_in: SignIn) -> None:
    own, url = sign_in(world.county.members[1]), f"/me/records/{world.occasion.pk}/declare/"
    said = {"category": "gossip", "source": "学" * 61, "minutes": "1441", "studied_at": "2026-01-01T00:00"}
    text = own.post(url, said).content.decode()
    for words in ("请从列出的选项里选。", "最多写 60 个字，现在是 61 个。", "最大填 1440。"):
        assert words in text, words
    assert "里面有不能用的字符" in own.post(url, {**said, "source": "\x00"}).content.decode()


def test_leaves_of_other_days_are_not_read(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """However long somebody has been here: only what can touch the occasions asked about."""
    county, today = world.county, timezone.localdate(world.occasion.starts_at)
    base = {"member": county.member, "node": county.branch, "category": "sick", "asked_at": timezone.now()}
    for number in range(1, 4):
        first = today - 30 * number * DAY
        values = {"asked_by": county.member, "from_date": first, "to_date": first + 5 * DAY}
        Leave.objects.create(**base, **values, state=Leave.State.APPROVED)
        ticked = Leave.objects.create(**base, asked_by=county.member, state=Leave.State.ASKED)
        ticked.ticks.create(occasion=make_occasion(world.training))
    here = Leave.objects.create(**base, asked_by=county.member, state=Leave.State.ASKED)
    here.ticks.create(occasion=world.occasion)
    over_it = {"asked_by": county.member, "from_date": today, "to_date": today + DAY}
    Leave.objects.create(**base, **over_it, state=Leave.State.ASKED)
    looked: list[dt.date] = []
    monkeypatch.setattr(asked, "covers", lambda first, after, one: looked.append(first) or first == today)
    said = asked.asked_of_member(member_id=county.member.pk, occasions=[world.occasion])
    assert (said.waiting, said.excused, looked) == ({world.occasion.pk}, set(), [today])
