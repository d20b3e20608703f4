"""Recomputations: what can be judged anew, what one did or would do, and whom it concerns. Nothing here writes."""

import hashlib
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal

from django.db.models import Exists, OuterRef, Q, QuerySet
from django.utils.translation import gettext as _

from attendance.core.rules import Rule as CoreRule
from attendance.models import Occasion, Recomputation, Recomputed, RosterEntry, Rule
from attendance.queries.rules import why_not_at
from attendance.standing import DONE, with_standing
from organizations.models import Node, Role, RoleGrant
from organizations.queries import valid_on

State = Occasion.State
JUDGED_BY = (
    "state", "closed_at", "window_end_at", "media_ms", "media_offset_ms", "media_cuts", "paused_ms", "away_ms",
    "media_items", "make_up_until_at", "rule_stamp", "check_asked", "gates",
)  # fmt: skip
OPEN = (Recomputation.State.TRYING, Recomputation.State.TRIED, Recomputation.State.RUNNING)


def evidence_is_whole(occasion: Occasion) -> bool:
    """Whether all that the records of an occasion rest on is still there: nothing was deleted at its retention date.

    Without it a verdict would be made of less than the first was, and everybody would be missing.
    """
    return occasion.evidence_removed_at is None


def why_not_anew(occasion: Occasion) -> str:
    """Return why an occasion cannot be judged anew, as a sentence; "" if it can."""
    if not evidence_is_whole(occasion):
        return _("这一场的原始记录已经按保存期限删除，不能重新认定；原来的结果保留。")
    if occasion.state in (State.CLOSED, State.OPEN):
        return _("这一场还没有认定完，等显示“已认定”以后再来。")
    if occasion.state != State.SETTLED:
        return _("这一场没有认定过的结果，不用重新认定。")
    return ""


def why_not_by(*, occasion: Occasion, rule: Rule, stamp: dict[str, object]) -> str:
    """Return why an occasion cannot be judged anew by this rule, as a sentence; "" if it can."""
    if refusal := why_not_at(rule=rule, node=occasion.node):
        return refusal
    now = CoreRule.from_stamp(occasion.rule_stamp or {})
    if rule.basis != now.basis:
        return _("计算方式不同：按场次时间的和按课程时长的不能互换。")
    if CoreRule.from_stamp(stamp) == now:
        return _("这一场现在就是按这个规则认定的，重新认定不会有变化。")
    return ""


def frame_of(occasion: Occasion) -> str:
    """Return what names all that an occasion is judged by but the evidence: an agreement holds for exactly that."""
    values = repr([(name, str(getattr(occasion, name))) for name in JUDGED_BY])
    return hashlib.sha256(values.encode()).hexdigest()


@dataclass(frozen=True, slots=True)
class Stood:
    """How one person stands at an occasion: state, hours, whether a correction holds, and since when."""

    state: str
    hours: Decimal
    is_corrected: bool
    judged_at: datetime | None


def stood(*, occasion_id: int, member_ids: Collection[int]) -> dict[int, Stood]:
    """Return how these people stand; one query."""
    entries = RosterEntry.objects.filter(occasion_id=occasion_id, member_id__in=member_ids)
    rows = with_standing(entries).order_by()
    values = rows.values_list("member_id", "stands", "rec__stands_hours", "rec__stands_by", "rec__judged_at")
    return {
        member_id: Stood(state, hours if hours and state in DONE else Decimal(0), fixed is not None, judged_at)
        for member_id, state, hours, fixed, judged_at in values
    }


def next_members(*, occasion_id: int, after: int, size: int) -> list[int]:
    """Return whose turn it is: the next on the roster by their ids."""
    rows = RosterEntry.objects.filter(occasion_id=occasion_id, member_id__gt=after).order_by("member_id")
    return list(rows.values_list("member_id", flat=True)[:size])


def occasions_to_judge() -> QuerySet[Occasion]:
    """Return occasions with what asking to judge one anew needs of each."""
    return Occasion.objects.select_related("node", "training", "rule")


def people_on_roster(occasion_id: int) -> int:
    """Return how many people stand on an occasion's roster, whatever became of them."""
    return RosterEntry.objects.filter(occasion_id=occasion_id).count()


def nodes_on_roster(*, occasion_id: int, nodes: Iterable[Node]) -> list[Node]:
    """Return those of the nodes at or below which somebody stands on an occasion's roster; one query each."""
    on_roster = RosterEntry.objects.filter(occasion_id=occasion_id)
    return [node for node in nodes if on_roster.filter(node__path__startswith=node.path).exists()]


def unfinished() -> QuerySet[Recomputation]:
    """Return the recomputations with steps left: found again when a task was lost. Few at any time."""
    going = (Recomputation.State.TRYING, Recomputation.State.RUNNING)
    return Recomputation.objects.filter(state__in=going).order_by("pk")


def recomputations() -> QuerySet[Recomputation]:
    """Return recomputations with what a page says of each."""
    return Recomputation.objects.select_related("occasion__node", "occasion__training", "rule", "asked_by")


def changed_below(recomputation: Recomputation, paths: Iterable[str]) -> QuerySet[Recomputed]:
    """Return the people changed who stood on the roster in one of these subtrees, by place in the tree and name."""
    inside = Q(pk__in=())
    for path in paths:
        inside |= Q(node__path__startswith=path)
    entries = RosterEntry.objects.filter(inside, occasion_id=recomputation.occasion_id)
    mine = entries.filter(member_id=OuterRef("member_id"))
    found = recomputation.people.filter(Exists(mine)).select_related("member")
    return found.order_by("member__name_key", "member_id")


def secretaries_of(*, occasion_id: int, recomputation_id: int, on_date: date) -> set[int]:
    """Return the nearest secretaries of the units in which somebody was changed; two queries at any size."""
    changed = Recomputed.objects.filter(recomputation_id=recomputation_id).values("member_id")
    entries = RosterEntry.objects.filter(occasion_id=occasion_id, member_id__in=changed).order_by()
    paths = set(entries.values_list("node__path", flat=True).distinct())
    above = {at for path in paths for at in Node.line_to(path)}
    grants = RoleGrant.objects.filter(valid_on(on_date), role=Role.SECRETARY, node__path__in=above)
    by_path: dict[str, set[int]] = {}
    for path, user_id in grants.values_list("node__path", "user_id"):
        by_path.setdefault(path, set()).add(user_id)
    found: set[int] = set()
    for path in paths:
        found |= next((by_path[at] for at in reversed(Node.line_to(path)) if at in by_path), set())
    return found
