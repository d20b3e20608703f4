"""What every media engine must do (live.engines.base.MediaEngine); runs against the real one with a real browser."""

import asyncio

import pytest
from playwright.async_api import Page

from live.engines.base import (
    Connected,
    EngineError,
    EngineGone,
    HungUp,
    MediaEngine,
    MediaFlow,
    NoSuchRoom,
    OfferMade,
    Publisher,
    RoomFull,
    RoomSpec,
    UnableToNegotiate,
    UnableToReachEngine,
    lecture_room,
    lecture_spec,
)
from live.engines.janus import JanusEngine, JanusHost

from .conftest import Guest, until

pytestmark = [pytest.mark.engine, pytest.mark.asyncio]
ROOM = lecture_room(7)
SDP = "v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\ns=-\r\nt=0 0\r\n"


def ignore(event: object) -> None:
    """Nobody listens."""


async def on_air(engine: MediaEngine, count: int) -> None:
    async def reached() -> bool:
        return len(await engine.publishers(ROOM)) == count

    await until(reached, what=f"{count} on air")


async def test_rooms_open_and_close_as_often_as_one_likes(engine: MediaEngine) -> None:
    for _ in range(2):
        await engine.open_room(lecture_spec(7))
    assert await engine.rooms() == [ROOM]
    assert await engine.publishers(ROOM) == []
    for _ in range(2):
        await engine.close_room(ROOM)
    assert await engine.rooms() == []
    assert (await engine.health()).rooms == 0


async def test_a_room_that_an_older_release_has_made_takes_a_whole_stage(host: JanusHost) -> None:
    first, second = JanusEngine(host.url.partition("+")[2]), JanusEngine(host.url.partition("+")[2])
    await first.open_room(RoomSpec(ROOM, publishers=1))
    await second.open_room(lecture_spec(7))
    (room,) = (await second._ask({"request": "list"}))["list"]
    assert room["max_publishers"] == lecture_spec(7).publishers
    for one in (first, second):
        await one.aclose()


async def test_there_is_nothing_in_a_room_that_is_not_open(engine: MediaEngine) -> None:
    for attempt in (
        engine.publishers(ROOM),
        engine.publish(room_id=ROOM, participant_id="a", offer_sdp=SDP, on_event=ignore),
        engine.subscribe(room_id=ROOM, on_event=ignore),
        engine.tap(room_id=ROOM, video_port=9, audio_port=9, on_event=ignore),
    ):
        with pytest.raises(NoSuchRoom):
            await attempt


@pytest.mark.parametrize(
    "offer", ["", "hello", "v=0\r\nnonsense", "v=0\x00", "v=0" + "x" * 70_000, None, 7, "v=0\r\n\r\n\r\n"]
)
async def test_a_bad_offer_is_refused_and_leaves_nobody_behind(engine: MediaEngine, offer: str) -> None:
    await engine.open_room(lecture_spec(7))
    for _ in range(2):
        with pytest.raises(UnableToNegotiate):
            await engine.publish(room_id=ROOM, participant_id="a", offer_sdp=offer, on_event=ignore)
    assert await engine.publishers(ROOM) == []


async def test_a_lecturer_is_seen_by_those_who_came_before_and_after(engine: MediaEngine, page: Page) -> None:
    await engine.open_room(lecture_spec(7))
    early, lecturer, late = (Guest(page, engine, ROOM, name) for name in ("early", "lecturer", "late"))
    await early.watch()
    assert early.subscribing is not None
    assert early.subscribing.offer_sdp is None
    await lecturer.publish()
    await until(lambda: lecturer.heard(Connected), what="the lecturer is connected")
    await until(lambda: MediaFlow("video", True) in lecturer.events, what="video is received")
    assert await engine.publishers(ROOM) == [Publisher("lecturer", "h264", "opus")]
    await early.sees_more()
    await late.watch()
    await late.sees_more()
    assert (await late.seen())["width"] == 640


async def test_a_lecturer_who_comes_back_is_seen_again_without_a_new_subscription(
    engine: MediaEngine, page: Page
) -> None:
    await engine.open_room(lecture_spec(7))
    viewer, lecturer = Guest(page, engine, ROOM, "viewer"), Guest(page, engine, ROOM, "lecturer")
    await lecturer.publish()
    await viewer.watch()
    await viewer.sees_more()
    assert lecturer.publishing is not None
    await lecturer.publishing.close()
    await lecturer.publishing.close()
    await on_air(engine, 0)
    again = Guest(page, engine, ROOM, "lecturer")
    await again.publish()
    await until(lambda: viewer.heard(OfferMade), what="a new offer for the viewer")
    await viewer.sees_more()


async def test_the_newest_page_of_a_lecturer_wins(engine: MediaEngine, page: Page) -> None:
    await engine.open_room(lecture_spec(7))
    viewer, first = Guest(page, engine, ROOM, "viewer"), Guest(page, engine, ROOM, "lecturer")
    await first.publish()
    await viewer.watch()
    await viewer.sees_more()
    second = Guest(page, engine, ROOM, "lecturer")
    await second.publish()
    await until(lambda: first.heard(HungUp), what="the first page is hung up")
    await viewer.sees_more()
    assert len(await engine.publishers(ROOM)) == 1


