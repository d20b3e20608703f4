"""What periodic work costs when nothing is to do: on a site that has run for years, and in a city.

Peer: the question that reconcile asked before, which compares every watch session with its record.
"""

from bench._databases import scratch  # isort: skip - sets Django up
import datetime as dt
import time
from collections.abc import Callable

from django.db import connection

from attendance import operations
from attendance.models import Occasion, Record, RosterEntry, WatchSession, WorkerLease
from bench._city import NOW as CITY_NOW
from bench._city import city
from bench._figure import figure
from bench.watch import START, stage
from organizations.models import User
from organizations.operations import finish_leaving

PEOPLE, OCCASIONS = 2_000, 50
TURNS = 20
NOW = START + dt.timedelta(days=300)
PEER = """
    SELECT DISTINCT r.occasion_id, r.member_id FROM attendance_record r
    JOIN attendance_watchsession s ON s.occasion_id = r.occasion_id AND s.member_id = r.member_id
    WHERE s.reports > 0 AND s.last_at > r.judged_at AND s.last_at < %s LIMIT 500"""


def years() -> None:
    """100,000 roster rows, records and watch sessions of lectures that are settled, and their leases."""
    first_id, _members = stage()
    first = Occasion.objects.get(pk=first_id)
    people = User.objects.bulk_create(User(username=f"y{n}", name=f"y{n}", password="") for n in range(PEOPLE))
    for day in range(OCCASIONS):
        at = START + dt.timedelta(days=day)
        occasion = Occasion.objects.create(
            training_id=first.training_id, kind="lecture", title="past", node_id=first.node_id, rule_id=first.rule_id,
            starts_at=at, ends_at=at + dt.timedelta(hours=1), state="settled", rule_stamp=first.rule_stamp,
            window_start_at=at, window_end_at=at + dt.timedelta(hours=1), opened_at=at,
        )  # fmt: skip
        about = [{"occasion_id": occasion.pk, "member_id": person.pk} for person in people]
        RosterEntry.objects.bulk_create(RosterEntry(**one, node_id=first.node_id) for one in about)
        Record.objects.bulk_create(
            Record(**one, state="made_up", rule_version="v", evidence_digest="0" * 64, judged_at=NOW) for one in about
        )
        WatchSession.objects.bulk_create(
            WatchSession(**one, device="d", media="replay", started_at=at, last_at=at, media_ms=1, reports=9)
            for one in about
        )
        WorkerLease.objects.create(name=f"w{day}", started_at=at, beat_at=at, ended_at=at)
    Occasion.objects.filter(pk=first_id).update(state="settled", window_end_at=START)
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE")


def timed(work: Callable[[], object], turns: int = TURNS) -> float:
    """Return milliseconds a turn, the first left out."""
    work()
    before = time.perf_counter()
    for _turn in range(turns):
        work()
    return (time.perf_counter() - before) * 1000 / turns


def ask_peer(now: dt.datetime) -> None:
    with connection.cursor() as cursor:
        cursor.execute(PEER, [connection.ops.adapt_datetimefield_value(now)])
        cursor.fetchall()


def figures(kind: str, now: dt.datetime) -> None:
    """One line for each task that comes every few seconds or minutes, when nothing is to do."""
    names = {"bench": "reconcile", "unit": "ms", "goal": 10.0}
    peer = timed(lambda: ask_peer(now), turns=1)
    value = timed(lambda: operations.reconcile(as_of=now))
    figure(**names, figure=f"reconcile {kind}", value=value, peer="the join over all", peer_value=peer)
    for name, work in {
        "settle_dirty": lambda: operations.settle_dirty(as_of=now),
        "reap_leases": lambda: operations.reap_leases(as_of=now),
        "finish_leaving": lambda: finish_leaving(as_of=now),
    }.items():
        figure(**names, figure=f"{name} {kind}", value=timed(work))


def main() -> None:
    with scratch("sqlite"):
        years()
        figures("sqlite", NOW)
    with city():
        figures("city, 2.35 million records", CITY_NOW)


if __name__ == "__main__":
    main()
