"""What people read about an import: its questions, their possible answers, and one line a changed person."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from organizations.core.roster.changes import Absent, Option, Question, RosterLine, Said
from organizations.models import Left
from organizations.sentences import roster_file

MOST_UNITS = 30
CHANGED_MEANWHILE = gettext_lazy("检查时有人同时改了同一位人员，没有导入，请再试一次。")

ANSWERS = {
    "renamed": gettext_lazy("改名"),
    "new_phone": gettext_lazy("换号"),
    "new_person": gettext_lazy("换了人"),
    "namesake": gettext_lazy("同名的两个人"),
}
SENTENCES = {
    # what is open about a person
    "phone_was": gettext_lazy("手机号 %(phone)s 原来是%(was)s的，文件里写的是%(name)s。"),
    "number_was": gettext_lazy("编号 %(number)s 原来是%(was)s的，文件里写的是%(name)s。"),
    "both_were": gettext_lazy("编号 %(number)s 和手机号 %(phone)s 原来是%(was)s的，文件里写的是%(name)s。"),
    "number_and_phone_were": gettext_lazy(
        "编号 %(number)s 原来是%(was)s的，手机号 %(phone)s 原来是%(other)s的，文件里写的是%(name)s。"
    ),
    "id_was": gettext_lazy("系统编号原来是%(was)s的，文件里写的是%(name)s。"),
    "phone_of_other": gettext_lazy("%(name)s的手机号写成了 %(phone)s，这个号码现在是%(other)s的。"),
    "number_of_other": gettext_lazy("%(name)s的编号写成了 %(number)s，这个编号现在是%(other)s的。编号可能错行了。"),
    "known_name": gettext_lazy("“%(unit)s”已经有一位%(name)s，手机号和编号都不同，文件里又没有他。是同一个人吗？"),
    "known_left": gettext_lazy("“%(unit)s”以前有一位%(name)s，已经离开。是同一个人回来了吗？"),
    "several_known": gettext_lazy(
        "这里已经有 %(count)s 位%(name)s。如果是其中一位，请在文件里写上他的编号或系统编号。"
    ),
    "same_name_here": gettext_lazy("同一个组织里有两位%(name)s，另一位在第 %(first)s 行。"),
    # what an answer does
    "renamed": gettext_lazy("%(was)s改名为%(name)s，是同一个人，参训记录不变。"),
    "new_person_phone": gettext_lazy(
        "新建%(name)s，用手机号 %(phone)s。%(was)s保留自己的参训记录，但不能再用这个号码登录。"
    ),
    "new_person_number": gettext_lazy("新建%(name)s，用编号 %(number)s。%(was)s保留自己的参训记录，不再有这个编号。"),
    "new_person_both": gettext_lazy(
        "新建%(name)s，用编号 %(number)s 和手机号 %(phone)s。%(was)s保留自己的参训记录，不再有这些号码。"
    ),
    "new_person": gettext_lazy("新建%(name)s。"),
    "phone_passes": gettext_lazy(
        "%(name)s改用手机号 %(phone)s，%(other)s不能再用它登录。参训记录各归各人，两人都要用验证码重新登录。"
    ),
    "number_passes": gettext_lazy("%(name)s改用编号 %(number)s，%(other)s不再有这个编号。参训记录各归各人。"),
    "is_known": gettext_lazy("就是“%(unit)s”的%(name)s，手机号改为 %(phone)s（原来尾号 %(last4)s）。参训记录不变。"),
    "is_known_number": gettext_lazy("就是“%(unit)s”的%(name)s，编号是 %(number)s。参训记录不变。"),
    "is_known_back": gettext_lazy("就是 %(day)s 离开“%(unit)s”的%(name)s，现在回来了。以前的参训记录都在。"),
    "is_known_leaves": gettext_lazy("就是“%(unit)s”的%(name)s，离开的是他。"),
    "namesake": gettext_lazy("是另一位%(name)s，新建一个人。"),
    "not_touched": gettext_lazy("是另一位%(name)s，不在系统里，这一行不处理。"),
    # units
    "unit_like": gettext_lazy("系统里没有“%(unit)s”，但有很像的组织。"),
    "unit_same": gettext_lazy("就是“%(unit)s”。"),
    "unit_new": gettext_lazy("新建组织“%(unit)s”。"),
    # beside a line
    "was_called": gettext_lazy("原名%(was)s"),
    "role_begins": gettext_lazy("开始任%(role)s：%(unit)s"),
    "role_ends": gettext_lazy("不再任%(role)s：%(unit)s"),
    "role_stays": gettext_lazy("仍任%(role)s：%(unit)s"),
    "left_transferred": gettext_lazy("转出，从 %(day)s 起"),
    "left_died": gettext_lazy("去世，从 %(day)s 起"),
    "left_stopped": gettext_lazy("停止，从 %(day)s 起"),
    "back": gettext_lazy("从 %(day)s 起"),
    "phone_from": gettext_lazy("手机号原来是%(was)s的"),
    "number_from": gettext_lazy("编号原来是%(was)s的"),
    "phone_gone": gettext_lazy("不再有手机号，不能登录"),
    "number_gone": gettext_lazy("不再有编号"),
}
KINDS = {
    "created": gettext_lazy("新增"),
    "moved": gettext_lazy("调动"),
    "updated": gettext_lazy("更新"),
    "left": gettext_lazy("离开"),
    "returned": gettext_lazy("回来"),
    "skipped": gettext_lazy("不处理（不在系统里）"),
}
CHANGES = {
    "name": gettext_lazy("姓名"),
    "phone": gettext_lazy("手机号"),
    "number": gettext_lazy("编号"),
    "joined": gettext_lazy("加入日期"),
    "status": gettext_lazy("状态"),
    "roles": gettext_lazy("角色"),
    "stays": gettext_lazy("不再离开"),
}


@dataclass(frozen=True)
class Choice:
    answer: str
    word: str
    effect: str
    chosen: bool


@dataclass(frozen=True)
class Asked:
    """A question as the page shows it."""

    key: str
    text: str
    choices: list[Choice]
    earlier: bool = False  # the answer was given to a file before this one


class RosterUnits(Protocol):
    unled: list[str]
    emptied: list[str]


class RosterCounts(Protocol):
    created: int
    updated: int
    moved: int
    unchanged: int
    left: int
    returned: int
    nodes_created: int


def said(sentence: Said) -> str:
    return str(SENTENCES[sentence.code]) % sentence.values


def answer_word(option: Option) -> str:
    """The answer's word; empty for a unit, whose answers are sentences by themselves."""
    return str(ANSWERS.get(option.answer, ""))


