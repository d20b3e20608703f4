"""Coming in from a learning platform, which speaks the real protocol over HTTP in a process of its own."""

import datetime as dt
import html
import re
from typing import Any

import pytest
import requests
from allauth.mfa.totp.internal.auth import TOTP
from django.core.cache import cache
from django.http import HttpResponse
from django.test import Client
from django.utils import timezone

from lti.models import Platform, Visit
from lti.operations.platforms import switch
from lti.operations.visits import MOST_TRIES
from lti.queries import platform_of, visit_by_state
from organizations.models import AccessEntry, AccountLink, Left, User
from organizations.operations import end_membership
from organizations.operations.accounts import end_account_link
from organizations.queries import phone_of
from tests.factories.courses import Given
from tests.factories.organizations import UserFactory
from tests.lti.conftest import World, values
from tests.lti.stand_in import LTI

pytestmark = [pytest.mark.integration, pytest.mark.django_db]


def who(client: Client) -> str | None:
    found = client.session.get("_auth_user_id")
    return None if found is None else str(found)


def text(answer: HttpResponse) -> str:
    return answer.content.decode()


def onward(answer: HttpResponse) -> str:
    assert answer.status_code == 200, text(answer)
    found = re.search(r'http-equiv="refresh" content="0;url=([^"]+)"', text(answer))
    assert found, text(answer)
    return html.unescape(found[1])


def kept(client: Client) -> dict[str, str]:
    """The cookies of visits as the browser has them: one that has run out is sent as nothing by the test's client."""
    return {name: one.value for name, one in client.cookies.items() if name.startswith("lti-")}


def drops(answer: HttpResponse) -> bool:
    """Whether an answer has the browser forget the visit: the same cookie in every attribute, or it would stay."""
    (cookie,) = [one for name, one in answer.cookies.items() if name.startswith("lti-")]
    parts = {"Path=/lti/", "Max-Age=0", "Secure", "HttpOnly", "SameSite=None", "Partitioned"}
    return cookie.value == "" and parts <= set(cookie.OutputString().split("; "))


def come_in(client: Client, world: World, **asked: Any) -> HttpResponse:
    return client.get(onward(world.launch(client, **asked)))


# --- who comes in -----------------------------------------------------------------------------------------------------
def test_a_lesson_is_opened_from_the_platform(client: Client, world: World, course: Given) -> None:
    lesson = f"/courses/{course.run.pk}/{course.lesson.pk}/"
    people = User.objects.count()
    answer = come_in(client, world, target=lesson)
    assert (answer.status_code, answer["Location"]) == (302, lesson)
    assert who(client) == str(world.county.member.pk)
    assert client.get(lesson).status_code == 200
    assert User.objects.count() == people
    link = AccountLink.objects.get()
    assert (link.provider, link.external_id) == (world.platform.way, world.sub)
    assert link.used_at is not None
    assert Platform.objects.get().used_at is not None


def test_what_the_browser_keeps_is_for_these_pages_alone_and_works_in_a_frame(client: Client, world: World) -> None:
    answer = world.begin(client)
    (cookie,) = [one for name, one in answer.cookies.items() if name.startswith("lti-")]
    said = cookie.OutputString()
    for part in ("Path=/lti/", "Secure", "HttpOnly", "SameSite=None", "Partitioned"):
        assert part in said.split("; "), said
    assert cookie.value not in answer["Location"]
    assert Visit.objects.get().state in answer["Location"]


@pytest.mark.parametrize(
    ("target", "leads"),
    [
        ("", "/courses/"), ("/lti/launch/", "/courses/"), ("/courses/", "/courses/"), ("/admin/", "/courses/"),
        ("/accounts/logout/", "/courses/"), (".evil.example/courses/", "/courses/"), ("//evil.example/", "/courses/"),
    ],
)  # fmt: skip
def test_a_link_opens_courses_and_nothing_else(client: Client, world: World, target: str, leads: str) -> None:
    assert come_in(client, world, target=target)["Location"] == leads


def test_a_get_begins_too_and_one_platform_of_an_issuer_needs_no_client(client: Client, world: World) -> None:
    answer = client.get("/lti/login/", {"iss": world.there.url, "login_hint": "42"})
    assert answer.status_code == 302
    form = world.there.visit(answer["Location"])
    assert client.get(onward(client.post("/lti/launch/", form.fields))).status_code == 302
    assert who(client) == str(world.county.member.pk)


