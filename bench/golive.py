"""Going live for a whole city: how long the lecturer waits, until when the roster is complete, how long a lock is held.

Peer: what was done before, the whole roster by one INSERT in the transaction of the opening.
"""

from bench._city import CITY, NOW, TO_COME, Size, city  # isort: skip - sets Django up
import datetime as dt
import os
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import psycopg
from django.db import connection, transaction
from django.db.models import F

from attendance.models import Occasion, RosterEntry, RosterWork
from attendance.operations import complete_roster, prepare_rosters, rosters
from bench._figure import figure
from live.models import Lecture
from live.operations import go_live
from organizations.models import Node

SMALLER = Size(counties=1, townships=int(os.environ.get("BENCH_TOWNSHIPS", "15")))
START = NOW + dt.timedelta(hours=1)
MOVED = 2_000


def twin(lecture_id: int) -> int:
    """Return another lecture of the same plan."""
    occasion = Occasion.objects.get(pk=lecture_id)
    occasion.pk = None
    occasion.save(force_insert=True)
    Lecture.objects.create(occasion=occasion, lecturer_id=1)
    return occasion.pk


def timed(work: Callable[[], object]) -> float:
    before = time.perf_counter()
    work()
    return time.perf_counter() - before


def in_one_insert(occasion_id: int) -> None:
    """The peer: one transaction, held from the first row to the commit."""
    with transaction.atomic():
        held = Occasion.objects.select_for_update(no_key=True, of=("self",))
        occasion = held.select_related("node").get(pk=occasion_id)
        rosters.write_members(occasion_id, occasion.node, START.date())


def stepwise(work: Callable[[], object]) -> tuple[float, float]:
    """Return the seconds of some work and those of its longest transaction."""
    longest, step = [0.0], rosters.take_step

    def watched(occasion_id: int, *, is_ahead: bool, size: int) -> bool:
        before = time.perf_counter()
        more = step(occasion_id, is_ahead=is_ahead, size=size)
        longest[0] = max(longest[0], time.perf_counter() - before)
        return more

    rosters.take_step = watched
    try:
        return timed(work), longest[0]
    finally:
        rosters.take_step = step


@contextmanager
def evidence_waits(occasion_id: int) -> Iterator[list[float]]:
    """Hold the occasion as whoever writes evidence does, all the time; gives how long each had to wait."""
    values, waits, over = connection.settings_dict, [0.0], threading.Event()
    where = {"host": values["HOST"], "port": values["PORT"], "user": values["USER"], "dbname": values["NAME"]}

    def run() -> None:
        with psycopg.connect(**where, autocommit=True) as other:
            while not over.wait(0.02):
                before = time.perf_counter()
                other.execute("SELECT 1 FROM attendance_occasion WHERE id = %s FOR SHARE", [occasion_id])
                waits.append(time.perf_counter() - before)

    thread = threading.Thread(target=run)
    thread.start()
    try:
        yield waits
    finally:
        over.set()
        thread.join()


def some_move() -> None:
    """Some thousand people change their branch between the preparation and the opening."""
    with connection.cursor() as cursor:
        cursor.execute(
            "UPDATE organizations_membership m SET node_id = o.node_id FROM organizations_membership o "
            "WHERE o.member_id = m.member_id + 1 AND m.member_id %% 100 = 7 AND m.member_id <= %s * 100",
            [MOVED],
        )


def warm_up() -> None:
    """Open something small first: a process's first opening imports what every later one has."""
    small = twin(TO_COME)
    branch = Node.objects.filter(numchild=0).first()
    Occasion.objects.filter(pk=small).update(node=branch)
    rosters.AT_ONCE, as_always = 0, rosters.AT_ONCE
    go_live(occasion_id=small, as_of=START)
    complete_roster(occasion_id=small)
    rosters.AT_ONCE = as_always


def measure(size: Size) -> None:
    warm_up()
    peer_id, unprepared_id = twin(TO_COME), twin(TO_COME)
    later = START + dt.timedelta(minutes=45)
    Occasion.objects.filter(pk__in=[peer_id, unprepared_id]).update(
        starts_at=later, ends_at=later + dt.timedelta(hours=1)
    )

    def prepare() -> None:
        while not RosterWork.objects.filter(pk=TO_COME, is_through=True).exists():
            prepare_rosters(as_of=START - dt.timedelta(minutes=30))

    took, longest = stepwise(prepare)
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE attendance_rosterentry")
    figure(bench="golive", figure="prepared ahead", value=took, unit="s")
    figure(bench="golive", figure="longest transaction ahead", value=longest, unit="s", goal=1)
    some_move()
    peer = timed(lambda: in_one_insert(peer_id))
    open_and_complete(size, TO_COME, "prepared", START, peer)
    open_and_complete(size, unprepared_id, "never prepared", later, peer)


def open_and_complete(size: Size, occasion_id: int, title: str, as_of: dt.datetime, peer: float) -> None:
    with evidence_waits(occasion_id) as waits:
        opening = timed(lambda: go_live(occasion_id=occasion_id, as_of=as_of))
        took, longest = stepwise(lambda: complete_roster(occasion_id=occasion_id))
    found = RosterEntry.objects.filter(occasion_id=occasion_id)
    wrong = found.exclude(member__memberships__node=F("node")).count()
    if (found.count(), wrong) != (size.members, 0):
        raise RuntimeError(f"{found.count()} of {size.members} people are on the roster, {wrong} in another unit")
    for name, value, goal in (
        ("go live", opening, 1),
        ("roster complete", opening + took, 60),
        ("longest transaction", max(longest, opening), 1),
        ("longest wait of evidence", max(waits), 1),
    ):
        names = {"bench": "golive", "unit": "s", "peer": "one INSERT"}
        figure(**names, figure=f"{name}, {title}", value=value, peer_value=peer, goal=goal)


def main() -> None:
    size = SMALLER if "BENCH_TOWNSHIPS" in os.environ else CITY
    with city(size, ledger=False):
        measure(size)


if __name__ == "__main__":
    main()
