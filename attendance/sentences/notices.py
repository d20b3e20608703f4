"""What a notice says, and where it leads: one function a kind. A kind that nobody knows says something neutral.

``NOTICES`` gets a line for each kind that ``attendance.operations.tell`` is called with; ``notice.member``,
``notice.training`` and ``notice.occasion`` are loaded with it and may be None.
"""

from collections.abc import Callable, Mapping, Sequence
from datetime import date, datetime
from typing import Any
from urllib.parse import urlencode

import structlog
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from attendance.catching_up import CatchUp, Left, catch_up_of
from attendance.core.reminders import SITE
from attendance.models import Notice, Occasion, RecordState
from attendance.queries.sessions import sessions_ahead
from attendance.reminding import said_to, values_for
from attendance.sentences.leaves import days
from attendance.sentences.records import day_and_hour
from attendance.standing import UNDONE, standings_of, state_label

log = structlog.get_logger(__name__)
COMMENTS = ("comment_answered", "comment_hidden", "comment_shown")
HALLS = ("hall_lapses_soon", "hall_lapsed")
CERTIFICATES = ("certificate_issued", "certificate_withdrawn", "certificate_replaced")
OWN_LEAVES = ("leave_approved", "leave_refused", "leave_taken_back")
MISSED = ("catch_up", "session_moved", "session_off")
FACTORS = ("factors_set", "factors_taken")
REMINDERS = ("reminded", "due_soon", "starts_soon")


def _reminded(notice: Notice) -> str:
    """In the words that the unit chose; the address of the site, in the site itself, is only named."""
    data, title = notice.data, notice.training.title if notice.training else ""
    until = _moment(data["until"])
    left = Left.kept(data, until_at=until)
    if not data.get("text"):
        said = {"title": title, "until": day_and_hour(until)}
        words = _("书记提醒：“%(title)s”还有没学完的，请在 %(until)s 前学完。") % said
        return words + (_("（%(left)s）") % {"left": left.words} if left.words else "")
    values = values_for(name=notice.member.name, unit=data.get("unit", ""), training=title, until_at=until)
    return said_to(data["text"], {**values, SITE: _("本站")}, left)


def _due_soon(notice: Notice) -> str:
    said = {"title": _about(notice), "until": day_and_hour(_moment(notice.data["at"]))}
    if notice.data.get("check"):
        return _("“%(title)s”%(until)s 截止，您已看够，还要做小测，现在做还来得及。") % said
    if notice.data.get("quiz"):
        return _("“%(title)s”%(until)s 截止，您已学够，还要通过课里的练习，现在做还来得及。") % said
    return _("“%(title)s”%(until)s 截止，您还没学完，现在学还来得及。") % said


def _starts_soon(notice: Notice) -> str:
    said = {"title": _about(notice), "at": day_and_hour(_moment(notice.data["at"]))}
    return _("“%(title)s”%(at)s 开始。") % said


def with_paths(notices: Sequence[Notice], *, as_of: datetime) -> Sequence[Notice]:
    """Load for notices of one person how they stand now at what they missed, and how it can be made up: further
    sessions, the check. Two queries at most, none where nothing was missed.
    """
    about = [one for one in notices if one.kind in MISSED and one.occasion is not None]
    if not about:
        return notices
    occasions = list({one.occasion.pk: one.occasion for one in about if one.occasion is not None}.values())
    ahead = sessions_ahead(occasions, as_of=as_of)
    stands = standings_of(occasions=occasions, member_id=about[0].member_id, as_of=as_of)
    for one in about:
        stand = stands.get(one.occasion_id or 0)
        one.state = stand.state if stand else ""
        # What one did not attend is told as of then; what became of a session leads to what is left by now.
        at = one.at if one.kind == "catch_up" else as_of
        one.path = _path(one, at, ahead.get(one.occasion_id or 0, ()), stand.check if stand else None)
    return notices


def _path(
    one: Notice, as_of: datetime, sessions: Sequence[Occasion] = (), check: Mapping[str, Any] | None = None
) -> CatchUp | None:
    if one.occasion is None:
        return None
    return catch_up_of(
        occasion=one.occasion,
        state=RecordState.MISSING,
        as_of=as_of,
        member=one.member,
        sessions=sessions,
        check=check,
    )


