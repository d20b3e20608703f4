"""How many people stand how, unit by unit and occasion by occasion, and nobody's name: for whoever reads counts."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from typing import TYPE_CHECKING

from django.utils.translation import gettext as _g
from django.utils.translation import gettext_lazy as _

from attendance.models import RecordState
from attendance.reports.base import Column, Row, Scope, Section
from attendance.reports.standing import Counts, counts_of_units, rolled_up
from attendance.sentences.records import moment
from attendance.standing import DUE

if TYPE_CHECKING:
    from django_stubs_ext import StrOrPromise

S = RecordState


class CountsReport:
    """Seven queries at any size, none of a person. Units stand in the order of the tree, never by how well they do.

    It is no report of ``settings.REPORTS``: those name people.
    """

    name = "counts"
    title: StrOrPromise = _("各单位人数")
    states: Collection[str] | None = ()
    columns: tuple[Column, ...] = (
        Column("name", _("组织或场次"), 34),
        Column("expected", _("应到"), 8),
        Column("not_excused", _("除去请假应到"), 12),
        Column("done", _("已完成"), 8),
        Column("attended", _("已参加"), 8),
        Column("made_up", _("已补学"), 8),
        Column("excused", _("请假"), 8),
        Column("missing", _("没有参加"), 9),
        Column("incomplete", _("记录不全"), 9),
        Column("due", _("课程还在学"), 10),
        Column("pending", _("认定中"), 8),
        Column("exempt", _("免"), 6),
    )

    def sections(self, scope: Scope) -> list[Section]:
        """Return the units of the scope, each with everything below it, then the occasions."""
        return [
            Section(_g("各单位"), self._units(scope)),
            Section(_g("各个场次"), self._occasions(scope)),
        ]

    def rows(self, scope: Scope) -> Iterator[Row]:
        """Yield the rows of both, one after the other."""
        for section in self.sections(scope):
            yield from section.rows

    def _units(self, scope: Scope) -> Iterator[Row]:
        counted = counts_of_units(scope)
        depth = len(scope.node.path)
        for pk, path, name in scope.units:
            if pk in counted:
                yield _row("　" * ((len(path) - depth) // scope.node.steplen) + name, counted[pk])

    def _occasions(self, scope: Scope) -> Iterator[Row]:
        seen = rolled_up(scope).by_occasion
        for one in scope.occasions:
            if one.pk in seen:
                yield _row(f"{one.title} {moment(one.starts_at)}", seen[one.pk])


def _row(name: str, counts: Counts) -> Row:
    states = (S.ATTENDED, S.MADE_UP, S.EXCUSED, S.MISSING, S.INCOMPLETE, DUE, S.PENDING, S.EXEMPT)
    return (name, counts.expected, counts.not_excused, counts.done, *(counts[state] for state in states))
