"""Media hosts say that they are there, and take over what no living one carries."""

from collections.abc import Collection
from datetime import datetime
from typing import Any

from django.db.models import Q

from live.core.media.facts import AirFacts
from live.models import Lecture, MediaNode
from live.queries.nodes import FALLBACK, silent_before


def beat(*, name: str, url: str, load: dict[str, Any], engine_up: bool, as_of: datetime) -> int:
    """Register the node, or renew its heartbeat; returns its key. A node whose engine is down is no fresh node."""
    seen_at = as_of if engine_up else silent_before(as_of)
    node, _ = MediaNode.objects.update_or_create(name=name, defaults={"url": url, "load": load, "beat_at": seen_at})
    return int(node.pk)


def note_air(*, node_id: int, air: dict[str, AirFacts], fallback: Collection[int] = ()) -> None:
    """Write down what comes in of each lecture that this node carries: one row, once a second.

    ``fallback``: of which the lecturer's picture comes so. Beside the facts, where an older process passes it over.
    """
    MediaNode.objects.filter(pk=node_id).update(air=air | ({FALLBACK: list(fallback)} if fallback else {}))


def retire(*, node_id: int, as_of: datetime) -> None:
    """The agent stops in order: others need not wait for its heartbeat to grow old."""
    MediaNode.objects.filter(pk=node_id).update(beat_at=silent_before(as_of))


def claim_lectures(*, node_id: int, as_of: datetime) -> int:
    """Take over live lectures, and ended ones not yet packed, that no living node carries; returns how many."""
    unclaimed = Q(media_node=None) | Q(media_node__beat_at__lte=silent_before(as_of))
    waiting = Lecture.objects.filter(unclaimed, state__in=[Lecture.State.LIVE, Lecture.State.ENDED])
    claimed = 0
    for lecture_id, holder_id in waiting.exclude(media_node_id=node_id).values_list("pk", "media_node_id"):
        # Only from the holder that was read: of two agents that find it left alone one gets it.
        claimed += Lecture.objects.filter(pk=lecture_id, media_node_id=holder_id).update(media_node_id=node_id)
    return claimed
