"""Devices outside that send a lecture's picture. Nothing here writes."""

import datetime as dt
from collections.abc import Collection
from dataclasses import dataclass

from django.db.models import Exists, F, OuterRef

from attendance.core.freshness import WORKER_BEATS_EVERY, silent_before
from attendance.models import WorkerLease
from live.models import AirTurn, EncoderKey, Lecture, MediaPeer


@dataclass(frozen=True, slots=True)
class EncoderRow:
    """A connection of a device outside; ``member_id``: the host who made its key."""

    occasion_id: int
    member_id: int
    key: str


def encoder_key(*, occasion_id: int) -> EncoderKey | None:
    """Return a lecture's key as it is kept, with who made it."""
    return EncoderKey.objects.select_related("made_by").filter(lecture_id=occasion_id).first()


def is_encoder_on(*, occasion_id: int) -> bool:
    """Return whether a device outside is connected."""
    return MediaPeer.objects.filter(lecture_id=occasion_id, kind=MediaPeer.Kind.PUB, device=AirTurn.ENCODER).exists()


def encoders_on_air(*, keys: Collection[str], owner: str) -> set[str]:
    """Return which of these may go on.

    Still this process's, on the air of a live lecture in no break, and by the newest key.
    """
    turn = AirTurn.objects.filter(
        lecture_id=OuterRef("lecture_id"), ended_at=None, source=AirTurn.ENCODER, socket=OuterRef("key")
    )
    rows = MediaPeer.objects.filter(
        Exists(turn),
        key__in=keys,
        owner=owner,
        lecture__state=Lecture.State.LIVE,
        lecture__break_at=None,
        lecture__encoder_key__made_by=F("member_id"),
        lecture__encoder_key__made_at__lte=F("made_at"),
    )
    return set(rows.values_list("key", flat=True))


def encoders_left_alone(*, as_of: dt.datetime) -> list[EncoderRow]:
    """Return the connections whose web process is dead: nobody keeps them alive."""
    alive = WorkerLease.objects.filter(
        name=OuterRef("owner"), ended_at=None, beat_at__gt=silent_before(every=WORKER_BEATS_EVERY, as_of=as_of)
    )
    rows = MediaPeer.objects.filter(
        ~Exists(alive), kind=MediaPeer.Kind.PUB, device=AirTurn.ENCODER, lecture__state=Lecture.State.LIVE
    )
    return [EncoderRow(*row) for row in rows.values_list("lecture_id", "member_id", "key")]
