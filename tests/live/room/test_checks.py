"""The look once a second beside the first browser of a room, which asks the database for the same."""

from collections.abc import Callable
from types import SimpleNamespace
from typing import Any, cast

import pytest
from django.utils import timezone

from live import operations, queries
from live.room import checks, stage
from live.room.checks import RoomChecks
from live.room.rooms import Room
from tests.factories.live import make_live
from tests.factories.organizations import make_county

pytestmark = [pytest.mark.integration, pytest.mark.django_db]


def test_a_look_does_not_come_between_a_room_and_its_first_browser(monkeypatch: pytest.MonkeyPatch) -> None:
    """It told that the room was locked while the room was learnt; the host who came first then saw no hands."""
    world = make_county()
    lecture, now = make_live(world), timezone.now()
    operations.raise_hand(occasion_id=lecture.pk, member_id=world.member.pk, as_of=now)
    operations.lock_room(occasion_id=lecture.pk, on=True, as_of=now)
    room, facts = Room(lecture.pk), queries.room_facts([lecture.pk])[lecture.pk]
    rooms = SimpleNamespace(open={lecture.pk: room}, deliver=lambda _room, event: stage.on_event(room, event))
    looks = RoomChecks(cast(Any, SimpleNamespace(rooms=rooms)))

    async def at_once(work: Callable[[], Any]) -> Any:
        return work()

    async def after_a_look(work: Callable[[], Any]) -> Any:
        await looks.look()
        return work()

    async def enter() -> None:
        async with room.learning:
            room.known = True
            await stage.learn(room, facts)

    monkeypatch.setattr(checks, "in_database", at_once)
    monkeypatch.setattr(stage, "in_database", after_a_look)
    with pytest.raises(StopIteration):  # nothing here waits for a loop, on which the database refuses to be asked
        enter().send(None)
    assert (room.is_locked, list(room.hands)) == (True, [world.member.pk])
