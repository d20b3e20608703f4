"""The organisers' back office of the ledger: trainings and rules in their subtree, the schedule, the way to reports."""

from typing import Any

from django.http import HttpRequest
from django.urls import URLPattern, path, reverse
from django.utils.translation import gettext_lazy as _
from wagtail import hooks
from wagtail.admin.menu import MenuItem
from wagtail.admin.viewsets.model import ModelViewSetGroup
from wagtail.permissions import register_permission_policy

from attendance.models import HoursTable, Occasion, Rule, Training
from attendance.policies import HoursPolicy, OccasionPolicy, RulePolicy, SubtreePolicy
from attendance.views import check_office, hours_office, recompute
from attendance.views.desk import DeskPanel
from attendance.views.hours_office import HoursViewSet
from attendance.views.plans import OccasionViewSet, RuleViewSet, TrainingViewSet
from organizations.models import Role
from organizations.permissions import has_role

register_permission_policy(Training, SubtreePolicy(Training))
register_permission_policy(Occasion, OccasionPolicy(Occasion))
register_permission_policy(Rule, RulePolicy(Rule))
register_permission_policy(HoursTable, HoursPolicy(HoursTable))


class LedgerViewSetGroup(ModelViewSetGroup):
    menu_label = _("培训和台账")
    menu_icon = "clipboard-list"
    menu_order = 220
    items = (TrainingViewSet, OccasionViewSet, RuleViewSet, HoursViewSet)


@hooks.register("register_admin_viewset")
def ledger_viewsets() -> LedgerViewSetGroup:
    return LedgerViewSetGroup()


@hooks.register("register_admin_urls")
def ledger_urls() -> list[URLPattern]:
    return [
        path("rules/withdraw/<int:pk>/", hours_office.rule_withdraw, name="attendance_rule_withdraw"),
        path("rules/again/<int:pk>/", hours_office.rule_again, name="attendance_rule_again"),
        path("hours/withdraw/<int:pk>/", hours_office.hours_withdraw, name="attendance_hours_withdraw"),
        path("occasions/<int:occasion_id>/recompute/", recompute.ask, name="attendance_recompute"),
        path("occasions/<int:occasion_id>/check/", check_office.edit, name="attendance_check"),
        path("occasions/<int:occasion_id>/check/preview/", check_office.preview, name="attendance_check_preview"),
        path("occasions/<int:occasion_id>/check/withdraw/", check_office.withdraw, name="attendance_check_withdraw"),
        path("recomputations/<int:recomputation_id>/", recompute.report, name="attendance_recomputation"),
    ]


@hooks.register("construct_homepage_panels", order=1000)
def desk_is_the_first_page(request: HttpRequest, panels: list[Any]) -> None:
    """The organiser's desk stands there, and nothing of what Wagtail counts and lists."""
    panels[:] = [DeskPanel()]


class BranchMenuItem(MenuItem):
    """Leads to the pages that say who is missing."""

    def is_shown(self, request: HttpRequest) -> bool:
        return has_role(request.user, Role.ORGANISER, Role.SECRETARY)


@hooks.register("register_admin_menu_item")
def branch_menu_item() -> BranchMenuItem:
    return BranchMenuItem(_("参训情况"), reverse("branch"), name="branch", icon_name="group", order=230)
