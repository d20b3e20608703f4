"""Signing in by phone: a whole office behind one address gets in, a guesser of one phone does not."""

import json
import re
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from django.contrib.auth.hashers import make_password
from django.contrib.sessions.models import Session
from django.core.cache import cache
from django.core.cache.backends.base import BaseCache
from django.test import Client, RequestFactory
from django.urls import NoReverseMatch, reverse

from organizations import sms
from organizations.browsers import known_browser
from organizations.models import User
from organizations.operations import set_phone
from organizations.queries import phone_of
from tests.factories.organizations import PASSWORD, UserFactory, make_county

pytestmark = [pytest.mark.integration, pytest.mark.django_db]
LOGIN, CODE, CONFIRM = "/accounts/login/", "/accounts/login/code/", "/accounts/login/code/confirm/"


class Outbox:
    """A gateway that remembers."""

    reaches_phones = True
    sent: list[tuple[str, str]] = []
    fails = False

    def send(self, *, phone: str, text: str) -> None:
        if Outbox.fails:
            raise sms.UnableToSendSms("busy")
        Outbox.sent.append((phone, text))


class AtOnce:
    """In place of the threads beside the request."""

    @staticmethod
    def submit(work: Any, *args: Any) -> None:
        work(*args)


@pytest.fixture(autouse=True)
def outbox(settings: Any, monkeypatch: pytest.MonkeyPatch) -> type[Outbox]:
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
    settings.SMS_BACKEND = f"{__name__}.Outbox"
    monkeypatch.setattr(sms, "backend", Outbox)
    monkeypatch.setattr(sms, "_senders", AtOnce)
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
        wrong = c.post(CONFIRM, {"code": "000000"}).content.decode()
        assert wrong.count("验证码不对") == 1  # beside the field, and not once more above it
        assert "验证码</a>" not in wrong
        assert not is_in(c)
    assert len(outbox.sent) == 2


def test_three_wrong_codes_end_the_attempt(client: Client) -> None:
    person()
    code = code_for(client)
    wrong = f"{(int(code) + 1) % 1_000_000:06d}"
    for left in ("还可以试 2 次", "还可以试 1 次"):
        page = client.post(CONFIRM, {"code": wrong}).content.decode()
        assert (left in page, wrong in page, "发到 138****0001" in page) == (True, False, True)
    response = client.post(CONFIRM, {"code": wrong})
    assert response.headers["Location"] == CODE
    client.post(CONFIRM, {"code": code})
    assert not is_in(client)


def test_codes_are_few_per_phone_from_wherever(outbox: type[Outbox]) -> None:
    """Each costs money: three for one address, eight for the number; also for a number of nobody."""
    person()
    for n in range(12):
        Client(REMOTE_ADDR=f"10.0.0.{n}").post(CODE, {"phone": "13800000001"})
    assert len(outbox.sent) == 8
    answers = [Client(REMOTE_ADDR="10.0.1.1").post(CODE, {"phone": "13900000009"}) for _ in range(4)]
    assert [answer.status_code for answer in answers] == [302, 302, 302, 429]


def test_a_code_in_hand_is_entered_where_no_other_may_be_had(client: Client, outbox: type[Outbox]) -> None:
    person()
    assert "去填写" not in client.get(CODE).content.decode()
    for _ in range(3):
        code = code_for(client)
    refused = client.post(CODE, {"phone": "13800000001"})
    assert (refused.status_code, "已经收到验证码，去填写" in refused.content.decode()) == (429, True)
    client.post(CONFIRM, {"code": code})
    assert is_in(client)


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


def test_sending_again_says_when_it_may_be_asked_for(client: Client) -> None:
    person()
    for _ in range(2):
        code_for(Client())
    code_for(client)
    answer = client.post(CONFIRM, {"action": "resend"}, follow=True)
    assert re.search(
        "获取验证码太频繁，请在 [0-9]+ 分钟后再试。已经收到的验证码 5 分钟内仍然有效。", answer.content.decode()
    )


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


def test_thirty_phones_behind_one_address_sign_in_in_a_minute(outbox: type[Outbox]) -> None:
    for n in range(30):
        person(f"+8613900000{n:03d}")
    for n in range(30):
        by_code, by_password = Client(REMOTE_ADDR="203.0.113.7"), Client(REMOTE_ADDR="203.0.113.7")
        by_code.post(CONFIRM, {"code": code_for(by_code, f"13900000{n:03d}")})
        sign_in(by_password, f"13900000{n:03d}")
        assert is_in(by_code)
        assert is_in(by_password)


