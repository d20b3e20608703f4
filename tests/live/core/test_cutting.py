"""Moments as people write them."""

import pytest

from live.core.cutting import UnableToReadSpan, read_clock, read_spans

pytestmark = pytest.mark.unit


@pytest.mark.parametrize(
    ("text", "ms"),
    [
        ("45", 45_000),
        (" 12:30 ", 750_000),
        ("1：02：03", 3_723_000),
        ("90:00", 5_400_000),
        ("", None),
        ("1:2:3:4", None),
        ("一分", None),
        ("-1", None),
        ("９", 9_000),
        ("１：３０", 90_000),
        ("90", 90_000),
        ("0:59", 59_000),
        ("0:60", None),
        ("1:60:00", None),
        ("1:00:60", None),
    ],
)
def test_a_moment(text: str, ms: int | None) -> None:
    assert read_clock(text) == ms


def test_spans_one_a_line() -> None:
    assert read_spans("0:10-0:20\n\n 1:00 到 1:30 \r\n2:00—2:10") == [
        (10_000, 20_000),
        (60_000, 90_000),
        (120_000, 130_000),
    ]


@pytest.mark.parametrize(
    ("text", "code", "line"),
    [("0:10", "unclear", 1), ("0:10-x", "unclear", 1), ("x-0:10", "unclear", 1), ("\n0:20-0:10", "backwards", 2)],
)
def test_what_is_no_span(text: str, code: str, line: int) -> None:
    with pytest.raises(UnableToReadSpan) as refused:
        read_spans(text)
    assert (refused.value.code, refused.value.line) == (code, line)
