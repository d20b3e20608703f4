"""Verbs about persons and their dated memberships."""

import datetime as dt
from typing import Any

import structlog
from django.conf import settings
from django.db import IntegrityError, transaction
from django.db.models import F
from django.utils import timezone
from django.utils.translation import gettext as _

from organizations import events
from organizations.core import phones
from organizations.core.roster import MAX_NAME, MAX_NUMBER, holds_id_number, number_key, text_of
from organizations.departing import is_taken_out
from organizations.models import Left, Membership, Node, Role, User
from organizations.operations.departures import note_back, note_left
from organizations.operations.exemptions import end_exemption, lock_member
from organizations.operations.roles import end_roles, revoke_role
from organizations.permissions import out_of_reach
from organizations.queries import holders_of_numbers, leaving_due

log = structlog.get_logger(__name__)


class UnableToCreateMember(Exception):
    """The phone number or the member number is somebody else's already, or unreadable."""


class UnableToChangeMember(Exception):
    """The name or the number is no name or number, or is somebody else's."""


class UnableToSetPhone(Exception):
    """The number is somebody else's already, or unreadable."""


class UnableToMoveMember(Exception):
    """The membership cannot be changed on that day: it would end before it began, or there is one or none."""


class UnableToEndMembership(Exception):
    """The person belongs nowhere, would leave before they came, or is the one who asks."""


class UnableToTakeBack(Exception):
    """The person has not left, would be back before they left, or the number is somebody else's."""


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
    lock_member(member_id)
    if is_taken_out(member_id):
        raise UnableToSetPhone(taken_out_said())
    try:
        fields = phone_fields(phones.normalise(phone) if phone else "")
        with transaction.atomic():
            User.objects.filter(pk=member_id).update(**{**fields, "phone_verified": verified and bool(phone)})
    except (phones.UnableToReadPhone, IntegrityError) as error:
        raise UnableToSetPhone(
            _("手机号写法不对，请填写 11 位手机号，例如 13800000001。")
            if isinstance(error, phones.UnableToReadPhone)
            else _("这个手机号已是另一个人的。请先在那个人的页面上改号或办理离开。")
        ) from error


@transaction.atomic
def rename_member(*, member_id: int, name: str) -> None:
    """The same person under another name (改名); everything of theirs stays. Raises UnableToChangeMember."""
    tidy = text_of(name)
    if not tidy or len(tidy) > MAX_NAME:
        raise UnableToChangeMember(_("请填写姓名，最多 %(most)s 个字。") % {"most": MAX_NAME})
    if holds_id_number(tidy):
        raise UnableToChangeMember(_("请不要填写身份证号。"))
    person = _kept(member_id)
    person.name = tidy
    person.save(update_fields=["name", "name_key"])


def _kept(member_id: int) -> User:
    """Return the person, whose row is held. Raises UnableToChangeMember for one who was taken out."""
    person = User.objects.select_for_update(no_key=True).get(pk=member_id)
    if is_taken_out(member_id):
        raise UnableToChangeMember(taken_out_said())
    return person


def taken_out_said() -> str:
    return _("这个人的个人信息已按规定清除，不能再改。重新来的，请作为新的人员登记。")


@transaction.atomic
def set_display_of(*, user_id: int, language: str | None = None, elder_mode: bool | None = None) -> None:
    """Remember in which language and size somebody reads, on whatever phone; None leaves it as it is."""
    asked = {"language": language, "elder_mode": elder_mode}
    if changes := {name: value for name, value in asked.items() if value is not None}:
        User.objects.filter(pk=user_id).update(**changes)


@transaction.atomic
def set_number(*, member_id: int, number: str, actor_id: int | None = None) -> None:
    """Give the person this 编号, or none when empty. Raises UnableToChangeMember.

    Compared as a roster does: whoever has 7 has 007. ``actor_id``: who is told whose it is, if within their reach.
    """
    tidy = text_of(number)
    if len(tidy) > MAX_NUMBER:
        raise UnableToChangeMember(_("编号太长，最多 %(most)s 个字。") % {"most": MAX_NUMBER})
    if holds_id_number(tidy):
        raise UnableToChangeMember(_("请不要填写身份证号。"))
    # Held as an import holds them: no constraint sees that 7 and 007 are one number, so numbers are given in turn.
    list(Node.objects.select_for_update(no_key=True).filter(depth=1).values_list("pk"))
    holders = holders_of_numbers([number_key(tidy)]).exclude(pk=member_id) if tidy else ()
    for holder in holders:
        raise UnableToChangeMember(_number_taken(holder, actor_id))
    person = _kept(member_id)
    person.number = tidy or None
    try:
        with transaction.atomic():
            person.save(update_fields=["number"])
    except IntegrityError as error:
        raise UnableToChangeMember(_("这个编号已是另一个人的，请核对。")) from error


