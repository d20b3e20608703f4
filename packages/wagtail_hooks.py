"""The packages in Wagtail's admin, and the chooser of lessons (choosers.py)."""

from typing import Any

from django.urls import URLPattern, path, reverse
from django.utils.translation import gettext_lazy as _
from wagtail import hooks

from organizations.choosers import OrganiserMenuItem
from packages.choosers import package_chooser
from packages.views import office


@hooks.register("register_admin_viewset")
def register_chooser() -> Any:
    return package_chooser


@hooks.register("register_admin_urls")
def package_urls() -> list[URLPattern]:
    return [
        path("packages/", office.index, name="packages_index"),
        path("packages/add/", office.add, name="packages_add"),
        path("packages/<int:package_id>/", office.edit, name="packages_package"),
        path("packages/<int:package_id>/offer/", office.offer, name="packages_offer"),
        path("packages/<int:package_id>/delete/", office.delete, name="packages_delete"),
        path("packages/<int:package_id>/preview/", office.preview, name="packages_preview"),
    ]


@hooks.register("register_admin_menu_item")
def package_menu_item() -> OrganiserMenuItem:
    return OrganiserMenuItem(
        _("课件包"), reverse("packages_index"), name="packages", icon_name="doc-full-inverse", order=260
    )
