"""The whole life of a training and of a rule through the real admin: made, opened again, saved with a mistake, changed
and withdrawn while they are used, deleted; two at once; and a neighbour, for whom they do not exist."""

import datetime as dt
import re
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone
from wagtail.models import ModelLogEntry

from attendance.models import Occasion, RosterEntry, Rule, Training
from attendance.operations import (
    OccasionPlan,
    UnableToPlanOccasion,
    create_occasion,
    open_occasion,
    reschedule_occasion,
)
from attendance.queries import due_to_open
from attendance.units import move, uses_of
from organizations.models import Node, Role, User
from tests.attendance.people import make_occasion, make_rule, make_training
from tests.attendance.reports.conftest import World
from tests.factories.organizations import NodeFactory, RoleGrantFactory
from tests.office import Office, hidden

pytestmark = pytest.mark.integration
SignIn = Callable[[User], Client]
DAY = dt.timedelta(days=1)
TRAININGS, RULES = "trainings", "attendance_rules"


def local(at: dt.datetime) -> str:
    return timezone.localtime(at).strftime("%Y-%m-%d %H:%M")


def stored(training: Training, **changed: Any) -> dict[str, Any]:
    """A training's form as it stands in the database, with some of it changed."""
    training.refresh_from_db()
    values = {
        "title": training.title,
        "summary": training.summary,
        "node": training.node_id,
        "starts_date": training.starts_date.isoformat(),
        "deadline_at": local(training.deadline_at),
        "hours_required": str(training.hours_required),
        "state": training.state,
    }
    return {**values, **changed}


def rule_values(**changed: Any) -> dict[str, Any]:
    """A rule's form; a new one is of the county, an old one stays where it belongs whatever is sent."""
    values = {
        "node": str(Node.objects.get(code="QX").pk),
        "name": "通用", "basis": "window", "hours": "1", "hours_by": "rule", "min_share": "0.8", "min_minutes": "",
        "late_after_s": "300",
        "leave_early_s": "300", "bridge_s": "30", "outbox_s": "60", "make_up_days": "14",
    }  # fmt: skip
    return {**values, **changed}


@pytest.fixture
def office(world: World, sign_in: SignIn) -> Callable[..., Office]:
    client = sign_in(world.county.organiser)
    return lambda name, pk=None: Office(client, reverse(f"{name}:edit", args=[pk]) if pk else reverse(f"{name}:add"))


def planned(world: World, **fields: Any) -> Occasion:
    return make_occasion(world.training, state=Occasion.State.SCHEDULED, title="后天的直播", **fields)


# --- trainings ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("change", "field", "words"),
    [
        ({"title": ""}, "title", "这一项还没有填"),
        ({"title": "防\x00汛"}, "title", "里面有不能用的字符"),
        ({"title": "长" * 121}, "title", "120"),
        ({"starts_date": "2026-02-30"}, "starts_date", "日期"),
        ({"starts_date": "0001-01-01"}, "starts_date", "请检查年份"),
        ({"deadline_at": "9999-12-31 23:59"}, "deadline_at", "请检查年份"),
        ({"deadline_at": "明天"}, "deadline_at", "日期"),
        ({"starts_date": "2026-01-01", "deadline_at": "2026-01-02 08:00"}, "deadline_at", "截止时间已经过去"),
        ({"hours_required": "1" + "0" * 20}, "hours_required", "5"),
        ({"hours_required": "-1"}, "hours_required", "学时不能小于 0"),
        ({"hours_required": "NaN"}, "hours_required", "数字"),
        ({"node": str(2**63)}, "node", "范围"),
        ({"state": "gone"}, "state", "请从列出的选项里选"),
    ],
)
def test_a_mistake_names_its_field_and_keeps_the_rest(
    world: World, office: Callable[..., Office], change: dict[str, Any], field: str, words: str
) -> None:
    values = stored(world.training, title="一个长长的新名称", summary="写了很久的说明") | change
    for at in (office(TRAININGS), office(TRAININGS, world.training.pk)):
        answer = at.post(values)
        errors = answer.context["form"].errors
        assert list(errors) == [field]
        assert words in str(errors[field])
        assert re.search("[\u4e00-\u9fff]", str(errors[field]))
        page = answer.content.decode()
        assert "写了很久的说明" in page
        assert ("一个长长的新名称" in page) == (field != "title")
    world.training.refresh_from_db()
    assert world.training.title == "防汛避险"


