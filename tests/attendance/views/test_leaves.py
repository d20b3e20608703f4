"""Leaves, exemptions, ready disputes and second words through the pages, by everybody who may and may not."""

import datetime as dt
import re
from collections.abc import Callable
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from attendance import operations
from attendance.core.intervals import ms_of
from attendance.models import (
    CorrectionReview,
    Dispute,
    Evidence,
    Leave,
    Notice,
    Occasion,
    Record,
    RosterEntry,
    Training,
)
from attendance.operations import Wish
from attendance.queries.answering import GOES_UP_AFTER, waiting_for
from organizations.models import AccessEntry, Exemption, Role, User
from tests.attendance.people import make_occasion, stand
from tests.attendance.reports.conftest import World
from tests.factories.organizations import RoleGrantFactory

pytestmark = pytest.mark.integration
SignIn = Callable[[User], Client]
DAY = dt.timedelta(days=1)


def read(client: Client, url: str) -> str:
    response = client.get(url)
    assert response.status_code == 200
    return response.content.decode()


def coming(world: World, title: str, days: int = 1) -> Occasion:
    start = timezone.now() + days * DAY
    return make_occasion(world.training, state=Occasion.State.SCHEDULED, title=title, starts_at=start)


def asked(world: World, member: User, *occasions: Occasion) -> Leave:
    wish = Wish("duty", tuple(one.pk for one in occasions))
    return operations.ask_leave(member_id=member.pk, wish=wish, as_of=timezone.now())[0]


def test_the_whole_life_of_a_leave(world: World, sign_in: SignIn) -> None:
    """Asked with a mistake, asked, seen, approved in part, seen by the member, taken back."""
    member, own = world.county.members[1], sign_in(world.county.members[1])
    first, second = coming(world, "第一场"), coming(world, "第二场", days=2)
    assert "申请请假" in read(own, "/me/leaves/")
    page = read(own, "/me/leaves/ask/")
    assert "第一场" in page
    assert "算事后补假" in page, "what was missed can be asked for, and says that it is late"
    for mistake in ({}, {"category": "duty"}, {"category": "gossip", "occasions": [first.pk]}):
        assert own.post("/me/leaves/ask/", mistake).status_code == 422
    both = own.post("/me/leaves/ask/", {"category": "duty", "occasions": [first.pk], "from_date": "2030-01-01"})
    assert "请只选一种" in both.content.decode()
    sent = {"category": "duty", "occasions": [first.pk, second.pk, world.occasion.pk]}
    assert "已经提交" in own.post("/me/leaves/ask/", sent, follow=True).content.decode()
    leave = Leave.objects.get()
    client = sign_in(world.county.secretary)
    for page in ("/", "/branch/"):
        assert "1 条请假等您批准" in read(client, page)
    listed = read(client, "/branch/leaves/")
    assert "其中 1 场是事后补假" in listed
    url = f"/branch/leaves/{leave.pk}/"
    assert "第二场" in read(client, url)
    assert client.post(url, {"do": "approve", "occasions": []}).status_code == 422
    kept = {"do": "approve", "occasions": [first.pk, world.occasion.pk]}
    assert "已批准王一1的请假" in client.post(url, kept, follow=True).content.decode()
    assert set(Evidence.objects.values_list("occasion", flat=True)) == {first.pk, world.occasion.pk}
    assert Record.objects.get(member=member).stands == "excused"
    assert "赵书记批准" in read(own, "/me/leaves/")
    assert "开始以后才请的" in read(own, f"/me/records/{world.occasion.pk}/")
    assert own.post(f"/me/leaves/{leave.pk}/withdraw/", follow=True).content.decode().count("已经有答复了") == 1
    assert client.post(url, {"do": "take_back", "reason": ""}).status_code == 422
    assert (
        "已撤销王一1的请假" in client.post(url, {"do": "take_back", "reason": "登记错了"}, follow=True).content.decode()
    )
    assert Record.objects.get(member=member).stands == "missing"
    assert "赵书记撤销批准：登记错了" in read(own, "/me/leaves/")
    assert {one.what for one in AccessEntry.objects.filter(subject=member)} == {"leave"}


