"""How the ledger's pages print states, lengths of time and moments."""

from datetime import date, datetime

from django import template
from django.utils.formats import date_format
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.timezone import localdate, localtime

from attendance.models import RecordState
from attendance.sentences import length
from attendance.standing import DONE, state_label

register = template.Library()
TO_BE_DONE = {RecordState.MISSING, RecordState.INCOMPLETE}


@register.simple_tag
def state_chip(state: str) -> SafeString:
    """Return the state as a chip: green when done, amber when something is to be done, else plain."""
    look = "ok" if state in DONE else "due" if state in TO_BE_DONE else "plain"
    return format_html('<span class="chip {}">{}</span>', look, state_label(state))


@register.filter
def duration(milliseconds: int) -> str:
    """Return a length of time in words, the one way in which all pages say it."""
    return length(milliseconds or 0)


@register.filter
def day_and_hour(moment: datetime) -> str:
    """Return a moment as a member reads it: 12月6日 19:33. A deadline never stands without its hour."""
    return f"{day(moment)} {localtime(moment):%H:%M}"


@register.filter
def day(at: date) -> str:
    """Return a day, or that of a moment, as a member reads it: 12月6日; one of another year with its year."""
    local = localtime(at) if isinstance(at, datetime) else at
    is_this_year = local.year == localdate().year
    return str(date_format(local, "MONTH_DAY_FORMAT" if is_this_year else "DATE_FORMAT"))
