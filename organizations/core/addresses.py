"""From which address a request comes: what the line says, and, from a named proxy alone, what that proxy says. Pure."""

import ipaddress
from collections.abc import Collection
from dataclasses import dataclass

Network = ipaddress.IPv4Network | ipaddress.IPv6Network
UNIX = "unix"


@dataclass(frozen=True)
class Proxies:
    """Whom we believe: networks, and (``unix``) whoever comes through a socket of this machine without an address."""

    networks: tuple[Network, ...] = ()
    unix: bool = False

    def holds(self, address: str) -> bool:
        if not address:
            return self.unix
        parsed = ipaddress.ip_address(address)
        return any(parsed in network for network in self.networks)


def proxies(texts: Collection[str]) -> Proxies:
    """Read addresses, networks and the word "unix"; raises ValueError naming what is none of these."""
    networks = []
    for text in texts:
        if text != UNIX:
            try:
                networks.append(ipaddress.ip_network(text))
            except ValueError as error:
                raise ValueError(
                    f"{text!r} is no address, no network such as 10.0.0.0/8, and not the word unix"
                ) from error
    return Proxies(tuple(networks), UNIX in texts)


def client_of(*, peer: str, forwarded: str, trusted: Proxies) -> str:
    """The client's address: the peer, unless the peer is one of our proxies; then the last one in ``X-Forwarded-For``
    that is none of ours. Each proxy appends who spoke to it, so only what stands right of the first stranger is known.

    ``peer``: empty for a socket without addresses. A header that is missing or unreadable makes nobody else's address:
    then it is the last proxy's own. Empty where not even that has one.
    """
    address = _clean(peer)
    for text in reversed(forwarded.split(",")):
        if not trusted.holds(address):
            break
        before = _clean(text)
        if not before:
            break
        address = before
    return address


def _clean(text: str) -> str:
    """An address without port and brackets in its usual form, "" where there is none."""
    text = text.strip()
    if text.startswith("["):
        text = text[1:].partition("]")[0]
    elif text.count(":") == 1:
        text = text.partition(":")[0]
    try:
        parsed = ipaddress.ip_address(text)
    except ValueError:
        return ""
    if isinstance(parsed, ipaddress.IPv6Address) and parsed.ipv4_mapped is not None:
        return str(parsed.ipv4_mapped)
    return str(parsed)
