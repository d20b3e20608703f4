"""docs/contracts.md is what the code says."""

from pathlib import Path

import pytest

from tests import contracts

pytestmark = pytest.mark.unit
PAGE = Path(__file__).resolve().parents[2] / "docs" / "contracts.md"


def test_the_page_of_contracts_is_made_from_the_code() -> None:
    assert PAGE.read_text() == contracts.page(), "run: python -m tests.contracts > docs/contracts.md"


def test_every_operation_says_what_it_does() -> None:
    silent = [
        f"{app}.operations.{name}"
        for app in contracts.OFFERING
        for name, value in contracts.public(contracts.module(app, "operations"))
        if not contracts.summary(value)
    ]
    assert silent == []
