"""Signing in by phone: a whole office behind one address gets in, a guesser of one phone does not."""

import json
import re
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from django.contrib.auth.hashers import make_password
from django.contrib.sessions.models import Session
from django.test import Client
from django.urls import NoReverseMatch, reverse

from organizations import sms
from organizations.models import User
from organizations.operations import set_phone
from organizations.queries import phone_of
from tests.factories.organizations import PASSWORD, UserFactory, make_county

pytestmark = [pytest.mark.integration, pytest.mark.django_db]
LOGIN, CODE, CONFIRM = "/accounts/login/", "/accounts/login/code/", "/accounts/login/code/confirm/"


class Outbox:
    """A gateway that remembers."""

    reaches_phones = False
    sent: list[tuple[str, str]] = []
    fails = False

    def send(self, *, phone: str, text: str) -> None:
        if Outbox.fails:
            raise sms.UnableToSendSms("busy")
        Outbox.sent.append((phone, text))


@pytest.fixture(autouse=True)
def outbox(settings: Any, monkeypatch: pytest.MonkeyPatch) -> type[Outbox]:
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
    settings.SMS_BACKEND = f"{__name__}.Outbox"
    monkeypatch.setattr(sms, "backend", Outbox)
    Outbox.sent, Outbox.fails = [], False
    return Outbox


def person(phone: str = "+8613800000001", **fields: Any) -> User:
    return UserFactory(phone=phone, password=PASSWORD, **fields)


def sign_in(client: Client, phone: str, password: str = PASSWORD, **extra: Any) -> Any:
    return client.post(LOGIN, {"login": phone, "password": password}, **extra)


def is_in(client: Client) -> bool:
    return "_auth_user_id" in client.session


def code_for(client: Client, phone: str = "13800000001") -> str:
    client.post(CODE, {"phone": phone})
    return re.search(r"[0-9]{6}", Outbox.sent[-1][1])[0]


@pytest.mark.parametrize("typed", ["13800000001", "138 0000 0001", "+86 13800000001", "１３８００００００01"])
def test_phone_and_password(client: Client, typed: str) -> None:
    person()
    response = sign_in(client, typed)
    assert (response.status_code, response.headers["Location"], is_in(client)) == (302, "/", True)
    assert client.session.get_expiry_age() > 14 * 24 * 3600


def test_after_signing_in_one_is_where_one_wanted_to_be(client: Client) -> None:
    person()
    assert sign_in(client, "13800000001").headers["Location"] == "/"
    client.logout()
    response = client.post(
        LOGIN + "?next=/me/access/", {"login": "13800000001", "password": PASSWORD, "next": "/me/access/"}
    )
    assert response.headers["Location"] == "/me/access/"
    client.logout()
    response = client.post(LOGIN, {"login": "13800000001", "password": PASSWORD, "next": "https://evil.example/"})
    assert response.headers["Location"] == "/"


@pytest.mark.parametrize(("phone", "password"), [("13800000001", "wrong"), ("13900000009", PASSWORD)])
def test_a_stranger_and_a_wrong_password_look_the_same(client: Client, phone: str, password: str) -> None:
    person()
    response = sign_in(client, phone, password)
    assert response.status_code == 200
    assert "手机号或密码不对" in response.content.decode()
    assert not is_in(client)


