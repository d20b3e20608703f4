"""What is wrong with this site, worst first, and what to do next: for ``manage.py doctor`` and the operator's page."""

import ipaddress
import re
import socket
import ssl
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import IntEnum
from pathlib import Path

from cryptography import x509
from django.conf import settings
from django.db import DatabaseError, InterfaceError, connection
from django.db.migrations.executor import MigrationExecutor
from django.utils import timezone
from django.utils.translation import gettext as _

from attendance.models import Occasion, RosterEntry
from config import disks, health, marks
from config.models import TaskCount
from live.agent.agent import ASIDE
from media.models import Job, Video
from organizations import places, sms
from organizations.core import phones

BACKUP_LATE, BACKUP_MISSING = timedelta(hours=36), timedelta(days=7)
DRILL_LATE = timedelta(days=100)
SETTLING_LATE = timedelta(minutes=10)
LATELY = timedelta(days=1)
SKEW_S, SKEW_BAD_S = 2.0, 10.0
CERTIFICATE_LATE, CERTIFICATE_BAD = timedelta(days=21), timedelta(days=5)
HERE = {"", "localhost", "127.0.0.1", "::1"}


class Level(IntEnum):
    """How bad it is; also the exit status of ``manage.py doctor``."""

    FINE, CARE, WRONG = 0, 1, 2


@dataclass(frozen=True)
class Finding:
    """One thing as it stands: ``what`` says it, ``next_step`` what to do about it (nothing where it is fine)."""

    level: Level
    title: str
    what: str
    next_step: str = ""


Check = Callable[[datetime], Iterator[Finding]]


def examine(*, as_of: datetime) -> list[Finding]:
    """Return everything that was looked at, worst first; whatever needs the database is left out when it is away."""
    found = list(_database(as_of))
    checks = [*(WITH_DATABASE if found[0].level == Level.FINE else []), *ALONE]
    for check in checks:
        try:
            found += check(as_of)
        except (DatabaseError, InterfaceError) as error:
            found.append(Finding(Level.WRONG, _("数据库"), type(error).__name__, _("请再运行一次。")))
    return sorted(found, key=lambda finding: -finding.level)


def worst(found: list[Finding]) -> Level:
    return max((finding.level for finding in found), default=Level.FINE)


def is_of_this_machine(host: str) -> bool:
    return host in HERE or host.startswith("/")


# --- The database itself ----------------------------------------------------------------------------------------


def _database(_as_of: datetime) -> Iterator[Finding]:
    part = health.database()
    if part.ok:
        yield Finding(Level.FINE, _("数据库"), _("可以使用。"))
    else:
        step = _("请看 PostgreSQL 是否在运行（systemctl status postgresql），再核对 %(file)s 里的 DATABASE_URL。")
        step %= {"file": places.setting("DATABASE_URL")}
        yield Finding(Level.WRONG, _("数据库"), _("连不上（%(why)s）。") % {"why": part.detail}, step)


def _tls(_as_of: datetime) -> Iterator[Finding]:
    host = str(connection.settings_dict.get("HOST") or "")
    if connection.vendor != "postgresql" or is_of_this_machine(host):
        return
    with connection.cursor() as cursor:
        cursor.execute("SELECT ssl FROM pg_stat_ssl WHERE pid = pg_backend_pid()")
        if cursor.fetchone()[0]:
            yield Finding(Level.FINE, _("数据库连接"), _("已经加密。"))
            return
    step = _("请在 DATABASE_URL 后面加上 ?sslmode=require，并打开 PostgreSQL 的 ssl。")
    yield Finding(Level.WRONG, _("数据库连接"), _("数据库在另一台机器上，连接没有加密。"), step)


def _migrations(_as_of: datetime) -> Iterator[Finding]:
    executor = MigrationExecutor(connection)
    if waiting := executor.migration_plan(executor.loader.graph.leaf_nodes()):
        what = _("有 %(count)s 个数据库变更还没有执行。") % {"count": len(waiting)}
        yield Finding(
            Level.WRONG,
            _("数据库结构"),
            what,
            _("请运行 %(command)s，再重新启动。") % {"command": places.command("migrate")},
        )
    else:
        yield Finding(Level.FINE, _("数据库结构"), _("是最新的。"))


