"""Accounts that people have elsewhere: whose one is, by a number that is vouched for or by hand, and its end (ADR 85).

Nobody is ever made here: an account is of a person of the roster, or of nobody.
"""

import datetime as dt
from enum import StrEnum
from functools import partial

import structlog
from auditlog.models import LogEntry
from django.db import IntegrityError, transaction
from django.db.models import QuerySet
from django.utils import timezone
from django.utils.translation import gettext as _

from organizations.account_ways import account_way_name
from organizations.core.roster import holds_id_number
from organizations.events import account_bound, announce_factors
from organizations.models import AccessEntry, AccountLink, EndedAccount, Role, User
from organizations.queries import has_left, has_phone, roles_of, user_by_phone

log = structlog.get_logger(__name__)
LINKED, ENDED, ALLOWED = "account_linked", "account_ended", "account_allowed"
MAX_ID = 191
# Whose names differ in no way but in large and small letters: 企业微信 takes both for one.
CASELESS = {"wecom"}


class Refusal(StrEnum):
    """Why an account lets nobody in."""

    UNKNOWN = "unknown"
    LEFT = "left"
    OTHERS_PHONE = "others_phone"
    NUMBER_CHANGED = "number_changed"
    OTHER_ACCOUNT = "other_account"
    BY_HAND = "by_hand"
    ENDED = "ended"
    OTHERS = "others"
    SECOND = "second"
    BY_OPERATOR = "by_operator"
    AT_ONCE = "at_once"


class UnableToUseAccount(Exception):
    """The account lets nobody in; ``why`` says it in words of ``sentences.accounts``."""

    def __init__(self, why: Refusal) -> None:
        super().__init__(why.value)
        self.why = why


class UnableToLinkAccount(Exception):
    """The account cannot be this person's; the sentence says why."""


def person_of_account(*, provider: str, external_id: str, phone: str, as_of: dt.datetime, known_as: str = "") -> User:
    """Return whom an account lets in that its owner has just proved theirs. Raises UnableToUseAccount.

    ``phone``: the number (any form) that the provider vouches for, "" where it vouches for none or is not believed in
    it. An account that is nobody's becomes that of whoever has the number, unless they have another one there: then the
    number has moved on, here or there, and a person has to look. Nor does a number that is nobody's here open an
    account that an operator did not link on the person's page: its name may have gone to a new colleague. Whoever had
    one there that was ended (``EndedAccount``) is linked to none by their number. Nothing changes where it is refused.
    ``known_as``: what the provider called the same account before; one that was linked so has its new name from now on.
    """
    try:
        with transaction.atomic():
            _rename(provider, known_as, external_id)
            return _person_of(provider, _as_stored(provider, external_id), phone, as_of)
    except IntegrityError as error:  # two visits at once, for one account or one person
        raise UnableToUseAccount(Refusal.AT_ONCE) from error


def link_own_account(
    *, member_id: int, provider: str, external_id: str, as_of: dt.datetime, known_as: str = ""
) -> None:
    """Link an account that the person has just proved theirs to themselves, as they asked. Raises UnableToUseAccount.

    That they have just proved themselves here, too, is the caller's question (``factors.is_fresh``). What they ended
    themselves they may link again; what an operator ended an operator links. The same again is nothing new.
    """
    try:
        with transaction.atomic():
            _rename(provider, known_as, external_id)
            _link_own(member_id, provider, external_id, as_of)
    except IntegrityError as error:  # two visits at once, for one account or one person
        raise UnableToUseAccount(Refusal.AT_ONCE) from error


