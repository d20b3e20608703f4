"""The second step of signing in: set up, asked for whichever way somebody comes, used once, ended (ADR 94)."""

import datetime as dt
import html
import json
import re
from collections.abc import Iterator
from typing import Any

import pytest
import time_machine
from allauth.mfa.models import Authenticator
from django.conf import settings as given
from django.test import Client
from django.utils import timezone

from attendance.models import Notice
from config import factor_settings
from config.account_settings import Way
from organizations import operations as do
from organizations import sms
from organizations.models import AccessEntry, User
from organizations.operations.accounts import link_account
from organizations.operations.factors import UnableToEndFactor, end_factor
from organizations.queries import phone_of
from tests.factories.organizations import PASSWORD, NodeFactory, RoleGrantFactory, UserFactory
from tests.organizations.authenticator import PRESENT, SECRET, Device, code_now, give_app, prove
from tests.organizations.test_sign_in import AtOnce, Outbox, code_for

pytestmark = [pytest.mark.integration, pytest.mark.django_db]
NOON = dt.datetime(2026, 11, 28, 4, 0, tzinfo=dt.UTC)
HALF = dt.timedelta(seconds=30)
LOGIN, CONFIRM = "/accounts/login/", "/accounts/login/code/confirm/"
STAGE, DOOR, OWN = "/accounts/factor/sign-in/", "/accounts/factor/confirm/", "/accounts/factor/"
SET = "/accounts/password/set/"
APP, KEY, CODES = f"{OWN}app/", f"{OWN}passkey/", f"{OWN}codes/"


@pytest.fixture(autouse=True)
def clock() -> Iterator[Any]:
    with time_machine.travel(NOON, tick=False) as travelling:
        yield travelling


@pytest.fixture
def person(settings: Any) -> User:
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
    return UserFactory(password=PASSWORD)


@pytest.fixture
def passkeys(settings: Any) -> Device:
    """A site at an address that browsers make passkeys for, and a device that has come there."""
    settings.MFA_SUPPORTED_TYPES = ["totp", "recovery_codes", "webauthn"]
    settings.MFA_TOTP_ISSUER = "classroom.example"
    return Device("https://classroom.example", "classroom.example")


def by_password(client: Client, person: User) -> Any:
    return client.post(LOGIN, {"login": phone_of(person), "password": PASSWORD})


def is_in(client: Client) -> bool:
    return "_auth_user_id" in client.session


def spare_of(person: User) -> list[str]:
    row = Authenticator.objects.get(user=person, type="recovery_codes")
    codes: list[str] = row.wrap().get_unused_codes()
    return codes


def options_of(page: Any) -> dict[str, Any]:
    found = re.search(r'<script id="passkey-data" type="application/json">(.*?)</script>', page.content.decode())
    told: dict[str, dict[str, Any]] = json.loads(found[1])
    return next(iter(told.values()))


def set_up(client: Client, person: User) -> list[str]:
    """Sign in and set up an authenticator with SECRET, through the pages; return the recovery codes."""
    by_password(client, person)
    client.get(APP)
    session = client.session
    session["mfa.totp.secret"] = SECRET
    session.save()
    page = client.post(APP, {"code": code_now()}, follow=True).content.decode()
    return re.search(r"<textarea[^>]*>(.*?)</textarea>", page, re.DOTALL)[1].split()


# --- setting up -------------------------------------------------------------------------------------------------------
def secret_on(page: Any) -> str:
    found = re.search(r'class="digest grouped"[^>]*>([A-Z2-7 ]+)<', page.content.decode())
    return str(found[1]).replace(" ", "")


def test_the_secret_stays_while_it_is_set_up(client: Client, person: User) -> None:
    """A small phone forgets the page while its owner is at the authenticator, and loads it anew."""
    by_password(client, person)
    first = secret_on(client.get(APP))
    client.head(APP)
    assert secret_on(client.get(APP)) == first
    session = client.session
    session["factor_secret_at"] -= 31 * 60
    session.save()
    assert secret_on(client.get(APP)) != first


