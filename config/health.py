"""What /readyz asks: whether every part that work needs has been heard of lately, and no other part.

One rule says what "lately" is (``attendance.core.freshness``). Which part is needed depends on the shape and on what is
planned: without Redis nobody asks for it, and a media agent only where a lecture is on or begins soon.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial

import redis
from django.conf import settings
from django.db import DatabaseError, InterfaceError, connection
from django.utils import timezone

from attendance.core.freshness import is_fresh
from attendance.models import Occasion
from config import disks, marks, queues
from config.models import Mark
from live import quick
from live.models import Lecture, MediaNode
from live.queries.nodes import BEATS_EVERY as AGENT_EVERY
from media import sides
from organizations import replica
from organizations.queries import phone_key_fits

MARKED_EVERY = timedelta(seconds=marks.EVERY_S)
# A worker whose children are all at work answers for nothing meanwhile: a film of hours takes hours.
BUSY_FOR, BUSY_WITH_FILMS = timedelta(minutes=5), timedelta(hours=6)
SOON = timedelta(minutes=30)
Marks = Mapping[str, Mark]


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
    except (DatabaseError, InterfaceError) as error:
        return Part("database", False, type(error).__name__)
    return Part("database", True, connection.vendor)


def shared_memory() -> Part:
    """Redis, where there is one: what several processes say to each other goes through it."""
    if settings.EMBEDDED:
        return Part("redis", True, "not used")
    asked = quick.redis_client()
    try:
        asked.ping()
    except (redis.RedisError, OSError) as error:
        return Part("redis", False, type(error).__name__)
    finally:
        asked.close()
    return Part("redis", True, "answers")


def reports() -> list[Part]:
    """The replica that reports are read from, where there is one; without it they are read where everything is."""
    if not replica.is_configured():
        return []
    state = replica.found()
    lag = "" if state.lag_s is None else f"{state.lag_s:.0f} s behind"
    said = ", ".join(part for part in (str(state.code), lag, state.why) if part)
    return [Part("replica", state.code == replica.Code.FINE, said, required=False)]


def worker(*, found: Marks, as_of: datetime) -> Part:
    """Whether somebody does the tasks of every queue: settling, opening courses, preparing videos."""
    if late := unserved(found=found, as_of=as_of):
        return Part("worker", False, "; ".join(f"{queue}: {ago(served(queue, found), as_of)}" for queue in late))
    return Part("worker", True, ago(marks.newest(found, "worker@"), as_of))


def unserved(*, found: Marks, as_of: datetime) -> list[str]:
    """Return the queues that nobody takes anything from."""
    return [queue for queue in settings.TASK_QUEUES if not _is_served(queue, found, as_of)]


def served(queue: str, found: Marks) -> Mark | None:
    """Return the last sign that a task of this queue was done, by whichever host."""
    done = [mark for name, mark in found.items() if name.startswith("worker@") and mark.data.get("queue") == queue]
    return max(done, key=lambda mark: mark.at, default=None)


def _is_served(queue: str, found: Marks, as_of: datetime) -> bool:
    newest = served(queue, found)
    if newest is None or is_fresh(newest.at, every=MARKED_EVERY, as_of=as_of):
        return newest is not None
    takes = [mark for name, mark in found.items() if name.startswith("alive@") and queue in mark.data.get("queues", [])]
    alive = [mark for mark in takes if is_fresh(mark.at, every=MARKED_EVERY, as_of=as_of)]
    # A worker for every queue has no child left for a verdict while each has a film: it is late, and not dead.
    is_long = queue == queues.MEDIA or any(mark.data.get("films") for mark in alive)
    return bool(alive) and newest.at > as_of - (BUSY_WITH_FILMS if is_long else BUSY_FOR)


def beat(*, found: Marks, as_of: datetime) -> Part:
    """Whether somebody asks for what is due."""
    newest = marks.newest(found, "beat@")
    ok = newest is not None and is_fresh(newest.at, every=MARKED_EVERY, as_of=as_of)
    return Part("beat", ok, ago(newest, as_of))


def ago(mark: Mark | None, as_of: datetime) -> str:
    return "never heard of" if mark is None else _ago(mark.at, as_of)


def _ago(at: datetime, as_of: datetime) -> str:
    """In seconds; what was heard while this was asked is of now."""
    return f"{max((as_of - at).total_seconds(), 0):.0f} s ago"


def media_agent(*, as_of: datetime) -> Part:
    newest = MediaNode.objects.order_by("-beat_at").first()
    ok = newest is not None and is_fresh(newest.beat_at, every=AGENT_EVERY, as_of=as_of)
    silent = _ago(newest.beat_at, as_of) if newest else "never heard of"
    if not ok and not needs_agent(as_of=as_of):
        return Part("media_agent", True, f"not needed now ({silent})")
    return Part("media_agent", ok, silent)


def needs_agent(*, as_of: datetime) -> bool:
    """Whether a lecture is on, waits for its recording to be packed, or begins within half an hour."""
    if Lecture.objects.filter(state__in=[Lecture.State.LIVE, Lecture.State.ENDED]).exists():
        return True
    soon = Occasion.objects.filter(state=Occasion.State.SCHEDULED, kind="lecture")
    return soon.filter(starts_at__gt=as_of - SOON, starts_at__lt=as_of + SOON).exists()


def disk() -> Part:
    free = disks.disk_free_percent()
    return Part("disk", free > settings.DISK_RESERVE_PERCENT, f"{free:.0f} % free", required=False)


def storage() -> Part:
    """Whether the bucket answers, where there is one. Away it does not keep people from the rest of the site; a host
    that has the wrong bucket or key should have none of them."""
    for place in (settings.STORAGE.now, settings.STORAGE.before):
        side = sides.side_of(place) if place is not None else None
        try:
            if side is not None and not isinstance(side, sides.Disk):
                side.probe()
        except sides.UnableToReach as error:
            is_wrong = place is settings.STORAGE.now and error.code in ("no_bucket", "forbidden")
            return Part("storage", False, f"{side}: {error.code}", required=is_wrong)
    return Part("storage", True, str(settings.STORAGE.now))


def phone_key() -> Part:
    """Whether sign-in and imports would work with the key that this process has; nothing of the key is said."""
    fits = phone_key_fits()
    words = {True: "fits this database", False: "not the key of this database", None: "not used yet"}
    return Part("phone_key", fits is not False, words[fits])


def sandbox(*, found: Marks) -> Part:
    """Where videos are prepared: by whoever takes their queue. Other workers need no sandbox and may have none."""
    workers = [mark for name, mark in found.items() if name.startswith("worker@")]
    states = {mark.data["sandbox"] for mark in workers if mark.data.get("queue") == queues.MEDIA}
    open_ones = sorted(states - {"bubblewrap"})
    return Part("sandbox", not open_ones, ", ".join(open_ones or sorted(states)) or "no worker yet", required=False)


def readiness(*, as_of: datetime | None = None) -> list[Part]:
    """Return every part's health, in two seconds at most: what lies in the database is not asked when it is away."""
    now = as_of or timezone.now()
    parts = [database(), shared_memory(), disk(), *([] if sides.is_plain() else [storage()])]
    if not parts[0].ok:
        return parts
    try:
        found = marks.found()
        asked: list[Callable[[], Part]] = [
            partial(worker, found=found, as_of=now),
            partial(beat, found=found, as_of=now),
            partial(media_agent, as_of=now),
            phone_key,
            partial(sandbox, found=found),
        ]
        return parts + [ask() for ask in asked] + reports()
    except (DatabaseError, InterfaceError) as error:
        return [Part("database", False, type(error).__name__), *parts[1:]]


def is_ready(parts: list[Part]) -> bool:
    return all(part.ok or not part.required for part in parts)
