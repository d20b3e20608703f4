"""Receipts of text messages as providers push them over HTTP, and where people then read of them."""

import datetime as dt
import json
from collections.abc import Callable, Iterator
from typing import Any
from urllib.parse import urlencode

import pytest
from django.core.cache import cache
from django.test import Client
from django.utils import timezone

from attendance import operations
from attendance.models import MessageCount, ReminderMessage
from config import receipt_settings, sms_settings
from config.logs import without_tokens
from config.middleware import told_path
from organizations.models import User
from tests.attendance.views.conftest import World, sign_in, world
from tests.attendance.views.test_reminders import form_of, noon, read, url_of
from tests.organizations.core.test_receipts import ALIYUN, TENCENT
from tests.organizations.sms_gateway import KEY_ID, KEY_SECRET, Gateway, gateway

__all__ = ["sign_in", "world"]
pytestmark = pytest.mark.integration
SignIn = Callable[[User], Client]
SECRET = "receipt-secret-of-the-test-0123456789"
ADDRESS = f"/receipts/sms/{SECRET}/"
JSON = "application/json"


@pytest.fixture
def there() -> Iterator[Gateway]:
    cache.clear()
    with gateway() as found:
        yield found


@pytest.fixture
def provider(settings: Any, monkeypatch: pytest.MonkeyPatch, there: Gateway) -> Callable[..., Gateway]:
    """Set the site up for one provider, as its environment would."""

    def use(way: str, **more: str) -> Gateway:
        given = {
            "WAY": way, "KEY_ID": KEY_ID, "KEY_SECRET": KEY_SECRET, "SIGN": "指尖课堂", "TEMPLATE": "1",
            "REMINDER_TEMPLATE": "2", "APP_ID": "1400006666", "ENDPOINT": there.url, "RECEIPT_SECRET": SECRET, **more,
        }  # fmt: skip
        for name, value in given.items():
            monkeypatch.setenv(f"SMS_{name}", value)
        settings.SMS_WAY, settings.SMS_BACKEND, settings.SMS = sms_settings.read()
        settings.SMS_RECEIPTS = receipt_settings.read(settings.SMS_WAY, settings.SMS)
        return there

    return use


@pytest.fixture
def aliyun(provider: Callable[..., Gateway]) -> Gateway:
    there = provider("aliyun")
    there.answer = lambda *_: (200, json.dumps({"Code": "OK", "Message": "OK", "BizId": ALIYUN["biz_id"]}))
    return there


def send(world: World, sign_in: SignIn) -> ReminderMessage:
    """The secretary reminds who is missing, and the message goes out."""
    secretary = sign_in(world.county.secretary)
    secretary.post(url_of(world), form_of(read(secretary, url_of(world))))
    ReminderMessage.objects.update(due_at=timezone.now())
    operations.send_reminders(as_of=noon())
    return ReminderMessage.objects.get(channel="sms")


def failed(**more: Any) -> dict[str, Any]:
    return {**ALIYUN, "success": False, "err_code": "MOBILE_NOT_ON_SERVICE", "err_msg": "停机", **more}


def push(client: Client, *reports: Any, address: str = ADDRESS) -> Any:
    return client.post(address, json.dumps(reports), content_type=JSON)


def delivery(message: ReminderMessage) -> tuple[str, str]:
    message.refresh_from_db()
    return message.delivery, message.delivery_why


def this_month() -> str:
    """The operator's page, of what was sent at the next noon: that may be the first of another month."""
    MessageCount.objects.update(day=timezone.localdate())
    return "/health/messages/"


def counted() -> dict[str, int]:
    found = MessageCount.objects.get(channel="sms")
    return {name: getattr(found, name) for name in ("sent", "failed", "delivered", "undelivered")}


def test_it_did_not_arrive_and_everybody_concerned_reads_why(
    world: World, sign_in: SignIn, aliyun: Gateway, client: Client
) -> None:
    message = send(world, sign_in)
    assert (message.state, message.provider_id, message.delivery) == ("sent", ALIYUN["biz_id"], "")
    secretary, missing = sign_in(world.county.secretary), world.county.members[1]
    board, log = f"/branch/{world.training.pk}/?node={world.county.branch.pk}", url_of(world, "reminders")
    assert "没有送到" not in read(secretary, board)
    answer = push(client, failed())
    assert (answer.status_code, answer.json()["code"], answer["Cache-Control"].split(",")[0]) == (200, 0, "max-age=0")
    assert delivery(message) == ("undelivered", "stopped")
    said = "上次的短信没有送到：号码停机。请问本人要新的手机号，由管理员改在名册里。"
    for page in (board, log, f"{log}&only=missed", url_of(world)):
        assert said in read(secretary, page)
    assert "1 位的提醒没有送到" in read(secretary, board)
    assert "还没参加的人里，1 位上次的提醒没有送到" in " ".join(read(secretary, log).split())
    assert "短信 没有送达" in read(secretary, log)
    own = sign_in(missing)
    assert "没有送达：号码停机。" in read(own, "/me/notices/choices/")
    (sent,) = [one for one in own.get("/me/data.json").json()["reminders_sent"] if one["channel"] == "sms"]
    assert (sent["delivery"], sent["delivery_why"]) == ("undelivered", "stopped")
    operator = sign_in(world.county.operator)
    month = read(operator, this_month())
    assert "没有开通短信的回执" not in month
    assert counted() == {"sent": 1, "failed": 0, "delivered": 0, "undelivered": 1}
    failures = read(operator, "/health/messages/failures/")
    assert "号码停机" in failures
    assert "没有送达" in failures
    assert missing.name not in failures
    neighbour = sign_in(world.county.neighbours[0])
    assert neighbour.get(log).status_code == 404


