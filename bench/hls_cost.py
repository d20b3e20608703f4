"""What ffmpeg costs a lecture: no speaker on the stage, three of them, and one track of sound without any mixing; and a
meeting that is recorded, where eight speak and the picture is made anew.

The recorded lecture is given faster than time, so the figure is CPU seconds of the packager's process a second of
lecture. The three speakers say what the lecturer says.
"""

import asyncio
import contextlib
import logging
import tempfile
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from unittest import mock

from bench import _databases  # noqa: F401 - Django, with a private folder
from bench._figure import figure
from live.agent import run
from live.agent.packager import Packager
from live.agent.trace import read_trace
from live.children import cpu_seconds
from live.core.media.layout import LECTURE, MEETING, Layout
from live.core.media.scrubber import SPEAKERS, Frame, Scrubber

TRACE = Path(__file__).resolve().parent.parent / "tests" / "data" / "rtp-truncated.rtp"
LECTURE_S = 120.0
LAST_S = 8.0
GOAL_CORES = 0.05
GOAL_MEETING = 0.15
ALONE = "[0:a:0]aresample=async=1000:first_pts=0:flags=res"


def lecture(speakers: int, layout: Layout = LECTURE) -> Iterator[Frame]:
    scrubber, frames = Scrubber(voices=layout.voices), list[Frame]()
    for kind, at, datagram in read_trace(TRACE):
        frames += scrubber.feed(kind, datagram, at)
        for track in range(1, 1 + speakers) if kind == "audio" else ():
            frames += scrubber.feed(kind, datagram, at, track=track)
    keys = [frame.at for frame in frames if frame.kind == "video" and frame.key]
    once = [frame for frame in frames if keys[0] <= frame.at < keys[-1]]
    at = 10.0
    while at < 10.0 + LECTURE_S:
        yield from (replace(frame, at=at + frame.at - keys[0]) for frame in once)
        at += keys[-1] - keys[0]


async def cores(speakers: int, layout: Layout = LECTURE) -> float:
    with tempfile.TemporaryDirectory(prefix="classroom-bench-") as name:
        packager, now = Packager(Path(name) / "1", layout=layout), 0.0
        for frame in lecture(speakers, layout):
            now = frame.at
            await packager.take(frame)
            await packager.drain()
        covered = 0.0
        while covered < LECTURE_S - LAST_S:
            await packager.poll(now)
            await asyncio.sleep(0.1)
            covered = packager.listings()[-1].covered_s
        used = sum(cpu_seconds(pid) for pid in inside(packager.run_pid))
        await packager.finish()
    return used / covered


def inside(root: int) -> set[int]:
    """The packager's process and those in it: the sandbox, and ffmpeg."""
    found, size = {root}, 0
    parents = {}
    for path in Path("/proc").glob("[0-9]*/stat"):
        with contextlib.suppress(OSError):
            parents[int(path.parent.name)] = int(path.read_text().rpartition(")")[2].split()[1])
    while len(found) != size:
        size = len(found)
        found |= {pid for pid, parent in parents.items() if parent in found}
    return found


async def main() -> None:
    with mock.patch.object(run, "_mix", return_value=ALONE):
        alone = await cores(0)
    nobody, full = await cores(0), await cores(SPEAKERS)
    meeting = await cores(MEETING.voices - 1, MEETING)
    for name, value in (("no_speaker", nobody), ("three_speakers", full), ("meeting", meeting)):
        figure(
            bench="hls_cost", figure=name, value=value, unit="cores", peer="one track, no mixing", peer_value=alone,
            goal=GOAL_MEETING if name == "meeting" else GOAL_CORES,
        )  # fmt: skip


if __name__ == "__main__":
    logging.disable(logging.CRITICAL)
    asyncio.run(main())
