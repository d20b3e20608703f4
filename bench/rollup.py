"""What an organiser of a city reads: numbers from the summary, beside counting the records as pages did before.

::

    python -m bench rollup                    # a county of 49,950 people and 30 occasions
    CITY=full python -m bench rollup          # 449,550 people and 100 occasions, 36 million records: 22 GB
    CITY=tenth python -m bench rollup         # 49,950 people and 100 occasions, 4 million records
    CITY=city python -m bench rollup          # 449,550 people and 30 occasions

Peers, in the same run: one GROUP BY over roster and records; and the ORM asked branch by branch, timed on some of them.
"""

from bench._city import CITY, CITY_NODE, COUNTY, FULL, NOW, Size, city  # isort: skip - sets Django up
import os
import resource
import statistics
import time
from collections.abc import Callable
from datetime import timedelta
from io import BytesIO
from typing import Any

from django.conf import settings
from django.db import connection, transaction
from django.test import Client

from attendance import operations
from attendance.models import NodeSummary, Occasion, Record, RosterEntry, SummaryMark, Training
from attendance.operations.summary_statements import BY_OCCASION, BY_TRAINING, compare_counts, write_counts
from attendance.reports import Scope, report_named
from attendance.reports.render import write
from attendance.reports.standing import rolled_up, undone_by_training
from attendance.standing import with_standing
from bench._figure import figure
from bench._processor import spent
from organizations.models import Node, Role, RoleGrant, User

SIZES = {"county": COUNTY, "tenth": Size(counties=1, occasions=100, wide=77), "city": CITY, "full": FULL}
SAMPLE = 40  # branches of which the loop over branches is timed
SETTLED = 100_000
ROWS = 20_000
SMALL_NODE = 3  # a county or township
TRAINING = 1  # of the whole city, with the occasions 1 to 3


def median(work: Callable[[], object], turns: int = 15) -> float:
    """Return milliseconds, the first turn left out."""
    work()
    times = []
    for _turn in range(turns):
        before = time.perf_counter()
        work()
        times.append((time.perf_counter() - before) * 1000)
    return statistics.median(times)


def once(work: Callable[[], object]) -> float:
    before = time.perf_counter()
    work()
    return time.perf_counter() - before


def say(name: str, value: float, unit: str, goal: float | None = None, **more: Any) -> None:
    figure(bench="rollup", figure=name, value=value, unit=unit, goal=goal, **more)


def scope() -> Scope:
    return Scope(Training.objects.get(pk=TRAINING), Node.objects.get(pk=CITY_NODE), NOW)


GROUPED = """
    SELECT substr(n.path, 1, 8), e.occasion_id, COALESCE(r.stands, 'pending'), COUNT(*)
    FROM attendance_rosterentry e JOIN organizations_node n ON n.id = e.node_id
    LEFT JOIN attendance_record r ON r.occasion_id = e.occasion_id AND r.member_id = e.member_id
    WHERE e.occasion_id = ANY(%s) GROUP BY 1, 2, 3"""


def grouped() -> None:
    ids = list(Occasion.objects.filter(training_id=TRAINING).values_list("pk", flat=True))
    with connection.cursor() as cursor:
        cursor.execute(GROUPED, [ids])
        cursor.fetchall()


def looped() -> float:
    """Milliseconds for all branches, if each takes as long as the first some dozens."""
    branches = list(Node.objects.filter(kind="branch").order_by("path").values_list("pk", flat=True))
    occasions = list(Occasion.objects.filter(training_id=TRAINING).values_list("pk", flat=True))

    def ask() -> None:
        for branch in branches[:SAMPLE]:
            for occasion in occasions:
                rows = with_standing(RosterEntry.objects.filter(node_id=branch, occasion_id=occasion))
                list(rows.values_list("member_id", "stands"))

    ask()
    return once(ask) * 1000 * len(branches) / SAMPLE


def queries_of_a_page() -> None:
    one = scope()
    peer, loop = once(grouped) * 1000, looped()
    value = median(lambda: rolled_up(one))
    say("roll-up of a city, three occasions", value, "ms", 10, peer="one GROUP BY", peer_value=peer)
    say("roll-up of a city, processor", spent(lambda: rolled_up(one), turns=40)[1] * 1000, "ms", 10)
    say("roll-up beside an ORM loop", value, "ms", peer="a question a branch", peer_value=loop)
    ids = list(Training.objects.values_list("pk", flat=True))
    paths = [one.node.path]
    value = median(lambda: undone_by_training(training_ids=ids, paths=paths))
    say(f"list of {len(ids)} trainings", value, "ms", 10)


def pages() -> None:
    """The pages as the web process answers them: an organiser's, and a secretary's of the whole city with names."""
    settings.ALLOWED_HOSTS = ["testserver"]
    for role in (Role.ORGANISER, Role.SECRETARY):
        person = User.objects.create(username=f"b-{role}", name=role, password="!")
        RoleGrant.objects.create(user=person, node_id=CITY_NODE, role=role, active_from_date=NOW.date())
        client = Client()
        client.force_login(person)
        addresses = ["/branch/", f"/branch/{TRAINING}/"]
        if role == Role.SECRETARY:
            addresses = [
                f"/branch/{TRAINING}/",
                f"/branch/{TRAINING}/progress/",
                "/branch/occasions/1/",
                f"/branch/{TRAINING}/reports/missing/",
                f"/branch/{TRAINING}/reports/records/",
            ]
        for address in addresses:
            client.get(f"{address}?node={SMALL_NODE}")  # what a process loads once: templates and the like
            before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
            answer = client.get(address)
            if answer.status_code != 200:
                raise RuntimeError(f"{address} answered {answer.status_code}")
            value = median(lambda client=client, address=address: client.get(address), turns=5)
            _wall, busy = spent(lambda client=client, address=address: client.get(address), turns=5)
            grown = (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) / 1024
            say(f"{role} {address}", value, "ms", 200)
            say(f"{role} {address}, processor", busy * 1000, "ms", 200)
            say(f"{role} {address}, memory", grown, "MB", 5)


