"""Reminders by WeCom and DingTalk: who is there, who is not and gets the next way, each once, so many a day."""

import datetime as dt
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest
from django.core.cache import cache

from attendance import operations
from attendance.models import ChannelDay, MessageAccount, ReminderMessage
from attendance.operations import messaging, reminder_sending
from attendance.reminding import Ways, nowhere_of, whom_to_remind
from attendance.reports.base import Scope
from organizations.core import phones
from organizations.models import User
from organizations.queries import phone_of
from organizations.sms import wire
from tests.attendance.operations.test_reminders import DAY, Gateway, gateway, morning, remind, states, world
from tests.attendance.reports.conftest import World
from tests.factories.organizations import UserFactory
from tests.organizations import sms_gateway
from tests.organizations.messenger_server import FIND, SEND, Office, error

__all__ = ["gateway", "world"]
pytestmark = pytest.mark.integration
ACCOUNT = "wangyi-1"


@pytest.fixture(params=["wecom", "dingtalk"])
def office(request: pytest.FixtureRequest, settings: Any, world: World, gateway: Any) -> Iterator[Office]:
    cache.clear()
    with sms_gateway.gateway() as here:
        found = Office(here, request.param)
        found.people[phone_of(missing(world)).removeprefix("+86")] = ACCOUNT
        settings.MESSAGES = replace(settings.MESSAGES, apps={found.way: found.app})
        yield found


def missing(world: World) -> User:
    return User.objects.get(pk=world.county.members[1].pk)


def send(at: dt.datetime | None = None) -> int:
    return operations.send_reminders(as_of=at or morning())


def test_a_work_message_comes_before_a_text_message_and_is_found_once(world: World, office: Office) -> None:
    made = remind(world)
    assert dict(made.by_channel) == {"site": 1, office.way: 1}
    send()
    ((account, text),) = office.sent
    assert account == ACCOUNT
    assert "“防汛避险”还有没学完的" in text
    assert states(missing(world)) == {"site": "sent", office.way: "sent"}
    assert Gateway.sent == []
    kept = MessageAccount.objects.get()
    assert ACCOUNT.encode() not in bytes(kept.account_cipher or b"")
    later = morning() + 2 * DAY
    remind(world, token="b" * 32, at=later)
    send(later)
    assert (len(office.sent), office.asked.count(FIND[office.way])) == (2, 1)


def test_who_is_not_there_gets_the_next_way_and_is_not_asked_for_again(world: World, office: Office) -> None:
    office.people.clear()
    remind(world)
    send()
    assert states(missing(world)) == {"site": "sent", office.way: "failed", "sms": "sent"}
    assert ReminderMessage.objects.get(channel=office.way).why == "no_account"
    assert dict(ChannelDay.objects.values_list("channel", "used")) == {office.way: 0, "sms": 1}
    at = morning() + 2 * DAY
    (whom,) = whom_to_remind(Scope(world.training, world.county.branch, at), reader=world.county.secretary)
    assert whom.channel == "sms"
    asked: dict[str, Any] = {"member_ids": [whom.member_id], "ways": Ways.of_site()}
    assert nowhere_of(**asked, as_of=at) == {whom.member_id: {office.way}}
    assert nowhere_of(**asked, as_of=at + 31 * DAY) == {}
    assert messaging.prune_accounts(as_of=at) == 0
    assert messaging.prune_accounts(as_of=at + 31 * DAY) == 1


def test_another_number_is_asked_for_anew(world: World, office: Office, settings: Any) -> None:
    remind(world)
    send()
    number = "+8613955550000"
    User.objects.filter(pk=missing(world).pk).update(
        phone_cipher=phones.encrypt(settings.PHONE_KEY, number),
        phone_index=phones.blind_index(settings.PHONE_KEY, number), phone_last4="0000",
    )  # fmt: skip
    office.people["13955550000"] = "another"
    later = morning() + 2 * DAY
    remind(world, token="b" * 32, at=later)
    send(later)
    assert [account for account, _text in office.sent] == [ACCOUNT, "another"]


def test_who_left_the_organisation_there_is_written_to_by_text_message(world: World, office: Office) -> None:
    remind(world)
    office.instead[SEND[office.way]] = lambda: error(81013 if office.way == "wecom" else 33012, "invalid")
    send()
    assert states(missing(world)) == {"site": "sent", office.way: "failed", "sms": "sent"}
    assert MessageAccount.objects.get().account_cipher is None


