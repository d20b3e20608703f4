"""A roster over the years: people leave and return, hold roles elsewhere, are not in the file, go out unchanged."""

import datetime as dt
from pathlib import Path
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from organizations import events
from organizations.models import Exemption, Left, Membership, Node, RoleGrant, RosterImport, User
from organizations.operations import (
    Answers,
    RosterOutcome,
    end_membership,
    import_roster,
    merge_unit,
    rename_unit,
    roster_absent,
)
from organizations.queries import membership_on, user_by_phone
from tests.factories.organizations import PASSWORD, RoleGrantFactory, UserFactory
from tests.organizations.test_roster_questions import LI, ZHANG, Office, command, signed_in, still_in, write

pytestmark = [pytest.mark.integration, pytest.mark.django_db]
NOW = dt.datetime(2026, 11, 23, 4, tzinfo=dt.UTC)
TODAY = dt.date(2026, 11, 23)
BRANCH = "永安镇/第一支部"
HEAD = "组织,姓名,手机号,编号,加入日期,状态,离开日期"
ROLES = "组织,姓名,手机号,编号,角色,任职组织"


@pytest.fixture
def office(client: Client, var_dir: Path) -> Office:
    return Office(client)


def take(folder: Path, *rows: str, head: str = HEAD, as_of: dt.datetime = NOW, **options: Any) -> RosterOutcome:
    dry_run = options.pop("dry_run", False)
    return import_roster(
        path_or_file=write(folder, *rows, head=head), under=None, dry_run=dry_run, as_of=as_of, **options
    )


def counts(outcome: RosterOutcome) -> tuple[int, ...]:
    return outcome.created, outcome.updated, outcome.moved, outcome.left, outcome.returned, outcome.unchanged


def roles(user: User) -> set[tuple[str, str]]:
    return set(RoleGrant.objects.filter(user=user, active_to_date=None).values_list("role", "node__name"))


# --- leaving and coming back (secretary 3) ---


@pytest.mark.parametrize(
    ("word", "because"), [("转出", "transferred"), ("去世", "died"), ("停止", "stopped"), ("已故", "died")]
)
def test_whoever_leaves_is_expected_no_longer(office: Office, tmp_path: Path, word: str, because: str) -> None:
    take(tmp_path, f"{BRANCH},张三,{ZHANG},A1,2024-01-05,免学,", f"{BRANCH},李四,{LI},A2,,,")
    zhang = user_by_phone(ZHANG)
    zhang.set_password(PASSWORD)
    zhang.save()
    RoleGrantFactory(user=zhang, node=office.root, role="organiser")
    phone = signed_in(zhang)
    row = f"{BRANCH},张三,{ZHANG},A1,2024-01-05,{word},2026-11-01"
    text = office.check(row, head=HEAD).content.decode()
    assert "离开 张三 第一支部" in text
    assert "不再任组织员：青溪县" in text
    office.confirm()
    left = Membership.objects.get(member=zhang)
    assert (left.active_to_date, left.left_because) == (dt.date(2026, 11, 1), because)
    assert membership_on(member_id=zhang.pk, on_date=dt.date(2026, 11, 1)) is None
    assert membership_on(member_id=zhang.pk, on_date=dt.date(2026, 10, 31)).node.name == "第一支部"
    zhang.refresh_from_db()
    assert (user_by_phone(ZHANG), zhang.is_active, zhang.has_usable_password()) == (None, False, False)
    assert (zhang.number, roles(zhang)) == ("A1", set())
    assert Exemption.objects.get().active_to_date is not None
    assert not still_in(phone)
    taken = RosterImport.objects.order_by("-pk")[0]
    assert (taken.left, taken.created, taken.updated) == (1, 0, 0)
    assert "和现在一样" in office.check(row, head=HEAD).content.decode()
    office.take(f"{BRANCH},王五,{ZHANG},A3")  # the number is free
    assert user_by_phone(ZHANG) != zhang


