"""A device outside as a web process carries it: on the air, cut, ended by what happens, taken over from a dead one."""

import asyncio
import datetime as dt
import threading
from collections.abc import Callable, Coroutine
from types import SimpleNamespace
from typing import Any, TypeVar, cast

import pytest
from django.db import OperationalError, connections
from django.test import RequestFactory
from django.utils import timezone

from attendance.models import WorkerLease
from live import operations
from live.engines.base import Connected, HungUp, UnableToNegotiate, UnableToReachEngine
from live.models import AirTurn, EncoderKey, Lecture, MediaPeer
from live.queries.stage import on_air
from live.room import encoders, peers, signalling
from live.room.encoders import Encoders
from live.views import encoder
from tests.factories.live import make_live
from tests.factories.organizations import UserFactory, make_county
from tests.live.encoders.test_keys import SDP, key_for, take
from tests.live.room.test_peers import Engine, Process, Table

T = TypeVar("T")
pytestmark = [pytest.mark.integration, pytest.mark.django_db]


def one_thread(monkeypatch: pytest.MonkeyPatch, engine: Any) -> None:
    """Everybody uses this engine, and the test's own connection and thread: what they write is undone with the test."""

    async def engine_of(_room: Any) -> Any:
        if getattr(engine, "is_gone", False):
            raise UnableToReachEngine
        return engine

    async def at_once(work: Callable[[], Any]) -> Any:
        connections["default"] = ours
        return work()

    ours = connections["default"]
    monkeypatch.setenv("DJANGO_ALLOW_ASYNC_UNSAFE", "true")
    monkeypatch.setattr(signalling, "engine_of", engine_of)
    for module in (encoders, peers):
        monkeypatch.setattr(module, "in_database", at_once)
        monkeypatch.setattr(module, "get_engine", lambda _url: engine)


@pytest.fixture
def engine(monkeypatch: pytest.MonkeyPatch) -> Engine:
    engine = Engine()
    one_thread(monkeypatch, engine)
    return engine


def run(work: Coroutine[Any, Any, T]) -> T:
    """Run it on a loop that uses the test's own connection."""

    async def inside() -> T:
        connections["default"] = ours
        return await work

    ours = connections["default"]
    return asyncio.run(inside())


@pytest.fixture
def lecture() -> Lecture:
    lecture = make_live(make_county())
    key_for(lecture, at=timezone.now() - dt.timedelta(minutes=1))
    return lecture


def a_process(name: str, *, lives: bool = True) -> Any:
    """A web process with a lease, unless it is dead."""
    process = cast(Any, Process(name, Table()))
    process.encoders = Encoders(process)
    if lives:
        now = timezone.now()
        WorkerLease.objects.create(name=name, started_at=now, beat_at=now)
    return process


async def comes(process: Any, lecture: Lecture) -> str:
    shown = EncoderKey.objects.get(lecture=lecture).digest
    key, answer = await process.encoders.publish(
        occasion_id=lecture.pk, host_id=lecture.lecturer_id, digest=shown, sdp=SDP
    )
    await process.settle()
    assert answer == "v=0"
    return str(key)


async def looks(process: Any) -> None:
    await process.encoders.look()
    await process.settle()


def test_a_device_is_on_the_air_and_a_second_one_takes_its_place(engine: Engine, lecture: Lecture) -> None:
    async def story() -> None:
        process = a_process("one")
        first = await comes(process, lecture)
        engine.parts[0].say(Connected())
        assert process.pictures == [True]
        assert (on_air(lecture.pk).source, on_air(lecture.pk).here) == (AirTurn.ENCODER, True)
        second = await comes(process, lecture)
        engine.parts[0].say(HungUp("kicked"))
        await process.settle()
        await looks(process)
        assert [row.key for row in MediaPeer.objects.all()] == [second] != [first]
        assert on_air(lecture.pk).here, "the end of the first is not that of the second"
        assert [part.closed for part in engine.parts] == [0, 0]

    run(story())


def a_break(lecture: Lecture) -> None:
    operations.take_break(occasion_id=lecture.pk, minutes=5, as_of=timezone.now())


def the_end(lecture: Lecture) -> None:
    operations.end_lecture(occasion_id=lecture.pk, as_of=timezone.now())


def another_key(lecture: Lecture) -> None:
    key_for(lecture, at=timezone.now() + dt.timedelta(seconds=1))


def no_key(lecture: Lecture) -> None:
    operations.withdraw_encoder_key(occasion_id=lecture.pk, actor_id=lecture.lecturer_id)