def test_many_are_answered_at_once(world: World, sign_in: SignIn) -> None:
    one = coming(world, "明天的")
    leaves = [asked(world, member, one) for member in world.county.members]
    client = sign_in(world.county.secretary)
    # A browser sends no form whose folded field must be filled in: approving asks for no reason.
    buttons = re.findall(r'<button[^>]*name="do"[^>]*>', read(client, "/branch/leaves/"))
    assert [("formnovalidate" in one) for one in buttons] == [True, True]
    nothing = client.post("/branch/leaves/", {"do": "approve"})
    assert (nothing.status_code, "请先勾选" in nothing.content.decode()) == (422, True)
    without = client.post("/branch/leaves/", {"do": "refuse", "leaves": [leaves[0].pk]})
    assert (without.status_code, "要写明理由" in without.content.decode()) == (422, True)
    refused = {"do": "refuse", "leaves": [leaves[0].pk], "reason": "要点名"}
    assert "没有批准 1 条" in client.post("/branch/leaves/", refused, follow=True).content.decode()
    keys = [leave.pk for leave in leaves]
    said = client.post("/branch/leaves/", {"do": "approve", "leaves": keys}, follow=True).content.decode()
    assert "已批准 2 条请假" in said
    assert sorted(Leave.objects.values_list("state", flat=True)) == ["approved", "approved", "refused"]
    assert "没有批准：要点名" in read(sign_in(world.county.members[0]), "/me/leaves/")


def test_a_leave_of_an_occasion_that_was_cancelled_waits_for_nobody(world: World, sign_in: SignIn) -> None:
    one = coming(world, "取消的")
    leave = asked(world, world.county.members[1], one)
    Occasion.objects.filter(pk=one.pk).update(state="void")
    client = sign_in(world.county.secretary)
    assert "没有等您批准的请假" in read(client, "/branch/leaves/")
    refused = client.post(f"/branch/leaves/{leave.pk}/", {"do": "approve", "occasions": [one.pk]})
    assert "没有可以批准的" in refused.content.decode()
    assert Leave.objects.get().state == "asked"


def test_a_secretary_enters_several_at_once_over_trainings_and_days(world: World, sign_in: SignIn) -> None:
    """Finding: secretary 26."""
    member, client = world.county.members[1], sign_in(world.county.secretary)
    first, second = coming(world, "第一场"), coming(world, "第二场", days=2)
    assert "王一1" in read(client, "/exemptions/people/?name=一1")
    url = f"/branch/leaves/new/{member.pk}/"
    assert client.post(url, {"category": "work"}).status_code == 422
    assert client.post(url, {"category": "work", "occasions": [first.pk, second.pk]}).status_code == 302
    assert Evidence.objects.filter(member=member, kind="leave", recorded_by=world.county.secretary).count() == 2
    today = timezone.localdate()
    days = {"category": "work", "from_date": today, "until_date": today + 3 * DAY}
    assert client.post(url, days).status_code == 302
    assert Leave.objects.order_by("pk").last().to_date == today + 4 * DAY  # type: ignore[union-attr]
    assert client.get(f"/branch/leaves/new/{world.county.secretary.pk}/").status_code == 404
    assert client.get(f"/branch/leaves/new/{world.county.neighbour_member.pk}/").status_code == 404


@pytest.mark.parametrize("persona", ["neighbour_secretary", "organiser", "auditor", "operator", "member"])
def test_nobody_else_reads_or_decides_a_leave(world: World, sign_in: SignIn, persona: str) -> None:
    leave = asked(world, world.county.members[1], coming(world, "明天的"))
    client = sign_in(getattr(world.county, persona))
    url = f"/branch/leaves/{leave.pk}/"
    assert client.get(url).status_code == 404
    assert client.post(url, {"do": "approve"}).status_code == 404
    client.post("/branch/leaves/", {"do": "approve", "leaves": [leave.pk]})
    client.post(f"/me/leaves/{leave.pk}/withdraw/")
    assert Leave.objects.get().state == "asked"
    assert "等您批准" not in read(client, "/").replace("没有等您批准的", "")


