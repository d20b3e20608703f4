"""What the page of one training says: who is still missing and what each can do next, the counts, the units below."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from urllib.parse import urlencode

from django.urls import NoReverseMatch, reverse
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from attendance.charts import Part
from attendance.models import Correction, Occasion, RecordState
from attendance.queries import CALLED_OFF
from attendance.queries.shares import shares_of
from attendance.reports.base import Scope
from attendance.reports.standing import (
    Counts,
    Overview,
    RollUp,
    rule_labels,
)
from attendance.running import pending_words, running_label
from attendance.sentences.records import day_and_hour, month_day
from attendance.standing import DUE
from attendance.views.people import Person


@dataclass(frozen=True)
class Nobody:
    """What stands where nobody is listed."""

    icon: str
    title: str
    text: str


@dataclass(frozen=True)
class Child:
    """A node below the one shown, with how many people are missing there."""

    node_id: int
    name: str
    counts: Counts
    pending: str = ""

    @property
    def others(self) -> list[tuple[int, str]]:
        """Who is neither done nor missing, where there are any: with those they make everybody expected."""
        rest = [
            (self.counts[RecordState.EXCUSED], _("请假")),
            (self.counts[DUE], _("课程还在学")),
            (self.counts[RecordState.PENDING], self.pending),
            (self.counts[RecordState.INCOMPLETE], _("记录不全")),
        ]
        return [one for one in rest if one[0]]

    @property
    def text(self) -> str:
        """How many are expected and done, and who is neither done nor missing."""
        values = {"expected": self.counts.expected, "done": self.counts.done}
        others = [_("，%(words)s %(people)s 位") % {"words": words, "people": people} for people, words in self.others]
        return _("应到 %(expected)s 位，已完成 %(done)s 位") % values + "".join(others)

    @property
    def chip(self) -> str:
        return missing_words(self.counts[RecordState.MISSING])

    @property
    def label(self) -> str:
        return _("查看%(name)s") % {"name": self.name}


@dataclass(frozen=True)
class Row:
    """A row of a list that leads on."""

    title: str
    text: str
    url: str
    label: str


@dataclass(frozen=True)
class OccasionRow:
    """One occasion of the training: when, what became of it, and how many stand how; ``url``: the page about it."""

    title: str
    text: str
    counts: str
    url: str = ""


@dataclass(frozen=True)
class Tool:
    """Something else that can be done here, and where."""

    words: str
    url: str


@dataclass(frozen=True)
class Remind:
    """The one step for all who missed something."""

    words: str
    url: str


def missing_words(people: int) -> str:
    """Return how many are missing; "" when nobody is."""
    return _("还有 %(people)s 位没有参加") % {"people": people} if people else ""


def due_words(people: int) -> str:
    """Return how many have a course to go on with; "" when nobody has."""
    return _("%(people)s 位的课程还在学") % {"people": people} if people else ""


def headline(counts: Counts, *, is_begun: bool, is_listed: bool, is_running: bool) -> str:
    """Return the page's heading: what matters most of all that could be said."""
    if counts[RecordState.MISSING]:
        return missing_words(counts[RecordState.MISSING])
    if not is_begun:
        return _("还没有开始")
    if counts[DUE]:
        return due_words(counts[DUE])
    if is_listed:
        return _("名单正在整理")
    if counts[RecordState.PENDING] and is_running:
        return running_label()
    return _("正在认定，稍后再看") if counts[RecordState.PENDING] else _("大家都参加了")


def nobody(counts: Counts, *, is_begun: bool, is_listed: bool, is_running: bool) -> Nobody:
    """Return what stands in the place of the list when it names nobody."""
    if is_listed:
        text = _("人数多的场次，开始以后要一会儿才列齐。请稍后刷新。")
        return Nobody("clock", _("名单正在整理"), text)
    if counts[RecordState.PENDING]:
        title = running_label() if is_running else _("正在认定")
        return Nobody("clock", title, _("场次结束以后自动认定，现在不用做什么。"))
    if is_begun:
        return Nobody("check", _("没有人缺"), _("有人没参加时，名字和下一步会列在这里。"))
    return Nobody("clock", _("还没有开始"), _("第一个场次开始以后，这里会列出还没有参加的人。"))


