"""What a roster would change, as values: a plan for each person, and for the whole file."""

import datetime as dt
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from organizations.core.roster import RosterRow
from organizations.core.roster.changes import Absent, Question, RosterLine, Said
from organizations.models import Exemption, Membership, Node, Role, RoleGrant, User
from organizations.operations.roster_entries import batches
from organizations.operations.roster_tree import Place
from organizations.queries import not_over_on

ROSTER_ROLES = frozenset({Role.SECRETARY, Role.ORGANISER, Role.LECTURER, Role.AUDITOR})


@dataclass(frozen=True)
class Answers:
    """What was said beside the file: answers by question, and who of the absent left why (``Left``).

    ``absent``: by person; ``all_absent``: everybody absent from the units that the file speaks of, or only those of
    ``all_of``. ``new_units``: a name that is like a unit's is a new unit all the same.
    """

    questions: Mapping[str, str] = field(default_factory=dict)
    absent: Mapping[int, str] = field(default_factory=dict)
    all_absent: str = ""
    all_of: frozenset[int] | None = None
    new_units: bool = False


@dataclass
class Held:
    """What a person has now: where they belong or belonged last, exemption, roles."""

    current: Membership | None = None
    last: Membership | None = None
    exemption: Exemption | None = None
    grants: list[RoleGrant] = field(default_factory=list)


@dataclass
class PersonPlan:
    """A person (of the file, or absent from it) and what changes; empty fields mean no change."""

    user: User | None
    held: Held
    place: Place | None = None
    row: RosterRow | None = None
    changes: list[str] = field(default_factory=list)
    notes: list[Said] = field(default_factory=list)
    moves_on: dt.date | None = None
    undoes_leaving: bool = False
    joined: dt.date | None = None
    leaves_on: dt.date | None = None
    leaves_because: str = ""
    returns: bool = False
    back_on: dt.date | None = None
    left_date: dt.date | None = None
    grants_opened: list[tuple[Place, str]] = field(default_factory=list)
    grants_closed: list[RoleGrant] = field(default_factory=list)
    loses_phone: bool = False
    loses_number: bool = False
    signs_in_anew: bool = False


@dataclass
class Plan:
    base: Node | None
    new_nodes: list[Place] = field(default_factory=list)
    people: list[PersonPlan] = field(default_factory=list)
    losers: list[PersonPlan] = field(default_factory=list)
    lines: list[RosterLine] = field(default_factory=list)
    questions: list[Question] = field(default_factory=list)
    absent: list[Absent] = field(default_factory=list)
    absent_more: int = 0
    ended: list[PersonPlan] = field(default_factory=list)
    unled: list[str] = field(default_factory=list)
    emptied: list[str] = field(default_factory=list)

    def count(self, kind: str) -> int:
        return sum(line.kind == kind for line in self.lines)


def held_by(ids: Sequence[int], today: dt.date) -> dict[int, Held]:
    """Memberships, open exemptions and open roles of these people."""
    held: dict[int, Held] = defaultdict(Held)
    later = not_over_on(today)
    for part in batches(list(ids)):
        rows = Membership.objects.filter(member_id__in=part).select_related("node")
        for one in rows.order_by("active_from_date", "pk"):
            of = held[one.member_id]
            if one.active_to_date is None or (one.active_to_date > today and of.current is None):
                of.current = one
            else:  # in their order: nobody joins before they have left
                of.last = one
        for exemption in Exemption.objects.filter(member_id__in=part, active_to_date=None):
            held[exemption.member_id].exemption = exemption
        for grant in RoleGrant.objects.filter(later, user_id__in=part).select_related("node"):
            held[grant.user_id].grants.append(grant)
    return held


def plan_leaving(person: PersonPlan, because: str, on_date: dt.date) -> None:
    """From that day on expected nowhere; roles end. Nobody leaves before they came."""
    assert person.held.current is not None  # noqa: S101  # asked before
    person.leaves_on = max(on_date, person.held.current.active_from_date)
    person.leaves_because = because
    person.grants_closed = list(person.held.grants)
