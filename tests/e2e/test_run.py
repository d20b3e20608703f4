"""``make run`` as a whole: it starts with everything, and nothing of it stays behind, however it ends."""

import json
import os
import signal
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.sites import Site, running_site

pytestmark = pytest.mark.e2e
PATIENCE_S = 120


def processes_of(site: Site) -> dict[int, str]:
    """Return every living process that was started with the site's VAR_DIR, by process id."""
    mark = f"VAR_DIR={site.var_dir}".encode()
    found = {}
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            if (
                mark in (folder / "environ").read_bytes().split(b"\0")
                and (folder / "stat").read_text().split()[2] != "Z"
            ):
                found[int(folder.name)] = (folder / "cmdline").read_text().replace("\0", " ")
        except (OSError, UnicodeDecodeError):
            continue
    return found


def engine_of(site: Site) -> list[int]:
    """Return the media engine's process ids (it has an environment of its own, so it is found by its folder)."""
    found = []
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            if os.readlink(folder / "cwd").startswith(str(site.var_dir)):
                found.append(int(folder.name))
        except OSError:
            continue
    return found


@pytest.fixture(scope="module")
def site() -> Iterator[Site]:
    """As on a newcomer's machine: nothing is there yet."""
    with running_site(from_nothing=True) as running:
        yield running


def test_every_part_reports_ready(site: Site) -> None:
    def ready() -> bool:
        """A stranger is told no more than this; until worker and beat were heard of it is no."""
        try:
            with urllib.request.urlopen(f"{site.url}/readyz", timeout=30) as answer:
                return bool(json.load(answer) == {"status": "ready"})
        except OSError:  # also that it said no
            return False

    deadline = time.monotonic() + PATIENCE_S
    while not ready():
        assert time.monotonic() < deadline
        time.sleep(0.5)


def test_kill_of_the_parent_leaves_no_process_behind() -> None:
    with running_site(DEMO="0") as site:
        deadline = time.monotonic() + PATIENCE_S
        while not engine_of(site) and time.monotonic() < deadline:
            time.sleep(0.2)
        assert engine_of(site), "the media engine has started"
        assert len(processes_of(site)) >= 3
        os.kill(site.process.pid, signal.SIGKILL)
        deadline = time.monotonic() + PATIENCE_S
        while (processes_of(site) or engine_of(site)) and time.monotonic() < deadline:
            time.sleep(0.2)
        assert (processes_of(site), engine_of(site)) == ({}, [])
