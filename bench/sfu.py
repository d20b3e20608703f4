"""What 300 viewers by WebRTC cost the engine, each with the recorded lecture of 500 kbit/s.

The viewers are ours and in another process than the engine, of which alone the processor time is read. Loss: what the
presenter sent and a viewer did not get. That the viewer beyond the limit takes HLS by itself: ``bench/latency.py``,
in real browsers. BENCH_VIEWERS, BENCH_SECONDS.
"""

import asyncio
import logging
import os
import time

from bench._engine_load import Load, engine_under_load
from bench._figure import figure
from bench._lecture_rtp import give
from bench._webrtc import Peer
from live.children import cpu_seconds
from live.engines.base import PRESENTER, lecture_room, lecture_spec

VIEWERS = int(os.environ.get("BENCH_VIEWERS", "300"))
SECONDS = float(os.environ.get("BENCH_SECONDS", "30"))
AT_ONCE = 10  # each who comes asks the presenter for a keyframe
SETTLE_S = 3.0
ROOM = lecture_room(1)
GOAL_CORES = 0.6


async def audience(load: Load, count: int) -> list[Peer]:
    limit = asyncio.Semaphore(AT_ONCE)

    async def one() -> Peer:
        async with limit:
            return (await load.watch(ROOM))[0]

    return list(await asyncio.gather(*(one() for _ in range(count))))


async def main() -> None:
    async with engine_under_load() as load:
        await load.engine.open_room(lecture_spec(1))
        presenter = await load.publish(ROOM, PRESENTER)
        load.spawn(give(presenter))
        viewers = await audience(load, VIEWERS)
        await asyncio.sleep(SETTLE_S)
        sent, came = presenter.sent, [viewer.packets for viewer in viewers]
        octets, used, began = sum(viewer.octets for viewer in viewers), cpu_seconds(load.host.pid), time.monotonic()
        await asyncio.sleep(SECONDS)
        took = time.monotonic() - began
        share = (cpu_seconds(load.host.pid) - used) / took
        sent = presenter.sent - sent
        counts = [viewer.packets - before for viewer, before in zip(viewers, came, strict=True)]
        octets = sum(viewer.octets for viewer in viewers) - octets
    names = {"bench": "sfu"}
    figure(**names, figure=f"engine, {VIEWERS} viewers", value=share, unit="cores", goal=GOAL_CORES)
    figure(**names, figure="a viewer", value=octets * 8 / took / VIEWERS / 1000, unit="kbit/s")
    # Counted with the reports that the engine sends beside the media: a little more than all is all.
    worst = min(1.0, min(counts) / max(sent, 1))
    figure(**names, figure="worst viewer", value=100 * worst, unit="%", goal=99, higher_is_better=True)


if __name__ == "__main__":
    logging.disable(logging.CRITICAL)
    asyncio.run(main())
