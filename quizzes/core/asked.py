"""The moment of a video at which a question is asked, as it is written. Pure."""

from __future__ import annotations

import re

LONGEST_HOURS = 9
_MOMENT = re.compile(r"(?:(\d{1,2})[:：])?(\d{1,3})[:：](\d{1,2})")


def moment_ms(written: str) -> int | None:
    """Return a moment written as mm:ss or h:mm:ss (full width too) in milliseconds; None for anything else."""
    found = _MOMENT.fullmatch(written.strip())
    if found is None:
        return None
    hours, minutes, seconds = (int(one or 0) for one in found.groups())
    if seconds > 59 or hours > LONGEST_HOURS or (hours and minutes > 59):
        return None
    return ((hours * 60 + minutes) * 60 + seconds) * 1000