def _catch_up(notice: Notice) -> str:
    """As it is now, where that was loaded (``with_paths``): a replay that came late, another rule, a session ahead."""
    if _is_settled(notice):
        said = {"title": _about(notice), "state": state_label(notice.state)}
        return _("“%(title)s”您原来没有参加，现在是：%(state)s。") % said
    path = notice.path or _path(notice, notice.at)
    said = {"title": _about(notice)}
    if not path:
        return _("您没有参加“%(title)s”，可以补学。") % said
    ways = [path.phone.label] if path.phone else [] if path.sessions else [_("请支部书记安排集中收看或送学上门")]
    said |= {"until": path.until, "step": _("；").join([*ways, *(way.label for way in path.sessions)])}
    return _("您没有参加“%(title)s”，%(until)s：%(step)s。") % said


def _is_settled(notice: Notice) -> bool:
    """Whether nothing is left to be made up of what a notice is about, as far as that was loaded with it."""
    return bool(notice.state) and notice.state not in (*UNDONE, RecordState.PENDING)


def _session_moved(notice: Notice) -> str:
    said = {"title": _about(notice), "at": day_and_hour(_moment(notice.data["at"]))}
    words = _("“%(title)s”再讲的一场改了时间，现在是 %(at)s 开始，以前说的时间不算了。") % said
    return words + _settled_words(notice)


def _session_off(notice: Notice) -> str:
    said = {"title": _about(notice), "at": day_and_hour(_moment(notice.data["at"]))}
    words = _("“%(title)s”原定 %(at)s 再讲的一场取消了。") % said
    return words + (_settled_words(notice) or _left_words(notice))


def _settled_words(notice: Notice) -> str:
    return _("您现在是：%(state)s，不用再来。") % {"state": state_label(notice.state)} if _is_settled(notice) else ""


def _left_words(notice: Notice) -> str:
    """Return what is left to do where a further session is off; "" where that was not loaded."""
    path: CatchUp | None = notice.path
    if path is None:
        return ""
    ways = [*([path.phone.label] if path.phone else []), *(one.rstrip("。") for one in path.for_member)]
    said = {"until": path.until, "ways": _("；").join(ways)}
    return _("%(until)s：%(ways)s。") % said if ways else _("%(until)s。") % said


def _result(text: Callable[[], str]) -> Callable[[Notice], str]:
    """Return a sentence about one result: the occasion, and the state that is spoken of."""

    def said(one: Notice) -> str:
        state = one.data.get("state", "")
        label = RecordState(state).label if state in RecordState.values else state
        return text() % {"title": _about(one), "state": label}

    return said


def _plain(text: Callable[[], str]) -> Callable[[Notice], str]:
    return lambda one: text() % {"title": _about(one)}


def _recomputed(notice: Notice) -> str:
    """What became of one's own record: only the hours, or the state."""
    before, after = notice.data["before"], notice.data["after"]
    values = {
        "title": notice.occasion.title if notice.occasion else "", "before": state_label(before),
        "after": state_label(after), "hours": notice.data["hours"], "reason": notice.data["reason"],
    }  # fmt: skip
    if before == after:
        return _("“%(title)s”重新认定，结果仍是“%(after)s”，现在记 %(hours)s 学时。原因：%(reason)s") % values
    words = _("“%(title)s”重新认定：从“%(before)s”变为“%(after)s”，现在记 %(hours)s 学时。原因：%(reason)s")
    return words % values


def _recomputed_correction(notice: Notice) -> str:
    title = notice.occasion.title if notice.occasion else ""
    return _("“%(title)s”重新认定以后，您写的更正有的不再成立，请看重新认定的报告。") % {"title": title}


def _recomputed_unit(notice: Notice) -> str:
    values = {"title": notice.occasion.title if notice.occasion else "", "reason": notice.data["reason"]}
    return _("“%(title)s”已经重新认定，有人的结果有变化，请看重新认定的报告。原因：%(reason)s") % values


def _hall(text: Callable[[], str]) -> Callable[[Notice], str]:
    """Return a sentence about an announced hall: its place, the occasion, and when its time is over."""

    def said(one: Notice) -> str:
        at = day_and_hour(_moment(one.data["at"]))
        return text() % {"title": _about(one), "place": one.data["place"], "at": at}

    return said


