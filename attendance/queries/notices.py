"""What a person was told by the site, and what of it they have not seen. Nothing here writes."""

from django.db.models import QuerySet

from attendance.models import Channel, Notice, NoticeChoice, ReminderMessage

MOST_COUNTED = 99


def notices_of(member_id: int) -> QuerySet[Notice]:
    """Return what a person was told, the newest first."""
    found = Notice.objects.filter(member_id=member_id).select_related("member", "training", "occasion__training")
    return found.order_by("-at", "-id")


def unseen_count(member_id: int) -> int:
    """Return how many a person has not seen, no further than ``MOST_COUNTED``; one query by a short index."""
    unseen = Notice.objects.filter(member_id=member_id, seen_at=None)
    return unseen.order_by()[:MOST_COUNTED].count()


def newest_unseen(member_id: int) -> Notice | None:
    """Return the last that a person was told and has not seen; one query."""
    return notices_of(member_id).filter(seen_at=None).first()


def sent_outside(member_id: int) -> QuerySet[ReminderMessage]:
    """Return the messages outside the site that a person was sent, the newest first."""
    states = (ReminderMessage.State.SENT, ReminderMessage.State.UNKNOWN)
    found = ReminderMessage.objects.filter(member_id=member_id, state__in=states).exclude(channel=Channel.SITE)
    return found.select_related("reminder__made_by", "reminder__training").order_by("-made_at", "-id")


def choice_of(member_id: int) -> NoticeChoice:
    """Return what a person chose; the choice of whoever chose nothing, not stored, where there is none."""
    return NoticeChoice.objects.filter(member_id=member_id).first() or NoticeChoice(member_id=member_id)


def choice_by_calendar(calendar_hash: str) -> NoticeChoice | None:
    """Return whose secret calendar this is, with the person; one query by a unique index."""
    return NoticeChoice.objects.filter(calendar_hash=calendar_hash).select_related("member").first()


def told_off(member_id: int, *, session_id: int) -> Notice | None:
    """Return what a person was told of a further session that is off; None where they were not. One query."""
    return notices_of(member_id).filter(kind="session_off", data__session=session_id).first()
