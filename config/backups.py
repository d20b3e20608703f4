"""Backups: a folder that holds the database, what it must come to, and (asked for) the files; and the way back.

``DIR/classroom-<UTC>/``: ``database.dump`` (PostgreSQL) or ``database.sqlite3``, ``manifest.json`` (versions, rows of
every table, fingerprints of the keys, checksums), ``files.txt`` (path, bytes, time) and ``files/``. No key is in it:
PHONE_KEY and SECRET_KEY are kept apart, and a backup without its PHONE_KEY opens no phone number.
Marks (config/marks.py) say when the last good backup and the last drill were.
"""

import contextlib
import datetime as dt
import fcntl
import hashlib
import json
import os
import re
import shutil
import time
from collections.abc import Iterator
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import django
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from django.conf import settings
from django.db import connections
from django.db.migrations.loader import MigrationLoader
from django.utils.translation import gettext as _

from attendance.models import WorkerLease
from config import marks, restored
from config.databases import Reader, UnableToRunDatabase, counts, database
from config.models import Mark
from live.models import MediaNode
from organizations import places
from organizations.core import phones

FORMAT = 1
NAME = re.compile(r"classroom-\d{8}T\d{6}Z")
MAKING, REMOVING, MANIFEST, LIST, FILES = ".making-", ".removing-", "manifest.json", "files.txt", "files"
UNFINISHED = (".work", ".uploads")
MARGIN = 64 * 2**20
PIECE = 2**20
SAMPLED = 20
SILENT = dt.timedelta(seconds=30)
NOT_EMPTY = ("organizations_user", "organizations_node")


class UnableToBackUp(Exception):
    """No backup was made; nothing half made is left."""


class UnableToRestore(Exception):
    """The backup cannot be used here; nothing was changed."""


class RestoredOtherwise(Exception):
    """The backup lies in place, and not all is there that it must come to: its sentences say so. Do not start."""

    def __init__(self, left: list[str]) -> None:
        super().__init__("\n".join(left))
        self.left = left


@dataclass(frozen=True)
class Stored:
    """One folder of files: how many, how large, and how many of them the backup holds."""

    number: int
    size: int
    copied: int = 0
    linked: int = 0


@dataclass(frozen=True)
class Made:
    """A finished backup, and the older ones that made room for it."""

    folder: Path
    size: int
    rows: int
    files: Stored
    removed: list[str]


@dataclass(frozen=True)
class Finding:
    """One question of a drill."""

    name: str
    ok: bool
    detail: str


@dataclass(frozen=True)
class Drill:
    backup: str
    findings: list[Finding] = field(default_factory=list)

    @property
    def ok(self) -> bool:
        return all(finding.ok for finding in self.findings)


# --- making ---
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
                _sync(folder)
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
        "dump": {"name": dump.name, "bytes": dump.stat().st_size, "sha256": _sha256(dump)},
        "list_sha256": _sha256(making / LIST),
        "files": asdict(stored),
    }
    written = making / MANIFEST
    written.touch(mode=0o600)
    written.write_text(json.dumps(manifest, ensure_ascii=False, indent=1), encoding="utf-8")
    for path in (dump, making / LIST, written, making):
        _sync(path)
    return manifest


def _store_files(making: Path, before: Path | None, *, with_files: bool) -> Stored:
    """List what lies under MEDIA_ROOT; with ``with_files`` copy it, or link to the last backup's copy of the same."""
    root, known = Path(settings.MEDIA_ROOT), _listed(before) if before is not None else {}
    number = size = copied = linked = 0
    (making / LIST).touch(mode=0o600)
    with (making / LIST).open("w", encoding="utf-8") as listed:
        for path, relative, seen in _files(root):
            line = (seen.st_size, seen.st_mtime_ns)
            number, size = number + 1, size + seen.st_size
            listed.write(json.dumps([relative, *line]) + "\n")
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
    return Stored(number, size, copied, linked)


def _files(root: Path) -> Iterator[tuple[Path, str, os.stat_result]]:
    """Finished files: what is being uploaded or worked on is in nobody's course yet."""
    for at, folders, names in os.walk(root):
        if Path(at) == root:
            folders[:] = [one for one in folders if one not in UNFINISHED]
        folders.sort()
        for name in sorted(names):
            path = Path(at) / name
            with contextlib.suppress(FileNotFoundError):
                seen = path.lstat()
                if path.is_file() and not path.is_symlink():
                    yield path, path.relative_to(root).as_posix(), seen


def _check_room(folder: Path, before: Path | None, *, with_files: bool) -> None:
    """Whether it fits, before a byte is written. A custom dump is smaller than the database: that is the margin."""
    needed = database().size() + MARGIN
    if with_files:
        known = _listed(before) if before is not None else {}
        for _path, relative, seen in _files(Path(settings.MEDIA_ROOT)):
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


