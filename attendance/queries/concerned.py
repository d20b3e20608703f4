"""How many people an occasion concerns: asked before somebody changes or withdraws what it needs."""

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import date, datetime

from django.db.models import Q, QuerySet

from attendance.models import Named, Occasion, RosterEntry, WatchSession
from attendance.queries.listing import being_listed
from attendance.queries.naming import among_expected, within_units
from attendance.queries.windows import roster_day
from attendance.standing import DONE, UNDONE, with_standing
from organizations.models import Membership, Node, User
from organizations.queries import exempt_member_ids, valid_on


@dataclass(frozen=True)
class Concerned:
    """People expected at an occasion, those of them who have done it, and those who still can and have to."""

    expected: int
    done: int
    undone: int


def concerned_by(occasion: Occasion, *, as_of: datetime) -> Concerned:
    """Count them: by the roster; before there is one by who belongs there. At most three queries."""
    expected = people_at([occasion], as_of=as_of)
    if occasion.opened_at is None or being_listed().filter(pk=occasion.pk).exists():
        return Concerned(expected, 0, expected)
    standing = with_standing(RosterEntry.objects.filter(occasion_id=occasion.pk))
    return Concerned(
        expected=expected,
        done=standing.filter(stands__in=DONE).count(),
        undone=standing.filter(stands__in=UNDONE).count(),
    )


def people_at(occasions: Iterable[Occasion], *, as_of: datetime) -> int:
    """Return how many people some occasions expect: on their rosters, before there is one those who would be there.

    Everybody once. Two queries, whatever the number of occasions; one more for each training that names units.
    """
    found = list(occasions)
    listed = set(being_listed().values_list("pk", flat=True)) if found else set()
    opened = [one.pk for one in found if one.opened_at is not None and one.pk not in listed]
    on_roster = RosterEntry.objects.filter(occasion_id__in=opened, state=RosterEntry.State.EXPECTED)
    to_come: dict[date, dict[tuple[str, int | None], Q]] = {}
    paths = dict(Node.objects.filter(pk__in={one.node_id for one in found}).values_list("pk", "path"))
    named = Q(pk__in=())
    for one in found:
        if one.opened_at is None and one.repeats_id is not None:
            named |= Q(pk__in=due_at_session(one, path=paths[one.node_id], as_of=as_of).values("member_id"))
        elif one.opened_at is None and one.is_named:
            named |= Q(pk__in=Named.objects.filter(occasion_id=one.pk).values("member_id"))
        elif one.opened_at is None or one.pk in listed:
            # A training's units are the same for all that is given at one of its units.
            parts = to_come.setdefault(roster_day(one, as_of=as_of), {})
            at = (paths[one.node_id], one.training_id if one.is_narrowed else None)
            if at not in parts:
                parts[at] = Q(node__path__startswith=paths[one.node_id]) & within_units(one)
    there = named | Q(pk__in=on_roster.values("member_id"))
    for day, parts in to_come.items():
        below = Q(pk__in=())
        for part in parts.values():
            below |= part
        members = Membership.objects.filter(below, valid_on(day)).exclude(member_id__in=exempt_member_ids(on_date=day))
        there |= Q(pk__in=members.values("member_id"))
    return User.objects.filter(there).count() if found else 0


def due_at_session(one: Occasion, *, path: str, as_of: datetime) -> QuerySet[Membership]:
    """Return the memberships of those whom a further session that has not opened is for, below the unit at ``path``:
    who has still to make up the first. Nobody is expected twice."""
    day = roster_day(one, as_of=as_of)
    here = Membership.objects.filter(valid_on(day), among_expected(one), node__path__startswith=path)
    return here.exclude(member_id__in=exempt_member_ids(on_date=day))


def people_owing(occasions: Iterable[Occasion]) -> int:
    """Return how many people have not done, and have to, what some opened occasions ask; everybody once. One query."""
    standing = with_standing(RosterEntry.objects.filter(occasion_id__in=[one.pk for one in occasions]))
    return standing.filter(stands__in=UNDONE).values("member_id").distinct().count()


def watchers_of(occasion: Occasion, media: Collection[str]) -> int:
    """Count the people of whom something was counted of these pieces of media."""
    sessions = WatchSession.objects.filter(occasion_id=occasion.pk, media__in=media, reports__gt=0)
    return sessions.values("member_id").distinct().count()
