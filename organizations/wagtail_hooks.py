"""Wagtail's admin knows people only as authors: who there is, and who may do what, comes from the roster."""

from typing import Any

from django.http import HttpRequest
from django.urls import reverse
from django.utils.translation import gettext_lazy as _
from wagtail import hooks
from wagtail.admin.menu import MenuItem
from wagtail.admin.views.account import NameEmailSettingsPanel

from organizations.models import Role
from organizations.permissions import has_role

# A Wagtail user who may change users can make a superuser (that is so by design there), so nobody manages them there.
HIDDEN_SETTINGS = {"users", "groups"}


@hooks.register("construct_settings_menu")
def people_are_not_managed_here(request: HttpRequest, items: list[Any]) -> None:
    items[:] = [item for item in items if item.name not in HIDDEN_SETTINGS]


class OperatorMenuItem(MenuItem):
    def is_shown(self, request: HttpRequest) -> bool:
        return has_role(request.user, Role.OPERATOR)


@hooks.register("register_admin_menu_item")
def roster_menu_item() -> MenuItem:
    return OperatorMenuItem(_("名册导入"), reverse("roster"), name="roster", icon_name="group", order=900)


def _never(panel: NameEmailSettingsPanel) -> bool:
    """The account page's name panel asks for first and last name, which our people do not have."""
    return False


NameEmailSettingsPanel.is_active = _never
