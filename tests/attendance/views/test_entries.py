"""What a secretary writes down about one person: a leave, study elsewhere, a correction; and taking it back."""

import datetime as dt
import re
from collections.abc import Callable

import pytest
from django.test import Client
from django.utils import timezone

from attendance import operations
from attendance.models import Correction, Evidence, Occasion, Record, Training
from organizations.models import AccessEntry, Exemption, User
from tests.attendance.people import make_occasion, stand
from tests.attendance.reports.conftest import World

pytestmark = pytest.mark.integration
SignIn = Callable[[User], Client]


@pytest.mark.parametrize(
    ("what", "data", "state"),
    [
        ("leave", {"category": "duty"}, "excused"),
        ("declare", {"category": "visit"}, "made_up"),
    ],
)
def test_a_leave_and_study_elsewhere_change_the_record(
    world: World, sign_in: SignIn, what: str, data: dict[str, str], state: str
) -> None:
    member = world.county.members[1]
    client = sign_in(world.county.secretary)
    url = f"/branch/occasions/{world.occasion.pk}/members/{member.pk}/{what}/"
    assert member.name in client.get(url).content.decode()
    assert client.post(url, {"category": "gossip"}).status_code == 422
    response = client.post(url, data)
    assert response.status_code == 302
    assert response.headers["Location"].startswith(f"/branch/{world.training.pk}/members/{member.pk}/")
    assert Record.objects.get(member=member).state == state
    assert Evidence.objects.get().category == data["category"]


def test_a_correction_is_signed_with_a_reason_and_leaves_the_record(world: World, sign_in: SignIn) -> None:
    member = world.county.members[1]
    client = sign_in(world.county.secretary)
    url = f"/branch/occasions/{world.occasion.pk}/members/{member.pk}/correct/"
    for reason in ("", "   ", "x" * 401, "a\x00b"):
        assert client.post(url, {"state": "attended", "reason": reason}).status_code == 422
    assert client.post(url, {"state": "pending", "reason": "好"}).status_code == 422
    assert client.post(url, {"state": "attended", "reason": "与他人同看一部手机"}).status_code == 302
    correction = Correction.objects.get()
    assert (correction.state, correction.author, correction.reason) == (
        "attended",
        world.county.secretary,
        "与他人同看一部手机",
    )
    assert Record.objects.get(member=member).state == "missing"
    assert "还有" not in client.get(f"/branch/{world.training.pk}/").content.decode().split("<h1>")[1].split("</h1>")[0]


def test_nobody_writes_down_anything_about_themselves(world: World, sign_in: SignIn) -> None:
    client, me = sign_in(world.county.secretary), world.county.secretary
    for what in ("leave", "declare", "correct"):
        assert client.get(f"/branch/occasions/{world.occasion.pk}/members/{me.pk}/{what}/").status_code == 404
    assert (
        "自己的记录要由上级书记登记或更正"
        in client.get(f"/branch/{world.training.pk}/members/{me.pk}/").content.decode()
    )


def test_a_leave_is_taken_back_and_the_record_judged_again(world: World, sign_in: SignIn) -> None:
    """Finding: ledger S1-6: leave by mistake could only be hidden by a correction."""
    member, client = world.county.members[1], sign_in(world.county.secretary)
    page = f"/branch/{world.training.pk}/members/{member.pk}/"
    client.post(f"/branch/occasions/{world.occasion.pk}/members/{member.pk}/leave/", {"category": "duty"})
    leave = Evidence.objects.get()
    text = client.get(page).content.decode()
    assert "请假：值班值守" in text
    assert f"/branch/evidence/{leave.pk}/withdraw/" in text
    assert Record.objects.get(member=member).stands == "excused"
    said = client.post(f"/branch/evidence/{leave.pk}/withdraw/", follow=True).content.decode()
    assert "已撤回，结果已按现在的记录重新认定" in said
    assert f"/branch/evidence/{leave.pk}/withdraw/" not in said
    assert Record.objects.get(member=member).stands == "missing"
    again = client.post(f"/branch/evidence/{leave.pk}/withdraw/", follow=True).content.decode()
    assert "已经有人撤回过了" in again
    own = sign_in(member).get(f"/me/records/{world.occasion.pk}/").content.decode()
    assert re.search(r"值班值守，开始以后才请的，赵书记 \S+ \S+ 登记，已撤回：赵书记 \S+ \S+", own)
    assert Evidence.objects.count() == 2  # nothing is deleted


