"""What of the statements waits, stands, was refused; and how it goes with the record store."""

import datetime as dt
from collections.abc import Collection
from dataclasses import dataclass
from typing import Any

from django.conf import settings
from django.db.models import Q, QuerySet

from api.models import Statement, Store
from attendance.models import Occasion, Record, RosterEntry
from attendance.standing import with_standing
from organizations.models import User
from quizzes.models import Attempt

S = Statement.State


@dataclass(frozen=True, slots=True)
class Held:
    """How one person stands at an occasion: the state, when it came to hold, and how much counts for them."""

    member_id: int
    public_id: Any
    number: str | None
    name: str
    state: str
    hours: Any
    union_ms: int
    since: dt.datetime


@dataclass(frozen=True, slots=True)
class Backlog:
    """How many statements wait and since when the first does, how many were refused, and the last word of the store."""

    waiting: int
    oldest_at: dt.datetime | None
    refused: int
    refusal: str
    store: Store


def is_told() -> bool:
    """Whether a record store is set up: otherwise nothing is written."""
    return bool(settings.LRS.url)


def held_by(*, occasion_id: int, member_ids: Collection[int]) -> list[Held]:
    """Return how these members stand at an occasion, where they have a record; one query."""
    found = with_standing(RosterEntry.objects.filter(occasion_id=occasion_id, member_id__in=member_ids))
    rows = found.filter(rec__stands__isnull=False).values_list(
        "member_id", "member__public_id", "member__number", "member__name", "stands", "rec__stands_hours",
        "rec__union_ms", "rec__judged_at", "rec__stands_by__at",
    )  # fmt: skip
    return [
        Held(member_id, public_id, number, name, state, hours, union_ms, corrected_at or judged_at)
        for member_id, public_id, number, name, state, hours, union_ms, judged_at, corrected_at in rows
    ]


def standing_statements(*, occasion_id: int, member_ids: Collection[int]) -> dict[int, Statement]:
    """Return what was stated of these members at an occasion and not taken back, by member; the newest of each."""
    found = Statement.objects.filter(occasion_id=occasion_id, member_id__in=member_ids, stands=True).defer("body")
    return {one.member_id: one for one in found.order_by("pk")}


def occasion_stated(occasion_id: int) -> Occasion:
    """Return an occasion with what a statement says of it."""
    return Occasion.objects.select_related("rule", "training").get(pk=occasion_id)


def attempts_handed_in(**which: Any) -> QuerySet[Attempt]:
    """Return attempts that were handed in, with quiz and member."""
    found = Attempt.objects.filter(submitted_at__isnull=False, **which)
    return found.select_related("quiz", "member").order_by("pk")


def person(member_id: int) -> User:
    return User.objects.get(pk=member_id)


def records_since(since: dt.datetime) -> QuerySet[Record, tuple[int, int]]:
    """Return occasion and member of the records judged or corrected since then, occasion by occasion."""
    found = Record.objects.filter(Q(judged_at__gte=since) | Q(stands_by__at__gte=since))
    return found.order_by("occasion_id", "member_id").values_list("occasion_id", "member_id")


def waiting(*, after: int, most: int) -> list[int]:
    """Return the numbers of what is to be sent, the oldest first."""
    found = Statement.objects.filter(state=S.WAITING, pk__gt=after).order_by("pk")
    return list(found.values_list("pk", flat=True)[:most])


def bodies(keys: Collection[int]) -> list[Any]:
    """Return statements word for word."""
    return list(Statement.objects.filter(pk__in=keys).order_by("pk").values_list("body", flat=True))


def backlog() -> Backlog:
    """Return how it goes with the record store; four queries of indexes that hold only what waits."""
    left = Statement.objects.filter(state=S.WAITING)
    refused = Statement.objects.filter(state=S.REFUSED)
    return Backlog(
        waiting=left.count(),
        oldest_at=left.order_by("pk").values_list("at", flat=True).first(),
        refused=refused.count(),
        refusal=refused.order_by("-pk").values_list("error", flat=True).first() or "",
        store=Store.objects.order_by("pk").first() or Store(),
    )


def personal_data(user: User) -> dict[str, Any]:
    """Return what was stated of a person to the record store, for their own download."""
    rows = Statement.objects.filter(member=user).order_by("pk")
    return {"statements": list(rows.values("uuid", "kind", "at", "sent_at", "body"))}
