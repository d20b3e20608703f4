"""Lines of live captions. Nothing here writes."""

import datetime as dt
from collections.abc import Collection

from live.core.wire.captions import MOST_TOLD
from live.models import CaptionLine

SHOWN_LINES = 2
DESK_LINES = 30


def changed_captions(occasion_ids: Collection[int], *, changed_since: dt.datetime) -> dict[int, dict[int, str]]:
    """Return by lecture the lines that were sent or taken away since, in order; "" for those taken away. One query."""
    found: dict[int, dict[int, str]] = {}
    rows = CaptionLine.objects.filter(lecture_id__in=occasion_ids, changed_at__gt=changed_since).order_by("-pk")
    for lecture_id, line, text in reversed(
        rows.values_list("lecture_id", "pk", "text")[: MOST_TOLD * len(occasion_ids)]
    ):
        found.setdefault(lecture_id, {})[line] = text
    return found


def caption_lines(*, occasion_id: int, is_host: bool) -> list[tuple[int, str]]:
    """Return the last lines of a lecture with their numbers, in order: what a page begins with. One query."""
    rows = CaptionLine.objects.filter(lecture_id=occasion_id, dropped_at=None).order_by("-pk")
    return list(reversed(rows.values_list("pk", "text")[: DESK_LINES if is_host else SHOWN_LINES]))
