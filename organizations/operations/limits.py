"""Counting tries in the database: whoever floods a cache, or stops it, moves no limit (ADR 26)."""

import datetime as dt
from collections.abc import Iterable, Sequence

from django.db import connection, transaction

from organizations.core.limits import Counter
from organizations.models import Allowance

PRUNE_AT_ONCE = 1000
PRUNE_AT_MOST = 50_000

UPSERT = """
INSERT INTO organizations_allowance (key, spent_until_ms, window_ms) VALUES {rows}
ON CONFLICT (key) DO UPDATE SET
  spent_until_ms = excluded.spent_until_ms + CASE WHEN organizations_allowance.spent_until_ms > %s
                   THEN organizations_allowance.spent_until_ms - %s ELSE 0 END,
  window_ms = excluded.window_ms
WHERE organizations_allowance.spent_until_ms + excluded.spent_until_ms - %s <= %s + excluded.window_ms
"""


class UnableToTry(Exception):
    """An allowance is spent; the next try is free at ``free_at``."""

    def __init__(self, free_at: dt.datetime) -> None:
        super().__init__(f"free at {free_at:%Y-%m-%d %H:%M:%S}")
        self.free_at = free_at


def take(*, counters: Sequence[Counter], as_of: dt.datetime) -> None:
    """Count one try by all of these counters, or by none. Raises UnableToTry.

    A refusal costs one SELECT and writes nothing; a try that is counted costs one more statement and a commit. Two
    tries at once cannot both take the last of an allowance.
    """
    free_at_ms = _free_at_ms(counters)
    now_ms = _ms(as_of)
    if free_at_ms <= now_ms:
        with transaction.atomic():
            if _move(counters, now_ms, forward=True) == len(counters):
                return
            transaction.set_rollback(True)
        free_at_ms = max(_free_at_ms(counters), now_ms + 1)
    raise UnableToTry(dt.datetime.fromtimestamp(free_at_ms / 1000, dt.UTC))


def give_back(*, counters: Sequence[Counter], as_of: dt.datetime) -> None:
    """Take a try back that turned out to be none, such as the right password. One statement."""
    with transaction.atomic():
        _move(counters, _ms(as_of), forward=False)


def prune_allowances(*, as_of: dt.datetime) -> int:
    """Delete counters with their whole allowance: nothing is lost with them. At most ``PRUNE_AT_MOST`` a call."""
    over = Allowance.objects.filter(spent_until_ms__lt=_ms(as_of))
    deleted = 0
    while deleted < PRUNE_AT_MOST:
        keys = list(over.values_list("key", flat=True)[:PRUNE_AT_ONCE])
        # Asked again: one of them may be counting anew.
        deleted += over.filter(key__in=keys).delete()[0]
        if len(keys) < PRUNE_AT_ONCE:
            break
    return deleted


def _free_at_ms(counters: Iterable[Counter]) -> int:
    by_key = {counter.key: counter for counter in counters}
    spent = Allowance.objects.filter(key__in=by_key).values_list("key", "spent_until_ms")
    return max((by_key[key].free_at_ms(until) for key, until in spent), default=0)


def _move(counters: Sequence[Counter], now_ms: int, *, forward: bool) -> int:
    """Move each counter by one step; return how many moved. All lock their rows in one order."""
    rows = sorted(counters, key=lambda counter: counter.key)
    values = [
        value
        for counter in rows
        for value in (counter.key, now_ms + (counter.step_ms if forward else -counter.step_ms), counter.window_ms)
    ]
    sql = UPSERT.format(rows=", ".join(["(%s, %s, %s)"] * len(rows)))
    with connection.cursor() as cursor:
        cursor.execute(sql, [*values, now_ms, now_ms, now_ms, now_ms])
        return cursor.rowcount


def _ms(moment: dt.datetime) -> int:
    return round(moment.timestamp() * 1000)
