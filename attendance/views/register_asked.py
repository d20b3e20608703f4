"""Which register an address asks for, and which others can be chosen instead."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any
from urllib.parse import urlencode

from django.http import Http404, HttpRequest
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import gettext as _

from attendance.models import Occasion
from attendance.permissions import NAMES, own_nodes, scope_for
from attendance.queries import trainings_touching
from attendance.queries.register import months_of
from attendance.reports.base import Scope
from attendance.standing import state_label
from attendance.views.register_cells import SIGNS
from attendance.views.shared import number_or_none
from organizations.models import Node, User
from organizations.permissions import signed_in, visible_nodes

MONTHS_BACK = 12
UNDONE_FILTER = "undone"
FILTERS = (UNDONE_FILTER, *SIGNS)


@dataclass(frozen=True)
class Asked:
    """What the address asks for: which unit, which training or month, and whom of them."""

    node: Node
    scope: Scope | None
    month: date | None
    state: str
    as_of: datetime
    reader: User

    @classmethod
    def of(cls, request: HttpRequest, *, as_of: datetime) -> "Asked":
        """Read the address; Http404 where the reader may not see it. Without training and month it is this month."""
        user = signed_in(request)
        node_id, training_id = (number_or_none(request.GET.get(name)) for name in ("node", "training"))
        month, state = _month_or_404(request.GET.get("month", "")), request.GET.get("state", "")
        if state and state not in FILTERS:
            raise Http404
        if training_id is None:
            return cls(_node_or_404(user, node_id), None, month or this_month(as_of), state, as_of, user)
        scope = scope_for(user, training_id=training_id, node_id=node_id, as_of=as_of, roles=NAMES)
        if scope is None:
            raise Http404
        return cls(scope.node, scope, month, state, as_of, user)

    @property
    def query(self) -> str:
        """The same question as an address has it."""
        values: dict[str, Any] = {"node": self.node.pk}
        if self.scope:
            values["training"] = self.scope.training.pk
        if self.month:
            values["month"] = f"{self.month:%Y-%m}"
        return urlencode({**values, **({"state": self.state} if self.state else {})})

    @property
    def title(self) -> str:
        parts = [self.scope.training.title] if self.scope else []
        return " · ".join([*parts, *([month_words(self.month)] if self.month else [])])


def this_month(as_of: datetime) -> date:
    return timezone.localdate(as_of).replace(day=1)


def _month_or_404(text: str) -> date | None:
    if not text:
        return None
    try:
        return datetime.strptime(text, "%Y-%m").date()  # noqa: DTZ007 - a month has no zone
    except ValueError as error:
        raise Http404 from error


def _node_or_404(user: User, node_id: int | None) -> Node:
    nodes = own_nodes(user, *NAMES) if node_id is None else visible_nodes(user, *NAMES).filter(pk=node_id)
    node = next(iter(nodes), None)
    if node is None:
        raise Http404
    return node


def month_words(first: date) -> str:
    """Return a month as people write it: 2026年11月."""
    return str(date_format(first, "YEAR_MONTH_FORMAT"))


@dataclass(frozen=True)
class Choice:
    """One thing that can be chosen above the register."""

    value: str
    words: str
    is_chosen: bool


def choices_of(asked: Asked, occasions: Sequence[Occasion]) -> dict[str, list[Choice]]:
    """Return what can be chosen instead: trainings, months and filters; one query."""
    now = this_month(asked.as_of)
    months = months_of(occasions) if asked.scope else [*_back(now), _next(now)]
    found = sorted({*months, *([asked.month] if asked.month else [])}, reverse=True)
    chosen = asked.scope.training.pk if asked.scope else None
    words = {UNDONE_FILTER: _("还没做完的"), **{state: state_label(state) for state in SIGNS}}
    return {
        "trainings": [
            Choice(str(one.pk), one.title, one.pk == chosen) for one in trainings_touching([asked.node]).order_by("-pk")
        ],
        "months": [Choice(f"{one:%Y-%m}", month_words(one), one == asked.month) for one in found],
        "states": [Choice(state, f"{words[state]}", state == asked.state) for state in FILTERS],
    }


def _back(first: date) -> list[date]:
    months = [first]
    for _number in range(MONTHS_BACK - 1):
        months.append((months[-1] - timedelta(days=1)).replace(day=1))
    return months


def _next(first: date) -> date:
    return (first + timedelta(days=32)).replace(day=1)
