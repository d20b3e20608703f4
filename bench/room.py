"""What a room costs its process: a frame delivered to a phone, a socket held, a join acknowledged after its commit.

Peer: the same with Channels' own means (``_room_peer.py``): group_send, AuthMiddlewareStack, create() a join.
Deliveries: 12 s of chat at 8 messages a second; each phone of ours gets one shared frame a tick.
"""

from bench._room_load import Stage, join_all, measure_joins, nonce, stage  # isort: skip - before Django is set up

import asyncio
import json

from bench._figure import figure

MEMBERS = 300
SECONDS = 12
MESSAGES_A_SECOND = 8


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


def run(kind: str) -> tuple[float, float]:
    with stage(kind, MEMBERS) as one:
        return asyncio.run(deliver(one))


def main() -> None:
    ours, peer = run("ours"), run("peer")
    names = {"bench": "room", "peer": "channels group_send"}
    figure(**names, figure="frame", value=ours[0], unit="us/frame", peer_value=peer[0], goal=100)
    figure(**names, figure="message", value=ours[1], unit="us/message/phone", peer_value=peer[1], goal=50)
    joins, others = measure_joins("ours", MEMBERS), measure_joins("peer", MEMBERS)
    names["peer"] = "AuthMiddlewareStack + create()"
    figure(**names, figure="socket", value=joins.kib_a_socket, unit="KiB", peer_value=others.kib_a_socket, goal=60)


if __name__ == "__main__":
    main()
