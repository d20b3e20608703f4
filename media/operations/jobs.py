"""Long work that survives its worker (trust.md, Jobs): the row is the truth, the broker a hint.

A worker claims by conditional update, renews its lease while it works, writes to a private folder, and publishes by one
conditional update. Whoever lost the lease meanwhile publishes nothing.
"""

import contextlib
import secrets
import time
from dataclasses import asdict, dataclass, field
from datetime import datetime, timedelta
from itertools import islice
from pathlib import Path
from uuid import UUID

import structlog
from django.conf import settings
from django.db import DatabaseError, transaction
from django.db.models import F, Q

from media import events, leftovers, storage, transcoder
from media.core.ladder import Phase
from media.ffmpeg import UnableToConfine, UnableToTranscode, is_enclosed
from media.models import Job, Video
from media.operations import clips
from media.operations.uploads import drop_expired_uploads, finish_complete_uploads
from media.operations.videos import hint, queue
from media.queries import due_jobs

log = structlog.get_logger(__name__)
# A silent worker is noticed after the lease, at the next reconciliation (every 60 s): within 120 s in all.
LEASE = timedelta(seconds=40)
RENEW_EVERY_S = 8.0
SHOW_EVERY_S = 2.0
MAX_ATTEMPTS = 4
HINTS_AT_ONCE = 20
LEFTOVER_AFTER = timedelta(hours=24)
FOLDERS_AT_ONCE = 200
SAME_LENGTH_MS = 500
# What may well be for ever takes an attempt; what is said at the last.
COUNTED = {"refused": "store_refused", "late": "store_late"}


class LeaseLost(Exception):
    """Another worker has taken the job, or it was ended: stop, publish nothing."""


@dataclass
class Lease:
    """A claimed job. Time goes on from ``as_of`` by the monotonic clock, so a stepping wall clock does no harm.

    ``folder``: what the phase before has published, empty at the first.
    """

    job_id: int
    video_id: UUID
    source_path: str
    token: str
    as_of: datetime
    attempt: int
    phase: Phase = Phase.FIRST
    folder: str = ""
    started: float = field(default_factory=time.monotonic)
    renewed: float = field(default_factory=time.monotonic)
    shown: float = 0.0
    percent: int = 0

    def mine(self) -> Q:
        return Q(pk=self.job_id, token=self.token, state=Job.State.RUNNING)

    def tick(self, percent: int) -> None:
        """Renew the lease and show the progress, each only so often. Raises LeaseLost."""
        now = time.monotonic()
        try:
            if now - self.renewed >= RENEW_EVERY_S:
                self.renew(now)
            if percent > self.percent and now - self.shown >= SHOW_EVERY_S:
                self.shown, self.percent = now, percent
                Job.objects.filter(self.mine()).update(progress=percent)
                Video.objects.filter(pk=self.video_id, state=Video.State.RUNNING).update(progress=percent)
        except DatabaseError as error:
            # The database may be away for a moment; the conditional update at the end decides.
            log.warning("lease_not_renewed", job_id=self.job_id, error=type(error).__name__)

    def beat(self) -> None:
        """Renew the lease where nothing is measured. Raises LeaseLost."""
        self.tick(0)

    def renew(self, now: float) -> None:
        until = self.as_of + timedelta(seconds=now - self.started) + LEASE
        if Job.objects.filter(self.mine()).update(lease_until_at=until) != 1:
            raise LeaseLost
        self.renewed = now


def transcode(*, job_id: int, as_of: datetime) -> bool:
    """Claim the job and do it; False if it is not to be had. Safe to call any number of times, anywhere.

    What is wrong with the file ends in the video's ``error_code``; other faults leave the job to the reconciler. Where
    ffmpeg must run in bubblewrap and cannot, the job waits as it is.
    """
    try:
        is_enclosed()
    except UnableToConfine as error:
        log.error("transcode_waits_for_sandbox", job_id=job_id, reason=str(error))
        return False
    lease = claim(job_id=job_id, as_of=as_of)
    if lease is None:
        return False
    logger = log.bind(job_id=job_id, video_id=str(lease.video_id), attempt=lease.attempt)
    work, goes_on = storage.make_work_folder(lease.token), True
    try:
        storage.require_space()
        made = _make(lease, work)
        publish(lease, made, storage.place(work, video_id=lease.video_id, token=lease.token, on_beat=lease.beat))
        logger.info("transcoded", seconds=round(time.monotonic() - lease.started, 1))
    except UnableToTranscode as error:
        logger.info("transcode_failed", code=error.code, detail=error.detail[-400:])
        give_up(lease, error.code)
    except storage.UnableToStore:
        give_up(lease, "no_space")
    except storage.UnableToReach as error:
        logger.warning("transcode_waits_for_storage", reason=str(error))
        goes_on = False  # a hint would begin the same at once; the reconciler's comes within a minute
        put_off(lease, error.code)
    except LeaseLost:
        logger.warning("lease_lost")
    finally:
        storage.drop(work)
        if goes_on:
            hint_next(as_of=as_of)
    return True


