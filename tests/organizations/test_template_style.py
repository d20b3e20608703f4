"""The check of the templates' style finds what it is for (tests/templates.py; tests/check.sh runs it over all apps)."""

import pytest

from tests.templates import mistakes

pytestmark = pytest.mark.unit


@pytest.mark.parametrize(
    ("text", "lines"),
    [
        ("<p>" + "字" * 137, []),
        ("<p>\n<p>" + "字" * 138, [2]),
        ('<a class="x"\n   href="y">', [1]),
        ('<a\n  class="x"\n  href="y"\n>', []),
        ('<b>{% if a > b %}c{% endif %}</b>\n<c-row :title="a"\n', [2]),
        ('{% comment %}<a class="x"\n{% endcomment %}\n<i>', []),
        ("{% if a < b %}\n{{ c }}", []),
    ],
)
def test_long_lines_and_aligned_attributes_are_found(text: str, lines: list[int]) -> None:
    assert [number for number, _what in mistakes(text)] == lines
