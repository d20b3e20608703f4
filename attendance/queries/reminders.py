"""Who was reminded of what, what a unit chose, and whom the clock reminds. Nothing here writes."""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from functools import cached_property
from typing import Any, NamedTuple

from django.conf import settings
from django.db.models import Count, F, OuterRef, Q, QuerySet, Subquery
from django.db.models.functions import JSONObject
from django.utils import timezone
from django.utils.translation import gettext as _

from attendance.core.reminders import WEEK
from attendance.models import (
    Channel,
    ChannelDay,
    Occasion,
    Reminder,
    ReminderMessage,
    ReminderSetting,
    RosterEntry,
    Rule,
    Training,
)
from attendance.sentences.records import day_and_hour
from organizations.models import Node, User
from organizations.queries import subtree

S, D = ReminderMessage.State, ReminderMessage.Delivery
SENDING = ("channel", "state", "delivery", "why", "delivery_why")
LAST = JSONObject(**{name: F(name) for name in SENDING})
# What reached somebody, or will or may have: it counts, whatever became of the gateway.
COUNTED = (S.WAITING.value, S.SENDING.value, S.SENT.value, S.UNKNOWN.value)
DAY_BEFORE, SOON_BEFORE, DEADLINE_BEFORE = timedelta(days=1), timedelta(minutes=30), timedelta(days=3)
TOO_SOON = timedelta(hours=3)  # what is announced so late is not announced a day before


class Sending(NamedTuple):
    """What became of one message of a reminder; ``why`` it was not sent, or did not arrive: a code."""

    channel: str
    state: str
    delivery: str
    why: str

    @property
    def words(self) -> str:
        return f"{Channel(self.channel).label} {state_label(self.state, self.delivery)}"

    @classmethod
    def read(cls, last: Mapping[str, str]) -> "Sending":
        """Return the message that ``LAST`` annotates."""
        return cls(last["channel"], last["state"], last["delivery"], last["delivery_why"] or last["why"])

    @property
    def is_missed(self) -> bool:
        """Whether it surely did not reach anybody."""
        return self.state == S.FAILED or self.delivery == D.UNDELIVERED


@dataclass(frozen=True, slots=True)
class Reminded:
    """How often somebody was reminded of one training, and the last time: when, by whom ("": by the clock), how.

    ``missed``: the last message out of the house, where it surely did not reach them; None where it did or may have.
    """

    times: int
    last_at: datetime
    last_by: str
    last: tuple[Sending, ...]
    missed: Sending | None = None

    @property
    def text(self) -> str:
        """The whole in one line: 已提醒 2 次，上次 11月26日 09:10 赵书记."""
        said = {"times": self.times, "at": day_and_hour(self.last_at), "by": self.last_by or _("自动")}
        return _("已提醒 %(times)s 次，上次 %(at)s %(by)s") % said

    @property
    def result(self) -> str:
        """What became of the last: 站内消息 已发出、短信 没有送达."""
        return _("、").join(one.words for one in self.last)


def reminded(training_id: int, member_ids: Collection[int]) -> dict[int, Reminded]:
    """Return how often and when these people were reminded of a training; nothing of whom never was. One query.

    Whether the reader may know it is the caller's question: secretaries in their units, nobody else.
    """
    found = ReminderMessage.objects.filter(reminder__training_id=training_id, member_id__in=member_ids)
    found = found.exclude(state=S.SKIPPED).order_by("-made_at", "-reminder_id", "id")
    fields = ("member_id", "reminder_id", "made_at", "reminder__made_by__name", "pk", *SENDING)
    by_member: dict[int, dict[int, tuple[datetime, str, list[Sending]]]] = {}
    outside: dict[int, tuple[int, Sending]] = {}
    for member_id, reminder_id, made_at, name, pk, channel, state, delivery, *whys in found.values_list(*fields):
        mine = by_member.setdefault(member_id, {})
        sending = Sending(channel, state, delivery, whys[1] or whys[0])
        mine.setdefault(reminder_id, (made_at, name or "", []))[2].append(sending)
        if channel != Channel.SITE and pk > outside.get(member_id, (0,))[0]:
            outside[member_id] = pk, sending
    last = {member_id: sending for member_id, (_pk, sending) in outside.items() if sending.is_missed}
    return {member_id: _summary(list(mine.values()), last.get(member_id)) for member_id, mine in by_member.items()}


