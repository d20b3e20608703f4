"""Expecting some people by name instead of everybody of a unit."""

from collections.abc import Collection

from django.db import transaction
from django.utils.translation import gettext as _

from attendance.models import Named, Occasion
from attendance.operations.occasions import UnableToPlanOccasion
from attendance.operations.rosters import take_back_preparation


@transaction.atomic
def expect_only(*, occasion_id: int, member_ids: Collection[int] | None) -> None:
    """Let an occasion that has not opened expect these members alone; None: everybody of its unit again.

    Who of them belongs to the unit on its day stands on its roster. Raises UnableToPlanOccasion once it has opened, and
    for nobody at all.
    """
    if member_ids is not None and not member_ids:
        raise UnableToPlanOccasion(_("请至少选一位应到的人。"))
    held = Occasion.objects.select_for_update(no_key=True).filter(pk=occasion_id, state=Occasion.State.SCHEDULED)
    if held.first() is None:
        raise UnableToPlanOccasion(_("这一场已经开始，不能再改安排。"))
    Occasion.objects.filter(pk=occasion_id).update(is_named=member_ids is not None)
    Named.objects.filter(occasion_id=occasion_id).exclude(member_id__in=member_ids or ()).delete()
    Named.objects.bulk_create(
        [Named(occasion_id=occasion_id, member_id=one) for one in sorted(set(member_ids or ()))], ignore_conflicts=True
    )
    if member_ids is not None:
        take_back_preparation(occasion_id=occasion_id)
