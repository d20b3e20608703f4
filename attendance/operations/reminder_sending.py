"""Sending what was made: in the site at once for many, outside one by one. Each row is claimed once, so that a crash,
a second worker or a task that comes twice never sends anything twice.
"""

import time
from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta

import structlog
from django.conf import settings
from django.db import transaction
from django.db.models import Exists, F, Q, QuerySet
from django.utils import timezone
from django.utils.translation import gettext as _

from attendance.catching_up import Left
from attendance.core.reminders import after_quiet, is_quiet, retry_after
from attendance.models import Channel, ChannelDay, NoticeChoice, Reminder, ReminderMessage, Training
from attendance.operations.message_ends import count, end_trouble, note_trouble
from attendance.operations.messaging import SETUP, WAY, NotSent, hand_over, known_accounts
from attendance.operations.next_way import goes_on, next_way
from attendance.operations.notices import tell
from attendance.operations.receipts import first_question, take_early
from attendance.operations.reminders import hold, holds, row_of, take
from attendance.operations.settling import settle_dirty
from attendance.reminding import MESSENGERS, Ways, default_wording, owing, said_to, values_for, with_hint
from organizations import sms
from organizations.models import Membership
from organizations.queries import valid_on

log = structlog.get_logger(__name__)
AT_ONCE = 200
LONGEST_TURN_S = 50.0
CLAIM_HOLDS = timedelta(minutes=10)
GIVE_UP_TURN_AFTER = 3  # failures of a way in a row: it is the gateway, and the rest can wait
S = ReminderMessage.State


def send_reminders(*, as_of: datetime) -> int:
    """Send what is due, for less than a minute; return how many rows came to an end. The next turn does the rest.

    Nothing is sent at night: what was late is put off to the morning.
    """
    _give_up_claims(as_of)
    if is_quiet(timezone.localtime(as_of)):
        return 0
    began, ended = time.monotonic(), 0
    failures: Counter[tuple[str, str]] = Counter()
    while time.monotonic() - began < LONGEST_TURN_S:
        now = as_of + timedelta(seconds=time.monotonic() - began)
        rows = list(_due(failures, as_of=now).values_list("pk", "reminder_id", "channel")[:AT_ONCE])
        if not rows:
            break
        ended += _send_in_site(rows, as_of=now)
        for pk, channel in [(pk, channel) for pk, _reminder, channel in rows if channel != Channel.SITE]:
            error = _send_one(pk, as_of=as_of + timedelta(seconds=time.monotonic() - began))
            step = error.closes if error else ""
            ended += 1
            if step:
                failures[channel, step] += 1
            else:  # whoever is known gets theirs though nobody else can be asked for
                failures[channel, WAY] = 0
            if failures[channel, step] >= GIVE_UP_TURN_AFTER:
                if error and error.why == SETUP:
                    ended += _pass_on(channel, step, as_of=now)
                break  # its turn is over; what else is due is asked for without it
            if time.monotonic() - began > LONGEST_TURN_S:
                return ended
    return ended


def _due(failures: Mapping[tuple[str, str], int], *, as_of: datetime) -> QuerySet[ReminderMessage]:
    """Return what is to be sent, the longest due first, without what needs a step that fails in this turn."""
    due = ReminderMessage.objects.filter(state=S.WAITING, due_at__lte=as_of).order_by("due_at", "pk")
    for (channel, step), times in failures.items():
        if times >= GIVE_UP_TURN_AFTER:
            due = due.filter(~_needs(channel, step, as_of=as_of))
    return due


def _needs(channel: str, step: str, *, as_of: datetime) -> Q:
    """Which messages go out by this step of a way: whoever is known there need not be found."""
    by_way = Q(channel=channel)
    return by_way if step == WAY else by_way & Q(~Exists(known_accounts(as_of=as_of)))


def _pass_on(channel: str, step: str, *, as_of: datetime) -> int:
    """The way is set up wrong, for everybody: what is due by it goes by the next way, where there is one."""
    due = ReminderMessage.objects.filter(_needs(channel, step, as_of=as_of), state=S.WAITING, due_at__lte=as_of)
    rows = due.select_related("reminder__node", "member").order_by("due_at", "pk")[:AT_ONCE]
    passed = [row for row in rows if goes_on(row, as_of=as_of)]
    for row in passed:
        _end(row, S.FAILED, why=SETUP, as_of=as_of)
    return len(passed)


def _give_up_claims(as_of: datetime) -> None:
    """Whoever claimed these is gone: they may have gone out, and are never sent again."""
    stuck = ReminderMessage.objects.filter(state=S.SENDING, claimed_at__lte=as_of - CLAIM_HOLDS)
    lost = list(stuck.select_related("reminder", "member").order_by("claimed_at")[:AT_ONCE])
    for message in lost:
        _end(message, S.UNKNOWN, why="claim_lost", as_of=as_of, was=S.SENDING)
    if lost:
        log.warning("reminders_unknown", messages=len(lost))


