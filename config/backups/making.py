"""Making a backup."""

import contextlib
import datetime as dt
import fcntl
import json
import os
import shutil
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import django
import structlog
from django.conf import settings
from django.utils.translation import gettext as _

from config import marks
from config.backups.folder import (
    FILES,
    FORMAT,
    LIST,
    MAKING,
    MANIFEST,
    REMOVING,
    Stored,
    backups,
    files_below,
    key_fingerprints,
    listed,
    newest,
    sha256,
    sync,
)
from config.databases import Reader, UnableToRunDatabase, counts, database
from media import sides

log = structlog.get_logger(__name__)
MARGIN = 64 * 2**20


class UnableToBackUp(Exception):
    """No backup was made; nothing half made is left."""


@dataclass(frozen=True)
class Made:
    """A finished backup, and the older ones that made room for it."""

    folder: Path
    size: int
    rows: int
    files: Stored
    removed: list[str]


def back_up(*, folder: Path, keep: int, with_files: bool, as_of: dt.datetime) -> Made:
    """Make one backup in ``folder``, then remove all but the newest ``keep``. Raises UnableToBackUp."""
    name = f"classroom-{as_of.astimezone(dt.UTC):%Y%m%dT%H%M%SZ}"
    try:
        with _alone(folder):
            if (folder / name).exists():
                raise UnableToBackUp(_("这一秒已经有一份备份了，请再试一次。"))
            before = newest(folder)
            _check_room(folder, before, with_files=with_files)
            making = folder / (MAKING + name)
            making.mkdir(mode=0o700)
            try:
                manifest = _fill(making, before, with_files=with_files, as_of=as_of)
                making.rename(folder / name)
                sync(folder)
            finally:
                shutil.rmtree(making, ignore_errors=True)
            removed = _remove_old(folder, keep)
    except (UnableToRunDatabase, OSError) as error:
        reason = error.strerror or type(error).__name__ if isinstance(error, OSError) else str(error)
        raise UnableToBackUp(_("备份没有做成：%(reason)s") % {"reason": reason}) from error
    marks.leave(name=marks.BACKUP, as_of=as_of, data={"name": name, "folder": str(folder.resolve())})
    stored = Stored(**manifest["files"])
    return Made(folder / name, manifest["dump"]["bytes"], sum(manifest["counts"].values()), stored, removed)


def _fill(making: Path, before: Path | None, *, with_files: bool, as_of: dt.datetime) -> dict[str, Any]:
    here = database()
    dump = making / here.dump_name
    dump.touch(mode=0o600)
    with here.dumping(dump) as reader:
        held, migrations = counts(reader), _applied(reader)
    stored = _store_files(making, before, with_files=with_files)
    manifest = {
        "format": FORMAT,
        "made_at": as_of.isoformat(),
        "engine": here.name,
        "server": here.server(),
        "django": django.get_version(),
        "migrations": migrations,
        "counts": held,
        "keys": key_fingerprints(),
        "dump": {"name": dump.name, "bytes": dump.stat().st_size, "sha256": sha256(dump)},
        "list_sha256": sha256(making / LIST),
        "files": asdict(stored),
    }
    written = making / MANIFEST
    written.touch(mode=0o600)
    written.write_text(json.dumps(manifest, ensure_ascii=False, indent=1), encoding="utf-8")
    for path in (dump, making / LIST, written, making):
        sync(path)
    return manifest


def _applied(reader: Reader) -> list[str]:
    return sorted(f"{app}.{name}" for app, name in reader.rows("SELECT app, name FROM django_migrations"))


def _store_files(making: Path, before: Path | None, *, with_files: bool) -> Stored:
    """List what lies under MEDIA_ROOT; with ``with_files`` copy it, or link to the last backup's copy of the same."""
    root, known = Path(settings.MEDIA_ROOT), listed(before) if before is not None else {}
    number = size = copied = linked = 0
    (making / LIST).touch(mode=0o600)
    with (making / LIST).open("w", encoding="utf-8") as lines:
        for path, relative, seen in files_below(root):
            line = (seen.st_size, seen.st_mtime_ns)
            number, size = number + 1, size + seen.st_size
            lines.write(json.dumps([relative, *line]) + "\n")
            if not with_files:
                continue
            target = making / FILES / relative
            target.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
            earlier = before / FILES / relative if before is not None and known.get(relative) == line else None
            if earlier is not None and earlier.exists():
                os.link(earlier, target)
                linked += 1
            else:
                with contextlib.suppress(FileNotFoundError):  # deleted since it was listed: the drill counts it
                    shutil.copy2(path, target)
                    copied += 1
        for entry in _in_bucket():
            number, size = number + 1, size + entry.size
            lines.write(json.dumps([entry.key, entry.size, int(entry.modified * 1e9)]) + "\n")
    return Stored(number, size, copied, linked)


def _in_bucket() -> Iterator[sides.Entry]:
    """What the site's bucket holds is listed and stays there; a bucket that is away does not keep from backing up."""
    side = sides.bucket_now()
    try:
        yield from side.entries() if side is not None else ()
    except sides.UnableToReach as error:
        log.warning("bucket_not_listed", reason=str(error))


def _check_room(folder: Path, before: Path | None, *, with_files: bool) -> None:
    """Whether it fits, before a byte is written. A custom dump is smaller than the database: that is the margin."""
    needed = database().size() + MARGIN
    if with_files:
        known = listed(before) if before is not None else {}
        for _path, relative, seen in files_below(Path(settings.MEDIA_ROOT)):
            if known.get(relative) != (seen.st_size, seen.st_mtime_ns):
                needed += seen.st_size
    free = shutil.disk_usage(folder).free
    if free < needed:
        said = {"folder": folder, "free": free // 2**20, "needed": needed // 2**20}
        raise UnableToBackUp(_("%(folder)s 只剩 %(free)s MiB，备份约需 %(needed)s MiB。请先腾出空间。") % said)


def _remove_old(folder: Path, keep: int) -> list[str]:
    old = backups(folder)[:-keep]
    for path in old:
        gone = path.with_name(REMOVING + path.name)
        path.rename(gone)  # first out of sight: half a backup must never look like one
        shutil.rmtree(gone, ignore_errors=True)
    return [path.name for path in old]


@contextlib.contextmanager
def _alone(folder: Path) -> Iterator[None]:
    """One backup at a time in a folder; what an earlier one that was killed left half made is removed."""
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    with (folder / ".lock").open("w", encoding="utf-8") as handle:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise UnableToBackUp(_("另一个备份正在进行。")) from error
        for path in folder.iterdir():
            if path.name.startswith((MAKING, REMOVING)):
                shutil.rmtree(path, ignore_errors=True)
        yield
