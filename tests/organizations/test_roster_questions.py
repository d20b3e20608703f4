"""A person of a roster is never mistaken for another: what is open is asked, on the page and by the command."""

import datetime as dt
import io
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.core.management import call_command
from django.test import Client
from django.urls import reverse

from organizations.models import Membership, Node, User
from organizations.operations import Answers, UnableToImportRoster, import_roster
from organizations.queries import phone_of, user_by_phone
from tests.factories.organizations import PASSWORD, MembershipFactory, NodeFactory, RoleGrantFactory, UserFactory
from tests.organizations.authenticator import prove

pytestmark = [pytest.mark.integration, pytest.mark.django_db]
NOW = dt.datetime(2026, 11, 23, 4, tzinfo=dt.UTC)
BRANCH = "永安镇/第一支部"
HEAD = "组织,姓名,手机号,编号"
ZHANG, LI = "13800000001", "13800000002"
Write = Callable[..., Path]


def shown(page: Any) -> str:
    """What the forms of a review page say that it shows."""
    found = re.search(r'name="waiting" value="([0-9a-f-]+)"', page.content.decode())
    return found[1] if found else ""


class Office:
    """An operator at a county, and the roster page as they use it."""

    def __init__(self, client: Client) -> None:
        self.root = NodeFactory(name="青溪县", code="QX", kind="county")
        self.operator = RoleGrantFactory(node=self.root, role="operator", user__name="郑管理员").user
        self.client = client
        client.force_login(self.operator)
        prove(client)

    def check(self, *rows: str, head: str = HEAD) -> Any:
        file = SimpleUploadedFile("名册.csv", "\n".join([head, *rows]).encode())
        return self.client.post(reverse("roster_check"), {"file": file, "under": self.root.pk})

    def answer(self, page: Any, *answers: str) -> Any:
        """Answer the open questions of the page, in their order."""
        keys = list(dict.fromkeys(re.findall(r'name="(q-[0-9a-f]+)"', page.content.decode())))
        given = {key: answer for key, answer in zip(keys, answers, strict=True) if answer}
        return self.client.post(reverse("roster_review"), {**given, "waiting": shown(page)})

    def confirm(self, **ticks: Any) -> str:
        page = self.client.post(
            reverse("roster_confirm"),
            {"waiting": shown(self.client.get(reverse("roster_review"))), **ticks},
            follow=True,
        )
        assert "已导入：" in page.content.decode()
        return str(page.content.decode())

    def take(self, *rows: str, head: str = HEAD) -> str:
        assert self.check(*rows, head=head).status_code == 200
        return self.confirm()


@pytest.fixture
def office(client: Client, var_dir: Path) -> Office:
    return Office(client)


@pytest.fixture
def two(office: Office) -> tuple[User, User]:
    """张三 and 李四 of one branch without a 编号; 张三 has a password and is signed in on his phone."""
    office.take(f"{BRANCH},张三,{ZHANG},", f"{BRANCH},李四,{LI},")
    zhang, li = user_by_phone(ZHANG), user_by_phone(LI)
    zhang.set_password(PASSWORD)
    zhang.save()
    return zhang, li


def write(folder: Path, *rows: str, head: str = HEAD) -> Path:
    path = folder / "roster.csv"
    path.write_text("\n".join([head, *rows]))
    return path


def command(path: Path, *options: str) -> tuple[int, list[str]]:
    out, status = io.StringIO(), 0
    try:
        call_command("import_roster", str(path), *options, stdout=out)
    except SystemExit as stop:
        status = int(stop.code or 0)
    return status, out.getvalue().splitlines()


def people() -> dict[str, list[tuple[int, str]]]:
    """By name: who there is, with the last digits of their phone."""
    found: dict[str, list[tuple[int, str]]] = {}
    for user in User.objects.exclude(name="郑管理员").order_by("pk"):
        found.setdefault(user.name, []).append((user.pk, user.phone_last4))
    return found


def signed_in(user: User) -> Client:
    phone = Client()
    phone.force_login(user)
    assert phone.get("/display/").status_code == 405
    return phone


def still_in(phone: Client) -> bool:
    return bool(phone.get("/me/access/").status_code == 200)


# --- a phone that another name carries (secretary 1) ---

