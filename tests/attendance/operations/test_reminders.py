"""Reminders reach those who have something to do, not too often, not at night, once, and stop when it is done."""

import datetime as dt
import smtplib
from collections.abc import Callable
from dataclasses import replace
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from django.core import mail
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from attendance import operations
from attendance.models import (
    ChannelDay,
    Evidence,
    Notice,
    NoticeChoice,
    Occasion,
    Record,
    Reminder,
    ReminderMessage,
    RosterEntry,
    RosterWork,
    Training,
    WayTrouble,
)
from attendance.operations import reminder_sending, reminders
from attendance.queries.reminders import due_by_clock, lately, reminded
from attendance.reminding import whom_to_remind
from attendance.reports.base import Scope
from attendance.sentences.messages import is_told
from attendance.sentences.notices import words_of
from attendance.sentences.records import day_and_hour
from organizations import sms
from organizations.core import phones
from organizations.models import Exemption, Left, User
from organizations.operations import end_membership
from tests.attendance.people import make_occasion, make_training, stand
from tests.attendance.reports.conftest import World, world
from tests.factories.organizations import MembershipFactory

__all__ = ["world"]
pytestmark = pytest.mark.integration
HERE = ZoneInfo("Asia/Shanghai")
HOUR, DAY = dt.timedelta(hours=1), dt.timedelta(days=1)
TOKEN = "a" * 32


class Gateway:
    """A way out that notes what it was given; ``fails``: what it answers instead of taking it."""

    reaches_phones = True
    sent: list[tuple[str, str]] = []
    fails: Callable[[], sms.UnableToSendSms | None] = staticmethod(lambda: None)

    def send(self, *, phone: str, text: str) -> None:
        Gateway.sent.append((phone, text))
        if error := Gateway.fails():
            raise error


@pytest.fixture
def gateway(settings: Any) -> type[Gateway]:
    settings.SMS_BACKEND = f"{__name__}.Gateway"
    Gateway.sent, Gateway.fails = [], staticmethod(lambda: None)
    return Gateway


def morning() -> dt.datetime:
    """Ten in the morning, today or (so that what is told never lies behind the world) tomorrow."""
    now = timezone.localtime()
    today = now.replace(hour=10, minute=0, second=0, microsecond=0)
    return today if today > now else today + DAY


def remind(world: World, *members: User, token: str = TOKEN, at: dt.datetime | None = None, **who: Any) -> Any:
    at = at or morning()
    reader = User.objects.get(pk=who.get("reader", world.county.secretary).pk)
    scope = Scope(world.training, who.get("node", world.county.branch), at)
    ids = [one.pk for one in members or world.county.members]
    return operations.remind(scope=scope, reader=reader, member_ids=ids, token=token, as_of=at)


def states(member: User) -> dict[str, str]:
    return dict(ReminderMessage.objects.filter(member=member).order_by("id").values_list("channel", "state"))


def test_only_the_missing_are_reminded_and_once(world: World, gateway: type[Gateway]) -> None:
    missing = world.county.members[1]
    made = remind(world, *world.county.members, *world.county.neighbours)
    assert (made.people, made.sms) == (1, 1)
    assert remind(world).reminder == made.reminder  # the same form twice
    assert operations.send_reminders(as_of=morning()) == 2
    assert operations.send_reminders(as_of=morning()) == 0
    assert states(missing) == {"site": "sent", "sms": "sent"}
    ((phone, text),) = gateway.sent
    assert phone.endswith(missing.phone_last4)
    assert "王一1，您好：“防汛避险”还有没学完的" in text
    assert "（关闭：我的-消息和通知）" in text
    assert [(one.member, one.kind) for one in Notice.objects.all()] == [(missing, "reminded")]
    summary = reminded(world.training.pk, [missing.pk, world.county.member.pk])
    assert list(summary) == [missing.pk]
    assert summary[missing.pk].text.endswith("赵书记")
    assert summary[missing.pk].result == "站内消息 已发出、短信 已发出"


def test_another_secretary_a_moment_later_finds_it_done(world: World, gateway: type[Gateway]) -> None:
    remind(world)
    above = world.county.operator
    above.role_grants.create(role="secretary", node=world.county.township, active_from_date=dt.date(2020, 1, 1))
    with pytest.raises(operations.UnableToRemind, match="刚提醒过"):
        remind(world, world.county.members[1], reader=above, node=world.county.township, token="b" * 32)
    assert Reminder.objects.count() == 1


