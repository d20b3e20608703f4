"""What a report is: a name, columns and rows inside one scope."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass
from datetime import datetime
from functools import cache, cached_property
from typing import TYPE_CHECKING, Protocol

from django.conf import settings
from django.db.models import Exists, OuterRef, Q
from django.utils.module_loading import import_string

from attendance.models import Occasion, Training
from attendance.queries import unread_entries
from organizations.models import Node

if TYPE_CHECKING:
    from django_stubs_ext import StrOrPromise

Cell = str | int | float | datetime  # a moment stays one: files write it as a date
Row = tuple[Cell, ...]
UNITS = 20  # units that one question is asked of


class UnableToFindReport(LookupError):
    """No report of that name stands in ``settings.REPORTS``."""


@dataclass(frozen=True)
class Column:
    """One column: a key for machines, a title for people, a width in characters for the spreadsheet."""

    key: str
    title: StrOrPromise
    width: int = 12


@dataclass(frozen=True)
class Scope:
    """What a report may see: one training, one node's subtree, and the moment it is true for."""

    training: Training
    node: Node
    as_of: datetime

    @cached_property
    def units(self) -> list[tuple[int, str, str]]:
        """Id, path and name of each unit of the scope, in the order of the tree; one query, once, none for a leaf."""
        if self.node.is_leaf():
            return [(self.node.pk, self.node.path, self.node.name)]
        below = Node.objects.filter(path__startswith=self.node.path).order_by("path")
        return list(below.values_list("pk", "path", "name"))

    @cached_property
    def occasions(self) -> list[Occasion]:
        """The training's occasions that touch the scope's node: inside it, or of one above it; one query, once.

        Each says also whether it has evidence there that nobody has read (``is_unread``).
        """
        unread = unread_entries(training_id=self.training.pk, below=self.node.path).filter(occasion_id=OuterRef("pk"))
        touching = Q(node__path__in=self.node.line_paths()) | Q(node__path__startswith=self.node.path)
        return list(
            Occasion.objects.filter(touching, training_id=self.training.pk)
            # Withdrawn before it opened: it goes with the last row that was prepared for it.
            .exclude(state=Occasion.State.VOID, opened_at=None, roster_work__is_taken_back=True)
            .annotate(is_unread=Exists(unread))
            .select_related("rule", "node", "roster_work")
            .order_by("starts_at", "id")
        )

    @property
    def parts(self) -> list[list[int]]:
        """The ids of the scope's units in the order of the tree, some dozens at a time.

        Whoever reads the people of one part after the other has them in order, without sorting those of a city.
        """
        ids = [pk for pk, _path, _name in self.units]
        return [ids[start : start + UNITS] for start in range(0, len(ids), UNITS)]


@dataclass(frozen=True)
class Section:
    """A block of a report with its heading: a sheet of a workbook."""

    title: str
    rows: Iterator[Row]


class Report(Protocol):
    """One kind of table. ``rows`` costs the same number of queries at any size and never leaves the scope."""

    name: str
    title: StrOrPromise
    columns: tuple[Column, ...]
    states: Collection[str] | None  # how those stand whom it names; None: everybody on a roster

    def sections(self, scope: Scope) -> list[Section]:
        """Return the rows in their blocks: all together they are ``rows``, in the same order."""

    def rows(self, scope: Scope) -> Iterator[Row]:
        """Yield the rows in the order in which they are printed; no cell ever holds a phone number."""


@cache
def reports() -> dict[str, Report]:
    """Return every report of ``settings.REPORTS`` by its name."""
    found: list[Report] = [import_string(path)() for path in settings.REPORTS]
    return {report.name: report for report in found}


def report_named(name: str) -> Report:
    """Return the report called ``name``; raises UnableToFindReport."""
    try:
        return reports()[name]
    except KeyError as error:
        raise UnableToFindReport(name) from error
