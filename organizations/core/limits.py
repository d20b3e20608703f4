"""How often something may be tried, as one moment for each thing that is counted. Pure.

A counter is the moment until which its allowance is spent (the generic cell rate algorithm): each try moves that moment
forward by one step, a try is refused while the moment would lie more than the window ahead. So one number says how much
is left and when the next try is free, nothing is reset at the turn of a window, and a counter nobody uses is over by
itself. ``amount`` tries may come at once; then one each ``window_s / amount``.
"""

import hashlib
import hmac
import ipaddress
from dataclasses import dataclass

IPV6_PREFIX = 64  # one household or phone has a whole network


@dataclass(frozen=True, slots=True)
class Counter:
    """One counter: whose it is (a keyed hash, nobody can read it), and its step and window in milliseconds."""

    key: str
    step_ms: int
    window_ms: int

    def free_at_ms(self, spent_until_ms: int) -> int:
        """When the next try is free, for a counter that is spent until then (Unix milliseconds)."""
        return spent_until_ms + self.step_ms - self.window_ms


def counter(*, secret: str, action: str, scope: str, who: str, amount: int, window_s: int) -> Counter:
    """The counter of one action for one number, address or browser."""
    text = f"{action}\0{scope}\0{amount}/{window_s}\0{who}".encode()
    key = hmac.digest(secret.encode(), text, hashlib.sha256)[:20].hex()
    return Counter(key=key, step_ms=window_s * 1000 // amount, window_ms=window_s * 1000)


def network_of(address: str) -> str:
    """What an address counts as: an IPv6 one as its /64; a text that is none, as itself."""
    try:
        parsed = ipaddress.ip_address(address)
    except ValueError:
        return address
    if isinstance(parsed, ipaddress.IPv6Address):
        if parsed.ipv4_mapped is not None:
            return str(parsed.ipv4_mapped)
        return str(ipaddress.ip_network(f"{parsed}/{IPV6_PREFIX}", strict=False).network_address)
    return str(parsed)
