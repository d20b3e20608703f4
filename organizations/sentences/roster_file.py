"""The sentences for what is wrong with a roster file (codes of ``core/roster.py``) and for what an import changes."""

from collections.abc import Iterable

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from organizations.core.roster import OURS, TITLE, Problem, Remark

SENTENCES = {
    # the whole file
    "empty": gettext_lazy("文件里没有人员。"),
    "only_hidden": gettext_lazy("文件里只有隐藏的工作表，请在 Excel 里取消隐藏后再导入。"),
    "too_big": gettext_lazy("文件超过 %(most)s MB，请分开导入。"),
    "too_big_unpacked": gettext_lazy("文件解开后太大，不予读取。"),
    "too_many_rows": gettext_lazy("超过 %(most)s 行，请分开导入；如果没有这么多人，请删去末尾的空行。"),
    "too_many_columns": gettext_lazy("超过 %(most)s 列，请只保留需要的列。"),
    "encrypted": gettext_lazy("文件加了密码，请去掉密码后再导入。"),
    "hostile": gettext_lazy("文件里有不允许的内容（DTD 或实体），不予读取。"),
    "unreadable": gettext_lazy("读不懂这个文件，请另存为 xlsx 后再导入。"),
    "unknown_kind": gettext_lazy("只能导入 xlsx、xls、ods 或 csv 文件。"),
    "encoding": gettext_lazy("读不懂文件的文字编码，请另存为 UTF-8 的 csv，或者 xlsx。"),
    "id_number": gettext_lazy("文件里有 18 位身份证号码（共 %(count)s 行）。本系统不收身份证号，请删去后再导入。"),
    "id_column": gettext_lazy("本系统不收证件号码，请删去这一列后再导入。"),
    "no_header": gettext_lazy("没有找到列名。要有一行写着：组织、姓名、手机号（可加编号、加入日期、状态、角色）。"),
    "column_missing": gettext_lazy("缺少这一列。"),
    "column_twice": gettext_lazy("有几列都是这个内容：%(columns)s。请只留一列。"),
    "which_node": gettext_lazy("有几个最高层组织，请指定导入到哪一个。"),
    "several_roots": gettext_lazy("还没有组织时，所有路径要从同一个最高层组织开始。"),
    # one row
    "missing": gettext_lazy("没有填写。"),
    "formula": gettext_lazy("单元格里是没有算过的公式，不是文字。请在 Excel 里打开并保存一次，或者“粘贴为值”。"),
    "error": gettext_lazy("单元格里是错误值（例如 #N/A），不是文字。请改成文字，或者清空。"),
    "empty_level": gettext_lazy("有一层是空的，请检查“/”。"),
    "other_separator": gettext_lazy("各层之间请用“/”隔开，例如：永安镇/东风村/第一支部。"),
    "bad_unit_name": gettext_lazy("有一层不是组织的名称，请写全称，例如：第一支部。"),
    "too_deep": gettext_lazy("超过 %(most)s 层。"),
    "too_long": gettext_lazy("超过 %(most)s 个字。"),
    "control": gettext_lazy("含有看不见的控制字符，请重新输入。"),
    "lost_character": gettext_lazy(
        "有一个字没有存下来（显示为 ?、□ 或空白）。请用输入法重新输入这个字；打不出来时，先用同音字代替。"
    ),
    "bad_phone": gettext_lazy("不是有效的手机号。手机号是 11 位数字，以 13 到 19 开头。"),
    "two_phones": gettext_lazy("写了两个号码。请只留本人常用的一个。"),
    "landline": gettext_lazy("是固定电话，收不到短信。请改成手机号；没有手机的人请留空，并填写编号。"),
    "no_phone": gettext_lazy("没有手机的人请留空，并填写编号。"),
    "masked_phone": gettext_lazy("有几位是 *，看不出号码。请填写完整的号码，或者留空并填写编号。"),
    "too_few_digits": gettext_lazy("不够 11 位，请检查少了哪一位。"),
    "too_many_digits": gettext_lazy("超过 11 位，请检查多了哪一位。"),
    "phone_with_words": gettext_lazy("号码旁边还有别的字。是本人的号码，请只留数字；是家人的号码，请留空并填写编号。"),
    "digits_lost": gettext_lazy("成了科学记数，末几位已经丢失。请把这一列设为文本后重新填写。"),
    "bad_public_id": gettext_lazy("不是系统写出的编号。请用导出的名册里的原样，或者清空。"),
    "bad_date": gettext_lazy("不是日期，请写成 2024-01-05。"),
    "far_date": gettext_lazy("日期不合理。"),
    "unknown_status": gettext_lazy("只能是在册、免学、转出、去世、停止。"),
    "left_without_status": gettext_lazy("填了日期，状态也要写转出、去世或停止。"),
    "leaving_twice": gettext_lazy("与状态或另一个离开日期说的不一样，请只留一种。"),
    "unknown_role": gettext_lazy("只能是书记、组织员、讲师、监督员。"),
    "role_missing": gettext_lazy("填了任职组织，也要填角色。"),
    "twice": gettext_lazy("与第 %(first)s 行重复。"),
    "free_later": gettext_lazy(
        "这个手机号还是%(name)s的，%(day)s 离开后才空出来。请先留空并填写编号，或者到那天再导入。"
    ),
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
    "unknown_id": gettext_lazy("系统里没有这个系统编号，请重新导出名册，或者填写手机号或编号。"),
}
TWICE_IN_ANOTHER_SHEET = gettext_lazy("与工作表“%(first_sheet)s”第 %(first)s 行重复。")
REMARKS = {
    "sheet_hidden": gettext_lazy("是隐藏的工作表，没有读入。要读入，请先取消隐藏。"),
    "sheet_no_header": gettext_lazy("没有列名（组织、姓名、手机号），没有读入。"),
    "sheet_notes": gettext_lazy("是填写说明，没有读入。"),
    "title_rows": gettext_lazy("行 %(rows)s 在列名之上，当作标题，没有读入。"),
    "no_person_rows": gettext_lazy("行 %(rows)s 是合计、签名或重复的列名，没有读入。"),
    "hidden_rows": gettext_lazy("行 %(rows)s 是隐藏的，也读入了。不要的请删去后再检查。"),
    "merged_filled": gettext_lazy("行 %(rows)s 的空格按上面合并的单元格填了。"),
    "tail_cut": gettext_lazy("末尾只有格式、没有内容的行和列没有读入。"),
    "columns_ignored": gettext_lazy("这些列没有读入：%(columns)s。"),
    "leaving_words": gettext_lazy(
        "行 %(rows)s 在没有读入的列里写着“%(words)s”，没有照此处理。已经离开的人，请在“状态”一列写转出、去世或停止。"
    ),
    "other_posts": gettext_lazy("这些职务在本系统里没有对应的角色，没有读入：%(posts)s。"),
    "posts_only_added": gettext_lazy("“党内职务”只会增加支部书记，不会取消原有的角色。要取消，请用“角色”一列。"),
    "decision_unknown": gettext_lazy("行 %(rows)s 的“说明”不是改名、换号、换了人、同名的两个人，没有采用。"),
    "copies": gettext_lazy("行 %(rows)s 与前面的工作表完全一样，没有重复读入。"),
}
WITHOUT_PHONE = gettext_lazy("没有填写；没有手机的人请填写编号。")