def test_guessing_one_phone_stops_from_wherever_and_leaves_others_alone() -> None:
    person()
    person("+8613800000002")
    for n in range(100):
        sign_in(Client(REMOTE_ADDR=f"10.0.0.{n}"), "13800000001", f"guess{n}")
    guesser = Client(REMOTE_ADDR="10.0.1.1")
    refused = sign_in(guesser, "138 0000 0001")
    assert "密码尝试次数过多，请在 15 分钟后再试；也可以用短信验证码登录。" in refused.content.decode()
    assert refused.status_code == 429
    assert not is_in(guesser)
    neighbour = Client(REMOTE_ADDR="10.0.1.1")
    sign_in(neighbour, "13800000002")
    assert is_in(neighbour)


def test_a_stranger_locks_nobody_out(outbox: type[Outbox]) -> None:
    """Four codes and thirty wrong passwords from one address: the owner, elsewhere, signs in by either, at once."""
    person()
    stranger = {"REMOTE_ADDR": "203.0.113.66"}
    for n in range(30):
        Client(**stranger).post(CODE, {"phone": "13800000001"})
        sign_in(Client(**stranger), "13800000001", f"wrong{n}")
    assert "验证码太频繁" in Client(**stranger).post(CODE, {"phone": "13800000001"}).content.decode()
    assert "尝试次数过多" in sign_in(Client(**stranger), "13800000001").content.decode()
    by_password, by_code = Client(REMOTE_ADDR="198.51.100.1"), Client(REMOTE_ADDR="198.51.100.1")
    sign_in(by_password, "13800000001")
    by_code.post(CONFIRM, {"code": code_for(by_code)})
    assert is_in(by_password)
    assert is_in(by_code)


def _everybody_floods(phone: str) -> None:
    for n in range(110):
        sign_in(Client(REMOTE_ADDR=f"10.0.0.{n}"), phone, "wrong")
        Client(REMOTE_ADDR=f"10.0.0.{n}").post(CODE, {"phone": phone})


def test_a_browser_that_signed_in_before_keeps_its_own_allowance(outbox: type[Outbox]) -> None:
    """Against a hundred addresses, too: only a browser that is new here must wait."""
    person()
    home = Client()
    sign_in(home, "13800000001")
    home.post("/accounts/logout/")
    _everybody_floods("13800000001")
    new_here = Client()
    assert sign_in(new_here, "13800000001").status_code == 429
    assert new_here.post(CODE, {"phone": "13800000001"}).status_code == 429
    sent = len(outbox.sent)
    assert "手机号或密码不对" in sign_in(home, "13800000001", "mistyped").content.decode()
    home.post(CODE, {"phone": "13800000001"})
    assert len(outbox.sent) == sent + 1
    sign_in(home, "13800000001")
    assert is_in(home)


def test_a_known_browser_has_limits_as_well(outbox: type[Outbox]) -> None:
    person()
    home = Client()
    sign_in(home, "13800000001")
    home.post("/accounts/logout/")
    statuses = [sign_in(home, "13800000001", f"wrong{n}").status_code for n in range(11)]
    assert statuses == [200] * 10 + [429]
    assert [home.post(CODE, {"phone": "13800000001"}).status_code for _ in range(4)] == [302, 302, 302, 429]


def test_all_known_browsers_of_a_person_share_a_wide_allowance(outbox: type[Outbox]) -> None:
    """Whoever has the password makes as many known browsers as they like: each code still costs money."""
    person()
    person("+8613800000002")
    browsers = [Client(REMOTE_ADDR=f"10.0.0.{n}") for n in range(12)]
    for browser in browsers:
        sign_in(browser, "13800000001")
        assert is_in(browser)
        browser.post("/accounts/logout/")
    codes = [browser.post(CODE, {"phone": "13800000001"}).status_code for browser in browsers for _ in range(3)]
    assert (codes.count(302), codes.count(429), len(outbox.sent)) == (20, 16, 20)
    tries = [sign_in(browser, "13800000001", f"wrong{n}").status_code for browser in browsers for n in range(8)]
    assert (tries.count(200), tries.count(429)) == (60, 36)
    stranger = Client(REMOTE_ADDR="10.0.1.1")
    assert stranger.post(CODE, {"phone": "13800000001"}).status_code == 302
    other = browsers[0]
    sign_in(other, "13800000002")
    other.post("/accounts/logout/")
    assert other.post(CODE, {"phone": "13800000002"}).status_code == 302