@pytest.mark.parametrize("page", ["/branch/leaves/", "/exemptions/", "/branch/corrections/", "/me/leaves/"])
def test_pages_cost_the_same_for_one_and_for_three(world: World, sign_in: SignIn, page: str) -> None:
    one, today, author = coming(world, "明天的"), timezone.localdate(), world.county.secretary
    Training.objects.update(state=Training.State.PUBLISHED)

    def make(member: User) -> None:
        asked(world, member, one)
        Exemption.objects.create(member=member, active_from_date=today, category="away")
        Training.objects.update(state=Training.State.CLOSED)
        operations.correct_record(
            occasion_id=world.occasion.pk, member_id=member.pk, state="excused", reason="核实过",
            author_id=author.pk, as_of=timezone.now(),
        )  # fmt: skip
        Training.objects.update(state=Training.State.PUBLISHED)

    def queries() -> int:
        client = sign_in(author)
        with CaptureQueriesContext(connection) as seen:
            read(client, page)
        return len(seen)

    make(world.county.members[0])
    few = queries()
    for member in world.county.members[1:]:
        make(member)
    assert queries() == few <= 16


# --- exemptions -------------------------------------------------------------------------------------------------------


def test_an_exemption_says_what_it_does_before_it_is_kept(
    world: World, sign_in: SignIn, django_capture_on_commit_callbacks: Any
) -> None:
    member, client = world.county.members[1], sign_in(world.county.secretary)
    running = make_occasion(world.training, state=Occasion.State.OPEN, title="正在进行的")
    stand(running, member, world.county.branch, "pending")
    coming(world, "明天的")
    today = timezone.localdate()
    url = f"/exemptions/people/{member.pk}/"
    mistake = {"category": "away", "from_date": today, "until_date": today - DAY, "do": "check"}
    assert client.post(url, mistake).status_code == 422
    sent = {"category": "away", "from_date": today - DAY, "document": "永组〔2026〕3号"}
    preview = client.post(url, {**sent, "do": "check"}).content.decode()
    assert "正在进行的" in preview
    assert "明天的" in preview
    assert "影响 3 场" in preview, "the missed one can still be made up, too"
    assert Exemption.objects.count() == 0
    with django_capture_on_commit_callbacks(execute=True):
        assert client.post(url, {**sent, "do": "save"}).status_code == 302
    assert RosterEntry.objects.get(occasion=running, member=member).state == "exempt"
    made = Exemption.objects.get()
    assert "文号 永组〔2026〕3号" in read(client, "/exemptions/")
    assert "长期外出务工" in read(sign_in(member), "/me/leaves/")
    end = f"/exemptions/{made.pk}/end/"
    assert "恢复应到" in client.post(end, {"on_date": today, "do": "check"}).content.decode()
    with django_capture_on_commit_callbacks(execute=True):
        assert client.post(end, {"on_date": today - DAY, "do": "save"}).status_code == 302
    assert RosterEntry.objects.get(occasion=running, member=member).state == "expected"
    again = client.post(end, {"on_date": today, "do": "save"})
    assert "已经结束了" in again.content.decode()


@pytest.mark.parametrize("persona", ["neighbour_secretary", "organiser", "auditor", "member"])
def test_nobody_else_exempts(world: World, sign_in: SignIn, persona: str) -> None:
    made = Exemption.objects.create(member=world.county.members[1], active_from_date=timezone.localdate())
    client = sign_in(getattr(world.county, persona))
    assert client.get(f"/exemptions/people/{world.county.members[1].pk}/").status_code == 404
    assert client.post(f"/exemptions/{made.pk}/end/", {"on_date": "2026-01-01", "do": "save"}).status_code == 404
    assert sign_in(world.county.operator).get(f"/exemptions/{made.pk}/end/").status_code == 200