def sentence(problem: Problem) -> str:
    if problem.code == "missing" and problem.column == "phone":
        return str(WITHOUT_PHONE)
    if problem.code == "twice" and "first_sheet" in problem.values:
        return str(TWICE_IN_ANOTHER_SHEET) % problem.values
    return str(SENTENCES[problem.code]) % problem.values


def title(column: str) -> str:
    """The column's heading as the file writes it (the headings are not translated: they are the format)."""
    return TITLE.get(column, column)


def columns() -> list[str]:
    """The headings that a roster may have, in their order, without the one that only an export fills."""
    return [TITLE[column] for column in OURS if column != "public_id"]


def where(row: int, sheet: str) -> str:
    """``行 12``, ``工作表“第二支部” 行 12``; row 0 is the whole sheet or file."""
    if not sheet:
        return _("行 %(row)s") % {"row": row} if row else _("文件")
    values = {"row": row, "sheet": sheet}
    return (_("工作表“%(sheet)s” 行 %(row)s") if row else _("工作表“%(sheet)s”")) % values


def problem_lines(problems: Iterable[Problem]) -> list[str]:
    """One line a row: ``工作表“第二支部” 行 12: 手机号 …；加入日期 …``."""
    by_place: dict[tuple[str, int], list[str]] = {}
    for problem in problems:
        text = f"{title(problem.column)} {sentence(problem)}".strip()
        by_place.setdefault((problem.sheet, problem.row), []).append(text)
    return [f"{where(row, sheet)}: {''.join(texts)}" for (sheet, row), texts in by_place.items()]


def remark_lines(remarks: Iterable[Remark]) -> list[str]:
    """What was passed over, filled or cut, one sentence each; the rows are in the sentence."""
    lines = []
    for remark in remarks:
        text = str(REMARKS[remark.code]) % remark.values
        lines.append(f"{where(0, remark.sheet)}: {text}" if remark.sheet else text)
    return lines