def _make(lease: Lease, work: Path) -> transcoder.Outcome:
    """Whatever lies elsewhere is brought here first and dropped afterwards; the lease is renewed meanwhile."""
    with (
        storage.at_hand(lease.source_path, on_beat=lease.beat) as source,
        storage.at_hand(lease.folder, on_beat=lease.beat) as earlier,
    ):
        return clips.make(
            video_id=lease.video_id,
            source=source,
            work=work,
            phase=lease.phase,
            earlier=earlier if lease.folder else None,
            on_tick=lease.tick,
        )


def put_off(lease: Lease, why: str) -> None:
    """The bucket is away, which is no fault of the film's: the job waits, as if nobody had begun it unless counted.

    ``why``: the code of storage.UnableToReach.
    """
    is_counted = why in COUNTED
    if is_counted and lease.attempt >= MAX_ATTEMPTS:
        give_up(lease, COUNTED[why])
        return
    attempt = lease.attempt if is_counted else lease.attempt - 1
    waits = {"state": Job.State.QUEUED, "token": "", "lease_until_at": None, "attempt": attempt}
    if Job.objects.filter(lease.mine()).update(**waits) == 1:
        Video.objects.filter(pk=lease.video_id, state=Video.State.RUNNING).update(state=Video.State.QUEUED, progress=0)


def hint_next(*, as_of: datetime) -> None:
    """Wake a worker for the most urgent job, of these the one that has waited longest."""
    for job_id in due_jobs(as_of=as_of).filter(state=Job.State.QUEUED).values_list("pk", flat=True)[:1]:
        hint(job_id)


def is_busy(*, phase: Phase, as_of: datetime) -> bool:
    """Whether as many jobs run as may; the others wait, so that short tasks find a worker.

    First rungs wait for first rungs and ladders for ladders: an hour of a largest rung holds nobody up. What is made
    last runs one at a time, and is begun only when nothing else is due.
    """
    limit = settings.MEDIA_JOBS_AT_ONCE
    running = Job.objects.filter(state=Job.State.RUNNING, lease_until_at__gte=as_of)
    if phase is Phase.LARGE:
        return running.filter(phase=phase).exists() or due_jobs(as_of=as_of).filter(phase__lt=phase).exists()
    return bool(limit) and running.filter(phase=phase).count() >= limit


@transaction.atomic
def claim(*, job_id: int, as_of: datetime) -> Lease | None:
    """Take a job that is queued or whose lease has run out; None if it is not to be had (any more)."""
    phase = Job.objects.filter(pk=job_id).values_list("phase", flat=True).first()
    if phase is None or is_busy(
        phase=Phase(phase), as_of=as_of
    ):  # counted and not locked: two claims at once may run one job more, which costs time alone
        return None
    # The condition is the lock: of two workers with the same hint one changes the row. The token is this attempt's own;
    # without it nobody publishes or gives up, however late they come.
    token = secrets.token_hex(16)
    taken = (
        due_jobs(as_of=as_of)
        .filter(pk=job_id, attempt__lt=MAX_ATTEMPTS)
        .order_by()
        .update(
            state=Job.State.RUNNING,
            token=token,
            attempt=F("attempt") + 1,
            lease_until_at=as_of + LEASE,
            started_at=as_of,
            progress=0,
        )
    )
    if taken != 1:
        return None
    job = Job.objects.select_related("video").get(pk=job_id)
    video = job.video
    if job.phase == Phase.FIRST:
        Video.objects.filter(pk=video.pk).update(state=Video.State.RUNNING, progress=0, error_code="")
    folder = video.folder if job.phase > Phase.FIRST else ""
    return Lease(job_id, video.pk, video.source_path, token, as_of, job.attempt, Phase(job.phase), folder)


def publish(lease: Lease, made: transcoder.Outcome, folder: str) -> None:
    """Make the placed folder the video's, if the lease is still ours; else drop it and raise LeaseLost.

    What follows is queued in the same transaction, so that a worker killed in between loses nothing. The folder of the
    phase before stays a day, for those who are watching (``drop_unnamed``); its files are the same ones.
    """
    with transaction.atomic():
        # Won and named in one transaction: an attempt whose lease ran out meanwhile finds another's token here.
        won = Job.objects.filter(lease.mine()).update(state=Job.State.DONE, lease_until_at=None) == 1
        if won:
            Video.objects.filter(pk=lease.video_id).update(
                state=Video.State.READY,
                progress=100,
                error_code="",
                folder=folder,
                duration_ms=_length(lease, made.duration_ms),
                width=made.width,
                height=made.height,
                renditions=made.renditions,
                storyboard=asdict(made.storyboard) if made.storyboard else None,
                fault_count=0,
                fault_at=None,
            )
            if made.following is not None:
                queue(lease.video_id, made.following)
            clips.take_captions(video_id=lease.video_id, as_of=lease.as_of)
            events.announce_ready(lease.video_id)
    if not won:
        storage.drop(storage.absolute(folder))
        raise LeaseLost
    for other in leftovers.attempts(lease.video_id) if lease.phase is Phase.FIRST else ():
        if other.name != lease.token:
            storage.drop(other)


