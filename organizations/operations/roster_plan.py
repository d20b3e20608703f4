"""What a roster would change, found out in a few queries; nothing is written here."""

import datetime as dt
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import TypeVar

from django.conf import settings

from organizations.core import phones
from organizations.core.roster import Problem, RosterLine, RosterRow, UnableToReadRoster, guess_kind
from organizations.models import Exemption, Membership, Node, Role, RoleGrant, User
from organizations.permissions import visible_nodes

BATCH = 900
ROSTER_ROLES = frozenset({Role.SECRETARY, Role.ORGANISER, Role.LECTURER})
T = TypeVar("T")


@dataclass
class Place:
    """A node of the tree, or one that the import will make (``node`` is None until it is written)."""

    name: str
    kind: str
    label: str
    parent: "Place | None"
    node: Node | None = None
    children: dict[str, "Place"] = field(default_factory=dict)


@dataclass
class PersonPlan:
    """One row, the person it means, and what changes; empty fields mean no change."""

    row: RosterRow
    place: Place
    phone_index: str
    user: User | None = None
    membership: Membership | None = None
    left_before: dt.date | None = None
    exemption: Exemption | None = None
    grants: list[RoleGrant] = field(default_factory=list)
    changes: list[str] = field(default_factory=list)
    moves_on: dt.date | None = None
    joined: dt.date | None = None
    grants_opened: set[str] = field(default_factory=set)
    grants_closed: list[RoleGrant] = field(default_factory=list)


@dataclass
class Plan:
    base: Node | None
    new_nodes: list[Place]
    people: list[PersonPlan]
    lines: list[RosterLine]

    def count(self, kind: str) -> int:
        return sum(line.kind == kind for line in self.lines)


def make_plan(
    rows: list[RosterRow],
    *,
    under: Node | None,
    today: dt.date,
    actor_id: int | None,
    progress: Callable[[int, int], None],
) -> Plan:
    """Compare the rows with what is there. Raises UnableToReadRoster with the rows that contradict it."""
    tree = _Tree(rows, under)
    people = [
        PersonPlan(row, tree.place(row.path), phones.blind_index(settings.PHONE_KEY, row.phone) if row.phone else "")
        for row in rows
    ]
    tree.guess_kinds()
    problems = _find_users(people)
    _find_history(people)
    problems += _outside(people, actor_id)
    if problems:
        raise UnableToReadRoster(sorted(problems, key=lambda problem: problem.row))
    lines = []
    for done, person in enumerate(people, start=1):
        lines.append(_decide(person, today))
        if done % BATCH == 0 or done == len(people):
            progress(done, 2 * len(people))
    return Plan(base=tree.base, new_nodes=tree.new, people=people, lines=lines)


class _Tree:
    """The part of the tree that the file speaks about."""

    def __init__(self, rows: list[RosterRow], under: Node | None) -> None:
        self.new: list[Place] = []
        self.base = under or self._only_root()
        if self.base is None:
            tops = {row.path[0]: row.row for row in rows}
            if len(tops) > 1:
                raise UnableToReadRoster([Problem(row, "org", "several_roots") for row in sorted(tops.values())[1:]])
            name = rows[0].path[0]
            self.top = Place(name=name, kind="", label=name, parent=None)
            self.new.append(self.top)
        else:
            self.top = self._load(self.base)

    @staticmethod
    def _only_root() -> Node | None:
        roots = list(Node.objects.filter(depth=1)[:2])
        if len(roots) > 1:
            raise UnableToReadRoster([Problem(0, "", "which_node")])
        return roots[0] if roots else None

    @staticmethod
    def _load(base: Node) -> Place:
        top = Place(name=base.name, kind=base.kind, label=base.name, parent=None, node=base)
        by_path = {base.path: top}
        for node in Node.objects.filter(path__startswith=base.path, depth__gt=base.depth).order_by("path"):
            parent = by_path[node.path[: -Node.steplen]]
            place = Place(node.name, node.kind, f"{parent.label}/{node.name}", parent, node)
            by_path[node.path] = parent.children.setdefault(node.name, place)
        return top

    def place(self, path: tuple[str, ...]) -> Place:
        """The place of a path; it may begin with the name of the node that it is said to be below."""
        if path[0] == self.top.name and path[0] not in self.top.children:
            path = path[1:]
        place = self.top
        for name in path:
            if name not in place.children:
                child = Place(name=name, kind="", label=f"{place.label}/{name}", parent=place)
                place.children[name] = child
                self.new.append(child)
            place = place.children[name]
        return place

    def guess_kinds(self) -> None:
        """Give new nodes a level; parents stand before their children in ``new``."""
        for place in self.new:
            parent = place.parent.kind if place.parent else None
            place.kind = guess_kind(place.name, parent=parent, leaf=not place.children)


def batches(items: Sequence[T]) -> Iterator[Sequence[T]]:
    for start in range(0, len(items), BATCH):
        yield items[start : start + BATCH]


def _find_users(people: list[PersonPlan]) -> list[Problem]:
    """Find each person by member number, else by phone; say where the two contradict each other."""
    by_number: dict[str, User] = {}
    by_phone: dict[str, User] = {}
    for part in batches([person.row.number for person in people if person.row.number]):
        by_number |= {user.number: user for user in User.objects.filter(number__in=part) if user.number}
    for part in batches([person.phone_index for person in people if person.phone_index]):
        by_phone |= {user.phone_index: user for user in User.objects.filter(phone_index__in=part) if user.phone_index}
    problems = []
    for person in people:
        numbered, called = by_number.get(person.row.number or ""), by_phone.get(person.phone_index)
        person.user = numbered or called
        if numbered and called and numbered != called:
            person.user = numbered
        elif called and not numbered and person.row.number and called.number:
            problems.append(Problem(person.row.row, "number", "other_number"))
    return problems + _taken_phones(people, by_phone)