def test_a_change_of_a_used_training_asks_first_and_says_whom_it_touches(
    world: World, office: Callable[..., Office]
) -> None:
    asked = office(TRAININGS, world.training.pk).saved(
        stored(world.training, title="防汛避险（新）", hours_required="3", deadline_at=local(timezone.now() + 90 * DAY))
    )
    assert "名称改为“防汛避险（新）”：涉及 1 场、7 人" in asked[0]
    assert "改为 3：涉及 1 场、7 人" in asked[1]
    assert "截止时间改为" in asked[2]
    world.training.refresh_from_db()
    assert (world.training.title, world.training.hours_required) == ("防汛避险（新）", 3)
    # What concerns nobody asks nothing.
    assert office(TRAININGS, world.training.pk).saved(stored(world.training, summary="只改说明")) == []


def test_a_deadline_that_is_past_is_kept_where_it_was_and_never_published_anew(
    world: World, office: Callable[..., Office]
) -> None:
    past = timezone.now().replace(second=0, microsecond=0) - dt.timedelta(days=1)
    Training.objects.filter(pk=world.training.pk).update(deadline_at=past, starts_date=dt.date(2026, 1, 1))
    at = office(TRAININGS, world.training.pk)
    at.saved(stored(world.training, summary="过期以后改了说明"))
    world.training.refresh_from_db()
    assert (world.training.summary, world.training.deadline_at) == ("过期以后改了说明", past)
    Training.objects.filter(pk=world.training.pk).update(state=Training.State.CLOSED)
    reopened = at.post(stored(world.training, state=Training.State.PUBLISHED))
    assert list(reopened.context["form"].errors) == ["deadline_at"]


def test_agreement_holds_for_what_was_read_alone(world: World, office: Callable[..., Office]) -> None:
    at = office(TRAININGS, world.training.pk)
    first = at.post(stored(world.training, title="甲"))
    agreed = hidden(first.content.decode(), "agreed")
    assert at.post(stored(world.training, title="乙", agreed=agreed)).status_code == 200
    world.training.refresh_from_db()
    assert world.training.title == "防汛避险"
    assert at.post(stored(world.training, title="甲", agreed=agreed)).status_code == 302


def test_what_would_leave_somebody_out_is_refused_with_the_list(world: World, office: Callable[..., Office]) -> None:
    at = office(TRAININGS, world.training.pk)
    errors = at.refused(stored(world.training, node=world.county.neighbour.pk))
    assert "防汛直播" in str(errors["node"])
    coming = planned(world, starts_at=timezone.now() + 10 * DAY)
    errors = at.refused(stored(world.training, deadline_at=local(timezone.now() + 5 * DAY)))
    assert "后天的直播" in str(errors["deadline_at"])
    assert "防汛直播" not in str(errors["deadline_at"])  # it is over
    errors = at.refused(stored(world.training, state="closed"))
    assert "后天的直播" in str(errors["state"])
    open_occasion(occasion_id=coming.pk, as_of=coming.starts_at)
    assert "后天的直播" in str(at.refused(stored(world.training, state="draft"))["state"])
    answer = at.post(stored(world.training, state="draft", title="新名称"))  # refused: nothing to agree to
    assert answer.context["form"].effects == []
    assert "我知道了" not in answer.content.decode()
    before = (world.training.node_id, world.training.state)
    world.training.refresh_from_db()
    assert (world.training.node_id, world.training.state) == before


