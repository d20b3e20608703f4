"""Many lectures from a table: each row looked at before any is planned, in words for each row and column."""

import datetime as dt
import io
from collections.abc import Collection, Sequence
from dataclasses import dataclass, field

import xlsxwriter
from django.conf import settings
from django.utils import timezone
from django.utils.translation import gettext as _

from attendance.models import Rule, Training
from attendance.plan_forms import FIRST_YEAR, LAST_YEAR
from attendance.queries.rules import why_not_at
from attendance.rule_default import default_rule
from attendance.sentences.records import hour, moment
from live.core.bulk import TITLE, Written, minutes_of, time_of, yes_of
from live.core.plan import LecturePlan
from live.queries.lectures import lecturers_by_phone, may_lecture
from live.queries.series import key_of, planned_keys
from live.sentences.plan import refusal_words, unusual_each
from organizations.core import phones
from organizations.core.roster import date_of, text_of
from organizations.core.roster.words import NOTES_SHEETS
from organizations.models import Role, User
from organizations.permissions import visible_nodes

MOST_MINUTES = 720
LONGEST_TITLE = 120
RULE = "认定规则"
EXAMPLE = {
    "title": "防汛避险", "date": "2027-03-05", "start": "14:30", "minutes": "60", "phone": "13800000001",
    "training": "2027 年第一季度培训", "record": "是",
}  # fmt: skip


@dataclass
class BulkRow:
    """A row of the table: what is wrong with it, by column; what is unusual; its plan, where nothing is wrong.

    ``is_out``: the organiser has taken it out.
    """

    written: Written
    is_out: bool
    problems: list[tuple[str, str]] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    plan: LecturePlan | None = None
    lecturer: User | None = None
    is_known: bool = False  # it stands already
    span: tuple[dt.datetime, dt.datetime] | None = None  # as it was understood
    record: bool | None = None

    @property
    def place(self) -> str:
        """Where it stands in the file."""
        values = {"row": self.written.row, "sheet": self.written.sheet}
        return (_("“%(sheet)s”第 %(row)s 行") if self.written.sheet else _("第 %(row)s 行")) % values

    @property
    def when(self) -> str:
        """From when to when it was understood; "" where it was not."""
        if self.span is None:
            return ""
        start, end = map(timezone.localtime, self.span)
        ends = hour(end) if end.date() == start.date() else moment(end)
        return f"{moment(start)} – {ends}"

    @property
    def record_words(self) -> str:
        """Whether a replay is kept, as it was understood; "" where it was not."""
        return "" if self.record is None else _("是") if self.record else _("否")

    @property
    def needs_rule_only(self) -> bool:
        """Whether nothing is wrong but the rule."""
        return {column for column, _words in self.problems} == {RULE}

    def wrong(self, column: str, words: str) -> None:
        """Say what is wrong with a column."""
        self.problems.append((TITLE.get(column, column), words))


@dataclass
class _Known:
    """What the rows refer to, looked up at once."""

    trainings: dict[str, list[Training]]
    lecturers: dict[str, User]
    rule: Rule | None
    rules: dict[int, Rule | None] = field(default_factory=dict)
    refusals: dict[tuple[int, int], str] = field(default_factory=dict)
    rights: dict[tuple[int, int], bool] = field(default_factory=dict)


def look_through(
    rows: Sequence[Written], *, user: User, rule: Rule | None, out: Collection[int], as_of: dt.datetime
) -> list[BulkRow]:
    """Return the rows with what is wrong and unusual about each; ``out``: places, from 0, that are taken out.

    ``rule``: for all of them; None: that of each one's training. The number of queries follows the number of different
    trainings and lecturers, not of rows.
    """
    found = [BulkRow(written, number in out) for number, written in enumerate(rows)]
    known = _known(rows, user=user, rule=rule, as_of=as_of)
    for row in found:
        if not row.is_out:
            _read(row, known, as_of)
    ready = [row for row in found if row.plan is not None]
    _say_twice(ready)
    _say_unusual([row for row in ready if not row.problems], known, user=user, as_of=as_of)
    return found


def _known(rows: Sequence[Written], *, user: User, rule: Rule | None, as_of: dt.datetime) -> _Known:
    nodes = visible_nodes(user, Role.ORGANISER).filter(closed_date=None)
    mine = Training.objects.filter(node__in=nodes, is_standing=False).exclude(state="closed")
    written = {row.training for row in rows}
    named = {pk: text_of(title) for pk, title in mine.values_list("pk", "title") if text_of(title) in written}
    trainings: dict[str, list[Training]] = {}
    for training in Training.objects.filter(pk__in=named).select_related("node", "lecture_rule"):
        trainings.setdefault(named[training.pk], []).append(training)
    numbers = [number for row in rows if (number := _number(row.phone))]
    return _Known(trainings, lecturers_by_phone(user, numbers, on_date=timezone.localdate(as_of)), rule)


