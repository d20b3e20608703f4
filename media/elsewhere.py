"""Files that lie on one of several hosts and on no disk that they share: what is on air, on its media host (ADR 95)."""

from django.conf import settings
from django.core.cache import cache
from django.utils.module_loading import import_string

REMEMBERED_S = 2
"""So long phones ask the host of before when another takes a lecture over; three missed beats take longer."""


def address_of(root: str, object_id: str) -> str:
    """Return the ``address:port`` of the host on which files of an object lie; "" where that is this one, or all."""
    rule = settings.MEDIA_ELSEWHERE.get(root)
    if rule is None or not settings.NODES.apart:
        return ""
    # Hosts share this memory, and "here" is another one for each.
    name = f"media-elsewhere:{settings.NODES.name}:{root}:{object_id}"
    kept = cache.get(name)
    if kept is None:
        kept = import_string(rule)(object_id, here=settings.NODES.name)
        cache.set(name, kept, REMEMBERED_S)
    return str(kept)