def test_days_take_in_what_waits_for_single_occasions_of_them(world: World, sign_in: SignIn) -> None:
    member, own = world.county.members[1], sign_in(world.county.members[1])
    first, second, later = coming(world, "第一场"), coming(world, "第二场", days=2), coming(world, "第三场", days=9)
    single, mixed = asked(world, member, first), asked(world, member, second, later)
    day = timezone.localdate(first.starts_at)
    sent = {"category": "work", "from_date": f"{day}", "until_date": f"{day + 3 * DAY}"}
    assert own.post("/me/leaves/ask/", sent).status_code == 302
    page = read(own, "/me/leaves/")
    assert page.count("的请假，一起答复") == 2
    period = Leave.objects.get(from_date=day)
    waiting = Leave.objects.filter(state="asked").order_by("pk")
    assert list(waiting) == [mixed, period]
    assert list(mixed.ticks.values_list("occasion", flat=True)) == [later.pk]
    single.refresh_from_db()
    assert (single.state, single.ticks.count()) == ("withdrawn", 1)
    told = Notice.objects.filter(kind="leave_asked", member=world.county.secretary)
    assert {one.data["leave"] for one in told} == {mixed.pk, period.pk}
    client = sign_in(world.county.secretary)
    assert "2 条请假等您批准" in read(client, "/branch/")
    client.post(
        f"/branch/leaves/{period.pk}/", {"do": "approve", "from_date": f"{day}", "until_date": f"{day + 3 * DAY}"}
    )
    assert "1 条请假等您批准" in read(client, "/branch/")
    refused = own.post("/me/leaves/ask/", {"category": "duty", "occasions": [first.pk]})
    assert refused.status_code == 422


# --- disputes ---------------------------------------------------------------------------------------------------------


def test_a_dispute_in_one_tap_with_what_our_own_log_knows(world: World, sign_in: SignIn) -> None:
    member, own = world.county.members[1], sign_in(world.county.members[1])
    start = ms_of(world.occasion.window_start_at or timezone.now())
    Occasion.objects.filter(pk=world.occasion.pk).update(away_ms=[[start + 60_000, start + 180_000]])
    url = f"/me/records/{world.occasion.pk}/"
    page = read(own, url)
    assert "整个系统中断" in page
    assert page.index("我当时在听，可是掉线了") < page.index("我在现场")
    assert own.post(url + "dispute/", {"reason": "gossip"}).status_code == 422
    assert own.post(url + "dispute/", {"reason": "other", "text": " "}).status_code == 422
    own.post(url + "dispute/", {"reason": "cut_off"})
    dispute = Dispute.objects.get()
    assert (dispute.reason, dispute.text) == ("cut_off", "")
    assert dispute.outages == [["away", start + 60_000, start + 180_000]]
    client = sign_in(world.county.secretary)
    answer = f"/branch/disputes/{dispute.pk}/answer/"
    text = read(client, answer)
    assert "我当时在听，可是掉线了" in text
    assert "整个系统中断" in text
    assert "已撤回" in own.post(url + "dispute/withdraw/", follow=True).content.decode()
    late = client.post(answer, {"answer": "好", "outcome": "stays"}).content.decode()
    assert "本人已经撤回了" in late
    assert "已经有答复，或者已经撤回了" in own.post(url + "dispute/withdraw/", follow=True).content.decode()
    own.post(url + "dispute/", {"reason": "in_hall", "text": "村委会"})
    client.post(f"/branch/disputes/{Dispute.objects.last().pk}/answer/", {"answer": "属实", "outcome": "attended"})  # type: ignore[union-attr]
    assert "结果已更正为“已参加”。" in read(own, url)
    assert Record.objects.get(member=member).stands == "attended"


