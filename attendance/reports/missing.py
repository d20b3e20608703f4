"""Who is still missing: one row for each person and occasion that is not done, with the next possible step."""

from collections.abc import Iterator

from django.utils.translation import gettext_lazy as _

from attendance.reports.base import Column, Row, Scope
from attendance.reports.cells import minutes, moment
from attendance.reports.standing import UNDONE, node_names, occasions_of, place, standings, state_label
from attendance.reports.steps import due_at, reasons_text, stepper


class MissingReport:
    """Three queries at any size; rows stream by place in the tree, name and time of the occasion."""

    name = "missing"
    title = _("还没有参加")
    columns = (
        Column("unit", _("组织"), 28),
        Column("name", _("姓名"), 12),
        Column("number", _("编号"), 12),
        Column("state", _("状态"), 10),
        Column("occasion", _("场次"), 28),
        Column("live_min", _("在线分钟"), 10),
        Column("replay_min", _("回放分钟"), 10),
        Column("hall_min", _("现场分钟"), 10),
        Column("union_min", _("合计分钟"), 10),
        Column("reason", _("原因"), 40),
        Column("next_step", _("下一步"), 32),
        Column("due", _("截止"), 17),
    )

    def rows(self, scope: Scope) -> Iterator[Row]:
        """Yield the rows of everybody who is missing or whose record is incomplete."""
        names = node_names(scope)
        occasions = {occasion.pk: occasion for occasion in occasions_of(scope)}
        step = stepper(occasions.values(), scope.as_of)
        for one in standings(scope, states=UNDONE):
            occasion = occasions[one.occasion_id]
            yield (
                place(one.node_path, names=names, below=scope.node.path),
                one.name,
                one.number,
                state_label(one.state),
                occasion.title,
                minutes(one.live_ms),
                minutes(one.replay_ms),
                minutes(one.hall_ms),
                minutes(one.union_ms),
                reasons_text(one),
                step(one),
                moment(due_at(occasion)),
            )
