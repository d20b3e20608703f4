"""Chat at 200 messages a second in a room of 1,000 sockets: until it is heard and acknowledged, and what it costs.

Peer: the room as it wrote each message by itself (``_chat_peer.py``). What a message costs beside its frames is the
difference to the same room at 8 messages a second, where as many frames go out. Without DEBUG.
"""

from bench._room_load import Phone, Stage, join_all, nonce, stage  # isort: skip - before Django is set up

import asyncio
import json
import os
import re
import statistics
import sys
import time
from collections import Counter
from dataclasses import dataclass, field

from bench._figure import figure

MEMBERS = int(os.environ.get("BENCH_MEMBERS", "1000"))
SECONDS = 12
FEW, MANY = 8, 200
LISTENERS = 20
SAID = re.compile(rb"bench-(\d+)-")
REFUSED = re.compile(rb'"error":"(\w+)"')
ACKED = re.compile(rb'"t":"ack","id":"([A-Z0-9]+)"')


@dataclass
class Run:
    """Milliseconds from sending until heard by a listener, and until acknowledged; the server's processor time."""

    heard: list[float] = field(default_factory=list)
    acked: list[float] = field(default_factory=list)
    refused: Counter[str] = field(default_factory=Counter)
    sent: int = 0
    cpu_s: float = 0.0


async def talk(one: Stage, phones: list[Phone], a_second: int) -> Run:
    run, sent, ids = Run(), dict[int, float](), dict[str, float]()
    loop = asyncio.get_running_loop()

    def hear(text: bytes) -> None:
        for number in SAID.findall(text):
            if (at := sent.get(int(number))) is not None:  # else said in the run before
                run.heard.append((loop.time() - at) * 1000)

    def acknowledge(text: bytes) -> None:
        run.refused.update(code.decode() for code in REFUSED.findall(text))
        for name in ACKED.findall(text):
            if (at := ids.pop(name.decode(), None)) is not None:
                run.acked.append((loop.time() - at) * 1000)

    for phone in phones:
        phone.listener = acknowledge
    for phone in phones[:LISTENERS]:
        phone.listener = hear
    cpu, began = one.cpu_s(), loop.time()
    first = a_second * 1_000_000
    for number in range(first, first + SECONDS * a_second):
        await asyncio.sleep(max(began + (number - first) / a_second - loop.time(), 0))
        name, speaker = nonce(), phones[LISTENERS + number % (len(phones) - LISTENERS)]
        sent[number] = ids[name] = loop.time()
        speaker.say(json.dumps({"t": "chat", "id": name, "text": f"bench-{number}- 老房子的屋檐也要看看吗？"}))
    await asyncio.sleep(1)
    run.cpu_s, run.sent = one.cpu_s() - cpu, SECONDS * a_second
    until = time.monotonic() + 60
    while len(ids) > sum(run.refused.values()) and time.monotonic() < until:  # the peer is late: all of it is counted
        await asyncio.sleep(0.2)
    return run


async def both(one: Stage) -> tuple[Run, Run]:
    phones = await join_all(one)
    await asyncio.sleep(2)
    few = await talk(one, phones, FEW)
    many = await talk(one, phones, MANY)
    for phone in phones:
        phone.transport.close()
    if len(many.acked) < many.sent * 0.99:
        sys.stderr.write(f"{len(many.acked)} of {many.sent} messages were acknowledged, refused: {many.refused}\n")
    return few, many


def hundredths(values: list[float]) -> list[float]:
    return statistics.quantiles(values, n=100) if len(values) > 1 else [float("inf")] * 99


def measure(database: str) -> None:
    runs = {}
    for kind in ("ours", "alone"):
        with stage(kind, MEMBERS, database=database) as one:
            runs[kind] = asyncio.run(both(one))
    (few, ours), (peer_few, peer) = runs["ours"], runs["alone"]
    shown = f"{MANY}/s, {MEMBERS} sockets, {database}"
    for what in ("heard", "acked"):
        mine, theirs = hundredths(getattr(ours, what)), hundredths(getattr(peer, what))
        for name, at in (("p50", 49), ("p99", 98)):
            goal = 500 if (what, name) == ("heard", "p99") else None
            names = {"bench": "chat", "unit": "ms", "peer": "each message by itself"}
            figure(**names, figure=f"{what} {name}, {shown}", value=mine[at], peer_value=theirs[at], goal=goal)
    cost, others = (
        (many.cpu_s - less.cpu_s) * 1000 / (many.sent - less.sent) for less, many in ((few, ours), (peer_few, peer))
    )
    names = {"bench": "chat", "unit": "ms", "peer": "each message by itself"}
    figure(**names, figure=f"CPU a message, {shown}", value=cost, peer_value=others, goal=1)


def main() -> None:
    for database in os.environ.get("BENCH_DATABASES", "sqlite postgresql").split():
        measure(database)


if __name__ == "__main__":
    main()
