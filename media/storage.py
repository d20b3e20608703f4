"""Where files lie: the only module that knows paths under the storage root.

``<root>/videos/<video id>/<attempt token>/`` published folders · ``<root>/.work/<attempt token>/`` private work ·
``<root>/slides/<lecture>/<deck>/`` a lecture's slides, ``source.pdf`` and ``<width>/<page>.jpg`` ·
``<root>/papers/<key>/`` the drawn pages of a document, ``<width>/<page>.jpg`` ·
``<root>/packages/<key>/`` the files of a SCORM package ·
``<root>/sources/<video id>`` uploaded originals · ``<root>/.uploads/<upload id>`` unfinished uploads. All lie on
one file system, so that publishing is one rename. Several machines share this root (NFS or the like).
"""

import contextlib
import errno
import os
import secrets
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from uuid import UUID

from django.conf import settings

FULL_PERCENT = 100
ASIDE = ".swept-"


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


def slides_folder(lecture_id: int, key: str = "") -> Path:
    """Where one PDF of a lecture lies; without a key, all of them."""
    folder = root() / "slides" / str(lecture_id)
    return folder / key if key else folder


def papers_folder(key: str) -> Path:
    """Where the drawn pages of a document lie."""
    return root() / "papers" / key


def packages_folder(key: str) -> Path:
    """Where the files of one version of a package lie."""
    return root() / "packages" / key


def place_package(work: Path, key: str) -> None:
    """Move an unpacked package, durable, to where it is played from. Raises OSError."""
    target = packages_folder(key)
    target.parent.mkdir(parents=True, exist_ok=True)
    for folder, _folders, names in os.walk(work):
        for name in names:
            _sync(Path(folder) / name)
        _sync(Path(folder))
    work.rename(target)
    _sync(target.parent)


def packages_written_before(moment: float) -> Iterator[Path]:
    """Folders of packages in which nothing was written since ``moment`` (Unix seconds)."""
    base = root() / "packages"
    for folder in sorted(base.iterdir()) if base.is_dir() else []:
        with contextlib.suppress(OSError):
            if folder.stat().st_mtime < moment:
                yield folder


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
    """Move a finished folder to where players will look once the row names it; return its relative path.

    Safe to repeat: where an earlier call, or another machine, has placed the same, that stays and ``work`` is dropped.
    Raises UnableToStore where it has to be copied and the disk is too full, and OSError.
    """
    target = root() / "videos" / str(video_id) / token
    target.parent.mkdir(parents=True, exist_ok=True)
    # The time of a folder says when it was placed last: the sweep waits a day from then.
    while not _touch(target):
        _sync_all(work)
        try:
            work.rename(target)
        except OSError as error:
            if error.errno == errno.EXDEV:
                _copy(work, target)
            elif error.errno not in (errno.ENOTEMPTY, errno.EEXIST):
                raise
    shutil.rmtree(work, ignore_errors=True)
    _sync(target.parent)
    _sync(target.parent.parent)
    return relative(target)


def _copy(work: Path, target: Path) -> None:
    """From another file system: copied beside the target, made durable, so that it still appears whole and at once."""
    require_space(sum(file.stat().st_size for file in work.iterdir()))
    temporary = target.with_name(f".{target.name}.{secrets.token_hex(4)}")  # of this call alone
    try:
        shutil.copytree(work, temporary)
        _sync_all(temporary)
        temporary.rename(target)
    except OSError as error:
        shutil.rmtree(temporary, ignore_errors=True)
        if error.errno not in (errno.ENOTEMPTY, errno.EEXIST):  # another has placed it meanwhile
            raise


def sync_pages(work: Path, *, on_file: Callable[[], None]) -> None:
    """Make the drawn pages of a PDF durable before ``place_pages``; raises whatever ``on_file`` raises."""
    for folder in sorted(work.iterdir()):
        for file in folder.iterdir():
            _sync(file)
            on_file()
        _sync(folder)


def place_pages(work: Path, target: Path) -> None:
    """Move the drawn pages of a PDF, a folder a width, to where they are read; what is there already stays."""
    target.mkdir(parents=True, exist_ok=True)
    for folder in sorted(work.iterdir()):
        try:
            folder.rename(target / folder.name)
        except OSError as error:
            if error.errno not in (errno.ENOTEMPTY, errno.EEXIST):
                raise


def placed_before(moment: float) -> Iterator[tuple[UUID, Path]]:
    """Folders under ``videos/`` that nobody has placed or touched since ``moment``, half copied ones too."""
    base = root() / "videos"
    for folder in sorted(base.iterdir()) if base.is_dir() else []:
        with contextlib.suppress(ValueError, OSError):
            video_id = UUID(folder.name)
            for each in sorted(folder.iterdir()):
                if each.stat().st_mtime < moment:
                    yield video_id, each


def set_aside(folder: Path, *, before: float) -> Path | None:
    """Take a folder from everybody's reach before it is dropped; None where somebody has just placed it again."""
    aside = folder if folder.name.startswith(ASIDE) else folder.with_name(ASIDE + folder.name)
    try:
        folder.rename(aside)
    except OSError:
        return None
    if aside.stat().st_mtime >= before:
        put_back(aside)
        return None
    return aside


def put_back(aside: Path) -> None:
    """Undo ``set_aside``."""
    with contextlib.suppress(OSError):
        aside.rename(aside.with_name(aside.name.removeprefix(ASIDE)))


def named_path(folder: Path) -> str:
    """The relative path by which a row names a placed folder, set aside or not."""
    return relative(folder.with_name(folder.name.removeprefix(ASIDE)))


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


def second_name(file: Path, target: Path) -> None:
    """Let a published file lie in another folder too; what becomes of the first does not touch it.

    Raises FileNotFoundError, and UnableToStore where it has to be copied and the disk is too full.
    """
    try:
        with contextlib.suppress(FileExistsError):
            os.link(file, target)
    except FileNotFoundError:
        raise
    except OSError:
        # A file system without second names, or with no more of them.
        require_space(file.stat().st_size)
        shutil.copyfile(file, target)


def add_file(file: Path, folder: Path) -> bool:
    """Move a file into a published folder, whole and at once; False where the folder is gone."""
    _sync(file)
    try:
        file.replace(folder / file.name)
    except FileNotFoundError:
        return False
    _sync(folder)
    return True


def drop(path: Path) -> None:
    """Remove a file or folder under the storage root; nothing happens if it is gone."""
    path.relative_to(root())
    if path.is_dir():
        shutil.rmtree(path, ignore_errors=True)
    else:
        path.unlink(missing_ok=True)


def placed_at(relative_path: str) -> float | None:
    """When a folder was placed last (Unix seconds); None where there is none."""
    try:
        return absolute(relative_path).stat().st_mtime if relative_path else None
    except OSError:
        return None


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
    base = (live_root() if area == "live" else root() / area) / object_id
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


def _touch(folder: Path) -> bool:
    """Renew a folder's time; False where there is none."""
    try:
        os.utime(folder)
    except FileNotFoundError:
        return False
    return True


def _sync_all(folder: Path) -> None:
    for file in folder.iterdir():
        _sync(file)
    _sync(folder)


def _sync(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