@pytest.mark.parametrize("taker", ["王五,{phone},A3", "李四,{phone},A2"])
@pytest.mark.parametrize("first", ["leaver", "taker"])
def test_a_leaver_s_row_that_still_shows_the_number_gives_it_up(office: Office, taker: str, first: str) -> None:
    office.take(f"{BRANCH},张三,{ZHANG},A1,,,", f"{BRANCH},李四,{LI},A2,,,", head=HEAD)
    zhang = user_by_phone(ZHANG)
    taker = f"{BRANCH},{taker.format(phone=ZHANG)},,,"
    rows = [f"{BRANCH},张三,{ZHANG},A1,,去世,2026-11-01", taker]
    if first == "taker":
        rows.reverse()
    page = office.check(*rows, head=HEAD)
    assert (page.status_code, "<fieldset" in page.content.decode()) == (200, False)
    assert "手机号原来是张三的" in page.content.decode()
    office.confirm()
    assert user_by_phone(ZHANG).number == taker.split(",")[3]
    zhang.refresh_from_db()
    assert (zhang.phone_last4, zhang.number, zhang.is_active) == ("", "A1", False)
    again = office.check(*rows, head=HEAD)  # the leaver's row names a number that is somebody else's by now
    assert (again.status_code, "<fieldset" in again.content.decode()) == (200, False)
    assert "和现在一样" in again.content.decode()


@pytest.mark.parametrize("first", ["leaver", "taker"])
def test_a_number_is_free_only_from_the_day_of_leaving(office: Office, first: str) -> None:
    office.take(f"{BRANCH},张三,{ZHANG},A1,,,", head=HEAD)
    day = timezone.localdate() + dt.timedelta(days=30)
    rows = [f"{BRANCH},张三,{ZHANG},A1,,转出,{day}", f"{BRANCH},王五,{ZHANG},A3,,,"]
    if first == "taker":
        rows.reverse()
    page = office.check(*rows, head=HEAD)
    where = "行 3" if first == "leaver" else "行 2"
    sentence = f"{where}: 手机号 这个手机号还是张三的，{day} 离开后才空出来。"
    assert (page.status_code, sentence in page.content.decode()) == (422, True)
    assert user_by_phone(ZHANG).name == "张三"


@pytest.mark.parametrize(
    "rows",
    [
        ["张三,{phone},A1,,转出,", "张三,{phone},A1,,,"],  # one person, left and here
        ["张三,{phone},A1,,转出,", "王五,{phone},A3,,去世,"],  # two leave with one number
        ["张三,{phone},A1,,转出,", "王五,{phone},A3,,,", "赵六,{phone},A4,,,"],  # two take it
    ],
)
def test_a_number_is_still_one_person_s(office: Office, rows: list[str]) -> None:
    page = office.check(*[f"{BRANCH},{row.format(phone=ZHANG)}" for row in rows], head=HEAD)
    assert (page.status_code, "重复。" in page.content.decode()) == (422, True)


def test_a_row_of_somebody_who_left_asks_nothing_about_the_number(office: Office) -> None:
    """Without a 编号 the name alone tells who it was; the number is somebody else's by now."""
    office.take(f"{BRANCH},张三,{ZHANG},,,,", f"{BRANCH},李四,{LI},A2,,,", head=HEAD)
    leaves = f"{BRANCH},张三,{ZHANG},,,转出,2026-11-01"
    office.take(leaves, head=HEAD)
    office.take(f"{BRANCH},王五,{ZHANG},A3,,,", head=HEAD)
    page = office.check(leaves, head=HEAD)
    assert (page.status_code, "<fieldset" in page.content.decode()) == (200, False)
    assert user_by_phone(ZHANG).name == "王五"


def test_who_leaves_is_not_asked_whose_the_number_is(office: Office) -> None:
    office.take(f"{BRANCH},张三,{ZHANG},A1,,,", f"{BRANCH},李四,{LI},A2,,,", head=HEAD)
    page = office.check(f"{BRANCH},张三,{LI},A1,,转出,2026-11-01", head=HEAD)
    assert (page.status_code, "<fieldset" in page.content.decode()) == (200, False)
    office.confirm()
    assert Membership.objects.get(member__name="张三").left_because == "transferred"
    assert user_by_phone(LI).name == "李四"


