"""Folders of packages that no row names: a process that is killed between the two leaves one behind."""

from datetime import datetime, timedelta
from itertools import islice

import structlog

from media import storage
from packages.models import Package

log = structlog.get_logger(__name__)
LEFT_AFTER = timedelta(days=1)
AT_ONCE = 200


def drop_unnamed(*, as_of: datetime) -> int:
    """Remove what lies under ``packages/`` and no row names, a day after it was written; returns how many folders.

    A folder gets its row, or its row another folder, within seconds: a day later nobody is about to name it.
    """
    old = storage.packages_written_before((as_of - LEFT_AFTER).timestamp())
    dropped = 0
    while some := list(islice(old, AT_ONCE)):
        named = set(Package.objects.filter(key__in=[one.name for one in some]).values_list("key", flat=True))
        for folder in some:
            if folder.name not in named:
                storage.drop(folder)
                dropped += 1
    if dropped:
        log.info("packages_swept", folders=dropped)
    return dropped