def _number_taken(holder: User, actor_id: int | None) -> str:
    actor = User.objects.filter(pk=actor_id).first()
    if actor is None or out_of_reach(operator=actor, person_ids=[holder.pk]):
        return _("这个编号已是另一个人的，请核对。")
    last = _last_membership(holder.pk)
    values = {"name": holder.name, "unit": last.node.name if last else "", "number": holder.number}
    return _("这个编号已是“%(unit)s”的%(name)s的（%(number)s）。请核对，或先改那个人的编号。") % values


@transaction.atomic
def transfer_member(*, member_id: int, node_id: int, on_date: dt.date) -> Membership:
    """``move_member`` as an operator means it: nobody stays secretary of the unit they leave. Raises as it does."""
    before = _last_membership(member_id)
    moved = move_member(member_id=member_id, node_id=node_id, on_date=on_date)
    if before is not None and before.pk != moved.pk:
        revoke_role(user_id=member_id, node_id=before.node_id, role=Role.SECRETARY, on_date=on_date)
    return moved


@transaction.atomic
def join_node(*, member_id: int, node_id: int, on_date: dt.date) -> Membership:
    """Open the person's membership at the node from that day on.

    Raises UnableToMoveMember if they belong somewhere on that day or later, or if the unit is closed by then.
    """
    lock_member(member_id)
    if is_taken_out(member_id):
        raise UnableToMoveMember(taken_out_said())
    last = _last_membership(member_id)
    if last is not None and last.active_to_date is None:
        raise UnableToMoveMember(_("这个人现在属于“%(unit)s”，请先办理转移或离开。") % {"unit": last.node})
    if last is not None and last.active_to_date is not None and last.active_to_date > on_date:
        raise UnableToMoveMember(
            _("这个人到 %(day)s 还属于“%(unit)s”，日期不能早于这一天。")
            % {"day": last.active_to_date, "unit": last.node}
        )
    _check_open(node_id, on_date)
    return Membership.objects.create(member_id=member_id, node_id=node_id, active_from_date=on_date)


@transaction.atomic
def leave_node(*, member_id: int, on_date: dt.date) -> None:
    """Close the open membership: from ``on_date`` on the person belongs nowhere. Raises UnableToMoveMember.

    A step of moving; whoever leaves the organisation: ``end_membership``.
    """
    lock_member(member_id)
    open_one = _last_membership(member_id)
    if open_one is None or open_one.active_to_date is not None:
        raise UnableToMoveMember(_("这个人现在不属于任何组织。"))
    if open_one.active_from_date > on_date:
        raise UnableToMoveMember(
            _("这个人 %(day)s 才加入“%(unit)s”，日期不能早于这一天。")
            % {"day": open_one.active_from_date, "unit": open_one.node}
        )
    open_one.active_to_date = on_date
    open_one.save(update_fields=["active_to_date"])


@transaction.atomic
def move_member(*, member_id: int, node_id: int, on_date: dt.date) -> Membership:
    """Close the open membership on that day and open one at the node; nothing happens if it is there already.

    Raises UnableToMoveMember.
    """
    lock_member(member_id)
    there = Membership.objects.filter(member_id=member_id, node_id=node_id, active_to_date=None).first()
    if there is not None:
        return there
    leave_node(member_id=member_id, on_date=on_date)
    return join_node(member_id=member_id, node_id=node_id, on_date=on_date)


