"""Long absences and exemptions: whom somebody may exempt, and what an exemption does to rosters. Nothing here writes.

An exemption covers a lecture whose roster day lies in it, as at its opening. One that begins later also covers what had
opened before and could only have been done while it lasts (a course, a make-up). What is over stays as it was judged,
and so does what the person has done.
"""

from collections import defaultdict
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime

from django.db.models import Exists, OuterRef, Q, QuerySet
from django.utils import timezone

from attendance.models import Occasion, Record, RecordState, RosterEntry, Training
from attendance.queries.naming import expecting
from attendance.standing import due_at
from organizations.models import Exemption, Membership, Role, User
from organizations.permissions import visible_nodes
from organizations.queries import grants_of, valid_on

FROM_ROSTER = "roster"
HELD = (RecordState.ATTENDED, RecordState.MADE_UP, RecordState.EXCUSED)
BEGUN = (Occasion.State.OPEN, Occasion.State.CLOSED, Occasion.State.SETTLED)
KEEPERS = (Role.SECRETARY, Role.OPERATOR)
MOST_SHOWN = 200


@dataclass(frozen=True, slots=True)
class Period:
    """One exemption as far as rosters are concerned: ``[from_date, to_date)``, open without an end."""

    from_date: date
    to_date: date | None = None

    def covers(self, day: date) -> bool:
        return self.from_date <= day and (self.to_date is None or day < self.to_date)


@dataclass(frozen=True, slots=True)
class Effect:
    """What becomes of a person at one occasion: ``state`` is the roster entry's, ``is_ahead``: it has not opened."""

    occasion: Occasion
    state: str
    is_ahead: bool = False


def covered(periods: Iterable[Period], occasion: Occasion) -> bool:
    """Whether these periods exempt somebody from an occasion that has opened."""
    opened = timezone.localdate(occasion.window_start_at or occasion.starts_at)
    last = timezone.localdate(due_at(occasion))
    return any(one.covers(opened) or (opened < one.from_date <= last and one.covers(last)) for one in periods)


def changes(*, periods_of: dict[int, list[Period]], as_of: datetime) -> list[tuple[RosterEntry, str]]:
    """Return the roster entries of these people that would stand otherwise under these periods, each with its state.

    Only what is not over: what is open, and what can still be made up. One query.
    """
    done = Record.objects.filter(occasion=OuterRef("occasion"), member=OuterRef("member"), stands__in=HELD)
    rows = RosterEntry.objects.filter(member_id__in=periods_of, occasion__state__in=BEGUN)
    rows = rows.filter(Q(occasion__state=Occasion.State.OPEN) | Q(occasion__make_up_until_at__gt=as_of))
    rows = rows.exclude(occasion__training__state=Training.State.CLOSED)
    ours = Q(state=RosterEntry.State.EXEMPT, why=FROM_ROSTER)
    expected = Q(state=RosterEntry.State.EXPECTED) & ~Exists(done)
    found = []
    for entry in rows.filter(ours | expected).select_related("occasion__rule", "occasion__training"):
        is_exempt = covered(periods_of[entry.member_id], entry.occasion)
        wanted = RosterEntry.State.EXEMPT if is_exempt else RosterEntry.State.EXPECTED
        if wanted != entry.state:
            found.append((entry, str(wanted)))
    return found


def periods_held(member_ids: Collection[int]) -> dict[int, list[Period]]:
    """Return the exemptions of these people as periods, those without any among them; one query."""
    found: defaultdict[int, list[Period]] = defaultdict(list)
    for row in Exemption.objects.filter(member_id__in=member_ids):
        found[row.member_id].append(Period(row.active_from_date, row.active_to_date))
    return {member_id: found[member_id] for member_id in member_ids}


def periods_beside(exemption: Exemption) -> list[Period]:
    """Return the other exemptions of the same person as periods; one query."""
    others = Exemption.objects.filter(member_id=exemption.member_id).exclude(pk=exemption.pk)
    return [Period(row.active_from_date, row.active_to_date) for row in others]


def effects_of(*, member_id: int, periods: Sequence[Period], as_of: datetime) -> list[Effect]:
    """Return what would become of a person if these were their exemptions, the first occasion first; four queries."""
    opened = [
        Effect(entry.occasion, state) for entry, state in changes(periods_of={member_id: list(periods)}, as_of=as_of)
    ]
    opened.sort(key=lambda one: (one.occasion.starts_at, one.occasion.pk))
    return opened + _ahead(member_id, periods, as_of)


def _ahead(member_id: int, periods: Sequence[Period], as_of: datetime) -> list[Effect]:
    now = periods_held([member_id])[member_id]
    memberships = list(Membership.objects.filter(member_id=member_id).select_related("node"))
    lines = {path for one in memberships for path in one.node.line_paths()}
    planned = Occasion.objects.filter(
        expecting(member_id), state=Occasion.State.SCHEDULED, ends_at__gt=as_of, node__path__in=lines,
    ).exclude(training__state=Training.State.DRAFT)  # fmt: skip
    found = []
    for occasion in planned.select_related("training", "rule").order_by("starts_at", "id")[:MOST_SHOWN]:
        day = timezone.localdate(occasion.starts_at)
        was, will = (any(one.covers(day) for one in some) for some in (now, periods))
        if was != will:
            state = RosterEntry.State.EXEMPT if will else RosterEntry.State.EXPECTED
            found.append(Effect(occasion, str(state), is_ahead=True))
    return found


def all_exemptions() -> QuerySet[Exemption]:
    """Return every exemption with its person; who may see which is asked by the view."""
    return Exemption.objects.select_related("member")


def exemptions_held_by(member_id: int) -> QuerySet[Exemption]:
    """Return one person's exemptions, those over among them; the latest first."""
    return all_exemptions().filter(member_id=member_id).order_by("-active_from_date", "-pk")


def exemptions_below(user: User, *, on_date: date) -> QuerySet[Exemption]:
    """Return the exemptions that hold or begin later, of people who belong where ``user`` keeps them; by name."""
    nodes = visible_nodes(user, *KEEPERS).order_by()
    here = Membership.objects.filter(valid_on(on_date), member_id=OuterRef("member_id"), node__in=nodes)
    found = Exemption.objects.filter(Exists(here)).filter(Q(active_to_date=None) | Q(active_to_date__gt=on_date))
    return found.select_related("member").order_by("member__name_key", "member_id", "active_from_date")


def may_exempt(user: User, *, member_id: int, on_date: date) -> bool:
    """Whether ``user`` is secretary or operator where the person belongs, or above; never of oneself."""
    if user.pk == member_id:
        return False
    paths = tuple(grant.path for grant in grants_of(user=user) if grant.role in KEEPERS)
    places = Membership.objects.filter(valid_on(on_date), member_id=member_id).values_list("node__path", flat=True)
    return bool(paths) and any(path.startswith(paths) for path in places)
