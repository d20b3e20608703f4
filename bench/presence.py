"""How fast joins become durable rows: batches through ``open_presences`` as a room's process writes them.

Peer: one ``create()`` a row, each in its own transaction. The same through real sockets: ``bench/joins.py``.
"""

from bench._databases import scratch  # isort: skip - sets Django up
import datetime as dt
import statistics
import time

from django.db import connection

from attendance import operations
from attendance.models import PresenceSpan
from bench._figure import figure
from bench.watch import START, stage

BATCH = 500
ROWS = {"sqlite": 10_000, "postgresql": 20_000}
PEER_ROWS = 1_000


def measure(kind: str) -> None:
    with scratch(kind):
        occasion_id, members = stage()
        lease = operations.start_lease(name="bench", as_of=START)
        count = ROWS[kind]
        joins = [
            operations.Join(occasion_id, members[n % len(members)], f"p{n}", lease, START + dt.timedelta(seconds=n))
            for n in range(count)
        ]
        before = time.perf_counter()
        ids = [key for n in range(0, count, BATCH) for key in operations.open_presences(joins=joins[n : n + BATCH])]
        opened = count / (time.perf_counter() - before)
        before = time.perf_counter()
        for join in joins[:PEER_ROWS]:
            PresenceSpan.objects.create(
                occasion_id=join.occasion_id, member_id=join.member_id, device=join.device,
                lease_id=join.lease_id, started_at=join.started_at,
            )  # fmt: skip
        created = PEER_ROWS / (time.perf_counter() - before)
        figure(
            bench="presence", figure=f"joins_{kind}", value=opened, unit="rows/s", peer="create() a row",
            peer_value=created, goal=created * 3, higher_is_better=True,
        )  # fmt: skip
        if kind == "postgresql":
            figure(
                bench="presence", figure=f"upkeep_of_{count}_open_rows_a_viewer", value=upkeep_bytes(lease) / count,
                unit="bytes of WAL a beat", goal=0.1,
            )  # fmt: skip
        ends = [operations.End(key, START + dt.timedelta(hours=1), "left") for key in ids[: count // 2]]
        before = time.perf_counter()
        for n in range(0, len(ends), BATCH):
            operations.close_presences(ends=ends[n : n + BATCH])
        figure(
            bench="presence", figure=f"leaves_{kind}", value=len(ends) / (time.perf_counter() - before), unit="rows/s"
        )
        before = time.perf_counter()
        operations.reap_leases(as_of=START + dt.timedelta(hours=1))
        took = (time.perf_counter() - before) * 1000
        figure(bench="presence", figure=f"dead_worker_{count // 2}_rows_{kind}", value=took, unit="ms", goal=2000)


def upkeep_bytes(lease: int) -> float:
    """Return the bytes of WAL of one beat of a process's lease, whatever hangs on it; the median of a hundred."""
    written = []
    for number in range(100):
        before = _wal()
        operations.beat_lease(lease_id=lease, as_of=START + dt.timedelta(hours=12, seconds=5 * number))
        written.append(_wal() - before)
    return statistics.median(written)


def _wal() -> int:
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_current_wal_insert_lsn() - '0/0'::pg_lsn")
        return int(cursor.fetchone()[0])


if __name__ == "__main__":
    for kind in ("sqlite", "postgresql"):
        measure(kind)