def test_the_ledger_hears_of_each_who_left(office: Office, tmp_path: Path, django_capture_on_commit_callbacks) -> None:
    take(tmp_path, f"{BRANCH},张三,{ZHANG},A1,,,", f"{BRANCH},李四,{LI},A2,,,")
    told: list[tuple[str, int, dt.date]] = []

    def hear(name: str) -> Any:
        return lambda member_id, on_date, **said: told.append((name, member_id, on_date))

    events.member_left.connect(hear("left"), weak=False, dispatch_uid="left")
    events.member_returned.connect(hear("returned"), weak=False, dispatch_uid="returned")
    zhang = user_by_phone(ZHANG)
    try:
        with django_capture_on_commit_callbacks(execute=True):
            take(tmp_path, f"{BRANCH},张三,,A1,,转出,2026-11-20")
        with django_capture_on_commit_callbacks(execute=True):
            take(tmp_path, f"{BRANCH},张三,{ZHANG},A1,,在册,", as_of=NOW + dt.timedelta(days=9))
    finally:
        events.member_left.disconnect(dispatch_uid="left")
        events.member_returned.disconnect(dispatch_uid="returned")
    assert told == [
        ("left", zhang.pk, TODAY),  # not before they came
        ("returned", zhang.pk, TODAY + dt.timedelta(days=9)),
    ]


def test_a_later_day_of_leaving_changes_nothing_before(office: Office, tmp_path: Path) -> None:
    take(tmp_path, f"{BRANCH},张三,{ZHANG},A1,2024-01-05,,")
    row = f"{BRANCH},张三,{ZHANG},A1,2024-01-05,转出,2026-12-01"
    assert counts(take(tmp_path, row)) == (0, 0, 0, 1, 0, 0)
    zhang = user_by_phone(ZHANG)
    assert (zhang.is_active, Membership.objects.get().active_to_date) == (True, dt.date(2026, 12, 1))
    assert counts(take(tmp_path, row)) == (0, 0, 0, 0, 0, 1)
    stays = f"{BRANCH},张三,{ZHANG},A1,2024-01-05,在册,"
    assert counts(take(tmp_path, stays)) == (0, 1, 0, 0, 0, 0)
    assert (Membership.objects.get().active_to_date, Membership.objects.get().left_because) == (None, "")
    assert counts(take(tmp_path, stays)) == (0, 0, 0, 0, 0, 1)


def test_whoever_comes_back_is_the_same_person_and_owes_nothing_for_the_time_away(
    office: Office, tmp_path: Path
) -> None:
    take(tmp_path, f"{BRANCH},张三,{ZHANG},A1,2024-01-05,,")
    zhang = user_by_phone(ZHANG)
    take(tmp_path, f"{BRANCH},张三,{ZHANG},A1,,停止,2026-10-01")
    back = f"{BRANCH},张三,13800000011,A1,2024-01-05,在册,"
    outcome = take(tmp_path, back, as_of=NOW + dt.timedelta(days=30))
    assert counts(outcome) == (0, 0, 0, 0, 1, 0)
    assert RosterImport.objects.order_by("-pk")[0].returned == 1
    zhang.refresh_from_db()
    assert (user_by_phone("13800000011"), zhang.is_active) == (zhang, True)
    held = list(Membership.objects.order_by("pk").values_list("active_from_date", "active_to_date", "left_because"))
    assert held == [
        (dt.date(2024, 1, 5), dt.date(2026, 10, 1), "stopped"),
        (TODAY + dt.timedelta(days=30), None, ""),
    ]
    assert counts(take(tmp_path, back, as_of=NOW + dt.timedelta(days=31))) == (0, 0, 0, 0, 0, 1)


def test_back_on_the_very_day_undoes_the_leaving(office: Office, tmp_path: Path) -> None:
    take(tmp_path, f"{BRANCH},张三,{ZHANG},A1,2024-01-05,,")
    take(tmp_path, f"{BRANCH},张三,{ZHANG},A1,,停止,")
    assert counts(take(tmp_path, f"{BRANCH},张三,{ZHANG},A1,,在册,")) == (0, 0, 0, 0, 1, 0)
    assert Membership.objects.get().active_to_date is None
    assert user_by_phone(ZHANG).is_active