def state_label(state: str, delivery: str) -> str:
    """Return how far a message came: what its receipt says, else what the sending of it came to."""
    return str(D(delivery).label if delivery else S(state).label)


def _summary(reminders: list[tuple[datetime, str, list[Sending]]], missed: Sending | None) -> Reminded:
    at, name, last = reminders[0]
    return Reminded(len(reminders), at, name, tuple(last), missed)


class Lately(NamedTuple):
    """One reminder that somebody got in the last seven days."""

    reminder_id: int
    training_id: int
    made_at: datetime
    by: str


def lately(member_ids: Collection[int], *, as_of: datetime) -> dict[int, list[Lately]]:
    """Return the reminders of the last seven days of these people, of whatever training; the newest first. One query.

    Of the clock's reminders those count that went out of the house: what waits in the site disturbs nobody.
    """
    found = ReminderMessage.objects.filter(member_id__in=member_ids, made_at__gt=as_of - WEEK, state__in=COUNTED)
    fields = ("member_id", "reminder_id", "reminder__training_id", "made_at", "reminder__made_by__name")
    rows: dict[int, dict[int, Lately]] = {}
    for member_id, reminder_id, training_id, made_at, name in found.order_by("-made_at").values_list(*fields):
        rows.setdefault(member_id, {}).setdefault(reminder_id, Lately(reminder_id, training_id, made_at, name or ""))
    return {member_id: list(mine.values()) for member_id, mine in rows.items()}


# --- What a unit chose ------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Wishes:
    """What holds in one unit: its own choice, or the nearest above it, or the site's."""

    text: str
    a_week: int
    before_start: bool
    before_deadline: bool
    outside: bool


class UnitWishes:
    """The choices of the units at and below some paths and above them, read once."""

    def __init__(self, paths: Iterable[str]) -> None:
        self._roots = list(paths)
        self._known: dict[str, Wishes] = {}

    @cached_property
    def _rows(self) -> dict[str, ReminderSetting]:
        above = {at for path in self._roots for at in Node.line_to(path)}
        nodes = Node.objects.filter(Q(path__in=above) | subtree(self._roots))
        rows = ReminderSetting.objects.filter(node__in=nodes).select_related("node")
        return {row.node.path: row for row in rows}

    def of(self, path: str) -> Wishes:
        """Return what holds in the unit at ``path``."""
        if path not in self._known:
            line = [self._rows[at] for at in reversed(Node.line_to(path)) if at in self._rows]
            self._known[path] = wishes_of(line)
        return self._known[path]


def wishes_of(line: Iterable[ReminderSetting]) -> Wishes:
    """Return what holds by these choices, the nearest first."""
    rows = list(line)

    def first(name: str, default: int) -> int:
        return next((found for row in rows if (found := getattr(row, name)) is not None), default)

    return Wishes(
        text=next((row.text for row in rows if row.text), ""),
        a_week=first("a_week", settings.REMINDERS_A_WEEK),
        before_start=bool(first("before_start", True)),
        before_deadline=bool(first("before_deadline", True)),
        outside=bool(first("outside", False)),
    )


def sms_left(*, as_of: datetime) -> int:
    """Return how many text messages of reminders the site may still send that day."""
    return left_of(Channel.SMS, day=timezone.localdate(as_of))


def left_of(channel: str, *, day: date) -> int:
    """Return how many reminders the site may still send by a way on a day."""
    row = ChannelDay.objects.filter(day=day, channel=channel)
    return max(0, settings.MESSAGES.a_day[channel] - (row.values_list("used", flat=True).first() or 0))


# --- What the clock reminds of ----------------------------------------------------------------------------------------


class Due(NamedTuple):
    """A reminder that the clock has to make, unless it has: of what, and until when it is of use."""

    kind: str
    occasion: Occasion
    until_at: datetime

    @property
    def key(self) -> str:
        """Another time of the same occasion is another reminder."""
        return f"{self.kind}:{self.occasion.pk}:{int(self.until_at.timestamp())}"


