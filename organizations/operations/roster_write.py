"""Write a roster plan: nodes, people, memberships, exemptions, roles, each in a few bulk statements."""

import datetime as dt
import secrets
from collections.abc import Callable

from treebeard.numconv import NumConv

from organizations import events
from organizations.core.pinyin import sort_key
from organizations.models import Exemption, Membership, Node, RoleGrant, User
from organizations.operations.departures import note_back, note_left
from organizations.operations.people import phone_fields
from organizations.operations.roster_changes import PersonPlan, Plan
from organizations.operations.roster_entries import BATCH, batches
from organizations.operations.roster_tree import Place, group_by_depth

CODE_LENGTH = 40
_STEPS = NumConv(Node.alphabet)


def write_plan(plan: Plan, *, today: dt.date, progress: Callable[[int], None]) -> None:
    """Carry the plan out. The caller holds the transaction."""
    _write_nodes(plan)
    if plan.base is None:
        plan.base = plan.new_nodes[0].node
    total = len(plan.people)
    changed = [*plan.people, *plan.losers, *plan.ended]
    gone = [person for person in changed if person.leaves_on and person.leaves_on <= today]
    # The order matters: numbers are unique, so they are free before anybody gets one; people exist before what hangs
    # on them.
    _free_numbers(changed, gone)
    _write_new_people([person for person in plan.people if person.user is None and person.moves_on], progress)
    _write_changed_people(changed)
    _write_access(changed, gone)
    _write_memberships(changed)
    progress(total * 3 // 4)
    _write_exemptions(changed, today)
    _write_roles(changed, today)
    _announce(changed, gone)
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
    # Paths are unique: where somebody adds a unit in the same moment, one of the two is refused and asks again.
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
    # ``codes`` holds all of the site: a code is unique in it, not only below its parent.
    while code in codes or len(code) > CODE_LENGTH:
        code = secrets.token_hex(6)
    codes.add(code)
    return code


def _free_numbers(people: list[PersonPlan], gone: list[PersonPlan]) -> None:
    """Numbers that change hands are free before they are given: two people may exchange theirs."""
    leaving = {id(person) for person in gone}
    phones = [p.user for p in people if p.user and ("phone" in p.changes or p.loses_phone or id(p) in leaving)]
    for part in batches(phones):
        User.objects.filter(pk__in=[user.pk for user in part]).update(**phone_fields(""))
    numbers = [person.user for person in people if person.user and ("number" in person.changes or person.loses_number)]
    for part in batches(numbers):
        User.objects.filter(pk__in=[user.pk for user in part]).update(number=None)


def _write_new_people(people: list[PersonPlan], progress: Callable[[int], None]) -> None:
    done = 0
    for part in batches(people):
        users = []
        for person in part:
            assert person.row is not None  # noqa: S101  # new people come from rows
            person.user = User(
                name=person.row.name,
                number=person.row.number,
                username=secrets.token_hex(12),
                **phone_fields(person.row.phone),
            )
            # Nobody learns a first password: people sign in by a code, or set one by their secretary's link.
            person.user.set_unusable_password()
            users.append(person.user)
        User.objects.bulk_create(users)
        done += len(part)
        progress(done // 2)


def _write_changed_people(people: list[PersonPlan]) -> None:
    named, called = [], []
    for person in people:
        user, row = person.user, person.row
        if user is None or row is None:
            continue
        if {"name", "number"} & set(person.changes):
            user.name, user.name_key = row.name, sort_key(row.name)
            user.number = row.number if "number" in person.changes else None if person.loses_number else user.number
            named.append(user)
        if "phone" in person.changes:
            for name, value in phone_fields(row.phone).items():
                setattr(user, name, value)
            called.append(user)
    User.objects.bulk_update(named, ["name", "name_key", "number"], batch_size=BATCH)
    User.objects.bulk_update(called, list(phone_fields("")), batch_size=BATCH)


def _write_access(people: list[PersonPlan], gone: list[PersonPlan]) -> None:
    """Who left, and whoever's phone passed between two people: no password and no session holds from now on."""
    leaving = {id(person) for person in gone}
    touched = []
    for person in people:
        if person.user is None or not (person.signs_in_anew or person.returns or id(person) in leaving):
            continue
        # It also ends the sessions: their hash is made of the password's.
        if not person.returns:
            person.user.set_unusable_password()
        person.user.is_active = id(person) not in leaving and (person.returns or person.user.is_active)
        touched.append(person.user)
    User.objects.bulk_update(touched, ["password", "is_active"], batch_size=BATCH)


def _write_memberships(people: list[PersonPlan]) -> None:
    moving = [person for person in people if person.moves_on]
    closed, corrected = [], []
    for person in people:
        current = person.held.current
        if current is None:
            continue
        # Memberships never overlap (a constraint): the old one ends on the day on which the new one begins.
        if person.moves_on:
            current.active_to_date, current.left_because = person.moves_on, ""
            closed.append(current)
        elif person.leaves_on:
            current.active_to_date, current.left_because = person.leaves_on, person.leaves_because
            closed.append(current)
        elif person.undoes_leaving:
            current.active_to_date, current.left_because = None, ""
            closed.append(current)
        if person.joined:
            current.active_from_date = person.joined
            corrected.append(current)
    Membership.objects.bulk_update(closed, ["active_to_date", "left_because"], batch_size=BATCH)
    Membership.objects.bulk_update(corrected, ["active_from_date"], batch_size=BATCH)
    Membership.objects.bulk_create(
        [
            Membership(member=person.user, node=person.place.node, active_from_date=person.moves_on)
            for person in moving
            if person.moves_on and person.place
        ],
        batch_size=BATCH,
    )


def _write_exemptions(people: list[PersonPlan], today: dt.date) -> None:
    changed = [person for person in people if "status" in person.changes]
    ended = []
    for person in people:
        until = person.leaves_on or (today if "status" in person.changes else None)
        if person.held.exemption and until:
            # An exemption that began today and ends today covers no day, but the row tells that it was there.
            person.held.exemption.active_to_date = max(until, person.held.exemption.active_from_date)
            ended.append(person.held.exemption)
    Exemption.objects.bulk_update(ended, ["active_to_date"], batch_size=BATCH)
    Exemption.objects.bulk_create(
        [Exemption(member=person.user, active_from_date=today) for person in changed if person.held.exemption is None],
        batch_size=BATCH,
    )
    known = [person for person in changed if person.held.last]  # who is new stands on no roster yet
    events.announce_exemptions([person.user.pk for person in known if person.user])


def _write_roles(people: list[PersonPlan], today: dt.date) -> None:
    closed = []
    for person in people:
        for grant in person.grants_closed:
            until = max(person.leaves_on or today, grant.active_from_date)
            grant.active_to_date = min(until, grant.active_to_date or until)
            closed.append(grant)
    RoleGrant.objects.bulk_update(closed, ["active_to_date"], batch_size=BATCH)
    opened = [
        RoleGrant(user=person.user, node=place.node, role=role, active_from_date=today)
        for person in people
        for place, role in person.grants_opened
    ]
    RoleGrant.objects.bulk_create(opened, batch_size=BATCH)


def _announce(people: list[PersonPlan], gone: list[PersonPlan]) -> None:
    note_left({person.user.pk: person.leaves_on for person in gone if person.user and person.leaves_on})
    back = [person for person in people if person.user and (person.returns or person.undoes_leaving or person.back_on)]
    note_back([person.user.pk for person in back if person.user])
    for person in gone:
        assert person.user is not None and person.leaves_on is not None  # noqa: S101, PT018  # somebody, by today
        events.announce(events.member_left, member_id=person.user.pk, on_date=person.leaves_on)
    for person in people:
        if person.user and person.back_on and person.left_date:
            days = {"on_date": person.back_on, "left_date": person.left_date}
            events.announce(events.member_returned, member_id=person.user.pk, **days)
