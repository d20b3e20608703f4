"""The secretary's list: everybody who has something to do, once, with what it is in a few words and one next step."""

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _

from attendance.models import Occasion, RecordState
from attendance.permissions import Whereabouts, whereabouts
from attendance.queries.reminders import Sending
from attendance.reports.base import Scope
from attendance.reports.standing import MemberStanding, Overview, StandingRow, place, standings
from attendance.reports.steps import ON_PHONE, NextStep, Way, stepper
from attendance.sentences.messages import missed as missed_words
from attendance.sentences.records import day, hour
from attendance.standing import DUE, MISSED, UNDONE, amount_of, asked_of
from attendance.views.shared import anchor_of
from organizations.core.pinyin import sort_key
from organizations.models import User

FEW = 12  # names of a list that have a row each; of more the names stand side by side, so that the last is not far
A_LINE = 6  # characters of a name that fit one line there
CHIPS = 3  # beside a name; what is more is a number
SHORT = 6  # characters of a title on a chip


@dataclass(frozen=True)
class Line:
    """One occasion that somebody has not done: how they stand there, what is left of it, and what is possible next."""

    title: str
    state: str
    left: str
    step: NextStep

    @property
    def what(self) -> str:
        """How they stand there in a word or two."""
        if self.state == RecordState.INCOMPLETE:
            return _("录不全")
        if self.step.way == Way.CHECK:
            return _("差小测")
        if self.left:
            return _("还差 %(left)s") % {"left": self.left}
        return _("没开始") if self.state == DUE else _("缺")


@dataclass
class Person:
    """Somebody of the list, in one unit."""

    member_id: int
    name: str
    place: str
    has_phone: bool
    lines: list[Line]
    where: Whereabouts | None = None  # as the reader may know it; None: nobody asked
    called_at: datetime | None = None  # when the reader looked up their number today
    anchor: str = ""  # of the first line about a person on the page
    missed: Sending | None = None  # the last reminder out of the house, where it did not reach them

    @property
    def may_call(self) -> bool:
        return self.has_phone and self.where is not None and self.where.may_call

    @property
    def is_missing(self) -> bool:
        """Whether they missed something, or it was not recorded well; else they only have a running course to do."""
        return any(line.state in MISSED for line in self.lines)

    @property
    def counted(self) -> list[Line]:
        """What of it the next step is for: what was missed, before any running course."""
        missed = [line for line in self.lines if line.state in MISSED]
        return missed or self.lines

    @property
    def way(self) -> Way:
        """The one next step for all of it: the first of the ways that there are."""
        return min(line.step.way for line in self.counted)


@dataclass(frozen=True)
class Chip:
    """One thing to do in a few words, and how it looks."""

    text: str
    look: str


@dataclass(frozen=True)
class PersonRow:
    """One name as the list writes it, with one step at most: a call, or ticking them in the hall."""

    name: str
    url: str
    anchor: str
    chips: list[Chip]
    brief: str  # the same where there is little room
    texts: list[str]
    call_url: str = ""
    hall_url: str = ""
    label: str = ""
    called: str = ""  # when today the reader looked up the number

    @property
    def is_wide(self) -> bool:
        """Whether the name does not fit one line where names stand side by side."""
        return len(self.name) > A_LINE


@dataclass(frozen=True)
class Group:
    """Those for whom the same step is next, which is said once, above their names."""

    title: str
    rows: list[PersonRow]

    is_tiled: bool = False  # whether the names stand side by side


@dataclass(frozen=True)
class PeopleList:
    """The names of a page: who missed something, by what to do next, and folded those with a running course."""

    groups: list[Group]
    studying: Group | None

    def __bool__(self) -> bool:
        return bool(self.groups or self.studying)

    @property
    def is_tiled(self) -> bool:
        """Whether there are so many that everything above them has to be brief."""
        return any(group.is_tiled for group in self.groups)


