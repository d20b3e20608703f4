"""What was recorded of a lecture and what is missing. Nothing here writes."""

import datetime as dt
from dataclasses import dataclass

from django.db.models import Q

from attendance.core.freshness import silent_before
from attendance.core.intervals import Spans, moment_of, ms_of
from attendance.models import Occasion, WorkerLease
from attendance.queries import window_of
from live.core.media.holes import Hole, from_lists, media_position
from live.models import Lecture
from live.queries.nodes import BEATS_EVERY, is_fresh

SHORTEST_PAUSE_MS = 3_000
"""Less is the seam between two segments."""


@dataclass(frozen=True)
class NotRecorded:
    """A stretch of a lecture that was on the air and is not in the recording; ``length_ms`` None: it lasts.

    ``position_ms``: where it is missing in the replay, None while there is none.
    """

    at: dt.datetime
    length_ms: int | None
    because: str
    position_ms: int | None


def not_recorded(lecture: Lecture) -> list[NotRecorded]:
    """Return what is missing of a lecture's recording, in order; no query but for the lecture's occasion."""
    occasion = lecture.occasion
    found = []
    for hole in from_lists(lecture.holes):
        position = None
        if occasion.media_ms and occasion.window_start_at is not None:
            began = ms_of(occasion.window_start_at) - occasion.media_offset_ms
            cuts = [(at, missing) for at, missing in occasion.media_cuts]
            position = media_position(hole.start, began=began, media_ms=occasion.media_ms, cuts=cuts)
        length = None if hole.end is None else hole.end - hole.start
        found.append(NotRecorded(moment_of(hole.start), length, hole.because, position))
    return found


WEB_NOTICED = dt.timedelta(seconds=10)

PICTURE_OUTLIVES = dt.timedelta(seconds=100)
"""So long the engine keeps a picture whose web process has died (its RECLAIM_S, and what it takes to be noticed)."""


def holes_of_web(gaps: Spans, *, as_of: dt.datetime) -> list[Hole]:
    """Return those gaps of a recording, as holes, that began when a web process ended, or as long
    after it as its picture can outlive it: nobody took it over.

    The lecturer's browser stays, and sends its picture again as soon as there is a process to ask; until then it is
    ours. A lecturer who pauses at that very moment cannot be told apart.
    """
    if not gaps:
        return []
    since = moment_of(gaps.items[0].start) - PICTURE_OUTLIVES
    until = moment_of(gaps.items[-1].start) + WEB_NOTICED
    gone = Q(ended_at__range=(since, until)) | Q(
        ended_at=None, beat_at__range=(since, until), beat_at__lt=silent_before(every=BEATS_EVERY, as_of=as_of)
    )
    ends = [ended or beat for ended, beat in WorkerLease.objects.filter(gone).values_list("ended_at", "beat_at")]
    return [
        Hole(gap.start, gap.end, "web")
        for gap in gaps
        if any(-PICTURE_OUTLIVES <= end - moment_of(gap.start) <= WEB_NOTICED for end in ends)
    ]


@dataclass(frozen=True)
class Pauses:
    """What a recording leaves out because the lecturer sent nothing: how often, and how long together."""

    count: int
    length_ms: int


def pauses_of(lecture: Lecture) -> Pauses:
    """Return the pauses of a recorded lecture; neither what is missing nor the time between an end and its undoing."""
    occasion, cut = lecture.occasion, []
    if occasion.window_start_at is None:
        return Pauses(0, 0)
    began = ms_of(occasion.window_start_at) - occasion.media_offset_ms
    for at, missing in occasion.media_cuts:
        cut.append((began + at, began + at + missing))
        began += missing
    holes = Spans.of((hole.start, hole.end) for hole in from_lists(lecture.holes) if hole.end is not None)
    left = Spans.of(cut) - holes - Spans.of((start, end) for start, end in occasion.paused_ms)
    lengths = [span.end - span.start for span in left if span.end - span.start >= SHORTEST_PAUSE_MS]
    return Pauses(len(lengths), sum(lengths))


def is_half_missing(occasion: Occasion, *, as_of: dt.datetime) -> bool:
    """Whether less than half of the window can be watched afterwards: then nobody makes up by the replay alone."""
    window = window_of(occasion, as_of=as_of)
    return window.recorded.total * 2 < window.length


def keeps_from_recording(lecture: Lecture, *, as_of: dt.datetime) -> str:
    """Return why a live lecture is not being recorded now, "" when it is or shall not be."""
    if not lecture.record or lecture.state != Lecture.State.LIVE or lecture.break_at is not None:
        return ""
    node, begun = lecture.media_node, lecture.live_at or as_of
    if begun <= silent_before(every=BEATS_EVERY, as_of=as_of) and (node is None or not is_fresh(node, as_of=as_of)):
        return "agent"
    return next((hole.because for hole in not_recorded(lecture) if hole.length_ms is None), "")
