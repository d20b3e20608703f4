"""Choosing a quiz or a question in the editor of a lesson, among those of one's own units."""

from typing import Any

from django.db.models import Q, QuerySet
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
from quizzes.models import Question, Quiz
from quizzes.queries.bank import questions_in, quizzes_in, with_newest

LONGEST_SEARCH = 60


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


def choosable_questions(user: Any) -> QuerySet[Question]:
    """Questions of the units that this person organises, without those that were withdrawn."""
    return questions_in(visible_nodes(user, Role.ORGANISER))


class ChoosableQuestion:
    """What this person may choose, found by its words or its tag."""

    request: HttpRequest
    is_searchable = True

    def get_object_list(self) -> QuerySet[Question]:
        return choosable_questions(self.request.user)

    def filter_object_list(self, objects: QuerySet[Question]) -> QuerySet[Question]:
        words = self.request.GET.get("q", "").replace("\x00", "").strip()[:LONGEST_SEARCH]
        if not words:
            return objects
        said = questions_in(visible_nodes(self.request.user, Role.ORGANISER), words=words)
        tagged = questions_in(visible_nodes(self.request.user, Role.ORGANISER), tag=words)
        return objects.filter(Q(pk__in=said.order_by().values("pk")) | Q(pk__in=tagged.order_by().values("pk")))

    def get_results_page(self, request: HttpRequest) -> Any:
        page = super().get_results_page(request)  # type: ignore[misc]
        page.object_list = with_newest(page.object_list)
        return page

    @property
    def columns(self) -> list[Column]:
        shown: list[Column] = super().columns  # type: ignore[misc]
        kind = Column("kind", label=_("题型"), accessor="newest.get_kind_display")
        return [*shown, kind, Column("node", label=_("所属组织"), accessor="node")]


class ChooseQuestion(ChoosableQuestion, ChooseView):
    pass


class ChooseQuestionResults(ChoosableQuestion, ChooseResultsView):
    pass


class ChosenQuestion(ChosenView):
    def get_object(self, pk: str) -> Question:
        return choosable_questions(self.request.user).get(pk=pk)


class ChosenQuestions(ChosenMultipleView):
    def get_objects(self, pks: list[str]) -> QuerySet[Question]:
        return choosable_questions(self.request.user).filter(pk__in=pks)


class QuestionChooserViewSet(ChooserViewSet):
    model = Question
    icon = "help"
    choose_one_text = _("选择题目")
    choose_another_text = _("换一道题")
    edit_item_text = _("查看这道题")
    choose_view_class = ChooseQuestion
    choose_results_view_class = ChooseQuestionResults
    chosen_view_class = ChosenQuestion
    chosen_multiple_view_class = ChosenQuestions
    create_view_class = NothingCreated
    per_page = 12


question_chooser = QuestionChooserViewSet("question_chooser", url_prefix="quizzes/question_chooser")
