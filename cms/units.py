"""What there is to study that belongs to a unit (``settings.UNIT_USES``)."""

import datetime as dt

from django.utils.translation import gettext as _

from cms.models import CoursePage
from organizations.models import Node
from organizations.uses import Use


def uses_of(*, node: Node, on_date: dt.date) -> list[Use]:
    """The courses of exactly this unit; they stay, and whoever organises above goes on with them."""
    titles = CoursePage.objects.filter(node=node).order_by("title", "pk").values_list("title", flat=True)
    return [Use(_("课程“%(title)s”仍归这里，由上级组织员管理。") % {"title": title}) for title in titles]
