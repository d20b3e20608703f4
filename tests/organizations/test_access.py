"""The access log: one row a list, who is covered by it, how often it is written, and who reads it."""

import datetime as dt
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from organizations.models import AccessEntry, Role, User
from organizations.operations import leave_node, log_access, log_list
from organizations.queries import access_entries
from tests.factories.organizations import County, MembershipFactory, make_county

pytestmark = [pytest.mark.integration, pytest.mark.django_db]
MINUTE = dt.timedelta(minutes=1)


@pytest.fixture
def world() -> County:
    return make_county()


def log(world: County, ids: list[int] | None, at: dt.datetime, **values: Any) -> None:
    given = {
        "reader_id": world.operator.pk,
        "node_id": world.branch.pk,
        "what": "unit",
        "role": Role.OPERATOR,
        **values,
    }
    log_list(member_ids=ids, as_of=at, **given)


def covered(people: list[User]) -> list[bool]:
    return [access_entries(subject_id=one.pk).exists() for one in people]


def test_a_list_is_one_row_for_those_whom_it_names(world: County) -> None:
    first, second, third = world.members
    log(world, [first.pk, third.pk, world.operator.pk], timezone.now())
    entry = AccessEntry.objects.get()
    # The reader saw three people and is one of them: who they were is said of the others.
    assert (entry.count, entry.role, entry.subject) == (3, "operator", None)
    assert entry.members == f",{first.pk},{third.pk},"
    assert covered([first, second, third, world.neighbour_member, world.operator]) == [True, False, True, False, False]


def test_a_list_of_nobody_else_is_nothing(world: County) -> None:
    log(world, [], timezone.now())
    log(world, [world.operator.pk], timezone.now())
    assert not AccessEntry.objects.exists()


def test_no_number_is_taken_for_another(world: County) -> None:
    """12 is not found in a list of 1, 2 and 112."""
    member = world.member
    log(world, [member.pk * 10 + 1, int(f"1{member.pk}"), member.pk + 1], timezone.now())
    assert covered([member]) == [False]


def test_the_same_list_within_ten_minutes_is_one_read_and_another_list_is_another(world: County) -> None:
    now, ids = timezone.now(), [one.pk for one in world.members]
    for minutes in (0, 5, 9):
        log(world, ids, now + minutes * MINUTE)
    assert AccessEntry.objects.count() == 1
    log(world, ids[:2], now + 9 * MINUTE)
    log(world, ids, now + 9 * MINUTE, reader_id=world.auditor.pk)
    log(world, ids, now + 9 * MINUTE, what="roster", once_in=None)
    log(world, ids, now + 9 * MINUTE, what="roster", once_in=None)
    assert AccessEntry.objects.count() == 5
    log(world, ids, now + 11 * MINUTE)
    assert AccessEntry.objects.count() == 6


def test_two_tables_of_the_same_people_are_two_reads(world: County) -> None:
    """Whatever names the page makes it another: its title, its filter, what it is a list of, the role."""
    now, ids = timezone.now(), [one.pk for one in world.members]
    pages: list[dict[str, Any]] = [
        {"title": "还没有参加"}, {"title": "全部认定结果"}, {"title": "第二讲"}, {"reason": "王"}, {"about": 7},
        {"about": 8}, {"title": "长" * 200}, {"role": Role.SECRETARY}, {"node_id": world.township.pk},
    ]  # fmt: skip
    for minutes in (0, 5):
        for page in pages:
            log(world, ids, now + minutes * MINUTE, **page)
    assert AccessEntry.objects.count() == len(pages)


def test_a_first_page_of_the_reader_alone_is_a_read_of_the_rest(world: County) -> None:
    log(world, [world.operator.pk], timezone.now(), count=3)
    entry = AccessEntry.objects.get()
    assert (entry.members, entry.count) == ("", 3)
    assert covered([world.member, world.neighbour_member]) == [True, False]


def test_the_same_person_within_ten_minutes_is_one_read(world: County) -> None:
    now = timezone.now()
    asked = {"reader_id": world.operator.pk, "what": "person", "role": Role.OPERATOR, "once_in": 10 * MINUTE}
    first, second, _third = (one.pk for one in world.members)
    log_access(subject_ids=[first], as_of=now, **asked)
    log_access(subject_ids=[first, second], as_of=now + 9 * MINUTE, **asked)
    assert list(AccessEntry.objects.order_by("pk").values_list("subject_id", flat=True)) == [first, second]
    log_access(subject_ids=[first], as_of=now + 11 * MINUTE, **asked)
    assert AccessEntry.objects.count() == 3


