"""What the page of one training says: who is still missing and what each can do next, the counts, the units below."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import groupby

from django.core.paginator import Page
from django.urls import reverse
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import gettext as _

from attendance.models import Correction, Occasion, RecordState
from attendance.permissions import Whereabouts, whereabouts
from attendance.queries import CALLED_OFF
from attendance.reports.base import Scope
from attendance.reports.standing import (
    Counts,
    MemberStanding,
    Overview,
    RollUp,
    StandingRow,
    place,
    rule_labels,
    standings,
)
from attendance.reports.steps import reasons_text, stepper
from attendance.sentences import day_and_hour, month_day
from attendance.standing import DUE, UNDONE, Amount, amount_of, asked_of
from attendance.views.shared import anchor_of
from organizations.models import Node, User
from organizations.queries import node_ids


@dataclass(frozen=True)
class Line:
    """One occasion that somebody has not done: why, and what is possible next."""

    title: str
    state: str
    reason: str
    step: str

    def text(self, *, with_title: bool) -> str:
        """Return the line as it is written; the title only where the training has several occasions."""
        said = f"{self.reason} · {self.step}" if self.reason else self.step
        return self.title + _("：") + said if with_title else said


@dataclass
class Person:
    """One name in the list of those who are missing."""

    member_id: int
    name: str
    place: str
    has_phone: bool
    lines: list[Line]
    where: Whereabouts | None = None  # as the reader may know it; None: nobody asked
    anchor: str = ""  # of the first line about a person on the page

    @property
    def may_call(self) -> bool:
        return self.has_phone and self.where is not None and self.where.may_call

    @property
    def group(self) -> str:
        """The heading under which the name stands."""
        states = {line.state for line in self.lines}
        if RecordState.MISSING in states:
            return ""
        return _("记录不全，不算没参加") if RecordState.INCOMPLETE in states else _("课程还在学，没有缺")

    def texts(self, *, scope: Scope, with_titles: bool) -> list[str]:
        """Return what stands below the name: the unit below the page's own, each thing to do, where they are now."""
        unit = [] if self.place == scope.node.name else [self.place]
        where = whereabouts_text(self.where)
        return unit + [line.text(with_title=with_titles) for line in self.lines] + ([where] if where else [])


def whereabouts_text(where: Whereabouts | None) -> str:
    """Return where somebody is whom the reader cannot call any more; "" for whom they can."""
    if where is None or where.may_call:
        return ""
    if where.unit:
        return _("已转到 %(unit)s，请联系那里的书记。") % {"unit": where.unit}
    return _("已转到别的支部，请联系那里的书记。") if where.belongs else _("已离开，现在不属于任何支部。")