def test_the_right_password_takes_nothing_of_the_wide_allowance() -> None:
    person()
    browser = Client()
    for _ in range(70):
        assert sign_in(browser, "13800000001").status_code == 302
        browser.post("/accounts/logout/")


def test_the_cookie_of_a_known_browser_says_nothing_and_opens_nothing(client: Client) -> None:
    user = person()
    sign_in(client, "13800000001")
    cookie = client.cookies["known"]
    assert (cookie["httponly"], cookie["samesite"], cookie["path"]) == (True, "Lax", "/accounts/")
    assert re.fullmatch(r"[0-9a-f]{32}\.[0-9a-f]{32}", cookie.value)
    thief = Client()
    thief.cookies["known"] = cookie.value
    assert thief.get("/me/").status_code == 302
    assert known_browser(request_with(cookie.value), user)
    assert not known_browser(request_with(cookie.value), person("+8613800000002"))
    assert not known_browser(request_with(cookie.value), None)


@pytest.mark.parametrize("value", ["", ".", "a.b", "0" * 32, "é" * 32 + ".x", "0" * 32 + "." * 200, "\x00" * 40])
def test_an_unreadable_cookie_is_none(value: str, client: Client) -> None:
    user = person()
    assert not known_browser(request_with(value), user)
    client.cookies["known"] = value
    sign_in(client, "13800000001")
    assert is_in(client)


def test_another_password_or_number_makes_other_browsers_strangers(client: Client) -> None:
    """The browser that changes the password is known with the new one at once."""
    user = person()
    here, elsewhere = Client(), Client()
    for browser in (here, elsewhere):
        sign_in(browser, "13800000001")
    new = {"oldpassword": PASSWORD, "password1": "一支笔写春秋故事", "password2": "一支笔写春秋故事"}
    assert here.post("/accounts/password/change/", new).status_code == 302
    user.refresh_from_db()
    assert known_browser(request_with(here.cookies["known"].value), user)
    assert not known_browser(request_with(elsewhere.cookies["known"].value), user)
    set_phone(member_id=user.pk, phone="+8613800000009", verified=True)
    user.refresh_from_db()
    assert not known_browser(request_with(here.cookies["known"].value), user)


def test_a_shared_phone_is_known_to_its_last_four_people() -> None:
    browser = Client()
    people = [person(f"+8613900000{n:03d}") for n in range(5)]
    for user in people:
        sign_in(browser, phone_of(user))
        browser.post("/accounts/logout/")
    value = browser.cookies["known"].value
    assert [bool(known_browser(request_with(value), user)) for user in people] == [False, True, True, True, True]


def request_with(value: str) -> Any:
    request = RequestFactory().get(LOGIN)
    request.COOKIES["known"] = value
    return request


def test_codes_that_are_typed_all_at_once_are_counted_all(client: Client) -> None:
    """The session's own count is read before it is written: a hundred at once would all be the first."""
    person()
    code = code_for(client)
    wrong = f"{(int(code) + 1) % 1_000_000:06d}"
    key = client.session.session_key
    before = Session.objects.get(pk=key)
    for _ in range(9):
        client.post(CONFIRM, {"code": wrong})
        before.save()  # as if none had been written yet
    client.post(CONFIRM, {"code": code})
    assert not is_in(client)


def test_other_traffic_moves_no_limit(client: Client) -> None:
    """A locked number stays locked, though the cache is emptied and 170 codes are asked for."""
    person()
    for n in range(6):
        sign_in(client, "13800000001", f"wrong{n}")
    for n in range(170):
        Client().post(CODE, {"phone": f"1350000{n:04d}"})
    cache.clear()
    assert sign_in(client, "13800000001").status_code == 429


class NoCache(BaseCache):
    """Redis is away."""

    def __init__(self, _location: str, params: dict[str, Any]) -> None:
        super().__init__(params)

    def add(self, *args: Any, **kwargs: Any) -> bool:
        raise ConnectionError("Redis is away")

    get = set = touch = delete = incr = get_many = set_many = add  # type: ignore[assignment]