@pytest.mark.parametrize("ids", [None, "many"])
def test_a_list_too_long_to_name_covers_whoever_belonged_there_that_day(
    world: County, ids: str | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("organizations.operations.access.MOST_NAMED", 2)
    now = timezone.now()
    today = timezone.localdate(now)
    gone, new = world.members[2], MembershipFactory(node=world.branch, active_from_date=today + dt.timedelta(days=1))
    leave_node(member_id=gone.pk, on_date=today)
    log(world, [one.pk for one in world.members] if ids else None, now, node_id=world.township.pk, count=900)
    entry = AccessEntry.objects.get()
    assert (entry.members, entry.count) == ("", 900)
    people = [*world.members, new.member, world.neighbour_member, world.organiser]
    assert covered(people) == [True, True, False, False, True, False]
    # Whoever leaves afterwards was there then.
    leave_node(member_id=world.member.pk, on_date=today + dt.timedelta(days=3))
    assert covered([world.member]) == [True]


def test_the_first_of_a_longer_list_are_not_all_that_were_read(world: County) -> None:
    """A page names its people, the list behind it has more: everybody in its scope counts as read."""
    log(world, [world.member.pk], timezone.now(), count=2)
    entry = AccessEntry.objects.get()
    assert (entry.members, entry.count) == ("", 2)
    assert covered(world.members) == [True, True, True]


def test_a_member_reads_in_plain_words_who_when_and_why(world: County, client: Client) -> None:
    now = timezone.now()
    log(world, [world.member.pk], now)
    log_access(
        reader_id=world.secretary.pk, subject_ids=[world.member.pk], what="phone", as_of=now, role=Role.SECRETARY
    )
    client.force_login(world.member)
    text = " ".join(client.get("/me/access/").content.decode().split())
    for words in (
        "郑管理员", "管理员",
        "看了“东风村第一支部”的人员名单，里面有您。", "赵书记", "支部书记", "看了您的完整手机号，好联系您。",
        f">{timezone.localtime(now):%Y-%m-%d}<", f">{timezone.localtime(now):%H:%M}<",
    ):  # fmt: skip
        assert words in text
    assert client.post("/me/access/").status_code == 405


def test_what_one_reader_saw_on_one_day_is_one_card(world: County, client: Client) -> None:
    noon = dt.datetime(2026, 11, 23, 12, tzinfo=timezone.get_current_timezone())
    for hours in (0, 1, 2, 3, 24):
        log(world, [world.member.pk], noon + hours * 60 * MINUTE)
    log_access(
        reader_id=world.operator.pk, subject_ids=[world.member.pk], what="person", as_of=noon, role=Role.OPERATOR
    )
    log_access(reader_id=world.secretary.pk, subject_ids=[world.member.pk], what="record", as_of=noon)
    client.force_login(world.member)
    page = client.get("/me/access/")
    text = " ".join(page.content.decode().split())
    assert [(one.name, one.day.day, len(one.lines)) for one in page.context["cards"]] == [
        ("郑管理员", 24, 1), ("郑管理员", 23, 2), ("赵书记", 23, 1),
    ]  # fmt: skip
    assert (text.count("郑管理员"), text.count("赵书记"), text.count("看了“东风村第一支部”的人员名单")) == (2, 1, 2)
    assert '里面有您。</span> <span class="sub">4 次 12:00–15:00</span>' in text


def test_a_page_that_was_only_opened_is_not_told_as_what_may_follow(world: County, client: Client) -> None:
    now, ids = timezone.now(), [world.member.pk]
    for what in ("hall", "search", "table"):
        log(world, ids, now, what=what, title="第一讲")
    log(world, ids, now, what="export", title="第一讲", reason="xlsx", once_in=None)
    for what in ("record", "dispute"):
        log_access(reader_id=world.secretary.pk, subject_ids=ids, what=what, as_of=now, role=Role.SECRETARY)
    client.force_login(world.member)
    text = client.get("/me/access/").content.decode()
    for said in (
        "看了“第一讲”集中收看的名单（东风村第一支部），里面有您。",
        "在“第一讲”里按姓名找人（东风村第一支部），结果里有您。",
        "导出了报表“第一讲”（东风村第一支部，1 人，Excel 表格），里面有您。",
        "打开了您的参训记录。", "看了您对记录提出的意见。",
    ):  # fmt: skip
        assert said in text
    assert "登记“" not in text
    assert "XLSX" not in text
    client.force_login(world.auditor)
    assert "导出的报表文件 · 第一讲 · Excel 表格" in client.get("/audit/").content.decode()


def test_ones_own_list_costs_the_same_for_many_rows(
    world: County, client: Client, django_assert_max_num_queries: Any
) -> None:
    client.force_login(world.member)
    client.get("/me/access/")
    counted = []
    for rows in (1, 30):
        for row in range(rows):
            log(world, [world.member.pk], timezone.now() - (rows + row) * 20 * MINUTE)
        with django_assert_max_num_queries(20) as queries:
            assert client.get("/me/access/").status_code == 200
        counted.append(len(queries))
    assert counted[0] == counted[1]


def shown(client: Client, **asked: str) -> list[str]:
    page = client.get("/audit/", asked)
    assert page.status_code == 200
    return [f"{one.reader.name} {one.what}" for one in page.context["page"]]


def test_the_auditor_asks_by_reader_person_kind_and_day(world: County, client: Client) -> None:
    now = timezone.now()
    log(world, [one.pk for one in world.members], now)
    log_access(reader_id=world.secretary.pk, subject_ids=[world.members[1].pk], what="record", as_of=now)
    log_access(reader_id=world.secretary.pk, subject_ids=[world.member.pk], what="phone", as_of=now - 3 * 1440 * MINUTE)
    client.force_login(world.auditor)
    everything = ["赵书记 record", "郑管理员 unit", "赵书记 phone"]
    assert shown(client) == everything
    assert shown(client, by="郑") == ["郑管理员 unit"]
    assert shown(client, about="王一0") == ["郑管理员 unit", "赵书记 phone"]
    assert shown(client, about="王一1", what="record") == ["赵书记 record"]
    assert shown(client, day=timezone.localdate(now).isoformat()) == everything[:2]
    assert shown(client, about="没有这个人") == []
    assert "没有符合的记录" in client.get("/audit/", {"by": "无"}).content.decode()
    # What is no value is told as such and finds nothing.
    nonsense = (
        {"day": "昨天"}, {"day": "9999-99-99"}, {"day": "9999-12-31"}, {"day": "0001-01-01"}, {"what": "x"},
        {"by": "a\x00b"}, {"about": "长" * 100},
    )  # fmt: skip
    for asked in nonsense:
        assert shown(client, **asked) == []
        text = client.get("/audit/", asked).content.decode()
        assert 'class="error' in text
        assert "还没有查阅记录" not in text
    text = client.get("/audit/").content.decode()
    assert "郑管理员（管理员） → 东风村第一支部，3 人" in text
    for person in (world.operator, world.secretary, world.member):
        client.force_login(person)
        assert client.get("/audit/").status_code == 404


def test_a_command_has_no_reader_and_is_named_as_such(world: County, client: Client) -> None:
    """A list that a command wrote is in the own list of whom it named, and the auditor finds it."""
    now = timezone.now()
    log(world, [world.member.pk], now, reader_id=None, role="", what="export", reason="csv", title="防汛")
    log_access(reader_id=world.secretary.pk, subject_ids=[world.member.pk], what="record", as_of=now - MINUTE)
    assert covered([world.member, world.members[1]]) == [True, False]
    client.force_login(world.auditor)
    text = client.get("/audit/", {"by": "服务器"}).content.decode()
    assert "服务器上的命令 → 东风村第一支部，1 人" in text
    assert "赵书记" not in text
    client.force_login(world.member)
    mine = client.get("/me/access/").content.decode()
    assert "服务器上的命令" in mine
    assert "CSV 文件" in mine


def test_a_list_that_changes_as_it_is_looked_at_names_each_person_once_in_a_while(world: County) -> None:
    now, first, second = timezone.now(), world.members[0], world.members[1]

    def look(*people: User, after: int = 0, reason: str = "") -> None:
        ids, at = [one.pk for one in people], now + after * MINUTE
        log(world, ids, at, what="live", about=7, reason=reason, is_refreshed=True)

    look(first)
    look(first, after=1)
    look(first, world.operator, after=1)
    look(first, second, after=2)  # who came in is named, and nobody once more
    look(second, first, after=3)
    look(first, after=3, reason="王")
    look(first, after=11)
    found = AccessEntry.objects.filter(what="live").order_by("pk").values_list("members", "reason", "count")
    assert list(found) == [
        (f",{first.pk},", "", 1),
        (f",{second.pk},", "", 1),
        (f",{first.pk},", "王", 1),
        (f",{first.pk},", "", 1),
    ]