def test_what_was_taken_back_folds_into_one_line(world: World, sign_in: SignIn) -> None:
    own, url = sign_in(world.county.members[1]), f"/me/records/{world.occasion.pk}/"
    for text in ("先说一次", "再说一次"):
        own.post(url + "dispute/", {"reason": "other", "text": text})
        own.post(url + "dispute/withdraw/")
    own.post(url + "dispute/", {"reason": "other", "text": "这次是真的"})
    answer = own.get(url)
    assert [one.text for one in answer.context["disputes"]] == ["这次是真的"]
    page = answer.content.decode()
    assert page.count("提出后又撤回的 2 次") == 1
    folded = page[page.index("提出后又撤回的 2 次") :]
    assert "先说一次" in folded[: folded.index("</details>")]


def test_what_waits_a_week_goes_up_to_the_next_secretary_above(world: World) -> None:
    county, now = world.county, timezone.now()
    township = RoleGrantFactory(user__name="吴镇书记", node=county.township, role=Role.SECRETARY).user
    top = RoleGrantFactory(user__name="徐县书记", node=county.county, role=Role.SECRETARY).user
    Dispute.objects.create(occasion=world.occasion, member=county.members[1], text="不对", raised_at=now)

    def waits(weeks: int) -> list[int]:
        as_of = now + weeks * GOES_UP_AFTER
        return [waiting_for(one, as_of=as_of).count() for one in (county.secretary, township, top)]

    assert [waits(weeks) for weeks in range(3)] == [[1, 0, 0], [1, 1, 0], [1, 1, 1]]


# --- corrections ------------------------------------------------------------------------------------------------------


def test_the_whole_life_of_a_correction_with_a_second_person(world: World, sign_in: SignIn) -> None:
    county, member = world.county, world.county.members[1]
    Training.objects.update(state=Training.State.CLOSED)
    client = sign_in(county.secretary)
    entry = f"/branch/occasions/{world.occasion.pk}/members/{member.pk}/correct/"
    assert "更正要另一位负责人复核才生效：培训已经结束" in read(client, entry)
    said = client.post(entry, {"state": "attended", "reason": "与他人同看"}, follow=True).content.decode()
    assert "另一位负责人复核同意以后生效" in said
    review = CorrectionReview.objects.get()
    url = f"/branch/corrections/{review.pk}/"
    assert "现在还没有生效" in read(sign_in(member), f"/me/records/{world.occasion.pk}/")
    assert "您提出的，等别人复核" in read(client, "/branch/corrections/")
    for nobody in (member, county.neighbour_secretary, county.auditor):
        assert sign_in(nobody).get(url).status_code == 404
    second = sign_in(county.organiser)
    assert "1 条更正等您复核" in read(second, "/")
    assert "与他人同看" in read(second, url)
    assert AccessEntry.objects.filter(subject=member, reader=county.organiser, what="correction").exists()
    assert second.post(url, {"do": "refuse", "reason": ""}).status_code == 422
    assert "已复核同意" in second.post(url, {"do": "approve"}, follow=True).content.decode()
    assert Record.objects.get(member=member).stands == "attended"
    assert "孙组织员复核同意" in read(sign_in(member), f"/me/records/{world.occasion.pk}/")
    late = sign_in(county.operator).post(url, {"do": "refuse", "reason": "不对"}).content.decode()
    assert "孙组织员 已在" in late


def test_an_author_takes_their_proposal_back(world: World, sign_in: SignIn) -> None:
    Training.objects.update(state=Training.State.CLOSED)
    client, member = sign_in(world.county.secretary), world.county.members[1]
    client.post(
        f"/branch/occasions/{world.occasion.pk}/members/{member.pk}/correct/", {"state": "excused", "reason": "核实"}
    )
    url = f"/branch/corrections/{CorrectionReview.objects.get().pk}/"
    assert "撤回这个更正" in read(client, url)
    assert "已撤回这个更正" in client.post(url, {"do": "withdraw"}, follow=True).content.decode()
    assert Record.objects.get(member=member).stands == "missing"
    assert "后来自己撤回了，没有生效" in read(sign_in(member), f"/me/records/{world.occasion.pk}/")
