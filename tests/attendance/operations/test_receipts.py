"""What became of messages afterwards: asked of DingTalk, early and late, and the next way for what did not arrive."""

import datetime as dt
import json
from dataclasses import replace
from typing import Any

import pytest
from django.core.cache import cache
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from attendance import operations
from attendance.models import ChannelDay, MessageAccount, MessageCount, ReminderMessage
from attendance.operations import departures, receipts
from attendance.queries.reminders import reminded
from organizations.core.receipts import Receipt
from organizations.queries import phone_of
from tests.attendance.operations.test_messaging import ACCOUNT, missing
from tests.attendance.operations.test_reminders import DAY, HOUR, Gateway, gateway, morning, remind, states, world
from tests.attendance.reports.conftest import World
from tests.factories.organizations import UserFactory
from tests.organizations import sms_gateway
from tests.organizations.messenger_server import SEND, Office, error, said

__all__ = ["gateway", "world"]
pytestmark = pytest.mark.integration
RESULT = "/topapi/message/corpconversation/getsendresult"
MINUTE = dt.timedelta(minutes=1)
LISTS = ("invalid_user_id_list", "forbidden_user_id_list", "failed_user_id_list", "read_user_id_list",
         "unread_user_id_list", "invalid_dept_id_list")  # fmt: skip


@pytest.fixture
def office(settings: Any, world: World, gateway: Any) -> Any:
    cache.clear()
    with sms_gateway.gateway() as here:
        found = Office(here, "dingtalk")
        found.people[phone_of(missing(world)).removeprefix("+86")] = ACCOUNT
        settings.MESSAGES = replace(settings.MESSAGES, apps={"dingtalk": found.app})
        yield found


def result(**lists: Any) -> Any:
    """DingTalk's answer: every list is there, empty or not."""
    return lambda: said(send_result={**{name: [] for name in LISTS}, **lists})


def sent(world: World) -> ReminderMessage:
    remind(world)
    operations.send_reminders(as_of=morning())
    return ReminderMessage.objects.get(channel="dingtalk")


def after(message: ReminderMessage, pause: dt.timedelta) -> dt.datetime:
    """So long after it was sent, which is a moment after the turn began."""
    assert message.done_at is not None
    return message.done_at + pause


def again(message: ReminderMessage) -> ReminderMessage:
    message.refresh_from_db()
    return message


@pytest.mark.parametrize("name", ["read_user_id_list", "unread_user_id_list"])
def test_dingtalk_is_asked_and_who_read_it_is_not_kept(world: World, office: Office, name: str) -> None:
    message = sent(world)
    assert (message.provider_id, message.ask_at) == ("256271667526", after(message, 5 * MINUTE))
    assert receipts.ask_for_receipts(as_of=after(message, 4 * MINUTE)) == 0
    office.instead[RESULT] = result()
    assert receipts.ask_for_receipts(as_of=after(message, 5 * MINUTE)) == 1
    assert (again(message).delivery, message.ask_at) == ("", after(message, 30 * MINUTE))
    office.instead[RESULT] = result(**{name: [ACCOUNT]})
    receipts.ask_for_receipts(as_of=after(message, 31 * MINUTE))
    assert (again(message).delivery, message.delivery_why, message.ask_at) == ("delivered", "", None)
    assert json.loads(office.here.seen[-1][3]) == {"agent_id": office.app.agent_id, "task_id": 256271667526}
    assert receipts.ask_for_receipts(as_of=after(message, DAY)) == 0
    assert MessageCount.objects.get(channel="dingtalk").delivered == 1


@pytest.mark.parametrize(
    ("name", "entry", "why"),
    [
        ("invalid_user_id_list", ACCOUNT, "no_account"),
        ("forbidden_user_id_list", ACCOUNT, "too_often"),
        ("forbidden_list", {"code": "143105", "count": 1, "userid": ACCOUNT}, "too_often"),
        ("failed_user_id_list", ACCOUNT, "other"),
    ],
)
def test_what_did_not_arrive_goes_by_the_next_way_once(
    world: World, office: Office, name: str, entry: Any, why: str
) -> None:
    message = sent(world)
    at = after(message, 5 * MINUTE)
    office.instead[RESULT] = result(**{name: [entry]})
    receipts.ask_for_receipts(as_of=at)
    assert (again(message).delivery, message.delivery_why) == ("undelivered", why)
    assert states(missing(world)) == {"site": "sent", "dingtalk": "sent", "sms": "waiting"}
    assert MessageAccount.objects.filter(account_cipher=None).exists() is (why == "no_account")
    operations.send_reminders(as_of=at)
    assert len(Gateway.sent) == 1
    receipts.take_receipts(channel="dingtalk", receipts=[Receipt(message.provider_id, False, why)], as_of=at)
    assert len(states(missing(world))) == 3
    assert reminded(world.training.pk, [missing(world).pk])[missing(world).pk].missed is None  # the text message may


def test_what_arrived_after_all_goes_by_no_other_way(world: World, office: Office) -> None:
    message = sent(world)
    night = after(message, 13 * HOUR)
    for delivered in (False, True):
        told = [Receipt(message.provider_id, delivered, "" if delivered else "other")]
        assert receipts.take_receipts(channel="dingtalk", receipts=told, as_of=night) == 1
    assert states(missing(world)) == {"site": "sent", "dingtalk": "sent", "sms": "waiting"}
    operations.send_reminders(as_of=morning() + DAY)
    assert states(missing(world)) == {"site": "sent", "dingtalk": "sent", "sms": "skipped"}
    assert Gateway.sent == []


