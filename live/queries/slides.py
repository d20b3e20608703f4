"""The slides of lectures: for hosts, for rooms, for replays. Nothing here writes."""

from dataclasses import dataclass

from django.db.models import QuerySet

from attendance.core.intervals import ms_of
from live.core import slides as core
from live.models import Lecture, SlideDeck, SlideTurn


def decks_of(occasion_id: int) -> QuerySet[SlideDeck]:
    """Return the decks of a lecture that were not taken away, in the order in which they came."""
    return SlideDeck.objects.filter(lecture_id=occasion_id, removed_at=None).order_by("pk")


@dataclass(frozen=True)
class ReplaySlides:
    """Slides of a recording: which page from when on, and the chapters."""

    steps: list[core.Step]
    chapters: list[core.Chapter]


def replay_slides(lecture: Lecture) -> ReplaySlides:
    """Return the slides of a recorded lecture in step with its recording; at most two queries."""
    occasion = lecture.occasion
    if lecture.slide_id is None or not occasion.media_ms or occasion.window_start_at is None:
        return ReplaySlides([], [])
    rows = SlideTurn.objects.filter(lecture=lecture).order_by("pk").values_list("at", "deck__key", "page")
    steps = core.in_step(
        [core.Turn(ms_of(at), key or "", page) for at, key, page in rows],
        began=ms_of(occasion.window_start_at) - occasion.media_offset_ms,
        media_ms=occasion.media_ms,
        cuts=[(at, missing) for at, missing in occasion.media_cuts],
    )
    outlines = SlideDeck.objects.filter(lecture=lecture).values_list("key", "titles")
    titles = {(key, int(page)): title for key, outline in outlines for page, title in outline.items()}
    return ReplaySlides(steps, core.chapters(steps, media_ms=occasion.media_ms, titles=titles))
