"""What is noted in a meeting while all look on: the agenda, what was said about it, decisions; then its minutes."""

import datetime as dt
from collections.abc import Sequence
from contextlib import suppress

from django.db import transaction

from attendance.core.text import storable
from live import room_events
from live.core.wire import protocol
from live.core.wire.meeting import MOST_NOTES, NotesEvent
from live.models import Lecture, MeetingNote
from live.queries.meeting import notes
from meetings.models import Meeting
from meetings.operations import UnableToWriteMinutes, book_mark, write_minutes

MOST_TITLE = 100


class UnableToNote(Exception):
    """``code``: "empty" (no title), "too_many" or "state" (no meeting, or it is over)."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


@transaction.atomic
def write_note(
    *, occasion_id: int, key: str, kind: str, title: str, text: str, actor_id: int, as_of: dt.datetime
) -> None:
    """Write an item of the agenda or a decision, or write it anew. Raises UnableToNote."""
    title, text = " ".join(storable(title).split()), storable(text).strip()
    if not title:
        raise UnableToNote("empty")
    _hold(occasion_id)
    theirs = MeetingNote.objects.filter(lecture_id=occasion_id)
    if not theirs.filter(key=key).exists() and theirs.count() >= MOST_NOTES:
        raise UnableToNote("too_many")
    said = {"kind": kind, "title": title, "text": text, "written_by_id": actor_id, "written_at": as_of}
    MeetingNote.objects.update_or_create(lecture_id=occasion_id, key=key, defaults=said)
    _tell(occasion_id)


@transaction.atomic
def drop_note(*, occasion_id: int, key: str) -> None:
    """Take a note off. Raises UnableToNote where the meeting is over."""
    _hold(occasion_id)
    MeetingNote.objects.filter(lecture_id=occasion_id, key=key).delete()
    _tell(occasion_id)


@transaction.atomic
def plan_agenda(*, occasion_id: int, items: Sequence[str], actor_id: int, as_of: dt.datetime) -> None:
    """Let the agenda be these items, as they were planned; decisions stay."""
    MeetingNote.objects.filter(lecture_id=occasion_id, kind=MeetingNote.Kind.AGENDA).delete()
    MeetingNote.objects.bulk_create(
        MeetingNote(
            lecture_id=occasion_id, key=f"plan-{number}", kind=MeetingNote.Kind.AGENDA, title=item[:MOST_TITLE],
            written_by_id=actor_id, written_at=as_of,
        )
        for number, item in enumerate(items[:MOST_NOTES])
    )  # fmt: skip
    _tell(occasion_id)


def keep_minutes(*, occasion_id: int, actor_id: int, as_of: dt.datetime) -> None:
    """Put what was noted into the book's minutes, as a new version; not where it stands there already."""
    meeting = Meeting.objects.filter(pk=occasion_id).first()
    rows = list(MeetingNote.objects.filter(lecture_id=occasion_id).order_by("kind", "pk"))
    if meeting is None or not rows:
        return
    last = meeting.minutes.order_by("-number").first()
    if last is not None and max(row.written_at for row in rows) <= last.written_at:
        return  # nothing was noted since; what somebody wrote by hand stays
    agenda = [row for row in rows if row.kind == MeetingNote.Kind.AGENDA]
    studied = [f"{number}. {row.title}\n{row.text}".strip() for number, row in enumerate(agenda, 1)]
    with suppress(UnableToWriteMinutes):  # it was declared void in this moment: nothing is written any more
        write_minutes(
            occasion_id=occasion_id, studied="\n".join(studied),
            decisions=[(row.title, row.text) for row in rows if row.kind == MeetingNote.Kind.DECISION],
            place=meeting.place, chair=meeting.chair, recorder=meeting.recorder,
            seen=last.number if last else 0, seen_book=book_mark(meeting), actor_id=actor_id, as_of=as_of,
        )  # fmt: skip


def _hold(occasion_id: int) -> None:
    """No end comes between: what is noted is in the minutes."""
    open_states = [Lecture.State.SCHEDULED, Lecture.State.LIVE]
    held = Lecture.objects.select_for_update(no_key=True).filter(pk=occasion_id, kind=Lecture.Kind.MEETING)
    if not held.filter(state__in=open_states).exists():
        raise UnableToNote("state")


def _tell(occasion_id: int) -> None:
    def tell() -> None:
        room_events.publish(occasion_id, protocol.as_data(NotesEvent(notes=notes(occasion_id))), flush=True)

    transaction.on_commit(tell)
