"""The people of a file, one entry each, before it is known whom they mean."""

import datetime as dt
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from typing import TypeVar

from django.conf import settings

from organizations.core import phones
from organizations.core.roster import Problem, RosterRow, number_key
from organizations.core.roster.changes import Question
from organizations.core.roster.likeness import name_key
from organizations.models import Left, User
from organizations.operations.roster_tree import Place, Tree

BATCH = 900

LEAVING = frozenset(Left.values)

T = TypeVar("T")


def batches(items: Sequence[T]) -> Iterator[Sequence[T]]:
    for start in range(0, len(items), BATCH):
        yield items[start : start + BATCH]


@dataclass(eq=False)
class Entry:
    """One person of the file (one row, or several that differ only in their roles) and whom they turned out to be.

    ``public``, ``numbered`` and ``called`` are who holds the row's 系统编号, 编号 and phone number now. ``settled``: it
    is known who is meant: ``user``, or somebody new where that is None.
    """

    rows: list[RosterRow]
    place: Place
    phone_index: str
    public: User | None = None
    numbered: User | None = None
    called: User | None = None
    settled: bool = False
    user: User | None = None
    already_left: bool = False
    question: Question | None = None
    chosen: dict[str, User | None] = field(default_factory=dict)

    @property
    def row(self) -> RosterRow:
        return self.rows[0]

    @property
    def leaving(self) -> bool:
        return self.row.status in LEAVING

    @property
    def holders(self) -> list[User]:
        return list({user.pk: user for user in (self.public, self.numbered, self.called) if user}.values())

    def named(self, user: User | None) -> bool:
        return user is not None and name_key(user.name) == name_key(self.row.name)

    def settle(self, user: User | None) -> None:
        self.settled, self.user = True, user

    def wrong(self, column: str, code: str, **values: str | int) -> Problem:
        return Problem(self.row.row, column, code, values, self.row.sheet)


@dataclass(frozen=True)
class Known:
    """A person known by name: where they belong, or belonged last, and since when no longer."""

    user: User
    node_id: int
    unit: str
    left: dt.date | None


def gather(rows: Iterable[RosterRow], tree: Tree) -> list[Entry]:
    """One entry a person: rows that differ only in roles and where they are held belong together."""
    entries: dict[tuple[object, ...], Entry] = {}
    for row in rows:
        number = number_key(row.number) if row.number else None
        same = (row.path, row.name, row.phone, number, row.public_id)
        if same in entries:
            entries[same].rows.append(row)
            continue
        place = tree.find(row.path) or tree.top if row.status in LEAVING else tree.place(row)
        index = phones.blind_index(settings.PHONE_KEY, row.phone) if row.phone else ""
        entries[same] = Entry([row], place, index)
    for entry in entries.values():
        entry.rows[0] = _filled_up(entry.rows)
    return list(entries.values())


def _filled_up(rows: Sequence[RosterRow]) -> RosterRow:
    """The first row of a person, with what only a later one says."""
    first, *others = rows
    for row in others:
        first = replace(
            first,
            joined=first.joined or row.joined,
            status=first.status or row.status,
            left=first.left or row.left,
            decision=first.decision or row.decision,
        )
    return first
