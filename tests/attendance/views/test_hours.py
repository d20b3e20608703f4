"""年度学时 through the real doors: one's own year, the secretary's list, person and file, and the tables' life."""

import csv
import datetime as dt
import io
from collections.abc import Callable
from decimal import Decimal as D
from typing import Any

import openpyxl
import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from attendance.models import HoursTable, Occasion, Record, RecordState
from attendance.operations import (
    Gives,
    HoursPlan,
    UnableToSaveHours,
    correct_record,
    open_occasion,
    rules,
    save_hours_table,
    void_occasion,
)
from attendance.queries.hours import year_of, years_of
from organizations.models import AccessEntry, Exemption, Membership, Node, Role, RoleGrant, User
from tests.attendance.people import make_occasion, make_rule, make_training, stand
from tests.attendance.reports.conftest import World
from tests.factories.organizations import MembershipFactory, NodeFactory, RoleGrantFactory
from tests.office import Office

pytestmark = pytest.mark.integration
SignIn = Callable[[User], Client]
YEAR = timezone.localdate().year
LAST = YEAR - 1
HOURS = "attendance_hours"


def table(node: Node | None, year: int = LAST - 1, version: int = 0, **values: Any) -> HoursTable:
    plan: dict[str, Any] = {"owed": {"member": D(32), "secretary": D(56)}, "gives": {}, **values}
    return save_hours_table(
        plan=HoursPlan(node_id=node.pk if node else None, year=year, **plan), seen_version=version, made_by_id=None,
        as_of=timezone.now(),
    )  # fmt: skip


def at(month: int, day: int = 15, year: int = LAST) -> dt.datetime:
    return dt.datetime(year, month, day, 19, tzinfo=timezone.get_default_timezone())


def done(
    world: World, member: User, month: int = 5, *, node: Node | None = None, year: int = LAST, **fields: Any
) -> Occasion:
    """A member took part in an hour of that month."""
    record = {name: fields.pop(name) for name in ("form", "stands_hours") if name in fields}
    occasion = make_occasion(
        world.training, starts_at=at(month, year=year), title=fields.pop("title", f"{month}月的课"), **fields
    )
    stand(occasion, member, node or world.county.branch, RecordState.ATTENDED)
    if record:
        Record.objects.filter(occasion=occasion, member=member).update(**record)
    return occasion


# --- how much: one answer ---------------------------------------------------------------------------------------


def test_a_year_is_the_sum_of_what_the_records_credit(world: World) -> None:
    member = world.county.member
    done(world, member)
    done(world, member, 6, stands_hours=D("2.5"))
    done(world, member, 7, state=Occasion.State.VOID)
    done(world, member, 8, state=Occasion.State.NOT_HELD)
    done(world, member, 12, year=LAST - 1)
    make_up = make_occasion(world.training, starts_at=at(9))
    stand(make_up, member, world.county.branch, RecordState.MISSING)
    assert year_of(member_id=member.pk, year=LAST).total == D("3.5")
    assert year_of(member_id=member.pk, year=LAST - 1).total == 1
    # A correction and a voided occasion are seen at once.
    correct_record(
        occasion_id=make_up.pk, member_id=member.pk, state="attended", reason="在场",
        author_id=world.county.secretary.pk, as_of=timezone.now(),
    )  # fmt: skip
    assert year_of(member_id=member.pk, year=LAST).total == D("4.5")
    void_occasion(occasion_id=make_up.pk, reason="重复", voided_by_id=world.county.organiser.pk, as_of=timezone.now())
    assert year_of(member_id=member.pk, year=LAST).total == D("3.5")


def test_a_year_begins_and_ends_at_local_midnight(world: World) -> None:
    first = dt.datetime(LAST, 1, 1, tzinfo=timezone.get_default_timezone())
    for starts_at in (first - dt.timedelta(minutes=1), first):
        stand(make_occasion(world.training, starts_at=starts_at), world.county.member, world.county.branch, "attended")
    assert year_of(member_id=world.county.member.pk, year=LAST).total == 1
    assert year_of(member_id=world.county.member.pk, year=LAST - 1).total == 1


