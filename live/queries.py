"""Questions about lectures and what is said in their rooms. Nothing here writes."""

import datetime as dt
from collections import defaultdict
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from typing import Any

from django.db.models import Max, Q, QuerySet
from django.utils import timezone

from attendance.core.intervals import Spans, moment_of, ms_of
from attendance.freshness import silent_before
from attendance.models import Occasion, PresenceSpan, WorkerLease
from attendance.queries import window_of
from live.agent.nodes import BEATS_EVERY, is_fresh
from live.core import lifecycle
from live.core.holes import Hole, from_lists, media_position
from live.models import ChatMessage, Lecture, Restriction
from organizations.models import Membership, Node, Role, RoleGrant, User
from organizations.permissions import visible_nodes
from organizations.queries import valid_on

RECENT_CHAT = 50
SHORTEST_PAUSE_MS = 3_000
"""Less is the seam between two segments."""


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
    """What a room's process looks up once a second.

    ``state``: the lecture's stage; ``picture_at``: when a picture was last known to be on air; ``muted``: whose words
    are stored no more.
    """

    state: str
    webrtc_cap: int
    live_at: dt.datetime | None
    picture_at: dt.datetime | None
    last_message: int
    muted: frozenset[int]


@dataclass(frozen=True)
class NotRecorded:
    """A stretch of a lecture that was on the air and is not in the recording; ``length_ms`` None: it lasts.

    ``position_ms``: where it is missing in the replay, None while there is none.
    """

    at: dt.datetime
    length_ms: int | None
    because: str
    position_ms: int | None


def not_recorded(lecture: Lecture) -> list[NotRecorded]:
    """Return what is missing of a lecture's recording, in order; no query but for the lecture's occasion."""
    occasion = lecture.occasion
    found = []
    for hole in from_lists(lecture.holes):
        position = None
        if occasion.media_ms and occasion.window_start_at is not None:
            began = ms_of(occasion.window_start_at) - occasion.media_offset_ms
            cuts = [(at, missing) for at, missing in occasion.media_cuts]
            position = media_position(hole.start, began=began, media_ms=occasion.media_ms, cuts=cuts)
        length = None if hole.end is None else hole.end - hole.start
        found.append(NotRecorded(moment_of(hole.start), length, hole.because, position))
    return found


WEB_NOTICED = dt.timedelta(seconds=10)
PICTURE_OUTLIVES = dt.timedelta(seconds=30)


def holes_of_web(gaps: Spans, *, as_of: dt.datetime) -> list[Hole]:
    """Return those gaps of a recording, as holes, that began when a web process ended: the picture hung on it.

    The lecturer's browser stays, and sends its picture again as soon as there is a process to ask; until then it is
    ours. A lecturer who pauses at that very moment cannot be told apart.
    """
    if not gaps:
        return []
    since = moment_of(gaps.items[0].start) - PICTURE_OUTLIVES
    until = moment_of(gaps.items[-1].start) + WEB_NOTICED
    gone = Q(ended_at__range=(since, until)) | Q(
        ended_at=None, beat_at__range=(since, until), beat_at__lt=silent_before(every=BEATS_EVERY, as_of=as_of)
    )
    ends = [ended or beat for ended, beat in WorkerLease.objects.filter(gone).values_list("ended_at", "beat_at")]
    return [
        Hole(gap.start, gap.end, "web")
        for gap in gaps
        if any(-PICTURE_OUTLIVES <= end - moment_of(gap.start) <= WEB_NOTICED for end in ends)
    ]


@dataclass(frozen=True)
class Pauses:
    """What a recording leaves out because the lecturer sent nothing: how often, and how long together."""

    count: int
    length_ms: int


def pauses_of(lecture: Lecture) -> Pauses:
    """Return the pauses of a recorded lecture; neither what is missing nor the time between an end and its undoing."""
    occasion, cut = lecture.occasion, []
    if occasion.window_start_at is None:
        return Pauses(0, 0)
    began = ms_of(occasion.window_start_at) - occasion.media_offset_ms
    for at, missing in occasion.media_cuts:
        cut.append((began + at, began + at + missing))
        began += missing
    holes = Spans.of((hole.start, hole.end) for hole in from_lists(lecture.holes) if hole.end is not None)
    left = Spans.of(cut) - holes - Spans.of((start, end) for start, end in occasion.paused_ms)
    lengths = [span.end - span.start for span in left if span.end - span.start >= SHORTEST_PAUSE_MS]
    return Pauses(len(lengths), sum(lengths))


