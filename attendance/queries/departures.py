"""What keeps somebody who left from being taken out: a matter of theirs that is still open. Nothing here writes."""

from collections.abc import Collection

from django.utils.translation import gettext as _

from attendance.models import CorrectionReview, Dispute


def waits(member_ids: Collection[int]) -> dict[int, str]:
    """Return who of these has an open dispute, or a correction that waits for a second person, and say which."""
    reviews = CorrectionReview.objects.filter(state=CorrectionReview.State.WAITING, record__member_id__in=member_ids)
    disputes = Dispute.objects.filter(state=Dispute.State.RAISED, member_id__in=member_ids)
    found = dict.fromkeys(reviews.values_list("record__member_id", flat=True), _("有一条更正等复核"))
    return found | dict.fromkeys(disputes.values_list("member_id", flat=True), _("有一条意见等答复"))
