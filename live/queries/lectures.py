"""Whose lectures there are and who may give one. Nothing here writes."""

import datetime as dt
from collections.abc import Iterable
from typing import Any

from django.conf import settings
from django.db.models import Case, Q, QuerySet, When
from django.utils import timezone

from attendance.models import Occasion, PresenceSpan
from live.models import CancelledLecture, ChatMessage, Lecture, PollAnswer, Question, QuestionVote, Restriction
from organizations.core import phones
from organizations.models import Node, Role, RoleGrant, User
from organizations.permissions import visible_nodes
from organizations.queries import membership_on, valid_on


def lectures_for(user: User) -> QuerySet[Lecture]:
    """Lectures that ``user`` gives, or organises: those of nodes in the subtrees of their organiser role.

    Meetings stand in their books (``meetings``).
    """
    scope = visible_nodes(user, Role.ORGANISER).values("pk")
    return (
        Lecture.objects.select_related("occasion__node", "occasion__training", "lecturer", "series")
        .filter(Q(lecturer=user) | Q(occasion__node__in=scope), kind=Lecture.Kind.LECTURE)
        .order_by("-occasion__starts_at", "-pk")
    )


def own_first(lectures: QuerySet[Lecture], user: User, *order: str) -> QuerySet[Lecture]:
    """Lectures that ``user`` gives, then the others; in each part by ``order``."""
    return lectures.order_by(Case(When(lecturer=user, then=0), default=1), *order)


def lecturers_for(user: User, *, on_date: dt.date) -> QuerySet[User]:
    """People whom ``user`` may ask to give a lecture: lecturers granted in the line of their own subtrees."""
    nodes = list(visible_nodes(user, Role.ORGANISER).values_list("path", flat=True))
    roots = [path for path in nodes if not any(path != other and path.startswith(other) for other in nodes)]
    line = Q(pk__in=())
    for path in roots:
        line |= Q(node__path__startswith=path) | Q(node__path__in=Node.line_to(path))
    held = RoleGrant.objects.filter(line, valid_on(on_date), role=Role.LECTURER)
    return User.objects.filter(pk__in=held.values("user_id"), is_active=True).order_by("name_key", "pk")


def lecturers_by_phone(user: User, phones_typed: Iterable[str], *, on_date: dt.date) -> dict[str, User]:
    """Return, of ``lecturers_for`` a person, those with these numbers (E.164), by number; one query.

    Nobody else is found by a number here: whether somebody has it is not told.
    """
    numbers = {phones.blind_index(settings.PHONE_KEY, phone): phone for phone in phones_typed}
    found = lecturers_for(user, on_date=on_date).filter(phone_index__in=numbers)
    return {numbers[one.phone_index]: one for one in found if one.phone_index}


def may_lecture(user: User, node: Node, *, on_date: dt.date) -> bool:
    """Whether a person may give a lecture for ``node`` that day: a lecturer granted above, at or below it."""
    near = Q(node__path__startswith=node.path) | Q(node__path__in=node.line_paths())
    return RoleGrant.objects.filter(near, valid_on(on_date), user=user, role=Role.LECTURER).exists()


def lecture_in_place_of(lecture: Lecture) -> Lecture | None:
    """Return what was planned in the place of a lecture, if anything was."""
    return Lecture.objects.select_related("occasion__node").filter(in_place_of=lecture).first()


def lecture_by_code(code: str) -> Lecture | None:
    """Return the lecture with this short code."""
    return Lecture.objects.select_related("occasion__node", "occasion__training").filter(code=code).first()


def cancelled_for(user: User) -> QuerySet[CancelledLecture]:
    """Return the cancelled lectures that concern a person: as lecturer, as organiser above, as one of the unit."""
    organised = visible_nodes(user, Role.ORGANISER).values("pk")
    membership = membership_on(member_id=user.pk, on_date=timezone.localdate())
    line = [] if membership is None else membership.node.line_paths()
    expected = Q(is_for_members=True, node__path__in=line)
    return CancelledLecture.objects.select_related("node").filter(Q(lecturer=user) | Q(node__in=organised) | expected)


def people_present(occasion: Occasion) -> int:
    """Return how many people are in an occasion's room now."""
    here = PresenceSpan.objects.filter(occasion=occasion, ended_at=None)
    return here.values("member_id").distinct().count()


def personal_data(user: User) -> dict[str, Any]:
    """Return what a person said in rooms and what hosts decided about them, for their own download."""
    said = ChatMessage.objects.filter(author=user).order_by("at")
    held = Restriction.objects.filter(member=user).order_by("set_at")
    asked = Question.objects.filter(author=user).order_by("at")
    voted = QuestionVote.objects.filter(member=user).order_by("pk")
    chosen = PollAnswer.objects.filter(member=user).order_by("at")
    return {
        "questions": list(asked.values("lecture_id", "text", "at", "votes", "state")),
        "questions_voted_for": list(voted.values("question__lecture_id", "question__text")),
        "poll_answers": list(chosen.values("poll__lecture_id", "poll__text", "poll__options", "choice", "at")),
        "chat": list(said.values("lecture_id", "lecture__occasion__title", "text", "at", "is_host", "hidden_at")),
        "restrictions": list(held.values("lecture_id", "kind", "set_at", "lifted_at")),
    }
