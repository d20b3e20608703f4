"""Telling people that they can catch up, and that they have: each once. What there is to do: ``catching_up``."""

from collections.abc import Collection, Iterable
from datetime import datetime

import structlog
from django.db import connection, transaction
from django.db.models import CharField, DateTimeField, Exists, IntegerField, JSONField, OuterRef, Value

from attendance.models import Occasion, Record, RecordState, RosterEntry
from attendance.operations.notices import tell
from attendance.queries.windows import UNDO_FOR
from attendance.standing import asks_nothing, is_due_over
from attendance.surviving import survived

log = structlog.get_logger(__name__)
S = RecordState
KIND = "catch_up"
A_TURN = 20  # occasions; the next turn comes in seconds


def tell_who_missed(*, as_of: datetime) -> int:
    """Tell everybody who missed what was settled that it can be made up, and until when; returns how many were told.

    Not before the ending can be undone no more. One statement an occasion, each in its own transaction. Safe to repeat,
    and twice at once; what fails at one occasion stops no other.
    """
    waiting = Occasion.objects.filter(
        state=Occasion.State.SETTLED, catch_up_told_at=None, closed_at__lte=as_of - UNDO_FOR
    )
    keys = list(waiting.order_by("closed_at", "pk").values_list("pk", flat=True)[:A_TURN])
    return sum(
        survived(_tell_all, event="not_reconciled", occasion_id=occasion_id, as_of=as_of) or 0 for occasion_id in keys
    )


@transaction.atomic
def _tell_all(*, occasion_id: int, as_of: datetime) -> int:
    untold = Occasion.objects.filter(pk=occasion_id, state=Occasion.State.SETTLED, catch_up_told_at=None)
    if not untold.update(catch_up_told_at=as_of):
        return 0
    told = tell_missing(occasion=Occasion.objects.get(pk=occasion_id), as_of=as_of)
    log.info("catch_ups_told", occasion_id=occasion_id, people=told)
    return told


def tell_missing(*, occasion: Occasion, as_of: datetime, member_ids: Collection[int] | None = None) -> int:
    """Tell those (of ``member_ids``) who are missing at an occasion how to catch up, in one statement.

    Whoever was told of it is not told again, and nobody of what cannot be made up (any more). Call it in a transaction.
    """
    if is_due_over(occasion, as_of) or asks_nothing(occasion) or occasion.repeats_id is not None:
        return 0
    missing = Record.objects.filter(occasion_id=occasion.pk, member_id=OuterRef("member_id"), stands=S.MISSING.value)
    found = RosterEntry.objects.filter(Exists(missing), occasion_id=occasion.pk, state=RosterEntry.State.EXPECTED)
    if member_ids is not None:
        found = found.filter(member_id__in=member_ids)
    rows = found.annotate(
        kind=Value(KIND, output_field=CharField()),
        about=Value(occasion.training_id, output_field=IntegerField()),
        data=Value({}, output_field=JSONField()),
        at=Value(as_of, output_field=DateTimeField()),
    ).order_by("member_id")
    select, params = (
        rows.values_list("member_id", "kind", "about", "occasion_id", "data", "at")
        .query.get_compiler(connection=connection)
        .as_sql()
    )
    # Written by hand around a query that Django compiled: the ORM has no INSERT … SELECT.
    insert = (
        f"INSERT INTO attendance_notice (member_id, kind, training_id, occasion_id, data, at) {select} "
        "ON CONFLICT DO NOTHING"
    )
    with connection.cursor() as cursor:
        cursor.execute(insert, params)
        return int(cursor.rowcount)


def tell_changes(*, occasion: Occasion, records: Iterable[Record], before: dict[int, str], as_of: datetime) -> None:
    """Tell whoever is missing only now, and whoever has made it up by what was judged now, in the caller's transaction.

    ``before``: how those stood who were judged before. Where nobody was told yet, all are told together later. What a
    secretary wrote down is told by whoever wrote it (``tell_caught_up``).
    """
    missing, made_up = [], []
    for one in records:
        was = before.get(one.member_id)
        if one.stands == S.MISSING and was not in (S.MISSING, None):
            missing.append(one.member_id)
        elif one.stands == S.MADE_UP and was in (S.MISSING, S.INCOMPLETE) and not _is_written(one):
            made_up.append(one.member_id)
    if missing and occasion.catch_up_told_at is not None:
        tell_missing(occasion=occasion, member_ids=missing, as_of=as_of)
    if made_up:
        tell(member_ids=made_up, kind="caught_up", occasion_id=occasion.pk, as_of=as_of)


def tell_caught_up(*, occasion_id: int, member_id: int, as_of: datetime) -> None:
    """Tell somebody that what was written down for them makes it 已补学, if it does; in the caller's transaction."""
    if Record.objects.filter(occasion_id=occasion_id, member_id=member_id, stands=S.MADE_UP).exists():
        tell(member_ids=[member_id], kind="caught_up", occasion_id=occasion_id, as_of=as_of)


def _is_written(one: Record) -> bool:
    return any(reason["code"] == "declared" for reason in one.reasons)
