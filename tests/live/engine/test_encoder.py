"""A device outside (WHIP) at the real engine: carried on after its process's death, and cut by who takes the air."""

import datetime as dt
from typing import Any

import pytest
from django.db import connections
from django.utils import timezone
from playwright.async_api import Page

from live.engines.janus import JanusEngine, JanusHost
from live.models import EncoderKey, Lecture
from live.queries.stage import on_air
from tests.factories.live import make_live
from tests.factories.organizations import make_county
from tests.live.encoders.test_carried import a_process, looks, one_thread
from tests.live.encoders.test_keys import key_for, take

from .conftest import Guest, until
from .test_outlive import killed

pytestmark = [pytest.mark.engine, pytest.mark.django_db]


@pytest.fixture
def lecture() -> Lecture:
    lecture = make_live(make_county())
    key_for(lecture, at=timezone.now() - dt.timedelta(minutes=1))
    return lecture


@pytest.fixture
def ours(lecture: Lecture) -> Any:
    """The test's own connection, for the loop."""
    return connections["default"]


async def sends(page: Page, process: Any, lecture: Lecture, name: str) -> None:
    """As OBS does: one offer with all that it has, one answer."""
    offer = await page.evaluate("name => publish(name)", name)
    digest = EncoderKey.objects.get(lecture=lecture).digest
    await process.encoders.publish(occasion_id=lecture.pk, host_id=lecture.lecturer_id, digest=digest, sdp=offer)
    answer = process.encoders._mine[next(reversed(process.encoders._mine))].part.answer_sdp
    await page.evaluate("([name, sdp]) => answered(name, sdp)", [name, answer])
    await process.settle()


async def test_a_device_is_seen_outlives_its_process_and_is_cut(
    host: JanusHost, page: Page, lecture: Lecture, ours: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    connections["default"] = ours
    where = host.url.partition("+")[2]
    first, second = JanusEngine(where), JanusEngine(where)
    one_thread(monkeypatch, first)
    room_id = f"lecture-{lecture.pk}"
    dead, heir = a_process("dead", lives=False), a_process("heir")
    await sends(page, dead, lecture, "obs")
    await until(lambda: dead.pictures == [True], what="the picture on the air")
    viewer = Guest(page, second, room_id, "viewer")
    await viewer.watch()
    await viewer.sees_more()
    # A second device with the key replaces the first.
    await sends(page, dead, lecture, "obs-2")
    await looks(dead)
    assert on_air(lecture.pk).here
    await viewer.sees_more()
    killed(first)
    one_thread(monkeypatch, second)
    await looks(heir)
    assert [peer.is_over for peer in heir.encoders._mine.values()] == [False]
    await viewer.sees_more()
    # A host takes the picture back: the device is cut, and does not come again by itself.
    take(lecture, turn=on_air(lecture.pk).turn)
    await looks(heir)
    await until(lambda: page.evaluate("seen('viewer').state === 'connected'"))
    before = await second.publishers(room_id)
    await until(lambda: no_publishers(second, room_id), what=f"nobody on the air, first {before}")
    assert heir.pictures[-1:] == [False]
    for engine in (first, second):
        await engine.aclose()


async def no_publishers(engine: JanusEngine, room_id: str) -> bool:
    return await engine.publishers(room_id) == []
