"""Who is on the stage is heard: by WebRTC as tracks of their own, in HLS and in the recording in one mix."""

import asyncio
import math
import struct
from pathlib import Path

import pytest
from playwright.async_api import Page

from live.agent.carrier import Carrier
from live.engines.base import MediaEngine, MediaFlow, lecture_room, lecture_spec, speaker_id
from media.core.playlists import read_segments

from .conftest import Guest, until

pytestmark = [pytest.mark.engine, pytest.mark.asyncio]
ROOM = lecture_room(7)
RATE = 8000
LECTURER_HZ, FIRST_HZ, SECOND_HZ = 440, 1500, 2600
PLAIN = 0.02
"""Of full scale: Chromium's tone arrives with about half of it."""


async def heard(folder: Path) -> list[float]:
    """The sound of the recording, one value a sample."""
    playlist = folder / "check.m3u8"
    playlist.write_text((folder / "audio.m3u8").read_text().replace("#EXT-X-ENDLIST\n", "") + "#EXT-X-ENDLIST\n")
    command = ["ffmpeg", "-v", "error", "-i", str(playlist), "-ac", "1", "-ar", str(RATE), "-f", "s16le", "-"]
    process = await asyncio.create_subprocess_exec(*command, stdout=asyncio.subprocess.PIPE)
    out, _ = await process.communicate()
    assert process.returncode == 0
    return [value / 32768 for (value,) in struct.iter_unpack("<h", out[: len(out) // 2 * 2])]


def levels(samples: list[float], hertz: int) -> list[float]:
    """How loud one frequency is in each half second (Goertzel's algorithm)."""
    found, step = [], RATE // 2
    factor = 2 * math.cos(2 * math.pi * hertz / RATE)
    for at in range(0, len(samples) - step, step):
        one = two = 0.0
        for value in samples[at : at + step]:
            one, two = value + factor * one - two, one
        found.append(2 * math.sqrt(max(0.0, one * one + two * two - factor * one * two)) / step)
    return found


async def test_a_speaker_is_heard_by_all_and_begins_no_new_run(engine: MediaEngine, page: Page, tmp_path: Path) -> None:
    await engine.open_room(lecture_spec(7))
    carrier = Carrier(occasion_id=7, folder=tmp_path / "7", engine=engine, record=True)
    carrier.start()

    def segments() -> int:
        path = tmp_path / "7" / "live.m3u8"
        return len(read_segments(path.read_text())) if path.exists() else 0

    async def voices(guest: Guest) -> int:
        return int(await page.evaluate("name => voices(name)", guest.name))

    async def hears(guest: Guest, count: int) -> None:
        await voices(guest)

        async def asked() -> bool:
            await asyncio.sleep(0.3)
            return await voices(guest) == count

        await until(asked, what=f"{guest.name} hears {count}")

    async def recorded(hertz: int, halves: int) -> None:
        """Wait until a voice stands in the recording for so many half seconds: a busy browser begins late."""

        async def asked() -> bool:
            await asyncio.sleep(1)
            return sum(level > PLAIN for level in levels(await heard(tmp_path / "7"), hertz)) >= halves

        await until(asked, within=180, what=f"{halves} half seconds of {hertz} Hz recorded")

    await until(lambda: carrier._tap, what="the room is tapped")
    lecturer, viewer = Guest(page, engine, ROOM, "lecturer"), Guest(page, engine, ROOM, "viewer")
    await lecturer.publish(sound=True)
    await viewer.watch()
    await hears(viewer, 1)
    await until(lambda: segments() >= 2, what="segments without a speaker")
    first, second = (Guest(page, engine, ROOM, speaker_id(number)) for number in (1, 2))
    await first.publish(hertz=FIRST_HZ)
    ears = Guest(page, engine, ROOM, "ears of the first")
    await ears.watch(but=first.name)
    await hears(viewer, 2)
    await hears(ears, 1)
    await recorded(FIRST_HZ, 4)
    await first.hang_up()
    await second.publish(hertz=SECOND_HZ)
    await hears(ears, 2)
    await recorded(SECOND_HZ, 4)
    assert not carrier.broken
    await carrier.stop()
    assert [listing.number for listing in carrier.packager.listings()] == [0], "whoever comes and goes, one run"
    samples = await heard(tmp_path / "7")
    loud = {hertz: [level > PLAIN for level in levels(samples, hertz)] for hertz in (LECTURER_HZ, FIRST_HZ, SECOND_HZ)}
    # Not every half second: a browser on a busy machine leaves out some of its own sound.
    assert sum(loud[LECTURER_HZ][2:-1]) >= 0.7 * len(loud[LECTURER_HZ][2:-1])
    assert not any(loud[FIRST_HZ][:4])
    assert not any(loud[FIRST_HZ][-4:]), "who has gone is silent"
    assert not any(one and other for one, other in zip(loud[FIRST_HZ][1:], loud[SECOND_HZ], strict=False))


async def sees(guest: Guest, width: int) -> None:
    async def asked() -> bool:
        return (await guest.seen()).get("width") == width

    await until(asked, what=f"{guest.name} sees {width}")
    await guest.sees_more()


async def test_the_picture_of_a_speaker_is_everybodys_and_the_lecturers_comes_back(
    engine: MediaEngine, page: Page, tmp_path: Path
) -> None:
    await engine.open_room(lecture_spec(7))
    carrier = Carrier(occasion_id=7, folder=tmp_path / "7", engine=engine, record=True)
    carrier.start()
    lecturer, viewer = Guest(page, engine, ROOM, "lecturer"), Guest(page, engine, ROOM, "viewer")
    speaker = Guest(page, engine, ROOM, speaker_id(1))

    async def recorded(width: int) -> None:
        def asked() -> bool:
            run = carrier.packager._run
            return run is not None and run.shape.width == width and bool(run.listing.video.segments)

        await until(asked, what=f"{width} is recorded")

    await until(lambda: carrier._tap, what="the room is tapped")
    await lecturer.publish(sound=True)
    await viewer.watch()
    await sees(viewer, 640)
    await recorded(640)
    await speaker.publish(width=480, height=270)
    own = Guest(page, engine, ROOM, "the speaker's eyes")
    await own.watch(but=speaker.name)
    await sees(own, 640)
    engine.show(ROOM, speaker.name)
    carrier.show(1)
    await sees(viewer, 480)
    await sees(own, 640)
    await recorded(480)
    await speaker.hang_up()
    await sees(viewer, 640)
    await recorded(640)
    assert not carrier.broken
    await carrier.stop()
    assert [listing.number for listing in carrier.packager.listings()] == [0, 1, 2], "a run each size"


async def test_a_camera_opened_later_is_seen_to_come_and_stays_while_the_lecturer_is_away(
    engine: MediaEngine, page: Page
) -> None:
    await engine.open_room(lecture_spec(7))
    lecturer, viewer = Guest(page, engine, ROOM, "lecturer"), Guest(page, engine, ROOM, "viewer")
    speaker = Guest(page, engine, ROOM, speaker_id(1))
    await lecturer.publish(sound=True)
    await speaker.publish(width=480, height=270, later=True)
    await viewer.watch()
    await until(lambda: MediaFlow("audio", True) in speaker.events, what="the speaker's voice comes")
    assert MediaFlow("video", True) not in speaker.events
    await page.evaluate("name => peers[name].openCamera()", speaker.name)
    await until(lambda: MediaFlow("video", True) in speaker.events, what="the speaker's picture comes")
    engine.show(ROOM, speaker.name)
    await sees(viewer, 480)
    await lecturer.hang_up()
    await viewer.sees_more()
    await lecturer.publish(sound=True)
    await sees(viewer, 480)
    engine.show(ROOM, "")
    await sees(viewer, 640)