def test_a_form_counts_up_to_its_cap_and_says_so(world: World, sign_in: SignIn) -> None:
    member = world.county.member
    table(world.county.county, gives={"declared": Gives(D(1), cap=D(2)), "live": Gives(D(1))})
    done(world, member, 3)
    for month in (4, 5, 6):
        done(world, member, month, form="declared")
    year = year_of(member_id=member.pk, year=LAST)
    assert (year.total, year.over) == (3, 1)
    assert [(one.form, one.hours, one.counted) for one in year.earned] == [("live", 1, 1), ("declared", 3, 2)]
    page = sign_in(member).get(f"/me/hours/?year={LAST}").content.decode()
    assert "其他平台学习 3 学时（3 场），一年最多计 2，超出的不计" in page
    assert "应学 32 学时，还差 29" in page
    assert (
        "直播看满一场记 1 学时；其他平台学习参加一场记 1 学时（一年最多 2）。场次的规则写明记多少的，按规则记。" in page
    )


@pytest.mark.parametrize(("by_month", "asked"), [(True, D(44)), (False, D(56))])
def test_who_becomes_secretary_in_mid_year_owes_by_the_month_or_the_higher(
    world: World, sign_in: SignIn, by_month: bool, asked: D
) -> None:
    table(world.county.county, by_month=by_month)
    RoleGrantFactory(user=world.county.member, node=world.county.branch, active_from_date=dt.date(LAST, 7, 1))
    assert year_of(member_id=world.county.member.pk, year=LAST).asked == asked
    page = sign_in(world.county.member).get(f"/me/hours/?year={LAST}").content.decode()
    assert "1–6 月按党员一年 32 学时" in page
    assert "7–12 月按支部书记一年 56 学时" in page


def test_exempt_months_are_not_asked_where_the_table_says_so(world: World) -> None:
    first = table(world.county.county)
    Exemption.objects.create(
        member=world.county.member, active_from_date=dt.date(LAST, 1, 1), active_to_date=dt.date(LAST, 4, 1)
    )
    assert year_of(member_id=world.county.member.pk, year=LAST).asked == 24
    table(world.county.county, version=first.version, leaves_out_exempt=False)
    assert year_of(member_id=world.county.member.pk, year=LAST).asked == 32


def move(member: User, node: Node, day: dt.date) -> None:
    Membership.objects.filter(member=member, active_to_date=None).update(active_to_date=day)
    MembershipFactory(member=member, node=node, active_from_date=day)


def test_who_moves_in_mid_year_loses_nothing(world: World, sign_in: SignIn) -> None:
    member = world.county.member
    table(world.county.county)
    done(world, member, 3, title="老支部的课")
    move(member, world.county.neighbour, dt.date(LAST, 6, 1))
    done(world, member, 9, node=world.county.neighbour, title="新支部的课")
    year = year_of(member_id=member.pk, year=LAST)
    assert (year.total, year.asked) == (2, 32)
    # The new secretary sees the whole sum, and of what was elsewhere no more than that; the old one nothing any more.
    page = sign_in(world.county.neighbour_secretary).get(f"/branch/hours/{member.pk}/?year={LAST}").content.decode()
    assert "新支部的课" in page
    assert "老支部的课" not in page
    assert "在别的组织时参加的 1 场，记 1 学时，跟着本人走" in page
    assert sign_in(world.county.secretary).get(f"/branch/hours/{member.pk}/?year={LAST}").status_code == 404


def test_who_joins_in_july_owes_half_and_who_belongs_nowhere_owes_nothing(world: World) -> None:
    table(None)
    Membership.objects.filter(member=world.county.member).update(active_from_date=dt.date(LAST, 6, 15))
    Membership.objects.filter(member=world.county.members[1]).delete()
    years = years_of(member_ids=[one.pk for one in world.county.members], year=LAST)
    assert [years[one.pk].asked for one in world.county.members] == [16, 0, 32]


def test_a_whole_year_says_nothing_of_months_that_take_nothing_off(world: World, sign_in: SignIn) -> None:
    table(None, by_month=False)
    Membership.objects.filter(member=world.county.member).update(active_from_date=dt.date(LAST, 6, 15))
    page = sign_in(world.county.member).get(f"/me/hours/?year={LAST}").content.decode()
    assert "应学 32 学时" in page
    assert "党员一年 32 学时" in page
    assert "不计" not in page


