"""Leaves: who has to decide on them, what somebody can ask leave of, what is known of one. Nothing here writes."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta

from django.db.models import Exists, F, OuterRef, Prefetch, Q, QuerySet
from django.utils import timezone

from attendance.models import Evidence, Leave, LeaveOccasion, Occasion, RecordState, RosterEntry, Rule, Training
from attendance.queries.answering import nearer_secretaries, secretary_paths
from attendance.queries.coming import holds_on
from attendance.queries.ledger import CALLED_OFF
from attendance.queries.naming import expecting
from attendance.standing import DUE, MISSED, with_standing
from organizations.models import Exemption, Membership, Node, Role, RoleGrant, User
from organizations.queries import subtree, valid_on

MOST_OFFERED = 60
LATE_FOR = timedelta(days=60)  # so long after an occasion leave of it can still be asked
PERIODS_SHOWN = timedelta(days=30)


def leave_key(leave_id: int, occasion_id: int | str) -> str:
    """Return the ``client_id`` of the evidence that a leave becomes at an occasion."""
    return f"leave-{leave_id}-{occasion_id}"


def day_start(day: date) -> datetime:
    """Return the first moment of a day where the organisation lives."""
    return timezone.make_aware(datetime.combine(day, time.min))


def in_period(from_date: date, to_date: date) -> Q:
    """Occasions that a period ``[from_date, to_date)`` covers: a lecture whose day lies in it; of a course, which has
    many days, only one that lies in it as a whole."""
    start, end = day_start(from_date), day_start(to_date)
    opened = Q(window_start_at__gte=start, window_start_at__lt=end)
    planned = Q(window_start_at=None, starts_at__gte=start, starts_at__lt=end)
    return (opened | planned) & (~Q(rule__basis=Rule.Basis.MEDIA) | Q(ends_at__lt=end))


def is_late(leave: Leave, occasion: Occasion) -> bool:
    """Whether a leave was asked only once its occasion had begun; of a course, which has no hour, once it was over."""
    if occasion.rule.basis == Rule.Basis.MEDIA:
        return leave.asked_at >= occasion.ends_at
    return leave.asked_at >= (occasion.window_start_at or occasion.starts_at)


# --- who decides ------------------------------------------------------------------------------------------------------


def leaves() -> QuerySet[Leave]:
    """Leaves with what a page says of each."""
    ticks = LeaveOccasion.objects.select_related("occasion__training", "occasion__rule")
    ticks = ticks.order_by("occasion__starts_at", "occasion_id")
    return Leave.objects.select_related("member", "node", "asked_by", "decided_by", "ended_by").prefetch_related(
        Prefetch("ticks", queryset=ticks)
    )


def _waiting() -> QuerySet[Leave]:
    asked = leaves().filter(state=Leave.State.ASKED).annotate(entry_path=F("node__path"))
    has_ticks = LeaveOccasion.objects.filter(leave_id=OuterRef("pk")).exclude(occasion__state__in=CALLED_OFF)
    return asked.filter(Q(from_date__isnull=False) | Exists(has_ticks)).order_by("asked_at", "id")


def leaves_waiting_for(user: User) -> QuerySet[Leave]:
    """Return the leaves that ``user`` has to decide on: the nearest secretary's, never one's own; the oldest first."""
    mine = Q(pk__in=())
    for path in secretary_paths(user):
        mine |= Q(entry_path__startswith=path) & Q(~Exists(nearer_secretaries(user, path)))
    return _waiting().filter(mine).exclude(member_id=user.pk)


def leaves_waiting_in(user: User) -> QuerySet[Leave]:
    """Return the leaves that wait wherever ``user`` is secretary, or above; never one's own."""
    return _waiting().filter(subtree(secretary_paths(user), at="node")).exclude(member_id=user.pk)


def leaves_decided_in(user: User, *, as_of: datetime) -> QuerySet[Leave]:
    """Return what was approved where ``user`` is secretary, or above, and is not long over; the newest first."""
    since = as_of - PERIODS_SHOWN
    ahead = LeaveOccasion.objects.filter(leave_id=OuterRef("pk"), occasion__starts_at__gt=since)
    lately = Q(to_date__gt=since.date()) | Exists(ahead)
    found = leaves().filter(subtree(secretary_paths(user), at="node"), lately, state=Leave.State.APPROVED)
    return found.exclude(member_id=user.pk).order_by("-decided_at", "-id")


def may_decide(user: User, leave: Leave, *, as_of: datetime) -> bool:
    """Whether ``user`` is secretary where the leave was asked, or where its member belongs now; never of oneself."""
    if leave.member_id == user.pk:
        return False
    places = Membership.objects.filter(valid_on(timezone.localdate(as_of)), member_id=leave.member_id)
    paths = [leave.node.path, *places.values_list("node__path", flat=True)]
    return any(path.startswith(mine) for path in paths for mine in secretary_paths(user))