def test_a_day_later_or_with_no_other_way_it_stays_at_that(world: World, office: Office, settings: Any) -> None:
    message = sent(world)
    late = [Receipt(message.provider_id, False, "other")]
    receipts.take_receipts(channel="dingtalk", receipts=late, as_of=after(message, DAY))
    assert states(missing(world)) == {"site": "sent", "dingtalk": "sent"}
    (one,) = reminded(world.training.pk, [missing(world).pk]).values()
    assert one.result == "站内消息 已发出、钉钉 没有送达"
    assert one.missed is not None
    ReminderMessage.objects.update(delivery="")
    settings.MESSAGES = replace(settings.MESSAGES, a_day={**settings.MESSAGES.a_day, "sms": 0})
    receipts.take_receipts(channel="dingtalk", receipts=late, as_of=after(message, MINUTE))
    assert states(missing(world)) == {"site": "sent", "dingtalk": "sent"}


def test_the_next_way_has_its_days_end(world: World, office: Office, settings: Any) -> None:
    message = sent(world)
    settings.MESSAGES = replace(settings.MESSAGES, a_day={**settings.MESSAGES.a_day, "sms": 1})
    ChannelDay.objects.create(channel="sms", day=timezone.localdate(morning()), used=1)
    failed = [Receipt(message.provider_id, False, "other")]
    assert receipts.take_receipts(channel="dingtalk", receipts=failed, as_of=after(message, MINUTE)) == 1
    assert states(missing(world)) == {"site": "sent", "dingtalk": "sent"}


def test_dingtalk_that_does_not_answer_is_asked_again_and_given_up_after_a_day(world: World, office: Office) -> None:
    message = sent(world)
    office.instead[RESULT] = lambda: error(45009, "too many")
    for number in range(4):
        message.pk, message.provider_id, message.member = None, f"{number}", UserFactory()
        message.save(force_insert=True)
    assert receipts.ask_for_receipts(as_of=after(message, 5 * MINUTE)) == 3, "three failures end the turn"
    office.instead[RESULT] = result()
    for hours in (1, 6, 21, 24, 25):
        receipts.ask_for_receipts(as_of=after(message, hours * HOUR))
    assert not ReminderMessage.objects.exclude(ask_at=None).exists()
    asked = office.asked.count(RESULT)
    ReminderMessage.objects.filter(channel="dingtalk").update(ask_at=morning())
    assert receipts.ask_for_receipts(as_of=after(message, 25 * HOUR)) == 0
    assert office.asked.count(RESULT) == asked


def test_a_way_that_was_taken_away_is_asked_nothing(world: World, office: Office, settings: Any) -> None:
    message = sent(world)
    settings.MESSAGES = replace(settings.MESSAGES, apps={})
    assert receipts.ask_for_receipts(as_of=after(message, 5 * MINUTE)) == 0
    assert again(message).ask_at == after(message, 30 * MINUTE)


def test_two_workers_put_one_question(world: World, office: Office) -> None:
    message = sent(world)
    ReminderMessage.objects.filter(pk=message.pk).update(ask_at=after(message, 30 * MINUTE))
    assert not receipts._claim(message, after(message, 5 * MINUTE))


def test_an_answer_without_a_task_is_asked_nothing(world: World, office: Office) -> None:
    office.instead[SEND["dingtalk"]] = lambda: said(task_id="none")
    message = sent(world)
    assert (message.provider_id, message.ask_at) == ("", None)
    office.instead[RESULT] = lambda: said(send_result="none")
    ReminderMessage.objects.filter(pk=message.pk).update(provider_id="7", ask_at=morning())
    receipts.ask_for_receipts(as_of=after(message, 5 * MINUTE))
    assert again(message).delivery == ""


def test_a_receipt_before_the_row_knows_its_name_is_not_lost(
    world: World, office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The carrier may be quicker than our own commit."""

    def quickly() -> Any:
        receipts.take_receipts(channel="dingtalk", receipts=[Receipt("7", True)], as_of=morning())
        connection.close()  # of the thread that plays the provider
        return said(task_id=7)

    office.instead[SEND["dingtalk"]] = quickly
    assert sent(world).delivery == "delivered"
    monkeypatch.setattr(cache, "get", lambda *_args: 1 / 0)
    monkeypatch.setattr(cache, "set_many", lambda *_args: 1 / 0)
    receipts.take_early(channel="dingtalk", message_id="8", as_of=morning())
    assert receipts.take_receipts(channel="dingtalk", receipts=[Receipt("8", True)], as_of=morning()) == 0


def test_one_name_of_two_messages_says_nothing_of_either(world: World, office: Office) -> None:
    message = sent(world)
    message.pk, message.member = None, world.county.neighbours[0]
    message.save(force_insert=True)
    named = [Receipt(message.provider_id, True)]
    assert receipts.take_receipts(channel="dingtalk", receipts=named, as_of=morning()) == 0
    assert receipts.take_receipts(channel="sms", receipts=named, as_of=morning()) == 0


def test_many_receipts_of_nobody_cost_two_questions(world: World, office: Office) -> None:
    many = [Receipt(f"n{number}", True) for number in range(300)]
    with CaptureQueriesContext(connection) as asked:
        assert receipts.take_receipts(channel="sms", receipts=many, as_of=morning()) == 0
    assert len(asked) == 2


def test_who_is_taken_out_leaves_no_name_at_the_provider(world: World, office: Office) -> None:
    message = sent(world)
    departures.take_out(member_id=message.member_id)
    assert (again(message).provider_id, message.ask_at) == ("", None)