def _clocks(as_of: datetime) -> Iterator[Finding]:
    seen = {disks.host(): disks.clock_skew_s(as_of=datetime.now(UTC))}
    for name, mark in marks.found().items():
        if name.startswith("worker@") and as_of - mark.at < LATELY:
            seen.setdefault(str(mark.data.get("host", name)), float(mark.data.get("skew_s", 0)))
    late = {host: skew for host, skew in seen.items() if abs(skew) > SKEW_S}
    if not late:
        yield Finding(Level.FINE, _("时钟"), _("各台机器的时间一致。"))
        return
    level = Level.WRONG if max(map(abs, late.values())) > SKEW_BAD_S else Level.CARE
    what = "；".join(_("%(host)s 差 %(s).0f 秒") % {"host": host, "s": skew} for host, skew in late.items())
    yield Finding(level, _("时钟"), what, _("请在每台机器上打开时间同步：timedatectl set-ntp true。"))


# --- The parts that work ----------------------------------------------------------------------------------------


def _parts(as_of: datetime) -> Iterator[Finding]:
    found = marks.found()
    words = {
        "worker": (_("后台任务"), _("没有程序在做：认定、开课、转码都停着。"), "systemctl status fingertip-worker"),
        "beat": (_("定时任务"), _("没有程序在按时安排任务。"), "systemctl status fingertip-beat"),
        "media_agent": (_("直播服务"), _("有直播要用，但没有收到它的消息。"), "systemctl status fingertip-agent"),
    }
    asked = [
        health.worker(found=found, as_of=as_of),
        health.beat(found=found, as_of=as_of),
        health.media_agent(as_of=as_of),
    ]
    for part in asked:
        title, wrong, command = words[part.name]
        if part.ok:
            yield Finding(Level.FINE, title, _("正常（%(seen)s）。") % {"seen": in_words(part.detail)})
        else:
            step = _("请看它是否在运行：%(command)s。") % {"command": command}
            yield Finding(Level.WRONG, title, f"{wrong}（{in_words(part.detail)}）", step)


def in_words(detail: str) -> str:
    """What /readyz says to programs, for people."""
    said = re.sub(r"(\d+) s ago", lambda found: _("%(seconds)s 秒以前") % {"seconds": found[1]}, detail)
    said = said.replace("never heard of", _("从来没有收到消息"))
    return re.sub(r"^not needed now \(.*\)$", _("现在用不着"), said)


def _shared_memory(_as_of: datetime) -> Iterator[Finding]:
    part = health.shared_memory()
    if part.ok and not settings.EMBEDDED:
        yield Finding(Level.FINE, "Redis", _("可以使用。"))
    elif not part.ok:
        what = _("连不上（%(why)s）。页面还能打开，后台任务和直播间的消息停着。") % {"why": part.detail}
        step = _("请看 Redis 是否在运行（systemctl status redis-server@fingertip），再核对 %(file)s 里的 REDIS_URL。")
        step %= {"file": places.setting("REDIS_URL")}
        yield Finding(Level.WRONG, "Redis", what, step)


def _sandbox(as_of: datetime) -> Iterator[Finding]:
    part = health.sandbox(found=marks.found())
    if part.ok:
        return
    step = _("请安装 bubblewrap（apt install bubblewrap），再重新启动后台任务。")
    yield Finding(Level.WRONG, _("转码隔离"), _("上传的视频没有关在隔离环境里处理：%(s)s。") % {"s": part.detail}, step)


def _disk(as_of: datetime) -> Iterator[Finding]:
    free = {disks.host(): disks.disk_free_percent()}
    for name, mark in marks.found().items():
        if name.startswith("worker@") and as_of - mark.at < LATELY and "disk_free" in mark.data:
            free.setdefault(str(mark.data.get("host", name)), float(mark.data["disk_free"]))
    host, least = min(free.items(), key=lambda item: item[1])
    values = {"host": host, "free": least, "reserve": settings.DISK_RESERVE_PERCENT}
    if least <= settings.DISK_RESERVE_PERCENT:
        what = _("%(host)s 的磁盘只剩 %(free).0f%%，上传和录制已经停止。") % values
        yield Finding(Level.WRONG, _("磁盘"), what, _("请删除不用的视频，或者换一块更大的盘。"))
    elif least <= settings.DISK_RESERVE_PERCENT + 10:
        what = _("%(host)s 的磁盘还剩 %(free).0f%%；剩 %(reserve)s%% 时上传和录制会停止。") % values
        yield Finding(Level.CARE, _("磁盘"), what, _("请在几天内删除不用的视频，或者换一块更大的盘。"))
    else:
        yield Finding(Level.FINE, _("磁盘"), _("还剩 %(free).0f%%。") % values)


# --- What is left to do, and what failed --------------------------------------------------------------------------