def test_no_more_than_so_often_a_week_whatever_the_training(world: World, gateway: type[Gateway]) -> None:
    missing, at = world.county.members[1], morning()
    for number in range(2):
        training = make_training(world.county.county, title=f"培训{number}")
        stand(make_occasion(training, media_ms=1), missing, world.county.branch, "missing")
        scope = Scope(training, world.county.branch, at + number * HOUR)
        reader = User.objects.get(pk=world.county.secretary.pk)
        operations.remind(scope=scope, reader=reader, member_ids=[missing.pk], token=TOKEN[:-1] + str(number),
                          as_of=at + number * HOUR)  # fmt: skip
    (whom,) = whom_to_remind(Scope(world.training, world.county.branch, at + 2 * HOUR), reader=world.county.secretary)
    assert whom.refusal == "7 天内已提醒 2 次"
    with pytest.raises(operations.UnableToRemind):
        remind(world, token="c" * 32, at=at + 2 * HOUR)
    (whom,) = whom_to_remind(Scope(world.training, world.county.branch, at + 8 * DAY), reader=world.county.secretary)
    assert whom.refusal == ""


def test_a_unit_may_choose_never_and_one_below_otherwise(world: World) -> None:
    county, at = world.county, morning()
    choose: dict[str, Any] = {
        "text": "",
        "before_start": None,
        "before_deadline": None,
        "outside": None,
        "actor_id": county.operator.pk,
    }
    operations.set_reminders(node_id=county.county.pk, a_week=0, as_of=at, **choose)
    scope = Scope(world.training, county.branch, at)
    assert [one.refusal for one in whom_to_remind(scope, reader=county.secretary)] == ["支部设定不用系统提醒"]
    operations.set_reminders(node_id=county.branch.pk, a_week=1, as_of=at, **choose)
    assert [one.refusal for one in whom_to_remind(scope, reader=county.secretary)] == [""]


@pytest.mark.parametrize(
    ("tapped", "goes"), [("21:59", "21:59"), ("22:00", "07:00"), ("23:59", "07:00"), ("06:59", "07:00")]
)
def test_nothing_goes_out_at_night(world: World, gateway: type[Gateway], tapped: str, goes: str) -> None:
    hour, minute = map(int, tapped.split(":"))
    at = (timezone.localtime() + DAY).replace(hour=hour, minute=minute, second=0, microsecond=0)
    made = remind(world, at=at)
    assert timezone.localtime(made.reminder.due_at).strftime("%H:%M") == goes
    operations.send_reminders(as_of=at + dt.timedelta(seconds=1))
    assert bool(gateway.sent) == (tapped == "21:59")
    operations.send_reminders(as_of=made.reminder.due_at + HOUR)
    assert len(gateway.sent) == 1


def test_it_stops_at_once_when_it_is_done(world: World, gateway: type[Gateway]) -> None:
    missing = world.county.members[1]
    remind(world)
    Record.objects.filter(member=missing).update(state="made_up", stands="made_up")
    operations.send_reminders(as_of=morning())
    assert states(missing) == {"site": "skipped", "sms": "skipped"}
    assert gateway.sent == []
    assert not Notice.objects.exists()
    assert ChannelDay.objects.get(channel="sms").used == 0
    assert lately([missing.pk], as_of=morning()) == {}


def test_what_changed_since_the_tap_holds(world: World, gateway: type[Gateway]) -> None:
    """Turned off, the number handed on, left, the training closed: each stops what waits, with its reason."""
    missing, at = world.county.members[1], morning()
    changes: dict[str, Callable[[], object]] = {
        "turned_off": lambda: operations.choose_channels(member_id=missing.pk, sms=False, email=False),
        "no_phone": lambda: User.objects.filter(pk=missing.pk).update(phone_cipher=None, phone_index=None),
        "late": lambda: Training.objects.update(state=Training.State.CLOSED),
        "left": lambda: end_membership(
            member_id=missing.pk, because=Left.TRANSFERRED, on_date=timezone.localdate(at), as_of=at
        ),
    }
    from django.db import transaction

    for why, change in changes.items():
        with transaction.atomic():
            remind(world)
            change()
            operations.send_reminders(as_of=at)
            assert ReminderMessage.objects.get(channel="sms").why == why
            assert gateway.sent == []
            transaction.set_rollback(True)


def test_a_number_that_went_to_another_person_gets_nothing_of_its_former_owner(
    world: World, gateway: type[Gateway]
) -> None:
    missing, other = world.county.members[1], world.county.members[0]
    number = "+8615500009999"
    remind(world)
    cipher, index = phones.encrypt("k" * 32, number), phones.blind_index("k" * 32, number)
    User.objects.filter(pk=missing.pk).update(phone_cipher=None, phone_index=None, phone_last4="")
    User.objects.filter(pk=other.pk).update(phone_cipher=cipher, phone_index=index, phone_last4="9999")
    operations.send_reminders(as_of=morning())
    assert gateway.sent == []
    assert states(missing) == {"site": "sent", "sms": "skipped"}


def test_a_refusal_of_the_gateway_is_tried_again_with_longer_pauses(world: World, gateway: type[Gateway]) -> None:
    missing, at = world.county.members[1], morning()
    remind(world)
    gateway.fails = staticmethod(lambda: sms.UnableToSendSms("busy"))
    for passed, attempts in ((0, 1), (4, 1), (6, 2), (22, 3), (90, 4), (400, 4)):
        operations.send_reminders(as_of=at + dt.timedelta(minutes=passed))
        assert len(gateway.sent) == attempts
    assert states(missing)["sms"] == "failed"
    assert ChannelDay.objects.get(channel="sms").used == 0


