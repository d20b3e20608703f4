"""Choosing a package in the editor of a lesson: ``package_chooser``, among those of one's own units."""

from typing import Any

from django.db.models import QuerySet
from django.utils.translation import gettext_lazy as _

from organizations.choosers import OwnChooserViewSet
from organizations.models import Role
from organizations.permissions import visible_nodes
from packages.models import Package
from packages.queries import packages_in


def choosable(user: Any) -> QuerySet[Package]:
    """Packages of the units that this person organises, without those that were withdrawn."""
    return packages_in(visible_nodes(user, Role.ORGANISER))


class PackageChooserViewSet(OwnChooserViewSet):
    model = Package
    own = staticmethod(choosable)
    icon = "doc-full-inverse"
    choose_one_text = _("选择课件包")
    choose_another_text = _("换一个课件包")
    edit_item_text = _("查看这个课件包")


package_chooser = PackageChooserViewSet("package_chooser", url_prefix="packages/chooser")
