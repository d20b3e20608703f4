"""The drill: whether the newest backup would bring everything back."""

import datetime as dt
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from django.conf import settings
from django.utils.translation import gettext as _

from config import marks
from config.backups.folder import FILES, UnableToRestore, key_fingerprints, missing_files, newest, read_manifest
from config.databases import Reader, UnableToRunDatabase, counts, database
from organizations.core import phones

SAMPLED = 20


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
