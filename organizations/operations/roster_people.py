"""Whom each row of a roster means. What the file leaves open becomes a question; nobody is guessed."""

import datetime as dt
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence

from django.db.models import QuerySet

from organizations.core.roster import Problem, number_key
from organizations.core.roster.changes import Option, Question, Said
from organizations.core.roster.likeness import name_key
from organizations.models import Membership, User
from organizations.operations.roster_entries import Entry, Known, batches
from organizations.operations.roster_said import handing_over, is_known, keeps, other_name, taking_over
from organizations.operations.roster_tree import Tree, question_key
from organizations.permissions import out_of_reach
from organizations.queries import holders_of_numbers


class People:
    """The people behind the entries. After ``find``: ``problems``, ``questions``, or every entry is settled."""

    def __init__(
        self, entries: list[Entry], tree: Tree, answers: Mapping[str, str], *, operator: User | None, today: dt.date
    ) -> None:
        self.entries = entries
        self.tree = tree
        self.answers = answers
        self.operator = operator
        self.today = today
        self.people: dict[int, User] = {}
        self.problems: list[Problem] = []
        self.beyond: set[int] = set()
        self.known: dict[str, list[Known]] = {}
        self.given_up: set[int] = set()

    @property
    def questions(self) -> list[Question]:
        return [entry.question for entry in self.entries if entry.question]

    def find(self, *, lock: bool) -> None:
        self._load_holders(lock=lock)
        for entry in self.entries:
            self._settle_the_certain(entry)
        self._load_known()
        certain = {entry.user.pk: entry for entry in self.entries if entry.settled and entry.user}
        for entry in self.entries:
            if not entry.settled and entry.question is None:
                self._settle_or_ask(entry, certain)
        self._ask_about_namesakes()
        for entry in self.entries:
            self._take_answer(entry)
        self.problems += _meant_twice(self.entries)

    def _load_holders(self, *, lock: bool) -> None:
        users = User.objects.select_for_update(no_key=True) if lock else User.objects.all()
        by_public = _found(users, "public_id", [entry.row.public_id for entry in self.entries])
        by_phone = _found(users, "phone_index", [entry.phone_index for entry in self.entries])
        by_number = _numbered(users, self.entries)
        for entry in self.entries:
            entry.public = self._one(by_public.get(entry.row.public_id or ""))
            entry.called = self._one(by_phone.get(entry.phone_index))
            held = by_number.get(number_key(entry.row.number), []) if entry.row.number else []
            best = (
                [user for user in held if user.number == entry.row.number] + [u for u in held if entry.named(u)] + held
            )
            entry.numbered = self._one(best[0] if best else None)
            if entry.called and entry.named(entry.called) and self._has_left(entry):
                self.given_up.add(entry.called.pk)
        self._mark_beyond(list(self.people))

    def _has_left(self, entry: Entry) -> bool:
        return entry.leaving and (entry.row.left is None or entry.row.left <= self.today)

    def _one(self, user: User | None) -> User | None:
        """The same object for the same person: what is written is written once."""
        return self.people.setdefault(user.pk, user) if user else None

    def _mark_beyond(self, ids: Sequence[int]) -> None:
        if self.operator is not None:
            for part in batches(ids):
                self.beyond |= out_of_reach(operator=self.operator, person_ids=part, on_date=self.today)

    def _settle_the_certain(self, entry: Entry) -> None:
        """The same name and the same 系统编号, 编号 or phone, and nothing of it is anybody else's."""
        public, numbered, called = entry.public, entry.numbered, entry.called
        user = next((one for one in (public, numbered, called) if entry.named(one)), None)
        if user is None:
            if any(holder.pk in self.beyond for holder in entry.holders):
                self.problems.append(entry.wrong("org", "elsewhere"))
                entry.settle(None)
            return
        others = [one for one in (numbered, called) if one is not None and one is not user]
        if entry.leaving:
            others = []  # only says that somebody left: nothing is done to whoever has the number by now
        elif others == [called] and called is not None and called.pk in self.given_up:
            others = []
        if any(holder.pk in self.beyond for holder in others):
            self.problems.append(entry.wrong("phone" if numbered is user else "number", "elsewhere"))
            entry.settle(user)
        elif others:
            self._ask(entry, taking_over(entry, user), {"new_phone": (keeps(entry, user), user)})
        elif _another_number(entry, user):
            self.problems.append(entry.wrong("number", "other_number"))
            entry.settle(user)
        else:
            entry.settle(user)

    def _load_known(self) -> None:
        """Who is called like somebody that is not settled, below the base: where they are, or were last."""
        names = sorted({entry.row.name for entry in self.entries if not entry.settled})
        if self.tree.base is None:
            return
        last: dict[int, Membership] = {}
        for part in batches(names):
            rows = Membership.objects.filter(member__name__in=part, node__path__startswith=self.tree.base.path)
            for one in rows.select_related("member", "node").order_by("active_from_date", "pk"):
                last[one.member_id] = one  # in their order: nobody joins before they have left
        self._mark_beyond([member_id for member_id in last if member_id not in self.people])
        for one in last.values():
            left = one.active_to_date if one.active_to_date and one.active_to_date <= self.today else None
            user = self.people.setdefault(one.member_id, one.member)
            self.known.setdefault(name_key(user.name), []).append(Known(user, one.node_id, one.node.name, left))

    def _candidates(self, entry: Entry, certain: Mapping[int, Entry]) -> list[Known]:
        """People of that name in this unit or the ones around it who are not in the file otherwise."""
        near = self.tree.near(entry.place)
        holders = {user.pk for user in entry.holders}
        return [
            known
            for known in self.known.get(name_key(entry.row.name), ())
            if known.user.pk not in certain and known.user.pk not in holders and known.node_id in near
        ]

    def _settle_or_ask(self, entry: Entry, certain: Mapping[int, Entry]) -> None:
        """No holder has the name, or there is none at all."""
        candidates = self._candidates(entry, certain)
        options: dict[str, tuple[Said, User | None]] = {}
        if len(candidates) == 1:
            options["new_phone"] = (is_known(entry, candidates[0]), candidates[0].user)
        left_before = entry.leaving and candidates and all(known.left is not None for known in candidates)
        if not entry.holders or left_before:
            self._settle_unknown(entry, candidates, options)
            return
        if not candidates and self._handed_on(entry, certain):
            entry.settle(None)
            return
        main = entry.numbered or entry.public or entry.called
        assert main is not None  # noqa: S101  # there are holders
        if main.pk not in certain and not _another_number(entry, main):
            options = {"renamed": (Said("renamed", {"was": main.name, "name": entry.row.name}), main), **options}
        if not entry.leaving and (entry.row.phone or entry.row.number):
            options["new_person"] = (handing_over(entry), None)
        if options:
            self._ask(entry, other_name(entry), options)
        else:
            self.problems.append(entry.wrong("name", "other_person"))
            entry.settle(None)

    def _settle_unknown(
        self, entry: Entry, candidates: Sequence[Known], options: dict[str, tuple[Said, User | None]]
    ) -> None:
        if entry.row.public_id and not entry.row.phone and not entry.row.number:
            self.problems.append(entry.wrong("public_id", "unknown_id"))
            entry.settle(None)
            return
        gone = [known for known in candidates if known.left is not None]
        if not candidates or (entry.leaving and gone == candidates):
            entry.already_left = bool(gone)
            entry.settle(None)  # new; or leaves, and was never here or has left already
            return
        effect = Said("not_touched" if entry.leaving else "namesake", {"name": entry.row.name})
        options["namesake"] = (effect, None)
        if len(candidates) > 1:
            values: dict[str, str | int] = {"name": entry.row.name, "count": len(candidates)}
            text = Said("several_known", values)
        else:
            values = {"name": entry.row.name, "unit": candidates[0].unit}
            text = Said("known_left" if gone else "known_name", values)
        self._ask(entry, text, options)

    def _handed_on(self, entry: Entry, certain: Mapping[int, Entry]) -> bool:
        """Whether the only holder gives this phone up in this very file: for one that is nobody's, or by leaving."""
        if entry.called is None or entry.holders != [entry.called]:
            return False
        theirs = certain.get(entry.called.pk)
        if theirs is None:
            return False
        if theirs.leaving:
            return self._has_left(theirs)
        return bool(theirs.phone_index) and theirs.phone_index != entry.phone_index and theirs.called is None

    def _ask_about_namesakes(self) -> None:
        """Two rows of one name in one unit, one of them somebody new: two people only if somebody says so."""
        groups: dict[tuple[int, str], list[Entry]] = defaultdict(list)
        for entry in self.entries:
            if not entry.leaving:
                groups[id(entry.place), name_key(entry.row.name)].append(entry)
        for group in groups.values():
            first, *others = sorted(group, key=lambda entry: entry.settled and entry.user is None)
            for entry in others:
                new = entry.settled and entry.user is None and entry.question is None
                if new and not (first.row.number and entry.row.number):
                    values: dict[str, str | int] = {"name": entry.row.name, "first": first.row.row}
                    options = {"namesake": (Said("namesake", {"name": entry.row.name}), None)}
                    self._ask(entry, Said("same_name_here", values), options)

    def _ask(self, entry: Entry, text: Said, options: Mapping[str, tuple[Said, User | None]]) -> None:
        row = entry.row
        shown = tuple(Option(answer, effect) for answer, (effect, _) in options.items())
        people = [f"{answer}:{user.pk if user else ''}" for answer, (_, user) in options.items()]
        about = (row.name, entry.phone_index, row.number or "", entry.place.label, text.code)
        key = question_key("person", *about, *(user.pk for user in entry.holders), "", *people)
        entry.chosen = {answer: user for answer, (_, user) in options.items()}
        entry.settled = False
        entry.question = Question(key, row.row, row.sheet, "name", text, shown).answered(self.answers.get(key, ""))

    def _take_answer(self, entry: Entry) -> None:
        """The page's answer, or the one that the file's own column gives."""
        if entry.question is None:
            return
        if not entry.question.answer and entry.row.decision:
            entry.question = entry.question.answered(entry.row.decision)
            if not entry.question.answer:
                self.problems.append(entry.wrong("decision", "no_answer"))
        if entry.question.answer:
            entry.settle(entry.chosen[entry.question.answer])


