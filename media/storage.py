"""Where files lie: the only module that knows paths under the storage root.

``<root>/videos/<video id>/<attempt token>/`` published folders · ``<root>/.work/<attempt token>/`` private work ·
``<root>/slides/<lecture>/<deck>/`` a lecture's slides, ``source.pdf`` and ``<width>/<page>.jpg`` ·
``<root>/papers/<key>/`` the drawn pages of a document, ``<width>/<page>.jpg`` ·
``<root>/packages/<key>/`` the files of a SCORM package ·
``<root>/sources/<video id>`` uploaded originals · ``<root>/.uploads/<upload id>`` unfinished uploads. All lie on
one file system, so that publishing is one rename. Several machines share this root (NFS or the like).

Or they have a bucket (``STORAGE_URL=s3://…``, ADR 87): then what begins with a dot lies on this machine's own disk and
everything else in the bucket, under the same relative paths. A ``Path`` below the root is then a file's name, and
``at_hand`` brings the file itself. While a site is moved files lie on either side.
"""

import contextlib
import errno
import os
import secrets
import shutil
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from uuid import UUID

import structlog
from celery import current_app
from django.conf import settings
from kombu.exceptions import OperationalError as BrokerError

from media import sides
from media.core.playlists import MASTER
from media.durable import sync, sync_all, touch
from media.sides import Found, UnableToReach, UnableToStore

__all__ = ["Found", "UnableToReach", "UnableToStore"]
log = structlog.get_logger(__name__)
FULL_PERCENT = 100
PLACED = ".placed"  # in a bucket, beside what is whole; its age says when it was placed last
DROP_AGAIN_TASK = "media.drop_again"


def no_beat() -> None:
    """Nobody waits."""


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
    """Move an unpacked package, durable, to where it is played from. Raises OSError, and UnableToStore."""
    target = packages_folder(key)
    if sides.bucket_now() is not None:
        sides.put_tree(work, relative(target), on_beat=no_beat)
        shutil.rmtree(work, ignore_errors=True)
        return
    target.parent.mkdir(parents=True, exist_ok=True)
    for folder, _folders, names in os.walk(work):
        for name in names:
            sync(Path(folder) / name)
        sync(Path(folder))
    work.rename(target)
    sync(target.parent)


def package_folders() -> Iterator[Path]:
    """Every folder of a package, wherever it lies. Raises UnableToReach."""
    base = root() / "packages"
    if not sides.is_plain():
        names = {name for side in sides.sides() for name in side.folders("packages/")}
        return (base / name for name in sorted(names))
    return iter(sorted(base.iterdir()) if base.is_dir() else [])


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


def at_hand(relative_path: str, *, on_beat: Callable[[], None] = no_beat, suffix: str = "") -> "Held":
    """Within ``with``: a stored file, or a folder with those of its files that end in ``suffix``, on this disk.

    Where it lies on this disk anyway, that itself; else a copy of its own, brought here meanwhile (``on_beat`` is
    called on the way and may raise) and dropped at the end. What is gone is a path at which there is nothing.
    Raises UnableToReach, and UnableToStore where the disk is too full.
    """
    return _at_hand(relative_path, on_beat, suffix)


Held = contextlib.AbstractContextManager[Path]


@contextlib.contextmanager
def _at_hand(relative_path: str, on_beat: Callable[[], None], suffix: str) -> Iterator[Path]:
    if sides.is_plain() or not relative_path:
        yield absolute(relative_path)
        return
    require_space(sides.size(relative_path, suffix))
    work = make_work_folder(secrets.token_hex(16))
    try:
        copy = work / Path(relative_path).name
        sides.fetch(relative_path, copy, on_beat=on_beat, suffix=suffix)
        yield copy
    finally:
        drop(work)


def stored(relative_path: str) -> Found | None:
    """One file by its relative path, wherever it lies. Raises UnableToReach."""
    if not sides.is_plain():
        return sides.find(relative_path)
    path = absolute(relative_path)  # an area may be a link to another disk: held to its own folder
    found = sides.Disk(path.parent).find(path.name)
    return None if found is None else Found(**{**vars(found), "key": relative_path, "path": path})


