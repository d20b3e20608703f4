"""A small world with one training that was held, and programs that read it."""

from dataclasses import dataclass
from typing import Any

import pytest
from django.http import HttpResponse
from django.test import Client
from django.utils import timezone

from api import operations as do
from api.models import Scope, Token
from attendance.models import Occasion, Training
from organizations.models import Node, Role, User
from tests.attendance.people import make_occasion, make_training, stand, use_plain_kind
from tests.factories.organizations import County, RoleGrantFactory, make_county


@dataclass
class World:
    """``chief`` is secretary, organiser and operator of the whole county, so that one token may read everything."""

    county: County
    training: Training
    occasion: Occasion
    chief: User

    def key(self, *scopes: str, node: Node | None = None, maker: User | None = None, days: int = 90) -> str:
        return self.token(*scopes, node=node, maker=maker, days=days)[1]

    def token(
        self, *scopes: str, node: Node | None = None, maker: User | None = None, days: int = 90
    ) -> tuple[Token, str]:
        return do.make_token(
            maker=maker or self.chief, name="县人事系统", node=node or self.county.county,
            scopes=scopes or tuple(Scope.values), days=days, as_of=timezone.now(),
        )  # fmt: skip


@pytest.fixture
def world(db: None, settings: Any) -> World:
    use_plain_kind(settings)
    county = make_county()
    chief = RoleGrantFactory(user__name="王县长", node=county.county, role=Role.SECRETARY).user
    for role in (Role.ORGANISER, Role.OPERATOR):
        RoleGrantFactory(user=chief, node=county.county, role=role)
    training = make_training(county.county)
    occasion = make_occasion(training)
    for member, state in zip(county.members, ("attended", "missing", "excused"), strict=True):
        stand(occasion, member, county.branch, state, live=60 if state == "attended" else 0)
    stand(occasion, county.neighbour_member, county.neighbour, "missing")
    return World(county, training, occasion, chief)


def get(key: str, path: str, **asked: Any) -> HttpResponse:
    headers = {"Authorization": f"Bearer {key}", **asked.pop("headers", {})}
    return Client().get(f"/api/v1/{path}", asked, headers=headers)  # type: ignore[return-value]


def items(key: str, path: str, **asked: Any) -> list[dict[str, Any]]:
    """Everything of a list, page by page."""
    found, cursor = [], ""
    while cursor is not None:
        page = get(key, path, cursor=cursor, **asked).json()
        found += page["items"]
        cursor = page["next"]
    return found