def _settling(as_of: datetime) -> Iterator[Finding]:
    since = oldest_unsettled()
    if since is None or since > as_of - SETTLING_LATE:
        yield Finding(Level.FINE, _("认定"), _("没有积压。"))
        return
    what = _("最早的一条已经等了%(long)s。") % {"long": how_long(as_of - since)}
    yield Finding(Level.CARE, _("认定"), what, _("请先看“后台任务”是否正常，再看它的日志里的 occasion_settled。"))


def how_long(span: timedelta) -> str:
    """A time that passed, in the largest unit of which there are two."""
    minutes = int(span.total_seconds() // 60)
    if minutes < 2 * 60:
        return _(" %(count)s 分钟") % {"count": minutes}
    if minutes < 2 * 24 * 60:
        return _(" %(count)s 小时") % {"count": minutes // 60}
    return _(" %(count)s 天") % {"count": minutes // (24 * 60)}


def oldest_unsettled() -> datetime | None:
    """Since when somebody waits to be judged: a closed occasion, or evidence that no settling has read."""
    closed = Occasion.objects.filter(state=Occasion.State.CLOSED).order_by("starts_at")
    dirty = RosterEntry.objects.filter(dirty_at__isnull=False).order_by("dirty_at")
    moments = [
        closed.values_list("window_end_at", flat=True).first(),
        dirty.values_list("dirty_at", flat=True).first(),
    ]
    return min((moment for moment in moments if moment), default=None)


def _failed_tasks(as_of: datetime) -> Iterator[Finding]:
    failed = TaskCount.objects.filter(failed_at__gt=as_of - LATELY).order_by("-failed_at")
    names = [f"{row.name}（{row.error}）" for row in failed[:5]]
    if names:
        step = _("请把后台任务的日志里的 task_failed 发给开发人员；失败的任务会自己再做。")
        yield Finding(Level.CARE, _("任务出错"), _("一天之内：%(names)s") % {"names": "，".join(names)}, step)


def _failed_videos(as_of: datetime) -> Iterator[Finding]:
    lately = Video.objects.filter(created_at__gt=as_of - 7 * LATELY, state=Video.State.FAILED)
    if count := lately.count():
        what = _("一周之内有 %(count)s 个视频没有处理成功。") % {"count": count}
        yield Finding(Level.CARE, _("视频"), what, _("请到后台的“视频”里看原因，再点“重试”或者换一个文件。"))
    waiting = Job.objects.filter(state=Job.State.QUEUED).order_by("created_at").first()
    if waiting is not None and waiting.created_at < as_of - timedelta(hours=6):
        hours = int((as_of - waiting.created_at).total_seconds() // 3600)
        what = _("有视频排队已经 %(hours)s 小时。") % {"hours": hours}
        yield Finding(Level.CARE, _("视频排队"), what, _("请增加后台任务的机器，或者调大 MEDIA_JOBS_AT_ONCE。"))


def _put_aside(_as_of: datetime) -> Iterator[Finding]:
    names = sorted(path.name for path in (Path(settings.VAR_DIR) / "live").glob(f"{ASIDE}*"))
    if names:
        what = _("有 %(count)s 场直播的录制没有整理成功，原始数据还留着。") % {"count": len(names)}
        step = _("请按《管理员手册》的“录制没有整理成功”处理：%(names)s。") % {"names": "，".join(names[:5])}
        yield Finding(Level.CARE, _("录制"), what, step)


# --- Backups and keys -------------------------------------------------------------------------------------------


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


def local(moment: datetime) -> str:
    """A moment as this site's clocks show it."""
    return f"{timezone.localtime(moment):%Y-%m-%d %H:%M}"


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


# --- How it is set up ---------------------------------------------------------------------------------------------


def _messages(_as_of: datetime) -> Iterator[Finding]:
    if sms.backend().reaches_phones:
        yield Finding(Level.FINE, _("短信"), _("已经设置。"))
    elif not settings.DEMO:
        step = _(
            "请在 %(file)s 里设置 SMS_WAY（http、aliyun 或 tencent）；没有短信时用 %(command)s 手机号 发一次性链接。"
        ) % {"file": places.setting(), "command": places.command("sign_in_link")}
        yield Finding(Level.WRONG, _("短信"), _("没有设置：登录验证码发不出去。"), step)


def _address(_as_of: datetime) -> Iterator[Finding]:
    host = settings.SITE.hostname or ""
    if settings.HTTPS:
        yield Finding(Level.FINE, _("网址"), settings.SITE_URL)
    elif is_of_this_machine(host):
        what = _("现在是 %(url)s，只有这台机器能打开。") % {"url": settings.SITE_URL}
        yield Finding(Level.CARE, _("网址"), what, _("要给别人用，请把 SITE_URL 改成 https:// 开头的网址。"))
    else:
        step = _("请给域名配上证书（deploy/install.sh 会做），再把 SITE_URL 改成 https:// 开头。")
        yield Finding(Level.WRONG, _("网址"), _("是 http://，密码和名字在网上不加密。"), step)
    if (settings.DEBUG or settings.DEMO) and not is_of_this_machine(host):
        mode = "DEBUG" if settings.DEBUG else "DEMO"
        what = _("%(mode)s 打开着：任何人都能看到内部信息或者用演示账号登录。") % {"mode": mode}
        yield Finding(
            Level.WRONG,
            _("运行方式"),
            what,
            _("请在 %(file)s 里去掉 %(mode)s，再重新启动。") % {"mode": mode, "file": places.setting()},
        )


def _certificate(as_of: datetime) -> Iterator[Finding]:
    if not settings.HTTPS:
        return
    host, port = settings.SITE.hostname or "", settings.SITE.port or 443
    until = certificate_until(host, port)
    if until is None:
        step = _("请在浏览器里打开 %(url)s 看看，再看 nginx 是否在运行。") % {"url": settings.SITE_URL}
        yield Finding(Level.CARE, _("证书"), _("从这台机器上看不到 %(host)s 的证书。") % {"host": host}, step)
        return
    days = (until - as_of).days
    values = {"day": f"{until:%Y-%m-%d}", "days": days}
    if until < as_of + CERTIFICATE_LATE:
        level = Level.WRONG if until < as_of + CERTIFICATE_BAD else Level.CARE
        what = _("%(day)s 到期，还有 %(days)s 天。") % values
        yield Finding(
            level,
            _("证书"),
            what,
            _("请更换证书，再运行 systemctl reload nginx；自动续期请看 systemctl status certbot.timer。"),
        )
    else:
        yield Finding(Level.FINE, _("证书"), _("%(day)s 到期。") % values)


def certificate_until(host: str, port: int) -> datetime | None:
    """When the certificate that is shown there ends; None where nobody shows one. Waits a second and a half at most."""
    context = ssl.create_default_context()
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE  # how long it lasts, not who signed it
    try:
        with (
            socket.create_connection((host, port), 1.5) as line,
            context.wrap_socket(line, server_hostname=host) as tls,
        ):
            shown = tls.getpeercert(binary_form=True)
    except OSError:
        return None
    return x509.load_der_x509_certificate(shown).not_valid_after_utc if shown else None


def _media(_as_of: datetime) -> Iterator[Finding]:
    addresses = [*settings.MEDIA_ICE_ADDRESSES, settings.MEDIA_PUBLIC_ADDRESS]
    named = [address for address in addresses if address]
    host = settings.SITE.hostname or ""
    if is_of_this_machine(host):
        return
    if not named:
        step = _("请在 %(file)s 里写明 MEDIA_ICE_ADDRESSES：手机连直播用的地址。") % {"file": places.setting()}
        yield Finding(Level.CARE, _("直播地址"), _("没有写明，程序用的是猜的地址。"), step)
    elif all(_is_private(address) for address in named):
        step = _("请在 MEDIA_PUBLIC_ADDRESS 里写公网地址；只在单位里看直播的，不用改。")
        yield Finding(Level.CARE, _("直播地址"), _("都是内网地址，单位外面的手机看不了实时直播。"), step)
    if not settings.EMBEDDED and not settings.MEDIA_ACCEL_PREFIX:
        step = _("请在 %(file)s 里设置 MEDIA_ACCEL_PREFIX，并在 nginx 里加上同名的 internal 位置。")
        step %= {"file": places.setting()}
        yield Finding(Level.CARE, _("视频文件"), _("每一段视频都由程序发送，没有交给 nginx。"), step)


def _is_private(address: str) -> bool:
    try:
        return ipaddress.ip_address(address).is_private
    except ValueError:
        return False


def _static(_as_of: datetime) -> Iterator[Finding]:
    if settings.STATIC_HASHED and not (Path(settings.STATIC_ROOT) / "staticfiles.json").exists():
        step = _("请运行 deploy/setup.sh run，再重新启动。")
        yield Finding(Level.WRONG, _("页面样式"), _("前端文件没有准备好，页面打不开。"), step)


ALONE: list[Check] = [_shared_memory, _messages, _address, _certificate, _media, _static]
WITH_DATABASE: list[Check] = [
    _tls, _migrations, _parts, _clocks, _disk, _sandbox, _settling, _failed_tasks, _failed_videos, _put_aside,
    _backups, _restored, _phone_key,
]  # fmt: skip
