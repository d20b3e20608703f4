"""Telling people something: in the site itself. What leaves the house (SMS, e-mail) is a reminder's business."""

from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.db import transaction

from attendance.models import Notice, ReminderMessage

BATCH = 1000
PRUNE_AT_MOST = 5000


@transaction.atomic
def tell(
    *,
    member_ids: Iterable[int],
    kind: str,
    as_of: datetime,
    training_id: int | None = None,
    occasion_id: int | None = None,
    data: Mapping[str, Any] | None = None,
) -> int:
    """Tell these members one thing, each once; return to how many it was told. Call it in the operation's transaction.

    ``kind``: a code with a sentence; ``data``: its parameters. Whoever is told nothing new is not told: a notice of the
    same kind, about the same thing, that has not been seen is left as it is.
    """
    members = set(member_ids)
    unseen = Notice.objects.filter(
        kind=kind, training=training_id, occasion=occasion_id, data=dict(data or {}), seen_at=None
    )
    members -= set(unseen.filter(member__in=members).values_list("member_id", flat=True))
    Notice.objects.bulk_create(
        [
            Notice(
                member_id=member, kind=kind, training_id=training_id, occasion_id=occasion_id,
                data=dict(data or {}), at=as_of,
            )
            for member in sorted(members)
        ],
        batch_size=BATCH,
    )  # fmt: skip
    return len(members)


def take_back_notice(*, kind: str, occasion_id: int | None = None, data: Mapping[str, Any] | None = None) -> None:
    """Take back what people were told and have not seen, once it is no news any more. Call it in the operation's
    transaction."""
    Notice.objects.filter(kind=kind, occasion=occasion_id, data=dict(data or {}), seen_at=None).delete()


def mark_notices_seen(*, member_id: int, notice_ids: Iterable[int], as_of: datetime) -> int:
    """Note that a member has read these of their notices; the first time stays."""
    return Notice.objects.filter(member=member_id, pk__in=notice_ids, seen_at=None).update(seen_at=as_of)


def prune_notices(*, as_of: datetime) -> int:
    """Delete what people were told, and what was sent to them, more than ``NOTICE_KEEP_DAYS`` ago; a bounded number a
    call."""
    deleted, kept = 0, timedelta(days=settings.NOTICE_KEEP_DAYS)
    for model, moment in ((Notice, "at"), (ReminderMessage, "made_at")):
        # By their numbers (always above 0), which grow with time: no index by time is kept for it.
        first = model.objects.filter(pk__gt=0).order_by("pk").values_list("pk", moment)[:PRUNE_AT_MOST]
        over = [pk for pk, at in first if at < as_of - kept]
        deleted += model.objects.filter(pk__in=over).delete()[0] if over else 0
    return deleted
