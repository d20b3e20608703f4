"""A line that broke is no leaving: whose page counts as gone, and from when on."""

import asyncio
from collections.abc import Callable
from typing import Any, cast

import pytest
from django.utils import timezone

from live import operations, queries
from live.room import held_air
from live.room.connections import Connection
from live.room.held_air import HeldAir
from live.room.rooms import Room
from tests.factories.live import make_live
from tests.factories.organizations import make_county


def lost(air: HeldAir, socket: str) -> Connection:
    connection = Connection(send=cast(Any, None), member_id=1, host=True, air=socket)
    air.hold(Room(7), connection)
    return connection


@pytest.mark.unit
def test_a_lost_line_leaves_the_air_when_nobody_came_back_or_the_media_ended(monkeypatch: pytest.MonkeyPatch) -> None:
    left: list[str] = []
    is_break, now = False, 1000.0

    async def at_once(work: Callable[[], Any]) -> Any:
        return work()

    def leave_air(*, socket: str, in_break: bool, **_of: Any) -> bool:
        assert not in_break
        left.extend([] if is_break else [socket])
        return not is_break

    monkeypatch.setattr(held_air, "in_database", at_once)
    monkeypatch.setattr(operations, "leave_air", leave_air)
    monkeypatch.setattr(held_air.time, "monotonic", lambda: now)
    air = HeldAir(cast(Any, None))
    lost(air, "desk")
    lost(air, "")
    ended = lost(air, "laptop")
    asyncio.run(air.look())
    assert left == []
    air.media_ended(ended)
    air.media_ended(Connection(send=cast(Any, None), member_id=1, host=True, air="unknown"))
    asyncio.run(air.look())
    assert left == ["laptop"]
    # In a break no page can come on the air: it is waited for.
    now, is_break = now + held_air.HOLD_S, True
    asyncio.run(air.look())
    is_break = False
    asyncio.run(air.look())
    assert left == ["laptop"]
    now += held_air.HOLD_S
    for _ in range(2):
        asyncio.run(air.look())
    assert left == ["laptop", "desk"]


@pytest.mark.integration
@pytest.mark.django_db
def test_a_turn_whose_line_was_lost_stays_through_a_break() -> None:
    world = make_county()
    lecture, now = make_live(world), timezone.now()
    whose: dict[str, Any] = {"occasion_id": lecture.pk, "as_of": now}
    operations.take_air(host_id=world.lecturer.pk, source="desk", socket="one", **whose)
    operations.take_break(minutes=10, **whose)
    assert not operations.leave_air(socket="one", in_break=False, **whose)
    assert queries.on_air(lecture.pk).here
    operations.end_break(**whose)
    assert operations.leave_air(socket="one", in_break=False, **whose)
    assert not queries.on_air(lecture.pk).here
