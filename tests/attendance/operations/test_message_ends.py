"""What messages come to: counted with their cost; a way that fails is told apart from a person, and told the operator;
two who take of the same day never wait for each other for ever.
"""

import datetime as dt
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from importlib import import_module
from typing import Any

import pytest
from django.apps import apps
from django.db import connection, connections, transaction
from django.utils import timezone

from attendance.models import (
    ChannelDay,
    MessageAccount,
    MessageCount,
    NoticeChoice,
    ReminderMessage,
    WayTrouble,
)
from attendance.operations import message_ends, reminder_sending, reminders
from attendance.queries.message_counts import waiting
from attendance.queries.personal import held_about
from config.doctor import examine
from organizations.queries import phone_of
from tests.attendance.operations.test_messaging import ACCOUNT, missing, office, send
from tests.attendance.operations.test_reminders import DAY, Gateway, gateway, morning, remind, states, world
from tests.attendance.reports.conftest import World
from tests.factories.organizations import UserFactory
from tests.organizations.messenger_server import FIND, SEND, Office, error

__all__ = ["gateway", "office", "world"]
pytestmark = pytest.mark.integration
PATIENCE_S = 60


@pytest.fixture(autouse=True)
def prices(settings: Any) -> None:
    settings.MESSAGES = replace(settings.MESSAGES, price={"sms": 450})


def test_ends_are_counted_by_day_way_and_unit_with_their_cost(world: World, office: Office) -> None:
    office.people.clear()
    remind(world)
    send()
    rows = {one.channel: one for one in MessageCount.objects.all()}
    assert {way: (one.sent, one.failed, one.unsure) for way, one in rows.items()} == {
        "site": (1, 0, 0), office.way: (0, 1, 0), "sms": (1, 0, 0),
    }  # fmt: skip
    parts = 1 if len(Gateway.sent[0][1]) <= 70 else 2
    assert {way: one.cost for way, one in rows.items()} == {"site": 0, office.way: 0, "sms": 450 * parts}
    assert {one.node_id for one in rows.values()} == {world.county.branch.pk}
    day = timezone.localdate(morning())
    assert {one.day for one in rows.values()} == {day}
    assert message_ends.prune_counts(as_of=morning() + 1000 * DAY) == 0
    assert message_ends.prune_counts(as_of=morning() + 1100 * DAY) == 3


def test_what_may_have_gone_out_is_paid_for(world: World, office: Office, settings: Any) -> None:
    settings.MESSAGES = replace(settings.MESSAGES, price={office.way: 10})
    remind(world)
    office.instead[SEND[office.way]] = lambda: error(-1, "busy")
    send()
    found = MessageCount.objects.get(channel=office.way)
    assert (found.unsure, found.cost) == (1, 10)
    lost = ReminderMessage.objects.get(channel=office.way)
    ReminderMessage.objects.filter(pk=lost.pk).update(state="sending", claimed_at=morning())
    send(morning() + DAY)
    found.refresh_from_db()
    assert MessageCount.objects.filter(channel=office.way, unsure=1).count() == 2
    assert ReminderMessage.objects.get(pk=lost.pk).why == "claim_lost"


def test_who_is_out_of_sight_gets_the_next_way_and_is_asked_for_again_the_day_after(
    world: World, office: Office
) -> None:
    remind(world)
    code = 81013 if office.way == "wecom" else 50002
    office.instead[SEND[office.way]] = lambda: error(code, "not in scope")
    send()
    assert states(missing(world)) == {"site": "sent", office.way: "failed", "sms": "sent"}
    assert ReminderMessage.objects.get(channel=office.way).why == "out_of_sight"
    assert (one := WayTrouble.objects.get()).why == "out_of_sight"
    assert (one.channel, one.step, one.code, one.times) == (office.way, "way", str(code), 1)
    assert not [found for found in examine(as_of=morning()) if "可见范围" in found.next_step]  # it may be this person
    WayTrouble.objects.update(times=3)
    (told,) = [found for found in examine(as_of=morning()) if "可见范围" in found.next_step]
    assert f"代码 {code}" in told.what
    office.instead.clear()
    later = morning() + 2 * DAY
    remind(world, token="b" * 32, at=later)
    send(later)
    assert [account for account, _text in office.sent] == [ACCOUNT]
    assert not WayTrouble.objects.exists()
    assert not [found for found in examine(as_of=later) if "可见范围" in found.next_step]


