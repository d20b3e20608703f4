"""What a host knows of itself alone: its disk, its sandbox, how far its clock is from the database's."""

import shutil
import socket
from datetime import datetime
from typing import Any

from django.conf import settings
from django.utils.module_loading import import_string

from attendance.clock import ahead_of_database


def host() -> str:
    """The name of this host, as marks and metrics have it."""
    return socket.gethostname()[:60]


def disk_free_percent() -> float:
    """How much of the disk under VAR_DIR is free."""
    usage = shutil.disk_usage(settings.VAR_DIR)
    return 100 * usage.free / usage.total


def sandbox() -> str:
    """Whether ffmpeg runs shut in here: "bubblewrap", or why not."""
    return str(import_string("media.ffmpeg.sandbox_state")())


def clock_skew_s(*, as_of: datetime) -> float:
    """How many seconds this host's clock is ahead of the database's."""
    return ahead_of_database(as_of=as_of).total_seconds()


def facts_of_this_host(*, as_of: datetime) -> dict[str, Any]:
    """What a worker leaves with its mark, for pages that are made on another host."""
    return {
        "host": host(),
        "sandbox": sandbox(),
        "disk_free": round(disk_free_percent(), 1),
        "skew_s": round(clock_skew_s(as_of=as_of), 1),
    }
