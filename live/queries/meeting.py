"""Who sits in a meeting and waits before it, and what is noted. Nothing here writes."""

from live.core.wire import protocol
from live.core.wire.meeting import MOST_NOTES, MOST_SEATS, WaitingEvent
from live.models import Lecture, MeetingNote, Seat
from live.queries.stage import units


def seats(occasion_id: int) -> list[protocol.Sitting]:
    """Return who is in a meeting, in the order in which they came; two queries, one where nobody is."""
    return _sitting(occasion_id, waits=False)


def waiting(occasion_id: int) -> WaitingEvent:
    """Return what hosts are told of the lobby; three queries, two where nobody waits."""
    is_open = Lecture.objects.filter(pk=occasion_id).values_list("has_lobby", flat=True).first()
    return WaitingEvent(lobby=bool(is_open), waiting=_sitting(occasion_id, waits=True))


def notes(occasion_id: int) -> list[protocol.Note]:
    """Return the agenda, then the decisions, as they were written; one query."""
    rows = MeetingNote.objects.filter(lecture_id=occasion_id).order_by("kind", "pk")[:MOST_NOTES]
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