def rebuilding() -> None:
    def clear() -> None:
        NodeSummary.objects.filter(occasion_id=1)._raw_delete("default")  # noqa: SLF001 - Django's own way past its collector

    @transaction.atomic
    def count() -> None:
        write_counts(BY_OCCASION, 1)

    nodes = NodeSummary.objects.filter(occasion_id=1).count()
    name = f"one occasion over {nodes} nodes"
    with_training = once(lambda: operations.rebuild_occasion(occasion_id=1))
    for how, prepare in (("nothing differs", lambda: None), ("from nothing", clear)):
        prepare()
        statement, busy = spent(count)
        say(f"{name}, {how}", statement, "s", 1)
        say(f"{name}, {how}, processor", busy, "s", 1)
    say(f"{name}, with its training", with_training, "s")
    say("compared with the records", once(lambda: operations.differences(occasion_id=1)), "s")
    members = list(
        RosterEntry.objects.filter(occasion_id=3).order_by("member_id")[:1].values_list("node_id", flat=True)
    )
    operations.mark_counts(occasion_id=3, node_ids=members)
    say("one branch counted after a change", once(operations.fold_summary) * 1000, "ms", 200)


def settling() -> None:
    """A lecture that has just ended, of whose people nobody is judged yet."""
    Record.objects.filter(occasion_id=1)._raw_delete("default")  # noqa: SLF001 - Django's own way past its collector
    later = NOW - timedelta(hours=1)
    Occasion.objects.filter(pk=1).update(state="closed", settled_at=None, closed_at=later)
    ids = list(RosterEntry.objects.filter(occasion_id=1).order_by("member_id").values_list("member_id", flat=True))
    first, people = ids[:SETTLED], min(SETTLED, len(ids))
    half = people // 2

    def both() -> None:
        operations.settle(occasion_id=1, as_of=NOW, member_ids=first[:half])
        operations.settle(occasion_id=1, as_of=NOW, member_ids=first[half:])

    took, busy = spent(both)
    say(f"settle of {people} people in two runs", took, "s", 60 * people / SETTLED)
    say(f"settle of {people} people, processor", busy, "s", 60 * people / SETTLED)
    say("marks it left", SummaryMark.objects.count(), "")
    say("counting them", once(operations.fold_summary), "s")


def exporting() -> None:
    county = Node.objects.filter(kind="township").order_by("path").first()
    one = Scope(Training.objects.get(pk=TRAINING), county, NOW)
    report = report_named("records")
    rows = sum(1 for _row in report.rows(one))
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    took, busy = spent(lambda: write(report, one, BytesIO(), form="xlsx"))
    grown = (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) / 1024
    say(f"XLSX of {rows} rows, as if 20,000", took * ROWS / rows, "s", 5)
    say(f"XLSX of {rows} rows, as if 20,000, processor", busy * ROWS / rows, "s", 5)
    say("XLSX, memory", grown, "MB", 30)


def main() -> None:
    with city(SIZES[os.environ.get("CITY", "county")]) as size:
        before = time.monotonic()
        counted = _all(size)
        say(f"a city of {size.members}: {counted} rosters counted from nothing", time.monotonic() - before, "s")
        queries_of_a_page()
        pages()
        rebuilding()
        exporting()
        settling()


def _all(size: Size) -> int:
    """Count everything; returns how many rosters. Of the occasions of everybody, which all have the same rows, one is
    counted and the others get its numbers; the last is then compared with its records."""
    occasions = list(Occasion.objects.exclude(opened_at=None).order_by("pk").values_list("pk", "training_id"))
    first = len(occasions) - size.wide  # of those of everybody
    counted = occasions[: first + 1] if size.wide else occasions
    for occasion_id, _training in counted:
        write_counts(BY_OCCASION, occasion_id)
    trainings = {training for _occasion, training in occasions}
    one = occasions[first][1] if size.wide else 0
    for training_id in {TRAINING, one} if size.wide else trainings:
        write_counts(BY_TRAINING, training_id)
    with connection.cursor() as cursor:
        for kind, of, others in (
            (BY_OCCASION, counted[-1][0], [pk for pk, _training in occasions[len(counted) :]]),
            (BY_TRAINING, one, sorted(trainings - {TRAINING, one}) if size.wide else []),
        ):
            columns = ", ".join(kind.columns)
            cursor.execute(
                f"INSERT INTO {kind.table} ({kind.key}, node_id, {columns}) SELECT other, node_id, {columns} "
                f"FROM {kind.table}, unnest(%s::bigint[]) other WHERE {kind.key} = %s",
                [others, of],
            )
        cursor.execute("ANALYZE attendance_nodesummary, attendance_trainingsummary")
    if found := compare_counts(BY_OCCASION, occasions[-1][0]):
        raise RuntimeError(f"not counted alike: {found[0]}")
    return len(counted)


if __name__ == "__main__":
    main()