def test_widened_withdrawn_published_again_and_finished(world: World, office: Callable[..., Office]) -> None:
    local_training = make_training(world.county.branch, "支部培训")
    make_occasion(local_training, state=Occasion.State.SCHEDULED, title="支部直播")
    wider = office(TRAININGS, local_training.pk).saved(stored(local_training, node=world.county.township.pk))
    assert "对象改为“永安镇”：已有的 1 场、4 人不变" in wider[0]
    at = office(TRAININGS, world.training.pk)
    assert "退回草稿：1 场、7 人从大家的页面上消失" in at.saved(stored(world.training, state="draft"))[0]
    assert "发布：1 场、7 人" in at.saved(stored(world.training, state="published"))[0]
    owing = RosterEntry.objects.filter(member__records__stands__in=["missing", "incomplete"]).count()
    asked = at.saved(stored(world.training, state="closed"))[0]
    assert 0 < owing < 7
    assert f"其中 {owing} 人还可以补学到" in asked
    world.training.refresh_from_db()
    assert world.training.state == "closed"
    assert at.client.get(reverse("trainings:history", args=[world.training.pk])).status_code == 200


def test_the_second_of_two_organisers_is_told_and_overwrites_nothing(
    world: World, office: Callable[..., Office]
) -> None:
    at = office(TRAININGS, world.training.pk)
    opened = at.open()
    Training.objects.filter(pk=world.training.pk).update(summary="同事写的")
    mine = stored(world.training, summary="我写的")
    answer = at.post({**mine, **opened})
    assert answer.status_code == 200
    page = answer.content.decode()
    assert "别人改过它" in page
    assert "同事写的" in page
    assert "我写的" in page
    world.training.refresh_from_db()
    assert world.training.summary == "同事写的"
    assert at.post({**mine, "seen": hidden(page, "seen")}).status_code == 302
    world.training.refresh_from_db()
    assert world.training.summary == "我写的"


def test_a_used_training_says_why_it_stays_and_an_empty_draft_goes(
    world: World, office: Callable[..., Office], sign_in: SignIn
) -> None:
    client = sign_in(world.county.organiser)
    edit, delete = (reverse(f"trainings:{name}", args=[world.training.pk]) for name in ("edit", "delete"))
    assert delete in client.get(edit).content.decode()
    for answer, status in ((client.get(delete), 200), (client.post(delete), 409)):
        assert answer.status_code == status
        assert "防汛直播" in answer.content.decode()
        assert "先取消或作废它的场次" in answer.content.decode()
    published = make_training(world.county.township, "空的")
    assert "它已经发布过" in client.post(reverse("trainings:delete", args=[published.pk])).content.decode()
    draft = make_training(world.county.township, "草稿", state=Training.State.DRAFT)
    assert client.post(reverse("trainings:delete", args=[draft.pk])).status_code == 302
    assert set(Training.objects.values_list("title", flat=True)) == {"防汛避险", "空的"}


def test_a_course_does_not_begin_while_its_training_is_a_draft(world: World) -> None:
    course = planned(world, starts_at=timezone.now() - DAY, ends_at=timezone.now() + DAY, rule=make_rule(basis="media"))
    assert list(due_to_open(as_of=timezone.now())) == [course]
    Training.objects.update(state=Training.State.DRAFT)
    assert not due_to_open(as_of=timezone.now()).exists()


@pytest.mark.parametrize("view", ["edit", "delete", "history"])
@pytest.mark.parametrize("name", [TRAININGS, RULES])
def test_impossible_keys_are_not_there(world: World, sign_in: SignIn, name: str, view: str) -> None:
    client = sign_in(world.county.organiser)
    for key in (999_999, 2**63, 10**30):
        assert client.get(reverse(f"{name}:{view}", args=[key])).status_code == 404


