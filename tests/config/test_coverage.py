"""The gate of coverage asks each group for its own floor."""

import pytest

from tests import coverage

pytestmark = pytest.mark.unit


def seen(lines: int, reached: int) -> dict[str, int]:
    numbers = {"covered_lines": reached, "missing_lines": lines - reached}
    return {**numbers, "covered_branches": 0, "missing_branches": 0}


def test_one_line_of_core_that_nobody_reaches_is_too_much() -> None:
    whole = {
        "media/core/tus.py": seen(1000, 1000),
        "media/operations/jobs.py": seen(10, 10),
        "cms/operations.py": seen(9, 9),
        "media/x.py": seen(9, 9),
    }
    assert coverage.verdict(whole) == []
    (said,) = coverage.verdict(whole | {"live/core/wire/packing.py": seen(100, 99)})
    assert said.startswith("MISSED core: 99.91 % is less than 100 %")
    assert "live/core/wire/packing.py (1)" in said


def test_operations_are_not_lost_among_the_rest() -> None:
    (said,) = coverage.verdict(
        {"a/core/x.py": seen(1, 1), "a/operations/b.py": seen(10, 1), "a/views.py": seen(1000, 1000)}
    )
    assert said.startswith("MISSED operations: 10.00 %")


def test_the_lines_are_named() -> None:
    found = {"missing_lines": [3, 4], "missing_branches": [(2, 9), (5, 0)]}
    assert coverage.places("a/core/x.py", found) == "MISSED a/core/x.py: 3, 4, 2->9, 5->0"
