"""What of the ledger hangs on a unit: told to whoever wants to merge or close it (``settings.UNIT_USES``)."""

import datetime as dt

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from attendance.models import Occasion, Rule, Training
from organizations.models import Node
from organizations.uses import Use

State = Occasion.State


def uses_of(*, node: Node, on_date: dt.date) -> list[Use]:
    """Occasions and trainings made for exactly this unit. What has not begun would find nobody there: it blocks."""
    occasions = Occasion.objects.filter(node=node).order_by("starts_at", "pk")
    coming = occasions.filter(state=State.SCHEDULED).exclude(training__state=Training.State.CLOSED)
    found = [
        Use(_("“%(title)s”还没有开始，请组织员先改它的对象或取消。") % {"title": one.title}, blocks=True)
        for one in coming
    ]
    running = occasions.filter(state__in=(State.OPEN, State.CLOSED))
    found += [Use(_("“%(title)s”已经开始：名单不变，照常认定。") % {"title": one.title}) for one in running]
    trainings = Training.objects.filter(node=node).exclude(state=Training.State.CLOSED).order_by("deadline_at", "pk")
    found += [Use(_("培训“%(title)s”的对象是这里，以后的场次要另选对象。") % {"title": one.title}) for one in trainings]
    if rules := Rule.objects.filter(node=node).values("name").distinct().count():
        text = ngettext(
            "%(count)s 条认定规则归这里：撤销后由上级组织员管理，合并后归新的单位（那里已有同名的，留作历史）。",
            "%(count)s 条认定规则归这里：撤销后由上级组织员管理，合并后归新的单位（那里已有同名的，留作历史）。",
            rules,
        )
        found.append(Use(text % {"count": rules}))
    return found


def move(*, node: Node, into: Node) -> None:
    """Give the unit's rules to the one into which it is merged, all versions of a rule together.

    One whose name is taken there stays with the closed unit: what was judged by it speaks of it, and nothing new can
    be planned with it.
    """
    taken = Rule.objects.filter(node=into).values("name")
    Rule.objects.filter(node=node).exclude(name__in=list(taken.values_list("name", flat=True))).update(node=into)
