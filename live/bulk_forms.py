"""A table of lectures in the office: read, shown row by row, and planned only once every row that stays is right."""

from __future__ import annotations

import datetime as dt
import json
import tempfile
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from django import forms
from django.core.files.uploadedfile import UploadedFile
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from attendance.asking import agreement_to
from attendance.models import Rule
from attendance.queries.rules import offered_rules
from attendance.rule_default import offer_default, say_choices
from live.bulk import BulkRow, look_through, without_problems
from live.core.bulk import LONGEST_CELL, MOST_ROWS, TEXTS, UnableToReadLectures, Written, read_lectures
from live.operations import UnableToScheduleLecture, schedule_lectures
from organizations.core.roster import UnableToReadRoster
from organizations.models import User
from organizations.sentences.roster_file import sentence
from organizations.sheets import read_table

LONGEST_ROWS = 2**20


class BulkForm(forms.Form):
    """A file, or the rows of the one that was shown before, less those that were taken out.

    The rows come back as text and are looked through anew each time: nothing of them is believed.
    """

    file = forms.FileField(
        label=gettext_lazy("表格文件"),
        required=False,
        help_text=gettext_lazy("Excel 或 CSV，一次最多 200 行。"),
        error_messages={"empty": gettext_lazy("这个表格文件是空的（0 字节）。请在电脑上打开检查，保存好再选一次。")},
    )
    rule = forms.ModelChoiceField(
        Rule.objects.none(),
        label=gettext_lazy("认定规则"),
        required=False,
        help_text=gettext_lazy("选了一条，表格里的每一场都用它。"),
    )
    sent = forms.CharField(required=False, max_length=LONGEST_ROWS, widget=forms.HiddenInput, strip=False)
    rows: list[BulkRow]
    made: int

    def __init__(self, data: Any = None, files: Any = None, *, user: User) -> None:
        super().__init__(data, files)
        self._user, self.rows, self.made = user, [], 0
        rule = self.fields["rule"]
        assert isinstance(rule, forms.ModelChoiceField)  # noqa: S101 - declared above
        rule.queryset = offered_rules(user, basis=Rule.Basis.WINDOW)
        say_choices(rule)
        offer_default(self)

    def clean(self) -> dict[str, Any]:
        cleaned: dict[str, Any] = super().clean() or self.cleaned_data
        if set(self.errors) - {"rule"}:
            return cleaned
        file = cleaned.get("file")
        try:
            written = _read_file(file) if file else _read_sent(cleaned["sent"])
        except UnableToReadRoster as error:
            problem = error.problems[0]
            self.add_error("file", _nothing_there() if problem.code == "empty" else sentence(problem))
        except UnableToReadLectures as error:
            self.add_error("file", _words_of(error))
        else:
            out = set() if file else {int(one) for one in self._ticked("out") if one.isdecimal() and len(one) < 5}
            self.rows = look_through(written, user=self._user, rule=cleaned.get("rule"), out=out, as_of=timezone.now())
            if not file:
                self._ask_again()
        return cleaned

    def _ticked(self, name: str) -> Sequence[str]:
        return list(self.data.getlist(name))  # type: ignore[attr-defined]

    def _ask_again(self) -> None:
        """Say why nothing is planned yet, where something of the rows that stay is wrong or has not been read."""
        if all(row.is_out for row in self.rows):
            self.add_error(None, _("一行也没有留下，没有安排。请留下要安排的行。"))
        elif "rule" in self.errors:
            return  # which is said there
        elif lacking := self.lacking_rule:
            words = ngettext(
                "还有 %(count)s 行没有合适的规则，一场也没有安排。请在下面的“认定规则”里选一条，再点“安排这些直播”。",
                "还有 %(count)s 行没有合适的规则，一场也没有安排。请在下面的“认定规则”里选一条，再点“安排这些直播”。",
                lacking,
            )
            self.add_error(None, words % {"count": lacking})
        elif wrong := self.wrong:
            words = ngettext(
                "还有 %(count)s 行不对，一场也没有安排。请改好文件重新上传，或者勾选“去掉”再安排。",
                "还有 %(count)s 行不对，一场也没有安排。请改好文件重新上传，或者勾选“去掉”再安排。",
                wrong,
            )
            self.add_error(None, words % {"count": wrong})
        elif set(self.read_marks) - set(self._ticked("read")):
            self.add_error(None, _("下面的提醒有变化，还没有安排。请再看一遍，没有问题就再点一次。"))

    @property
    def wrong(self) -> int:
        """How many of the rows that stay are wrong."""
        return sum(bool(row.problems) for row in self.rows)

    @property
    def lacking_rule(self) -> int:
        """How many rows are wrong where choosing another rule is all that they need; 0 where some need more."""
        wrong = [row for row in self.rows if row.problems]
        return len(wrong) if all(row.needs_rule_only for row in wrong) else 0

    @property
    def read_marks(self) -> list[str]:
        """What stands for having read each thing that is unusual about the rows that stay."""
        return [agreement_to([row.place, note]) for row in self.rows if not row.is_out for note in row.notes]

    @property
    def to_send(self) -> str:
        """The rows as the page sends them back."""
        return json.dumps([asdict(row.written) for row in self.rows], ensure_ascii=False)

    @property
    def is_all_known(self) -> bool:
        """Whether nothing of the table is new: the same file once more."""
        return bool(self.rows) and all(row.is_known for row in self.rows)

    def save(self, *, as_of: dt.datetime) -> bool:
        """Plan all rows that stay; False where they are only shown, or one was refused meanwhile."""
        if self.cleaned_data.get("file"):
            return False
        staying = [row for row in self.rows if not row.is_out]
        try:
            self.made = len(schedule_lectures(plans=without_problems(staying), as_of=as_of, actor_id=self._user.pk))
        except UnableToScheduleLecture as error:
            self.add_error(None, f"{staying[error.number].place}：{error}")
            return False
        return True


