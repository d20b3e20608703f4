"""The cards of 今天, and which of them is the one that large print shows: everything else is folded behind 其他."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from django.utils.translation import gettext as _

from attendance.catching_up import CatchUp, Way
from attendance.kinds import HeldBack, Step
from attendance.models import Occasion
from attendance.sentences.checks import check_left_words, quizzes_left_words, spent_words
from attendance.sentences.records import near_day_and_hour
from attendance.standing import Amount


@dataclass(frozen=True)
class Owed:
    """One thing still to be done, with the step that does it (None while there is no way on the phone)."""

    as_of: datetime
    occasion: Occasion
    due_at: datetime
    amount: Amount
    is_incomplete: bool
    step: Step | None
    path: CatchUp
    asked: tuple[str, ...] = ()
    held: HeldBack | None = None  # it waits for something else, to which the way leads

    @property
    def way(self) -> Step | None:
        return self.held.step if self.held else self.step

    @property
    def texts(self) -> list[str]:
        """What stands below the title: what counts and what is left, what is asked, until when, what is in the way."""
        until = _("%(until)s 前") % {"until": near_day_and_hour(self.due_at, self.as_of)}
        if self.path.owes_check:
            return [check_left_words(self.occasion), until]
        if self.path.quizzes_left:
            return [quizzes_left_words(self.path.quizzes_left), until]
        if self.path.is_spent:
            return [spent_words(), *self.asked]
        said = [self._left(), self.amount.asked, until]
        if self.is_incomplete:
            said.append(_("当时记录不全，看一遍就补上了。"))
        if not self.sessions:
            said += self.path.for_member
        said += [self.held.said] if self.held else []
        return [*(one for one in said if one), *self.asked]

    @property
    def sessions(self) -> list[Way]:
        """The further sessions that one can go to instead, by the day as the other cards say it."""
        near = {way: near_day_and_hour(way.at, as_of=self.as_of) for way in self.path.sessions if way.at}
        return [replace(way, label=way.called(at)) for way, at in near.items()]

    def _left(self) -> str:
        said = {"done": self.amount.done, "left": self.amount.left}
        if not self.amount.left:
            return ""
        return (_("已计入 %(done)s，还差 %(left)s") if self.amount.done_ms else _("还差 %(left)s")) % said

    def as_card(self, step: Step) -> "NowCard":
        """The same as the one thing to do, with the sessions that one can go to instead."""
        ways = [way.label for way in self.sessions]
        said = (*self.texts, *ways)
        return NowCard(_("现在要做的"), self.occasion.title, self.occasion.node.name, step, is_now=False, asked=said)

    @property
    def label(self) -> str:
        """What the step is called where the row is not seen."""
        about = self.held.first if self.held else self.occasion.title
        return self.way.label + _("：") + about if self.way else ""


@dataclass(frozen=True)
class NowCard:
    """A card at the top: what to do now; ``since``: how long it has been going on."""

    text: str
    title: str
    place: str
    step: Step
    is_now: bool
    since: str = ""
    asked: tuple[str, ...] = ()


@dataclass(frozen=True)
class ComingRow:
    """An occasion that has not begun, with one step at most: going in to wait, or into the calendar as a file."""

    starts_at: datetime
    title: str
    text: str
    url: str = ""
    step: str = ""
    label: str = ""
    is_file: bool = False
    asked: tuple[str, ...] = ()
    leave_url: str = ""

    def as_card(self) -> NowCard:
        """The same as the one thing to do."""
        return NowCard(self.text, self.title, "", Step(self.step.rstrip(" ›"), self.url), False, asked=self.asked)

    @property
    def leave_label(self) -> str:
        """What asking for leave is called where the row is not seen."""
        return _("请假") + _("：") + self.title


@dataclass(frozen=True)
class Folded:
    """What the page shows as cards, rows to come and rows owed; ``first``: what large print shows alone, above them."""

    now: Sequence[NowCard]
    coming: Sequence[ComingRow]
    owed: Sequence[Owed]
    first: NowCard | None = None

    @property
    def rest(self) -> int:
        """How many there are besides the first."""
        return len(self.now) + len(self.coming) + len(self.owed)

    @property
    def asks(self) -> bool:
        """Whether there is anything to do now."""
        return bool(self.first or self.now or self.owed)


def fold(now: Sequence[NowCard], coming: Sequence[ComingRow], owed: Sequence[Owed], *, is_folded: bool) -> Folded:
    """Take out of a day the one thing to do next where it ``is_folded``: what goes on, a duty, what is owed and ends
    soonest, what one can go in to wait for."""
    if not is_folded:
        return Folded(now, coming, owed)
    for card in sorted(now, key=lambda one: not one.is_now):
        return Folded([one for one in now if one is not card], coming, owed, card)
    for due in sorted(owed, key=lambda one: one.held is not None):  # what it waits for goes before it
        if due.way is not None:
            return Folded(now, coming, [one for one in owed if one is not due], due.as_card(due.way))
    for row in coming:
        if row.url and not row.is_file:
            return Folded(now, [one for one in coming if one is not row], owed, row.as_card())
    return Folded(now, coming, owed)
