"""The bank and the quizzes of a unit (``settings.UNIT_USES``, ``settings.UNIT_MOVES``)."""

import datetime as dt

from django.utils.translation import ngettext

from organizations.models import Node
from organizations.uses import Use
from quizzes.models import Question, Quiz


def uses_of(*, node: Node, on_date: dt.date) -> list[Use]:
    """How many questions exactly this unit has: whoever organises above goes on with them."""
    count = Question.objects.filter(node=node).count()
    if not count:
        return []
    text = ngettext(
        "%(count)s 道题和用它们的练习归这里：撤销后由上级组织员管理，合并后归新的单位。",
        "%(count)s 道题和用它们的练习归这里：撤销后由上级组织员管理，合并后归新的单位。",
        count,
    )
    return [Use(text % {"count": count})]


def move(*, node: Node, into: Node) -> None:
    """Give the unit's bank and quizzes to the one into which it is merged: a quiz draws from its own unit's bank."""
    Question.objects.filter(node=node).update(node=into)
    Quiz.objects.filter(node=node).update(node=into)