def _number(text: str) -> str:
    try:
        return phones.normalise(text)
    except phones.UnableToReadPhone:
        return ""


def _read(row: BulkRow, known: _Known, as_of: dt.datetime) -> None:
    """Fill in the plan of a row, or what is wrong with it."""
    title = _title(row)
    span = _span(row, as_of)
    training, lecturer, record = _training(row, known), _lecturer(row, known), yes_of(row.written.record)
    row.record = record
    if record is None:
        row.wrong("record", _("请填“是”或者“否”。"))
    if training is None:
        return
    rule = known.rule or _default(training, known)
    if rule is None:
        row.wrong(RULE, _("这个培训没有设好规则，请在表格上方的“认定规则”里选一条。"))
        return
    _fits(row, training, rule, lecturer, known, as_of)
    if row.problems or span is None or lecturer is None or record is None:
        return
    row.lecturer = lecturer
    row.plan = LecturePlan(
        training_id=training.pk, title=title, node_id=training.node_id, starts_at=span[0], ends_at=span[1],
        rule_id=rule.pk, lecturer_id=lecturer.pk, record=record, webrtc_cap=settings.LIVE_WEBRTC_CAP,
    )  # fmt: skip


def _title(row: BulkRow) -> str:
    title = " ".join(row.written.title.replace("\x00", "").split())
    if not 0 < len(title) <= LONGEST_TITLE:
        row.wrong("title", _("请填写名称，不超过 120 个字。"))
    return title


def _span(row: BulkRow, as_of: dt.datetime) -> tuple[dt.datetime, dt.datetime] | None:
    """Return from when to when; None where a column says no time, which is told."""
    day, time, minutes = date_of(row.written.date), time_of(row.written.start), minutes_of(row.written.minutes)
    if day is None:
        row.wrong("date", _("请写成 2027-03-05 这样的日期。"))
    elif not FIRST_YEAR <= day.year <= LAST_YEAR:
        row.wrong("date", _("请检查年份，要在 2000 到 2099 之间。"))
        day = None
    if time is None:
        row.wrong("start", _("请写成 14:30 这样的时间。"))
    if minutes is None or not 0 < minutes <= MOST_MINUTES:
        row.wrong("minutes", _("请写 1 到 720 之间的分钟数，例如 60。"))
        return None
    if day is None or time is None:
        return None
    starts_at = timezone.make_aware(dt.datetime.combine(day, time))
    ends_at = starts_at + dt.timedelta(minutes=minutes)
    row.span = starts_at, ends_at
    if refused := refusal_words(starts_at, ends_at, as_of=as_of):
        row.wrong("date", refused)
        return None
    return starts_at, ends_at


def _training(row: BulkRow, known: _Known) -> Training | None:
    found = known.trainings.get(row.written.training, [])
    if len(found) == 1:
        return found[0]
    if found:
        row.wrong("training", _("有几个培训都叫这个名称，请先改其中一个的名称，或者在“安排直播”里单独安排。"))
    elif row.written.training:
        row.wrong("training", _("您这里没有叫这个名称、还没有结束的培训，请照培训的名称一字不差地写。"))
    else:
        row.wrong("training", _("没有填写。"))
    return None


def _lecturer(row: BulkRow, known: _Known) -> User | None:
    number = _number(row.written.phone)
    found = known.lecturers.get(number)
    if not number:
        row.wrong("phone", _("请填写讲师的 11 位手机号。"))
    elif found is None:
        row.wrong("phone", _("您这里没有用这个手机号的讲师。请核对号码，或者请管理员先给这个人讲师职责。"))
    return found


def _default(training: Training, known: _Known) -> Rule | None:
    if training.pk not in known.rules:
        known.rules[training.pk] = default_rule(training, "lecture_rule")
    return known.rules[training.pk]


def _fits(
    row: BulkRow, training: Training, rule: Rule, lecturer: User | None, known: _Known, as_of: dt.datetime
) -> None:
    """Say where rule or lecturer do not go with the training's unit; asked once for the same two."""
    at = (rule.pk, training.node_id)
    if at not in known.refusals:
        known.refusals[at] = why_not_at(rule=rule, node=training.node, stored=None)
    if known.refusals[at]:
        row.wrong(RULE, known.refusals[at])
    if lecturer is None:
        return
    near = (lecturer.pk, training.node_id)
    if near not in known.rights:
        known.rights[near] = may_lecture(lecturer, training.node, on_date=timezone.localdate(as_of))
    if not known.rights[near]:
        row.wrong("phone", _("这个人在这里没有讲师职责。"))


