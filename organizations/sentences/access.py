"""The access log in sentences: what somebody did, to whom it concerns and to the auditor."""

import datetime as dt
from collections.abc import Iterable
from dataclasses import dataclass, field

from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from organizations.models import AccessEntry

# Whoever runs a command on the server is not signed in: the entry has no reader.
BY_COMMAND = gettext_lazy("服务器上的命令")
# What can be asked for on the auditor's page, in words, by the key that is stored.
KINDS = {
    "record": gettext_lazy("参训记录"),
    "evidence": gettext_lazy("参训记录的依据"),
    "dispute": gettext_lazy("对记录的意见"),
    "leave": gettext_lazy("请假"),
    "correction": gettext_lazy("等复核的更正"),
    "exemption": gettext_lazy("免学和长期外出"),
    "phone": gettext_lazy("手机号"),
    "missing": gettext_lazy("未参加名单"),
    "table": gettext_lazy("参训报表"),
    "export": gettext_lazy("导出的报表文件"),
    "live": gettext_lazy("直播间里的人"),
    "hours_file": gettext_lazy("导出的年度学时"),
    "hall": gettext_lazy("集中收看名单"),
    "book": gettext_lazy("会议台账"),
    "certificate": gettext_lazy("证书"),
    "search": gettext_lazy("按姓名查找"),
    "comment": gettext_lazy("课程里的留言"),
    "sheet": gettext_lazy("签到表"),
    "declaration": gettext_lazy("申报的学习"),
    "reminders": gettext_lazy("提醒名单"),
    "person": gettext_lazy("人员资料"),
    "people": gettext_lazy("查找人员"),
    "unit": gettext_lazy("组织的人员名单"),
    "departures": gettext_lazy("要清除个人信息的人"),
    "roster": gettext_lazy("名册文件"),
    "review": gettext_lazy("核对名册文件"),
    "restored": gettext_lazy("用备份换掉全部数据"),
    "api_people": gettext_lazy("接口读取的人员名单"),
    "api_records": gettext_lazy("接口读取的参训记录"),
    "api_missing": gettext_lazy("接口读取的未参加名单"),
    "api_hours": gettext_lazy("接口读取的学时"),
    "sign_in_link": gettext_lazy("生成登录链接"),
    "sign_in_link_used": gettext_lazy("用登录链接登录"),
    "account_linked": gettext_lazy("绑定账号"),
    "account_ended": gettext_lazy("解除账号"),
    "account_allowed": gettext_lazy("重新允许账号"),
    "factor_set": gettext_lazy("设置登录验证"),
    "factor_ended": gettext_lazy("移除一种登录验证"),
    "factor_codes": gettext_lazy("生成恢复码"),
    "factors_taken": gettext_lazy("移除别人的登录验证"),
}
# The forms of a file in the words of the buttons that send them; any other by its ending.
FORMS = {"xlsx": gettext_lazy("Excel 表格")}
# What was done, as the person concerned reads it: the read alone, never what may have followed from it (a page that
# was only opened registers nobody). %(you)s says how sure it is that the list had them.
SAID = {
    "record": gettext_lazy("打开了您的参训记录。"),
    "dispute": gettext_lazy("看了您对记录提出的意见。"),
    "leave": gettext_lazy("看了您的请假。"),
    "correction": gettext_lazy("看了对您记录提出的更正，好复核。"),
    "exemption": gettext_lazy("看了您是否免学或长期外出。"),
    "phone": gettext_lazy("看了您的完整手机号，好联系您。"),
    "missing": gettext_lazy("看了“%(title)s”还有谁没有参加（%(unit)s），%(you)s。"),
    "table": gettext_lazy("看了报表“%(title)s”（%(unit)s，%(count)s 人），%(you)s。"),
    "export": gettext_lazy("导出了报表“%(title)s”（%(unit)s，%(count)s 人，%(form)s），%(you)s。"),
    "live": gettext_lazy("直播间里的人"),
    "hours_file": gettext_lazy("导出了“%(unit)s”的年度学时（%(count)s 人，%(form)s），%(you)s。"),
    "hall": gettext_lazy("看了“%(title)s”集中收看的名单（%(unit)s），%(you)s。"),
    "comment": gettext_lazy("看了您在课程里的留言，好回复。"),
    "sheet": gettext_lazy("打印或录入了“%(title)s”的签到表（%(unit)s），%(you)s。"),
    "declaration": gettext_lazy("看了您申报的学习。"),
    "book": gettext_lazy("看了或打印了“%(title)s”的会议台账（%(unit)s，%(count)s 人），%(you)s。"),
    "certificate": gettext_lazy("看了或打印了您的证书。"),
    "search": gettext_lazy("在“%(title)s”里按姓名找人（%(unit)s），结果里有您。"),
    "reminders": gettext_lazy("看了“%(title)s”提醒谁、提醒过谁（%(unit)s），%(you)s。"),
    "person": gettext_lazy("打开了您的人员资料：组织、职责和变动。"),
    "people": gettext_lazy("按姓名或编号找人，结果里有您。"),
    "unit": gettext_lazy("看了“%(unit)s”的人员名单，%(you)s。"),
    "roster": gettext_lazy("导出了“%(unit)s”的名册（%(count)s 人），%(you)s。"),
    "review": gettext_lazy("拿名册文件与“%(unit)s”的人员核对，%(you)s。"),
    "restored": gettext_lazy("用备份“%(title)s”换掉了全部数据；备份以后的记录不在了。"),
    # ``title`` is what the key is for: the program reads with the right of whoever made it.
    "api_people": gettext_lazy("用接口“%(title)s”读取了“%(unit)s”的人员名单（%(count)s 人），%(you)s。"),
    "api_records": gettext_lazy("用接口“%(title)s”读取了“%(unit)s”的参训记录（%(count)s 人），%(you)s。"),
    "api_missing": gettext_lazy("用接口“%(title)s”读取了“%(unit)s”还有谁没有参加（%(count)s 人），%(you)s。"),
    "api_hours": gettext_lazy("用接口“%(title)s”读取了“%(unit)s”的学时（%(count)s 人），%(you)s。"),
    "sign_in_link": gettext_lazy("给您生成了一个登录链接，15 分钟内有效，只能用一次。"),
    "sign_in_link_used": gettext_lazy("用登录链接登录了您的账号。"),
    "account_linked": gettext_lazy("绑定了可以登录您账号的一个账号（%(title)s）。"),
    "account_ended": gettext_lazy("解除了可以登录您账号的一个账号（%(title)s）。"),
    "account_allowed": gettext_lazy("重新允许按手机号绑定账号（%(title)s）。"),
    "factor_set": gettext_lazy("给您的账号设置了登录验证。"),
    "factor_ended": gettext_lazy("移除了您账号的一种登录验证。"),
    "factor_codes": gettext_lazy("给您的账号生成了新的恢复码，旧的作废。"),
    "factors_taken": gettext_lazy("移除了您账号的登录验证，各处的登录也都退出了。"),
}


