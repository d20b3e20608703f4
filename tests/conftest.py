"""Fixtures for every test."""

import os
from pathlib import Path

import pytest


@pytest.fixture(scope="session", autouse=True)
def var_dir(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """All state of a test run lies in a folder of its own (settings.VAR_DIR is set by tests/run.sh or made here)."""
    return Path(os.environ.get("VAR_DIR") or tmp_path_factory.mktemp("var"))
