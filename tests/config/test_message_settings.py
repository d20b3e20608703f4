"""How messages go out: what is incomplete or contradicts itself stops the start, by its name."""

from typing import Any

import pytest
from django.core.exceptions import ImproperlyConfigured

from config.message_settings import A_DAY, NEEDED, WAYS, App, read

pytestmark = pytest.mark.unit
WECOM = {"WECOM_MESSAGE_CORP_ID": "ww1", "WECOM_MESSAGE_AGENT_ID": "1000002", "WECOM_MESSAGE_SECRET": "s3"}


@pytest.fixture
def given(monkeypatch: pytest.MonkeyPatch) -> Any:
    names = ["MESSAGE_WAYS", *(f"{way.upper()}_{name}" for way in WAYS for name in ("REMINDERS_A_DAY", "PRICE_FEN"))]
    names += [f"{way.upper()}_MESSAGE_{name}" for way, needed in NEEDED.items() for name in (*needed, "ENDPOINT")]

    def put(**values: str) -> Any:
        for name in names:
            monkeypatch.delenv(name, raising=False)
        for name, value in values.items():
            monkeypatch.setenv(name, value)
        return read()

    return put


def test_nothing_is_set_up(given: Any) -> None:
    found = given()
    assert (found.order, dict(found.a_day), dict(found.apps)) == (WAYS, A_DAY, {})


def test_an_application_an_order_and_an_end_of_the_day(given: Any, tmp_path: Any) -> None:
    found = given(**WECOM, MESSAGE_WAYS="sms, wecom", SMS_REMINDERS_A_DAY="0")
    assert (found.order, found.a_day["sms"]) == (("sms", "wecom"), 0)
    assert found.apps == {"wecom": App("ww1", 1000002, "s3", "https://qyapi.weixin.qq.com")}
    assert "s3" not in repr(found)
    (tmp_path / "key").write_text("d1\n")
    ding = given(
        DINGTALK_MESSAGE_APP_KEY="k", DINGTALK_MESSAGE_AGENT_ID="7",
        DINGTALK_MESSAGE_APP_SECRET_FILE=str(tmp_path / "key"), DINGTALK_MESSAGE_ENDPOINT="http://127.0.0.1:9/",
    )  # fmt: skip
    assert ding.apps == {"dingtalk": App("k", 7, "d1", "http://127.0.0.1:9")}


@pytest.mark.parametrize(("said", "price"), [("0", 0), ("4.5", 450), ("4.55", 455), (" 12 ", 1200), ("0.05", 5)])
def test_a_price_is_fen_with_two_decimals(given: Any, said: str, price: int) -> None:
    assert given(SMS_PRICE_FEN=said).price == {"wecom": 0, "dingtalk": 0, "sms": price, "email": 0}


@pytest.mark.parametrize(
    ("values", "name"),
    [
        ({"MESSAGE_WAYS": "pigeon"}, "MESSAGE_WAYS"),
        ({"MESSAGE_WAYS": "sms,sms"}, "MESSAGE_WAYS"),
        ({"SMS_PRICE_FEN": "0.045元"}, "SMS_PRICE_FEN"),
        ({"SMS_PRICE_FEN": "4.555"}, "SMS_PRICE_FEN"),
        ({"EMAIL_REMINDERS_A_DAY": "-1"}, "EMAIL_REMINDERS_A_DAY"),
        ({**WECOM, "WECOM_MESSAGE_SECRET": ""}, "WECOM_MESSAGE_SECRET_FILE"),
        ({**WECOM, "WECOM_MESSAGE_CORP_ID": "企业"}, "WECOM_MESSAGE_CORP_ID"),
        ({**WECOM, "WECOM_MESSAGE_AGENT_ID": "abc"}, "WECOM_MESSAGE_AGENT_ID"),
        ({**WECOM, "WECOM_MESSAGE_ENDPOINT": "http://example.cn"}, "WECOM_MESSAGE_ENDPOINT"),
        ({**WECOM, "WECOM_MESSAGE_ENDPOINT": "https://example.cn/cgi-bin"}, "WECOM_MESSAGE_ENDPOINT"),
    ],
)
def test_what_cannot_be_is_told_by_its_name(given: Any, values: dict[str, str], name: str) -> None:
    with pytest.raises(ImproperlyConfigured, match=name):
        given(**values)
