"""A county, a course of its first branch, and a learning platform that is set up here."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest
from django.core.cache import cache
from django.http import HttpResponse
from django.test import Client
from django.utils import timezone

from lti.models import Platform
from lti.operations.platforms import make_platform
from organizations.models import User
from organizations.operations.accounts import link_account
from tests.factories.courses import Given, give_course
from tests.factories.organizations import County, make_county
from tests.lti.stand_in import CLIENT_ID, DEPLOYMENT, Form, LearningPlatform, learning_platform

SITE = "http://127.0.0.1"


@dataclass
class World:
    """``sub``: what the platform calls the first member, whose account is linked."""

    county: County
    platform: Platform
    there: LearningPlatform
    sub: str = "42"

    def link(self, person: User, sub: str) -> None:
        link_account(
            member_id=person.pk, provider=self.platform.way, external_id=sub, as_of=timezone.now(),
            actor_id=self.county.operator.pk,
        )  # fmt: skip

    def begin(self, client: Client, *, sub: str = "", target: str = "", **more: Any) -> HttpResponse:
        """What the platform's page makes the browser do first; Moodle sends it as a form."""
        said = {
            "iss": self.there.url, "login_hint": sub or self.sub, "target_link_uri": f"{SITE}/lti/launch/",
            "client_id": CLIENT_ID, "lti_message_hint": f"{SITE}{target}" if target else "",
        }  # fmt: skip
        return client.post("/lti/login/", {**said, **more})

    def form(self, client: Client, **asked: Any) -> Form:
        """Begin and visit the platform: what it sends back by the browser."""
        answer = self.begin(client, **asked)
        assert answer.status_code == 302, answer.content.decode()
        form = self.there.visit(answer["Location"])
        assert form.action == f"{SITE}/lti/launch/"
        return form

    def launch(self, client: Client, **asked: Any) -> HttpResponse:
        return client.post("/lti/launch/", self.form(client, **asked).fields)

    def choose(self, client: Client, **settings: Any) -> HttpResponse:
        """Launch as somebody who chooses what a link opens."""
        asked = {
            "deep_link_return_url": f"{self.there.url}/return", "accept_types": ["ltiResourceLink"],
            "accept_presentation_document_targets": ["window"], "data": "csrf:abc", **settings,
        }  # fmt: skip
        deep = "https://purl.imsglobal.org/spec/lti-dl/claim/deep_linking_settings"
        kind = "https://purl.imsglobal.org/spec/lti/claim/message_type"
        self.there.says(**{deep: asked, kind: "LtiDeepLinkingRequest"})
        return self.launch(client, target_link_uri=f"{SITE}/lti/choose/")


@pytest.fixture(scope="session")
def there() -> Iterator[LearningPlatform]:
    with learning_platform() as one:
        yield one


def values(there: LearningPlatform, **changed: Any) -> dict[str, Any]:
    return {
        "name": "县党校学习平台", "issuer": there.url, "client_id": CLIENT_ID, "deployments": [DEPLOYMENT],
        "authorize_url": f"{there.url}/auth", "keyset_url": f"{there.url}/jwks", "trusts_phone": False, **changed,
    }  # fmt: skip


@pytest.fixture
def world(settings: Any, there: LearningPlatform, db: None) -> World:
    settings.SITE_URL = SITE
    cache.clear()
    there.says()
    county = make_county()
    platform = make_platform(maker=county.operator, as_of=timezone.now(), **values(there))
    made = World(county, platform, there)
    made.link(county.member, made.sub)
    return made


@pytest.fixture
def course(world: World) -> Given:
    return give_course(world.county.branch)