def being_listed_words(occasions: Sequence[Occasion]) -> list[str]:
    """Return what is said of each of these occasions, whose rosters are still being written."""
    said = _("“%(title)s”刚刚开始，名单正在整理，这里还没有算上它。一般一分钟内就好，请稍后刷新。")
    return [said % {"title": one.title} for one in occasions]


def behind_words(*, is_now: bool) -> list[str]:
    """Return what is said where so much changes that the numbers are not those of this moment."""
    return [] if is_now else [_("现在变动很多，这里的人数是几秒到几十秒以前的，请稍后刷新。")]


def has_begun(occasions: Sequence[Occasion]) -> bool:
    """Whether anything that counts has begun."""
    return any(one.opened_at and one.state not in CALLED_OFF for one in occasions)


def count_notes(counts: Counts, occasions: Sequence[Occasion], scope: Scope) -> list[str]:
    """Return what is said below the numbers: what they are made of, what is in none of them, and of when they are."""
    values = {"expected": counts.expected, "rest": counts.not_excused, "done": counts.done}
    exempt = counts[RecordState.EXEMPT]
    moment = date_format(timezone.localtime(scope.as_of), "SHORT_DATETIME_FORMAT")
    until = _("截至 %(moment)s。") % {"moment": moment}
    if rules := rule_labels(occasions):
        until += _("按 %(rules)s 认定。") % {"rules": _("、").join(rules)}
    said = [
        _("应到 %(expected)s 位，完成 %(done)s 位；除去请假的，应到 %(rest)s 位，完成 %(done)s 位。") % values,
        _("课程还在学习期内的，不算没有参加。") if counts[DUE] else "",
        _("记录不全的，是系统当时没有记全，不算没有参加。") if counts[RecordState.INCOMPLETE] else "",
        _("%(people)s 位免学，不在应到之内。") % {"people": exempt} if exempt else "",
        until,
    ]
    return [one for one in said if one]


def occasion_rows(occasions: Sequence[Occasion], seen: Overview | RollUp, scope: Scope) -> list[OccasionRow]:
    """Return the occasions with how many stand how at each that has a roster."""
    return [_occasion_row(one, seen.by_occasion.get(one.pk), scope) for one in occasions]


def _occasion_row(occasion: Occasion, counts: Counts | None, scope: Scope) -> OccasionRow:
    text = f"{day_and_hour(occasion.starts_at)} · {occasion.get_state_display()}"
    if occasion.void_reason:
        text += _("：") + occasion.void_reason
    url = f"{reverse('branch_occasion', args=[occasion.pk])}?node={scope.node.pk}" if counts else ""
    return OccasionRow(occasion.title, text, _in_numbers(counts, occasion) if counts else "", url)


# What can be done beside the list, in its order: the name of the address, its words, whether it shows names.
TOOLS: tuple[tuple[str, Callable[[], str], bool], ...] = (
    ("branch_hall", lambda: _("登记集中收看"), True),
    ("branch_people", lambda: _("按姓名找人、登记请假"), True),
    ("branch_progress", lambda: _("完成情况随时间的变化"), False),
)


def tools_of(scope: Scope, *, shows_names: bool) -> list[Tool]:
    """Return what can be done beside the list by whoever reads names there, or only counts."""
    found = [Tool(words(), address_of(name, scope)) for name, words, named in TOOLS if shows_names or not named]
    if shows_names:
        query = urlencode({"node": scope.node.pk, "training": scope.training.pk})
        found.insert(0, Tool(_("登记表（一人一行）"), f"{reverse('branch_register')}?{query}"))
        table = reverse("branch_report", args=[scope.training.pk, "missing"])
        found.append(Tool(_("名单表格和导出"), f"{table}?node={scope.node.pk}"))
    counts = reverse("branch_counts", args=[scope.training.pk, "xlsx"])
    found.append(Tool(_("各单位人数（Excel，不含姓名）"), f"{counts}?node={scope.node.pk}"))
    return [one for one in found if one.url]


