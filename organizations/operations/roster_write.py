"""Write a roster plan: nodes, people, memberships, exemptions, roles, each in a few bulk statements."""

import datetime as dt
import secrets
from collections.abc import Callable

from treebeard.numconv import NumConv

from organizations.models import Exemption, Membership, Node, RoleGrant, User
from organizations.operations.people import phone_fields
from organizations.operations.roster_plan import BATCH, PersonPlan, Place, Plan, batches, group_by_depth

CODE_LENGTH = 40
_STEPS = NumConv(Node.alphabet)


def write_plan(plan: Plan, *, today: dt.date, progress: Callable[[int], None]) -> None:
    """Carry the plan out. The caller holds the transaction."""
    _write_nodes(plan)
    if plan.base is None:
        plan.base = plan.new_nodes[0].node
    total = len(plan.people)
    _write_new_people([person for person in plan.people if person.user is None], progress)
    _write_changed_people([person for person in plan.people if {"name", "phone", "number"} & set(person.changes)])
    _write_memberships(plan.people)
    progress(total * 3 // 4)
    _write_exemptions(plan.people, today)
    _write_roles(plan.people, today)
    progress(total)


def _write_nodes(plan: Plan) -> None:
    """Make the new nodes level by level: treebeard's own add_child costs several statements a node."""
    codes = set(Node.objects.values_list("code", flat=True)) if plan.new_nodes else set()
    for level in group_by_depth(plan.new_nodes):
        if level[0].parent is None:
            level[0].node = Node.add_root(name=level[0].name, kind=level[0].kind, code=_code("", 1, codes))
            continue
        parents: dict[int, Place] = {}
        children: dict[int, list[Place]] = {}
        for place in level:
            assert place.parent is not None  # noqa: S101  # a level has no or only children
            parents[id(place.parent)] = place.parent
            children.setdefault(id(place.parent), []).append(place)
        for key, parent in parents.items():
            _number_children(parent, children[key], codes)
        Node.objects.bulk_create([place.node for place in level if place.node], batch_size=BATCH)
        grown = [parent.node for parent in parents.values() if parent.node]
        Node.objects.bulk_update(grown, ["numchild"], batch_size=BATCH)


def _number_children(parent: Place, children: list[Place], codes: set[str]) -> None:
    """Give the new children of a node their paths behind its last child, and codes."""
    above = parent.node
    assert above is not None  # noqa: S101  # parents are written first
    taken = [child.node.path[-Node.steplen :] for child in parent.children.values() if child.node]
    last = max((_STEPS.str2int(step) for step in taken), default=0)
    for step, child in enumerate(children, start=last + 1):
        child.node = Node(
            name=child.name,
            kind=child.kind,
            code=_code(above.code, step, codes),
            depth=above.depth + 1,
            path=above.path + _STEPS.int2str(step).rjust(Node.steplen, Node.alphabet[0]),
        )
    above.numchild += len(children)


def _code(parent: str, step: int, codes: set[str]) -> str:
    """A code that says where the node hangs (``1.03.12``); random where that is taken or too long."""
    code = f"{parent}.{step:02d}" if parent else str(step)
    while code in codes or len(code) > CODE_LENGTH:
        code = secrets.token_hex(6)
    codes.add(code)
    return code


def _write_new_people(people: list[PersonPlan], progress: Callable[[int], None]) -> None:
    done = 0
    for part in batches(people):
        users = []
        for person in part:
            person.user = User(
                name=person.row.name,
                number=person.row.number,
                username=secrets.token_hex(12),
                **phone_fields(person.row.phone),
            )
            person.user.set_unusable_password()
            users.append(person.user)
        User.objects.bulk_create(users)
        done += len(part)
        progress(done // 2)


def _write_changed_people(people: list[PersonPlan]) -> None:
    """Two people may exchange numbers: take all changed ones away before giving them anew."""
    for person in people:
        user = person.user
        assert user is not None  # noqa: S101  # only found people change
        user.name = person.row.name
        user.number = person.row.number or user.number
        if "phone" in person.changes:
            for name, value in phone_fields(person.row.phone).items():
                setattr(user, name, value)
    recalled = [person.user for person in people if person.user and "phone" in person.changes]
    for part in batches(recalled):
        User.objects.filter(pk__in=[user.pk for user in part]).update(phone_index=None)
    fields = ["name", "number", "phone_cipher", "phone_index", "phone_last4", "phone_verified"]
    User.objects.bulk_update([person.user for person in people if person.user], fields, batch_size=BATCH)


def _write_memberships(people: list[PersonPlan]) -> None:
    moving = [person for person in people if person.moves_on]
    closed = []
    for person in moving:
        if person.membership:
            person.membership.active_to_date = person.moves_on
            closed.append(person.membership)
    corrected = []
    for person in people:
        if person.joined and person.membership:
            person.membership.active_from_date = person.joined
            corrected.append(person.membership)
    Membership.objects.bulk_update(closed, ["active_to_date"], batch_size=BATCH)
    Membership.objects.bulk_update(corrected, ["active_from_date"], batch_size=BATCH)
    Membership.objects.bulk_create(
        [
            Membership(member=person.user, node=person.place.node, active_from_date=person.moves_on)
            for person in moving
            if person.moves_on
        ],
        batch_size=BATCH,
    )


def _write_exemptions(people: list[PersonPlan], today: dt.date) -> None:
    changed = [person for person in people if "status" in person.changes]
    ended = [person.exemption for person in changed if person.exemption]
    for exemption in ended:
        exemption.active_to_date = max(today, exemption.active_from_date)
    Exemption.objects.bulk_update(ended, ["active_to_date"], batch_size=BATCH)
    Exemption.objects.bulk_create(
        [Exemption(member=person.user, active_from_date=today) for person in changed if person.exemption is None],
        batch_size=BATCH,
    )


def _write_roles(people: list[PersonPlan], today: dt.date) -> None:
    changed = [person for person in people if person.grants_opened or person.grants_closed]
    closed = [grant for person in changed for grant in person.grants_closed]
    for grant in closed:
        grant.active_to_date = max(today, grant.active_from_date)
    RoleGrant.objects.bulk_update(closed, ["active_to_date"], batch_size=BATCH)
    opened = [
        RoleGrant(user=person.user, node=person.place.node, role=role, active_from_date=today)
        for person in changed
        for role in sorted(person.grants_opened)
    ]
    RoleGrant.objects.bulk_create(opened, batch_size=BATCH)
