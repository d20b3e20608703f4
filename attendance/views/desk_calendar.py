"""The calendar of the organiser's desk: what begins and ends on each day, and where a free day is planned."""

from dataclasses import dataclass, field
from datetime import date, datetime, time

from django.urls import reverse
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from attendance.core.stretch import Stretch, month_of, week_of
from attendance.desk import given_by, plan_url
from attendance.kinds import kinds, office_url
from attendance.models import Occasion, Rule, Training
from attendance.permissions import own_nodes
from attendance.queries.desk import beginning, courses_ending, deadlines
from attendance.sentences.records import day as day_words
from attendance.sentences.records import hour
from organizations.models import Role, User
from organizations.permissions import has_role

IN_MONTH, IN_WEEK = 3, 12  # entries of a kind of moment that a day shows
DUE = "due"


@dataclass(frozen=True, slots=True)
class Entry:
    """Something on a day; ``kind`` is the occasion's, or "due" for what is due then."""

    kind: str
    time: str
    title: str
    url: str


@dataclass
class Day:
    """One day: what is on it, how much more than is shown, and where it is planned ("": not by this person)."""

    date: date
    is_today: bool
    is_inside: bool
    plan_url: str
    entries: list[Entry] = field(default_factory=list)
    more: int = 0

    @property
    def name(self) -> str:
        """The day in words: 11月25日 星期三."""
        return f"{day_words(self.date)} {date_format(self.date, 'l')}"

    @property
    def looks(self) -> str:
        """What it is, for the styles: is-today, is-beside (of another month), is-free."""
        looks = {"is-today": self.is_today, "is-beside": not self.is_inside, "is-free": not self.entries}
        return " ".join(look for look, holds in looks.items() if holds)

    @property
    def is_listed(self) -> bool:
        """Whether it stands in a phone's list, too."""
        return bool(self.entries) and self.is_inside

    @property
    def anchor(self) -> str:
        """The name of its place in the list below a phone's calendar."""
        return f"d{self.date:%Y%m%d}"

    @property
    def plan_label(self) -> str:
        """What planning is called where the day is not seen."""
        return _("%(day)s，安排直播") % {"day": self.name}

    @property
    def more_words(self) -> str:
        """How much more there is than is shown; "" for nothing."""
        said = ngettext("还有 %(count)s 项", "还有 %(count)s 项", self.more)
        return said % {"count": self.more} if self.more else ""

    @property
    def week_url(self) -> str:
        """The week in which all of it is shown."""
        return f"?at={week_of(self.date).name}"


@dataclass(frozen=True)
class Calendar:
    """A month or a week, and the ways to the ones beside it."""

    stretch: Stretch
    weeks: list[list[Day]]
    plan_url: str
    kinds: list[tuple[str, str]]
    today: date

    @property
    def title(self) -> str:
        if not self.stretch.is_week:
            return str(date_format(self.stretch.first, "YEAR_MONTH_FORMAT"))
        return f"{self.weeks[0][0].name} – {day_words(self.weeks[0][-1].date)}"

    @property
    def heads(self) -> list[str]:
        """The days of a week, as short as they are written."""
        return [_("一"), _("二"), _("三"), _("四"), _("五"), _("六"), _("日")]

    @property
    def busy(self) -> list[Day]:
        """The days of this month or week with something on them, for a phone's list."""
        return [one for week in self.weeks for one in week if one.is_listed]

    @property
    def ways(self) -> list[tuple[str, str, str]]:
        """The ways to other months and weeks: what each says, its address, what a reader is told ("": the same)."""
        other = week_of if not self.stretch.is_week else month_of
        at = self.today if self.stretch.holds(self.today) else self.stretch.first
        now = month_of(self.today) if not self.stretch.is_week else week_of(self.today)
        month, week = (_("上个月"), _("下个月")), (_("上一周"), _("下一周"))
        before, after = week if self.stretch.is_week else month
        return [
            ("‹", f"?at={self.stretch.before.name}", before),
            (_("今天"), f"?at={now.name}", ""),
            ("›", f"?at={self.stretch.after.name}", after),
            (_("看月") if self.stretch.is_week else _("看周"), f"?at={other(at).name}", ""),
        ]


def calendar_for(user: User, stretch: Stretch, *, as_of: datetime) -> Calendar:
    """Return the calendar of what a person organises or gives; three queries, two for a lecturer."""
    today = timezone.localdate(as_of)
    days = {
        day: Day(day, day == today, stretch.holds(day), plan_url(user, day) if day >= today else "")
        for week in stretch.weeks
        for day in week
    }
    _fill(days, user, stretch)
    for one in days.values():
        one.entries.sort(key=lambda entry: entry.time)
    shown = {entry.kind for one in days.values() for entry in one.entries}
    labels = [(name, str(kind.label)) for name, kind in kinds().items() if name in shown]
    labels += [(DUE, _("截止"))] if DUE in shown else []
    weeks = [[days[day] for day in week] for week in stretch.weeks]
    return Calendar(stretch, weeks, plan_url(user, max(today, stretch.first)), labels, today)


def _fill(days: dict[date, Day], user: User, stretch: Stretch) -> None:
    nodes, given = own_nodes(user, Role.ORGANISER), given_by(user)
    most = IN_WEEK if stretch.is_week else IN_MONTH
    since, until = (timezone.make_aware(datetime.combine(one, time.min)) for one in (stretch.begins, stretch.ends))
    seen: set[date] = set()
    for occasion in beginning(nodes, given, since=since, until=until, most=most):
        is_course = occasion.rule.basis == Rule.Basis.MEDIA
        at = _("开始") if is_course else hour(occasion.starts_at)
        entry = Entry(occasion.kind, at, occasion.title, _url(occasion, user))
        _put(days, occasion, occasion.starts_at, entry, seen, most)
    seen.clear()
    for occasion in courses_ending(nodes, given, since=since, until=until, most=most):
        entry = Entry(DUE, _("截止"), occasion.title, _url(occasion, user))
        _put(days, occasion, occasion.ends_at, entry, seen, most)
    seen.clear()
    for training in deadlines(nodes, since=since, until=until, most=most) if nodes else ():
        entry = Entry(DUE, _("截止"), training.title, reverse("branch_training", args=[training.pk]))
        _put(days, training, training.deadline_at, entry, seen, most)


def _put(
    days: dict[date, Day], one: Occasion | Training, at: datetime, entry: Entry, seen: set[date], most: int
) -> None:
    """Write an entry on its day, and with the first one how many of that question are not read."""
    day = days[timezone.localdate(at)]
    day.entries.append(entry)
    if day.date not in seen:
        seen.add(day.date)
        day.more += max(0, one.of_day - most)  # type: ignore[union-attr]


def _url(occasion: Occasion, user: User) -> str:
    return office_url(occasion, user, plans=has_role(user, Role.ORGANISER, node=occasion.node))