INHERITED = [f"{BRANCH},张三,13800000011,", f"{BRANCH},李四,{LI},", f"{BRANCH},王五,{ZHANG},"]


def test_whoever_inherits_a_number_inherits_nothing_else(office: Office, two: tuple[User, User]) -> None:
    zhang, li = two
    phone = signed_in(zhang)
    page = office.check(*INHERITED)
    text = page.content.decode()
    assert "行 4: 手机号 138****0001 原来是张三的，文件里写的是王五。" in text
    assert "“第一支部”已经有一位张三" in text
    assert people() == {"张三": [(zhang.pk, "0001")], "李四": [(li.pk, "0002")]}
    office.answer(page, "new_phone", "new_person")
    office.confirm()
    wang = user_by_phone(ZHANG)
    assert people() == {"张三": [(zhang.pk, "0011")], "李四": [(li.pk, "0002")], "王五": [(wang.pk, "0001")]}
    assert wang.pk not in (zhang.pk, li.pk)
    assert (wang.has_usable_password(), wang.check_password(PASSWORD)) == (False, False)
    assert not still_in(phone)  # the number passed on: whoever used it signs in anew
    assert "和现在一样" in office.check(*INHERITED).content.decode()


def test_a_renamed_person_stays_themselves(office: Office, two: tuple[User, User]) -> None:
    zhang, li = two
    User.objects.update(name_key="")
    rows = [f"{BRANCH},张叁,{ZHANG},", f"{BRANCH},李四,{LI},"]
    page = office.check(*rows)
    assert "张三改名为张叁，是同一个人" in page.content.decode()
    office.answer(page, "renamed")
    office.confirm()
    assert people() == {"张叁": [(zhang.pk, "0001")], "李四": [(li.pk, "0002")]}
    zhang.refresh_from_db()
    assert zhang.name_key == "zhang1san1"  # what people are listed by changes with the name
    assert zhang.check_password(PASSWORD)
    assert "和现在一样" in office.check(*rows).content.decode()


def test_the_person_whose_number_passed_keeps_everything_but_the_number(
    office: Office, two: tuple[User, User], tmp_path: Path
) -> None:
    """Case 50: one row, another name with the phone of a known member."""
    zhang, _ = two
    User.objects.filter(pk=zhang.pk).update(number="A1")
    status, lines = command(write(tmp_path, f"{BRANCH},王五,{ZHANG},"))
    assert status == 1
    assert lines == [
        "行 2: 请确认 手机号 138****0001 原来是张三（A1）的，文件里写的是王五。"
        "改名：张三改名为王五，是同一个人，参训记录不变；"
        "换了人：新建王五，用手机号 138****0001。张三保留自己的参训记录，但不能再用这个号码登录。请在“说明”一列回答。"
    ]
    assert user_by_phone(ZHANG) == zhang
    answered = write(tmp_path, f"{BRANCH},王五,{ZHANG},,换了人", head=f"{HEAD},说明")
    assert command(answered)[0] == 0
    wang = user_by_phone(ZHANG)
    zhang.refresh_from_db()
    assert (wang.name, wang.pk != zhang.pk, wang.has_usable_password()) == ("王五", True, False)
    assert (zhang.name, zhang.number, zhang.phone_index, phone_of(zhang)) == ("张三", "A1", None, "")
    assert not zhang.has_usable_password()
    assert Membership.objects.get(member=zhang).active_to_date is None
    assert command(answered)[1][-1].endswith("不变 1；新建组织 0")


@pytest.mark.parametrize("door", ["page", "command"])
def test_two_numbers_typed_the_wrong_way_round_are_repaired_in_place(
    office: Office, two: tuple[User, User], tmp_path: Path, door: str
) -> None:
    zhang, li = two
    rows = [f"{BRANCH},张三,{LI},", f"{BRANCH},李四,{ZHANG},"]
    if door == "page":
        page = office.check(*rows)
        assert page.content.decode().count("<fieldset") == 2
        office.answer(page, "new_phone", "new_phone")
        office.confirm()
    else:
        assert command(write(tmp_path, *rows))[0] == 1
        answered = write(tmp_path, *[f"{row},换号" for row in rows], head=f"{HEAD},说明")
        assert command(answered)[0] == 0
    assert people() == {"张三": [(zhang.pk, "0002")], "李四": [(li.pk, "0001")]}
    zhang.refresh_from_db()
    assert not zhang.has_usable_password()  # whoever had the number may have set it
    assert "和现在一样" in office.check(*rows).content.decode()


