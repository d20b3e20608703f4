"""Who is signed in, asked for many at once: Django's own rule, and one query."""

import datetime as dt
from typing import Any

import pytest
from django.contrib.auth import update_session_auth_hash
from django.contrib.sessions.models import Session
from django.test import Client, RequestFactory
from django.utils import timezone

from config.guard import holds_role
from live.room.sessions import Claim, signed_in, still_signed_in
from media import signing
from organizations.models import Role, User
from organizations.session_store import SessionStore
from tests.factories.organizations import County, make_county
from tests.realtime.conftest import sign_in

pytestmark = [pytest.mark.integration, pytest.mark.django_db]


@pytest.fixture
def county() -> County:
    return make_county()


def claims_of(county: County) -> list[Claim]:
    return [(sign_in(member), member.pk) for member in county.members]


@pytest.mark.parametrize("count", [1, 3])
def test_one_question_for_everybody(county: County, django_assert_num_queries: Any, count: int) -> None:
    claims = claims_of(county)[:count]
    with django_assert_num_queries(1):
        marks = signed_in(claims, as_of=timezone.now())
    with django_assert_num_queries(1):
        assert still_signed_in(claims, as_of=timezone.now()) == marks
    assert set(marks) == set(claims)


def test_nobody_is_asked_for_nothing(django_assert_num_queries: Any) -> None:
    with django_assert_num_queries(0):
        assert signed_in([], as_of=timezone.now()) == still_signed_in([], as_of=timezone.now()) == {}


def test_another_password_gives_another_mark_and_no_entry(county: County) -> None:
    claims = claims_of(county)
    before = signed_in(claims, as_of=timezone.now())
    county.members[0].set_password("another-password-1")
    county.members[0].save()
    now = still_signed_in(claims, as_of=timezone.now())
    assert [now[claim] == before[claim] for claim in claims] == [False, True, True]
    assert set(signed_in(claims, as_of=timezone.now())) == set(claims[1:])


def test_a_key_that_was_changed_signs_nobody_out_while_the_former_one_is_named(county: County, settings: Any) -> None:
    """By the key of before a browser may come into a room, and its pages are open; without it neither."""
    former, claims = settings.SECRET_KEY, claims_of(county)
    token = signing.token(root="videos", object_id="x", viewer_id=1, as_of=timezone.now())
    settings.SECRET_KEY = "another-key-of-more-than-32-characters"
    browser = Client()
    browser.cookies[settings.SESSION_COOKIE_NAME] = claims[0][0]
    assert signed_in(claims, as_of=timezone.now()) == {}
    with pytest.raises(signing.UnableToVerify):
        signing.verify(token, as_of=timezone.now())
    settings.SECRET_KEY_FALLBACKS = [former]
    assert set(signed_in(claims, as_of=timezone.now())) == set(claims)
    assert signing.verify(token, as_of=timezone.now()).viewer_id == 1
    assert browser.get("/me/").status_code == 200
    # That page has made the session one of the new key, under the name that it had: it outlives the former one.
    assert browser.cookies[settings.SESSION_COOKIE_NAME].value == claims[0][0]
    settings.SECRET_KEY_FALLBACKS = []
    assert set(signed_in(claims, as_of=timezone.now())) == {claims[0]}


def test_who_is_asked_without_middleware_loses_no_session_of_a_former_key(county: County, settings: Any) -> None:
    """As the guard before large bodies asks, which sends no cookie; another password renames it all the same."""
    former, person = settings.SECRET_KEY, county.operator
    key = sign_in(person)
    settings.SECRET_KEY, settings.SECRET_KEY_FALLBACKS = "another-key-of-more-than-32-characters", [former]
    request = RequestFactory().get("/")
    request.COOKIES[settings.SESSION_COOKIE_NAME] = key
    for _again in range(2):
        assert holds_role(request, (Role.OPERATOR,))
        assert Session.objects.filter(pk=key).exists()
    request.session, request.user = SessionStore(key), person
    person.set_password("another-password-1")
    person.save()
    update_session_auth_hash(request, person)
    assert request.session.session_key != key
    assert not Session.objects.filter(pk=key).exists()


def test_who_is_not_signed_in(county: County) -> None:
    gone, expired, inactive = claims_of(county)
    empty = SessionStore()
    empty.create()
    stranger = (sign_in(county.secretary), county.members[0].pk)
    nobody = (empty.session_key or "", county.secretary.pk)
    unreadable = (sign_in(county.organiser), county.organiser.pk)
    SessionStore(gone[0]).delete()
    Session.objects.filter(pk=expired[0]).update(expire_date=timezone.now() - dt.timedelta(seconds=1))
    Session.objects.filter(pk=unreadable[0]).update(session_data="nonsense")
    User.objects.filter(pk=inactive[1]).update(is_active=False)
    asked = [gone, expired, inactive, stranger, nobody, unreadable, ("", county.secretary.pk), ("k", 1 << 40)]
    assert signed_in(asked, as_of=timezone.now()) == {}
