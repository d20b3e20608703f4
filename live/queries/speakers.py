"""Who is on the stage of a lecture, or asked up. Nothing here writes."""

from collections import defaultdict
from collections.abc import Collection
from typing import NamedTuple

from live.core.wire import protocol
from live.models import Speaker
from live.queries import stage


class Standing(NamedTuple):
    """One of the stage, for comparison: whether they have come, and what they send."""

    member: int
    on: bool
    sound: bool
    picture: bool
    shown: bool


OnStage = tuple[tuple[Standing, str], ...]
"""Of each: how they stand, and the device by which they speak; as they were invited."""


def stage_of(occasion_ids: Collection[int]) -> dict[int, OnStage]:
    """Return who is on the stage or asked up, by lecture; one query."""
    found: dict[int, list[tuple[Standing, str]]] = defaultdict(list)
    for row in Speaker.objects.filter(lecture_id__in=occasion_ids).order_by("pk"):
        found[row.lecture_id].append((_standing(row), row.device))
    return {lecture_id: tuple(theirs) for lecture_id, theirs in found.items()}


def _standing(row: Speaker) -> Standing:
    on = row.came_at is not None
    return Standing(row.member_id, on, not row.is_muted, row.has_picture, row.shown_at is not None)


def speakers(occasion_id: int) -> list[protocol.OnStage]:
    """Return what a room is told of its stage; two queries, one where it is empty."""
    rows = list(Speaker.objects.filter(lecture_id=occasion_id).select_related("member").order_by("pk"))
    units = stage.units({row.member_id for row in rows}) if rows else {}
    return [
        protocol.OnStage(
            member=row.member_id,
            name=row.member.name,
            unit=units.get(row.member_id, ""),
            on=one.on,
            sound=one.sound,
            picture=one.picture,
            shown=one.shown,
        )
        for row, one in [(row, _standing(row)) for row in rows]
    ]


def is_speaking(*, occasion_id: int, member_id: int) -> bool:
    """Return whether this person is on the stage."""
    return Speaker.objects.filter(lecture_id=occasion_id, member_id=member_id, came_at__isnull=False).exists()


def speaking(occasion_ids: Collection[int]) -> set[tuple[int, int]]:
    """Return who is on the stage of which of these lectures, as ``(lecture, person)``; one query."""
    rows = Speaker.objects.filter(lecture_id__in=occasion_ids, came_at__isnull=False)
    return set(rows.values_list("lecture_id", "member_id"))