def test_taking_back_is_not_for_oneself_a_neighbour_a_reader_or_what_a_phone_saw(world: World, sign_in: SignIn) -> None:
    county = world.county
    values = {"occasion": world.occasion, "recorded_at": timezone.now()}
    leave = Evidence.objects.create(**values, member=county.members[1], kind="leave", category="duty")
    own = Evidence.objects.create(**values, member=county.secretary, kind="leave", category="duty")
    seen = Evidence.objects.create(**values, member=county.members[1], kind="watched", ranges_ms=[[0, 1]])
    url = "/branch/evidence/{}/withdraw/"
    for person in (county.neighbour_secretary, county.organiser, county.auditor, county.operator, county.members[1]):
        assert sign_in(person).post(url.format(leave.pk)).status_code == 404
    client = sign_in(county.secretary)
    for one in (own, seen):
        assert client.post(url.format(one.pk)).status_code == 404
    assert client.get(url.format(leave.pk)).status_code == 405
    assert Evidence.objects.count() == 3


def test_one_absence_covers_several_occasions(world: World, sign_in: SignIn) -> None:
    """Finding: secretary 26."""
    member, client = world.county.members[1], sign_in(world.county.secretary)
    second = make_occasion(world.training, title="第二场")
    void = make_occasion(world.training, title="作废的", state=Occasion.State.VOID)
    elsewhere = make_occasion(world.training, title="别处的")
    for occasion, node in (
        (second, world.county.branch),
        (void, world.county.branch),
        (elsewhere, world.county.neighbour),
    ):
        stand(occasion, member, node, "missing")
    url = f"/branch/occasions/{world.occasion.pk}/members/{member.pk}/leave/"
    text = client.get(url).content.decode()
    assert "第二场" in text
    assert "作废的" not in text
    assert "别处的" not in text
    assert client.post(url, {"category": "work", "also": [elsewhere.pk]}).status_code == 422
    assert client.post(url, {"category": "work", "also": [second.pk]}).status_code == 302
    kept = Evidence.objects.order_by("occasion_id").values_list("occasion_id", "category")
    assert list(kept) == [(world.occasion.pk, "work"), (second.pk, "work")]
    assert set(
        Record.objects.filter(member=member).exclude(occasion__in=[void, elsewhere]).values_list("stands", flat=True)
    ) == {"excused"}


def test_going_on_from_a_person_to_the_forms_and_back_is_one_visit(world: World, sign_in: SignIn) -> None:
    """Finding: secretary 25: three lines for one answered dispute."""
    member, client = world.county.members[1], sign_in(world.county.secretary)
    page = f"/branch/{world.training.pk}/members/{member.pk}/"
    client.get(page)
    client.post(f"/branch/occasions/{world.occasion.pk}/members/{member.pk}/leave/", {"category": "duty"}, follow=True)
    client.get(page)
    assert [(one.what, one.subject) for one in AccessEntry.objects.all()] == [("record", member)]
    sign_in(world.county.secretary)
    AccessEntry.objects.update(at=timezone.now() - dt.timedelta(minutes=11))
    client.get(page)
    assert AccessEntry.objects.count() == 2


@pytest.fixture
def ahead(world: World) -> Occasion:
    """A lecture of tomorrow that has not begun: it has no roster yet."""
    starts_at = timezone.now() + dt.timedelta(days=1)
    return make_occasion(world.training, title="明天的直播", state=Occasion.State.SCHEDULED, starts_at=starts_at)


