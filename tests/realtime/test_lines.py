"""How a socket ends says until when somebody was there: who says goodbye now, whose line broke when last heard."""

import time

import pytest

from attendance.models import PresenceSpan
from tests.factories.live import make_live
from tests.factories.organizations import make_county
from tests.realtime.conftest import RoomServer, wait_until

pytestmark = pytest.mark.realtime
WAITED_S = 1.2


def test_a_closed_page_ends_now_and_a_broken_line_when_it_was_last_heard(server: RoomServer) -> None:
    world = make_county()
    lecture = make_live(world)
    page, restarted, broken = (server.join(member, lecture) for member in world.members[:3])
    time.sleep(WAITED_S)
    page.socket.close(1001)  # the browser leaves the page
    restarted.socket.close(1012)  # or the server in front of us restarts
    broken.drop()
    spans = PresenceSpan.objects.filter(occasion_id=lecture.pk)
    assert wait_until(lambda: spans.exclude(ended_at=None).count() == 3)
    ends = {span.member_id: (span.end_reason, (span.ended_at - span.started_at).total_seconds()) for span in spans}
    for phone in (page, restarted):
        reason, lasted = ends[phone.user.pk]
        assert (reason, lasted > WAITED_S - 0.2) == ("left", True)
    reason, lasted = ends[broken.user.pk]
    assert (reason, lasted < WAITED_S - 0.4) == ("silent", True)