def deciders_of(node: Node, *, member_id: int, on_date: date) -> list[int]:
    """Return who decides on a leave asked at a unit: its nearest secretaries, the member excepted."""
    grants = RoleGrant.objects.filter(valid_on(on_date), role=Role.SECRETARY, node__path__in=node.line_paths())
    found = list(grants.exclude(user_id=member_id).values_list("node__depth", "user_id"))
    nearest = max((depth for depth, _user in found), default=0)
    return sorted({user_id for depth, user_id in found if depth == nearest})


# --- what can be asked ------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Offered:
    """An occasion of which a person can ask leave, with the unit under which they stand or will stand there."""

    occasion: Occasion
    node: Node
    is_late: bool


def offered_to(
    *, member_id: int, as_of: datetime, only: Collection[int] | None = None, by_secretary: bool = False
) -> list[Offered]:
    """Return what a person can ask leave of: what was missed lately or goes on, then what is to come; in order of time.

    Nothing of a training that is over, nothing that is excused already. ``only``: of these occasions; ``by_secretary``:
    what a secretary can enter, however long ago and whatever was judged. At most six queries.
    """
    rows = _opened(member_id, as_of, only, by_secretary) + _coming(member_id, as_of, only)
    excused = Evidence.objects.filter(member_id=member_id, kind=Evidence.Kind.LEAVE, withdrawn_by=None)
    known = set(excused.filter(occasion_id__in=[one.occasion.pk for one in rows]).values_list("occasion_id", flat=True))
    found = [one for one in rows if one.occasion.pk not in known]
    return sorted(found, key=lambda one: (one.occasion.starts_at, one.occasion.pk))


def _opened(member_id: int, as_of: datetime, only: Collection[int] | None, by_secretary: bool) -> list[Offered]:
    entries = RosterEntry.objects.filter(member_id=member_id, state=RosterEntry.State.EXPECTED)
    entries = entries.filter(occasion__training__state=Training.State.PUBLISHED)
    entries = entries.exclude(occasion__state__in=CALLED_OFF)
    if only is not None:
        entries = entries.filter(occasion_id__in=only)
    if not by_secretary:
        lately = entries.filter(occasion__starts_at__gt=as_of - LATE_FOR)
        entries = with_standing(lately).filter(stands__in=(*MISSED, DUE, RecordState.PENDING))
    found = entries.select_related("occasion__training", "occasion__rule", "node").order_by("-occasion__starts_at")
    return [Offered(one.occasion, one.node, is_late=not _goes_on(one.occasion)) for one in found[:MOST_OFFERED]]


def _goes_on(occasion: Occasion) -> bool:
    return occasion.state == Occasion.State.OPEN and occasion.rule.basis == Rule.Basis.MEDIA


def _coming(member_id: int, as_of: datetime, only: Collection[int] | None) -> list[Offered]:
    memberships = list(Membership.objects.filter(member_id=member_id).select_related("node"))
    lines = {path for one in memberships for path in one.node.line_paths()}
    scheduled = Occasion.objects.filter(
        state=Occasion.State.SCHEDULED, ends_at__gt=as_of, node__path__in=lines,
        training__state=Training.State.PUBLISHED,
    ).filter(expecting(member_id)).select_related("training", "node", "rule")  # fmt: skip
    if only is not None:
        scheduled = scheduled.filter(pk__in=only)
    exemptions = list(Exemption.objects.filter(member_id=member_id))
    found = []
    for occasion in scheduled.order_by("starts_at", "id")[:MOST_OFFERED]:
        at = next((one.node for one in memberships if holds_on(one, occasion)), None)
        is_there = at is not None and at.path.startswith(occasion.node.path)
        if at is not None and is_there and not any(holds_on(one, occasion) for one in exemptions):
            found.append(Offered(occasion, at, is_late=False))
    return found


def waiting_at(*, member_id: int, occasion_ids: Collection[int]) -> set[int]:
    """Return at which of these occasions a leave of the person waits for an answer."""
    ticks = LeaveOccasion.objects.filter(leave__member_id=member_id, leave__state=Leave.State.ASKED)
    return set(ticks.filter(occasion_id__in=occasion_ids).values_list("occasion_id", flat=True))


def overlapping(*, member_id: int, from_date: date, to_date: date) -> Leave | None:
    """Return a period of the person that is asked or approved and has a day in common with another."""
    states = (Leave.State.ASKED, Leave.State.APPROVED)
    held = Leave.objects.filter(member_id=member_id, state__in=states, from_date__lt=to_date, to_date__gt=from_date)
    return held.order_by("from_date").first()


def own_leaves(member_id: int) -> QuerySet[Leave]:
    """Return the leaves of a person, the newest first."""
    return leaves().filter(member_id=member_id).order_by("-asked_at", "-id")


def covers(from_date: date, to_date: date, occasion: Occasion) -> bool:
    """Whether a period ``[from_date, to_date)`` covers an occasion, loaded with its rule, as ``in_period`` says."""
    day = timezone.localdate(occasion.window_start_at or occasion.starts_at)
    is_media = occasion.rule.basis == Rule.Basis.MEDIA
    return from_date <= day < to_date and (not is_media or timezone.localdate(occasion.ends_at) < to_date)
