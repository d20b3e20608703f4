"""What a roster would change, found out in a number of queries that does not grow with each row; nothing is written."""

import datetime as dt
from collections.abc import Callable, Iterable, Sequence

from organizations.core.roster import Problem, RosterRow, UnableToReadRoster, number_key, tidy_name
from organizations.core.roster.changes import RosterLine, Said
from organizations.models import Left, Node, Role, RoleGrant, User
from organizations.operations.roster_absent import end_absent, find_absent, look_at_units
from organizations.operations.roster_changes import ROSTER_ROLES, Answers, Held, PersonPlan, Plan, held_by, plan_leaving
from organizations.operations.roster_entries import Entry, gather
from organizations.operations.roster_people import People
from organizations.operations.roster_tree import Place, Tree


def make_plan(
    rows: list[RosterRow],
    *,
    under: Node | None,
    today: dt.date,
    actor_id: int | None,
    answers: Answers,
    lock: bool,
    progress: Callable[[int, int], None],
) -> Plan:
    """Compare the rows with what is there. Raises UnableToReadRoster with the rows that contradict it.

    With an open question the plan holds the questions and nothing else. ``lock``: it is going to be written.
    """
    operator = User.objects.get(pk=actor_id) if actor_id is not None else None
    tree = Tree(rows, under, answers.questions, new_units=answers.new_units)
    entries = gather(rows, tree)
    tree.guess_kinds()
    people = People(entries, tree, answers.questions, operator=operator, today=today)
    # People are found by the units of their rows: with a wrong unit every one of them would be reported as well.
    if not tree.problems:
        people.find(lock=lock)
    problems = tree.problems + people.problems
    questions = sorted(tree.questions + people.questions, key=lambda question: question.row)
    if problems:
        _raise(problems)
    plan = Plan(base=tree.base, questions=questions)
    # What follows depends on the answers: nothing is guessed meanwhile, and nothing is shown that may not come true.
    if any(not question.answer for question in questions):
        return plan
    plan.new_nodes = tree.new
    _decide_all(plan, entries, tree, people.beyond, today, progress)
    find_absent(plan, entries, operator, today)
    end_absent(plan, answers, operator, today)
    look_at_units(plan)
    return plan


def _raise(problems: Iterable[Problem]) -> None:
    raise UnableToReadRoster(sorted(problems, key=lambda problem: (problem.sheet, problem.row)))


def _decide_all(
    plan: Plan,
    entries: list[Entry],
    tree: Tree,
    beyond: set[int],
    today: dt.date,
    progress: Callable[[int, int], None],
) -> None:
    held = held_by([entry.user.pk for entry in entries if entry.user], today)
    problems = []
    for done, entry in enumerate(entries, start=1):
        person = PersonPlan(entry.user, held[entry.user.pk] if entry.user else Held(), entry.place, entry.row)
        try:
            line = _decide(person, entry, tree, today)
        except _Contradiction as found:
            problems.append(entry.wrong(found.column, found.code, **found.values))
            continue
        if entry.user and entry.user.pk in beyond and line.kind != "unchanged":
            problems.append(entry.wrong("org", "elsewhere"))
        plan.people.append(person)
        plan.lines.append(line)
        # Often enough to be seen moving, seldom enough to cost nothing.
        if done % 900 == 0 or done == len(entries):
            progress(done, 2 * len(entries))
    if problems:
        _raise(problems)
    _pass_on(plan, entries)


class _Contradiction(Exception):
    def __init__(self, column: str, code: str, **values: str | int) -> None:
        super().__init__(code)
        self.column, self.code, self.values = column, code, values


def _decide(person: PersonPlan, entry: Entry, tree: Tree, today: dt.date) -> RosterLine:
    """Fill in what changes for one person."""
    row, was = entry.row, ""
    if entry.leaving:
        kind = _decide_leaving(person, entry, today)
    elif person.user is None:
        kind = "created"
        person.moves_on = row.joined or today
    else:
        _decide_fields(person, entry, person.user)
        was = _decide_membership(person, entry, today)
        kind = "moved" if was else "returned" if person.returns else "unchanged"
    if not entry.leaving:
        _decide_status(person, row)
        _decide_roles(person, entry, tree)
        if kind == "moved":
            _note_what_stays(person)
    if kind == "unchanged" and (person.changes or person.moves_on):
        kind = "updated"
    place = person.held.current.node.name if entry.leaving and person.held.current else entry.place.label
    return RosterLine(row.row, kind, row.name, place, was, tuple(person.changes), tuple(person.notes), row.sheet)


