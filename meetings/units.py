"""What of meetings hangs on a unit: told to whoever wants to merge or close it (``settings.UNIT_USES``)."""

import datetime as dt

from django.utils.translation import ngettext

from meetings.models import MeetingForm
from organizations.models import Node
from organizations.uses import Use


def uses_of(*, node: Node, on_date: dt.date) -> list[Use]:
    """What exactly this unit says of forms: it goes on to count its years that were, and holds for nobody else."""
    count = MeetingForm.objects.filter(node=node).count()
    if not count:
        return []
    text = ngettext(
        "%(count)s 种会议形式是这里自己定的：以前的台账照旧，合并后按新单位的会议形式。",
        "%(count)s 种会议形式是这里自己定的：以前的台账照旧，合并后按新单位的会议形式。",
        count,
    )
    return [Use(text % {"count": count})]
