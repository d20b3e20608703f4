"""Rosters follow exemptions: whoever is away for long is expected nowhere meanwhile, and again after it.

What has not opened needs nothing: its roster is made from the exemptions of its day. Safe to repeat.
"""

from collections import defaultdict
from collections.abc import Collection
from datetime import date, datetime

import structlog
from django.db import transaction
from django.utils.translation import gettext as _

from attendance import events
from attendance.models import RosterEntry
from attendance.operations.marks import hold
from attendance.operations.notices import tell
from attendance.operations.summary import mark_counts
from attendance.queries.exempting import FROM_ROSTER, changes, periods_held
from organizations.models import Exemption
from organizations.operations import UnableToExempt, cut_exemption, exempt_member

log = structlog.get_logger(__name__)
CHUNK = 500


def follow_exemptions(*, member_ids: Collection[int], as_of: datetime) -> int:
    """Let the rosters that are not over say of these people what their exemptions say now; returns how many changed.

    The changed are marked for settling. In chunks of people, each its own transaction.
    """
    ids = sorted(set(member_ids))
    return sum(_follow(ids[at : at + CHUNK], as_of) for at in range(0, len(ids), CHUNK))


@transaction.atomic
def _follow(member_ids: list[int], as_of: datetime) -> int:
    found = changes(periods_of=periods_held(member_ids), as_of=as_of)
    # Locked before they change, in everybody's order (``marks``), and read once more: a settling under way comes first.
    hold(sorted({entry.occasion_id for entry, _state in found}))
    rows = RosterEntry.objects.filter(pk__in=[entry.pk for entry, _state in found])
    list(rows.select_for_update(of=("self",)).order_by("occasion_id", "member_id").values_list("pk"))
    by_state: defaultdict[str, list[int]] = defaultdict(list)
    for entry, state in changes(periods_of=periods_held(member_ids), as_of=as_of) if found else ():
        by_state[state].append(entry.pk)
    for state, keys in by_state.items():
        why = FROM_ROSTER if state == RosterEntry.State.EXEMPT else ""
        RosterEntry.objects.filter(pk__in=keys).update(state=state, why=why, dirty_at=as_of)
    changed = sum(map(len, by_state.values()))
    units: defaultdict[int, set[int]] = defaultdict(set)
    people: defaultdict[int, set[int]] = defaultdict(set)
    entries = RosterEntry.objects.filter(pk__in=[key for some in by_state.values() for key in some])
    for occasion_id, node_id, member_id in entries.values_list("occasion_id", "node_id", "member_id"):
        units[occasion_id].add(node_id)
        people[occasion_id].add(member_id)
    for occasion_id, nodes in sorted(units.items()):
        mark_counts(occasion_id=occasion_id, node_ids=nodes)
        # The record may stay as it is: how they stand does not.
        events.tell(events.standing_changed, occasion_id=occasion_id, member_ids=sorted(people[occasion_id]))
    if changed:
        log.info("rosters_followed_exemptions", changed=changed)
    return changed


@transaction.atomic
def enter_exemption(
    *,
    member_id: int,
    from_date: date,
    to_date: date | None,
    category: str,
    document: str,
    entered_by_id: int,
    as_of: datetime,
) -> Exemption:
    """Exempt somebody over ``[from_date, to_date)`` and tell them; rosters follow after the commit.

    Nobody exempts themselves. Raises UnableToExempt.
    """
    _refuse_oneself(member_id, entered_by_id)
    made = exempt_member(
        member_id=member_id, from_date=from_date, to_date=to_date, category=category, document=document
    )
    tell(member_ids=[member_id], kind="exemption_entered", as_of=as_of, data={"exemption": made.pk})
    return made


@transaction.atomic
def end_exemption_early(*, exemption_id: int, on_date: date, ended_by_id: int, as_of: datetime) -> None:
    """Expect somebody again from ``on_date`` on and tell them. Nobody ends their own. Raises UnableToExempt."""
    exemption = cut_exemption(exemption_id=exemption_id, on_date=on_date)
    _refuse_oneself(exemption.member_id, ended_by_id)
    tell(member_ids=[exemption.member_id], kind="exemption_ended", as_of=as_of, data={"exemption": exemption_id})


def _refuse_oneself(member_id: int, by_id: int) -> None:
    if member_id == by_id:
        raise UnableToExempt(_("不能登记自己的，请由其他负责人来做。"))
