"""What does not stand in the log (settings.LOGGING): the part of an address that lets somebody in, one fault twice."""

import logging
import re
from collections.abc import MutableMapping
from typing import Any

from django.db import InterfaceError, OperationalError

TOKEN = re.compile(r"(/+accounts/+link/+|/+calendar/+feed/+|/+receipts/+sms/+)[^/\s\"'?]+", re.IGNORECASE)
MARKS = ("/link/", "/feed/", "/sms/")
# Of addresses below these the log tells no more, however they are written: a token stands in them. In small letters.
PATHS_WITH_TOKENS = ["/m/", "/_media/stored/", "/_media/aired/", "/packages/", "/accounts/link/", "/calendar/feed/"]
PATHS_WITH_TOKENS += ["/receipts/"]


def without_tokens(_logger: Any, _method: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    """A structlog step: sign-in links, secret calendars and the address of receipts lose their token."""
    for key, value in event.items():
        if isinstance(value, str) and any(mark in value.lower() for mark in MARKS):
            event[key] = TOKEN.sub(r"\1…", value)
    return event


def without_queries(crumb: dict[str, Any], _hint: dict[str, Any]) -> dict[str, Any]:
    """Sentry's trace of what happened before an error: an address that was asked keeps its path and loses its query."""
    asked = ("http.query", "http.fragment")
    kept = {name: value for name, value in (crumb.get("data") or {}).items() if name not in asked}
    return {**crumb, "data": kept}


def without_secrets(event: dict[str, Any], _hint: dict[str, Any]) -> dict[str, Any]:
    """Sentry's own word of the request: the address loses its token, as in the log."""
    request = event.get("request") or {}
    url = request.get("url")
    return {**event, "request": {**request, "url": TOKEN.sub(r"\1…", url)}} if isinstance(url, str) else event


TO_SENTRY: dict[str, Any] = {"before_breadcrumb": without_queries, "before_send": without_secrets}


class NotOfTheDatabase(logging.Filter):
    """That the database is away is one warning a request (config/middleware.py), no traceback of ours."""

    def filter(self, record: logging.LogRecord) -> bool:
        error = record.exc_info[1] if record.exc_info else None
        return not isinstance(error, OperationalError | InterfaceError)
