"""The second step of signing in as it is set up, ended and taken away (ADR 94): each a row that its person reads.

``allauth.mfa`` keeps them; it is asked for by name, for the media agent runs without it.
"""

import datetime as dt
from functools import partial
from typing import Any

import structlog
from auditlog.models import LogEntry
from django.apps import apps
from django.db import transaction
from django.db.models import QuerySet
from django.utils.translation import gettext as _

from organizations.events import announce_factors, factors_set, factors_taken
from organizations.models import AccessEntry, User
from organizations.operations.sessions import end_sessions
from organizations.queries import STEPS

log = structlog.get_logger(__name__)
SET, ENDED, TAKEN, CODES = "factor_set", "factor_ended", "factors_taken", "factor_codes"


class UnableToEndFactor(Exception):
    """It is not there any more, or it is the last one of somebody whose role asks for one."""


def factors_of(*, user_id: int) -> QuerySet[Any]:
    """Return the person's authenticator and passkeys, the oldest first; not the recovery codes."""
    return _rows().filter(user_id=user_id, type__in=STEPS).order_by("created_at", "pk")


def note_factor(*, member: User, as_of: dt.datetime, first_in: str | None) -> None:
    """Write down that the person has set up a second step; call it in the transaction that does.

    ``first_in``: the session in which it is their first, None where it is not. Whoever is signed in elsewhere may be
    whom it is to keep out, and is; and whoever it was set up for by somebody else is told, for they are kept out, too.
    """
    _write_down(member, SET, actor_id=member.pk, as_of=as_of)
    if first_in is not None:
        end_sessions(user_id=member.pk, as_of=as_of, but=first_in)
        announce_factors(factors_set, member.pk)


def note_codes(*, member: User, as_of: dt.datetime) -> None:
    """Write down that the person has new recovery codes; call it in the transaction that makes them."""
    _write_down(member, CODES, actor_id=member.pk, as_of=as_of)


@transaction.atomic
def end_factor(*, member_id: int, factor_id: int, as_of: dt.datetime, is_needed: bool) -> None:
    """End one of one's own; with the last one the recovery codes go. ``is_needed``: then the last one stays.

    Raises UnableToEndFactor.
    """
    member = User.objects.select_for_update(no_key=True).get(pk=member_id)
    found = list(factors_of(user_id=member_id))
    if not any(one.pk == factor_id for one in found):
        raise UnableToEndFactor(_("它已经不在了。"))
    if len(found) == 1 and is_needed:
        raise UnableToEndFactor(_("您的职责需要登录验证，至少要留一种。请先添加另一种，再移除这一种。"))
    going = _rows().filter(user_id=member_id)
    (going if len(found) == 1 else going.filter(pk=factor_id)).delete()
    _write_down(member, ENDED, actor_id=member_id, as_of=as_of)


@transaction.atomic
def take_factors(*, member_id: int, as_of: dt.datetime, actor_id: int | None = None) -> bool:
    """Take everything from somebody who has lost it, and end their sessions, one of which may be on what they lost.

    ``actor_id``: the operator; none: a command. Whether the operator may is the caller's question (``within_reach``).
    False: there was nothing.
    """
    member = User.objects.select_for_update(no_key=True).get(pk=member_id)
    if not _rows().filter(user_id=member_id).delete()[0]:
        return False
    end_sessions(user_id=member_id, as_of=as_of)
    by_command = "" if actor_id else _("由服务器上的命令移除")
    _write_down(member, TAKEN, actor_id=actor_id, as_of=as_of, reason=by_command)
    announce_factors(factors_taken, member_id)
    return True


def _rows() -> QuerySet[Any]:
    found: QuerySet[Any] = apps.get_model("mfa", "Authenticator")._default_manager.all()  # noqa: SLF001 - documented
    return found


def _write_down(member: User, what: str, *, actor_id: int | None, as_of: dt.datetime, reason: str = "") -> None:
    """One row for the person and the auditor, one among what was done to the person's account."""
    AccessEntry.objects.create(reader_id=actor_id, subject=member, what=what, reason=reason, at=as_of)
    LogEntry.objects.log_create(member, action=LogEntry.Action.UPDATE, changes={what: ["…", "…"]})
    transaction.on_commit(partial(log.info, what, member_id=member.pk, actor_id=actor_id))
