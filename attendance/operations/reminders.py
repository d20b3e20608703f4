"""Making reminders: by a secretary's tap, and by the clock. What is sent from here on: ``reminder_sending``."""

import re
from collections import Counter
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime

import structlog
from django.conf import settings
from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from attendance.core.reminders import (
    LATE,
    LONGEST,
    PLACES,
    UnableToReadWording,
    after_quiet,
    check_wording,
)
from attendance.models import (
    Channel,
    ChannelDay,
    Evidence,
    Occasion,
    Reminder,
    ReminderMessage,
    ReminderSetting,
    RosterEntry,
    Training,
)
from attendance.operations.notices import tell
from attendance.queries.listing import being_listed
from attendance.queries.naming import among_expected
from attendance.queries.reminders import UnitWishes, Wishes, due_by_clock, lately
from attendance.reminding import Ways, Whom, choices_of, nowhere_of, owing, way_of, whom_to_remind
from attendance.reports.base import Scope
from attendance.standing import UNDONE, asks_nothing, due_at, with_standing
from organizations.models import Membership, User
from organizations.queries import exempt_member_ids, valid_on

log = structlog.get_logger(__name__)
MOST_AT_ONCE = 2000  # whoever reminds more people than that is not their secretary
STEP = 1000
STEPS_A_TURN = 20
K = Reminder.Kind
TOKEN = re.compile(r"[0-9a-f]{32}")


class UnableToRemind(Exception):
    """Nobody is reminded; says why and what to do instead."""


class UnableToSetReminders(Exception):
    """A unit's choice cannot be kept; says what is wrong with it."""


@dataclass(frozen=True, slots=True)
class Made:
    """What a tap came to."""

    reminder: Reminder
    people: int
    by_channel: Mapping[str, int]

    @property
    def sms(self) -> int:
        return self.by_channel.get(Channel.SMS, 0)

    @property
    def email(self) -> int:
        return self.by_channel.get(Channel.EMAIL, 0)


@transaction.atomic
def remind(*, scope: Scope, reader: User, member_ids: Collection[int], token: str, as_of: datetime) -> Made:
    """Remind those of these people who have something to do and may be reminded, each once; return what was made.

    ``token`` makes one form one reminder: the same a second time changes nothing and returns the first. Two
    secretaries at once: the people are locked, so the second one finds them just reminded. Whether ``reader`` is a
    secretary there is the caller's question. Raises UnableToRemind.
    """
    if scope.training.state != Training.State.PUBLISHED:
        raise UnableToRemind(_("这次培训已经结束，不再提醒。"))
    if not TOKEN.fullmatch(token):
        raise UnableToRemind(_("请回到名单，重新点“提醒未参加的人”。"))
    if len(set(member_ids)) > MOST_AT_ONCE:
        raise UnableToRemind(_("一次最多提醒 %(most)s 位。请选下面的一个支部再提醒。") % {"most": MOST_AT_ONCE})
    key = f"hand:{reader.pk}:{token}"
    people = User.objects.select_for_update(no_key=True).filter(pk__in=member_ids)
    list(people.order_by("pk").values_list("pk", flat=True))
    if earlier := Reminder.objects.filter(key=key).first():
        return _made(earlier)
    found = [one for one in whom_to_remind(scope, reader=reader, member_ids=member_ids) if not one.refusal]
    if not found:
        raise UnableToRemind(_("没有可以提醒的人：已经完成，或者刚提醒过。请看名单里写的原因。"))
    reminder = _new_by_hand(scope, reader, key, as_of)
    ReminderMessage.objects.bulk_create(_messages(reminder, found), batch_size=STEP)
    _hint()
    log.info("reminded", reminder_id=reminder.pk, training_id=scope.training.pk, people=len(found))
    return _made(reminder)


def _new_by_hand(scope: Scope, reader: User, key: str, as_of: datetime) -> Reminder:
    goes_at = after_quiet(timezone.localtime(as_of))
    return Reminder.objects.create(
        kind=K.HAND, key=key, training=scope.training, node=scope.node, made_by=reader, made_at=as_of, due_at=goes_at,
        until_at=goes_at + LATE, told_at=as_of, text=UnitWishes([scope.node.path]).of(scope.node.path).text,
    )  # fmt: skip


