"""The table of what is kept how long, in words: the command and the operator's page say the same."""

import datetime as dt
from dataclasses import dataclass

from django.utils import timezone
from django.utils.translation import gettext as _

from config.retention.kinds import Line


@dataclass(frozen=True, slots=True)
class Row:
    """One kind in words."""

    title: str
    kept: str
    due: str
    oldest: str
    next: str
    key: str


def row_of(line: Line, *, as_of: dt.datetime) -> Row:
    """Return one line of the table in words."""
    due, kind = line.due, line.kind
    kept = _("%(since)s %(days)s 天") % {"since": kind.since, "days": line.days} if line.days else _("一直保留")
    count = _("%(count)s 以上") % {"count": due.count} if due.is_more else str(due.count)
    return Row(str(kind.title), kept, count, _day(due.oldest), _next(due.next_at, as_of), kind.key)


def _day(at: dt.datetime | None) -> str:
    return timezone.localtime(at).date().isoformat() if at else _("无")


def _next(at: dt.datetime | None, as_of: dt.datetime) -> str:
    if at is None:
        return _("无")
    return _("今天") if at <= as_of else _day(at)
