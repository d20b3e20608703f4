"""The packages of a unit (``settings.UNIT_USES``, ``settings.UNIT_MOVES``)."""

import datetime as dt

from django.utils.translation import ngettext

from organizations.models import Node
from organizations.uses import Use
from packages.models import Package


def uses_of(*, node: Node, on_date: dt.date) -> list[Use]:
    """How many packages exactly this unit has: whoever organises above goes on with them."""
    count = Package.objects.filter(node=node).count()
    if not count:
        return []
    text = ngettext(
        "%(count)s 个课件包归这里：撤销后由上级组织员管理，合并后归新的单位。",
        "%(count)s 个课件包归这里：撤销后由上级组织员管理，合并后归新的单位。",
        count,
    )
    return [Use(text % {"count": count})]


def move(*, node: Node, into: Node) -> None:
    """Give the unit's packages to the one into which it is merged."""
    Package.objects.filter(node=node).update(node=into)
