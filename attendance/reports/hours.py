"""The year's hours (年度学时) of a unit's people, a row each, in the order of the tree: the list, and the file."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from django.db.models import QuerySet
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from attendance.models.hours import EVERYBODY, FORMS, OWING
from attendance.queries.hours import PersonYear, in_chunks, table_at, tables_for, years_of
from attendance.reports.base import Column, Row, Section
from attendance.reports.standing import place
from attendance.sentences.records import moment
from attendance.sentences.rules import table_sentence
from organizations.models import Membership, Node
from organizations.queries import members_at

ROLE_WORDS = dict(OWING)


@dataclass(frozen=True)
class YearScope:
    """What a list of hours may see: the people who belong to a node's subtree today, and one year of theirs."""

    node: Node
    year: int
    as_of: datetime

    @property
    def people(self) -> QuerySet[Membership]:
        """Who belongs here today, in the order of the tree; hours belong to the person, also what they brought."""
        found = members_at(node=self.node, on_date=timezone.localdate(self.as_of))
        return found.order_by("node__path", "member__name_key", "member_id")


def role_of(one: PersonYear) -> str:
    """Return as what somebody owes at the end of what is asked of them, in words; "" where nothing is asked."""
    role = next((stretch.role for stretch in reversed(one.stretches) if stretch.rate is not None), "")
    return str(ROLE_WORDS[role or EVERYBODY]) if role else ""


class HoursReport:
    """One page of a list or the whole file from the same rows: four queries for each thousand people."""

    name = "hours"
    title = _("年度学时")
    columns = (
        Column("unit", _("组织"), 28),
        Column("name", _("姓名"), 12),
        Column("number", _("编号"), 12),
        Column("role", _("身份"), 10),
        Column("asked", _("应学"), 8),
        Column("total", _("已计入"), 8),
        Column("left", _("还差"), 8),
        *(Column(form, label, 10) for form, label in FORMS),
        Column("over", _("超过上限不计"), 12),
    )

    def sections(self, scope: YearScope) -> list[Section]:
        """Return all rows as one block."""
        return [Section(f"{self.title} {scope.year}", self.rows(scope))]

    def rows(self, scope: YearScope) -> Iterator[Row]:
        """Yield everybody's year; a county never lies in memory whole."""
        below = Node.objects.filter(path__startswith=scope.node.path).order_by("path")
        names = dict(below.values_list("path", "name"))
        tables = tables_for(paths=names, year=scope.year)
        for some in in_chunks(scope.people):
            years = years_of(member_ids=[one.member_id for one in some], year=scope.year, tables=tables)
            for one in some:
                year = years[one.member_id]
                yield (
                    place(one.node.path, names=names, below=scope.node.path),
                    one.member.name,
                    one.member.number or "",
                    role_of(year),
                    float(year.asked),
                    float(year.total),
                    float(year.left),
                    *(float(year.hours_of(form)) for form, _label in FORMS),
                    float(year.over),
                )

    def facts(self, scope: YearScope) -> list[tuple[str, str]]:
        """Return what the file says about itself: of whom, as of when, and by which table."""
        table = table_at(node=scope.node, year=scope.year)
        return [
            (str(_("报表")), f"{self.title} {scope.year}"),
            (str(_("组织")), scope.node.name),
            (str(_("截至")), moment(scope.as_of)),
            (str(_("名单")), str(_("截至当天属于这里的人；学时跟着本人走，在别处学的也计入"))),
            (str(_("算哪一年")), str(_("按场次开始的日期；作废、没有举行的不算"))),
            (str(_("学时表")), f"{table}：{table_sentence(table)}" if table else str(_("没有设学时表"))),
        ]
