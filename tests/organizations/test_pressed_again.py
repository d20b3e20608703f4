"""A code that is sent twice from one browser, as on a slow line, signs in; what is over is said."""

import datetime as dt
from typing import Any

import pytest
from django.conf import settings as given
from django.contrib.sessions.models import Session
from django.test import Client
from django.utils import timezone

from organizations.operations import set_phone
from tests.organizations.test_sign_in import CODE, CONFIRM, Outbox, code_for, is_in, outbox, person

pytestmark = [pytest.mark.integration, pytest.mark.django_db]
__all__ = ["outbox"]  # a fixture: nothing is sent
OVER = "这条验证码已经失效或者用过了，没有登录成功。请重新获取验证码。"


def as_before(client: Client, **post: Any) -> Client:
    """Sign in, and return a browser that has not seen the answer: it still sends the cookie of before."""
    before = client.cookies[given.SESSION_COOKIE_NAME].value
    assert client.post(CONFIRM, post).headers["Location"] == "/"
    again = Client()
    again.cookies[given.SESSION_COOKIE_NAME] = before
    return again


@pytest.mark.parametrize("typed", ["{}", " {}", "{} "])
def test_the_second_press_of_a_browser_that_saw_no_answer_signs_in(client: Client, typed: str) -> None:
    user = person()
    code = code_for(client)
    again = as_before(client, code=code)
    answer = again.post(f"{CONFIRM}?next=/me/", {"code": typed.format(code)})
    assert answer.headers["Location"] == "/me/"
    assert again.session["_auth_user_id"] == str(user.pk)
    assert is_in(client), "whoever did see the answer stays signed in"


def test_a_second_press_after_the_answer_came_leads_on_whatever_its_token(client: Client) -> None:
    person()
    browser = Client(enforce_csrf_checks=True)
    browser.get(CODE)
    asked = browser.post(CODE, {"phone": "13800000001", "csrfmiddlewaretoken": browser.cookies["csrftoken"].value})
    assert asked.status_code == 302
    code = Outbox.sent[-1][1].split("验证码 ")[1][:6]
    old = browser.cookies["csrftoken"].value
    assert browser.post(CONFIRM, {"code": code}).status_code == 403, "nobody is signed in without a token"
    first = browser.post(CONFIRM, {"code": code, "csrfmiddlewaretoken": old})
    assert first.headers["Location"] == "/"
    assert browser.cookies["csrftoken"].value != old
    again = browser.post(f"{CONFIRM}?next=/me/", {"code": code, "csrfmiddlewaretoken": old})
    assert (again.status_code, again.headers["Location"], is_in(browser)) == (302, "/me/", True)


def test_a_wrong_code_ends_it_and_neither_half_opens_anything(client: Client) -> None:
    person()
    code = code_for(client)
    again = as_before(client, code=code)
    assert Client().post(CONFIRM, {"code": code}).headers["Location"] == CODE
    for typed in ("", f"{(int(code) + 1) % 1_000_000:06d}", code):
        page = again.post(CONFIRM, {"code": typed}, follow=True)
        assert (page.redirect_chain, is_in(again)) == ([(CODE, 302)], False)
        assert OVER in page.content.decode()


@pytest.mark.parametrize("change", ["number", "password", "gone", "left"])
def test_whose_way_in_changed_meanwhile_is_not_signed_in(client: Client, change: str) -> None:
    user = person()
    code = code_for(client)
    again = as_before(client, code=code)
    if change == "number":
        set_phone(member_id=user.pk, phone="13800000002")
    elif change == "password":
        user.set_password("another")
        user.save()
    elif change == "gone":
        user.delete()
    else:
        user.is_active = False
        user.save()
    answer = again.post(CONFIRM, {"code": code})
    assert answer.headers["Location"] == ("/accounts/inactive/" if change == "left" else CODE)
    assert not is_in(again)


def test_two_minutes_later_it_is_said(client: Client) -> None:
    person()
    code = code_for(client)
    again = as_before(client, code=code)
    kept = Session.objects.order_by("expire_date").first()
    assert timezone.now() < kept.expire_date <= timezone.now() + dt.timedelta(minutes=2)
    Session.objects.filter(pk=kept.pk).update(expire_date=timezone.now())
    page = again.post(f"{CONFIRM}?next=/me/", {"code": code}, follow=True)
    assert page.redirect_chain == [(f"{CODE}?next=%2Fme%2F", 302)]
    assert OVER in page.content.decode()


def test_where_no_code_is_waited_for_it_is_said(client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    person()
    assert OVER in client.get(CONFIRM, follow=True).content.decode()
    code = code_for(client)
    monkeypatch.setattr("allauth.account.app_settings.LOGIN_BY_CODE_TIMEOUT", -1)
    late = client.post(CONFIRM, {"code": code}, follow=True)
    assert (late.redirect_chain, is_in(client)) == ([(CODE, 302)], False)
    assert OVER in late.content.decode()


class Next:
    """A step after the code."""

    key, urlname = "next", "account_reauthenticate"


def test_a_code_that_was_right_goes_on_at_the_next_step(client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    """A sign-in that has another step after the code waits there."""
    person()
    code = code_for(client)
    monkeypatch.setattr("organizations.views.account.get_pending_stage", lambda _request: Next)
    assert client.post(CONFIRM, {"code": code}).headers["Location"] == "/accounts/reauthenticate/"
    assert not is_in(client)
