"""The map of the program names each thing once: a merge easily keeps both versions of a line."""

import re
from collections import Counter
from pathlib import Path

import pytest

pytestmark = pytest.mark.unit
MAP = Path(__file__).resolve().parents[2] / "docs" / "architecture.md"
# How a line begins that says what something is: a table's first cell, a name in backticks, a call, a title.
HEAD = re.compile(r"\| `[^`]+` \||`[^`]+`|#+ (?!\w+\.py)[\w/., ]{12,}|[a-z_]+\(|[A-Z][a-z]+: `[^`]+`")


def test_no_two_lines_say_what_the_same_thing_is() -> None:
    found = [HEAD.match(line) for line in MAP.read_text(encoding="utf-8").splitlines()]
    heads = Counter(match[0] for match in found if match)
    assert len(heads) > 50
    assert [head for head, count in heads.items() if count > 1] == []