def test_the_nearest_table_above_counts_as_of_its_year(world: World) -> None:
    member = world.county.member.pk
    assert (year_of(member_id=member, year=LAST).table, year_of(member_id=member, year=LAST).asked) == (None, 0)
    table(None, owed={"member": D(20)})
    table(world.county.county, owed={"member": D(32)})
    nearest = table(world.county.branch, year=YEAR, owed={"member": D(40)})
    assert year_of(member_id=member, year=LAST).asked == 32
    assert year_of(member_id=member, year=YEAR).asked == 40
    table(world.county.branch, year=YEAR, version=nearest.version, owed={"member": D(36)})
    assert year_of(member_id=member, year=YEAR).asked == 36
    assert year_of(member_id=world.county.neighbour_member.pk, year=YEAR).asked == 32


# --- conversion -------------------------------------------------------------------------------------------------


def test_a_rule_by_the_table_is_stamped_with_what_the_table_gives_that_day(world: World) -> None:
    table(world.county.county, gives={"live": Gives(D(2)), "hall": Gives(D(1), minutes=45)})
    rule = make_rule(name="按表", hours_by="table", hours=D(9))
    lecture = make_occasion(world.training, state=Occasion.State.SCHEDULED, rule=rule)
    open_occasion(occasion_id=lecture.pk, as_of=lecture.starts_at)
    lecture.refresh_from_db()
    assert lecture.rule_stamp["by_form"] == {
        "own": {"hours": "2.00", "minutes": None}, "hall": {"hours": "1.00", "minutes": 45},
    }  # fmt: skip
    HoursTable.objects.all().delete()
    without = make_occasion(world.training, state=Occasion.State.SCHEDULED, rule=rule)
    open_occasion(occasion_id=without.pk, as_of=without.starts_at)
    without.refresh_from_db()
    assert "by_form" not in without.rule_stamp  # no table: the rule's own hours hold


# --- pages ------------------------------------------------------------------------------------------------------


def test_ten_hours_are_ten_on_my_page(world: World, sign_in: SignIn) -> None:
    Record.objects.filter(member=world.county.member).update(stands_hours=D(10))
    page = sign_in(world.county.member).get("/me/").content.decode()
    assert '<span class="big">10<small>' in page
    assert "1E+1" not in page


@pytest.mark.parametrize("year", ["1999", str(YEAR + 1), "abc", "9" * 30, "-1"])
def test_a_year_that_is_none_is_not_there(world: World, sign_in: SignIn, year: str) -> None:
    assert sign_in(world.county.member).get(f"/me/hours/?year={year}").status_code == 404
    assert sign_in(world.county.secretary).get(f"/branch/hours/?year={year}").status_code == 404


def test_the_list_names_everybody_once_in_the_order_of_the_tree(world: World, sign_in: SignIn) -> None:
    table(world.county.county)
    done(world, world.county.members[2])
    RoleGrantFactory(user=world.county.secretary, node=world.county.township)
    answer = sign_in(world.county.secretary).get(f"/branch/hours/?node={world.county.township.pk}&year={LAST}")
    names = [row.name for row in answer.context["rows"]]
    assert names == ["王一0", "王一1", "王一2", "赵书记", "李二0", "李二1", "李二2", "钱书记"]
    page = answer.content.decode()
    assert "党员，已计入 1 学时，应学 32 学时，还差 31" in page
    assert "支部书记，已计入 0 学时，应学 56 学时，还差 56" in page
    entry = AccessEntry.objects.get(what="table")
    assert (entry.count, entry.title) == (8, f"年度学时 {LAST}")


def test_the_list_costs_the_same_at_any_size(world: World, sign_in: SignIn) -> None:
    table(world.county.county)
    client = sign_in(world.county.secretary)
    client.get("/branch/hours/")

    def queries() -> int:
        AccessEntry.objects.all().delete()
        with CaptureQueriesContext(connection) as seen:
            assert client.get(f"/branch/hours/?year={LAST}").status_code == 200
        return len(seen)

    few = queries()
    for number in range(8):
        member = MembershipFactory(node=world.county.branch, member__name=f"新人{number}").member
        done(world, member, number + 1)
    assert queries() == few <= 19  # four of them write the one row of the log


def test_the_neighbour_and_those_without_the_role_find_nothing(world: World, sign_in: SignIn) -> None:
    member = world.county.member
    for who in (world.county.neighbour_secretary, world.county.organiser, world.county.auditor, member):
        client = sign_in(who)
        assert client.get(f"/branch/hours/{member.pk}/").status_code == 404
        assert client.get(f"/branch/hours/?node={world.county.branch.pk}").status_code == 404
        assert client.get(f"/branch/hours.xlsx?node={world.county.branch.pk}").status_code == 404
    assert sign_in(world.county.secretary).get("/branch/hours.pdf").status_code == 404