def test_nobody_comes_back_because_an_old_list_is_imported(office: Office, tmp_path: Path) -> None:
    take(tmp_path, f"{BRANCH},张三,{ZHANG},A1,,,")
    take(tmp_path, f"{BRANCH},张三,{ZHANG},A1,,去世,2026-11-23")
    status, lines = command(write(tmp_path, f"{BRANCH},张三,{ZHANG},A1", head="组织,姓名,手机号,编号"))
    assert status == 1
    assert lines == ["行 2: 状态 此人 2026-11-23 已离开（去世）。如果真的回来了，请写“在册”；不是就删去这一行。"]


def test_a_name_that_left_is_asked_about_when_it_comes_back(office: Office, tmp_path: Path) -> None:
    take(tmp_path, f"{BRANCH},张三,{ZHANG},,,,", f"{BRANCH},李四,{LI},,,,")
    zhang = user_by_phone(ZHANG)
    take(tmp_path, f"{BRANCH},张三,{ZHANG},,,转出,")
    row = f"{BRANCH},张三,13800000011,,,在册,"
    page = office.check(row, head=HEAD)
    assert "以前有一位张三，已经离开。是同一个人回来了吗？" in page.content.decode()
    assert "回来 张三" in office.answer(page, "new_phone").content.decode()
    office.confirm()
    assert user_by_phone("13800000011") == zhang


def test_somebody_who_leaves_and_was_never_here_is_not_made(office: Office, tmp_path: Path) -> None:
    rows = [f"{BRANCH},李四,{LI},,,,", f"太平镇/新支部,张三,{ZHANG},,,去世,2026-11-01"]
    outcome = take(tmp_path, *rows)
    assert (counts(outcome), Node.objects.filter(name="太平镇").exists()) == ((1, 0, 0, 0, 0, 1), False)
    assert not User.objects.filter(name="张三").exists()
    again = take(tmp_path, *rows)
    assert again.changes_nothing
    take(tmp_path, f"{BRANCH},王五,13800000005,,,,")
    gone = f"{BRANCH},王五,13800000005,,,转出,"
    assert take(tmp_path, gone).left == 1
    assert take(tmp_path, gone).changes_nothing  # the phone is free now, and still nobody is asked about


# --- in the system, not in the file ---


@pytest.fixture
def five(office: Office, tmp_path: Path) -> list[User]:
    take(
        tmp_path,
        *[f"{BRANCH},甲{n},1380000010{n},B{n},,," for n in range(3)],
        *[f"永安镇/第二支部,乙{n},1380000020{n},C{n},,," for n in range(2)],
    )
    return list(User.objects.filter(number__isnull=False).order_by("number"))


def test_whoever_is_not_in_the_file_is_listed_and_stays(office: Office, five: list[User]) -> None:
    text = office.check(f"{BRANCH},甲0,13800000100,B0").content.decode()
    assert "在系统里，不在文件里" in text
    assert "全选：文件里写到的组织，2 位" in text
    assert [name in text for name in ("甲1", "甲2", "乙0", "乙1", "郑管理员")] == [True, True, True, True, False]
    office.confirm()
    assert Membership.objects.filter(active_to_date=None).count() == 5


def test_only_those_who_are_ticked_leave(office: Office, five: list[User]) -> None:
    office.check(f"{BRANCH},甲0,13800000100,B0")
    gone = five[1]
    text = office.confirm(left=[gone.pk], **{f"because-{gone.pk}": "died", f"because-{five[2].pk}": "died"})
    assert "离开 1" in text
    closed = Membership.objects.exclude(active_to_date=None).get()
    assert (closed.member, closed.left_because) == (gone, "died")
    assert user_by_phone("13800000101") is None


def test_everybody_absent_from_the_units_of_the_file(office: Office, five: list[User]) -> None:
    office.check(f"{BRANCH},甲0,13800000100,B0")
    office.confirm(**{"left-all": "1", "because-all": "transferred"})
    gone = set(Membership.objects.exclude(active_to_date=None).values_list("member__name", "left_because"))
    assert gone == {("甲1", "transferred"), ("甲2", "transferred")}  # the other unit is not in the file