def taken_back(lecture: Lecture) -> None:
    take(lecture, turn=on_air(lecture.pk).turn)


def another_lecturer(lecture: Lecture) -> None:
    Lecture.objects.filter(pk=lecture.pk).update(lecturer=UserFactory())


@pytest.mark.parametrize("what", [a_break, the_end, another_key, no_key, taken_back, another_lecturer])
def test_it_ends_by_itself_with_nobody_in_the_room(
    engine: Engine, lecture: Lecture, what: Callable[[Lecture], None]
) -> None:
    async def story() -> None:
        process = a_process("one")
        await comes(process, lecture)
        await looks(process)
        assert engine.parts[0].closed == 0
        what(lecture)
        await looks(process)
        assert (engine.parts[0].closed, process.pictures) == (1, [False])
        assert not MediaPeer.objects.exists()
        assert not AirTurn.objects.filter(source=AirTurn.ENCODER, ended_at=None, left_at=None).exists()
        await looks(process)
        assert engine.parts[0].closed == 1

    run(story())


def test_another_process_takes_over_from_a_dead_one(engine: Engine, lecture: Lecture) -> None:
    async def story() -> None:
        dead, heir, third = a_process("dead", lives=False), a_process("heir"), a_process("third")
        await comes(dead, lecture)
        await looks(heir)
        await looks(third)
        assert [row.owner for row in MediaPeer.objects.all()] == ["heir"]
        await looks(heir)
        # It was not dead, only slow: it lets go, and ends nothing.
        await dead.peers._let_go_of_taken()
        await looks(dead)
        assert [(part.closed, part.let) for part in engine.parts] == [(0, 1), (0, 0)]
        assert on_air(lecture.pk).here
        the_end(lecture)
        await looks(heir)
        assert engine.parts[1].closed == 1

    run(story())


