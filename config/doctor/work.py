"""What is left to do, and what failed."""

from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path

from django.conf import settings
from django.utils.translation import gettext as _

from attendance.models import Occasion, RosterEntry, SummaryCheck, SummaryMark
from attendance.queries.message_counts import troubles
from attendance.sentences import messages
from config.doctor.findings import LATELY, Check, Finding, Level, how_long
from config.models import TaskCount
from live.agent.folders import ASIDE
from media.core.ladder import Phase
from media.models import Job, Video
from organizations import places

SETTLING_LATE = timedelta(minutes=10)


def _settling(as_of: datetime) -> Iterator[Finding]:
    since = oldest_unsettled()
    if since is None or since > as_of - SETTLING_LATE:
        yield Finding(Level.FINE, _("认定"), _("没有积压。"))
        return
    what = _("最早的一条已经等了%(long)s。") % {"long": how_long(as_of - since)}
    yield Finding(Level.CARE, _("认定"), what, _("请先看“后台任务”是否正常，再看它的日志里的 occasion_settled。"))


def oldest_unsettled() -> datetime | None:
    """Since when somebody waits to be judged: a closed occasion, or evidence that no settling has read."""
    closed = Occasion.objects.filter(state=Occasion.State.CLOSED).order_by("starts_at")
    dirty = RosterEntry.objects.filter(dirty_at__isnull=False).order_by("dirty_at")
    moments = [
        closed.values_list("window_end_at", flat=True).first(),
        dirty.values_list("dirty_at", flat=True).first(),
    ]
    return min((moment for moment in moments if moment), default=None)


def _summary(as_of: datetime) -> Iterator[Finding]:
    what = _("各级人数")
    last = SummaryCheck.objects.order_by("-at").first()
    if last is not None and last.differences:
        said = _("昨夜核对，有 %(count)s 个单位的人数和认定结果不一致，已经改正。") % {"count": last.differences}
        yield Finding(Level.CARE, what, said, _("请把后台任务日志里的 summary_differs 发给开发人员。"))
    waiting = SummaryMark.objects.order_by("id").values_list("at", flat=True).first()
    if waiting is not None and waiting < as_of - SETTLING_LATE:
        said = _("有变动等着统计，已经等了%(long)s，组织员看到的人数是旧的。") % {"long": how_long(as_of - waiting)}
        step = _("请先看“后台任务”是否正常；也可以运行 %(command)s。") % {"command": places.command("rebuild_summary")}
        yield Finding(Level.CARE, what, said, step)


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
    # What is made last waits as long as there is anything else to do.
    queued = Job.objects.filter(state=Job.State.QUEUED, phase__lt=Phase.LARGE)
    waiting = queued.order_by("created_at").first()
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


STORE_LATE = timedelta(minutes=30)
WHY_NOT = {
    "slow": lambda: _("没有按时回答"),
    "certificate": lambda: _("证书通不过检查"),
    "connection": lambda: _("连不上"),
    "unknown": lambda: _("找不到地址"),
}
FIX = {
    401: lambda: _("账号或密码不对：请核对 LRS_USER、LRS_PASSWORD 或 LRS_TOKEN。"),
    403: lambda: _("这个账号不能写入：请在学习记录库里给它写入的权限。"),
    404: lambda: _("网址不对：请核对 LRS_URL，只写到 /statements 以前。"),
}


def _statements(as_of: datetime) -> Iterator[Finding]:
    """Nothing is said where no record store is set up."""
    # Not above: the media agent imports this file too, and has no such app.
    from api.queries.statements import backlog, is_told  # noqa: PLC0415

    if not is_told():
        return
    title, found = _("学习记录库"), backlog()
    store = found.store
    if store.failing_since is not None:
        why = WHY_NOT[store.error]() if store.error in WHY_NOT else f"{store.status} {store.error}".strip()
        said = {"long": how_long(as_of - store.failing_since), "why": why, "count": found.waiting}
        what = _("已经%(long)s送不到（%(why)s），%(count)s 条等待发送。") % said
        usual = _("请核对 LRS_URL，看对方是不是在运行；好了以后会自己接着发，不会丢。")
        yield Finding(Level.CARE, title, what, FIX[store.status]() if store.status in FIX else usual)
    elif found.oldest_at is not None and found.oldest_at < as_of - STORE_LATE:
        said = {"count": found.waiting, "long": how_long(as_of - found.oldest_at)}
        what = _("%(count)s 条等待发送，最早的一条已经等了%(long)s。") % said
        yield Finding(Level.CARE, title, what, _("请先看“后台任务”是否正常。"))
    else:
        what = _("%(count)s 条等待发送。") % {"count": found.waiting} if found.waiting else _("没有积压。")
        yield Finding(Level.FINE, title, what)
    if found.refused:
        what = _("有 %(count)s 条对方不收，已经放在一边：%(why)s") % {"count": found.refused, "why": found.refusal}
        step = _("请把这一句告诉学习记录库的管理员；改好以后运行 %(command)s，再发一次。")
        again = {"command": places.command(_("send_statements --from 日期"))}
        yield Finding(Level.CARE, title, what, step % again)


def _ways(_as_of: datetime) -> Iterator[Finding]:
    """Nothing is said where every way works, or fails now and then."""
    for one in troubles():
        if messages.is_told(one):
            title = _("消息：%(way)s") % {"way": messages.way_of(one.channel)}
            level = Level.WRONG if one.why == "setup" else Level.CARE
            yield Finding(level, title, messages.trouble_said(one), messages.to_do(one))


WITH_DATABASE: list[Check] = [_settling, _summary, _failed_tasks, _failed_videos, _put_aside, _statements, _ways]
