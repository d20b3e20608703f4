"""What a frame delivered to one of 2,000 sockets costs its server, the messages in it apart; and that none is lost.

Ours: chat at 4 and at 40 messages a second, where as many frames go out: the difference is what a message costs, and
is taken off. Peers in the same run, on the same core: the consumer of Channels' tutorial, served by daphne, with
channels_redis's own layer, at a message in two seconds (it can no more); nchan, at four a second of as many bytes,
where its module is (Debian: libnginx-mod-nchan; else BENCH_NCHAN names the file). Medians of three runs.
BENCH_SOCKETS, BENCH_SECONDS.
"""

from bench._room_load import join_all, open_files, serving, stage  # isort: skip - before Django is set up

import asyncio
import json
import os
import shutil
import statistics
import sys
import urllib.request
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

from bench._figure import figure
from bench._room_load import Phone, Stage
from bench._room_talk import cost_a_message, hang_up, talk
from tests import services
from tests.services import free_port

SOCKETS = int(os.environ.get("BENCH_SOCKETS", "2000"))
SECONDS = float(os.environ.get("BENCH_SECONDS", "12"))
ROUNDS = 3
FEW, MANY = 4, 40
PEER_EVERY_S = 2.0
LATE_S = 30.0
NCHAN = Path(os.environ.get("BENCH_NCHAN", "/usr/lib/nginx/modules/ngx_nchan_module.so"))
TEXT = "老房子的屋檐也要看看吗？"
FRAME = json.dumps({"t": "tick", "text": "x" * 300})  # as long as ours with one message


@dataclass(frozen=True)
class Cost:
    """Microseconds of the server a frame and a message; frames that did not come, of all."""

    frame_us: float
    message_us: float
    lost: int
    expected: int


async def ours(one: Stage) -> Cost:
    phones = await join_all(one)
    await asyncio.sleep(2)
    frames, messages, lost, expected = [], [], 0, 0
    for _ in range(ROUNDS):
        few, many = await talk(one, phones, FEW, SECONDS), await talk(one, phones, MANY, SECONDS)
        message = cost_a_message(few, many)
        messages.append(message)
        frames.append((few.cpu_s - few.sent * message) / few.frames)
        lost, expected = lost + few.lost + many.lost, expected + few.frames + many.frames + few.lost + many.lost
    hang_up(phones)
    return Cost(statistics.median(frames) * 1e6, statistics.median(messages) * 1e6, lost, expected)


async def theirs(one: Stage, say: Callable[[list[Phone]], Awaitable[None]], every_s: float) -> Cost:
    """``say`` sends one message, which comes as one frame to each."""
    phones = await join_all(one)
    await asyncio.sleep(2)
    loop, frames, lost, expected = asyncio.get_running_loop(), [], 0, 0
    for _ in range(ROUNDS):
        before, cpu, began = sum(phone.frames for phone in phones), one.cpu_s(), loop.time()
        said = max(1, int(SECONDS / every_s))
        for number in range(said):
            await asyncio.sleep(max(began + number * every_s - loop.time(), 0))
            await say(phones)
        until = loop.time() + LATE_S
        while (came := sum(phone.frames for phone in phones) - before) < said * len(phones) and loop.time() < until:
            await asyncio.sleep(0.2)
        frames.append((one.cpu_s() - cpu) / max(came, 1))
        lost, expected = lost + said * len(phones) - came, expected + said * len(phones)
    hang_up(phones)
    return Cost(statistics.median(frames) * 1e6, 0.0, lost, expected)


@contextmanager
def tutorial() -> Iterator[Stage]:
    port = free_port()
    with TemporaryDirectory(prefix="classroom-bench-") as name, services.redis(Path(name)) as bus:
        command = [sys.executable, "-m", "daphne", "-p", str(port), "-v", "0", "bench._tutorial_peer:application"]
        environment = {**os.environ, "REDIS_URL": bus}
        environment.pop("DJANGO_SETTINGS_MODULE", None)
        with serving(command, port, environment) as pid:
            yield Stage(pid, port, [("/ws/chat/bench/", "")] * SOCKETS, greets=False)


async def chat(phones: list[Phone]) -> None:
    phones[0].say(json.dumps({"message": TEXT}))


@contextmanager
def nchan() -> Iterator[Stage]:
    port = free_port()
    with TemporaryDirectory(prefix="classroom-bench-") as name:
        folder = Path(name)
        folder.chmod(0o755)
        settings = folder / "nginx.conf"
        settings.write_text(
            f"load_module {NCHAN};\ndaemon off;\nworker_processes 1;\nworker_rlimit_nofile 20000;\n"
            f"pid {folder}/pid;\nerror_log {folder}/error.log;\nevents {{ worker_connections 19000; }}\n"
            f"http {{ access_log off; client_body_temp_path {folder}/body; proxy_temp_path {folder}/proxy;\n"
            f" fastcgi_temp_path {folder}/f; uwsgi_temp_path {folder}/u; scgi_temp_path {folder}/s;\n"
            f" server {{ listen 127.0.0.1:{port};\n  location = /healthz {{ return 200; }}\n"
            "  location = /pub { nchan_publisher; nchan_channel_id room; nchan_message_buffer_length 1; }\n"
            "  location = /sub { nchan_subscriber websocket; nchan_channel_id room;\n"
            "   nchan_subscriber_first_message newest; } } }\n"
        )
        command = [shutil.which("nginx") or "/usr/sbin/nginx", "-p", name, "-c", str(settings)]
        with serving(command, port, dict(os.environ)) as pid:
            yield Stage(pid, port, [("/sub", "")] * SOCKETS, greets=False)


def publisher(one: Stage) -> Callable[[list[Phone]], Awaitable[None]]:
    def post() -> None:
        asked = urllib.request.Request(f"http://127.0.0.1:{one.port}/pub", data=FRAME.encode())
        urllib.request.urlopen(asked, timeout=30).close()

    async def say(_phones: list[Phone]) -> None:
        await asyncio.to_thread(post)

    return say


def main() -> None:
    open_files(SOCKETS)
    with stage("ours", SOCKETS) as one:
        mine = asyncio.run(ours(one))
    with tutorial() as one:
        others = asyncio.run(theirs(one, chat, PEER_EVERY_S))
    names = {"bench": "fanout", "unit": "us/frame"}
    report("tutorial", others)
    figure(**names, figure="frame", value=mine.frame_us, goal=20)
    figure(
        **names, figure="frame against the tutorial's", value=mine.frame_us, peer="Channels' tutorial, daphne",
        peer_value=others.frame_us, goal=others.frame_us / 20,
    )  # fmt: skip
    if NCHAN.exists():
        with nchan() as one:
            others = asyncio.run(theirs(one, publisher(one), 1 / FEW))
        report("nchan", others)
        figure(
            **names, figure="frame against nchan's", value=mine.frame_us, peer="nchan", peer_value=others.frame_us,
            goal=others.frame_us * 2.5,
        )  # fmt: skip
    else:
        sys.stderr.write(f"fanout: without nchan, {NCHAN} is not there\n")
    figure(bench="fanout", figure="message", value=mine.message_us / 1000, unit="ms/message")
    report("ours", mine)


def report(whose: str, cost: Cost) -> None:
    goal = 0 if whose == "ours" else None
    figure(bench="fanout", figure=f"lost of {cost.expected}, {whose}", value=cost.lost, unit="frames", goal=goal)


if __name__ == "__main__":
    main()