def due_by_clock(*, as_of: datetime) -> list[Due]:
    """Return what begins within a day, or ends within three, and was not reminded of yet. Four queries at most."""
    running = Occasion.objects.filter(training__state=Training.State.PUBLISHED).select_related("node", "training")
    begins = running.filter(
        state=Occasion.State.SCHEDULED, starts_at__gt=as_of, starts_at__lte=as_of + DAY_BEFORE,
        rule__basis=Rule.Basis.WINDOW,
    )  # fmt: skip
    ends = {"gt": as_of, "lte": as_of + DEADLINE_BEFORE}
    courses = running.filter(
        state=Occasion.State.OPEN, rule__basis=Rule.Basis.MEDIA, ends_at__gt=ends["gt"], ends_at__lte=ends["lte"]
    )
    made_up = running.filter(
        state__in=(Occasion.State.CLOSED, Occasion.State.SETTLED),
        make_up_until_at__gt=ends["gt"], make_up_until_at__lte=ends["lte"],
    )  # fmt: skip
    found = [_before(one, as_of) for one in begins]
    found += [Due(Reminder.Kind.DEADLINE, one, one.ends_at) for one in courses]
    found += [Due(Reminder.Kind.DEADLINE, one, one.make_up_until_at or one.ends_at) for one in made_up]
    wanted = [one for one in found if one is not None]
    keys = [one.key for one in wanted]
    made = set(Reminder.objects.filter(key__in=keys).values_list("key", flat=True)) if keys else set()
    return [one for one in wanted if one.key not in made]


def _before(occasion: Occasion, as_of: datetime) -> Due | None:
    left = occasion.starts_at - as_of
    if left <= SOON_BEFORE:
        return Due(Reminder.Kind.SOON, occasion, occasion.starts_at)
    return Due(Reminder.Kind.DAY, occasion, occasion.starts_at) if left > TOO_SOON else None


# --- The log ----------------------------------------------------------------------------------------------------------


def reminders_in(*, training_id: int, path: str) -> QuerySet[Reminder]:
    """Return the reminders of a training by hand that were made in a part of the tree, the newest first."""
    found = Reminder.objects.filter(training_id=training_id, kind=Reminder.Kind.HAND, node__path__startswith=path)
    return found.select_related("made_by", "node").order_by("-made_at", "-id")


def reminded_people(*, training_id: int, path: str) -> QuerySet[User]:
    """Return who stands on a roster of the training in a part of the tree and was reminded of it, by name."""
    here = RosterEntry.objects.filter(occasion__training_id=training_id, node__path__startswith=path)
    had = ReminderMessage.objects.filter(reminder__training_id=training_id).exclude(state=S.SKIPPED)
    found = User.objects.filter(pk__in=had.values("member_id")).filter(pk__in=here.values("member_id"))
    return found.order_by("name_key", "pk")


def outside_the_site(**of: Any) -> QuerySet[ReminderMessage]:
    """Return messages that went out of the house, or were to, the last first."""
    return ReminderMessage.objects.filter(**of).exclude(channel=Channel.SITE).exclude(state=S.SKIPPED).order_by("-pk")


def unreached_people(*, training_id: int, path: str) -> QuerySet[User]:
    """Return whom of them the last message out of the house surely did not reach, as ``Reminded.missed`` says."""
    last = outside_the_site(reminder__training=training_id, member=OuterRef("pk"))
    found = reminded_people(training_id=training_id, path=path).annotate(
        last_state=Subquery(last.values("state")[:1]), last_delivery=Subquery(last.values("delivery")[:1])
    )
    return found.filter(Q(last_state=S.FAILED) | Q(last_delivery=D.UNDELIVERED))


def setting_of(node_id: int) -> ReminderSetting | None:
    """Return what a unit itself chose, None where it chose nothing."""
    return ReminderSetting.objects.filter(pk=node_id).first()


def counts_below(paths: Collection[str], *, since: datetime) -> list[Any]:
    """Return how many reminders and messages there were, by training, in some parts of the tree; no names. One query.

    In the order in which the trainings end.
    """
    inside = Q(reminder__node__in=Node.objects.filter(subtree(paths)))
    sent = Q(state__in=(S.SENT, S.UNKNOWN))
    rows = ReminderMessage.objects.filter(inside, made_at__gt=since).values(
        "reminder__training_id", "reminder__training__title"
    )
    return list(
        rows.annotate(
            reminders=Count("reminder_id", distinct=True),
            people=Count("member_id", distinct=True),
            sms=Count("pk", filter=sent & Q(channel=Channel.SMS)),
            email=Count("pk", filter=sent & Q(channel=Channel.EMAIL)),
            work=Count("pk", filter=sent & Q(channel__in=(Channel.WECOM, Channel.DINGTALK))),
            failed=Count("pk", filter=Q(state=S.FAILED)),
            undelivered=Count("pk", filter=Q(delivery=D.UNDELIVERED)),
        ).order_by("reminder__training__deadline_at", "reminder__training_id")
    )
