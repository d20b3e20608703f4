"""The list of mutants fits the code: a rename makes it wrong here, not on the day when somebody runs it."""

from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from tests.mutants.entries import MUTANTS
from tests.mutants.mutant import KINDS, Mutant, stale

pytestmark = pytest.mark.unit
LEAST = 60


def test_each_fragment_stands_once_and_each_test_exists() -> None:
    found = {one.name: why for one in MUTANTS if (why := stale(one))}
    assert found == {}, (
        "python -m tests.mutants: a fragment was changed, or a test renamed; put the new one in the list"
    )


def test_there_are_many_and_each_is_named_once_and_said_in_words() -> None:
    assert len(MUTANTS) >= LEAST
    assert [name for name, number in Counter(one.name for one in MUTANTS).items() if number > 1] == []
    assert [one.name for one in MUTANTS if not (one.means and one.tests and one.kind in KINDS)] == []
    assert [one.name for one in MUTANTS if one.before == one.after or "\n" in one.before] == [], "one line each"


@pytest.mark.parametrize(
    ("change", "why"),
    [
        ({"file": "there/is/none.py"}, "is gone"),
        ({"before": "no such words"}, "stands 0 times"),
        ({"before": "1"}, "stands 2 times"),
        ({"tests": ("tests/none.py::test_none",)}, "no such test"),
        ({"tests": ("test_app.py::test_none",)}, "no such test"),
        ({"after": "MOST = ("}, "no Python"),
    ],
)
def test_what_does_not_fit_is_said(tmp_path: Path, change: dict[str, Any], why: str) -> None:
    (tmp_path / "app.py").write_text("MOST = 1\nLEAST = -1\n")
    (tmp_path / "test_app.py").write_text("def test_most(): ...\nasync def test_least(): ...\n")
    tests = ("test_app.py", "test_app.py::test_most", "test_app.py::test_least[0-x]")
    fits = {"name": "x", "means": "x", "file": "app.py", "before": "MOST = 1", "after": "MOST = 2", "tests": tests}
    assert stale(Mutant(**fits), tmp_path) == ""
    assert why in stale(Mutant(**{**fits, **change}), tmp_path)