# --- the way back ---
def restore(*, backup: Path, replace: bool, with_files: bool, as_of: dt.datetime) -> list[str]:
    """Put a backup in place of this site's database, whole or not at all; return what is left to do, in sentences.

    Refuses a site that runs, a damaged backup, another engine, a newer version, another PHONE_KEY, and (without
    ``replace``) a site that holds people. Files are only added, never removed. Raises UnableToRestore, and
    RestoredOtherwise once it is in place.
    """
    manifest = read_manifest(backup)
    here = database()
    _check_fits(manifest, here.name)
    try:
        with here.reading() as reader:
            _check_empty(reader, replace=replace)
            is_set_up = "config_mark" in reader.tables()
        if is_set_up:
            _check_stopped(as_of=as_of)
        connections.close_all()
        here.restore(backup / manifest["dump"]["name"])
        with here.reading() as reader:
            held = counts(reader)
    except (UnableToRunDatabase, OSError) as error:
        raise UnableToRestore(_("没有恢复，什么也没有改动：%(reason)s") % {"reason": error}) from error
    restored.note(backup=backup.name, made_at=manifest["made_at"], as_of=as_of)
    left = []
    if with_files:
        _put_files_back(backup)
    if missing := missing_files(backup, [Path(settings.MEDIA_ROOT)]):
        left.append(_("有 %(missing)s 个文件不在 MEDIA_ROOT 里：请把文件的备份放回去。") % {"missing": missing})
    if held != manifest["counts"]:
        raise RestoredOtherwise([*left, _("行数和备份里记的不一样：请不要启动，先查原因。")])
    left.append(_("请运行 %(command)s，再启动各个服务。") % {"command": places.command("migrate")})
    return left


def _check_fits(manifest: dict[str, Any], engine: str) -> None:
    if manifest["engine"] != engine:
        said = {"theirs": manifest["engine"], "ours": engine}
        raise UnableToRestore(_("备份来自 %(theirs)s，这里用的是 %(ours)s，不能恢复。") % said)
    if manifest["keys"]["PHONE_KEY"] != key_fingerprints()["PHONE_KEY"]:
        raise UnableToRestore(
            _("PHONE_KEY 不是这份备份用的密钥，没有恢复。请把原来的 PHONE_KEY 放回 %(place)s。")
            % {"place": places.phone_key()}
        )
    known = {f"{app}.{name}" for app, name in MigrationLoader(None, ignore_no_migrations=True).disk_migrations}
    if newer := sorted(set(manifest["migrations"]) - known):
        raise UnableToRestore(_("备份来自更新的版本（%(newer)s），请先升级程序，再恢复。") % {"newer": newer[-1]})


def _check_stopped(*, as_of: dt.datetime) -> None:
    """Whether nobody works on this database. What stopped just now was heard lately too: that is waited out.

    A part that still runs is heard again within ten seconds; one that stopped is silent for half a minute.
    """
    first, began = _last_heard(), time.monotonic()
    while (heard := _last_heard()) is not None and heard > as_of - SILENT:
        if heard != first or time.monotonic() - began > 2 * SILENT.total_seconds():
            raise UnableToRestore(
                _(
                    "网站还在运行，没有恢复，什么也没有改动。请先停下网站：systemctl stop fingertip.target"
                    "（没有用 install.sh 安装的，请停下全部进程），再恢复。"
                )
            )
        time.sleep(1)
        as_of += dt.timedelta(seconds=1)


def _last_heard() -> dt.datetime | None:
    """When any part of the site was last heard: worker, beat, a process of the live rooms, a media agent."""
    beats = [
        WorkerLease.objects.filter(ended_at=None).order_by("-beat_at").values_list("beat_at", flat=True).first(),
        MediaNode.objects.order_by("-beat_at").values_list("beat_at", flat=True).first(),
    ]
    for prefix in marks.OF_HOSTS:
        named = Mark.objects.filter(name__startswith=prefix).order_by("-at")
        beats.append(named.values_list("at", flat=True).first())
    return max((beat for beat in beats if beat is not None), default=None)


def _check_empty(reader: Reader, *, replace: bool) -> None:
    if replace:
        return
    tables = set(reader.tables())
    held = sum(int(reader.rows(f'SELECT count(*) FROM "{table}"')[0][0]) for table in NOT_EMPTY if table in tables)  # noqa: S608
    if held:
        raise UnableToRestore(
            _(
                "这个网站里已经有人员或组织，没有恢复。"
                "确实要用备份换掉现在的全部数据，请先做一次备份，再加上 --replace。"
            )
        )


def _put_files_back(backup: Path) -> None:
    root, known = Path(settings.MEDIA_ROOT), _listed(backup)
    for path, relative, _seen in _files(backup / FILES):
        target = root / relative
        size = known.get(relative, (-1, 0))[0]
        if target.exists() and target.stat().st_size == size:
            continue
        target.parent.mkdir(parents=True, exist_ok=True)
        part = target.with_name(f".{target.name}.part")
        shutil.copy2(path, part)
        part.replace(target)


# --- the drill ---
def drill(*, folder: Path, as_of: dt.datetime) -> Drill:
    """Restore the newest backup into a scratch database, ask whether all is there, and leave nothing behind.

    A mark says what was found. Raises UnableToRestore where there is no backup, or it cannot be tried.
    """
    backup = newest(folder)
    if backup is None:
        raise UnableToRestore(_("%(folder)s 里没有备份。") % {"folder": folder})
    found = Drill(backup.name, list(_tried(backup)))
    marks.leave(name=marks.DRILL, as_of=as_of, data={"name": backup.name, "ok": found.ok})
    return found


