"""What a course consisted of before it was changed: who had finished it by then stays finished."""

from collections.abc import Mapping

import structlog
from django.db import transaction
from django.db.models import Max

from attendance.core.intervals import ms_of
from attendance.models import Occasion, WatchSession
from attendance.operations.marks import mark_dirty

log = structlog.get_logger(__name__)

CHUNK = 500


@transaction.atomic
def keep_earlier_items(*, occasion_id: int, items: Mapping[str, int]) -> bool:
    """Keep an occasion's pieces of media as they are, for whatever was received so far; ``items`` take their place.

    Whoever watched anything is marked, to be judged by the new ones. False where nothing changes, or nobody has watched
    and so nobody can have finished.
    """
    occasion = Occasion.objects.select_for_update(no_key=True).get(pk=occasion_id)
    watched = WatchSession.objects.filter(occasion_id=occasion_id, reports__gt=0)
    last_at = watched.aggregate(last_at=Max("last_at"))["last_at"]
    if occasion.media_items is None or occasion.media_items == dict(items) or last_at is None:
        return False
    if occasion.media_items:  # nobody finished what was nothing
        known = [entry for entry in occasion.media_history if entry[1] != occasion.media_items]
        occasion.media_history = [*known, [ms_of(last_at), occasion.media_items]]
        occasion.save(update_fields=["media_history"])
    members = list(watched.order_by("member_id").values_list("member_id", flat=True).distinct())
    for first in range(0, len(members), CHUNK):
        mark_dirty(occasion_id=occasion_id, member_ids=members[first : first + CHUNK], as_of=last_at)
    log.info("course_items_kept", occasion_id=occasion_id, pieces=len(occasion.media_items), watched_by=len(members))
    return True
