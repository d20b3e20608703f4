"""Addresses outside the site to which a lesson may lead."""

import re
from urllib.parse import urlsplit

# Browsers read a backslash as a slash and leave out line breaks: what is seen would not be where one gets.
UNSEEN = re.compile(r"[\s\\\x00-\x1f\x7f]")


def host_of(address: str) -> str:
    """Return the host of a complete https address, as it is shown; empty for everything else.

    A name before the host (``https://bank@elsewhere``) is only ever there to mislead.
    """
    address = address.strip()
    if UNSEEN.search(address):
        return ""
    try:
        parts = urlsplit(address)
        port = parts.port
    except ValueError:
        return ""
    if parts.scheme != "https" or "@" in parts.netloc or "." not in (parts.hostname or "").strip("."):
        return ""
    return parts.hostname + (f":{port}" if port not in (None, 443) else "") if parts.hostname else ""
