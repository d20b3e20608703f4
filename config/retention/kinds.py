"""The rules by which things about people go: one a kind, with the setting, the task that does it, and what is due.

The task alone removes anything: ``apply`` of the command runs the very task. Looking is one question a table, over the
oldest ``MOST`` rows by an index, however many there are.
"""

import datetime as dt
from collections.abc import Callable
from dataclasses import dataclass
from itertools import islice
from typing import Any

from django.conf import settings
from django.db.models import QuerySet
from django.utils import timezone
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from api.models import Delivery, Statement
from api.operations.forwarding import KEPT as STATED
from api.operations.reporting import KEPT as REPORTED
from attendance.models import Guest, MonthlyFile, Notice, ReminderMessage
from attendance.queries.final import removable
from courses.models import LessonComment
from live.models import CancelledLecture, CaptionLine, ChatMessage, PollAnswer, Question
from live.operations.chat import CHAT_KEPT
from organizations import departing
from organizations.models import SignInLink
from organizations.operations.links import KEPT as LINKED
from quizzes.models import Answer, VideoAnswer

MOST = 5000
MOST_OCCASIONS = 20  # of raw evidence: to say whether one is at rest takes some questions

Rows = QuerySet[Any, Any]


@dataclass(frozen=True, slots=True)
class Due:
    """``count`` rows would go now (``is_more``: at least); the oldest there is; when the next one goes, as it looks."""

    count: int = 0
    is_more: bool = False
    oldest: dt.datetime | None = None
    next_at: dt.datetime | None = None


@dataclass(frozen=True, slots=True)
class Kind:
    """``key``: the setting that says for how long, "" where it is fixed; ``unit``: what is counted."""

    code: str
    title: str | Promise
    since: str | Promise
    key: str
    days: Callable[[], int]
    task: str
    look: Callable[[dt.datetime, dt.timedelta], Due]

    def due(self, *, as_of: dt.datetime) -> Due:
        """Return what would go now. Few questions, none of them over a whole table."""
        return self.look(as_of, dt.timedelta(days=self.days()))


def _over(rows: Rows, moment: str, *, as_of: dt.datetime, kept: dt.timedelta) -> Due:
    """``rows`` in the order of their time: by an index on it, or by their numbers, which grow with it."""
    moments = [at for at in rows.values_list(moment, flat=True)[: MOST + 1] if at is not None]
    before = [at for at in moments if at < as_of - kept]
    later = [at for at in moments if at >= as_of - kept]
    next_at = as_of if before else min(later) + kept if later else None
    return Due(len(before[:MOST]), len(before) > MOST, min(moments, default=None), next_at)


def _all(*tables: tuple[Rows, str]) -> Callable[[dt.datetime, dt.timedelta], Due]:
    """Several tables that one task looks after, as one."""

    def look(as_of: dt.datetime, kept: dt.timedelta) -> Due:
        found = [_over(rows, moment, as_of=as_of, kept=kept) for rows, moment in tables]
        return Due(
            sum(one.count for one in found), any(one.is_more for one in found),
            min((one.oldest for one in found if one.oldest), default=None),
            min((one.next_at for one in found if one.next_at), default=None),
        )  # fmt: skip

    return look


def _evidence(as_of: dt.datetime, kept: dt.timedelta) -> Due:
    """Rows of raw evidence of occasions that are final for so long and at rest."""
    found = list(islice(removable(as_of=as_of), MOST_OCCASIONS + 1))
    some = found[:MOST_OCCASIONS]
    oldest = min((one.final_at for one in some), default=None)
    count = sum(sum(one.counts.values()) for one in some)
    return Due(count, len(found) > len(some), oldest, as_of if found else None)


def _people(as_of: dt.datetime, kept: dt.timedelta) -> Due:
    """People whose time is over and whom nothing keeps. The next: who goes first of all, without what may keep them."""
    if departing.kept_for() is None:
        return Due()
    rows = list(departing.over(as_of=as_of)[: departing.MOST_LOOKED_AT + 1])
    some = rows[: departing.MOST_LOOKED_AT]
    waits = departing.why_not([one.pk for one in some], on_date=timezone.localdate(as_of)) if some else {}
    count = len(some) - len(waits)
    first = departing.waiting(until=timezone.localdate(as_of)).first()
    goes = departing.goes_on(first, as_of=as_of) if first else None
    next_at = as_of if count else _start(goes) if goes else None
    return Due(count, len(rows) > len(some), _start(first.left_date) if first else None, next_at)


