"""Where a report may go, how it is signed, when it is tried again."""

import hashlib
import hmac

import pytest

from api.core.delivery import PAUSES_S, is_taken, pause_s, signature
from api.core.targets import UnableToUseTarget, is_public, split

pytestmark = pytest.mark.unit


@pytest.mark.parametrize(
    ("url", "why"),
    [
        ("http://a.example/", "https"), ("ftp://a.example/", "https"), ("a.example", "https"), ("https://", "name"),
        ("https://u:p@a.example/", "name"), ("https://u@a.example/", "name"), ("https://a.example:0/", "name"),
        ("https://a.example:99999/", "written"), ("https://[::1/", "written"), ("https://例.cn/路", "written"),
        ("https://-例.cn/", "written"),
        ("https://a.example/ b", "written"), ("https://a.example/\x00", "written"),
        ("https://a.example/" + "x" * 500, "long"),
    ],
)  # fmt: skip
def test_a_target_that_is_none(url: str, why: str) -> None:
    with pytest.raises(UnableToUseTarget) as error:
        split(url)
    assert error.value.why == why


def test_a_target() -> None:
    parts = split("https://a.example:8443/in?x=1")
    assert (parts.hostname, parts.port, parts.path, parts.query) == ("a.example", 8443, "/in", "x=1")


def test_a_target_with_a_chinese_name() -> None:
    parts = split("https://课堂。example.cn:8443/in")
    assert (parts.hostname, parts.port, parts.path) == ("xn--cksr32j.example.cn", 8443, "/in")
    assert split("https://１２７.0.0.1/").hostname == "127.0.0.1"  # no other way to write this machine


@pytest.mark.parametrize(
    "address",
    [
        "127.0.0.1", "10.0.0.1", "172.16.0.1", "192.168.1.1", "169.254.169.254", "100.64.0.1", "0.0.0.0", "224.0.0.1",
        "255.255.255.255", "::1", "::", "fe80::1", "fe80::1%eth0", "fd00::1", "ff02::1", "::ffff:127.0.0.1",
        "::ffff:10.0.0.1", "2002:7f00:1::", "64:ff9b::7f00:1", "64:ff9b::a00:1", "2001:0:7f00:1::", "nothing", "",
        "fec0::1", "::127.0.0.1", "::10.0.0.1", "::ffff:0:127.0.0.1", "64:ff9b:1::7f00:1",
    ],
)  # fmt: skip
def test_an_address_that_is_not_everybodys(address: str) -> None:
    assert is_public(address) is False


@pytest.mark.parametrize("address", ["8.8.8.8", "2400:3200::1", "::ffff:8.8.8.8", "64:ff9b::808:808", "2002:808:808::"])
def test_a_public_address(address: str) -> None:
    assert is_public(address) is True


def test_signature() -> None:
    said = signature(secret="s", sent_s=12, body=b"{}")
    assert said == "t=12,v1=" + hmac.new(b"s", b"12.{}", hashlib.sha256).hexdigest()
    assert signature(secret="s", sent_s=13, body=b"{}") != said


def test_pauses_grow_and_end() -> None:
    assert [pause_s(number) for number in range(1, 8)] == [*PAUSES_S, None]
    assert sorted(PAUSES_S) == list(PAUSES_S)


def test_what_is_taken() -> None:
    assert [is_taken(status) for status in (199, 200, 204, 299, 300, 302, 404, 500)] == [
        False, True, True, True, False, False, False, False,
    ]  # fmt: skip
