"""Browsers' connections go on while the process that made them is dead, and another process takes them over."""

import asyncio

import pytest
from playwright.async_api import Page

from live.engines.base import HungUp, MediaEngine, NoSuchPeer, OfferMade, lecture_room, lecture_spec
from live.engines.janus import JanusEngine, JanusHost

from .conftest import Guest, until

pytestmark = [pytest.mark.engine, pytest.mark.asyncio]
ROOM = lecture_room(7)


def killed(engine: MediaEngine) -> None:
    """As kill -9 would: the sockets are gone, and nothing was said."""
    assert isinstance(engine, JanusEngine)
    assert engine._connection is not None
    engine._connection._socket.transport.abort()


async def test_the_picture_goes_on_without_its_process_and_the_next_one_takes_it_over(
    host: JanusHost, page: Page
) -> None:
    """Finding: organiser 10. The sessions hung on the dead process's socket: everybody was black for a minute."""
    first, second = (JanusEngine(host.url.partition("+")[2]) for _ in range(2))
    await first.open_room(lecture_spec(7))
    lecturer, viewer = Guest(page, first, ROOM, "lecturer"), Guest(page, first, ROOM, "viewer")
    await lecturer.publish()
    await viewer.watch()
    await viewer.sees_more()
    assert lecturer.publishing
    assert viewer.subscribing
    on_air, watching = lecturer.publishing.reference, viewer.subscribing.reference
    await page.evaluate("name => { peers[name].gaps = []; }", viewer.name)
    killed(first)
    await asyncio.sleep(2)
    await viewer.sees_more()
    lecturer.engine = viewer.engine = second
    lecturer.publishing = await second.resume_publishing(room_id=ROOM, reference=on_air, on_event=lecturer.hear)
    viewer.events.clear()
    viewer.subscribing = await second.resume_subscribing(room_id=ROOM, reference=watching, on_event=viewer.hear)
    assert viewer.subscribing.offer_sdp is None, "nothing is negotiated again"
    await viewer.sees_more()
    assert (await viewer.seen())["gaps"] == [], "no break of a second"
    # It is whole: another network, another picture, and its end.
    offer = await page.evaluate("name => reoffer(name)", "lecturer")
    await page.evaluate(
        "([name, sdp]) => answered(name, sdp)", ["lecturer", await lecturer.publishing.renegotiate(offer)]
    )
    await viewer.sees_more()
    await lecturer.publishing.close()
    assert not viewer.heard(HungUp)
    again = Guest(page, second, ROOM, "lecturer")
    await again.publish()
    await until(lambda: viewer.heard(OfferMade), what="an offer by the new process")
    await viewer.sees_more()
    await viewer.subscribing.close()
    with pytest.raises(NoSuchPeer):
        await second.resume_subscribing(room_id=ROOM, reference=watching, on_event=viewer.hear)
    await second.aclose()


async def test_what_ended_while_nobody_listened_is_not_taken_over(host: JanusHost, page: Page) -> None:
    first, second = (JanusEngine(host.url.partition("+")[2]) for _ in range(2))
    await first.open_room(lecture_spec(7))
    lecturer, viewer = Guest(page, first, ROOM, "lecturer"), Guest(page, first, ROOM, "viewer")
    await lecturer.publish()
    await viewer.watch()
    await viewer.sees_more()
    assert lecturer.publishing
    assert viewer.subscribing
    on_air, watching = lecturer.publishing.reference, viewer.subscribing.reference
    killed(first)
    other = Guest(page, second, ROOM, "lecturer")
    await other.publish()
    with pytest.raises(NoSuchPeer):
        await second.resume_publishing(room_id=ROOM, reference=on_air, on_event=lecturer.hear)
    before = await host.handles()
    await second.end(watching)
    assert await host.handles() < before, "removed while away: no media, no handle left"
    for wrong in ("", "1", "a.b", "1.2"):
        with pytest.raises(NoSuchPeer):
            await second.resume_publishing(room_id=ROOM, reference=wrong, on_event=lecturer.hear)
    await second.aclose()