# --- rules --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"name": ""}, "name"),
        ({"name": "通用"}, "name"),
        ({"name": "规\x00则"}, "name"),
        ({"min_share": "8"}, "min_share"),
        ({"min_share": "0"}, "min_share"),
        ({"min_share": "nan"}, "min_share"),
        ({"hours": "-1"}, "hours"),
        ({"hours": "1e20"}, "hours"),
        ({"min_minutes": "1" + "0" * 20}, "min_minutes"),
        ({"make_up_days": "999999"}, "make_up_days"),
        ({"bridge_s": "-5"}, "bridge_s"),
        ({"basis": "read"}, "basis"),
    ],
)
def test_a_mistake_in_a_rule_names_its_field(
    world: World, office: Callable[..., Office], change: dict[str, Any], field: str
) -> None:
    errors = office(RULES).refused(rule_values(name="新规则", outbox_s="77") | change)
    assert list(errors) == [field]
    assert re.search("[\u4e00-\u9fff]", str(errors[field]))
    assert Rule.objects.count() == 1


def test_what_is_saved_as_it_stands_writes_no_history(world: World, office: Callable[..., Office]) -> None:
    rule = Rule.objects.get()
    same = rule_values(min_share=str(rule.min_share), hours=str(rule.hours))
    assert office(RULES, rule.pk).saved(same) == []
    assert office(TRAININGS, world.training.pk).saved(stored(world.training)) == []
    assert not ModelLogEntry.objects.exists()
    for name, pk in ((RULES, rule.pk), (TRAININGS, world.training.pk)):
        page = office(name, pk).client.get(reverse(f"{name}:edit", args=[pk])).content.decode()
        assert "使用情况" not in page
        assert "None" not in re.sub(r"<script.*?</script>|<[^>]*>", "", page, flags=re.S)
        assert office(name, pk).client.get(f"/admin/{name.replace('attendance_', '')}/usage/{pk}/").status_code == 404
        far = office(name, pk).client.get(f"/admin/{name.replace('attendance_', '')}/edit/{10**30}/")
        assert far.status_code == 404
        assert 'class="page404' in far.content.decode()


def test_the_filter_of_occasions_is_labelled_in_chinese(world: World, sign_in: SignIn) -> None:
    page = sign_in(world.county.organiser).get(reverse("occasions:index")).content.decode()
    assert "State" not in re.sub(r"<script.*?</script>", "", page, flags=re.S)


def test_an_unused_rule_is_changed_in_place(world: World, office: Callable[..., Office]) -> None:
    assert office(RULES).post(rule_values(name="备用")).status_code == 302
    rule = Rule.objects.get(name="备用")
    assert office(RULES, rule.pk).saved(rule_values(name="备用", min_share="0.5")) == []
    assert list(Rule.objects.filter(name="备用").values_list("version", "min_share")) == [(1, 0.5)]


def test_a_used_rule_becomes_its_next_version_and_says_who_keeps_the_old(
    world: World, office: Callable[..., Office]
) -> None:
    rule = Rule.objects.get()
    coming = planned(world)
    asked = office(RULES, rule.pk).saved(rule_values(min_share="0.6"))
    assert "已经开始或结束的 1 场仍按第 1 版认定" in asked[1]
    assert "还没有开始的 1 场" in asked[2]
    assert "后天的直播" in asked[2]
    assert list(Rule.objects.order_by("version").values_list("version", "min_share")) == [(1, 0.8), (2, 0.6)]
    assert set(Occasion.objects.values_list("rule", flat=True)) == {rule.pk}
    # Said without a change, nothing is made.
    assert office(RULES, rule.pk).saved(rule_values()) == []
    assert Rule.objects.count() == 2
    assert coming.pk


def test_planned_occasions_go_over_to_the_new_version_if_asked(world: World, office: Callable[..., Office]) -> None:
    rule = Rule.objects.get()
    mine = planned(world)
    county = NodeFactory(name="白石县", code="BS", kind="county")
    other = make_occasion(
        make_training(county, "白石培训"), state=Occasion.State.SCHEDULED, title="白石直播", rule=rule
    )
    asked = office(RULES, rule.pk).saved(rule_values(min_share="0.6", move="on"))
    assert "白石直播" not in "".join(asked)
    assert "另有 1 场还没有开始的，由别的组织安排" in asked[3]
    newest = Rule.objects.get(version=2)
    rules = dict(Occasion.objects.values_list("pk", "rule"))
    assert rules == {world.occasion.pk: rule.pk, mine.pk: newest.pk, other.pk: rule.pk}


