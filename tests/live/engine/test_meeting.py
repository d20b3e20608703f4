"""Everybody in a meeting sends: each hears all the others, sees whom they ask to see, and is told whose is what."""

import asyncio

import pytest
from playwright.async_api import Page

from live.engines.base import MediaEngine, guest_id, guest_of, lecture_room, meeting_spec

from .conftest import Guest, until

pytestmark = [pytest.mark.engine, pytest.mark.asyncio]
ROOM = lecture_room(9)


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