def test_who_pressed_twice_sees_the_recovery_codes(client: Client, person: User) -> None:
    by_password(client, person)
    sent = {"code": code_now(secret_on(client.get(APP)))}
    assert client.post(APP, sent).headers["Location"] == CODES
    assert client.post(APP, sent).headers["Location"] == CODES
    assert spare_of(person)[0] in client.get(CODES).content.decode()
    assert client.post(APP, sent).headers["Location"] == OWN


def test_the_first_one_ends_other_sessions_and_is_told(
    client: Client, person: User, passkeys: Device, django_capture_on_commit_callbacks: Any
) -> None:
    """Whoever sits in the account already is whom it is to keep out; and by whom the owner may be kept out."""
    elsewhere, other = Client(), UserFactory(password=PASSWORD)
    by_password(elsewhere, person)
    theirs = Client()
    by_password(theirs, other)
    with django_capture_on_commit_callbacks(execute=True):
        set_up(client, person)
    assert [is_in(one) for one in (client, elsewhere, theirs)] == [True, False, True]
    told = Notice.objects.get()
    assert (told.member, told.kind) == (person, "factors_set")
    page = client.get("/me/notices/").content.decode()
    assert ("别处的登录已退出。不是您本人设置的" in page, f'href="{OWN}"' in page) == (True, True)
    # A second way is one's own to add: nobody is sent away for it.
    by_password(elsewhere, person)
    elsewhere.post(STAGE, {"code": code_now(later=1)})
    made = passkeys.made(options_of(client.get(KEY)))
    with django_capture_on_commit_callbacks(execute=True):
        client.post(KEY, {"credential": made})
    assert Authenticator.objects.filter(user=person, type="webauthn").exists()
    assert (is_in(elsewhere), Notice.objects.count()) == (True, 1)


def test_an_authenticator_is_set_up_with_its_first_code(client: Client, person: User) -> None:
    by_password(client, person)
    assert "还没有设" in client.get("/me/sign-in/").content.decode()
    assert "现在没有设" in client.get(OWN).content.decode()
    page = client.get(APP).content.decode()
    secret = re.search(r'class="digest grouped"[^>]*>([A-Z2-7 ]+)<', page)[1].replace(" ", "")
    link = html.unescape(re.search(r'href="(otpauth://[^"]+)"', page)[1])
    assert f"secret={secret}" in link
    assert "issuer=127.0.0.1" in link
    assert "<svg" in page
    wrong = client.post(APP, {"code": "12"})
    assert (wrong.status_code, "验证码不对" in wrong.content.decode()) == (200, True)
    assert secret in wrong.content.decode().replace(" ", "")  # the same secret: it is in the phone by now
    assert not Authenticator.objects.exists()
    typed = code_now(secret)
    done = client.post(APP, {"code": f"{typed[:3]} {typed[3:]}"}, follow=True)
    assert done.request["PATH_INFO"] == CODES
    shown = re.search(r"<textarea[^>]*>(.*?)</textarea>", done.content.decode(), re.DOTALL)[1].split()
    assert shown == spare_of(person)
    assert len(set(shown)) == 10
    again = client.get(CODES).content.decode()
    assert shown[0] not in again
    row = Authenticator.objects.get(user=person, type="totp")
    assert secret not in json.dumps(row.data)
    assert "已经设好" in client.get("/me/sign-in/").content.decode()
    own = client.get(OWN).content.decode()
    assert ("还有 10 个" in own, f'href="{APP}"' in own) == (True, False)
    assert client.get(APP).headers["Location"] == OWN  # one is enough
    assert [entry.what for entry in AccessEntry.objects.filter(subject=person)] == ["factor_set"]
    assert "给您的账号设置了登录验证" in client.get("/me/access/").content.decode()


def test_a_session_that_is_not_fresh_proves_itself_first(client: Client, person: User, clock: Any) -> None:
    by_password(client, person)
    clock.shift(dt.timedelta(minutes=11))
    answer = client.get(APP)
    assert answer.headers["Location"] == f"{DOOR}?next=%2Faccounts%2Ffactor%2Fapp%2F"
    page = client.get(answer.headers["Location"]).content.decode()
    again = html.unescape(re.search(r'href="(/accounts/reauthenticate/[^"]+)"', page)[1])
    assert client.post(again, {"password": "wrong"}).status_code == 200
    assert client.post(again, {"password": PASSWORD, "next": APP}).headers["Location"] == APP
    assert client.get(APP).status_code == 200


