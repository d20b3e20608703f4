"""The window of an occasion as its row says: when it ends at the latest, whether it was held, until when undone."""

from collections.abc import Iterable
from datetime import date, datetime, timedelta

from django.utils import timezone

from attendance.core import frame
from attendance.core.intervals import moment_of, ms_of
from attendance.models import Occasion, Rule

UNDO_FOR = timedelta(minutes=10)
ENDED = frozenset({Occasion.State.CLOSED, Occasion.State.SETTLED, Occasion.State.NOT_HELD})
HELD = frozenset({Occasion.State.CLOSED, Occasion.State.SETTLED})


def is_by_media(occasion: Occasion) -> bool:
    """Whether an opened occasion is counted by its media (a course) and not by its window."""
    return (occasion.rule_stamp or {}).get("basis") == Rule.Basis.MEDIA


def window_limit(occasion: Occasion) -> datetime:
    """Return when the window ends at the latest: as long after its start as was planned, pauses not counted.

    The same before and after the planned end. A course ends on its day, whenever it opened.
    """
    start = occasion.window_start_at or occasion.starts_at
    if is_by_media(occasion) and start < occasion.ends_at:
        return occasion.ends_at
    return moment_of(
        frame.latest_end(start=ms_of(start), planned=_planned_ms(occasion), paused=_pairs(occasion.paused_ms))
    )


def is_held(occasion: Occasion, *, end: datetime) -> bool:
    """Whether a window that ends at ``end`` was held (``core.frame.was_held``). A course always is."""
    if is_by_media(occasion):
        return True
    start = ms_of(occasion.window_start_at or occasion.starts_at)
    left_out = [*_pairs(occasion.paused_ms), *_pairs(occasion.away_ms)]
    net = frame.net_length(start=start, end=ms_of(end), left_out=left_out)
    return frame.was_held(net=net, planned=_planned_ms(occasion))


def undone_until(occasion: Occasion) -> datetime | None:
    """Return until when the ending of an occasion can be undone; None where there is nothing to undo."""
    if occasion.state not in ENDED or occasion.closed_at is None or is_by_media(occasion):
        return None
    return occasion.closed_at + UNDO_FOR


def resumed_at(occasion: Occasion) -> datetime | None:
    """Return when an ending was last undone, or the last break ends."""
    return moment_of(max(end for _start, end in _pairs(occasion.paused_ms))) if occasion.paused_ms else None


def roster_day(occasion: Occasion, *, as_of: datetime) -> date:
    """Return the day whose memberships make the roster: that of the window's start, or of the start to be expected."""
    return timezone.localdate(occasion.window_start_at or max(occasion.starts_at, as_of))


def _planned_ms(occasion: Occasion) -> int:
    return ms_of(occasion.ends_at) - ms_of(occasion.starts_at)


def _pairs(rows: Iterable[tuple[int, int]]) -> list[tuple[int, int]]:
    return [(start, end) for start, end in rows]
