"""Who sits in a meeting and waits before it, and what is noted. Nothing here writes."""

import datetime as dt
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from typing import Any

from django.db.models import Count, Exists, Max, OuterRef, Q, Sum

from attendance.core.intervals import ms_of
from live.core.wire import protocol
from live.core.wire.meeting import MOST_NOTES, MOST_SEATS, WaitingEvent
from live.models import Lecture, MeetingNote, RecordingTurn, Restriction, Seat
from live.queries.stage import units

NOBODY = (0, 0, 0, 0, 0)
NOTHING = (0, None)


@dataclass(frozen=True, slots=True)
class Digest:
    """By what is seen once a second that a meeting has changed, for all meetings in two queries.

    ``seats``, ``waiting``: how many, and sums of the persons' keys: of all, and of whose microphone is on, whose camera
    is, who has the floor; ``notes``: how many, and when the last was written; ``recorded``: Unix ms since when the
    meeting is recorded.
    """

    lobby: bool = False
    seats: tuple[int, ...] = NOBODY
    waiting: tuple[int, ...] = NOBODY
    notes: tuple[int, dt.datetime | None] = NOTHING
    recorded: int | None = None


def digest_of(sitting: Iterable[protocol.Sitting]) -> tuple[int, ...]:
    """Return the same of what a room was told."""
    found = list(sitting)
    told = ([True] * len(found), [one.mic for one in found], [one.cam for one in found], [one.floor for one in found])
    return (len(found), *(sum(one.member for one, is_on in zip(found, flags, strict=True) if is_on) for flags in told))


def digests(lobbies: dict[int, bool]) -> dict[int, Digest]:
    """Return how each of these meetings stands, of which is known whether it has a lobby; three queries."""
    if not lobbies:
        return {}
    flags = {"all": Q(), "mic": Q(mic=True), "cam": Q(cam=True), "floor": Q(has_floor=True)}
    sums = {name: Sum("member_id", filter=flag, default=0) for name, flag in flags.items()}
    rows: Any = (
        Seat.objects.filter(lecture_id__in=lobbies).values("lecture_id", "waits").annotate(n=Count("pk"), **sums)
    )
    sitting = {(row["lecture_id"], row["waits"]): (row["n"], *(row[name] for name in flags)) for row in rows}
    written = MeetingNote.objects.filter(lecture_id__in=lobbies).values("lecture_id")
    noted = {
        pk: (many, last)
        for pk, many, last in written.annotate(n=Count("pk"), last=Max("written_at")).values_list(
            "lecture_id", "n", "last"
        )
    }
    turns = RecordingTurn.objects.filter(lecture_id__in=lobbies, ended_at=None)
    recorded = {pk: ms_of(at) for pk, at in turns.values_list("lecture_id", "began_at")}
    return {
        pk: Digest(
            lobby,
            sitting.get((pk, False), NOBODY),
            sitting.get((pk, True), NOBODY),
            noted.get(pk, NOTHING),
            recorded.get(pk),
        )
        for pk, lobby in lobbies.items()
    }


def recorded_since(occasion_id: int) -> int | None:
    """Return since when a meeting is recorded, Unix milliseconds; None: it is not. One query."""
    turns = RecordingTurn.objects.filter(lecture_id=occasion_id, ended_at=None)
    at = turns.values_list("began_at", flat=True).first()
    return None if at is None else ms_of(at)


def recording_turns(occasion_id: int) -> list[RecordingTurn]:
    """Return when a meeting was recorded and who switched it on, in order; one query."""
    turns = RecordingTurn.objects.filter(lecture_id=occasion_id).select_related("began_by", "ended_by")
    return list(turns.order_by("began_at", "pk"))


def appearing(occasion_ids: Collection[int]) -> set[tuple[int, int]]:
    """Return who may be seen and heard in which of these meetings now, as ``(lecture, person)``; one query."""
    held = Restriction.objects.filter(
        lecture_id=OuterRef("lecture_id"), member_id=OuterRef("member_id"), lifted_at=None
    )
    live = Seat.objects.filter(
        ~Exists(held), lecture__state=Lecture.State.LIVE, lecture_id__in=occasion_ids, waits=False
    )
    return set(live.values_list("lecture_id", "member_id"))


def seats(occasion_id: int) -> list[protocol.Sitting]:
    """Return who is in a meeting, in the order in which they came; two queries, one where nobody is."""
    return _sitting(occasion_id, waits=False)


def waiting(occasion_id: int) -> WaitingEvent:
    """Return what hosts are told of the lobby; three queries, two where nobody waits."""
    is_open = Lecture.objects.filter(pk=occasion_id).values_list("has_lobby", flat=True).first()
    return WaitingEvent(lobby=bool(is_open), waiting=_sitting(occasion_id, waits=True))


def notes(occasion_id: int) -> list[protocol.Note]:
    """Return the agenda, then the decisions, as they were written; one query."""
    rows = MeetingNote.objects.filter(lecture_id=occasion_id).order_by("kind", "pk")[: 2 * MOST_NOTES]
    return [protocol.Note(row.key, row.kind, row.title, row.text) for row in rows]  # type: ignore[arg-type]


def _sitting(occasion_id: int, *, waits: bool) -> list[protocol.Sitting]:
    rows = Seat.objects.filter(lecture_id=occasion_id, waits=waits).select_related("member").order_by("came_at", "pk")
    found = list(rows[:MOST_SEATS])
    theirs = units({row.member_id for row in found}) if found else {}
    return [
        protocol.Sitting(
            member=row.member_id,
            name=row.member.name,
            unit=theirs.get(row.member_id, ""),
            mic=row.mic,
            cam=row.cam,
            floor=row.has_floor,
        )
        for row in found
    ]
