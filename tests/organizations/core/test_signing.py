"""Signatures that two providers publish as examples come out as published."""

import datetime as dt
import hashlib

import pytest

from organizations.core import signing

pytestmark = pytest.mark.unit


def test_alibabas_published_example() -> None:
    """The fixed example of Alibaba Cloud's page on V3 request structure and signature."""
    query = signing.canonical_query(
        {"RegionId": "cn-shanghai", "ImageId": "win2019_1809_x64_dtc_zh-cn_40G_alibase_20230811.vhd"}
    )
    headers = signing.acs3_headers(
        host="ecs.cn-shanghai.aliyuncs.com",
        action="RunInstances",
        version="2014-05-26",
        query=query,
        body=b"",
        key_id="YourAccessKeyId",
        key_secret="YourAccessKeySecret",
        at=dt.datetime(2023, 10, 26, 10, 22, 32, tzinfo=dt.UTC),
        nonce="3156853299f313e23d1673dc12e1703d",
    )
    assert headers["authorization"] == (
        "ACS3-HMAC-SHA256 Credential=YourAccessKeyId,"
        "SignedHeaders=host;x-acs-action;x-acs-content-sha256;x-acs-date;x-acs-signature-nonce;x-acs-version,"
        "Signature=06563a9e1b43f5dfe96b81484da74bceab24a1d853912eee15083a6f0f3283c0"
    )


@pytest.mark.parametrize(
    ("ending", "signature"),
    [
        ("EXAMPLE", "72e494ea809ad7a8c8f7a4507b9bddcbaa8e581f516e8da2f66e2c5a96525168"),
        ("*******", "2230eefd229f582d8b1b891af7107b91597240707d778ab3738f756258d7652c"),
    ],
)
def test_tencents_published_example(ending: str, signature: str) -> None:
    """The example of Tencent Cloud's page on signature v3, as printed with two spellings of its made-up key."""
    body = rb'{"Limit": 1, "Filters": [{"Values": ["\u672a\u547d\u540d"], "Name": "instance-name"}]}'
    assert hashlib.sha256(body).hexdigest() == "35e9c5b0e3ae67532d3c9f17ead6c90222632e5b1ff7f6e89887f1398934f064"
    headers = signing.tc3_headers(
        host="cvm.tencentcloudapi.com",
        action="DescribeInstances",
        version="2017-03-12",
        region="ap-guangzhou",
        body=body,
        key_id=f"AKIDz8krbsJ5yKBZQpn74WFkmLPx3{ending}",
        key_secret=f"Gu5t9xGARNpq86cd98joQYCN3{ending}",
        at=dt.datetime.fromtimestamp(1551113065, dt.UTC),
    )
    assert headers["authorization"] == (
        f"TC3-HMAC-SHA256 Credential=AKIDz8krbsJ5yKBZQpn74WFkmLPx3{ending}/2019-02-25/cvm/tc3_request, "
        f"SignedHeaders=content-type;host, Signature={signature}"
    )
    assert headers["x-tc-timestamp"] == "1551113065"


def test_the_day_of_the_scope_is_that_of_utc() -> None:
    """Whatever zone the moment is told in."""
    china = dt.timezone(dt.timedelta(hours=8))
    headers = signing.tc3_headers(
        host="sms.tencentcloudapi.com", action="SendSms", version="2021-01-11", region="ap-guangzhou", body=b"{}",
        key_id="id", key_secret="s", at=dt.datetime(2026, 1, 1, 7, 59, tzinfo=china),
    )  # fmt: skip
    assert "/2025-12-31/sms/tc3_request" in headers["authorization"]


def test_the_query_is_encoded_as_rfc_3986_has_it() -> None:
    assert signing.canonical_query({"b": "a b*c~d/e", "a": "签名"}) == "a=%E7%AD%BE%E5%90%8D&b=a%20b%2Ac~d%2Fe"