def test_the_file_says_the_same_as_the_list(world: World, sign_in: SignIn) -> None:
    table(world.county.county, gives={"live": Gives(D(1))})
    done(world, world.county.members[1], form="hall")
    client = sign_in(world.county.secretary)
    answer = client.get(f"/branch/hours.csv?year={LAST}")
    rows = list(csv.reader(io.StringIO(b"".join(answer.streaming_content).decode("utf-8-sig"))))
    assert rows[0] == [
        "组织", "姓名", "编号", "身份", "应学", "已计入", "还差", "直播", "课程", "会议和活动", "集中收看", "送学上门",
        "其他平台学习", "超过上限不计",
    ]  # fmt: skip
    by_name = {row[1]: [*row[3:7], row[10]] for row in rows[1:]}
    assert by_name["王一1"] == ["党员", "32", "1", "31", "1"]
    assert by_name["赵书记"] == ["支部书记", "56", "0", "56", "0"]
    book = openpyxl.load_workbook(io.BytesIO(b"".join(client.get(f"/branch/hours.xlsx?year={LAST}").streaming_content)))
    assert book.sheetnames == [f"年度学时 {LAST}", "说明"]
    assert len(list(book.worksheets[0].rows)) == len(rows)
    about = dict(book.worksheets[1].iter_rows(values_only=True))
    assert "党员一年 32 学时、支部书记一年 56 学时；直播看满一场记 1 学时" in about["学时表"]
    assert AccessEntry.objects.filter(what="hours_file").count() == 2


# --- the tables' whole life -------------------------------------------------------------------------------------


def values(node: Node | None, **changed: Any) -> dict[str, Any]:
    return {
        "node": str(node.pk) if node else "", "year": str(YEAR), "owed_member": "32", "owed_secretary": "56",
        "hours_live": "1", "hours_course": "1", "minutes_course": "45", "hours_declared": "1", "cap_declared": "8",
        "by_month": "on", "leaves_out_exempt": "on", "note": "", **changed,
    }  # fmt: skip


def form(sign_in: SignIn, user: User, pk: int | None = None) -> Office:
    return Office(sign_in(user), reverse(f"{HOURS}:edit", args=[pk]) if pk else reverse(f"{HOURS}:add"))


@pytest.mark.parametrize("who", ["organiser", "operator"])
def test_a_table_is_made_opened_again_and_changed_as_a_next_version(world: World, sign_in: SignIn, who: str) -> None:
    user = getattr(world.county, who)
    asked = form(sign_in, user).saved(values(world.county.county))
    assert f"“青溪县”的 8 人，从 {YEAR} 年起应学多少、最多计多少按这张表算" in asked[0]
    made = HoursTable.objects.get()
    assert (made.version, made.made_by_id) == (1, user.pk)
    opened = form(sign_in, user, made.pk)
    page = opened.client.get(opened.url).content.decode()
    assert "党员一年 32 学时、支部书记一年 56 学时；直播看满一场记 1 学时；课程每 45 分钟记 1 学时；" in page
    assert opened.saved(values(world.county.county, owed_member="40"))
    assert list(HoursTable.objects.order_by("version").values_list("version", flat=True)) == [1, 2]
    assert {one.hours for one in made.owed.all()} == {32, 56}  # the first stays as it was
    assert year_of(member_id=world.county.member.pk, year=YEAR).asked == 40
    newest = HoursTable.objects.get(version=2)
    assert form(sign_in, user, newest.pk).saved(values(world.county.county, owed_member="40")) == []
    assert HoursTable.objects.count() == 2  # what is saved as it stands makes no version


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"owed_member": ""}, "owed_member"),
        ({"owed_member": "-1"}, "owed_member"),
        ({"owed_member": "1e20"}, "owed_member"),
        ({"year": "1066"}, "year"),
        ({"hours_live": "", "cap_live": "3"}, "hours_live"),
        ({"minutes_course": "0"}, "minutes_course"),
        ({"node": ""}, "node"),
        ({"node": str(2**63)}, "node"),
    ],
)
def test_a_mistake_in_a_table_names_its_field(
    world: World, sign_in: SignIn, change: dict[str, str], field: str
) -> None:
    errors = form(sign_in, world.county.organiser).refused(values(world.county.county) | change)
    assert list(errors) == [field]
    assert HoursTable.objects.count() == 0


