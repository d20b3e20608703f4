"""Rules beyond their form: said where chosen, a training's own, offered no more, too much asked, judged anew."""

import datetime as dt
from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from attendance.models import Occasion, Recomputation, Record, Rule
from attendance.operations import settle
from attendance.queries.consequences import effects_of_rule
from attendance.queries.rules import offered_rules
from live.models import Lecture
from organizations.models import AccessEntry, User
from tests.attendance.people import make_occasion, make_rule, make_training
from tests.attendance.reports.conftest import World
from tests.attendance.views.test_plans import RULES, TRAININGS, rule_values, stored
from tests.factories.attendance import be_present, open_lecture
from tests.factories.organizations import NodeFactory, RoleGrantFactory
from tests.office import Office

pytestmark = pytest.mark.integration
SignIn = Callable[[User], Client]
HOUR = dt.timedelta(hours=1)


def lecture_form(sign_in: SignIn, world: World) -> Office:
    return Office(sign_in(world.county.organiser), reverse("live_schedule_add"))


def lecture_values(world: World, **changed: Any) -> dict[str, Any]:
    starts_at = timezone.localtime(timezone.now() + 48 * HOUR)
    return {
        "title": "后天的直播", "training": world.training.pk, "node": world.county.branch.pk,
        "starts_at": starts_at.strftime("%Y-%m-%dT%H:%M"), "minutes": 60, "lecturer": world.county.lecturer.pk,
        "rule": "", "webrtc_cap": 0, "record": "on", **changed,
    }  # fmt: skip


def test_a_rule_is_said_where_it_is_chosen_listed_and_edited(world: World, sign_in: SignIn) -> None:
    said = "没参加的可以补学，补到这一场和培训都结束以后 14 天（回放晚一天以上的，从能看时算起）；记 1 学时"
    client, rule = sign_in(world.county.organiser), Rule.objects.get()
    for url in (
        reverse("live_schedule_add"), reverse(f"{TRAININGS}:edit", args=[world.training.pk]),
        reverse(f"{RULES}:index"), reverse(f"{RULES}:edit", args=[rule.pk]), reverse("occasions:index"),
        reverse("attendance_recompute", args=[world.occasion.pk]),
    ):  # fmt: skip
        assert said in client.get(url).content.decode(), url
    record = sign_in(world.county.member).get(f"/me/records/{world.occasion.pk}/").content.decode()
    assert "认定规则：通用，第 1 版。" in record
    assert f"{said}。" in record


def test_a_training_gives_its_rule_to_what_is_newly_planned(world: World, sign_in: SignIn) -> None:
    form = lecture_form(sign_in, world)
    assert "rule" in form.refused(lecture_values(world))  # it has none yet
    office = Office(sign_in(world.county.organiser), reverse(f"{TRAININGS}:edit", args=[world.training.pk]))
    course_rule = make_rule(name="课程", basis="media")
    errors = office.refused(stored(world.training, lecture_rule=course_rule.pk))
    assert "lecture_rule" in errors  # a course's rule counts no lecture
    office.saved(stored(world.training, lecture_rule=Rule.objects.get(name="通用").pk, course_rule=course_rule.pk))
    newest = make_rule(name="通用", min_share=0.7)
    form.saved(lecture_values(world))
    assert Lecture.objects.get().occasion.rule == newest  # its newest version
    # It is in use, and says so where it would be deleted.
    delete = reverse(f"{RULES}:delete", args=[course_rule.pk])
    assert "培训“防汛避险”的新场次用它" in sign_in(world.county.organiser).post(delete).content.decode()
    Rule.objects.filter(name="通用").update(withdrawn_at=timezone.now())
    assert "rule" in form.refused(lecture_values(world, title="再一场"))


def test_a_training_takes_no_rule_of_a_neighbour(world: World, sign_in: SignIn) -> None:
    lower = make_rule(name="邻", node=world.county.neighbour)
    local = make_training(world.county.branch, "支部培训")
    office = Office(sign_in(world.county.organiser), reverse(f"{TRAININGS}:edit", args=[local.pk]))
    assert "不在它下面" in str(office.refused(stored(local, lecture_rule=lower.pk))["lecture_rule"])


def test_a_withdrawn_rule_is_offered_no_more_and_can_come_back(world: World, sign_in: SignIn) -> None:
    rule, user = Rule.objects.get(), world.county.organiser
    client = sign_in(user)
    edit = reverse(f"{RULES}:edit", args=[rule.pk])
    assert client.post(reverse("attendance_rule_withdraw", args=[rule.pk])).status_code == 302
    assert list(offered_rules(user, basis="window")) == []
    assert list(offered_rules(user, basis="window", kept=rule.pk)) == [rule]
    assert "已停用" in client.get(edit).content.decode()
    assert "已停用：参加满 80%" in client.get(reverse(f"{RULES}:index")).content.decode()
    assert (
        "认定规则：通用，第 1 版"
        in sign_in(world.county.member).get(f"/me/records/{world.occasion.pk}/").content.decode()
    )
    assert client.post(reverse("attendance_rule_again", args=[rule.pk])).status_code == 302
    assert list(offered_rules(user, basis="window")) == [rule]


def test_only_its_keepers_withdraw_a_rule(world: World, sign_in: SignIn) -> None:
    rule = Rule.objects.get()
    stranger = RoleGrantFactory(node=NodeFactory(name="白石县", code="BS"), role="organiser").user
    below = RoleGrantFactory(node=world.county.township, role="organiser").user  # may use it, does not keep it
    for user in (stranger, below):
        for name in ("attendance_rule_withdraw", "attendance_rule_again"):
            assert sign_in(user).post(reverse(name, args=[rule.pk])).status_code == 404
    assert sign_in(world.county.organiser).get(reverse("attendance_rule_withdraw", args=[rule.pk])).status_code == 405
    rule.refresh_from_db()
    assert rule.withdrawn_at is None


