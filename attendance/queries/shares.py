"""Of whom a share is a share: both denominators, one function (ADR 41). Nothing here writes."""

from collections.abc import Mapping
from dataclasses import dataclass

from django.db.models import Count
from django.utils.translation import gettext as _

from attendance.models import RecordState, RosterEntry
from attendance.standing import DONE, with_standing


@dataclass(frozen=True, slots=True)
class Shares:
    """How many stand on a roster, how many of them are excused or exempt, and how many have taken part."""

    on_roster: int
    done: int
    excused: int
    exempt: int

    @property
    def asked(self) -> int:
        """Everybody but the excused and the exempt: the second denominator. Whoever came in spite of a leave counts."""
        return self.on_roster - self.excused - self.exempt

    @property
    def of_all(self) -> float | None:
        """Which part of all on the roster has taken part; None where there is nobody."""
        return self.done / self.on_roster if self.on_roster else None

    @property
    def of_asked(self) -> float | None:
        """Which part of those neither excused nor exempt; None where there is nobody."""
        return self.done / self.asked if self.asked else None

    @property
    def words(self) -> str:
        """Both in one sentence, for a page or a report about an occasion or a unit; never before names."""
        if not self.on_roster:
            return ""
        said = {
            "all": self.on_roster, "excused": self.excused, "exempt": self.exempt, "asked": self.asked,
            "done": self.done, "of_all": percent(self.of_all), "of_asked": percent(self.of_asked),
        }  # fmt: skip
        return _(
            "名单 %(all)s 人，请假 %(excused)s，免 %(exempt)s，应参加 %(asked)s；已参加 %(done)s，"
            "占名单 %(of_all)s，占应参加 %(of_asked)s"
        ) % said  # fmt: skip

    @property
    def short(self) -> str:
        """Both denominators alone, for beside the counts: no percentage stands where people are named."""
        if not self.on_roster:
            return ""
        said = {"all": self.on_roster, "asked": self.asked}
        return _("名单 %(all)s 人，除去请假和免的 %(asked)s 人") % said


def shares_of(by_state: Mapping[str, int]) -> Shares:
    """Return both denominators for counts of people by how they stand (``attendance.standing``)."""
    return Shares(
        on_roster=sum(by_state.values()),
        done=sum(by_state.get(state, 0) for state in DONE),
        excused=by_state.get(RecordState.EXCUSED, 0),
        exempt=by_state.get(RecordState.EXEMPT, 0),
    )


def shares_at(*, occasion_id: int, below: str = "") -> Shares:
    """Return them for one occasion in a subtree (the empty path: everybody); one query."""
    entries = RosterEntry.objects.filter(occasion_id=occasion_id, node__path__startswith=below)
    rows = with_standing(entries).order_by().values("stands").annotate(people=Count("pk"))
    return shares_of(dict(rows.values_list("stands", "people")))


def percent(share: float | None) -> str:
    """Cut, never rounded up: 99.9 % is not everybody."""
    return "—" if share is None else f"{int(share * 1000) / 10:g}%"
