"""The organiser's desk, as the web process answers it, for whoever organises a whole city: milliseconds and queries.

::

    python -m bench desk                      # a county of 49,950 people and 30 occasions
    CITY=city python -m bench desk            # 449,550 people and 30 occasions
    CITY=full python -m bench desk            # 449,550 people and 100 occasions, 36 million records

Peer, in the same run: the bars' numbers counted from roster and records in one GROUP BY, as pages did before there was
a summary.
"""

from bench._city import CITY_NODE, NOW, city  # isort: skip - sets Django up
import os
from collections.abc import Callable
from typing import Any

from django.apps import apps
from django.conf import settings
from django.db import connection
from django.test import Client

from attendance.models import Occasion, Training
from attendance.operations.summary_statements import BY_TRAINING, write_counts
from bench._figure import figure
from bench._processor import spent
from bench.rollup import SIZES, median, once
from organizations.models import Role, RoleGrant, User

GOAL_MS, GOAL_QUERIES = 200, 26
ADDRESSES = ("/desk/", "/desk/?at=2026-09-01", "/admin/")
COUNTED = """
    SELECT o.training_id, COALESCE(r.stands, 'pending'), COUNT(*)
    FROM attendance_rosterentry e JOIN attendance_occasion o ON o.id = e.occasion_id
    LEFT JOIN attendance_record r ON r.occasion_id = e.occasion_id AND r.member_id = e.member_id
    WHERE o.training_id = ANY(%s) GROUP BY 1, 2"""


def counted() -> None:
    ids = list(Training.objects.order_by("pk").values_list("pk", flat=True)[:12])
    with connection.cursor() as cursor:
        cursor.execute(COUNTED, [ids])
        cursor.fetchall()


def queries_of(client: Client, address: str) -> int:
    asked: list[str] = []

    def count(execute: Callable[..., Any], sql: str, *rest: Any) -> Any:
        asked.append(sql)
        return execute(sql, *rest)

    with connection.execute_wrapper(count):
        client.get(address)
    return len(asked)


def missing_tables() -> list[Any]:
    """What the pages of the whole product read and a ledger's database has not: courses, Wagtail's own tables."""
    have = set(connection.introspection.table_names())
    every = [model._meta for model in apps.get_models()]  # noqa: SLF001
    return [one.model for one in every if one.can_migrate(connection) and one.db_table not in have]


def main() -> None:
    settings.ALLOWED_HOSTS = ["testserver"]
    with city(SIZES[os.environ.get("CITY", "county")]) as size:
        with connection.schema_editor() as editor:
            for model in missing_tables():
                editor.create_model(model)
        for training_id in Occasion.objects.exclude(opened_at=None).values_list("training_id", flat=True).distinct():
            write_counts(BY_TRAINING, training_id)
        person = User.objects.create(username="b-organiser", name="组织员", password="!")
        RoleGrant.objects.create(user=person, node_id=CITY_NODE, role=Role.ORGANISER, active_from_date=NOW.date())
        client = Client()
        client.force_login(person)
        peer = once(counted) * 1000
        for address in ADDRESSES:
            answer = client.get(address)
            if answer.status_code != 200:
                raise RuntimeError(f"{address} answered {answer.status_code}")
            named = f"{address} of {size.members} people"
            value = median(lambda address=address: client.get(address))
            _wall, busy = spent(lambda address=address: client.get(address), turns=5)
            figure(
                bench="desk", figure=named, value=value, unit="ms", goal=GOAL_MS, peer="one GROUP BY", peer_value=peer
            )
            figure(bench="desk", figure=f"{named}, processor", value=busy * 1000, unit="ms", goal=GOAL_MS)
            asked = queries_of(client, address)
            goal = GOAL_QUERIES if address.startswith("/desk/") else None
            figure(bench="desk", figure=f"queries of {address}", value=asked, unit="queries", goal=goal)


if __name__ == "__main__":
    main()
