"""What a client writes into a header is believed of nobody but our own proxies."""

import pytest

from organizations.core.addresses import Proxies, client_of, proxies

pytestmark = pytest.mark.unit

NGINX = proxies(["127.0.0.1", "::1"])


@pytest.mark.parametrize(
    ("peer", "forwarded", "trusted", "client"),
    [
        ("127.0.0.1", "", Proxies(), "127.0.0.1"),
        ("127.0.0.1", "9.9.9.9", Proxies(), "127.0.0.1"),  # nobody is trusted unless named
        ("203.0.113.7", "9.9.9.9", NGINX, "203.0.113.7"),  # past the proxy
        ("127.0.0.1", "203.0.113.7", NGINX, "203.0.113.7"),
        ("127.0.0.1", "9.9.9.9, 203.0.113.7", NGINX, "203.0.113.7"),  # the client's own word stands left
        ("127.0.0.1", "9.9.9.9,203.0.113.7,127.0.0.1", NGINX, "203.0.113.7"),
        ("127.0.0.1", "9.9.9.9, 203.0.113.7, 10.1.2.3", proxies(["127.0.0.1", "10.0.0.0/8"]), "203.0.113.7"),
        ("127.0.0.1", "9.9.9.9, rubbish", NGINX, "127.0.0.1"),
        ("127.0.0.1", "9.9.9.9,", NGINX, "127.0.0.1"),
        ("127.0.0.1", "203.0.113.7:4711", NGINX, "203.0.113.7"),
        ("::1", "[2001:DB8::1]:4711", NGINX, "2001:db8::1"),
        ("::ffff:127.0.0.1", "203.0.113.7", NGINX, "203.0.113.7"),
        ("", "203.0.113.7", NGINX, ""),
        ("", "203.0.113.7", proxies(["unix"]), "203.0.113.7"),
        ("", "", proxies(["unix"]), ""),
        ("unix:", "203.0.113.7", proxies(["unix"]), "203.0.113.7"),
    ],
)
def test_the_client_is_the_last_stranger(peer: str, forwarded: str, trusted: Proxies, client: str) -> None:
    assert client_of(peer=peer, forwarded=forwarded, trusted=trusted) == client


@pytest.mark.parametrize("text", ["nginx", "10.0.0.1/8", "1.2.3", ""])
def test_what_names_no_proxy_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="no address"):
        proxies([text])