def test_a_tick_for_somebody_who_is_not_absent_does_nothing(office: Office, five: list[User]) -> None:
    stranger = UserFactory(name="没有组织")
    office.check(f"{BRANCH},甲0,13800000100,B0")
    reasons = {f"because-{one.pk}": "died" for one in (five[0], stranger, office.operator)}
    bad = {f"because-{five[1].pk}": "no such reason"}
    office.confirm(left=[five[0].pk, five[1].pk, stranger.pk, office.operator.pk, "x"], **reasons, **bad)
    assert not Membership.objects.exclude(active_to_date=None).exists()


def test_the_command_lists_the_absent_and_acts_only_when_told(office: Office, five: list[User], tmp_path: Path) -> None:
    path = write(tmp_path, f"{BRANCH},甲0,13800000100,B0", head="组织,姓名,手机号,编号")
    status, lines = command(path)
    assert (status, lines[:2]) == (0, ["不在文件里: 甲1 第一支部", "不在文件里: 甲2 第一支部"])
    assert not Membership.objects.exclude(active_to_date=None).exists()
    assert command(path, "--absent-left", "transferred")[1][:2] == [
        "不在文件里，办理离开: 甲1 第一支部",
        "不在文件里，办理离开: 甲2 第一支部",
    ]
    assert Membership.objects.exclude(active_to_date=None).count() == 2


def test_people_above_are_never_listed_as_absent(office: Office, five: list[User], tmp_path: Path) -> None:
    township = Node.objects.get(name="永安镇")
    operator = RoleGrantFactory(node=township, role="operator").user
    RoleGrantFactory(user=five[1], node=office.root, role="organiser")
    outcome = import_roster(
        path_or_file=write(tmp_path, "第一支部,甲0,,B0", head="组织,姓名,手机号,编号"),
        under=township,
        dry_run=True,
        as_of=NOW,
        actor_id=operator.pk,
    )
    assert [one.name for one in outcome.absent] == ["甲2", "乙0", "乙1"]


# --- roles anywhere (secretary 9, 10) ---


def test_a_role_at_another_unit(office: Office) -> None:
    rows = [f"{BRANCH},张三,{ZHANG},A1,书记,", f"{BRANCH},张三,{ZHANG},A1,组织员、监督员,永安镇"]
    office.take(*rows, head=ROLES)
    zhang = user_by_phone(ZHANG)
    assert roles(zhang) == {("secretary", "第一支部"), ("organiser", "永安镇"), ("auditor", "永安镇")}
    assert User.objects.filter(name="张三").count() == 1
    assert "和现在一样" in office.check(*rows, head=ROLES).content.decode()


def test_moving_never_takes_a_role_elsewhere_away(office: Office) -> None:
    office.take(f"{BRANCH},张三,{ZHANG},A1,书记,", f"{BRANCH},张三,{ZHANG},A1,组织员,永安镇", head=ROLES)
    text = office.check(f"永安镇/第二支部,张三,{ZHANG},A1,,", head=ROLES).content.decode()
    assert "不再任支部书记：第一支部" in text
    assert "仍任组织员：永安镇" in text
    assert "导入以后没有书记" in text
    office.confirm()
    assert roles(user_by_phone(ZHANG)) == {("organiser", "永安镇")}
    office.take(f"永安镇/第二支部,张三,{ZHANG},A1,,永安镇", head=ROLES)  # dismissed by an empty cell, at that unit
    assert roles(user_by_phone(ZHANG)) == set()


def test_dismissal_needs_the_column_and_is_shown(office: Office) -> None:
    office.take(f"{BRANCH},张三,{ZHANG},A1,书记,", head=ROLES)
    assert "和现在一样" in office.check(f"{BRANCH},张三,{ZHANG},A1").content.decode()
    assert "不再任支部书记：第一支部" in office.check(f"{BRANCH},张三,{ZHANG},A1,,", head=ROLES).content.decode()
    text = office.confirm()
    assert "没有书记的组织（1）：第一支部" in text
    assert roles(user_by_phone(ZHANG)) == set()