def _made(reminder: Reminder) -> Made:
    rows = list(reminder.messages.values_list("member_id", "channel"))
    return Made(reminder, len({member for member, _channel in rows}), Counter(channel for _member, channel in rows))


def _messages(reminder: Reminder, found: Sequence[Whom]) -> list[ReminderMessage]:
    """One row in the site for everybody, and one outside for whom there is a way and an allowance left."""
    inside = [row_of(reminder, one.member_id, Channel.SITE) for one in found]
    return inside + _outside_rows(reminder, [(one.member_id, one.channel) for one in found])


def _outside_rows(reminder: Reminder, found: Sequence[tuple[int, str]]) -> list[ReminderMessage]:
    """Return the rows of messages that go out of the house, as far as each way's allowance of the day reaches."""
    wanted = Counter(channel for _member, channel in found if channel)
    day = timezone.localdate(reminder.due_at)
    hold((channel, day) for channel in wanted)
    granted = {channel: take(channel, day, wanted[channel]) for channel in wanted}
    rows = []
    for member_id, channel in found:
        if granted.get(channel, 0) > 0:
            granted[channel] -= 1
            rows.append(row_of(reminder, member_id, channel))
    return rows


def row_of(reminder: Reminder, member_id: int, channel: str, *, due_at: datetime | None = None) -> ReminderMessage:
    """Return one message of a reminder, not stored; outside the site its allowance has been taken before."""
    goes_at = due_at or reminder.due_at
    return ReminderMessage(
        reminder=reminder, member_id=member_id, channel=channel, made_at=reminder.made_at, due_at=goes_at,
        taken_day=None if channel == Channel.SITE else timezone.localdate(goes_at),
    )  # fmt: skip


def hold(wanted: Iterable[tuple[str, date]]) -> None:
    """Lock these ways' days until the transaction ends, once in it, for all that it takes or gives back.

    Everybody makes the rows that are not there in one order, and then locks them in the same: whoever locked one and
    made another afterwards waited for ever for somebody who had made that and came for the first.
    """
    pairs = sorted(set(wanted))
    ChannelDay.objects.bulk_create([ChannelDay(channel=one, day=day) for one, day in pairs], ignore_conflicts=True)
    mine = ChannelDay.objects.filter(channel__in={one for one, _day in pairs}, day__in={day for _one, day in pairs})
    list(mine.order_by("channel", "day").select_for_update().values_list("pk"))


def take(channel: str, day: date, wanted: int) -> int:
    """Take messages of a way from the site's allowance of the day they go out on; return how many there were.

    Call ``hold`` before.
    """
    row = ChannelDay.objects.get(day=day, channel=channel)
    granted = min(wanted, max(0, settings.MESSAGES.a_day[channel] - row.used))
    ChannelDay.objects.filter(pk=row.pk).update(used=row.used + granted)
    if granted < wanted:
        log.warning("allowance_spent", channel=channel, day=str(day), wanted=wanted, granted=granted)
    return granted


def _hint() -> None:
    from attendance.tasks import send_reminders  # noqa: PLC0415 - tasks call operations

    transaction.on_commit(lambda: send_reminders.delay(), robust=True)


# --- By the clock -----------------------------------------------------------------------------------------------------


def remind_by_clock(*, as_of: datetime) -> int:
    """Make the reminders whose time has come, and go through their people, some steps a turn; return to how many it
    told something. Safe to run at any time, twice at once too: a step is one transaction on a locked row.
    """
    for due in due_by_clock(as_of=as_of):
        goes_at = after_quiet(timezone.localtime(as_of))
        if goes_at >= due.until_at:
            continue  # it is night until it begins
        values = {
            "kind": due.kind, "training_id": due.occasion.training_id, "occasion": due.occasion,
            "node_id": due.occasion.node_id, "made_at": as_of, "due_at": goes_at, "until_at": due.until_at,
        }  # fmt: skip
        Reminder.objects.get_or_create(key=due.key, defaults=values)
    told = 0
    waiting = Reminder.objects.filter(told_at=None, due_at__lte=as_of).order_by("due_at", "pk")
    for reminder_id in list(waiting.values_list("pk", flat=True)[:STEPS_A_TURN]):
        for _turn in range(STEPS_A_TURN):
            reached = _step(reminder_id=reminder_id, as_of=as_of)
            if reached is None:
                break
            told += reached
    return told


