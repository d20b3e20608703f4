"""A plugin of pytest that says what the tests of a process reached: ``-p tests.reached`` with REACHED=folder.

SlipCover plants its probes into the code as it is imported and takes each out when it has been reached; a tracer that
is called for every line of Django, too, made the tests half as long again. Each process leaves one JSON file in the
folder, in the form of coverage.py; ``tests.coverage`` puts them together and judges.
"""

import json
import os
from pathlib import Path

import slipcover

from tests.apps import APPS

BASE_DIR = Path(__file__).resolve().parent.parent
SOURCES = [str(BASE_DIR / app) for app in APPS]
OMITTED = ["*/migrations/*"]
# Before pytest-django imports the apps.
probes = slipcover.Slipcover(branch=True, source=SOURCES, omit=OMITTED)
slipcover.ImportManager(probes, slipcover.FileMatcher(sources=SOURCES, omit=OMITTED)).__enter__()


def pytest_sessionfinish() -> None:
    """Of the controller of parallel workers, too: it lists the files that nobody has imported."""
    file = Path(os.environ["REACHED"]) / f"{os.getpid()}.json"
    file.write_text(json.dumps(probes.get_coverage()), encoding="utf-8")
