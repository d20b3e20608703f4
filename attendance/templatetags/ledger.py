"""How the ledger's pages print states, minutes and moments."""

from django import template
from django.utils.html import format_html
from django.utils.safestring import SafeString

from attendance.models import RecordState
from attendance.reports.cells import spoken_minutes
from attendance.reports.standing import state_label

register = template.Library()
DONE = {RecordState.ATTENDED, RecordState.MADE_UP}
DUE = {RecordState.MISSING, RecordState.INCOMPLETE}


@register.simple_tag
def state_chip(state: str) -> SafeString:
    """Return the state as a chip: green when done, amber when something is to be done, else plain."""
    look = "ok" if state in DONE else "due" if state in DUE else "plain"
    return format_html('<span class="chip {}">{}</span>', look, state_label(state))


@register.filter
def minutes(milliseconds: int) -> str:
    """Return whole or tenth minutes, never rounded up."""
    return spoken_minutes(milliseconds or 0)
