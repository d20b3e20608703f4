"""Halls beside the screen: announcing one that cannot report yet, checking in by its code, its guests (ADR 40)."""

from datetime import datetime

from django.db import transaction
from django.utils.translation import gettext as _

from attendance.core.text import checked
from attendance.models import Evidence, Guest, Hall, Occasion, RosterEntry, Rule
from attendance.operations.corrections import UnableToRecord
from attendance.operations.marks import hold, mark_dirty
from attendance.operations.notes import hall_span, noted_at, record_hall, settle_again
from attendance.operations.rosters import enter_at_once
from attendance.queries.listing import on_roster
from organizations.models import Node

# Who is announced is judged again when the hall has delivered: a branch or a village, never a county.
MOST_AWAITED = 500


class UnableToCheckIn(Exception):
    """It is not noted; the message says why and what to do, for the person who scanned."""


class _Unfit(Exception):
    pass


@transaction.atomic
def open_hall(
    *, occasion_id: int, node_id: int, opened_by_id: int, as_of: datetime, is_offline: bool = False, place: str = ""
) -> Hall:
    """Open a hall of a unit, or return the one that is open there. Raises UnableToRecord.

    ``is_offline``: what is ticked there comes later; until ``close_hall`` nobody of the unit is called missing. Else it
    shows a code to check in by, which needs an occasion that is held at an hour.
    """
    occasion = noted_at(occasion_id)
    if occasion.opened_at is None:
        raise UnableToRecord(_("场次还没有开始，开始以后再登记。"))
    if not is_offline and occasion.rule.basis == Rule.Basis.MEDIA:
        raise UnableToRecord(_("课程没有固定的时间，不用扫码签到；请在看完以后登记在场的人。"))
    node = Node.objects.get(pk=node_id)
    # Two people who open it at once open one: the second waits for the occasion's row and finds it.
    list(Occasion.objects.select_for_update(no_key=True).filter(pk=occasion_id).values_list("pk"))
    known = Hall.objects.filter(occasion_id=occasion_id, node=node, is_offline=is_offline, closed_at=None).first()
    if known is not None:
        return known
    hall = Hall.objects.create(
        occasion_id=occasion_id, node=node, is_offline=is_offline, place=_text(place, 60), opened_by_id=opened_by_id,
        opened_at=as_of,
    )  # fmt: skip
    if is_offline:
        _judge_those_of(hall, occasion, as_of)
    return hall


@transaction.atomic
def close_hall(*, hall_id: int, closed_by_id: int, as_of: datetime) -> bool:
    """Close a hall: its code is read no more; of an announced one, all that was ticked there has been delivered.

    False: somebody else closed it before.
    """
    hall = Hall.objects.select_related("occasion__rule", "node").get(pk=hall_id)
    closed = Hall.objects.filter(pk=hall_id, closed_at=None).update(closed_at=as_of, closed_by_id=closed_by_id)
    if closed and hall.is_offline:
        _judge_those_of(hall, hall.occasion, as_of)
    return bool(closed)


def _judge_those_of(hall: Hall, occasion: Occasion, as_of: datetime) -> None:
    """Let those be judged again for whom it makes a difference that a hall is awaited; raises UnableToRecord."""
    there = RosterEntry.objects.filter(occasion_id=occasion.pk, node__path__startswith=hall.node.path)
    members = list(there.order_by("member_id").values_list("member_id", flat=True)[: MOST_AWAITED + 1])
    if len(members) > MOST_AWAITED:
        raise UnableToRecord(_("这个组织人数较多，请到支部一级说明哪个集中收看点还没有上交。"))
    mark_dirty(occasion_id=occasion.pk, member_ids=members, as_of=as_of)
    settle_again(occasion, members, as_of)