def _taken_phones(people: list[PersonPlan], by_phone: dict[str, User]) -> list[Problem]:
    """Rows whose phone is another person's who keeps it: their own row in this file gives them no other one.

    Also rows that mean the same person twice, once by number and once by phone.
    """
    row_of: dict[int, PersonPlan] = {}
    problems = []
    for person in people:
        if person.user is None:
            continue
        if person.user.pk in row_of:
            first = row_of[person.user.pk].row.row
            problems.append(Problem(person.row.row, "name", "twice", {"first": first}))
        row_of.setdefault(person.user.pk, person)
    for person in people:
        holder = by_phone.get(person.phone_index)
        if holder is None or person.user is None or holder.pk == person.user.pk:
            continue
        other = row_of.get(holder.pk)
        if other is None or not other.phone_index or other.phone_index == person.phone_index:
            problems.append(Problem(person.row.row, "phone", "two_people" if other is None else "taken"))
    return problems


def _find_history(people: list[PersonPlan]) -> None:
    """Load open memberships, exemptions and grants of the people found, and when each left the node before."""
    by_id = {person.user.pk: person for person in people if person.user}
    for part in batches(list(by_id)):
        for membership in Membership.objects.filter(member_id__in=part).select_related("node"):
            person = by_id[membership.member_id]
            if membership.active_to_date is None:
                person.membership = membership
            else:
                person.left_before = max(person.left_before or dt.date.min, membership.active_to_date)
        for exemption in Exemption.objects.filter(member_id__in=part, active_to_date=None):
            by_id[exemption.member_id].exemption = exemption
        for grant in RoleGrant.objects.filter(user_id__in=part, active_to_date=None).select_related("node"):
            by_id[grant.user_id].grants.append(grant)


def _outside(people: list[PersonPlan], actor_id: int | None) -> list[Problem]:
    """People of units that are not the operator's are not moved, nor is the phone of somebody with a role there set."""
    if actor_id is None:
        return []
    allowed = set(visible_nodes(User.objects.get(pk=actor_id), Role.OPERATOR).values_list("pk", flat=True))
    problems = []
    for person in people:
        if person.user is None:
            continue
        held = {person.membership.node_id} if person.membership else set()
        if person.phone_index and person.user.phone_index != person.phone_index:
            held |= {grant.node_id for grant in person.grants}
            if person.user.is_superuser:
                held.add(0)
        if not held <= allowed:
            problems.append(Problem(person.row.row, "org", "elsewhere"))
    return problems


def _decide(person: PersonPlan, today: dt.date) -> RosterLine:
    """Fill in what changes for one person."""
    row = person.row
    was = ""
    if person.user is None:
        kind = "created"
        person.moves_on = row.joined or today
    else:
        _decide_fields(person, person.user)
        was = _decide_membership(person, today)
        kind = "moved" if was else "unchanged"
    _decide_status(person)
    _decide_roles(person)
    if kind == "unchanged" and (person.changes or person.moves_on):
        kind = "updated"
    return RosterLine(row.row, kind, row.name, person.place.label, was, tuple(person.changes))


def _decide_fields(person: PersonPlan, user: User) -> None:
    row = person.row
    if user.name != row.name:
        person.changes.append("name")
    if person.phone_index and user.phone_index != person.phone_index:
        person.changes.append("phone")
    if row.number and user.number != row.number:
        person.changes.append("number")


def _decide_membership(person: PersonPlan, today: dt.date) -> str:
    """Where the person moves from, or an empty text; also corrects the day of joining where history allows it."""
    row, current = person.row, person.membership
    if current is None:
        wanted = row.joined or today
        person.moves_on = max(wanted, person.left_before or wanted)
        return ""
    if person.place.node is not None and current.node_id == person.place.node.pk:
        if row.joined and row.joined != current.active_from_date and row.joined >= (person.left_before or dt.date.min):
            person.joined = row.joined
            person.changes.append("joined")
        return ""
    later = row.joined is not None and row.joined > current.active_from_date
    person.moves_on = row.joined if later else max(today, current.active_from_date)
    return current.node.name


def _decide_status(person: PersonPlan) -> None:
    exempt = person.exemption is not None
    wanted = {"exempt": True, "active": False}.get(person.row.status or "", exempt)
    ours = person.exemption is None or person.exemption.category == "roster"
    if wanted != exempt and (wanted or ours):
        person.changes.append("status")


def _decide_roles(person: PersonPlan) -> None:
    """The role column, where there is one, is the truth about the person's roles at the row's node.

    Whoever moves away stops being secretary of the node they leave.
    """
    here = person.place.node.pk if person.place.node else None
    held = {grant.role: grant for grant in person.grants if grant.node_id == here and grant.role in ROSTER_ROLES}
    if person.row.roles is not None:
        person.grants_opened = set(person.row.roles - held.keys())
        person.grants_closed = [grant for role, grant in held.items() if role not in person.row.roles]
    if person.membership and person.moves_on:
        left = person.membership.node_id
        person.grants_closed += [g for g in person.grants if g.node_id == left and g.role == Role.SECRETARY]
    if person.grants_opened or person.grants_closed:
        person.changes.append("roles")


def group_by_depth(places: list[Place]) -> list[list[Place]]:
    """New places by their depth, parents first."""
    levels: dict[int, list[Place]] = defaultdict(list)
    for place in places:
        depth, above = 0, place.parent
        while above is not None:
            depth, above = depth + 1, above.parent
        levels[depth].append(place)
    return [levels[depth] for depth in sorted(levels)]
