"""What a package says of a member's study, as the page hands it on: checked before anything is kept. Pure.

The words are SCORM's own: ``cmi.core.lesson_status`` of 1.2, ``cmi.completion_status`` and ``cmi.success_status`` of
2004. All of it is the package's word, which whoever studies can forge: it shows how far they say they got.
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

STATUSES = frozenset({"", "not attempted", "unknown", "incomplete", "browsed", "completed", "passed", "failed"})
SUCCESSES = frozenset({"", "unknown", "passed", "failed"})
DONE = frozenset({"completed", "passed"})
LONGEST_WORD = 13
LONGEST_LOCATION = 1000
"""Signs; SCORM 1.2 asks for 255, 2004 for 1000."""
MOST_SUSPENDED = 64_000
"""Signs: SCORM 1.2 asks for 4096, 2004 for 64000."""
MOST_BYTES = 400 * 2**10
"""Of a whole report as JSON in UTF-8: each sign of what is remembered may take six bytes there (an escaped one)."""
MOST_MS = 10**10
MOST_COUNT = 2**31 - 1
MOST_SCORE = 1e6
_ID = re.compile(r"[0-9a-f]{32}")


class UnfitReport(Exception):
    """The report cannot be kept. ``code``: malformed, or large (what the package wants to remember is too much)."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """One report. ``version`` is the package's, ``seen`` the revision of the result upon which it builds."""

    report_id: str
    version: int
    seen: int
    status: str
    success: str
    score: float | None
    location: str
    suspend_data: str
    total_ms: int

    @property
    def is_done(self) -> bool:
        return said_done(self.status, self.success)


def said_done(status: str, success: str) -> bool:
    """Whether a package said that it was finished. Whoever failed has not, although all was seen."""
    return success == "passed" or (status in DONE and success != "failed")


def read_report(said: Any) -> Report:
    """Return a posted report. Raises UnfitReport."""
    if not isinstance(said, Mapping) or not _ID.fullmatch(_text(said, "id")):
        raise UnfitReport("malformed")
    status, success, location, suspended = (_text(said, name) for name in ("status", "success", "location", "suspend"))
    if status not in STATUSES or success not in SUCCESSES:
        raise UnfitReport("malformed")
    if len(location) > LONGEST_LOCATION or len(suspended) > MOST_SUSPENDED:
        raise UnfitReport("large")
    return Report(
        report_id=said["id"],
        version=_count(said, "version", MOST_COUNT),
        seen=_count(said, "seen", MOST_COUNT),
        status=status,
        success=success,
        score=_score(said.get("score")),
        location=location,
        suspend_data=suspended,
        total_ms=_count(said, "total_ms", MOST_MS),
    )


def _text(said: Mapping[str, Any], name: str) -> str:
    value = said.get(name)
    # Neither can be stored: a zero sign, and half of a pair.
    if not isinstance(value, str) or "\0" in value or re.search("[\ud800-\udfff]", value):
        raise UnfitReport("malformed")
    return value


def _count(said: Mapping[str, Any], name: str, most: int) -> int:
    value = said.get(name)
    if type(value) is not int or not 0 <= value <= most:
        raise UnfitReport("malformed")
    return value


def _score(value: Any) -> float | None:
    if value is None:
        return None
    if type(value) not in (int, float) or not math.isfinite(value) or abs(value) > MOST_SCORE:
        raise UnfitReport("malformed")
    return float(value)
