"""Where files lie: the only module that knows paths under the storage root.

``<root>/videos/<video id>/<attempt token>/`` published folders · ``<root>/.work/<attempt token>/`` private work ·
``<root>/sources/<video id>`` uploaded originals · ``<root>/.uploads/<upload id>`` unfinished uploads. All lie on
one file system, so that publishing is one rename. Several machines share this root (NFS or the like).
"""

import os
import shutil
from collections.abc import Iterator
from pathlib import Path
from uuid import UUID

from django.conf import settings

FULL_PERCENT = 100


class UnableToStore(Exception):
    """The disk is fuller than the reserve allows; uploads and recordings are refused, evidence goes on."""


def root() -> Path:
    return Path(settings.MEDIA_ROOT)


def live_root() -> Path:
    return Path(settings.VAR_DIR) / "live"


def room() -> int:
    """How many more bytes fit without eating into the disk's reserve; below zero: it is eaten into."""
    base = root()
    base.mkdir(parents=True, exist_ok=True)
    usage = shutil.disk_usage(base)
    return (usage.free * FULL_PERCENT - usage.total * settings.DISK_RESERVE_PERCENT) // FULL_PERCENT


def require_space(size: int = 0) -> None:
    """Raise UnableToStore if ``size`` more bytes would eat into the disk's reserve."""
    if room() < size:
        raise UnableToStore


def source_path(video_id: UUID) -> Path:
    return _file_in("sources", str(video_id))


def upload_path(upload_id: UUID) -> Path:
    return _file_in(".uploads", str(upload_id))


def relative(path: Path) -> str:
    return path.relative_to(root()).as_posix()


def absolute(relative_path: str) -> Path:
    return root() / relative_path


def make_work_folder(token: str) -> Path:
    folder = root() / ".work" / token
    folder.mkdir(parents=True)
    return folder


def place(work: Path, *, video_id: UUID, token: str) -> str:
    """Move a finished folder to where players will look once the row names it; return its relative path."""
    target = root() / "videos" / str(video_id) / token
    target.parent.mkdir(parents=True, exist_ok=True)
    for file in work.iterdir():
        _sync(file)
    try:
        work.rename(target)
    except OSError:
        # Another file system: copy beside the target first, so that the folder still appears at once.
        shutil.copytree(work, target.with_name(f".{token}"))
        target.with_name(f".{token}").rename(target)
        shutil.rmtree(work)
    _sync(target.parent)
    return relative(target)


def take_over(source: Path, target: Path) -> None:
    """Give ``source`` a second name (or a copy, across file systems); the caller drops the first after its commit."""
    temporary = target.with_name(f".{target.name}")
    temporary.unlink(missing_ok=True)
    try:
        os.link(source, temporary)
    except OSError:
        shutil.copyfile(source, temporary)
    _sync(temporary)
    temporary.rename(target)


def drop(path: Path) -> None:
    """Remove a file or folder under the storage root; nothing happens if it is gone."""
    path.relative_to(root())
    if path.is_dir():
        shutil.rmtree(path, ignore_errors=True)
    else:
        path.unlink(missing_ok=True)


def drop_video(video_id: UUID) -> None:
    drop(root() / "videos" / str(video_id))
    drop(source_path(video_id))


def attempts(video_id: UUID) -> Iterator[Path]:
    """Every folder that an attempt of this video has placed."""
    folder = root() / "videos" / str(video_id)
    return iter(sorted(folder.iterdir()) if folder.is_dir() else [])


def work_folders() -> Iterator[Path]:
    folder = root() / ".work"
    return iter(sorted(folder.iterdir()) if folder.is_dir() else [])


def stored_sources() -> Iterator[Path]:
    folder = root() / "sources"
    return iter(sorted(folder.iterdir()) if folder.is_dir() else [])


def resolve(area: str, object_id: str, path: str) -> Path | None:
    """Return the existing file that a signed address means, or None; never one outside the object's own folder."""
    base = (root() / "videos" if area == "videos" else live_root()) / object_id
    if "\0" in path or "\\" in path or any(part in {"", ".", ".."} or part[0] == "." for part in path.split("/")):
        return None
    file = base / path
    try:
        if not file.is_file() or not file.resolve().is_relative_to(base.resolve()):
            return None
    except OSError:
        return None
    return file


def _file_in(folder: str, name: str) -> Path:
    base = root() / folder
    base.mkdir(parents=True, exist_ok=True)
    return base / name


def _sync(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