def test_whoever_is_signed_in_goes_on_and_keeps_the_session(client: Client, world: World, course: Given) -> None:
    client.force_login(world.county.member)
    before = client.session.session_key
    target = f"/courses/{course.run.pk}/"
    assert come_in(client, world, target=target)["Location"] == target
    assert client.session.session_key == before


def test_a_visit_of_whoever_was_signed_in_signs_nobody_in_after_they_signed_out(client: Client, world: World) -> None:
    client.force_login(world.county.member)
    url = onward(world.launch(client))
    cookies = kept(client)
    for _ in range(2):  # the page is loaded anew before the answer has come
        client.cookies.load(cookies)
        assert drops(client.get(url))
    client.post("/accounts/logout/")
    assert who(client) is None
    client.cookies.load(cookies)  # whoever kept a copy
    answer = client.get(url)
    assert answer.status_code == 400
    assert "已经过时" in text(answer)
    assert who(client) is None


def test_whoever_stays_who_they_are_ends_the_visit(client: Client, world: World, course: Given) -> None:
    other, target = world.county.members[1], f"/courses/{course.run.pk}/"
    client.force_login(other)
    url = onward(world.launch(client, target=target))
    cookies = kept(client)
    assert 'name="do" value="stay"' in text(client.get(url))
    answer = client.post(url, {"do": "stay"})
    assert answer["Location"] == target
    assert drops(answer)
    assert who(client) == str(other.pk)
    client.cookies.load(cookies)
    assert client.post(url).status_code == 400
    client.logout()
    client.cookies.load(cookies)
    assert client.post(url, {"do": "stay"}).status_code == 400
    assert who(client) is None


def test_somebody_else_who_is_signed_in_is_asked_first(client: Client, world: World) -> None:
    client.force_login(world.county.members[1])
    url = onward(world.launch(client))
    page = client.get(url)
    assert page.status_code == 200
    for name in (world.county.member.name, world.county.members[1].name, world.platform.name):
        assert name in text(page)
    assert who(client) == str(world.county.members[1].pk)
    assert client.post(url)["Location"] == "/courses/"
    assert who(client) == str(world.county.member.pk)


def test_the_second_step_is_asked_for_this_way_too(client: Client, world: World) -> None:
    TOTP.activate(world.county.member, "A" * 32)
    answer = come_in(client, world)
    assert answer["Location"].startswith("/accounts/factor/sign-in/")
    assert who(client) is None


# --- who does not -----------------------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("how", "status", "said"),
    [
        ("audience", 403, "核对不了"), ("issuer", 403, "核对不了"), ("nonce", 403, "核对不了"),
        ("foreign key", 403, "核对不了"), ("unsigned", 403, "核对不了"), ("expired", 400, "时间对不上"),
        ("future", 400, "时间对不上"), ("keys away", 503, "没有回应"), ("keys silly", 503, "没有回应"),
        ("keys none", 503, "没有回应"), ("keys huge", 503, "没有回应"),
        ("says no", 403, "没有说您是谁"),
    ],
)  # fmt: skip
def test_a_message_that_is_wrong_lets_nobody_in(client: Client, world: World, how: str, status: int, said: str) -> None:
    world.there.says(how)
    answer = world.launch(client)
    assert answer.status_code == status
    assert said in text(answer)
    assert who(client) is None
    assert AccountLink.objects.get().used_at is None


@pytest.mark.parametrize(
    ("claims", "status", "said"),
    [
        ({f"{LTI}deployment_id": "2"}, 403, "部署编号"), ({f"{LTI}deployment_id": None}, 403, "部署编号"),
        ({f"{LTI}deployment_id": 1}, 403, "部署编号"), ({f"{LTI}version": "1.1"}, 400, "看不懂"),
        ({f"{LTI}message_type": "LtiSubmissionReviewRequest"}, 400, "看不懂"), ({"sub": None}, 403, "还不知道您是谁"),
        ({"sub": ""}, 403, "还不知道您是谁"), ({"sub": 42}, 400, "看不懂"), ({"sub": "x" * 192}, 400, "看不懂"),
        ({"exp": None}, 403, "核对不了"), ({"nonce": None}, 403, "核对不了"),
        ({"aud": ["tool-7", "another"]}, 403, "核对不了"), ({"azp": "another"}, 403, "核对不了"),
        ({"aud": ["tool-7", "another"], "azp": "another"}, 403, "核对不了"),
    ],
)  # fmt: skip
def test_a_claim_that_is_wrong_lets_nobody_in(
    client: Client, world: World, claims: dict[str, Any], status: int, said: str
) -> None:
    world.there.says(**claims)
    answer = world.launch(client)
    assert (answer.status_code, said in text(answer)) == (status, True), text(answer)
    assert who(client) is None