def _send_in_site(rows: Sequence[tuple[int, int, str]], *, as_of: datetime) -> int:
    by_reminder: defaultdict[int, list[int]] = defaultdict(list)
    for pk, reminder_id, channel in rows:
        if channel == Channel.SITE:
            by_reminder[reminder_id].append(pk)
    return sum(_tell_those(reminder_id, pks, as_of=as_of) for reminder_id, pks in by_reminder.items())


@transaction.atomic
def _tell_those(reminder_id: int, pks: Sequence[int], *, as_of: datetime) -> int:
    """Tell whoever still has something to do, and end all these rows, in one transaction."""
    waiting = ReminderMessage.objects.filter(pk__in=pks, state=S.WAITING).select_for_update(skip_locked=True)
    mine = dict(waiting.order_by("pk").values_list("member_id", "pk"))
    if not mine:
        return 0
    reminder = Reminder.objects.select_related("training", "node").get(pk=reminder_id)
    settle_dirty(as_of=as_of, member_ids=list(mine))
    left = owing(training_id=reminder.training_id, member_ids=list(mine), as_of=as_of) if is_on(reminder, as_of) else {}
    here = _members(list(mine), as_of)
    left = {member_id: found for member_id, found in left.items() if member_id in here}
    by_left: defaultdict[Left, list[int]] = defaultdict(list)
    left_of = {member_id: one for member_id, paths in left.items() if (one := Left.of(paths.values()))}
    for member_id, one in left_of.items():
        by_left[one].append(member_id)
    for one, member_ids in by_left.items():
        data = {"text": reminder.text, "until": one.until_at.isoformat(), "unit": reminder.node.name, **one.data}
        tell(member_ids=member_ids, kind="reminded", training_id=reminder.training_id, data=data, as_of=as_of)
    told = [pk for member_id, pk in mine.items() if member_id in left]
    rest = [pk for member_id, pk in mine.items() if member_id not in left]
    ReminderMessage.objects.filter(pk__in=told).update(state=S.SENT, done_at=as_of)
    ReminderMessage.objects.filter(pk__in=rest).update(state=S.SKIPPED, why="done", done_at=as_of)
    count(channel=Channel.SITE, node_id=reminder.node_id, state=S.SENT, as_of=as_of, messages=len(told))
    return len(mine)


def _members(member_ids: Sequence[int], as_of: datetime) -> set[int]:
    """Return who of these still belongs somewhere and can sign in."""
    now = Membership.objects.filter(valid_on(timezone.localdate(as_of)), member_id__in=member_ids)
    return set(now.filter(member__is_active=True).values_list("member_id", flat=True))


def is_on(reminder: Reminder, as_of: datetime) -> bool:
    """Whether a reminder by hand is still of use."""
    return reminder.training.state == Training.State.PUBLISHED and (
        reminder.until_at is None or as_of < reminder.until_at
    )


def _send_one(pk: int, *, as_of: datetime) -> NotSent | None:
    """Send one message outside; return why it did not go out, None where nothing failed. What became of the message is
    written in any case.
    """
    row = ReminderMessage.objects.select_related("reminder__training", "reminder__occasion", "reminder__node", "member")
    message = row.filter(pk=pk, state=S.WAITING).first()
    if message is None:
        return None
    if why := _why_not(message, as_of):
        _end(message, S.SKIPPED, why=why, as_of=as_of)
        return None
    said, values = _said(message, as_of)
    claimed = ReminderMessage.objects.filter(pk=pk, state=S.WAITING)
    if claimed.update(state=S.SENDING, claimed_at=as_of, attempts=F("attempts") + 1, text=said) != 1:
        return None  # another worker has it
    message.attempts, message.text = message.attempts + 1, said
    try:
        named = hand_over(message, said, values, as_of=as_of)
    except NotSent as error:
        _not_sent(message, error, as_of)
        if error.closes:
            note_trouble(channel=message.channel, step=error.closes, why=error.why, code=error.code, as_of=as_of)
        return error
    _sent(message, named, as_of)
    take_early(channel=message.channel, message_id=named, as_of=as_of)
    return None


@transaction.atomic
def _sent(message: ReminderMessage, named: str, as_of: datetime) -> None:
    values = {"provider_id": named, "ask_at": first_question(message.channel, named, sent_at=as_of)}
    ReminderMessage.objects.filter(pk=message.pk).update(state=S.SENT, done_at=as_of, **values)
    _count(message, S.SENT, as_of)
    end_trouble(channel=message.channel, step=WAY)


def _count(message: ReminderMessage, state: str, as_of: datetime) -> None:
    node_id = message.reminder.node_id
    count(channel=message.channel, node_id=node_id, state=state, as_of=as_of, text=message.text)


