"""The sides on which files may lie: a bucket, this machine's disk, and both while a site is moved (ADR 87).

Where there is a disk alone nothing here is asked: ``media.storage`` works on the disk itself.
"""

import errno
from collections.abc import Iterator
from concurrent.futures import FIRST_EXCEPTION, ThreadPoolExecutor, wait
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Union

from django.conf import settings

from media.core.place import Place
from media.sides.disk import Beat, Disk
from media.sides.faults import UnableToReach, UnableToStore
from media.sides.found import Entry, Found, Stream

if TYPE_CHECKING:
    from media.sides.bucket import Bucket

__all__ = [
    "Beat", "Disk", "Entry", "Found", "Side", "Stream", "UnableToReach", "UnableToStore", "abort_unfinished",
    "bucket_now", "delete_older", "delete_tree", "entries", "fetch", "find", "is_plain", "put_tree", "side_of", "sides",
    "size",
]  # fmt: skip
Side = Union["Bucket", Disk]
AT_ONCE = 8
BEAT_S = 1.0
LAST = ("", ".m3u8", "master.m3u8")  # what names others goes up after them


def is_plain() -> bool:
    """Whether there is a disk and nothing else."""
    return settings.STORAGE.is_plain


def side_of(place: Place) -> Side:
    if not place.is_bucket:
        return Disk(Path(settings.MEDIA_ROOT))
    from media.sides.bucket import Bucket  # noqa: PLC0415 - boto is large, and most sites have a disk

    return Bucket(place)


def bucket_now() -> "Bucket | None":
    """Where new files go, if that is a bucket."""
    side = side_of(settings.STORAGE.now) if settings.STORAGE.now.is_bucket else None
    return None if isinstance(side, Disk) else side


def sides() -> list[Side]:
    """Where files lie now, then where they lay before."""
    return [side_of(place) for place in (settings.STORAGE.now, settings.STORAGE.before) if place is not None]


def find(key: str) -> Found | None:
    """What lies under a key, on whichever side. Raises UnableToReach.

    The new side is asked again after the old one: what was moved in between is missing on neither.
    """
    looks = sides()
    looks += looks[:1] if len(looks) > 1 else []
    for side in looks:
        if (found := side.find(key)) is not None:
            return found if len(looks) == 1 else replace(found, open=_opener(found))
    return None


def _opener(found: Found):  # type: ignore[no-untyped-def]
    def opened(first: int, length: int) -> Stream:
        try:
            return found.open(first, length)
        except FileNotFoundError:
            for side in sides():
                if (again := side.find(found.key)) is not None and again.size == found.size:
                    return again.open(first, length)
            raise

    return opened


def entries(prefix: str) -> Iterator[Entry]:
    """Every file below ``prefix`` ("…/") once, on whichever side."""
    seen: set[str] = set()
    for side in sides():
        for entry in side.entries(prefix):
            if entry.key not in seen:
                seen.add(entry.key)
                yield entry


def delete_tree(key: str) -> None:
    """Delete a file, or all below it, on every side. Raises UnableToReach.

    Where it lay before first: a move that has just read it there finds it gone, or its copy is deleted by this, too.
    """
    for side in reversed(sides()):
        side.delete_tree(key)


def delete_older(key: str, moment: float) -> None:
    """Delete in buckets what was stored under a key, or below it, until ``moment`` (Unix seconds; by their clock).

    For a deletion that comes late: what was stored since bears the name by right. A disk was asked at once.
    Raises UnableToReach.
    """
    for side in reversed(sides()):
        if not isinstance(side, Disk):
            side.delete_older(key, moment)


def abort_unfinished(moment: float) -> int:
    """Free what was sent of files that nobody finished since ``moment`` (Unix seconds); returns how many files.

    A process that was killed leaves such pieces: no listing shows them, and they cost room. Raises UnableToReach.
    """
    return sum(side.abort_unfinished(moment) for side in sides() if not isinstance(side, Disk))


def size(key: str, suffix: str = "") -> int:
    """How many bytes ``fetch`` would bring. Raises UnableToReach."""
    found = None if suffix else find(key)
    if found is not None:
        return found.size
    return sum(entry.size for entry in entries(f"{key}/") if entry.key.endswith(suffix))


def put_tree(work: Path, key: str, *, on_beat: Beat) -> None:
    """Store every file of a folder below ``key``, several at once, playlists last; then all of it is there to be read.

    ``on_beat`` is called every second by the caller's own thread and may raise. Raises UnableToStore, UnableToReach.
    """
    to = bucket_now()
    assert to is not None  # noqa: S101 - asked by the caller
    files = {path.relative_to(work).as_posix(): path for path in work.rglob("*") if path.is_file()}
    steps = [[name for name in files if _step(name) == step] for step in range(len(LAST))]
    for names in steps:
        with ThreadPoolExecutor(AT_ONCE) as pool:
            going = {pool.submit(_send, to, f"{key}/{name}", files[name]) for name in names}
            try:
                while going:
                    done, going = wait(going, timeout=BEAT_S, return_when=FIRST_EXCEPTION)
                    for each in done:
                        each.result()
                    on_beat()
            except BaseException:
                pool.shutdown(cancel_futures=True)
                raise
    _await_tree(to, files, key, on_beat)


def _step(name: str) -> int:
    return 2 if name == LAST[2] else 1 if name.endswith(LAST[1]) else 0


def _send(to: "Bucket", key: str, path: Path) -> None:
    with path.open("rb") as file:
        to.send(key, file, path.stat().st_size)


def _await_tree(to: "Bucket", files: dict[str, Path], key: str, on_beat: Beat) -> None:
    from media.sides.bucket import await_seen  # noqa: PLC0415 - as above

    wanted = {(f"{key}/{name}", path.stat().st_size) for name, path in files.items()}
    await_seen(lambda: wanted <= {(each.key, each.size) for each in to.entries(f"{key}/")}, key, on_beat)


def fetch(key: str, target: Path, *, on_beat: Beat, suffix: str = "") -> None:
    """Bring a file, or the files of a folder whose names end in ``suffix``, to this disk; nothing where it is gone."""
    if not suffix and (found := find(key)) is not None:
        _bring(found, target, on_beat)
        return
    for entry in entries(f"{key}/"):
        if entry.key.endswith(suffix) and (found := find(entry.key)) is not None:
            to = target / entry.key.removeprefix(f"{key}/")
            to.parent.mkdir(parents=True, exist_ok=True)
            _bring(found, to, on_beat)


def _bring(found: Found, target: Path, on_beat: Beat) -> None:
    with target.open("wb") as file:
        for data in found.open(0, found.size):
            try:
                file.write(data)
            except OSError as error:
                if error.errno in (errno.ENOSPC, errno.EDQUOT):
                    raise UnableToStore from error
                raise
            on_beat()
