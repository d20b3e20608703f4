"""The secretary's page of a node with 300 members, as the web process answers it: milliseconds and queries.

Embedded shape (SQLite file), two trainings' worth of occasions; the median of 30 answers. Goals: 200 ms, 12 queries.
"""

import os
import shutil
import statistics
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from tests.databases import sqlite_copy

COPY = sqlite_copy("bench")
os.environ |= {"DATABASE_URL": f"sqlite:///{COPY}", "VAR_DIR": tempfile.mkdtemp(prefix="classroom-bench-"), "DEMO": "1"}
os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")

import django  # noqa: E402

django.setup()

from django.conf import settings  # noqa: E402
from django.db import connection  # noqa: E402
from django.test import Client  # noqa: E402

from attendance.models import RecordState  # noqa: E402
from bench._figure import figure  # noqa: E402
from tests.attendance.people import PlainKind, make_occasion, make_training, stand  # noqa: E402
from tests.factories.organizations import make_county  # noqa: E402

MEMBERS, ROUNDS = 300, 30
STATES = [RecordState.ATTENDED, RecordState.MISSING, RecordState.MADE_UP, RecordState.MISSING]


def main() -> None:
    settings.OCCASION_KINDS = {"plain": f"{PlainKind.__module__}.{PlainKind.__name__}"}
    settings.ALLOWED_HOSTS = ["testserver"]
    county = make_county(members=MEMBERS)
    training = make_training(county.county)
    for title in ("第一讲", "第二讲"):
        occasion = make_occasion(training, title=title, media_ms=3_600_000)
        for number, member in enumerate(county.members):
            stand(occasion, member, county.branch, STATES[number % len(STATES)], live=number % 60)
    client = Client()
    client.force_login(county.secretary)
    url = f"/branch/{training.pk}/"
    asked: list[str] = []

    def count(execute: Callable[..., Any], sql: str, *rest: Any) -> Any:
        if not sql.startswith("BEGIN"):  # opens SQLite's transaction, asks nothing
            asked.append(sql)
        return execute(sql, *rest)

    with connection.execute_wrapper(count):
        answer = client.get(url)
    if answer.status_code != 200:
        raise RuntimeError(f"{url} answered {answer.status_code}")
    times = []
    for _round in range(ROUNDS):
        began = time.perf_counter()
        client.get(url)
        times.append((time.perf_counter() - began) * 1000)
    median = statistics.median(times)
    figure(bench="report", figure=f"page of a node with {MEMBERS} members", value=median, unit="ms", goal=200)
    figure(bench="report", figure="queries of that page", value=len(asked), unit="queries", goal=12)
    connection.close()
    shutil.rmtree(Path(COPY).parent)
    shutil.rmtree(os.environ["VAR_DIR"])


if __name__ == "__main__":
    main()
