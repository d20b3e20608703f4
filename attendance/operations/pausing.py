"""A pause in the middle of an occasion: a break that everybody takes. It is nobody's time.

It leaves the window, so nobody gains or loses by it, and the window lasts so much longer (``core.frame``).
"""

from datetime import datetime

import structlog
from django.db import transaction

from attendance.core.intervals import ms_of
from attendance.models import Occasion

log = structlog.get_logger(__name__)


@transaction.atomic
def set_pause(*, occasion_id: int, since: datetime, until: datetime) -> bool:
    """Say that an open occasion pauses from ``since`` to ``until``; the pause that began at ``since`` is replaced.

    ``until`` may lie ahead, and is set anew when it turns out otherwise. False: the occasion is not open, and nothing
    changes. Records need no mark: everybody is judged when the occasion closes.
    """
    occasion = Occasion.objects.select_for_update(no_key=True).get(pk=occasion_id)
    if occasion.state != Occasion.State.OPEN:
        return False
    begin = ms_of(since)
    others = [[start, end] for start, end in occasion.paused_ms if start != begin]
    paused = sorted([*others, [begin, max(begin, ms_of(until))]])
    Occasion.objects.filter(pk=occasion_id).update(paused_ms=paused)
    log.info("occasion_paused", occasion_id=occasion_id, since=since.isoformat(), until=until.isoformat())
    return True
