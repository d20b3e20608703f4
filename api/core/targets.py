"""Where a report may be sent: an address of the public network, by https, and nothing else. Pure.

Whoever may name an address could otherwise let this server ask machines that only it reaches.
"""

import ipaddress
from urllib.parse import SplitResult, urlsplit

from organizations.core.hosts import in_ascii

HTTPS_PORT = 443
LONGEST = 500
TRANSLATED = ipaddress.ip_network("64:ff9b::/96")  # RFC 6052: an IPv4 address in an IPv6 one
# Other ways to write one, and a network's own translation (RFC 8215): nobody outside is reached so.
NEVER = tuple(map(ipaddress.ip_network, ("::/96", "::ffff:0:0:0/96", "64:ff9b:1::/48")))


class UnableToUseTarget(ValueError):
    """The address is none that a report may be sent to; ``why`` is a word for it."""

    def __init__(self, why: str) -> None:
        super().__init__(why)
        self.why = why


def split(url: str) -> SplitResult:
    """Return the parts of a target, its host as the network's names are written (课堂.example.cn: xn--…).

    Raises UnableToUseTarget (``long``, ``written``, ``https``, ``name``).
    """
    if len(url) > LONGEST:
        raise UnableToUseTarget("long")
    if any(sign.isspace() or not sign.isprintable() for sign in url):
        raise UnableToUseTarget("written")
    try:
        parts = urlsplit(in_ascii(url))
        port = parts.port
    except ValueError as error:
        raise UnableToUseTarget("written") from error
    if not parts.geturl().isascii():
        raise UnableToUseTarget("written")
    if parts.scheme != "https":
        raise UnableToUseTarget("https")
    if not parts.hostname or parts.username is not None or parts.password is not None or port == 0:
        raise UnableToUseTarget("name")
    return parts


def is_public(address: str) -> bool:
    """Whether an IP address is one of the public network, whatever form it is hidden in."""
    try:
        parsed = ipaddress.ip_address(address.partition("%")[0])
    except ValueError:
        return False
    if isinstance(parsed, ipaddress.IPv6Address):
        inner = parsed.ipv4_mapped or parsed.sixtofour
        if inner is None and parsed in TRANSLATED:
            inner = ipaddress.IPv4Address(int(parsed) & 0xFFFFFFFF)
        if inner is not None:
            return is_public(str(inner))
        if parsed.teredo is not None or parsed.is_site_local or any(parsed in network for network in NEVER):
            return False
    return parsed.is_global and not parsed.is_multicast
