"""Questions that a video asks at its moments: as they are shown, and what somebody answered. Nothing here writes."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any

from django.db.models import Count, F, Q

from quizzes.core.questions import Kind, order_of
from quizzes.models import QuestionVersion, VideoAnswer
from quizzes.queries.statistics import LEAST_PEOPLE


def shown_order(version: QuestionVersion, *, member_id: int, lesson_id: int) -> tuple[int, ...]:
    """Return in which order a member sees the choices, on any device.

    Not by the site's secret: that may be changed, and what a phone still holds speaks of the order of before.
    """
    key = f"asked:{member_id}:{lesson_id}:{version.pk}"
    return order_of(kind=Kind(version.kind), size=len(version.choices), key=key)


def asked_now(question_ids: Collection[int]) -> dict[int, QuestionVersion]:
    """Return what these questions say now, without those that were withdrawn. One query."""
    found = QuestionVersion.objects.filter(
        question__in=list(question_ids), question__withdrawn_at=None, number=F("question__latest")
    )
    return {one.question_id: one for one in found}


def version_asked(*, question_id: int, version_id: int) -> QuestionVersion | None:
    """Return a version of a question, also an earlier one: a page that stood open asked that."""
    return QuestionVersion.objects.filter(pk=version_id, question_id=question_id).first()


def result_of(answer: VideoAnswer) -> dict[str, Any]:
    """Return what is told once it is answered: ``right`` and ``picked`` are places as they are shown to this member."""
    version = answer.version
    order = shown_order(version, member_id=answer.member_id, lesson_id=answer.lesson)
    is_typed = version.kind == Kind.FILL
    right = list(range(len(order))) if version.kind == Kind.ORDER else version.right
    return {
        "is_right": answer.is_right,
        "picked": [] if is_typed else [order.index(place) for place in answer.given],
        "typed": str(answer.given[0]) if is_typed else "",
        "right": [] if is_typed else [order.index(place) for place in right],
        "accepted": list(version.choices) if is_typed else [],
        "explanation": version.explanation,
    }


def video_answers(*, member_id: int, lesson_id: int, question_ids: Collection[int]) -> Mapping[int, VideoAnswer]:
    """Return what a member answered in a lesson, by question. One query."""
    found = VideoAnswer.objects.filter(member_id=member_id, lesson=lesson_id, question__in=list(question_ids))
    return {one.question_id: one for one in found.select_related("version")}


@dataclass(frozen=True, slots=True)
class AskedInVideos:
    """How a question's newest version went in videos: people who answered, and how many were right; None: too few."""

    people: int
    right: int | None


def asked_in_videos(version: QuestionVersion) -> AskedInVideos:
    """Return how one version went wherever a video asked it. One query."""
    counted = VideoAnswer.objects.filter(version=version).aggregate(
        people=Count("member", distinct=True), right=Count("member", distinct=True, filter=Q(is_right=True))
    )
    return AskedInVideos(counted["people"], counted["right"] if counted["people"] >= LEAST_PEOPLE else None)
