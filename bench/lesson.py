"""A member opens a lesson of a course that 50,000 are enrolled in, a fifth of whom have watched: time and queries.

Embedded shape (SQLite file); with DATABASE_URL of an empty PostgreSQL that has the tables, there. Each of 200 members
opens the lesson once, through Django's test client: middleware, view and template, no network. Goals: 150 ms for 95 of
100, 15 queries; the three of the sign-in (session, person, roles) are among them.
"""

import logging
import os
import shutil
import statistics
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from tests.databases import sqlite_copy

COPY = None if os.environ.get("DATABASE_URL") else sqlite_copy("bench")
os.environ.setdefault("DATABASE_URL", f"sqlite:///{COPY}")
os.environ |= {"VAR_DIR": tempfile.mkdtemp(prefix="classroom-bench-"), "DEMO": "1"}
os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")

import django  # noqa: E402

django.setup()

from django.conf import settings  # noqa: E402
from django.db import connection, transaction  # noqa: E402
from django.test import Client  # noqa: E402
from django.utils import timezone  # noqa: E402

from attendance.models import RosterEntry, WatchSession  # noqa: E402
from bench._figure import figure  # noqa: E402
from organizations.models import Membership, Node, User  # noqa: E402
from tests.factories.courses import Given, give_course  # noqa: E402
from tests.factories.organizations import make_county  # noqa: E402

ENROLLED, OPENED, BATCH = 50_000, 200, 2_000


def enrol(given: Given, branch: Node) -> list[User]:
    """Put 50,000 people on the course's roster, every fifth with something watched; return who opens the lesson."""
    today, now = timezone.localdate(), timezone.now()
    with transaction.atomic():
        people = User.objects.bulk_create(
            [User(username=f"p{number}", name=f"党员{number}", password="!") for number in range(ENROLLED)],
            batch_size=BATCH,
        )
        Membership.objects.bulk_create(
            [Membership(member=one, node=branch, active_from_date=today) for one in people], batch_size=BATCH
        )
        RosterEntry.objects.bulk_create(
            [RosterEntry(occasion=given.run.occasion, member=one, node=branch) for one in people], batch_size=BATCH
        )
        WatchSession.objects.bulk_create(
            [
                WatchSession(
                    occasion=given.run.occasion, member=one, device="phone", media=given.key, started_at=now,
                    last_at=now, media_ms=60_000, ranges_ms=[[0, 20_000]],
                )
                for one in people[::5]
            ],
            batch_size=BATCH,
        )  # fmt: skip
    return people[:: ENROLLED // OPENED]


def open_lesson(person: User, url: str) -> tuple[float, int]:
    """Return how long the page took (ms) and how many queries. Raises RuntimeError where it is not the lesson."""
    client, asked = Client(), 0
    client.force_login(person)

    def count(execute: Callable[..., Any], sql: str, *rest: Any) -> Any:
        nonlocal asked
        asked += not sql.startswith(("BEGIN", "COMMIT", "SAVEPOINT", "RELEASE"))
        return execute(sql, *rest)

    with connection.execute_wrapper(count):
        began = time.perf_counter()
        answer = client.get(url)
        took = (time.perf_counter() - began) * 1000
    if answer.status_code != 200 or b'id="player-data"' not in answer.content:
        raise RuntimeError(f"{url} answered {answer.status_code}, or showed no player")
    return took, asked


def main() -> None:
    logging.disable(logging.CRITICAL)
    settings.ALLOWED_HOSTS = ["testserver"]
    county = make_county()
    given = give_course(county.branch)
    people = enrol(given, county.branch)
    url = f"/courses/{given.run.pk}/{given.lesson.pk}/"
    open_lesson(county.member, url)
    found = [open_lesson(person, url) for person in people]
    times = sorted(took for took, _asked in found)
    name = f"lesson at {ENROLLED} enrolments, {connection.vendor}"
    slowest = times[-(-len(times) * 95 // 100) - 1]
    figure(bench="lesson", figure=f"{name}: median", value=statistics.median(times), unit="ms", goal=150)
    figure(bench="lesson", figure=f"{name}: 95 %", value=slowest, unit="ms", goal=150)
    figure(bench="lesson", figure="queries", value=max(asked for _took, asked in found), unit="queries", goal=15)
    connection.close()
    if COPY is not None:
        shutil.rmtree(Path(COPY).parent)
    shutil.rmtree(os.environ["VAR_DIR"])


if __name__ == "__main__":
    main()
