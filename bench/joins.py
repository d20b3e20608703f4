"""Joins through real sockets: handshake, ticket, row, acknowledgement after its commit; then the server is killed.

Peer: AuthMiddlewareStack and a ``create()`` each. Killed with -9 while half of them are still coming: whoever was told
that they had joined must be found in the database. BENCH_SOCKETS, BENCH_DATABASES.
"""

from bench._room_load import join_all, measure_joins, open_files, stage  # isort: skip - before Django is set up

import asyncio
import os
import signal
import sqlite3
from contextlib import closing
from typing import Any

import psycopg

from bench._figure import figure
from bench._room_load import Stage

SOCKETS = int(os.environ.get("BENCH_SOCKETS", "2000"))
GOAL_TIMES, GOAL_A_SECOND = 5, 1500
ROWS = (
    "SELECT u.username FROM attendance_presencespan p JOIN organizations_user u ON u.id = p.member_id "
    "WHERE u.username LIKE 'bench-%'"
)


async def killed(one: Stage) -> list[int]:
    """Kill the server when half of them are in; return the numbers of those who were told so by then."""
    phones = one.phones
    told: list[int] = []

    def joined(number: int) -> None:
        told.append(number)
        if len(told) == len(phones) // 2:
            os.kill(one.pid, signal.SIGKILL)

    await join_all(one, on_join=joined)
    return told


def rows(url: str) -> set[str]:
    connecting: Any = sqlite3.connect(url.removeprefix("sqlite:///")) if "sqlite" in url else psycopg.connect(url)
    with closing(connecting) as connection:
        return {name for (name,) in connection.execute(ROWS).fetchall()}


def main() -> None:
    open_files(SOCKETS)
    ours, peer = measure_joins("ours", SOCKETS), measure_joins("peer", SOCKETS)
    figure(
        bench="joins", figure="by socket", value=ours.per_core_s, unit="joins/s/core",
        peer="AuthMiddlewareStack + create()", peer_value=peer.per_core_s,
        goal=max(GOAL_TIMES * peer.per_core_s, GOAL_A_SECOND), higher_is_better=True,
    )  # fmt: skip
    for database in os.environ.get("BENCH_DATABASES", "sqlite postgresql").split():
        with stage("ours", SOCKETS, database=database) as one:
            told = asyncio.run(killed(one))
            found = rows(one.database_url)
        if len(told) < SOCKETS // 2:
            raise RuntimeError(f"only {len(told)} had joined, the server was not killed")
        lost = sum(f"bench-{number}" not in found for number in told)
        figure(bench="joins", figure=f"lost of {len(told)} by kill -9, {database}", value=lost, unit="joins", goal=0)


if __name__ == "__main__":
    main()