@transaction.atomic
def end_membership(
    *, member_id: int, because: Left, on_date: dt.date, as_of: dt.datetime, actor_id: int | None = None
) -> None:
    """The person leaves the organisation: from ``on_date`` on they are expected nowhere and hold no role.

    Up to today: their phone number is free for somebody else at once, they are signed out everywhere and their
    password is void. A later day: all that happens when it comes (``finish_leaving``), until then nothing changes for
    them. What they did stays. ``actor_id``: who does it, never the person. Raises UnableToEndMembership.
    """
    if actor_id == member_id:
        raise UnableToEndMembership(_("不能办理自己的离开，请找另一位管理员。"))
    lock_member(member_id)
    last = _last_membership(member_id)
    today = timezone.localdate(as_of)
    if last is None or (last.active_to_date is not None and last.active_to_date <= today):
        raise UnableToEndMembership(_("这个人已经不属于任何组织。"))
    if last.active_from_date > on_date:
        raise UnableToEndMembership(
            _("离开日期不能早于加入“%(unit)s”的日期 %(day)s。") % {"unit": last.node, "day": last.active_from_date}
        )
    last.active_to_date, last.left_because = on_date, Left(because).value
    last.save(update_fields=["active_to_date", "left_because"])
    end_exemption(member_id=member_id, on_date=on_date)
    end_roles(user_id=member_id, on_date=on_date)
    if on_date <= today:
        _sign_off(member_id, on_date)


@transaction.atomic
def take_back(
    *,
    member_id: int,
    node_id: int,
    on_date: dt.date,
    phone: str = "",
    as_of: dt.datetime,
    actor_id: int | None = None,
) -> Membership:
    """The same person, who left, belongs to the node from ``on_date`` on, with all they did before.

    They sign in by ``phone`` (a number that is still theirs stays when it is empty). Roles do not come back. Back in
    the same unit on the very day of leaving: that leaving is undone. ``as_of`` and ``actor_id`` as in
    ``end_membership``. Raises UnableToTakeBack.
    """
    lock_member(member_id)
    last = _last_membership(member_id)
    if last is None or last.active_to_date is None or not last.left_because:
        raise UnableToTakeBack(_("这个人没有离开，不用恢复。"))
    if is_taken_out(member_id):
        raise UnableToTakeBack(taken_out_said())
    left_date = last.active_to_date
    try:
        if last.node_id == node_id and left_date == on_date:
            _check_open(node_id, on_date)
            last.active_to_date, last.left_because = None, ""
            last.save(update_fields=["active_to_date", "left_because"])
            membership = last
        else:
            membership = join_node(member_id=member_id, node_id=node_id, on_date=on_date)
        if phone:
            set_phone(member_id=member_id, phone=phone)
    except (UnableToMoveMember, UnableToSetPhone) as error:
        raise UnableToTakeBack(str(error)) from error
    person = User.objects.get(pk=member_id)
    person.is_active = True
    person.save(update_fields=["is_active"])
    note_back([member_id])
    log.info("member_returned", member_id=member_id, actor_id=actor_id, at=as_of.isoformat())
    events.announce(events.member_returned, member_id=member_id, on_date=on_date, left_date=left_date)
    return membership


def finish_leaving(*, as_of: dt.datetime) -> int:
    """Sign off whoever was to leave by today (``end_membership`` with a later day); returns how many. Repeatable."""
    today = timezone.localdate(as_of)
    due = list(leaving_due(on_date=today).values_list("member_id", flat=True))
    return sum(_finish_one(member_id, today) for member_id in due)


@transaction.atomic
def _finish_one(member_id: int, today: dt.date) -> bool:
    lock_member(member_id)
    # Asked again under the lock: they may have come back since the list was read.
    membership = leaving_due(on_date=today).filter(member_id=member_id).first()
    if membership is None or membership.active_to_date is None:
        return False
    _sign_off(member_id, membership.active_to_date)
    return True


def _last_membership(member_id: int) -> Membership | None:
    rows = Membership.objects.filter(member_id=member_id).select_related("node")
    return rows.order_by(F("active_to_date").desc(nulls_first=True), "-active_from_date", "-pk").first()


def _check_open(node_id: int, on_date: dt.date) -> None:
    node = Node.objects.select_for_update(no_key=True).get(pk=node_id)
    if node.closed_date is not None:
        raise UnableToMoveMember(_("“%(unit)s”已撤销，请选别的组织。") % {"unit": node})


def _sign_off(member_id: int, on_date: dt.date) -> None:
    """Free the number, void password and sessions; the person's row stays for what they did."""
    person = User.objects.get(pk=member_id)
    person.set_unusable_password()  # a new one: every session's hash is wrong from now on, also after coming back
    person.is_active = False
    freed = phone_fields("")
    for name, value in freed.items():
        setattr(person, name, value)
    person.save(update_fields=["password", "is_active", *freed])
    note_left({member_id: on_date})
    log.info("member_left", member_id=member_id, on_date=on_date.isoformat())
    events.announce(events.member_left, member_id=member_id, on_date=on_date)
