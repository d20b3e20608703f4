"""Which questions the videos of a lesson ask, and when."""

import pytest

from cms.core.moments import Moment, moments_in

pytestmark = pytest.mark.unit


def asks(at: str, question: object, **more: object) -> dict[str, object]:
    return {"type": "asks", "value": {"at": at, "question": question, **more}}


def test_a_question_belongs_to_the_nearest_video_above_and_stands_once() -> None:
    raw = [
        asks("00:01", 1),
        {"type": "video", "value": "v"},
        {"type": "text", "value": "<p>x</p>"},
        asks("00:09", 2, must=True),
        asks("00:03", 3),
        asks("00:04", 2),
        asks("9", 4),
        asks("00:05", None),
        {"type": "asks", "value": "broken"},
        {"type": "audio", "value": "w"},
        asks("00:02", 5),
    ]
    assert moments_in(raw) == [
        Moment("", 1000, 1, False),
        Moment("v", 3000, 3, False),
        Moment("v", 9000, 2, True),
        Moment("w", 2000, 5, False),
    ]
