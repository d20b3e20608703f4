"""One range or none."""

import pytest

from media.core.ranges import ByteRange, UnableToSatisfy, parse_range

pytestmark = pytest.mark.unit


@pytest.mark.parametrize(
    ("header", "wanted"),
    [
        ("", None),
        ("bytes=0-0", ByteRange(0, 0)),
        ("bytes=0-", ByteRange(0, 99)),
        ("bytes=90-200", ByteRange(90, 99)),
        ("bytes=-10", ByteRange(90, 99)),
        ("BYTES=0-5", ByteRange(0, 5)),
        ("bytes=-1000", ByteRange(0, 99)),
        (" bytes = 5 - 9 ", ByteRange(5, 9)),
        ("bytes=9-5", None),
        ("bytes=-", None),
        ("bytes=0-1,4-5", None),
        ("items=0-1", None),
        ("bytes=a-b", None),
    ],
)
def test_range_is_read_as_the_standard_says(header: str, wanted: ByteRange | None) -> None:
    assert parse_range(header, size=100) == wanted


@pytest.mark.parametrize(("header", "size"), [("bytes=100-", 100), ("bytes=0-", 0), ("bytes=-0", 100), ("bytes=-5", 0)])
def test_range_outside_the_file_cannot_be_satisfied(header: str, size: int) -> None:
    with pytest.raises(UnableToSatisfy):
        parse_range(header, size=size)


def test_length_counts_both_ends() -> None:
    assert ByteRange(5, 9).length == 5
