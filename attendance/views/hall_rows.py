"""What the hall page says of one occasion: who can be ticked, who is, guests, halls that are open."""

from collections import Counter
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from attendance import models
from attendance.models import Evidence, Guest, Occasion, RecordState, Rule
from attendance.queries.halls import (
    check_ins,
    guests_like_ours,
    guests_written,
    lapses_at,
    last4_of,
    open_halls,
    whose_last4,
)
from attendance.queries.windows import window_limit
from attendance.queries.written import may_be_withdrawn, ticks_at
from attendance.reports.base import Scope
from attendance.reports.standing import node_names, place, standings
from attendance.sentences.records import category, day_and_hour, hour, month_day, written_down
from attendance.standing import UNDONE
from organizations.core.pinyin import initials_of
from organizations.models import User
from organizations.namesakes import told_apart
from organizations.queries import keys_of_names

# Whoever is excused may come all the same.
TICKABLE = (*UNDONE, RecordState.PENDING, RecordState.EXCUSED)
MOST_TICKS = 500
LAST_DIGITS = 4
MINUTE = timedelta(minutes=1)


@dataclass
class Person:
    """One name that can be ticked, under the unit it stands in on the roster."""

    member_id: int
    name: str
    unit: str
    note: str = ""
    checked: bool = False
    letters: str = ""
    scanned_at: datetime | None = None

    def is_called(self, sought: str) -> bool:
        """Whether what was typed is a part of the name or the beginning of its initials; nothing typed is anybody."""
        return sought in self.name or self.letters.startswith(sought.lower())


@dataclass(frozen=True)
class Batch:
    """Ticks of one span that one person wrote down at one moment."""

    first: Evidence
    ticks: list[Evidence] = field(default_factory=list)
    own: list[int] = field(default_factory=list)  # the reader's own, which somebody else takes back
    may_be_withdrawn: bool = True

    @property
    def is_of_one(self) -> bool:
        return len(self.ticks) == 1

    @property
    def has_others(self) -> bool:
        """Whether the reader can take anything of it back."""
        return len(self.own) < len(self.ticks)

    @property
    def title(self) -> str:
        """Who is ticked."""
        name = self.first.member.name
        return name if self.is_of_one else _("%(name)s等 %(people)s 位") % {"name": name, "people": len(self.ticks)}

    @property
    def text(self) -> str:
        """For which time, how, by whom and when it was written down."""
        start, end = self.first.started_at, self.first.ended_at
        when = f"{month_day(start)} {hour(start)}–{hour(end)}" if start and end else ""
        how = category(self.first.category) if self.first.category else ""
        by = written_down(self.first.recorded_by, self.first.recorded_at)
        return " · ".join(part for part in (when, how, by) if part)


@dataclass(frozen=True)
class OpenHall:
    """A hall that is open: one that shows a code, or one that is announced because it cannot report yet."""

    hall_id: int
    title: str
    text: str
    url: str
    close: str

    @classmethod
    def of(cls, one: models.Hall, training_id: int) -> "OpenHall":
        text = _("%(name)s %(at)s 起") % {"name": one.opened_by.name, "at": day_and_hour(one.opened_at)}
        where = one.place or one.node.name
        if one.is_offline:
            title = _("%(place)s：登记还没有上交，先不按未参加处理") % {"place": where}
            return cls(one.pk, title, f"{text}；{_until(one)}", "", _("都上交了"))
        title = _("%(place)s：正在扫码签到") % {"place": where}
        return cls(one.pk, title, text, reverse("branch_hall_code", args=[one.pk]), _("结束扫码"))


def _until(hall: models.Hall) -> str:
    """Return until when an announced hall is waited for."""
    at = lapses_at(hall)
    if at is None:
        days = settings.HALL_WAIT_DAYS
        text = ngettext("场次结束后最多等 %(days)s 天", "场次结束后最多等 %(days)s 天", days)
        return text % {"days": days}
    return _("最多等到 %(at)s，以后按已有的记录认定") % {"at": day_and_hour(at)}


