"""Choosing a quiz or a question in the editor of a lesson, among those of one's own units."""

from typing import Any

from django.db.models import Q, QuerySet
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _
from wagtail.admin.ui.tables import Column

from organizations.choosers import Choose, ChooseResults, Listed, OwnChooserViewSet
from organizations.models import Role
from organizations.permissions import visible_nodes
from quizzes.models import Question, Quiz
from quizzes.queries.bank import questions_in, quizzes_in, with_newest

LONGEST_SEARCH = 60


def choosable(user: Any) -> QuerySet[Quiz]:
    """Quizzes of the units that this person organises, without those that were withdrawn."""
    return quizzes_in(visible_nodes(user, Role.ORGANISER))


class QuizChooserViewSet(OwnChooserViewSet):
    model = Quiz
    own = staticmethod(choosable)
    icon = "tasks"
    choose_one_text = _("选择练习")
    choose_another_text = _("换一份练习")
    edit_item_text = _("查看这份练习")


quiz_chooser = QuizChooserViewSet("quiz_chooser", url_prefix="quizzes/chooser")


def choosable_questions(user: Any) -> QuerySet[Question]:
    """Questions of the units that this person organises, without those that were withdrawn."""
    return questions_in(visible_nodes(user, Role.ORGANISER))


class ListedQuestions(Listed):
    """Found by its words or its tag, and told by its kind."""

    is_searchable = True

    def filter_object_list(self, objects: QuerySet[Question]) -> QuerySet[Question]:
        words = self.request.GET.get("q", "").replace("\x00", "").strip()[:LONGEST_SEARCH]
        if not words:
            return objects
        said = questions_in(visible_nodes(self.request.user, Role.ORGANISER), words=words)
        tagged = questions_in(visible_nodes(self.request.user, Role.ORGANISER), tag=words)
        return objects.filter(Q(pk__in=said.order_by().values("pk")) | Q(pk__in=tagged.order_by().values("pk")))

    def get_results_page(self, request: HttpRequest) -> Any:
        page = super().get_results_page(request)
        page.object_list = with_newest(page.object_list)
        return page

    def told(self) -> list[Column]:
        return [Column("kind", label=_("题型"), accessor="newest.get_kind_display"), *super().told()]


class ChooseQuestion(ListedQuestions, Choose):
    pass


class ChooseQuestionResults(ListedQuestions, ChooseResults):
    pass


class QuestionChooserViewSet(OwnChooserViewSet):
    model = Question
    own = staticmethod(choosable_questions)
    icon = "help"
    choose_one_text = _("选择题目")
    choose_another_text = _("换一道题")
    edit_item_text = _("查看这道题")
    choose_view_class = ChooseQuestion
    choose_results_view_class = ChooseQuestionResults


question_chooser = QuestionChooserViewSet("question_chooser", url_prefix="quizzes/question_chooser")
