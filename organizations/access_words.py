"""The access log in sentences: what somebody did, to whom it concerns and to the auditor."""

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
    "phone": gettext_lazy("手机号"),
    "missing": gettext_lazy("未参加名单"),
    "table": gettext_lazy("参训报表"),
    "export": gettext_lazy("导出的报表文件"),
    "hall": gettext_lazy("集中收看名单"),
    "search": gettext_lazy("按姓名查找"),
    "person": gettext_lazy("人员资料"),
    "people": gettext_lazy("查找人员"),
    "unit": gettext_lazy("组织的人员名单"),
    "roster": gettext_lazy("名册文件"),
    "review": gettext_lazy("核对名册文件"),
    "restored": gettext_lazy("用备份换掉全部数据"),
    "sign_in_link": gettext_lazy("生成登录链接"),
    "sign_in_link_used": gettext_lazy("用登录链接登录"),
}
# What was done and why, as the person concerned reads it; %(you)s says how sure it is that the list had them.
SAID = {
    "record": gettext_lazy("打开了您的参训记录，核对参训情况。"),
    "dispute": gettext_lazy("看了您对记录提出的意见，好答复您。"),
    "phone": gettext_lazy("看了您的完整手机号，好联系您。"),
    "missing": gettext_lazy("看了“%(title)s”还有谁没有参加（%(unit)s），%(you)s。"),
    "table": gettext_lazy("看了报表“%(title)s”（%(unit)s，%(count)s 人），%(you)s。"),
    "export": gettext_lazy("导出了报表“%(title)s”（%(unit)s，%(count)s 人，%(reason)s 文件），%(you)s。"),
    "hall": gettext_lazy("登记“%(title)s”的集中收看（%(unit)s），%(you)s。"),
    "search": gettext_lazy("在“%(title)s”里按姓名找人（%(unit)s），%(you)s。"),
    "person": gettext_lazy("打开了您的人员资料：组织、职责和变动。"),
    "people": gettext_lazy("按姓名或编号找人，结果里有您。"),
    "unit": gettext_lazy("看了“%(unit)s”的人员名单，%(you)s。"),
    "roster": gettext_lazy("导出了“%(unit)s”的名册（%(count)s 人），%(you)s。"),
    "review": gettext_lazy("拿名册文件与“%(unit)s”的人员核对，%(you)s。"),
    "restored": gettext_lazy("用备份“%(title)s”换掉了全部数据；备份以后的记录不在了。"),
    "sign_in_link": gettext_lazy("给您生成了一个登录链接，15 分钟内有效，只能用一次。"),
    "sign_in_link_used": gettext_lazy("用登录链接登录了您的账号。"),
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
        "title": entry.title, "unit": entry.node, "count": entry.count, "reason": entry.reason.upper(), "you": you,
    }  # fmt: skip


def whom(entry: AccessEntry) -> str:
    """Return about whom it was, to the auditor: one person, or how many people of which unit."""
    if entry.subject is not None:
        return entry.subject.name
    return _("%(unit)s，%(count)s 人") % {"unit": entry.node, "count": entry.count}


def details(entry: AccessEntry) -> str:
    """Return what was read and under which filter, to the auditor."""
    return " · ".join(filter(None, (kind_of(entry), entry.title, entry.reason)))
