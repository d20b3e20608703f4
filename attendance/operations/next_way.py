"""By which way out a message goes that surely did not reach its person by the one before: each way once."""

from datetime import datetime

from django.utils import timezone

from attendance.core.reminders import after_quiet
from attendance.models import NoticeChoice, ReminderMessage
from attendance.operations.reminders import hold, row_of, take
from attendance.queries.reminders import left_of
from attendance.reminding import Ways, nowhere_of, way_of


def next_way(message: ReminderMessage, *, as_of: datetime) -> str:
    """Return by which way somebody can be reminded who was not by this one; "" where there is none."""
    reminder, member = message.reminder, message.member
    tried = set(reminder.messages.filter(member=member).values_list("channel", flat=True))
    ways = Ways.of_site()
    channel, _why = way_of(
        has_phone=bool(member.phone_cipher), choice=NoticeChoice.objects.filter(pk=member.pk).first(), ways=ways,
        without=tried | nowhere_of([member.pk], ways=ways, as_of=as_of).get(member.pk, set()),
    )  # fmt: skip
    return channel


def goes_on(message: ReminderMessage, *, as_of: datetime) -> bool:
    """Whether another way is there for it, and has something left of the day it would go out on."""
    following, day = next_way(message, as_of=as_of), timezone.localdate(after_quiet(timezone.localtime(as_of)))
    return bool(following) and left_of(following, day=day) > 0


def send_on(message: ReminderMessage, *, as_of: datetime) -> None:
    """Make the row of the next way, where there is one with something left of its day; within the transaction that
    says that the message did not arrive.
    """
    following = next_way(message, as_of=as_of)
    goes_at = after_quiet(timezone.localtime(as_of))
    day = timezone.localdate(goes_at)
    if not following:
        return
    hold([(following, day)])
    if take(following, day, 1):
        row_of(message.reminder, message.member_id, following, due_at=goes_at).save(force_insert=True)
