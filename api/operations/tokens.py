"""Keys of other programs: made, used, ended. A key is shown once; what is stored opens nothing."""

import datetime as dt
import secrets
from collections.abc import Collection

import structlog
from django.db import transaction
from django.utils.translation import gettext as _

from api.models import Scope, Token
from api.permissions import may_give, may_still
from api.queries.tokens import alive_tokens, hash_of
from organizations.models import Node, User

log = structlog.get_logger(__name__)
PREFIX = "ftc_"
SHOWN = 8  # characters by which keys are told apart on a page
USUAL_DAYS, LONGEST_DAYS = 90, 365
MOST_ALIVE = 20  # of one person
USED_WITHIN = dt.timedelta(hours=1)
A_TURN = 1000


class UnableToMakeToken(Exception):
    """Nothing was chosen, it is not the person's to give, it would live for too long, or there are too many."""


@transaction.atomic
def make_token(
    *, maker: User, name: str, node: Node, scopes: Collection[str], days: int, as_of: dt.datetime
) -> tuple[Token, str]:
    """Make a token of ``node`` and all below it, and return it with its key, which nobody can read again.

    Raises UnableToMakeToken.
    """
    asked = [scope for scope in Scope.values if scope in scopes]
    if not asked:
        raise UnableToMakeToken(_("请至少选一项可以读取的内容。"))
    if refused := [scope for scope in asked if not may_give(maker, scope, node)]:
        named = _("、").join(str(Scope(scope).label) for scope in refused)
        raise UnableToMakeToken(_("您在这个组织不能读取：%(named)s。请去掉它，或者另选组织。") % {"named": named})
    if not 1 <= days <= LONGEST_DAYS:
        raise UnableToMakeToken(_("有效期要在 1 到 %(most)s 天之间。") % {"most": LONGEST_DAYS})
    User.objects.select_for_update(no_key=True).get(pk=maker.pk)  # two at once count each other
    if alive_tokens(as_of=as_of).filter(made_by=maker).count() >= MOST_ALIVE:
        raise UnableToMakeToken(_("您已经有 %(most)s 个有效的密钥。请先停用不再用的。") % {"most": MOST_ALIVE})
    key = PREFIX + secrets.token_urlsafe(32)
    token = Token.objects.create(
        name=name, node=node, scopes=asked, key_hash=hash_of(key), key_start=key[: len(PREFIX) + SHOWN],
        made_by=maker, made_at=as_of, expires_at=as_of + dt.timedelta(days=days),
    )  # fmt: skip
    log.info("api_token_made", token_id=token.pk, node_id=node.pk, actor_id=maker.pk, scopes=asked, days=days)
    return token, key


def end_token(*, token_id: int, actor_id: int, as_of: dt.datetime) -> bool:
    """End a token at once; False where it had ended before."""
    alive = Token.objects.filter(pk=token_id, ended_at=None)
    if not alive.update(ended_at=as_of, ended_by_id=actor_id, ended_because=Token.Ended.WITHDRAWN):
        return False
    log.info("api_token_ended", token_id=token_id, actor_id=actor_id)
    return True


def end_lost_tokens(*, as_of: dt.datetime, token_id: int | None = None) -> int:
    """End the tokens whose maker no longer reads what they open, for good: a role given again brings none back.

    Asked at each use of one (``token_id``), and of all every hour.
    """
    found = alive_tokens(as_of=as_of).prefetch_related("made_by", "node").order_by("expires_at", "pk")
    if token_id is not None:
        found = found.filter(pk=token_id)
    makers: dict[int, User] = {}  # one question a person, however many tokens they have
    lost = [
        token.pk
        for token in found[:A_TURN]
        if not may_still(makers.setdefault(token.made_by_id, token.made_by), token.scopes, token.node)
    ]
    if not lost:
        return 0
    ended = Token.objects.filter(pk__in=lost, ended_at=None).update(ended_at=as_of, ended_because=Token.Ended.RIGHT)
    log.info("api_tokens_lost", token_ids=lost)
    return ended


def note_use(*, token: Token, as_of: dt.datetime) -> None:
    """Write down that a token was used, to the hour: at most one write an hour."""
    if token.used_at is None or as_of - token.used_at >= USED_WITHIN:
        Token.objects.filter(pk=token.pk).update(used_at=as_of)