def _link_own(member_id: int, provider: str, external_id: str, as_of: dt.datetime) -> None:
    member = User.objects.select_for_update(no_key=True).get(pk=member_id)
    _check_stays(member, as_of)
    known = AccountLink.objects.filter(provider=provider, external_id=external_id).first()
    if known is not None and known.member_id == member_id:
        return
    if known is not None:
        raise UnableToUseAccount(Refusal.OTHERS)
    if AccountLink.objects.filter(member=member, provider=provider).exists():
        raise UnableToUseAccount(Refusal.SECOND)
    ended = EndedAccount.objects.filter(member=member, provider=provider)
    if any(not one.is_own for one in ended):
        raise UnableToUseAccount(Refusal.BY_OPERATOR)
    row = {"member": member, "provider": provider, "external_id": external_id}
    AccountLink.objects.create(**row, made_by_id=member_id, made_at=as_of)
    ended.delete()
    _write_down(member, LINKED, provider=provider, actor_id=member_id, as_of=as_of, reason=_("本人绑定"))
    announce_factors(account_bound, member_id)  # somebody else may hold their phone


def _rename(provider: str, known_as: str, external_id: str) -> None:
    """Give a linked account the name by which its provider tells it now, unless that is another linked one's."""
    if known_as and not AccountLink.objects.filter(provider=provider, external_id=external_id).exists():
        AccountLink.objects.filter(provider=provider, external_id=known_as).update(external_id=external_id)


def _as_stored(provider: str, external_id: str) -> str:
    return external_id.lower() if provider in CASELESS else external_id


def _person_of(provider: str, external_id: str, phone: str, as_of: dt.datetime) -> User:
    holder = user_by_phone(phone) if phone else None
    if holder is not None:
        # Before the link is looked up: of two visits the second sees what the first has written.
        holder = User.objects.select_for_update(no_key=True).get(pk=holder.pk)
        holder = holder if has_phone(holder, phone) else None
    link = AccountLink.objects.filter(provider=provider, external_id=external_id).select_related("member").first()
    if link is not None:
        if holder is not None and holder.pk != link.member_id:
            raise UnableToUseAccount(Refusal.OTHERS_PHONE)
        # A provider may give the name of an account to somebody new: what was linked by a number is theirs by it alone.
        if phone and holder is None and link.made_by_id is None and link.member.phone_index:
            raise UnableToUseAccount(Refusal.NUMBER_CHANGED)
        _check_stays(link.member, as_of)
        if not AccountLink.objects.filter(pk=link.pk).update(used_at=as_of):  # ended meanwhile
            raise UnableToUseAccount(Refusal.AT_ONCE)
        return link.member
    if holder is None:
        raise UnableToUseAccount(Refusal.UNKNOWN)
    _check_stays(holder, as_of)
    # Whoever keeps an organisation's list of numbers there could write this one's down as anybody's.
    if holder.is_superuser or Role.OPERATOR in roles_of(user=holder, on_date=timezone.localdate(as_of)):
        raise UnableToUseAccount(Refusal.BY_HAND)
    if AccountLink.objects.filter(member=holder, provider=provider).exists():
        raise UnableToUseAccount(Refusal.OTHER_ACCOUNT)
    if EndedAccount.objects.filter(member=holder, provider=provider).exists():
        raise UnableToUseAccount(Refusal.ENDED)
    row = {"member": holder, "provider": provider, "external_id": external_id}
    AccountLink.objects.create(**row, made_at=as_of, used_at=as_of)
    _write_down(holder, LINKED, provider=provider, actor_id=holder.pk, as_of=as_of, reason=_("按手机号认出"))
    return holder


def _check_stays(person: User, as_of: dt.datetime) -> None:
    if not person.is_active or has_left(person, on_date=timezone.localdate(as_of)):
        raise UnableToUseAccount(Refusal.LEFT)


def link_account(
    *, member_id: int, provider: str, external_id: str, as_of: dt.datetime, actor_id: int | None = None
) -> AccountLink:
    """Say whose account this is. ``actor_id``: the operator; none: a command. Raises UnableToLinkAccount.

    Whether the operator may is the caller's question (``within_reach``). The same again is no mistake and nothing new.
    """
    tidy = external_id.strip()
    if not tidy or len(tidy) > MAX_ID or not tidy.isprintable():
        raise UnableToLinkAccount(_("请填写账号的编号，最多 %(most)s 个字。") % {"most": MAX_ID})
    if holds_id_number(tidy):
        raise UnableToLinkAccount(_("请不要填写身份证号。"))
    try:
        with transaction.atomic():
            return _link(member_id, provider, _as_stored(provider, tidy), as_of, actor_id)
    except IntegrityError as error:
        raise UnableToLinkAccount(_("刚刚有人绑定了同一个账号，请再看一次。")) from error


