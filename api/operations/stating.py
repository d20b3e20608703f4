"""What people learn is written down as statements, in the transaction of what it is about (ADR 79).

Nothing, and no query, where no record store is set up. A verdict that is another later is stated anew, and what was
stated before is taken back by a voiding: a statement is never changed.
"""

import datetime as dt
import uuid
from collections.abc import Collection, Iterable
from itertools import groupby
from operator import itemgetter

import structlog
from django.conf import settings
from django.db import transaction
from django.utils.module_loading import import_string

from api.core.statements import Result, Thing, agent, id_of, statement, voiding
from api.models import Statement
from api.queries.statements import (
    Held,
    attempts_handed_in,
    held_by,
    is_told,
    occasion_stated,
    person,
    records_since,
    standing_statements,
)
from attendance.models import Occasion, RecordState, Rule, Training
from attendance.standing import DONE
from organizations.models import User
from quizzes.models import Attempt

log = structlog.get_logger(__name__)
A_STEP = 500
RECALLED_AT_ONCE = 5000


def note_standing(*, occasion_id: int, member_ids: Collection[int], as_of: dt.datetime, is_again: bool = False) -> None:
    """State what holds of these members at an occasion, and recall what held before, where that is another.

    While it runs, nothing is said of who is not judged yet, nor taken back. ``is_again``: what was stated is put into
    words once more where they are gone.
    """
    if not is_told():
        return
    occasion = occasion_stated(occasion_id)
    before = standing_statements(occasion_id=occasion_id, member_ids=member_ids)
    made, recalled, worded = [], [], []
    for held in held_by(occasion_id=occasion_id, member_ids=member_ids):
        if held.state == RecordState.PENDING:
            continue
        said, had = f"{held.state}:{held.hours}" if held.state in DONE else "", before.get(held.member_id)
        if had is not None and had.said == said:
            worded += [(had, held)] if is_again else []
            continue
        if had is not None:
            recalled.append(had.pk)
        if said:
            made.append(_of_record(occasion, held, said, as_of))
    if recalled:
        Statement.objects.filter(pk__in=recalled).update(stands=False, recalled=True)
    Statement.objects.bulk_create(made, ignore_conflicts=True)
    for had, held in worded:
        lost = Statement.objects.filter(pk=had.pk, body__isnull=True)
        lost.update(body=_record_body(occasion, held, had.uuid, as_of), state=Statement.State.WAITING)


def recall_occasion(*, occasion_id: int) -> None:
    """Recall all that was stated of an occasion which is void now; the voidings follow (``write_voidings``)."""
    if is_told():
        Statement.objects.filter(occasion_id=occasion_id, stands=True).update(stands=False, recalled=True)


def note_lesson(
    *, occasion: Occasion, member_id: int, lesson_id: int, title: str, has_counted: bool, at: dt.datetime
) -> None:
    """State that a member finished a lesson of a course; ``has_counted``: enough of it did, not their word alone."""
    if not is_told():
        return
    thing = Thing(f"{settings.SITE_URL}/xapi/lessons/{lesson_id}", "lesson", title)
    key = f"lesson {occasion.pk} {member_id} {lesson_id}"
    verb = "completed" if has_counted else "experienced"
    within = {"parent": _of_occasion(occasion), "grouping": _of_training(occasion.training)}
    _write(key, Statement.Kind.LESSON, person(member_id), verb, thing, Result(completion=True), within, at)


def note_attempt(*, attempt_id: int) -> None:
    """State how an attempt of a quiz went that was just handed in, where the site's people have been told so."""
    if is_told() and settings.LRS.quizzes:
        _note_attempts(attempts_handed_in(pk=attempt_id))


def _note_attempts(attempts: Iterable[Attempt]) -> int:
    count = 0
    for one in attempts:
        at = one.submitted_at or one.began_at
        thing = Thing(f"{settings.SITE_URL}/xapi/quizzes/{one.quiz_id}", "assessment", one.quiz.title)
        result = Result(
            completion=True, success=one.is_passed, score=(one.right or 0, one.of),
            duration_ms=int((at - one.began_at).total_seconds() * 1000),
        )  # fmt: skip
        verb = "passed" if one.is_passed else "failed"
        _write(f"quiz {one.pk}", Statement.Kind.QUIZ, one.member, verb, thing, result, {}, at)
        count += 1
    return count


def _write(
    key: str,
    kind: Statement.Kind,
    member: User,
    verb: str,
    thing: Thing,
    result: Result,
    within: dict[str, Thing],
    at: dt.datetime,
) -> None:
    name = id_of(site=settings.SITE_URL, key=key)
    actor = _actor(member.public_id, member.number, member.name)
    body = statement(
        id_=name, actor=actor, verb=verb, thing=thing, result=result, within=within,
        platform=settings.WAGTAIL_SITE_NAME, at=at,
    )  # fmt: skip
    row = Statement(uuid=name, kind=kind, member=member, at=at, body=body)
    Statement.objects.bulk_create([row], ignore_conflicts=True)


