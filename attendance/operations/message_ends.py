"""What messages came to, counted by day, way and unit with what they cost; and which way out fails, since when.

Both are added to where a message ends, in its transaction, so that pages and the doctor read no messages.
"""

from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.db import transaction
from django.db.models import F
from django.utils import timezone

from attendance.models import Channel, MessageCount, ReminderMessage, WayTrouble
from attendance.reminding import parts_of

S = ReminderMessage.State
KEPT = timedelta(days=3 * 366)
PRUNE_AT_MOST = 5000
COUNTED_AS = {S.SENT.value: "sent", S.UNKNOWN.value: "unsure", S.FAILED.value: "failed"}
LONGEST_CODE = 60


def count(*, channel: str, node_id: int, state: str, as_of: datetime, messages: int = 1, text: str = "") -> None:
    """Add messages that came to an end; whatever may have gone out is paid for, a long text message several times."""
    name = COUNTED_AS.get(state)
    if name is None or not messages:
        return  # it was not to be sent any more
    parts = parts_of(text) if channel == Channel.SMS else 1
    cost = 0 if state == S.FAILED else settings.MESSAGES.price.get(channel, 0) * parts * messages
    key: dict[str, Any] = {"day": timezone.localdate(as_of), "channel": channel, "node_id": node_id}
    MessageCount.objects.get_or_create(**key)
    MessageCount.objects.filter(**key).update(**{name: F(name) + messages}, cost=F("cost") + cost)


def count_delivery(*, channel: str, node_id: int, done_at: datetime, **more: int) -> None:
    """Add what receipts said (``delivered``, ``undelivered``) to the day on which the messages were sent."""
    key: dict[str, Any] = {"day": timezone.localdate(done_at), "channel": channel, "node_id": node_id}
    MessageCount.objects.filter(**key).update(**{name: F(name) + by for name, by in more.items()})


def prune_counts(*, as_of: datetime) -> int:
    """Forget counts of more than three years ago; a bounded number a call."""
    old = MessageCount.objects.filter(day__lt=timezone.localdate(as_of) - KEPT).order_by("day")
    over = list(old.values_list("pk", flat=True)[:PRUNE_AT_MOST])
    return MessageCount.objects.filter(pk__in=over).delete()[0] if over else 0


@transaction.atomic
def note_trouble(*, channel: str, step: str, why: str, code: str, as_of: datetime) -> None:
    """A way out failed once more; of several reasons the last is kept."""
    values = {"why": why, "code": code[:LONGEST_CODE], "last_at": as_of}
    row, is_new = WayTrouble.objects.get_or_create(
        channel=channel, step=step, defaults={**values, "since_at": as_of, "times": 1}
    )
    if not is_new:
        WayTrouble.objects.filter(pk=row.pk).update(**values, times=F("times") + 1)


def end_trouble(*, channel: str, step: str) -> None:
    """The way took something again."""
    WayTrouble.objects.filter(channel=channel, step=step).delete()
