"""What no log line may hold: the part of an address that lets somebody in."""

import re
from collections.abc import MutableMapping
from typing import Any

SIGN_IN_LINK = re.compile(r"(/accounts/link/)[^/\s\"'?]+")


def without_tokens(_logger: Any, _method: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    """A structlog step: sign-in links keep their address and lose their token."""
    for key, value in event.items():
        if isinstance(value, str) and "/accounts/link/" in value:
            event[key] = SIGN_IN_LINK.sub(r"\1…", value)
    return event
