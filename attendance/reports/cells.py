"""How reports and pages print numbers and moments."""

from datetime import datetime

from django.utils.timezone import localtime


def minutes(milliseconds: int) -> float:
    """Return minutes with one decimal, cut and never rounded up: 47.99 is not 48."""
    return milliseconds // 6000 / 10


def moment(value: datetime | None) -> str:
    """Return a moment as people write it, in local time."""
    return f"{localtime(value):%Y-%m-%d %H:%M}" if value else ""
