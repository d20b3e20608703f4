"""What somebody has asked or said of an occasion, in words: beside the state, which follows only from what counts."""

from django.utils.translation import gettext as _

from attendance.models import Occasion
from attendance.queries.asked import Asked

NOT_JUDGED = (Occasion.State.SCHEDULED, Occasion.State.OPEN, Occasion.State.CLOSED)


def asked_words(asked: Asked, occasion: Occasion) -> list[str]:
    """Return a sentence for each thing that was asked or said of an occasion and is not in its record yet."""
    said = []
    if occasion.pk in asked.waiting:
        said.append(_("已请假，等书记批准"))
    elif occasion.pk in asked.excused and occasion.state in NOT_JUDGED:
        said.append(_("已请假，能来的话直接来就行"))
    if occasion.pk in asked.declared:
        said.append(_("已申报，等书记确认"))
    if occasion.pk in asked.scanned:
        said.append(_("已扫现场的码，等负责人登记"))
    return said