def test_a_role_at_a_unit_that_is_not_there_is_refused(office: Office) -> None:
    page = office.check(f"{BRANCH},张三,{ZHANG},A1,组织员,长安镇", head=ROLES)
    assert (page.status_code, "没有“长安镇”这个组织" in page.content.decode()) == (422, True)


def test_merging_two_branches_says_who_is_left_without_a_secretary(office: Office) -> None:
    office.take(f"{BRANCH},张三,{ZHANG},A1,书记,", f"永安镇/第二支部,李四,{LI},A2,书记,", head=ROLES)
    page = office.check(f"永安镇/联合支部,张三,{ZHANG},A1", f"永安镇/联合支部,李四,{LI},A2")
    text = page.content.decode()
    assert "导入以后没有书记" in text
    assert "导入以后不再有人" in text
    done = office.confirm()
    assert "没有书记的组织（1）：青溪县/永安镇/联合支部" in done
    assert "不再有人的组织（2）：第一支部、第二支部" in done


def test_a_unit_with_another_secretary_is_not_left_without_one(office: Office) -> None:
    both = f"{BRANCH},张三,{ZHANG},A1,书记,", f"{BRANCH},李四,{LI},A2,书记,"
    office.take(*both, "永安镇/第二支部,王五,13800000005,A5,书记,", head=ROLES)
    text = office.check(f"永安镇/第二支部,张三,{ZHANG},A1").content.decode()
    assert ("不再任支部书记：第一支部" in text, "导入以后没有书记" in text) == (True, False)


def test_whoever_moves_stays_secretary_where_the_file_says_so(office: Office) -> None:
    office.take(f"{BRANCH},张三,{ZHANG},A1,书记,", head=ROLES)
    office.take(f"永安镇/第二支部,张三,{ZHANG},A1,书记,{BRANCH}", head=ROLES)
    zhang = user_by_phone(ZHANG)
    assert (membership_on(member_id=zhang.pk, on_date=timezone.localdate()).node.name, roles(zhang)) == (
        "第二支部",
        {("secretary", "第一支部")},
    )


def test_posts_of_a_membership_list_end_no_role(office: Office) -> None:
    office.take(f"{BRANCH},张三,{ZHANG},A1,组织员,", head=ROLES)
    office.take(f"{BRANCH},张三,{ZHANG},A1,书记", head="组织,姓名,手机号,编号,党内职务")
    assert roles(user_by_phone(ZHANG)) == {("organiser", "第一支部"), ("secretary", "第一支部")}


