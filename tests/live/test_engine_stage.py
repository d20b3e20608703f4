"""Speakers at the engine, without an engine: what is asked of it, asked again, and never passed on."""

import asyncio
from collections.abc import Callable
from typing import Any, cast

import pytest

from live.engines.base import Publisher, UnableToReachEngine, lecture_spec, speaker_id
from live.engines.janus import tap
from live.engines.janus.client import Refused
from live.engines.janus.engine import ROOM_EXISTS, JanusEngine
from live.engines.janus.peers import JanusSubscribing
from live.engines.janus.rooms import Feed, Watch
from live.engines.janus.tap import JanusTap, Ports

pytestmark = [pytest.mark.unit, pytest.mark.asyncio]
SOUND, BOTH = (("audio", "0"),), (("audio", "0"), ("video", "1"))


def feed(name: str, streams: tuple[tuple[str, str], ...] = SOUND) -> Feed:
    return Feed(Publisher(name, "h264" if streams is BOTH else "", "opus"), streams)


def watch_of(*feeds: Feed) -> Watch:
    return Watch("lecture-7", cast(Any, None), {one.publisher.participant_id: one for one in feeds})


class Control:
    """Janus's room as it is asked; ``away``: requests that are not answered the next time, ``no``: refused."""

    def __init__(self) -> None:
        self.asked: list[tuple[str, str]] = []
        self.away: list[str] = []
        self.no: list[str] = []

    async def message(self, body: dict[str, Any]) -> tuple[dict[str, Any], None]:
        self.asked.append((body["request"], body["publisher_id"]))
        if body["request"] in self.away:
            self.away.remove(body["request"])
            raise UnableToReachEngine
        if body["request"] in self.no:
            raise Refused(428, "no such stream")
        return {"forwarders": [{"stream_id": port["port"]} for port in body.get("streams", [])]}, None


def tapped(watch: Watch, control: Control, monkeypatch: pytest.MonkeyPatch) -> JanusTap:
    monkeypatch.setattr(tap, "AGAIN_S", 0.0)
    return JanusTap(watch, cast(Any, control), Ports(1, 2, (3,)), "key", lambda _event: None)


async def until(true: Callable[[], Any]) -> None:
    async with asyncio.timeout(60):
        while not true():
            await asyncio.sleep(0)


async def test_a_forward_that_failed_is_asked_again(monkeypatch: pytest.MonkeyPatch) -> None:
    control, voice = Control(), feed(speaker_id(1))
    control.away = ["rtp_forward"] * 3
    one = tapped(watch_of(feed("presenter", BOTH), voice), control, monkeypatch)
    await one.start()
    await until(lambda: one._presenter is not None and one._speakers)
    assert [port for port, each in one._speakers.items() if each.feed is voice] == [3]
    asked = len(control.asked)
    for _ in range(5):
        await asyncio.sleep(0)
    assert len(control.asked) == asked, "all are heard: nothing more is asked"
    await one.close()


async def test_a_port_is_given_on_when_its_last_voice_is_known_to_have_stopped(monkeypatch: pytest.MonkeyPatch) -> None:
    control, old, new = Control(), feed(speaker_id(1)), feed(speaker_id(1), (("audio", "5"),))
    watch = watch_of(old)
    one = tapped(watch, control, monkeypatch)
    await one.start()
    # Negotiated anew: the same person, and the engine does not say whether it forwards the old stream any more.
    control.away, control.asked = ["stop_rtp_forward"], []
    watch.feeds[speaker_id(1)] = new
    await one._follow()
    assert (control.asked, one._speakers[3].feed) == ([("stop_rtp_forward", speaker_id(1))], old)
    await until(lambda: one._speakers[3].feed is new)
    # Whoever has left is forwarded no more, whatever the engine answers.
    control.away, control.asked = ["stop_rtp_forward"], []
    del watch.feeds[speaker_id(1)]
    watch.feeds[speaker_id(2)] = feed(speaker_id(2))
    await one._follow()
    assert one._speakers[3].feed.publisher.participant_id == speaker_id(2)
    control.no = ["stop_rtp_forward"]
    watch.feeds[speaker_id(2)] = feed(speaker_id(2), (("audio", "6"),))
    await one._follow()
    assert one._speakers[3].feed is watch.feeds[speaker_id(2)], "there is nothing to be stopped"
    await one.close()


async def test_a_presenter_is_followed_by_another_when_the_ports_are_free(monkeypatch: pytest.MonkeyPatch) -> None:
    control, old, new = Control(), feed("presenter", BOTH), feed("presenter", BOTH)
    watch = watch_of(old)
    one = tapped(watch, control, monkeypatch)
    await one.start()
    control.away = ["stop_rtp_forward"]
    watch.feeds["presenter"] = new
    await one._follow()
    assert one._presenter is not None
    assert one._presenter.feed is old
    await until(lambda: one._presenter is not None and one._presenter.feed is new)
    control.away = ["rtp_forward"]
    watch.feeds["presenter"] = feed("presenter", BOTH)
    await one._follow()
    watch.over = "gone"
    one._room_changed(watch)
    asked = len(control.asked)
    for _ in range(5):
        await asyncio.sleep(0)
    assert len(control.asked) == asked, "the engine is gone"