def test_numbers_shifted_by_a_row_exchange_nobody(office: Office, tmp_path: Path) -> None:
    office.take(f"{BRANCH},张三,{ZHANG},A1", f"{BRANCH},李四,{LI},A2")
    before = people()
    shifted = [f"{BRANCH},张三,{ZHANG},A2", f"{BRANCH},李四,{LI},A1"]
    page = office.check(*shifted)
    assert "张三的编号写成了 A2，这个编号现在是李四（A2）的。编号可能错行了。" in page.content.decode()
    assert command(write(tmp_path, *shifted))[0] == 1
    assert people() == before
    office.answer(page, "new_phone", "new_phone")
    office.confirm()
    assert people() == before  # names and phones stay with their people
    assert [User.objects.get(name=name).number for name in ("张三", "李四")] == ["A2", "A1"]
    names_shifted = [f"{BRANCH},李四,{ZHANG},A2", f"{BRANCH},张三,{LI},A1"]
    assert command(write(tmp_path, *names_shifted))[0] == 1
    assert people() == before


def test_a_number_of_another_person_is_asked_about_and_taken_only_then(office: Office) -> None:
    office.take(f"{BRANCH},张三,{ZHANG},A1", f"{BRANCH},李四,{LI},A2")
    page = office.check(f"{BRANCH},张三,{LI},A1")
    assert "张三的手机号写成了 138****0002，这个号码现在是李四（A2）的。" in page.content.decode()
    office.answer(page, "new_phone")
    office.confirm()
    assert [user.phone_last4 for user in User.objects.filter(number__in=["A1", "A2"]).order_by("number")] == [
        "0002",
        "",
    ]


def test_an_unanswered_question_takes_nothing_over(office: Office, two: tuple[User, User]) -> None:
    page = office.check(*INHERITED)
    half = office.answer(page, "new_phone", "")
    assert (half.status_code, "还有 1 处没有回答" in half.content.decode()) == (422, True)
    refused = office.client.post(reverse("roster_confirm"), {"waiting": shown(half)})
    assert (refused.status_code, User.objects.filter(name="王五").exists()) == (422, False)
    whole = office.answer(refused, "new_person")  # the first answer is still there
    assert whole.status_code == 200
    office.confirm()
    assert user_by_phone(ZHANG).name == "王五"


def test_answers_stay_when_the_file_is_corrected(office: Office, two: tuple[User, User]) -> None:
    office.answer(office.check(*INHERITED), "new_phone", "new_person")
    mistaken = office.check(*INHERITED, f"{BRANCH},赵六,12,")
    assert mistaken.status_code == 422
    corrected = office.check(f"{BRANCH},赵六,13800000006,", *INHERITED)  # further down now
    assert "<fieldset" not in corrected.content.decode().split("您的回答")[0]
    office.confirm()
    assert user_by_phone(ZHANG).name == "王五"


def test_an_answer_that_does_not_fit_is_refused(office: Office, two: tuple[User, User], tmp_path: Path) -> None:
    path = write(tmp_path, f"{BRANCH},王五,{ZHANG},,同名的两个人", head=f"{HEAD},说明")
    assert command(path) == (1, ["行 2: 说明 这里不能这样回答，请看检查结果里列出的回答。"])
    page = office.answer(office.check(f"{BRANCH},王五,{ZHANG},"), "namesake")
    assert page.status_code == 422
    assert user_by_phone(ZHANG).name == "张三"


def test_two_answers_cannot_mean_one_person(office: Office, two: tuple[User, User]) -> None:
    page = office.answer(office.check(*INHERITED), "new_phone", "renamed")
    text = page.content.decode()
    assert (page.status_code, "和第 2 行是系统里的同一个人，请核对您的回答。" in text) == (422, True)


