"""Media hosts, from the environment: what this one is called, and how others reach what it has on the air (ADR 95)."""

import re
from dataclasses import dataclass
from ipaddress import AddressValueError, IPv4Address

from django.core.exceptions import ImproperlyConfigured

from config.env import flag, text

PORT = re.compile(r"[1-9][0-9]{0,4}")
LAST_PORT = 65535


@dataclass(frozen=True)
class Nodes:
    """``apart``: media hosts share no disk; ``address``: ``IPv4:port`` of this one, "" where it is none."""

    name: str
    address: str = ""
    apart: bool = False


def read() -> Nodes:
    """Return MEDIA_NODE and what belongs to it. Raises ImproperlyConfigured."""
    nodes = Nodes(text("MEDIA_NODE", "local"), text("MEDIA_NODE_ADDRESS").strip(), flag("MEDIA_APART", default=False))
    if not nodes.address:
        return nodes
    if not _is_address(nodes.address):
        raise ImproperlyConfigured(
            "MEDIA_NODE_ADDRESS 要写成内网 IPv4 地址和端口，例如 10.0.0.12:8088"
            " / MEDIA_NODE_ADDRESS must be a private IPv4 address and a port, for example 10.0.0.12:8088"
        )
    if not nodes.apart or not text("MEDIA_NODE"):
        raise ImproperlyConfigured(
            "写了 MEDIA_NODE_ADDRESS，还要写 MEDIA_NODE（这台主机的名字，各台不同）和 MEDIA_APART=1（每台都写）"
            " / MEDIA_NODE_ADDRESS needs MEDIA_NODE (this host's own name) and MEDIA_APART=1 (on every host)"
        )
    return nodes


def _is_address(written: str) -> bool:
    """By number: nginx would have to ask for a name, and here it has nobody to ask."""
    host, _colon, port = written.partition(":")
    try:
        IPv4Address(host)
    except AddressValueError:
        return False
    return PORT.fullmatch(port) is not None and int(port) <= LAST_PORT
