"""Choosing what a link on the platform opens: in its frame, where a browser brings no session along."""

import re
from typing import Any

import pytest
from django.http import HttpResponse
from django.test import Client
from django.utils import timezone
from joserfc import jwk, jwt

from lti.core import claims
from lti.models import SigningKey
from lti.operations import keys
from lti.operations.platforms import switch
from organizations.models import AccountLink
from organizations.operations.accounts import end_account_link
from tests.factories.courses import Given
from tests.lti.conftest import SITE, World
from tests.lti.stand_in import CLIENT_ID, DEEP, DEPLOYMENT, LTI, Form
from tests.lti.test_launch import ancestors, drops, kept, onward, text, who

ASKED = {"deep_link_return_url": "https://x.example/", "accept_types": ["ltiResourceLink"], "data": "csrf"}
pytestmark = [pytest.mark.integration, pytest.mark.django_db]


def opened(client: Client, world: World, **settings: Any) -> str:
    answer = world.choose(client, **settings)
    assert ancestors(answer) == f"'self' {world.there.url}"
    return onward(answer)


def key_on(page: HttpResponse) -> str:
    found = re.search(r'name="key" value="([^"]+)"', text(page))
    assert found, text(page)
    return found[1]


def told(client: Client, answer: HttpResponse) -> dict[str, Any]:
    """What the platform reads of it, with the keys that this site shows."""
    form = re.search(r'<form class="card" method="post".*?</form>', text(answer), re.S)
    assert form, text(answer)
    shown = client.get("/lti/keys.json").json()
    said = jwt.decode(Form(form[0]).fields["JWT"], jwk.KeySet.import_key_set(shown)).claims
    jwt.JWTClaimsRegistry().validate(said)
    return dict(said)


@pytest.mark.parametrize("whole", [True, False])
def test_a_course_or_a_lesson_is_chosen_and_the_platform_can_read_it(
    client: Client, world: World, course: Given, whole: bool
) -> None:
    url = opened(client, world)
    page = client.get(url)
    assert course.run.occasion.title in text(page)
    assert ancestors(page) == f"'self' {world.there.url}"
    one = client.get(f"{url}?run={course.run.pk}")
    assert course.lesson.title in text(one)
    lesson = "" if whole else str(course.lesson.pk)
    # As in a frame: no cookie of Django's check comes along.
    strict = Client(enforce_csrf_checks=True)
    strict.cookies = client.cookies
    cookies = kept(client)
    answer = strict.post(url, {"key": key_on(one), "run": course.run.pk, "lesson": lesson})
    assert answer.status_code == 200, text(answer)
    assert f"form-action 'self' {world.there.url}" in answer["Content-Security-Policy"]
    said = told(client, answer)
    assert (said["iss"], said["aud"]) == (CLIENT_ID, world.there.url)
    assert (said[f"{LTI}deployment_id"], said[f"{DEEP}data"]) == (DEPLOYMENT, "csrf:abc")
    assert said[f"{LTI}message_type"] == "LtiDeepLinkingResponse"
    (item,) = said[f"{DEEP}content_items"]
    at = f"{SITE}/courses/{course.run.pk}/{f'{lesson}/' if lesson else ''}"
    title = course.run.occasion.title if whole else course.lesson.title
    assert (item["type"], item["title"], item["url"]) == ("ltiResourceLink", title, at)
    assert who(client) is None
    assert drops(answer)
    client.cookies.load(cookies)
    assert client.get(url).status_code == 400  # chosen is chosen


def test_what_one_may_not_open_is_not_there(client: Client, world: World, course: Given) -> None:
    world.link(world.county.neighbour_member, "9")
    world.sub = "9"
    url = opened(client, world)
    assert "还没有您能打开的课程" in text(client.get(url))
    assert client.get(f"{url}?run={course.run.pk}").status_code == 404
    assert client.get(f"{url}?run=x").status_code == 200


def test_a_name_narrows_the_list(client: Client, world: World, course: Given) -> None:
    url = opened(client, world)
    assert course.run.occasion.title in text(client.get(url, {"q": course.run.occasion.title[:2]}))
    assert "没有这个名称的课程" in text(client.get(url, {"q": "没有"}))
    # A multipart request may name UTF-7, in which half a pair can be written.
    half = {"CONTENT_TYPE": "multipart/form-data; boundary=x; charset=utf-7"}
    for asked, more in (("%00", {}), ("+2AA-", half), ("%2B2AA-", half)):
        answer = client.get(f"{url}?q={asked}", **more)  # type: ignore[arg-type]
        assert answer.status_code == 200
        assert course.run.occasion.title in text(answer)


def test_another_site_chooses_nothing(client: Client, world: World, course: Given) -> None:
    url = opened(client, world)
    for key in ({}, {"key": "x"}):
        assert client.post(url, {"run": course.run.pk, "lesson": "", **key}).status_code == 404
    assert Client().get(url).status_code == 404
    key = key_on(client.get(f"{url}?run={course.run.pk}"))
    assert client.post(url, {"run": course.run.pk, "lesson": "999999", "key": key}).status_code == 404


