"""Whom a reminder goes to, by which way, and who gets none and why: asked for the preview, in the making, and once more
just before each message goes out. Nothing here writes.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.db.models import F
from django.utils import timezone
from django.utils.translation import gettext as _

from attendance.catching_up import CatchUp, Left, catch_up_of
from attendance.core.reminders import NAME, PAUSE, SITE, TRAINING, UNIT, UNTIL, fill
from attendance.models import Channel, MessageAccount, NoticeChoice, Occasion, RecordState, Training
from attendance.permissions import Whereabouts, whereabouts
from attendance.queries.reminders import Lately, UnitWishes, lately, unreached_people
from attendance.queries.sessions import sessions_ahead
from attendance.reports.base import Scope
from attendance.reports.standing import StandingRow, entries, occasions_of, standings
from attendance.sentences.records import day_and_hour
from attendance.standing import UNDONE, check_left
from organizations import sms
from organizations.models import User

LONGEST_TITLE = 40
LONGEST_SAID = 300
MOST_NOT_REACHED = 1000
MESSENGERS = (Channel.WECOM.value, Channel.DINGTALK.value)
ACCOUNT_KEPT = timedelta(days=30)  # so long it is believed who somebody is at a provider, or that they are not there


@dataclass(frozen=True, slots=True)
class Whom:
    """One person who has something to do: reminded outside the site by ``channel`` ("": in the site alone), or not.

    ``refusal``: why this person is not reminded, in words; ``no_sms``: why no text message goes out; ``state``: the
    gravest of what they have not done: missing, incomplete (no fault of theirs), or due (a course that still runs).
    """

    member_id: int
    name: str
    state: str
    left: Left | None
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
    """Which ways out of the house this site has; ``order``: which is tried before which."""

    sms: str  # "text", "template" or ""
    email: bool
    wecom: bool = False
    dingtalk: bool = False
    order: tuple[str, ...] = ("sms", "email")

    @classmethod
    def of_site(cls) -> "Ways":
        """A way that may send nothing in a day, or has no place in the order, is none."""
        here = settings.MESSAGES
        on = tuple(one for one in here.order if here.a_day[one])
        return cls(
            sms.reminders_say() if Channel.SMS in on else "",
            bool(settings.EMAIL_URL) and Channel.EMAIL in on,
            Channel.WECOM in on and Channel.WECOM in here.apps,
            Channel.DINGTALK in on and Channel.DINGTALK in here.apps,
            on,
        )

    @property
    def messengers(self) -> tuple[str, ...]:
        return tuple(one for one in MESSENGERS if getattr(self, one))


def way_of(
    *, has_phone: bool, choice: NoticeChoice | None, ways: Ways, without: Collection[str] = ()
) -> tuple[str, str]:
    """Return the one way by which somebody is reminded outside the site, and why it is no text message.

    The first of the site's order that reaches them: nobody gets the same twice. ``without``: ways that were tried, or
    where the provider knows nobody of this number.
    """
    wants = choice or NoticeChoice()
    why = _no_sms(has_phone=has_phone, wants=wants, ways=ways)
    reaches = {
        Channel.SMS.value: not why,
        Channel.EMAIL.value: bool(ways.email and wants.email and wants.email_cipher),
        Channel.WECOM.value: ways.wecom and wants.wecom and has_phone,
        Channel.DINGTALK.value: ways.dingtalk and wants.dingtalk and has_phone,
    }
    channel = next((one for one in ways.order if reaches[one] and one not in without), "")
    return channel, "" if channel in (Channel.SMS, *MESSENGERS) else why


def _no_sms(*, has_phone: bool, wants: NoticeChoice, ways: Ways) -> str:
    if not ways.sms:
        return _("本站没有开通提醒短信")
    if not has_phone:
        return _("没有手机号")
    return "" if wants.sms else _("关闭了短信")


def nowhere_of(member_ids: Collection[int], *, ways: Ways, as_of: datetime) -> dict[int, set[str]]:
    """Return at which providers of work messages nobody had these people's numbers when it was asked lately.

    One query; none where the site has no such way.
    """
    found: dict[int, set[str]] = {}
    if ways.messengers:
        rows = MessageAccount.objects.filter(
            member_id__in=member_ids, account_cipher=None, asked_at__gt=as_of - ACCOUNT_KEPT,
            phone_index=F("member__phone_index"),
        )  # fmt: skip
        for member_id, channel in rows.values_list("member_id", "channel"):
            found.setdefault(member_id, set()).add(channel)
    return found


def choices_of(member_ids: Collection[int]) -> dict[int, NoticeChoice]:
    """Return what these people chose; nothing of whoever chose nothing. One query."""
    return {one.member_id: one for one in NoticeChoice.objects.filter(member_id__in=member_ids)}


def whom_to_remind(scope: Scope, *, reader: User, member_ids: Collection[int] | None = None) -> list[Whom]:
    """Return everybody of the scope (or of these) who has something to do, in the order of the list; five queries,
    one more where something is held again, and one where the site has work messages.

    They are reminded by the secretary of the branch to which they belong now, and not about what nobody can still do.
    """
    occasions = {one.pk: one for one in occasions_of(scope)}
    rows: dict[int, list[StandingRow]] = {}
    today = timezone.localdate(scope.as_of)
    for row in standings(scope, states=UNDONE, member_ids=member_ids, home_on=today):
        rows.setdefault(row.member_id, []).append(row)
    ahead = sessions_ahead(occasions.values(), as_of=scope.as_of)
    had = lately(rows.keys(), as_of=scope.as_of) if rows else {}
    choices = choices_of(rows.keys()) if rows else {}
    wishes, ways = UnitWishes([scope.node.path]), Ways.of_site()
    nowhere = nowhere_of(rows.keys(), ways=ways, as_of=scope.as_of) if rows else {}
    found = []
    for member_id, mine in rows.items():
        paths = [
            path
            for row in mine
            if (one := occasions.get(row.occasion_id)) is not None
            and (path := _path(one, row.state, row.reasons, ahead.get(one.pk, ()), scope.as_of)) is not None
        ]
        left = Left.of(paths)
        where = whereabouts(reader, mine[0].home)
        a_week = wishes.of(mine[0].home.path).a_week if mine[0].home else 0
        refusal = _self(member_id, reader) or _elsewhere(where) or _done_for(paths, left)
        refusal = refusal or too_often(had.get(member_id, []), scope.training, a_week=a_week, as_of=scope.as_of)
        channel, no_sms = way_of(
            has_phone=mine[0].has_phone, choice=choices.get(member_id), ways=ways, without=nowhere.get(member_id, ())
        )
        state = min((row.state for row in mine), key=UNDONE.index)
        found.append(Whom(member_id, mine[0].name, state, left, channel, no_sms, refusal))
    return found


def _self(member_id: int, reader: User) -> str:
    return _("是您自己") if member_id == reader.pk else ""


def _elsewhere(where: Whereabouts) -> str:
    if where.may_call:
        return ""
    return _("已转到别的支部，由那里的书记提醒") if where.belongs else _("已离开，现在不属于任何支部")


def _path(one: Occasion, state: str, reasons: Any, sessions: Sequence[Occasion], as_of: datetime) -> CatchUp | None:
    """What is left to anybody who stands so there: whoever they are, the words of a reminder are the same."""
    return catch_up_of(
        occasion=one, state=state, as_of=as_of, member=User(), sessions=sessions,
        check=check_left(reasons, state=state),
    )  # fmt: skip


def _done_for(paths: Sequence[CatchUp], left: Left | None) -> str:
    if left is not None:
        return ""
    if any(one.is_paused for one in paths):
        return _("老师正在修改这门课，现在不用学")
    if any(one.is_spent and not one.is_over for one in paths):
        return _("小测的次数已用完，可安排集中收看或送学上门")
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


def owing(*, training_id: int, member_ids: Collection[int], as_of: datetime) -> dict[int, dict[int, CatchUp]]:
    """Return what these people have not done of a training and still can do, by occasion; two queries, three where
    something is held again.

    What the records say: settle their unread evidence before.
    """
    rows = entries(training_ids=[training_id], paths=[""]).filter(stands__in=UNDONE, member_id__in=member_ids)
    found = list(rows.order_by().values_list("member_id", "occasion_id", "stands", "rec__reasons"))
    occasions = Occasion.objects.select_related("rule", "training").in_bulk({row[1] for row in found})
    ahead = sessions_ahead(occasions.values(), as_of=as_of)
    owed: dict[int, dict[int, CatchUp]] = {}
    for member_id, pk, state, reasons in found:
        path = _path(occasions[pk], state, reasons, ahead.get(pk, ()), as_of)
        if path is not None and path.can_do:
            owed.setdefault(member_id, {})[pk] = path
    return owed


def not_reached(*, training_id: int, path: str) -> list[int]:
    """Return who still has something to do in a part of the tree and was not reached by the last reminder that went
    out of the house; two queries. Of very many the first thousand by name.
    """
    ids = list(unreached_people(training_id=training_id, path=path).values_list("pk", flat=True)[:MOST_NOT_REACHED])
    if not ids:
        return []
    undone = entries(training_ids=[training_id], paths=[path]).filter(stands__in=UNDONE, member_id__in=ids)
    here = set(undone.values_list("member_id", flat=True))
    return [one for one in ids if one in here]


def default_wording() -> str:
    """Return the wording where no unit chose another; its places stay as they are in any language."""
    return _("{姓名}，您好：“{培训}”还有没学完的，请在 {截止} 前打开 {网址} 学完。")


def values_for(*, name: str, unit: str, training: str, until_at: datetime) -> dict[str, str]:
    """Return what is put into a wording for one person."""
    title = training if len(training) <= LONGEST_TITLE else training[: LONGEST_TITLE - 1] + "…"
    site = str(settings.SITE_URL)
    return {NAME: name, UNIT: unit, TRAINING: title, UNTIL: day_and_hour(until_at), SITE: site}


def said_to(text: str, values: dict[str, str], left: Left | None = None) -> str:
    """Return a wording as one person reads it; what is left for exactly them stands after it, where it is not all."""
    more = left.words if left else ""
    said = fill(text or default_wording(), values)
    return (said + (_("（%(left)s）") % {"left": more} if more else ""))[:LONGEST_SAID]


def with_hint(said: str) -> str:
    """Return what a text message or e-mail says: also how to turn it off."""
    return said + _("（关闭：我的-消息和通知）")


def parts_of(said: str) -> int:
    """Return as how many text messages a long one is charged: 70 characters, or 67 each where there are several."""
    return 1 if len(said) <= 70 else -(-len(said) // 67)
