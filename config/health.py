"""What /readyz asks: database, cache, channel layer, media agent, disk, sandbox, the phone key."""

import shutil
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta

from asgiref.sync import async_to_sync
from channels.layers import get_channel_layer
from django.conf import settings
from django.core.cache import cache
from django.db import DatabaseError, connection
from django.utils import timezone
from django.utils.module_loading import import_string

from live.models import MediaNode
from organizations.queries import phone_key_fits

AGENT_SILENT_AFTER = timedelta(seconds=20)


@dataclass(frozen=True)
class Part:
    """One part's health; a part that is not ``required`` warns without making the site unready."""

    name: str
    ok: bool
    detail: str
    required: bool = True


def database() -> Part:
    try:
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1")
    except DatabaseError as error:
        return Part("database", False, type(error).__name__)
    return Part("database", True, connection.vendor)


def cached() -> Part:
    try:
        cache.set("readyz", "1", 10)
        ok = cache.get("readyz") == "1"
    except OSError as error:
        return Part("cache", False, type(error).__name__)
    return Part("cache", ok, "memory" if settings.EMBEDDED else "redis")


def channel_layer() -> Part:
    async def round_trip() -> bool:
        layer = get_channel_layer()
        channel = await layer.new_channel()
        await layer.send(channel, {"type": "readyz"})
        return bool((await layer.receive(channel))["type"] == "readyz")

    try:
        return Part("channel_layer", async_to_sync(round_trip)(), "memory" if settings.EMBEDDED else "redis")
    except OSError as error:
        return Part("channel_layer", False, type(error).__name__)


def media_agent() -> Part:
    try:
        newest = MediaNode.objects.order_by("-beat_at").first()
    except DatabaseError as error:
        return Part("media_agent", False, type(error).__name__, required=False)
    if newest is None:
        return Part("media_agent", False, "no media agent has reported yet", required=False)
    silent = timezone.now() - newest.beat_at
    return Part(
        "media_agent", silent < AGENT_SILENT_AFTER, f"{newest.name}: {silent.total_seconds():.0f} s ago", required=False
    )


def disk() -> Part:
    usage = shutil.disk_usage(settings.VAR_DIR)
    free = 100 * usage.free / usage.total
    return Part("disk", free > settings.DISK_RESERVE_PERCENT, f"{free:.0f} % free", required=False)


def phone_key() -> Part:
    """Whether sign-in and imports would work with the key that this process has; nothing of the key is said."""
    try:
        fits = phone_key_fits()
    except DatabaseError as error:
        return Part("phone_key", False, type(error).__name__)
    words = {True: "fits this database", False: "not the key of this database", None: "not used yet"}
    return Part("phone_key", fits is not False, words[fits])


def sandbox() -> Part:
    state = import_string("media.ffmpeg.sandbox_state")()
    return Part("sandbox", state == "bubblewrap", state, required=False)


CHECKS: list[Callable[[], Part]] = [database, cached, channel_layer, media_agent, disk, sandbox, phone_key]


def readiness() -> list[Part]:
    """Return every part's health, each in at most a few seconds."""
    return [check() for check in CHECKS]
