"""An end that is undone while its recording is packed, a bucket that is away, a lecture that another host took over."""

import asyncio
import threading
from collections.abc import AsyncIterator, Callable
from datetime import timedelta
from functools import partial
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from asgiref.sync import sync_to_async
from django.utils import timezone

from live import operations
from live.agent import agent as module
from live.agent.agent import Agent
from live.agent.recording import Recording
from live.engines.base import UnableToReachEngine, lecture_room
from live.models import Lecture, MediaNode
from live.operations.nodes import move_lecture
from media.operations import UnableToAdopt
from media.storage import UnableToReach
from tests.factories.live import make_live
from tests.factories.meetings import make_live_meeting
from tests.factories.organizations import make_county

pytestmark = [pytest.mark.integration, pytest.mark.asyncio, pytest.mark.django_db(transaction=True)]
PATIENCE_S = 60.0


class Carried:
    """What a carrier is to its agent; its recording lasts a minute for each carrier of the lecture so far."""

    record, is_fallback, broken = True, False, False

    def __init__(self, number: int, root: Path) -> None:
        self.number, self.is_ending, self.is_stopped, self.has_begun = number, False, False, False
        self.ended: object = None
        self.packager = SimpleNamespace(folder=root / "7", moves=0)

    def start(self) -> None:
        self.has_begun = True

    async def stop(self) -> None:
        self.is_stopped = True

    def was_away(self, **_of: object) -> None: ...
    def show(self, _member_id: int) -> None: ...

    def gaps(self, _holes: object) -> list[object]:
        return []

    def holes(self, **_of: object) -> list[object]:
        return []

    def pack(self, folder: Path) -> Recording:
        return Recording(folder, timezone.now(), 60_000 * self.number, 640, 360)


class Bucket:
    """Takes nothing until it ``opens``; then it says that it could not."""

    def __init__(self) -> None:
        self.asked, self.opens = threading.Event(), threading.Event()
        self.came: list[int] = []

    def finish(self, **packed: Any) -> None:
        self.came.append(packed["duration_ms"])
        self.asked.set()
        assert self.opens.wait(PATIENCE_S)
        if len(self.came) == 1:
            raise UnableToAdopt
        operations.recording._finish_without(packed["occasion_id"], (), packed["ended_at"])


async def until(fact: Callable[[], object]) -> None:
    async with asyncio.timeout(PATIENCE_S):
        while not fact():
            await asyncio.sleep(0.01)


async def end(lecture: Lecture) -> None:
    await sync_to_async(operations.end_lecture)(occasion_id=lecture.pk, as_of=timezone.now())


@pytest.fixture
def bucket(monkeypatch: pytest.MonkeyPatch) -> Bucket:
    one = Bucket()
    monkeypatch.setattr("live.agent.recording.operations.finish_recording", one.finish)
    return one


@pytest.fixture
async def agent(var_dir: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Agent]:
    made = Agent(name="here", host=SimpleNamespace(url="janus+unix:/nowhere"), root=var_dir / "live")  # type: ignore[arg-type]
    made.root.mkdir(parents=True)
    node = await MediaNode.objects.acreate(name="here", url="janus+unix:/nowhere", beat_at=timezone.now())
    made.node_id, numbers = node.pk, iter(range(1, 9))

    async def close_room(_room_id: str) -> None: ...

    monkeypatch.setattr(module, "PACK_RETRY_S", 0.01)
    monkeypatch.setattr(Agent, "engine", SimpleNamespace(close_room=close_room))
    monkeypatch.setattr(made, "_carrier_in", lambda _folder, _lecture: Carried(next(numbers), made.root))
    yield made
    for task in made._packing.values():
        task.cancel()
    await asyncio.gather(*made._packing.values(), return_exceptions=True)


async def test_it_is_carried_at_once_and_its_next_end_is_packed_whole(agent: Agent, bucket: Bucket) -> None:
    lecture = await sync_to_async(lambda: make_live(make_county()))()
    await agent._reconcile()
    first: Any = agent.carriers[lecture.pk]
    assert first.has_begun
    await end(lecture)
    await agent._reconcile()
    try:
        await until(bucket.asked.is_set)
        await agent._reconcile()
        assert agent.carriers == {lecture.pk: first}, "it is packed, and nothing else is done for it"
        await sync_to_async(operations.resume_lecture)(occasion_id=lecture.pk, as_of=timezone.now())
        await agent._reconcile()
        second: Any = agent.carriers[lecture.pk]
        assert (second is not first, second.has_begun, second.is_stopped) == (True, True, False)
        await agent._reconcile()
        assert agent.carriers == {lecture.pk: second}
        await end(lecture)
        await agent._reconcile()
        await until(lambda: second.is_stopped)
        assert bucket.came == [60_000], "one after the other: both read the same folder"
    finally:
        bucket.opens.set()
    await until(lambda: lecture.pk not in agent.carriers)
    assert bucket.came == [60_000, 120_000]
    await agent._reconcile()
    assert (agent.carriers, agent._packing) == ({}, {})
    assert not list(agent.root.glob("given-up-*"))


