"""When a part that beats is taken for dead: one rule for web processes, media agents, worker and beat."""

from datetime import datetime, timedelta

BEATS_MISSED = 3
WORKER_BEATS_EVERY = timedelta(seconds=5)
"""How often a web process refreshes its lease (``WorkerLease``)."""


def silent_before(*, every: timedelta, as_of: datetime) -> datetime:
    """Whoever was last heard before this moment, and beats ``every`` so often, is taken for dead."""
    return as_of - BEATS_MISSED * every


def is_fresh(beat_at: datetime | None, *, every: timedelta, as_of: datetime) -> bool:
    """Whether a part has been heard lately: it missed no more than two beats. None was never heard."""
    return beat_at is not None and beat_at > silent_before(every=every, as_of=as_of)
