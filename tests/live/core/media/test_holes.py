"""What a noted picture and a gap in a recording say of holes."""

import pytest

from attendance.core.intervals import Span, Spans
from live.core.media.holes import NOTED_WITHIN_MS, Hole, HoleLog, noted_before, unexplained

pytestmark = pytest.mark.unit
END = Span(100_000, 130_000)


@pytest.mark.parametrize(
    ("since", "up_since", "until"),
    [
        (99_000, 50_000, END.end + NOTED_WITHIN_MS),  # the same agent takes the last picture for a fresh one
        (131_000, 50_000, END.end),  # something came after the undoing
        (99_000, 140_000, END.end),  # another agent since
        (99_000, None, END.end),
    ],
)
def test_up_to_when_a_noted_picture_is_one_of_before_the_end(since: int, up_since: int | None, until: int) -> None:
    assert noted_before(END, since, up_since) == until


def test_a_gap_that_nothing_explains_is_told() -> None:
    recorded = Spans.of([(0, 10_000), (20_000, 30_000), (30_500, 40_000), (60_000, 70_000)])
    holes = [Hole(10_000, 14_000, "disk"), Hole(65_000, None, "agent")]
    left = unexplained(recorded, holes, ended=Spans.of([(40_000, 55_000)]))
    assert [tuple(span) for span in left] == [(14_000, 20_000), (55_000, 60_000)]
    assert not unexplained(Spans(), holes, ended=Spans())


def test_what_others_recorded_before_is_no_hole_of_theirs_who_took_over() -> None:
    log = HoleLog([Hole(0, 4_000, "disk")])
    log.begin("agent", 0)
    log.end("agent", 60_000)
    recorded = Spans.of([(10_000, 40_000), (60_000, 90_000)])
    log.nothing_before(10_000)
    found = log.holes(recorded, until=90_000, over=True)
    assert found == [Hole(0, 4_000, "disk"), Hole(40_000, 60_000, "agent")]
    log.nothing_before(95_000)  # a clock that jumped
    assert log.holes(recorded, until=90_000, over=True) == [Hole(0, 4_000, "disk")]
