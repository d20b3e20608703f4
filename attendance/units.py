"""What of the ledger hangs on a unit: told to whoever wants to merge or close it (``settings.UNIT_USES``)."""

import datetime as dt

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from attendance.models import Hall, HoursTable, Occasion, ReminderSetting, Rule, Training
from organizations.models import Node
from organizations.uses import Use

State = Occasion.State
CHOSEN = ("text", "a_week", "before_start", "before_deadline", "outside")


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
    named = Training.objects.filter(units__node=node).exclude(state=Training.State.CLOSED).order_by("deadline_at", "pk")
    words = _("培训“%(title)s”单独选了这里，或者不包括这里，请组织员先在安排培训里改。")
    found += [Use(words % {"title": one.title}, blocks=True) for one in named]
    if rules := Rule.objects.filter(node=node).values("name").distinct().count():
        text = ngettext(
            "%(count)s 条认定规则归这里：撤销后由上级组织员管理，合并后归新的单位（那里已有同名的，留作历史）。",
            "%(count)s 条认定规则归这里：撤销后由上级组织员管理，合并后归新的单位（那里已有同名的，留作历史）。",
            rules,
        )
        found.append(Use(text % {"count": rules}))
    return found + _settings_of(node)


def _settings_of(node: Node) -> list[Use]:
    found = []
    if HoursTable.objects.filter(node=node, withdrawn_at=None).exists():
        found.append(Use(_("这里有自己的学时表：以前的月份仍按它算，合并后的月份按新单位的学时表算。")))
    if ReminderSetting.objects.filter(node=node).exists():
        found.append(Use(_("这里自己定了怎样提醒大家：合并后，新的单位没有自己定过的，沿用这里的。")))
    waiting = Hall.objects.filter(node=node, is_offline=True, closed_at=None).select_related("occasion")
    found += [
        Use(_("“%(title)s”有集中收看的登记还没有上交：合并后由新单位的书记登记。") % {"title": one.occasion.title})
        for one in waiting.order_by("pk")
    ]
    return found


def move(*, node: Node, into: Node) -> None:
    """Give the unit's rules to the one into which it is merged, and let what it chose of reminders hold there, too.

    All versions of a rule together. One whose name is taken there stays with the closed unit: what was judged by it
    speaks of it, and nothing new can be planned with it. Where ``into`` chose for itself how its members are reminded,
    that holds; the closed unit's choice stays beside what is unfinished there. Everything else of the ledger stays: it
    says what was.
    """
    _move_rules(node, into)
    chosen = ReminderSetting.objects.filter(node=node).first()
    if chosen is not None and not ReminderSetting.objects.filter(node=into).exists():
        ReminderSetting.objects.create(
            node=into, **{name: getattr(chosen, name) for name in CHOSEN}, changed_by_id=chosen.changed_by_id,
            changed_at=chosen.changed_at,
        )  # fmt: skip


def _move_rules(node: Node, into: Node) -> None:
    taken = Rule.objects.filter(node=into).values("name")
    Rule.objects.filter(node=node).exclude(name__in=list(taken.values_list("name", flat=True))).update(node=into)
