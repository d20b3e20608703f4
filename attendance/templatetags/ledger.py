"""How the ledger's pages print states, lengths of time and moments (``attendance/sentences/records.py``)."""

from django import template
from django.utils.html import format_html
from django.utils.safestring import SafeString

from attendance.models import RecordState
from attendance.running import RUNNING, running_label
from attendance.sentences import records
from attendance.sentences.rules import rule_of_occasion
from attendance.standing import DONE, state_label

register = template.Library()
register.filter("day", records.day)
register.filter("near_day", records.near_day)
register.filter("day_and_hour", records.day_and_hour)
register.filter("rule_said", rule_of_occasion)
TO_BE_DONE = {RecordState.MISSING, RecordState.INCOMPLETE}


@register.simple_tag
def state_chip(state: str) -> SafeString:
    """Return the state as a chip: green when done, amber when something is to be done, else plain."""
    look = "ok" if state in DONE else "due" if state in TO_BE_DONE else "plain"
    words = running_label() if state == RUNNING else state_label(state)
    return format_html('<span class="chip {}">{}</span>', look, words)