def test_an_absent_person_who_leaves_meanwhile_leaves_once(
    office: Office, five: list[User], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Somebody else says so on the person's page, between the list of the absent and the reading of what they hold."""
    held_by, gone = roster_absent.held_by, five[1]

    def overtaken(*asked: Any) -> Any:
        end_membership(member_id=gone.pk, because=Left.DIED, on_date=TODAY, as_of=NOW)
        return held_by(*asked)

    monkeypatch.setattr(roster_absent, "held_by", overtaken)
    outcome = take(tmp_path, f"{BRANCH},甲0,13800000100,B0,,,", answers=Answers(all_absent="transferred", all_of=None))
    assert outcome.left == 1
    left = Membership.objects.exclude(active_to_date=None).order_by("member__name")
    assert list(left.values_list("member__name", "left_because")) == [("甲1", "died"), ("甲2", "transferred")]


def test_of_two_units_of_one_name_the_open_one_is_meant(office: Office) -> None:
    office.take(f"{BRANCH},张三,{ZHANG},A1", f"永安镇/第二支部,李四,{LI},A2")
    first, second = Node.objects.get(name="第一支部"), Node.objects.get(name="第二支部")
    merge_unit(node_id=second.pk, into_id=first.pk, on_date=timezone.localdate())
    rename_unit(node_id=first.pk, name="第二支部")
    text = office.check(f"永安镇/第二支部,张三,{ZHANG},A1", f"永安镇/第二支部,李四,{LI},A2").content.decode()
    assert "和现在一样" in text


# --- the whole life of a file, and of an export ---


def test_an_export_comes_in_unchanged(office: Office, tmp_path: Path) -> None:
    office.take(
        f"{BRANCH},张三,{ZHANG},A1,书记,",
        f"{BRANCH},张三,{ZHANG},A1,组织员,永安镇",
        f"{BRANCH},李四,{LI},,,",
        "永安镇/第二支部,李四,13800000003,,,",
        head=ROLES,
    )
    take(tmp_path, f"{BRANCH},王五,,W5,2024-01-05,免学,")
    people = list(User.objects.order_by("pk").values())
    exported = b"".join(office.client.get(reverse("roster_export"), {"under": office.root.pk}).streaming_content)
    file = SimpleUploadedFile("名册.xlsx", exported)
    page = office.client.post(reverse("roster_check"), {"file": file, "under": office.root.pk})
    text = page.content.decode()
    assert "和现在一样，没有要改的" in text
    assert "不在文件里" not in text
    assert list(User.objects.order_by("pk").values()) == people


def test_a_mistake_an_answer_a_yes_and_the_same_file_again(office: Office) -> None:
    office.take(f"{BRANCH},张三,{ZHANG},", f"{BRANCH},李四,{LI},")
    rows = [f"{BRANCH},张三,13800000011,", f"{BRANCH},李四,{LI},"]
    mistaken = office.check(*rows, f"{BRANCH},王五,123,")
    assert (mistaken.status_code, "行 4: 手机号" in mistaken.content.decode()) == (422, True)
    asked = office.check(*rows, f"{BRANCH},王五,13800000005,")
    assert "先请您确认，还没有导入" in asked.content.decode()
    assert "检查过了，还没有导入" in office.client.get("/roster/").content.decode()
    assert office.client.get(reverse("roster_review")).content.decode().count("<fieldset") == 1  # reloaded
    preview = office.answer(asked, "new_phone").content.decode()
    assert "新增 王五" in preview
    assert "更新 张三" in preview
    assert "您的回答（1）" in preview
    assert "已导入：新增 1，更新 1" in office.confirm()
    assert "和现在一样" in office.check(*rows, f"{BRANCH},王五,13800000005,").content.decode()


def test_the_review_costs_the_same_for_few_rows_and_for_many(
    office: Office, django_assert_max_num_queries: Any
) -> None:
    counted = []
    office.take(f"{BRANCH},张三,{ZHANG},A1")
    for many in (3, 60):
        office.check(*[f"{BRANCH},甲{many}{n},138000{many:02d}{n:03d},M{many}-{n}" for n in range(many)])
        with django_assert_max_num_queries(40) as queries:
            office.client.get(reverse("roster_review"))
        counted.append(len(queries))
        office.confirm()
    assert counted[0] == counted[1]


def test_the_answers_are_one_operator_s(office: Office, var_dir: Path) -> None:
    office.take(f"{BRANCH},张三,{ZHANG},", f"{BRANCH},李四,{LI},")
    office.check(f"{BRANCH},王五,{ZHANG},")
    other = Client()
    other.force_login(RoleGrantFactory(node=office.root, role="operator").user)
    assert "请重新上传" in other.get(reverse("roster_review"), follow=True).content.decode()
    assert "请重新上传" in other.post(reverse("roster_confirm"), follow=True).content.decode()
    member = Client()
    member.force_login(user_by_phone(ZHANG))
    assert member.get(reverse("roster_review")).status_code == 404
    assert member.post(reverse("roster_review")).status_code == 404


def test_a_closed_unit_takes_nobody(office: Office) -> None:
    office.take(f"{BRANCH},张三,{ZHANG},A1", f"永安镇/第二支部,李四,{LI},A2")
    Node.objects.filter(name="第二支部").update(closed_date=TODAY)
    page = office.check(f"永安镇/第二支部,张三,{ZHANG},A1")
    assert (page.status_code, "“青溪县/永安镇/第二支部”已撤销" in page.content.decode()) == (422, True)


def test_a_unit_named_with_wide_brackets_is_the_same_one(office: Office) -> None:
    office.take(f"永安镇/(退休)支部,张三,{ZHANG},A1")
    Node.objects.filter(name="(退休)支部").update(name="（退休）支部")
    assert "和现在一样" in office.check(f"永安镇/（退休）支部,张三,{ZHANG},A1").content.decode()