@pytest.mark.parametrize(
    ("error", "state"),
    [
        (sms.UnableToSendSms("no answer in time", unsure=True), "unknown"),
        (sms.UnableToSendSms("black list", about_number=True), "failed"),
    ],
)
def test_what_may_have_gone_out_is_never_sent_again(
    world: World, gateway: type[Gateway], error: sms.UnableToSendSms, state: str
) -> None:
    missing = world.county.members[1]
    remind(world)
    gateway.fails = staticmethod(lambda: error)
    for hours in range(3):
        operations.send_reminders(as_of=morning() + hours * HOUR)
    assert len(gateway.sent) == 1
    assert states(missing)["sms"] == state


def test_a_worker_that_dies_while_it_sends_leaves_nothing_to_send_twice(world: World, gateway: type[Gateway]) -> None:
    missing = world.county.members[1]
    remind(world)

    def dies() -> None:
        raise KeyboardInterrupt

    gateway.fails = staticmethod(dies)
    with pytest.raises(KeyboardInterrupt):
        operations.send_reminders(as_of=morning())
    gateway.fails = staticmethod(lambda: None)
    operations.send_reminders(as_of=morning() + dt.timedelta(minutes=1))
    assert states(missing)["sms"] == "sending"
    operations.send_reminders(as_of=morning() + dt.timedelta(minutes=11))
    assert states(missing)["sms"] == "unknown"
    assert len(gateway.sent) == 1


def test_the_days_text_messages_have_an_end(world: World, gateway: type[Gateway], settings: Any) -> None:
    settings.MESSAGES = replace(settings.MESSAGES, a_day={**settings.MESSAGES.a_day, "sms": 1})
    other = MembershipFactory(node=world.county.branch).member
    stand(world.occasion, other, world.county.branch, "missing")
    made = remind(world, world.county.members[1], other)
    assert (made.people, made.sms) == (2, 1)
    operations.send_reminders(as_of=morning())
    assert len(gateway.sent) == 1
    assert Notice.objects.count() == 2
    assert ChannelDay.objects.get(channel="sms").used == 1


def test_who_wants_no_text_messages_gets_an_email_and_never_both(
    world: World, gateway: type[Gateway], settings: Any
) -> None:
    settings.EMAIL_URL = "smtp://127.0.0.1:25"
    missing, at = world.county.members[1], morning()
    operations.ask_for_email(member_id=missing.pk, address="a@example.cn", as_of=at)
    code = mail.outbox.pop().body.split("：")[1][:6]
    with pytest.raises(operations.UnableToChoose, match="不对"):
        operations.confirm_email(member_id=missing.pk, code="x", as_of=at)
    operations.confirm_email(member_id=missing.pk, code=code, as_of=at)
    with pytest.raises(operations.UnableToChoose, match="过期"):
        operations.confirm_email(member_id=missing.pk, code=code, as_of=at)
    assert b"example" not in bytes(NoticeChoice.objects.get().email_cipher or b"")
    operations.choose_channels(member_id=missing.pk, sms=False, email=True)
    assert remind(world).email == 1
    operations.send_reminders(as_of=at)
    assert (len(mail.outbox), mail.outbox[0].to, gateway.sent) == (1, ["a@example.cn"], [])
    assert "防汛避险" in mail.outbox[0].body


def test_a_code_of_an_email_can_be_guessed_five_times(world: World) -> None:
    member, at = world.county.member, morning()
    operations.ask_for_email(member_id=member.pk, address="a@example.cn", as_of=at)
    code = mail.outbox.pop().body.split("：")[1][:6]
    for _number in range(5):
        with pytest.raises(operations.UnableToChoose):
            operations.confirm_email(member_id=member.pk, code="no", as_of=at)
    with pytest.raises(operations.UnableToChoose, match="过期"):
        operations.confirm_email(member_id=member.pk, code=code, as_of=at)


@pytest.mark.parametrize(
    ("address", "said"),
    [
        ("name", "这不是邮箱地址"),
        ("名字@example.cn", "这不是邮箱地址"),
        ("a@例子.cn", "这个邮箱地址用不了"),
        (f"a@{'b' * 60}.{'c' * 60}.cn", "这个邮箱地址用不了"),
    ],
)
def test_an_address_that_cannot_be_used_is_refused_and_gets_no_code(world: World, address: str, said: str) -> None:
    with pytest.raises(operations.UnableToChoose, match=said):
        operations.ask_for_email(member_id=world.county.member.pk, address=address, as_of=morning())
    assert mail.outbox == []
    assert not NoticeChoice.objects.exists()


