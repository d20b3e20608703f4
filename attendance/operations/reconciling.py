"""What must happen although nobody asked for it again: the database is the truth, every queue is a hint."""

from datetime import datetime, timedelta

import structlog

from attendance.models import Occasion, PresenceSpan
from attendance.operations.occasions import close_occasion, open_occasion
from attendance.operations.settling import settle
from attendance.operations.watch import watched_since_judged
from attendance.queries import due_to_open, open_past_end
from attendance.windows import is_by_media, window_limit

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
        if not is_by_media(occasion) and window_limit(occasion) > as_of - FORGOTTEN_AFTER:
            continue  # it began late, and runs on
        if not PresenceSpan.objects.filter(occasion_id=occasion.pk, ended_at=None).exists():
            close_occasion(occasion_id=occasion.pk, as_of=as_of)
    # A fresh one has its own task under way.
    waiting = Occasion.objects.filter(state=Occasion.State.CLOSED, window_end_at__lte=as_of - PATIENCE)
    for occasion_id in waiting.values_list("pk", flat=True):
        log.info("settling_again", occasion_id=occasion_id)
        settle(occasion_id=occasion_id, as_of=as_of)
    by_occasion: dict[int, list[int]] = {}
    for occasion_id, member_id in watched_since_judged(as_of=as_of):
        by_occasion.setdefault(occasion_id, []).append(member_id)
    for occasion_id, member_ids in by_occasion.items():
        settle(occasion_id=occasion_id, member_ids=member_ids, as_of=as_of)
