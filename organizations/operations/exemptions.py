"""Verbs about exemptions: somebody is not expected from a day to a day."""

import datetime as dt

from django.db import transaction
from django.db.models import F
from django.utils.translation import gettext as _

from organizations import events
from organizations.models import Exemption, User
from organizations.queries import not_over_on


class UnableToExempt(Exception):
    """The days are in the wrong order, or another exemption lies there; the message is for the person who asks."""


def lock_member(member_id: int) -> None:
    """One change of a person's memberships at a time: two that overlap would both see none of the other."""
    list(User.objects.select_for_update(no_key=True).filter(pk=member_id).values_list("pk"))


@transaction.atomic
def exempt_member(
    *,
    member_id: int,
    from_date: dt.date,
    to_date: dt.date | None = None,
    category: str = Exemption.Category.ROSTER,
    document: str = "",
) -> Exemption:
    """The person is not expected over ``[from_date, to_date)``; once more without an end, nothing happens.

    ``document``: the number of the paper that says so. Raises UnableToExempt where another exemption lies in that time.
    """
    lock_member(member_id)
    open_one = Exemption.objects.filter(member_id=member_id, active_to_date=None).first()
    if open_one is not None and to_date is None:
        return open_one
    if to_date is not None and to_date <= from_date:
        raise UnableToExempt(_("结束日期要在开始日期以后。"))
    others = Exemption.objects.filter(not_over_on(from_date), member_id=member_id)
    others = others.exclude(active_to_date=F("active_from_date"))
    known = (others if to_date is None else others.filter(active_from_date__lt=to_date)).first()
    if known is not None:
        raise UnableToExempt(_("这段时间里已经有一条：%(dates)s。请先结束它。") % {"dates": dates_of(known)})
    made = Exemption.objects.create(
        member_id=member_id, active_from_date=from_date, active_to_date=to_date, category=category, document=document
    )
    events.announce_exemptions([member_id])
    return made


def dates_of(exemption: Exemption) -> str:
    """Return from when until when, the last day included, as people write it."""
    if exemption.active_to_date is None:
        return _("%(day)s 起") % {"day": exemption.active_from_date}
    last = exemption.active_to_date - dt.timedelta(days=1)
    return _("%(day)s 至 %(last)s") % {"day": exemption.active_from_date, "last": last}


@transaction.atomic
def end_exemption(*, member_id: int, on_date: dt.date) -> None:
    """From that day on the person is expected again; nothing happens without an open exemption."""
    for exemption in Exemption.objects.select_for_update().filter(member_id=member_id, active_to_date=None):
        _end(exemption, on_date)


@transaction.atomic
def cut_exemption(*, exemption_id: int, on_date: dt.date) -> Exemption:
    """Let one exemption end on that day, however long it was to be; before its first day it never was.

    Raises UnableToExempt where it has ended by then.
    """
    exemption = Exemption.objects.select_for_update().get(pk=exemption_id)
    if exemption.active_to_date is not None and exemption.active_to_date <= on_date:
        raise UnableToExempt(_("到这一天已经结束了，不用再结束。"))
    _end(exemption, on_date)
    return exemption


def _end(exemption: Exemption, on_date: dt.date) -> None:
    exemption.active_to_date = max(on_date, exemption.active_from_date)
    exemption.save(update_fields=["active_to_date"])
    events.announce_exemptions([exemption.member_id])
