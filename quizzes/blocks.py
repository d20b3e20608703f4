"""A quiz, and a question of the bank, as blocks of a lesson.

A quiz's template asks ``links.quiz(quiz)`` of whoever shows the lesson (cms/blocks.py).
"""

from collections.abc import Iterable
from typing import Any

from django.utils.translation import gettext_lazy as _

from media.choosers import KeepsChoice
from quizzes.choosers import question_chooser, quiz_chooser
from quizzes.models import Question
from quizzes.queries.bank import with_newest

_ChooserBlock: Any = quiz_chooser.get_block_class(name="_ChooserBlock", module_path="quizzes.blocks")


class QuizChooserBlock(KeepsChoice, _ChooserBlock):
    """A quiz of the bank."""

    gone_words = _("这份练习已不在了")
    refused_words = _("这份练习不存在，或者不归您使用。请另选一份练习。")
    missing_words = _("这里还没有选练习。请选一份，或删掉这一块。")

    class Meta:
        icon = "tasks"
        label = _("练习")
        description = _("题库里的一份练习，答完就知道对错")
        preview_template = "quizzes/block_example.html"
        template = "quizzes/block.html"


_QuestionBlock: Any = question_chooser.get_block_class(name="_QuestionBlock", module_path="quizzes.blocks")


class QuestionChooserBlock(KeepsChoice, _QuestionBlock):
    """A question of the bank."""

    gone_words = _("这道题已不在了")
    refused_words = _("这道题不存在，或者不归您使用。请另选一道题。")
    missing_words = _("这里还没有选题。请选一道，或删掉这一块。")

    def bulk_to_python(self, values: Iterable[Any]) -> list[Any]:
        """As ``KeepsChoice``, and with what the questions say: two queries whatever their number."""
        found = super().bulk_to_python(values)
        with_newest(one for one in found if isinstance(one, Question))
        return found
