"""The pages are tested on the session's demonstration, or on the site that BASE_URL names."""

import os

import pytest


@pytest.fixture(scope="session")
def served(request: pytest.FixtureRequest) -> str:
    """The base URL of a running product."""
    named = os.environ.get("BASE_URL")
    return named.rstrip("/") if named else str(request.getfixturevalue("site").url)