def test_a_code_that_did_not_go_out_is_said_and_the_address_before_goes_on(
    world: World, monkeypatch: pytest.MonkeyPatch, settings: Any
) -> None:
    member = world.county.member
    sealed = phones.seal(settings.PHONE_KEY, b"old@example.cn")
    NoticeChoice.objects.create(member=member, sms=False, email=True, email_cipher=sealed)

    def refuse(*_args: Any, **_kwargs: Any) -> None:
        raise smtplib.SMTPRecipientsRefused({"new@example.cn": (550, b"no")})

    monkeypatch.setattr("django.core.mail.message.EmailMessage.send", refuse)
    with pytest.raises(operations.UnableToChoose, match="验证邮件没有发出去，请核对邮箱地址"):
        operations.ask_for_email(member_id=member.pk, address="new@example.cn", as_of=morning())
    choice = NoticeChoice.objects.get()
    assert phones.unseal(settings.PHONE_KEY, bytes(choice.email_cipher or b"")) == b"old@example.cn"
    assert choice.email


@pytest.mark.parametrize(
    ("error", "state"),
    [
        (smtplib.SMTPRecipientsRefused({"a@example.cn": (550, b"no")}), "failed"),
        (smtplib.SMTPRecipientsRefused({"a@example.cn": (450, b"later")}), "waiting"),
        (smtplib.SMTPResponseException(554, b"no"), "failed"),
        (smtplib.SMTPAuthenticationError(454, b"later"), "waiting"),
        (ConnectionRefusedError(), "waiting"),
        (smtplib.SMTPServerDisconnected("gone"), "unknown"),
        (TimeoutError(), "unknown"),
    ],
)
def test_what_a_mail_server_answers(
    world: World, settings: Any, monkeypatch: pytest.MonkeyPatch, error: Exception, state: str
) -> None:
    settings.EMAIL_URL = "smtp://127.0.0.1:25"
    missing = world.county.members[1]
    sealed = phones.seal(settings.PHONE_KEY, b"a@example.cn")
    NoticeChoice.objects.create(member=missing, sms=False, email_cipher=sealed)
    remind(world)

    def refuse(*_args: Any, **_kwargs: Any) -> None:
        raise error

    monkeypatch.setattr("django.core.mail.message.EmailMessage.send", refuse)
    operations.send_reminders(as_of=morning())
    assert states(missing)["email"] == state


@pytest.mark.parametrize(
    "error", [smtplib.SMTPAuthenticationError(535, b"no"), smtplib.SMTPSenderRefused(550, b"no", "a@example.cn")]
)
def test_a_mail_server_that_refuses_the_site_itself_is_the_operators_trouble(
    world: World, settings: Any, monkeypatch: pytest.MonkeyPatch, error: Exception
) -> None:
    """And not the addressee's: all the others would knock there in vain, too."""
    settings.EMAIL_URL = "smtp://127.0.0.1:25"
    sealed = phones.seal(settings.PHONE_KEY, b"a@example.cn")
    NoticeChoice.objects.create(member=world.county.members[1], sms=False, email_cipher=sealed)
    remind(world)

    def refuse(*_args: Any, **_kwargs: Any) -> None:
        raise error

    monkeypatch.setattr("django.core.mail.message.EmailMessage.send", refuse)
    operations.send_reminders(as_of=morning())
    found = WayTrouble.objects.get(channel="email")
    assert (found.why, found.code, is_told(found)) == ("setup", str(error.args[0]), True)


def test_who_turned_emails_off_since_the_tap_gets_none(world: World, settings: Any) -> None:
    settings.EMAIL_URL = "smtp://127.0.0.1:25"
    missing = world.county.members[1]
    sealed = phones.seal(settings.PHONE_KEY, b"a@example.cn")
    NoticeChoice.objects.create(member=missing, sms=False, email_cipher=sealed)
    assert remind(world).email == 1
    operations.choose_channels(member_id=missing.pk, sms=False, email=False)
    operations.send_reminders(as_of=morning())
    message = ReminderMessage.objects.get(channel="email")
    assert (message.state, message.why, mail.outbox) == ("skipped", "turned_off", [])


def test_a_turn_whose_time_is_over_leaves_the_rest_to_the_next(
    world: World, gateway: type[Gateway], monkeypatch: pytest.MonkeyPatch
) -> None:
    missing = world.county.members[1]
    remind(world)
    with monkeypatch.context() as short:
        short.setattr(reminder_sending, "LONGEST_TURN_S", 0.0)
        assert operations.send_reminders(as_of=morning()) == 0
    assert states(missing) == {"site": "waiting", "sms": "waiting"}
    assert operations.send_reminders(as_of=morning()) == 2
    assert states(missing) == {"site": "sent", "sms": "sent"}


