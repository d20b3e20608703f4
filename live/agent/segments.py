"""The finished segments of one output of ffmpeg: found in the folder itself, written down, never forgotten.

ffmpeg's own playlist is not asked: on a full disk it is rewritten as an empty file, and a power failure may cut it.
What counts is what lies there: a segment is finished when its file has its last name and all of its boxes. Each one
found is made durable and written to a journal of our own, so that a list is never shorter than it was, even where
segments have been deleted since (they had left the live window of a lecture that is not recorded).
"""

import contextlib
import json
import os
import time
from pathlib import Path

import structlog

from live.core.media import playlist
from live.core.media.segments import Torn, check_init, read_fragment

log = structlog.get_logger(__name__)
LEFT_BEHIND_S = 60.0
"""How old a half-written file must be before one that did not write it may remove it."""


class SegmentList:
    """``name``: the beginning of the files' names, as ``run-0003``. ``segments`` only grows."""

    def __init__(self, folder: Path, name: str) -> None:
        self.segments: list[playlist.Segment] = []
        self.torn = False
        self._folder = folder
        self._name = name
        self._next = 0
        self._journal = folder / f"{name}.journal"
        self._unwritten: list[playlist.Segment] = []

    def read(self) -> None:
        """Take in all that an earlier agent left: its journal, and what lies there that it did not write down."""
        known = {segment.uri: segment for segment in _read_journal(self._journal)}
        for path in sorted(self._folder.glob(f"{self._name}-[0-9]*.m4s")):
            if path.name not in known and (found := _inspect(path)) is not None:
                known[path.name] = found
                self._unwritten.append(found)
        self.segments = [known[uri] for uri in sorted(known)]
        last = max((_number(uri) for uri in known), default=-1)
        self._next = last + 1

    def look(self) -> bool:
        """Look for segments that were finished since; True when there are any. A torn one ends the list."""
        before = len(self.segments)
        while not self.torn and self._exists(self._next):
            found = _inspect(self._path(self._next))
            if found is None or not self._is_headed():
                log.warning("segment_torn", folder=self._folder.name, segment=self._path(self._next).name)
                self.torn = True
                break
            self.segments.append(found)
            self._unwritten.append(found)
            self._next += 1
        # One that was never made while the next one was: as bad as a torn one.
        self.torn = self.torn or self._exists(self._next + 1)
        return len(self.segments) > before

    def secure(self) -> None:
        """Make durable what was found, and write it down; what a full disk refuses is tried again the next time."""
        waiting = list(self._unwritten)
        if not waiting:
            return
        try:
            for segment in waiting:
                with contextlib.suppress(FileNotFoundError):  # it has left the live window of what is not recorded
                    _sync(self._folder / segment.uri)
            lines = "".join(f"\n{json.dumps([each.uri, each.at, each.duration])}" for each in waiting)
            with self._journal.open("a") as file:
                file.write(lines + "\n")
                file.flush()
                os.fsync(file.fileno())
            _sync(self._folder)
        except OSError as error:
            log.warning("segments_not_written_down", folder=self._folder.name, reason=str(error))
            return
        del self._unwritten[: len(waiting)]

    def clear(self, *, older_than_s: float = 0.0) -> None:
        """Remove half-written files of a process that is gone. What is whole, or was ever listed, is never touched."""
        listed = {segment.uri for segment in self.segments}
        before = time.time() - older_than_s
        for path in self._folder.glob(f"{self._name}*"):
            half = path.suffix == ".tmp" or (
                path.suffix == ".m4s" and path.name not in listed and _inspect(path) is None
            )
            with contextlib.suppress(OSError):
                if half and path.stat().st_mtime <= before:
                    path.unlink()

    def _is_headed(self) -> bool:
        """Whether the file that heads all segments is whole; it is written with the first."""
        return bool(self.segments) or is_whole_init(self._folder / f"{self._name}-init.mp4")

    def _path(self, number: int) -> Path:
        return self._folder / f"{self._name}-{number:05d}.m4s"

    def _exists(self, number: int) -> bool:
        return self._path(number).exists()


def is_whole_init(path: Path) -> bool:
    """Whether a file can head segments."""
    try:
        with path.open("rb") as file:
            check_init(file, path.stat().st_size)
    except (OSError, Torn):
        return False
    return True


def _inspect(path: Path) -> playlist.Segment | None:
    """The segment in this file; None where it is torn."""
    try:
        with path.open("rb") as file:
            at, duration = read_fragment(file, os.fstat(file.fileno()).st_size)
    except (OSError, Torn):
        return None
    return playlist.Segment(path.name, duration, at)


def _read_journal(path: Path) -> list[playlist.Segment]:
    """The segments written down; a line that a full disk or a kill has cut is skipped, its file is found again."""
    try:
        lines = path.read_text(errors="replace").splitlines()
    except OSError:
        return []
    found = []
    for line in lines:
        with contextlib.suppress(ValueError, TypeError):
            uri, at, duration = json.loads(line)
            found.append(playlist.Segment(str(uri), float(duration), float(at)))
    return found


def _number(uri: str) -> int:
    return int(uri.rsplit("-", 1)[1].removesuffix(".m4s"))


def _sync(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
