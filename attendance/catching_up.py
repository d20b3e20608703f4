"""How somebody who missed an occasion can still make it up, and until when: the one place that says so (ADR 44).

A path to catch up is not a row: it follows from what holds (state, deadline, replay, further sessions, phone), so it is
there the moment an occasion is settled, and changes with a leave, a correction, another rule, a late replay. Every
page, table and message that says 未参加 takes its words from a ``CatchUp``. Nothing here asks the database.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum
from typing import Any

from django.utils.translation import gettext as _

from attendance.kinds import Step, kinds
from attendance.models import Occasion, RecordState
from attendance.queries.windows import HELD, is_by_media
from attendance.queries.written import is_over_for_good
from attendance.sentences.checks import check_step, spent_words
from attendance.sentences.records import day_and_hour
from attendance.standing import DUE, UNDONE, asks_nothing, due_at, is_due_over, owes_check, quizzes_left
from organizations.models import User


class By(StrEnum):
    """The ways to make something up, in the order in which they are offered."""

    PHONE = "phone"  # the replay, or the course itself
    SESSION = "session"  # a further session of the same content
    HALL = "hall"  # together in the branch, written down by its secretary
    VISIT = "visit"  # somebody comes to the person's home, written down by the secretary


@dataclass(frozen=True, slots=True)
class Way:
    """One way that is open to somebody: what it is called, where it leads (""; nowhere on the phone)."""

    by: By
    label: str
    url: str = ""
    at: datetime | None = None  # of a further session: when it begins
    is_on: bool = False  # of a further session: it has begun

    @classmethod
    def of_session(cls, one: Occasion, member: User) -> "Way":
        way = cls(
            By.SESSION, "", kinds()[one.kind].url_for(one, member), one.starts_at, one.state == Occasion.State.OPEN
        )
        return replace(way, label=way.called(day_and_hour(one.starts_at)))

    def called(self, at: str) -> str:
        """What a further session is called, its beginning said as ``at``."""
        return (_("正在再讲：%(at)s 开始") if self.is_on else _("下一场：%(at)s")) % {"at": at}


@dataclass(frozen=True, slots=True)
class CatchUp:
    """The path of one person at one occasion: the ways open to exactly them, and one deadline for all of them.

    A further session has its own time and may lie after the deadline: whoever comes has made it up all the same. What a
    secretary confirms (a hall, a visit) is not too late before the training is closed; then a correction is left.
    """

    state: str
    due_at: datetime
    ways: tuple[Way, ...]
    is_over: bool
    is_paused: bool
    has_phone: bool
    gives_days: bool  # whether the rule gives any time to make it up
    owes_check: bool = False  # enough was watched: the way on the phone is the check of understanding
    quizzes_left: int = 0  # enough was studied: so many quizzes are to be passed, and nothing else
    is_unrecorded: bool = False  # there is no replay, and none will come
    is_final: bool = False  # the training is closed and the time over: nothing but a correction changes the result
    is_spent: bool = False  # enough was watched, and no attempt of the check is left: the phone is no way any more

    @property
    def phone(self) -> Way | None:
        return next((way for way in self.ways if way.by == By.PHONE), None)

    @property
    def sessions(self) -> list[Way]:
        return [way for way in self.ways if way.by == By.SESSION]

    @property
    def can_do(self) -> bool:
        """Whether there is anything left that the person can do themselves: a reminder of it is of use."""
        return not self.is_paused and (self.is_on_time or bool(self.sessions))

    @property
    def is_on_time(self) -> bool:
        """Whether the deadline is ahead, and keeping it still helps."""
        return not self.is_over and not self.is_spent

    @property
    def until(self) -> str:
        """Until when, in one line: it stands beside 未参加 wherever that is said."""
        if self.is_paused:
            return _("老师正在修改这门课，现在不用学")
        if not self.gives_days:
            return _("按规则不补学")
        said = {"until": day_and_hour(self.due_at)}
        if self.is_over:
            return _("补学时间已过（%(until)s 截止）") % said
        if self.is_spent:
            return _("小测的次数已用完")
        return (_("%(until)s 前学完") if self.state == DUE else _("还能补学到 %(until)s")) % said

    @property
    def for_member(self) -> list[str]:
        """What is said to the person of the ways that are no button: nothing where the phone is enough."""
        said = [way.label for way in self.sessions]
        if self.is_paused:
            return []
        if not self.gives_days:
            return [*said, _("这一场按规则不能补学。确实在别处学过的，可以申报。")]
        if self.is_final:
            return [*said, _("培训已经结束，补学时间也过了。确实学过的，请支部书记核实更正。")]
        if self.is_over:
            return [*said, _("补学时间已经过了。可以请支部书记安排集中收看或送学上门。")]
        if self.is_spent:
            return [*said, spent_words()]
        if self.phone is None and not said and self.is_unrecorded:
            return [_("这一场没有回放。可以请支部书记安排集中收看或送学上门。")]
        if self.phone is None and not said:
            return [_("回放还在准备，好了会出现在这里；也可以参加集中收看。")]
        return said

    @property
    def for_secretary(self) -> str:
        """The next possible step, as the secretary reads it; every undone state has one."""
        if self.state == RecordState.INCOMPLETE:
            return _("当时记录不全，可按实际情况更正")
        if self.is_paused:
            return _("老师正在修改这门课，改好以后再学")
        return self._next() + "".join(_("；%(session)s") % {"session": way.label} for way in self.sessions)

    def _next(self) -> str:
        if not self.gives_days:
            return _("按规则不补学，确实学过的可登记其他方式学习")
        if self.is_final:
            return _("培训已结束，确实学过的可更正结果")
        if self.is_over:
            return _("补学时间已过，可送学上门后登记")
        if self.is_spent:
            return _("小测的次数已用完，可集中收看或送学上门")
        if not self.has_phone:
            return _("没有登记手机，可集中收看或送学上门")
        if self.phone is None and self.is_unrecorded:
            return _("这一场没有回放，可集中收看或送学上门")
        if self.phone is None:
            return _("暂时没有回放，可集中收看或送学上门")
        is_enough = self.owes_check or self.quizzes_left
        said = _("已看够，可在手机上%(step)s") if is_enough else _("可在手机上%(step)s")
        return said % {"step": self.phone.label}


def catch_up_of(
    *,
    occasion: Occasion,
    state: str,
    as_of: datetime,
    member: User,
    has_phone: bool = True,
    done_ms: int = 0,
    sessions: Sequence[Occasion] = (),
    check: Mapping[str, Any] | None = None,
) -> CatchUp | None:
    """Return the path of ``member``, who stands at ``state``, or None: nothing is left to be made up.

    ``sessions``: what is ahead of further sessions (``queries.sessions.sessions_ahead``); ``done_ms``: what counts;
    ``check``: what is said of a check of understanding, or of quizzes, that alone are left (``standing.check_left``).
    The occasion's training is loaded.
    """
    if state not in UNDONE:
        return None
    is_over, paused = is_due_over(occasion, as_of), asks_nothing(occasion)
    is_spent = check is not None and not owes_check(check) and not quizzes_left(check)
    step = None if paused or is_spent or is_over else _step(occasion, member, done_ms, check)
    ways = [Way(By.PHONE, step.label, step.url)] if step is not None and has_phone else []
    ways += [Way.of_session(one, member) for one in sessions]
    is_final = is_over and is_over_for_good(occasion, as_of)
    if not paused and not is_final:
        ways += [Way(By.HALL, _("集中收看")), Way(By.VISIT, _("送学上门"))]
    return CatchUp(
        state=state, due_at=due_at(occasion), ways=tuple(ways), is_over=is_over, is_paused=paused, has_phone=has_phone,
        gives_days=_gives_days(occasion), owes_check=owes_check(check), quizzes_left=quizzes_left(check),
        is_spent=is_spent,
        is_unrecorded=occasion.is_unrecorded, is_final=is_final,
    )  # fmt: skip


def _step(occasion: Occasion, member: User, done_ms: int, check: Mapping[str, Any] | None) -> Step | None:
    if check is not None:
        return check_step(occasion, check)
    return kinds()[occasion.kind].catch_up(occasion, member, done_ms=done_ms)


def _gives_days(occasion: Occasion) -> bool:
    """Whether there is time after the end at all; of a course that runs there is."""
    if occasion.state not in HELD or is_by_media(occasion):
        return True
    return bool((occasion.rule_stamp or {}).get("make_up_days", True))


@dataclass(frozen=True, slots=True)
class Left:
    """What is left of several things for one person, as a reminder says it: until when, and how, where there is more
    to be said than to study on. ``owes_check``: nothing but checks; ``owes_quiz``: nothing but quizzes of lessons;
    ``session_at``: when the next session begins."""

    until_at: datetime
    owes_check: bool = False
    owes_quiz: bool = False
    session_at: datetime | None = None

    @classmethod
    def of(cls, paths: Collection[CatchUp]) -> "Left | None":
        """Return what is left of these, None where there is nothing that the person can do themselves."""
        open_ones = [one for one in paths if one.can_do]
        if not open_ones:
            return None
        sessions = [way.at for one in open_ones for way in one.sessions if way.at is not None]
        on_time = [one.due_at for one in open_ones if one.is_on_time]
        return cls(
            until_at=min(on_time or sessions),
            owes_check=all(one.owes_check and one.is_on_time for one in open_ones),
            owes_quiz=all(one.quizzes_left and one.is_on_time for one in open_ones),
            session_at=min(sessions, default=None),
        )

    @classmethod
    def kept(cls, data: Mapping[str, Any], *, until_at: datetime) -> "Left":
        """Return what a message was stored with (``data``)."""
        at = data.get("session")
        at = datetime.fromisoformat(at) if at else None
        return cls(until_at, bool(data.get("check")), bool(data.get("quiz")), at)

    @property
    def data(self) -> dict[str, Any]:
        """What is stored with a message; nothing where there is nothing more to be said."""
        found: dict[str, Any] = {"check": True} if self.owes_check else {"quiz": True} if self.owes_quiz else {}
        return found | ({"session": self.session_at.isoformat()} if self.session_at else {})

    @property
    def words(self) -> str:
        """What is said after the sentence of a reminder; "" where there is nothing more to be said."""
        said = [_("已看够，还要做小测")] if self.owes_check else []
        if self.owes_quiz:
            said.append(_("已学够，还要通过课里的练习"))
        if self.session_at:
            said.append(_("下一场：%(at)s") % {"at": day_and_hour(self.session_at)})
        return _("；").join(said)


def untils(occasions: Sequence[Occasion], *, state: str, as_of: datetime) -> Mapping[int, str]:
    """Return the line about the deadline of each of these occasions, the same for all who stand so there."""
    nobody = User()
    found = {one.pk: catch_up_of(occasion=one, state=state, as_of=as_of, member=nobody) for one in occasions}
    return {key: one.until for key, one in found.items() if one is not None}
