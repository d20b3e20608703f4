"""What a room and its chat hold. Nothing here writes."""

import datetime as dt
from collections import defaultdict
from collections.abc import Collection, Iterable
from dataclasses import dataclass, field
from typing import Any

from django.db.models import Max, Q
from django.utils import timezone

from attendance.core.intervals import ms_of
from live.core import lifecycle
from live.core.media.facts import AirFacts
from live.core.wire.slides import NO_SLIDES, SlideEvent
from live.models import ChatMessage, Lecture, Restriction
from live.queries import speakers, stage
from live.queries.meeting import Digest, digests
from live.queries.nodes import FALLBACK
from live.queries.speakers import OnStage
from live.queries.stage import NOBODY, Air
from organizations.models import Membership, User
from organizations.queries import valid_on

RECENT_CHAT = 50


@dataclass(frozen=True)
class ChatLine:
    """A message as everybody in the room sees it. ``at_ms``: Unix milliseconds; ``host``: said as a host."""

    message: int
    member: int
    name: str
    unit: str
    text: str
    at_ms: int
    host: bool

    @classmethod
    def of(cls, row: ChatMessage, *, name: str, unit: str) -> "ChatLine":
        at_ms = round(row.at.timestamp() * 1000)
        return cls(row.pk, row.author_id, name, unit, row.text, at_ms, host=row.is_host)

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
    """What a room's process looks up once a second.

    ``state``: the lecture's stage; ``picture_at``: when a picture was last known to be on air; ``muted``: whose words
    are stored no more; ``hidden``: messages hidden since the moment that was asked about; ``hands``: since when each is
    up; ``turn``: the turn on the air, whether its page is there, and whether it asks the page before to take over;
    ``break_until``: Unix ms, None without a break; ``slide``: the page shown; ``air``: what comes
    in, as the media host saw it last; ``is_fallback``: not by WebRTC (ADR 74); ``speakers``: who is on the stage or
    asked up; ``meeting``: by what its changes are seen; ``removed``: who may not be in the room.
    """

    state: str
    webrtc_cap: int
    live_at: dt.datetime | None
    picture_at: dt.datetime | None
    last_message: int
    muted: frozenset[int]
    removed: frozenset[int]
    hidden: frozenset[int] = frozenset()
    hands: dict[int, dt.datetime] = field(default_factory=dict)
    turn: Air = NOBODY
    is_chat_open: bool = True
    is_locked: bool = False
    break_until: int | None = None
    slide: SlideEvent = NO_SLIDES
    air: AirFacts | None = None
    is_fallback: bool = False
    speakers: OnStage = ()
    meeting: Digest | None = None

    @property
    def is_meeting(self) -> bool:
        return self.meeting is not None


def lecture_of(occasion_id: int) -> Lecture | None:
    """Return the lecture with its occasion, node, training and lecturer; one query."""
    return (
        Lecture.objects.select_related("occasion__node", "occasion__training", "lecturer", "recording", "media_node")
        .filter(pk=occasion_id)
        .first()
    )


def room_facts(occasion_ids: Iterable[int], *, hidden_since: dt.datetime | None = None) -> dict[int, RoomFacts]:
    """Return what the rooms need to know; lectures that were withdrawn are missing. Six queries for any number.

    One more with ``hidden_since``: the messages that were hidden after it. Three more where one is a meeting.
    """
    ids = list(occasion_ids)
    held: dict[tuple[int, str], set[int]] = defaultdict(set)
    restrictions = Restriction.objects.filter(lecture_id__in=ids, lifted_at=None)
    for lecture_id, kind, member_id in restrictions.values_list("lecture_id", "kind", "member_id"):
        held[lecture_id, kind].add(member_id)
    newest = ChatMessage.objects.filter(lecture_id__in=ids).values("lecture_id").annotate(last=Max("pk"))
    last = dict(newest.values_list("lecture_id", "last"))
    hidden: dict[int, set[int]] = defaultdict(set)
    if hidden_since is not None:
        lately = ChatMessage.objects.filter(lecture_id__in=ids, hidden_at__gt=hidden_since)
        for lecture_id, message_id in lately.values_list("lecture_id", "pk"):
            hidden[lecture_id].add(message_id)
    hands, turns, stages = stage.hands_of(ids), stage.air_of(ids), speakers.stage_of(ids)
    rows = list(Lecture.objects.filter(pk__in=ids).values("pk", *_COLUMNS))
    meetings = digests({row["pk"]: row["has_lobby"] for row in rows if row["kind"] == Lecture.Kind.MEETING})
    return {
        row["pk"]: RoomFacts(
            **_set(row),
            meeting=meetings.get(row["pk"]),
            last_message=last.get(row["pk"], 0),
            muted=frozenset(held[row["pk"], Restriction.Kind.MUTED]),
            removed=frozenset(held[row["pk"], Restriction.Kind.REMOVED]),
            hidden=frozenset(hidden[row["pk"]]),
            hands=hands.get(row["pk"], {}),
            turn=turns.get(row["pk"], NOBODY),
            speakers=stages.get(row["pk"], ()),
        )
        for row in rows
    }


