"""What must happen although nobody asked for it again: the database is the truth, every queue is a hint.

Costs the same after ten years: each question goes by an index to what is open, waits or is marked, and looks no
further back than ``LOOK_BACK`` (``bench/reconcile.py``).
"""

from datetime import datetime, timedelta

import structlog

from attendance.models import Occasion, PresenceSpan
from attendance.operations.catching_up import tell_who_missed
from attendance.operations.occasions import close_occasion, open_occasion
from attendance.operations.rosters import complete_roster, left_undone
from attendance.operations.settling import settle, settle_dirty
from attendance.queries import due_to_open, open_past_end
from attendance.queries.windows import is_by_media, window_limit
from attendance.surviving import survived

log = structlog.get_logger(__name__)

FORGOTTEN_AFTER = timedelta(hours=3)  # a lecture that nobody ended
PATIENCE = timedelta(seconds=60)
LOOK_BACK = timedelta(days=400)


def reconcile(*, as_of: datetime) -> None:
    """Open and close courses at their times, close forgotten lectures, settle what is closed or has changed since, and
    tell who missed it how to catch up.

    Safe to run at any time, twice at once too. What fails at one occasion is logged and counted, and stops no other.
    """
    for occasion in due_to_open(as_of=as_of).filter(starts_at__gt=as_of - LOOK_BACK):
        survived(open_occasion, event="not_reconciled", occasion_id=occasion.pk, as_of=as_of)
    for occasion_id in left_undone(as_of=as_of):
        log.info("roster_again", occasion_id=occasion_id)
        survived(complete_roster, event="not_reconciled", occasion_id=occasion_id)
    for occasion in open_past_end(media_by=as_of, window_by=as_of - FORGOTTEN_AFTER):
        if not is_by_media(occasion) and window_limit(occasion) > as_of - FORGOTTEN_AFTER:
            continue  # it began late, and runs on
        if not PresenceSpan.objects.filter(occasion_id=occasion.pk, ended_at=None).exists():
            survived(close_occasion, event="not_reconciled", occasion_id=occasion.pk, as_of=as_of)
    # A fresh one has its own task under way.
    waiting = Occasion.objects.filter(state=Occasion.State.CLOSED, window_end_at__lte=as_of - PATIENCE)
    for occasion_id in waiting.values_list("pk", flat=True):
        log.info("settling_again", occasion_id=occasion_id)
        survived(settle, event="not_reconciled", occasion_id=occasion_id, as_of=as_of)
    settle_dirty(as_of=as_of)
    tell_who_missed(as_of=as_of)