@dataclass(frozen=True)
class PersonRow:
    """One name as the list writes it, with one step at most: a call, or ticking them in the hall."""

    name: str
    url: str
    anchor: str
    texts: list[str]
    call_url: str = ""
    hall_url: str = ""
    label: str = ""


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

    @property
    def others(self) -> list[tuple[int, str]]:
        """Who is neither done nor missing, where there are any: with those they make everybody expected."""
        rest = [
            (self.counts[RecordState.EXCUSED], _("请假")),
            (self.counts[DUE], _("课程还在学")),
            (self.counts[RecordState.PENDING], _("认定中")),
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
    """One occasion of the training: when, what became of it, and how many stand how."""

    title: str
    text: str
    counts: str


def missing_words(people: int) -> str:
    """Return how many are missing; "" when nobody is."""
    return _("还有 %(people)s 位没有参加") % {"people": people} if people else ""


def due_words(people: int) -> str:
    """Return how many have a course to go on with; "" when nobody has."""
    return _("%(people)s 位的课程还在学") % {"people": people} if people else ""


def headline(counts: Counts, *, is_begun: bool, is_listed: bool) -> str:
    """Return the page's heading: what matters most of all that could be said."""
    if counts[RecordState.MISSING]:
        return missing_words(counts[RecordState.MISSING])
    if not is_begun:
        return _("还没有开始")
    if counts[DUE]:
        return due_words(counts[DUE])
    if is_listed:
        return _("名单正在整理")
    return _("正在认定，稍后再看") if counts[RecordState.PENDING] else _("大家都参加了")


def nobody(counts: Counts, *, is_begun: bool, is_listed: bool) -> Nobody:
    """Return what stands in the place of the list when it names nobody."""
    if is_listed:
        text = _("人数多的场次，开始以后要一会儿才列齐。请稍后刷新。")
        return Nobody("clock", _("名单正在整理"), text)
    if counts[RecordState.PENDING]:
        return Nobody("clock", _("正在认定"), _("场次结束以后自动认定，现在不用做什么。"))
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


def occasion_rows(occasions: Sequence[Occasion], seen: Overview | RollUp) -> list[OccasionRow]:
    """Return the occasions with how many stand how at each that has a roster."""
    return [_occasion_row(one, seen.by_occasion.get(one.pk)) for one in occasions]


def _occasion_row(occasion: Occasion, counts: Counts | None) -> OccasionRow:
    text = f"{day_and_hour(occasion.starts_at)} · {occasion.get_state_display()}"
    if occasion.void_reason:
        text += _("：") + occasion.void_reason
    return OccasionRow(occasion.title, text, _in_numbers(counts) if counts else "")


def _in_numbers(counts: Counts) -> str:
    said = _("应到 %(expected)s，完成 %(done)s，请假 %(excused)s，没有参加 %(missing)s") % {
        "expected": counts.expected,
        "done": counts.done,
        "excused": counts[RecordState.EXCUSED],
        "missing": counts[RecordState.MISSING],
    }
    if due := counts[DUE]:
        said += _("，还在学 %(due)s") % {"due": due}
    if pending := counts[RecordState.PENDING]:
        said += _("，认定中 %(pending)s") % {"pending": pending}
    if incomplete := counts[RecordState.INCOMPLETE]:
        said += _("，记录不全 %(incomplete)s") % {"incomplete": incomplete}
    return said


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


def person_groups(
    people: Sequence[Person], scope: Scope, *, reader: User, page: Page[MemberStanding], with_titles: bool
) -> list[tuple[str, list[PersonRow]]]:
    """Return the names as the page lists them, under their headings; ``with_titles``: name each occasion."""
    rows = [(one.group, _person_row(one, scope, reader, page.number, with_titles=with_titles)) for one in people]
    return [(title, [row for _title, row in among]) for title, among in groupby(rows, key=lambda row: row[0])]


def _person_row(person: Person, scope: Scope, reader: User, page_number: int, *, with_titles: bool) -> PersonRow:
    training, node, name = scope.training.pk, scope.node.pk, {"name": person.name}
    page = f"&page={page_number}" if page_number > 1 else ""
    url = f"{reverse('branch_member', args=[training, person.member_id])}?node={node}{page}"
    texts = person.texts(scope=scope, with_titles=with_titles)
    if person.member_id == reader.pk:
        return PersonRow(person.name, url, person.anchor, texts)
    if person.may_call:
        call_url = reverse("branch_phone", args=[training, person.member_id])
        return PersonRow(person.name, url, person.anchor, texts, call_url, label=_("打电话给%(name)s") % name)
    hall_url = f"{reverse('branch_hall', args=[training])}?node={node}&member={person.member_id}"
    return PersonRow(person.name, url, person.anchor, texts, hall_url=hall_url, label=_("给%(name)s登记") % name)


def boxes_of(counts: Counts) -> list[tuple[int, str]]:
    """Return the big numbers with their words; together they are everybody expected. Rare ones only where there are."""
    always = [
        (counts[RecordState.ATTENDED], _("已参加")),
        (counts[RecordState.MADE_UP], _("已补学")),
        (counts[RecordState.EXCUSED], _("请假")),
        (counts[RecordState.MISSING], _("没有参加")),
    ]
    rare = [
        (counts[DUE], _("课程还在学")),
        (counts[RecordState.PENDING], _("认定中")),
        (counts[RecordState.INCOMPLETE], _("记录不全")),
    ]
    return always + [box for box in rare if box[0]]


def undone_first(seen: Overview) -> list[MemberStanding]:
    """Return who has something to do: those who missed something, then incomplete records, then running courses."""
    groups = [[person for person in seen.people if person.state == state] for state in UNDONE]
    return [person for group in groups for person in group]


def people_of(
    scope: Scope,
    shown: list[MemberStanding],
    occasions: list[Occasion],
    names: dict[str, str],
    *,
    reader: User | None = None,
) -> list[Person]:
    """Return these people in their order, each in their unit with what they have not done there; one query.

    With ``reader``: whether that person may call them today, else where they are.
    """
    line = _line_writer(occasions, scope)
    people: dict[tuple[int, str], Person] = {}
    ids = {person.member_id for person in shown}
    today = timezone.localdate(scope.as_of)
    for one in standings(scope, states=UNDONE, member_ids=ids, home_on=today) if shown else ():
        person = people.get((one.member_id, one.node_path))
        if person is None:
            where = place(one.node_path, names=names, below=scope.node.path)
            known = whereabouts(reader, one.home) if reader is not None else None
            person = Person(one.member_id, one.name, where, one.has_phone, [], known)
            people[one.member_id, one.node_path] = person
        person.lines.append(line(one))
    keys = [(person.member_id, person.node_path) for person in shown]
    return _in_order([people[key] for key in keys if key in people])


def _line_writer(occasions: list[Occasion], scope: Scope) -> Callable[[StandingRow], Line]:
    """Return what writes the line about one standing; what an occasion asks is worked out once, not once a person."""
    by_id = {occasion.pk: occasion for occasion in occasions}
    asked = {pk: asked_of(occasion=occasion, as_of=scope.as_of) for pk, occasion in by_id.items()}
    step = stepper(occasions, scope.as_of)

    def line(one: StandingRow) -> Line:
        occasion = by_id[one.occasion_id]
        reason = _reason(one, occasion, amount_of(asked[one.occasion_id], one.reasons, state=one.state))
        return Line(occasion.title, one.state, reason, step(one))

    return line


def _in_order(people: list[Person]) -> list[Person]:
    """Put each person's gravest line first; whoever stands in two units has one place to come back to: the first."""
    met: set[int] = set()
    for person in people:
        person.lines.sort(key=lambda line: UNDONE.index(line.state))
        person.anchor = "" if person.member_id in met else anchor_of(person.member_id)
        met.add(person.member_id)
    return people


def _reason(one: StandingRow, occasion: Occasion, amount: Amount) -> str:
    """Return why in a few words; the member's page has them all."""
    if amount.done_ms and not one.corrected:
        said = {"done": amount.done, "left": amount.left}
        return (_("已计入 %(done)s，还差 %(left)s") if amount.left else _("已计入 %(done)s")) % said
    return "" if one.state == DUE else reasons_text(one, occasion)


def children_of(scope: Scope, seen: Overview | RollUp, names: dict[str, str]) -> list[Child]:
    """Return the nodes right below, in the order of the tree, never by how well they do."""
    depth = len(scope.node.path) + Node.steplen
    paths = [path for path in names if len(path) == depth]
    if not paths:
        return []
    ids = node_ids(paths)
    return [Child(ids[path], names[path], seen.counts_below(path)) for path in paths if path in ids]