def _nothing_there() -> str:
    return _("文件里没有要安排的直播。请在列名下面一行写一场。")


def _words_of(error: UnableToReadLectures) -> str:
    words = {
        "no_header": _("没有找到列名。要有一行写着：名称、日期、开始时间、时长、讲师手机号、培训。可以先下载模板。"),
        "column_missing": _("缺少这些列：%(what)s。请补上，或者用模板。"),
        "column_twice": _("有几列都叫：%(what)s。请只留一列。"),
        "too_many": _("超过 %(what)s 行，请分几个文件。"),
        "sent": _("没有收到表格，请重新选择文件。"),
    }
    return words.get(error.code, _nothing_there()) % {"what": error.what}


def _read_file(file: UploadedFile[Any]) -> list[Written]:
    """Return the rows of an uploaded file. Raises UnableToReadRoster, UnableToReadLectures."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "table"
        with path.open("wb") as to:
            for chunk in file.chunks():
                to.write(chunk)
        return read_lectures(read_table(path, name=file.name or ""))


def _read_sent(text: str) -> list[Written]:
    """Return the rows that the page carried. Raises UnableToReadLectures for what is none of ours."""
    try:
        rows = json.loads(text)
        found = [_written(row) for row in rows[: MOST_ROWS + 1]]
    except (ValueError, OverflowError, TypeError, KeyError, AttributeError, RecursionError) as error:
        raise UnableToReadLectures("sent") from error
    if not 0 < len(found) <= MOST_ROWS:
        raise UnableToReadLectures("sent")
    return found


def _written(row: dict[str, Any]) -> Written:
    texts = {name: str(row[name])[:LONGEST_CELL] for name in TEXTS}
    return Written(row=int(row["row"]), sheet=str(row["sheet"])[:LONGEST_CELL], **texts)
