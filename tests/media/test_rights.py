"""An address of media is its viewer's alone, in the browser where they are signed in, while they may see it."""

import logging
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import time_machine
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from media.models import Video
from media.queries import playback
from media.rights import REFUSAL_REMEMBERED_S, REMEMBERED_S
from media.signing import signed_url
from organizations.models import Role, RoleGrant, User
from tests.factories.media import ReadyVideoFactory
from tests.factories.organizations import RoleGrantFactory, UserFactory

pytestmark = [pytest.mark.integration, pytest.mark.django_db]
LONGEST = timedelta(minutes=10)
FILES = ("master.m3u8", "480p-0001.m4s", "poster.jpg", "audio.m3u8", "audio-0001.m4s")
Address = Callable[[str], str]


@pytest.fixture
def grant() -> RoleGrant:
    return RoleGrantFactory(role=Role.ORGANISER)


@pytest.fixture
def video(media_root: Path, grant: RoleGrant) -> Video:
    """A film of the organiser's own unit, who may look at it while they hold the role."""
    made: Video = ReadyVideoFactory(created_by=grant.user, node=grant.node)
    folder = media_root / made.folder
    folder.mkdir(parents=True)
    for name in FILES:
        (folder / name).write_text(name)
    return made


@pytest.fixture
def address(video: Video, grant: RoleGrant) -> Address:
    """Made once, as a page does, however long the film is then played."""
    folder, now = video.folder.rsplit("/", 1)[-1], timezone.now()

    def of(name: str) -> str:
        return signed_url(
            root="videos", object_id=str(video.pk), viewer_id=grant.user_id, path=f"{folder}/{name}", as_of=now
        )

    return of


@pytest.fixture
def viewer(client: Client, grant: RoleGrant) -> Client:
    client.force_login(grant.user)
    return client


@pytest.fixture
def clock() -> Iterator[time_machine.Traveller]:
    with time_machine.travel(timezone.now(), tick=False) as traveller:
        yield traveller


def answers(browser: Client, address: Address) -> set[int]:
    return {browser.get(address(name)).status_code for name in FILES}


def test_viewer_gets_every_file(viewer: Client, address: Address) -> None:
    assert answers(viewer, address) == {200}


def test_stranger_with_the_address_gets_nothing(viewer: Client, address: Address) -> None:
    assert answers(viewer, address) == {200}
    assert answers(Client(), address) == {404}
    with_nonsense = Client()
    with_nonsense.cookies["sessionid"] = "x" * 32
    assert answers(with_nonsense, address) == {404}


def test_another_member_with_the_address_gets_nothing(viewer: Client, address: Address, grant: RoleGrant) -> None:
    """Not even one who may see the same film: they have addresses of their own."""
    other = Client()
    other.force_login(RoleGrantFactory(role=Role.ORGANISER, node=grant.node).user)
    assert answers(viewer, address) == {200}
    assert answers(other, address) == {404}


@pytest.mark.parametrize("end", ["role", "account", "password", "sign-out"])
def test_every_file_ends_within_ten_minutes(
    clock: time_machine.Traveller, viewer: Client, address: Address, grant: RoleGrant, end: str
) -> None:
    assert answers(viewer, address) == {200}
    clock.shift(REMEMBERED_S - 1)
    assert answers(viewer, address) == {200}
    session = viewer.cookies["sessionid"].value
    if end == "role":
        RoleGrant.objects.all().delete()
    elif end == "account":
        User.objects.filter(pk=grant.user_id).update(is_active=False)
    elif end == "password":
        grant.user.set_password("another-password-1")
        grant.user.save()
    else:
        viewer.logout()
        viewer.cookies["sessionid"] = session  # whoever kept the cookie
    clock.shift(LONGEST)
    assert answers(viewer, address) == {404}


def test_it_ends_even_while_it_is_played_without_a_pause(
    clock: time_machine.Traveller, viewer: Client, address: Address
) -> None:
    """Asking again and again does not make a remembered right last longer."""
    assert answers(viewer, address) == {200}
    RoleGrant.objects.all().delete()
    seen = []
    for _ in range(60):
        clock.shift(10)
        seen.append(viewer.get(address("480p-0001.m4s")).status_code)
    assert seen[-1] == 404
    assert seen.count(200) * 10 <= REMEMBERED_S


def test_two_hours_of_a_film_play_to_their_end(clock: time_machine.Traveller, viewer: Client, address: Address) -> None:
    """The playlist is loaded once, the segments by the addresses in it."""
    assert viewer.get(address("master.m3u8")).status_code == 200
    for _ in range(2 * 60 * 6):
        clock.shift(10)
        assert viewer.get(address("480p-0001.m4s")).status_code == 200