def _start(day: dt.date) -> dt.datetime:
    return timezone.make_aware(dt.datetime.combine(day, dt.time.min))


def _setting(key: str) -> Callable[[], int]:
    return lambda: int(getattr(settings, key))


def _fixed(kept: dt.timedelta) -> Callable[[], int]:
    return lambda: kept.days


def _person_days() -> int:
    kept = departing.kept_for()
    return kept.days if kept else 0


def _by_number(model: Any) -> Rows:
    rows: Rows = model.objects.filter(pk__gt=0).order_by("pk")
    return rows


def kinds() -> list[Kind]:
    """Return every kind, in the order in which the page says them."""
    words = ((ChatMessage, "at"), (Question, "at"), (CaptionLine, "at"), (PollAnswer, "at"))
    spoken = [(model._default_manager.order_by(at), at) for model, at in words]  # noqa: SLF001 - documented
    files = MonthlyFile.objects.filter(expired_at=None).order_by("made_at")
    told = Statement.objects.filter(state=Statement.State.SENT, body__isnull=False, recalled=False).order_by("sent_at")
    return [
        Kind("evidence", _("设备上报的参训记录"), _("结果确定以后"), "EVIDENCE_KEEP_DAYS",
             _setting("EVIDENCE_KEEP_DAYS"), "attendance.remove_evidence", _evidence),
        Kind("guest", _("集中收看的来宾"), _("登记以后"), "GUEST_KEEP_DAYS", _setting("GUEST_KEEP_DAYS"),
             "attendance.prune_guests", _all((_by_number(Guest), "recorded_at"))),
        Kind("notice", _("站内通知和提醒"), _("发出以后"), "NOTICE_KEEP_DAYS", _setting("NOTICE_KEEP_DAYS"),
             "attendance.prune_notices", _all((_by_number(Notice), "at"), (_by_number(ReminderMessage), "made_at"))),
        Kind("quiz", _("练习和视频提问的作答"), _("作答以后"), "QUIZ_KEEP_DAYS", _setting("QUIZ_KEEP_DAYS"),
             "quizzes.prune_answers",
             _all((_by_number(Answer), "attempt__began_at"), (_by_number(VideoAnswer), "answered_at"))),
        Kind("comment", _("课程里的留言"), _("写下以后"), "COMMENT_KEEP_DAYS", _setting("COMMENT_KEEP_DAYS"),
             "courses.prune_comments", _all((_by_number(LessonComment), "at"))),
        Kind("chat", _("直播间里的发言、提问、字幕和投票"), _("说过以后"), "", _fixed(CHAT_KEPT),
             "live.tasks.delete_old_chat", _all(*spoken)),
        Kind("cancelled", _("取消了的直播"), _("原定时间以后"), "", _fixed(CancelledLecture.KEPT),
             "live.tasks.delete_old_chat", _all((CancelledLecture.objects.order_by("ends_at"), "ends_at"))),
        Kind("link", _("登录链接"), _("生成以后"), "", _fixed(LINKED), "organizations.prune_allowances",
             _all((_by_number(SignInLink), "made_at"))),
        Kind("statement", _("送给学习记录库的内容"), _("送达以后"), "", _fixed(STATED), "api.prune_statements",
             _all((told, "sent_at"))),
        Kind("delivery", _("数据接口发出的通知"), _("生成以后"), "", _fixed(REPORTED), "api.prune_deliveries",
             _all((_by_number(Delivery), "made_at"))),
        Kind("file", _("每月的报表文件"), _("生成以后"), "MONTHLY_FILE_KEEP_DAYS", _setting("MONTHLY_FILE_KEEP_DAYS"),
             "attendance.make_monthly_files", _all((files, "made_at"))),
        Kind("person", _("离开的人的姓名等个人信息"), _("离开以后"), "PERSON_KEEP_DAYS", _person_days,
             "organizations.take_out", _people),
    ]  # fmt: skip


@dataclass(frozen=True, slots=True)
class Line:
    """One kind as the table shows it."""

    kind: Kind
    days: int
    due: Due


def table(*, as_of: dt.datetime) -> list[Line]:
    """Return every kind with what is due now."""
    return [Line(kind, kind.days(), kind.due(as_of=as_of)) for kind in kinds()]