def _of_record(occasion: Occasion, held: Held, said: str, as_of: dt.datetime) -> Statement:
    key = f"record {occasion.pk} {held.member_id} {said} {held.since.isoformat()}"
    name = id_of(site=settings.SITE_URL, key=key)
    return Statement(
        uuid=name, kind=Statement.Kind.RECORD, member_id=held.member_id, occasion=occasion, said=said, stands=True,
        at=as_of, body=_record_body(occasion, held, name, as_of),
    )  # fmt: skip


def _record_body(occasion: Occasion, held: Held, name: uuid.UUID, as_of: dt.datetime) -> dict[str, object]:
    """A course is completed; a meeting was attended, or made up for. In time where it happened, never in the future."""
    is_attended = _is_met(occasion) and held.state == RecordState.ATTENDED
    ended_at = occasion.window_end_at or occasion.ends_at
    return statement(
        id_=name,
        actor=_actor(held.public_id, held.number, held.name),
        verb="attended" if is_attended else "completed",
        thing=_of_occasion(occasion),
        result=Result(
            completion=True,
            duration_ms=held.union_ms,
            extensions={f"{settings.SITE_URL}/xapi/hours": float(held.hours)},
        ),
        within={"grouping": _of_training(occasion.training)},
        platform=settings.WAGTAIL_SITE_NAME,
        at=min(ended_at, held.since, as_of) if is_attended else held.since,
    )


def _is_met(occasion: Occasion) -> bool:
    return occasion.rule.basis == Rule.Basis.WINDOW


def _of_occasion(occasion: Occasion) -> Thing:
    kind = "meeting" if _is_met(occasion) else "course"
    return Thing(f"{settings.SITE_URL}/xapi/occasions/{occasion.pk}", kind, occasion.title)


def _of_training(training: Training) -> Thing:
    return Thing(f"{settings.SITE_URL}/xapi/trainings/{training.pk}", "course", training.title)


def _actor(public_id: uuid.UUID, number: str | None, name: str) -> dict[str, object]:
    """A person as LRS_PEOPLE has it: by the number that the interface gives too, or their roster's, or by name."""
    people = settings.LRS.people
    account = number if people == "number" and number else str(public_id)
    return agent(site=settings.SITE_URL, account=account, name=name if people == "name" else "")


@transaction.atomic
def write_voidings(*, as_of: dt.datetime) -> int:
    """Write the voidings of what was recalled; what the store had refused needs none. Returns how many."""
    found = Statement.objects.select_for_update().filter(recalled=True).order_by("pk").defer("body")
    rows = list(found[:RECALLED_AT_ONCE])
    made = [_voiding(one, as_of) for one in rows if one.state != Statement.State.REFUSED]
    Statement.objects.bulk_create(made, ignore_conflicts=True)
    Statement.objects.filter(pk__in=[one.pk for one in rows]).update(recalled=False)
    return len(made)


def _voiding(one: Statement, as_of: dt.datetime) -> Statement:
    name = id_of(site=settings.SITE_URL, key=f"void {one.uuid}")
    body = voiding(id_=name, site=settings.SITE_URL, voided=one.uuid, at=as_of)
    return Statement(uuid=name, kind=Statement.Kind.VOIDING, member_id=one.member_id, at=as_of, body=body)


def state_again(*, since: dt.datetime, as_of: dt.datetime) -> int:
    """State what happened since then once more, as for a store that is new or has lost it; returns what waits for it.

    Verdicts, attempts and lessons that were never stated are, with the same ids as they would have got; what was sent
    or refused is sent again.
    """
    for occasion_id, rows in groupby(records_since(since).iterator(chunk_size=2000), key=itemgetter(0)):
        members = [member_id for _occasion, member_id in rows]
        for first in range(0, len(members), A_STEP):
            with transaction.atomic():
                some = members[first : first + A_STEP]
                note_standing(occasion_id=occasion_id, member_ids=some, as_of=as_of, is_again=True)
    if settings.LRS.quizzes:
        _note_attempts(attempts_handed_in(submitted_at__gte=since).iterator(chunk_size=2000))
    for path in settings.STATEMENTS_AGAIN:
        import_string(path)(since=since)
    again = Statement.objects.filter(at__gte=since, body__isnull=False).exclude(state=Statement.State.WAITING)
    again.update(state=Statement.State.WAITING, error="", sent_at=None)
    count = Statement.objects.filter(state=Statement.State.WAITING).count()
    log.info("statements_again", since=since.isoformat(), waiting=count)
    return count
