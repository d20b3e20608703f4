"""The screens of 安排课程 in Wagtail's admin: list, give, change while it has not begun."""

from typing import Any

from django.core.exceptions import ValidationError
from django.db.models import QuerySet
from django.http import Http404, HttpRequest, HttpResponse
from django.utils.translation import gettext_lazy as _
from wagtail.admin.ui.tables import Column, DateColumn
from wagtail.admin.views import generic
from wagtail.admin.views.generic import history
from wagtail.admin.viewsets.model import ModelViewSet

from cms.permissions import editable_nodes
from courses.forms import CourseRunForm
from courses.models import CourseRun
from courses.queries import runs_in_subtrees


class RefusedBySaving:
    """An operation's refusal becomes a sentence above the form."""

    def form_valid(self, form: Any) -> HttpResponse:
        try:
            return super().form_valid(form)  # type: ignore[misc,no-any-return]
        except ValidationError as error:
            form.add_error(None, error)
            # Wagtail asks its own validation for this sentence; ours came later.
            self.produced_error_message = self.get_error_message()  # type: ignore[attr-defined]
            return self.form_invalid(form)  # type: ignore[attr-defined,no-any-return]


class RunList(generic.IndexView):  # type: ignore[misc]
    """Only the organiser's own part of the tree exists for them."""

    def get_base_queryset(self) -> QuerySet[CourseRun]:
        return runs_in_subtrees(nodes=editable_nodes(self.request.user))


class AddRun(RefusedBySaving, generic.CreateView):  # type: ignore[misc]
    page_title = _("安排课程")


class EditRun(RefusedBySaving, generic.EditView):  # type: ignore[misc]
    def get_queryset(self) -> QuerySet[CourseRun]:
        return runs_in_subtrees(nodes=editable_nodes(self.request.user))

    def get_object(self, queryset: Any = None) -> CourseRun:
        return super().get_object(queryset if queryset is not None else self.get_queryset())  # type: ignore[no-any-return]


class OwnRun:
    """For the views that look a course run up by themselves: only one's own part of the tree exists."""

    request: HttpRequest
    pk: Any

    def get_object(self) -> CourseRun:
        run = runs_in_subtrees(nodes=editable_nodes(self.request.user)).filter(pk=self.pk).first()
        if run is None:
            raise Http404
        return run


class RunUsage(OwnRun, generic.UsageView):  # type: ignore[misc]
    pass


class RunHistory(OwnRun, history.HistoryView):  # type: ignore[misc]
    pass


class CourseRunViewSet(ModelViewSet):  # type: ignore[misc]
    """安排课程 in the admin's menu."""

    model = CourseRun
    icon = "calendar-alt"
    menu_label = _("安排课程")
    menu_order = 220
    add_to_admin_menu = True
    copy_view_enabled = False
    inspect_view_enabled = False
    index_view_class = RunList
    add_view_class = AddRun
    edit_view_class = EditRun
    usage_view_class = RunUsage
    history_view_class = RunHistory
    list_display = [
        "page",
        Column("training", label=_("培训"), accessor="occasion.training.title"),
        Column("node", label=_("给哪个组织"), accessor="occasion.node.name"),
        DateColumn("ends_at", label=_("截止时间"), accessor="occasion.ends_at"),
        Column("state", label=_("状态"), accessor="occasion.get_state_display"),
    ]
    list_per_page = 30

    def get_form_class(self, for_update: bool = False) -> type[CourseRunForm]:
        return CourseRunForm
