"""The way to a quiz inside a lesson: it comes from whoever shows the lesson (cms/templatetags/lesson.py)."""

from typing import Any

from django import template

from quizzes.sentences import Shown

register = template.Library()


@register.simple_tag
def quiz_of(links: Any, quiz: Any) -> Shown:
    """Return where the quiz is taken, and how the reader stands with it."""
    found: Shown = links.quiz(quiz)
    return found
