"""The roster page, the access log, the display switches and the shell, seen by who may and who may not."""

import datetime as dt
from pathlib import Path
from typing import Any

import pytest
from auditlog.models import LogEntry
from django.conf import settings as site
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.urls import reverse

from organizations import pending
from organizations.context import tabs_for
from organizations.models import AccessEntry, Membership, RosterImport, User
from organizations.operations import UnableToRevealPhone, log_access, move_member, reveal_phone, set_phone
from organizations.queries import phone_of, user_by_phone
from tests.factories.organizations import County, RoleGrantFactory, UserFactory, make_county
from tests.organizations.authenticator import prove
from tests.organizations.test_roster_questions import shown

pytestmark = [pytest.mark.integration, pytest.mark.pages, pytest.mark.django_db]
NOW = dt.datetime(2026, 11, 23, 4, tzinfo=dt.UTC)
GOOD = "组织,姓名,手机号\n永安镇/东风村第三支部,周小梅,13700000001\n"
BAD = GOOD + "永安镇,李,12\n"


@pytest.fixture
def world() -> County:
    return make_county()


@pytest.fixture
def operator(world: County, client: Client, var_dir: Path) -> Client:
    client.force_login(world.operator)
    return prove(client)


def upload(client: Client, text: str, under: int, name: str = "名册.csv") -> Any:
    file = SimpleUploadedFile(name, text.encode())
    return client.post(reverse("roster_check"), {"file": file, "under": under})


def kept(var_dir: Path) -> list[Path]:
    return list((var_dir / "rosters").glob("*"))


# --- who may ---


@pytest.mark.parametrize("who", ["member", "secretary", "neighbour_secretary", "organiser", "lecturer", "auditor"])
def test_the_roster_is_the_operator_s(world: County, client: Client, who: str) -> None:
    client.force_login(getattr(world, who))
    assert client.get("/roster/").status_code == 404
    for name in ("roster_check", "roster_confirm", "roster_discard"):
        assert client.post(reverse(name)).status_code == 404
    assert User.objects.filter(name="周小梅").count() == 0


def test_a_file_waits_while_its_operator_proves_themselves(world: County, client: Client, var_dir: Path) -> None:
    """It may change whose number lets somebody in, as the form for it does."""
    client.force_login(world.operator)
    upload(client, "组织,姓名,手机号\n永安镇,周小梅,13800009999", world.county.pk)
    waiting = {"waiting": shown(client.get(reverse("roster_review")))}
    ticked = {
        "left": [world.member.pk],
        f"because-{world.member.pk}": "died",
        "left-all": "1",
        "because-all": "stopped",
    }
    answer = client.post(reverse("roster_confirm"), waiting | ticked)
    assert answer.headers["Location"] == "/accounts/factor/confirm/?next=%2Froster%2Freview%2F"
    assert not User.objects.filter(name="周小梅").exists()
    page = prove(client).get(reverse("roster_review"))
    assert shown(page) == waiting["waiting"]
    assert (page.context["ticks"], page.context["all_absent"]) == ({world.member.pk: "died"}, "stopped")
    client.post(reverse("roster_confirm"), waiting)
    assert User.objects.filter(name="周小梅").exists()


@pytest.mark.parametrize("who", ["member", "secretary", "organiser", "lecturer", "operator"])
def test_the_whole_log_is_the_auditor_s(world: County, client: Client, who: str) -> None:
    client.force_login(getattr(world, who))
    assert client.get("/audit/").status_code == 404


@pytest.mark.parametrize("path", ["/roster/", "/audit/", "/me/access/"])
def test_visitors_are_asked_to_sign_in(client: Client, path: str) -> None:
    assert client.get(path).headers["Location"] == f"/accounts/login/?next={path}"


@pytest.mark.parametrize("path", ["/roster/check/", "/roster/confirm/", "/roster/discard/", "/display/"])
def test_changes_take_a_post(operator: Client, path: str) -> None:
    assert operator.get(path).status_code == 405


# --- the roster page ---


