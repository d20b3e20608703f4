"""How the moment of a question is written."""

import pytest

from quizzes.core.asked import moment_ms

pytestmark = pytest.mark.unit


@pytest.mark.parametrize(
    ("written", "ms"),
    [
        ("00:00", 0),
        ("02:30", 150_000),
        (" 2：05 ", 125_000),
        ("95:00", 5_700_000),
        ("1:02:03", 3_723_000),
        ("2:60", None),
        ("1:60:00", None),
        ("10:00:00", None),
        ("230", None),
        ("", None),
    ],
)
def test_moments(written: str, ms: int | None) -> None:
    assert moment_ms(written) == ms
