"""What Channels' consumer costs where ours overrides it (``_room_variants.py``): a beat received, a socket held.

With BENCH_BEFORE, the folder of another checkout, what a frame, a message, a beat and a socket cost there, in the same
run. What a frame costs against others' means: ``bench/fanout.py``.
"""

from bench._room_load import Stage, join_all, measure_joins, stage  # isort: skip - before Django is set up

import asyncio
import os

from bench import fanout
from bench._figure import figure
from bench._room_talk import hang_up

MEMBERS = 300
BEATS = 60
SOCKETS = 1000  # with few, what the process makes once would count as theirs


async def beat(one: Stage) -> float:
    """Return microseconds of the server's processor time a beat received, ten a second from each phone."""
    phones = await join_all(one)
    await asyncio.sleep(1)
    cpu = one.cpu_s()
    for _ in range(BEATS):
        for phone in phones:
            phone.say('{"t":"beat"}')
        await asyncio.sleep(0.1)
    await asyncio.sleep(1)
    spent = one.cpu_s() - cpu
    hang_up(phones)
    return spent * 1e6 / (BEATS * len(phones))


def run_beats(kind: str) -> float:
    with stage(kind, MEMBERS) as one:
        return asyncio.run(beat(one))


def frames(kind: str) -> fanout.Cost:
    with stage(kind, MEMBERS) as one:
        return asyncio.run(fanout.ours(one))


def main() -> None:
    beats = run_beats("ours")
    hop, tasks = run_beats("hop"), run_beats("tasks")
    figure(bench="room", peer="dispatch by a thread", figure="beat", value=beats, unit="us/beat", peer_value=hop)
    figure(bench="room", peer="two tasks a socket", figure="beat", value=beats, unit="us/beat", peer_value=tasks)
    kib, held = measure_joins("ours", SOCKETS).kib_a_socket, measure_joins("tasks", SOCKETS).kib_a_socket
    figure(bench="room", peer="two tasks a socket", figure="socket", value=kib, unit="KiB", peer_value=held)
    if "BENCH_BEFORE" in os.environ:
        before(beats, kib)


def before(beats: float, kib: float) -> None:
    """What the other checkout costs."""
    ours, theirs = frames("ours"), frames("before")
    names = {"bench": "room", "peer": "before"}
    figure(**names, figure="frame", value=ours.frame_us, unit="us/frame", peer_value=theirs.frame_us)
    figure(**names, figure="message", value=ours.message_us, unit="us/message", peer_value=theirs.message_us)
    figure(**names, figure="beat", value=beats, unit="us/beat", peer_value=run_beats("before"))
    was = measure_joins("before", SOCKETS).kib_a_socket
    figure(**names, figure="socket", value=kib, unit="KiB", peer_value=was)


if __name__ == "__main__":
    main()
