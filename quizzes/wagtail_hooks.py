"""The bank and the quizzes in Wagtail's admin, and the chooser of lessons (choosers.py)."""

from typing import Any

from django.urls import URLPattern, path, reverse
from django.utils.translation import gettext_lazy as _
from wagtail import hooks

from organizations.choosers import OrganiserMenuItem
from quizzes.choosers import question_chooser, quiz_chooser
from quizzes.views import office, quiz_office


@hooks.register("register_admin_viewset")
def register_chooser() -> Any:
    return quiz_chooser


@hooks.register("register_admin_viewset")
def register_question_chooser() -> Any:
    return question_chooser


@hooks.register("register_admin_urls")
def quiz_urls() -> list[URLPattern]:
    return [
        path("quizzes/questions/", office.questions, name="quizzes_questions"),
        path("quizzes/questions/add/", office.question_add, name="quizzes_question_add"),
        path("quizzes/questions/<int:question_id>/", office.question_edit, name="quizzes_question"),
        path("quizzes/questions/<int:question_id>/offer/", office.question_offer, name="quizzes_question_offer"),
        path("quizzes/", quiz_office.quizzes, name="quizzes_quizzes"),
        path("quizzes/add/", quiz_office.quiz_add, name="quizzes_quiz_add"),
        path("quizzes/<int:quiz_id>/", quiz_office.quiz_edit, name="quizzes_quiz"),
        path("quizzes/<int:quiz_id>/offer/", quiz_office.quiz_offer, name="quizzes_quiz_offer"),
        path("quizzes/<int:quiz_id>/preview/", quiz_office.quiz_preview, name="quizzes_quiz_preview"),
        path("quizzes/<int:quiz_id>/statistics/", quiz_office.quiz_statistics, name="quizzes_quiz_statistics"),
    ]


@hooks.register("register_admin_menu_item")
def quiz_menu_item() -> OrganiserMenuItem:
    return OrganiserMenuItem(_("题库和练习"), reverse("quizzes_quizzes"), name="quizzes", icon_name="tasks", order=270)
