"""今天: what is live now, what is next, what is still owed, and nothing else."""

from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.timesince import timesince
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET

from attendance.beside import beside
from attendance.catching_up import catch_up_of
from attendance.duties import Duty, duties_of
from attendance.kinds import Step, held_back, is_in_person, is_meeting, kinds
from attendance.models import Notice, Occasion, RecordState, Rule
from attendance.operations import settle_dirty
from attendance.queries import occasion_for, occasions_ahead, occasions_expecting
from attendance.queries.asked import Asked, asked_of_member
from attendance.queries.notices import newest_unseen
from attendance.queries.sessions import sessions_ahead
from attendance.running import has_to_begin, kept_out, kept_out_words, step_into
from attendance.sentences.asked import asked_words
from attendance.sentences.checks import check_asked_words, is_late
from attendance.sentences.notices import MISSED, REMINDERS, words_of
from attendance.sentences.records import month_day
from attendance.standing import is_due_over, standings_of
from attendance.views.calendar import calendar_of, event_of
from attendance.views.cards import ComingRow, NowCard, Owed, fold
from attendance.views.disputes import answer_cards
from organizations.display import is_elder
from organizations.models import Membership, Role, User
from organizations.permissions import role_required, signed_in
from organizations.queries import grants_above, membership_on

MOST_NEXT = 3
STARTS_LATE = timedelta(hours=2)
DOORS_OPEN = timedelta(minutes=30)


@dataclass(frozen=True)
class Day:
    """Everything the page shows, in its order; ``paused``: where to look at what asks nothing for now.

    ``kept_out``: the ids of what is live from which the member was sent away.
    """

    live: list[tuple[Occasion, str]]
    coming: list[Occasion]
    owed: list[Owed]
    paused: list[tuple[Occasion, str]]
    asked: Asked = field(default_factory=Asked)
    kept_out: set[int] = field(default_factory=set)


@require_GET
@never_cache
@role_required()
def today(request: HttpRequest) -> HttpResponse:
    """Show a member their day; the number of queries does not grow with what is in it."""
    member, as_of = signed_in(request), timezone.now()
    settle_dirty(as_of=as_of, member_ids=[member.pk])
    membership = membership_on(member_id=member.pk, on_date=timezone.localdate(as_of))
    day = day_of(member, membership, as_of)
    folded = fold(
        now_cards(day, duties_of(member, as_of=as_of)),
        [coming_row(occasion, member, day.asked, as_of) for occasion in day.coming],
        day.owed,
        is_folded=is_elder(request),
    )
    local, answers = timezone.localtime(as_of), answer_cards(member, as_of=as_of)
    told = told_words(newest_unseen(member.pk), day)
    besides = beside("today", member=member, membership=membership, as_of=as_of)
    context = {
        "tab": "today",
        "as_of": as_of,
        "date": f"{month_day(as_of)} {date_format(local, 'l')}",
        "greeting": greeting(member.name, local.hour),
        "day": day,
        "elder": is_elder(request),
        "folded": folded,
        "owed_title": owed_title(len(folded.owed)),
        "desk": answers,
        "done": None if folded.asks or day.paused else all_done(day),
        "told": told,
        "more": more_words(folded.rest + len(day.paused) + len(answers) + bool(told) + len(besides)),
        "besides": besides,
        "help": help_words(helper_of(membership, as_of)) if is_elder(request) else "",
    }
    return render(request, "attendance/today.html", context)


def first_for(member: User, as_of: datetime) -> NowCard | None:
    """Return the one thing that ``member`` does next, as the large-print pages show it; None: nothing is left."""
    day = day_of(member, membership_on(member_id=member.pk, on_date=timezone.localdate(as_of)), as_of)
    coming = [coming_row(occasion, member, day.asked, as_of) for occasion in day.coming]
    return fold(now_cards(day, duties_of(member, as_of=as_of)), coming, day.owed, is_folded=True).first


def told_words(notice: Notice | None, day: Day) -> str:
    """Return the newest message that was not seen, in one line; "" for none, and for a reminder of what is done."""
    if notice is None:
        return ""
    if notice.kind in MISSED:
        notice.path = next((one.path for one in day.owed if one.occasion.pk == notice.occasion_id), None)
        if notice.path is None:
            return ""
    if notice.kind in REMINDERS:
        open_ones = [*(one for one, _url in day.live), *day.coming, *(one.occasion for one in day.owed)]
        # One that names an occasion is about that one alone, whatever else of its training is open.
        is_open = any(
            one.pk == notice.occasion_id if notice.occasion_id else one.training_id == notice.training_id
            for one in open_ones
        )
        if not is_open:
            return ""
    return words_of(notice)


