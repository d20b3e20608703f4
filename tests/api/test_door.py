"""Who gets in, who no longer, how often, and what is said to everybody else."""

import datetime as dt

import pytest
import time_machine
from django.conf import settings
from django.test import Client
from django.utils import timezone

from api import operations as do
from api.models import Scope, Token
from organizations.models import Role, RoleGrant
from tests.api.conftest import World, get

pytestmark = [pytest.mark.integration, pytest.mark.django_db]
DAY = dt.timedelta(days=1)


def test_no_key_and_a_wrong_one_get_the_same(world: World) -> None:
    for headers in ({}, {"Authorization": "Bearer ftc_nobody"}, {"Authorization": "Basic YTpi"}):
        answer = Client().get("/api/v1/token", headers=headers)
        assert (answer.status_code, answer.json()["error"]) == (401, "no_key")
        assert answer.headers["WWW-Authenticate"] == "Bearer"


def test_a_session_opens_nothing(world: World) -> None:
    browser = Client()
    browser.force_login(world.chief)
    assert browser.get("/api/v1/people").status_code == 401


def test_a_scope_that_the_token_lacks(world: World) -> None:
    answer = get(world.key(Scope.COUNTS), "people")
    assert (answer.status_code, answer.json()["error"]) == (403, "scope_missing")


def test_outside_the_subtree_there_is_nothing(world: World) -> None:
    key = world.key(node=world.county.branch)
    for unit in (world.county.neighbour.pk, world.county.county.pk, 999_999):
        answer = get(key, "people", unit=unit)
        assert (answer.status_code, answer.json()["error"]) == (404, "not_found")
    names = get(key, f"trainings/{world.training.pk}/records").content.decode()
    assert world.county.neighbour_member.name not in names
    assert get(key, "trainings/999999/records").status_code == 404
    assert get(key, f"trainings/{10**30}/records").status_code == 404


def test_a_token_is_over_at_its_moment(world: World) -> None:
    key = world.key(days=1)
    with time_machine.travel(timezone.now() + DAY + dt.timedelta(seconds=1), tick=False):
        assert get(key, "token").status_code == 401


def test_a_withdrawn_token_is_over_at_once(world: World) -> None:
    token, key = world.token()
    assert do.end_token(token_id=token.pk, actor_id=world.chief.pk, as_of=timezone.now()) is True
    assert do.end_token(token_id=token.pk, actor_id=world.chief.pk, as_of=timezone.now()) is False
    assert get(key, "token").status_code == 401


def test_a_token_dies_with_the_right_of_its_maker_for_good(world: World) -> None:
    """Also where other scopes would still stand, and where the role comes back."""
    token, key = world.token(Scope.TRAININGS, Scope.PEOPLE)
    grant = RoleGrant.objects.filter(user=world.chief, role=Role.OPERATOR)
    secretary = RoleGrant.objects.filter(user=world.chief, role=Role.SECRETARY)
    today = timezone.localdate()
    grant.update(active_to_date=today)
    assert get(key, "token").status_code == 200  # a secretary reads people, too
    secretary.update(active_to_date=today)
    assert get(key, "trainings").status_code == 401
    secretary.update(active_to_date=None)
    assert get(key, "trainings").status_code == 401
    token.refresh_from_db()
    assert token.ended_because == Token.Ended.RIGHT


def test_a_closed_account_reads_nothing(world: World) -> None:
    key = world.key()
    world.chief.is_active = False
    world.chief.save()
    assert get(key, "token").status_code == 401


def test_use_is_noted_to_the_hour(world: World) -> None:
    token, key = world.token()
    start = timezone.now()
    with time_machine.travel(start, tick=False) as clock:
        get(key, "token")
        clock.shift(dt.timedelta(minutes=59))
        get(key, "token")
        token.refresh_from_db()
        assert token.used_at == start
        clock.shift(dt.timedelta(minutes=1))
        get(key, "token")
        token.refresh_from_db()
        assert token.used_at == start + dt.timedelta(hours=1)


def test_too_many_is_said_with_when_again(world: World, settings: object) -> None:
    settings.SIGN_IN_LIMITS = {**settings.SIGN_IN_LIMITS, "api": {"token": [(2, 60)]}}  # type: ignore[attr-defined]
    key, other = world.key(), world.key()
    assert [get(key, "token").status_code for _time in range(3)] == [200, 200, 429]
    answer = get(key, "token")
    assert (answer.json()["error"], 0 < int(answer.headers["Retry-After"]) <= 60) == ("too_many", True)
    assert get(other, "token").status_code == 200


def test_guessing_keys_is_limited_by_address(world: World, settings: object) -> None:
    settings.SIGN_IN_LIMITS = {**settings.SIGN_IN_LIMITS, "api_key": {"address": [(2, 60)]}}  # type: ignore[attr-defined]
    assert [get("ftc_wrong", "token").status_code for _time in range(3)] == [401, 401, 429]
    assert get(world.key(), "token").status_code == 200


def test_what_has_not_changed_is_not_sent_again(world: World) -> None:
    key = world.key()
    first = get(key, "units")
    assert first.headers["Cache-Control"] == "private, no-cache"
    again = get(key, "units", headers={"If-None-Match": first.headers["ETag"]})
    assert (again.status_code, again.content) == (304, b"")
    assert get(key, "units", headers={"If-None-Match": '"other"'}).status_code == 200


@pytest.mark.parametrize(
    ("path", "asked", "field"),
    [
        ("units", {"limit": 0}, "limit"), ("units", {"limit": 501}, "limit"), ("units", {"limit": "many"}, "limit"),
        ("units", {"cursor": "页"}, "cursor"), ("people", {"unit": "x"}, "unit"), ("people", {"unit": 10**30}, "unit"),
        ("hours", {}, "year"), ("hours/month", {"year": 2026, "month": 13}, "month"),
        ("hours", {"year": 10_000}, "year"), ("trainings/1/records", {"state": "good"}, "state"),
    ],
)  # fmt: skip
def test_a_wrong_parameter_is_named(world: World, path: str, asked: dict[str, object], field: str) -> None:
    answer = get(world.key(), path, **asked)
    assert (answer.status_code, answer.json()["error"], answer.json()["fields"]) == (422, "invalid", [field])
    assert field in answer.json()["message"]


def test_nothing_can_be_sent(world: World) -> None:
    key = world.key()
    for method in ("POST", "PUT", "PATCH", "DELETE"):
        answer = Client().generic(method, "/api/v1/units", headers={"Authorization": f"Bearer {key}"})
        assert (answer.status_code, answer.json()["error"]) == (405, "not_allowed")


def test_an_unknown_address_answers_in_the_same_shape(world: World) -> None:
    for path in ("nothing", "trainings/x", ""):
        answer = get(world.key(), path)
        assert (answer.status_code, answer.json()["error"]) == (404, "not_found")


def test_messages_in_the_language_asked_for(world: World) -> None:
    chinese = Client().get("/api/v1/token").json()["message"]
    assert "密钥" in chinese
    english = Client().get("/api/v1/token", headers={"Accept-Language": "en"})
    assert english.headers["Content-Language"] == "en"
    assert settings.LANGUAGE_CODE == "zh-hans"
