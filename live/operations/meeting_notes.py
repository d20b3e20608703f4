"""What is noted in a meeting while all look on: the agenda, what was said about it, decisions; then its minutes."""

import datetime as dt
from collections.abc import Sequence
from contextlib import suppress

from django.db import transaction
from django.utils.translation import gettext as _

from attendance.core.intervals import ms_of
from attendance.core.text import storable
from live import room_events
from live.core.minutes import Noted, merged
from live.core.wire import protocol
from live.core.wire.meeting import MOST_NOTES, NotesEvent
from live.models import Lecture, MeetingNote
from live.queries.meeting import notes
from meetings.models import Meeting, Minutes
from meetings.operations import MOST_STUDIED, UnableToWriteMinutes, book_mark, write_minutes

MOST_TITLE = 100


class UnableToNote(Exception):
    """``code``: "empty" (no title), "too_many", "too_long" (the agenda) or "state" (no meeting, or it is over)."""

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
    others = list(MeetingNote.objects.filter(lecture_id=occasion_id, kind=kind).exclude(key=key))
    if len(others) >= MOST_NOTES:
        raise UnableToNote("too_many")
    new = MeetingNote(kind=kind, title=title, text=text)
    # What the minutes have no room for would be cut off without a word.
    if kind == MeetingNote.Kind.AGENDA and len(_studied([*others, new])) > MOST_STUDIED:
        raise UnableToNote("too_long")
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
            lecture_id=occasion_id, key=f"plan-{number}", kind=MeetingNote.Kind.AGENDA,
            title=item[:MOST_TITLE], text=item[MOST_TITLE:], written_by_id=actor_id, written_at=as_of,
        )
        for number, item in enumerate(items[:MOST_NOTES])
    )  # fmt: skip
    _tell(occasion_id)


def keep_minutes(*, occasion_id: int, actor_id: int, as_of: dt.datetime) -> None:
    """Put what was noted into the book's minutes, as a new version; not where it stands there already.

    Signed by who noted something last, else by ``actor_id``: who planned a meeting need not have been at it. After an
    end that was undone, what changed since: what somebody wrote by hand meanwhile stays.
    """
    meeting = Meeting.objects.select_related("occasion").filter(pk=occasion_id).first()
    if meeting is None:
        return
    versions = list(meeting.minutes.order_by("number"))
    undone = {start for start, _end in meeting.occasion.paused_ms}
    before = next((_noted(one) for one in reversed(versions) if ms_of(one.written_at) in undone), Noted())
    now = _now_noted(occasion_id)
    if now == before:
        return
    writers = MeetingNote.objects.filter(lecture_id=occasion_id).order_by("-written_at", "-pk")
    writer_id = writers.values_list("written_by_id", flat=True).first() or actor_id
    kept = merged(before=before, now=now, written=_noted(versions[-1]) if versions else Noted())
    studied = _("没有记下讨论的内容和决定。") if kept.is_empty else kept.studied
    with suppress(UnableToWriteMinutes):  # it was declared void in this moment: nothing is written any more
        write_minutes(
            occasion_id=occasion_id, studied=studied, decisions=kept.decisions,
            place=meeting.place, chair=meeting.chair, recorder=meeting.recorder,
            seen=versions[-1].number if versions else 0, seen_book=book_mark(meeting), actor_id=writer_id, as_of=as_of,
        )  # fmt: skip


def _now_noted(occasion_id: int) -> Noted:
    rows = list(MeetingNote.objects.filter(lecture_id=occasion_id).order_by("kind", "pk"))
    decisions = tuple((row.title, row.text) for row in rows if row.kind == MeetingNote.Kind.DECISION)
    return Noted(_studied([row for row in rows if row.kind == MeetingNote.Kind.AGENDA]), decisions)


def _noted(version: Minutes) -> Noted:
    return Noted(version.studied, tuple((title, text) for title, text in version.decisions))


def _studied(agenda: Sequence[MeetingNote]) -> str:
    """The agenda as the minutes have it."""
    return "\n".join(f"{number}. {row.title}\n{row.text}".strip() for number, row in enumerate(agenda, 1))


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
