"""Host names in Chinese: written as people do, read as the network does."""

import pytest

from organizations.core.hosts import host_in_ascii, in_ascii

pytestmark = pytest.mark.unit


@pytest.mark.parametrize(
    ("written", "read"),
    [
        ("课堂.example.cn", "xn--cksr32j.example.cn"), ("课堂。example.cn", "xn--cksr32j.example.cn"),
        (".课堂.cn", ".xn--cksr32j.cn"), ("a_b.example.cn", "a_b.example.cn"), ("*", "*"), ("127.0.0.1", "127.0.0.1"),
    ],
)  # fmt: skip
def test_a_host(written: str, read: str) -> None:
    assert host_in_ascii(written) == read
    assert host_in_ascii(read) == read


@pytest.mark.parametrize(
    ("written", "read"),
    [
        ("https://课堂.example.cn", "https://xn--cksr32j.example.cn"),
        ("https://课堂.example.cn:8443/a?b=课#c", "https://xn--cksr32j.example.cn:8443/a?b=课#c"),
        ("https://u@课堂.cn/", "https://u@xn--cksr32j.cn/"), ("https://a.cn/课", "https://a.cn/课"),
    ],
)  # fmt: skip
def test_an_address(written: str, read: str) -> None:
    assert in_ascii(written) == read


@pytest.mark.parametrize("written", ["-课堂.cn", "课..cn", "课堂 .cn", "课" * 70 + ".cn"])
def test_none(written: str) -> None:
    with pytest.raises(ValueError, match=r"."):
        host_in_ascii(written)
