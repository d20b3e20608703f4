"""The part of the tree that a roster speaks about: units that are there, units it makes, names it must ask about."""

import hashlib
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from organizations.core.roster import Problem, RosterRow, UnableToReadRoster, guess_kind, tidy_unit
from organizations.core.roster.changes import Option, Question, Said
from organizations.core.roster.likeness import means, unit_key
from organizations.models import Node

MOST_LIKE = 8


@dataclass(eq=False)
class Place:
    """A node of the tree, or one that the import will make (``node`` is None until it is written).

    ``spelled``: other names under which the file speaks of units here.
    """

    name: str
    kind: str
    label: str
    parent: "Place | None"
    node: Node | None = None
    children: dict[str, "Place"] = field(default_factory=dict)
    spelled: dict[str, "Place"] = field(default_factory=dict)

    def get(self, name: str) -> "Place | None":
        return self.children.get(name) or self.spelled.get(name)

    def keys_below(self, top: "Place") -> list[str]:
        """The keys of the units between ``top`` (left out) and this one (left out), from above."""
        keys = []
        above = self.parent
        while above is not None and above is not top:
            keys.append(unit_key(above.name))
            above = above.parent
        return keys[::-1]

    def is_below(self, top: "Place") -> bool:
        above = self.parent
        while above is not None:
            if above is top:
                return True
            above = above.parent
        return False


def question_key(*parts: object) -> str:
    return hashlib.sha256("\x1f".join(map(str, parts)).encode()).hexdigest()[:20]


class Tree:
    """Find the place of each row; ``answers`` say which new names are new units and which are old ones."""

    def __init__(
        self, rows: Sequence[RosterRow], under: Node | None, answers: Mapping[str, str], *, new_units: bool = False
    ) -> None:
        self.new: list[Place] = []
        self.questions: list[Question] = []
        self.problems: list[Problem] = []
        self.answers = answers
        self.new_units = new_units
        self.by_key: dict[str, list[Place]] = defaultdict(list)
        self.base = under or self._only_root()
        if self.base is None:
            self.top = self._first_of(rows)
        else:
            self.top = self._load(self.base)

    def _first_of(self, rows: Sequence[RosterRow]) -> Place:
        tops: dict[str, RosterRow] = {}
        for row in rows:
            tops.setdefault(row.path[0], row)
        if len(tops) > 1:
            others = list(tops.values())[1:]
            raise UnableToReadRoster([Problem(row.row, "org", "several_roots", sheet=row.sheet) for row in others])
        name = rows[0].path[0]
        top = Place(name=name, kind="", label=name, parent=None)
        self.new.append(top)
        return top

    @staticmethod
    def _only_root() -> Node | None:
        roots = list(Node.objects.filter(depth=1)[:2])
        if len(roots) > 1:
            raise UnableToReadRoster([Problem(0, "", "which_node")])
        return roots[0] if roots else None

    def _load(self, base: Node) -> Place:
        top = Place(name=base.name, kind=base.kind, label=base.name, parent=None, node=base)
        by_path = {base.path: top}
        # Parents before children: a path sorts behind the one that it begins with.
        for node in Node.objects.filter(path__startswith=base.path, depth__gt=base.depth).order_by("path"):
            parent = by_path[node.path[: -Node.steplen]]
            place = Place(node.name, node.kind, f"{parent.label}/{node.name}", parent, node)
            by_path[node.path] = place
            name = tidy_unit(node.name)  # as the reader writes it: a unit made on a page may have a space in it
            there = parent.children.get(name)
            # Of two units of one name the one that is open is meant.
            if there is None or (there.node is not None and there.node.closed_date and not node.closed_date):
                parent.children[name] = place
            self.by_key[unit_key(node.name)].append(place)
        return top

    def place(self, row: RosterRow) -> Place:
        """The place of a row; its path may begin with the name of the node that it is said to be below."""
        place = self.top
        for name in self._below_top(row.path):
            place = place.get(name) or self._unknown(row, place, name)
        if place.node is not None and place.node.closed_date:
            self.problems.append(Problem(row.row, "org", "closed_unit", {"unit": place.label}, row.sheet))
        return place

    def find(self, path: Sequence[str]) -> Place | None:
        """The place of a path among the units that are there or that rows make; None if there is none."""
        place: Place | None = self.top
        for name in self._below_top(path):
            place = place.get(name) if place else None
        return place

    def guess_kinds(self) -> None:
        """Give new nodes a level; parents stand before their children in ``new``."""
        for place in self.new:
            parent = place.parent.kind if place.parent else None
            place.kind = guess_kind(place.name, parent=parent, leaf=not place.children)

    def near(self, place: Place) -> set[int]:
        """The nodes where somebody who is now in ``place`` may have been: itself, above, beside and right below it."""
        around = [place, *place.children.values()]
        if place.parent is not None:
            around += [place.parent, *place.parent.children.values()]
        return {one.node.pk for one in around if one.node is not None}

    def _below_top(self, path: Sequence[str]) -> Sequence[str]:
        said = bool(path) and path[0] == tidy_unit(self.top.name) and path[0] not in self.top.children
        return path[1:] if said else path

    def _unknown(self, row: RosterRow, parent: Place, name: str) -> Place:
        """A new place; or one that is there already under another spelling, as was answered.

        While nothing is answered the first of those it resembles stands in, so that the rest can be looked at.
        """
        alike = self._alike(parent, name)
        if alike:
            question = self._ask(row, parent, name, alike)
            self.questions.append(question)
            if question.answer != "new":
                same = alike[int(question.answer.removeprefix("same") or 0)]
                parent.spelled[name] = same
                return same
        place = Place(name=name, kind="", label=f"{parent.label}/{name}", parent=parent)
        parent.children[name] = place
        self.new.append(place)
        self.by_key[unit_key(name)].append(place)
        return place

    def _alike(self, parent: Place, name: str) -> list[Place]:
        """Units below ``parent``, or itself, that the name may mean: spelled otherwise, or with levels left out."""
        written = unit_key(name)
        found = [
            place
            for start in range(len(written))
            for place in self.by_key.get(written[start:], ())
            if place.is_below(parent)
            and not (place.node is not None and place.node.closed_date)
            and means(written, written[start:], [unit_key(self.top.name), *place.keys_below(self.top)])
        ]
        if parent is self.top and written == unit_key(parent.name):
            found.insert(0, parent)
        return list(dict.fromkeys(found))[:MOST_LIKE]

    def _ask(self, row: RosterRow, parent: Place, name: str, alike: Sequence[Place]) -> Question:
        label = f"{parent.label}/{name}"
        options = [Option(f"same{n}", Said("unit_same", {"unit": place.label})) for n, place in enumerate(alike)]
        options.append(Option("new", Said("unit_new", {"unit": label})))
        key = question_key("unit", label, *(place.label for place in alike))
        text = Said("unit_like", {"unit": label})
        question = Question(key, row.row, row.sheet, "org", text, tuple(options))
        return question.answered(self.answers.get(key, "new" if self.new_units else ""))


def group_by_depth(places: list[Place]) -> list[list[Place]]:
    """New places by their depth, parents first."""
    levels: dict[int, list[Place]] = defaultdict(list)
    for place in places:
        depth, above = 0, place.parent
        while above is not None:
            depth, above = depth + 1, above.parent
        levels[depth].append(place)
    return [levels[depth] for depth in sorted(levels)]