def test_check_then_confirm(operator: Client, world: County, var_dir: Path) -> None:
    page = operator.get("/roster/")
    assert "永安镇" in page.content.decode()
    preview = upload(operator, GOOD, world.county.pk)
    text = preview.content.decode()
    assert (preview.status_code, "行 2: 新增 周小梅" in text, "青溪县/永安镇/东风村第三支部" in text) == (
        200,
        True,
        True,
    )
    assert user_by_phone("13700000001") is None
    (file,) = kept(var_dir)
    assert "周小梅".encode() not in file.read_bytes()
    assert file.stat().st_mode & 0o077 == 0
    done = operator.post(
        reverse("roster_confirm"), {"waiting": shown(operator.get(reverse("roster_review")))}, follow=True
    )
    assert "新增 1，更新 0，调动 0，离开 0，回来 0，不变 0；新建组织 1" in done.content.decode()
    assert user_by_phone("13700000001").name == "周小梅"
    assert kept(var_dir) == []
    taken = RosterImport.objects.get()
    assert (taken.actor, taken.under, taken.created) == (world.operator, world.county, 1)


def test_a_second_yes_or_a_late_one_finds_nothing(
    operator: Client, world: County, var_dir: Path, settings: Any
) -> None:
    upload(operator, GOOD, world.county.pk)
    settings.ROSTER_KEEP_S = -1
    page = operator.post(
        reverse("roster_confirm"), {"waiting": shown(operator.get(reverse("roster_review")))}, follow=True
    )
    assert "请重新上传" in page.content.decode()
    assert kept(var_dir) == []
    assert (
        "请重新上传"
        in operator.post(
            reverse("roster_confirm"), {"waiting": shown(operator.get(reverse("roster_review")))}, follow=True
        ).content.decode()
    )
    assert user_by_phone("13700000001") is None


def test_bad_rows_are_listed_and_nothing_waits(operator: Client, world: County, var_dir: Path) -> None:
    page = upload(operator, BAD, world.county.pk)
    assert (page.status_code, "行 3: 手机号 不够 11 位" in page.content.decode()) == (422, True)
    assert not (var_dir / "rosters").exists()
    assert not operator.session.get("roster")


def test_a_changed_mind_removes_the_file(operator: Client, world: County, var_dir: Path) -> None:
    upload(operator, GOOD, world.county.pk)
    operator.post(reverse("roster_discard"), {"waiting": shown(operator.get(reverse("roster_review")))})
    assert kept(var_dir) == []


def test_another_upload_replaces_the_first(operator: Client, world: County, var_dir: Path) -> None:
    upload(operator, GOOD, world.county.pk)
    upload(operator, GOOD.replace("周小梅", "周小兰"), world.county.pk)
    assert len(kept(var_dir)) == 1
    operator.post(reverse("roster_confirm"), {"waiting": shown(operator.get(reverse("roster_review")))})
    assert user_by_phone("13700000001").name == "周小兰"


def test_what_changed_between_check_and_yes_is_checked_again(operator: Client, world: County) -> None:
    upload(operator, "组织,姓名,手机号,编号\n永安镇,周小梅,13700000001,D1\n", world.county.pk)
    world.member.number = "D0"
    world.member.save()
    set_phone(member_id=world.member.pk, phone="13700000001")
    page = operator.post(reverse("roster_confirm"), {"waiting": shown(operator.get(reverse("roster_review")))})
    assert (page.status_code, "原来是王一0（D0）的" in page.content.decode()) == (422, True)
    assert user_by_phone("13700000001") == world.member


def test_an_operator_of_a_branch_reaches_only_the_branch(world: County, client: Client, var_dir: Path) -> None:
    client.force_login(RoleGrantFactory(node=world.branch, role="operator").user)
    assert "东风村第二支部" not in client.get("/roster/").content.decode()
    assert upload(client, GOOD, world.neighbour.pk).status_code == 422
    assert upload(client, GOOD, world.county.pk).status_code == 422
    assert upload(client, GOOD.replace("永安镇/", ""), world.branch.pk).status_code == 200


def test_a_file_that_is_too_big(operator: Client, world: County, settings: Any) -> None:
    settings.ROSTER_MAX_BYTES = 2**20
    page = upload(operator, "x" * (2**20 + 1), world.county.pk)
    assert (page.status_code, "文件超过 1 MB" in page.content.decode()) == (422, True)


