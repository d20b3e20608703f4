"""Who is still missing, first; then who has a running course to go on with: a row for each person and occasion."""

from collections.abc import Iterator
from functools import cache, partial
from itertools import chain

from django.utils.translation import gettext as _g
from django.utils.translation import gettext_lazy as _

from attendance.reports.base import Column, Row, Scope, Section
from attendance.reports.cells import minutes, minutes_left
from attendance.reports.standing import StandingRow, node_names, occasions_of, place, standings
from attendance.reports.steps import reasons_text, stepper
from attendance.standing import DUE, MISSED, amount_of, asked_of, due_at, state_label


class MissingReport:
    """Four queries at any size; rows stream by place in the tree, name and time of the occasion.

    Whoever studies a course that still runs is missing nothing: they stand apart, in a block or sheet of their own.
    """

    name = "missing"
    title = _("还没有参加")
    states = (*MISSED, DUE)
    columns = (
        Column("unit", _("组织"), 28),
        Column("name", _("姓名"), 12),
        Column("number", _("编号"), 12),
        Column("state", _("状态"), 10),
        Column("occasion", _("场次"), 28),
        Column("live_min", _("在线分钟"), 10),
        Column("replay_min", _("回放分钟"), 10),
        Column("hall_min", _("现场分钟"), 10),
        Column("counted_min", _("计入分钟"), 10),
        Column("left_min", _("还差分钟"), 10),
        Column("reason", _("原因"), 40),
        Column("next_step", _("下一步"), 32),
        Column("due", _("截止"), 17),
    )

    def sections(self, scope: Scope) -> list[Section]:
        """Return who is missing or has an incomplete record, then who has not finished a running course."""
        where = cache(partial(place, names=node_names(scope), below=scope.node.path))  # many stand in one unit
        occasions = {occasion.pk: occasion for occasion in occasions_of(scope)}
        asked = {pk: asked_of(occasion=occasion, as_of=scope.as_of) for pk, occasion in occasions.items()}
        step = stepper(list(occasions.values()), scope.as_of)

        def row(one: StandingRow) -> Row:
            occasion = occasions[one.occasion_id]
            amount = amount_of(asked[one.occasion_id], one.reasons, state=one.state)
            return (
                where(one.node_path),
                one.name,
                one.number,
                state_label(one.state),
                occasion.title,
                minutes(one.live_ms),
                minutes(one.replay_ms),
                minutes(one.hall_ms),
                minutes(amount.done_ms),
                minutes_left(amount.left_s * 1000),
                reasons_text(one, occasion),
                step(one).text,
                due_at(occasion),
            )

        return [
            Section(str(self.title), map(row, standings(scope, states=MISSED))),
            Section(_g("课程还在学"), map(row, standings(scope, states=(DUE,)))),
        ]

    def rows(self, scope: Scope) -> Iterator[Row]:
        """Yield the rows of both blocks, one after the other."""
        return chain.from_iterable(section.rows for section in self.sections(scope))