@dataclass(frozen=True)
class GuestRow:
    """One guest as the page writes it; ``step``: what the reader can do about it ("": nothing any more)."""

    guest_id: int
    name: str
    texts: list[str]
    step: str = ""
    label: str = ""
    member_id: int = 0

    @classmethod
    def of(cls, one: Guest) -> "GuestRow":
        """Write a guest for those who wrote them down."""
        came = f"{month_day(one.started_at)} {hour(one.started_at)}–{hour(one.ended_at)}"
        what = " · ".join(part for part in (one.unit, _tail(one), came) if part)
        if one.member_id is not None:
            return cls(one.pk, one.name, [what, _("已核对，给本人记上了")])
        by = written_down(one.recorded_by, one.recorded_at)
        return cls(one.pk, one.name, [what, by], _("划去"), _("划去%(name)s") % {"name": one.name})

    @classmethod
    def like_ours(cls, one: Guest, member: User) -> "GuestRow":
        """Write a guest for the secretary of somebody of that name; whether the phone's end fits is said, never it."""
        row = cls.of(one)
        texts = [_("写在%(node)s") % {"node": one.node.name}, *row.texts]
        if one.last4:
            texts.append(_("手机尾号一致") if one.last4 == member.phone_last4 else _("手机尾号不一致，请先问清楚"))
        step = _("是我们支部的%(name)s，给本人记上") % {"name": member.name}
        return cls(one.pk, one.name, texts, step, "", member.pk)


def _tail(one: Guest) -> str:
    return _("手机尾号 %(last4)s") % {"last4": one.last4} if one.last4 else ""


@dataclass(frozen=True)
class Hall:
    """Everything the page is about: one occasion, who is ticked there and who can be."""

    scope: Scope
    occasion: Occasion
    reader_id: int
    people: list[Person]
    batches: list[Batch]
    scans: dict[int, datetime] = field(default_factory=dict)
    guests: list[Guest] = field(default_factory=list)
    like_ours: list[tuple[Guest, User]] = field(default_factory=list)
    open_halls: list[OpenHall] = field(default_factory=list)

    @property
    def ticked(self) -> int:
        """How many people are ticked."""
        return len({one.member_id for batch in self.batches for one in batch.ticks})

    @property
    def named(self) -> set[int]:
        """Everybody whose name the page shows."""
        ticked = {one.member_id for batch in self.batches for one in batch.ticks}
        return {one.member_id for one in self.people} | ticked | {one.pk for _guest, one in self.like_ours}

    @property
    def address(self) -> str:
        """This page again, for this occasion."""
        page = reverse("branch_hall", args=[self.scope.training.pk])
        return f"{page}?node={self.scope.node.pk}&occasion={self.occasion.pk}"

    @property
    def ticked_title(self) -> str:
        """How many are ticked; "" when nobody is."""
        return _("已登记 %(people)s 位") % {"people": self.ticked} if self.ticked else ""

    @property
    def shows_code(self) -> bool:
        """Whether a code can be scanned here: it runs now, at an hour of its own."""
        is_window = self.occasion.rule.basis == Rule.Basis.WINDOW
        return is_window and self.occasion.state == Occasion.State.OPEN

    @property
    def scanned_title(self) -> str:
        """How many have scanned the code and are not ticked yet; "" when nobody has."""
        count = sum(one.scanned_at is not None for one in self.people)
        said = ngettext("%(count)s 位扫过码，还没有登记", "%(count)s 位扫过码，还没有登记", count)
        return said % {"count": count} if count else ""

    @property
    def hint(self) -> str:
        """What is said of the time that is written down."""
        if self.occasion.window_end_at:
            return _("场次时间以外的部分不计入。")
        if self.occasion.rule.basis == Rule.Basis.MEDIA:
            return _("课程请在看完以后登记，结束时间不能晚于现在。")
        return _("还在进行：先登记到计划结束。提前走的，撤回后按实际时间重新登记。")


@dataclass(frozen=True)
class Choice:
    """One occasion of the training, as the page names it."""

    title: str
    when: str
    url: str

    @classmethod
    def of(cls, occasion: Occasion, scope: Scope) -> "Choice":
        when = f"{month_day(occasion.starts_at)} {hour(occasion.starts_at)}"
        return cls(occasion.title, when, f"?node={scope.node.pk}&occasion={occasion.pk}")