def test_a_second_table_of_the_same_year_is_led_to_the_first_and_two_at_once_lose_nothing(
    world: World, sign_in: SignIn
) -> None:
    made = table(world.county.county, year=YEAR)
    errors = form(sign_in, world.county.organiser).refused(values(world.county.county))
    assert "请打开它修改" in str(errors["year"])
    at_it = form(sign_in, world.county.organiser, made.pk)
    seen = at_it.open()
    table(world.county.county, year=YEAR, version=1, owed={"member": D(50)})
    assert "别人改过它" in at_it.post({**values(world.county.county, owed_member="60"), **seen}).content.decode()
    assert HoursTable.objects.count() == 2


def test_a_table_that_asks_nothing_of_members_is_refused(world: World) -> None:
    with pytest.raises(UnableToSaveHours, match="请填党员一年应学多少学时"):
        table(world.county.county, owed={"secretary": D(56)})
    assert not HoursTable.objects.filter(node=world.county.county, year=LAST - 1).exists()


def test_who_has_not_read_the_newest_version_overwrites_nothing(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    first = table(world.county.county)
    with pytest.raises(UnableToSaveHours, match="别人刚刚改过它"):
        table(world.county.county, owed={"member": D(1)})
    # Two at the very same moment: both find nothing newer, and the database lets one of them in.
    with monkeypatch.context() as at_once:
        at_once.setattr(rules, "latest_version", lambda **_values: 0)
        with pytest.raises(UnableToSaveHours, match="别人刚刚改过它"):
            table(world.county.county, owed={"member": D(1)})
    kept = HoursTable.objects.get(node=world.county.county, year=LAST - 1)
    assert (kept, kept.version) == (first, 1)
    assert dict(kept.owed.values_list("role", "hours")) == {"member": D(32), "secretary": D(56)}
    assert table(world.county.county, version=1).version == 2


def test_a_table_in_use_stays_and_is_withdrawn_instead(world: World, sign_in: SignIn) -> None:
    table(world.county.county, owed={"member": D(32)})
    own = table(world.county.branch, owed={"member": D(50)})
    client = sign_in(world.county.organiser)
    delete = reverse(f"{HOURS}:delete", args=[own.pk])
    assert "它正在生效" in client.get(delete).content.decode()
    assert client.post(delete).status_code == 409
    assert client.post(reverse("attendance_hours_withdraw", args=[own.pk])).status_code == 302
    assert year_of(member_id=world.county.member.pk, year=LAST).asked == 32
    assert client.post(delete).status_code == 302
    assert HoursTable.objects.count() == 1
    ahead = table(world.county.township, year=YEAR + 1)
    assert client.post(reverse(f"{HOURS}:delete", args=[ahead.pk])).status_code == 302


def test_tables_of_others_do_not_exist(world: World, sign_in: SignIn) -> None:
    own = table(world.county.branch)
    elsewhere = NodeFactory(name="白石县", code="BS", kind="county")
    for role in (Role.ORGANISER, Role.OPERATOR):
        stranger = RoleGrantFactory(node=elsewhere, role=role).user
        User.objects.filter(pk=stranger.pk).update(is_staff=False)
        client = sign_in(stranger)
        for name in ("edit", "delete", "history"):
            assert client.get(reverse(f"{HOURS}:{name}", args=[own.pk])).status_code == 404
        assert client.post(reverse("attendance_hours_withdraw", args=[own.pk])).status_code == 404
        assert "东风村第一支部" not in client.get(reverse(f"{HOURS}:index")).content.decode()
    assert not RoleGrant.objects.filter(user=world.county.secretary, role=Role.ORGANISER).exists()
    assert sign_in(world.county.secretary).get(reverse(f"{HOURS}:edit", args=[own.pk])).status_code in (302, 404)
    assert HoursTable.objects.filter(withdrawn_at=None).count() == 1


def test_a_training_of_another_branch_gives_its_hours_too(world: World) -> None:
    other = make_training(world.county.township, "镇里的培训")
    occasion = make_occasion(other, starts_at=at(4))
    stand(occasion, world.county.member, world.county.branch, RecordState.MADE_UP)
    assert year_of(member_id=world.county.member.pk, year=LAST).total == 1
