"""A platform's keys, asked for over the network and kept for ten minutes; what it signed is checked with them."""

import hashlib
import json
from typing import Any

import jwt
from allauth.socialaccount.adapter import get_adapter
from django.core.cache import cache
from requests import RequestException
from urllib3.exceptions import HTTPError

from lti.core.claims import Refusal, UnableToLaunch
from lti.models import Platform

# Never "none", and never a secret that both sides hold.
ALGORITHMS = ["RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512"]
CLOCKS_DIFFER_S = 60
KEPT_S = 600
ASKED_ANEW_S = 20  # an unknown key makes us ask at once, but not as often as anybody likes
MOST_BYTES = 200_000
# PyJWT raises NotImplementedError for a key whose "alg" is "none"; urllib3's own errors come of reading the body.
WRONG_ANSWERS = (
    RequestException, HTTPError, jwt.PyJWTError, ValueError, TypeError, AttributeError, NotImplementedError,
    RecursionError,
)  # fmt: skip


def verified(platform: Platform, id_token: str) -> dict[str, Any]:
    """Return the claims: signature, issuer, audience and time checked (IMS Security Framework 1.0, 5.1.3).

    Raises UnableToLaunch.
    """
    try:
        claims: dict[str, Any] = jwt.decode(
            id_token,
            _key(platform, jwt.get_unverified_header(id_token).get("kid")),
            algorithms=ALGORITHMS,
            audience=platform.client_id,
            issuer=platform.issuer,
            leeway=CLOCKS_DIFFER_S,
            options={"require": ["iss", "aud", "exp", "iat"], "verify_sub": False},
        )
    except (jwt.ExpiredSignatureError, jwt.ImmatureSignatureError) as error:
        raise UnableToLaunch(Refusal.TIME) from error
    except (jwt.PyJWTError, ValueError, TypeError, NotImplementedError, RecursionError) as error:
        raise UnableToLaunch(Refusal.SIGNATURE, type(error).__name__) from error
    audience = claims["aud"]
    several = isinstance(audience, list) and len(audience) > 1
    if claims.get("azp", None if several else platform.client_id) != platform.client_id:
        raise UnableToLaunch(Refusal.SIGNATURE, "azp")
    return claims


def _key(platform: Platform, kid: Any) -> jwt.PyJWK:
    address = hashlib.sha256(platform.keyset_url.encode()).hexdigest()[:32]
    name = f"lti-keys-{platform.pk}-{address}"
    known = cache.get(name)
    found = _named(known, kid) if known is not None else None
    if found is None and (known is None or cache.add(f"{name}-asked", 1, ASKED_ANEW_S)):
        if cache.get(f"{name}-away"):
            raise UnableToLaunch(Refusal.AWAY, "asked just now")
        try:
            known = asked(platform.keyset_url)
        except UnableToLaunch:  # each question takes seconds of a thread: those who come now do not wait, too
            cache.set(f"{name}-away", 1, ASKED_ANEW_S)
            raise
        cache.set(name, known, KEPT_S)
        found = _named(known, kid)
    if found is None:
        raise UnableToLaunch(Refusal.SIGNATURE, "no such key")
    return found


def _named(known: dict[str, Any], kid: Any) -> jwt.PyJWK | None:
    """Return the key of that name; without one the only key there is."""
    keys = [key for key in jwt.PyJWKSet.from_dict(known).keys if kid in (None, key.key_id)]
    return keys[0] if len(keys) == 1 else None


def asked(address: str) -> dict[str, Any]:
    """Return the set of keys at an address, as it stands there now. Raises UnableToLaunch where it has none."""
    try:
        with get_adapter().get_requests_session() as session, session.get(address, stream=True) as answer:
            answer.raise_for_status()
            body = answer.raw.read(MOST_BYTES + 1, decode_content=True)
        known: Any = json.loads(body) if len(body) <= MOST_BYTES else None
        jwt.PyJWKSet.from_dict(known)
    except WRONG_ANSWERS as error:
        raise UnableToLaunch(Refusal.AWAY, type(error).__name__) from error
    found: dict[str, Any] = known
    return found
