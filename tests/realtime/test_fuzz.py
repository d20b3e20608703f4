"""Random frames at the room's socket: each is answered by a code, or the line is closed as documented."""

import contextlib
import dataclasses
import json
import random
import secrets
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from websockets.exceptions import ConnectionClosed

from live.core.wire import protocol
from organizations.models import User
from tests.factories.live import make_live
from tests.factories.organizations import make_county
from tests.fuzz.conftest import tally as tally
from tests.fuzz.tally import SEED, WHOLE, Tally
from tests.realtime.conftest import Phone, RoomServer

pytestmark = [pytest.mark.realtime, pytest.mark.fuzz]
FRAMES = 10_000 if WHOLE else 600
EACH = 12  # frames a socket: three mistakes close it
MORE_MEMORY_MIB = 40
FIELDS = ("id", "text", "up", "via", "sdp", "pc", "candidate", "again", "message", "member", "on", "sound", "extra",
          "poll", "choice", "question", "kind", "quiz", "options", "right", "state", "minutes", "key",
          "source", "turn", "deck", "page", "line", "picture", "members", "mic", "cam", "title")  # fmt: skip
WORDS = (*protocol.COMMANDS, "joined", "tick", "x", "__class__", "")
VALUES: tuple[Any, ...] = (
    None, True, False, 0, -1, 2**63, 2**64, 10**300, 1.5, 1e308, "", "a" * 15_000, "\x00", "\ud800", "<script>",
    "v=0\r\no=- 1 1 IN IP4 0.0.0.0\r\ns=-\r\nt=0 0\r\nm=video 9 X 0\r\n", [], {}, [[]] * 50, {"candidate": "x"},
    {"candidate": "a" * 2000, "sdpMid": "0", "sdpMLineIndex": -5}, "auto", "hls", "sub", "pub",
)  # fmt: skip
LIKELY: dict[str, tuple[Any, ...]] = {
    "sound": (True, False), "picture": (True, False),
    "id": ("a-1", "b_2"), "text": ("好", " ", "a" * 501), "up": (True, False),
    "via": ("auto", "hls", "stage"), "sdp": ("v=0\r\n",), "pc": ("sub", "pub", "talk", "meet"),
    "candidate": (None, {"candidate": ""}),
    "again": (True, False), "message": (1, 2**53), "member": (1, 2, 2**53), "on": (True, False),
    "poll": (0, 1, 2), "choice": (0, 1, 9), "question": (1, 2, 2**53), "kind": ("clap", "unclear", "agenda"),
    "quiz": (True, False), "options": (["一", "二"], ["一"], ["a" * 200] * 6), "right": ([], [0], [7, 7]),
    "state": ("waiting", "now", "answered", "hidden"), "minutes": (1, 60, 99), "key": ("k", "a" * 32),
    "source": ("", "page-1"), "turn": (0, 1, 7), "deck": ("a1b2", "x"), "page": (1, 2, 2**53), "line": (1, 2, 2**53),
    "members": ([], [1, 2], [0] * 17), "mic": (True, False), "cam": (True, False), "title": ("好", "", "a" * 101),
}  # fmt: skip
# What is closed, and why: docs/protocol.md. 1009: a frame that is too big; 1007: bytes that are no text.
CLOSES = {1000, 1003, 1005, 1006, 1007, 1009, 1011, 1013, protocol.CLOSE_MALFORMED, protocol.CLOSE_GONE}


def frame(chance: random.Random) -> str | bytes:
    kind = chance.random()
    if kind < 0.6:  # a command with its own fields, some of them odd
        word = chance.choice(list(protocol.COMMANDS))
        names = [one.name for one in dataclasses.fields(protocol.COMMANDS[word])]
        fields = {name: chance.choice(VALUES if chance.random() < 0.3 else LIKELY[name]) for name in names}
        return json.dumps({"t": word, **fields})[:16_384]
    if kind < 0.75:
        fields = {name: chance.choice(VALUES) for name in chance.sample(FIELDS, chance.randint(0, 7))}
        return json.dumps({"t": chance.choice(WORDS), **fields})[:16_384]
    if kind < 0.80:
        return chance.randbytes(chance.randint(0, 200))
    if kind < 0.90:
        return chance.choice(
            ("[" * 8000, '{"t":' * 3000, '{"t":"chat","id":"a","text":"\\ud800"}', "1e999999", "9" * 5000, "x" * 20_000,
             '{"t":"chat","t":"go_live","id":"z1","text":"hi\\u0000"}')
        )  # fmt: skip
    return "".join(chr(chance.randint(0, 0xD7FF)) for _ in range(chance.randint(0, 100)))


def memory_mib(pid: int) -> int:
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    return int(next(line for line in lines if line.startswith("VmRSS")).split()[1]) // 1024


def closed_after(phone: Phone, chance: random.Random, held: Tally) -> int:
    """Send ``EACH`` frames, count the answers, hang up; return the code with which the line ended."""
    with contextlib.suppress(ConnectionClosed):
        for _turn in range(EACH):
            phone.raw(frame(chance))
        phone.raw('{"t":"beat"}')
        phone.close()
    code = phone.closed(timeout=20)
    for answer in phone.frames:
        held.count(answer.get("error") or answer["t"])
    return code


@pytest.mark.parametrize("who", ["member", "lecturer"])
def test_random_frames(server: RoomServer, tally: Callable[[str], Tally], who: str) -> None:
    world, chance, held = make_county(), random.Random(SEED), tally(f"frames of a {who} at the room's socket: answers")
    person: User = getattr(world, who)
    before, sent = memory_mib(server.process.pid), 0
    while sent < FRAMES // 2:
        lecture = make_live(world)  # a host's frame may have ended the last one
        for _turn in range(5):
            code = closed_after(server.join(person, lecture, device=secrets.token_hex(16)), chance, held)
            sent += EACH
            if code not in CLOSES:
                held.wrong[f"after {sent} frames"] = code
    held.statuses["frames sent"] = sent
    assert server.process.poll() is None
    assert memory_mib(server.process.pid) - before < MORE_MEMORY_MIB
    held.assert_held()
