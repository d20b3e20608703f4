"""The organisers' back office of the ledger: trainings and rules in their subtree, the schedule, the way to reports."""

from typing import Any

from django.db.models import Max, Model, Q, QuerySet
from django.http import Http404, HttpRequest
from django.urls import reverse
from django.utils.translation import gettext_lazy as _
from wagtail import hooks
from wagtail.admin.forms import WagtailAdminModelForm
from wagtail.admin.menu import MenuItem
from wagtail.admin.panels import FieldPanel, FieldRowPanel, HelpPanel, ObjectList
from wagtail.admin.ui.tables import Column
from wagtail.admin.views import generic
from wagtail.admin.views.generic import history, usage
from wagtail.admin.viewsets.model import ModelViewSet, ModelViewSetGroup
from wagtail.permission_policies.base import BasePermissionPolicy
from wagtail.permissions import register_permission_policy

from attendance.models import Occasion, Rule, Training
from organizations.models import Role, RoleGrant, User
from organizations.permissions import has_role, visible_nodes


class SubtreePolicy(BasePermissionPolicy):
    """What stands at a node belongs to the organisers of it and of those above; Django permissions play no part."""

    actions = frozenset({"add", "change", "delete", "view"})

    def user_has_permission(self, user: Any, action: str) -> bool:
        return action in self.actions and has_role(user, Role.ORGANISER)

    def user_has_permission_for_instance(self, user: Any, action: str, instance: Any) -> bool:
        return action in self.actions and has_role(user, Role.ORGANISER, node=instance.node)

    def instances_user_has_any_permission_for(self, user: Any, actions: Any) -> QuerySet[Any, Any]:
        if not self.actions.intersection(actions):
            return self.model.objects.none()
        return self.model.objects.filter(node__in=visible_nodes(user, Role.ORGANISER))

    def users_with_any_permission(self, actions: Any) -> QuerySet[User, User]:
        grants = RoleGrant.objects.filter(role=Role.ORGANISER, active_to_date=None)
        return User.objects.filter(pk__in=grants.values("user_id"))


class TrainingPolicy(SubtreePolicy):
    """A training can be deleted as long as it is a draft without occasions."""

    def user_has_permission_for_instance(self, user: Any, action: str, instance: Any) -> bool:
        may = super().user_has_permission_for_instance(user, action, instance)
        if action == "delete":
            return may and instance.state == Training.State.DRAFT and not instance.occasions.exists()
        return may


class OccasionPolicy(SubtreePolicy):
    """Occasions are only read here; lectures and courses schedule them."""

    actions = frozenset({"view"})


class RulePolicy(SubtreePolicy):
    """Rules belong to no node: every organiser uses them, and nobody changes one that an occasion uses."""

    def user_has_permission_for_instance(self, user: Any, action: str, instance: Any) -> bool:
        if action == "delete" and Occasion.objects.filter(rule=instance).exists():
            return False
        return self.user_has_permission(user, action)

    def instances_user_has_any_permission_for(self, user: Any, actions: Any) -> QuerySet[Any, Any]:
        return Rule.objects.all() if self.user_has_permission(user, "view") else Rule.objects.none()


register_permission_policy(Training, TrainingPolicy(Training))
register_permission_policy(Occasion, OccasionPolicy(Occasion))
register_permission_policy(Rule, RulePolicy(Rule))


class Guarded:
    """Puts the policy in front of every list and every single object of a viewset; outside the subtree is 404."""

    request: HttpRequest
    permission_policy: BasePermissionPolicy
    instance_action = "view"

    def get_base_queryset(self) -> QuerySet[Any, Any]:
        mine = self.permission_policy.instances_user_has_any_permission_for(self.request.user, ["view"])
        return super().get_base_queryset() & mine  # type: ignore[misc]

    def get_object(self, *args: Any, **kwargs: Any) -> Model:
        found: Model = super().get_object(*args, **kwargs)  # type: ignore[misc]
        if not self.permission_policy.user_has_permission_for_instance(self.request.user, self.instance_action, found):
            raise Http404
        return found


class GuardedIndex(Guarded, generic.IndexView):
    joined: tuple[str, ...] = ()

    def get_base_queryset(self) -> QuerySet[Any, Any]:
        found = super().get_base_queryset()
        return found.select_related(*self.joined) if self.joined else found


class TrainingIndex(GuardedIndex):
    joined = ("node",)


class OccasionIndex(GuardedIndex):
    joined = ("training", "node", "rule")


class GuardedEdit(Guarded, generic.EditView):
    instance_action = "change"


class GuardedDelete(Guarded, generic.DeleteView):
    instance_action = "delete"


class GuardedObject:
    """The same for views whose list is about one object."""

    request: HttpRequest
    permission_policy: BasePermissionPolicy

    def get_object(self, *args: Any, **kwargs: Any) -> Model:
        found: Model = super().get_object(*args, **kwargs)  # type: ignore[misc]
        if not self.permission_policy.user_has_permission_for_instance(self.request.user, "change", found):
            raise Http404
        return found


class GuardedHistory(GuardedObject, history.HistoryView):
    pass


class GuardedUsage(GuardedObject, usage.UsageView):
    pass


