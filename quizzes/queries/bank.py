"""The bank: which questions a unit has, what they say now, which of them can be drawn. Nothing here writes."""

from collections.abc import Collection, Iterable, Sequence

from django.db.models import Count, F, QuerySet

from organizations.models import Node
from quizzes.core.drawing import Part
from quizzes.models import Question, QuestionTag, QuestionVersion, Quiz

MOST_TAGS_NAMED = 60
MOST_POOLED = 2000
"""Questions of one pool that are read for a draw: the newest."""


def questions_in(
    nodes: QuerySet[Node], *, tag: str = "", words: str = "", withdrawn: bool = False
) -> QuerySet[Question]:
    """Return the questions of some units, the newest first; ``tag`` and ``words`` narrow."""
    found = Question.objects.filter(node__in=nodes.order_by(), withdrawn_at__isnull=not withdrawn)
    if tag:
        found = found.filter(tags__name=tag)
    if words:
        said = QuestionVersion.objects.filter(text__icontains=words, number=F("question__latest"))
        found = found.filter(pk__in=said.values("question_id"))
    return found.select_related("node").prefetch_related("tags").order_by("-pk")


def question_in(nodes: QuerySet[Node], question_id: int) -> Question | None:
    """Return one question of these units, withdrawn or not."""
    found = Question.objects.filter(node__in=nodes.order_by(), pk=question_id)
    return found.select_related("node").prefetch_related("tags").first()


def newest_of(question: Question) -> QuestionVersion:
    """Return what a question says now."""
    return QuestionVersion.objects.get(question=question, number=question.latest)


def newest_versions(question_ids: Sequence[int]) -> list[QuestionVersion]:
    """Return what these questions say now, in their order. One query."""
    found = QuestionVersion.objects.filter(question_id__in=question_ids, number=F("question__latest"))
    by_question = {one.question_id: one for one in found}
    return [by_question[key] for key in question_ids if key in by_question]


def with_newest(questions: Iterable[Question]) -> list[Question]:
    """Return these questions with what they say now (``Question.newest``). One query."""
    found = list(questions)
    by_question = {one.question_id: one for one in newest_versions([one.pk for one in found])} if found else {}
    for one in found:
        if one.pk in by_question:
            one.newest = by_question[one.pk]
    return found


def tags_of_questions(question_ids: Collection[int]) -> dict[int, list[str]]:
    """Return the tags of these questions, in their order. One query."""
    found: dict[int, list[str]] = {}
    rows = QuestionTag.objects.filter(question_id__in=question_ids).order_by("pk").values_list("question_id", "name")
    for question_id, name in rows:
        found.setdefault(question_id, []).append(name)
    return found


def versions_saying(*, node_id: int, texts: Collection[str]) -> QuerySet[QuestionVersion]:
    """Return what this unit's questions that can be drawn say now, of those that read as one of the texts."""
    found = QuestionVersion.objects.filter(question__node_id=node_id, question__withdrawn_at=None, text__in=texts)
    return found.filter(number=F("question__latest"))


def versions_of(question: Question) -> QuerySet[QuestionVersion]:
    """Return every version of a question, the newest first."""
    return QuestionVersion.objects.filter(question=question).select_related("written_by").order_by("-number")


def tags_in(nodes: QuerySet[Node]) -> list[str]:
    """Return the tags of questions of these units that can be drawn, the most used first."""
    mine = QuestionTag.objects.filter(question__node__in=nodes.order_by(), question__withdrawn_at=None)
    counted = mine.order_by().values("name").annotate(n=Count("pk")).order_by("-n", "name")
    return [one["name"] for one in counted[:MOST_TAGS_NAMED]]


def pools_of(*, node_id: int, parts: Collection[Part]) -> list[list[int]]:
    """Return which questions of exactly this unit each part of a quiz can draw from. One query a part."""
    offered = Question.objects.filter(node_id=node_id, withdrawn_at=None).order_by("-pk")
    return [
        list((offered.filter(tags__name=part.tag) if part.tag else offered).values_list("pk", flat=True)[:MOST_POOLED])
        for part in parts
    ]


def quizzes_in(nodes: QuerySet[Node], *, withdrawn: bool = False) -> QuerySet[Quiz]:
    """Return the quizzes of some units, the newest first."""
    found = Quiz.objects.filter(node__in=nodes.order_by(), withdrawn_at__isnull=not withdrawn)
    return found.select_related("node").order_by("-pk")


def quiz_in(nodes: QuerySet[Node], quiz_id: int) -> Quiz | None:
    """Return one quiz of these units, withdrawn or not."""
    return Quiz.objects.filter(node__in=nodes.order_by(), pk=quiz_id).select_related("node").first()