@transaction.atomic
def check_in(*, hall_id: int, member_id: int, as_of: datetime) -> bool:
    """Note that somebody scanned the code of a hall; False: they had before. Raises UnableToCheckIn.

    It counts for nothing by itself. It stands beside their name for whoever answers for the hall, whose tick begins at
    the scan; until then nobody calls them missing.
    """
    hall = Hall.objects.select_related("occasion__rule").get(pk=hall_id)
    occasion = hall.occasion
    state = hold([occasion.pk])[0].state
    if hall.closed_at is not None or hall.is_offline or state != Occasion.State.OPEN:
        raise UnableToCheckIn(_("这里的签到已经结束。您在场的话，请现场负责人登记，一样算数。"))
    if member_id not in on_roster(occasion_id=occasion.pk, member_ids=[member_id]):
        raise UnableToCheckIn(_("您不在这一场的应到名单里。请现场负责人把您写在“来宾”里，由您所在支部的书记核对。"))
    enter_at_once(member_ids=[member_id], occasion_ids=[occasion.pk])
    # In line with others who write about them; of two taps at once the second finds the first.
    rows = RosterEntry.objects.select_for_update().filter(occasion_id=occasion.pk, member_id=member_id)
    list(rows.values_list("pk"))
    scan = {"member_id": member_id, "kind": Evidence.Kind.CHECK_IN, "client_id": f"hall-{hall.pk}"}
    if Evidence.objects.filter(**scan).exists():
        return False
    Evidence.objects.create(
        occasion=occasion, category="qr", started_at=as_of, recorded_at=as_of, recorded_by_id=None, **scan
    )
    mark_dirty(occasion_id=occasion.pk, member_ids=[member_id], as_of=as_of)
    return True


@transaction.atomic
def write_guest(
    *,
    occasion_id: int,
    node_id: int,
    name: str,
    unit: str,
    last4: str,
    started_at: datetime,
    ended_at: datetime,
    client_id: str,
    recorded_by_id: int,
    as_of: datetime,
) -> Guest:
    """Write down somebody who came and is on nobody's list here. It counts nowhere. Raises UnableToRecord.

    ``client_id``: what comes again under it from the same person is the same guest.
    """
    occasion = noted_at(occasion_id)
    start, end = hall_span(occasion, started_at, ended_at, as_of)
    name, unit = " ".join(name.split()), " ".join(unit.split())
    if not name or len(name) > 60:
        raise UnableToRecord(_("请写来宾的姓名。"), "name")
    if last4 and not (len(last4) == 4 and last4.isascii() and last4.isdigit()):
        raise UnableToRecord(_("手机尾号是 4 位数字，也可以不写。"), "last4")
    if not unit and not last4:
        raise UnableToRecord(_("请写来宾的单位，或者手机尾号，以后才能核对是谁。"), "unit")
    values = {
        "occasion_id": occasion_id, "node_id": node_id, "name": _text(name, 60), "unit": _text(unit, 60),
        "last4": last4, "started_at": start, "ended_at": end, "recorded_at": as_of,
    }  # fmt: skip
    guest, _is_new = Guest.objects.get_or_create(
        recorded_by_id=recorded_by_id, client_id=_text(client_id, 64), defaults=values
    )
    return guest


@transaction.atomic
def find_guest(*, guest_id: int, member_id: int, found_by_id: int, as_of: datetime) -> None:
    """Say which member a guest is: they get a tick of their own for the guest's time, by whoever says so.

    Once: a guest is one person. Nothing is moved; the guest's line stays beside it. Raises UnableToRecord.
    """
    guest = Guest.objects.select_for_update().get(pk=guest_id)
    if guest.settled_at is not None:
        raise UnableToRecord(_("这位来宾已经核对过了。"))
    record_hall(
        occasion_id=guest.occasion_id, member_ids=[member_id], started_at=guest.started_at, ended_at=guest.ended_at,
        recorded_by_id=found_by_id, as_of=as_of, category="guest", client_id=guest.mark,
    )  # fmt: skip
    Guest.objects.filter(pk=guest_id).update(member_id=member_id, settled_by_id=found_by_id, settled_at=as_of)


def cross_out_guest(*, guest_id: int, by_id: int, as_of: datetime) -> bool:
    """Cross out a guest who was written down by mistake; False: they were found or crossed out before."""
    waiting = Guest.objects.filter(pk=guest_id, settled_at=None)
    return bool(waiting.update(settled_by_id=by_id, settled_at=as_of))


def _text(text: str, most: int) -> str:
    if not text:
        return ""
    try:
        return checked(" ".join(text.split()), most, _Unfit)
    except _Unfit as error:
        raise UnableToRecord(_("写得太长，或有不能保存的字符，请改短一些。")) from error