def test_wrong_settings_are_the_ways_failure_and_told_the_operator(
    world: World, office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    remind(world)
    office.instead[SEND[office.way]] = lambda: error(60020, "not allowed from your ip")
    monkeypatch.setattr(Gateway, "reaches_phones", False)  # no other way
    send()
    assert states(missing(world)) == {"site": "sent", office.way: "waiting"}  # nobody is taken for absent
    assert MessageAccount.objects.get().account_cipher is not None
    (told,) = [found for found in examine(as_of=morning()) if "可信IP" in found.what]
    assert "代码 60020" in told.what
    office.instead.clear()
    send(morning() + dt.timedelta(minutes=6))
    assert states(missing(world)) == {"site": "sent", office.way: "sent"}
    assert not WayTrouble.objects.exists()


def test_what_is_set_up_wrong_for_all_keeps_nobody_waiting(
    world: World, office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    remind(world)
    rows = fill(office)
    monkeypatch.setattr(reminder_sending, "_why_not", lambda *_args: "")
    office.instead[SEND[office.way]] = lambda: error(60020, "not allowed from your ip")
    send()
    assert office.asked.count(SEND[office.way]) == 3, "the others go on without asking"
    assert states(missing(world)) == {"site": "sent", office.way: "failed", "sms": "sent"}
    found = ReminderMessage.objects.filter(pk__in=rows).values_list("state", "why")
    assert set(found) == {("failed", "setup")}
    assert waiting(as_of=morning()) == {}


def test_what_is_set_up_wrong_waits_where_the_next_way_has_nothing_left(
    world: World, office: Office, settings: Any
) -> None:
    settings.MESSAGES = replace(settings.MESSAGES, a_day={**settings.MESSAGES.a_day, "sms": 1})
    remind(world)
    ChannelDay.objects.create(channel="sms", day=timezone.localdate(morning()), used=1)
    office.instead[SEND[office.way]] = lambda: error(60020, "not allowed from your ip")
    send()
    assert states(missing(world)) == {"site": "sent", office.way: "waiting"}
    assert waiting(as_of=morning()) == {office.way: 1}


def test_a_scope_that_is_wrong_for_all_ends_the_turn_of_the_way(
    world: World, office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    remind(world)
    rows = fill(office)
    monkeypatch.setattr(reminder_sending, "_why_not", lambda *_args: "")
    office.instead[SEND[office.way]] = lambda: error(81013 if office.way == "wecom" else 50002, "not in scope")
    send()
    assert office.asked.count(SEND[office.way]) == 3
    assert ReminderMessage.objects.filter(pk__in=rows, state="waiting").exists()
    assert WayTrouble.objects.get().times == 3


def test_when_nobody_can_be_asked_for_those_who_are_known_still_get_theirs(
    world: World, office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    remind(world)
    send()
    rows = fill(office)
    known = ReminderMessage.objects.get(pk=rows[-1])
    MessageAccount.objects.create(
        member=known.member, channel=office.way, phone_index=known.member.phone_index or "", asked_at=morning(),
        account_cipher=MessageAccount.objects.get().account_cipher,
    )  # fmt: skip
    monkeypatch.setattr(reminder_sending, "_why_not", lambda *_args: "")
    office.instead[FIND[office.way]] = lambda: error(45009, "too many")
    office.sent.clear()
    office.asked.clear()
    send()
    assert office.asked.count(FIND[office.way]) == 3
    assert len(office.sent) == 1
    found = dict(ReminderMessage.objects.filter(pk__in=rows).values_list("pk", "state"))
    assert found[rows[-1]] == "sent"
    assert [found[pk] for pk in rows[:-1]] == ["waiting"] * 5
    (trouble,) = WayTrouble.objects.all()
    assert (trouble.step, trouble.times) == ("find", 3)
    (told,) = [one for one in examine(as_of=morning()) if "按手机号找人不成" in one.what]
    assert told.next_step


def test_without_a_token_the_whole_way_is_closed(world: World, office: Office, settings: Any) -> None:
    app = replace(office.app, secret="another")
    settings.MESSAGES = replace(settings.MESSAGES, apps={office.way: app})
    remind(world)
    send()
    trouble = WayTrouble.objects.get()
    assert (trouble.step, trouble.why) == ("way", "setup")


def fill(office: Office) -> list[int]:
    """Six more messages by this way, all known at the provider."""
    first = ReminderMessage.objects.get(channel=office.way)
    rows = []
    for number in range(6):
        person = UserFactory()
        office.people[phone_of(person).removeprefix("+86")] = f"person-{number}"
        row = ReminderMessage(
            reminder=first.reminder, member=person, channel=office.way, made_at=first.made_at, due_at=first.due_at
        )
        row.save(force_insert=True)
        rows.append(row.pk)
    return rows


def test_ones_own_data_say_who_one_is_at_a_provider(world: World, office: Office) -> None:
    remind(world)
    send()
    person = missing(world)
    (row,) = held_about(person, morning())["message_accounts"]
    assert (row["channel"], row["account"]) == (office.way, ACCOUNT)
    MessageAccount.objects.update(account_cipher=None)
    assert held_about(person, morning())["message_accounts"][0]["account"] == ""
    assert held_about(world.county.secretary, morning())["message_accounts"] == []


@pytest.mark.django_db
def test_whoever_wanted_no_text_messages_gets_no_work_messages_either() -> None:
    """The data step of 0026."""
    quiet, loud = UserFactory(), UserFactory()
    NoticeChoice.objects.create(member=quiet, sms=False)
    NoticeChoice.objects.create(member=loud)
    import_module("attendance.migrations.0026_message_ways").keep_silence(apps, None)
    found = {one.pk: (one.sms, one.email, one.wecom, one.dingtalk) for one in NoticeChoice.objects.all()}
    assert found == {quiet.pk: (False, True, False, False), loud.pk: (True, True, True, True)}


@pytest.mark.skipif("connection.vendor != 'postgresql'", reason="SQLite has one writer at a time")
@pytest.mark.django_db(transaction=True)
def test_two_who_make_a_days_allowances_do_not_wait_for_each_other_for_ever(
    world: World, office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One gives a message up and goes on by SMS, of which the day has no row yet; the other reminds by both ways."""
    remind(world)
    message = ReminderMessage.objects.get(channel=office.way)
    ReminderMessage.objects.filter(pk=message.pk).update(state="sending")
    day = timezone.localdate(morning())
    assert [one.channel for one in ChannelDay.objects.all()] == [office.way]
    holds, real = threading.Event(), reminders.take

    def take(channel: str, on: dt.date, wanted: int) -> int:
        holds.set()
        waits_for_lock(other)
        return real(channel, on, wanted)

    monkeypatch.setattr(reminder_sending, "take", take)

    def give_up() -> None:
        try:
            row = ReminderMessage.objects.select_related("reminder__node", "member").get(pk=message.pk)
            reminder_sending._end(row, "failed", why="gateway", as_of=morning(), was="sending")
        finally:
            connections.close_all()

    def remind_many() -> None:
        assert holds.wait(PATIENCE_S)
        try:
            with transaction.atomic():
                reminders.hold([(office.way, day), ("sms", day)])
                assert (real("sms", day, 2), real(office.way, day, 2)) == (2, 2)
        finally:
            connections.close_all()

    with ThreadPoolExecutor(2) as pool:
        other = pool.submit(remind_many)
        first = pool.submit(give_up)
        other.result(PATIENCE_S)
        first.result(PATIENCE_S)
    assert dict(ChannelDay.objects.values_list("channel", "used")) == {office.way: 2, "sms": 3}


def waits_for_lock(other: Any) -> None:
    """Return once the other thread stands at a lock of this one, or is done."""
    deadline = time.monotonic() + PATIENCE_S
    while not other.done():
        with connection.cursor() as cursor:
            cursor.execute(
                "SELECT count(*) FROM pg_locks WHERE NOT granted AND pg_backend_pid() = ANY(pg_blocking_pids(pid))"
            )
            if cursor.fetchone()[0]:
                return
        assert time.monotonic() < deadline
        time.sleep(0.02)