@dataclass(frozen=True)
class Desk:
    """For whom and of what the list is written."""

    scope: Scope
    reader: User
    page_number: int
    with_titles: bool

    def groups_of(self, people: Sequence[Person], *, studying: int) -> PeopleList:
        """Return the names as the page lists them; ``studying``: how many only have a running course to do."""
        by_way: defaultdict[Way, list[Person]] = defaultdict(list)
        for one in people:
            if one.is_missing:
                by_way[one.way].append(one)
        is_tiled = sum(map(len, by_way.values())) > FEW
        groups = [Group(heading(way, by_way[way]), self._rows(by_way[way]), is_tiled) for way in sorted(by_way)]
        rest = [one for one in people if not one.is_missing]
        title = _("%(people)s 位还在学习期内，没有缺") % {"people": studying}
        return PeopleList(groups, Group(title, self._rows(rest), len(rest) > FEW) if rest else None)

    def _rows(self, people: Iterable[Person]) -> list[PersonRow]:
        return [self._row(one) for one in people]

    def _row(self, person: Person) -> PersonRow:
        training, node, name = self.scope.training.pk, self.scope.node.pk, {"name": person.name}
        page = f"&page={self.page_number}" if self.page_number > 1 else ""
        at = person.called_at
        values: dict[str, Any] = {
            "name": person.name,
            "url": f"{reverse('branch_member', args=[training, person.member_id])}?node={node}{page}",
            "anchor": person.anchor,
            "chips": chips_of(person.lines, with_titles=self.with_titles),
            "brief": brief(person.lines, with_titles=self.with_titles),
            "texts": self._texts(person),
            "called": _("今天 %(hour)s 已打") % {"hour": hour(at)} if at else "",
        }
        if person.member_id == self.reader.pk:
            return PersonRow(**values)
        if person.may_call:
            label = _("打电话给%(name)s") % name
            return PersonRow(**values, call_url=reverse("branch_phone", args=[training, person.member_id]), label=label)
        hall_url = f"{reverse('branch_hall', args=[training])}?node={node}&member={person.member_id}"
        return PersonRow(**values, hall_url=hall_url, label=_("给%(name)s登记") % name)

    def _texts(self, person: Person) -> list[str]:
        """Return what else there is to say of one person: their unit below the page's own, where they are now, that
        the last reminder did not reach them.
        """
        unit = [] if person.place == self.scope.node.name else [person.place]
        where = whereabouts_text(person.where)
        return unit + ([where] if where else []) + ([missed_words(person.missed)] if person.missed else [])


def heading(way: Way, people: Sequence[Person]) -> str:
    """Return the one next step of these people in words, with how many they are."""
    steps = [line.step for one in people for line in one.counted if line.step.way == way]
    said = _step_words(way, steps)
    return _("%(step)s · %(people)s 位") % {"step": said, "people": len(people)}


def _step_words(way: Way, steps: Sequence[NextStep]) -> str:
    if way not in ON_PHONE:
        return steps[0].text
    words = {step.text for step in steps}
    several = _("已看够，可在手机上做小测") if way == Way.CHECK else _("可在手机上补学、学课程")
    said = words.pop() if len(words) == 1 else several
    until = sorted({step.until for step in steps if step.until})
    if not until:
        return said
    if way == Way.CHECK and len(until) == 1:
        return _("已看够，%(day)s %(hour)s 前可在手机上做小测") % {"day": day(until[0]), "hour": hour(until[0])}
    text = _("%(day)s %(hour)s 前%(step)s") if len(until) == 1 else _("%(step)s，最早 %(day)s %(hour)s 截止")
    return text % {"day": day(until[0]), "hour": hour(until[0]), "step": said}


def short(title: str) -> str:
    """Return so much of a title that one knows which occasion it is: up to its colon, a few characters at most."""
    head = title.split("：")[0].split(":")[0].strip() or title
    return head if len(head) <= SHORT else head[: SHORT - 1] + "…"