@transaction.atomic
def _step(*, reminder_id: int, as_of: datetime) -> int | None:
    """Tell the next people of a reminder; return how many, None when there is nobody left."""
    locked = Reminder.objects.select_for_update(skip_locked=True, of=("self",))
    reminder = locked.select_related("occasion__node", "training").filter(pk=reminder_id, told_at=None).first()
    if reminder is None or reminder.occasion is None:
        return None
    if not holds(reminder, as_of=as_of):
        Reminder.objects.filter(pk=reminder_id).update(told_at=as_of)
        return None
    batch = _next_people(reminder, reminder.occasion)
    wishes = UnitWishes([reminder.occasion.node.path])
    name = "before_deadline" if reminder.kind == K.DEADLINE else "before_start"
    wanted = {member_id: path for member_id, path in batch.people.items() if getattr(wishes.of(path), name)}
    told = _tell(reminder, wanted, as_of)
    _outside(reminder, {member_id: wishes.of(path) for member_id, path in wanted.items()}, as_of)
    Reminder.objects.filter(pk=reminder_id).update(
        after_member_id=batch.last, told=reminder.told + told, told_at=as_of if batch.is_last else None
    )
    return None if batch.is_last else told


@dataclass(frozen=True, slots=True)
class _Batch:
    """Some people by their ids, with the path of their unit; ``last``: up to which id everybody was looked at."""

    people: dict[int, str]
    last: int
    is_last: bool


def holds(reminder: Reminder, *, as_of: datetime) -> bool:
    """Whether a reminder by the clock still says what is true: the occasion is as it was, and there is time left."""
    occasion = reminder.occasion
    if occasion is None or reminder.until_at is None or as_of >= reminder.until_at:
        return False
    if reminder.training.state != Training.State.PUBLISHED:
        return False
    if reminder.kind == K.DEADLINE:
        is_running = occasion.state in (Occasion.State.OPEN, Occasion.State.CLOSED, Occasion.State.SETTLED)
        return is_running and reminder.until_at == due_at(occasion)
    return occasion.state == Occasion.State.SCHEDULED and occasion.starts_at == reminder.until_at


def _next_people(reminder: Reminder, occasion: Occasion) -> _Batch:
    """Return the next who are expected, or at a deadline have not done it."""
    if reminder.kind == K.DEADLINE:
        if asks_nothing(occasion) or being_listed().filter(pk=occasion.pk).exists():
            return _Batch({}, reminder.after_member_id, is_last=asks_nothing(occasion))
        found = with_standing(RosterEntry.objects.filter(occasion=occasion, member_id__gt=reminder.after_member_id))
        rows = found.filter(member__is_active=True).order_by("member_id")
        three = list(rows.values_list("member_id", "node__path", "stands")[:STEP])
        people = {member_id: path for member_id, path, stands in three if stands in UNDONE}
        return _batch(people, [member_id for member_id, _path, _stands in three], reminder)
    day = timezone.localdate(occasion.starts_at)
    members = Membership.objects.filter(among_expected(occasion)).filter(
        valid_on(day), node__path__startswith=occasion.node.path, member_id__gt=reminder.after_member_id
    )
    two = list(members.order_by("member_id").values_list("member_id", "node__path")[:STEP])
    ids = [member_id for member_id, _path in two]
    excused = set(exempt_member_ids(on_date=day).filter(member_id__in=ids)) | _on_leave(occasion, ids)
    return _batch({member_id: path for member_id, path in two if member_id not in excused}, ids, reminder)


def _batch(people: dict[int, str], looked_at: Sequence[int], reminder: Reminder) -> _Batch:
    last = looked_at[-1] if looked_at else reminder.after_member_id
    return _Batch(people, last, is_last=len(looked_at) < STEP)


def _on_leave(occasion: Occasion, member_ids: Collection[int]) -> set[int]:
    leaves = Evidence.objects.filter(occasion=occasion, kind=Evidence.Kind.LEAVE, withdrawn_by=None)
    return set(leaves.filter(member_id__in=member_ids).values_list("member_id", flat=True))


