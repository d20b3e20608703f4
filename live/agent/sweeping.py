"""Folders of lectures that are over: deleted once nobody needs what lies in them."""

import asyncio
import shutil
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path

import structlog

from live.agent import folders, moment, parts
from live.queries import nodes
from live.room.threads import at_length, in_database

log = structlog.get_logger(__name__)

GRACE_S = 120.0
UNKNOWN_KEPT_S = 86_400.0
GIVEN_UP_KEPT_S = 30 * 86_400.0


async def sweep(root: Path, *, node_id: int, is_free: Callable[[Path], bool]) -> None:
    """Delete what is not needed; players get two minutes for the last segments. ``is_free``: not carried now."""
    await asyncio.to_thread(folders.sweep_work, root)
    now = time.time()
    # A carrier may be made while this waits: what is carried now is looked at here, and young folders stay anyway.
    ages = {path: now - path.stat().st_mtime for path in folders.of_lectures(root) if is_free(path)}
    old = {path: age for path, age in ages.items() if age > GRACE_S}
    ids = [folders.occasion_of(path) for path in old]
    found = await in_database(lambda: nodes.needs(ids, as_of=moment.now()))
    parted = await in_database(lambda: nodes.keeps_part(ids, node_id=node_id))
    found |= dict.fromkeys({key for key in parted if found.get(key) == "none"}, "unrecorded")
    for path, age in old.items():
        need = found.get(folders.occasion_of(path), "unknown")
        # "unknown" may be a database restored from a backup: what lies here is then all there is of the lecture.
        if need == "none" or (need == "unknown" and age > UNKNOWN_KEPT_S):
            await at_length(partial(parts.drop, folders.occasion_of(path)))
            await asyncio.to_thread(shutil.rmtree, path, ignore_errors=True)
        elif need == "unrecorded" and (age > GIVEN_UP_KEPT_S or not any(path.glob("*.m4s"))):
            log.warning("folder_without_recording_dropped", folder=path.name, days=round(age / 86_400))
            await asyncio.to_thread(shutil.rmtree, path, ignore_errors=True)