def test_a_leave_is_written_down_before_the_lecture_and_taken_back(
    world: World, ahead: Occasion, sign_in: SignIn
) -> None:
    """Nobody could say before that somebody would not come."""
    member, client = world.county.members[1], sign_in(world.county.secretary)
    page = f"/branch/{world.training.pk}/members/{member.pk}/"
    url = f"/branch/occasions/{ahead.pk}/members/{member.pk}/leave/"
    text = client.get(page).content.decode()
    assert "还没开始的场次" in text
    assert f'href="{url}"' in text
    assert member.name in client.get(url).content.decode()
    said = client.post(url, {"category": "duty"}, follow=True).content.decode()
    assert "已保存，本人可以看到。" in said
    assert "请假：值班值守" in said
    assert f'href="{url}"' not in said
    assert "请假：值班值守" in sign_in(member).get("/me/").content.decode()
    leave = Evidence.objects.get()
    said = client.post(f"/branch/evidence/{leave.pk}/withdraw/", follow=True).content.decode()
    assert f'href="{url}"' in said
    assert "值班值守" not in sign_in(member).get("/me/").content.decode()
    client.post(url, {"category": "work"})
    opened = ahead.starts_at
    operations.open_occasion(occasion_id=ahead.pk, as_of=opened)
    operations.close_occasion(occasion_id=ahead.pk, as_of=ahead.ends_at)
    operations.settle(occasion_id=ahead.pk, as_of=ahead.ends_at + dt.timedelta(hours=1))
    assert Record.objects.get(occasion=ahead, member=member).stands == "excused"
    assert Record.objects.get(occasion=ahead, member=world.county.members[0]).stands == "missing"


def test_an_absence_covers_what_has_not_begun(world: World, ahead: Occasion, sign_in: SignIn) -> None:
    member, client = world.county.members[1], sign_in(world.county.secretary)
    url = f"/branch/occasions/{world.occasion.pk}/members/{member.pk}/leave/"
    assert "明天的直播" in client.get(url).content.decode()
    assert client.post(url, {"category": "work", "also": [ahead.pk]}).status_code == 302
    assert set(Evidence.objects.values_list("occasion_id", "kind")) == {
        (world.occasion.pk, "leave"),
        (ahead.pk, "leave"),
    }


def test_what_has_not_begun_is_for_leaves_of_those_expected_alone(
    world: World, ahead: Occasion, sign_in: SignIn
) -> None:
    """The new way in is no wider than the old one."""
    county, member = world.county, world.county.members[1]
    url = f"/branch/occasions/{ahead.pk}/members/{member.pk}/"
    client = sign_in(county.secretary)
    for what in ("declare", "correct"):
        assert client.get(f"{url}{what}/").status_code == 404
    for person in (county.neighbour_secretary, county.organiser, member):
        assert sign_in(person).post(f"{url}leave/", {"category": "duty"}).status_code == 404
    for other in (county.neighbour_member, county.secretary):
        address = f"/branch/occasions/{ahead.pk}/members/{other.pk}/leave/"
        assert client.post(address, {"category": "duty"}).status_code == 404
    assert client.get(f"/branch/{world.training.pk}/members/{county.neighbour_member.pk}/").status_code == 404
    Exemption.objects.create(member=member, active_from_date=timezone.localdate())
    assert "还没开始的场次" not in client.get(f"/branch/{world.training.pk}/members/{member.pk}/").content.decode()
    Training.objects.update(state=Training.State.DRAFT)
    assert client.get(f"{url}leave/").status_code == 404
    assert Evidence.objects.count() == 0


