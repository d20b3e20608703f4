"""A lecture that several media hosts carried one after the other, and no disk that they share (ADR 95).

Each host's runs have numbers of their own (``RUNS_A_HOST``), so that the files of all of them fit into one folder. A
host that finds, when it is back, that another has taken over puts what it had where the site's files lie; whoever packs
the lecture gets it from there, and packs all of it as one.
"""

import asyncio
import contextlib
import time
from collections.abc import Callable
from datetime import datetime
from functools import partial
from pathlib import Path

import structlog
from django.db import DatabaseError

from attendance.core.intervals import ms_of
from live.agent import folders, moment
from live.agent.carrier import Carrier
from live.core.media.playlist import RUNS_A_HOST
from live.models import Lecture, LecturePart
from live.operations import nodes as placing
from live.queries import nodes
from live.room.threads import in_database
from media import parts as on_the_way
from media.storage import UnableToReach, UnableToStore

log = structlog.get_logger(__name__)
PATIENCE_S = 60.0
UPLOAD_S = 600.0
LOOK_S = 1.0
BY = ".by-"
FILES = ("run-*.json", "run-*.journal", "audio-*.journal", "*-init.mp4", "run-*.m4s", "audio-*.m4s")


def take_over(carrier: Carrier, lecture: Lecture, *, node_id: int) -> None:
    """Go on behind what other hosts wrote. What they had is missing here, and told so, until they bring it."""
    packager = carrier.packager
    packager.go_on_after(lecture.moves)
    with contextlib.suppress(OSError):  # a full disk: then it is taken for one that is not shared
        (packager.folder / f"{BY}{node_id}").touch()
    began = lecture.occasion.window_start_at or lecture.live_at
    if lecture.moves and lecture.published_at and began and not packager.listings():
        carrier.hole_log.begin("agent", ms_of(began))


def is_shared(folder: Path, node_id: int) -> bool:
    """Whether that node writes into this very folder: a disk that hosts share needs no bringing."""
    return (folder / f"{BY}{node_id}").exists()


def hand_in(root: Path, part: LecturePart, *, as_of: datetime) -> None:
    """Put what this host has of a lecture where the one that carries it now gets it. What fails is tried again."""
    lecture = part.lecture
    folder = folders.brought_back(root, lecture.pk)
    is_theirs = lecture.media_node_id is not None and is_shared(folder, lecture.media_node_id)
    if not is_theirs and lecture.record and folders.has_segments(folder):
        files = sorted({path for pattern in FILES for path in folder.glob(pattern)})
        try:
            on_the_way.place(files, lecture_id=lecture.pk, node_id=part.node_id)
        except (UnableToStore, UnableToReach, OSError) as error:
            log.warning("part_not_handed_in", occasion=lecture.pk, reason=str(error))
            return
        log.info("part_handed_in", occasion=lecture.pk, files=len(files))
    placing.hand_in(part.pk, as_of=as_of)


async def wait_for(
    lecture: Lecture, *, node_id: int, now: Callable[[], datetime], patience_s: float = PATIENCE_S
) -> None:
    """Before a lecture is packed: a host that is back brings its part within seconds; one that is away is let be."""
    until = time.monotonic() + patience_s
    while time.monotonic() < until:
        try:
            if not await in_database(partial(are_coming, lecture, node_id=node_id, as_of=now())):
                return
        except DatabaseError as error:
            log.warning("database_away", work="wait_for_parts", reason=str(error).strip())
        await asyncio.sleep(LOOK_S)


def are_coming(lecture: Lecture, *, node_id: int, as_of: datetime) -> bool:
    """Whether a host that lives still has to bring its part of a lecture."""
    if not lecture.moves or not lecture.record or not nodes.is_ended(lecture.pk, node_id=node_id):
        return False
    left = [part for part in nodes.parts_of(lecture.pk, node_id=node_id) if part.handed_in_at is None]
    return any(nodes.is_fresh(part.node, as_of=as_of) for part in left)


def fetch(carrier: Carrier, lecture: Lecture, *, node_id: int) -> bool:
    """Bring what other hosts handed in into this host's folder of the lecture; return whether nothing is missing.

    Raises UnableToStore and OSError; what is away is asked for again. Raises UnableToReach, too, while a host that
    lives cannot bring its part because of the bucket.
    """
    if not lecture.moves or not lecture.record:
        return True
    others = nodes.parts_of(lecture.pk, node_id=node_id)
    for part in others:
        if part.handed_in_at is None:
            if nodes.is_fresh(part.node, as_of=moment.now()):
                on_the_way.probe()
            log.warning("part_missing", occasion=lecture.pk, node=part.node.name)
        else:
            on_the_way.fetch(carrier.packager.folder, lecture_id=lecture.pk, node_id=part.node_id)
    carrier.packager.read_again()
    first = next((each for each in carrier.packager.listings() if each.video.segments), None)
    is_whole = all(part.handed_in_at for part in others)
    if is_whole and first is not None and first.number < RUNS_A_HOST:
        carrier.hole_log.nothing_before(ms_of(first.video.started_at))
    return is_whole


def drop(occasion_id: int) -> None:
    """No end can be undone any more: nobody will ask for what hosts brought of this lecture."""
    if LecturePart.objects.filter(lecture_id=occasion_id).exists():
        on_the_way.drop(occasion_id)
