"""What a roster would change for those whom it does not name, and for the units that they leave behind."""

import datetime as dt
from collections import defaultdict
from collections.abc import Sequence

from django.db.models import Count

from organizations.core.roster.changes import Absent
from organizations.models import Left, Membership, NodeKind, Role, RoleGrant, User
from organizations.operations.roster_changes import Answers, PersonPlan, Plan, held_by, plan_leaving
from organizations.operations.roster_entries import Entry, batches
from organizations.permissions import out_of_reach

MOST_ABSENT = 2000


def find_absent(plan: Plan, entries: Sequence[Entry], operator: User | None, today: dt.date) -> None:
    """Who belongs below the base and is not in the file; those in units that the file speaks of come first."""
    if plan.base is None:
        return
    here = {entry.user.pk for entry in entries if entry.user}
    spoken = {entry.place.node.pk for entry in entries if entry.place.node}
    rows = Membership.objects.filter(active_to_date=None, node__path__startswith=plan.base.path)
    found = [
        (node_id not in spoken, path, member_id)
        for member_id, node_id, path in rows.values_list("member_id", "node_id", "node__path")
        if member_id not in here and (operator is None or member_id != operator.pk)
    ]
    # Only now cut to what a page can show: those in units that the file speaks of must not fall out.
    found.sort()
    ids = [member_id for _, _, member_id in found[:MOST_ABSENT]]
    plan.absent_more = len(found) - len(ids)
    beyond: set[int] = set()
    named: dict[int, Absent] = {}
    for part in batches(ids):
        if operator is not None:
            beyond |= out_of_reach(operator=operator, person_ids=part, on_date=today)
        for one in Membership.objects.filter(active_to_date=None, member_id__in=part).select_related("member", "node"):
            absent = Absent(one.member_id, one.member.name, one.node.name, one.node_id in spoken)
            named[one.member_id] = absent
    plan.absent = [named[member_id] for member_id in ids if member_id in named and member_id not in beyond]


def end_absent(plan: Plan, answers: Answers, operator: User | None, today: dt.date) -> None:
    """Those of the absent who were ticked leave today."""
    because = {one.member_id: reason for one in plan.absent if (reason := _because(one, answers))}
    held = held_by(list(because), today)
    users: dict[int, User] = {}
    for part in batches(list(because)):
        users |= {user.pk: user for user in User.objects.filter(pk__in=part)}
    for member_id, reason in because.items():
        person = PersonPlan(users[member_id], held[member_id])
        if person.held.current is not None:
            plan_leaving(person, Left(reason).value, today)
            plan.ended.append(person)


def _because(one: Absent, answers: Answers) -> str:
    """Why this absent person is said to have left; empty if nobody says so."""
    among_all = one.mentioned and (answers.all_of is None or one.member_id in answers.all_of)
    return answers.absent.get(one.member_id, answers.all_absent if among_all else "")


def look_at_units(plan: Plan) -> None:
    """Units that nobody belongs to any more, and units that are left (or made) without a secretary."""
    emptied = _emptied(plan)
    changed = [*plan.people, *plan.ended]
    led = {id(place) for person in changed for place, role in person.grants_opened if role == Role.SECRETARY}
    led |= {
        place.node.pk
        for person in changed
        for place, role in person.grants_opened
        if place.node and role == Role.SECRETARY
    }
    closed = [grant for person in changed for grant in person.grants_closed if grant.role == Role.SECRETARY]
    lost = {grant.node_id: grant.node for grant in closed if grant.node_id not in led and grant.node_id not in emptied}
    ending = {grant.pk for grant in closed}
    for part in batches(list(lost)):
        still = RoleGrant.objects.filter(active_to_date=None, role=Role.SECRETARY, node_id__in=part)
        # A secretary whom the file does not name stays one: the unit is not without.
        for pk, node_id in still.values_list("pk", "node_id"):
            if pk not in ending:
                lost.pop(node_id, None)
    lived_in = {id(person.place) for person in plan.people if person.place and person.moves_on}
    new = [one for one in plan.new_nodes if one.kind == NodeKind.BRANCH and id(one) in lived_in and id(one) not in led]
    plan.unled = [node.name for node in lost.values()] + [place.label for place in new]
    plan.emptied = list(emptied.values())


def _emptied(plan: Plan) -> dict[int, str]:
    """Names of units whose last members this import takes away."""
    going: dict[int, int] = defaultdict(int)
    names: dict[int, str] = {}
    # A unit that empties and fills in one file is not left behind.
    coming = {person.place.node.pk for person in plan.people if person.moves_on and person.place and person.place.node}
    for person in [*plan.people, *plan.ended]:
        current = person.held.current
        if current is not None and current.active_to_date is None and (person.moves_on or person.leaves_on):
            going[current.node_id] += 1
            names[current.node_id] = current.node.name
    emptied = {}
    for part in batches([node_id for node_id in going if node_id not in coming]):
        open_ones = Membership.objects.filter(active_to_date=None, node_id__in=part).values_list("node_id")
        for node_id, count in open_ones.annotate(count=Count("pk")).order_by("node_id"):
            if count <= going[node_id]:
                emptied[node_id] = names[node_id]
    return emptied
