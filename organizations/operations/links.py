"""Links that let one person in once: for the first operator, and for people whom no text message reaches."""

import datetime as dt
import secrets

import structlog
from auditlog.models import LogEntry
from django.conf import settings
from django.db import transaction
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _

from organizations.models import AccessEntry, SignInLink, User
from organizations.queries import has_left, link_basis, link_hash, open_link

log = structlog.get_logger(__name__)
LIVES = dt.timedelta(minutes=15)
KEPT = dt.timedelta(days=1)
PRUNE_AT_MOST = 1_000
WINDOW = dt.timedelta(hours=1)
MOST_FOR_ONE = 5
MOST_BY_ONE = 60
MADE, USED = "sign_in_link", "sign_in_link_used"


class UnableToMakeLink(Exception):
    """The person has left, or too many links were made of late."""


class UnableToUseLink(Exception):
    """The link was used, ran out, was replaced, or what it rests on has changed."""


@transaction.atomic
def make_link(*, member_id: int, as_of: dt.datetime, actor_id: int | None = None) -> str:
    """Return a fresh link on SITE_URL; an earlier one of the person ends. ``actor_id``: the operator; none: a command.

    Whether the operator may is the caller's question (``within_reach``). Written into the access log, where the person
    reads it too. Raises UnableToMakeLink.
    """
    member = User.objects.select_for_update(no_key=True).get(pk=member_id)
    if has_left(member, on_date=timezone.localdate(as_of)):
        raise UnableToMakeLink(_("这个人已经离开，不能再登录。要让其登录，请先办理恢复。"))
    links = SignInLink.objects.filter(member_id=member_id)
    _check_not_too_many(member_id=member_id, actor_id=actor_id, as_of=as_of)
    links.filter(used_at=None, ended_at=None).update(ended_at=as_of)
    token = secrets.token_urlsafe(32)
    SignInLink.objects.create(
        member_id=member_id,
        made_by_id=actor_id,
        token_hash=link_hash(token),
        standing=link_basis(member),
        made_at=as_of,
        expires_at=as_of + LIVES,
    )
    by_command = "" if actor_id else _("由服务器上的命令生成")
    _write_down(member, reader_id=actor_id, what=MADE, as_of=as_of, reason=by_command)
    log.info("sign_in_link_made", member_id=member_id, actor_id=actor_id)
    return str(settings.SITE_URL) + reverse("sign_in_link", args=[token])


@transaction.atomic
def use_link(*, token: str, as_of: dt.datetime) -> User:
    """Use the link up and return whom it lets in. Of two that come together one gets in. Raises UnableToUseLink."""
    found = open_link(token, as_of=as_of)
    if found is None:
        raise UnableToUseLink(_("这条登录链接不能用了。"))
    # The person first, as make_link and every change of number or membership do: then nothing can change any more.
    member = User.objects.select_for_update(no_key=True).get(pk=found.member_id)
    link = open_link(token, as_of=as_of)
    unused = SignInLink.objects.filter(pk=found.pk, used_at=None, ended_at=None)
    if link is None or unused.update(used_at=as_of) != 1:
        raise UnableToUseLink(_("这条登录链接不能用了。"))
    _write_down(member, reader_id=member.pk, what=USED, as_of=as_of)
    log.info("sign_in_link_used", member_id=member.pk, actor_id=link.made_by_id)
    return member


def prune_links(*, as_of: dt.datetime) -> int:
    """Delete the links of more than a day ago, which open nothing; at most ``PRUNE_AT_MOST`` a call."""
    # By their numbers, which grow with time: no index by time is kept for it.
    first = SignInLink.objects.order_by("pk").values_list("pk", "made_at")[:PRUNE_AT_MOST]
    over = [key for key, made_at in first if made_at < as_of - KEPT]
    return SignInLink.objects.filter(pk__in=over).delete()[0] if over else 0


def _check_not_too_many(*, member_id: int, actor_id: int | None, as_of: dt.datetime) -> None:
    lately = SignInLink.objects.filter(made_at__gt=as_of - WINDOW)
    by_one = actor_id is not None and lately.filter(made_by_id=actor_id).count() >= MOST_BY_ONE
    if by_one or lately.filter(member_id=member_id).count() >= MOST_FOR_ONE:
        raise UnableToMakeLink(_("一小时内生成的登录链接太多了。请过一会儿再试。"))


def _write_down(member: User, *, reader_id: int | None, what: str, as_of: dt.datetime, reason: str = "") -> None:
    """One row for the person and the auditor, one among what was done to the person's account."""
    AccessEntry.objects.create(reader_id=reader_id, subject=member, what=what, reason=reason, at=as_of)
    LogEntry.objects.log_create(member, action=LogEntry.Action.UPDATE, changes={what: ["…", "…"]})
