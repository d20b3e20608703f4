"""Folders of packages that no row names: a process that is killed between the two leaves one behind; and those of
versions that were replaced, once nobody can have them open any more."""

from datetime import datetime, timedelta
from itertools import islice

import structlog

from media import storage
from packages.models import Package, Replaced

log = structlog.get_logger(__name__)
LEFT_AFTER = timedelta(days=1)
AT_ONCE, MOST_DROPPED = 200, 200


def drop_replaced(*, as_of: datetime) -> int:
    """Remove the files of versions that were replaced a day ago; returns how many, ``MOST_DROPPED`` at most."""
    over = Replaced.objects.filter(replaced_at__lte=as_of - LEFT_AFTER).order_by("replaced_at")[:MOST_DROPPED]
    dropped = 0
    for one in over:
        try:
            storage.drop(storage.packages_folder(one.key))
        except storage.UnableToReach as error:
            log.warning("packages_not_swept", reason=str(error))  # the next turn does
            break
        one.delete()
        dropped += 1
    if dropped:
        log.info("replaced_packages_dropped", folders=dropped)
    return dropped


def drop_unnamed(*, as_of: datetime) -> int:
    """Remove what lies under ``packages/`` and no row names, a day after it was written; returns how many folders,
    ``MOST_DROPPED`` at most. On the disk, in the bucket, and on both while a site is moved.

    A folder gets its row, or its row another folder, within seconds: a day later nobody is about to name it.
    """
    before, dropped = (as_of - LEFT_AFTER).timestamp(), 0
    try:
        found = storage.package_folders()
        while dropped < MOST_DROPPED and (some := list(islice(found, AT_ONCE))):
            keys = [one.name for one in some]
            named = set(Package.objects.filter(key__in=keys).values_list("key", flat=True))
            named.update(Replaced.objects.filter(key__in=keys).values_list("key", flat=True))
            # Asked of those alone that no row names: in a bucket it is a list of all their files.
            for folder in [one for one in some if one.name not in named][: MOST_DROPPED - dropped]:
                at = storage.placed_at(storage.relative(folder))
                if at is not None and at < before:
                    storage.drop(folder)
                    dropped += 1
    except storage.UnableToReach as error:
        log.warning("packages_not_swept", reason=str(error))  # the next turn does
    if dropped:
        log.info("packages_swept", folders=dropped)
    return dropped