def test_what_changes_after_the_answer_is_asked_again(office: Office, two: tuple[User, User]) -> None:
    zhang, li = two
    answered = office.answer(office.check(f"{BRANCH},王五,{ZHANG},"), "renamed")
    User.objects.filter(pk=zhang.pk).update(phone_index=None)
    User.objects.filter(pk=li.pk).update(phone_index=zhang.phone_index)
    page = office.client.post(reverse("roster_confirm"), {"waiting": shown(answered)})
    assert (page.status_code, "原来是李四的" in page.content.decode()) == (422, True)
    assert not User.objects.filter(name="王五").exists()


# --- a known name with another number (secretary 2) ---


@pytest.mark.parametrize("door", ["page", "command"])
@pytest.mark.parametrize(("answer", "word", "there"), [("new_phone", "换号", 1), ("namesake", "同名的两个人", 2)])
def test_a_member_with_another_number_is_asked_about(
    office: Office, two: tuple[User, User], tmp_path: Path, door: str, answer: str, word: str, there: int
) -> None:
    zhang, _ = two
    rows = [f"{BRANCH},张三,13800000011,", f"{BRANCH},李四,{LI},"]
    if door == "page":
        office.answer(office.check(*rows), answer)
        office.confirm()
    else:
        status, lines = command(write(tmp_path, *rows))
        assert (status, word in lines[0]) == (1, True)
        answered = write(tmp_path, f"{rows[0]},{word}", f"{rows[1]},", head=f"{HEAD},说明")
        assert command(answered)[0] == 0
    assert User.objects.filter(name="张三").count() == there
    zhang.refresh_from_db()
    assert zhang.phone_last4 == ("0011" if there == 1 else "0001")
    assert "和现在一样" in office.check(*rows).content.decode()


def test_a_known_name_is_asked_about_after_a_reorganisation_too(office: Office, two: tuple[User, User]) -> None:
    zhang, _ = two
    page = office.check("永安镇/第二支部,张三,13800000011,")
    office.answer(page, "new_phone")
    office.confirm()
    assert user_by_phone("13800000011") == zhang
    assert Membership.objects.get(member=zhang, active_to_date=None).node.name == "第二支部"


def test_a_name_far_away_is_somebody_else(office: Office, two: tuple[User, User]) -> None:
    office.take("太平镇/河东支部,张三,13800000011,")
    assert User.objects.filter(name="张三").count() == 2


def test_two_of_one_name_in_one_unit_are_two_only_if_somebody_says_so(office: Office, tmp_path: Path) -> None:
    rows = [f"{BRANCH},张三,{ZHANG},", f"{BRANCH},张三,{LI},"]
    status, lines = command(write(tmp_path, *rows))
    assert (status, lines[0].startswith("行 3: 请确认 同一个组织里有两位张三，另一位在第 2 行。")) == (1, True)
    office.answer(office.check(*rows), "namesake")
    office.confirm()
    assert len(people()["张三"]) == 2
    assert "和现在一样" in office.check(*rows).content.decode()


def test_with_several_of_that_name_the_file_has_to_say_which(office: Office) -> None:
    office.answer(office.check(f"{BRANCH},张三,{ZHANG},", f"{BRANCH},张三,{LI},"), "namesake")
    office.confirm()
    page = office.check(f"{BRANCH},张三,13800000003,")
    assert "这里已经有 2 位张三。如果是其中一位，请在文件里写上他的编号或系统编号。" in page.content.decode()
    assert 'value="new_phone"' not in page.content.decode()


# --- a number handed on (secretary 8), 编号 (secretary 20) ---


@pytest.mark.parametrize("door", ["page", "command"])
def test_a_number_handed_on_within_one_file_needs_no_question(office: Office, tmp_path: Path, door: str) -> None:
    office.take(f"{BRANCH},张三,{ZHANG},A1")
    zhang = user_by_phone(ZHANG)
    rows = [f"{BRANCH},张三,13800000011,A1", f"{BRANCH},王五,{ZHANG},A3"]
    if door == "page":
        text = office.check(*rows).content.decode()
        assert "新增 王五 青溪县/永安镇/第一支部（手机号原来是张三的）" in text
        office.confirm()
    else:
        assert command(write(tmp_path, *rows))[0] == 0
    assert user_by_phone("13800000011") == zhang
    assert (user_by_phone(ZHANG).name, user_by_phone(ZHANG).number) == ("王五", "A3")
    assert "和现在一样" in office.check(*rows).content.decode()


