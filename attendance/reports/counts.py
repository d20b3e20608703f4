"""How many people stand how in each unit: numbers alone, for whoever may not read names."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterator
from typing import TYPE_CHECKING

from django.utils.translation import gettext_lazy as _

from attendance.models import RecordState
from attendance.reports.base import Column, Row, Scope, Section
from attendance.reports.standing import Counts, node_names, overview, place
from attendance.standing import DUE
from organizations.models import Node

if TYPE_CHECKING:
    from django_stubs_ext import StrOrPromise

S = RecordState
STATES = (S.ATTENDED, S.MADE_UP, S.EXCUSED, DUE, S.PENDING, S.INCOMPLETE, S.MISSING)


class CountsReport:
    """Two queries at any size; a row for the unit itself and for each below it, in the order of the tree.

    A unit's row counts whoever stood at it or below it, once a unit: so a row is the sum of those right below it and
    of who stood at the unit itself, and no row stands where it does because of its numbers.
    """

    name: str = "counts"
    title: StrOrPromise = _("各单位人数")
    states: Collection[str] | None = None
    columns: tuple[Column, ...] = (
        Column("unit", _("组织"), 40),
        Column("expected", _("应到"), 8),
        Column("not_excused", _("除去请假的应到"), 14),
        Column("done", _("完成"), 8),
        Column("attended", _("已参加"), 8),
        Column("made_up", _("已补学"), 8),
        Column("excused", _("请假"), 8),
        Column("due", _("课程还在学"), 12),
        Column("pending", _("认定中"), 8),
        Column("incomplete", _("记录不全"), 10),
        Column("missing", _("没有参加"), 10),
        Column("exempt", _("免学"), 8),
    )

    def sections(self, scope: Scope) -> list[Section]:
        """Return all rows as one block."""
        return [Section(str(self.title), self.rows(scope))]

    def rows(self, scope: Scope) -> Iterator[Row]:
        """Yield a row for each unit of the scope that has or had somebody on a roster of the training."""
        names = node_names(scope)
        found: dict[str, Counter[str]] = {}
        for person in overview(scope).people:
            for path in Node.line_to(person.node_path):
                if len(path) >= len(scope.node.path):
                    found.setdefault(path, Counter())[person.state] += 1
        for path in sorted(found):
            counts = Counts(dict(found[path]))
            yield (
                place(path, names=names, below=scope.node.path),
                counts.expected,
                counts.not_excused,
                counts.done,
                *(counts[state] for state in STATES),
                counts[S.EXEMPT],
            )