def _why_not(message: ReminderMessage, as_of: datetime) -> str:
    """Ask once more, just before: whether it is still to be done, and whether this person still wants it this way."""
    reminder, member = message.reminder, message.member
    if not member.is_active or not _members([member.pk], as_of):
        return "left"
    choice = NoticeChoice.objects.filter(pk=member.pk).first() or NoticeChoice()
    if message.channel == Channel.SMS and not (choice.sms and sms.reminders_say()):
        return "turned_off"
    if message.channel == Channel.SMS and not member.phone_cipher:
        return "no_phone"
    if message.channel == Channel.EMAIL and not (choice.email and choice.email_cipher and settings.EMAIL_URL):
        return "turned_off"
    if message.channel in MESSENGERS and not (
        getattr(choice, message.channel) and getattr(Ways.of_site(), message.channel)
    ):
        return "turned_off"
    if message.channel in MESSENGERS and not member.phone_cipher:
        return "no_phone"
    # What was said not to have arrived may have, while this row waited for the morning: it would come a second time.
    if reminder.messages.filter(member=member, delivery=ReminderMessage.Delivery.DELIVERED).exists():
        return "done"
    is_by_hand = reminder.kind == Reminder.Kind.HAND
    if not (is_on(reminder, as_of) if is_by_hand else holds(reminder, as_of=as_of)):
        return "late"
    if reminder.kind in (Reminder.Kind.DAY, Reminder.Kind.SOON):
        return ""
    return "" if _left(message, as_of) else "done"


def _left(message: ReminderMessage, as_of: datetime) -> Left | None:
    """Return what the person can still do of what this is about, None where nothing is left."""
    reminder = message.reminder
    settle_dirty(as_of=as_of, member_ids=[message.member_id])
    found = owing(training_id=reminder.training_id, member_ids=[message.member_id], as_of=as_of)
    mine = found.get(message.member_id, {})
    return Left.of([one for pk, one in mine.items() if reminder.occasion_id in (None, pk)])


def _said(message: ReminderMessage, as_of: datetime) -> tuple[str, dict[str, str]]:
    """Return the words of a message, and what a provider's template gets instead."""
    reminder, name = message.reminder, message.member.name
    left = _left(message, as_of) if reminder.kind in (Reminder.Kind.HAND, Reminder.Kind.DEADLINE) else None
    title = reminder.occasion.title if reminder.occasion is not None else reminder.training.title
    places = values_for(
        name=name, unit=reminder.node.name, training=title,
        until_at=left.until_at if left else reminder.until_at or as_of,
    )  # fmt: skip
    wording = reminder.text or default_wording()
    if reminder.kind in (Reminder.Kind.DAY, Reminder.Kind.SOON):
        wording = _("{姓名}，您好：“{培训}”{截止} 开始，打开 {网址} 就能参加。")
    given = zip(("name", "unit", "training", "until"), list(places.values())[:4], strict=True)
    return with_hint(said_to(wording, places, left)), dict(given)


def _not_sent(message: ReminderMessage, error: NotSent, as_of: datetime) -> None:
    wait = retry_after(message.attempts)
    if error.unsure:
        _end(message, S.UNKNOWN, why=error.why, as_of=as_of, was=S.SENDING)
    elif error.for_good or wait is None or (error.why == SETUP and goes_on(message, as_of=as_of)):
        _end(message, S.FAILED, why=error.why, as_of=as_of, was=S.SENDING)
    else:
        mine = ReminderMessage.objects.filter(pk=message.pk, state=S.SENDING)
        mine.update(state=S.WAITING, why=error.why, due_at=after_quiet(timezone.localtime(as_of + wait)))


@transaction.atomic
def _end(message: ReminderMessage, state: str, *, why: str, as_of: datetime, was: str = S.WAITING) -> None:
    """End a row that does not go out; what it took from the day's allowance is given back. What surely did not go out
    goes by the next way, where there is one: in the same transaction, and each way once.
    """
    rows = ReminderMessage.objects.filter(pk=message.pk, state=was)
    if rows.update(state=state, why=why, done_at=as_of) != 1:
        return
    goes_at = after_quiet(timezone.localtime(as_of))
    following = next_way(message, as_of=as_of) if state == S.FAILED else ""
    concerned = [(message.channel, message.taken_day), (following, timezone.localdate(goes_at))]
    hold((channel, day) for channel, day in concerned if channel and day is not None)
    if state != S.UNKNOWN and message.taken_day is not None:
        day = ChannelDay.objects.filter(day=message.taken_day, channel=message.channel, used__gt=0)
        day.update(used=F("used") - 1)
    _count(message, state, as_of)
    if following and take(following, timezone.localdate(goes_at), 1):
        row = row_of(message.reminder, message.member_id, following, due_at=goes_at)
        row.save(force_insert=True)
