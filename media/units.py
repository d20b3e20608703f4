"""The videos that belong to a unit (``settings.UNIT_USES``, ``settings.UNIT_MOVES``)."""

import datetime as dt

from django.utils.translation import ngettext

from media.models import Video
from organizations.models import Node
from organizations.uses import Use


def uses_of(*, node: Node, on_date: dt.date) -> list[Use]:
    """How many videos exactly this unit has: they stay, and whoever organises above goes on with them."""
    count = Video.objects.filter(node=node).count()
    if not count:
        return []
    text = ngettext(
        "%(count)s 个视频归这里：撤销后由上级组织员管理，合并后归新的单位。",
        "%(count)s 个视频归这里：撤销后由上级组织员管理，合并后归新的单位。",
        count,
    )
    return [Use(text % {"count": count})]


def move(*, node: Node, into: Node) -> None:
    """Give the unit's videos to the one into which it is merged."""
    Video.objects.filter(node=node).update(node=into)