def test_the_second_who_changes_a_rule_is_told(world: World, office: Callable[..., Office]) -> None:
    rule = Rule.objects.get()
    at = office(RULES, rule.pk)
    opened = at.open()
    office(RULES, rule.pk).saved(rule_values(min_share="0.6"))
    answer = at.post(rule_values(min_share="0.9", **opened))
    assert "别人改过它" in answer.content.decode()
    assert Rule.objects.count() == 2


def test_a_used_rule_stays_and_says_where_it_is_used(world: World, sign_in: SignIn) -> None:
    client, rule = sign_in(world.county.organiser), Rule.objects.get()
    delete = reverse("attendance_rules:delete", args=[rule.pk])
    county = NodeFactory(name="白石县", code="BS", kind="county")
    make_occasion(make_training(county, "白石培训"), title="白石直播", rule=rule)
    page = client.post(delete)
    assert page.status_code == 409
    assert "防汛直播" in page.content.decode()
    assert "白石直播" not in page.content.decode()
    assert "另有 1 场" in page.content.decode()
    fresh = make_rule(name="没用过")
    assert client.post(reverse("attendance_rules:delete", args=[fresh.pk])).status_code == 302
    assert list(Rule.objects.all()) == [rule]


def _office_of(sign_in: SignIn, node: Node, role: str = Role.ORGANISER) -> Callable[..., Office]:
    client = sign_in(_holding(role, node))
    return lambda pk=None: Office(client, reverse(f"{RULES}:edit", args=[pk]) if pk else reverse(f"{RULES}:add"))


def test_a_township_uses_the_countys_rule_and_cannot_write_its_next_version(world: World, sign_in: SignIn) -> None:
    county_rule, township = Rule.objects.get(), world.county.township
    desk = _office_of(sign_in, township)
    listed = desk().client.get(reverse(f"{RULES}:index")).content.decode()
    assert ("通用" in listed, "青溪县" in listed) == (True, True)
    for view in ("edit", "delete", "history", "history-results"):
        url = f"/admin/rules/{view}/{county_rule.pk}/"
        assert url not in listed
        for method in ("get", "post"):
            assert getattr(desk().client, method)(url, rule_values(min_share="0.01")).status_code == 404, url
    assert list(Rule.objects.values_list("min_share", flat=True)) == [0.8]


def test_a_township_reads_the_countys_rule_in_words(world: World, sign_in: SignIn) -> None:
    county_rule, township = Rule.objects.get(), world.county.township
    client = _office_of(sign_in, township)().client
    url = reverse(f"{RULES}:inspect", args=[county_rule.pk])
    assert url in client.get(reverse(f"{RULES}:index")).content.decode()
    page = client.get(url)
    told = {str(field["label"]): str(field["value"]) for field in page.context["fields"]}
    assert told == {
        "名称": "通用", "版本": "1", "所属组织": "青溪县", "计算方式": "按场次时间", "学时": "1.00", "最低比例": "80%",
        "最低分钟": "不要求", "晚到（秒）": "300", "早退（秒）": "300", "短断连续计算（秒）": "30",
        "断网补传上限（秒）": "60", "补学天数": "14", "补学要做小测": "不要求",
        "学时怎么记": "按这条规则：每场一样",
    }  # fmt: skip
    text = page.content.decode()
    assert "这条规则归“青溪县”" in text
    assert not re.search(rf"/admin/rules/(edit|delete|history)/{county_rule.pk}/", text)
    # Whoever keeps it is led on; one of the site's is read by all; a neighbour's does not exist.
    above = sign_in(world.county.organiser)
    assert f"/admin/rules/edit/{county_rule.pk}/" in above.get(url).content.decode()
    assert url not in above.get(reverse(f"{RULES}:index")).content.decode()
    site, own = make_rule(node=None, name="全站规则"), make_rule(node=township, name="镇里的")
    assert "全站通用" in client.get(reverse(f"{RULES}:inspect", args=[site.pk])).content.decode()
    beside = NodeFactory(parent=world.county.county, name="临河镇", code="QX.02", kind="township")
    neighbour = _office_of(sign_in, beside)().client
    assert neighbour.get(url).status_code == 200
    assert neighbour.get(reverse(f"{RULES}:inspect", args=[own.pk])).status_code == 404


