"""Polls and quizzes of a room: prepared, opened, answered, closed, shown. Answered in batches, counted once a tick.

Who answers and who closes wait for each other at the row of the poll, who opens and who ends the lecture at the row of
the lecture: nobody is acknowledged whose answer is not in the counts.
"""

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial

from django.db import connection, transaction

from live import room_events
from live.core.asking import MOST_POLLS, poll_refusal
from live.models import Lecture, Poll, PollAnswer
from live.operations.chat import SPOKEN_IN, clean_text
from live.queries.asking import PollView, tallies_of


class UnableToPoll(Exception):
    """``code``: why a poll cannot be kept like this ("empty", "too_long", "options", "same", "right", "many"), "gone",
    "opened" (it is not to be changed any more), "other_open", "state" or "closed" (the lecture is over).
    """

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


class UnableToAnswer(Exception):
    """``code``: "poll_closed", or "no_option"."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


@dataclass(frozen=True, slots=True)
class PollDraft:
    """A poll as it is written. ``right``: the right options of a quiz, counted from 0."""

    text: str
    options: Sequence[str]
    is_quiz: bool = False
    right: Sequence[int] = ()

    def cleaned(self) -> "PollDraft":
        """Return it without controls; raises UnableToPoll where it cannot be kept."""
        options = [clean_text(option) for option in self.options]
        right = sorted(set(self.right)) if self.is_quiz else []
        text = clean_text(self.text)
        refusal = poll_refusal(text=text, options=options, right=right, is_quiz=self.is_quiz)
        if refusal:
            raise UnableToPoll(refusal)
        return PollDraft(text, options, self.is_quiz, right)


@dataclass(frozen=True, slots=True)
class Answering:
    """What somebody chooses in a poll of a room."""

    occasion_id: int
    poll_id: int
    member_id: int
    choice: int
    at: dt.datetime


@transaction.atomic
def save_poll(
    *, occasion_id: int, poll_id: int, client_id: str, draft: PollDraft, actor_id: int, as_of: dt.datetime
) -> int:
    """Keep a new poll (``poll_id`` 0), once for each ``client_id``, or change one that was not opened; return its id.

    Raises UnableToPoll.
    """
    draft = draft.cleaned()
    written = {"text": draft.text, "options": list(draft.options), "right": list(draft.right)}
    _lock_room(occasion_id)
    if poll_id:
        poll = _poll(occasion_id, poll_id)
        if not Poll.objects.filter(pk=poll.pk, opened_at=None).update(**written):
            raise UnableToPoll("opened")
    else:
        known = Poll.objects.filter(made_by_id=actor_id, client_id=client_id).first()
        if known is None and Poll.objects.filter(lecture_id=occasion_id).count() >= MOST_POLLS:
            raise UnableToPoll("many")
        facts = {"lecture_id": occasion_id, "made_by_id": actor_id, "client_id": client_id, "made_at": as_of}
        poll = known or Poll.objects.create(**facts, **written)
    _tell_desks(occasion_id)
    return poll.pk


@transaction.atomic
def drop_poll(*, occasion_id: int, poll_id: int) -> None:
    """Delete a poll that was not opened yet; one that is gone already is none to complain of. Raises UnableToPoll."""
    _lock_room(occasion_id)
    polls = Poll.objects.filter(pk=poll_id, lecture_id=occasion_id)
    if polls.exclude(opened_at=None).exists():
        raise UnableToPoll("opened")
    polls.delete()
    _tell_desks(occasion_id)


@transaction.atomic
def open_poll(*, occasion_id: int, poll_id: int, as_of: dt.datetime) -> None:
    """Let everybody answer; opening twice is opening once. Raises UnableToPoll."""
    if _lock_room(occasion_id).state not in SPOKEN_IN:
        raise UnableToPoll("closed")
    poll = _poll(occasion_id, poll_id)
    if poll.is_open:
        return
    if poll.closed_at is not None:
        raise UnableToPoll("opened")
    if Poll.objects.filter(lecture_id=occasion_id, opened_at__isnull=False, closed_at=None).exists():
        raise UnableToPoll("other_open")
    Poll.objects.filter(pk=poll_id).update(opened_at=as_of)
    _tell(occasion_id, poll_id)


@transaction.atomic
def close_poll(*, occasion_id: int, poll_id: int, as_of: dt.datetime) -> None:
    """Take no more answers and keep the counts; closing twice is closing once. Raises UnableToPoll."""
    _lock_room(occasion_id)
    poll = _poll(occasion_id, poll_id)
    if poll.opened_at is None:
        raise UnableToPoll("state")
    if poll.is_open:
        _close(poll, as_of)


def close_open_poll(*, occasion_id: int, as_of: dt.datetime) -> None:
    """The lecture ends: what is still open is closed. In the transaction of the end, which holds the lecture."""
    poll = Poll.objects.filter(lecture_id=occasion_id, opened_at__isnull=False, closed_at=None).first()
    if poll is not None:
        _close(poll, as_of)


@transaction.atomic
def show_poll(*, occasion_id: int, poll_id: int, on: bool) -> None:
    """Show the counts of a closed poll to everybody, or no more. Raises UnableToPoll."""
    _lock_room(occasion_id)
    if _poll(occasion_id, poll_id).closed_at is None:
        raise UnableToPoll("state")
    Poll.objects.filter(pk=poll_id).update(is_shown=on)
    _tell(occasion_id, poll_id)


@transaction.atomic
def answer_polls(*, answers: Sequence[Answering]) -> list[int | UnableToAnswer]:
    """Store answers of any rooms, one a person and poll: the last holds. Each gets its choice or why not, in order.

    No poll closes between the question whether it is open and the commit: whoever closes it waits for us, or we for
    them.
    """
    polls = _open_polls({one.poll_id for one in answers})
    said: list[int | UnableToAnswer] = []
    kept: dict[tuple[int, int], PollAnswer] = {}
    for one in answers:
        lecture_id, options = polls.get(one.poll_id, (None, 0))
        if lecture_id != one.occasion_id:
            said.append(UnableToAnswer("poll_closed"))
        elif one.choice >= options:
            said.append(UnableToAnswer("no_option"))
        else:
            kept[one.poll_id, one.member_id] = PollAnswer(
                poll_id=one.poll_id, member_id=one.member_id, choice=one.choice, at=one.at
            )
            said.append(one.choice)
    # In one order in every process: two that store answers of the same two people never wait in a circle.
    PollAnswer.objects.bulk_create(
        [kept[key] for key in sorted(kept)],
        update_conflicts=True,
        unique_fields=["poll", "member"],
        update_fields=["choice", "at"],
    )
    return said


def _open_polls(poll_ids: set[int]) -> dict[int, tuple[int, int]]:
    """Return the lecture and the number of options of those polls that are open; they stay so until the commit."""
    if not poll_ids:
        return {}
    lock = "FOR SHARE" if connection.vendor == "postgresql" else ""  # Django has no word for it
    places = ", ".join(["%s"] * len(poll_ids))
    sql = (
        f"SELECT id FROM live_poll WHERE id IN ({places}) "  # noqa: S608 - only places
        f"AND opened_at IS NOT NULL AND closed_at IS NULL ORDER BY id {lock}"
    )
    with connection.cursor() as cursor:
        cursor.execute(sql, sorted(poll_ids))
        held = [int(key) for (key,) in cursor.fetchall()]
    rows = Poll.objects.filter(pk__in=held).values_list("pk", "lecture_id", "options")
    return {pk: (lecture_id, len(options)) for pk, lecture_id, options in rows}


def _lock_room(occasion_id: int) -> Lecture:
    return Lecture.objects.select_for_update(no_key=True).get(pk=occasion_id)


def _poll(occasion_id: int, poll_id: int) -> Poll:
    poll = Poll.objects.filter(pk=poll_id, lecture_id=occasion_id).first()
    if poll is None:
        raise UnableToPoll("gone")
    return poll


def _close(poll: Poll, as_of: dt.datetime) -> None:
    # From here on no answer is stored; those that were being stored are there now, and counted.
    Poll.objects.select_for_update(no_key=True).get(pk=poll.pk)
    Poll.objects.filter(pk=poll.pk).update(closed_at=as_of, counts=tallies_of([poll])[poll.pk])
    _tell(poll.lecture_id, poll.pk)


def _tell(occasion_id: int, poll_id: int) -> None:
    event = PollView.of(Poll.objects.get(pk=poll_id)).event()
    transaction.on_commit(partial(room_events.publish, occasion_id, event, flush=True))
    _tell_desks(occasion_id)


def _tell_desks(occasion_id: int) -> None:
    transaction.on_commit(partial(room_events.publish, occasion_id, {"t": "polls"}))
