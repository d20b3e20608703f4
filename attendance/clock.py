"""A clock that does not step: what presence is measured by, for a server's clock may be set while people are there."""

import time
from collections.abc import Callable
from datetime import datetime, timedelta

from django.db import connection
from django.utils import timezone

SLACK = timedelta(seconds=1)  # more than slewing moves it between two questions, less than any step that matters
BELIEVE_AFTER_S = 60.0


class SteadyClock:
    """The wall clock, but for its steps: those are followed once they have lasted for a minute.

    A clock that is set forward by half an hour and back within seconds is never believed. One that stays where it was
    set is right, presumably; whoever keeps intervals by this clock sees the step then, and begins them anew.
    """

    def __init__(
        self, *, wall: Callable[[], datetime] = timezone.now, steady: Callable[[], float] = time.monotonic
    ) -> None:
        self._wall, self._steady = wall, steady
        self._at, self._mark = wall(), steady()
        self._doubt_since: float | None = None

    def now(self) -> datetime:
        """Return the moment."""
        wall, steady = self._wall(), self._steady()
        expected = self._at + timedelta(seconds=steady - self._mark)
        if abs(wall - expected) > SLACK:
            if self._doubt_since is None:
                self._doubt_since = steady
            if steady - self._doubt_since < BELIEVE_AFTER_S:
                return expected
        self._doubt_since = None
        self._at, self._mark = wall, steady
        return wall

    def believe(self) -> datetime:
        """Take the wall clock as it is, at once; return the moment. For whoever lost the thread anyway."""
        self._doubt_since = None
        self._at, self._mark = self._wall(), self._steady()
        return self._at


def ahead_of_database(*, as_of: datetime) -> timedelta:
    """Return how far this host's clock is ahead of the database's, which all hosts share; nothing where it is a file.

    ``as_of``: the moment by this host's clock.
    """
    if connection.vendor != "postgresql":
        return timedelta()
    with connection.cursor() as cursor:
        cursor.execute("SELECT clock_timestamp()")
        return as_of - cursor.fetchone()[0]


_clock = SteadyClock()


def clock() -> SteadyClock:
    """Return this process's clock."""
    return _clock
