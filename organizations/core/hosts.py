"""Host names in other signs than ASCII, as people write them and as the network reads them (IDNA, RFC 5891). Pure."""

from urllib.parse import urlsplit

import idna


def host_in_ascii(host: str) -> str:
    """Return a host as certificates and name servers know it; one in ASCII stays as it is, also ``.example.cn``, ``*``.

    Wide letters and the full stop of Chinese are read as what is meant (UTS 46). Raises ValueError where it is no name.
    """
    if host.isascii():
        return host
    dot = "." if host.startswith(".") else ""
    return dot + idna.encode(host[len(dot) :], uts46=True).decode()


def in_ascii(url: str) -> str:
    """Return an address with its host in ASCII; the rest stays. Raises ValueError where the host is no name."""
    parts = urlsplit(url)
    if parts.netloc.isascii():
        return url
    before, at, place = parts.netloc.rpartition("@")
    host, colon, port = place.partition(":")
    return parts._replace(netloc=f"{before}{at}{host_in_ascii(host)}{colon}{port}").geturl()