def test_after_three_failures_in_a_row_the_rest_waits_for_the_gateway(world: World, gateway: type[Gateway]) -> None:
    others = [MembershipFactory(node=world.county.branch).member for _number in range(4)]
    for one in others:
        stand(world.occasion, one, world.county.branch, "missing")
    assert remind(world, *others).sms == 4
    gateway.fails = staticmethod(lambda: sms.UnableToSendSms("busy"))
    operations.send_reminders(as_of=morning())
    assert len(gateway.sent) == 3
    attempts = ReminderMessage.objects.filter(channel="sms", state="waiting").order_by("pk")
    assert list(attempts.values_list("attempts", flat=True)) == [1, 1, 1, 0]
    assert ReminderMessage.objects.filter(channel="site", state="sent").count() == 4


def test_what_another_worker_has_sent_meanwhile_is_not_sent_again(world: World, gateway: type[Gateway]) -> None:
    """Both read the same rows as waiting; the second comes to them when the first is through."""
    reminder = remind(world).reminder
    site, text = ReminderMessage.objects.get(channel="site"), ReminderMessage.objects.get(channel="sms")
    operations.send_reminders(as_of=morning())
    assert reminder_sending._tell_those(reminder.pk, [site.pk], as_of=morning()) == 0
    assert reminder_sending._send_one(text.pk, as_of=morning()) is None
    assert (len(gateway.sent), Notice.objects.count()) == (1, 1)
    text.refresh_from_db()
    assert (text.state, text.attempts) == ("sent", 1)


def just_before_the_claim(monkeypatch: pytest.MonkeyPatch, change: Callable[[], object]) -> None:
    """Let something happen when the words of a message are made already and nobody has claimed it yet."""
    said = reminder_sending._said

    def and_meanwhile(*args: Any) -> Any:
        change()
        return said(*args)

    monkeypatch.setattr(reminder_sending, "_said", and_meanwhile)


def test_of_two_workers_at_one_message_one_sends_it(
    world: World, gateway: type[Gateway], monkeypatch: pytest.MonkeyPatch
) -> None:
    remind(world)
    texts = ReminderMessage.objects.filter(channel="sms")
    just_before_the_claim(monkeypatch, lambda: texts.update(state="sending", claimed_at=morning(), attempts=1))
    operations.send_reminders(as_of=morning())
    assert gateway.sent == []
    assert (texts.get().state, texts.get().attempts) == ("sending", 1)  # the other's


def test_a_number_given_up_at_the_last_moment_gets_nothing(
    world: World, gateway: type[Gateway], monkeypatch: pytest.MonkeyPatch
) -> None:
    remind(world)
    missing = User.objects.filter(pk=world.county.members[1].pk)
    just_before_the_claim(monkeypatch, lambda: missing.update(phone_cipher=None, phone_index=None, phone_last4=""))
    operations.send_reminders(as_of=morning())
    message = ReminderMessage.objects.get(channel="sms")
    assert (message.state, message.why, gateway.sent) == ("failed", "no_phone", [])
    assert ChannelDay.objects.get(channel="sms").used == 0


@pytest.mark.parametrize("text", ["{名字}请学习", "{姓名", "点 http://x 领奖", "一\n二", "长" * 121])
def test_a_wording_that_cannot_be_sent_is_refused_with_the_next_step(world: World, text: str) -> None:
    with pytest.raises(operations.UnableToSetReminders, match=r"请|只能"):
        operations.set_reminders(
            node_id=world.county.branch.pk, actor_id=world.county.secretary.pk, as_of=morning(), text=text,
            a_week=None, before_start=None, before_deadline=None, outside=None,
        )  # fmt: skip


def test_what_cannot_be_done_any_more_reminds_nobody(world: World) -> None:
    Occasion.objects.update(make_up_until_at=morning() - DAY)
    (whom,) = whom_to_remind(Scope(world.training, world.county.branch, morning()), reader=world.county.secretary)
    assert whom.refusal == "补学时间已过，可安排集中收看或送学上门"
    Training.objects.update(state=Training.State.CLOSED)
    world.training.refresh_from_db()
    with pytest.raises(operations.UnableToRemind, match="已经结束"):
        remind(world)


def test_a_secretary_reminds_whom_they_may_call(world: World) -> None:
    """Who moved is reminded by the branch where they are now, who left by nobody, and nobody themselves."""
    moved, gone = world.county.members[1], MembershipFactory(node=world.county.branch).member
    stand(world.occasion, gone, world.county.branch, "missing")
    today = timezone.localdate(morning())
    moved.memberships.update(active_to_date=today)
    MembershipFactory(member=moved, node=world.county.neighbour, active_from_date=today)
    gone.memberships.update(active_to_date=today)
    Record.objects.filter(member=world.county.secretary).update(stands="missing")
    found = whom_to_remind(Scope(world.training, world.county.branch, morning()), reader=world.county.secretary)
    assert {one.member_id: one.refusal for one in found} == {
        moved.pk: "已转到别的支部，由那里的书记提醒",
        gone.pk: "已离开，现在不属于任何支部",
        world.county.secretary.pk: "是您自己",
    }


# --- By the clock -----------------------------------------------------------------------------------------------------


