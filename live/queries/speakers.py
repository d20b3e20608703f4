"""Who is on the stage of a lecture, or asked up. Nothing here writes."""

from collections import defaultdict
from collections.abc import Collection

from live.core.wire import protocol
from live.models import Speaker
from live.queries import stage

OnStage = tuple[tuple[int, bool, str], ...]
"""Of each: the person, whether they have come, and the device by which they speak; as they were invited."""


def stage_of(occasion_ids: Collection[int]) -> dict[int, OnStage]:
    """Return who is on the stage or asked up, by lecture; one query."""
    found: dict[int, list[tuple[int, bool, str]]] = defaultdict(list)
    rows = Speaker.objects.filter(lecture_id__in=occasion_ids).order_by("pk")
    for lecture_id, member_id, came_at, device in rows.values_list("lecture_id", "member_id", "came_at", "device"):
        found[lecture_id].append((member_id, came_at is not None, device))
    return {lecture_id: tuple(theirs) for lecture_id, theirs in found.items()}


def speakers(occasion_id: int) -> list[protocol.OnStage]:
    """Return what a room is told of its stage; two queries, one where it is empty."""
    rows = list(Speaker.objects.filter(lecture_id=occasion_id).select_related("member").order_by("pk"))
    units = stage.units({row.member_id for row in rows}) if rows else {}
    return [
        protocol.OnStage(
            member=row.member_id,
            name=row.member.name,
            unit=units.get(row.member_id, ""),
            on=row.came_at is not None,
        )
        for row in rows
    ]


def is_speaking(*, occasion_id: int, member_id: int) -> bool:
    """Return whether this person is on the stage."""
    return Speaker.objects.filter(lecture_id=occasion_id, member_id=member_id, came_at__isnull=False).exists()


def speaking(occasion_ids: Collection[int]) -> set[tuple[int, int]]:
    """Return who is on the stage of which of these lectures, as ``(lecture, person)``; one query."""
    rows = Speaker.objects.filter(lecture_id__in=occasion_ids, came_at__isnull=False)
    return set(rows.values_list("lecture_id", "member_id"))
