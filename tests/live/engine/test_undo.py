"""An ending that is undone, whatever the agent has done with the recording by then: one replay, nothing lost."""

import asyncio
import os
import threading
import time
from pathlib import Path
from typing import Any

import pytest
from asgiref.sync import sync_to_async
from django.utils import timezone
from playwright.async_api import Page

from attendance.models import Occasion
from live.agent import agent as module
from live.agent.agent import Agent
from live.agent.recording import Recording
from live.models import Lecture
from live.operations import end_lecture, resume_lecture
from media import storage
from media.models import Video
from media.operations import drop_replaced

from .conftest import PATIENCE_S, Guest, until
from .test_agent import agent, decode_errors, has_segments, lecture, lecturer_of, packed, segments

__all__ = ["agent", "lecture"]  # fixtures
pytestmark = [pytest.mark.engine, pytest.mark.asyncio, pytest.mark.django_db(transaction=True)]


async def end(lecture: Lecture) -> None:
    await sync_to_async(end_lecture)(occasion_id=lecture.pk, as_of=timezone.now())


async def resume(lecture: Lecture) -> None:
    await sync_to_async(resume_lecture)(occasion_id=lecture.pk, as_of=timezone.now())


async def returns(agent: Agent, lecture: Lecture, guest: Guest) -> None:
    """The lecturer's page puts its picture on the air again, as it does after every hang-up."""

    async def published() -> bool:
        try:
            await guest.hang_up()
            await guest.publish()
        except Exception:  # noqa: BLE001 - the page tries until the room is back
            return False
        return True

    def tapped() -> bool:
        carrier = agent.carriers.get(lecture.pk)  # the one that is packed goes, and another comes
        return carrier is not None and carrier._tap is not None

    await until(tapped, what="the lecture is carried again")
    await until(published, what="the lecturer publishes again")


async def one_replay_of(agent: Agent, lecture: Lecture, before: list[str]) -> Occasion:
    """End it and look: one video, which holds what was there before and what came after, and can be played."""
    await has_segments(agent, lecture, len(before) + 3)
    await end(lecture)
    await packed(lecture, Lecture.State.RECORDED)
    video = await Video.objects.aget(lecture=lecture)
    folder = storage.root() / video.folder
    named = (folder / "video.m3u8").read_text()
    assert [uri for uri in before if uri not in named] == []
    assert named.count("#EXTINF") > len(before) + 2
    assert await decode_errors(folder / "master.m3u8") == ""
    occasion = await Occasion.objects.aget(pk=lecture.pk)
    assert occasion.media_ms == video.duration_ms
    return occasion


async def test_before_anything_is_packed(
    agent: Agent, lecture: Lecture, page: Page, monkeypatch: pytest.MonkeyPatch
) -> None:
    await lecturer_of(agent, lecture, page)
    await has_segments(agent, lecture, 2)
    before = segments(agent, lecture)
    carrier = agent.carriers[lecture.pk]
    # The agent looks once a second: it may not look while the mistake is undone.
    monkeypatch.setattr(agent, "node_id", 0)
    await end(lecture)
    await resume(lecture)
    monkeypatch.undo()
    await asyncio.sleep(1.5)
    assert agent.carriers[lecture.pk] is carrier
    await one_replay_of(agent, lecture, before)


async def test_while_it_is_packed(agent: Agent, lecture: Lecture, page: Page, monkeypatch: pytest.MonkeyPatch) -> None:
    guest = await lecturer_of(agent, lecture, page)
    await has_segments(agent, lecture, 2)
    before = segments(agent, lecture)
    hand_over, undone = Agent._hand_over, []

    def undone_meanwhile(self: Agent, ended: Lecture, carrier: Any) -> None:
        if not undone:
            undone.append(ended.pk)
            resume_lecture(occasion_id=ended.pk, as_of=timezone.now())
        hand_over(self, ended, carrier)

    monkeypatch.setattr(Agent, "_hand_over", undone_meanwhile)
    await end(lecture)
    await until(lambda: undone, what="the packing")
    await returns(agent, lecture, guest)
    assert await Video.objects.acount() == 0
    assert "#EXT-X-ENDLIST" not in (agent.root / str(lecture.pk) / "live.m3u8").read_text()
    await one_replay_of(agent, lecture, before)