@pytest.mark.parametrize("way", ["password", "code"])
def test_sign_in_goes_on_without_a_cache(client: Client, settings: Any, way: str) -> None:
    person()
    settings.CACHES = {"default": {"BACKEND": f"{__name__}.NoCache", "LOCATION": "", "OPTIONS": {}}}
    with pytest.raises(ConnectionError):
        cache.get("x")
    assert client.get(LOGIN).status_code == 200
    sign_in(client, "13800000001", "wrong")
    if way == "password":
        sign_in(client, "13800000001")
    else:
        client.post(CONFIRM, {"code": "000000"})
        client.post(CONFIRM, {"code": code_for(client)})
    assert is_in(client)
    pages = ["/", "/me/", "/me/access/", "/courses/", "/accounts/password/change/"]
    assert {page: client.get(page, follow=True).status_code for page in pages} == dict.fromkeys(pages, 200)
    assert client.post("/accounts/logout/").status_code == 302


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
    kept = stored + "".join(one.session_data for one in Session.objects.all()) + str(client.cookies)
    assert "13800000001" not in kept


def test_a_session_from_another_key_is_empty(client: Client, settings: Any) -> None:
    person()
    sign_in(client, "13800000001")
    assert is_in(client)
    settings.PHONE_KEY = "another key that is long enough to be one"
    assert client.get("/me/access/").headers["Location"].startswith(LOGIN)


def test_a_demonstration_shows_the_code_and_others_do_not(
    client: Client, settings: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    person()
    settings.DEMO = settings.DEBUG = False
    code = code_for(client)
    assert code not in client.get(CONFIRM).content.decode()
    settings.DEMO = True
    monkeypatch.setattr(Outbox, "reaches_phones", False)
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
    sms.send_code(phone="+8613800000001", code="123456", text="x")
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


def test_full_width_digits_are_digits(client: Client) -> None:
    wide = str.maketrans("0123456789", "０１２３４５６７８９")
    user = UserFactory(phone="+8613800000001", password="一支笔写春秋故事")
    client.post(CODE, {"phone": "13800000001".translate(wide)})
    client.post(CONFIRM, {"code": code_for(client).translate(wide)})
    assert client.session["_auth_user_id"] == str(user.pk)
    other = Client()
    other.post("/accounts/login/", {"login": "＋86 138 0000 0001".translate(wide), "password": "一支笔写春秋故事"})
    assert other.session["_auth_user_id"] == str(user.pk)


def test_a_sentence_above_a_form_names_its_field_once(client: Client) -> None:
    above = client.post("/accounts/login/", {"login": "138", "password": ""}).content.decode()
    assert ">请填写 11 位手机号，例如 13800000001。</a>" in above
    assert "密码</a>：请填写密码" not in above
    assert ">请填写密码。</a>" in above


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


def test_one_address_tries_one_number_five_times_and_of_many_numbers_no_more_than_it_may(settings: Any) -> None:
    person()
    address = {"REMOTE_ADDR": "203.0.113.9"}
    at_one = [sign_in(Client(**address), "13800000001", f"wrong{n}").status_code for n in range(6)]
    assert [status == 429 for status in at_one] == [False] * 5 + [True]
    few = {**settings.SIGN_IN_LIMITS["password"], "address": [(2, 600)]}  # three hundred guesses would take a minute
    settings.SIGN_IN_LIMITS = {**settings.SIGN_IN_LIMITS, "password": few}
    at_many = [sign_in(Client(**address), f"1390000000{n}", "guess").status_code for n in range(3)]
    assert [status == 429 for status in at_many] == [False, False, True]


def test_a_visitor_begins_with_a_code_where_one_can_come(client: Client, settings: Any) -> None:
    answer = client.get("/me/", follow=True)
    assert answer.redirect_chain[-1][0].startswith(CODE)
    assert "autofocus" in answer.content.decode()
    settings.HELP_PHONE = "0571-88880000"
    assert 'href="tel:057188880000"' in client.get(LOGIN).content.decode()


def test_a_visitor_begins_with_the_password_where_no_code_can_come(
    client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Outbox, "reaches_phones", False)
    assert client.get("/me/")["Location"].startswith(f"{LOGIN}?next=")
