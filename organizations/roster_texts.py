"""The sentences for what is wrong with a roster file (codes of ``core/roster.py``) and for what an import changes."""

from collections.abc import Iterable

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from organizations.core.roster import TITLE, Problem, Remark

SENTENCES = {
    # the whole file
    "empty": gettext_lazy("文件里没有人员。"),
    "too_big": gettext_lazy("文件超过 %(most)s MB，请分开导入。"),
    "too_big_unpacked": gettext_lazy("文件解开后太大，不予读取。"),
    "too_many_rows": gettext_lazy("超过 %(most)s 行，请分开导入；如果没有这么多人，请删去末尾的空行。"),
    "too_many_columns": gettext_lazy("超过 %(most)s 列，请只保留需要的列。"),
    "encrypted": gettext_lazy("文件加了密码，请去掉密码后再导入。"),
    "hostile": gettext_lazy("文件里有不允许的内容（DTD 或实体），不予读取。"),
    "unreadable": gettext_lazy("读不懂这个文件，请另存为 xlsx 后再导入。"),
    "unknown_kind": gettext_lazy("只能导入 xlsx、xls 或 csv 文件。"),
    "encoding": gettext_lazy("读不懂文件的文字编码，请另存为 UTF-8 的 csv，或者 xlsx。"),
    "id_number": gettext_lazy("文件里有 18 位身份证号码（共 %(count)s 行）。本系统不收身份证号，请删去后再导入。"),
    "no_header": gettext_lazy("没有找到列名。第一行应当是：组织、姓名、手机号（可加编号、加入日期、状态、角色）。"),
    "column_missing": gettext_lazy("缺少这一列。"),
    "column_twice": gettext_lazy("这一列出现了两次。"),
    "unknown_column": gettext_lazy("不认识这一列，请删去。本系统只收需要的内容。"),
    "which_node": gettext_lazy("有几个最高层组织，请指定导入到哪一个。"),
    "several_roots": gettext_lazy("还没有组织时，所有路径要从同一个最高层组织开始。"),
    # one row
    "missing": gettext_lazy("没有填写。"),
    "empty_level": gettext_lazy("有一层是空的，请检查“/”。"),
    "too_deep": gettext_lazy("超过 %(most)s 层。"),
    "too_long": gettext_lazy("超过 %(most)s 个字。"),
    "control": gettext_lazy("含有看不见的控制字符，请重新输入。"),
    "bad_phone": gettext_lazy("不是有效的手机号。"),
    "digits_lost": gettext_lazy("成了科学记数，末几位已经丢失。请把这一列设为文本后重新填写。"),
    "bad_date": gettext_lazy("不是日期，请写成 2024-01-05。"),
    "far_date": gettext_lazy("日期不合理。"),
    "unknown_status": gettext_lazy("只能是“在册”或“免学”。"),
    "unknown_role": gettext_lazy("只能是书记、组织员、讲师。"),
    "twice": gettext_lazy("与第 %(first)s 行重复。"),
    "two_people": gettext_lazy("手机号和编号属于不同的人。"),
    "other_number": gettext_lazy("这个手机号的人已有别的编号，请核对。"),
    "taken": gettext_lazy("这个手机号已经是别人的。"),
    "elsewhere": gettext_lazy("此人不在您管理的范围内，请先与原单位联系。"),
    "other_person": gettext_lazy("和系统里的人对不上，请核对姓名、编号和手机号。"),
    "same_person": gettext_lazy("和第 %(first)s 行是系统里的同一个人，请核对您的回答。"),
    "no_answer": gettext_lazy("这里不能这样回答，请看检查结果里列出的回答。"),
    "has_left": gettext_lazy("此人 %(day)s 已离开（%(because)s）。如果真的回来了，请写“在册”；不是就删去这一行。"),
    "unknown_unit": gettext_lazy("没有“%(unit)s”这个组织，请照系统里的写法填写。"),
    "closed_unit": gettext_lazy("“%(unit)s”已撤销，请改成现在的组织。"),
    "other_separator": gettext_lazy("各层之间请用“/”隔开，不要用“\\”或“>”。"),
    "no_name": gettext_lazy("“%(name)s”不是组织的名称。"),
}
WITHOUT_PHONE = gettext_lazy("没有填写；没有手机的人请填写编号。")


def sentence(problem: Problem) -> str:
    if problem.code == "missing" and problem.column == "phone":
        return str(WITHOUT_PHONE)
    return str(SENTENCES[problem.code]) % problem.values


def title(column: str) -> str:
    """The column's heading as the file writes it (the headings are not translated: they are the format)."""
    return TITLE.get(column, column)


def lines(rows: Iterable[tuple[int, str, str]]) -> list[str]:
    """One line a row of ``(row, column title, sentence)``: ``行 12: 手机号 …；加入日期 …``."""
    by_row: dict[int, list[str]] = {}
    for row, column, text in rows:
        by_row.setdefault(row, []).append(f"{column} {text}".strip())
    return [
        (_("行 %(row)s: %(text)s") if row else _("文件: %(text)s")) % {"row": row, "text": "".join(texts)}
        for row, texts in by_row.items()
    ]


def remark(one: Remark) -> str:
    return one.code