def test_a_launch_chooses_nothing_and_a_choice_signs_nobody_in_in_a_frame(client: Client, world: World) -> None:
    visit = onward(world.launch(client)).split("/")[-2]
    assert client.get(f"/lti/choose/{visit}/").status_code == 400
    visit = opened(client, world).split("/")[-2]
    for ask in (client.get, client.post):
        assert ask(f"/lti/go/{visit}/").status_code == 400
    client.force_login(world.county.member)
    assert client.get(f"/lti/go/{visit}/").status_code == 400


def test_a_platform_withdrawn_meanwhile_gets_nothing(client: Client, world: World, course: Given) -> None:
    url = opened(client, world)
    switch(platform_id=world.platform.pk, on=False, actor_id=world.county.operator.pk, as_of=timezone.now())
    assert client.get(url).status_code == 403


def test_a_role_that_asks_for_a_second_step_lists_nothing_here(
    client: Client, world: World, course: Given, settings: Any
) -> None:
    world.link(world.county.organiser, "5")
    world.sub = "5"
    assert course.run.occasion.title in text(client.get(opened(client, world)))
    settings.SECOND_FACTOR_ROLES = frozenset({"organiser"})
    page = text(client.get(opened(client, world)))
    assert course.run.occasion.title not in page
    assert "先过登录验证" in page


@pytest.mark.parametrize(
    "wrong",
    [
        {"deep_link_return_url": "http://evil.example/"}, {"deep_link_return_url": None}, {"accept_types": ["file"]},
        {"accept_types": None}, {"data": 5}, {"data": "\0"}, {"deep_link_return_url": "https://x.example;script-src/"},
    ],
)  # fmt: skip
def test_a_question_that_cannot_be_answered_is_refused(client: Client, world: World, wrong: dict[str, Any]) -> None:
    assert world.choose(client, **wrong).status_code == 400


def test_an_account_whose_link_was_ended_chooses_nothing_more(client: Client, world: World, course: Given) -> None:
    url = opened(client, world)
    link = AccountLink.objects.get()
    end_account_link(link_id=link.pk, member_id=link.member_id, as_of=timezone.now())
    assert client.get(url).status_code == 400


def test_a_choice_without_its_settings_is_refused(client: Client, world: World) -> None:
    world.there.says(**{f"{LTI}message_type": "LtiDeepLinkingRequest", f"{DEEP}deep_linking_settings": 5})
    assert world.launch(client).status_code == 400


def test_keys_change_and_the_old_one_is_shown_for_a_while(client: Client, world: World) -> None:
    now = timezone.now()
    first = keys.ensure_key(as_of=now)
    assert keys.ensure_key(as_of=now).pk == first.pk
    SigningKey.objects.update(made_at=now - keys.SIGNS)
    second = keys.ensure_key(as_of=now)
    shown = [one["kid"] for one in client.get("/lti/keys.json").json()["keys"]]
    assert shown == [second.kid, first.kid]
    assert "d" not in client.get("/lti/keys.json").json()["keys"][0]
    SigningKey.objects.filter(pk=first.pk).update(made_at=now - keys.SHOWN)
    SigningKey.objects.filter(pk=second.pk).update(made_at=now - keys.SIGNS)
    keys.ensure_key(as_of=now + keys.SIGNS)
    assert not SigningKey.objects.filter(pk=first.pk).exists()


def test_a_key_that_another_phone_key_sealed_is_replaced(world: World, settings: Any) -> None:
    first = keys.ensure_key(as_of=timezone.now())
    settings.PHONE_KEY = "another-key-of-at-least-fifty-characters-for-this-test-of-keys"
    assert keys.ensure_key(as_of=timezone.now()).pk != first.pk


@pytest.mark.parametrize(
    ("changed", "why"),
    [
        ({"nonce": "\ud800"}, claims.Refusal.SIGNATURE), ({"sub": "\ud800"}, claims.Refusal.UNREADABLE),
        ({f"{DEEP}deep_linking_settings": {**ASKED, "data": "\ud800"}}, claims.Refusal.UNREADABLE),
    ],
)  # fmt: skip
def test_half_a_pair_in_a_signed_message_is_refused(changed: dict[str, Any], why: claims.Refusal) -> None:
    """As JSON may have it, in escapes."""
    said = {
        "nonce": "n", "sub": "42", f"{LTI}deployment_id": "1", f"{LTI}version": "1.3.0",
        f"{LTI}message_type": claims.CHOICE, f"{DEEP}deep_linking_settings": ASKED, **changed,
    }  # fmt: skip
    with pytest.raises(claims.UnableToLaunch) as refused:
        claims.read(said, nonce="n", deployments=["1"])
    assert refused.value.why is why