def _tell(reminder: Reminder, people: Collection[int], as_of: datetime) -> int:
    kind = "due_soon" if reminder.kind == K.DEADLINE else "starts_soon"
    until = reminder.until_at.isoformat() if reminder.until_at else ""
    owed = owing(training_id=reminder.training_id, member_ids=people, as_of=as_of) if kind == "due_soon" else {}
    here = {member_id: paths.get(reminder.occasion_id or 0) for member_id, paths in owed.items()}
    owe_check = {member_id for member_id, one in here.items() if one is not None and one.owes_check}
    owe_quiz = {member_id for member_id, one in here.items() if one is not None and one.quizzes_left}
    if kind == "due_soon":  # nobody of what nothing on the phone helps any more: the check's attempts are spent
        people = [one for one in people if reminder.occasion_id in owed.get(one, {})]
    data = {"at": until, "step": str(reminder.kind)}
    told = 0
    rest = set(people) - owe_check - owe_quiz
    for member_ids, more in ((rest, {}), (owe_check, {"check": True}), (owe_quiz, {"quiz": True})):
        if member_ids:
            told += tell(
                member_ids=member_ids, kind=kind, training_id=reminder.training_id,
                occasion_id=reminder.occasion_id, data={**data, **more}, as_of=as_of,
            )  # fmt: skip
    return told


def _outside(reminder: Reminder, wishes: dict[int, Wishes], as_of: datetime) -> None:
    """Make the rows of messages that go out of the house, where a unit wants them and the week allows it."""
    wanted = {member_id: one for member_id, one in wishes.items() if one.outside}
    if not wanted:
        return
    had, choices, ways = lately(wanted, as_of=as_of), choices_of(wanted), Ways.of_site()
    nowhere = nowhere_of(wanted, ways=ways, as_of=as_of)
    users = User.objects.filter(pk__in=wanted, is_active=True)
    found = [
        (member_id, way_of(has_phone=bool(last4), choice=choices.get(member_id), ways=ways,
                           without=nowhere.get(member_id, ()))[0])
        for member_id, last4 in users.order_by("pk").values_list("pk", "phone_last4")
        if len(had.get(member_id, [])) < wanted[member_id].a_week
    ]  # fmt: skip
    ReminderMessage.objects.bulk_create(_outside_rows(reminder, found), batch_size=STEP)


# --- What a unit chooses ----------------------------------------------------------------------------------------------

WORDING_SAID: dict[str, Callable[[str], str]] = {
    "empty": lambda word: _("请写下提醒的话；不想另写，就清空用上级的。"),
    "too_long": lambda word: (
        _("提醒的话最多 %(most)s 个字，现在是 %(now)s 个，请写短些。") % {"most": LONGEST, "now": word}
    ),
    "line_break": lambda word: _("请写成一行，不要换行。"),
    "unknown": lambda word: (
        _("{%(word)s} 不认识。花括号里只能写：%(known)s。") % {"word": word, "known": _("、").join(PLACES)}
    ),
    "brace": lambda word: _("花括号请成对写，里面写名称，例如 {姓名}。"),
    "address": lambda word: _("请不要写网址（%(word)s）。本站的网址写成 {网址}。") % {"word": word},
}


def set_reminders(
    *,
    node_id: int,
    actor_id: int,
    as_of: datetime,
    text: str,
    a_week: int | None,
    before_start: bool | None,
    before_deadline: bool | None,
    outside: bool | None,
) -> None:
    """Keep what a unit chose for its members; None and "": as in the unit above. Raises UnableToSetReminders."""
    if text:
        try:
            check_wording(text)
        except UnableToReadWording as error:
            raise UnableToSetReminders(WORDING_SAID[error.code](error.word)) from error
    values = {
        "text": text, "a_week": a_week, "before_start": before_start, "before_deadline": before_deadline,
        "outside": outside, "changed_by_id": actor_id, "changed_at": as_of,
    }  # fmt: skip
    ReminderSetting.objects.update_or_create(node_id=node_id, defaults=values)
    log.info("reminders_set", node_id=node_id, actor_id=actor_id)