def _found(users: QuerySet[User], column: str, values: Iterable[str | None]) -> dict[str, User]:
    found: dict[str, User] = {}
    for part in batches(sorted({value for value in values if value})):
        found |= {str(getattr(user, column)): user for user in users.filter(**{f"{column}__in": part})}
    return found


def _numbered(users: QuerySet[User], entries: Iterable[Entry]) -> dict[str, list[User]]:
    """Whoever holds the 编号 of these rows, by ``number_key``."""
    found: dict[str, list[User]] = defaultdict(list)
    keys = sorted({number_key(entry.row.number) for entry in entries if entry.row.number})
    for part in batches(keys):
        for user in holders_of_numbers(part, users):
            found[number_key(user.number or "")].append(user)
    return found


def _meant_twice(entries: Iterable[Entry]) -> list[Problem]:
    first: dict[int, Entry] = {}
    return [
        entry.wrong("name", "same_person", first=first[entry.user.pk].row.row)
        for entry in entries
        if entry.settled and entry.user and first.setdefault(entry.user.pk, entry) is not entry
    ]


def _another_number(entry: Entry, user: User) -> bool:
    """Whether the row's 编号 is a new one for somebody who has one; only the 系统编号 may change that."""
    if not entry.row.number or not user.number or user is entry.public:
        return False
    return number_key(user.number) != number_key(entry.row.number)
