"""Questions about lectures and what is said in their rooms. Nothing here writes."""

import datetime as dt
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from django.db.models import Max, Q, QuerySet
from django.utils import timezone

from live.models import ChatMessage, Lecture, Restriction
from organizations.models import Role, User
from organizations.permissions import visible_nodes
from organizations.queries import membership_on

RECENT_CHAT = 50


@dataclass(frozen=True)
class ChatLine:
    """A message as everybody in the room sees it. ``at_ms``: Unix milliseconds; ``host``: said by the lecturer."""

    message: int
    member: int
    name: str
    unit: str
    text: str
    at_ms: int
    host: bool

    @classmethod
    def of(cls, row: ChatMessage, *, name: str, unit: str, lecturer_id: int) -> "ChatLine":
        at_ms = round(row.at.timestamp() * 1000)
        return cls(row.pk, row.author_id, name, unit, row.text, at_ms, host=row.author_id == lecturer_id)

    def event(self) -> dict[str, Any]:
        """Return the event frame of this message (docs/protocol.md)."""
        return {
            "t": "chat",
            "message": self.message,
            "member": self.member,
            "name": self.name,
            "unit": self.unit,
            "text": self.text,
            "at": self.at_ms,
            "host": self.host,
        }


@dataclass(frozen=True)
class RoomFacts:
    """What a room's process looks up once a second. ``picture_at``: when a picture was last known to be on air."""

    state: str
    webrtc_cap: int
    live_at: dt.datetime | None
    picture_at: dt.datetime | None
    last_message: int


def lecture_of(occasion_id: int) -> Lecture | None:
    """Return the lecture with its occasion, node, training and lecturer; one query."""
    return (
        Lecture.objects.select_related("occasion__node", "occasion__training", "lecturer", "recording")
        .filter(pk=occasion_id)
        .first()
    )


def room_facts(occasion_ids: Iterable[int]) -> dict[int, RoomFacts]:
    """Return what the rooms need to know; lectures that were withdrawn are missing. Two queries for any number."""
    ids = list(occasion_ids)
    newest = ChatMessage.objects.filter(lecture_id__in=ids).values("lecture_id").annotate(last=Max("pk"))
    last = dict(newest.values_list("lecture_id", "last"))
    rows = Lecture.objects.filter(pk__in=ids).values_list("pk", "state", "webrtc_cap", "live_at", "published_at")
    return {
        pk: RoomFacts(state, webrtc_cap, live_at, picture_at, last_message=last.get(pk, 0))
        for pk, state, webrtc_cap, live_at, picture_at in rows
    }


def chat_lines(*, occasion_id: int, after: int = 0, limit: int = RECENT_CHAT) -> list[ChatLine]:
    """Return the newest visible messages with a key above ``after``, oldest first; two queries at any size."""
    rows = list(
        ChatMessage.objects.filter(lecture_id=occasion_id, pk__gt=after, hidden_at=None)
        .select_related("author", "lecture")
        .order_by("-pk")[:limit]
    )
    units = units_of({row.author_id for row in rows}, timezone.now())
    return [
        ChatLine.of(row, name=row.author.name, unit=units.get(row.author_id, ""), lecturer_id=row.lecture.lecturer_id)
        for row in reversed(rows)
    ]


def units_of(member_ids: set[int], as_of: dt.datetime) -> dict[int, str]:
    """Return the names of the nodes that people belong to on that day, by person."""
    rows = User.objects.filter(valid_membership(as_of), pk__in=member_ids)
    return dict(rows.values_list("pk", "memberships__node__name"))


def valid_membership(as_of: dt.datetime) -> Q:
    """People with a membership valid at that moment's local date."""
    day = timezone.localdate(as_of)
    return Q(memberships__active_from_date__lte=day) & (
        Q(memberships__active_to_date=None) | Q(memberships__active_to_date__gt=day)
    )


def unit_of(member_id: int, as_of: dt.datetime) -> str:
    """Return the name of the node that a person belongs to at that moment, or ""."""
    membership = membership_on(member_id=member_id, on_date=timezone.localdate(as_of))
    return membership.node.name if membership else ""


def restricted(occasion_id: int) -> list[Restriction]:
    """Return who is muted or removed now, with the person."""
    rows = Restriction.objects.filter(lecture_id=occasion_id, lifted_at=None)
    return list(rows.select_related("member").order_by("pk"))


def lectures_for(user: User) -> QuerySet[Lecture]:
    """Lectures that ``user`` gives, or organises: those of nodes in the subtrees of their organiser role."""
    scope = visible_nodes(user, Role.ORGANISER).values("pk")
    return (
        Lecture.objects.select_related("occasion__node", "occasion__training", "lecturer")
        .filter(Q(lecturer=user) | Q(occasion__node__in=scope))
        .order_by("-occasion__starts_at", "-pk")
    )


def lecturers_for(user: User, *, on_date: dt.date) -> QuerySet[User]:
    """People whom ``user`` may ask to give a lecture: lecturers granted in the line of their own subtrees."""
    nodes = list(visible_nodes(user, Role.ORGANISER).values_list("path", flat=True))
    roots = [path for path in nodes if not any(path != other and path.startswith(other) for other in nodes)]
    line = Q(pk__in=())
    for path in roots:
        above = [path[:end] for end in range(4, len(path), 4)]
        line |= Q(role_grants__node__path__startswith=path) | Q(role_grants__node__path__in=above)
    held = Q(role_grants__role=Role.LECTURER, role_grants__active_from_date__lte=on_date) & (
        Q(role_grants__active_to_date=None) | Q(role_grants__active_to_date__gt=on_date)
    )
    return User.objects.filter(held & line, is_active=True).distinct().order_by("name", "pk")


def personal_data(user: User) -> dict[str, Any]:
    """Return what a person said in rooms and what hosts decided about them, for their own download."""
    said = ChatMessage.objects.filter(author=user).order_by("at")
    held = Restriction.objects.filter(member=user).order_by("set_at")
    return {
        "chat": list(said.values("lecture_id", "lecture__occasion__title", "text", "at", "hidden_at")),
        "restrictions": list(held.values("lecture_id", "kind", "set_at", "lifted_at")),
    }