def _of_leave(text: Callable[[], str], bare: Callable[[], str]) -> Callable[[Notice], str]:
    """Return a sentence about a leave that names what it is for; ``bare`` for a notice that was kept without it."""

    def said(one: Notice) -> str:
        what = _leave_of(one.data)
        return text() % {"what": what} if what else bare()

    return said


def _certificate_withdrawn(notice: Notice) -> str:
    said = {"title": _about(notice), "reason": notice.data["reason"]}
    return _("“%(title)s”的证书已经撤回。原因：%(reason)s 有疑问请联系支部书记。") % said


def _comment_hidden(notice: Notice) -> str:
    said = {"title": _about(notice), "reason": notice.data["reason"]}
    return _("您在“%(title)s”里的留言没有公开，只有您自己看得到。原因：%(reason)s") % said


def _leave_of(data: dict[str, Any]) -> str:
    if "from" in data:
        return days(date.fromisoformat(data["from"]), date.fromisoformat(data["to"]))
    if "title" not in data:
        return ""
    said = {"title": data["title"], "at": day_and_hour(_moment(data["at"])), "number": data["number"]}
    if data["number"] == 1:
        return _("%(title)s %(at)s") % said
    return ngettext("%(title)s %(at)s 等 %(number)s 场", "%(title)s %(at)s 等 %(number)s 场", data["number"]) % said


def _departures_soon(notice: Notice) -> str:
    unit = notice.data["unit"] or _("没有组织的人")
    said = {"unit": unit, "count": int(notice.data["count"]), "day": notice.data["on"]}
    return (
        _(
            "“%(unit)s”有 %(count)s 位已离开的人，姓名等个人信息最早从 %(day)s 起清除。"
            "要保留的，请在那以前请监督员暂缓。"
        )
        % said
    )


