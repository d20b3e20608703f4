"""Chat at 200 messages a second in a room of 1,000 sockets: until it is heard and acknowledged, and what it costs.

Peer: the room as it wrote each message by itself (``_chat_peer.py``), and our own at 8 messages a second, where as many
frames go out. Without DEBUG. BENCH_SOCKETS, BENCH_SECONDS, BENCH_DATABASES.
"""

from bench._room_load import join_all, open_files, stage  # isort: skip - before Django is set up

import asyncio
import os
import sys

from bench._figure import figure
from bench._room_load import Stage
from bench._room_talk import Run, cost_a_message, hang_up, hundredths, talk

SOCKETS = int(os.environ.get("BENCH_SOCKETS", "1000"))
SECONDS = float(os.environ.get("BENCH_SECONDS", "12"))
FEW, MANY = 8, 200


async def both(one: Stage) -> tuple[Run, Run]:
    phones = await join_all(one)
    await asyncio.sleep(2)
    few = await talk(one, phones, FEW, SECONDS)
    many = await talk(one, phones, MANY, SECONDS)
    hang_up(phones)
    if len(many.acked) < many.sent * 0.99:
        sys.stderr.write(f"{len(many.acked)} of {many.sent} messages were acknowledged, refused: {many.refused}\n")
    return few, many


def measure(database: str) -> None:
    runs = {}
    for kind in ("ours", "alone"):
        with stage(kind, SOCKETS, database=database) as one:
            runs[kind] = asyncio.run(both(one))
    (few, ours), (peer_few, peer) = runs["ours"], runs["alone"]
    shown = f"{MANY}/s, {SOCKETS} sockets, {database}"
    names = {"bench": "chat_rate", "peer": "each message by itself"}
    for what in ("heard", "acked"):
        mine, theirs = hundredths(getattr(ours, what)), hundredths(getattr(peer, what))
        for name, at in (("p50", 49), ("p99", 98)):
            goal = 500 if (what, name) == ("heard", "p99") else None
            figure(
                **names, figure=f"{what} {name}, {shown}", unit="ms", value=mine[at], peer_value=theirs[at], goal=goal
            )
    cost, others = cost_a_message(few, ours) * 1000, cost_a_message(peer_few, peer) * 1000
    figure(**names, figure=f"CPU a message, {shown}", unit="ms", value=cost, peer_value=others, goal=1)
    times, others = ours.cpu_s / few.cpu_s, peer.cpu_s / peer_few.cpu_s
    figure(**names, figure=f"CPU against {FEW}/s, {shown}", unit="times", value=times, peer_value=others, goal=2)


def main() -> None:
    open_files(SOCKETS)
    for database in os.environ.get("BENCH_DATABASES", "sqlite postgresql").split():
        measure(database)


if __name__ == "__main__":
    main()