def test_an_unknown_phone_costs_one_hash_too(client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    person()
    hashed: list[str] = []
    monkeypatch.setattr(
        "django.contrib.auth.base_user.make_password", lambda raw: hashed.append(raw) or make_password(raw)
    )
    sign_in(client, "13900000009", "guess")
    assert hashed == ["guess"]


def test_no_number_is_an_error_on_the_field(client: Client) -> None:
    assert "请填写 11 位手机号" in sign_in(client, "12345").content.decode()
    assert "请填写手机号" in sign_in(client, "").content.decode()


def test_whoever_left_is_told_so(client: Client) -> None:
    person(is_active=False)
    assert sign_in(client, "13800000001").headers["Location"] == "/accounts/inactive/"
    assert not is_in(client)


def test_phone_and_code(client: Client, outbox: type[Outbox]) -> None:
    user = person()
    code = code_for(client)
    assert outbox.sent == [("+8613800000001", f"【指尖上的课堂】验证码 {code}，5 分钟内有效。请不要告诉别人。")]
    assert client.get(CONFIRM).status_code == 200
    response = client.post(CONFIRM, {"code": code})
    assert (response.headers["Location"], is_in(client)) == ("/", True)
    user.refresh_from_db()
    assert user.phone_verified


@pytest.mark.parametrize("action", ["verify", "resend"])
def test_a_code_sent_to_a_number_that_changed_hands_proves_nothing(
    client: Client, outbox: type[Outbox], action: str
) -> None:
    user, heir = person(), person("+8613800000009")
    code = code_for(client)
    set_phone(member_id=user.pk, phone="13800000002")
    set_phone(member_id=heir.pk, phone="13800000001")
    page = client.post(CONFIRM, {"code": code, "action": action}, follow=True)
    assert page.redirect_chain == [(CODE, 302)]
    assert "这条验证码不能用了" in page.content.decode()
    assert (is_in(client), len(outbox.sent)) == (False, 1)
    assert client.post(CONFIRM, {"code": code}).headers["Location"] != "/"
    assert not is_in(client)
    for one in (user, heir):
        one.refresh_from_db()
        assert not one.phone_verified
    code = code_for(client, "13800000002")
    client.post(CONFIRM, {"code": code})
    user.refresh_from_db()
    assert (is_in(client), user.phone_verified) == (True, True)


def test_a_number_taken_away_ends_its_code_too(client: Client) -> None:
    user = person()
    code = code_for(client)
    set_phone(member_id=user.pk, phone="")
    client.post(CONFIRM, {"code": code})
    user.refresh_from_db()
    assert (is_in(client), user.phone_verified) == (False, False)


def test_an_unknown_phone_gets_no_message_and_the_same_pages(client: Client, outbox: type[Outbox]) -> None:
    person()
    known, unknown = Client(), Client()
    answers = [c.post(CODE, {"phone": p}) for c, p in ((known, "13800000001"), (unknown, "13900000009"))]
    assert answers[0].headers["Location"] == answers[1].headers["Location"] == CONFIRM
    assert len(outbox.sent) == 1
    for c in (known, unknown):
        assert c.get(CONFIRM).status_code == 200
        assert c.post(CONFIRM, {"action": "resend"}).headers["Location"] == CONFIRM
        assert "验证码不对" in c.post(CONFIRM, {"code": "000000"}).content.decode()
        assert not is_in(c)
    assert len(outbox.sent) == 2


def test_three_wrong_codes_end_the_attempt(client: Client) -> None:
    person()
    code = code_for(client)
    wrong = f"{(int(code) + 1) % 1_000_000:06d}"
    for _ in range(3):
        response = client.post(CONFIRM, {"code": wrong})
    assert response.headers["Location"] == CODE
    client.post(CONFIRM, {"code": code})
    assert not is_in(client)


def test_codes_are_few_per_phone_from_wherever(outbox: type[Outbox]) -> None:
    person()
    for n in range(6):
        Client(REMOTE_ADDR=f"10.0.0.{n}").post(CODE, {"phone": "13800000001"})
    assert len(outbox.sent) == 3


def test_a_mistyped_number_can_be_changed(client: Client, outbox: type[Outbox]) -> None:
    person()
    client.post(CODE, {"phone": "13900000009"})
    assert client.get(LOGIN).status_code == 200
    client.post(CODE, {"phone": "13900000009"})
    assert client.get(CODE).status_code == 200
    client.post(CONFIRM, {"code": code_for(client)})
    assert is_in(client)


def test_sending_again_counts_too(client: Client, outbox: type[Outbox]) -> None:
    person()
    code_for(client)
    for _ in range(5):
        client.post(CONFIRM, {"action": "resend"})
    assert len(outbox.sent) == 3


def test_forty_members_behind_one_address_get_in() -> None:
    people = [person(f"+8613900000{n:03d}") for n in range(40)]
    for user in people:
        for attempt in ("mistyped", PASSWORD):
            client = Client(REMOTE_ADDR="203.0.113.7")
            sign_in(client, phone_of(user), attempt)
        assert is_in(client)


def test_forty_members_behind_one_address_get_codes(outbox: type[Outbox]) -> None:
    for n in range(40):
        person(f"+8613900000{n:03d}")
        client = Client(REMOTE_ADDR="203.0.113.7")
        client.post(CONFIRM, {"code": code_for(client, f"13900000{n:03d}")})
        assert is_in(client)


def test_guessing_one_phone_stops_from_wherever_and_leaves_others_alone() -> None:
    person()
    person("+8613800000002")
    for n in range(5):
        sign_in(Client(REMOTE_ADDR=f"10.0.0.{n}"), "13800000001", f"guess{n}")
    guesser = Client(REMOTE_ADDR="10.0.1.1")
    assert "尝试次数过多" in sign_in(guesser, "138 0000 0001").content.decode()
    assert not is_in(guesser)
    neighbour = Client(REMOTE_ADDR="10.0.1.1")
    sign_in(neighbour, "13800000002")
    assert is_in(neighbour)


def test_without_an_address_one_still_gets_in() -> None:
    person()
    client = Client(REMOTE_ADDR="")
    sign_in(client, "13800000001")
    assert is_in(client)


def test_no_phone_number_lies_in_a_session_or_a_cookie(client: Client) -> None:
    person()
    code = code_for(client)
    stored = Session.objects.get().session_data
    assert "13800000001" in json.dumps(dict(client.session.items()))
    client.post(CONFIRM, {"code": code})
    kept = stored + Session.objects.get().session_data + str(client.cookies)
    assert "13800000001" not in kept


def test_a_session_from_another_key_is_empty(client: Client, settings: Any) -> None:
    person()
    sign_in(client, "13800000001")
    assert is_in(client)
    settings.PHONE_KEY = "another key that is long enough to be one"
    assert client.get("/me/access/").headers["Location"].startswith(LOGIN)


def test_a_demonstration_shows_the_code_and_others_do_not(client: Client, settings: Any) -> None:
    person()
    settings.DEMO = settings.DEBUG = False
    code = code_for(client)
    assert code not in client.get(CONFIRM).content.decode()
    settings.DEMO = True
    code = code_for(client)
    assert client.get(CONFIRM).context["shell"]["demo_code"] == code
    settings.DEMO = False
    assert client.get(CONFIRM).context["shell"]["demo_code"] == ""


def test_a_gateway_that_fails_is_no_error_page(client: Client, outbox: type[Outbox]) -> None:
    person()
    outbox.fails = True
    assert client.post(CODE, {"phone": "13800000001"}).headers["Location"] == CONFIRM


def test_a_real_gateway_works_beside_the_request(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sms, "_senders", ThreadPoolExecutor(max_workers=1))
    monkeypatch.setattr(Outbox, "reaches_phones", True)
    sms.send_sms(phone="+8613800000001", text="x")
    sms._senders.shutdown(wait=True)
    assert Outbox.sent == [("+8613800000001", "x")]


def test_the_console_logs_no_number(caplog: pytest.LogCaptureFixture, capsys: pytest.CaptureFixture[str]) -> None:
    sms.ConsoleBackend().send(phone="+8613800000001", text="验证码 123456")
    logged = caplog.text + "".join(capsys.readouterr())
    assert "0001" in logged
    assert "1380000" not in logged
    assert "123456" not in logged


def test_nobody_can_sign_up(client: Client) -> None:
    before = User.objects.count()
    assert client.get("/accounts/signup/").status_code == 200
    client.post("/accounts/signup/", {"phone": "13700000001", "password1": PASSWORD})
    assert User.objects.count() == before


@pytest.mark.parametrize("path", ["email/", "password/reset/", "confirm-email/", "phone/change/", "2fa/"])
def test_there_are_no_pages_that_need_e_mail(client: Client, path: str) -> None:
    client.force_login(person())
    assert client.get(f"/accounts/{path}").status_code == 404
    with pytest.raises(NoReverseMatch):
        reverse("account_email")


def test_signing_out_takes_a_post(client: Client) -> None:
    client.force_login(person())
    assert client.get("/accounts/logout/").status_code == 200
    assert is_in(client)
    client.post("/accounts/logout/")
    assert not is_in(client)


def test_a_password_is_set_after_a_code_and_changed_with_the_old_one(client: Client) -> None:
    user = UserFactory(phone="+8613800000001")
    client.post(CONFIRM, {"code": code_for(client)})
    new = {"password1": "一支笔写春秋故事", "password2": "一支笔写春秋故事"}
    assert client.get("/accounts/password/change/").headers["Location"] == "/accounts/password/set/"
    client.post("/accounts/password/set/", new)
    user.refresh_from_db()
    assert user.check_password("一支笔写春秋故事")


def test_the_old_password_is_asked_for_unless_a_code_was_just_given(client: Client) -> None:
    user = person()
    new = {"password1": "一支笔写尽春秋故事", "password2": "一支笔写尽春秋故事"}
    sign_in(client, "13800000001")
    client.post("/accounts/password/change/", new)
    user.refresh_from_db()
    assert user.check_password(PASSWORD)
    client.post("/accounts/logout/")
    client.post(CONFIRM, {"code": code_for(client)})
    client.post("/accounts/password/change/", new)
    user.refresh_from_db()
    assert user.check_password("一支笔写尽春秋故事")


def test_the_admin_has_no_sign_in_of_its_own(client: Client) -> None:
    assert client.get("/admin/").headers["Location"] == "/admin/login/?next=/admin/"
    assert (
        client.get("/admin/login/?next=/admin/pages/").headers["Location"]
        == "/accounts/login/?next=%2Fadmin%2Fpages%2F"
    )
    person()
    client.post("/admin/login/", {"username": "x", "password": PASSWORD})
    assert not is_in(client)
    assert client.get("/admin/password_reset/").status_code == 404


def test_who_may_enter_the_admin(client: Client) -> None:
    world = make_county()
    client.force_login(world.member)
    assert client.get("/admin/", follow=True).status_code == 404
    client.force_login(world.organiser)
    page = client.get("/admin/")
    assert page.status_code == 200
    assert reverse("roster") not in page.content.decode()
    for path in ("/admin/users/", "/admin/groups/"):
        assert client.get(path).status_code == 404
    client.force_login(world.operator)
    page = client.get("/admin/")
    assert reverse("roster") in page.content.decode()
    for path in ("/admin/users/", "/admin/groups/"):
        assert client.get(path).status_code == 404
    assert "first_name" not in client.get("/admin/account/").content.decode()
