"""Questions to the lecturer with votes of those who ask the same, and the notice above the talk."""

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial

from django.db import transaction
from django.db.models import Count, IntegerField, OuterRef, Subquery
from django.db.models.functions import Coalesce

from live import room_events
from live.core.asking import MAX_NOTICE, MAX_QUESTION, MOST_QUESTIONS_EACH
from live.models import Lecture, PinnedNotice, PollAnswer, Question, QuestionVote
from live.operations.chat import CHAT_KEPT, PRUNE_AT_ONCE, SPOKEN_IN, clean_text, open_rooms, restricted_in


class UnableToAsk(Exception):
    """``code``: "empty", "too_long", "muted", "chat_off", "closed" or "many" (ten questions of one person)."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


class UnableToVote(Exception):
    """``code``: "own", "answered", "gone" or "closed"."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


class UnableToMark(Exception):
    """There is no such question in that room."""


class UnableToPin(Exception):
    """``code``: "too_long" or "closed"."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


@dataclass(frozen=True, slots=True)
class Voting:
    """Somebody asks the same as a question of a room, or no longer."""

    occasion_id: int
    question_id: int
    member_id: int
    on: bool
    at: dt.datetime


@transaction.atomic
def ask(
    *, occasion_id: int, author_id: int, client_id: str, text: str, as_of: dt.datetime, is_host: bool = False
) -> int:
    """Keep a question, once for each ``client_id`` of its author; return its id. Raises UnableToAsk.

    ``is_host``: may ask while the hosts have closed the chat, which closes the questions too. The rooms are told within
    a second (``live.room.asking``).
    """
    words = clean_text(text)
    if not words or len(words) > MAX_QUESTION:
        raise UnableToAsk("too_long" if words else "empty")
    rooms, quiet = open_rooms({occasion_id})
    own = Question.objects.filter(author_id=author_id)
    known = own.filter(client_id=client_id).first()
    if known is not None:
        return known.pk
    if occasion_id not in rooms:
        raise UnableToAsk("closed")
    if restricted_in({occasion_id}, {author_id}):
        raise UnableToAsk("muted")
    if occasion_id in quiet and not is_host:
        raise UnableToAsk("chat_off")
    if own.filter(lecture_id=occasion_id).count() >= MOST_QUESTIONS_EACH:
        raise UnableToAsk("many")
    facts = {"lecture_id": occasion_id, "text": words, "at": as_of, "changed_at": as_of}
    # A second device may have sent the same id in this moment: one row, the same answer.
    return Question.objects.get_or_create(author_id=author_id, client_id=client_id, defaults=facts)[0].pk


@transaction.atomic
def vote_questions(*, votings: Sequence[Voting]) -> list[int | UnableToVote]:
    """Store votes for questions of any rooms, one a person; each gets its question or why not, in order.

    Votes are counted again for the questions concerned, under their locks: numbers of two processes never part.
    """
    open_ids, _quiet = open_rooms({one.occasion_id for one in votings})
    wanted = Question.objects.filter(pk__in={one.question_id for one in votings})
    rows = {row.pk: row for row in wanted.select_for_update(no_key=True).order_by("pk")}
    said: list[int | UnableToVote] = []
    last: dict[tuple[int, int], Voting] = {}
    for one in votings:
        code = _vote_refusal(one, rows.get(one.question_id), is_open=one.occasion_id in open_ids)
        said.append(UnableToVote(code) if code else one.question_id)
        if not code:
            last[one.question_id, one.member_id] = one
    QuestionVote.objects.bulk_create(
        [QuestionVote(question_id=key[0], member_id=key[1]) for key in sorted(last) if last[key].on],
        ignore_conflicts=True,
    )
    for one in last.values():
        if not one.on:
            QuestionVote.objects.filter(question_id=one.question_id, member_id=one.member_id).delete()
    if last:
        _count({key[0] for key in last}, max(one.at for one in last.values()))
    return said


def _vote_refusal(one: Voting, question: Question | None, *, is_open: bool) -> str:
    if question is None or question.lecture_id != one.occasion_id or question.state == Question.State.HIDDEN:
        return "gone"
    if not is_open:
        return "closed"
    if question.author_id == one.member_id:
        return "own"
    return "answered" if question.state == Question.State.ANSWERED else ""


def _count(question_ids: set[int], as_of: dt.datetime) -> None:
    votes = QuestionVote.objects.filter(question=OuterRef("pk")).order_by().values("question")
    count = Subquery(votes.annotate(count=Count("pk")).values("count"), output_field=IntegerField())
    Question.objects.filter(pk__in=question_ids).update(votes=Coalesce(count, 0), changed_at=as_of)


@transaction.atomic
def mark_question(*, occasion_id: int, question_id: int, state: str, as_of: dt.datetime) -> None:
    """Say how a question stands; the one that was being answered is answered when another one is. Raises UnableToMark.

    The room is told at once, so whoever asked knows.
    """
    # Two hosts who mark two questions do it one after the other: one is being answered at a time.
    Lecture.objects.select_for_update(no_key=True).get(pk=occasion_id)
    here = Question.objects.filter(lecture_id=occasion_id)
    if not here.filter(pk=question_id).exists():
        raise UnableToMark
    marks = []
    if state == Question.State.NOW:
        before = here.filter(state=Question.State.NOW).exclude(pk=question_id)
        marks = [(pk, Question.State.ANSWERED.value) for pk in before.values_list("pk", flat=True)]
    for pk, mark in [*marks, (question_id, state)]:
        if here.filter(pk=pk).exclude(state=mark).update(state=mark, changed_at=as_of):
            event = {"t": "marked", "question": pk, "state": mark}
            transaction.on_commit(partial(room_events.publish, occasion_id, event, flush=True))


@transaction.atomic
def pin(*, occasion_id: int, text: str, actor_id: int, as_of: dt.datetime) -> None:
    """Put a notice above the talk in place of the one before; "" takes it off. Raises UnableToPin.

    Taking off is possible also after the lecture; the same words again change nothing.
    """
    words = clean_text(text)
    if len(words) > MAX_NOTICE:
        raise UnableToPin("too_long")
    if Lecture.objects.select_for_update(no_key=True).get(pk=occasion_id).state not in SPOKEN_IN and words:
        raise UnableToPin("closed")
    pinned = PinnedNotice.objects.filter(lecture_id=occasion_id, taken_off_at=None)
    if pinned.filter(text=words).exists():
        return
    pinned.update(taken_off_at=as_of)
    if words:
        PinnedNotice.objects.create(lecture_id=occasion_id, text=words, set_by_id=actor_id, set_at=as_of)
    event = {"t": "pinned", "text": words}
    transaction.on_commit(partial(room_events.publish, occasion_id, event, flush=True))


def delete_old_asking(*, as_of: dt.datetime) -> int:
    """Delete questions with their votes and who chose what when they are as old as chat may be; the counts of polls
    stay with the lecture. At most a thousand of each a call, in one step each; return how many rows went.
    """
    old = as_of - CHAT_KEPT
    deleted = 0
    for rows in (Question.objects.filter(at__lt=old), PollAnswer.objects.filter(at__lt=old, poll__closed_at__lt=old)):
        keys = list(rows.order_by("at").values_list("pk", flat=True)[:PRUNE_AT_ONCE])
        if keys:
            deleted += rows.model.objects.filter(pk__in=keys).delete()[0]
    return deleted
