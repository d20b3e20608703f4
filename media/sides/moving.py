"""Moving a site's files from one side to the other while it runs (ADR 87).

New files go to the new side already, and what is not there is read from the old one. One file after another is copied,
compared with what came there, and only then deleted where it was: whenever this stops, each file is whole on one side
at least, and beginning again goes on with what is left.
"""

import hashlib
import os
import tempfile
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path
from typing import IO

from media.core.playlists import STORYBOARD
from media.sides import AT_ONCE, Disk, Entry, Found, Side
from media.sides.faults import UnableToReach, UnableToStore

WAITING = 4 * AT_ONCE
MEMORY_BYTES = 16 * 2**20
# What the site itself writes anew under the same name: the new side has the later one.
REWRITTEN = ("/.placed", f"/{STORYBOARD}")


class Stopped(Exception):
    """Somebody asked for it: what was begun was left, what was finished stays."""


@dataclass
class Progress:
    """``files`` and ``bytes``: moved in this run, of ``of_files`` and ``of_bytes`` that were there at its beginning.

    ``gone``: deleted by the site meanwhile · ``there``: were on the new side already · ``left``: key and why.
    """

    of_files: int
    of_bytes: int
    files: int = 0
    bytes: int = 0
    gone: int = 0
    there: int = 0
    left: list[tuple[str, str]] = field(default_factory=list)


def count(side: Side) -> tuple[int, int]:
    """How many files, and bytes, there are. Raises UnableToReach."""
    files = size = 0
    for entry in side.entries():
        files, size = files + 1, size + entry.size
    return files, size


def move(
    before: Side,
    now: Side,
    *,
    scratch: Path,
    progress: Progress,
    on_file: Callable[[Progress], None] = lambda _progress: None,
    stop: threading.Event | None = None,
) -> Progress:
    """Move everything that lies on the side ``before``; ``scratch``: a folder for a file on its way.

    Files that fail are named in ``progress.left``. Raises Stopped, UnableToStore where the new side is full, and
    UnableToReach where one of them does not answer any more.
    """
    stop = stop or threading.Event()
    entries = before.entries()
    with ThreadPoolExecutor(AT_ONCE) as pool:
        going: dict[Future[str], Entry] = {}
        try:
            while True:
                _begin(pool, going, entries, lambda entry: _one(before, now, entry, scratch, stop))
                if not going:
                    return progress
                done, _going = wait(going, return_when=FIRST_COMPLETED)
                for each in done:
                    _note(progress, going.pop(each), each)
                    on_file(progress)
                if stop.is_set():
                    raise Stopped
        except BaseException:
            stop.set()
            pool.shutdown(cancel_futures=True)
            raise


def _begin(
    pool: ThreadPoolExecutor,
    going: "dict[Future[str], Entry]",
    entries: Iterator[Entry],
    one: Callable[[Entry], str],
) -> None:
    for entry in islice(entries, WAITING - len(going)):
        going[pool.submit(one, entry)] = entry


def _note(progress: Progress, entry: Entry, done: "Future[str]") -> None:
    try:
        what = done.result()
    except (UnableToStore, Stopped):
        raise
    except UnableToReach as error:
        if error.code != "refused":
            raise
        progress.left.append((entry.key, str(error)))
        return
    except OSError as error:
        progress.left.append((entry.key, str(error)))
        return
    progress.files += 1
    progress.bytes += entry.size
    progress.gone += what == "gone"
    progress.there += what == "there"


def _one(before: Side, now: Side, entry: Entry, scratch: Path, stop: threading.Event) -> str:
    """Move one file; "moved", "there" (the same, or a newer one of that name, was on the new side) or "gone".

    The site deletes on the old side first and on the new one then (``media.sides.delete_tree``). So either it is
    noticed here that the old file is gone, and what was copied is deleted; or the site's second deletion comes later.
    """

    def beat() -> None:
        if stop.is_set():
            raise Stopped

    beat()
    there = now.find(entry.key)
    if there is not None and (entry.key.endswith(REWRITTEN) or _is_same(before.find(entry.key), there, beat)):
        before.delete(entry.key)
        return "there"
    with ExitStack() as stack:
        try:
            file, size = stack.enter_context(_held(before, entry, scratch, beat))
        except FileNotFoundError:
            return "gone"
        now.put(entry.key, file, size, beat)  # compared there with what was sent
    if before.find(entry.key) is None:
        now.delete(entry.key)
        return "gone"
    before.delete(entry.key)
    return "moved"


@contextmanager
def _held(before: Side, entry: Entry, scratch: Path, beat: Callable[[], None]) -> Iterator[tuple[IO[bytes], int]]:
    """Yield a file that can be read as often as it takes, and its size: that of a disk itself, of a bucket a copy.

    What is deleted or replaced on a disk meanwhile is whole as long as it is open. Raises FileNotFoundError, OSError.
    """
    if isinstance(before, Disk):
        with before.opened(entry.key) as file:
            yield file, os.fstat(file.fileno()).st_size
        return
    with tempfile.TemporaryFile(dir=scratch) if entry.size > MEMORY_BYTES else tempfile.SpooledTemporaryFile(0) as copy:
        if (found := before.find(entry.key)) is None:
            raise FileNotFoundError(entry.key)
        for data in found.open(0, found.size):
            beat()
            copy.write(data)
        if copy.tell() != found.size:
            raise OSError(f"read {copy.tell()} of {found.size} bytes")
        yield copy, found.size


def _is_same(one: Found | None, other: Found, beat: Callable[[], None]) -> bool:
    """Whether both hold the same bytes: a run that was killed may have left anything of its last files."""
    if one is None or one.size != other.size:
        return one is None
    digests = []
    for found in (one, other):
        digest = hashlib.sha256()
        for data in found.open(0, found.size):
            beat()
            digest.update(data)
        digests.append(digest.digest())
    return digests[0] == digests[1]


def tidy(side: Side) -> None:
    """Remove the folders that the move has left empty on a disk; a bucket has none."""
    root = getattr(side, "root", None)
    if root is None:
        return
    for folder, _names, _files in os.walk(root, topdown=False):
        path = Path(folder)
        if path != root and not path.relative_to(root).parts[0].startswith("."):
            try:
                path.rmdir()
            except OSError:
                continue