def test_only_the_newest_version_is_offered(world: World) -> None:
    newest = make_rule(name="通用", min_share=0.6)
    other = make_rule(name="通用", node=world.county.township, version=1)  # of another unit: a rule of its own
    assert set(offered_rules(world.county.organiser, basis="window")) == {newest, other}


@pytest.mark.parametrize(
    ("minutes", "basis", "length_min", "asks"),
    [(90, "window", 60, True), (60, "window", 60, True), (59, "window", 60, False), (None, "window", 60, False),
     (30, "media", 20, True), (30, "media", 0, False)],
)  # fmt: skip
def test_a_rule_that_nobody_can_pass_is_warned_of(minutes: int | None, basis: str, length_min: int, asks: bool) -> None:
    found = effects_of_rule(rule=Rule(basis=basis, min_minutes=minutes), length=dt.timedelta(minutes=length_min))
    assert bool(found) == asks
    assert all("几乎没有人做得到" in one for one in found)


def test_the_warning_is_read_before_such_a_lecture_or_version_is_saved(world: World, sign_in: SignIn) -> None:
    long = make_rule(name="长课", min_minutes=90)
    asked = lecture_form(sign_in, world).saved(lecture_values(world, rule=long.pk))
    assert "规则要求至少 90 分钟，这一场只有 60 分钟" in asked[0]
    rule = Rule.objects.get(name="通用")
    make_occasion(world.training, state=Occasion.State.SCHEDULED, title="后天的直播", rule=rule)
    office = Office(sign_in(world.county.organiser), reverse(f"{RULES}:edit", args=[rule.pk]))
    asked = office.saved(rule_values(min_minutes="90", min_share="1"))
    assert any("这些场次不到 90 分钟" in one and "后天的直播" in one for one in asked)
    assert any("最低比例是 100%" in one for one in asked)
    assert any(one.startswith("新版：参加满 100%（至少 90 分钟）就算参加") for one in asked)


# --- judging anew, through the office -------------------------------------------------------------------------------


@pytest.fixture
def held(world: World) -> Occasion:
    """A lecture that one member saw to 60 %, settled at 80 %."""
    occasion = open_lecture(world.county.branch, training=world.training, rule=Rule.objects.get(), kind="plain")
    be_present(occasion, world.county.members[1], 0, 2160)
    from attendance.operations import close_occasion

    close_occasion(occasion_id=occasion.pk, as_of=occasion.ends_at)
    settle(occasion_id=occasion.pk, as_of=occasion.ends_at)
    return occasion


def test_it_is_tried_read_agreed_to_and_reported(world: World, held: Occasion, sign_in: SignIn) -> None:
    milder, client = make_rule(name="通用", min_share=0.5), sign_in(world.county.organiser)
    ask = reverse("attendance_recompute", args=[held.pk])
    assert client.post(ask, {"rule": milder.pk, "reason": ""}).status_code == 200
    assert Recomputation.objects.count() == 0
    answer = client.post(ask, {"rule": milder.pk, "reason": "第 1 版写错了"})
    job = Recomputation.objects.get()
    url = reverse("attendance_recomputation", args=[job.pk])
    assert answer.url == url
    page = client.get(url).content.decode()
    assert "1 人从“未参加”变为“已参加”" in page
    assert "3 人没有变化" in page
    assert "王一1" not in page  # numbers are an organiser's, names are not
    assert "看是哪些人" not in page
    stands = Record.objects.get(occasion=held, member=world.county.members[1])
    assert stands.stands == "missing"
    assert client.post(url, {"what": "else"}).status_code == 404
    assert client.post(url, {"what": "begin"}).status_code == 302
    stands.refresh_from_db()
    assert stands.stands == "attended"
    again = client.post(url, {"what": "begin"})
    assert again.status_code == 409
    assert "已经执行过" in again.content.decode()
    assert "第 1 版写错了（已重新认定）" in client.get(ask).content.decode()


def test_the_secretary_reads_who_and_the_read_is_logged(world: World, held: Occasion, sign_in: SignIn) -> None:
    milder = make_rule(name="通用", min_share=0.5)
    ask = reverse("attendance_recompute", args=[held.pk])
    sign_in(world.county.organiser).post(ask, {"rule": milder.pk, "reason": "写错了"})
    url = reverse("branch_recomputation", args=[Recomputation.objects.get().pk])
    page = sign_in(world.county.secretary).get(url).content.decode()
    assert "王一1" in page
    assert "从“未参加”变为“已参加”，学时 0 → 1" in page
    assert "还没有改任何人的结果" in page
    assert AccessEntry.objects.get().members == f",{world.county.members[1].pk},"
    for who in (world.county.neighbour_secretary, world.county.organiser, world.county.member):
        assert sign_in(who).get(url).status_code == 404


def test_the_neighbour_judges_nothing_anew(world: World, held: Occasion, sign_in: SignIn) -> None:
    stranger = RoleGrantFactory(node=NodeFactory(name="白石县", code="BS"), role="organiser").user
    url = reverse("attendance_recompute", args=[held.pk])
    for user in (stranger, world.county.secretary):
        assert sign_in(user).get(url).status_code in (302, 404)
        assert sign_in(user).post(url, {"rule": held.rule_id, "reason": "x"}).status_code in (302, 404)
    assert Recomputation.objects.count() == 0
    planned = make_occasion(world.training, state=Occasion.State.SCHEDULED, title="没开始")
    assert sign_in(world.county.organiser).get(reverse("attendance_recompute", args=[planned.pk])).status_code == 404
