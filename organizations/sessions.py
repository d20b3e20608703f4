"""Session data is sealed: during a sign-in it holds the phone number and the code."""

import json
from typing import Any

from django.conf import settings

from organizations.core import phones


class SealedSerializer:
    """JSON, encrypted with the phone key; what cannot be opened is an empty session (Django's rule)."""

    def dumps(self, data: dict[str, Any]) -> bytes:
        return phones.seal(settings.PHONE_KEY, json.dumps(data, separators=(",", ":")).encode())

    def loads(self, sealed: bytes) -> dict[str, Any]:
        data: dict[str, Any] = json.loads(phones.unseal(settings.PHONE_KEY, sealed))
        return data