def _say_twice(rows: Sequence[BulkRow]) -> None:
    """Say which rows stand already, or stand twice in the table: the same file once more is noticed by this."""
    plans = [row.plan for row in rows if row.plan is not None]
    stand = planned_keys(plans) if plans else set()
    first: dict[tuple[int, int, str, dt.datetime], BulkRow] = {}
    for row in rows:
        assert row.plan is not None  # noqa: S101 - asked above
        key = key_of(row.plan)
        if key in stand:
            row.is_known = True
            row.wrong("title", _("这一场已经安排过，请把这一行去掉。"))
        elif key in first:
            row.wrong("title", _("和%(place)s是同一场，请去掉一行。") % {"place": first[key].place})
        first.setdefault(key, row)


def _say_unusual(rows: Sequence[BulkRow], known: _Known, *, user: User, as_of: dt.datetime) -> None:
    """Say what is unusual about a row's time, against what stands and against the rows before it."""
    groups: dict[tuple[int, int], list[BulkRow]] = {}
    for row in rows:
        assert row.plan is not None  # noqa: S101 - asked above
        groups.setdefault((row.plan.training_id, row.plan.lecturer_id), []).append(row)
    trainings = {one.pk: one for some in known.trainings.values() for one in some}
    for (training_id, _lecturer_id), group in groups.items():
        spans = [(row.plan.starts_at, row.plan.ends_at) for row in group if row.plan is not None]
        lecturer = group[0].lecturer
        assert lecturer is not None  # noqa: S101 - it has a plan
        said = unusual_each(trainings[training_id], lecturer, spans, but=(), asked_by=user, as_of=as_of)
        for row, words in zip(group, said, strict=True):
            row.notes += words
    _say_overlaps(rows)


def _say_overlaps(rows: Sequence[BulkRow]) -> None:
    """Say which rows of the table ask the same lecturer at the same time."""
    latest: dict[int, BulkRow] = {}
    planned = [(row.plan, row) for row in rows if row.plan is not None]
    for plan, row in sorted(planned, key=lambda one: one[0].starts_at):
        before = latest.get(plan.lecturer_id)
        if before is not None and before.plan is not None and before.plan.ends_at > plan.starts_at:
            row.notes.append(_("和%(place)s是同一位讲师，时间重叠。") % {"place": before.place})
        if before is None or before.plan is None or before.plan.ends_at < plan.ends_at:
            latest[plan.lecturer_id] = row


def template_file() -> bytes:
    """Return an empty table with the headings, and a sheet that says how to fill it in (xlsx)."""
    to = io.BytesIO()
    with xlsxwriter.Workbook(to, {"strings_to_formulas": False, "strings_to_urls": False}) as book:
        bold, as_text = book.add_format({"bold": True}), book.add_format({"num_format": "@"})
        sheet = book.add_worksheet("直播安排")
        sheet.freeze_panes(1, 0)
        for index, title in enumerate(TITLE.values()):
            sheet.set_column(index, index, 24 if index in (0, 5) else 14, as_text)
            sheet.write_string(0, index, title, bold)
        sheet.data_validation(1, len(TITLE) - 1, 200, len(TITLE) - 1, {"validate": "list", "source": ["是", "否"]})
        (name,) = NOTES_SHEETS
        notes = book.add_worksheet(name)
        notes.set_column(0, 0, 14)
        notes.set_column(1, 1, 24)
        notes.set_column(2, 2, 80)
        for line, (key, title) in enumerate(TITLE.items()):
            notes.write_string(line, 0, title, bold)
            notes.write_string(line, 1, EXAMPLE[key])
            notes.write_string(line, 2, NOTES[key])
    return to.getvalue()


NOTES = {
    "title": "每一场的名称，不超过 120 个字。",
    "date": "写成 2027-03-05，2027年3月5日也可以。",
    "start": "24 小时制，写成 14:30。",
    "minutes": "多少分钟，最多 720。",
    "phone": "讲师的手机号；要先有讲师职责。",
    "training": "培训的名称，一字不差。应到的人就是这个培训的组织和它下面的人。",
    "record": "是或者否；不填就是“是”。",
}


def without_problems(rows: Sequence[BulkRow]) -> list[LecturePlan]:
    """Return the plans of the rows that stay."""
    return [row.plan for row in rows if row.plan is not None and not row.problems]