def test_help_on_the_pages_of_plans_is_for_people(world: World, sign_in: SignIn) -> None:
    """What a model's field is for, in the developers' words, is not what a page says."""
    client, rule = sign_in(world.county.organiser), Rule.objects.get()
    pages = [reverse(f"{RULES}:edit", args=[rule.pk]), reverse(f"{TRAININGS}:edit", args=[world.training.pk])]
    pages += [reverse(f"{name}:add") for name in (RULES, TRAININGS)]
    for url in pages:
        form = client.get(url).context["form"]
        helps = {name: str(field.help_text) for name, field in form.fields.items() if field.help_text}
        assert all(re.search("[\u4e00-\u9fff]", words) for words in helps.values()), (url, helps)
        assert url in pages[1::2] or "只有这里和上级的组织员可以改它" in helps["node"]


def test_the_icon_of_a_forms_heading_stands_inside_a_phones_page(world: World, sign_in: SignIn) -> None:
    client = sign_in(world.county.organiser)
    for name in (RULES, TRAININGS):
        page = client.get(reverse(f"{name}:add")).content.decode()
        heading = re.search(r'<h2[^>]*id="header-title">.*?</h2>', page, re.S)
        assert heading
        assert "<svg" in heading[0]
        assert "-w-left" not in heading[0]


def test_a_township_has_rules_of_its_own(world: World, sign_in: SignIn) -> None:
    """Also one of the county's name; each unit's versions count by themselves, and no neighbour sees them."""
    township, county_rule = world.county.township, Rule.objects.get()
    desk = _office_of(sign_in, township)
    assert "node" in desk().refused(rule_values(node=world.county.county.pk))
    assert "node" in desk().refused(rule_values(node=""))
    mine = rule_values(node=township.pk, min_share="0.5")
    assert desk().post(mine).status_code == 302
    own = Rule.objects.get(node=township)
    assert (own.name, own.version, own.min_share) == (county_rule.name, 1, 0.5)
    assert "已经有叫“通用”的规则" in str(desk().refused(mine)["name"])
    make_occasion(make_training(township, "镇培训"), state=Occasion.State.SCHEDULED, rule=own)
    desk(own.pk).saved({**mine, "node": world.county.county.pk, "min_share": "0.6"})
    assert list(Rule.objects.filter(node=township).values_list("version", flat=True)) == [1, 2]
    assert Rule.objects.filter(node=world.county.county).count() == 1
    beside = NodeFactory(parent=world.county.county, name="临河镇", code="QX.02", kind="township")
    neighbour = _office_of(sign_in, beside)
    page = neighbour().client.get(reverse(f"{RULES}:index")).content.decode()
    assert ("青溪县" in page, "永安镇" in page) == (True, False)
    assert neighbour().client.get(f"/admin/rules/edit/{own.pk}/").status_code == 404
    # Those above keep what is below them.
    above = _office_of(sign_in, world.county.county)
    assert above().client.get(f"/admin/rules/edit/{own.pk}/").status_code == 200