def test_who_took_part_since_is_not_among_those_to_call(
    world: World, sign_in: SignIn, aliyun: Gateway, client: Client
) -> None:
    send(world, sign_in)
    push(client, failed())
    world.occasion.records.filter(member=world.county.members[1]).update(state="attended", stands="attended")
    secretary = sign_in(world.county.secretary)
    assert "没有送到" not in read(secretary, f"/branch/{world.training.pk}/?node={world.county.branch.pk}")
    log = read(secretary, url_of(world, "reminders"))
    assert "位上次的提醒没有送到" not in log
    assert "都送到了，或者已经参加" in read(secretary, f"{url_of(world, 'reminders')}&only=missed")


def test_it_comes_twice_late_and_contradicts_itself(
    world: World, sign_in: SignIn, aliyun: Gateway, client: Client
) -> None:
    message = send(world, sign_in)
    for _ in range(2):
        assert push(client, failed(), failed(biz_id="of a sign-in code")).status_code == 200
        assert counted() == {"sent": 1, "failed": 0, "delivered": 0, "undelivered": 1}
    push(client, failed(), ALIYUN, failed())  # by another route of the carrier's
    assert delivery(message) == ("delivered", "")
    assert counted() == {"sent": 1, "failed": 0, "delivered": 1, "undelivered": 0}
    push(client, failed())
    assert delivery(message) == ("delivered", "")
    ReminderMessage.objects.update(delivery="", done_at=timezone.now() - dt.timedelta(days=8))
    push(client, failed())
    assert delivery(message) == ("", "")


def test_tencent_cloud_and_a_gateway_by_template(
    world: World, sign_in: SignIn, provider: Callable[..., Gateway], client: Client
) -> None:
    there = provider("tencent")
    status = {"Code": "Ok", "SerialNo": TENCENT["sid"], "Message": "send success"}
    there.answer = lambda *_: (200, json.dumps({"Response": {"SendStatusSet": [status], "RequestId": "r"}}))
    message = send(world, sign_in)
    assert client.get(ADDRESS).status_code == 405
    assert push(client, TENCENT).json() == {"result": 0, "errmsg": "OK"}
    assert delivery(message) == ("delivered", "")
    provider(
        "http", URL=there.url, BODY='{"to": "{mobile}", "say": "{text}"}', MESSAGE_ID="data.id", RECEIPT_ID="msgid",
        RECEIPT_STATUS="status", RECEIPT_DELIVERED="DELIVRD", RECEIPT_ANSWER="success",
    )  # fmt: skip
    there.answer = lambda *_: (200, '{"data": {"id": 88}}')
    ReminderMessage.objects.all().delete()
    secretary = sign_in(world.county.secretary)
    secretary.post(url_of(world), form_of(read(secretary, url_of(world))))
    ReminderMessage.objects.update(due_at=timezone.now())
    operations.send_reminders(as_of=noon())
    message = ReminderMessage.objects.get(channel="sms")
    assert message.provider_id == "88"
    answer = client.get(f"{ADDRESS}?{urlencode({'msgid': 88, 'status': 'MK:0001'})}")
    assert (answer.content, answer["Content-Type"]) == (b"success", "text/plain; charset=utf-8")
    assert delivery(message) == ("undelivered", "no_number")


def test_strangers_and_nonsense(aliyun: Gateway, db: None, client: Client, settings: Any) -> None:
    for sent in (b"", b"{", b"[" * 60_000, b"[1]"):
        assert client.post(ADDRESS, sent, content_type=JSON).status_code == 400
    assert client.head(ADDRESS).status_code == 405
    settings.SIGN_IN_LIMITS = {
        **settings.SIGN_IN_LIMITS, "receipt_secret": {"address": [(2, 600)]}, "receipts": {"way": [(1, 60)]},
    }  # fmt: skip
    wrong = "/receipts/sms/" + "x" * 32 + "/"
    assert [push(client, ALIYUN, address=wrong).status_code for _ in range(3)] == [404, 404, 429]
    assert [push(client, ALIYUN).status_code for _ in range(2)] == [200, 429]
    assert int(push(client, ALIYUN)["Retry-After"]) >= 1
    settings.SMS_RECEIPTS = receipt_settings.Receipts()
    assert [push(client, ALIYUN, address=one).status_code for one in (ADDRESS, wrong, wrong)] == [404, 404, 404]


def test_the_secret_stands_in_no_log() -> None:
    assert told_path(ADDRESS) == "/receipts/…"
    said = without_tokens(None, "info", {"event": f"POST {ADDRESS} HTTP/1.1"})
    assert said == {"event": "POST /receipts/sms/…/ HTTP/1.1"}


def test_the_operator_reads_whether_receipts_come(
    world: World, sign_in: SignIn, aliyun: Gateway, settings: Any
) -> None:
    send(world, sign_in)
    operator, page = sign_in(world.county.operator), this_month()
    assert "短信的回执一条也没有收到" in read(operator, page)
    settings.SMS_RECEIPTS = receipt_settings.Receipts()
    assert "没有开通短信的回执" in read(operator, page)