def test_too_many_is_tried_again_with_pauses_and_at_last_another_way(world: World, office: Office) -> None:
    remind(world)
    office.instead[SEND[office.way]] = lambda: error(45009, "too many")
    for minutes in (0, 6, 22, 90):
        send(morning() + dt.timedelta(minutes=minutes))
    assert office.asked.count(SEND[office.way]) == 4
    assert states(missing(world)) == {"site": "sent", office.way: "failed", "sms": "sent"}
    assert len(Gateway.sent) == 1


def test_a_message_that_may_have_gone_out_goes_no_other_way(
    world: World, office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(wire, "CONNECT_S", 2.0)
    remind(world)
    office.instead[SEND[office.way]] = lambda: (200, '{"errcode": 0, "er')
    for hours in range(3):
        send(morning() + dt.timedelta(hours=hours))
    assert office.asked.count(SEND[office.way]) == 1
    assert states(missing(world)) == {"site": "sent", office.way: "unknown"}
    assert Gateway.sent == []


def test_turned_off_by_the_member_or_by_the_site(world: World, office: Office, settings: Any) -> None:
    person = missing(world)
    remind(world)
    operations.choose_channels(member_id=person.pk, sms=True, email=False, **{office.way: False})
    send()
    assert ReminderMessage.objects.get(channel=office.way).why == "turned_off"
    assert office.sent == []
    scope = Scope(world.training, world.county.branch, morning() + 2 * DAY)
    assert [one.channel for one in whom_to_remind(scope, reader=world.county.secretary)] == ["sms"]


def test_a_number_given_up_since_gets_nothing(world: World, office: Office) -> None:
    remind(world)
    User.objects.filter(pk=missing(world).pk).update(phone_cipher=None, phone_index=None, phone_last4="")
    send()
    assert ReminderMessage.objects.get(channel=office.way).why == "no_phone"
    assert office.sent == []


def test_each_way_has_its_days_end(world: World, office: Office, settings: Any) -> None:
    settings.MESSAGES = replace(settings.MESSAGES, a_day={**settings.MESSAGES.a_day, office.way: 1})
    remind(world)
    ChannelDay.objects.update(used=1)
    ReminderMessage.objects.all().delete()
    made = remind(world, token="b" * 32)
    assert dict(made.by_channel) == {"site": 1}


def test_a_way_that_is_closed_keeps_no_other_from_its_messages(world: World, office: Office) -> None:
    """Three failures in a row end the turn of that way alone."""
    others = world.county.neighbours
    remind(world)
    reminder = ReminderMessage.objects.filter(channel=office.way).get().reminder
    rows = [(one, office.way) for one in others[:4]] + [(others[0], "sms")]
    ReminderMessage.objects.bulk_create(
        ReminderMessage(
            reminder=reminder, member=one, channel=channel, made_at=reminder.made_at, due_at=reminder.due_at
        )
        for one, channel in rows
    )
    office.instead[FIND[office.way]] = lambda: error(45009, "too many")
    send()
    assert ReminderMessage.objects.get(channel="sms", member=others[0]).state != "waiting"


def test_after_three_failures_in_a_row_a_way_is_not_tried_again_in_that_turn(
    world: World, office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    remind(world)
    first = ReminderMessage.objects.get(channel=office.way)
    tried: list[int] = []
    for _ in range(4):
        first.pk, first.member = None, UserFactory()
        first.save(force_insert=True)

    def fail(pk: int, *, as_of: dt.datetime) -> messaging.NotSent:
        tried.append(pk)
        return messaging.NotSent("gateway")

    monkeypatch.setattr(reminder_sending, "_send_one", fail)
    send()
    assert len(tried) == 3


def test_what_was_ended_meanwhile_is_not_ended_again(world: World, office: Office) -> None:
    remind(world)
    message = ReminderMessage.objects.get(channel=office.way)
    reminder_sending._end(message, "failed", why="late", as_of=morning(), was="sending")
    assert states(missing(world))[office.way] == "waiting"


def test_a_turn_that_has_lasted_too_long_leaves_the_rest_to_the_next(
    world: World, office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    remind(world)
    first = ReminderMessage.objects.get(channel=office.way)
    tried: list[int] = []
    for _ in range(2):
        first.pk, first.member = None, UserFactory()
        first.save(force_insert=True)

    def send_slowly(pk: int, *, as_of: dt.datetime) -> str:
        tried.append(pk)
        monkeypatch.setattr(reminder_sending, "LONGEST_TURN_S", -1.0)
        return ""

    monkeypatch.setattr(reminder_sending, "_send_one", send_slowly)
    send()
    assert len(tried) == 1
