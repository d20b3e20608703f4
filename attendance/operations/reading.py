"""Reading a text, as evidence: opened and read to its end, for as long as the server saw (ADR 66).

A text is a piece of media whose length is the least time in which it can be read. Who opens it begins a session; who
taps at its end has read for as long as it stood open, by the server's clock, and no minute counts for two texts.
"""

from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import Max, QuerySet

from attendance.core.intervals import ms_of
from attendance.models import WatchBudget, WatchSession
from attendance.operations.watch import report_watched
from attendance.operations.watch_start import start_watch
from attendance.queries import credited

DEVICE = "page"
LEAST_MS = 1000  # nobody reads in less, and it is no row of evidence
KEPT_FOR = timedelta(minutes=30)
"""A page that is opened again within this time goes on: a phone drops pages that stand in the background."""


def begin_reading(*, occasion_id: int, member_id: int, media: str, as_of: datetime) -> None:
    """Note that a text was opened; again within half an hour changes nothing, unless it is longer or shorter now.

    Raises UnableToStartWatch.
    """
    recent = _session(occasion_id, member_id, media).filter(last_at__gt=as_of - KEPT_FOR).order_by("-last_at", "-id")
    last = recent.values_list("media_ms", "occasion__media_items").first()
    if last is not None and last[0] == (last[1] or {}).get(media):
        return
    start_watch(occasion_id=occasion_id, member_id=member_id, device=DEVICE, media=media, as_of=as_of)


@transaction.atomic
def finish_reading(*, occasion_id: int, member_id: int, media: str, as_of: datetime) -> None:
    """Credit how long a text stood open since the last that was credited of it, or of another text in any course.

    Nothing where it was never opened. Raises UnableToReportWatched.
    """
    # Two ends that are tapped at the same moment come one after another: the second sees what the first was credited.
    list(WatchBudget.objects.select_for_update().filter(member_id=member_id))
    session = _session(occasion_id, member_id, media).order_by("-last_at", "-id").first()
    if session is None:
        return
    others = WatchSession.objects.filter(member_id=member_id, device=DEVICE, reports__gt=0)
    busy_until = others.filter(last_at__gt=session.last_at).aggregate(last=Max("last_at"))["last"] or session.last_at
    stayed = ms_of(as_of) - ms_of(busy_until)
    read = credited(occasion_id=occasion_id, member_id=member_id, media=media)
    begin = max((end for _start, end in read), default=0)
    if stayed < LEAST_MS or begin >= session.media_ms:
        return
    end = min(begin + stayed, session.media_ms)
    report_watched(
        session_id=session.pk, member_id=member_id, client_id=f"read-{session.pk}-{session.reports}",
        ranges_ms=[[begin, end]], rate=1.0, position_ms=end, as_of=as_of, occasion_id=occasion_id,
        of_reading=True,
    )  # fmt: skip


def _session(occasion_id: int, member_id: int, media: str) -> QuerySet[WatchSession]:
    return WatchSession.objects.filter(occasion_id=occasion_id, member_id=member_id, media=media, device=DEVICE)
