"""Keys: who may make which, and how they end."""

import datetime as dt

import pytest
from django.utils import timezone

from api import operations as do
from api.models import Scope, Token
from api.operations import tokens
from api.tasks import end_lost_tokens
from organizations.models import RoleGrant
from tests.api.conftest import World

pytestmark = [pytest.mark.integration, pytest.mark.django_db]


def refusal(world: World, **changed: object) -> str:
    asked = {
        "maker": world.chief, "name": "用途", "node": world.county.county, "scopes": ["counts"], "days": 90,
        "as_of": timezone.now(),
    }  # fmt: skip
    with pytest.raises(do.UnableToMakeToken) as error:
        do.make_token(**{**asked, **changed})  # type: ignore[arg-type]
    return str(error.value)


def test_only_the_hash_of_a_key_is_stored(world: World) -> None:
    token, key = world.token()
    assert key.startswith(token.key_start)
    assert len(key) == len("ftc_") + 43
    assert key not in str(Token.objects.values().get())


def test_nobody_opens_what_they_cannot_read(world: World) -> None:
    county = world.county
    assert "参训记录" in refusal(world, maker=county.organiser, scopes=[Scope.COUNTS, Scope.RECORDS])
    assert "培训" in refusal(world, maker=county.operator, scopes=[Scope.TRAININGS])
    assert refusal(world, maker=county.secretary, node=county.neighbour, scopes=[Scope.RECORDS])
    assert refusal(world, maker=county.member)
    for scope in (Scope.TRAININGS, Scope.COUNTS):
        world.token(scope, maker=county.organiser)
    world.token(Scope.PEOPLE, maker=county.operator)
    world.token(maker=county.secretary, node=county.branch)


def test_what_is_refused_besides(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    assert "至少选一项" in refusal(world, scopes=["nothing"])
    assert "1 到 365" in refusal(world, days=366)
    assert "1 到 365" in refusal(world, days=0)
    monkeypatch.setattr(tokens, "MOST_ALIVE", 1)
    token, _key = world.token()
    assert "停用" in refusal(world)
    do.end_token(token_id=token.pk, actor_id=world.chief.pk, as_of=timezone.now())
    world.token()


def test_every_hour_those_without_a_right_end(world: World) -> None:
    kept, _key = world.token(Scope.COUNTS, maker=world.county.organiser)
    lost, _key = world.token()
    RoleGrant.objects.filter(user=world.chief).update(active_to_date=timezone.localdate())
    assert do.end_lost_tokens(as_of=timezone.now() + dt.timedelta(days=400)) == 0  # all over by then
    end_lost_tokens()
    kept.refresh_from_db()
    lost.refresh_from_db()
    assert (kept.ended_because, lost.ended_because) == ("", Token.Ended.RIGHT)
    assert do.end_lost_tokens(as_of=timezone.now()) == 0
