"""What must happen although nobody asked for it again: the database is the truth, every queue is a hint."""

from datetime import datetime, timedelta

import structlog

from attendance.models import Occasion, PresenceSpan
from attendance.operations.occasions import close_occasion, open_occasion
from attendance.operations.settling import settle, settle_dirty
from attendance.queries import due_to_open, open_past_end

log = structlog.get_logger(__name__)

FORGOTTEN_AFTER = timedelta(hours=3)  # a lecture that nobody ended
PATIENCE = timedelta(seconds=60)


def reconcile(*, as_of: datetime) -> None:
    """Open and close courses at their times, close forgotten lectures, settle what is closed or has changed since.

    Safe to run at any time, twice at once too.
    """
    for occasion in due_to_open(as_of=as_of):
        open_occasion(occasion_id=occasion.pk, as_of=as_of)
    for occasion in open_past_end(media_by=as_of, window_by=as_of - FORGOTTEN_AFTER):
        if not PresenceSpan.objects.filter(occasion_id=occasion.pk, ended_at=None).exists():
            close_occasion(occasion_id=occasion.pk, as_of=as_of)
    # A fresh one has its own task under way.
    waiting = Occasion.objects.filter(state=Occasion.State.CLOSED, window_end_at__lte=as_of - PATIENCE)
    for occasion_id in waiting.values_list("pk", flat=True):
        log.info("settling_again", occasion_id=occasion_id)
        settle(occasion_id=occasion_id, as_of=as_of)
    settle_dirty(as_of=as_of)