@pytest.mark.parametrize("door", ["page", "command"])
def test_a_number_whose_old_holder_left_can_be_given_to_somebody_new(office: Office, tmp_path: Path, door: str) -> None:
    office.take(f"{BRANCH},张三,{ZHANG},A1")
    zhang = user_by_phone(ZHANG)
    row = f"{BRANCH},王五,{ZHANG},A3"
    if door == "page":
        page = office.check(row)
        assert 'value="renamed"' not in page.content.decode()  # another 编号 and another name is no renaming
        office.answer(page, "new_person")
        office.confirm()
    else:
        assert command(write(tmp_path, row))[0] == 1
        assert command(write(tmp_path, f"{row},换了人", head=f"{HEAD},说明"))[0] == 0
    zhang.refresh_from_db()
    assert (user_by_phone(ZHANG).name, zhang.name, zhang.number, zhang.phone_last4) == ("王五", "张三", "A1", "")
    assert "和现在一样" in office.check(row).content.decode()


def test_one_way_of_writing_a_number(office: Office) -> None:
    office.take(f"{BRANCH},张三,,Y001", f"{BRANCH},李四,,001")
    before = people()
    assert "和现在一样" in office.check(f"{BRANCH},张三,,y001", f"{BRANCH},李四,,1").content.decode()
    assert people() == before


def test_a_new_phone_for_a_known_number_and_name_needs_no_question(office: Office) -> None:
    office.take(f"{BRANCH},张三,{ZHANG},A1")
    office.take(f"{BRANCH},张三,13800000011,A1")
    assert (user_by_phone("13800000011").number, user_by_phone(ZHANG)) == ("A1", None)


@pytest.mark.parametrize(("answer", "count"), [("renamed", 1), ("new_person", 2)])
def test_a_number_that_another_name_carries(office: Office, answer: str, count: int) -> None:
    office.take(f"{BRANCH},张三,{ZHANG},A1")
    row = f"{BRANCH},王五,13800000005,A1"
    office.answer(office.check(row), answer)
    office.confirm()
    assert User.objects.filter(memberships__node__name="第一支部").count() == count
    assert (user_by_phone("13800000005").name, user_by_phone("13800000005").number) == ("王五", "A1")
    assert "和现在一样" in office.check(row).content.decode()


IDS = "组织,姓名,手机号,系统编号"


def test_a_number_of_one_and_a_phone_of_another_is_somebody_new_or_a_renamed_one(office: Office) -> None:
    office.take(f"{BRANCH},张三,{ZHANG},A1", f"{BRANCH},李四,{LI},A2")
    row = f"{BRANCH},王五,{LI},A1"
    page = office.check(row)
    assert "编号 A1 原来是张三的，手机号 138****0002 原来是李四（A2）的，文件里写的是王五。" in page.content.decode()
    office.answer(page, "new_person")
    office.confirm()
    wang = user_by_phone(LI)
    assert (wang.name, wang.number) == ("王五", "A1")
    assert list(User.objects.filter(name__in=["张三", "李四"]).order_by("pk").values_list("number", "phone_last4")) == [
        (None, "0001"),
        ("A2", ""),
    ]


@pytest.mark.parametrize(("phone", "count"), [("", 1), ("13800000005", 2)])
def test_a_system_number_under_another_name_is_asked_about(
    office: Office, two: tuple[User, User], phone: str, count: int
) -> None:
    """Without a phone or 编号 nobody new can be made of the row."""
    zhang, _ = two
    page = office.check(f"{BRANCH},张叁,{phone},{zhang.public_id}", head=IDS)
    text = page.content.decode()
    assert "系统编号原来是张三的，文件里写的是张叁。" in text
    assert ('value="new_person"' in text, "新建张叁。" in text) == (count == 2, count == 2)
    office.answer(page, "renamed" if count == 1 else "new_person")
    office.confirm()
    assert User.objects.filter(name__in=["张三", "张叁"]).count() == count