def chips_of(lines: Sequence[Line], *, with_titles: bool) -> list[Chip]:
    """Return what somebody has to do, a chip each, the gravest first; of many the rest as a number."""
    chips = [
        Chip(
            f"{short(line.title)} {line.what}" if with_titles else line.what,
            "due" if line.state in MISSED else "plain",
        )
        for line in lines[:CHIPS]
    ]
    more = len(lines) - CHIPS
    return [*chips, Chip(_("另 %(number)s 项") % {"number": more}, "plain")] if more > 0 else chips


def brief(lines: Sequence[Line], *, with_titles: bool) -> str:
    """Return the same in the room of a name: how many of which kind, or the one thing there is."""
    if len(lines) == 1:
        return lines[0].what if not with_titles else f"{short(lines[0].title)} {_SIGN[lines[0].state]()}"
    counted = [(sum(line.state == state for line in lines), _SIGN[state]()) for state in UNDONE]
    return " ".join(f"{number} {sign}" for number, sign in counted if number)


_SIGN: dict[str, Callable[[], str]] = {
    RecordState.MISSING.value: lambda: _("缺"),
    RecordState.INCOMPLETE.value: lambda: _("录不全"),
    DUE: lambda: _("没学完"),
}


def whereabouts_text(where: Whereabouts | None) -> str:
    """Return where somebody is whom the reader cannot call any more; "" for whom they can."""
    if where is None or where.may_call:
        return ""
    if where.unit:
        return _("已转到 %(unit)s，请联系那里的书记。") % {"unit": where.unit}
    return _("已转到别的支部，请联系那里的书记。") if where.belongs else _("已离开，现在不属于任何支部。")


def undone_first(seen: Overview) -> tuple[list[MemberStanding], list[MemberStanding]]:
    """Return who missed something or has an incomplete record, then who only has a running course to do; each by
    place in the tree and name (``seen`` was read with names)."""
    groups = [
        sorted(
            (person for person in seen.people if person.state in states),
            key=lambda person: (person.node_path, sort_key(person.name)),
        )
        for states in (MISSED, (DUE,))
    ]
    return groups[0], groups[1]


def people_of(
    scope: Scope,
    shown: Sequence[MemberStanding],
    occasions: Sequence[Occasion],
    names: Mapping[str, str],
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
    reader_id = reader.pk if reader else None
    for one in standings(scope, states=UNDONE, member_ids=ids, home_on=today, called_by=reader_id) if shown else ():
        person = people.get((one.member_id, one.node_path))
        if person is None:
            where = place(one.node_path, names=names, below=scope.node.path)
            known = whereabouts(reader, one.home) if reader is not None else None
            person = Person(one.member_id, one.name, where, one.has_phone, [], known, one.called_at)
            told = Sending.read(one.last_outside) if one.last_outside else None
            person.missed = told if told and told.is_missed else None
            people[one.member_id, one.node_path] = person
        person.lines.append(line(one))
    keys = [(person.member_id, person.node_path) for person in shown]
    return _in_order([people[key] for key in keys if key in people])


def _line_writer(occasions: Sequence[Occasion], scope: Scope) -> Callable[[StandingRow], Line]:
    """Return what writes the line about one standing; what an occasion asks is worked out once, not once a person."""
    by_id = {occasion.pk: occasion for occasion in occasions}
    asked = {pk: asked_of(occasion=occasion, as_of=scope.as_of) for pk, occasion in by_id.items()}
    step = stepper(occasions, scope.as_of)

    def line(one: StandingRow) -> Line:
        amount = amount_of(asked[one.occasion_id], one.reasons, state=one.state)
        left = amount.left if amount.done_ms and not one.corrected else ""
        return Line(by_id[one.occasion_id].title, one.state, left, step(one))

    return line


def _in_order(people: list[Person]) -> list[Person]:
    """Put each person's gravest line first; whoever stands in two units has one place to come back to: the first."""
    met: set[int] = set()
    for person in people:
        person.lines.sort(key=lambda line: UNDONE.index(line.state))
        person.anchor = "" if person.member_id in met else anchor_of(person.member_id)
        met.add(person.member_id)
    return people
