"""A bank of one question of each kind, and a quiz that draws them all."""

from typing import Any

from django.utils import timezone

from organizations.models import Node, User
from quizzes.core.drawing import Part
from quizzes.core.questions import Draft, Kind
from quizzes.models import Question, Quiz
from quizzes.operations import QuestionPlan, QuizPlan, add_question, add_quiz

SINGLE = Draft(Kind.SINGLE, "预警最高是哪一级？", ("蓝色", "红色", "黄色"), (1,), "红色最高")
SEVERAL = Draft(Kind.SEVERAL, "转移时带什么？", ("证件", "药品", "家具"), (0, 1))
TRUTH = Draft(Kind.TRUE_FALSE, "可以涉水过桥。", ("true", "false"), (1,))
ORDER = Draft(Kind.ORDER, "救助的先后", ("呼救", "检查呼吸", "按压"))
FILL = Draft(Kind.FILL, "急救电话是多少？", ("120", "一二〇"))
DRAFTS = (SINGLE, SEVERAL, TRUTH, ORDER, FILL)


def ask(node: Node, author: User, *drafts: Draft, tag: str = "防汛") -> list[Question]:
    """Write questions into the bank of a unit."""
    return [
        add_question(
            node_id=node.pk, plan=QuestionPlan(one, (tag,)), written_by_id=author.pk, as_of=timezone.now()
        )
        for one in drafts
    ]  # fmt: skip


def make_quiz(node: Node, author: User, *drafts: Draft, **rules: Any) -> Quiz:
    """Make a quiz of all of these questions (one of each kind), passed by 60 %."""
    found = ask(node, author, *(drafts or DRAFTS))
    plan = {"title": "防汛练习", "parts": (Part("防汛", len(found)),), "pass_percent": 60, **rules}
    return add_quiz(node_id=node.pk, plan=QuizPlan(**plan), made_by_id=author.pk, as_of=timezone.now())
