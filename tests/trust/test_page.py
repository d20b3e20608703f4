"""docs/trust.md says what the tables say."""

import pytest

from tests.trust.__main__ import PAGE, PART, TABLES, rendered

pytestmark = pytest.mark.unit


def test_the_page_holds_every_table_as_it_is_now() -> None:
    page = PAGE.read_text()
    assert sorted(match[2] for match in PART.finditer(page)) == sorted(TABLES)
    assert rendered(page) == page, "run python -m tests.trust"
