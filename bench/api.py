"""What a program reads page by page: milliseconds, queries and memory of a page over 100,000 records.

::

    python -m bench api

Peer, in the same run: the last of these pages as a page number would ask for it, by counting past all rows before it.
"""

from bench._city import CITY_NODE, NOW, city  # isort: skip - sets Django up
import resource
import statistics
import time
from collections.abc import Callable
from typing import Any

from django.conf import settings
from django.db import connection
from django.test import Client
from django.utils import timezone

from api import operations as do
from api.models import Scope
from attendance.models import RosterEntry
from attendance.standing import with_standing
from bench._figure import figure
from bench.desk import missing_tables
from bench.rollup import SIZES, once
from organizations.models import Node, Role, RoleGrant, User

TRAINING = 1
A_PAGE = 500
RECORDS = 100_000
SOME = 10  # pages at the start and at the end
GOAL_QUERIES = 10
GOAL_KIB = 20_000


def read(client: Client, key: str, cursor: str) -> tuple[dict[str, Any], float, int]:
    """Return a page, its milliseconds and its queries."""
    asked: list[str] = []

    def count(execute: Callable[..., Any], sql: str, *rest: Any) -> Any:
        asked.append(sql)
        return execute(sql, *rest)

    before = time.perf_counter()
    with connection.execute_wrapper(count):
        answer = client.get(
            f"/api/v1/trainings/{TRAINING}/records",
            {"limit": A_PAGE, "cursor": cursor},
            headers={"Authorization": f"Bearer {key}"},
        )
    if answer.status_code != 200:
        raise RuntimeError(f"answered {answer.status_code}: {answer.content[:200]!r}")
    return answer.json(), (time.perf_counter() - before) * 1000, len([sql for sql in asked if "SAVEPOINT" not in sql])


def by_offset() -> None:
    """The same page by its number."""
    entries = RosterEntry.objects.filter(occasion__training_id=TRAINING)
    order = ("node__path", "member_id", "occasion_id")
    list(with_standing(entries).order_by(*order).values_list("pk", "stands", "rec__reasons")[RECORDS:][:A_PAGE])


def peak_kib() -> int:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss


def main() -> None:
    settings.ALLOWED_HOSTS = ["testserver"]
    with city(SIZES["county"]):
        with connection.schema_editor() as editor:
            for model in missing_tables():
                editor.create_model(model)
        person = User.objects.create(username="b-secretary", name="书记", password="!")
        RoleGrant.objects.create(user=person, node_id=CITY_NODE, role=Role.SECRETARY, active_from_date=NOW.date())
        node = Node.objects.get(pk=CITY_NODE)
        _token, key = do.make_token(
            maker=person, name="b", node=node, scopes=[Scope.RECORDS], days=1, as_of=timezone.now()
        )
        client, cursor, rows = Client(), "", 0
        times: list[float] = []
        queries, begun = 0, 0
        while rows < RECORDS:
            page, ms, asked = read(client, key, cursor)
            times.append(ms)
            queries, rows, cursor = max(queries, asked), rows + len(page["items"]), page["next"]
            begun = begun or (peak_kib() if len(times) == SOME else 0)
        grown = peak_kib() - begun
        peer = once(by_offset) * 1000
        first, last = statistics.median(times[:SOME]), statistics.median(times[-SOME:])
        figure(bench="api", figure=f"records read in {len(times)} pages", value=rows, unit="records")
        figure(bench="api", figure="queries of a page, at most", value=queries, unit="queries", goal=GOAL_QUERIES)
        figure(bench="api", figure="one of the first pages", value=first, unit="ms")
        figure(
            bench="api", figure="one of the last pages", value=last, unit="ms", peer="by OFFSET, query alone",
            peer_value=peer,
        )  # fmt: skip
        figure(bench="api", figure="memory that grew", value=grown, unit="KiB", goal=GOAL_KIB)


if __name__ == "__main__":
    main()
