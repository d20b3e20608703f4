"""Where a link of a lesson leads, as it is said beside it."""

import pytest

from cms.core.links import host_of

pytestmark = pytest.mark.unit


@pytest.mark.parametrize(
    ("address", "host"),
    [
        ("https://www.12371.cn/2026/a.html?b=1#c", "www.12371.cn"),
        (" https://www.12371.cn ", "www.12371.cn"),
        ("https://WWW.12371.CN:443/", "www.12371.cn"),
        ("https://www.12371.cn:8443/", "www.12371.cn:8443"),
        ("https://党建.中国/", "党建.中国"),
    ],
)
def test_a_complete_https_address_has_a_host(address: str, host: str) -> None:
    assert host_of(address) == host


@pytest.mark.parametrize(
    "address",
    [
        "",
        "www.12371.cn",
        "http://www.12371.cn/",
        "javascript:alert(1)",
        "data:text/html,x",
        "https://",
        "https:///x",
        "https://localhost/",
        "https://./",
        "https://bank.cn@elsewhere.cn/",
        "https://elsewhere.cn\\@bank.cn/",
        "https://bank.cn\n.elsewhere.cn/",
        "https://bank cn/",
        "https://bank.cn:port/",
        "https://[::1",
    ],
)
def test_everything_else_has_none(address: str) -> None:
    assert host_of(address) == ""
