"""Everybody's record: one row for each person and occasion that has opened, whatever its state."""

from collections.abc import Iterator
from functools import cache, partial

from django.utils.translation import gettext_lazy as _

from attendance.catching_up import untils
from attendance.reports.base import Column, Row, Scope, Section
from attendance.reports.cells import minutes
from attendance.reports.standing import node_names, occasions_of, place, standings
from attendance.reports.steps import reasons_text
from attendance.standing import UNDONE, amount_of, asked_of, state_label


class RecordsReport:
    """Three queries at any size; rows stream by place in the tree, name and time of the occasion."""

    name = "records"
    title = _("全部认定结果")
    states = None
    columns = (
        Column("unit", _("组织"), 28),
        Column("name", _("姓名"), 12),
        Column("number", _("编号"), 12),
        Column("occasion", _("场次"), 28),
        Column("starts", _("开始时间"), 17),
        Column("state", _("状态"), 10),
        Column("live_min", _("在线分钟"), 10),
        Column("replay_min", _("回放分钟"), 10),
        Column("hall_min", _("现场分钟"), 10),
        Column("counted_min", _("计入分钟"), 10),
        Column("reason", _("原因"), 40),
        Column("make_up", _("补学"), 28),
        Column("rule", _("规则版本"), 20),
    )

    def sections(self, scope: Scope) -> list[Section]:
        """Return all rows as one block."""
        return [Section(str(self.title), self.rows(scope))]

    def rows(self, scope: Scope) -> Iterator[Row]:
        """Yield the rows of everybody on a roster of the scope."""
        where = cache(partial(place, names=node_names(scope), below=scope.node.path))  # many stand in one unit
        occasions = {occasion.pk: occasion for occasion in occasions_of(scope)}
        asked = {pk: asked_of(occasion=occasion, as_of=scope.as_of) for pk, occasion in occasions.items()}
        until = {state: untils(list(occasions.values()), state=state, as_of=scope.as_of) for state in UNDONE}
        for one in standings(scope):
            occasion = occasions[one.occasion_id]
            yield (
                where(one.node_path),
                one.name,
                one.number,
                occasion.title,
                occasion.starts_at,
                state_label(one.state),
                minutes(one.live_ms),
                minutes(one.replay_ms),
                minutes(one.hall_ms),
                minutes(amount_of(asked[one.occasion_id], one.reasons, state=one.state).done_ms),
                reasons_text(one, occasion),
                until.get(one.state, {}).get(one.occasion_id, ""),
                one.rule_version or str(occasion.rule),
            )
