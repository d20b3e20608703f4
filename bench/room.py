"""What a room costs its process: a frame delivered to a phone, a socket held, a join acknowledged after its commit.

Peer: the same with Channels' own means (``_room_peer.py``): group_send, AuthMiddlewareStack, create() a join.
Deliveries: 12 s of chat at 8 messages a second; each phone of ours gets one shared frame a tick. Then what Channels'
consumer costs where ours overrides it (``_room_variants.py``): a beat received, a socket held. With BENCH_BEFORE, the
folder of another checkout, the same of that one, in the same run.
"""

from bench._room_load import Stage, join_all, measure_joins, nonce, stage  # isort: skip - before Django is set up

import asyncio
import json
import os

from bench._figure import figure

MEMBERS = 300
SECONDS = 12
MESSAGES_A_SECOND = 8
BEATS = 60
SOCKETS = 1000  # with few, what the process makes once would count as theirs


async def deliver(one: Stage) -> tuple[float, float]:
    """Return microseconds of the server's processor time a frame delivered, and a message seen by a phone."""
    phones = await join_all(one)
    await asyncio.sleep(1)
    frames, cpu, sent = sum(phone.frames for phone in phones), one.cpu_s(), 0
    for _ in range(SECONDS * MESSAGES_A_SECOND):
        speaker = phones[sent % len(phones)]
        speaker.say(json.dumps({"t": "chat", "id": nonce(), "text": f"第{sent}句：老房子的屋檐也要看看吗？"}))
        sent += 1
        await asyncio.sleep(1 / MESSAGES_A_SECOND)
    await asyncio.sleep(1)
    spent = (one.cpu_s() - cpu) * 1e6
    delivered = sum(phone.frames for phone in phones) - frames
    for phone in phones:
        phone.transport.close()
    return spent / delivered, spent / (sent * len(phones))


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
    for phone in phones:
        phone.transport.close()
    return spent * 1e6 / (BEATS * len(phones))


def run_beats(kind: str) -> float:
    with stage(kind, MEMBERS) as one:
        return asyncio.run(beat(one))


def run(kind: str) -> tuple[float, float]:
    with stage(kind, MEMBERS) as one:
        return asyncio.run(deliver(one))


def main() -> None:
    ours, peer = run("ours"), run("peer")
    names = {"bench": "room", "peer": "channels group_send"}
    figure(**names, figure="frame", value=ours[0], unit="us/frame", peer_value=peer[0], goal=100)
    figure(**names, figure="message", value=ours[1], unit="us/message/phone", peer_value=peer[1], goal=50)
    joins, others = measure_joins("ours", SOCKETS), measure_joins("peer", SOCKETS)
    names["peer"] = "AuthMiddlewareStack + create()"
    figure(**names, figure="socket", value=joins.kib_a_socket, unit="KiB", peer_value=others.kib_a_socket, goal=60)
    variants(ours, joins.kib_a_socket)


def variants(ours: tuple[float, float], kib: float) -> None:
    """What each override is worth; with BENCH_BEFORE, what the other checkout costs."""
    beats = run_beats("ours")
    hop, tasks = run_beats("hop"), run_beats("tasks")
    figure(bench="room", peer="dispatch by a thread", figure="beat", value=beats, unit="us/beat", peer_value=hop)
    figure(bench="room", peer="two tasks a socket", figure="beat", value=beats, unit="us/beat", peer_value=tasks)
    held = measure_joins("tasks", SOCKETS).kib_a_socket
    figure(bench="room", peer="two tasks a socket", figure="socket", value=kib, unit="KiB", peer_value=held)
    if "BENCH_BEFORE" not in os.environ:
        return
    frame, message = run("before")
    names = {"bench": "room", "peer": "before"}
    figure(**names, figure="frame", value=ours[0], unit="us/frame", peer_value=frame)
    figure(**names, figure="message", value=ours[1], unit="us/message/phone", peer_value=message)
    figure(**names, figure="beat", value=beats, unit="us/beat", peer_value=run_beats("before"))
    was = measure_joins("before", SOCKETS).kib_a_socket
    figure(**names, figure="socket", value=kib, unit="KiB", peer_value=was)


if __name__ == "__main__":
    main()