def is_placed(relative_path: str) -> bool:
    """Whether a published folder is there. Raises UnableToReach."""
    if sides.is_plain():
        return absolute(relative_path).is_dir()
    return sides.find(f"{relative_path}/{MASTER}") is not None


def lies_here(relative_path: str) -> bool:
    """The same of a disk, at no cost; in a bucket it is not asked, and taken to be."""
    return not sides.is_plain() or absolute(relative_path).is_dir()


def keep(file: Path) -> None:
    """A file that was written under its own name goes to where it is read. Raises UnableToStore and OSError."""
    if (to := sides.bucket_now()) is not None:
        with file.open("rb") as opened:
            to.put(relative(file), opened, file.stat().st_size)
        file.unlink()


def place(work: Path, *, video_id: UUID, token: str, on_beat: Callable[[], None] = no_beat) -> str:
    """Move a finished folder to where players will look once the row names it; return its relative path.

    Safe to repeat: where an earlier call, or another machine, has placed the same, that stays and ``work`` is dropped.
    Raises UnableToStore where it has to be copied and the disk is too full, and OSError. A way to a bucket may be long:
    ``on_beat`` is called on it and may raise.
    """
    target = root() / "videos" / str(video_id) / token
    if sides.bucket_now() is not None:
        return _place_up(work, relative(target), on_beat)
    target.parent.mkdir(parents=True, exist_ok=True)
    # The time of a folder says when it was placed last: the sweep waits a day from then.
    while not touch(target):
        sync_all(work)
        try:
            work.rename(target)
        except OSError as error:
            if error.errno == errno.EXDEV:
                _copy(work, target)
            elif error.errno not in (errno.ENOTEMPTY, errno.EEXIST):
                raise
    shutil.rmtree(work, ignore_errors=True)
    sync(target.parent)
    sync(target.parent.parent)
    return relative(target)


def _place_up(work: Path, key: str, on_beat: Callable[[], None]) -> str:
    """The playlists last and the mark after them: what bears it is whole. Without it all is sent once more."""
    to = sides.bucket_now()
    assert to is not None  # noqa: S101 - asked by the caller
    if to.find(f"{key}/{PLACED}") is None:
        sides.put_tree(work, key, on_beat=on_beat)
    with (work / PLACED).open("w+b") as mark:
        mark.write(f"{time.time():.0f}".encode())
        to.put(f"{key}/{PLACED}", mark, mark.tell())
    shutil.rmtree(work, ignore_errors=True)
    return key


def _copy(work: Path, target: Path) -> None:
    """From another file system: copied beside the target, made durable, so that it still appears whole and at once."""
    require_space(sum(file.stat().st_size for file in work.iterdir()))
    temporary = target.with_name(f".{target.name}.{secrets.token_hex(4)}")  # of this call alone
    try:
        shutil.copytree(work, temporary)
        sync_all(temporary)
        temporary.rename(target)
    except OSError as error:
        shutil.rmtree(temporary, ignore_errors=True)
        if error.errno not in (errno.ENOTEMPTY, errno.EEXIST):  # another has placed it meanwhile
            raise


def sync_pages(work: Path, target: Path, *, on_file: Callable[[], None]) -> None:
    """Make the drawn pages of a PDF durable before ``place_pages``; raises whatever ``on_file`` raises.

    In a bucket they are there from now on: no row says so yet, and each drawing of a file gives the same.
    """
    if sides.bucket_now() is not None:
        sides.put_tree(work, relative(target), on_beat=on_file)
        return
    for folder in sorted(work.iterdir()):
        for file in folder.iterdir():
            sync(file)
            on_file()
        sync(folder)


def place_pages(work: Path, target: Path) -> None:
    """Move the drawn pages of a PDF, a folder a width, to where they are read; what is there already stays."""
    if sides.bucket_now() is not None:
        return  # sync_pages has
    target.mkdir(parents=True, exist_ok=True)
    for folder in sorted(work.iterdir()):
        try:
            folder.rename(target / folder.name)
        except OSError as error:
            if error.errno not in (errno.ENOTEMPTY, errno.EEXIST):
                raise


