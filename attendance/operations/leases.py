"""Leases: one a web process, from its start to its end, refreshed every 5 s.

While one is refreshed, the presences that hang on it are watched and the site is there; where there is none, the site
was away. When a worker dies, whoever notices closes its rows at the lease's last beat.
"""

from collections.abc import Mapping
from datetime import datetime, timedelta

import structlog
from django.db import InterfaceError, OperationalError, transaction
from django.db.models import DateTimeField, F, Max, Value
from django.db.models.functions import Least

from attendance.core.freshness import BEATS_MISSED, WORKER_BEATS_EVERY, is_fresh, silent_before
from attendance.models import Occasion, PresenceSpan, Rule, WorkerLease
from attendance.operations.absence import record_absence
from attendance.operations.marks import mark_pairs
from attendance.operations.occasions import mark_not_held

log = structlog.get_logger(__name__)

MAX_QUIET = 1000  # a worker whose network is gone lists no more than this at a beat
LONGEST = timedelta(days=1)  # no lecture lasts longer, its late start included


def start_lease(*, name: str, as_of: datetime) -> int:
    """Begin a worker's lease and return its id; a worker that starts again takes a new one.

    Where none was alive just before, the site was away: occasions that closed lately take that into account.
    """
    lease_id = WorkerLease.objects.create(name=name[:80], started_at=as_of, beat_at=as_of).pk
    last = _last_alive(lease_id)
    if last is not None and not is_fresh(last, every=WORKER_BEATS_EVERY, as_of=as_of):
        _look_again(last, as_of)
    return lease_id


def beat_lease(
    *,
    lease_id: int,
    as_of: datetime,
    quiet: Mapping[int, datetime] | None = None,
    measured: timedelta | None = None,
) -> bool:
    """Refresh a lease, every 5 s; False when it was taken for dead (its rows are closed, open new ones).

    ``quiet`` names open presences that answer no more, with when each was last heard. Should the worker die before it
    closes them, they end there and not at this beat. A clock that stepped back never takes a beat back; one that
    stepped forward never takes it further than ``measured``, the time since the last beat by a clock that cannot be
    set, and the 15 s after which everybody takes the worker for dead.
    """
    heard = {str(key): moment.isoformat() for key, moment in list((quiet or {}).items())[:MAX_QUIET]}
    alive = WorkerLease.objects.filter(pk=lease_id, ended_at=None)
    if measured is not None:
        last = alive.values_list("beat_at", flat=True).first()
        most = BEATS_MISSED * WORKER_BEATS_EVERY
        as_of = min(as_of, last + measured + most) if last else as_of
    if alive.filter(beat_at__lte=as_of).update(beat_at=as_of, quiet=heard):
        return True
    return alive.exists()


def end_lease(*, lease_id: int, as_of: datetime) -> None:
    """End the lease of a worker that stops in good order; rows it left open end now."""
    with transaction.atomic():
        WorkerLease.objects.filter(pk=lease_id, ended_at=None, beat_at__lte=as_of).update(beat_at=as_of)
        _close_lease(lease_id, as_of)


def reap_leases(*, as_of: datetime) -> int:
    """End the leases that missed three beats and close their open rows at the last beat; returns how many died."""
    dead = WorkerLease.objects.filter(ended_at=None, beat_at__lte=silent_before(every=WORKER_BEATS_EVERY, as_of=as_of))
    count, since = 0, as_of
    for lease_id, beat_at in list(dead.values_list("pk", "beat_at")):
        with transaction.atomic():
            count += _close_lease(lease_id, as_of)
        since = min(since, beat_at)
    if count:
        _look_again(since, as_of)
    return count


def _look_again(since: datetime, until: datetime) -> None:
    """The site may have been away in between: occasions that closed lately and reach into that are settled anew.

    Occasions that are open take it into account when they end. Here only the state is written; ``reconcile`` settles.
    Whatever goes wrong with one must not keep a worker from its lease.
    """
    touched = Occasion.objects.filter(
        state__in=[Occasion.State.CLOSED, Occasion.State.SETTLED],
        rule__basis=Rule.Basis.WINDOW,
        starts_at__gt=since - LONGEST,
        starts_at__lt=until,
        window_start_at__lt=until,
        window_end_at__gt=since,
    )
    for occasion_id in list(touched.values_list("pk", flat=True)):
        try:
            with transaction.atomic():
                is_changed = record_absence(occasion_id=occasion_id, as_of=until)
                if is_changed and not mark_not_held(occasion_id=occasion_id, as_of=until):
                    again = Occasion.objects.filter(pk=occasion_id, state=Occasion.State.SETTLED)
                    again.update(state=Occasion.State.CLOSED, settled_at=None)
        except (OperationalError, InterfaceError):
            raise
        except Exception:
            log.exception("absence_not_recorded", occasion_id=occasion_id)


def _last_alive(before: int) -> datetime | None:
    """Return until when other leases than ``before`` show that the site was there; None where it never was."""
    others = WorkerLease.objects.exclude(pk=before)
    beating = others.filter(ended_at=None).aggregate(last=Max("beat_at"))["last"]
    ended = others.filter(ended_at__isnull=False).order_by("-ended_at").values_list("ended_at", flat=True).first()
    return max((moment for moment in (beating, ended) if moment), default=None)


def _close_lease(lease_id: int, as_of: datetime) -> int:
    """Claim a lease's end, close what it kept open, mark whom that changes; 0 if another was quicker."""
    # A beat of a clock that ran ahead must not end anything in the future.
    ended = Least(F("beat_at"), Value(as_of), output_field=DateTimeField())
    if not WorkerLease.objects.filter(pk=lease_id, ended_at=None).update(ended_at=ended):
        return 0
    lease = WorkerLease.objects.get(pk=lease_id)
    lost_at = lease.ended_at or as_of
    opened = PresenceSpan.objects.filter(lease_id=lease_id, ended_at=None)
    # Locked by id, as by those who close a batch of these at the same moment (a worker that only hung).
    held = list(opened.select_for_update().order_by("pk").values_list("occasion_id", "member_id"))
    quiet = {int(key): datetime.fromisoformat(moment) for key, moment in lease.quiet.items()}
    for key, heard_at in quiet.items():
        opened.filter(pk=key, started_at__lte=heard_at).update(ended_at=heard_at, end_reason=PresenceSpan.End.SILENT)
    # Who joined after the last beat was seen to join and no more.
    opened.filter(started_at__gt=lost_at).update(ended_at=F("started_at"), end_reason=PresenceSpan.End.WORKER_LOST)
    opened.update(ended_at=lost_at, end_reason=PresenceSpan.End.WORKER_LOST)
    if held:
        log.warning("lease_ended_with_open_presences", lease_id=lease_id, closed=len(held))
    mark_pairs(pairs=held, as_of=lost_at)
    return 1
