"""Further sessions of an occasion, for those who missed it (ADR 44). Nothing here writes."""

from collections import defaultdict
from collections.abc import Collection, Iterable
from datetime import datetime

from attendance.core.intervals import ms_of
from attendance.models import Occasion, Record, RecordState, RosterEntry, Training

TOOK_PART = (RecordState.ATTENDED, RecordState.MADE_UP)
JUDGED = (Occasion.State.CLOSED, Occasion.State.SETTLED)
AHEAD = (Occasion.State.SCHEDULED, Occasion.State.OPEN)


def sessions_ahead(occasions: Iterable[Occasion], *, as_of: datetime) -> dict[int, list[Occasion]]:
    """Return the further sessions of these occasions that are still to come or go on, the next first.

    One query; none where nothing was ever held again.
    """
    repeated = [one.pk for one in occasions if one.is_repeated]
    found: defaultdict[int, list[Occasion]] = defaultdict(list)
    if repeated:
        ahead = Occasion.objects.filter(repeats_id__in=repeated, state__in=AHEAD, ends_at__gt=as_of)
        ahead = ahead.exclude(training__state=Training.State.DRAFT)
        for one in ahead.select_related("rule").order_by("starts_at", "pk"):
            found[one.repeats_id or 0].append(one)
    return found


def sessions_planned(occasion: Occasion) -> list[Occasion]:
    """Return the further sessions of an occasion that were not called off, the first first. No query where none was."""
    if not occasion.is_repeated:
        return []
    return list(occasion.sessions.filter(state__in=(*AHEAD, *JUDGED)).order_by("starts_at", "pk"))


def session_number(occasion: Occasion) -> int:
    """Return the how-manieth a further session would be that is planned of an occasion, or of what it repeats, now."""
    stands = Occasion.objects.filter(repeats_id=occasion.repeats_id or occasion.pk, state__in=(*AHEAD, *JUDGED))
    return stands.count() + 2


def taken_part_again(occasion: Occasion, member_ids: Collection[int]) -> dict[int, int]:
    """Return when the further session began (ms since 1970) in which each of these members took part; of several the
    first. One query where there may be any, else none."""
    if not occasion.is_repeated:
        return {}
    rows = Record.objects.filter(
        occasion__repeats_id=occasion.pk, occasion__state__in=JUDGED, member_id__in=member_ids, stands__in=TOOK_PART
    ).order_by("-occasion__starts_at", "-occasion_id")
    return {
        member_id: ms_of(window or planned)
        for member_id, window, planned in rows.values_list(
            "member_id", "occasion__window_start_at", "occasion__starts_at"
        )
    }


def is_on_first(occasion: Occasion, member_ids: Collection[int]) -> set[int]:
    """Return who of these stands on the roster of the occasion that this one repeats: they may come, too."""
    if occasion.repeats_id is None:
        return set()
    rows = RosterEntry.objects.filter(occasion_id=occasion.repeats_id, member_id__in=member_ids)
    return set(rows.values_list("member_id", flat=True))
