"""Two hours of a lecture at eight times its speed: what agent and engine have grown by, and what is left afterwards.

The recorded lecture over and over, by a real Janus, tap, scrubber and ffmpeg; the carrier runs in this process, and
its clock is eight times as fast, so that it makes as many segments as in two hours. Where the machine stops it for
more than half a second, that is five to it, and is missing. BENCH_MINUTES of the lecture.
"""

import asyncio
import logging
import os
import time
from contextlib import ExitStack
from pathlib import Path
from types import SimpleNamespace
from unittest import mock

from bench._engine_load import engine_under_load
from bench._figure import figure
from bench._lecture_rtp import give
from live.agent import carrier, packager
from live.agent.carrier import Carrier
from live.engines.base import PRESENTER, lecture_room, lecture_spec

MINUTES = float(os.environ.get("BENCH_MINUTES", "120"))
SPEED = 8
WARM_S = 300.0  # of the lecture: by then everything is there once
LOOK_S = 15.0
ROOM = lecture_room(1)
GOAL_MIB, GOAL_BYTES = 50, 5 * 1024
GOAL_PERCENT = 90  # the recorded lecture has frames without an end; what waits in ffmpeg is in no segment yet


def fast_clock() -> ExitStack:
    """The agent's own clock, eight times as fast; nobody else's."""
    began = time.monotonic()
    clock = SimpleNamespace(monotonic=lambda: began + (time.monotonic() - began) * SPEED)
    stack = ExitStack()
    for module in (carrier, packager):
        stack.enter_context(mock.patch.object(module, "time", clock))
    return stack


def mib(pid: int) -> float:
    return int(Path(f"/proc/{pid}/status").read_text().partition("VmRSS:")[2].split()[0]) / 1024


def zombies() -> int:
    found = 0
    for path in Path(f"/proc/{os.getpid()}/task").glob("*/children"):
        for pid in path.read_text().split():
            found += Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] == "Z"
    return found


async def main() -> None:
    async with engine_under_load() as load:
        await load.engine.open_room(lecture_spec(1))
        presenter = await load.publish(ROOM, PRESENTER)
        carried = Carrier(occasion_id=1, folder=load.folder / "live" / "1", engine=load.engine, record=True)
        carried.start()
        began = time.monotonic()
        load.spawn(give(presenter, speed=SPEED))
        await asyncio.sleep(min(WARM_S, MINUTES * 6) / SPEED)
        pids = {"agent": os.getpid(), "engine": load.host.pid}
        before = {name: mib(pid) for name, pid in pids.items()}
        until, most = time.monotonic() + MINUTES * 60 / SPEED, 0
        while time.monotonic() < until:
            await asyncio.sleep(min(LOOK_S, max(until - time.monotonic(), 0.1)))
            most = max(most, (carried.packager.folder / "live.m3u8").stat().st_size)
        grown = {name: mib(pid) - before[name] for name, pid in pids.items()}
        took = (time.monotonic() - began) * SPEED
        covered = sum(segment.duration for run in carried.packager.tracks()[0] for segment in run.segments)
        carried.is_ending = True
        await load.engine.close_room(ROOM)
        await carried.stop()
        rooms, dead = len(await load.engine.rooms()), zombies()
    for name, value in grown.items():
        figure(bench="soak", figure=f"{name} grew in {MINUTES:g} minutes", value=value, unit="MiB", goal=GOAL_MIB)
    figure(bench="soak", figure="live playlist at most", value=most, unit="bytes", goal=GOAL_BYTES)
    figure(
        bench="soak", figure="recorded", value=100 * covered / took, unit="%", goal=GOAL_PERCENT, higher_is_better=True
    )  # fmt: skip
    figure(bench="soak", figure="zombies", value=dead, unit="processes", goal=0)
    figure(bench="soak", figure="rooms left", value=rooms, unit="rooms", goal=0)


if __name__ == "__main__":
    logging.disable(logging.CRITICAL)
    with fast_clock():
        asyncio.run(main())