def remind_of(scope: Scope, people: int) -> Remind | None:
    """Return the one step for all who missed something; None where nobody did, or nothing reminds people."""
    url = address_of("branch_remind", scope)
    return Remind(_("提醒未参加的 %(people)s 位") % {"people": people}, url) if people and url else None


def not_reached_of(scope: Scope, listed: Iterable[Person], *, are_all: bool) -> Tool | None:
    """Return where they are listed whom the last reminder did not reach, with how many they are where the page names
    everybody; None where there is nobody.
    """
    url, people = address_of("branch_reminders", scope), len({one.member_id for one in listed if one.missed})
    said = ngettext("%(people)s 位的提醒没有送到", "%(people)s 位的提醒没有送到", people) % {"people": people}
    return Tool(said if are_all else _("提醒没有送到的人"), f"{url}&only=missed") if people and url else None


def address_of(name: str, scope: Scope) -> str:
    """Return a page about the training at the scope's node; "" while there is none of that name."""
    try:
        return f"{reverse(name, args=[scope.training.pk])}?node={scope.node.pk}"
    except NoReverseMatch:
        return ""


def _in_numbers(counts: Counts, occasion: Occasion) -> str:
    said = _("应到 %(expected)s，完成 %(done)s，请假 %(excused)s，没有参加 %(missing)s") % {
        "expected": counts.expected,
        "done": counts.done,
        "excused": counts[RecordState.EXCUSED],
        "missing": counts[RecordState.MISSING],
    }
    if due := counts[DUE]:
        said += _("，还在学 %(due)s") % {"due": due}
    if pending := counts[RecordState.PENDING]:
        said += _("，%(words)s %(pending)s") % {"words": pending_words([occasion]), "pending": pending}
    if incomplete := counts[RecordState.INCOMPLETE]:
        said += _("，记录不全 %(incomplete)s") % {"incomplete": incomplete}
    return said + _("；") + shares_of(counts.by_state).short


def overtaken_rows(corrections: Sequence[Correction], scope: Scope) -> list[Row]:
    """Return the corrections that later evidence has overtaken: what was said then, and what holds now."""
    return [_overtaken_row(one, scope) for one in corrections]


def _overtaken_row(one: Correction, scope: Scope) -> Row:
    record = one.record
    values = {"day": month_day(one.at), "was": one.get_state_display(), "now": record.get_stands_display()}
    text = record.occasion.title + _("：") + _("%(day)s更正为“%(was)s”，现在是“%(now)s”") % values
    page = reverse("branch_member", args=[scope.training.pk, record.member_id])
    label = _("查看%(name)s") % {"name": record.member.name}
    return Row(record.member.name, text, f"{page}?node={scope.node.pk}#o{record.occasion_id}", label)


def parts_of(counts: Counts, occasions: Iterable[Occasion] = ()) -> list[Part]:
    """Return the numbers with their words; together they are everybody expected. Rare ones only where there are."""
    always = [
        Part(counts[RecordState.ATTENDED], _("已参加"), "done"),
        Part(counts[RecordState.MADE_UP], _("已补学"), "made-up"),
        Part(counts[RecordState.EXCUSED], _("请假"), "excused"),
    ]
    rare = [
        Part(counts[DUE], _("课程还在学"), "due"),
        Part(counts[RecordState.PENDING], pending_words(occasions), "pending"),
        Part(counts[RecordState.INCOMPLETE], _("记录不全"), "incomplete"),
    ]
    missing = Part(counts[RecordState.MISSING], _("没有参加"), "missing")
    return [*always, *(part for part in rare if part.count), missing]


def children_of(seen: RollUp, occasions: Iterable[Occasion] = ()) -> list[Child]:
    """Return the units right below, in the order of the tree, never by how well they do."""
    pending = pending_words(occasions)
    return [Child(seen.ids[path], name, seen.counts_below(path), pending) for path, name in seen.names.items()]
