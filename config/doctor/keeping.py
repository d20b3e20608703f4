"""Backups, the way back, and the key that is kept somewhere else."""

from collections.abc import Iterator
from datetime import datetime, timedelta

from django.conf import settings
from django.utils.translation import gettext as _

from attendance.append_only import missing
from attendance.queries.sealing import days_due, last_seal
from config import health, marks
from config.doctor.findings import Check, Finding, Level, local
from organizations import places
from organizations.core import phones

SEALS_LATE = 2  # days
BACKUP_LATE, BACKUP_MISSING = timedelta(hours=36), timedelta(days=7)
DRILL_LATE = timedelta(days=100)


def _backups(as_of: datetime) -> Iterator[Finding]:
    found = marks.found()
    backup, drill = found.get(marks.BACKUP), found.get(marks.DRILL)
    gentle = Level.CARE if settings.DEMO or settings.DEBUG else Level.WRONG
    if backup is None or backup.at < as_of - BACKUP_MISSING:
        what = _("一周之内没有备份。") if backup else _("还没有备份过。")
        yield Finding(
            gentle,
            _("备份"),
            what,
            _("请运行 %(command)s，并打开定时备份（systemctl enable --now fingertip-backup.timer）。")
            % {"command": places.command("backup")},
        )
    elif backup.at < as_of - BACKUP_LATE:
        what = _("上一次备份是 %(at)s。") % {"at": local(backup.at)}
        yield Finding(Level.CARE, _("备份"), what, _("请看定时备份为什么没有做：systemctl status fingertip-backup。"))
    else:
        yield Finding(Level.FINE, _("备份"), _("上一次备份是 %(at)s。") % {"at": local(backup.at)})
    if drill is not None and not drill.data.get("ok", True):
        step = _("请看 %(command)s 的输出，改正后再备份、再演练一次。") % {"command": places.command("restore_drill")}
        yield Finding(Level.WRONG, _("恢复演练"), _("上一次从备份恢复没有成功。"), step)
    elif drill is None or drill.at < as_of - DRILL_LATE:
        step = _("请运行 %(command)s：把最近一次备份恢复到旁边，看能不能用。")
        step %= {"command": places.command("restore_drill")}
        yield Finding(Level.CARE, _("恢复演练"), _("三个月之内没有试过从备份恢复。"), step)
    else:
        said = {"at": local(drill.at), "name": drill.data.get("name", "")}
        yield Finding(Level.FINE, _("恢复演练"), _("上一次是 %(at)s，能恢复 %(name)s。") % said)


def _restored(_as_of: datetime) -> Iterator[Finding]:
    mark = marks.found().get(marks.RESTORED)
    if mark is not None:
        made_at = datetime.fromisoformat(mark.data["made_at"])
        what = _("%(at)s 用备份 %(name)s（%(made)s 做的）换掉了全部数据。") % {
            "at": local(mark.at), "name": mark.data["backup"], "made": local(made_at),
        }  # fmt: skip
        yield Finding(Level.FINE, _("从备份恢复过"), what)


def _phone_key(_as_of: datetime) -> Iterator[Finding]:
    if not health.phone_key().ok:
        step = _("请把原来的 PHONE_KEY 放回 %(place)s，再重新启动。") % {"place": places.phone_key()}
        yield Finding(Level.WRONG, _("手机号密钥"), _("不是这个数据库原来用的密钥，谁也不能登录。"), step)
    if not is_key_kept():
        step = _(
            "请把 PHONE_KEY（%(place)s）另外存一份，不和数据库备份放在一起，再在网页上确认，或者运行 %(command)s。"
        ) % {"place": places.phone_key(), "command": places.command("doctor --key-kept")}
        yield Finding(
            Level.CARE, _("手机号密钥"), _("没有人确认过它另外存了一份；丢了它，所有手机号都读不出来。"), step
        )
    elif health.phone_key().ok:
        at = local(marks.found()[marks.KEY_KEPT].at)
        yield Finding(Level.FINE, _("手机号密钥"), _("%(at)s 确认过另外存了一份。") % {"at": at})


def is_key_kept() -> bool:
    """Whether somebody said that this very key is kept somewhere else."""
    mark = marks.found().get(marks.KEY_KEPT)
    return mark is not None and mark.data.get("key") == phones.fingerprint(settings.PHONE_KEY)


def confirm_key_kept(*, by: str, as_of: datetime) -> None:
    """Remember that somebody keeps this key somewhere else; another key asks again."""
    marks.leave(name=marks.KEY_KEPT, as_of=as_of, data={"by": by, "key": phones.fingerprint(settings.PHONE_KEY)})


def _chain(as_of: datetime) -> Iterator[Finding]:
    """The ledger's seals: whether the database is guarded, days are sealed, and what was sealed is as it was."""
    title, mark, days = _("记录封存"), marks.found().get(marks.CHAIN), days_due(as_of=as_of)
    verify = places.command("verify_chain")
    if gone := missing():
        step = _("请运行 %(command)s，它会重新装上。") % {"command": places.command("migrate")}
        yield Finding(Level.WRONG, title, _("数据库里防止改动的触发器少了 %(count)s 个。") % {"count": len(gone)}, step)
    if mark is not None and mark.data.get("problems"):
        what = _("有 %(count)s 处记录和封存时不一样：被改动、删除或者补进过。") % {"count": mark.data["problems"]}
        step = _("请运行 %(command)s 看是哪一天、哪一条，保留现场，报告纪检人员。") % {"command": verify}
        yield Finding(Level.WRONG, title, what, step)
    elif len(days) > SEALS_LATE and last_seal() is not None:
        step = _("请先看“后台任务”是否正常，再看它的日志里的 day_sealed。")
        yield Finding(Level.CARE, title, _("已经有 %(count)s 天没有封存。") % {"count": len(days)}, step)
    elif mark is not None:
        yield Finding(Level.FINE, title, _("%(at)s 查过，没有被改动。") % {"at": local(mark.at)})


WITH_DATABASE: list[Check] = [_backups, _restored, _phone_key, _chain]