def _decide_leaving(person: PersonPlan, entry: Entry, today: dt.date) -> str:
    row, current = entry.row, person.held.current
    if person.user is None or current is None:
        left_before = person.held.last is not None and person.held.last.left_because
        return "unchanged" if entry.already_left or left_before else "skipped"
    plan_leaving(person, row.status or "", row.left or today)
    if current.active_to_date == person.leaves_on and current.left_because == person.leaves_because:
        person.leaves_on, person.grants_closed = None, []  # planned already: roles end on that day, not today
        return "unchanged"
    assert person.leaves_on is not None  # noqa: S101  # just planned
    person.notes.append(Said(f"left_{row.status}", {"day": person.leaves_on.isoformat()}))
    person.notes += [_role_said("role_ends", grant) for grant in person.grants_closed]
    return "left"


def _decide_fields(person: PersonPlan, entry: Entry, user: User) -> None:
    row = entry.row
    if tidy_name(user.name) != row.name:
        person.changes.append("name")
        person.notes.append(Said("was_called", {"was": user.name}))
    if entry.phone_index and user.phone_index != entry.phone_index:
        person.changes.append("phone")
    if row.number and (not user.number or number_key(user.number) != number_key(row.number)):
        person.changes.append("number")


def _decide_membership(person: PersonPlan, entry: Entry, today: dt.date) -> str:
    """Where the person moves from, or an empty text; also corrects the day of joining where history allows it."""
    row, current = entry.row, person.held.current
    left_before = person.held.last.active_to_date if person.held.last else None
    if current is None:
        _decide_return(person, entry, today)
        return ""
    if entry.place.node is not None and current.node_id == entry.place.node.pk:
        if current.left_because and row.status is not None:
            person.undoes_leaving = True  # was to leave on a later day
            person.changes.append("stays")
        if row.joined and row.joined != current.active_from_date and row.joined >= (left_before or dt.date.min):
            person.joined = row.joined
            person.changes.append("joined")
        return ""
    later = row.joined is not None and row.joined > current.active_from_date
    person.moves_on = row.joined if later else max(today, current.active_from_date)
    return current.node.name


def _decide_return(person: PersonPlan, entry: Entry, today: dt.date) -> None:
    """Belongs nowhere now. Whoever left for a reason comes back only if the file says so in words."""
    row, last = entry.row, person.held.last
    if last is None or last.active_to_date is None:
        person.moves_on = row.joined or today
        return
    if last.left_because and row.status is None:
        because = str(Left(last.left_because).label)
        raise _Contradiction("status", "has_left", day=last.active_to_date.isoformat(), because=because)
    person.returns = True
    back = row.joined if row.joined and row.joined > last.active_to_date else max(today, last.active_to_date)
    person.back_on, person.left_date = back, last.active_to_date
    here = entry.place.node is not None and last.node_id == entry.place.node.pk
    if here and back == last.active_to_date:
        person.held.current, person.undoes_leaving = last, True
    else:
        person.moves_on = back
    person.notes.append(Said("back", {"day": back.isoformat()}))


def _decide_status(person: PersonPlan, row: RosterRow) -> None:
    exemption = person.held.exemption
    exempt = exemption is not None
    wanted = {"exempt": True, "active": False}.get(row.status or "", exempt)
    ours = exemption is None or exemption.category == "roster"
    if wanted != exempt and (wanted or ours):
        person.changes.append("status")


