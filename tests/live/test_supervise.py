"""Every endless loop survives what nobody foresaw: it raises once, and its next turn works."""

import asyncio
import datetime as dt
from collections.abc import AsyncIterator, Callable
from itertools import pairwise
from types import SimpleNamespace
from typing import Any

import pytest
import structlog
from channels.layers import InMemoryChannelLayer
from django.db import DatabaseError
from django.utils import timezone

from live import supervise
from live.agent.agent import Agent
from live.core.wire import protocol
from live.room import admission, checks, presence
from live.room import process as rooms_of_process
from live.room.connections import Connection
from live.room.process import RoomProcess
from live.room.rooms import Room

pytestmark = pytest.mark.unit


def failures(loop: str) -> float:
    return supervise.FAILURES.labels(loop)._value.get()


def once(work: Callable[..., Any]) -> Callable[..., Any]:
    """``work``, but the first call raises what no loop expects."""
    broken = [True]

    async def call(*args: Any, **values: Any) -> Any:
        if broken:
            broken.pop()
            raise ValueError("nobody foresaw this")
        answer = work(*args, **values)
        return await answer if asyncio.iscoroutine(answer) else answer

    return call


async def until(true: Callable[[], Any], *, patience_s: float = 60) -> None:
    async with asyncio.timeout(patience_s):
        while not true():
            await asyncio.sleep(0.01)


@pytest.fixture(autouse=True)
def forget() -> None:
    supervise._failing.clear()


