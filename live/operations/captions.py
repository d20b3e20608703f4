"""Live captions: lines that a host types, shown to the room, and kept with the recording."""

import datetime as dt
import uuid
from functools import partial

from django.db import transaction

from attendance.core.intervals import ms_of
from live import room_events
from live.core.captions import MAX_TEXT, MOST_LINES, cues_of, part_line
from live.models import CaptionLine, Lecture
from live.operations.chat import CHAT_KEPT, PRUNE_AT_MOST, PRUNE_AT_ONCE, clean_text
from media.core.captions import Cue
from media.models import Captions
from media.operations import keep_captions
from media.queries import captions_of


class UnableToCaption(Exception):
    """``code``: "empty", "too_long", "closed", "many" (lines of one lecture) or "gone" (no such line)."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


@transaction.atomic
def caption(*, occasion_id: int, author_id: int, client_id: str, text: str, as_of: dt.datetime) -> int:
    """Show a line to a live room, a long one in parts, once for each ``client_id`` of its author.

    Returns the number of its first part. Raises UnableToCaption.
    """
    words = clean_text(text)
    if not words or len(words) > MAX_TEXT:
        raise UnableToCaption("too_long" if words else "empty")
    # Who ends the lecture, and who sends the same line from another socket, waits for us or we for them.
    lecture = Lecture.objects.select_for_update(no_key=True).get(pk=occasion_id)
    own = CaptionLine.objects.filter(author_id=author_id, client_id=client_id)
    known = own.order_by("place").values_list("pk", flat=True).first()
    if known is not None:
        return known
    if lecture.state != Lecture.State.LIVE:
        raise UnableToCaption("closed")
    parts = part_line(words)
    if CaptionLine.objects.filter(lecture_id=occasion_id).count() + len(parts) > MOST_LINES:
        raise UnableToCaption("many")
    facts = {"lecture_id": occasion_id, "author_id": author_id, "client_id": client_id}
    rows = CaptionLine.objects.bulk_create(
        [CaptionLine(**facts, place=place, text=part, at=as_of, changed_at=as_of) for place, part in enumerate(parts)]
    )
    event = {"t": "captions", "lines": [row.pk for row in rows], "texts": parts}
    transaction.on_commit(partial(room_events.publish, occasion_id, event))
    return rows[0].pk


@transaction.atomic
def drop_caption(*, occasion_id: int, line_id: int, as_of: dt.datetime) -> None:
    """Take a line away from the room and the replay; its words are not kept. Raises UnableToCaption."""
    Lecture.objects.select_for_update(no_key=True).get(pk=occasion_id)
    here = CaptionLine.objects.filter(pk=line_id, lecture_id=occasion_id, dropped_at=None)
    if not here.update(text="", dropped_at=as_of, changed_at=as_of):
        raise UnableToCaption("gone")
    write_captions(occasion_id=occasion_id, as_of=as_of)
    event = {"t": "caption_dropped", "line": line_id}
    transaction.on_commit(partial(room_events.publish, occasion_id, event, flush=True))


@transaction.atomic
def write_captions(*, occasion_id: int, as_of: dt.datetime) -> None:
    """Give the recording of a lecture, where there is one, its live captions; uploaded ones stay.

    So do those whose lines may be deleted by now.
    """
    lecture = Lecture.objects.select_related("occasion", "recording").get(pk=occasion_id)
    occasion, video = lecture.occasion, lecture.recording
    if video is None or occasion.window_start_at is None or not occasion.media_ms:
        return
    if occasion.window_start_at < as_of - CHAT_KEPT:
        return
    before = captions_of(video.pk)
    if before is not None and before.origin != Captions.Origin.LIVE:
        return
    rows = CaptionLine.objects.filter(lecture_id=occasion_id, dropped_at=None).order_by("at", "pk")
    found = cues_of(
        [(ms_of(at), text) for at, text in rows.values_list("at", "text")],
        began=ms_of(occasion.window_start_at) - occasion.media_offset_ms,
        media_ms=occasion.media_ms,
        cuts=[(at, missing) for at, missing in occasion.media_cuts],
    )
    shift_ms = before.shift_ms if before else 0
    cues = [Cue(*cue) for cue in found]
    keep_captions(video_id=video.pk, cues=cues, origin=Captions.Origin.LIVE, as_of=as_of, shift_ms=shift_ms)


def carry_captions(*, earlier_id: uuid.UUID, video_id: uuid.UUID, as_of: dt.datetime) -> None:
    """A better recording has taken the earlier one's place: what was uploaded for that one is this one's too."""
    kept = captions_of(earlier_id)
    if kept is None or kept.origin != Captions.Origin.FILE:
        return
    keep_captions(
        video_id=video_id,
        cues=[Cue(*cue) for cue in kept.cues],
        origin=kept.origin,
        name=kept.source_name,
        actor_id=kept.changed_by_id,
        shift_ms=kept.shift_ms,
        as_of=as_of,
    )


def delete_old_captions(*, as_of: dt.datetime) -> int:
    """Delete lines as old as chat may be, the oldest first; the captions of recordings stay. Returns how many went.

    At most ``PRUNE_AT_MOST`` a call, in steps that each hold few rows.
    """
    deleted = 0
    while deleted < PRUNE_AT_MOST:
        old = CaptionLine.objects.filter(at__lt=as_of - CHAT_KEPT).order_by("at")
        keys = list(old.values_list("pk", flat=True)[:PRUNE_AT_ONCE])
        if keys:
            deleted += CaptionLine.objects.filter(pk__in=keys).delete()[0]
        if len(keys) < PRUNE_AT_ONCE:
            break
    return deleted
