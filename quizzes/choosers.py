"""Choosing a quiz in the editor of a lesson: ``quiz_chooser``, among those of one's own units."""

from typing import Any

from django.db.models import QuerySet
from django.http import Http404, HttpRequest
from django.http.response import HttpResponseBase
from django.utils.translation import gettext_lazy as _
from wagtail.admin.ui.tables import Column
from wagtail.admin.views.generic.chooser import (
    ChooseResultsView,
    ChooseView,
    ChosenMultipleView,
    ChosenView,
    CreateView,
)
from wagtail.admin.viewsets.chooser import ChooserViewSet

from organizations.models import Role
from organizations.permissions import visible_nodes
from quizzes.models import Quiz
from quizzes.queries.bank import quizzes_in


def choosable(user: Any) -> QuerySet[Quiz]:
    """Quizzes of the units that this person organises, without those that were withdrawn."""
    return quizzes_in(visible_nodes(user, Role.ORGANISER))


class Choosable:
    """What this person may choose, and whose it is."""

    request: HttpRequest

    def get_object_list(self) -> QuerySet[Quiz]:
        return choosable(self.request.user)

    @property
    def columns(self) -> list[Column]:
        shown: list[Column] = super().columns  # type: ignore[misc]
        return [*shown, Column("node", label=_("所属组织"), accessor="node")]


class ChooseQuiz(Choosable, ChooseView):
    pass


class ChooseQuizResults(Choosable, ChooseResultsView):
    pass


class ChosenQuiz(ChosenView):
    def get_object(self, pk: str) -> Quiz:
        return choosable(self.request.user).get(pk=pk)


class ChosenQuizzes(ChosenMultipleView):
    def get_objects(self, pks: list[str]) -> QuerySet[Quiz]:
        return choosable(self.request.user).filter(pk__in=pks)


class NothingCreated(CreateView):
    """Quizzes are made on their own page."""

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        raise Http404


class QuizChooserViewSet(ChooserViewSet):
    model = Quiz
    icon = "tasks"
    choose_one_text = _("选择练习")
    choose_another_text = _("换一份练习")
    edit_item_text = _("查看这份练习")
    choose_view_class = ChooseQuiz
    choose_results_view_class = ChooseQuizResults
    chosen_view_class = ChosenQuiz
    chosen_multiple_view_class = ChosenQuizzes
    create_view_class = NothingCreated
    per_page = 12


quiz_chooser = QuizChooserViewSet("quiz_chooser", url_prefix="quizzes/chooser")