async def test_one_picture_is_given_that_of_who_is_shown() -> None:
    one, two = speaker_id(1), speaker_id(2)
    watch = watch_of(feed("presenter", BOTH), feed(one, BOTH), feed(two))
    everybody, themselves = (JanusSubscribing(watch, None, lambda _event: None, but=but) for but in ("", one))
    lecturers = {("presenter", "0"), ("presenter", "1"), (one, "0"), (two, "0")}
    assert everybody._wanted() == lecturers
    told: list[str] = []
    watch.listeners.add(lambda watch: told.append(watch.shown))
    for _ in range(2):
        watch.show(one)
    assert told == [one]
    assert everybody._wanted() == {("presenter", "0"), (one, "0"), (one, "1"), (two, "0")}
    assert themselves._wanted() == lecturers - {(one, "0")}, "who is shown sees the lecturer"
    for whose in (two, speaker_id(3)):
        watch.show(whose)
        assert everybody._wanted() == lecturers, "no picture comes of them"


async def test_the_picture_that_is_shown_is_forwarded_beside_the_lecturers(monkeypatch: pytest.MonkeyPatch) -> None:
    control, heard = Control(), list[str]()
    watch = watch_of(feed("presenter", BOTH), feed(speaker_id(1), BOTH), feed(speaker_id(2), BOTH))
    monkeypatch.setattr(tap, "AGAIN_S", 0.0)
    ports = Ports(1, 2, (3, 4), 5)
    one = JanusTap(watch, cast(Any, control), ports, "key", lambda event: heard.append(getattr(event, "codec", "-")))
    await one.start()
    heard.clear()
    one.show(speaker_id(1))
    one.show(speaker_id(1))
    await until(lambda: heard == ["h264"])
    control.away = ["stop_rtp_forward", "rtp_forward"]
    one.show(speaker_id(2))
    await until(lambda: heard[-1] == "h264" and len(heard) > 2)
    assert set(heard[1:-1]) == {""}, "the lecturer's in between"
    assert one._stage is not None
    assert one._stage.feed.publisher.participant_id == speaker_id(2)
    del watch.feeds[speaker_id(2)]
    one._room_changed(watch)
    await until(lambda: heard[-1] == "")
    await one.close()
    one.show(speaker_id(1))
    assert one._stage is None


async def test_an_engine_remembers_who_is_shown_for_a_room_that_is_watched_later() -> None:
    engine, watch = JanusEngine("unix:/nowhere"), watch_of()
    engine.show("lecture-7", speaker_id(1))
    assert engine._shown == {"lecture-7": speaker_id(1)}
    engine._watches["lecture-7"] = watch
    engine.show("lecture-7", "")
    assert (engine._shown, watch.shown) == ({}, "")


async def test_a_room_that_was_closed_forgets_who_was_shown(monkeypatch: pytest.MonkeyPatch) -> None:
    async def connected() -> Any:
        return None

    async def start(_watch: Watch) -> None:
        return None

    engine = JanusEngine("unix:/nowhere")
    monkeypatch.setattr(engine, "_connected", connected)
    monkeypatch.setattr(Watch, "start", start)
    for word, left in (("gone", {"lecture-7": speaker_id(1)}), ("destroyed", {})):
        engine.show("lecture-7", speaker_id(1))
        watch = await engine._watch("lecture-7")
        assert watch.shown == speaker_id(1)
        watch._end(word)
        assert engine._shown == left, "a restarted engine's room is the same lecture's"


async def test_a_room_of_an_older_release_is_made_as_large_as_it_must_be() -> None:
    class Old(JanusEngine):
        def __init__(self) -> None:
            super().__init__("unix:/nowhere")
            self.asked: list[dict[str, Any]] = []
            self.number = ROOM_EXISTS

        async def _ask(self, body: dict[str, Any]) -> dict[str, Any]:
            self.asked.append(body)
            if body["request"] == "create" or self.number != ROOM_EXISTS:
                raise Refused(self.number, "")
            return {}

    engine, spec = Old(), lecture_spec(7)
    for _ in range(2):
        await engine.open_room(spec)
    edits = [body for body in engine.asked if body["request"] == "edit"]
    assert edits == [{"request": "edit", "room": spec.room_id, "new_publishers": spec.publishers}], "once"
    engine.number = 499
    with pytest.raises(UnableToReachEngine):
        await engine.open_room(spec)