class GuardedViewSet(ModelViewSet):
    """A viewset all of whose views ask the policy for the object, not only for the model."""

    index_view_class = GuardedIndex
    edit_view_class = GuardedEdit
    delete_view_class = GuardedDelete
    history_view_class = GuardedHistory
    usage_view_class = GuardedUsage
    copy_view_enabled = False
    add_to_reference_index = False
    list_export: list[str] = []


class TrainingForm(WagtailAdminModelForm):
    """Offers only the organiser's own nodes."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        # A closed unit is offered no more, but what was made for it keeps it.
        chosen = Q(closed_date=None) | Q(pk=self.instance.node_id)
        self.fields["node"].queryset = visible_nodes(self.for_user, Role.ORGANISER).filter(chosen)
        self.fields["node"].label_from_instance = lambda node: f"{'　' * (node.depth - 1)}{node.name}"

    def clean(self) -> dict[str, Any]:
        cleaned: dict[str, Any] = super().clean()
        starts, deadline = cleaned.get("starts_date"), cleaned.get("deadline_at")
        if starts and deadline and deadline.date() < starts:
            self.add_error("deadline_at", _("截止时间要晚于开始日期。"))
        return cleaned


class TrainingViewSet(GuardedViewSet):
    model = Training
    index_view_class = TrainingIndex
    icon = "clipboard-list"
    menu_label = _("培训")
    url_prefix = "trainings"
    name = "trainings"
    list_display = [
        "title",
        "node",
        "starts_date",
        "deadline_at",
        Column("state", label=_("状态"), accessor="get_state_display"),
    ]
    list_filter = ["state"]
    search_fields = ["title"]
    search_backend_name = None
    ordering = ["-deadline_at"]
    edit_handler = ObjectList(
        [
            FieldPanel("title"),
            FieldPanel("summary"),
            FieldPanel("node"),
            FieldRowPanel([FieldPanel("starts_date"), FieldPanel("deadline_at")]),
            FieldRowPanel([FieldPanel("hours_required"), FieldPanel("state")]),
        ],
        base_form_class=TrainingForm,
    )


class RuleForm(WagtailAdminModelForm):
    """Saving a rule that an occasion uses makes its next version; the old one stays as it was printed."""

    def save(self, commit: bool = True) -> Rule:
        rule: Rule = self.instance
        if rule.pk is None or Occasion.objects.filter(rule_id=rule.pk).exists():
            latest = Rule.objects.filter(name=rule.name).aggregate(version=Max("version"))["version"]
            rule.pk, rule.version = None, (latest or 0) + 1
        return super().save(commit=commit)


class RuleViewSet(GuardedViewSet):
    model = Rule
    icon = "tasks"
    menu_label = _("认定规则")
    url_prefix = "rules"
    name = "attendance_rules"
    list_display = [
        "name",
        "version",
        Column("basis", label=_("计算方式"), accessor="get_basis_display"),
        "min_share",
        "hours",
    ]
    search_fields = ["name"]
    search_backend_name = None
    ordering = ["name", "-version"]
    edit_handler = ObjectList(
        [
            HelpPanel(_("已经有场次使用的规则不会被改动：保存时生成下一个版本，以后安排的场次才用新版本。")),
            FieldPanel("name"),
            FieldRowPanel([FieldPanel("basis"), FieldPanel("hours")]),
            FieldRowPanel([FieldPanel("min_share"), FieldPanel("min_minutes")]),
            FieldRowPanel([FieldPanel("late_after_s"), FieldPanel("leave_early_s")]),
            FieldRowPanel([FieldPanel("bridge_s"), FieldPanel("outbox_s")]),
            FieldPanel("make_up_days"),
        ],
        base_form_class=RuleForm,
    )


class OccasionViewSet(GuardedViewSet):
    model = Occasion
    index_view_class = OccasionIndex
    icon = "date"
    menu_label = _("场次")
    url_prefix = "occasions"
    name = "occasions"
    list_display = [
        "title",
        "training",
        "node",
        "starts_at",
        "ends_at",
        Column("state", label=_("状态"), accessor="get_state_display"),
        "rule",
    ]
    list_filter = ["state"]
    search_fields = ["title"]
    search_backend_name = None
    ordering = ["-starts_at"]
    form_fields = ["title"]

    def get_urlpatterns(self) -> list[Any]:
        """Only the list: what is scheduled is changed where it is scheduled."""
        return [pattern for pattern in super().get_urlpatterns() if pattern.name in ("index", "index_results")]


class LedgerViewSetGroup(ModelViewSetGroup):
    menu_label = _("培训和台账")
    menu_icon = "clipboard-list"
    menu_order = 220
    items = (TrainingViewSet, OccasionViewSet, RuleViewSet)


@hooks.register("register_admin_viewset")
def ledger_viewsets() -> LedgerViewSetGroup:
    return LedgerViewSetGroup()


class BranchMenuItem(MenuItem):
    """Leads to the pages that say who is missing."""

    def is_shown(self, request: HttpRequest) -> bool:
        return has_role(request.user, Role.ORGANISER, Role.SECRETARY)


@hooks.register("register_admin_menu_item")
def branch_menu_item() -> BranchMenuItem:
    return BranchMenuItem(_("参训情况"), reverse("branch"), name="branch", icon_name="group", order=230)