def hall_of(scope: Scope, occasion: Occasion, *, reader_id: int, wanted: set[int]) -> Hall:
    """Return who is ticked and who can be; eight queries. ``wanted`` are listed and ticked, also once more."""
    batches = _batches(scope, occasion, reader_id)
    known = {one.member_id for batch in batches for one in batch.ticks} - wanted
    people = _people(scope, occasion, reader_id=reader_id, known=known, wanted=wanted)
    here = {"occasion_id": occasion.pk, "below": scope.node.path}
    return Hall(
        scope, occasion, reader_id, people, batches,
        {one.member_id: one.scanned_at for one in people if one.scanned_at},
        list(guests_written(**here)), guests_like_ours(**here),
        [OpenHall.of(one, scope.training.pk) for one in open_halls(**here)],
    )  # fmt: skip


def _people(scope: Scope, occasion: Occasion, *, reader_id: int, known: set[int], wanted: set[int]) -> list[Person]:
    """Return who can be ticked, by place in the tree and name; whoever has scanned the code is ticked to begin with."""
    names, scans = node_names(scope), check_ins(occasion_id=occasion.pk, below=scope.node.path)
    people: list[Person] = []
    numbers: dict[int, str] = {}
    for one in standings(scope, states=TICKABLE, occasion_id=occasion.pk):
        if one.member_id != reader_id and one.member_id not in known:
            at = scans.get(one.member_id)
            excused = _("请假") if one.state == RecordState.EXCUSED else ""
            note = _("%(at)s 扫码") % {"at": hour(at)} if at else excused
            where = place(one.node_path, names=names, below=scope.node.path)
            is_wanted = one.member_id in wanted or at is not None
            numbers[one.member_id] = one.number
            people.append(Person(one.member_id, one.name, where, note, is_wanted, scanned_at=at))
        if len(people) == MOST_TICKS:
            break
    keys = keys_of_names([one.member_id for one in people])
    called = _called(people, numbers, reader_id=reader_id, as_of=scope.as_of)
    for person in people:
        person.name = called[person.member_id]
        person.letters = initials_of(keys.get(person.member_id, ""))
    return people


def _called(people: list[Person], numbers: dict[int, str], *, reader_id: int, as_of: datetime) -> dict[int, str]:
    """Return how each of these is called. Strangers look at this page: the end of a phone stands there for those alone
    whom nothing else tells apart, as far as the reader may know it; only then there is one more query."""
    times = Counter(one.name for one in people)
    alike = [one.member_id for one in people if times[one.name] > 1 and not numbers[one.member_id]]
    ends = last4_of(reader_id, member_ids=alike, as_of=as_of) if alike else {}
    return told_apart((one.member_id, one.name, ends.get(one.member_id), numbers[one.member_id]) for one in people)


def _batches(scope: Scope, occasion: Occasion, reader_id: int) -> list[Batch]:
    found: dict[tuple[Any, ...], Batch] = {}
    for one in ticks_at(occasion_id=occasion.pk, below=scope.node.path):
        key = (one.recorded_at, one.recorded_by_id, one.ended_at)
        may = may_be_withdrawn(one, occasion, as_of=scope.as_of)
        batch = found.setdefault(key, Batch(one, may_be_withdrawn=may))
        batch.ticks.append(one)
        if one.member_id == reader_id:
            batch.own.append(one.pk)
    return list(found.values())


def initial_times(occasion: Occasion, as_of: datetime) -> dict[str, datetime]:
    """Offer the occasion's own time in whole minutes around it (what is outside is cut off when it is kept).

    While it runs, that is to its planned end: who sits there now need not be ticked again. A course is over when they
    have watched it, which is now.
    """
    start = occasion.window_start_at or occasion.starts_at
    end = occasion.window_end_at or window_limit(occasion)
    if occasion.rule.basis == Rule.Basis.MEDIA:
        end = min(end, as_of)
        start = max(start, end - timedelta(milliseconds=occasion.media_ms or 0))
        return {"started_at": _minute(start), "ended_at": _minute(end)}
    return {"started_at": _minute(start), "ended_at": _minute(end + MINUTE - timedelta(microseconds=1))}


def _minute(moment: datetime) -> datetime:
    return moment.replace(second=0, microsecond=0)


def found_among(scope: Scope, people: list[Person], sought: str, *, reader: User) -> set[int]:
    """Return who is meant by what was typed: a part of a name, initials, or the last four digits of a phone.

    Digits are compared by the server, for those whose number the reader may know; no page carries them.
    """
    if len(sought) == LAST_DIGITS and sought.isascii() and sought.isdigit():
        among = [one.member_id for one in people]
        return whose_last4(reader, last4=sought, member_ids=among, as_of=scope.as_of)
    return {one.member_id for one in people if one.is_called(sought)}