def who(entry: AccessEntry) -> str:
    """Return who read: a person's name, or that it was a command on the server."""
    return entry.reader.name if entry.reader is not None else str(BY_COMMAND)


def kind_of(entry: AccessEntry) -> str:
    """Return what was read; an unknown key as it is."""
    return str(KINDS.get(entry.what, entry.what))


def said_to_member(entry: AccessEntry) -> str:
    """Return what the reader did, to somebody whom the entry covers."""
    if entry.what not in SAID:
        return _("看了您的“%(what)s”。") % {"what": kind_of(entry)}
    you = _("里面有您") if entry.members else _("您在这个范围里")
    return str(SAID[entry.what]) % {
        "title": entry.title, "unit": entry.node, "count": entry.count, "form": form_of(entry), "you": you,
    }  # fmt: skip


def form_of(entry: AccessEntry) -> str:
    """Return in which form a file was sent, in plain words; the reason of anything else is its filter, as it is."""
    if entry.what != "export":
        return entry.reason
    return str(FORMS.get(entry.reason, _("%(form)s 文件") % {"form": entry.reason.upper()}))


@dataclass(slots=True)
class Line:
    """One sentence and when it was true, newest first."""

    said: str
    times: list[dt.datetime] = field(default_factory=list)

    @property
    def last(self) -> dt.datetime:
        return self.times[0]

    @property
    def first(self) -> dt.datetime:
        return self.times[-1]


@dataclass(slots=True)
class Card:
    """What one reader saw on one day, in one role or more."""

    name: str
    day: dt.date
    roles: list[str] = field(default_factory=list)
    lines: dict[str, Line] = field(default_factory=dict)


def cards(entries: Iterable[AccessEntry]) -> list[Card]:
    """Return the entries of a page, newest first, to somebody whom they cover: a card for each reader and day."""
    found: dict[tuple[dt.date, int | None], Card] = {}
    for entry in entries:
        day = timezone.localdate(entry.at)
        card = found.setdefault((day, entry.reader_id), Card(who(entry), day))
        role = entry.get_role_display()
        if role and role not in card.roles:
            card.roles.append(role)
        said = said_to_member(entry)
        if entry.subject_id and entry.reason:
            said = f"{said} {entry.reason}"
        card.lines.setdefault(said, Line(said)).times.append(entry.at)
    return list(found.values())


def read_by(entry: AccessEntry) -> str:
    """Return who read, with the role that allowed it."""
    return f"{who(entry)}（{entry.get_role_display()}）" if entry.role else who(entry)


def when(line: Line) -> str:
    """Return how often and between which hours a line was true: ``3 次 09:10–09:40``."""
    first, last = (f"{timezone.localtime(moment):%H:%M}" for moment in (line.first, line.last))
    often = f"{_('%(times)s 次') % {'times': len(line.times)}} " if len(line.times) > 1 else ""
    return often + (last if first == last else f"{first}–{last}")


def whom(entry: AccessEntry) -> str:
    """Return about whom it was, to the auditor: one person, or how many people of which unit."""
    if entry.subject is not None:
        return entry.subject.name
    return _("%(unit)s，%(count)s 人") % {"unit": entry.node, "count": entry.count}


def details(entry: AccessEntry) -> str:
    """Return what was read and under which filter, to the auditor."""
    return " · ".join(filter(None, (kind_of(entry), entry.title, form_of(entry))))