def test_no_file_at_all(operator: Client, world: County) -> None:
    page = operator.post(reverse("roster_check"), {"under": world.county.pk})
    assert "请选择文件" in page.content.decode()


@pytest.mark.parametrize("token", ["", "../../etc/passwd", "0" * 48, "é" * 48])
def test_only_own_tokens_find_a_file(var_dir: Path, token: str) -> None:
    with pytest.raises(pending.UnableToFindPending):
        pending.fetch(token)


def test_the_roster_page_costs_the_same_for_one_import_and_for_three(
    operator: Client, world: County, django_assert_max_num_queries: Any
) -> None:
    counted = []
    for _ in (1, 2):
        fields = {"created": 1, "updated": 0, "moved": 0, "unchanged": 0, "nodes_created": 0}
        RosterImport.objects.create(actor=world.operator, under=world.county, at=NOW, **fields)
        operator.get("/roster/")
        with django_assert_max_num_queries(20) as queries:
            operator.get("/roster/")
        counted.append(len(queries))
        RosterImport.objects.create(actor=world.operator, under=world.branch, at=NOW, **fields)
    assert counted[0] == counted[1]


# --- the access log ---


def test_each_read_of_somebody_else_is_one_row(world: County) -> None:
    ids = [world.member.pk, world.secretary.pk, world.member.pk]
    log_access(reader_id=world.secretary.pk, subject_ids=ids, what="record", as_of=NOW, reason="核对")
    entry = AccessEntry.objects.get()
    assert (entry.reader, entry.subject, entry.what, entry.reason, entry.at) == (
        world.secretary,
        world.member,
        "record",
        "核对",
        NOW,
    )


def test_a_revealed_phone_is_logged(world: County) -> None:
    phone = reveal_phone(reader_id=world.secretary.pk, subject_id=world.member.pk, as_of=NOW)
    assert phone == phone_of(world.member)
    assert AccessEntry.objects.get().what == "phone"
    with pytest.raises(UnableToRevealPhone):
        reveal_phone(reader_id=world.secretary.pk, subject_id=UserFactory(phone="").pk, as_of=NOW)
    assert AccessEntry.objects.count() == 1


def test_one_sees_who_read_one_s_own_record_and_nothing_else(world: County, client: Client) -> None:
    log_access(reader_id=world.secretary.pk, subject_ids=[world.member.pk], what="record", as_of=NOW, reason="核对")
    log_access(reader_id=world.neighbour_secretary.pk, subject_ids=[world.neighbour_member.pk], what="phone", as_of=NOW)
    client.force_login(world.member)
    text = client.get("/me/access/").content.decode()
    assert all(words in text for words in ("赵书记", "参训记录", "核对", "2026-11-23", "12:00"))
    assert "钱书记" not in text
    assert "还没有人看过" not in text
    client.force_login(world.lecturer)
    assert "还没有人看过您的记录" in client.get("/me/access/").content.decode()


def test_the_auditor_sees_all_of_it(world: County, client: Client) -> None:
    client.force_login(world.auditor)
    assert "还没有查阅记录" in client.get("/audit/").content.decode()
    people = [world.member.pk, world.neighbour_member.pk]
    log_access(reader_id=world.secretary.pk, subject_ids=people, what="something", as_of=NOW)
    text = client.get("/audit/").content.decode()
    assert all(words in text for words in ("赵书记 → 王一0", "赵书记 → 李二0", "something"))
    assert client.post("/audit/").status_code == 405


@pytest.mark.parametrize(("path", "who"), [("/me/access/", "member"), ("/audit/", "auditor")])
def test_the_log_costs_the_same_for_one_row_and_for_three(
    world: County, client: Client, path: str, who: str, django_assert_max_num_queries: Any
) -> None:
    client.force_login(getattr(world, who))
    counted = []
    for readers in ([world.secretary], [world.organiser, world.operator]):
        for reader in readers:
            log_access(reader_id=reader.pk, subject_ids=[world.member.pk], what="record", as_of=NOW)
        with django_assert_max_num_queries(20) as queries:
            client.get(path)
        counted.append(len(queries))
    assert counted[0] == counted[1]


