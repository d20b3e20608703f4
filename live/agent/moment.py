"""The moment by the clock that all hosts share, the database's (ADR 102).

A media host's own clock may be wrong by an hour: what it writes down about a lecture (segments, holes, beats) is
compared with what other hosts wrote, and with when people were there.
"""

import time
from datetime import datetime, timedelta

from django.utils import timezone

from attendance.clock import SLACK, ahead_of_database

BELIEVED_S = 1.0


class Shared:
    """``ahead``: how far this host's clock is ahead of the database's, as measured last; nothing until then."""

    def __init__(self) -> None:
        self.ahead = timedelta()
        self._is_known = False

    def measure(self) -> None:
        """Ask the database for its clock. A question that took long tells nothing: it would be taken for a wrong clock.

        Raises DatabaseError.
        """
        asked = time.monotonic()
        ahead = ahead_of_database(as_of=timezone.now())
        took = time.monotonic() - asked
        if took < BELIEVED_S or not self._is_known:
            self.ahead, self._is_known = ahead + timedelta(seconds=took / 2), True

    def now(self) -> datetime:
        """Return the moment. Within a second the host's own clock is as good, and does not move with each question."""
        return timezone.now() - (self.ahead if abs(self.ahead) > SLACK else timedelta())


_shared = Shared()


def shared() -> Shared:
    """Return this process's."""
    return _shared


def now() -> datetime:
    """Return the moment by the clock that all hosts share."""
    return _shared.now()
