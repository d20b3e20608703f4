"""A quiz as a block of a lesson. Its template asks ``links.quiz(quiz)`` of whoever shows the lesson (cms/blocks.py)."""

from typing import Any

from django.utils.translation import gettext_lazy as _

from media.choosers import KeepsChoice
from quizzes.choosers import quiz_chooser

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
