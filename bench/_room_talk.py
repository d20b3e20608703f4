"""Chat in a room of many phones: until each message is heard and acknowledged, and what it costs the server."""

import asyncio
import json
import re
import statistics
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field

from bench._room_load import Phone, Stage, nonce

LISTENERS = 20
BEAT = json.dumps({"t": "beat"})
SAID = re.compile(rb"bench-(\d+)-")
REFUSED = re.compile(rb'"error":"(\w+)"')
ACKED = re.compile(rb'"t":"ack","id":"([A-Z0-9]+)"')


@dataclass
class Run:
    """Milliseconds from sending until heard by a listener, and until acknowledged; the server's processor time.

    ``frames``: shared ones that came to all phones together; ``lost``: those that their numbers say are missing.
    """

    heard: list[float] = field(default_factory=list)
    acked: list[float] = field(default_factory=list)
    refused: Counter[str] = field(default_factory=Counter)
    sent: int = 0
    cpu_s: float = 0.0
    frames: int = 0
    lost: int = 0


async def talk(one: Stage, phones: Sequence[Phone], a_second: int, seconds: float) -> Run:
    """Let them say so much, one after the other; the first of them only listen.

    Everybody gives a sign of life before, which is not measured: the room hangs up on who is silent for long.
    """
    for phone in phones:
        phone.say(BEAT)
    await asyncio.sleep(1)
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

    listeners = min(LISTENERS, len(phones) // 2)
    for number, phone in enumerate(phones):
        phone.listener = hear if number < listeners else acknowledge
    cpu, began = one.cpu_s(), loop.time()
    ticks, missed = (sum(getattr(phone, name) for phone in phones) for name in ("ticks", "missed"))
    run.sent = int(seconds * a_second)
    first = time.monotonic_ns()  # no two runs have a number in common
    for number in range(first, first + run.sent):
        await asyncio.sleep(max(began + (number - first) / a_second - loop.time(), 0))
        name, speaker = nonce(), phones[listeners + number % (len(phones) - listeners)]
        sent[number] = ids[name] = loop.time()
        speaker.say(json.dumps({"t": "chat", "id": name, "text": f"bench-{number}- 老房子的屋檐也要看看吗？"}))
    await asyncio.sleep(1)
    run.cpu_s = one.cpu_s() - cpu
    run.frames = sum(phone.ticks for phone in phones) - ticks
    run.lost = sum(phone.missed for phone in phones) - missed
    until = time.monotonic() + 60
    while len(ids) > sum(run.refused.values()) and time.monotonic() < until:  # the peer is late: all of it is counted
        await asyncio.sleep(0.2)
    return run


def hang_up(phones: Sequence[Phone]) -> None:
    for phone in phones:
        phone.transport.close()


def hundredths(values: list[float]) -> list[float]:
    return statistics.quantiles(values, n=100) if len(values) > 1 else [float("inf")] * 99


def cost_a_message(few: Run, many: Run) -> float:
    """Seconds of the server a message beside its frames: as many frames go out at both rates."""
    return (many.cpu_s - few.cpu_s) / (many.sent - few.sent)