@pytest.fixture
def ledger(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Instead of a database: the names of the operations that were asked for."""
    asked: list[str] = []

    async def in_database(work: Any) -> Any:
        asked.append(work.func.__name__)
        values = work.keywords
        return {"start_lease": 1, "beat_lease": True, "open_presences": [7] * len(values.get("joins", ()))}.get(
            asked[-1]
        )

    monkeypatch.setattr(presence, "in_database", in_database)
    monkeypatch.setattr(checks, "in_database", in_database)
    return asked


@pytest.fixture
async def process(ledger: list[str], monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[RoomProcess]:
    for module, name in ((checks, "LOOK_S"), (checks, "RIGHTS_S"), (presence, "LEASE_BEAT_S"), (presence, "FLUSH_S")):
        monkeypatch.setattr(module, name, 0.02)
    made = RoomProcess(InMemoryChannelLayer())
    await made.start()
    yield made
    await made.aclose()


async def take(_message: dict[str, Any]) -> None:
    """A browser that takes everything."""


def come(process: RoomProcess) -> Connection:
    connection = Connection(send=take, member_id=5, host=False, device="d", counted=True, heard_at=process.loop.time())
    process.rooms.enter(3, connection).known = True
    return connection


# --- the supervisor -------------------------------------------------------------------------------------------------


async def test_a_failure_is_counted_each_time_and_logged_once() -> None:
    turns = []

    async def turn() -> None:
        turns.append(len(turns))
        if len(turns) < 4:
            raise ValueError("again")

    before = failures("test")
    with structlog.testing.capture_logs() as logs:
        task = asyncio.ensure_future(supervise.forever("test", turn))
        await until(lambda: len(turns) > 4)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
    assert failures("test") - before == 3
    assert [(line["event"], line["loop"], type(line["exc_info"])) for line in logs] == [
        ("loop_failed", "test", ValueError)
    ]


async def test_it_waits_longer_after_each_failure() -> None:
    moments = []

    async def turn() -> None:
        moments.append(asyncio.get_running_loop().time())
        raise ValueError("always")

    task = asyncio.ensure_future(supervise.forever("test", turn))
    await until(lambda: len(moments) == 4)
    task.cancel()
    gaps = [later - earlier for earlier, later in pairwise(moments)]
    assert gaps[0] >= 0.1
    assert gaps[1] >= 0.2
    assert gaps[2] >= 0.4


async def test_cancellation_ends_a_loop_at_once() -> None:
    begun = asyncio.Event()

    async def turn() -> None:
        begun.set()
        await asyncio.sleep(60)

    before = failures("test")
    task = asyncio.ensure_future(supervise.forever("test", turn))
    await begun.wait()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await asyncio.wait_for(task, 30)
    assert failures("test") == before


# --- each loop ------------------------------------------------------------------------------------------------------


async def test_presence_is_written_after_a_failure(
    process: RoomProcess, ledger: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    recorder, told, before = process.recorder, [], failures("presence_flush")
    monkeypatch.setattr(recorder, "_insert", once(recorder._insert))
    recorder.begin(
        occasion_id=3, member_id=5, device="d", started_at=timezone.now(), on_stored=lambda: told.append("counted")
    )
    await until(lambda: told)
    assert (failures("presence_flush") - before, recorder.unwritten()) == (1, 0)


async def test_the_lease_is_beaten_after_a_failure(
    process: RoomProcess, ledger: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    before = failures("lease_beat")
    await until(lambda: "beat_lease" in ledger)
    monkeypatch.setattr(process.recorder, "_beat", once(process.recorder._beat))
    await until(lambda: failures("lease_beat") - before == 1)
    ledger.clear()
    await until(lambda: "beat_lease" in ledger)


@pytest.mark.parametrize(
    ("loop", "step", "asked"),
    [("rooms_look", "look", "room_facts"), ("rooms_rights", "_ask_sessions", "still_signed_in")],
)
async def test_rooms_look_and_ask_after_a_failure(
    process: RoomProcess, ledger: list[str], monkeypatch: pytest.MonkeyPatch, loop: str, step: str, asked: str
) -> None:
    before = failures(loop)
    monkeypatch.setattr(process.checks, step, once(getattr(process.checks, step)))
    monkeypatch.setattr(checks, "in_database", keep_answers(ledger))
    come(process)
    await until(lambda: failures(loop) - before == 1)
    ledger.clear()
    await until(lambda: asked in ledger)


def keep_answers(asked: list[str]) -> Callable[..., Any]:
    async def in_database(work: Any) -> Any:
        asked.append(work.func.__name__)
        return {}

    return in_database


async def test_the_silent_are_dismissed_after_a_failure(process: RoomProcess, monkeypatch: pytest.MonkeyPatch) -> None:
    before, real, broken = failures("rooms_silent"), process.dismiss, [True]

    def dismiss(*args: Any, **values: Any) -> None:
        if broken:
            broken.pop()
            raise ValueError("nobody foresaw this")
        real(*args, **values)

    monkeypatch.setattr(process, "dismiss", dismiss)
    connection = come(process)
    connection.heard_at -= 1000
    await until(lambda: connection.leaving)
    assert failures("rooms_silent") - before == 1


async def test_rooms_are_ticked_after_a_failure_and_beside_one(monkeypatch: pytest.MonkeyPatch) -> None:
    frames: list[str] = []

    async def send(message: dict[str, Any]) -> None:
        frames.append(message["text"])

    rooms = RoomProcess(InMemoryChannelLayer()).rooms
    bad, good = (rooms.enter(occasion_id, Connection(send=send, member_id=1, host=False)) for occasion_id in (1, 2))
    real = rooms._next_frame

    def next_frame(room: Room) -> str | None:
        if room is bad:
            raise ValueError("nobody foresaw this")
        return real(room)

    monkeypatch.setattr(rooms, "_next_frame", next_frame)
    before, of_room, real_count, broken = failures("rooms_turn"), failures("room_tick"), rooms._count, [True]

    def count() -> None:
        if broken:
            broken.pop()
            raise ValueError("nobody foresaw this")
        real_count()

    monkeypatch.setattr(rooms, "_count", count)
    good.urgent.append('{"t":"state","state":"live"}')
    rooms.start()
    await until(lambda: frames)
    assert (failures("rooms_turn") - before, failures("room_tick") > of_room) == (1, True)
    await rooms._background.aclose()


async def test_the_channel_receives_joins_and_sends_after_a_failure(monkeypatch: pytest.MonkeyPatch) -> None:
    layer, told = InMemoryChannelLayer(), list[dict[str, Any]]()
    first, second = (RoomProcess(layer) for _ in range(2))
    loops = {"rooms_receive": "_receive", "rooms_groups": "_follow_rooms", "rooms_send": "_send"}
    monkeypatch.setattr(second, "_on_message", told.append)
    for step in loops.values():
        for process in (first, second):
            monkeypatch.setattr(process.channel, step, once(getattr(process.channel, step)))
    before = {loop: failures(loop) for loop in loops}
    for process in (first, second):
        process.channel._on_message = process._on_message
        process.channel.start(process.background)
        process.channel.join(3)
    await until(lambda: len(layer.groups.get("room.3", ())) == 2)
    first.channel.send([(3, {"t": "picture", "on": True})], flush=True)
    await until(lambda: told)
    assert told[0]["events"] == [{"t": "picture", "on": True}]
    assert {loop: failures(loop) - count for loop, count in before.items()} == dict.fromkeys(loops, 2)
    for process in (first, second):
        await process.background.aclose()


@pytest.mark.parametrize("loop", ["agent_engine", "agent_beat", "agent_reconcile", "agent_reap", "agent_fallback"])
async def test_the_media_agent_goes_on_after_a_failure(
    loop: str, tmp_path: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    turns: list[str] = []
    agent = Agent(name="a", host=SimpleNamespace(url="ws+unix:/e/janus.sock"), root=tmp_path)  # type: ignore[arg-type]
    steps = {
        "agent_engine": "_keep_engine",
        "agent_beat": "_beat",
        "agent_reconcile": "_reconcile",
        "agent_reap": "_reap",
        "agent_fallback": "_let_in",
    }

    def recorded(name: str) -> Callable[[], Any]:
        async def turn() -> None:
            turns.append(name)
            await asyncio.sleep(0.01)

        turn.__name__ = name
        return turn

    for name, step in steps.items():
        turn = recorded(name)
        broken = once(turn)
        broken.__name__ = step
        monkeypatch.setattr(agent, step, broken if name == loop else turn)
    for name in ("BEAT_S", "RECONCILE_S", "REAP_S", "ENGINE_RETRY_S"):
        monkeypatch.setattr(f"live.agent.agent.{name}", 0.01)
    before = failures(loop)
    run = asyncio.ensure_future(agent.run())
    await until(lambda: loop in turns or run.done())
    assert failures(loop) - before == 1
    run.cancel()


# --- a clock that is set --------------------------------------------------------------------------------------------


async def test_a_clock_that_is_set_for_good_ends_the_lease_and_takes_a_new_one(
    process: RoomProcess, ledger: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    await until(lambda: "beat_lease" in ledger)
    told: list[str] = []
    stay = process.recorder.begin(
        occasion_id=3, member_id=5, device="d", started_at=timezone.now(), on_stored=lambda: told.append("counted")
    )
    await until(lambda: told)
    real = presence.clock().now

    class Stepped:
        def now(self) -> dt.datetime:
            return real() + dt.timedelta(minutes=30)

    monkeypatch.setattr(presence, "clock", Stepped)
    ledger.clear()
    await until(lambda: len(told) == 2)
    assert ledger[:2] == ["end_lease", "start_lease"]
    assert stay.started_at > timezone.now() + dt.timedelta(minutes=29)


# --- coming in ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("end", ["away", "cancelled", "unknown"])
async def test_nobody_is_counted_whom_the_room_could_not_take(
    process: RoomProcess, monkeypatch: pytest.MonkeyPatch, end: str
) -> None:
    """The lecture goes live while the room is being looked up, and the look comes to nothing: no stay is begun."""
    asked, answer = asyncio.Event(), asyncio.Event()

    async def look(_work: Any) -> dict[int, Any]:
        asked.set()
        await answer.wait()
        if end == "away":
            raise DatabaseError
        return {}

    monkeypatch.setattr(rooms_of_process, "in_database", look)
    connection = Connection(send=take, member_id=5, host=False, device="d", counted=True, heard_at=process.loop.time())
    coming = asyncio.ensure_future(process.enter(connection, 3))
    await asked.wait()
    process.rooms.deliver(3, protocol.StateChanged(state="live"))
    assert not process.recorder.open
    if end == "cancelled":
        coming.cancel()
    answer.set()
    if end == "unknown":
        assert await coming is None
    else:
        with pytest.raises((DatabaseError, asyncio.CancelledError)):
            await coming
    assert not process.recorder.open
    assert connection.stay is None
    assert process.rooms.open == {}


async def test_whoever_waits_to_come_in_is_answered_when_the_process_stops(
    process: RoomProcess, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def never(_work: Any) -> None:
        await asyncio.Event().wait()

    monkeypatch.setattr(admission, "in_database", never)
    connection = Connection(send=take, member_id=5, host=False, device="d", counted=True, heard_at=process.loop.time())
    waiting = asyncio.ensure_future(process.admission.admit(connection))
    await asyncio.sleep(0.05)
    await process.background.aclose()
    with pytest.raises(DatabaseError):
        await waiting