@pytest.mark.parametrize("state", [Occasion.State.NOT_HELD, Occasion.State.VOID])
def test_what_was_called_off_offers_nothing_that_is_refused(world: World, sign_in: SignIn, state: str) -> None:
    Occasion.objects.update(state=state)
    member = world.county.members[1]
    text = sign_in(world.county.secretary).get(f"/branch/{world.training.pk}/members/{member.pk}/").content.decode()
    own = sign_in(member).get(f"/me/records/{world.occasion.pk}/").content.decode()
    assert "不影响任何人的记录" in text
    assert "不影响任何人的记录" in own
    for offer in ("登记请假", "登记其他方式学习", "更正结果", "有不对的地方", "还差", "已计入，共"):
        assert offer not in text
        assert offer not in own


def test_an_absence_of_several_occasions_is_taken_back_in_one_step(
    world: World, ahead: Occasion, sign_in: SignIn
) -> None:
    """Five leaves of one slip had to be taken back one by one."""
    member, client = world.county.members[1], sign_in(world.county.secretary)
    other = make_occasion(world.training, title="另外请的")
    stand(other, member, world.county.branch, "missing")
    client.post(f"/branch/occasions/{other.pk}/members/{member.pk}/leave/", {"category": "work"})
    url = f"/branch/occasions/{world.occasion.pk}/members/{member.pk}/leave/"
    client.post(url, {"category": "work", "also": [ahead.pk]})
    page = f"/branch/{world.training.pk}/members/{member.pk}/"
    assert client.get(page).content.decode().count("撤回这次请假的 2 场") == 2
    leave = Evidence.objects.get(occasion=ahead)
    assert sign_in(world.county.neighbour_secretary).post(f"/branch/evidence/{leave.pk}/withdraw/").status_code == 404
    said = client.post(f"/branch/evidence/{leave.pk}/withdraw/", {"all": "1"}, follow=True).content.decode()
    assert "已撤回" in said
    standing = Evidence.objects.filter(kind="leave", withdrawn_by=None)
    assert [one.occasion for one in standing] == [other]
    assert Record.objects.get(occasion=world.occasion, member=member).stands == "missing"
    again = client.post(f"/branch/evidence/{leave.pk}/withdraw/", {"all": "1"}, follow=True).content.decode()
    assert "已经有人撤回过了" in again


def test_an_empty_reason_is_asked_for_in_words(world: World, sign_in: SignIn) -> None:
    member = world.county.members[1]
    url = f"/branch/occasions/{world.occasion.pk}/members/{member.pk}/correct/"
    text = sign_in(world.county.secretary).post(url, {"state": "attended", "reason": ""}).content.decode()
    assert "请写明更正的理由。" in text
    own = sign_in(member).post(f"/me/records/{world.occasion.pk}/dispute/", {"text": ""}).content.decode()
    assert "请写下哪里不对，或者点上面的一个理由。" in own
    assert "必填" not in text + own


def test_somebody_who_missed_nothing_is_found_by_name(world: World, ahead: Occasion, sign_in: SignIn) -> None:
    """Before the first lecture no list led to anybody."""
    world.occasion.records.all().delete()
    world.occasion.roster.all().delete()
    client, member = sign_in(world.county.secretary), world.county.members[1]
    url = f"/branch/{world.training.pk}/members/"
    assert f'href="{url}?node={world.county.branch.pk}"' in client.get(f"/branch/{world.training.pk}/").content.decode()
    text = client.get(url, {"name": "一1"}).content.decode()
    link = f"{url}{member.pk}/?node={world.county.branch.pk}"
    assert f'href="{link}"' in text
    assert "王一0" not in text
    assert "还没开始的场次" in client.get(link).content.decode()
    assert "没有叫“李二”的人" in client.get(url, {"name": "李二"}).content.decode()
    Exemption.objects.create(member=member, active_from_date=timezone.localdate())
    assert f'href="{link}"' not in client.get(url).content.decode()  # no link leads nowhere
    assert client.get(link).status_code == 404
    for person in (world.county.organiser, member):
        assert sign_in(person).get(url).status_code == 404
