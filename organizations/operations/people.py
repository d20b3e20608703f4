"""Verbs about persons and their dated memberships."""

import datetime as dt
from typing import Any

from django.conf import settings
from django.db import IntegrityError, transaction
from django.utils import timezone

from organizations.core import phones
from organizations.models import Exemption, Membership, User


class UnableToCreateMember(Exception):
    """The phone number or the member number is somebody else's already, or unreadable."""


class UnableToSetPhone(Exception):
    """The number is somebody else's already, or unreadable."""


class UnableToMoveMember(Exception):
    """The membership cannot be changed on that day: it would end before it began, or there is one or none."""


def phone_fields(phone: str) -> dict[str, Any]:
    """The columns of a normalised number; of no number when empty."""
    if not phone:
        return {"phone_cipher": None, "phone_index": None, "phone_last4": "", "phone_verified": False}
    return {
        "phone_cipher": phones.encrypt(settings.PHONE_KEY, phone),
        "phone_index": phones.blind_index(settings.PHONE_KEY, phone),
        "phone_last4": phones.last4(phone),
        "phone_verified": False,
    }


@transaction.atomic
def create_member(
    *,
    name: str,
    phone: str = "",
    number: str | None = None,
    node_id: int | None = None,
    as_of: dt.datetime,
    password: str | None = None,
) -> User:
    """Create a person, belonging to the node from the day of ``as_of`` on; without a password they sign in by code.

    Raises UnableToCreateMember.
    """
    try:
        fields = phone_fields(phones.normalise(phone) if phone else "")
        with transaction.atomic():
            user: User = User.objects.create_user(name=name, number=number or None, password=password, **fields)
    except (phones.UnableToReadPhone, IntegrityError) as error:
        raise UnableToCreateMember("phone or number unreadable or taken") from error
    if node_id is not None:
        join_node(member_id=user.pk, node_id=node_id, on_date=timezone.localdate(as_of))
    return user


@transaction.atomic
def set_phone(*, member_id: int, phone: str, verified: bool = False) -> None:
    """Give the person this number, or none when empty. Raises UnableToSetPhone."""
    try:
        fields = phone_fields(phones.normalise(phone) if phone else "")
        with transaction.atomic():
            User.objects.filter(pk=member_id).update(**{**fields, "phone_verified": verified and bool(phone)})
    except (phones.UnableToReadPhone, IntegrityError) as error:
        raise UnableToSetPhone("unreadable or taken") from error


@transaction.atomic
def join_node(*, member_id: int, node_id: int, on_date: dt.date) -> Membership:
    """Open the person's membership at the node from that day on. Raises UnableToMoveMember if one is open."""
    if Membership.objects.filter(member_id=member_id, active_to_date=None).exists():
        raise UnableToMoveMember("belongs somewhere already")
    return Membership.objects.create(member_id=member_id, node_id=node_id, active_from_date=on_date)


@transaction.atomic
def leave_node(*, member_id: int, on_date: dt.date) -> None:
    """Close the open membership: from ``on_date`` on the person belongs nowhere. Raises UnableToMoveMember."""
    open_one = Membership.objects.select_for_update().filter(member_id=member_id, active_to_date=None).first()
    if open_one is None or open_one.active_from_date > on_date:
        raise UnableToMoveMember("no membership that began by then")
    open_one.active_to_date = on_date
    open_one.save(update_fields=["active_to_date"])


@transaction.atomic
def move_member(*, member_id: int, node_id: int, on_date: dt.date) -> Membership:
    """Close the open membership on that day and open one at the node; nothing happens if it is there already.

    Raises UnableToMoveMember.
    """
    there = Membership.objects.filter(member_id=member_id, node_id=node_id, active_to_date=None).first()
    if there is not None:
        return there
    leave_node(member_id=member_id, on_date=on_date)
    return join_node(member_id=member_id, node_id=node_id, on_date=on_date)


@transaction.atomic
def exempt_member(
    *, member_id: int, from_date: dt.date, to_date: dt.date | None = None, category: str = "roster"
) -> Exemption:
    """The person is not expected over ``[from_date, to_date)``; an open exemption stays as it is."""
    open_one = Exemption.objects.filter(member_id=member_id, active_to_date=None).first()
    if open_one is not None and to_date is None:
        return open_one
    return Exemption.objects.create(
        member_id=member_id, active_from_date=from_date, active_to_date=to_date, category=category
    )


@transaction.atomic
def end_exemption(*, member_id: int, on_date: dt.date) -> None:
    """From that day on the person is expected again; nothing happens without an open exemption."""
    for exemption in Exemption.objects.select_for_update().filter(member_id=member_id, active_to_date=None):
        exemption.active_to_date = max(on_date, exemption.active_from_date)
        exemption.save(update_fields=["active_to_date"])
