"""The page that tries a phone out: who opens it, where ways lead to it, what the relays for it are."""

import re
from typing import Any

import pytest
from django.conf import settings
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from live.sentences.check import check_words
from organizations.models import User
from tests.factories.live import make_lecture, make_live
from tests.factories.meetings import make_meeting
from tests.factories.organizations import County, make_county

pytestmark = [pytest.mark.integration, pytest.mark.django_db]
PAGE, RELAYS = "/live/check/", "/live/check/relays.json"


@pytest.fixture
def world() -> County:
    return make_county()


def of(user: User) -> Client:
    client = Client()
    client.force_login(user)
    return client


def test_everybody_who_is_signed_in_opens_it_and_no_cache_keeps_it(world: County) -> None:
    for user in (world.member, world.secretary, world.lecturer, world.operator):
        answer = of(user).get(PAGE)
        assert answer.status_code == 200
        assert "no-store" in answer["Cache-Control"]
        assert "microphone=(self)" in answer["Permissions-Policy"]
        assert "display-capture=()" in answer["Permissions-Policy"]
    visitor = Client().get(PAGE)
    assert visitor["Location"].endswith(f"?next={PAGE}")


def test_the_page_says_a_plain_sentence_without_a_script_and_names_whom_to_call(
    world: County, settings: Any, django_assert_max_num_queries: Any
) -> None:
    settings.HELP_PHONE = "0551-1234567"
    client = of(world.member)
    with django_assert_max_num_queries(8):
        text = client.get(PAGE).content.decode()
    assert re.search(r"<noscript>.*支部书记.*</noscript>", text, re.DOTALL)
    assert 'id="check" hidden' in text
    assert 'href="tel:05511234567"' in text
    for part in ("picture", "sound", "line", "socket", "way", "mic"):
        assert f'id="check-{part}-said"' in text
        assert f'id="check-{part}-chip"' in text


def test_what_it_plays_is_there_and_as_large_as_the_speed_is_judged_by(world: County) -> None:
    data = of(world.member).get(PAGE).context["data"]
    for name in ("list", "sound", "bytes"):
        assert data[name].startswith(settings.STATIC_URL)
    public = settings.BASE_DIR / "frontend/public"
    listed = (public / "check/sample.m3u8").read_text()
    for name in re.findall(r"sample\w*\.\w+", listed):
        assert (public / "check" / name).is_file()
    assert 90_000 < (public / "check/sample0.m4s").stat().st_size < 110_000
    assert data["words"] == check_words()


def test_relays_are_given_for_five_minutes_and_kept_by_no_cache(world: County, settings: Any) -> None:
    client = of(world.member)
    assert client.post(RELAYS).json() == {"relays": []}
    settings.TURN_URLS, settings.TURN_SECRET, settings.TURN_TTL_S = ["turn:a.example:3478"], "secret", 43200
    answer = client.post(RELAYS)
    assert answer["Cache-Control"] == "no-store"
    (relay,) = answer.json()["relays"]
    until, member = relay["username"].split(":")
    assert int(member) == world.member.pk
    assert int(until) <= timezone.now().timestamp() + 300
    assert "secret" not in answer.content.decode()


def test_relays_are_for_whoever_is_signed_in_and_are_asked_by_post(world: County) -> None:
    assert Client().post(RELAYS).status_code == 401
    assert Client(enforce_csrf_checks=True).post(RELAYS).status_code == 403
    assert of(world.member).get(RELAYS).status_code == 405
    opened = of(world.member).get(RELAYS, headers={"accept": "text/html"})
    assert opened["Location"] == PAGE  # a browser that was led here by its sign-in


@pytest.mark.parametrize("elder", [False, True])
def test_the_room_leads_there_before_the_beginning_alone(world: County, elder: bool) -> None:
    world.member.elder_mode = elder
    world.member.save()
    client = of(world.member)
    way = f'href="{PAGE}"'
    assert way in client.get(f"/live/{make_lecture(world).pk}/").content.decode()
    assert way not in client.get(f"/live/{make_live(world).pk}/").content.decode()


def test_the_room_of_a_meeting_leads_there(world: County) -> None:
    meeting = make_meeting(world)
    assert f'href="{PAGE}"' in of(world.member).get(f"/live/{meeting.pk}/").content.decode()


def test_ones_own_page_and_the_sign_in_lead_there(world: County) -> None:
    assert PAGE in of(world.member).get(reverse("me")).content.decode()
    assert PAGE in Client().get(reverse("account_login")).content.decode()