def is_half_missing(occasion: Occasion, *, as_of: dt.datetime) -> bool:
    """Whether less than half of the window can be watched afterwards: then nobody makes up by the replay alone."""
    window = window_of(occasion, as_of=as_of)
    return window.recorded.total * 2 < window.length


def keeps_from_recording(lecture: Lecture, *, as_of: dt.datetime) -> str:
    """Return why a live lecture is not being recorded now, "" when it is or shall not be."""
    if not lecture.record or lecture.state != Lecture.State.LIVE:
        return ""
    node, begun = lecture.media_node, lecture.live_at or as_of
    if begun <= silent_before(every=BEATS_EVERY, as_of=as_of) and (node is None or not is_fresh(node, as_of=as_of)):
        return "agent"
    return next((hole.because for hole in not_recorded(lecture) if hole.length_ms is None), "")


def lecture_of(occasion_id: int) -> Lecture | None:
    """Return the lecture with its occasion, node, training and lecturer; one query."""
    return (
        Lecture.objects.select_related("occasion__node", "occasion__training", "lecturer", "recording", "media_node")
        .filter(pk=occasion_id)
        .first()
    )


def room_facts(occasion_ids: Iterable[int]) -> dict[int, RoomFacts]:
    """Return what the rooms need to know; lectures that were withdrawn are missing. Three queries for any number."""
    ids = list(occasion_ids)
    muted: dict[int, set[int]] = defaultdict(set)
    held = Restriction.objects.filter(lecture_id__in=ids, kind=Restriction.Kind.MUTED, lifted_at=None)
    for lecture_id, member_id in held.values_list("lecture_id", "member_id"):
        muted[lecture_id].add(member_id)
    newest = ChatMessage.objects.filter(lecture_id__in=ids).values("lecture_id").annotate(last=Max("pk"))
    last = dict(newest.values_list("lecture_id", "last"))
    rows = Lecture.objects.filter(pk__in=ids).values_list(
        "pk", "state", "occasion__state", "webrtc_cap", "live_at", "published_at"
    )
    return {
        pk: RoomFacts(
            lifecycle.stage_of(state, occasion_state),
            webrtc_cap,
            live_at,
            picture_at,
            last_message=last.get(pk, 0),
            muted=frozenset(muted[pk]),
        )
        for pk, state, occasion_state, webrtc_cap, live_at, picture_at in rows
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
        above = [path[:end] for end in range(Node.steplen, len(path), Node.steplen)]
        line |= Q(node__path__startswith=path) | Q(node__path__in=above)
    held = RoleGrant.objects.filter(line, valid_on(on_date), role=Role.LECTURER)
    return User.objects.filter(pk__in=held.values("user_id"), is_active=True).order_by("name", "pk")


def may_lecture(user: User, node: Node, *, on_date: dt.date) -> bool:
    """Whether a person may give a lecture for ``node`` that day: a lecturer granted above, at or below it."""
    line = [node.path[:end] for end in range(node.steplen, len(node.path) + 1, node.steplen)]
    near = Q(node__path__startswith=node.path) | Q(node__path__in=line)
    return RoleGrant.objects.filter(near, valid_on(on_date), user=user, role=Role.LECTURER).exists()


def people_present(occasion: Occasion) -> int:
    """Return how many people are in an occasion's room now."""
    here = PresenceSpan.objects.filter(occasion=occasion, ended_at=None)
    return here.values("member_id").distinct().count()


def personal_data(user: User) -> dict[str, Any]:
    """Return what a person said in rooms and what hosts decided about them, for their own download."""
    said = ChatMessage.objects.filter(author=user).order_by("at")
    held = Restriction.objects.filter(member=user).order_by("set_at")
    return {
        "chat": list(said.values("lecture_id", "lecture__occasion__title", "text", "at", "hidden_at")),
        "restrictions": list(held.values("lecture_id", "kind", "set_at", "lifted_at")),
    }
