"""One phone in a hundred reads no more, of 2,000: the others get every frame, and in time.

Their sockets take in little, so that they hold up their server's writes within seconds, not minutes, of chat at 200
messages a second; then the others are measured at 8. Peer: the same phones before, when all of them read.
BENCH_SOCKETS, BENCH_SECONDS.
"""

from bench._room_load import join_all, open_files, stage  # isort: skip - before Django is set up

import asyncio
import os

from bench._figure import figure
from bench._room_load import Stage
from bench._room_talk import Run, hang_up, hundredths, talk

SOCKETS = int(os.environ.get("BENCH_SOCKETS", "2000"))
SECONDS = float(os.environ.get("BENCH_SECONDS", "12"))
STALLED = max(1, SOCKETS // 100)
BUFFER = 4096
# 64 KiB wait in the server before it stops writing; a frame has at most about 1 KiB, four come a second. Those who read
# nothing for 45 s after that are cut off.
FILL_S, FILL = 30, 200
A_SECOND = 8
TICKS_MS = 2 * 250


async def both(one: Stage) -> tuple[Run, Run, int]:
    """Return the run before and the run beside those who do not read, and how many of these missed frames."""
    phones = await join_all(one, narrow=STALLED, buffer=BUFFER)
    stalled, others = phones[:STALLED], phones[STALLED:]
    await asyncio.sleep(2)
    before = await talk(one, others, A_SECOND, SECONDS)
    for phone in stalled:
        phone.transport.pause_reading()  # type: ignore[attr-defined]
    ticks = [phone.ticks for phone in stalled]
    await talk(one, others, FILL, FILL_S)
    beside = await talk(one, others, A_SECOND, SECONDS)
    for phone in stalled:
        phone.transport.resume_reading()  # type: ignore[attr-defined]
    await asyncio.sleep(2)
    told = (FILL_S + SECONDS) * 4 * 0.9
    behind = sum(phone.ticks - came < told for phone, came in zip(stalled, ticks, strict=True))
    hang_up(phones)
    return before, beside, behind


def main() -> None:
    open_files(SOCKETS)
    with stage("ours", SOCKETS, buffer=BUFFER) as one:
        before, beside, behind = asyncio.run(both(one))
    names = {"bench": "slow_readers"}
    share = 100 * beside.frames / (beside.frames + beside.lost)
    figure(**names, figure="frames to the others", value=share, unit="%", goal=100, higher_is_better=True)
    for name, at in (("p50", 49), ("p99", 98)):
        figure(
            **names, figure=f"heard by the others, {name}", value=hundredths(beside.heard)[at], unit="ms",
            peer="all read", peer_value=hundredths(before.heard)[at], goal=TICKS_MS if name == "p99" else None,
        )  # fmt: skip
    figure(**names, figure=f"that held up their server, of {STALLED}", value=behind, unit="sockets")


if __name__ == "__main__":
    main()
