"""What storing one watch report costs: durable, with its evidence, on SQLite and on PostgreSQL; alone and in batches.

Peer: the plain way, one row a member with its ranges as JSON, locked, read, extended and saved at each post.
"""

from bench._databases import scratch  # isort: skip - sets Django up
import datetime as dt
import statistics
import time
from collections.abc import Callable

from django.db import connection, models, transaction

from attendance import operations
from attendance.models import RosterEntry, Rule, Training, WatchBudget, WatchSession
from bench._figure import figure
from bench._processor import spent
from organizations.models import Membership, Node, User

MEMBERS, MANY, ROUNDS, WARM = 40, 500, 14, 3
START = dt.datetime(2026, 9, 1, tzinfo=dt.UTC)
STEP_MS = 15_000


class PeerProgress(models.Model):
    """The plain way to store watch time."""

    member_id = models.BigIntegerField()
    occasion_id = models.BigIntegerField()
    last_at = models.DateTimeField()
    ranges = models.JSONField(default=list)
    seen = models.JSONField(default=list)

    class Meta:
        app_label = "bench"

    def __str__(self) -> str:
        return str(self.member_id)


def stage() -> tuple[int, list[int]]:
    """Make a settled lecture with a replay; return its id and its members'."""
    node = Node.add_root(name="bench", code="bench", kind="branch")
    people = User.objects.bulk_create(User(username=f"b{n}", name=f"b{n}", password="") for n in range(MEMBERS))
    Membership.objects.bulk_create(Membership(member=one, node=node, active_from_date=START.date()) for one in people)
    training = Training.objects.create(
        title="bench", node=node, starts_date=START.date(), deadline_at=START + dt.timedelta(days=30), state="published"
    )
    rule = Rule.objects.create(name="bench")
    plan = operations.OccasionPlan(
        training_id=training.pk, title="bench", node_id=node.pk, starts_at=START,
        ends_at=START + dt.timedelta(hours=1), rule_id=rule.pk,
    )  # fmt: skip
    occasion = operations.create_occasion(kind="lecture", plan=plan, media_ms=3_600_000)
    operations.open_occasion(occasion_id=occasion.pk, as_of=START)
    return occasion.pk, [one.pk for one in people]


def timed(round_of: Callable[[int, int, dt.datetime], None], members: list[int]) -> list[float]:
    """Let every member post once a round; return the microseconds of each post, the first rounds left out."""
    took = []
    for number in range(ROUNDS):
        at = START + dt.timedelta(hours=2, milliseconds=(number + 1) * STEP_MS)
        for member in members:
            before = time.perf_counter()
            round_of(member, number, at)
            if number >= WARM:
                took.append((time.perf_counter() - before) * 1e6)
    return took


def timed_together(occasion_id: int, count: int) -> tuple[float, float]:
    """Let ``count`` members report at once, a batch a round; return the microseconds of one report, by the clock (the
    median) and of processors (the mean)."""
    began = START + dt.timedelta(hours=2)
    people = User.objects.bulk_create(User(username=f"m{n}", name=f"m{n}", password="") for n in range(count))
    RosterEntry.objects.bulk_create(
        RosterEntry(occasion_id=occasion_id, member=one, node=Node.objects.get()) for one in people
    )
    WatchBudget.objects.bulk_create(WatchBudget(member=one, held_ms=30_000, filled_at=began) for one in people)
    sessions = WatchSession.objects.bulk_create(
        WatchSession(occasion_id=occasion_id, member=one, device="p1", media="replay", media_ms=3_600_000,
                     started_at=began, last_at=began)
        for one in people
    )  # fmt: skip
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE")  # as autovacuum does: fresh tables are planned for as if they were empty
    took, busy = [], []
    for number in range(ROUNDS):
        reports = [
            operations.WatchReport(
                session_id=one.pk, member_id=one.member_id, client_id=f"{one.pk}-{number}",
                ranges_ms=[(number * STEP_MS, (number + 1) * STEP_MS)], rate=1.0,
                position_ms=(number + 1) * STEP_MS, as_of=began + dt.timedelta(milliseconds=(number + 1) * STEP_MS),
            )
            for one in sessions
        ]  # fmt: skip
        states: list[object] = []
        wall, used = spent(lambda to=states, of=reports: to.extend(operations.report_all_watched(reports=of)))
        if number >= WARM:
            took.append(wall * 1e6 / count)
            busy.append(used * 1e6 / count)
        if any(getattr(one, "credited_ms", None) != [[0, (number + 1) * STEP_MS]] for one in states):
            raise RuntimeError(f"wrong credit: {states[0]}")
    return statistics.median(took), statistics.mean(busy)


def measure(kind: str) -> None:
    with scratch(kind, PeerProgress):
        occasion_id, members = stage()
        began = START + dt.timedelta(hours=2)
        sessions = {
            member: operations.start_watch(
                occasion_id=occasion_id, member_id=member, device="p1", media="replay", as_of=began
            ).session_id
            for member in members
        }
        PeerProgress.objects.bulk_create(
            PeerProgress(member_id=member, occasion_id=occasion_id, last_at=began) for member in members
        )

        def ours(member: int, number: int, at: dt.datetime) -> None:
            state = operations.report_watched(
                session_id=sessions[member], member_id=member, client_id=f"{member}-{number}",
                ranges_ms=[(number * STEP_MS, (number + 1) * STEP_MS)], rate=1.0,
                position_ms=(number + 1) * STEP_MS, as_of=at,
            )  # fmt: skip
            if state.credited_ms != [[0, (number + 1) * STEP_MS]]:
                raise RuntimeError(f"wrong credit: {state}")

        def peers(member: int, number: int, at: dt.datetime) -> None:
            with transaction.atomic():
                row = PeerProgress.objects.select_for_update().get(member_id=member, occasion_id=occasion_id)
                if f"{member}-{number}" not in row.seen:
                    row.seen.append(f"{member}-{number}")
                    row.ranges.append([number * STEP_MS, (number + 1) * STEP_MS])
                    row.last_at = at
                    row.save()

        mine, theirs = timed(ours, members), []
        _wall, peer_processor = spent(lambda: theirs.extend(timed(peers, members)))
        peer_processor *= 1e6 / (ROUNDS * len(members))
        batched, processor = timed_together(occasion_id, MANY)
        figure(
            bench="watch", figure=f"report_stored_{kind}", value=statistics.median(mine), unit="us",
            peer="ORM select_for_update + JSON save", peer_value=statistics.median(theirs),
            goal=statistics.median(theirs),
        )  # fmt: skip
        figure(
            bench="watch", figure=f"report_stored_in_batch_{kind}", value=batched, unit="us",
            peer="ORM select_for_update + JSON save", peer_value=statistics.median(theirs), goal=15,
        )  # fmt: skip

        figure(
            bench="watch", figure=f"report_stored_in_batch_{kind}, processor", value=processor, unit="us",
            peer="ORM select_for_update + JSON save", peer_value=peer_processor, goal=15,
        )  # fmt: skip


if __name__ == "__main__":
    for kind in ("sqlite", "postgresql"):
        measure(kind)