def test_what_the_engine_no_longer_has_leaves_the_air(
    engine: Engine, lecture: Lecture, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def story() -> None:
        await comes(a_process("dead", lives=False), lecture)
        engine.is_gone = True
        heir = a_process("heir")
        await looks(heir)
        assert on_air(lecture.pk).here, "no engine: asked again later"
        heir.encoders._looked_at = -encoders.LEFT_ALONE_S
        monkeypatch.setattr(signalling, "engine_of", there)
        await looks(heir)
        assert (on_air(lecture.pk).here, MediaPeer.objects.count(), engine.ended) == (False, 0, ["1.0"])

    async def there(_room: Any) -> Engine:
        return engine

    run(story())


def test_what_comes_to_nothing_leaves_the_air(
    engine: Engine, lecture: Lecture, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def refuse(**_of: Any) -> Any:
        raise UnableToNegotiate

    async def story() -> None:
        process = a_process("one")
        with monkeypatch.context() as patch:
            patch.setattr(engine, "publish", refuse)
            with pytest.raises(UnableToNegotiate):
                await comes(process, lecture)
        await looks(process)
        assert not on_air(lecture.pk).here
        with monkeypatch.context() as patch:
            patch.setattr(operations, "keep_peer", lambda **_of: False)
            with pytest.raises(UnableToReachEngine):
                await comes(process, lecture)
        await looks(process)
        assert (engine.parts[0].closed, on_air(lecture.pk).here) == (1, False)

    run(story())


@pytest.mark.parametrize("change", [another_key, no_key])
def test_a_key_that_is_replaced_while_the_engine_is_asked_opens_nothing(
    engine: Engine, lecture: Lecture, monkeypatch: pytest.MonkeyPatch, change: Callable[[Lecture], None]
) -> None:
    publish = engine.publish

    async def slowly(**of: Any) -> Any:
        change(lecture)
        return await publish(**of)

    async def story() -> None:
        process = a_process("one")
        monkeypatch.setattr(engine, "publish", slowly)
        with pytest.raises(UnableToReachEngine):
            await comes(process, lecture)
        await process.settle()
        assert (engine.parts[0].closed, MediaPeer.objects.count()) == (1, 0)
        await looks(process)
        assert not on_air(lecture.pk).here

    run(story())


def test_a_connection_is_as_old_as_the_key_that_opened_it(engine: Engine, lecture: Lecture) -> None:
    """The same host's other key may have been asked for before the connection was noted, and made after."""

    async def story() -> None:
        process = a_process("one")
        await comes(process, lecture)
        key_for(lecture, at=timezone.now() - dt.timedelta(seconds=1))
        await looks(process)
        assert engine.parts[0].closed == 1

    run(story())


@pytest.mark.parametrize("at", ["publish", "keep_now"])
def test_what_nobody_waits_for_any_more_comes_to_nothing(
    engine: Engine, lecture: Lecture, monkeypatch: pytest.MonkeyPatch, at: str
) -> None:
    async def story() -> None:
        process = a_process("one")
        asked = asyncio.Event()

        async def never(*_args: Any, **_of: Any) -> Any:
            asked.set()
            await asyncio.Event().wait()

        with monkeypatch.context() as patch:
            patch.setattr(engine if at == "publish" else process.peers, at, never)
            first = asyncio.ensure_future(comes(process, lecture))
            await asked.wait()
            first.cancel()
            with pytest.raises(asyncio.CancelledError):
                await first
        second = await comes(process, lecture)
        await looks(process)
        assert [row.key for row in MediaPeer.objects.all()] == [second]
        assert ([part.closed for part in engine.parts][-1], on_air(lecture.pk).here) == (0, True)
        assert [part.closed for part in engine.parts[:-1]] == [1] * (at == "keep_now")

    run(story())


def test_waiting_ends_after_a_while_and_with_it_the_work(monkeypatch: pytest.MonkeyPatch) -> None:
    loop, ended = asyncio.new_event_loop(), threading.Event()

    async def never() -> None:
        try:
            await asyncio.Event().wait()
        finally:
            ended.set()

    thread = threading.Thread(target=loop.run_forever)
    thread.start()
    monkeypatch.setattr(encoder, "PATIENCE_S", 0.01)
    try:
        with pytest.raises(TimeoutError):
            encoder._wait(cast(Any, SimpleNamespace(loop=loop)), never())
        assert ended.wait(30)
    finally:
        loop.call_soon_threadsafe(loop.stop)
        thread.join()
        loop.close()


def test_without_a_database_it_goes_on(engine: Engine, lecture: Lecture, monkeypatch: pytest.MonkeyPatch) -> None:
    def away(**_of: Any) -> Any:
        raise OperationalError

    async def story() -> None:
        process = a_process("one")
        await comes(process, lecture)
        monkeypatch.setattr(encoders.queries, "encoders_on_air", away)
        await process.encoders._look_or_wait()
        assert engine.parts[0].closed == 0

    run(story())


def test_what_a_device_is_answered(
    engine: Engine, lecture: Lecture, monkeypatch: pytest.MonkeyPatch, settings: Any
) -> None:
    """RFC 9725: 201, where it is, the answer, the relays; and its end from any process."""
    settings.TURN_URLS, settings.TURN_SECRET = ["turn:turn.example.cn:3478"], "s" * 32
    key = key_for(lecture, at=timezone.now() - dt.timedelta(minutes=1))
    asking = RequestFactory(headers={"Authorization": f"Bearer {key}"})
    monkeypatch.setattr(encoder, "_wait", lambda _rooms, work: run(work))

    def ask(request: Any, process: Any) -> Any:
        request.scope = {"state": {"rooms": process}}
        made = request.path.endswith("/whip/")
        if made:
            return encoder.whip(request, lecture.pk)
        return encoder.whip_session(request, lecture.pk, request.path.split("/")[-2])

    async def make(name: str) -> Any:
        return a_process(name)

    def late(_rooms: Any, work: Any) -> None:
        work.close()
        raise TimeoutError

    def post() -> Any:
        return asking.post(f"/live/{lecture.pk}/whip/", data=SDP, content_type="application/sdp")

    first, second = run(make("one")), run(make("two"))
    answer = ask(post(), first)
    assert (answer.status_code, answer["Content-Type"], answer.content) == (201, "application/sdp", b"v=0")
    assert '<turn:turn.example.cn:3478>; rel="ice-server"; username=' in answer["Link"]
    where = answer["Location"]
    with monkeypatch.context() as patch:
        patch.setattr(encoder, "_wait", late)
        assert ask(asking.delete(where), second).status_code == 200, "its row is gone: its owner ends it"
    assert not on_air(lecture.pk).here
    assert ask(asking.delete(where), second).status_code == 404
    settings.TURN_URLS = []
    assert "Link" not in ask(post(), first)
    take(lecture, turn=on_air(lecture.pk).turn)
    assert ask(post(), first).status_code == 409
    a_break(lecture)
    assert ask(post(), first).status_code == 409
    operations.end_break(occasion_id=lecture.pk, as_of=timezone.now())
    engine.is_gone = True
    assert ask(post(), first).status_code == 503
