"""Everybody in a meeting sends: each hears all the others, sees whom they ask to see, and is told whose is what."""

import asyncio
from pathlib import Path

import pytest
from django.utils import timezone
from playwright.async_api import Page

from live.agent.meeting import MeetingCarrier
from live.engines.base import MediaEngine, guest_id, guest_of, lecture_room, meeting_spec
from live.models import RecordingTurn

from .conftest import Guest, until
from .test_stage import PLAIN, heard, levels

pytestmark = [pytest.mark.engine, pytest.mark.asyncio]
ROOM = lecture_room(9)
HERTZ = 1500, 2600


async def test_three_hear_each_other_and_see_whom_they_ask_for(engine: MediaEngine, page: Page) -> None:
    await engine.open_room(meeting_spec(9))
    people = [Guest(page, engine, ROOM, guest_id(number)) for number in (1, 2, 3)]
    for one in people:
        await one.publish(codec="VP8", width=320, height=180)
    viewer = Guest(page, engine, ROOM, "page of the first")
    await viewer.watch(but=people[0].name)
    assert viewer.subscribing is not None

    async def hears() -> bool:
        await page.evaluate("name => voices(name)", viewer.name)
        await asyncio.sleep(0.3)
        return int(await page.evaluate("name => voices(name)", viewer.name)) == 2

    await until(hears, what="both others are heard")
    assert sorted(guest_of(one) for one in viewer.subscribing.whose.values()) == [2, 3], "two sounds, no picture"
    viewer.subscribing.see([people[2].name])
    await until(lambda: len(viewer.subscribing.whose) == 3, what="a picture is offered")

    async def seen() -> bool:
        return await viewer.frames() > 10

    await until(seen, what="the picture moves")


async def test_each_voice_and_whoever_is_seen_is_recorded_in_one_run(
    engine: MediaEngine, page: Page, tmp_path: Path
) -> None:
    turn = RecordingTurn(began_at=timezone.now())
    carrier = MeetingCarrier(turn=turn, occasion_id=9, folder=tmp_path / "9", engine=engine, record=True)
    carrier.start()
    first, second, third = (Guest(page, engine, ROOM, guest_id(number)) for number in (1, 2, 3))

    async def recorded(hertz: int) -> None:
        async def asked() -> bool:
            await asyncio.sleep(1)
            if not (tmp_path / "9" / "audio.m3u8").exists():
                return False
            return sum(level > PLAIN for level in levels(await heard(tmp_path / "9"), hertz)) >= 3

        await until(asked, what=f"{hertz} Hz is recorded")

    await until(lambda: carrier._tap, what="the room is tapped")
    await first.publish(hertz=HERTZ[0])
    await second.publish(hertz=HERTZ[1])
    await third.publish(width=320, height=180)
    for hertz in (*HERTZ, 440):
        await recorded(hertz)
    assert carrier._picture_at > 0, "nobody's camera is on: black stands in"
    carrier.cameras = [3]
    await until(lambda: not carrier.scrubber._is_filled, what="the camera is seen")
    await third.hang_up()
    carrier.cameras = []
    await until(lambda: carrier.scrubber._is_filled, what="who was seen has left")
    assert not carrier.broken
    await carrier.stop()
    runs = [listing.number for listing in carrier.packager.listings()]
    assert runs == [0], "whoever comes, is seen and goes: one run"
    assert carrier.holes(until=timezone.now(), over=True) == []
