"""What is on air on another host: how the web server in front is told, and what it is answered there (ADR 95)."""

from pathlib import Path
from typing import Any
from urllib.parse import unquote

import pytest
from django.core.cache import cache
from django.test import Client
from django.utils import timezone

from config.node_settings import Nodes
from live.models import Lecture, MediaNode
from media import storage
from media.elsewhere import address_of
from media.signing import signed_url, stored_address
from tests.factories.live import make_live
from tests.factories.organizations import County, make_county

pytestmark = [pytest.mark.integration, pytest.mark.django_db]
AT = "10.0.0.2:8088"


@pytest.fixture
def world() -> County:
    return make_county()


@pytest.fixture
def lecture(world: County, settings: Any) -> Lecture:
    """On air at a host of its own; this is another."""
    cache.clear()
    settings.MEDIA_ACCEL_PREFIX, settings.NODES = "/_media/", Nodes("web", apart=True)
    node = MediaNode.objects.create(name="far", url="unix:/far", beat_at=timezone.now(), address=AT)
    lecture = make_live(world)
    Lecture.objects.filter(pk=lecture.pk).update(media_node=node)
    return lecture


def asked(client: Client, world: County, lecture: Lecture, path: str) -> Any:
    client.force_login(world.lecturer)
    named = {"root": "live", "object_id": str(lecture.pk), "viewer_id": world.lecturer.pk}
    return client.get(signed_url(**named, path=path, as_of=timezone.now()))


def body(answer: Any) -> bytes:
    return b"".join(answer.streaming_content) if answer.streaming else answer.content


@pytest.mark.parametrize("name", ["live.m3u8", "run-1000-00001.m4s"])
def test_the_web_server_in_front_is_told_which_host(client: Client, world: County, lecture: Lecture, name: str) -> None:
    told = asked(client, world, lecture, name)
    parts = unquote(told["X-Accel-Redirect"]).split("/")
    assert parts[:4] == ["", "_media", "aired", AT]
    assert parts[5:] == ["live", str(lecture.pk), name]
    assert told.content == b""


def test_the_other_host_answers_what_is_signed_and_nothing_else(lecture: Lecture, var_dir: Path) -> None:
    folder = storage.live_root() / str(lecture.pk)
    folder.mkdir(parents=True)
    (folder / "live.m3u8").write_bytes(b"#EXTM3U\n")
    (folder / "run-1000-00001.m4s").write_bytes(b"bytes")
    (folder / "run-1000.json").write_bytes(b"{}")
    named = {"root": "live", "object_id": str(lecture.pk), "as_of": timezone.now()}
    playlist = Client().get(stored_address(**named, path="live.m3u8"))
    assert (body(playlist), playlist["Cache-Control"]) == (b"#EXTM3U\n", "private, max-age=1")
    segment = Client().get(stored_address(**named, path="run-1000-00001.m4s"))
    assert (body(segment), segment["Cache-Control"]) == (b"bytes", "private, max-age=31536000, immutable")
    for wrong in (stored_address(**named, path="run-1000.json"), f"/_media/stored/x/live/{lecture.pk}/live.m3u8"):
        assert Client().get(wrong).status_code == 404


def test_who_may_not_see_it_is_told_nothing(client: Client, world: County, lecture: Lecture) -> None:
    assert asked(client, world, lecture, "notes.json").status_code == 404
    named = {"root": "live", "object_id": str(lecture.pk), "viewer_id": world.lecturer.pk}
    assert Client().get(signed_url(**named, path="live.m3u8", as_of=timezone.now())).status_code == 404


def test_on_the_host_that_carries_it_or_on_one_disk_it_is_a_file(
    client: Client, world: County, lecture: Lecture, settings: Any, var_dir: Path
) -> None:
    folder = storage.live_root() / str(lecture.pk)
    folder.mkdir(parents=True)
    (folder / "live.m3u8").write_bytes(b"#EXTM3U\n")
    here = f"/_media/live/{lecture.pk}/live.m3u8"
    settings.NODES = Nodes("far", AT, apart=True)
    assert asked(client, world, lecture, "live.m3u8")["X-Accel-Redirect"] == here
    settings.NODES = Nodes("web")  # they share a disk
    assert asked(client, world, lecture, "live.m3u8")["X-Accel-Redirect"] == here


def test_the_answer_is_remembered_for_seconds_and_by_host(
    lecture: Lecture, settings: Any, django_assert_num_queries: Any
) -> None:
    assert address_of("live", str(lecture.pk)) == AT
    with django_assert_num_queries(0):
        assert address_of("live", str(lecture.pk)) == AT
        assert address_of("videos", "any") == ""
    near, far = settings.NODES, Nodes("far", AT, apart=True)
    settings.NODES = far
    assert address_of("live", str(lecture.pk)) == ""
    with django_assert_num_queries(0):  # neither host makes the other forget
        for settings.NODES in (near, far, near):
            address_of("live", str(lecture.pk))
