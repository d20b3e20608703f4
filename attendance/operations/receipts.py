"""What became of messages that a provider took: its receipts, pushed or asked for, each taken once (ADR 100).

A receipt may come twice, late, before the row knows its own number, or for a message that is none of ours (a sign-in
code goes out by the same account). It never makes anything but the one message it names say something new.
"""

import hashlib
from collections.abc import Iterable
from datetime import datetime, timedelta

import structlog
from django.conf import settings
from django.core.cache import cache
from django.db import transaction
from django.db.models import Q

from attendance.models import Channel, MessageAccount, ReminderMessage
from attendance.operations.message_ends import count_delivery
from attendance.operations.next_way import send_on
from organizations import messengers
from organizations.core.receipts import NO_ACCOUNT, Receipt
from organizations.hints import or_nothing

log = structlog.get_logger(__name__)
S, D = ReminderMessage.State, ReminderMessage.Delivery
TAKEN_FOR = timedelta(days=7)  # carriers give up after three days; of what is older nobody waits for a word
SENDS_ON_FOR = timedelta(days=1)  # later the next way would come as a second reminder
EARLY_S = 15 * 60
# When a provider that pushes nothing is asked, after sending; DingTalk answers for 24 hours.
QUESTIONS = (timedelta(minutes=5), timedelta(minutes=30), timedelta(hours=5), timedelta(hours=20))
ASKED_FOR = timedelta(hours=24)
ASKED = (Channel.DINGTALK.value,)
AT_ONCE = 200
GIVE_UP_TURN_AFTER = 3  # failures in a row: the rest waits for the next question


def take_receipts(*, channel: str, receipts: Iterable[Receipt], as_of: datetime) -> int:
    """Let messages say what became of them; return how many say something new."""
    by_id: dict[str, Receipt] = {}
    for one in receipts:
        if not (one.message_id in by_id and by_id[one.message_id].delivered):
            by_id[one.message_id] = one
    found = _sent_ones(channel, by_id, as_of)
    # Whoever sends writes the number first and looks for an early receipt then; here it is the other way round, so
    # that one of the two sees the other.
    early = [one for one in by_id.values() if one.message_id not in found]
    _keep(channel, early)
    found |= _sent_ones(channel, [one.message_id for one in early], as_of)
    return sum(_take(message, by_id[named], as_of) for named, message in found.items())


def take_early(*, channel: str, message_id: str, as_of: datetime) -> None:
    """Take the receipt that came before the message's row knew its number, where one did; after that is committed."""
    kept = or_nothing(lambda: cache.get(_key(channel, message_id))) if message_id else None
    if isinstance(kept, list):
        delivered, why = kept
        take_receipts(channel=channel, receipts=[Receipt(message_id, delivered, why)], as_of=as_of)


def first_question(channel: str, message_id: str, *, sent_at: datetime) -> datetime | None:
    """Return when the provider is asked what became of a message; None where it is not to be asked."""
    return sent_at + QUESTIONS[0] if message_id and channel in ASKED else None


def ask_for_receipts(*, as_of: datetime) -> int:
    """Ask providers that push nothing what became of what they took; return how many questions were put."""
    due = ReminderMessage.objects.filter(ask_at__lte=as_of).select_related("reminder", "member").order_by("ask_at")
    clients: dict[str, messengers.Client] = {}
    asked = failed = 0
    for message in due[:AT_ONCE]:
        app = settings.MESSAGES.apps.get(message.channel)
        if not _claim(message, as_of) or app is None or message.delivery or not message.provider_id:
            continue
        client = clients.setdefault(message.channel, messengers.CLIENTS[message.channel](app))
        asked += 1
        failed = 0 if _ask(client, message, as_of) else failed + 1
        if failed >= GIVE_UP_TURN_AFTER:
            break
    return asked


def _claim(message: ReminderMessage, as_of: datetime) -> bool:
    """Put off the next question, so that nobody else puts this one; whether it is still to be put."""
    since = as_of - (message.done_at or as_of)
    after = next((one for one in QUESTIONS if one > since), None)
    following = message.done_at + after if message.done_at and after else None
    mine = ReminderMessage.objects.filter(pk=message.pk, ask_at=message.ask_at)
    return mine.update(ask_at=following) == 1 and since < ASKED_FOR


def _ask(client: messengers.Client, message: ReminderMessage, as_of: datetime) -> bool:
    try:
        receipt = client.receipt(message.provider_id)
    except messengers.UnableToMessage as error:
        log.warning("receipt_not_told", channel=message.channel, reason=str(error), code=error.code)
        return False
    if receipt is not None:
        _take(message, receipt, as_of)
    if receipt is not None and receipt.why == NO_ACCOUNT:  # gone there: written to by the next way for a while
        MessageAccount.objects.filter(member=message.member_id, channel=message.channel).update(account_cipher=None)
    return True


def _sent_ones(channel: str, ids: Iterable[str], as_of: datetime) -> dict[str, ReminderMessage]:
    """Return which messages these are; one name for two of them says nothing of either."""
    mine = ReminderMessage.objects.filter(
        ~Q(provider_id=""), provider_id__in=list(ids), channel=channel, state=S.SENT, done_at__gt=as_of - TAKEN_FOR
    )
    found: dict[str, ReminderMessage] = {}
    twice = set()
    for message in mine.select_related("reminder", "member"):
        if message.provider_id in found:
            twice.add(message.provider_id)
        found[message.provider_id] = message
    if twice:
        log.warning("receipt_of_two", channel=channel, messages=len(twice))
    return {named: message for named, message in found.items() if named not in twice}


@transaction.atomic
def _take(message: ReminderMessage, receipt: Receipt, as_of: datetime) -> bool:
    """Write down what a receipt says, unless it was said; whether it is new.

    What arrived stays arrived; what did not may still arrive, by another route of the carrier's. What surely did not
    goes by the next way in the same transaction, where it is not too late for that.
    """
    mine = ReminderMessage.objects.filter(pk=message.pk, state=S.SENT)
    said = D.DELIVERED if receipt.delivered else D.UNDELIVERED
    values = {"delivery": said, "delivery_why": receipt.why, "reported_at": as_of, "ask_at": None}
    counts = {str(said.value): 1}
    if mine.filter(delivery="").update(**values) != 1:
        if not receipt.delivered or mine.filter(delivery=D.UNDELIVERED).update(**values) != 1:
            return False
        counts[D.UNDELIVERED.value] = -1
    done_at = message.done_at or as_of
    if not receipt.delivered and as_of - done_at < SENDS_ON_FOR:
        send_on(message, as_of=as_of)
    count_delivery(channel=message.channel, node_id=message.reminder.node_id, done_at=done_at, **counts)
    return True


def _keep(channel: str, receipts: Iterable[Receipt]) -> None:
    kept = {_key(channel, one.message_id): [one.delivered, one.why] for one in receipts}
    if kept:
        or_nothing(lambda: cache.set_many(kept, EARLY_S))  # a store that is away costs the early receipts alone


def _key(channel: str, message_id: str) -> str:
    return f"receipt:{channel}:{hashlib.sha256(message_id.encode()).hexdigest()[:32]}"
