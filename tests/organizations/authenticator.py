"""What people hold in their hands: an authenticator that counts, and a device that makes a passkey (WebAuthn, 6)."""

import hashlib
import json
import secrets
import struct
import time
from base64 import urlsafe_b64decode, urlsafe_b64encode
from dataclasses import dataclass, field
from types import SimpleNamespace
from typing import Any, cast

from allauth.account.internal.flows.login import record_authentication
from allauth.mfa.models import Authenticator
from allauth.mfa.totp.internal.auth import TOTP, format_hotp_value, hotp_value
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from django.contrib.auth import SESSION_KEY
from django.test import Client
from fido2.cbor import encode

from organizations.models import User

SECRET = "JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP"
PRESENT, VERIFIED, ATTESTED = 1, 4, 64


def code_now(secret: str = SECRET, *, later: int = 0) -> str:
    """What the authenticator shows; ``later``: so many times thirty seconds from now."""
    return format_hotp_value(hotp_value(secret, int(time.time()) // 30 + later))


def give_app(person: User, secret: str = SECRET) -> Authenticator:
    row: Authenticator = TOTP.activate(person, secret).instance
    return row


def prove(client: Client) -> Client:
    """Somebody who has just signed in by their password, without the price of one."""
    session = client.session
    person = User.objects.get(pk=session[SESSION_KEY])
    record_authentication(cast(Any, SimpleNamespace(session=session)), person, method="password")
    session.save()
    return client


def text(data: bytes) -> str:
    return urlsafe_b64encode(data).rstrip(b"=").decode()


def raw(data: str) -> bytes:
    return urlsafe_b64decode(data + "=" * (-len(data) % 4))


@dataclass
class Device:
    """One passkey of one site. ``flags``: what it says about who holds it."""

    origin: str
    host: str
    flags: int = PRESENT | VERIFIED
    key: Any = field(default_factory=lambda: ec.generate_private_key(ec.SECP256R1()))
    name: bytes = field(default_factory=lambda: secrets.token_bytes(32))

    def _client_data(self, kind: str, challenge: str) -> bytes:
        return json.dumps({"type": kind, "challenge": challenge, "origin": self.origin}).encode()

    def _seen(self, flags: int) -> bytes:
        return hashlib.sha256(self.host.encode()).digest() + struct.pack(">BI", flags, 0)

    def made(self, options: dict[str, Any]) -> str:
        """Answer a page's ``creation_options`` as its script would."""
        public = self.key.public_key().public_numbers()
        cose = {1: 2, 3: -7, -1: 1, -2: public.x.to_bytes(32, "big"), -3: public.y.to_bytes(32, "big")}
        credential = bytes(16) + struct.pack(">H", len(self.name)) + self.name + encode(cose)
        seen = self._seen(self.flags | ATTESTED) + credential
        answer = {
            "clientDataJSON": text(self._client_data("webauthn.create", options["publicKey"]["challenge"])),
            "attestationObject": text(encode({"fmt": "none", "attStmt": {}, "authData": seen})),
        }
        return self._sent(answer)

    def signed(self, options: dict[str, Any]) -> str:
        """Answer a page's ``request_options``."""
        told = self._client_data("webauthn.get", options["publicKey"]["challenge"])
        seen = self._seen(self.flags)
        signature = self.key.sign(seen + hashlib.sha256(told).digest(), ec.ECDSA(hashes.SHA256()))
        return self._sent({"clientDataJSON": text(told), "authenticatorData": text(seen), "signature": text(signature)})

    def _sent(self, answer: dict[str, Any]) -> str:
        name = text(self.name)
        return json.dumps(
            {"id": name, "rawId": name, "type": "public-key", "response": answer, "clientExtensionResults": {}}
        )
