"""One call to a provider of work messages: an access token that is kept, and asked for anew when it is refused.

Both providers answer 200 with ``{"errcode": 0, …}``, take the token in the query and let it live two hours; asking for
it at each message is what both forbid. The token lies in the cache, sealed: it lets whoever has it write to everybody.
"""

import hashlib
import json
from collections.abc import Mapping
from typing import Any, ClassVar
from urllib.parse import urlencode

from django.conf import settings
from django.core.cache import cache

from organizations.core import gateway, phones
from organizations.core.receipts import Receipt
from organizations.hints import or_nothing
from organizations.messengers.answers import UnableToMessage
from organizations.sms import wire
from organizations.sms.answers import UnableToSendSms

EARLY_S = 300  # a token is given up so long before it ends
SHORTEST_S = 60
LONGEST_S = 7200
LONGEST_TOKEN = 600
TOKEN_OVER = frozenset({40014, 42001})  # "invalid access_token", "access_token expired": both providers say so
SERVER_FAILED = 500
BUSY = -1  # neither provider promises that it did nothing


class Client:
    """What both providers have in common. ``app``: the application's key, agent id, secret and address."""

    name: ClassVar[str]
    nobody: ClassVar[frozenset[int]]
    """Its numbers for an account that is not there (any more)."""
    out_of_sight: ClassVar[frozenset[int]]
    """… for a person to whom the application may not write."""
    setup: ClassVar[frozenset[int]]
    """… for what the operator has to mend: secret, agent, permission, list of addresses."""

    def __init__(self, app: Any) -> None:
        self.app = app

    def find(self, phone: str) -> str:
        """Return the account of whoever has this E.164 number there, "" where nobody has. Raises UnableToMessage."""
        raise NotImplementedError

    def send(self, account: str, text: str) -> str:
        """Write to an account; return what the provider calls the message where it can be asked about it afterwards,
        else "". Raises UnableToMessage.
        """
        raise NotImplementedError

    def receipt(self, message_id: str) -> Receipt | None:
        """Return what became of a message, None where the provider does not know yet. Raises UnableToMessage."""
        raise NotImplementedError

    def token_path(self) -> str:
        """Where the token is asked for, with the secret in the query, as both providers want it."""
        raise NotImplementedError

    def call(self, path: str, body: Mapping[str, Any], *, hidden: tuple[str, ...], sends: bool = False) -> Any:
        """Return the provider's answer of ``errcode`` 0. Raises UnableToMessage, with the code of any other.

        ``hidden``: what no screen may show of the request; ``sends``: no answer then leaves it unknown what was done.
        A token that is refused is asked for anew, once: the provider did nothing with the request that came with it.
        """
        for is_last in (False, True):
            token = self._token(fresh=is_last)
            query = urlencode({"access_token": token})
            found = self._ask(f"{path}?{query}", body, hidden=(*hidden, token), sends=sends)
            if is_last or self.code_of(found) not in TOKEN_OVER:
                break
        code = self.code_of(found)
        if code != 0:
            error = self.refused(found, hidden=(*hidden, token))
            error.unsure = sends and code == BUSY
            raise error
        return found

    def code_of(self, found: Mapping[str, Any]) -> int | None:
        """Return the provider's number for what happened; None where the answer holds none."""
        code = found.get("errcode")
        return code if isinstance(code, int) else None

    def refused(self, found: Mapping[str, Any], *, hidden: tuple[str, ...]) -> UnableToMessage:
        """Return what an answer other than 0 means."""
        answer = gateway.without_secrets(found.get("errmsg"), hidden=(*hidden, self.app.secret))
        code = self.code_of(found)
        error = UnableToMessage("refused", code=str(code), answer=answer)
        error.about_person, error.out_of_sight = code in self.nobody, code in self.out_of_sight
        error.about_setup = code in self.setup
        return error

    def _token(self, *, fresh: bool) -> str:
        known = "" if fresh else _kept(self._key)
        if known:
            return known
        try:
            return self._new_token()
        except UnableToMessage as error:
            error.whole = True
            raise

    def _new_token(self) -> str:
        found = self._ask(self.token_path(), None, hidden=(), sends=False)
        token, lives = found.get("access_token"), found.get("expires_in")
        if self.code_of(found) != 0 or not isinstance(token, str) or not 0 < len(token) <= LONGEST_TOKEN:
            raise self.refused(found, hidden=())
        lives_s = lives if isinstance(lives, int) else 0
        _keep(self._key, token, max(SHORTEST_S, min(lives_s, LONGEST_S) - EARLY_S))
        return token

    @property
    def _key(self) -> str:
        """Another application, or another secret of the same, is another token."""
        of = hashlib.sha256(f"{self.app.endpoint} {self.app.key} {self.app.secret}".encode()).hexdigest()
        return f"messages:token:{self.name}:{of[:32]}"

    def _ask(self, path: str, body: Any, *, hidden: tuple[str, ...], sends: bool) -> dict[str, Any]:
        data = json.dumps(body).encode() if body is not None else None
        headers = {"Content-Type": "application/json"} if data else {}
        method = "POST" if data else "GET"
        try:
            reply = wire.ask(url=self.app.endpoint + path, method=method, headers=headers, body=data)
        except UnableToSendSms as error:
            raise UnableToMessage(str(error), unsure=sends and error.unsure) from None
        try:
            found = json.loads(reply.text)
        except (ValueError, RecursionError):
            found = None
        # A server that failed may have failed after it sent, whatever number it says.
        if not isinstance(found, dict) or self.code_of(found) is None or reply.status >= SERVER_FAILED:
            answer = gateway.without_secrets(reply.text, hidden=(*hidden, self.app.secret))
            # A refusal of whatever stands before the provider did nothing; all else may have been done.
            unsure = sends and not 400 <= reply.status < SERVER_FAILED
            raise UnableToMessage("not understood", code=f"HTTP {reply.status}", answer=answer, unsure=unsure)
        return found


def _kept(key: str) -> str:
    def read() -> str:
        sealed = cache.get(key)
        return phones.unseal(settings.PHONE_KEY, sealed).decode() if sealed else ""

    return str(or_nothing(read) or "")


def _keep(key: str, token: str, lives_s: int) -> None:
    # A store that is away costs a further question and no message.
    or_nothing(lambda: cache.set(key, phones.seal(settings.PHONE_KEY, token.encode()), lives_s))