_COLUMNS = (
    *("state", "occasion__state", "webrtc_cap", "live_at", "published_at", "is_chat_open", "locked_at"),
    *(
        "break_until_at",
        "slide__deck__key",
        "slide__page",
        "slide__deck__pages",
        "media_node__air",
        "kind",
        "has_lobby",
    ),
)


def _set(row: dict[str, Any]) -> dict[str, Any]:
    """Return what a room's facts say of the lecture's own row."""
    until, deck, air = row["break_until_at"], row["slide__deck__key"], row["media_node__air"] or {}
    return {
        "state": lifecycle.stage_of(row["state"], row["occasion__state"]),
        "webrtc_cap": row["webrtc_cap"],
        "live_at": row["live_at"],
        "picture_at": row["published_at"],
        "is_chat_open": row["is_chat_open"],
        "is_locked": row["locked_at"] is not None,
        "break_until": ms_of(until) if until else None,
        "slide": SlideEvent(deck, row["slide__page"], row["slide__deck__pages"]) if deck else NO_SLIDES,
        "air": air.get(str(row["pk"])),
        "is_fallback": row["pk"] in air.get(FALLBACK, ()),
    }


def chat_lines(*, occasion_id: int, after: int = 0, limit: int = RECENT_CHAT) -> list[ChatLine]:
    """Return the newest visible messages with a key above ``after``, oldest first; two queries at any size."""
    rows = list(
        ChatMessage.objects.filter(lecture_id=occasion_id, pk__gt=after, hidden_at=None)
        .select_related("author")
        .order_by("-pk")[:limit]
    )
    units = units_of({row.author_id for row in rows}, timezone.now())
    return [ChatLine.of(row, name=row.author.name, unit=units.get(row.author_id, "")) for row in reversed(rows)]


def units_of(member_ids: set[int], as_of: dt.datetime) -> dict[int, str]:
    """Return the names of the nodes that people belong to on that day, by person."""
    rows = User.objects.filter(valid_membership(as_of), pk__in=member_ids)
    return dict(rows.values_list("pk", "memberships__node__name"))


def valid_membership(as_of: dt.datetime) -> Q:
    """People with a membership valid at that moment's local date."""
    return valid_on(timezone.localdate(as_of), at="memberships")


def units_at(moments: Collection[tuple[int, dt.datetime]]) -> dict[tuple[int, dt.datetime], str]:
    """Return the name of the node that each person belonged to at a moment, or ""; one query."""
    units = dict.fromkeys(moments, "")
    if units:
        belonged = Membership.objects.filter(member_id__in={member_id for member_id, _at in units})
        rows = list(belonged.values_list("member_id", "active_from_date", "active_to_date", "node__name"))
        for member_id, at in units:
            day = timezone.localdate(at)
            for whose, first, end, name in rows:
                if whose == member_id and first <= day and (end is None or day < end):
                    units[member_id, at] = name
    return units


def labels_of(member_ids: Collection[int], *, as_of: dt.datetime | None = None) -> dict[int, tuple[str, str]]:
    """Return the name of each person and that of the node they belong to now, or ""; two queries."""
    if not member_ids:
        return {}
    day = timezone.localdate(as_of)
    units = Membership.objects.filter(valid_on(day), member_id__in=member_ids).values_list("member_id", "node__name")
    names = User.objects.filter(pk__in=member_ids).values_list("pk", "name")
    by_id = dict(units)
    return {member_id: (name, by_id.get(member_id, "")) for member_id, name in names}


def restricted(occasion_id: int) -> list[Restriction]:
    """Return who is muted or removed now, with the person."""
    rows = Restriction.objects.filter(lecture_id=occasion_id, lifted_at=None)
    return list(rows.select_related("member").order_by("pk"))
