"""A break in the rooms of a process: the server takes the picture off, whatever the page does."""

from types import SimpleNamespace
from typing import Any

import pytest

from live.core.wire import protocol
from live.room import breaks
from live.room.rooms import Room

pytestmark = pytest.mark.unit


def test_a_break_ends_every_picture_of_the_room_and_going_on_none() -> None:
    ended: list[Any] = []
    peers = SimpleNamespace(sending=lambda room, kind: [(kind, room.occasion_id)], end=ended.append)
    fallbacks = SimpleNamespace(end=lambda occasion_id, why: ended.append((why, occasion_id)))
    process: Any = SimpleNamespace(peers=peers, fallbacks=fallbacks)
    room = Room(7)
    breaks.take_event(process, room, protocol.BreakEvent(until=5))
    assert (room.break_until, ended) == (5, [("pub", 7), ("off_air", 7)])
    breaks.take_event(process, room, protocol.BreakEvent(until=None))
    assert (room.break_until, ended) == (None, [("pub", 7), ("off_air", 7)])
