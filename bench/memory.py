"""What a socket holds of its server's memory, 10,000 of them in one process, each of which hears the room's ticks.

Peer: AuthMiddlewareStack and a channel in the layer for each, with a fifth of them. BENCH_SOCKETS.
"""

from bench._room_load import Joins, measure_joins  # isort: skip - before Django is set up

import os

from bench._figure import figure

SOCKETS = int(os.environ.get("BENCH_SOCKETS", "10000"))
GOAL_KIB = 24


def main() -> None:
    ours, peer = measure_joins("ours", SOCKETS), measure_joins("peer", max(SOCKETS // 5, 1))
    figure(
        bench="memory", figure="socket", value=ours.kib_a_socket, unit="KiB", peer="AuthMiddlewareStack + group_add",
        peer_value=peer.kib_a_socket, goal=GOAL_KIB,
    )  # fmt: skip
    held(ours)


def held(ours: Joins) -> None:
    figure(
        bench="memory", figure="sockets that hear a tick", value=ours.hear, unit="sockets", goal=SOCKETS,
        higher_is_better=True,
    )  # fmt: skip


if __name__ == "__main__":
    main()