NOTICES: dict[str, Callable[[Notice], str]] = {
    "departures_soon": _departures_soon,
    "reminded": _reminded,
    "due_soon": _due_soon,
    "starts_soon": _starts_soon,
    "catch_up": _catch_up,
    "session_moved": _session_moved,
    "session_off": _session_off,
    "caught_up": _plain(lambda: _("“%(title)s”您已经补上，记为已补学。")),
    "leave_asked": _plain(lambda: _("有人请假，可以在“支部”里批准。")),
    "leave_approved": _of_leave(
        lambda: _("您的请假（%(what)s）已批准。能来参加的话直接来就行。"),
        lambda: _("您的请假已批准。能来参加的话直接来就行。"),
    ),
    "leave_refused": _of_leave(
        lambda: _("您的请假（%(what)s）没有批准，理由在“我的请假”里。"),
        lambda: _("您的请假没有批准，理由在“我的请假”里。"),
    ),
    "leave_taken_back": _plain(lambda: _("您的请假有变动：批准已撤销或提前结束，理由在“我的请假”里。")),
    "exemption_entered": _plain(lambda: _("已为您登记免学或长期外出，从哪天到哪天在“我的请假”里。")),
    "exemption_ended": _plain(lambda: _("您的免学或长期外出已结束，恢复应学。")),
    "dispute_raised": _plain(lambda: _("有人对“%(title)s”的记录提出不对，可以在“支部”里答复。")),
    "dispute_answered": _plain(lambda: _("您对“%(title)s”提出的问题已答复。")),
    "corrected": _result(lambda: _("您在“%(title)s”的结果更正为“%(state)s”。")),
    "correction_replaced": _result(lambda: _("您在“%(title)s”做的一条更正，现在被改为“%(state)s”。")),
    "correction_proposed": _result(lambda: _("有人提出把您在“%(title)s”的结果更正为“%(state)s”，等另一位负责人复核。")),
    "correction_to_review": _result(lambda: _("“%(title)s”有一条更正要另一位负责人复核，可以在“支部”里办。")),
    "correction_approved": _result(lambda: _("您在“%(title)s”提出的更正已复核同意，现在生效。")),
    "correction_refused": _result(lambda: _("“%(title)s”更正为“%(state)s”没有通过复核，结果没有改动。")),
    "correction_withdrawn": _result(lambda: _("“%(title)s”更正为“%(state)s”由提出人撤回，结果没有改动。")),
    "declared_asked": _plain(lambda: _("“%(title)s”有人申报在别处学过，等您确认。")),
    "declared_confirmed": _plain(lambda: _("您为“%(title)s”申报的学习已经确认，算作已补学。")),
    "recomputed": _recomputed,
    "recomputed_correction": _recomputed_correction,
    "recomputed_unit": _recomputed_unit,
    "hall_lapses_soon": _hall(
        lambda: _("“%(title)s”：%(place)s的登记还没有上交，请在 %(at)s 前登记好；过了就按已有的记录认定。")
    ),
    "hall_lapsed": _hall(
        lambda: _("“%(title)s”：%(place)s的登记没有上交，已按现有的记录认定。补登记仍然算数，登记后会重新认定。")
    ),
    "certificate_issued": _plain(lambda: _("“%(title)s”的证书已经发给您，可以在“我的证书”里看和下载。")),
    "certificate_withdrawn": _certificate_withdrawn,
    "certificate_replaced": _plain(lambda: _("“%(title)s”的证书已经换成新的一张，旧的不再有效。请在“我的证书”里看。")),
    "certificate_lapsed": _plain(
        lambda: _("“%(title)s”有证书不再符合条件，请在“支部”里打开这个培训，到“证书”里核对。")
    ),
    "comment_answered": _plain(lambda: _("您在“%(title)s”里的留言，老师回复了。")),
    "comment_hidden": _comment_hidden,
    "comment_shown": _plain(lambda: _("您在“%(title)s”里的留言，现在大家能看到了。")),
    "factors_set": _plain(lambda: _("您的账号设置了登录验证，别处的登录已退出。不是您本人设置的，请马上联系管理员。")),
    "factors_taken": _plain(
        lambda: _("您的登录验证已由管理员移除，各处的登录也已退出。不是您要求的，请马上联系管理员。")
    ),
    "account_bound": _plain(
        lambda: _("您的账号绑定了别处的一个账号，以后可以用它登录。不是您本人绑定的，请马上解除，再联系管理员。")
    ),
    "declared_refused": _plain(lambda: _("您为“%(title)s”申报的学习没有通过，理由写在申报里。")),
}


def words_of(notice: Notice) -> str:
    """Return what a notice says. One that cannot be read costs its own sentence, never the page."""
    write = NOTICES.get(notice.kind)
    try:
        if write is not None:
            return write(notice)
    except (KeyError, TypeError, ValueError, AttributeError):
        log.warning("notice_unread", kind=notice.kind)
    about = _about(notice)
    return _("有一条关于“%(title)s”的消息。") % {"title": about} if about else _("有一条新消息。")


def link_of(notice: Notice) -> str:
    """Return where a notice leads: to what is to be done, or to the record of an occasion that has begun; else ""."""
    if notice.kind in REMINDERS:
        return reverse("today")
    if notice.kind == "departures_soon":
        return reverse("departures")
    if notice.kind == "account_bound":
        return reverse("my_sign_in")
    if notice.kind in FACTORS:
        return reverse("mfa_index")
    if notice.kind in HALLS and notice.occasion is not None:
        where = urlencode({"occasion": notice.occasion.pk, "node": notice.data.get("node", "")})
        return f"{reverse('branch_hall', args=[notice.occasion.training_id])}?{where}"
    if notice.kind in CERTIFICATES:
        return reverse("certificates")
    if notice.kind in COMMENTS and notice.occasion is not None:
        return reverse("courses_talk", args=[notice.occasion.pk])
    if notice.kind == "certificate_lapsed" and notice.training_id is not None:
        return reverse("certificates_review", args=[notice.training_id])
    if notice.kind in OWN_LEAVES:
        return reverse("me_leaves")
    if notice.occasion is not None and notice.occasion.opened_at is not None:
        return reverse("me_record", args=[notice.occasion.pk])
    return ""


def _about(notice: Notice) -> str:
    about: Any = notice.occasion or notice.training
    return about.title if about else ""


def _moment(text: str) -> datetime:
    return datetime.fromisoformat(text)
