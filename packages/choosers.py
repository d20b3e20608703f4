"""Choosing a package in the editor of a lesson: ``package_chooser``, among those of one's own units."""

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
from packages.models import Package
from packages.queries import packages_in


def choosable(user: Any) -> QuerySet[Package]:
    """Packages of the units that this person organises, without those that were withdrawn."""
    return packages_in(visible_nodes(user, Role.ORGANISER))


class Choosable:
    """What this person may choose, and whose it is."""

    request: HttpRequest

    def get_object_list(self) -> QuerySet[Package]:
        return choosable(self.request.user)

    @property
    def columns(self) -> list[Column]:
        shown: list[Column] = super().columns  # type: ignore[misc]
        return [*shown, Column("node", label=_("所属组织"), accessor="node")]


class ChoosePackage(Choosable, ChooseView):
    pass


class ChoosePackageResults(Choosable, ChooseResultsView):
    pass


class ChosenPackage(ChosenView):
    def get_object(self, pk: str) -> Package:
        return choosable(self.request.user).get(pk=pk)


class ChosenPackages(ChosenMultipleView):
    def get_objects(self, pks: list[str]) -> QuerySet[Package]:
        return choosable(self.request.user).filter(pk__in=pks)


class NothingCreated(CreateView):
    """Packages are brought in on their own page."""

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        raise Http404


class PackageChooserViewSet(ChooserViewSet):
    model = Package
    icon = "doc-full-inverse"
    choose_one_text = _("选择课件包")
    choose_another_text = _("换一个课件包")
    edit_item_text = _("查看这个课件包")
    choose_view_class = ChoosePackage
    choose_results_view_class = ChoosePackageResults
    chosen_view_class = ChosenPackage
    chosen_multiple_view_class = ChosenPackages
    create_view_class = NothingCreated
    per_page = 12


package_chooser = PackageChooserViewSet("package_chooser", url_prefix="packages/chooser")
