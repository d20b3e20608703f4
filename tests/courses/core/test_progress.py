"""How far somebody got, in numbers."""

import pytest

from courses.core.progress import Progress, needed_ms, total

pytestmark = pytest.mark.unit


@pytest.mark.parametrize(
    ("duration", "share", "minutes", "needed"),
    [
        (45 * 60_000, 0.8, None, 36 * 60_000),
        (10, 0.75, None, 8),
        (60_000, 0.5, 2, 60_000),
        (600_000, 0.1, 2, 120_000),
        (0, 0.8, None, 0),
    ],
)
def test_what_is_asked_for(duration: int, share: float, minutes: int | None, needed: int) -> None:
    assert needed_ms(duration, min_share=share, min_minutes=minutes) == needed


def test_27_of_45_minutes_leave_9_of_36() -> None:
    progress = Progress(27 * 60_000, 45 * 60_000, 36 * 60_000)
    assert (progress.done, progress.left_minutes, progress.share) == (False, 9, 0.6)


def test_one_second_left_is_a_minute_in_words_not_none() -> None:
    assert Progress(35_000, 45_000, 36_000).left_minutes == 1


def test_enough_is_done() -> None:
    assert Progress(36, 45, 36).done
    assert Progress(36, 45, 36).left_ms == 0


def test_a_text_is_done_when_its_reader_says_so() -> None:
    assert not Progress(0, 0, 0).done
    assert Progress(0, 0, 0, completed=True).done
    assert Progress(0, 0, 0).share == 0.0


def test_a_course_asks_for_a_share_of_all_its_videos() -> None:
    whole = total([Progress(100, 100, 80), Progress(60, 100, 80)], min_share=0.8)
    assert (whole.credited_ms, whole.duration_ms, whole.needed_ms, whole.done) == (160, 200, 160, True)