def _tried(backup: Path) -> Iterator[Finding]:
    try:
        manifest = read_manifest(backup)
    except UnableToRestore as error:
        yield Finding(_("备份是否完整"), False, str(error))
        return
    yield Finding(_("备份是否完整"), True, _("校验和一致"))
    fits = manifest["keys"]["PHONE_KEY"] == key_fingerprints()["PHONE_KEY"]
    yield Finding("PHONE_KEY", fits, _("是这份备份的密钥") if fits else _("不是这份备份的密钥，手机号读不出来"))
    here = database()
    if manifest["engine"] != here.name:
        yield Finding(_("数据库"), False, manifest["engine"])
        return
    try:
        with here.scratch(backup / manifest["dump"]["name"]) as reader:
            yield from _asked(reader, manifest)
    except UnableToRunDatabase as error:
        yield Finding(_("恢复"), False, str(error))
    where = [Path(settings.MEDIA_ROOT), backup / FILES]
    missing, number = missing_files(backup, where), manifest["files"]["number"]
    yield Finding(
        _("文件"), not missing, _("%(number)s 个，缺 %(missing)s 个") % {"number": number, "missing": missing}
    )


def _asked(reader: Reader, manifest: dict[str, Any]) -> Iterator[Finding]:
    held = counts(reader)
    other = sorted(name for name in {*held, *manifest["counts"]} if held.get(name) != manifest["counts"].get(name))
    rows = _("%(tables)s 张表，%(rows)s 行") % {"tables": len(held), "rows": sum(held.values())}
    yield Finding(_("行数"), not other, rows if not other else "、".join(other))
    broken = reader.broken_keys()
    yield Finding(_("外键"), not broken, _("都指向存在的行") if not broken else "、".join(broken))
    read = failed = 0
    for order in ("ASC", "DESC"):
        statement = f"SELECT phone_cipher FROM organizations_user WHERE phone_cipher IS NOT NULL ORDER BY id {order} LIMIT {SAMPLED}"  # noqa: S608, E501
        for (cipher,) in reader.rows(statement):
            try:
                phones.decrypt(settings.PHONE_KEY, cipher)
                read += 1
            except phones.UnableToDecrypt:
                failed += 1
    yield Finding(
        _("手机号"), not failed, _("抽查 %(read)s 个能读出，%(failed)s 个读不出") % {"read": read, "failed": failed}
    )


# --- what lies there ---
def backups(folder: Path) -> list[Path]:
    """The finished backups of a folder, oldest first."""
    if not folder.is_dir():
        return []
    found = (path for path in folder.iterdir() if NAME.fullmatch(path.name) and (path / MANIFEST).is_file())
    return sorted(found, key=lambda path: path.name)


def newest(folder: Path) -> Path | None:
    return next(reversed(backups(folder)), None)


def read_manifest(backup: Path) -> dict[str, Any]:
    """The manifest of a backup whose every byte is as it was written. Raises UnableToRestore."""
    try:
        manifest: dict[str, Any] = json.loads((backup / MANIFEST).read_text(encoding="utf-8"))
        dump = manifest["dump"]
        whole = (
            manifest["format"] == FORMAT
            and Path(dump["name"]).name == dump["name"]
            and _sha256(backup / dump["name"]) == dump["sha256"]
            and _sha256(backup / LIST) == manifest["list_sha256"]
        )
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise UnableToRestore(_("%(backup)s 不是一份完整的备份。") % {"backup": backup}) from error
    if not whole:
        raise UnableToRestore(_("%(backup)s 已损坏：校验和不一致。请用另一份。") % {"backup": backup})
    return manifest


def missing_files(backup: Path, roots: list[Path]) -> int:
    """How many of the listed files lie in none of the roots in their size."""

    def lies(relative: str, size: int) -> bool:
        return any((root / relative).is_file() and (root / relative).stat().st_size == size for root in roots)

    return sum(not lies(relative, size) for relative, (size, _time) in _listed(backup).items())


def key_fingerprints() -> dict[str, str]:
    """What names the keys and opens nothing."""
    derived = HKDF(algorithm=hashes.SHA256(), length=32, salt=None, info=b"fingertip secret key fingerprint v1")
    return {
        "PHONE_KEY": phones.fingerprint(settings.PHONE_KEY),
        "SECRET_KEY": derived.derive(settings.SECRET_KEY.encode()).hex(),
    }


def _applied(reader: Reader) -> list[str]:
    return sorted(f"{app}.{name}" for app, name in reader.rows("SELECT app, name FROM django_migrations"))


def _listed(backup: Path) -> dict[str, tuple[int, int]]:
    held = {}
    with (backup / LIST).open(encoding="utf-8") as lines:
        for line in lines:
            relative, size, time_ns = json.loads(line)
            held[relative] = (size, time_ns)
    return held


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


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _sync(path: Path) -> None:
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
