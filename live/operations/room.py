"""What is said and done in a lecture's room. Written before it is acknowledged, announced after it is committed."""

import datetime as dt
import re

from django.db import IntegrityError, transaction

from live import broadcast
from live.models import ChatMessage, Lecture, Restriction
from live.queries import ChatLine, unit_of
from organizations.models import User

MAX_TEXT = 500
CHAT_KEPT = dt.timedelta(days=180)
# C0/C1 controls, line and direction marks that can turn a neighbour's line around, and lone surrogates.
UNPRINTABLE = re.compile(
    r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u200e\u200f\u2028\u2029\u202a-\u202e\u2066-\u2069\ufeff\ud800-\udfff]"
)


class UnableToChat(Exception):
    """``code``: "empty", "too_long", "muted" or "closed"."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


class UnableToRestrict(Exception):
    """The person is a host of this lecture, or is not in it."""


def clean_text(text: str) -> str:
    """Return ``text`` without controls and direction marks, runs of white space as one space."""
    return " ".join(UNPRINTABLE.sub(" ", text).split())


def say(*, occasion_id: int, author_id: int, client_id: str, text: str, as_of: dt.datetime) -> ChatLine:
    """Store one chat message and announce it; the same ``client_id`` again answers the same message, once stored."""
    words = clean_text(text)
    if not words:
        raise UnableToChat("empty")
    if len(words) > MAX_TEXT:
        raise UnableToChat("too_long")
    old = _line(author_id, client_id)
    if old is not None:
        return old
    lecture = Lecture.objects.only("state", "lecturer_id").filter(pk=occasion_id).first()
    if lecture is None or lecture.is_over:
        raise UnableToChat("closed")
    if _is_restricted(occasion_id, author_id):
        raise UnableToChat("muted")
    try:
        with transaction.atomic():
            row = ChatMessage.objects.create(
                lecture_id=occasion_id, author_id=author_id, client_id=client_id, text=words, at=as_of
            )
            line = ChatLine.of(
                row, name=row.author.name, unit=unit_of(author_id, as_of), lecturer_id=lecture.lecturer_id
            )
            transaction.on_commit(lambda: broadcast.publish(occasion_id, line.event()))
    except IntegrityError:
        # The same frame came on two sockets at once; the other one stored it.
        stored = _line(author_id, client_id)
        if stored is None:
            raise
        return stored
    return line


def hide_message(*, occasion_id: int, message_id: int, actor_id: int, as_of: dt.datetime) -> bool:
    """Hide a message from everybody; return whether it was visible before."""
    with transaction.atomic():
        hidden = ChatMessage.objects.filter(pk=message_id, lecture_id=occasion_id, hidden_at=None).update(
            hidden_at=as_of, hidden_by_id=actor_id
        )
        if hidden:
            event = {"t": "hidden", "message": message_id}
            transaction.on_commit(lambda: broadcast.publish(occasion_id, event, flush=True))
    return bool(hidden)


def restrict(*, occasion_id: int, member_id: int, kind: str, actor_id: int, as_of: dt.datetime) -> None:
    """Mute somebody in the chat or remove them from the room; doing it twice is doing it once."""
    lecture = Lecture.objects.only("lecturer_id").get(pk=occasion_id)
    if member_id in (lecture.lecturer_id, actor_id) or not User.objects.filter(pk=member_id).exists():
        raise UnableToRestrict
    with transaction.atomic():
        Restriction.objects.get_or_create(
            lecture_id=occasion_id,
            member_id=member_id,
            kind=kind,
            lifted_at=None,
            defaults={"set_by_id": actor_id, "set_at": as_of},
        )
        event = {"t": kind, "member": member_id, "on": True}
        transaction.on_commit(lambda: broadcast.publish(occasion_id, event, flush=True))


def lift_restriction(*, occasion_id: int, member_id: int, kind: str, as_of: dt.datetime) -> None:
    """Let somebody chat (or enter) again."""
    with transaction.atomic():
        Restriction.objects.filter(lecture_id=occasion_id, member_id=member_id, kind=kind, lifted_at=None).update(
            lifted_at=as_of
        )
        event = {"t": kind, "member": member_id, "on": False}
        transaction.on_commit(lambda: broadcast.publish(occasion_id, event, flush=True))


def delete_old_chat(*, as_of: dt.datetime) -> int:
    """Delete chat older than its retention of 180 days; return how many messages went."""
    return ChatMessage.objects.filter(at__lt=as_of - CHAT_KEPT).delete()[0]


def _is_restricted(occasion_id: int, member_id: int) -> bool:
    return Restriction.objects.filter(lecture_id=occasion_id, member_id=member_id, lifted_at=None).exists()


def _line(author_id: int, client_id: str) -> ChatLine | None:
    row = (
        ChatMessage.objects.select_related("author", "lecture").filter(author_id=author_id, client_id=client_id).first()
    )
    if row is None:
        return None
    return ChatLine.of(row, name=row.author.name, unit=unit_of(author_id, row.at), lecturer_id=row.lecture.lecturer_id)