async def test_it_waits_for_a_bucket_that_is_away_however_long(agent: Agent, monkeypatch: pytest.MonkeyPatch) -> None:
    """More often than an agent tries what is wrong with the recording itself."""
    asked: list[int] = []

    def finish(**packed: Any) -> None:
        asked.append(packed["duration_ms"])
        if len(asked) <= module.PACK_TRIES + 2:
            raise UnableToReach("away")
        operations.recording._finish_without(packed["occasion_id"], (), packed["ended_at"])

    monkeypatch.setattr("live.agent.recording.operations.finish_recording", finish)
    lecture = await sync_to_async(lambda: make_live(make_county()))()
    await agent._reconcile()
    await end(lecture)
    await agent._reconcile()
    await until(lambda: lecture.pk not in agent.carriers)
    assert len(asked) == module.PACK_TRIES + 3
    assert not list(agent.root.glob("given-up-*"))


async def test_a_lecture_that_another_host_carries_has_no_room_here(
    agent: Agent, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whoever publishes or watches here hears of it by that, and asks anew: its engine lives, and says nothing else."""
    closed: list[str] = []

    async def close_room(room_id: str) -> None:
        closed.append(room_id)
        raise UnableToReachEngine  # then it is closed by the next round of ``_reap``

    async def rooms() -> list[str]:
        return [lecture_room(lecture.pk)]

    monkeypatch.setattr(Agent, "engine", SimpleNamespace(close_room=close_room, rooms=rooms))
    lecture = await sync_to_async(lambda: make_live(make_county()))()
    await agent._reconcile()
    other = await MediaNode.objects.acreate(name="there", url="janus+unix:/there", beat_at=timezone.now())
    assert agent.carriers[lecture.pk]
    await MediaNode.objects.filter(pk=agent.node_id).aupdate(beat_at=timezone.now() - timedelta(hours=1))
    moved = partial(move_lecture, lecture.pk, from_id=agent.node_id, to_id=other.pk, as_of=timezone.now())
    assert await sync_to_async(moved)()
    await agent._reconcile()
    assert (agent.carriers, closed) == ({}, [lecture_room(lecture.pk)])
    with pytest.raises(UnableToReachEngine):
        await agent._reap()
    assert closed == [lecture_room(lecture.pk)] * 2


async def test_what_its_bucket_refuses_is_given_up(agent: Agent, monkeypatch: pytest.MonkeyPatch) -> None:
    """It would be sent again for ever, and the host would never be empty."""
    asked: list[int] = []

    def finish(**packed: Any) -> None:
        if packed["folder"] is not None:
            asked.append(packed["duration_ms"])
            raise UnableToReach("refused", "EntityTooLarge")
        operations.recording._finish_without(packed["occasion_id"], (), packed["ended_at"])

    monkeypatch.setattr("live.agent.recording.operations.finish_recording", finish)
    lecture = await sync_to_async(lambda: make_live(make_county()))()
    await agent._reconcile()
    await end(lecture)
    await agent._reconcile()
    await until(lambda: lecture.pk not in agent.carriers)
    assert len(asked) == module.PACK_TRIES
    assert (await Lecture.objects.aget(pk=lecture.pk)).state == Lecture.State.UNRECORDED


async def test_a_meeting_that_is_recorded_no_more_keeps_its_room(agent: Agent, monkeypatch: pytest.MonkeyPatch) -> None:
    closed: list[str] = []

    async def close_room(room_id: str) -> None:
        closed.append(room_id)

    monkeypatch.setattr(Agent, "engine", SimpleNamespace(close_room=close_room))
    world = await sync_to_async(make_county)()
    meeting = await sync_to_async(make_live_meeting)(world)
    await Lecture.objects.filter(pk=meeting.pk).aupdate(media_node_id=agent.node_id)
    switch = partial(operations.record_meeting, occasion_id=meeting.pk, actor_id=world.secretary.pk)
    await sync_to_async(switch)(on=True, as_of=timezone.now())
    await agent._reconcile()
    assert list(agent.carriers) == [meeting.pk]
    await sync_to_async(switch)(on=False, as_of=timezone.now())
    await agent._reconcile()
    assert (agent.carriers, closed) == ({}, [])


async def test_who_is_not_known_yet_closes_no_room(agent: Agent, monkeypatch: pytest.MonkeyPatch) -> None:
    agent.node_id = 0
    monkeypatch.setattr(Agent, "engine", SimpleNamespace())
    await agent._reap()
    await agent._sweep()
