"""A site behind a proxy that it does not know says so before anybody is locked out."""

from typing import Any

import pytest

from organizations.checks import a_proxy_is_named
from organizations.core.addresses import Proxies, proxies

pytestmark = pytest.mark.unit


@pytest.mark.parametrize(
    ("https", "trusted", "ids"),
    [
        (True, Proxies(), ["organizations.W001"]),
        (True, proxies(["127.0.0.1"]), []),
        (True, proxies(["unix"]), []),
        (False, Proxies(), []),
    ],
)
def test_https_without_a_named_proxy(settings: Any, https: bool, trusted: Proxies, ids: list[str]) -> None:
    settings.HTTPS, settings.TRUSTED_PROXIES = https, trusted
    assert [message.id for message in a_proxy_is_named()] == ids
