"""What there is to study that belongs to a unit (``settings.UNIT_USES``, ``settings.UNIT_MOVES``)."""

import datetime as dt

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from cms.belonging import Belonging
from cms.models import CoursePage, PathPage
from organizations.models import Node
from organizations.uses import Use


def uses_of(*, node: Node, on_date: dt.date) -> list[Use]:
    """What belongs to exactly this unit stays; whoever organises above goes on with it."""
    titles = CoursePage.objects.filter(node=node).order_by("title", "pk").values_list("title", flat=True)
    found = [Use(_("课程“%(title)s”仍归这里，由上级组织员管理。") % {"title": title}) for title in titles]
    paths = PathPage.objects.filter(node=node).order_by("title", "pk").values_list("title", flat=True)
    found += [Use(_("学习路径“%(title)s”仍归这里，由上级组织员管理。") % {"title": title}) for title in paths]
    if count := Belonging.objects.filter(node=node).count():
        text = ngettext(
            "%(count)s 个图片和文档归这里：撤销后由上级组织员管理，合并后归新的单位。",
            "%(count)s 个图片和文档归这里：撤销后由上级组织员管理，合并后归新的单位。",
            count,
        )
        found.append(Use(text % {"count": count}))
    return found


def move(*, node: Node, into: Node) -> None:
    """Give the unit's pictures and documents to the one into which it is merged."""
    Belonging.objects.filter(node=node).update(node=into)
