"""What is asked and answered in rooms: polls, questions, the notice. Nothing here writes."""

import datetime as dt
from collections.abc import Collection, Iterable
from dataclasses import dataclass, field
from typing import Any

from django.db.models import Case, Count, Value, When

from live.core.asking import ORDER, order_of
from live.models import PinnedNotice, Poll, PollAnswer, Question, QuestionVote
from live.queries.captions import changed_captions
from live.queries.room import labels_of

SHOWN_QUESTIONS = 50


@dataclass(frozen=True)
class PollView:
    """A poll as everybody in the room may see it. ``counts``: empty unless shown; ``right``: of a closed quiz."""

    poll: int
    is_quiz: bool
    text: str
    options: list[str]
    is_open: bool
    counts: list[int]
    right: list[int]

    @classmethod
    def of(cls, row: Poll) -> "PollView":
        closed = row.closed_at is not None
        counts = list(row.counts) if closed and row.is_shown else []
        return cls(row.pk, row.is_quiz, row.text, row.options, row.is_open, counts, row.right if closed else [])

    def event(self) -> dict[str, Any]:
        """Return the event frame of this poll (docs/protocol.md)."""
        return {
            "t": "poll",
            "poll": self.poll,
            "quiz": self.is_quiz,
            "text": self.text,
            "options": self.options,
            "open": self.is_open,
            "counts": self.counts,
            "right": self.right,
        }


@dataclass(frozen=True)
class AskingFacts:
    """What a room's process looks up once a second. ``changed``: (votes, state) of questions that changed lately.

    ``captions``: lines of that time in their order, "" for one that was taken away.
    """

    poll: PollView | None = None
    tally: list[int] | None = None
    notice: str = ""
    changed: dict[int, tuple[int, str]] = field(default_factory=dict)
    captions: dict[int, str] = field(default_factory=dict)


def asking_facts(occasion_ids: Collection[int], *, changed_since: dt.datetime) -> dict[int, AskingFacts]:
    """Return the facts of rooms by occasion; four questions for all of them, one more while a poll is open."""
    polls = last_polls(occasion_ids)
    tallies = tallies_of([poll for poll in polls.values() if poll.is_open])
    notices = dict(
        PinnedNotice.objects.filter(lecture_id__in=occasion_ids, taken_off_at=None).values_list("lecture_id", "text")
    )
    changed: dict[int, dict[int, tuple[int, str]]] = {}
    rows = Question.objects.filter(lecture_id__in=occasion_ids, changed_at__gt=changed_since)
    for lecture_id, question_id, votes, state in rows.values_list("lecture_id", "pk", "votes", "state"):
        changed.setdefault(lecture_id, {})[question_id] = (votes, state)
    captions = changed_captions(occasion_ids, changed_since=changed_since)
    return {
        pk: AskingFacts(
            PollView.of(polls[pk]) if pk in polls else None,
            tallies.get(polls[pk].pk) if pk in polls else None,
            notices.get(pk, ""),
            changed.get(pk, {}),
            captions.get(pk, {}),
        )
        for pk in occasion_ids
    }


def last_polls(occasion_ids: Collection[int]) -> dict[int, Poll]:
    """Return the poll that was opened last in each lecture; one that is open is always the last."""
    opened = Poll.objects.filter(lecture_id__in=occasion_ids, opened_at__isnull=False)
    return {poll.lecture_id: poll for poll in opened.order_by("opened_at", "pk")}


def tallies_of(polls: Collection[Poll]) -> dict[int, list[int]]:
    """Return how many chose each option, by poll; one query."""
    tallies = {poll.pk: [0] * len(poll.options) for poll in polls}
    if tallies:
        rows = PollAnswer.objects.filter(poll_id__in=list(tallies)).values_list("poll_id", "choice")
        for poll_id, choice, count in rows.annotate(count=Count("pk")).order_by():
            tallies[poll_id][choice] = count
    return tallies


def question_events(question_ids: Iterable[int]) -> list[dict[str, Any]]:
    """Return questions as their event frames, with the names and units of who asked; three queries."""
    return _events(list(Question.objects.filter(pk__in=list(question_ids)).order_by("pk")))


def _events(rows: list[Question]) -> list[dict[str, Any]]:
    labels = labels_of({row.author_id for row in rows})
    return [
        {
            "t": "question",
            "question": row.pk,
            "member": row.author_id,
            "name": labels[row.author_id][0],
            "unit": labels[row.author_id][1],
            "text": row.text,
            "at": round(row.at.timestamp() * 1000),
            "votes": row.votes,
            "state": row.state,
        }
        for row in rows
    ]


def asking_state(*, occasion_id: int, member_id: int, is_host: bool) -> dict[str, Any]:
    """Return what a page begins with, and what a phone fetches after a gap.

    ``choice``: one's own answer to the poll; ``questions``: the first fifty, and all of one's own; ``voted``: those
    that one asks too; ``polls``: all of them with their counts, for hosts alone.
    """
    polls = last_polls([occasion_id])
    poll = polls.get(occasion_id)
    own = PollAnswer.objects.filter(poll=poll, member_id=member_id).values_list("choice", flat=True)
    notice = PinnedNotice.objects.filter(lecture_id=occasion_id, taken_off_at=None).values_list("text", flat=True)
    shown = questions_of(occasion_id, member_id=member_id)
    voted = QuestionVote.objects.filter(question__in=shown, member_id=member_id).values_list("question_id", flat=True)
    state: dict[str, Any] = {
        "poll": PollView.of(poll).event() if poll else None,
        "choice": own.first() if poll else None,
        "notice": notice.first() or "",
        "questions": _events(shown),
        "voted": list(voted),
    }
    return state | {"polls": host_polls(occasion_id)} if is_host else state


def questions_of(occasion_id: int, *, member_id: int | None = None) -> list[Question]:
    """Return the first fifty questions in their order, hidden ones apart; and all of that person's, also hidden.

    A room of thousands asks for this at once after a gap, so no more than these are read: two queries.
    """
    here = Question.objects.filter(lecture_id=occasion_id)
    first = here.exclude(state=Question.State.HIDDEN).order_by(_PLACE, "-votes", "pk")[:SHOWN_QUESTIONS]
    rows = {row.pk: row for row in first}
    if member_id is not None:
        rows |= {row.pk: row for row in here.filter(author_id=member_id)}
    return sorted(rows.values(), key=lambda row: order_of(state=row.state, votes=row.votes, question_id=row.pk))


# As ``order_of`` says, for the database.
_PLACE = Case(*(When(state=state, then=Value(place)) for state, place in ORDER.items()), default=Value(len(ORDER)))


def host_polls(occasion_id: int) -> list[dict[str, Any]]:
    """Return all polls of a lecture for its hosts, in the order in which they were made; two queries."""
    rows = list(Poll.objects.filter(lecture_id=occasion_id).order_by("pk"))
    tallies = tallies_of([row for row in rows if row.is_open])
    return [
        {
            "poll": row.pk,
            "quiz": row.is_quiz,
            "text": row.text,
            "options": row.options,
            "right": row.right,
            "state": "open" if row.is_open else "closed" if row.closed_at else "prepared",
            "counts": tallies.get(row.pk, row.counts),
            "shown": row.is_shown,
        }
        for row in rows
    ]
