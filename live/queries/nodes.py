"""Media hosts as the database knows them: who is alive, who has room, who carries what. Nothing here writes."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal

from django.db.models import Count, Exists, F, OuterRef, Prefetch, Q, prefetch_related_objects

from attendance.core import freshness
from attendance.queries.windows import UNDO_FOR
from live.models import Lecture, LecturePart, MediaNode, RecordingTurn, Seat, Speaker

State = Lecture.State

KEPT_FOR = UNDO_FOR + timedelta(minutes=1)
BEATS_EVERY = timedelta(seconds=5)
KNOWN_FOR = timedelta(days=7)
FALLBACK = "fallback"
"""In ``MediaNode.air``, beside the lectures' facts: the lectures whose picture comes by the fallback."""
TURNS = Prefetch("recording_turns", RecordingTurn.objects.order_by("began_at", "pk"))


def is_fresh(node: MediaNode, *, as_of: datetime) -> bool:
    """Whether the node's agent has reported lately."""
    return freshness.is_fresh(node.beat_at, every=BEATS_EVERY, as_of=as_of)


def silent_before(as_of: datetime) -> datetime:
    return freshness.silent_before(every=BEATS_EVERY, as_of=as_of)


def pick_node(*, as_of: datetime) -> MediaNode | None:
    """The live node with the smallest share of its capacity in use, or None when no agent is running.

    One that drains only where no other lives: a lecture without a picture is worse than a host that is not empty yet.
    """
    fresh = MediaNode.objects.filter(beat_at__gt=silent_before(as_of), capacity__gt=0)
    return min(fresh, key=lambda node: (node.draining_at is not None, share_of(node), node.pk), default=None)


def share_of(node: MediaNode) -> float:
    """How much of what it can carry a node carries, as its agent said last; 1 is all."""
    return float(node.load.get("handles", 0) / node.capacity) if node.capacity else 1.0


@dataclass(frozen=True)
class NodeState:
    """A media host for the operator. ``live``: lectures and meetings that it carries; ``packing``: ended ones whose
    recording it still puts together; ``share``: of its capacity, 0 to 1 and more."""

    node: MediaNode
    is_there: bool
    live: int
    packing: int
    share: float

    @property
    def is_draining(self) -> bool:
        """Whether it shall get no new lecture."""
        return self.node.draining_at is not None

    @property
    def is_empty(self) -> bool:
        """Whether it may be stopped, and nobody notices."""
        return not self.live and not self.packing


def states(*, as_of: datetime) -> list[NodeState]:
    """Media hosts that were heard of within a week, that carry something or that drain, by name; one query."""
    live, ended = (Count("lectures", filter=Q(lectures__state=state)) for state in (State.LIVE, State.ENDED))
    known = MediaNode.objects.annotate(live=live, ended=ended).filter(
        Q(beat_at__gt=as_of - KNOWN_FOR) | Q(live__gt=0) | Q(ended__gt=0) | Q(draining_at__isnull=False)
    )
    return [
        NodeState(node, is_fresh(node, as_of=as_of), node.live, node.ended, share_of(node))
        for node in known.order_by("name")
    ]


def address_of(occasion_id: int, *, here: str) -> str:
    """Return where what is on air of a lecture is got from another host; "": it lies here. ``here``: this host's name.

    A host without an address shares its disk, or there is no other.
    """
    told = Lecture.objects.filter(pk=occasion_id).exclude(media_node__name=here)
    return told.values_list("media_node__address", flat=True).first() or ""


def parts_left(*, node_id: int) -> list[LecturePart]:
    """What this node may have of lectures that another carries, or packs, now and that nobody has got yet."""
    mine = LecturePart.objects.filter(node_id=node_id, handed_in_at=None)
    waiting = mine.filter(lecture__state__in=[State.LIVE, State.ENDED])
    return list(waiting.exclude(lecture__media_node_id=node_id).select_related("lecture").order_by("number"))


def parts_of(occasion_id: int, *, node_id: int) -> list[LecturePart]:
    """What others than this node have of a lecture, in order; their nodes are at hand."""
    others = LecturePart.objects.filter(lecture_id=occasion_id).exclude(node_id=node_id)
    return list(others.select_related("node").order_by("number"))


def keeps_part(occasion_ids: list[int], *, node_id: int) -> set[int]:
    """Of which of these lectures this node has a part that did not get into the recording, nor was it deleted."""
    mine = LecturePart.objects.filter(lecture_id__in=occasion_ids, node_id=node_id, handed_in_at=None)
    return set(
        mine.filter(lecture__recording_dropped_at=None, lecture__record=True).values_list("lecture_id", flat=True)
    )