def now_cards(day: Day, duties: list[Duty]) -> list[NowCard]:
    """Return what stands at the top: what one has to do besides taking part, then what is live."""
    cards = [NowCard(one.text, one.title, one.place, one.step, one.is_now) for one in duties]
    return cards + [
        NowCard(
            text=live_words(occasion, is_kept_out=occasion.pk in day.kept_out),
            title=occasion.title,
            place=occasion.node.name,
            step=step_into(occasion, url, is_kept_out=occasion.pk in day.kept_out),
            is_now=True,
            since=_("已开始 %(since)s") % {"since": timesince(occasion.opened_at) if occasion.opened_at else ""},
            asked=tuple(asked_words(day.asked, occasion)),
        )
        for occasion, url in day.live
    ]


def live_words(occasion: Occasion, *, is_kept_out: bool) -> str:
    """Return what is said above something that goes on."""
    if is_kept_out:
        return kept_out_words(occasion.kind)
    return _("正在开会") if is_meeting(occasion.kind) else _("正在直播")


def coming_row(occasion: Occasion, member: User, asked: Asked, as_of: datetime) -> ComingRow:
    """Return an occasion to come: shortly before it the way in, before that the file for one's calendar; beside it
    the leave that was asked, or the way to ask for it."""
    text = f"{countdown(occasion, as_of)} · {occasion.node.name}"
    may_ask = as_of < occasion.starts_at and not asked.has_leave(occasion.pk)
    leave_url = f"{reverse('me_leave_ask')}?occasion={occasion.pk}" if may_ask else ""
    said = tuple(asked_words(asked, occasion))
    row = ComingRow(occasion.starts_at, occasion.title, text, asked=said, leave_url=leave_url)
    if url := doors(occasion, member, as_of):
        step = _("看会议安排") if is_in_person(occasion.kind) else _("先进去等")
        return replace(row, url=url, step=f"{step} ›", label=step + _("：") + occasion.title)
    if occasion.ends_at <= as_of:
        return row
    label = _("把%(title)s加入日历") % {"title": occasion.title}
    return replace(row, url=reverse("calendar", args=[occasion.pk]), step=_("加入日历"), label=label, is_file=True)


def more_words(items: int) -> str:
    """Return what large print says of what it folds away; "" for nothing."""
    return ngettext("其他 %(items)s 项", "其他 %(items)s 项", items) % {"items": items} if items else ""


def owed_title(items: int) -> str:
    """Return how many things are left to do."""
    return ngettext("还要完成 %(items)s 项", "还要完成 %(items)s 项", items) % {"items": items}


def all_done(day: Day) -> tuple[str, str]:
    """Return what is said, as title and text, when nothing is left to do."""
    if day.coming:
        return _("该学的都学完了"), _("辛苦了。到时间再来就行，平时不用签到。")
    return _("今天没有要做的事"), _("有新的培训时会出现在这里，平时不用签到。")


def help_words(helper: User | None) -> str:
    """Return whom to ask for help; "" where there is nobody."""
    if helper is None:
        return ""
    return _("给支部书记%(name)s打电话，或者请家里人帮忙看一看。") % {"name": helper.name}


def day_of(member: User, membership: Membership | None, as_of: datetime) -> Day:
    """Return what is live, next and owed for ``member`` in six queries; one more where something is live, one
    more where something is held again."""
    opened, coming = list(occasions_expecting(member)), coming_for(member, membership, as_of)
    stands = standings_of(occasions=opened, member_id=member.pk, as_of=as_of)
    ahead = sessions_ahead(opened, as_of=as_of)
    open_ones = [one for one in opened if not stands[one.pk].is_done]
    asked = asked_of_member(member_id=member.pk, occasions=[*open_ones, *coming])
    live, owed, paused = [], [], []
    for occasion in opened:
        stand = stands[occasion.pk]
        if occasion.state == Occasion.State.OPEN and occasion.rule.basis == Rule.Basis.WINDOW:
            live.append((occasion, kinds()[occasion.kind].url_for(occasion, member)))
        elif stand.is_paused and not is_due_over(occasion, as_of):
            paused.append((occasion, kinds()[occasion.kind].url_for(occasion, member)))
        elif stand.is_undone and not is_due_over(occasion, as_of):
            path = catch_up_of(
                occasion=occasion, state=stand.state, as_of=as_of, member=member, done_ms=stand.amount.done_ms,
                sessions=ahead.get(occasion.pk, ()), check=stand.check,
            )  # fmt: skip
            if path is not None:
                step = Step(path.phone.label, path.phone.url) if path.phone else None
                is_incomplete = stand.state == RecordState.INCOMPLETE
                said = [check_asked_words(occasion)] if is_late(occasion, as_of=as_of) else []
                said += asked_words(asked, occasion)
                asks = tuple(filter(None, said))
                owed.append(Owed(as_of, occasion, path.due_at, stand.amount, is_incomplete, step, path, asks))
    owed.sort(key=lambda one: one.due_at)
    owed = _with_what_comes_first(owed, member, as_of)
    return Day(live, coming, owed, paused, asked, kept_out(member, [one for one, _url in live]))


