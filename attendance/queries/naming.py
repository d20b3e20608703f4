"""Whom an occasion expects where not everybody of its unit is expected: those named, those of some units below, and at
a further session those who missed the first. Nothing here writes."""

from collections.abc import Collection, Iterable
from typing import Any

from django.db.models import Exists, OuterRef, Q
from django.utils import timezone

from attendance.models import Named, Occasion, Record, RecordState, RosterEntry, TrainingUnit
from organizations.models import Membership, Node
from organizations.queries import valid_on

# Who stands so at an occasion is not waited for at a further session of it; who is still being judged there is.
NOT_AWAITED = (RecordState.ATTENDED, RecordState.MADE_UP, RecordState.EXCUSED, RecordState.EXEMPT)


def expecting(member_id: int) -> Q:
    """Return the condition of occasions that may expect a member: those for everybody, those that name them or their
    unit, and the further sessions of what they missed."""
    named = Q(is_named=False) | Q(Exists(Named.objects.filter(occasion_id=OuterRef("pk"), member_id=member_id)))
    units = Q(is_narrowed=False) | _in_units(member_id)
    return named & units & (Q(repeats=None) | _missed(OuterRef("repeats_id"), member_id))


def _in_units(member_id: int) -> Q:
    """The condition of occasions whose training is for the unit to which a member belongs today."""
    today = valid_on(timezone.localdate())
    belongs = Membership.objects.filter(today, member_id=member_id, node__path__startswith=OuterRef("node__path"))
    rows = TrainingUnit.objects.filter(training_id=OuterRef("training_id"))
    theirs = rows.filter(Exists(belongs))
    chosen = ~Exists(rows.filter(is_left_out=False)) | Exists(theirs.filter(is_left_out=False))
    return Q(chosen) & ~Q(Exists(theirs.filter(is_left_out=True)))


def for_line(line: Collection[str], *, training: str) -> Q:
    """Return the condition of rows whose ``training`` (a field's path) is for a unit, named by the paths of itself and
    of those above it, as far as the training's units say. Flatter than ``expecting``, for questions within others."""
    rows = TrainingUnit.objects.filter(training_id=OuterRef(training))
    theirs = rows.filter(node__path__in=line)
    chosen = ~Exists(rows.filter(is_left_out=False)) | Exists(theirs.filter(is_left_out=False))
    return Q(chosen) & ~Q(Exists(theirs.filter(is_left_out=True)))


def concerning(node: Node) -> Q:
    """Return the condition of trainings that are not only for units elsewhere: somebody of this one, of those below it,
    or of those above it is expected, or stands on a roster from before that was changed."""
    rows = TrainingUnit.objects.filter(training_id=OuterRef("pk"))
    here = Q(node__path__in=node.line_paths()) | Q(node__path__startswith=node.path)
    chosen = ~Exists(rows.filter(is_left_out=False)) | Exists(rows.filter(here, is_left_out=False))
    left_out = Exists(rows.filter(is_left_out=True, node__path__in=node.line_paths()))
    expected = Exists(
        RosterEntry.objects.filter(occasion__training_id=OuterRef("pk"), node__path__startswith=node.path)
    )
    return Q(is_narrowed=False) | Q(chosen) & ~Q(left_out) | Q(expected)


def units_of(training_id: int) -> list[tuple[str, bool]]:
    """Return the units a training names, as ``(path, is_left_out)``, in the order of the tree; one query."""
    rows = TrainingUnit.objects.filter(training_id=training_id).order_by("node__path")
    return list(rows.values_list("node__path", "is_left_out"))


def in_units(units: Iterable[tuple[str, bool]], *, at: str = "node__path") -> Q:
    """Return the condition of memberships in some units of ``(path, is_left_out)``; of all where none is named."""
    chosen, left_out = Q(), Q(pk__in=())
    for path, is_left_out in units:
        if is_left_out:
            left_out |= Q(**{f"{at}__startswith": path})
        else:
            chosen |= Q(**{f"{at}__startswith": path})
    return chosen & ~left_out


def is_within(units: Iterable[tuple[str, bool]], path: str) -> bool:
    """Whether somebody at a path belongs to some units, as ``in_units`` asks it of the database."""
    known = list(units)
    chosen = [one for one, is_left_out in known if not is_left_out]
    left_out = [one for one, is_left_out in known if is_left_out]
    return (not chosen or path.startswith(tuple(chosen))) and not path.startswith(tuple(left_out))


def leaves_nobody(units: Iterable[tuple[str, bool]], path: str) -> bool:
    """Whether some units, as ``units_of`` gives them, have nobody of the unit at a path and of those below it."""
    known = list(units)
    left_out = tuple(one for one, is_left_out in known if is_left_out)
    chosen = [one for one, is_left_out in known if not is_left_out and not one.startswith(left_out)]
    if path.startswith(left_out):
        return True
    named = any(not is_left_out for _one, is_left_out in known)
    return named and not any(one.startswith(path) or path.startswith(one) for one in chosen)


def within_units(occasion: Occasion) -> Q:
    """Return the condition of memberships in the units for which an occasion is. A query only where units are named."""
    return in_units(units_of(occasion.training_id)) if occasion.is_narrowed else Q()


def may_be_expected(occasion: Occasion, *, member_id: int) -> bool:
    """Whether an occasion expects everybody, or this member. A query only where it does not expect all."""
    if occasion.is_named and not Named.objects.filter(occasion_id=occasion.pk, member_id=member_id).exists():
        return False
    if occasion.repeats_id is None and not occasion.is_narrowed:
        return True
    return Occasion.objects.filter(expecting(member_id), pk=occasion.pk).exists()


def among_expected(occasion: Occasion) -> Q:
    """Return the condition of memberships of those expected; of everybody where all are."""
    return among_named(occasion) & within_units(occasion)


def among_named(occasion: Occasion) -> Q:
    """Return the condition of those expected by who they are (anything with ``member_id``), wherever they belong."""
    found = missing_at(occasion.repeats_id)
    if occasion.is_named:
        found &= Q(member_id__in=Named.objects.filter(occasion_id=occasion.pk).values("member_id"))
    return found


def missing_at(first_id: int | None) -> Q:
    """Return the condition of those (anything with ``member_id``) for whom a further session of an occasion is; of
    everybody where there is no such occasion."""
    return Q() if first_id is None else _missed(first_id, OuterRef("member_id"))


def _missed(first_id: Any, member_id: Any) -> Q:
    there = {"occasion_id": first_id, "member_id": member_id}
    # Opened long ago: nothing of it is only being prepared.
    expected = RosterEntry.prepared_too.filter(state=RosterEntry.State.EXPECTED, **there)
    return Q(Exists(expected)) & ~Q(Exists(Record.objects.filter(stands__in=NOT_AWAITED, **there)))