def test_the_sites_own_rules_are_kept_by_the_operator_of_the_whole_tree(world: World, sign_in: SignIn) -> None:
    shipped = make_rule(node=None, name="全站规则")
    url = f"/admin/rules/edit/{shipped.pk}/"
    for person in (world.county.organiser, _holding(Role.OPERATOR, world.county.township)):
        client = sign_in(person)
        assert client.get(url).status_code in (302, 404)
        assert client.post(url, rule_values(name="全站规则", min_share="0.01")).status_code in (302, 404)
    shipped.refresh_from_db()
    assert shipped.min_share == 0.8
    assert "全站规则" in sign_in(world.county.organiser).get(reverse(f"{RULES}:index")).content.decode()
    desk = _office_of(sign_in, world.county.county, Role.OPERATOR)
    assert desk(shipped.pk).saved(rule_values(name="全站规则", min_share="0.7")) == []
    assert desk().post(rule_values(node="", name="又一条")).status_code == 302
    assert set(Rule.objects.filter(node=None).values_list("name", "min_share")) == {("全站规则", 0.7), ("又一条", 0.8)}
    listed = desk().client.get(reverse(f"{RULES}:index")).content.decode()
    assert ("又一条" in listed, "青溪县" in listed) == (True, False)


def test_the_list_of_rules_costs_the_same(world: World, sign_in: SignIn) -> None:
    client, costs = sign_in(world.county.organiser), []
    for number in range(4):
        make_rule(name=f"规则{number}", node=[world.county.branch, world.county.township][number % 2])
        with CaptureQueriesContext(connection) as queries:
            assert client.get(reverse(f"{RULES}:index")).status_code == 200
        costs.append(len(queries))
    assert costs[1] == costs[3]  # the first also finds the content type


def test_an_occasion_is_planned_with_a_rule_of_its_unit_or_one_above(world: World) -> None:
    above, mine = Rule.objects.get(), make_rule(name="支部的", node=world.county.branch)
    beside = make_rule(name="邻支部的", node=world.county.neighbour)
    at = timezone.now() + DAY
    plan = OccasionPlan(
        training_id=world.training.pk, title="课", node_id=world.county.branch.pk, starts_at=at, ends_at=at + DAY,
        rule_id=beside.pk,
    )  # fmt: skip
    for rule in (mine, above, make_rule(name="全站规则", node=None)):
        occasion = create_occasion(kind="plain", plan=replace(plan, rule_id=rule.pk))
        assert occasion.rule == rule
    with pytest.raises(UnableToPlanOccasion, match="邻支部的"):
        create_occasion(kind="plain", plan=plan)
    # What was planned keeps its rule until the rule or the unit is changed.
    Occasion.objects.filter(pk=occasion.pk).update(rule=beside)
    reschedule_occasion(occasion_id=occasion.pk, plan=replace(plan, title="改名"), as_of=timezone.now())
    with pytest.raises(UnableToPlanOccasion):
        reschedule_occasion(
            occasion_id=occasion.pk, plan=replace(plan, node_id=world.county.township.pk), as_of=timezone.now()
        )
    occasion.refresh_from_db()
    assert (occasion.rule, occasion.title) == (beside, "改名")


def test_rules_go_along_when_a_unit_is_merged(world: World) -> None:
    branch, into = world.county.branch, world.county.neighbour
    moved, same = make_rule(name="支部的", node=branch), make_rule(name="同名的", node=branch)
    theirs = make_rule(name="同名的", version=1, node=into)
    assert "2 条认定规则归这里" in "".join(use.text for use in uses_of(node=branch, on_date=timezone.localdate()))
    move(node=branch, into=into)
    nodes = dict(Rule.objects.values_list("pk", "node_id"))
    assert (nodes[moved.pk], nodes[same.pk], nodes[theirs.pk]) == (into.pk, branch.pk, into.pk)


def test_nobody_else_has_these_pages(world: World, sign_in: SignIn) -> None:
    rule = Rule.objects.get()
    for role in (Role.LECTURER, Role.OPERATOR, Role.SECRETARY):
        client = sign_in(_holding(role, world.county.county))
        for name, pk in ((TRAININGS, world.training.pk), (RULES, rule.pk)):
            for view in ("edit", "delete"):
                url = reverse(f"{name}:{view}", args=[pk])
                assert client.get(url).status_code != 200
                assert client.post(url, {}).status_code != 200
    assert Training.objects.filter(pk=world.training.pk).exists()


def _holding(role: str, node: Node) -> User:
    user: User = RoleGrantFactory(node=node, role=role).user
    return user
