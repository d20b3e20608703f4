"""Whoever was removed from a room leaves it although the event of that was lost (Redis was away, another process)."""

import pytest
from django.utils import timezone

from attendance.models import PresenceSpan
from live.models import Restriction
from tests.factories.live import make_live
from tests.factories.organizations import make_county
from tests.realtime.conftest import RoomServer, wait_until

pytestmark = pytest.mark.realtime


def test_a_removal_that_no_room_was_told_of_ends_the_socket_and_the_counting(server: RoomServer) -> None:
    """Finding: code 4, perm-removed."""
    world = make_county()
    lecture = make_live(world)
    phone, stays = server.join(world.members[0], lecture), server.join(world.members[1], lecture)
    Restriction.objects.create(
        lecture=lecture, member=world.members[0], kind="removed", set_by=world.lecturer, set_at=timezone.now()
    )
    assert phone.closed() == 4403
    assert wait_until(lambda: PresenceSpan.objects.filter(member=world.members[0]).exclude(ended_at=None).exists())
    stays.send(t="chat", id="x", text="还在")
    assert stays.until("ack")
