"""The room as it wrote chat before: each message by itself, five questions and a commit of its own on four threads."""

from config.asgi import application  # isort: skip - sets Django up
from datetime import datetime
from functools import partial

from django.db import transaction
from django.utils import timezone

from live import room_events
from live.models import ChatMessage, Lecture, Restriction
from live.operations import Saying, UnableToChat
from live.operations.chat import SPOKEN_IN, clean_text
from live.queries import ChatLine
from live.room.chat import Chat
from live.room.threads import in_database
from organizations.queries import membership_on


def unit_of(member_id: int, at: datetime) -> str:
    membership = membership_on(member_id=member_id, on_date=timezone.localdate(at))
    return membership.node.name if membership else ""


def _line(one: Saying) -> ChatLine | None:
    mine = ChatMessage.objects.select_related("author")
    row = mine.filter(author_id=one.author_id, client_id=one.client_id).first()
    if row is None:
        return None
    unit = unit_of(row.author_id, row.at)
    return ChatLine.of(row, name=row.author.name, unit=unit)


def say(one: Saying) -> ChatLine | UnableToChat:
    old = _line(one)
    if old is not None:
        return old
    lecture = Lecture.objects.only("state").get(pk=one.occasion_id)
    if lecture.state not in SPOKEN_IN:
        return UnableToChat("closed")
    if Restriction.objects.filter(lecture_id=one.occasion_id, member_id=one.author_id, lifted_at=None).exists():
        return UnableToChat("muted")
    with transaction.atomic():
        row = ChatMessage.objects.create(
            lecture_id=one.occasion_id,
            author_id=one.author_id,
            client_id=one.client_id,
            text=clean_text(one.text),
            at=one.at,
        )
        unit = unit_of(one.author_id, one.at)
        line = ChatLine.of(row, name=row.author.name, unit=unit)
        transaction.on_commit(partial(room_events.publish, one.occasion_id, line.event()))
    return line


async def say_alone(_chat: Chat, saying: Saying) -> ChatLine | UnableToChat:
    return await in_database(partial(say, saying))


Chat.say = say_alone  # type: ignore[method-assign]
__all__ = ["application"]