def _decide_roles(person: PersonPlan, entry: Entry, tree: Tree) -> None:
    """The role column, where there is one, is the truth about the person's roles at the units that their rows name.

    Roles at other units stay. Whoever moves away stops being secretary of the unit they leave.
    """
    wanted = _wanted_roles(entry, tree)
    for place, (roles, only_added) in wanted.items():
        node_id = place.node.pk if place.node else None
        at = {grant.role: grant for grant in person.held.grants if grant.node_id == node_id}
        person.grants_opened += [(place, role) for role in sorted(roles - at.keys())]
        if not only_added:
            gone = [grant for role, grant in at.items() if role in ROSTER_ROLES and role not in roles]
            person.grants_closed += gone
    if person.held.current and person.moves_on:
        left = person.held.current.node_id
        named = {place.node.pk for place in wanted if place.node}
        if left not in named:
            at_left = [grant for grant in person.held.grants if grant.node_id == left]
            person.grants_closed += [grant for grant in at_left if grant.role == Role.SECRETARY]
    if person.grants_opened or person.grants_closed:
        person.changes.append("roles")
        person.notes += [
            Said("role_begins", {"role": str(Role(role).label), "unit": place.name})
            for place, role in person.grants_opened
        ]
        person.notes += [_role_said("role_ends", grant) for grant in person.grants_closed]


def _wanted_roles(entry: Entry, tree: Tree) -> dict[Place, tuple[set[str], bool]]:
    """By unit: the roles that the person's rows name there, and whether they only add."""
    wanted: dict[Place, tuple[set[str], bool]] = {}
    for row in entry.rows:
        if row.roles is None:
            continue
        place = entry.place if row.role_path is None else tree.find(row.role_path)
        if place is None:
            raise _Contradiction("role_path", "unknown_unit", unit="/".join(row.role_path or ()))
        roles, only_added = wanted.get(place, (set(), True))
        wanted[place] = (roles | row.roles, only_added and row.roles_only_added)
    return wanted


def _note_what_stays(person: PersonPlan) -> None:
    stays = [grant for grant in person.held.grants if grant not in person.grants_closed]
    person.notes += [_role_said("role_stays", grant) for grant in stays]


def _role_said(code: str, grant: RoleGrant) -> Said:
    return Said(code, {"role": str(Role(grant.role).label), "unit": grant.node.name})


def _pass_on(plan: Plan, entries: Sequence[Entry]) -> None:
    """Phones and 编号 that somebody else holds now: who loses them, and who has to sign in anew.

    A phone that passes between two people takes nothing along: whoever used it may have set the password of the
    account that it was on, so both accounts lose password and sessions.
    """
    plans = {person.user.pk: person for person in plan.people if person.user}
    for person, entry in zip(plan.people, entries, strict=True):
        if entry.leaving:
            continue
        if entry.called is not None and entry.called is not entry.user:
            loser = _loser(plan, plans, entry.called)
            loser.loses_phone = "phone" not in loser.changes
            loser.signs_in_anew = True
            person.signs_in_anew = entry.user is not None
            person.notes.append(Said("phone_from", {"was": entry.called.name}))
        if entry.numbered is not None and entry.numbered is not entry.user:
            loser = _loser(plan, plans, entry.numbered)
            loser.loses_number = "number" not in loser.changes
            person.notes.append(Said("number_from", {"was": entry.numbered.name}))
    kept = zip(plan.lines, plan.people, strict=True)
    plan.lines = [_with_losses(line, person) for line, person in kept]


def _loser(plan: Plan, plans: dict[int, PersonPlan], user: User) -> PersonPlan:
    if user.pk not in plans:
        plans[user.pk] = PersonPlan(user, Held())
        plan.losers.append(plans[user.pk])
    return plans[user.pk]


def _with_losses(line: RosterLine, person: PersonPlan) -> RosterLine:
    """The line with its final notes; somebody who loses a number is no longer unchanged."""
    notes = list(person.notes)
    if person.loses_phone and person.leaves_on is None:
        notes.append(Said("phone_gone"))
    if person.loses_number:
        notes.append(Said("number_gone"))
    lost = len(notes) > len(person.notes)
    kind = "updated" if line.kind == "unchanged" and lost else line.kind
    return RosterLine(line.row, kind, line.name, line.place, line.was, line.changes, tuple(notes), line.sheet)