def test_the_log_has_pages(world: County, client: Client) -> None:
    for minute in range(60):
        at = NOW + dt.timedelta(minutes=minute)
        log_access(reader_id=world.secretary.pk, subject_ids=[world.member.pk], what="record", as_of=at)
    client.force_login(world.member)
    assert "50 次" in client.get("/me/access/").content.decode()
    assert "10 次" in client.get("/me/access/?page=2").content.decode()
    assert client.get("/me/access/?page=x").status_code == 200


# --- display ---


def test_a_visitor_s_choice_lives_in_cookies(client: Client) -> None:
    response = client.post("/display/", {"language": "en", "elder": "1", "next": "/accounts/login/"})
    assert response.headers["Location"] == "/accounts/login/"
    assert (client.cookies[site.LANGUAGE_COOKIE_NAME].value, client.cookies["elder"].value) == ("en", "1")
    assert client.cookies["elder"]["httponly"]
    page = client.get("/accounts/login/")
    assert page.headers["Content-Language"] == "en"
    assert page.context["shell"]["elder"] is True


def test_a_person_s_choice_follows_the_person(client: Client) -> None:
    user = UserFactory()
    client.force_login(user)
    client.post("/display/", {"elder": "1"})
    client.post("/display/", {"language": "en"})
    user.refresh_from_db()
    assert (user.language, user.elder_mode) == ("en", True)
    other_phone = Client(headers={"accept-language": "zh-CN"})
    other_phone.force_login(user)
    page = other_phone.get("/me/access/")
    assert (page.headers["Content-Language"], page.context["shell"]["elder"]) == ("en", True)
    assert "Cookie" in page.headers["Vary"]
    other_phone.post("/display/", {"elder": "0", "language": "zh-hans"})
    assert other_phone.get("/me/access/").headers["Content-Language"] == "zh-hans"


@pytest.mark.parametrize("choice", [{"language": "xx"}, {"elder": "7"}, {"language": "e" * 99}, {}])
def test_a_choice_that_does_not_exist_is_none(client: Client, choice: dict[str, str]) -> None:
    user = UserFactory()
    client.force_login(user)
    assert client.post("/display/", choice).headers["Location"] == "/"
    user.refresh_from_db()
    assert (user.language, user.elder_mode) == ("zh-hans", False)


@pytest.mark.parametrize(
    "target", ["https://evil.example/", "//evil.example", "javascript:alert(1)", "", "/\\evil.example"]
)
def test_the_switch_leads_nowhere_else(client: Client, target: str) -> None:
    assert client.post("/display/", {"elder": "1", "next": target}).headers["Location"] == "/"


# --- the shell ---


def test_tabs_follow_roles(world: County, settings: Any) -> None:
    settings.NAV_TABS = [
        {"key": "access", "label": "记录", "icon": "me", "url": "my_access", "roles": []},
        {"key": "audit", "label": "查阅", "icon": "me", "url": "audit", "roles": ["auditor"]},
        {"key": "roster", "label": "名册", "icon": "me", "url": "roster", "roles": ["operator", "auditor"]},
    ]
    keys = {who: [tab["key"] for tab in tabs_for(getattr(world, who))] for who in ("member", "auditor", "operator")}
    assert keys == {"member": ["access"], "auditor": ["access", "audit", "roster"], "operator": ["access", "roster"]}
    assert tabs_for(None) == []
    assert tabs_for(world.member)[0] == {"key": "access", "label": "记录", "icon": "me", "url": "/me/access/"}


# --- what is written down about changes ---


def test_moves_are_in_the_audit_log_and_phones_never(world: County) -> None:
    move_member(member_id=world.member.pk, node_id=world.neighbour.pk, on_date=dt.date(2026, 11, 1))
    changed = LogEntry.objects.filter(content_type__model="membership", action=LogEntry.Action.UPDATE).get()
    assert changed.changes["active_to_date"] == ["None", "2026-11-01"]
    assert Membership.objects.filter(member=world.member).count() == 2
    world.member.name, world.member.phone_last4 = "改名", "9999"
    world.member.save()
    entries = LogEntry.objects.filter(content_type__model="user", object_pk=str(world.member.pk))
    assert "改名" in str([entry.changes for entry in entries])
    assert all("phone" not in str(entry.changes) for entry in entries)
