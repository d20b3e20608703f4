"""Which quizzes can no longer draw what they say, because the bank has shrunk. Nothing here writes."""

from django.db.models import QuerySet

from quizzes.core.drawing import drawn
from quizzes.models import Question, QuestionTag, Quiz
from quizzes.queries.bank import pools_of

MOST_LOOKED_AT = 30
MOST_NAMED = 5


def drawable(quiz: Quiz) -> int:
    """Return how many questions an attempt that begins now gets; ``quiz.size`` at most. One query a part."""
    pools = pools_of(node_id=quiz.node_id, parts=quiz.parts)
    return len(drawn(pools=[(keys, part.count) for keys, part in zip(pools, quiz.parts, strict=True)], seed=""))


def drawing_among(quizzes: QuerySet[Quiz]) -> set[int]:
    """Return the ids of those quizzes for which the bank has a question at all. Three queries."""
    found = list(quizzes)
    offered = Question.objects.filter(node_id__in={one.node_id for one in found}, withdrawn_at=None).order_by()
    any_of = {(node_id, "") for node_id in offered.values_list("node_id", flat=True).distinct()} if found else set()
    tagged = QuestionTag.objects.filter(question__in=offered).values_list("question__node_id", "name")
    pools = any_of | set(tagged.distinct()) if any_of else any_of
    return {one.pk for one in found if any((one.node_id, part.tag) in pools for part in one.parts)}


def short_quizzes(question: Question) -> list[tuple[Quiz, int]]:
    """Return the quizzes in use of a question's unit that come up short, each with what it can draw, the newest first.

    Looks at the newest ``MOST_LOOKED_AT`` and names ``MOST_NAMED``.
    """
    offered = Quiz.objects.filter(node_id=question.node_id, withdrawn_at=None).order_by("-pk")[:MOST_LOOKED_AT]
    found = ((quiz, drawable(quiz)) for quiz in offered)
    return [(quiz, have) for quiz, have in found if have < quiz.size][:MOST_NAMED]
