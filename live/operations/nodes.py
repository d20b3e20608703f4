"""Media hosts say that they are there, and take over what no living one carries."""

from collections.abc import Collection
from datetime import datetime, timedelta
from typing import Any

import structlog
from django.db import transaction
from django.db.models import F, Q
from django.utils.translation import gettext as _

from live.core.media.facts import AirFacts
from live.models import Lecture, LecturePart, MediaNode
from live.queries.nodes import FALLBACK, pick_node, silent_before

log = structlog.get_logger(__name__)

LEFT_TO_BEST = timedelta(seconds=2)
LEFT_BY_DRAINING = timedelta(seconds=20)  # others have found it long before


class UnableToDrain(Exception):
    """There is no such node; the message, for the operator, names those that there are."""


def beat(*, name: str, url: str, load: dict[str, Any], engine_up: bool, as_of: datetime, address: str = "") -> int:
    """Register the node, or renew its heartbeat; returns its key. A node whose engine is down is no fresh node.

    ``address``: where other hosts reach what it has on the air; "": they share its disk, or there is no other.
    """
    seen_at = as_of if engine_up else silent_before(as_of)
    told = {"url": url, "address": address, "load": load, "beat_at": seen_at}
    return int(MediaNode.objects.update_or_create(name=name, defaults=told)[0].pk)


def note_air(*, node_id: int, air: dict[str, AirFacts], fallback: Collection[int] = ()) -> None:
    """Write down what comes in of each lecture that this node carries: one row, once a second.

    ``fallback``: of which the lecturer's picture comes so. Beside the facts, where an older process passes it over.
    """
    MediaNode.objects.filter(pk=node_id).update(air=air | ({FALLBACK: list(fallback)} if fallback else {}))


def retire(*, node_id: int, as_of: datetime) -> None:
    """The agent stops in order: others need not wait for its heartbeat to grow old."""
    MediaNode.objects.filter(pk=node_id).update(beat_at=silent_before(as_of))


def claim_lectures(*, node_id: int, as_of: datetime) -> int:
    """Take over live lectures, and ended ones not yet packed, that no living node carries; returns how many.

    They are left to the node with most room for a moment, and by one that drains for longer: a node that beats and
    takes nothing must not leave a lecture without a picture for good.
    """
    unclaimed = Q(media_node=None) | Q(media_node__beat_at__lte=silent_before(as_of))
    waiting = Lecture.objects.filter(unclaimed, state__in=[Lecture.State.LIVE, Lecture.State.ENDED])
    left = waiting.exclude(media_node_id=node_id).values_list("pk", "media_node_id", "live_at", "media_node__beat_at")
    claimed, best = 0, pick_node(as_of=as_of) if (found := list(left)) else None
    for lecture_id, holder_id, live_at, beat_at in found:
        since = live_at if beat_at is None else beat_at + (as_of - silent_before(as_of))
        if best is not None and best.pk != node_id:
            patience = LEFT_BY_DRAINING if _drains(node_id) else LEFT_TO_BEST
            if since > as_of - patience:
                continue
        claimed += move_lecture(lecture_id, from_id=holder_id, to_id=node_id, as_of=as_of)
    return claimed


def _drains(node_id: int) -> bool:
    return MediaNode.objects.filter(pk=node_id).exclude(draining_at=None).exists()


@transaction.atomic
def move_lecture(lecture_id: int, *, from_id: int | None, to_id: int, as_of: datetime) -> bool:
    """Let another node carry a lecture; what the one before has of it is a part to be handed in.

    Only from the node that was read, if it is silent yet, and only what is live or not yet packed: of two that find it
    left alone one gets it, and False is the answer to the other.
    """
    # Locked, and then asked: what was read before may be of before another's commit (PostgreSQL, READ COMMITTED). The
    # lecture first, then its node; whoever beats locks its node alone.
    locked = Lecture.objects.select_for_update(no_key=True).filter(pk=lecture_id, media_node_id=from_id)
    lecture = locked.filter(state__in=[Lecture.State.LIVE, Lecture.State.ENDED]).first()
    if lecture is None:
        return False
    if from_id is None:
        return bool(Lecture.objects.filter(pk=lecture_id).update(media_node_id=to_id))
    holder = MediaNode.objects.select_for_update(no_key=True).get(pk=from_id)
    if holder.beat_at > silent_before(as_of):
        return False
    Lecture.objects.filter(pk=lecture_id).update(media_node_id=to_id, moves=F("moves") + 1)
    number = lecture.moves
    LecturePart.objects.create(lecture_id=lecture_id, node_id=from_id, number=number, left_at=as_of)
    log.warning("lecture_moved", occasion=lecture_id, from_node=from_id, to_node=to_id)
    return True


def drain(*, name: str, on: bool, by: str, as_of: datetime) -> MediaNode:
    """Let a node get no new lecture while another can, or let it get them again; ``by``: who says so, for the log.

    What it carries it keeps. Saying it twice is saying it once. Raises UnableToDrain.
    """
    if not MediaNode.objects.filter(name=name).exists():
        known = "、".join(MediaNode.objects.order_by("name").values_list("name", flat=True)) or _("一台也没有")
        raise UnableToDrain(_("没有叫“{name}”的媒体主机。现有：{known}。").format(name=name, known=known))
    changed = MediaNode.objects.filter(name=name, draining_at__isnull=on)
    if changed.update(draining_at=as_of if on else None):
        log.info("node_drained" if on else "node_opened", node=name, by=by)
    return MediaNode.objects.get(name=name)


def hand_in(part_id: int, *, as_of: datetime) -> None:
    """What a node had of a lecture that another took over lies where the site's files lie; or it had nothing."""
    LecturePart.objects.filter(pk=part_id, handed_in_at=None).update(handed_in_at=as_of)
