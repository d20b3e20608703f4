"""What the id_token of a launch has to say (LTI Core 1.3, 5.3; Deep Linking 2.0, 4.4), its signature checked before."""

import hashlib
import hmac
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any
from urllib.parse import urlsplit

LTI = "https://purl.imsglobal.org/spec/lti/claim/"
DEEP = "https://purl.imsglobal.org/spec/lti-dl/claim/"
LAUNCH, CHOICE, CHOSEN = "LtiResourceLinkRequest", "LtiDeepLinkingRequest", "LtiDeepLinkingResponse"
VERSION = "1.3.0"
LINK = "ltiResourceLink"
MAX_SUB, MAX_URL, MAX_DATA = 191, 2000, 20_000
# What goes there leaves the machine by no wire.
THIS_MACHINE = {"localhost", "127.0.0.1", "::1"}


class Refusal(StrEnum):
    """Why a platform's message opens nothing."""

    UNKNOWN = "unknown"  # no such platform here
    OFF = "off"  # withdrawn
    BROWSER = "browser"  # not the browser that began, or one that keeps no cookies here
    OVER = "over"  # too late, or for a second time
    GONE = "gone"  # nothing of the kind is under way in this browser
    CANCELLED = "cancelled"  # the platform says no
    AWAY = "away"  # its keys cannot be had
    SIGNATURE = "signature"  # key, algorithm, issuer, audience or nonce is not what it has to be
    TIME = "time"  # the token has expired, or is of the future
    DEPLOYMENT = "deployment"
    NOBODY = "nobody"  # a launch without a name
    UNREADABLE = "unreadable"  # a message of another kind, or a part is missing
    MANAGES = "manages"  # a person who manages the site


class UnableToLaunch(Exception):
    """A platform's message opens nothing here; ``why`` says it in words of ``lti.sentences``."""

    def __init__(self, why: Refusal, detail: str = "") -> None:
        super().__init__(f"{why.value} {detail}".strip())
        self.why = why


@dataclass(frozen=True)
class Asked:
    """What a message asks for: ``sub`` is the platform's name of the person, ``phone`` "" unless it calls it verified.

    ``target``: the address that its link names, "" for none. ``wants``: of a choice what its answer needs, else None.
    """

    sub: str
    phone: str
    target: str
    wants: dict[str, str] | None


def derived(word: str, secret: str) -> str:
    """Return state or nonce of a visit: what the browser keeps is their source, and neither tells the other."""
    return hmac.new(secret.encode(), word.encode(), hashlib.sha256).hexdigest()


def is_safe(address: object) -> bool:
    """Whether a message may go to an address: by https, or by http to this very machine."""
    if not isinstance(address, str) or not 0 < len(address) <= MAX_URL or not address.isprintable() or " " in address:
        return False
    try:
        parts = urlsplit(address)
        _port = parts.port
    except ValueError:
        return False
    is_here = parts.scheme == "http" and parts.hostname in THIS_MACHINE
    return bool(parts.hostname) and parts.username is None and (parts.scheme == "https" or is_here)


def is_whole(text: str) -> bool:
    """Whether a text can be kept and sent: no NUL, which PostgreSQL takes nowhere, and no half of a UTF-16 pair."""
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return "\0" not in text


def origin_of(address: str) -> str:
    """Return scheme, host and port of an address that is safe; "" of any other, such as an issuer that is none."""
    if not is_safe(address):
        return ""
    parts = urlsplit(address)
    origin = f"{parts.scheme}://{parts.netloc}"
    # It goes into a header, where these would begin another source or directive.
    return origin if origin.isascii() and not set(origin) & set(";,'\"*") else ""


def read(claims: Mapping[str, Any], *, nonce: str, deployments: Collection[str]) -> Asked:
    """Return what a message asks for. Raises UnableToLaunch."""
    said = claims.get("nonce")
    if not isinstance(said, str) or not said.isascii() or not hmac.compare_digest(said.encode(), nonce.encode()):
        raise UnableToLaunch(Refusal.SIGNATURE, "nonce")
    deployment = claims.get(f"{LTI}deployment_id")
    if not isinstance(deployment, str) or deployment not in deployments:
        raise UnableToLaunch(Refusal.DEPLOYMENT)
    kind = claims.get(f"{LTI}message_type")
    if claims.get(f"{LTI}version") != VERSION or kind not in (LAUNCH, CHOICE):
        raise UnableToLaunch(Refusal.UNREADABLE, "message_type or version")
    sub = claims.get("sub")
    if sub is None or sub == "":  # a launch of nobody is allowed by LTI, and is of no use here
        raise UnableToLaunch(Refusal.NOBODY)
    if not isinstance(sub, str) or len(sub) > MAX_SUB or not sub.strip() or not sub.isprintable():
        raise UnableToLaunch(Refusal.UNREADABLE, "sub")
    phone = claims.get("phone_number")
    is_verified = isinstance(phone, str) and claims.get("phone_number_verified") in (True, "true")
    target = claims.get(f"{LTI}target_link_uri")
    return Asked(
        sub=sub,
        phone=str(phone) if is_verified else "",
        target=target if isinstance(target, str) else "",
        wants=_wanted(claims, deployment) if kind == CHOICE else None,
    )


def _wanted(claims: Mapping[str, Any], deployment: str) -> dict[str, str]:
    asked = claims.get(f"{DEEP}deep_linking_settings")
    if not isinstance(asked, Mapping):
        raise UnableToLaunch(Refusal.UNREADABLE, "deep_linking_settings")
    back, data, types = asked.get("deep_link_return_url"), asked.get("data", ""), asked.get("accept_types")
    if not isinstance(back, str) or not is_safe(back) or not origin_of(back):
        raise UnableToLaunch(Refusal.UNREADABLE, "deep_link_return_url")
    if not isinstance(data, str) or len(data) > MAX_DATA or not is_whole(data):
        raise UnableToLaunch(Refusal.UNREADABLE, "data")
    if not isinstance(types, list) or LINK not in types:
        raise UnableToLaunch(Refusal.UNREADABLE, "accept_types")
    return {"deployment": deployment, "return_url": back, "data": data}


def answer(wants: Mapping[str, str], *, client_id: str, issuer: str, nonce: str, now_s: int, items: list[Any]) -> Any:
    """Return the claims that tell a platform what was chosen (Deep Linking 2.0, 4.5); good for five minutes."""
    told = {
        "iss": client_id,
        "aud": issuer,
        "iat": now_s,
        "exp": now_s + 300,
        "nonce": nonce,
        f"{LTI}deployment_id": wants["deployment"],
        f"{LTI}message_type": CHOSEN,
        f"{LTI}version": VERSION,
        f"{DEEP}content_items": items,
    }
    return {**told, f"{DEEP}data": wants["data"]} if wants["data"] else told