def option_text(option: Option) -> str:
    """``换号：就是…``."""
    word, effect = answer_word(option), said(option.effect)
    return _("%(answer)s：%(effect)s") % {"answer": word, "effect": effect} if word else effect


def asked(question: Question, *, earlier: bool = False) -> Asked:
    """``行 12: 手机号 138****0001 原来是张三的…`` and its possible answers."""
    text = _("%(where)s: %(text)s") % {
        "where": roster_file.where(question.row, question.sheet),
        "text": said(question.text),
    }
    choices = [
        Choice(option.answer, answer_word(option), said(option.effect), option.answer == question.answer)
        for option in question.options
    ]
    return Asked(question.key, text, choices, earlier)


def question_line(question: Question) -> str:
    """The question on one line, as the command refuses it: what it is and each possible answer."""
    options = _("；").join(option_text(option).rstrip("。") for option in question.options)
    how = _("请改用系统里的写法。") if question.column == "org" else _("请在“说明”一列回答。")
    values = {"where": roster_file.where(question.row, question.sheet), "text": said(question.text)}
    return _("%(where)s: 请确认 %(text)s%(options)s。%(how)s") % {**values, "options": options, "how": how}


def line_of(line: RosterLine) -> str:
    """One changed person: ``行 12: 调动 王建国 第一支部 → 永安镇/第二支部（手机号；仍任组织员：永安镇）``."""
    place = f"{line.was} → {line.place}" if line.was else line.place
    words = [] if line.kind == "created" else [_("、").join(str(CHANGES[change]) for change in line.changes)]
    words += [said(note) for note in line.notes]
    beside = _("；").join(word for word in words if word)
    text = f"{KINDS[line.kind]} {line.name} {place}"
    if beside:
        text += _("（%(changes)s）") % {"changes": beside}
    return _("%(where)s: %(text)s") % {"where": roster_file.where(line.row, line.sheet), "text": text}


def counts(outcome: RosterCounts) -> str:
    """``新增 3，更新 1，调动 0，离开 0，回来 0，不变 296；新建组织 2``."""
    return _(
        "新增 %(created)s，更新 %(updated)s，调动 %(moved)s，离开 %(left)s，回来 %(returned)s，不变 %(unchanged)s；"
        "新建组织 %(nodes)s"
    ) % {
        "created": outcome.created,
        "updated": outcome.updated,
        "moved": outcome.moved,
        "left": outcome.left,
        "returned": outcome.returned,
        "unchanged": outcome.unchanged,
        "nodes": outcome.nodes_created,
    }


def about_units(outcome: RosterUnits) -> list[str]:
    """What an import leaves behind: units without a secretary, units without people."""
    said_of = [
        (outcome.unled, gettext_lazy("没有书记的组织（%(count)s）：%(units)s")),
        (outcome.emptied, gettext_lazy("不再有人的组织（%(count)s）：%(units)s。需要的话请合并或撤销。")),
    ]
    return [str(text) % {"count": len(units), "units": _listed(units)} for units, text in said_of if units]


def _listed(units: Sequence[str]) -> str:
    words = _("、").join(units[:MOST_UNITS])
    return words if len(units) <= MOST_UNITS else _("%(units)s等") % {"units": words}


def absent_line(absent: Absent) -> str:
    return f"{absent.name} {absent.unit}"


def left_choices() -> Sequence[tuple[str, str]]:
    return [(value, str(label)) for value, label in Left.choices]