def _length(lease: Lease, measured_ms: int) -> int:
    """Return the length (ms) under which a film is published: it stays what it was while phases differ by a hair.

    It counts in every course that shows the film.
    """
    known_ms = Video.objects.values_list("duration_ms", flat=True).get(pk=lease.video_id)
    if lease.phase is Phase.FIRST or known_ms is None or abs(known_ms - measured_ms) > SAME_LENGTH_MS:
        return measured_ms
    return known_ms


@transaction.atomic
def give_up(lease: Lease, code: str) -> None:
    """Fail the job with a reason that people read; the source stays, so that it can be tried again."""
    _end(lease.mine(), video_id=lease.video_id, phase=lease.phase, code=code)


def _end(held: Q, *, video_id: UUID, phase: Phase, code: str) -> None:
    """A film that can be played stays so unless it is found to be damaged: a full disk, a dead worker or a bucket is no
    fault of its. That its largest rung is missing nobody has to mend.
    """
    if Job.objects.filter(held).update(state=Job.State.FAILED, lease_until_at=None) != 1 or phase is Phase.LARGE:
        return
    stays = phase is not Phase.FIRST and code in {*transcoder.FINAL, *COUNTED.values(), "worker_lost"}
    state = Video.State.READY if stays else Video.State.FAILED
    Video.objects.filter(pk=video_id).update(state=state, error_code=code)
    if state == Video.State.FAILED:
        events.announce_failed(video_id)


def reconcile_jobs(*, as_of: datetime) -> int:
    """Hand lost and waiting jobs to the workers again, and clear what nobody needs. Returns the number of hints.

    Run every 60 s. Hints are few at a time: each is cheap, and the next minute brings the next ones.
    """
    lost = due_jobs(as_of=as_of).filter(state=Job.State.RUNNING)
    for job in lost.filter(attempt__gte=MAX_ATTEMPTS):
        with transaction.atomic():
            # By its token: a worker that only hung may have finished since the list was read.
            held = Q(pk=job.pk, token=job.token, state=Job.State.RUNNING)
            _end(held, video_id=job.video_id, phase=Phase(job.phase), code="worker_lost")
    for job_id in lost.values_list("pk", flat=True):
        log.warning("job_lost_its_worker", job_id=job_id)
    waiting = list(due_jobs(as_of=as_of).values_list("pk", flat=True)[:HINTS_AT_ONCE])
    for job_id in waiting:
        hint(job_id)
    finish_complete_uploads()
    drop_expired_uploads(as_of=as_of)
    drop_leftovers(as_of=as_of)
    return len(waiting)


def drop_leftovers(*, as_of: datetime) -> None:
    """Remove work folders of dead attempts, a day after they were last written."""
    before = (as_of - LEFTOVER_AFTER).timestamp()
    working = set(Job.objects.filter(state=Job.State.RUNNING).values_list("token", flat=True))
    for folder in leftovers.work_folders():
        if folder.name not in working and folder.stat().st_mtime < before:
            storage.drop(folder)


def drop_sources(*, as_of: datetime) -> int:
    """Remove sources that no video names, a day after they were last written; returns how many.

    A source is kept as long as its video, so that there are as many as there ever were: not for every minute.
    """
    before = (as_of - LEFTOVER_AFTER).timestamp()
    old = leftovers.sources_before(before)
    dropped = 0
    while paths := list(islice(old, FOLDERS_AT_ONCE)):
        named = set(Video.objects.filter(source_path__in=paths).values_list("source_path", flat=True))
        for path in paths:
            if path not in named:
                storage.drop(storage.absolute(path))
                dropped += 1
    return dropped


def drop_unnamed(*, as_of: datetime) -> int:
    """Remove what lies under ``videos/`` and no row names, a day after it was placed last; returns how many folders.

    A transaction was rolled back, or a worker died while it copied. Safe to run twice, and beside whoever places.
    """
    before = (as_of - LEFTOVER_AFTER).timestamp()
    found = leftovers.placed_before(before)
    dropped = 0
    while some := list(islice(found, FOLDERS_AT_ONCE)):
        folders = {leftovers.named_path(folder) for _video_id, folder in some}
        named = set(Video.objects.filter(folder__in=folders).values_list("folder", flat=True))
        for _video_id, folder in some:
            if leftovers.named_path(folder) not in named:
                dropped += _drop_unnamed(folder, before)
            elif folder.name.startswith(leftovers.ASIDE):
                leftovers.put_back(folder)  # a sweep was killed after it had set aside what got its name just then
    return dropped


def _drop_unnamed(folder: Path, before: float) -> int:
    aside = leftovers.set_aside(folder, before=before)
    if aside is None:
        return 0
    # Whoever placed it again touched it before its row was written: now it can only be named already, or never.
    if Video.objects.filter(folder=leftovers.named_path(aside)).exists():
        leftovers.put_back(aside)
        return 0
    log.warning("unnamed_folder_dropped", folder=leftovers.named_path(aside))
    storage.drop(aside)
    with contextlib.suppress(OSError):
        aside.parent.rmdir()
    return 1
