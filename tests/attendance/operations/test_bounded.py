"""What runs every few seconds costs the same after ten years: no table of the ledger is ever read from end to end."""

import datetime as dt
import re

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from attendance import operations
from attendance.models import Occasion
from tests.factories.attendance import HOUR, START, be_present, open_lecture
from tests.factories.organizations import make_county
from tests.query_plans import plan_of

pytestmark = [pytest.mark.integration, pytest.mark.django_db]
# SQLite says SCAN for a whole index, too; a partial index holds only what waits.
WHOLE = re.compile(
    r"SCAN (attendance_\w+|\w)\b(?! USING (?:COVERING )?INDEX (?:roster_entry_dirty|lease_alive_by_beat))"
)
SEQUENTIAL = re.compile(r"Seq Scan on attendance_\w+")


@pytest.mark.parametrize(
    "work",
    [
        lambda: operations.reconcile(as_of=START + 24 * HOUR),
        lambda: operations.settle_dirty(as_of=START + 24 * HOUR),
        lambda: operations.reap_leases(as_of=START + 24 * HOUR),
        lambda: operations.start_lease(name="w", as_of=START + 24 * HOUR),
    ],
    ids=["reconcile", "settle_dirty", "reap_leases", "start_lease"],
)
def test_periodic_work_reads_by_indexes_only(work: object) -> None:
    """With something to do for each of its questions, so that each is asked."""
    county = make_county()
    closed, forgotten = open_lecture(county.branch), open_lecture(county.branch)
    operations.start_lease(name="dead", as_of=START)
    be_present(closed, county.member, 0, 3000)
    operations.close_occasion(occasion_id=closed.pk, as_of=START + HOUR)
    be_present(closed, county.members[1], 0, 3000)
    assert (closed.pk, forgotten.state) == (closed.pk, Occasion.State.OPEN)
    with CaptureQueriesContext(connection) as asked:
        work()  # type: ignore[operator]
    questions = [one["sql"] for one in asked if one["sql"].startswith("SELECT") and "FROM" in one["sql"]]
    found = {question: plan_of(question) for question in questions}
    pattern = SEQUENTIAL if connection.vendor == "postgresql" else WHOLE
    assert {question: plan for question, plan in found.items() if pattern.search(plan)} == {}
    assert len(found) >= 2


def test_with_nothing_to_do_reconcile_asks_six_questions(django_assert_num_queries: object) -> None:
    county = make_county()
    lecture = open_lecture(county.branch)
    operations.close_occasion(occasion_id=lecture.pk, as_of=START + HOUR)
    operations.settle(occasion_id=lecture.pk, as_of=START + HOUR)
    operations.reconcile(as_of=START + dt.timedelta(days=1))  # tells who missed it, once
    with django_assert_num_queries(6):  # type: ignore[operator]
        operations.reconcile(as_of=START + dt.timedelta(days=1))
