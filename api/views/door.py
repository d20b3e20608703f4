"""Who asks: the token of a request, whether it still opens anything, and how often it may ask."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from django.http import HttpRequest
from django.utils import timezone
from django.utils.translation import gettext as _
from ninja.security import HttpBearer

from api import operations as do
from api.models import Scope, Token
from api.permissions import may_still, role_for
from api.queries.reading import PersonRow, RecordRow, unit_below
from api.queries.tokens import token_of
from organizations.address import client_address
from organizations.core.limits import network_of
from organizations.limits import count, seconds_left
from organizations.models import Node, User
from organizations.operations import UnableToTry, log_list


class Refused(Exception):
    """The request gets an error instead of an answer (``api.answers.error``)."""

    def __init__(
        self, status: int, code: str, message: str, *, fields: Iterable[str] = (), headers: dict[str, str] | None = None
    ) -> None:
        super().__init__(code)
        self.status, self.code, self.message = status, code, message
        self.fields, self.headers = list(fields), headers or {}


def nothing_here() -> Refused:
    """What is not there and what lies outside the token's part of the tree are answered alike."""
    return Refused(404, "not_found", _("没有找到，或者不在这个密钥的范围内。"))


def bad(field: str, message: str) -> Refused:
    """A parameter cannot be used; the sentence names it and what to write."""
    return Refused(422, "invalid", message, fields=[field])


@dataclass(frozen=True)
class Caller:
    """A program: its token, and whose right it reads with."""

    token: Token
    scope: str

    @property
    def maker(self) -> User:
        return self.token.made_by

    @property
    def node(self) -> Node:
        return self.token.node

    def unit(self, unit_id: int | None) -> Node:
        """Return the unit that was asked for, of the token's own part of the tree. Raises Refused (404)."""
        node = unit_below(self.node, unit_id)
        if node is None:
            raise nothing_here()
        return node

    def log(self, node: Node, rows: Iterable[PersonRow | RecordRow], *, what: str, filters: dict[str, Any]) -> None:
        """Write down who was read: one row of the access log a request. Call it in the transaction of the read."""
        said = " ".join(f"{name}={value}" for name, value in filters.items() if value not in (None, ""))
        log_list(
            reader_id=self.maker.pk,
            node_id=node.pk,
            member_ids={row.member_id for row in rows},
            what=what,
            as_of=timezone.now(),
            role=role_for(self.maker, self.scope, self.node),
            title=self.token.name,
            reason=said,
            once_in=None,
        )


class Door(HttpBearer):
    """Lets in whoever shows a living token with this scope (none: any). Four questions of the database."""

    def __init__(self, scope: str = "") -> None:
        super().__init__()
        self.scope = scope

    def authenticate(self, request: HttpRequest, token: str) -> Caller:
        """Return who asks. Raises Refused (401, 403, 429)."""
        now = timezone.now()
        found = token_of(token, as_of=now)
        if found is None:
            _count("api_key", {"address": network_of(client_address(request))})
            raise no_key()
        if not may_still(found.made_by, found.scopes, found.node):
            do.end_lost_tokens(as_of=now, token_id=found.pk)
            raise no_key()
        _count("api", {"token": str(found.pk)})
        do.note_use(token=found, as_of=now)
        if self.scope and self.scope not in found.scopes:
            named = {"scope": str(Scope(self.scope).label)}
            raise Refused(403, "scope_missing", _("这个密钥不能读取：%(scope)s。请另外生成一个。") % named)
        return Caller(found, self.scope)


def no_key() -> Refused:
    """No token, one that nobody made, or one that is over: which of them, a stranger is not told."""
    sentence = _("请在 Authorization 里写 Bearer 和有效的密钥。密钥过期、停用或者生成的人不再有职责以后，都不能再用。")
    return Refused(401, "no_key", sentence, headers={"WWW-Authenticate": "Bearer"})


def _count(action: str, scopes: dict[str, str]) -> None:
    try:
        count(action, scopes)
    except UnableToTry as error:
        wait = seconds_left(error)
        sentence = _("请求太多，请在 %(seconds)s 秒后再试。") % {"seconds": wait}
        raise Refused(429, "too_many", sentence, headers={"Retry-After": str(wait)}) from error