def coming(world: World, starts_at: dt.datetime) -> Occasion:
    return make_occasion(
        world.training, state=Occasion.State.SCHEDULED, starts_at=starts_at, title="明晚的课", node=world.county.branch
    )


def told(kind: str) -> list[tuple[str, str]]:
    found = Notice.objects.filter(kind=kind).order_by("member__name", "id")
    return [(one.member.name, one.data["step"]) for one in found]


def test_before_it_begins_everybody_expected_is_told_twice(world: World) -> None:
    starts_at, county = morning() + 9 * HOUR, world.county
    occasion = coming(world, starts_at)
    Exemption.objects.create(member=county.members[0], active_from_date=dt.date(2020, 1, 1))
    Evidence.objects.create(
        occasion=occasion, member=county.members[1], kind="leave", category="duty", recorded_at=timezone.now()
    )
    for at in (starts_at - 8 * HOUR, starts_at - 8 * HOUR + dt.timedelta(minutes=1), starts_at - HOUR):
        operations.remind_by_clock(as_of=at)
    assert told("starts_soon") == [("王一2", "day"), ("赵书记", "day")]
    Notice.objects.update(seen_at=timezone.now())
    operations.remind_by_clock(as_of=starts_at - dt.timedelta(minutes=20))
    assert told("starts_soon") == [("王一2", "day"), ("王一2", "soon"), ("赵书记", "day"), ("赵书记", "soon")]
    assert not ReminderMessage.objects.exists()  # no text message unless the unit wants it


def test_another_time_is_another_reminder_and_one_called_off_is_none(world: World) -> None:
    at = morning()
    occasion = coming(world, at + 9 * HOUR)
    operations.remind_by_clock(as_of=at)
    Occasion.objects.filter(pk=occasion.pk).update(starts_at=at + 10 * HOUR, ends_at=at + 11 * HOUR)
    operations.remind_by_clock(as_of=at)
    assert Reminder.objects.count() == 2
    Occasion.objects.filter(pk=occasion.pk).update(state=Occasion.State.VOID)
    assert due_by_clock(as_of=at) == []


def test_what_begins_before_seven_is_not_announced_at_night(world: World) -> None:
    starts_at = (morning() + DAY).replace(hour=6)
    coming(world, starts_at)
    operations.remind_by_clock(as_of=starts_at - dt.timedelta(minutes=20))
    assert not Reminder.objects.exists()


def test_before_the_deadline_whoever_has_not_done_it_is_told(world: World) -> None:
    at = morning()
    Occasion.objects.filter(pk=world.occasion.pk).update(make_up_until_at=at + 3 * DAY + HOUR)
    operations.remind_by_clock(as_of=at)
    assert told("due_soon") == []
    operations.remind_by_clock(as_of=at + 2 * HOUR)
    operations.remind_by_clock(as_of=at + 3 * HOUR)
    missing = [world.county.members[1].name, *(one.name for one in world.county.neighbours)]
    assert [name for name, _step in told("due_soon")] == sorted(missing)


def test_a_unit_turns_the_clock_off_and_text_messages_on(world: World, gateway: type[Gateway]) -> None:
    county, at = world.county, morning()
    choose: dict[str, Any] = {
        "text": "",
        "a_week": None,
        "actor_id": county.operator.pk,
        "before_start": None,
        "as_of": at,
    }
    operations.set_reminders(node_id=county.neighbour.pk, before_deadline=False, outside=None, **choose)
    operations.set_reminders(node_id=county.branch.pk, before_deadline=None, outside=True, **choose)
    Occasion.objects.filter(pk=world.occasion.pk).update(make_up_until_at=at + 2 * DAY)
    operations.remind_by_clock(as_of=at)
    assert [name for name, _step in told("due_soon")] == ["王一1"]
    operations.send_reminders(as_of=at)
    assert [phone[-4:] for phone, _text in gateway.sent] == [county.members[1].phone_last4]
    assert len(lately([county.members[1].pk], as_of=at)[county.members[1].pk]) == 1  # it counts for the week


