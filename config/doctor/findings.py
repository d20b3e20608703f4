"""What an examination finds, and how it says moments and times."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import IntEnum

from django.utils import timezone
from django.utils.translation import gettext as _


class Level(IntEnum):
    """How bad it is; also the exit status of ``manage.py doctor``."""

    FINE, CARE, WRONG = 0, 1, 2


@dataclass(frozen=True)
class Finding:
    """One thing as it stands: ``what`` says it, ``next_step`` what to do about it (nothing where it is fine)."""

    level: Level
    title: str
    what: str
    next_step: str = ""


Check = Callable[[datetime], Iterator[Finding]]
LATELY = timedelta(days=1)
HERE = {"", "localhost", "127.0.0.1", "::1"}


def is_of_this_machine(host: str) -> bool:
    return host in HERE or host.startswith("/")


def how_long(span: timedelta) -> str:
    """A time that passed, in the largest unit of which there are two."""
    minutes = int(span.total_seconds() // 60)
    if minutes < 2 * 60:
        return _(" %(count)s 分钟") % {"count": minutes}
    if minutes < 2 * 24 * 60:
        return _(" %(count)s 小时") % {"count": minutes // 60}
    return _(" %(count)s 天") % {"count": minutes // (24 * 60)}


def local(moment: datetime) -> str:
    """A moment as this site's clocks show it."""
    return f"{timezone.localtime(moment):%Y-%m-%d %H:%M}"