@pytest.mark.parametrize(
    ("head", "row", "line"),
    [
        (
            IDS,
            "王五,,00000000-0000-4000-8000-000000000000",
            "系统编号 系统里没有这个系统编号，请重新导出名册，或者填写手机号或编号。",
        ),
        (f"{HEAD},状态", f"王五,{ZHANG},A9,转出", "姓名 和系统里的人对不上，请核对姓名、编号和手机号。"),
    ],
    ids=["an unknown id", "leaves by the phone of another"],
)
def test_a_row_that_can_be_nobody_is_refused(office: Office, tmp_path: Path, head: str, row: str, line: str) -> None:
    office.take(f"{BRANCH},张三,{ZHANG},A1")
    assert command(write(tmp_path, f"{BRANCH},{row}", head=head)) == (1, [f"行 2: {line}"])
    assert list(people()) == ["张三"]


@pytest.mark.parametrize(
    ("rows", "said"),
    [
        (["张三,,A1", f"李四,{ZHANG},A2"], "不再有手机号，不能登录"),
        ([f"张三,{ZHANG},", f"李四,{LI},A1"], "不再有编号"),
    ],
)
def test_whoever_loses_a_number_to_another_row_is_said_to(office: Office, rows: list[str], said: str) -> None:
    office.take(f"{BRANCH},张三,{ZHANG},A1", f"{BRANCH},李四,{LI},{'A2' if 'A2' in rows[1] else ''}")
    page = office.answer(office.check(*[f"{BRANCH},{row}" for row in rows]), "new_phone")
    text = page.content.decode()
    assert ("更新 张三" in text, said in text) == (True, True)
    office.confirm()
    zhang, li = User.objects.get(name="张三"), User.objects.get(name="李四")
    assert (zhang.number, zhang.phone_last4) == (("A1", "") if "A2" in rows[1] else (None, "0001"))
    assert (li.number, li.phone_last4) == (("A2", "0001") if "A2" in rows[1] else ("A1", "0002"))


# --- reach (security 7) ---


@pytest.mark.parametrize("column", ["手机号", "编号"])
def test_what_is_held_by_somebody_out_of_reach_is_taken_from_nobody(
    office: Office, tmp_path: Path, column: str
) -> None:
    office.take(f"{BRANCH},张三,{ZHANG},{'A1' if column == '手机号' else ''}")
    township = Node.objects.get(name="永安镇")
    operator = RoleGrantFactory(node=township, role="operator").user
    outside = RoleGrantFactory(node=office.root, role="organiser", user__name="县里的人", user__number="N1").user
    row = f"第一支部,张三,{phone_of(outside)},A1" if column == "手机号" else f"第一支部,张三,{ZHANG},N1"
    with pytest.raises(UnableToImportRoster) as refused:
        import_roster(path_or_file=write(tmp_path, row), under=township, dry_run=True, as_of=NOW, actor_id=operator.pk)
    assert refused.value.lines == [f"行 2: {column} 此人不在您管理的范围内，请先与原单位联系。"]


def test_people_above_are_out_of_reach_and_not_even_named(office: Office, client: Client, tmp_path: Path) -> None:
    township = NodeFactory(name="永安镇", parent=office.root, kind="township")
    branch = NodeFactory(name="柳河村支部", parent=township)
    operator = RoleGrantFactory(node=township, role="operator").user
    outside = [
        RoleGrantFactory(node=office.root, role=role, user__name=f"县{role}").user
        for role in ("operator", "organiser", "lecturer", "auditor")
    ]
    member_above = RoleGrantFactory(node=office.root, role="organiser", user__name="县里的人").user
    MembershipFactory(member=member_above, node=branch)
    nowhere, root = UserFactory(name="没有组织"), UserFactory(name="超级", is_superuser=True)
    MembershipFactory(member=root, node=branch)
    for person in [*outside, member_above, nowhere, root]:
        for name in ("被改名的人", person.name):
            row = f"{branch.name},{name},{phone_of(person)},N{person.pk}"
            with pytest.raises(UnableToImportRoster) as refused:
                import_roster(
                    path_or_file=write(tmp_path, row), under=township, dry_run=True, as_of=NOW, actor_id=operator.pk
                )
            assert refused.value.lines == ["行 2: 组织 此人不在您管理的范围内，请先与原单位联系。"]
        before = person.name
        person.refresh_from_db()
        assert (person.name, person.number) == (before, None)
    unchanged = write(tmp_path, f"{branch.name},县里的人,{phone_of(member_above)},")
    outcome = import_roster(path_or_file=unchanged, under=township, dry_run=False, as_of=NOW, actor_id=operator.pk)
    assert outcome.unchanged == 1