def unjoined(*, since: datetime) -> list[LecturePart]:
    """Parts of recorded lectures that are not in their recording, as their hosts did not come back in time."""
    left = LecturePart.objects.filter(handed_in_at=None, left_at__gt=since, lecture__state=State.RECORDED)
    return list(left.select_related("lecture__occasion", "node").order_by("left_at"))


def last_beat(*, name: str) -> datetime | None:
    """When the agent of this name was last there; None if it never was."""
    return MediaNode.objects.filter(name=name).values_list("beat_at", flat=True).first()


def carried(*, node_id: int) -> list[Lecture]:
    """The lectures that this node has to serve (live) or to pack (ended); a meeting only while it is recorded.

    A meeting's turns of recording are at hand.
    """
    is_recorded = RecordingTurn.objects.filter(lecture_id=OuterRef("pk"), ended_at=None)
    live = Q(kind=Lecture.Kind.LECTURE) | Exists(is_recorded)
    found = list(
        Lecture.objects.filter(Q(live, state=Lecture.State.LIVE) | Q(state=Lecture.State.ENDED), media_node_id=node_id)
        .select_related("occasion")
        .order_by(F("live_at").asc())
    )
    prefetch_related_objects([each for each in found if each.is_meeting], TURNS)
    return found


def cameras(occasion_ids: list[int]) -> dict[int, list[int]]:
    """Whose camera is on in each of these meetings, in the order of coming; one query."""
    on = Seat.objects.filter(lecture_id__in=occasion_ids, cam=True, waits=False).order_by("came_at", "pk")
    found: dict[int, list[int]] = {}
    for lecture_id, member_id in on.values_list("lecture_id", "member_id"):
        found.setdefault(lecture_id, []).append(member_id)
    return found


def shown(*, node_id: int) -> dict[int, int]:
    """Whose picture is that of this node's lectures, by lecture; one with the lecturer's is missing. One query."""
    speaking = Speaker.objects.filter(lecture__media_node_id=node_id, shown_at__isnull=False)
    return dict(speaking.values_list("lecture_id", "member_id"))


def not_here(occasion_ids: list[int], *, node_id: int) -> set[int]:
    """Those of the given ids whose rooms nobody needs at this node: their lecture has ended, does not exist, or is
    carried by another."""
    needed = Lecture.objects.filter(pk__in=occasion_ids, state__in=[Lecture.State.SCHEDULED, Lecture.State.LIVE])
    here = needed.filter(Q(media_node=None) | Q(media_node_id=node_id))
    return set(occasion_ids) - set(here.values_list("pk", flat=True))


Need = Literal["all", "unrecorded", "none"]


def needs(occasion_ids: list[int], *, as_of: datetime) -> dict[int, Need]:
    """What the folders of these lectures are needed for; a lecture that does not exist is missing.

    "all" as long as it is not packed or its end may be undone: the recording would go on from what was captured.
    "unrecorded": it is said to have no replay, so that what lies there is all there is. Else "none", as where somebody
    deleted the recording.
    """
    found: dict[int, Need] = {}
    fields = ("pk", "state", "record", "ended_at", "recording_dropped_at")
    for pk, state, record, ended_at, dropped_at in Lecture.objects.filter(pk__in=occasion_ids).values_list(*fields):
        is_over = state in (Lecture.State.RECORDED, Lecture.State.UNRECORDED)
        if dropped_at is not None:
            found[pk] = "none"
        elif not is_over or (ended_at is not None and ended_at > as_of - KEPT_FOR):
            found[pk] = "all"
        else:
            found[pk] = "unrecorded" if record and state == Lecture.State.UNRECORDED else "none"
    return found


def unrecorded(occasion_ids: list[int]) -> list[Lecture]:
    """Those of the given lectures that should have been recorded and for which nothing was found; none deleted."""
    nothing_found = Lecture.objects.filter(record=True, state=Lecture.State.UNRECORDED, recording_dropped_at=None)
    found = list(nothing_found.filter(pk__in=occasion_ids).select_related("occasion"))
    prefetch_related_objects([each for each in found if each.is_meeting], TURNS)
    return found


def is_ended(occasion_id: int, *, node_id: int) -> bool:
    """Whether the lecture still waits to be packed by this node: its end was not undone, and no other has taken it."""
    return Lecture.objects.filter(pk=occasion_id, state=Lecture.State.ENDED, media_node_id=node_id).exists()