def test_several_audiences_with_ours_as_the_authorised_one_are_right(client: Client, world: World) -> None:
    world.there.says(aud=["tool-7", "another"], azp="tool-7")
    assert come_in(client, world).status_code == 302


def test_what_the_platform_said_once_holds_once(client: Client, world: World, settings: Any) -> None:
    form = world.form(client)
    url = onward(client.post("/lti/launch/", form.fields))
    again = client.post("/lti/launch/", form.fields)
    assert again.status_code == 400
    assert "已经过时" in text(again)
    cookies = kept(client)
    assert drops(client.get(url))
    assert who(client) == str(world.county.member.pk)
    client.cookies.load(cookies)
    del client.cookies[settings.SESSION_COOKIE_NAME]
    assert client.get(url).status_code == 400
    assert who(client) is None


def test_two_that_arrive_at_once_are_one(client: Client, world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    from lti.views import door

    form = world.form(client)

    def verified_late(platform: Platform, id_token: str) -> dict[str, Any]:
        Visit.objects.update(launched_at=timezone.now())  # the other one, in between
        return dict(found(platform, id_token))

    found = door.verified
    monkeypatch.setattr(door, "verified", verified_late)
    assert client.post("/lti/launch/", form.fields).status_code == 400


def test_another_browser_gets_nothing_from_it(client: Client, world: World) -> None:
    form = world.form(client)
    other = Client()
    answer = other.post("/lti/launch/", form.fields)
    assert answer.status_code == 400
    assert "新窗口" in text(answer)
    url = onward(client.post("/lti/launch/", form.fields))
    assert other.get(url).status_code == 404
    assert who(other) is None


def test_a_state_of_one_visit_with_the_cookie_of_another_opens_nothing(client: Client, world: World) -> None:
    mine, others = world.form(client), world.form(Client())
    cookie = next(name for name in client.cookies if name.startswith("lti-"))
    from lti.views.cookies import name_of

    client.cookies[name_of(others.fields["state"])] = client.cookies[cookie].value
    assert client.post("/lti/launch/", others.fields).status_code == 400
    assert client.post("/lti/launch/", {**mine.fields, "id_token": others.fields["id_token"]}).status_code == 403
    assert who(client) is None


@pytest.mark.parametrize("sent", [{}, {"state": "x"}, {"state": "全"}, {"state": "x", "id_token": "y"}])
def test_what_nobody_asked_for_is_said_to_be_over(client: Client, world: World, sent: dict[str, str]) -> None:
    assert client.post("/lti/launch/", sent).status_code == 400


@pytest.mark.parametrize("token", ["", "x", "a.b.c", "e30.e30.", "[" * 5000])
def test_a_token_that_is_none_is_refused_in_words(client: Client, world: World, token: str) -> None:
    form = world.form(client)
    answer = client.post("/lti/launch/", {**form.fields, "id_token": token})
    assert answer.status_code == 403
    assert "核对不了" in text(answer)


def test_whoever_comes_late_begins_anew(client: Client, world: World) -> None:
    form = world.form(client)
    Visit.objects.update(made_at=timezone.now() - dt.timedelta(minutes=11))
    assert client.post("/lti/launch/", form.fields).status_code == 400
    url = onward(world.launch(client))
    Visit.objects.update(launched_at=timezone.now() - dt.timedelta(minutes=11))
    assert client.get(url).status_code == 400
    assert who(client) is None


def test_a_key_that_was_changed_is_asked_for_at_once_and_the_old_one_is_not_asked_twice(
    client: Client, world: World
) -> None:
    come_in(client, world)
    come_in(Client(), world)
    assert world.there.keys_asked() == 1
    world.there.rotates()
    assert come_in(Client(), world).status_code == 302
    assert world.there.keys_asked() == 2


def test_keys_that_nobody_knows_make_us_ask_seldom(client: Client, world: World) -> None:
    come_in(client, world)
    world.there.rotates()
    form = world.form(client)
    world.there.rotates()
    for _ in range(3):
        assert client.post("/lti/launch/", form.fields).status_code == 403
    assert world.there.keys_asked() == 2


def test_keys_that_cannot_be_had_are_not_asked_for_by_everybody_who_comes(client: Client, world: World) -> None:
    world.there.says("keys away")
    for _ in range(3):
        answer = world.launch(client)
        assert answer.status_code == 503
        assert "没有回应" in text(answer)
    assert world.there.keys_asked() == 1


def test_a_visit_tries_so_many_messages_and_no_more(client: Client, world: World) -> None:
    form = world.form(client)
    for _ in range(MOST_TRIES):
        assert client.post("/lti/launch/", {**form.fields, "id_token": "x"}).status_code == 403
    answer = client.post("/lti/launch/", form.fields)
    assert answer.status_code == 400
    assert "已经过时" in text(answer)
    assert come_in(client, world).status_code == 302


@pytest.mark.parametrize("odd", ["\0", "\ud800"])
def test_what_no_database_takes_is_nobodys(world: World, odd: str) -> None:
    assert platform_of(issuer=world.there.url, client_id=odd) is None
    assert platform_of(issuer=f"{world.there.url}{odd}", client_id="") is None
    assert visit_by_state(odd) is None


def test_odd_signs_from_strangers_are_answered_in_words(client: Client, world: World) -> None:
    odd, kind = "\0", "multipart/form-data; boundary=x"

    def send(at: str, **fields: str) -> HttpResponse:
        parts = [f'--x\r\nContent-Disposition: form-data; name="{key}"\r\n\r\n{fields[key]}\r\n' for key in fields]
        return client.post(at, ("".join(parts) + "--x--\r\n").encode(), content_type=kind)

    known = {"iss": world.there.url, "client_id": "tool-7", "login_hint": "42"}
    assert send("/lti/login/", **known).status_code == 302
    for name, status in (("iss", 404), ("client_id", 404), ("login_hint", 400), ("target_link_uri", 400)):
        assert send("/lti/login/", **{**known, name: odd}).status_code == status, name
    assert send("/lti/launch/", state=odd, id_token=odd).status_code == 400
    assert send("/lti/launch/", state=Visit.objects.get().state, id_token=odd).status_code == 403


# --- whose account it is ----------------------------------------------------------------------------------------------
def test_whoever_is_not_on_the_roster_is_not_made_and_learns_what_to_say(client: Client, world: World) -> None:
    people = User.objects.count()
    answer = world.launch(client, sub="4711")
    assert answer.status_code == 403
    assert "4711" in text(answer)
    assert "名册上没有找到您" in text(answer)
    assert User.objects.count() == people
    assert AccountLink.objects.count() == 1
    assert who(client) is None


def test_a_verified_number_counts_only_where_the_operator_believes_in_it(client: Client, world: World) -> None:
    number = phone_of(world.county.members[1])
    world.there.says(phone_number=number, phone_number_verified=True)
    assert world.launch(client, sub="7").status_code == 403
    Platform.objects.update(trusts_phone=True)
    assert come_in(client, world, sub="7").status_code == 302
    assert who(client) == str(world.county.members[1].pk)
    entry = AccessEntry.objects.get(what="account_linked", subject=world.county.members[1])
    assert (entry.title, entry.reader) == (world.platform.name, world.county.members[1])


@pytest.mark.parametrize("verified", [None, False, "yes", 1.5])
def test_a_number_that_is_not_verified_says_nothing(client: Client, world: World, verified: Any) -> None:
    Platform.objects.update(trusts_phone=True)
    world.there.says(phone_number=phone_of(world.county.members[1]), phone_number_verified=verified)
    assert world.launch(client, sub="7").status_code == 403
    assert AccountLink.objects.count() == 1


def test_a_number_in_custom_parameters_which_a_teacher_writes_says_nothing(client: Client, world: World) -> None:
    Platform.objects.update(trusts_phone=True)
    number = phone_of(world.county.members[1])
    world.there.says(**{f"{LTI}custom": {"phone_number": number, "phone_number_verified": "true"}})
    assert world.launch(client, sub="7").status_code == 403
    assert AccountLink.objects.count() == 1


def test_somebody_elses_number_changes_nothing(client: Client, world: World) -> None:
    Platform.objects.update(trusts_phone=True)
    world.there.says(phone_number=phone_of(world.county.members[1]), phone_number_verified=True)
    answer = world.launch(client)
    assert answer.status_code == 409
    assert "另一个人" in text(answer)
    assert who(client) is None
    assert AccountLink.objects.get().member == world.county.member


def test_whoever_manages_the_site_comes_in_another_way(client: Client, world: World) -> None:
    world.link(world.county.operator, "1")
    answer = world.launch(client, sub="1")
    assert answer.status_code == 403
    assert "您管理本站" in text(answer)
    Platform.objects.update(trusts_phone=True)
    root = UserFactory(is_superuser=True)
    world.there.says(phone_number=phone_of(root), phone_number_verified=True)
    assert "您管理本站" in text(world.launch(client, sub="2"))
    assert AccountLink.objects.count() == 2
    assert who(client) is None


def test_whoever_has_left_does_not_come_back_this_way(client: Client, world: World) -> None:
    member, now = world.county.member, timezone.now()
    url = onward(world.launch(client))
    end_membership(member_id=member.pk, because=Left.TRANSFERRED, on_date=timezone.localdate(now), as_of=now)
    assert client.get(url).status_code == 400
    assert "已经离开" in text(world.launch(client))
    assert who(client) is None


def test_an_account_whose_link_was_ended_is_nobodys(client: Client, world: World) -> None:
    link = AccountLink.objects.get()
    end_account_link(link_id=link.pk, member_id=link.member_id, as_of=timezone.now())
    assert world.launch(client).status_code == 403


def test_what_changed_between_the_word_and_the_page_counts(client: Client, world: World) -> None:
    url = onward(world.launch(client))
    link = AccountLink.objects.get()
    end_account_link(link_id=link.pk, member_id=link.member_id, as_of=timezone.now())
    assert client.get(url).status_code == 400
    world.link(world.county.members[1], "7")
    url = onward(world.launch(client, sub="7"))
    User.objects.filter(pk=world.county.members[1].pk).update(is_superuser=True)
    answer = client.get(url)
    assert answer.status_code == 403
    assert "您管理本站" in text(answer)
    assert who(client) is None


# --- the platform, the course -----------------------------------------------------------------------------------------
def test_a_platform_that_is_withdrawn_ends_each_way_in_and_no_session(client: Client, world: World) -> None:
    inside = Client()
    come_in(inside, world)
    waiting, form = onward(world.launch(client)), world.form(client)
    now = timezone.now()
    assert switch(platform_id=world.platform.pk, on=False, actor_id=world.county.operator.pk, as_of=now)
    for answer in (client.get(waiting), client.post("/lti/launch/", form.fields), world.begin(client)):
        assert answer.status_code == 403
        assert "管理员停用了它" in text(answer)
    assert who(client) is None
    assert inside.get("/").status_code == 200
    assert switch(platform_id=world.platform.pk, on=True, actor_id=world.county.operator.pk, as_of=now)
    assert come_in(client, world).status_code == 302


def test_a_platform_that_nobody_set_up_is_told_so(client: Client, world: World) -> None:
    for said in ({}, {"iss": "https://evil.example"}, {"iss": world.there.url, "client_id": "another"}):
        answer = client.post("/lti/login/", {"login_hint": "42", **said})
        assert answer.status_code == 404
        assert "没有在本站登记" in text(answer)
    assert Visit.objects.count() == 0


def test_two_platforms_of_one_issuer_are_told_apart_by_their_client(client: Client, world: World) -> None:
    from lti.operations.platforms import make_platform

    more = values(world.there, client_id="tool-8", name="另一个")
    make_platform(maker=world.county.operator, as_of=timezone.now(), **more)
    assert client.post("/lti/login/", {"iss": world.there.url, "login_hint": "42"}).status_code == 404
    assert come_in(client, world).status_code == 302


def test_a_first_request_without_a_hint_or_with_a_huge_one_is_refused(client: Client, world: World) -> None:
    for hint in ("", "x" * 4001):
        said = {"iss": world.there.url, "login_hint": hint}
        assert client.post("/lti/login/", said).status_code == 400


def test_a_course_that_is_withdrawn_says_so_and_keeps_the_sign_in(client: Client, world: World, course: Given) -> None:
    lesson = f"/courses/{course.run.pk}/{course.lesson.pk}/"
    type(course.page).objects.get(pk=course.page.pk).unpublish()
    answer = come_in(client, world, target=lesson)
    page = client.get(answer["Location"])
    assert page.status_code == 200
    assert "正在修改" in text(page)
    gone = come_in(client, world, target=f"/courses/{course.run.pk + 1}/")
    assert client.get(gone["Location"]).status_code == 404


def test_a_course_of_another_branch_stays_closed(client: Client, world: World, course: Given) -> None:
    world.link(world.county.neighbour_member, "9")
    answer = come_in(client, world, sub="9", target=f"/courses/{course.run.pk}/")
    assert client.get(answer["Location"]).status_code == 404


# --- frames, limits, what stays ---------------------------------------------------------------------------------------
def ancestors(answer: HttpResponse) -> str:
    return re.search(r"frame-ancestors ([^;]+)", answer["Content-Security-Policy"])[1]  # type: ignore[index]


def test_in_a_frame_a_window_is_asked_for_and_only_the_platform_may_frame_that(client: Client, world: World) -> None:
    said = {"iss": world.there.url, "login_hint": "42", "client_id": "tool-7", "lti_message_hint": "a&b"}
    page = client.post("/lti/login/", said, headers={"sec-fetch-dest": "iframe"})
    assert page.status_code == 200
    assert ancestors(page) == f"'self' {world.there.url}"
    found = re.search(r'class="btn" href="([^"]+)" target="_blank"', text(page))
    assert found
    assert Visit.objects.count() == 0
    answer = client.get(html.unescape(found[1]))
    assert (answer.status_code, "lti_message_hint=a%26b" in answer["Location"]) == (302, True)


def test_other_pages_are_framed_by_nobody(client: Client, world: World) -> None:
    assert ancestors(client.get(onward(world.launch(client)), follow=True)) == "'none'"
    assert ancestors(client.get("/accounts/login/")) == "'none'"
    assert ancestors(client.post("/lti/login/", {"iss": "https://evil.example"})) == "'none'"


def test_visits_that_strangers_begin_are_counted(client: Client, world: World, settings: Any) -> None:
    settings.SIGN_IN_LIMITS = {
        **settings.SIGN_IN_LIMITS, "lti": {"address": [(1, 600)]}, "account": {"address": [(0, 600)]},
    }  # fmt: skip
    assert world.begin(client).status_code == 302
    answer = world.begin(client)
    assert answer.status_code == 429
    assert int(answer["Retry-After"]) > 0
    assert Visit.objects.count() == 1


@pytest.mark.parametrize("kind", ["image", "script", "empty", "style", ""])
def test_what_shows_no_page_begins_nothing_and_spends_nothing(
    client: Client, world: World, settings: Any, kind: str
) -> None:
    settings.SIGN_IN_LIMITS = {**settings.SIGN_IN_LIMITS, "lti": {"address": [(1, 600)]}}
    said = {"iss": world.there.url, "login_hint": "42"}
    for _ in range(3):
        answer = client.get("/lti/login/", said, headers={"sec-fetch-dest": kind})
        assert (answer.status_code, "看不懂" in text(answer)) == (400, True)
    assert Visit.objects.count() == 0
    assert client.get("/lti/login/", said, headers={"sec-fetch-dest": "document"}).status_code == 302


def test_yesterdays_visits_go_and_none_says_who_it_was(client: Client, world: World) -> None:
    come_in(client, world)
    Visit.objects.update(made_at=timezone.now() - dt.timedelta(days=2))
    world.begin(client)
    (left,) = Visit.objects.all()
    assert (left.launched_at, left.wants) == (None, {})


def test_keys_are_asked_for_anew_after_their_time(client: Client, world: World) -> None:
    come_in(client, world)
    cache.clear()
    world.there.says("keys away")
    assert world.launch(client).status_code == 503
    assert requests.get(f"{world.there.url}/jwks", timeout=10).status_code == 503