async def test_a_room_for_one_publisher_has_no_place_for_a_second(engine: MediaEngine, page: Page) -> None:
    await engine.open_room(RoomSpec(room_id=ROOM))
    await Guest(page, engine, ROOM, "lecturer").publish()
    await on_air(engine, 1)
    with pytest.raises(RoomFull):
        await Guest(page, engine, ROOM, "somebody").publish()
    assert [each.participant_id for each in await engine.publishers(ROOM)] == ["lecturer"]


async def test_one_chosen_publisher_of_two(engine: MediaEngine, page: Page) -> None:
    await engine.open_room(RoomSpec(room_id=ROOM, publishers=2))
    await Guest(page, engine, ROOM, "one").publish()
    await Guest(page, engine, ROOM, "two").publish(codec="VP8", sound=False)
    await on_air(engine, 2)
    assert {each.participant_id: (each.video, each.audio) for each in await engine.publishers(ROOM)} == {
        "one": ("h264", "opus"),
        "two": ("vp8", ""),
    }
    subscribing = await engine.subscribe(room_id=ROOM, publisher_ids=["two"], on_event=ignore)
    assert subscribing.offer_sdp is not None
    assert subscribing.offer_sdp.count("m=video") == 1
    assert "m=audio" not in subscribing.offer_sdp
    await subscribing.close()


async def test_renegotiation_keeps_the_picture(engine: MediaEngine, page: Page) -> None:
    await engine.open_room(lecture_spec(7))
    viewer, lecturer = Guest(page, engine, ROOM, "viewer"), Guest(page, engine, ROOM, "lecturer")
    await lecturer.publish()
    await viewer.watch()
    await viewer.sees_more()
    assert lecturer.publishing is not None
    answer = await lecturer.publishing.renegotiate(await page.evaluate("reoffer('lecturer')"))
    await page.evaluate("sdp => answered('lecturer', sdp)", answer)
    await viewer.sees_more()
    with pytest.raises(UnableToNegotiate):
        await lecturer.publishing.renegotiate("v=0\r\nbad")


async def test_candidates_are_passed_on_and_bad_ones_refused(engine: MediaEngine, page: Page) -> None:
    await engine.open_room(lecture_spec(7))
    lecturer = Guest(page, engine, ROOM, "lecturer")
    await lecturer.publish()
    assert lecturer.publishing is not None
    line = "candidate:1 1 udp 2122260223 192.0.2.7 50000 typ host"
    await lecturer.publishing.candidate({"candidate": line, "sdpMid": "0", "sdpMLineIndex": 0, "more": "ignored"})
    await lecturer.publishing.candidate({"candidate": ""})
    await lecturer.publishing.candidate(None)
    for bad in ({}, {"candidate": 5}, {"candidate": "x" * 2000}, {"candidate": "a\x00"}, [], "candidate"):
        with pytest.raises(UnableToNegotiate):
            await lecturer.publishing.candidate(bad)  # type: ignore[arg-type]


async def test_an_answer_without_an_offer_is_refused(engine: MediaEngine) -> None:
    await engine.open_room(lecture_spec(7))
    subscribing = await engine.subscribe(room_id=ROOM, on_event=ignore)
    with pytest.raises(UnableToNegotiate):
        await subscribing.answer(SDP)
    await subscribing.close()
    await subscribing.close()


async def test_closing_the_room_hangs_everyone_up(engine: MediaEngine, page: Page) -> None:
    await engine.open_room(lecture_spec(7))
    viewer, lecturer = Guest(page, engine, ROOM, "viewer"), Guest(page, engine, ROOM, "lecturer")
    await lecturer.publish()
    await viewer.watch()
    await viewer.sees_more()
    await engine.close_room(ROOM)
    await until(lambda: viewer.heard(HungUp) and lecturer.heard(HungUp), what="both are hung up")


async def test_everyone_is_told_when_the_engine_dies_and_can_come_back(
    engine: MediaEngine, host: JanusHost, page: Page
) -> None:
    await engine.open_room(lecture_spec(7))
    viewer, lecturer = Guest(page, engine, ROOM, "viewer"), Guest(page, engine, ROOM, "lecturer")
    await lecturer.publish()
    await viewer.watch()
    await viewer.sees_more()
    host.kill()
    await until(lambda: viewer.heard(EngineGone) and lecturer.heard(EngineGone), what="both are told")
    with pytest.raises(UnableToReachEngine):
        await engine.publishers(ROOM)
    assert lecturer.publishing is not None
    await lecturer.publishing.close()
    await host.wait()
    await host.start()
    assert await engine.rooms() == []
    await engine.open_room(lecture_spec(7))
    viewer, lecturer = Guest(page, engine, ROOM, "viewer2"), Guest(page, engine, ROOM, "lecturer")
    await asyncio.gather(lecturer.publish(), viewer.watch())
    await viewer.sees_more()


async def test_every_error_has_a_code_for_clients() -> None:
    codes = [kind.code for kind in (EngineError, NoSuchRoom, RoomFull, UnableToNegotiate, UnableToReachEngine)]
    assert len(set(codes)) == len(codes)