def _link(member_id: int, provider: str, external_id: str, as_of: dt.datetime, actor_id: int | None) -> AccountLink:
    member = User.objects.select_for_update(no_key=True).get(pk=member_id)
    if has_left(member, on_date=timezone.localdate(as_of)):
        raise UnableToLinkAccount(_("这个人已经离开，不能再登录。要让其登录，请先办理恢复。"))
    known = AccountLink.objects.filter(provider=provider, external_id=external_id).first()
    if known is not None and known.member_id == member_id:
        return known
    if known is not None:
        raise UnableToLinkAccount(_("这个账号已经绑定给另一个人。请先在那个人的页面上解除。"))
    if AccountLink.objects.filter(member=member, provider=provider).exists():
        raise UnableToLinkAccount(_("这个人在这里已经绑定了一个账号。请先解除原来的。"))
    row = {"member": member, "provider": provider, "external_id": external_id}
    made = AccountLink.objects.create(**row, made_by_id=actor_id, made_at=as_of)
    EndedAccount.objects.filter(member=member, provider=provider).delete()
    by_command = "" if actor_id else _("由服务器上的命令绑定")
    _write_down(member, LINKED, provider=provider, actor_id=actor_id, as_of=as_of, reason=by_command)
    return made


@transaction.atomic
def end_account_link(*, link_id: int, member_id: int, as_of: dt.datetime, actor_id: int | None = None) -> str | None:
    """The account lets the person in no more, nor does another of that provider by their number alone; return the
    provider, or None where it was ended before. ``actor_id``: the person, or the operator; none: a command.
    """
    member = User.objects.select_for_update(no_key=True).get(pk=member_id)
    link = AccountLink.objects.filter(pk=link_id, member=member).first()
    if link is None:
        return None
    link.delete()
    ended = {"ended_by_id": actor_id, "ended_at": as_of}
    EndedAccount.objects.update_or_create(member=member, provider=link.provider, defaults=ended)
    _write_down(member, ENDED, provider=link.provider, actor_id=actor_id, as_of=as_of)
    return link.provider


@transaction.atomic
def allow_account(*, ended_id: int, member_id: int, as_of: dt.datetime) -> str | None:
    """Let the person's number link an account again that they ended themselves; return its provider, or None where it
    was allowed before, or where an operator ended it.
    """
    member = User.objects.select_for_update(no_key=True).get(pk=member_id)
    ended = ended_accounts_of(member).filter(pk=ended_id, ended_by=member).first()
    if ended is None:
        return None
    ended.delete()
    _write_down(member, ALLOWED, provider=ended.provider, actor_id=member_id, as_of=as_of)
    return ended.provider


def ended_accounts_of(member: User) -> QuerySet[EndedAccount]:
    """With which providers an account of the person's was ended, and none was linked since."""
    return EndedAccount.objects.filter(member=member).order_by("pk")


def _write_down(
    member: User, what: str, *, provider: str, actor_id: int | None, as_of: dt.datetime, reason: str = ""
) -> None:
    """One row for the person and the auditor, one among what was done to the person's account. Never the account."""
    title = account_way_name(provider)
    AccessEntry.objects.create(reader_id=actor_id, subject=member, what=what, title=title, reason=reason, at=as_of)
    LogEntry.objects.log_create(member, action=LogEntry.Action.UPDATE, changes={what: ["…", "…"]})
    # A file that is only tried, or has a wrong row, links nobody.
    transaction.on_commit(partial(log.info, what, member_id=member.pk, actor_id=actor_id, provider=provider))
