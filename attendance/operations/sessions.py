"""A further session of an occasion: who missed the first and takes part in it has made the first up (ADR 44)."""

import structlog
from django.db import transaction
from django.utils.translation import gettext as _

from attendance.models import Occasion, Training
from attendance.operations.occasions import UnableToPlanOccasion
from attendance.queries.windows import HELD, is_by_media

log = structlog.get_logger(__name__)


@transaction.atomic
def make_session(*, occasion_id: int, of_id: int) -> None:
    """Let an occasion that has not opened be a further session of one that was held, or of what that one repeats.

    Expected there is who has still to make the first up when it opens; nobody is missing there, and its hours are the
    first one's. Safe to repeat. Raises UnableToPlanOccasion.
    """
    # The first before the other, by their ids as everywhere: while both are held, nobody voids the first.
    of = Occasion.objects.get(pk=of_id)
    first = Occasion.objects.select_for_update(no_key=True).get(pk=of.repeats_id or of_id)
    occasion = Occasion.objects.select_for_update(no_key=True).get(pk=occasion_id)
    if first.state not in HELD or is_by_media(first):
        raise UnableToPlanOccasion(_("只有已经结束、没有作废的直播或会议可以再讲一场。"))
    if first.evidence_removed_at is not None:
        # Nobody is judged anew there: whoever came would have come for nothing.
        raise UnableToPlanOccasion(
            _("这一场的原始数据到期已经删除，不能再认定，所以不能再讲一场。请另外安排一场新的。")
        )
    if first.training.state != Training.State.PUBLISHED:
        # Nobody is led there any more: 今天 has what runs.
        raise UnableToPlanOccasion(_("培训已经结束，不能再讲一场。请先把培训改回进行中。"))
    if occasion.state != Occasion.State.SCHEDULED or occasion.is_repeated or occasion.pk == first.pk:
        raise UnableToPlanOccasion(_("这一场已经开始，不能再改安排。"))
    if occasion.training_id != first.training_id:
        raise UnableToPlanOccasion(_("再讲的一场要在同一个培训里。"))
    Occasion.objects.filter(pk=first.pk).update(is_repeated=True)
    Occasion.objects.filter(pk=occasion.pk).update(repeats=first)
    log.info("session_planned", occasion_id=occasion.pk, repeats_id=first.pk)
