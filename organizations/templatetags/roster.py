"""For the roster page."""

from collections.abc import Mapping

from django import template

register = template.Library()


@register.filter
def of(ticks: Mapping[int, str], member_id: int) -> str:
    """What was chosen for the person; empty if nothing was."""
    return ticks.get(member_id, "")
