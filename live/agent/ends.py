"""What an agent knows of a lecture besides its media: earlier holes, when nothing was on the air, the handing over."""

from itertools import zip_longest

from attendance.core.intervals import Spans, ms_of
from live.agent import moment
from live.agent.carrier import Carrier
from live.core.media.holes import Hole, from_lists
from live.models import Lecture
from live.queries import holes_of_web


def known_holes(lecture: Lecture) -> list[Hole]:
    """What an agent before this one wrote down; what lasted then did so as long as a picture was seen."""
    seen = ms_of(lecture.published_at) if lecture.published_at else 0
    return [
        hole if hole.end is not None else hole._replace(end=max(hole.start, seen)) for hole in from_lists(lecture.holes)
    ]


def holes_of(lecture: Lecture, carrier: Carrier) -> list[Hole]:
    """What is missing of a lecture that has ended, for good."""
    if not lecture.record:
        return []
    return with_web(carrier.holes(until=lecture.ended_at or moment.now(), over=True), carrier)


def with_web(holes: list[Hole], carrier: Carrier) -> list[Hole]:
    """Holes, and beside them the gaps that came with the end of a web process."""
    gaps = carrier.gaps(holes)
    return sorted([*holes, *holes_of_web(gaps, as_of=moment.now())]) if gaps else holes


def not_on_air(lecture: Lecture) -> Spans:
    """Breaks of a lecture, and from each end to its undoing: nothing was on the air.

    Of a meeting also what lies between its turns of recording, and after the last.
    """
    paused = [(start, end) for start, end in lecture.occasion.paused_ms]
    if lecture.is_meeting:
        turns = list(lecture.recording_turns.all())
        ends = [ms_of(turn.ended_at) for turn in turns if turn.ended_at is not None]
        begins = [ms_of(turn.began_at) for turn in turns[1:]]
        paused += zip_longest(ends, begins, fillvalue=ms_of(lecture.ended_at or moment.now()))
    return Spans.of((start, end) for start, end in paused if end > start)
