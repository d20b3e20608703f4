"""Trainings, rules and the list of occasions in Wagtail's admin."""

from typing import Any

from django.db.models import QuerySet
from django.shortcuts import get_object_or_404
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from django_filters import ChoiceFilter
from wagtail.admin.filters import WagtailFilterSet
from wagtail.admin.panels import FieldPanel, FieldRowPanel, HelpPanel, ObjectList
from wagtail.admin.ui.tables import Column
from wagtail.admin.views import generic
from wagtail.admin.widgets.button import Button

from attendance.models import Occasion, Rule, Training
from attendance.plan_forms import RuleForm, TrainingForm
from attendance.queries.checks import lacks_questions
from attendance.queries.consequences import uses_of_rule, uses_of_training
from attendance.queries.windows import HELD
from attendance.sentences.rules import labelled, rule_sentence
from attendance.views.office import Guarded, GuardedDelete, GuardedEdit, GuardedIndex, GuardedViewSet
from organizations.models import Role
from organizations.permissions import visible_nodes
from organizations.uses import Use, uses_of


class TrainingIndex(GuardedIndex):
    """Without the standing ones: every unit below has one a year, made by itself."""

    joined = ("node",)

    def get_base_queryset(self) -> QuerySet[Any, Any]:
        return super().get_base_queryset().filter(is_standing=False)


class OccasionIndex(GuardedIndex):
    joined = ("training", "node", "rule")

    def get_list_more_buttons(self, instance: Occasion) -> list[Any]:
        """The questions of the check of understanding; what was held can be judged anew."""
        buttons: list[Any] = super().get_list_more_buttons(instance)
        words = _("小测题目（还没有写）") if lacks_questions(instance) else _("小测题目")
        buttons.append(Button(words, reverse("attendance_check", args=[instance.pk]), icon_name="tasks"))
        if instance.state in HELD:
            buttons.append(
                Button(_("重新认定"), reverse("attendance_recompute", args=[instance.pk]), icon_name="rotate")
            )
        return buttons


class OccasionFilter(WagtailFilterSet):
    state = ChoiceFilter(label=_("状态"), choices=Occasion.State.choices)

    class Meta:
        model = Occasion
        fields = ["state"]


class DeleteTraining(GuardedDelete):
    instead = _("不办了的培训：先取消或作废它的场次，再把状态改成“已结束”，或者退回“草稿”。")

    def uses(self) -> list[Use]:
        needed = uses_of(self.object, user=self.request.user, as_of=timezone.now())
        return [*uses_of_training(self.object), *needed]


class DeleteRule(GuardedDelete):
    instead = _("用过的规则一直保留，认定时用的是哪一版，以后都查得到。不想再用，安排时选别的规则就行。")

    def uses(self) -> list[Use]:
        return uses_of_rule(rule=self.object, nodes=visible_nodes(self.request.user, Role.ORGANISER))


def _said_in_list(rule: Rule) -> str:
    """Return a rule in one sentence; of one that is offered no more, that too."""
    said = rule_sentence(rule)
    return gettext("已停用：%(sentence)s") % {"sentence": said} if rule.withdrawn_at else said


class EditRule(GuardedEdit):
    """The form of a rule: what it says, and the way to offer it no more."""

    template_name = "attendance/admin/edit_rule.html"

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        name = "attendance_rule_again" if self.object.withdrawn_at else "attendance_rule_withdraw"
        return {**super().get_context_data(**kwargs), "offer_url": reverse(name, args=[self.object.pk])}


class RuleIndex(GuardedIndex):
    """What one may schedule with; only what one keeps leads to its form."""

    joined = ("node",)

    def get_edit_url(self, instance: Rule) -> str | None:
        return super().get_edit_url(instance) if self._keeps(instance, "change") else None

    def get_delete_url(self, instance: Rule) -> str | None:
        return super().get_delete_url(instance) if self._keeps(instance, "delete") else None

    def get_inspect_url(self, instance: Rule) -> str | None:
        return None if self._keeps(instance, "change") else super().get_inspect_url(instance)

    def get_list_more_buttons(self, instance: Rule) -> list[Any]:
        """Wagtail's word for a page to read is that for a check."""
        buttons: list[Any] = super().get_list_more_buttons(instance)
        for button in buttons:
            if button.url == self.get_inspect_url(instance):
                button.label = _("查看")
        return buttons

    def _keeps(self, instance: Rule, action: str) -> bool:
        return self.permission_policy.user_has_permission_for_instance(self.request.user, action, instance)