def take_over(source: Path, target: Path) -> None:
    """Give ``source`` a second name (or a copy, across file systems); the caller drops the first after its commit.

    Raises OSError, and UnableToStore where a bucket is full.
    """
    if sides.bucket_now() is not None:
        send_up(source, relative(target))
        return
    temporary = target.with_name(f".{target.name}")
    temporary.unlink(missing_ok=True)
    try:
        os.link(source, temporary)
    except OSError:
        shutil.copyfile(source, temporary)
    os.utime(
        temporary
    )  # a second name has the age of the first: a sweep would take what no row names yet (drop_sources)
    sync(temporary)
    temporary.rename(target)


def send_up(source: Path, key: str, *, on_beat: Callable[[], None] = no_beat) -> None:
    """Store a file in the bucket unless it is there already; nothing happens without a bucket.

    Raises UnableToStore, UnableToReach, FileNotFoundError.
    """
    to, size = sides.bucket_now(), source.stat().st_size
    there = to.find(key) if to is not None else None
    if to is not None and (there is None or there.size != size):
        with source.open("rb") as file:
            to.put(key, file, size, on_beat)


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
        part = target.with_name(f".{target.name}.part")  # a copy that is cut off is not taken for the file
        shutil.copyfile(file, part)
        part.rename(target)


def add_file(file: Path, folder: Path) -> bool:
    """Move a file into a published folder, whole and at once; False where the folder is gone."""
    if (to := sides.bucket_now()) is not None:
        if not is_placed(relative(folder)):
            return False
        with file.open("rb") as opened:
            to.put(f"{relative(folder)}/{file.name}", opened, file.stat().st_size)
        file.unlink()
        return True
    sync(file)
    try:
        file.replace(folder / file.name)
    except FileNotFoundError:
        return False
    sync(folder)
    return True


def drop(path: Path) -> None:
    """Remove a file or folder under the storage root, wherever it lies; nothing happens if it is gone.

    Where a bucket is away it is tried again (``media.drop_again``): who deletes does not wait for it.
    """
    key, began_at = relative(path), time.time()
    if not sides.is_plain() and not key.startswith("."):
        try:
            sides.delete_tree(key)
        except UnableToReach as error:
            log.warning("not_deleted_yet", key=key, reason=str(error))
            with contextlib.suppress(BrokerError, OSError):
                current_app.send_task(DROP_AGAIN_TASK, args=[key, began_at], retry=False)
    if path.is_dir():
        shutil.rmtree(path, ignore_errors=True)
    else:
        path.unlink(missing_ok=True)


def placed_at(relative_path: str) -> float | None:
    """When a folder was placed last (Unix seconds); None where there is none."""
    if relative_path and not sides.is_plain():
        return newest(relative_path) or None
    try:
        return absolute(relative_path).stat().st_mtime if relative_path else None
    except OSError:
        return None


def drop_video(video_id: UUID) -> None:
    drop(root() / "videos" / str(video_id))
    drop(source_path(video_id))


def resolve(area: str, object_id: str, path: str) -> Found | None:
    """Return the existing file that a signed address means, or None; never one outside the object's own folder.

    What is on air lies on the disk of its media host. Raises UnableToReach.
    """
    if "\0" in path or "\\" in path or any(part in {"", ".", ".."} or part[0] == "." for part in path.split("/")):
        return None
    if is_far(area):
        return sides.find(f"{area}/{object_id}/{path}")
    base = (live_root() if area == "live" else root() / area) / object_id
    found = sides.Disk(base).find(path)
    return None if found is None else Found(**{**vars(found), "path": base / path})


def is_far(area: str) -> bool:
    """Whether files of signed addresses come from a bucket: over a line, by this process."""
    return area != "live" and not sides.is_plain()


def newest(key: str) -> float:
    """When the last file below a key was written (Unix seconds); 0 where there is none."""
    return max((entry.modified for entry in sides.entries(f"{key}/")), default=0.0)


def _file_in(folder: str, name: str) -> Path:
    base = root() / folder
    base.mkdir(parents=True, exist_ok=True)
    return base / name
