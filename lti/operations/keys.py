"""This site's own keys: one signs for 90 days, and platforms are shown it for 30 more."""

import datetime as dt
import json
import secrets
from typing import Any

import jwt
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from django.conf import settings

from lti.models import SigningKey
from lti.queries import newest_key
from organizations.core import phones

SIGNS, SHOWN = dt.timedelta(days=90), dt.timedelta(days=120)
ALGORITHM = "RS256"  # what every platform has to know (IMS Security Framework 1.0, 5.1.4)


def sign(claims: dict[str, Any], *, as_of: dt.datetime) -> str:
    """Return claims as a JWT of this site's, signed by a key that is good today."""
    key, private = _key_of_today(as_of)
    return jwt.encode(claims, private, algorithm=ALGORITHM, headers={"kid": key.kid})


def ensure_key(*, as_of: dt.datetime) -> SigningKey:
    """Return the key that signs today; a new one where there is none or the last is old.

    Two processes may make one each at the same moment: both are shown, and either is right.
    """
    return _key_of_today(as_of)[0]


def _key_of_today(as_of: dt.datetime) -> tuple[SigningKey, Any]:
    newest = newest_key()
    if newest is not None and newest.made_at > as_of - SIGNS:
        private = _opened(newest)
        if private is not None:
            return newest, private
    SigningKey.objects.filter(made_at__lt=as_of - SHOWN).delete()
    return _made(as_of)


def _opened(key: SigningKey) -> Any:
    """Return the private half; None where another PHONE_KEY sealed it, and a new one has to be made."""
    try:
        return serialization.load_pem_private_key(phones.unseal(settings.PHONE_KEY, bytes(key.sealed)), None)
    except phones.UnableToDecrypt:
        return None


def _made(as_of: dt.datetime) -> tuple[SigningKey, Any]:
    private = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    pem = private.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    kid = secrets.token_hex(8)
    public = json.loads(jwt.algorithms.RSAAlgorithm.to_jwk(private.public_key()))
    del public["key_ops"]
    public |= {"kid": kid, "alg": ALGORITHM, "use": "sig"}
    sealed = phones.seal(settings.PHONE_KEY, pem)
    return SigningKey.objects.create(kid=kid, sealed=sealed, public=public, made_at=as_of), private
