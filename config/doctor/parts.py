"""The database itself, and the parts that work: who beats, whose clock is wrong, how much disk is left."""

import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

from django.conf import settings
from django.db import connection
from django.db.migrations.executor import MigrationExecutor
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from config import disks, health, marks, queues
from config.doctor.findings import LATELY, Check, Finding, Level, how_long, is_of_this_machine
from live.models import MediaNode
from live.queries import nodes
from live.sentences.nodes import node_words
from media import sides
from media.sentences import storage_words
from organizations import places, replica

SKEW_S, SKEW_BAD_S = 2.0, 10.0
PARTS_KEPT = timedelta(days=30)  # as long as the agent keeps them (live/agent/agent.py)
REFUSED_LATELY = timedelta(minutes=5)  # what an agent said that has ended since is history
# In which Debian package what the sandbox needs is (media/ffmpeg/sandbox.py).
PACKAGES = {"bwrap": "bubblewrap", "ffmpeg": "ffmpeg", "prlimit": "util-linux", "setpriv": "util-linux"}


def database(_as_of: datetime) -> Iterator[Finding]:
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


WITHOUT = gettext_lazy("报表现在从主库读，一样能用。")


def _replica(_as_of: datetime) -> Iterator[Finding]:
    """The replica that reports are read from, where there is one."""
    if not replica.is_configured():
        return
    title, state = _("报表的副本"), replica.found()
    if not state.is_encrypted and not is_of_this_machine(replica.host()):
        step = _("请在 DATABASE_REPLICA_URL 后面加上 ?sslmode=require，并打开副本的 ssl。")
        yield Finding(Level.WRONG, title, _("副本在另一台机器上，连接没有加密。"), step)
    if state.code == replica.Code.FINE:
        what = _("可以使用，比主库晚 %(seconds)s 秒。") % {"seconds": f"{state.lag_s or 0:.0f}"}
        yield Finding(Level.FINE, title, what)
        return
    if state.code == replica.Code.LATE:
        late = "" if state.lag_s is None else how_long(timedelta(seconds=state.lag_s))
        what = _("比主库晚了%(late)s。") % {"late": late} if late else _("还不知道比主库晚多少。")
        step = _(
            "请看副本和主库之间的网络，副本的处理器和磁盘是不是满了：在副本上运行 SELECT * FROM pg_stat_wal_receiver。"
        )
    elif state.code == replica.Code.FOREIGN:
        what = _("DATABASE_REPLICA_URL 那里不是这个数据库的副本（%(why)s）。") % {"why": state.why}
        step = _("请核对地址。提升成主库的副本不再跟着主库走：重新做一份，或者去掉 DATABASE_REPLICA_URL。")
    else:
        what = _("连不上副本（%(why)s）。") % {"why": state.why}
        step = _("请看副本的 PostgreSQL 是否在运行，再核对 %(file)s 里的 DATABASE_REPLICA_URL。")
        step %= {"file": places.setting("DATABASE_REPLICA_URL")}
    yield Finding(Level.CARE, title, f"{what}{WITHOUT}", step)


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
    for node in MediaNode.objects.filter(beat_at__gt=as_of - LATELY):
        seen.setdefault(node.name, float(node.load.get("skew_s", 0)))
    late = {host: skew for host, skew in seen.items() if abs(skew) > SKEW_S}
    if not late:
        yield Finding(Level.FINE, _("时钟"), _("各台机器的时间一致。"))
        return
    level = Level.WRONG if max(map(abs, late.values())) > SKEW_BAD_S else Level.CARE
    what = "；".join(_("%(host)s 差 %(s).0f 秒") % {"host": host, "s": skew} for host, skew in late.items())
    yield Finding(level, _("时钟"), what, _("请在每台机器上打开时间同步：timedatectl set-ntp true。"))


