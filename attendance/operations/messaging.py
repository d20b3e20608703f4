"""The ways out of the house, one table: each takes a message that was claimed, hands it over and waits for the answer.

``NotSent`` says what became of it: for good, for now, or nobody can say. In the site people are told by a notice in a
transaction (``reminder_sending``), which needs no way out.
"""

from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from smtplib import (
    SMTPAuthenticationError,
    SMTPConnectError,
    SMTPException,
    SMTPHeloError,
    SMTPRecipientsRefused,
    SMTPResponseException,
    SMTPSenderRefused,
)

import structlog
from django.conf import settings
from django.core.mail import EmailMessage
from django.db.models import OuterRef, QuerySet
from django.utils.translation import gettext as _

from attendance.models import Channel, MessageAccount, NoticeChoice, ReminderMessage
from attendance.operations.message_ends import end_trouble
from attendance.reminding import ACCOUNT_KEPT
from organizations import messengers, sms
from organizations.core import phones
from organizations.models import User
from organizations.queries import phone_of

log = structlog.get_logger(__name__)
PRUNE_AT_MOST = 5000
FORGOTTEN_AFTER = ACCOUNT_KEPT + timedelta(days=1)
OUT_OF_SIGHT_FOR = timedelta(days=1)  # the operator may put it right: asked again the day after
SETUP = "setup"  # why: what the operator has set up is refused, for everybody alike
WAY, FIND = "way", "find"  # what of a way fails: all of it, or asking who somebody is


class NotSent(Exception):
    """A message did not go out: for good, for now, or nobody can say (``unsure``).

    ``closes``: which step of the way failed with it (WAY, FIND), "" where it was this message's alone; ``code``: the
    provider's own number.
    """

    def __init__(
        self, why: str, *, for_good: bool = False, unsure: bool = False, closes: str | None = None, code: str = ""
    ) -> None:
        super().__init__(why)
        self.why, self.for_good, self.unsure, self.code = why, for_good, unsure, code
        self.closes = ("" if for_good else WAY) if closes is None else closes


Way = Callable[[ReminderMessage, str, Mapping[str, str], datetime], str]


def hand_over(message: ReminderMessage, said: str, values: Mapping[str, str], *, as_of: datetime) -> str:
    """Give a message to its way out and wait for the answer; ``values``: what a template gets. Raises NotSent.

    Returns what the provider calls the message when it tells what became of it, "" where it never does.
    """
    return WAYS[message.channel](message, said, values, as_of)


def _by_sms(message: ReminderMessage, said: str, values: Mapping[str, str], _as_of: datetime) -> str:
    try:
        sent = sms.send_reminder(phone=_phone(message), text=said, values=values)
    except sms.UnableToSendSms as error:
        raise NotSent("gateway", for_good=error.about_number, unsure=error.unsure, code=error.code) from error
    return sent.message_id if sent is not None else ""


def _by_email(message: ReminderMessage, said: str, _values: Mapping[str, str], _as_of: datetime) -> str:
    send_email(to=email_of(message.member), subject=_("培训提醒"), said=said)
    return ""


def _by_messenger(message: ReminderMessage, said: str, _values: Mapping[str, str], as_of: datetime) -> str:
    channel = message.channel
    client = messengers.CLIENTS[channel](settings.MESSAGES.apps[channel])
    try:
        account = _account(client, message, as_of)
    except messengers.UnableToMessage as error:
        raise _failed(channel, error, WAY if error.whole else FIND) from error
    if not account:
        raise NotSent("no_account", for_good=True)
    try:
        return client.send(account, said)
    except messengers.UnableToMessage as error:
        mine = MessageAccount.objects.filter(member=message.member_id, channel=channel)
        if error.about_person:  # gone there: not tried again for a while
            mine.update(account_cipher=None)
            raise NotSent("no_account", for_good=True) from error
        if error.out_of_sight:
            mine.update(account_cipher=None, asked_at=as_of - ACCOUNT_KEPT + OUT_OF_SIGHT_FOR)
        raise _failed(channel, error, WAY) from error


