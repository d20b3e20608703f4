"""Hours tables in Wagtail's admin, and offering a rule no more or again."""

from typing import Any

from django.contrib import messages
from django.db.models import QuerySet
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_POST
from wagtail.admin.panels import ObjectList
from wagtail.admin.ui.tables import Column
from wagtail.permissions import policy_registry

from attendance.hours_forms import HoursForm, panels
from attendance.models import HoursTable, Rule
from attendance.operations import offer_rule_again, withdraw_hours_tables, withdraw_rule
from attendance.queries.hours import credited_by, hours_tables
from attendance.queries.rules import rules
from attendance.sentences.rules import table_sentence
from attendance.views.office import GuardedDelete, GuardedEdit, GuardedIndex, GuardedViewSet
from organizations.uses import Use


def _said(table: HoursTable) -> str:
    said = table_sentence(table)
    return gettext("已停用：%(sentence)s") % {"sentence": said} if table.withdrawn_at else said


class HoursIndex(GuardedIndex):
    joined = ("node",)

    def get_base_queryset(self) -> QuerySet[Any, Any]:
        return super().get_base_queryset().prefetch_related("owed", "conversions")


class EditHours(GuardedEdit):
    """The form of a table: saving makes the next version."""

    template_name = "attendance/admin/edit_hours.html"

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        return {
            **super().get_context_data(**kwargs),
            "withdraw_url": reverse("attendance_hours_withdraw", args=[self.object.pk]),
        }


class DeleteHours(GuardedDelete):
    instead = _("它一直保留，以后都查得到。不想再用，打开它点“停用”，这个组织就按上级的学时表算。")

    def uses(self) -> list[Use]:
        """By what was credited under it; and it is not deleted from under those who owe by it."""
        stamped = credited_by(self.object.pk)
        found = [Use(gettext("%(count)s 场的学时按它记") % {"count": stamped}, blocks=True)] if stamped else []
        if self.object.withdrawn_at is None and self.object.year <= timezone.localdate().year:
            found.append(Use(gettext("它正在生效：应学学时按它算"), blocks=True))
        return found


class HoursViewSet(GuardedViewSet):
    model = HoursTable
    index_view_class = HoursIndex
    edit_view_class = EditHours
    edit_template_name = "attendance/admin/edit_hours.html"
    delete_view_class = DeleteHours
    icon = "time"
    menu_label = _("学时表")
    url_prefix = "hours"
    name = "attendance_hours"
    list_display = [
        Column("node", label=_("所属组织"), accessor=lambda table: table.node or _("全站通用")),
        "year",
        "version",
        Column("sentence", label=_("内容"), accessor=_said),
    ]
    search_fields = ["note"]
    search_backend_name = None
    ordering = ["-year", "node__path", "-version"]
    edit_handler = ObjectList(panels(), base_form_class=HoursForm)


def _kept_or_404(request: HttpRequest, rows: QuerySet[Any, Any], pk: int) -> Any:
    """Return what the person keeps; whoever may only use it, or knows nothing of it, finds nothing."""
    policy: Any = policy_registry.get_by_type(rows.model)
    found = get_object_or_404(rows, pk=pk)
    if not policy.user_has_permission_for_instance(request.user, "change", found):
        raise Http404
    return found


@require_POST
def rule_withdraw(request: HttpRequest, pk: int) -> HttpResponse:
    """Offer a rule for nothing new any more."""
    rule: Rule = _kept_or_404(request, rules(), pk)
    withdraw_rule(rule_id=rule.pk, as_of=timezone.now())
    messages.success(request, gettext("“%(name)s”已停用。") % {"name": rule.name})
    return redirect("attendance_rules:edit", rule.pk)


@require_POST
def rule_again(request: HttpRequest, pk: int) -> HttpResponse:
    """Offer it again."""
    rule: Rule = _kept_or_404(request, rules(), pk)
    offer_rule_again(rule_id=rule.pk)
    messages.success(request, gettext("“%(name)s”已恢复使用。") % {"name": rule.name})
    return redirect("attendance_rules:edit", rule.pk)


@require_POST
def hours_withdraw(request: HttpRequest, pk: int) -> HttpResponse:
    """Let a unit go by the table above its own again."""
    table: HoursTable = _kept_or_404(request, hours_tables(), pk)
    withdraw_hours_tables(node_id=table.node_id, as_of=timezone.now())
    messages.success(request, gettext("已停用，现在按上级的学时表算。"))
    return redirect("attendance_hours:index")
