"""The way back: a backup in place of what a site holds, whole or not at all."""

import datetime as dt
import shutil
import time
from pathlib import Path
from typing import Any

from django.conf import settings
from django.db import connections
from django.db.migrations.loader import MigrationLoader
from django.utils.translation import gettext as _

from attendance.models import WorkerLease
from config import marks, restored
from config.backups.folder import (
    FILES,
    UnableToRestore,
    files_below,
    key_fingerprints,
    listed,
    missing_files,
    read_manifest,
)
from config.databases import Reader, UnableToRunDatabase, counts, database
from config.models import Mark
from live.models import MediaNode
from organizations import places

SILENT = dt.timedelta(seconds=30)
NOT_EMPTY = ("organizations_user", "organizations_node")


class RestoredOtherwise(Exception):
    """The backup lies in place, and not all is there that it must come to: its sentences say so. Do not start."""

    def __init__(self, left: list[str]) -> None:
        super().__init__("\n".join(left))
        self.left = left


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
    root, known = Path(settings.MEDIA_ROOT), listed(backup)
    for path, relative, _seen in files_below(backup / FILES):
        target = root / relative
        size = known.get(relative, (-1, 0))[0]
        if target.exists() and target.stat().st_size == size:
            continue
        target.parent.mkdir(parents=True, exist_ok=True)
        part = target.with_name(f".{target.name}.part")
        shutil.copy2(path, part)
        part.replace(target)