def test_whoever_is_let_in_waits_for_nothing_long(
    clock: time_machine.Traveller, viewer: Client, address: Address, grant: RoleGrant
) -> None:
    RoleGrant.objects.all().delete()
    assert answers(viewer, address) == {404}
    RoleGrantFactory(role=Role.ORGANISER, node=grant.node, user=grant.user)
    clock.shift(REFUSAL_REMEMBERED_S)
    assert answers(viewer, address) == {200}


def test_a_clock_set_back_makes_nothing_last(clock: time_machine.Traveller, viewer: Client, address: Address) -> None:
    clock.shift(3600)
    assert answers(viewer, address) == {200}
    RoleGrant.objects.all().delete()
    clock.shift(-3000)
    assert answers(viewer, address) == {404}


def test_a_remembered_segment_asks_no_database(viewer: Client, address: Address) -> None:
    viewer.get(address("master.m3u8"))
    with CaptureQueriesContext(connection) as queries:
        assert viewer.get(address("480p-0001.m4s")).status_code == 200
    assert len(queries) == 0


def test_of_two_hundred_viewers_none_asks_again(
    video: Video, grant: RoleGrant, django_assert_num_queries: Callable[[int], Any]
) -> None:
    """Finding: S3. The cache of the embedded shape kept 300 keys, and a viewer has two."""
    folder, browsers = video.folder.rsplit("/", 1)[-1], []
    for _ in range(200):
        viewer_id = RoleGrantFactory(role=Role.ORGANISER, node=grant.node).user_id
        browser = Client()
        browser.force_login(User.objects.get(pk=viewer_id))
        path = f"{folder}/480p-0001.m4s"
        browsers.append((browser, signed_url(
            root="videos", object_id=str(video.pk), viewer_id=viewer_id, path=path, as_of=timezone.now()
        )))  # fmt: skip
    assert {browser.get(path).status_code for browser, path in browsers} == {200}
    with django_assert_num_queries(0):
        assert {browser.get(path).status_code for browser, path in browsers} == {200}


def test_what_a_browser_keeps_is_the_signed_in_persons(viewer: Client, address: Address) -> None:
    answer = viewer.get(address("480p-0001.m4s"))
    assert answer["Vary"] == "Cookie"
    assert answer["Cache-Control"].startswith("private")


def test_addresses_of_a_player_work_and_leak_to_no_other_site(viewer: Client, video: Video, grant: RoleGrant) -> None:
    shown = playback(video=video, viewer_id=grant.user_id, as_of=timezone.now())
    for url in (shown.hls_url, shown.audio_url, shown.poster_url):
        answer = viewer.get(url)
        assert (answer.status_code, answer["Referrer-Policy"]) == (200, "same-origin")
        assert answer["Cross-Origin-Resource-Policy"] == "same-origin"


@pytest.mark.parametrize("fault", ["", "stranger", "forged", "broken"])
def test_the_token_stands_in_no_log(
    viewer: Client, address: Address, caplog: Any, monkeypatch: pytest.MonkeyPatch, fault: str
) -> None:
    """At every level, whatever comes of the request."""
    url = address("480p-0001.m4s")
    token = url.split("/")[2]
    browser = Client(raise_request_exception=False) if fault == "stranger" else viewer
    browser.raise_request_exception = False
    if fault == "forged":
        url = url.replace(token, token[:-1] + "!")
    if fault == "broken":
        monkeypatch.setattr("media.views.files.storage.resolve", lambda *_: 1 / 0)
    with caplog.at_level(logging.DEBUG):
        browser.get(url + "?ticket=secret", headers={"Referer": f"http://testserver{url}"})
    lines = [f"{record.getMessage()} {record.__dict__.get('_record', '')}" for record in caplog.records]
    assert [line for line in lines if token[:-1] in line or "secret" in line] == []
    said = [record.msg for record in caplog.records if record.name == "config.middleware"]
    assert [(line["event"], line["request"]) for line in said] == [("request", "GET /m/…")]
    assert said[0]["code"] == {"": 200, "broken": 500}.get(fault, 404)
    assert said[0]["ms"] >= 0


def test_viewer_of_one_object_is_nobody_at_another(viewer: Client, video: Video, address: Address) -> None:
    foreign = ReadyVideoFactory(created_by=UserFactory())
    url = address("master.m3u8")
    assert viewer.get(url.replace(str(video.pk), str(foreign.pk))).status_code == 404
