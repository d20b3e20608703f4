"""What was promised for a fault, and what was measured: a line of JSON each, kept or not."""

import json
import os
import sys
from pathlib import Path

BUSY = 6  # beside other tests; what hangs does so for longer


def measured(
    fault: str, promised: str, value: float, *, unit: str, most: float, least: float = 0.0, waited: bool = False
) -> bool:
    """Write a promise's line to the report (``FAULTS_REPORT``, or the output); return whether it was kept.

    Tests assert it after the last of their lines, so that one broken promise hides no other. ``waited``: it is seconds
    that somebody waited. Among other tests, where there is no report, six times as many are let pass.
    """
    kept = least <= value <= most
    line = {"fault": fault, "promised": promised, "measured": round(value, 2), "unit": unit, "kept": kept}
    text = json.dumps(line, ensure_ascii=False) + "\n"
    if report := os.environ.get("FAULTS_REPORT"):
        with Path(report).open("a", encoding="utf-8") as file:
            file.write(text)
    else:
        sys.stdout.write(text)
        return kept or (waited and least <= value <= BUSY * most)
    return kept