def _failed(channel: str, error: messengers.UnableToMessage, step: str) -> NotSent:
    """Return what a provider's refusal comes to.

    Whoever is out of the application's sight gets the next way at once, and the way counts a failure all the same: one
    is a person who was left out, one after the other a scope that is wrong.
    """
    log.warning("message_not_sent", channel=channel, step=step, reason=str(error), code=error.code)
    if error.out_of_sight:
        return NotSent("out_of_sight", for_good=True, closes=step, code=error.code)
    return NotSent(SETUP if error.about_setup else "gateway", unsure=error.unsure, closes=step, code=error.code)


def known_accounts(*, as_of: datetime) -> QuerySet[MessageAccount]:
    """Return, for a query of messages, whether it is known who a message's member is: nobody has to be asked."""
    return MessageAccount.objects.filter(
        member=OuterRef("member"), channel=OuterRef("channel"), phone_index=OuterRef("member__phone_index"),
        asked_at__gt=as_of - ACCOUNT_KEPT,
    )  # fmt: skip


def _account(client: messengers.Client, message: ReminderMessage, as_of: datetime) -> str:
    """Return who the member is there, "" where nobody; as known, unless it is long ago or the number is another."""
    member = User.objects.get(pk=message.member_id)
    phone = _phone(message)
    found = MessageAccount.objects.filter(
        member=member, channel=message.channel, phone_index=member.phone_index, asked_at__gt=as_of - ACCOUNT_KEPT
    )
    if (known := found.first()) is not None:
        cipher = known.account_cipher
        return phones.unseal(settings.PHONE_KEY, bytes(cipher)).decode() if cipher is not None else ""
    account = client.find(phone)
    end_trouble(channel=message.channel, step=FIND)
    sealed = phones.seal(settings.PHONE_KEY, account.encode()) if account else None
    MessageAccount.objects.update_or_create(
        member=member, channel=message.channel,
        defaults={"account_cipher": sealed, "phone_index": member.phone_index, "asked_at": as_of},
    )  # fmt: skip
    return account


def _phone(message: ReminderMessage) -> str:
    """Return the number, read once more: one that changed hands a moment ago gets nothing of its former owner."""
    phone = phone_of(User.objects.get(pk=message.member_id))
    if not phone:
        raise NotSent("no_phone", for_good=True)
    return phone


def send_email(*, to: str, subject: str, said: str) -> None:
    """Send one e-mail and wait for the server's answer. Raises NotSent."""
    try:
        EmailMessage(_("【指尖上的课堂】%(subject)s") % {"subject": subject}, said, settings.EMAIL_FROM, [to]).send()
    except SMTPRecipientsRefused as error:
        raise NotSent("refused", for_good=all(code >= 500 for code, _said in error.recipients.values())) from error
    except (SMTPConnectError, SMTPHeloError, ConnectionRefusedError) as error:
        raise NotSent("server") from error
    except (SMTPAuthenticationError, SMTPSenderRefused) as error:
        # The site's own settings are at fault, and so for everybody: said to the operator, and nobody's try.
        if error.smtp_code >= 500:
            raise NotSent(SETUP, code=str(error.smtp_code)) from error
        raise NotSent("server") from error
    except SMTPResponseException as error:
        raise NotSent("server", for_good=error.smtp_code >= 500) from error
    except (SMTPException, OSError) as error:
        raise NotSent("server", unsure=True) from error


def email_of(member: User) -> str:
    """Return a member's verified address. Raises NotSent where there is none."""
    choice = NoticeChoice.objects.filter(pk=member.pk).first()
    if choice is None or not choice.email_cipher:
        raise NotSent("no_email", for_good=True)
    return phones.unseal(settings.PHONE_KEY, bytes(choice.email_cipher)).decode()


def prune_accounts(*, as_of: datetime) -> int:
    """Forget who people are at providers once it is too old to be used; a bounded number a call."""
    old = MessageAccount.objects.filter(asked_at__lt=as_of - FORGOTTEN_AFTER).order_by("asked_at")
    over = list(old.values_list("pk", flat=True)[:PRUNE_AT_MOST])
    return MessageAccount.objects.filter(pk__in=over).delete()[0] if over else 0


WAYS: Mapping[str, Way] = {
    Channel.SMS: _by_sms, Channel.EMAIL: _by_email, Channel.WECOM: _by_messenger, Channel.DINGTALK: _by_messenger,
}  # fmt: skip