def _with_what_comes_first(owed: list[Owed], member: User, as_of: datetime) -> list[Owed]:
    """Return what is owed; of what waits for something else the step leads there."""
    untouched = [one.occasion for one in owed if one.step is not None and not one.amount.done_ms]
    held = held_back(untouched, member=member, as_of=as_of)
    return [replace(one, held=held.get(one.occasion.pk)) for one in owed]


def doors(occasion: Occasion, member: User, as_of: datetime) -> str:
    """Return where to wait for an occasion that begins within half an hour; "" for a later one, and one missed."""
    is_near = occasion.starts_at - as_of <= DOORS_OPEN and as_of < occasion.ends_at
    return kinds()[occasion.kind].url_for(occasion, member) if is_near else ""


def countdown(occasion: Occasion, as_of: datetime) -> str:
    """Return when an occasion begins, in words; that nobody began it, once its time is over."""
    if occasion.ends_at <= as_of and is_in_person(occasion.kind):
        return _("时间已过，等支部登记")
    if occasion.ends_at <= as_of and is_meeting(occasion.kind):
        return _("到时间还没有开始，请等支部通知")
    if occasion.ends_at <= as_of:
        return _("到时间没有开播，请等重新安排")
    return has_to_begin(occasion, as_of) or starts_in(occasion.starts_at, as_of)


def coming_for(member: User, membership: Membership | None, as_of: datetime) -> list[Occasion]:
    """Return the next occasions at which ``member`` is expected: those of their node and of every node above it."""
    if membership is None:
        return []
    expected = occasions_ahead(membership, since=as_of - STARTS_LATE, on_date=timezone.localdate(as_of))
    last_day = membership.active_to_date
    return [
        occasion
        for occasion in expected[:MOST_NEXT]
        if last_day is None or timezone.localdate(occasion.starts_at) < last_day
    ]


def helper_of(membership: Membership | None, as_of: datetime) -> User | None:
    """Return the secretary nearest above a member, to be named; no phone number is shown here."""
    if membership is None:
        return None
    grants = grants_above(membership.node, role=Role.SECRETARY, on_date=timezone.localdate(as_of))
    grant = grants.exclude(user_id=membership.member_id).first()
    return grant.user if grant else None


def greeting(name: str, hour: int) -> str:
    """Return a greeting for the time of the day."""
    if 5 <= hour < 11:
        return _("%(name)s，早上好") % {"name": name}
    if 11 <= hour < 13:
        return _("%(name)s，中午好") % {"name": name}
    if 13 <= hour < 18:
        return _("%(name)s，下午好") % {"name": name}
    return _("%(name)s，晚上好") % {"name": name}


def starts_in(starts_at: datetime, as_of: datetime) -> str:
    """Return how long it is until a start, in words that stay true for a while."""
    minutes = int((starts_at - as_of).total_seconds() // 60)
    days = (timezone.localdate(starts_at) - timezone.localdate(as_of)).days
    if minutes < 1:
        return _("马上开始")
    if minutes < 60:
        return _("还有 %(minutes)s 分钟") % {"minutes": minutes}
    if days == 0:
        return _("还有 %(hours)s 小时") % {"hours": minutes // 60}
    if days == 1:
        return _("明天")
    return _("还有 %(days)s 天") % {"days": days}


@require_GET
@role_required()
def calendar(request: HttpRequest, occasion_id: int) -> HttpResponse:
    """Send an occasion as a calendar file, for whoever is expected there."""
    member = signed_in(request)
    occasion = occasion_for(member, occasion_id)
    if occasion is None:
        raise Http404
    url = request.build_absolute_uri(kinds()[occasion.kind].url_for(occasion, member))
    body = calendar_of([event_of(occasion, url=url, host=request.get_host(), as_of=timezone.now())])
    response = HttpResponse(body, content_type="text/calendar; charset=utf-8")
    response.headers["Content-Disposition"] = f'attachment; filename="training-{occasion.pk}.ics"'
    return response