async def test_after_its_replay_was_offered(agent: Agent, lecture: Lecture, page: Page, var_dir: Path) -> None:
    guest = await lecturer_of(agent, lecture, page)
    await has_segments(agent, lecture, 2)
    await end(lecture)
    await packed(lecture, Lecture.State.RECORDED)
    first = await Video.objects.aget()
    offered = await Occasion.objects.aget(pk=lecture.pk)
    before = segments(agent, lecture)
    assert before
    await resume(lecture)
    await returns(agent, lecture, guest)
    occasion = await one_replay_of(agent, lecture, before)
    # Media time 0 is where it was: what was watched of the first replay is the same moment in the second.
    assert occasion.media_offset_ms == offered.media_offset_ms
    assert (occasion.media_ms or 0) > (offered.media_ms or 0) + 3000
    assert sum(length for _at, length in occasion.media_cuts) > 500
    assert await sync_to_async(drop_replaced)() == 1
    assert not (storage.root() / "videos" / str(first.pk)).exists()
    assert await Video.objects.acount() == 1


async def test_after_its_packing_was_given_up(
    agent: Agent, lecture: Lecture, page: Page, monkeypatch: pytest.MonkeyPatch
) -> None:
    guest = await lecturer_of(agent, lecture, page)
    await has_segments(agent, lecture, 2)
    monkeypatch.setattr(module, "PACK_RETRY_S", 0.05)
    with monkeypatch.context() as broken:
        broken.setattr("live.agent.carrier.pack_recording", lambda *_given: 1 / 0)
        await end(lecture)
        await packed(lecture, Lecture.State.UNRECORDED)
        await until(lambda: lecture.pk not in agent.carriers, what="the agent lets go")
    aside = agent.root / f"given-up-{lecture.pk}"
    before = sorted(path.name for path in aside.glob("run-*.m4s"))
    assert before
    await resume(lecture)
    await returns(agent, lecture, guest)
    assert not aside.exists()
    await one_replay_of(agent, lecture, before)


async def test_a_round_that_read_before_the_packing_ended_leaves_nothing(
    agent: Agent, lecture: Lecture, page: Page, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What it makes of the old state would hide the recording from the lecture when its end is undone."""
    guest = await lecturer_of(agent, lecture, page)
    await has_segments(agent, lecture, 2)
    shown, has_read = module.nodes.shown, threading.Event()

    def after_the_packing(**options: Any) -> dict[int, int]:
        task = agent._packing.get(lecture.pk)
        if task:
            has_read.set()
            while not task.done():
                time.sleep(0.02)
        return shown(**options)

    def broken_late(*_given: Any) -> Recording:
        assert has_read.wait(PATIENCE_S)
        raise ValueError("unforeseen")

    monkeypatch.setattr(module.nodes, "shown", after_the_packing)
    monkeypatch.setattr(module, "PACK_RETRY_S", 0.05)
    with monkeypatch.context() as broken:
        broken.setattr("live.agent.carrier.pack_recording", broken_late)
        await end(lecture)
        await packed(lecture, Lecture.State.UNRECORDED)
        await until(lambda: lecture.pk not in agent._packing, what="the end of the round")
    assert not (agent.root / str(lecture.pk)).exists()
    before = sorted(path.name for path in (agent.root / f"given-up-{lecture.pk}").glob("run-*.m4s"))
    assert before
    await resume(lecture)
    await returns(agent, lecture, guest)
    await one_replay_of(agent, lecture, before)


async def test_folder_is_kept_until_nothing_can_be_undone(agent: Agent, lecture: Lecture, page: Page) -> None:
    await lecturer_of(agent, lecture, page)
    await has_segments(agent, lecture, 1)
    await end(lecture)
    await packed(lecture, Lecture.State.RECORDED)
    await until(lambda: lecture.pk not in agent.carriers, what="the agent lets go")
    folder = agent.root / str(lecture.pk)
    old = time.time() - 500
    os.utime(folder, (old, old))
    await agent._sweep()
    assert folder.exists()
    await Lecture.objects.filter(pk=lecture.pk).aupdate(ended_at=timezone.now() - module.nodes.KEPT_FOR)
    await agent._sweep()
    assert not folder.exists()
