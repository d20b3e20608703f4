"""Slides in a room over real sockets: turned by a host, seen by all, kept by the row through a killed process."""

from pathlib import Path

import pytest
from django.utils import timezone

from live.models import Lecture, SlideDeck
from tests.factories.live import make_live
from tests.factories.organizations import County, make_county
from tests.realtime.conftest import RoomServer, serving_two

pytestmark = pytest.mark.realtime
NONE = {"t": "slide", "deck": "", "page": 0, "pages": 0}


@pytest.fixture
def world(server: RoomServer) -> County:
    return make_county(members=3)


def ready(lecture: Lecture) -> SlideDeck:
    now = timezone.now()
    return SlideDeck.objects.create(
        lecture=lecture,
        key="a1b2",
        name="讲稿",
        made_by=lecture.lecturer,
        made_at=now,
        ask_at=now,
        state="ready",
        pages=9,
    )


def test_a_page_for_all_in_two_processes_and_after_a_crash(server: RoomServer, world: County, tmp_path: Path) -> None:
    lecture = make_live(world)
    ready(lecture)
    with serving_two(tmp_path) as (one, two):
        host, phone, far = (
            one.join(world.lecturer, lecture),
            one.join(world.member, lecture),
            two.join(world.members[1], lecture),
        )
        assert phone.frames[-1]["slide"] == NONE
        host.send(t="show_slide", deck="a1b2", page=2)
        page = {"t": "slide", "deck": "a1b2", "page": 2, "pages": 9}
        assert (phone.event("slide"), far.event("slide")) == (page, page)
        host.send(t="show_slide", deck="a1b2", page=10)
        assert host.until("slide_page")["t"] == "show_slide"
        host.send(t="show_slide", deck="nobody-s", page=1)
        assert host.until("slides_gone")["t"] == "show_slide"
        one.kill()
        again, late = two.join(world.lecturer, lecture), two.join(world.member, lecture)
        assert late.frames[-1]["slide"] == page
        again.send(t="hide_slides")
        assert late.event("slide") == NONE
