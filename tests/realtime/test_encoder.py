"""A device outside at a real web process: its addresses reach the rooms, and a host's page hears whom it waits for."""

import urllib.error
import urllib.request

import pytest
from django.utils import timezone

from live import operations
from tests.factories.live import make_live
from tests.factories.organizations import County, make_county
from tests.live.encoders.test_keys import SDP
from tests.realtime.conftest import RoomServer

pytestmark = pytest.mark.realtime


@pytest.fixture
def world(server: RoomServer) -> County:
    return make_county()


def ask(server: RoomServer, method: str, path: str, key: str, body: str = "") -> int:
    headers = {"Authorization": f"Bearer {key}", "Content-Type": "application/sdp"}
    asking = urllib.request.Request(server.origin + path, body.encode() or None, headers, method=method)
    try:
        with urllib.request.urlopen(asking, timeout=30) as answer:
            return int(answer.status)
    except urllib.error.HTTPError as error:
        return error.code


def test_a_device_is_waited_for_by_whoever_is_on_the_air(server: RoomServer, world: County) -> None:
    lecture = make_live(world)
    host = server.join(world.lecturer, lecture)
    operations.take_air(occasion_id=lecture.pk, host_id=world.lecturer.pk, source="desk", as_of=timezone.now())
    key = operations.make_encoder_key(occasion_id=lecture.pk, actor_id=world.lecturer.pk, as_of=timezone.now())
    host.event("on_air")
    host.send(t="await_encoder", on=True, source="another")
    assert host.until("state")["t"] == "await_encoder"
    host.send(t="await_encoder", on=True, source="desk")
    assert host.event("on_air")["awaits"] is True
    whip = f"/live/{lecture.pk}/whip/"
    # This process has rooms: it knows that there is no such connection, and that there is no engine.
    assert ask(server, "DELETE", f"{whip}k/", key) == 404
    assert ask(server, "POST", whip, key, SDP) == 503
    assert ask(server, "POST", whip, key[:-1], SDP) == 401
