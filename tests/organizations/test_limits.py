"""Limits in the database: what they count, what a refusal costs, and what is forgotten."""

import datetime as dt
import threading
from collections.abc import Sequence

import pytest
from django.db import connection, connections
from django.test.utils import CaptureQueriesContext

from organizations import tasks
from organizations.core.limits import Counter, counter
from organizations.models import Allowance
from organizations.operations import UnableToTry, give_back, prune_allowances, take

pytestmark = [pytest.mark.integration, pytest.mark.django_db]
NOW = dt.datetime(2026, 6, 1, 12, tzinfo=dt.UTC)


def limit(who: str, amount: int = 3, window_s: int = 300) -> Counter:
    return counter(secret="s", action="a", scope="number", who=who, amount=amount, window_s=window_s)


def taken(counters: Sequence[Counter], *, times: int, as_of: dt.datetime = NOW) -> int:
    count = 0
    for _ in range(times):
        try:
            take(counters=counters, as_of=as_of)
        except UnableToTry:
            continue
        count += 1
    return count


def test_so_many_at_once_then_one_each_step() -> None:
    assert taken([limit("x")], times=10) == 3
    with pytest.raises(UnableToTry) as refused:
        take(counters=[limit("x")], as_of=NOW)
    assert refused.value.free_at == NOW + dt.timedelta(seconds=100)
    assert taken([limit("x")], times=10, as_of=NOW + dt.timedelta(seconds=99)) == 0
    assert taken([limit("x")], times=10, as_of=NOW + dt.timedelta(seconds=100)) == 1
    assert taken([limit("x")], times=10, as_of=NOW + dt.timedelta(hours=1)) == 3


def test_one_spent_counter_leaves_the_others_whole() -> None:
    taken([limit("x", amount=1)], times=1)
    assert taken([limit("x", amount=1), limit("y")], times=5) == 0
    assert taken([limit("y")], times=5) == 3


def test_a_try_that_was_none_is_given_back() -> None:
    both = [limit("x"), limit("y", amount=30)]
    for _ in range(10):
        take(counters=both, as_of=NOW)
        give_back(counters=both, as_of=NOW)
    assert taken(both, times=10) == 3


def test_a_refusal_is_one_question_and_writes_nothing() -> None:
    many = [limit("x"), limit("y"), limit("z"), limit("w")]
    taken(many, times=3)
    with CaptureQueriesContext(connection) as asked, pytest.raises(UnableToTry):
        take(counters=many, as_of=NOW)
    assert [query["sql"].split()[0] for query in asked] == ["SELECT"]
    with CaptureQueriesContext(connection) as counted:
        take(counters=many, as_of=NOW + dt.timedelta(hours=1))
    assert len([query for query in counted if query["sql"].lstrip().startswith("INSERT")]) == 1


def test_what_is_whole_again_is_forgotten() -> None:
    take(counters=[limit("x"), limit("y", window_s=86_400)], as_of=NOW)
    assert prune_allowances(as_of=NOW) == 0
    assert prune_allowances(as_of=NOW + dt.timedelta(hours=1)) == 1
    assert Allowance.objects.get().key == limit("y", window_s=86_400).key
    assert prune_allowances(as_of=NOW + dt.timedelta(days=1)) == 1


def test_forgetting_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("organizations.operations.limits.PRUNE_AT_ONCE", 10)
    monkeypatch.setattr("organizations.operations.limits.PRUNE_AT_MOST", 20)
    Allowance.objects.bulk_create(Allowance(key=str(n), spent_until_ms=n, window_ms=1) for n in range(55))
    assert prune_allowances(as_of=NOW) == 20
    tasks.prune_allowances()
    tasks.prune_allowances()
    assert Allowance.objects.count() == 0


@pytest.mark.django_db(transaction=True)
def test_many_at_once_take_no_more_than_there_is() -> None:
    """Threads with lines of their own, counters in different orders: no more than the allowance, and no deadlock."""
    counters, got, failed = [limit("x", amount=5), limit("y", amount=50)], [], []

    def try_often(order: int) -> None:
        try:
            got.append(taken(counters[::order], times=5))
        except Exception as error:  # noqa: BLE001 - told below
            failed.append(error)
        finally:
            connections.close_all()

    threads = [threading.Thread(target=try_often, args=(1 if n % 2 else -1,)) for n in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert (sum(got), failed) == (5, [])