def test_who_has_no_password_signs_in_anew(client: Client, clock: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("organizations.views.factors.can_tell_codes", lambda: True)
    person = UserFactory()
    client.force_login(person)
    page = client.get(f"{DOOR}?next={APP}").content.decode()
    assert ("退出，重新登录" in page, "用密码确认" in page) == (True, False)
    assert client.post(DOOR, {"next": APP}).headers["Location"] == APP
    assert not is_in(client)
    assert client.get(APP).headers["Location"].endswith(f"?next={APP}")


def test_a_first_password_is_set_by_whoever_has_just_proved_themselves(client: Client) -> None:
    """Else a phone in another's hand would have one of its own, and with it proof for all that asks for some."""
    person, new = UserFactory(), {"password1": "一支笔写春秋故事", "password2": "一支笔写春秋故事"}
    assert client.get(SET).headers["Location"].startswith("/accounts/login/")
    client.force_login(person)
    for answer in (client.get(SET), client.post(SET, new)):
        assert answer.headers["Location"] == f"{DOOR}?next=%2Faccounts%2Fpassword%2Fset%2F"
    person.refresh_from_db()
    assert not person.has_usable_password()
    prove(client).post(SET, new)
    person.refresh_from_db()
    assert person.has_usable_password()


@pytest.mark.parametrize("by_account", [False, True])
def test_who_came_by_a_link_is_not_led_out(client: Client, settings: Any, by_account: bool) -> None:
    """Without a password, and with a number to which no code comes, a way out would be one without a way back."""
    settings.ACCOUNT_WAYS = [Way("oidc", "openid_connect", "统一认证", "site", "s", False, {})]
    person = UserFactory()
    if by_account:
        link_account(member_id=person.pk, provider="oidc", external_id="zhang", as_of=timezone.now())
    client.force_login(person)
    page = client.get(f"{DOOR}?next={APP}").content.decode()
    assert ("退出，重新登录" in page, "再发一条登录链接" in page) == (by_account, not by_account)
    assert client.post(DOOR, {"next": APP}).status_code == (302 if by_account else 200)
    assert is_in(client) is not by_account
    # The link that the page speaks of leads on from here.
    if not by_account:
        link = do.make_link(member_id=person.pk, as_of=timezone.now())
        client.post(link[link.index("/accounts/") :])
        assert client.get(APP).status_code == 200


@pytest.mark.parametrize("path", [APP, CODES, OWN, DOOR])
def test_nobody_is_asked_to_sign_in(client: Client, path: str) -> None:
    assert client.get(path).headers["Location"].startswith("/accounts/login")


# --- coming in --------------------------------------------------------------------------------------------------------
def test_after_the_password_comes_the_code(client: Client, person: User) -> None:
    give_app(person)
    assert by_password(client, person).headers["Location"] == STAGE
    assert not is_in(client)
    assert client.get("/me/").status_code == 302
    page = client.post(STAGE, {"code": "000000"})
    assert (page.status_code, is_in(client), "验证码不对" in page.content.decode()) == (200, False, True)
    assert "000000" not in page.content.decode()
    assert client.post(STAGE, {"code": code_now()}).headers["Location"] == "/"
    assert is_in(client)


def test_after_a_text_message_too(client: Client, settings: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    settings.SMS_BACKEND = "tests.organizations.test_sign_in.Outbox"
    monkeypatch.setattr(sms, "backend", Outbox)
    monkeypatch.setattr(sms, "_senders", AtOnce)
    person = UserFactory(phone="+8613800000001")
    give_app(person)
    assert client.post(CONFIRM, {"code": code_for(client)}).headers["Location"] == STAGE
    assert not is_in(client)
    client.post(STAGE, {"code": code_now()})
    assert is_in(client)


def test_after_a_link_too(client: Client, person: User) -> None:
    give_app(person)
    link = do.make_link(member_id=person.pk, as_of=timezone.now())
    assert client.post(f"/accounts/{link.split('/accounts/')[1]}").headers["Location"] == STAGE
    assert not is_in(client)
    assert client.post(STAGE, {"code": code_now()}).headers["Location"] == "/accounts/password/change/"


def as_before(client: Client, code: str) -> Client:
    """Send the second step's code, and return a browser that has not seen the answer."""
    before = client.cookies[given.SESSION_COOKIE_NAME].value
    assert client.post(STAGE, {"code": code}).status_code == 302
    assert is_in(client)
    again = Client()
    again.cookies[given.SESSION_COOKIE_NAME] = before
    return again


@pytest.mark.parametrize("by_spare", [False, True])
def test_the_second_press_of_a_browser_that_saw_no_answer_signs_in(
    client: Client, person: User, settings: Any, by_spare: bool
) -> None:
    """As for a code by text message: on a slow line whoever saw nothing happen presses again (ADR 94)."""
    spare = set_up(client, person)[0]
    client.logout()
    by_password(client, person)
    code = spare if by_spare else code_now(later=1)
    again = as_before(client, code)
    assert again.post(STAGE, {"code": f" {code}"}).headers["Location"] == "/"
    assert again.session["_auth_user_id"] == str(person.pk)
    settings.SECOND_FACTOR_ROLES = frozenset({"operator"})
    RoleGrantFactory(user=person, node=NodeFactory(), role="operator")
    assert again.get("/people/").status_code == 200, "this session, too, has shown it"


@pytest.mark.parametrize("change", ["wrong", "left", "taken", "other browser"])
def test_a_second_press_opens_nothing_else(client: Client, person: User, change: str) -> None:
    row = give_app(person)
    by_password(client, person)
    code = code_now()
    again = as_before(client, code)
    if change == "wrong":
        assert again.post(STAGE, {"code": "000000"}).headers["Location"] == LOGIN
    elif change == "left":
        User.objects.filter(pk=person.pk).update(is_active=False)
    elif change == "taken":
        row.delete()
    else:
        again = Client()
    assert again.post(STAGE, {"code": code}).headers["Location"] == LOGIN
    assert not is_in(again)


def test_the_code_of_the_first_step_is_none_of_the_second(
    client: Client, settings: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Who reads another's text messages gets as far as the second step, however often they press."""
    settings.SMS_BACKEND = "tests.organizations.test_sign_in.Outbox"
    monkeypatch.setattr(sms, "backend", Outbox)
    monkeypatch.setattr(sms, "_senders", AtOnce)
    user = UserFactory(phone="+8613800000001")
    give_app(user)
    code = code_for(client)
    assert client.post(CONFIRM, {"code": code}).headers["Location"] == STAGE
    again = Client()
    again.cookies[given.SESSION_COOKIE_NAME] = client.cookies[given.SESSION_COOKIE_NAME].value
    client.get(LOGIN)  # begins anew: no stage waits
    assert again.post(STAGE, {"code": code}).headers["Location"] == LOGIN
    assert not is_in(again)


def test_a_second_press_after_the_answer_came_leads_on_whatever_its_token(person: User) -> None:
    give_app(person)
    browser = Client(enforce_csrf_checks=True)
    browser.get(LOGIN)
    token = browser.cookies["csrftoken"].value
    browser.post(LOGIN, {"login": phone_of(person), "password": PASSWORD, "csrfmiddlewaretoken": token})
    assert browser.post(STAGE, {"code": code_now()}).status_code == 403
    old = browser.cookies["csrftoken"].value
    sent = {"code": code_now(), "csrfmiddlewaretoken": old}
    assert browser.post(STAGE, sent).status_code == 302
    assert browser.cookies["csrftoken"].value != old
    assert (browser.post(STAGE, sent).headers["Location"], is_in(browser)) == ("/", True)


def test_going_back_begins_anew(client: Client, person: User, settings: Any) -> None:
    """Neither entrance holds somebody who got as far as the second step."""
    settings.SMS_BACKEND = "tests.organizations.test_sign_in.Outbox"
    give_app(person)
    for page in (LOGIN, "/accounts/login/code/"):
        by_password(client, person)
        assert client.get(STAGE).status_code == 200
        back = client.get(page)
        assert (back.status_code, "去填写" in back.content.decode()) == (200, False)
        assert client.get(STAGE).headers["Location"] == "/accounts/login/"


@pytest.mark.parametrize(("later", "is_right"), [(-2, False), (-1, True), (0, True), (1, True), (2, False)])
def test_clocks_may_differ_by_half_a_minute(client: Client, person: User, later: int, is_right: bool) -> None:
    give_app(person)
    by_password(client, person)
    client.post(STAGE, {"code": code_now(later=later)})
    assert is_in(client) is is_right


def test_a_code_is_taken_once_as_long_as_it_is_right(person: User, clock: Any) -> None:
    give_app(person)
    used = code_now(later=1)
    one, other = Client(), Client()
    by_password(one, person)
    one.post(STAGE, {"code": used})
    for _ in range(3):
        by_password(other, person)
        other.post(STAGE, {"code": used})
        clock.shift(HALF)
    assert (is_in(one), is_in(other)) == (True, False)
    other.post(STAGE, {"code": code_now()})
    assert is_in(other)


def test_the_code_that_set_it_up_is_used(client: Client, person: User, clock: Any) -> None:
    set_up(client, person)
    other = Client()
    by_password(other, person)
    other.post(STAGE, {"code": code_now()})
    assert not is_in(other)
    clock.shift(HALF)
    other.post(STAGE, {"code": code_now()})
    assert is_in(other)


def test_a_recovery_code_once(person: User) -> None:
    first = Client()
    spare = set_up(first, person)
    for code, is_right in ((spare[0], True), (spare[0], False), (f"{spare[1][:4]} {spare[1][4:]}", True)):
        client = Client()
        by_password(client, person)
        client.post(STAGE, {"code": code})
        assert is_in(client) is is_right
    assert "还有 8 个" in first.get(OWN).content.decode()
    by_password(client := Client(), person)
    assert "这个恢复码不对，或者已经用过" in client.post(STAGE, {"code": spare[0]}).content.decode()
    first.post(CODES)
    new = spare_of(person)
    assert (len(new), set(new) & set(spare)) == (10, set())
    assert AccessEntry.objects.filter(subject=person, what="factor_codes").count() == 1


def test_tries_are_few(client: Client, person: User, clock: Any) -> None:
    give_app(person)
    by_password(client, person)
    most = factor_settings.LIMITS["factor"]["person_and_address"][0][0]
    for _ in range(most):
        assert client.post(STAGE, {"code": "000000"}).status_code == 200
    refused = client.post(STAGE, {"code": code_now()})
    assert (refused.status_code, "试得太多了" in refused.content.decode()) == (429, True)
    assert int(refused.headers["Retry-After"]) > 0
    assert not is_in(client)
    # Another address has tries of its own, and what is right costs none.
    elsewhere = Client(REMOTE_ADDR="203.0.113.9")
    by_password(elsewhere, person)
    elsewhere.post(STAGE, {"code": code_now()})
    assert is_in(elsewhere)
    clock.shift(dt.timedelta(minutes=6))
    client.post(STAGE, {"code": code_now()})
    assert is_in(client)


def test_who_knows_the_password_spends_no_try_of_the_owners(client: Client, person: User) -> None:
    """The owner's browser, which signed in before, is counted by itself (ADR 26)."""
    set_up(client, person)
    client.post("/accounts/logout/")
    most = factor_settings.LIMITS["factor"]["person"][0][0]
    for number in range(most + 1):
        stranger = Client(REMOTE_ADDR=f"203.0.113.{number}")
        by_password(stranger, person)
        spent = stranger.post(STAGE, {"code": "000000"}).status_code
    assert spent == 429
    by_password(client, person)
    for _ in range(factor_settings.LIMITS["factor"]["browser"][0][0]):
        assert client.post(STAGE, {"code": "000000"}).status_code == 200
    assert client.post(STAGE, {"code": "000000"}).status_code == 429, "and has not more tries for it"


def test_tries_are_few_from_everywhere_together(person: User) -> None:
    give_app(person)
    most = factor_settings.LIMITS["factor"]["person"][0][0]
    answers = []
    for number in range(most + 1):
        client = Client(REMOTE_ADDR=f"203.0.113.{number}")
        by_password(client, person)
        answers.append(client.post(STAGE, {"code": "000000"}).status_code)
    assert answers == [200] * most + [429]


def test_a_secret_sealed_by_another_key_lets_nobody_in(client: Client, person: User, settings: Any) -> None:
    give_app(person)
    by_password(client, person)
    row = Authenticator.objects.get(user=person)
    row.data["secret"] = "AAAA"
    row.save()
    page = client.post(STAGE, {"code": code_now()})
    assert (page.status_code, is_in(client)) == (200, False)
    row.type, row.data = "recovery_codes", {"seed": "AAAA", "used_mask": 0}
    row.save()
    client.force_login(person)
    assert client.get(OWN).status_code == 200


def test_taken_away_meanwhile(client: Client, person: User) -> None:
    row = give_app(person)
    by_password(client, person)
    row.delete()
    assert client.get(STAGE).headers["Location"] == "/accounts/login/"


# --- ending -----------------------------------------------------------------------------------------------------------
def test_ending_the_last_one_ends_the_recovery_codes(client: Client, person: User, clock: Any) -> None:
    set_up(client, person)
    row = Authenticator.objects.get(user=person, type="totp")
    page = f"{OWN}{row.pk}/end/"
    assert "这是最后一种" in client.get(page).content.decode()
    clock.shift(dt.timedelta(minutes=11))
    assert client.post(page).headers["Location"].startswith(DOOR)
    assert Authenticator.objects.filter(user=person).count() == 2
    # The password is not enough any more, wherever it is asked for.
    led = client.get(f"/accounts/reauthenticate/?next={page}")
    assert led.headers["Location"] == f"{DOOR}?next={page.replace('/', '%2F')}"
    assert client.post(DOOR, {"code": "1", "next": page}).status_code == 200
    assert client.post(DOOR, {"code": code_now(), "next": page}).headers["Location"] == page
    assert "已移除" in client.post(page, follow=True).content.decode()
    assert not Authenticator.objects.filter(user=person).exists()
    assert client.get(page).status_code == 404
    assert client.get(CODES).headers["Location"] == OWN
    client.logout()
    by_password(client, person)
    assert is_in(client)


def test_two_that_end_the_same_one(client: Client, person: User) -> None:
    row = give_app(person)
    gone = {"member_id": person.pk, "factor_id": row.pk, "as_of": timezone.now(), "is_needed": False}
    end_factor(**gone)
    with pytest.raises(UnableToEndFactor, match="已经不在"):
        end_factor(**gone)


def test_others_ones_are_nobodys(client: Client, person: User) -> None:
    row = give_app(UserFactory())
    by_password(client, person)
    assert client.post(f"{OWN}{row.pk}/end/").status_code == 404
    assert client.get(f"{OWN}{2**70}/end/").status_code == 404
    assert Authenticator.objects.filter(pk=row.pk).exists()


# --- passkeys ---------------------------------------------------------------------------------------------------------
def test_a_passkey_is_made_and_lets_its_person_in(client: Client, person: User, passkeys: Device) -> None:
    by_password(client, person)
    answer = passkeys.made(options_of(client.get(KEY)))
    done = client.post(KEY, {"name": "办公室的电脑", "credential": answer}, follow=True)
    assert done.request["PATH_INFO"] == CODES
    assert "办公室的电脑" in client.get(OWN).content.decode()
    again = Client()
    assert by_password(again, person).headers["Location"] == STAGE
    page = again.get(STAGE)
    assert "用通行密钥" in page.content.decode()
    options = options_of(page)
    assert options["publicKey"]["rpId"] == "classroom.example"
    assert options["publicKey"]["userVerification"] == "required"
    stranger = Device(passkeys.origin, passkeys.host)
    refused = again.post(STAGE, {"credential": stranger.signed(options)})
    assert (refused.status_code, is_in(again)) == (200, False)
    assert "没有认出来" in refused.content.decode()
    signed = passkeys.signed(options_of(refused))
    assert again.post(STAGE, {"credential": signed}).headers["Location"] == "/"
    assert is_in(again)
    third = Client()  # what was signed once is worth nothing for another page's question
    by_password(third, person)
    third.get(STAGE)
    third.post(STAGE, {"credential": signed})
    assert not is_in(third)


def test_a_device_that_asked_for_no_finger_or_pin_is_not_enough(client: Client, person: User, passkeys: Device) -> None:
    by_password(client, person)
    passkeys.flags = PRESENT
    page = client.post(KEY, {"credential": passkeys.made(options_of(client.get(KEY)))})
    assert "没有建成通行密钥" in page.content.decode()
    assert not Authenticator.objects.exists()


def test_a_passkey_of_another_site_is_none(client: Client, person: User, passkeys: Device) -> None:
    by_password(client, person)
    for origin, host in (("https://elsewhere.example", "elsewhere.example"), ("https://x.example", passkeys.host)):
        device = Device(origin, host)
        client.post(KEY, {"credential": device.made(options_of(client.get(KEY)))})
    assert not Authenticator.objects.exists()


@pytest.mark.parametrize(
    "sent", ["", "x", "[]", "5", "null", "{}", '{"id": 1}', "[" * 20_000, '{"id": "", "rawId": "", "response": {}}']
)
def test_what_no_device_answers_is_said_in_words(client: Client, person: User, passkeys: Device, sent: str) -> None:
    by_password(client, person)
    client.get(KEY)
    page = client.post(KEY, {"credential": sent})
    assert (page.status_code, "请再试一次" in page.content.decode()) == (200, True)
    client.post(KEY, {"credential": passkeys.made(options_of(page))})
    other = Client()
    by_password(other, person)
    other.get(STAGE)
    page = other.post(STAGE, {"credential": sent})
    assert (page.status_code, "请再试一次" in page.content.decode(), is_in(other)) == (200, True, False)


def test_passkeys_are_not_offered_where_no_browser_makes_any(client: Client, person: User) -> None:
    by_password(client, person)
    assert "通行密钥" not in client.get(OWN).content.decode()
    assert client.get(KEY).status_code == 404


def test_of_two_ways_one_may_go(client: Client, person: User, passkeys: Device, clock: Any) -> None:
    set_up(client, person)
    added = client.post(KEY, {"credential": passkeys.made(options_of(client.get(KEY)))}, follow=True)
    assert added.request["PATH_INFO"] == OWN  # it has recovery codes already
    key = Authenticator.objects.get(user=person, type="webauthn")
    assert key.data["name"]
    assert "登录时用另一种" in client.get(f"{OWN}{key.pk}/end/").content.decode()
    elsewhere = Client()
    by_password(elsewhere, person)
    clock.shift(HALF)
    elsewhere.post(STAGE, {"code": code_now(SECRET)})
    assert is_in(elsewhere)
    client.post(f"{OWN}{key.pk}/end/")
    assert elsewhere.get("/me/").status_code == 302, "it may have been lost, and somebody is signed in with it"
    assert sorted(Authenticator.objects.filter(user=person).values_list("type", flat=True)) == [
        "recovery_codes",
        "totp",
    ]
    options = Client()
    by_password(options, person)
    assert "用通行密钥" not in options.get(STAGE).content.decode()


def test_passkeys_are_ten_and_no_more(client: Client, person: User, passkeys: Device) -> None:
    by_password(client, person)
    client.post(KEY, {"credential": passkeys.made(options_of(client.get(KEY)))})
    first = Authenticator.objects.get(user=person, type="webauthn")
    Authenticator.objects.bulk_create([Authenticator(user=person, type="webauthn", data=first.data) for _ in range(10)])
    assert "最多可以有 10 把" in client.get(KEY, follow=True).content.decode()