def test_a_large_roster_is_gone_through_in_steps_and_resumes(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    from attendance.operations import reminders as made

    monkeypatch.setattr(made, "STEP", 2)
    at = morning()
    Occasion.objects.filter(pk=world.occasion.pk).update(make_up_until_at=at + 2 * DAY)
    tell, calls = made.tell, []

    def breaks(**values: Any) -> int:
        calls.append(values)
        if len(calls) == 2:
            raise ConnectionError
        return tell(**values)

    monkeypatch.setattr(made, "tell", breaks)
    with pytest.raises(ConnectionError):
        operations.remind_by_clock(as_of=at)
    operations.remind_by_clock(as_of=at)
    assert len(told("due_soon")) == len(set(told("due_soon"))) == 4
    reminder = Reminder.objects.get()
    assert (reminder.told, reminder.told_at) == (4, at)


def by_clock_outside(world: World, at: dt.datetime) -> None:
    operations.set_reminders(
        node_id=world.county.county.pk, actor_id=world.county.operator.pk, as_of=at, text="", a_week=None,
        before_start=None, before_deadline=None, outside=True,
    )  # fmt: skip


def test_a_text_message_before_it_begins_says_when(world: World, gateway: type[Gateway]) -> None:
    at, member = morning(), world.county.members[0]
    by_clock_outside(world, at)
    coming(world, at + 8 * HOUR)
    operations.remind_by_clock(as_of=at)
    operations.send_reminders(as_of=at)
    (text,) = [text for phone, text in gateway.sent if phone.endswith(member.phone_last4)]
    assert f"{member.name}，您好：“明晚的课”" in text
    assert "18:00 开始" in text


def test_who_has_no_way_out_or_no_allowance_left_is_told_in_the_site_alone(
    world: World, gateway: type[Gateway], settings: Any
) -> None:
    settings.MESSAGES = replace(settings.MESSAGES, a_day={**settings.MESSAGES.a_day, "sms": 1})
    county, at = world.county, morning()
    by_clock_outside(world, at)
    NoticeChoice.objects.create(member=county.members[1], sms=False)
    Occasion.objects.filter(pk=world.occasion.pk).update(make_up_until_at=at + 2 * DAY)
    operations.remind_by_clock(as_of=at)
    row = ReminderMessage.objects.get()
    assert (row.channel, row.member in county.neighbours) == ("sms", True)
    assert len(told("due_soon")) == 1 + len(county.neighbours)
    assert len(county.neighbours) > 1


@pytest.fixture
def begun(world: World, monkeypatch: pytest.MonkeyPatch) -> Reminder:
    """Before the deadline the first of the people were told, two a turn; the rest is left to the next turn."""
    monkeypatch.setattr(reminders, "STEP", 2)
    monkeypatch.setattr(reminders, "STEPS_A_TURN", 1)
    Occasion.objects.filter(pk=world.occasion.pk).update(make_up_until_at=morning() + 2 * DAY)
    operations.remind_by_clock(as_of=morning())
    reminder = Reminder.objects.get()
    assert (reminder.told_at, reminder.told, len(told("due_soon"))) == (None, 1, 1)
    return reminder


def test_a_turn_takes_so_many_steps_and_the_next_turns_the_rest(world: World, begun: Reminder) -> None:
    for _turn in range(5):
        operations.remind_by_clock(as_of=morning())
    begun.refresh_from_db()
    assert (begun.told_at, begun.told) == (morning(), 1 + len(world.county.neighbours))
    # A worker that had seen it under way comes too late.
    assert reminders._step(reminder_id=begun.pk, as_of=morning()) is None
    assert len(told("due_soon")) == begun.told


@pytest.mark.parametrize("why", ["void", "closed", "late", "nothing"])
def test_what_is_no_longer_true_is_told_to_nobody_else(world: World, begun: Reminder, why: str) -> None:
    at = morning()
    if why == "void":
        Occasion.objects.filter(pk=world.occasion.pk).update(state=Occasion.State.VOID)
    elif why == "closed":
        Training.objects.update(state=Training.State.CLOSED)
    elif why == "late":
        at += 2 * DAY
    else:
        Occasion.objects.filter(pk=world.occasion.pk).update(media_items={})
    assert operations.remind_by_clock(as_of=at) == 0
    begun.refresh_from_db()
    assert (begun.told_at, begun.told, len(told("due_soon"))) == (at, 1, 1)


def test_while_a_roster_is_being_written_the_reminder_waits_for_it(world: World, begun: Reminder) -> None:
    at = morning()
    work = RosterWork.objects.create(
        occasion=world.occasion, is_ahead=False, node=world.county.county, day=timezone.localdate(at), began_at=at
    )
    assert operations.remind_by_clock(as_of=at) == 0
    begun.refresh_from_db()
    assert (begun.told_at, len(told("due_soon"))) == (None, 1)
    work.delete()
    for _turn in range(5):
        operations.remind_by_clock(as_of=at)
    assert len(told("due_soon")) == 1 + len(world.county.neighbours)


@pytest.mark.parametrize("people", [35, 1000])
def test_asking_costs_the_same_for_a_branch_and_for_a_thousand(world: World, people: int) -> None:
    node, occasion = world.county.branch, world.occasion
    users = User.objects.bulk_create(
        [User(username=f"m{one}", name=f"张{one:04}", phone_last4="1") for one in range(people)]
    )
    MembershipFactory._meta.model.objects.bulk_create(
        [MembershipFactory._meta.model(member=one, node=node, active_from_date=dt.date(2020, 1, 1)) for one in users]
    )
    RosterEntry.objects.bulk_create([RosterEntry(occasion=occasion, member=one, node=node) for one in users])
    first = Record.objects.filter(stands="missing").first()
    assert first is not None
    Record.objects.bulk_create(
        [
            Record(
                occasion=occasion, member=one, state="missing", stands="missing", rule_version=first.rule_version,
                evidence_digest="", judged_at=first.judged_at,
            )
            for one in users
        ]
    )  # fmt: skip
    reader = User.objects.get(pk=world.county.secretary.pk)
    whom_to_remind(Scope(world.training, node, morning()), reader=reader)  # what a process asks once is not counted
    reader = User.objects.get(pk=reader.pk)
    with CaptureQueriesContext(connection) as asked:
        found = whom_to_remind(Scope(world.training, node, morning()), reader=reader)
        reminded(world.training.pk, [one.member_id for one in found])
    assert len(found) == people + 1
    assert len(asked) <= 8
    with CaptureQueriesContext(connection) as made:
        assert remind(world, *users).people == people
    assert len(made) <= 34  # SQLite writes rows in several statements


def test_more_people_than_a_secretary_has_are_refused(world: World) -> None:
    with pytest.raises(operations.UnableToRemind, match="一次最多提醒 2000 位"):
        operations.remind(
            scope=Scope(world.training, world.county.branch, morning()), reader=world.county.secretary,
            member_ids=range(2001), token=TOKEN, as_of=morning(),
        )  # fmt: skip


def test_what_is_older_than_a_year_is_forgotten(world: World) -> None:
    at = morning()
    operations.tell(member_ids=[world.county.member.pk], kind="x", as_of=at - 500 * DAY)
    operations.tell(member_ids=[world.county.member.pk], kind="y", as_of=at)
    remind(world)
    ReminderMessage.objects.update(made_at=at - 500 * DAY)
    assert operations.prune_notices(as_of=at) == 2
    assert [one.kind for one in Notice.objects.all()] == ["y"]


def owe_check(world: World, member: User) -> None:
    """Let somebody have watched enough, so that the check of understanding alone is left."""
    reasons = [{"code": "check_due", "right": 0, "of": 3, "need": 2}]
    assert Record.objects.filter(occasion=world.occasion, member=member).update(reasons=reasons)
    asked = {"id": 1, "version": 1, "need": 2, "of": 3, "most": None, "since": 0}
    Occasion.objects.filter(pk=world.occasion.pk).update(check_asked=asked)


@pytest.mark.parametrize("text", ["", "{姓名}同志，请学完“{培训}”。"])
def test_who_owes_only_the_check_is_reminded_of_it(world: World, gateway: type[Gateway], text: str) -> None:
    missing = world.county.members[1]
    owe_check(world, missing)
    operations.set_reminders(
        node_id=world.county.branch.pk, actor_id=world.county.secretary.pk, as_of=morning(), text=text, a_week=None,
        before_start=None, before_deadline=None, outside=None,
    )  # fmt: skip
    remind(world)
    operations.send_reminders(as_of=morning())
    ((_phone, sent),) = gateway.sent
    assert "（已看够，还要做小测）" in sent
    notice = Notice.objects.get(member=missing)
    assert notice.data["check"] is True
    assert words_of(notice).endswith("（已看够，还要做小测）")


def test_who_can_only_come_to_a_further_session_is_reminded_of_it(world: World, gateway: type[Gateway]) -> None:
    at = morning()
    Occasion.objects.filter(pk=world.occasion.pk).update(is_repeated=True, make_up_until_at=at - HOUR)
    (over,) = whom_to_remind(Scope(world.training, world.county.branch, at), reader=world.county.secretary)
    assert over.refusal == "补学时间已过，可安排集中收看或送学上门"
    again = make_occasion(
        world.training, state=Occasion.State.SCHEDULED, starts_at=at + DAY, ends_at=at + DAY + HOUR,
        repeats=world.occasion,
    )  # fmt: skip
    (whom,) = whom_to_remind(Scope(world.training, world.county.branch, at), reader=world.county.secretary)
    assert whom.refusal == ""
    assert whom.left is not None
    assert (whom.left.until_at, whom.left.session_at) == (again.starts_at, again.starts_at)
    remind(world)
    operations.send_reminders(as_of=at)
    ((_phone, sent),) = gateway.sent
    assert f"（下一场：{day_and_hour(again.starts_at)}）" in sent
    assert f"下一场：{day_and_hour(again.starts_at)}" in words_of(Notice.objects.get())


def test_the_deadline_says_to_each_what_is_left(world: World) -> None:
    missing, other = world.county.members[1], world.county.neighbours[0]
    owe_check(world, missing)
    deadline = morning() + 2 * HOUR
    Occasion.objects.filter(pk=world.occasion.pk).update(make_up_until_at=deadline)
    stand_missing = Record.objects.filter(occasion=world.occasion, member=other)
    assert stand_missing.get().stands == "missing"
    Notice.objects.all().delete()
    operations.remind_by_clock(as_of=morning())
    told = {one.member_id: words_of(one) for one in Notice.objects.filter(kind="due_soon")}
    assert "您已看够，还要做小测" in told[missing.pk]
    assert "您还没学完" in told[other.pk]
