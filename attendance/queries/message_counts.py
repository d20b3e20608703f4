"""What messages came to, for whoever runs the site: numbers of ways, days and units, and reasons without names."""

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from django.conf import settings
from django.db.models import Count, Q, QuerySet, Sum

from attendance.models import Channel, ChannelDay, MessageCount, ReminderMessage, WayTrouble

S = ReminderMessage.State
FAILURES_OF = dt.timedelta(days=30)


@dataclass(frozen=True, slots=True)
class Ends:
    """How many messages came to which end; ``cost`` in 1/100 fen. Of those sent, receipts say of some whether they
    were delivered.
    """

    sent: int = 0
    unsure: int = 0
    failed: int = 0
    cost: int = 0
    delivered: int = 0
    undelivered: int = 0

    @classmethod
    def of(cls, row: Mapping[str, Any]) -> "Ends":
        return cls(**{name: row[name] or 0 for name in SUMS})


@dataclass(frozen=True, slots=True)
class Month:
    """The counts of one month: all of it by way, and each day that had any, the newest first."""

    by_way: dict[str, Ends] = field(default_factory=dict)
    by_day: dict[dt.date, dict[str, Ends]] = field(default_factory=dict)


SUMS = {name: Sum(name) for name in ("sent", "unsure", "failed", "cost", "delivered", "undelivered")}


def _of_month(first: dt.date) -> QuerySet[MessageCount]:
    return MessageCount.objects.filter(day__gte=first, day__lt=after(first))


def after(first: dt.date) -> dt.date:
    """Return the first day of the month after this one."""
    return (first + dt.timedelta(days=31)).replace(day=1)


def month_of(first: dt.date) -> Month:
    """Return the counts of the month that begins on ``first``. Two queries."""
    found = Month()
    for row in _of_month(first).values("channel").annotate(**SUMS).order_by("channel"):
        found.by_way[row["channel"]] = Ends.of(row)
    for row in _of_month(first).values("day", "channel").annotate(**SUMS).order_by("-day", "channel"):
        found.by_day.setdefault(row["day"], {})[row["channel"]] = Ends.of(row)
    return found


def units_of(first: dt.date) -> QuerySet[MessageCount, Any]:
    """Return the units of a month with what went out of the house for their people, the dearest first."""
    found = _of_month(first).exclude(channel=Channel.SITE).values("node_id", "node__name")
    return found.annotate(**SUMS).order_by("-cost", "-sent", "node_id")


def taken_on(day: dt.date) -> dict[str, tuple[int, int]]:
    """Return of each way how much of that day's allowance is taken, and how much there is; ways that are off have
    none. One query.
    """
    taken = dict(ChannelDay.objects.filter(day=day).values_list("channel", "used"))
    here = settings.MESSAGES
    return {channel: (taken.get(channel, 0), here.a_day[channel]) for channel in here.order if here.a_day[channel]}


def failures(*, as_of: dt.datetime) -> QuerySet[ReminderMessage, Any]:
    """Return the messages of the last 30 days that did not go out, may not have, or did not arrive, the newest first;
    of nobody.
    """
    bad = Q(state__in=[S.FAILED, S.UNKNOWN]) | Q(delivery=ReminderMessage.Delivery.UNDELIVERED)
    found = ReminderMessage.objects.filter(bad, done_at__gt=as_of - FAILURES_OF)
    fields = ("done_at", "channel", "state", "why", "delivery", "delivery_why", "reminder__node__name")
    return found.order_by("-done_at", "-pk").values(*fields)


def waiting(*, as_of: dt.datetime) -> dict[str, int]:
    """Return how many messages are due by each way and have not gone out. One query."""
    due = ReminderMessage.objects.filter(Q(attempts__gt=0) | Q(due_at__lte=as_of), state=S.WAITING)
    return dict(due.order_by().values_list("channel").annotate(Count("pk")))


def troubles() -> list[WayTrouble]:
    """Return which ways fail now. One query."""
    return list(WayTrouble.objects.order_by("channel", "step"))
