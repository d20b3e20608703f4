"""Who owns which connection with the media engine."""

from collections.abc import Collection

from django.db.models import Q

from live.models import Lecture, MediaPeer


def owned_peers(*, keys: Collection[str], owner: str) -> set[str]:
    """Return which of these are still this process's."""
    return set(MediaPeer.objects.filter(key__in=keys, owner=owner).values_list("key", flat=True))


def engine_url(*, occasion_id: int) -> str | None:
    """Return where the engine is that carries a lecture, None where none does."""
    return Lecture.objects.filter(pk=occasion_id).values_list("media_node__url", flat=True).first()


def is_peer(*, key: str) -> bool:
    """Return whether some process owns the connection of this key."""
    return MediaPeer.objects.filter(key=key).exists()


def is_published(*, occasion_id: int) -> bool:
    """Return whether somebody's connection is on the air."""
    return MediaPeer.objects.filter(lecture_id=occasion_id, kind=MediaPeer.Kind.PUB).exists()


def off_air(*, occasion_ids: Collection[int]) -> set[int]:
    """Return in which of these lectures nobody is to be on the air: there is a break, or they are not live."""
    closed = Lecture.objects.filter(~Q(state=Lecture.State.LIVE) | ~Q(break_at=None), pk__in=occasion_ids)
    return set(closed.values_list("pk", flat=True))
