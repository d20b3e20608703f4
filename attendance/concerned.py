"""How many people an occasion concerns: asked before somebody changes or withdraws what it needs."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime

from attendance.models import Occasion, RosterEntry, WatchSession
from attendance.standing import DONE, UNDONE, with_standing
from attendance.windows import roster_day
from organizations.queries import exempt_member_ids, members_at


@dataclass(frozen=True)
class Concerned:
    """People expected at an occasion, those of them who have done it, and those who still can and have to."""

    expected: int
    done: int
    undone: int


def concerned_by(occasion: Occasion, *, as_of: datetime) -> Concerned:
    """Count them: by the roster; before there is one by who belongs there. At most three queries."""
    if occasion.state == Occasion.State.SCHEDULED:
        day = roster_day(occasion, as_of=as_of)
        members = members_at(node=occasion.node, on_date=day).exclude(member_id__in=exempt_member_ids(on_date=day))
        expected = members.order_by().values("member_id").distinct().count()
        return Concerned(expected, 0, expected)
    entries = RosterEntry.objects.filter(occasion_id=occasion.pk)
    standing = with_standing(entries)
    return Concerned(
        expected=entries.filter(state=RosterEntry.State.EXPECTED).count(),
        done=standing.filter(stands__in=DONE).count(),
        undone=standing.filter(stands__in=UNDONE).count(),
    )


def watchers_of(occasion: Occasion, media: Collection[str]) -> int:
    """Count the people of whom something was counted of these pieces of media."""
    sessions = WatchSession.objects.filter(occasion_id=occasion.pk, media__in=media, reports__gt=0)
    return sessions.values("member_id").distinct().count()