def _parts(as_of: datetime) -> Iterator[Finding]:
    found = marks.found()
    words = {
        "worker": (_("后台任务"), _still(found, as_of), "systemctl status fingertip-worker 'fingertip-worker@*'"),
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


KINDS = {
    queues.EVIDENCE: gettext_lazy("认定和开课"),
    queues.MEDIA: gettext_lazy("视频和课件的处理"),
    queues.REPORTS: gettext_lazy("人数统计、月度文件和清理"),
    queues.MESSAGES: gettext_lazy("提醒和对外发送"),
}


def _still(found: health.Marks, as_of: datetime) -> str:
    """What waits because nobody takes its queue."""
    what = [str(KINDS[queue]) for queue in health.unserved(found=found, as_of=as_of) if queue in KINDS]
    return _("没有程序在做，停着的是：%(what)s") % {"what": "、".join(what)}


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


def _storage(_as_of: datetime) -> Iterator[Finding]:
    title = _("文件存储")
    for place in (settings.STORAGE.now, settings.STORAGE.before):
        side = sides.side_of(place) if place is not None else None
        if side is None or isinstance(side, sides.Disk):
            continue
        try:
            is_public = side.try_out()
        except sides.UnableToReach as error:
            step = _("请核对 %(file)s 里的 STORAGE_URL、STORAGE_KEY_ID 和 STORAGE_SECRET。")
            step %= {"file": places.setting("STORAGE_URL")}
            yield Finding(Level.WRONG, title, f"{side}：{storage_words(error)}", step)
        except sides.UnableToStore:
            what = _("%(side)s 满了，新的视频、图片和文件存不下来。") % {"side": side}
            yield Finding(Level.WRONG, title, what, _("请在存储服务里扩容，或者清理。"))
        else:
            if is_public:
                what = _("%(side)s 是公开的：不登录也能下载里面的文件。") % {"side": side}
                yield Finding(Level.WRONG, title, what, _("请在存储服务里把桶改成私有。"))
            else:
                yield Finding(Level.FINE, title, _("%(side)s 可以读、写、删，外人读不到。") % {"side": side})
    if settings.STORAGE.before is not None:
        what = _("还有 STORAGE_OLD_URL：文件正在搬，或者搬完了没有去掉。")
        step = _("请运行 %(command)s，搬完以后去掉 STORAGE_OLD_URL，再重新启动。")
        yield Finding(Level.CARE, title, what, step % {"command": places.command("move_storage")})


def _sandbox(as_of: datetime) -> Iterator[Finding]:
    part = health.sandbox(found=marks.found())
    if part.ok:
        return
    missing = sorted({package for program, package in PACKAGES.items() if f"{program} is not installed" in part.detail})
    if missing:
        step = _("请安装缺的程序（apt install %(packages)s），再重新启动后台任务。") % {"packages": " ".join(missing)}
    elif places.is_contained():
        step = _("请核对 compose.yaml 里 worker-media 的 security_opt 和主机是否允许用户命名空间（见手册“容器”）。")
    else:
        step = _("请在那台机器上运行 bwrap --ro-bind / / true，看它为什么不能启动，改正以后重新启动后台任务。")
    yield Finding(Level.WRONG, _("转码隔离"), _("上传的视频没有关在隔离环境里处理：%(s)s。") % {"s": part.detail}, step)


def _engines(as_of: datetime) -> Iterator[Finding]:
    """A media host that lives and whose engine does not start: found before a lecture needs it, not by its members."""
    silent = MediaNode.objects.filter(beat_at__gt=as_of - REFUSED_LATELY).exclude(load__refusal="").order_by("name")
    for name, load in silent.values_list("name", "load"):
        if why := load.get("refusal"):
            what = _("%(host)s 上的媒体引擎没有启动，不能直播：%(why)s") % {"host": name, "why": why}
            if "MEDIA_SANDBOX" not in why:
                step = _("请看直播服务的日志里的 engine_does_not_start。")
            elif places.is_contained():
                step = _("请核对 compose.yaml 里 agent 的 security_opt 和主机是否允许用户命名空间（见手册“容器”）。")
            else:
                step = _("请在那台机器上运行 bwrap --ro-bind / / true，看它为什么不能启动，改正以后会自己启动。")
            yield Finding(Level.WRONG, _("媒体引擎"), what, step)


def _media_hosts(as_of: datetime) -> Iterator[Finding]:
    """Hosts that shall get no new lecture, which somebody may have forgotten; parts that got into no recording."""
    states = nodes.states(as_of=as_of)
    for state in states:
        if state.is_draining:
            step = _("维护完以后请恢复：%(command)s。") % {
                "command": places.command(f"drain_node {state.node.name} --undo")
            }
            yield Finding(
                Level.CARE, _("媒体主机 %(name)s") % {"name": state.node.name}, node_words(state, among=states), step
            )
    for part in nodes.unjoined(since=as_of - PARTS_KEPT):
        values = {"title": part.lecture.occasion.title, "host": part.node.name, "number": part.lecture_id}
        what = (
            _("《%(title)s》可能有一段录在 %(host)s 上，没有接进回放：那台主机当时断了，回放做好以前没有回来。")
            % values
        )
        step = (
            _("那一段在 %(host)s 的 VAR_DIR/live/%(number)s 里，那台主机回来以后再留 30 天，要用请在那以前拷走。")
            % values
        )
        yield Finding(Level.CARE, _("录像缺一段"), what, step)


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


WITH_DATABASE: list[Check] = [_tls, _replica, _migrations, _parts, _clocks, _disk, _sandbox, _engines, _media_hosts]
ALONE: list[Check] = [_shared_memory, _storage]
