"""Whom a reminder goes to, by which way, and who gets none and why: asked for the preview, in the making, and once more
just before each message goes out. Nothing here writes.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime

from django.conf import settings
from django.utils import timezone
from django.utils.translation import gettext as _

from attendance.core.reminders import NAME, PAUSE, SITE, TRAINING, UNIT, UNTIL, fill
from attendance.models import Channel, NoticeChoice, Occasion, RecordState, Training
from attendance.permissions import Whereabouts, whereabouts
from attendance.queries.reminders import Lately, UnitWishes, lately
from attendance.reports.base import Scope
from attendance.reports.standing import StandingRow, entries, occasions_of, standings
from attendance.sentences import day_and_hour
from attendance.standing import UNDONE, asks_nothing, due_at
from organizations import sms
from organizations.models import User

LONGEST_TITLE = 40
LONGEST_SAID = 300


@dataclass(frozen=True, slots=True)
class Whom:
    """One person who has something to do: reminded outside the site by ``channel`` ("": in the site alone), or not.

    ``refusal``: why this person is not reminded, in words; ``no_sms``: why no text message goes out; ``state``: the
    gravest of what they have not done: missing, incomplete (no fault of theirs), or due (a course that still runs).
    """

    member_id: int
    name: str
    state: str
    until_at: datetime
    channel: str
    no_sms: str
    refusal: str

    @property
    def has_missed(self) -> bool:
        """Whether they are missing somewhere; else it is no fault of theirs, or a course that still runs."""
        return self.state == RecordState.MISSING

    @property
    def ways(self) -> str:
        """By which ways, in words; why there is no text message."""
        labels = [Channel.SITE.label] + ([Channel(self.channel).label] if self.channel else [])
        said = _("、").join(str(one) for one in labels)
        return f"{said}（{self.no_sms}）" if self.no_sms and self.channel != Channel.SMS else said


@dataclass(frozen=True, slots=True)
class Ways:
    """Which ways out of the house this site has."""

    sms: str  # "text", "template" or ""
    email: bool

    @classmethod
    def of_site(cls) -> "Ways":
        return cls(sms.reminders_say() if settings.SMS_REMINDERS_A_DAY else "", bool(settings.EMAIL_URL))


def way_of(*, has_phone: bool, choice: NoticeChoice | None, ways: Ways) -> tuple[str, str]:
    """Return the one way by which somebody is reminded outside the site, and why it is no text message.

    A text message where it can be, else an e-mail: nobody gets the same twice.
    """
    wants = choice or NoticeChoice()
    if not ways.sms:
        why = _("本站没有开通提醒短信")
    elif not has_phone:
        why = _("没有手机号")
    elif not wants.sms:
        why = _("关闭了短信")
    else:
        return Channel.SMS.value, ""
    has_email = ways.email and wants.email and wants.email_cipher
    return (Channel.EMAIL.value if has_email else ""), why


def choices_of(member_ids: Collection[int]) -> dict[int, NoticeChoice]:
    """Return what these people chose; nothing of whoever chose nothing. One query."""
    return {one.member_id: one for one in NoticeChoice.objects.filter(member_id__in=member_ids)}


def whom_to_remind(scope: Scope, *, reader: User, member_ids: Collection[int] | None = None) -> list[Whom]:
    """Return everybody of the scope (or of these) who has something to do, in the order of the list; five queries.

    They are reminded by the secretary of the branch to which they belong now, and not about what nobody can still do.
    """
    occasions = {one.pk: one for one in occasions_of(scope)}
    rows: dict[int, list[StandingRow]] = {}
    today = timezone.localdate(scope.as_of)
    for row in standings(scope, states=UNDONE, member_ids=member_ids, home_on=today):
        rows.setdefault(row.member_id, []).append(row)
    had = lately(rows.keys(), as_of=scope.as_of) if rows else {}
    choices = choices_of(rows.keys()) if rows else {}
    wishes, ways = UnitWishes([scope.node.path]), Ways.of_site()
    found = []
    for member_id, mine in rows.items():
        theirs = [occasions[row.occasion_id] for row in mine if row.occasion_id in occasions]
        left = [one for one in theirs if due_at(one) > scope.as_of and not asks_nothing(one)]
        where = whereabouts(reader, mine[0].home)
        a_week = wishes.of(mine[0].home.path).a_week if mine[0].home else 0
        refusal = _self(member_id, reader) or _elsewhere(where) or _done_for(theirs, left)
        refusal = refusal or too_often(had.get(member_id, []), scope.training, a_week=a_week, as_of=scope.as_of)
        channel, no_sms = way_of(has_phone=mine[0].has_phone, choice=choices.get(member_id), ways=ways)
        until_at = min((due_at(one) for one in left), default=scope.as_of)
        state = min((row.state for row in mine), key=UNDONE.index)
        found.append(Whom(member_id, mine[0].name, state, until_at, channel, no_sms, refusal))
    return found


def _self(member_id: int, reader: User) -> str:
    return _("是您自己") if member_id == reader.pk else ""


def _elsewhere(where: Whereabouts) -> str:
    if where.may_call:
        return ""
    return _("已转到别的支部，由那里的书记提醒") if where.belongs else _("已离开，现在不属于任何支部")


def _done_for(theirs: Sequence[Occasion], left: Sequence[Occasion]) -> str:
    if left:
        return ""
    if any(asks_nothing(one) for one in theirs):
        return _("老师正在修改这门课，现在不用学")
    return _("补学时间已过，可安排集中收看或送学上门")


def too_often(had: Sequence[Lately], training: Training, *, a_week: int, as_of: datetime) -> str:
    """Return why somebody who had these reminders in the last seven days gets no other now; "" if they do."""
    if a_week == 0:
        return _("支部设定不用系统提醒")
    same = next((one for one in had if one.training_id == training.pk and one.made_at > as_of - PAUSE), None)
    if same is not None:
        said = {"at": day_and_hour(same.made_at), "by": same.by or _("自动")}
        return _("刚提醒过（%(at)s %(by)s）") % said
    return _("7 天内已提醒 %(times)s 次") % {"times": len(had)} if len(had) >= a_week else ""


def owing(*, training_id: int, member_ids: Collection[int], as_of: datetime) -> dict[int, list[Occasion]]:
    """Return what these people have not done of a training and still can do; two queries.

    What the records say: settle their unread evidence before.
    """
    rows = entries(training_ids=[training_id], paths=[""]).filter(stands__in=UNDONE, member_id__in=member_ids)
    pairs = list(rows.order_by().values_list("member_id", "occasion_id"))
    occasions = Occasion.objects.in_bulk({occasion_id for _member, occasion_id in pairs})
    found: dict[int, list[Occasion]] = {}
    for member_id, occasion_id in pairs:
        one = occasions[occasion_id]
        if due_at(one) > as_of and not asks_nothing(one):
            found.setdefault(member_id, []).append(one)
    return found


def default_wording() -> str:
    """Return the wording where no unit chose another; its places stay as they are in any language."""
    return _("{姓名}，您好：“{培训}”还有没学完的，请在 {截止} 前打开 {网址} 学完。")


def values_for(*, name: str, unit: str, training: str, until_at: datetime) -> dict[str, str]:
    """Return what is put into a wording for one person."""
    title = training if len(training) <= LONGEST_TITLE else training[: LONGEST_TITLE - 1] + "…"
    site = str(settings.SITE_URL)
    return {NAME: name, UNIT: unit, TRAINING: title, UNTIL: day_and_hour(until_at), SITE: site}


def said_to(text: str, values: dict[str, str]) -> str:
    """Return a wording as one person reads it."""
    return fill(text or default_wording(), values)[:LONGEST_SAID]


def with_hint(said: str) -> str:
    """Return what a text message or e-mail says: also how to turn it off."""
    return said + _("（关闭：我的-消息和通知）")


def parts_of(said: str) -> int:
    """Return as how many text messages a long one is charged: 70 characters, or 67 each where there are several."""
    return 1 if len(said) <= 70 else -(-len(said) // 67)