class ReadRule(Guarded, generic.InspectView):
    """A rule in words, for whoever may schedule with it; the way to change it for whoever keeps it."""

    template_name = "attendance/admin/rule.html"
    page_title = _("查看")
    fields = (
        "name", "version", "node", "basis", "hours", "hours_by", "min_share", "min_minutes", "late_after_s",
        "leave_early_s", "bridge_s", "outbox_s", "make_up_days", "asks_check",
    )  # fmt: skip

    def get_object(self, queryset: Any = None) -> Rule:
        usable = self.permission_policy.instances_user_has_any_permission_for(self.request.user, ["view"])
        rule: Rule = get_object_or_404(usable, pk=self.pk)
        return rule

    def get_node_display_value(self) -> Any:
        return self.object.node or _("全站通用")

    def get_min_share_display_value(self) -> str:
        return f"{self.object.min_share * 100:.6g}%"

    def get_min_minutes_display_value(self) -> Any:
        return _("不要求") if self.object.min_minutes is None else self.object.min_minutes

    def get_asks_check_display_value(self) -> Any:
        return _("要求") if self.object.asks_check else _("不要求")

    def get_edit_url(self) -> str | None:
        return super().get_edit_url() if self._keeps("change") else None

    def get_delete_url(self) -> str | None:
        return super().get_delete_url() if self._keeps("delete") else None

    def _keeps(self, action: str) -> bool:
        return self.permission_policy.user_has_permission_for_instance(self.request.user, action, self.object)

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        keeper = "" if self._keeps("change") else self._keeper()
        return {**super().get_context_data(**kwargs), "keeper": keeper, "said": rule_sentence(self.object)}

    def _keeper(self) -> str:
        """Return by whom the rule is changed, for whoever cannot change it."""
        if self.object.node is None:
            return gettext("这条规则全站通用，由管理员修改。您安排场次时可以用它。")
        said = gettext("这条规则归“%(owner)s”，由那里的组织员修改。您安排场次时可以用它。")
        return said % {"owner": self.object.node}


class TrainingViewSet(GuardedViewSet):
    model = Training
    index_view_class = TrainingIndex
    delete_view_class = DeleteTraining
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
            FieldPanel("lecture_rule", help_text=_("安排直播时不选规则，就用它的最新一版；可以不设。")),
            FieldPanel("course_rule", help_text=_("安排课程时不选规则，就用它的最新一版；可以不设。")),
        ],
        base_form_class=TrainingForm,
    )


class RuleViewSet(GuardedViewSet):
    model = Rule
    index_view_class = RuleIndex
    delete_view_class = DeleteRule
    edit_view_class = EditRule
    edit_template_name = "attendance/admin/edit_rule.html"
    inspect_view_class = ReadRule
    inspect_view_enabled = True
    inspect_view_fields = ReadRule.fields
    inspect_template_name = "attendance/admin/rule.html"
    icon = "tasks"
    menu_label = _("认定规则")
    url_prefix = "rules"
    name = "attendance_rules"
    list_display = [
        "name",
        "version",
        Column("node", label=_("所属组织"), accessor=lambda rule: rule.node or _("全站通用")),
        Column("sentence", label=_("规则"), accessor=_said_in_list),
    ]
    search_fields = ["name"]
    search_backend_name = None
    ordering = ["name", "-version"]
    edit_handler = ObjectList(
        [
            HelpPanel(_("已经有场次使用的规则不会被改动：保存时生成下一个版本，以后安排的场次才用新版本。")),
            FieldRowPanel([FieldPanel("name"), FieldPanel("node")]),
            FieldPanel("basis"),
            FieldRowPanel([FieldPanel("hours_by"), FieldPanel("hours")]),
            FieldRowPanel([FieldPanel("min_share"), FieldPanel("min_minutes")]),
            FieldRowPanel([FieldPanel("late_after_s"), FieldPanel("leave_early_s")]),
            FieldRowPanel([FieldPanel("bridge_s"), FieldPanel("outbox_s")]),
            FieldPanel("make_up_days"),
            FieldPanel(
                "asks_check",
                help_text=_(
                    "看回放补学的（课程：到期以后学完的），除了看够，还要答对小测。每一场的题目在“场次”里写，没写以前不要求。"
                ),
            ),
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
        Column("rule", label=_("认定规则"), accessor=labelled),
    ]
    filterset_class = OccasionFilter
    search_fields = ["title"]
    search_backend_name = None
    ordering = ["-starts_at"]
    form_fields = ["title"]

    def get_urlpatterns(self) -> list[Any]:
        """Only the list: what is scheduled is changed where it is scheduled."""
        return [pattern for pattern in super().get_urlpatterns() if pattern.name in ("index", "index_results")]