# --- units (secretary 11, security 23) ---


@pytest.fixture
def village(office: Office) -> Node:
    office.take(f"永安镇/东风村/第一支部,张三,{ZHANG},A1", f"永安镇/东风村/第二支部,李四,{LI},A2")
    return Node.objects.get(name="第一支部")


@pytest.mark.parametrize(
    "path",
    [
        "永安镇/东风村/第1支部",
        "永安镇/东风村/第一党支部",
        "永安镇/第一支部",
        "第一支部",
        "永安镇-东风村-第一支部",
        "中共青溪县永安镇东风村第一支部委员会",
        "中共永安镇委员会/东风村/第一支部",
        "中共青溪县委员会/永安镇/东风村/第一支部",
    ],
)
def test_a_unit_spelled_otherwise_is_asked_about(office: Office, village: Node, tmp_path: Path, path: str) -> None:
    row = f"{path},张三,{ZHANG},A1"
    nodes = Node.objects.count()
    page = office.check(row)
    assert "但有很像的组织" in page.content.decode()
    assert command(write(tmp_path, row))[0] == 1
    assert Node.objects.count() == nodes
    text = office.answer(page, "same0").content.decode()
    assert "和现在一样" in text
    assert Node.objects.count() == nodes


@pytest.mark.parametrize("path", ["永安镇\\东风村\\第一支部", "永安镇>东风村>第一支部", "../第一支部", "永安镇/."])
def test_a_path_with_other_separators_or_without_a_name_is_refused(office: Office, village: Node, path: str) -> None:
    nodes = Node.objects.count()
    assert office.check(f"{path},张三,{ZHANG},A1").status_code == 422
    assert Node.objects.count() == nodes


def test_a_unit_that_is_only_like_another_can_be_made(office: Office, village: Node, tmp_path: Path) -> None:
    row = "永安镇/第一支部,王五,13800000005,A5"
    page = office.answer(office.check(row), "new")
    assert "青溪县/永安镇/第一支部" in page.content.decode()
    office.confirm()
    assert Node.objects.filter(name="第一支部").count() == 2
    assert "和现在一样" in office.check(row).content.decode()
    again = write(tmp_path, "永安镇/第2支部,赵六,13800000006,A6")
    assert (command(again)[0], command(again, "--new-units")[0]) == (1, 0)


def test_two_spellings_of_a_new_unit_in_one_file_are_asked_about(office: Office) -> None:
    page = office.check(f"永安镇/第一支部,张三,{ZHANG},A1", f"永安镇/第1支部,李四,{LI},A2")
    assert "系统里没有“青溪县/永安镇/第1支部”" in page.content.decode()
    office.answer(page, "same0")
    office.confirm()
    assert list(Node.objects.filter(kind="branch").values_list("name", flat=True)) == ["第一支部"]


def test_units_of_other_numbers_and_places_are_not_alike(office: Office, village: Node) -> None:
    page = office.check(
        "永安镇/东风村/第三支部,王五,13800000005,A5",
        "永安镇/西风村/第一支部,赵六,13800000006,A6",
        "太平镇/东风村/第一支部,孙七,13800000007,A7",
    )
    assert "会有这些变化" in page.content.decode()


def test_questions_cost_no_query_each(office: Office, django_assert_max_num_queries: Any, tmp_path: Path) -> None:
    rows = [f"{BRANCH},张{n},1380000{n:04d}," for n in range(200)]
    path = write(tmp_path, *rows)
    import_roster(path_or_file=path, under=None, dry_run=False, as_of=NOW)
    renamed = write(tmp_path, *[row.replace("张", "王") for row in rows])
    with django_assert_max_num_queries(25):
        outcome = import_roster(path_or_file=renamed, under=None, dry_run=True, as_of=NOW)
    assert len(outcome.open_questions) == 200
    answers = Answers(questions={question.key: "new_person" for question in outcome.open_questions})
    with django_assert_max_num_queries(60):
        done = import_roster(path_or_file=renamed, under=None, dry_run=False, as_of=NOW, answers=answers)
    assert (done.created, User.objects.filter(name__startswith="张").exclude(phone_index=None).count()) == (200, 0)
