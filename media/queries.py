"""Questions about videos and uploads. Nothing here writes."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from django.conf import settings
from django.contrib.auth.models import AnonymousUser
from django.core.cache import cache
from django.db.models import F, Q, QuerySet, Sum
from django.utils.module_loading import import_string

from media.core.captions import Cue, shifted, write_vtt
from media.core.chapters import Chapter
from media.core.ladder import Phase
from media.core.outlook import seconds_left
from media.core.playlists import POSTER, STORYBOARD
from media.models import Captions, Job, Upload, Video, VideoFault
from media.signing import signed_url
from organizations import belonging
from organizations.models import Node, Role, User
from organizations.permissions import has_role, visible_nodes

UPLOADERS = (Role.ORGANISER, Role.LECTURER, Role.OPERATOR)
MASTER = "master.m3u8"
AUDIO = "audio"
MAX_MEDIA_MS = 24 * 3_600_000
CAPTIONS_REMEMBERED_S = 600
# Whoever waits behind more than these is told of so many.
QUEUE_COUNTED = 500


@dataclass(frozen=True)
class Playback:
    """Signed addresses of one ready video for one viewer. Empty texts: no audio-only rung, poster or captions.

    ``storyboard``: ``url`` and what media.core.storyboard.Storyboard says; None: there is none.
    """

    hls_url: str
    audio_url: str
    poster_url: str
    duration_ms: int
    captions_url: str = ""
    chapters: tuple[Chapter, ...] = ()
    storyboard: dict[str, Any] | None = None

    def addresses(self) -> dict[str, str]:
        """Return what an open player fetches anew when its addresses have expired."""
        names = ("hls_url", "audio_url", "poster_url", "captions_url")
        return {name: getattr(self, name) for name in names}


class UnableToPlay(Exception):
    """The video is not ready."""


def playback(*, video: Video, viewer_id: int, as_of: datetime) -> Playback:
    """Return what a player needs. Raises UnableToPlay unless the video is ready."""
    if video.state != Video.State.READY or not video.folder:
        raise UnableToPlay(str(video.pk))
    folder = video.folder.rsplit("/", 1)[-1]

    def signed(path: str) -> str:
        return signed_url(root="videos", object_id=str(video.pk), viewer_id=viewer_id, path=path, as_of=as_of)

    def url(name: str) -> str:
        return signed(f"{folder}/{name}")

    audio = next((rung["file"] for rung in video.renditions if rung["kind"] == "audio"), "")
    return Playback(
        hls_url=url(MASTER),
        audio_url=url(audio) if audio else "",
        poster_url=url(POSTER) if video.width else "",
        duration_ms=video.duration_ms or 0,
        captions_url=signed(captions_name(video.captions_digest)) if video.captions_digest else "",
        chapters=chapters_of(video),
        storyboard=video.storyboard and {**video.storyboard, "url": url(STORYBOARD)},
    )


def chapters_of(video: Video) -> tuple[Chapter, ...]:
    """Return the chapters that the author of a video has written, within its length."""
    length = MAX_MEDIA_MS if video.duration_ms is None else video.duration_ms
    return tuple(Chapter(start, title) for start, title in video.chapters if start < length)


def captions_name(digest: str) -> str:
    """The name under which the captions of a video are served; other captions have another one."""
    return f"captions-{digest}.vtt"


def captions_of(video_id: UUID) -> Captions | None:
    """The captions of a video with who changed them last; None where there are none."""
    return Captions.objects.select_related("changed_by").filter(video_id=video_id).first()


def shown_cues(captions: Captions, *, duration_ms: int | None) -> list[Cue]:
    """Return the cues of captions when they are shown, within the video."""
    cues = [Cue(start, end, text) for start, end, text in captions.cues]
    return shifted(cues, by_ms=captions.shift_ms, within_ms=MAX_MEDIA_MS if duration_ms is None else duration_ms)


def captions_file(*, video_id: str, name: str) -> str | None:
    """Return the WebVTT file of that name of a video; None where it has none of that name (any more)."""
    digest = Video.objects.filter(pk=video_id).values_list("captions_digest", flat=True).first()
    if not digest or name != captions_name(digest):
        return None
    # Thousands of cues are written once for a hall, not for each of its viewers.
    kept = f"captions-{video_id}-{digest}"
    text: str | None = cache.get(kept)
    if text is None:
        # Of that digest yet: they may be replaced at this moment.
        shown = Captions.objects.filter(video_id=video_id, video__captions_digest=digest)
        found = shown.select_related("video").first()
        if found is None:
            return None
        text = write_vtt(shown_cues(found, duration_ms=found.video.duration_ms))
        cache.set(kept, text, CAPTIONS_REMEMBERED_S)
    return text


def managed_by(user: User | AnonymousUser) -> QuerySet[Video]:
    """The videos somebody may manage, newest first.

    One of a unit is its organisers' and those above, and its uploader's while they have work there; one of no unit its
    uploader's and their organisers'; one of nobody the operator's of the whole tree. The operator keeps what is below
    their units in order: titles and states.
    """
    if not isinstance(user, User) or not user.is_active:
        return Video.objects.none()
    found = _ours(user)
    if has_role(user, Role.OPERATOR):
        nodes = visible_nodes(user, Role.OPERATOR).order_by()
        found |= belonging.below(nodes, owner="created_by", node="node")
    return _in_library().filter(found)


def videos_for(user: User | AnonymousUser) -> QuerySet[Video]:
    """Of those that somebody may manage, the ones that may be put to a new use."""
    videos = managed_by(user).filter(replaced_at=None)
    for path in settings.VIDEOS_WITHHELD:
        videos = videos.exclude(import_string(path)())
    return videos


def previewable_for(user: User | AnonymousUser) -> QuerySet[Video]:
    """As ``managed_by``, but what an operator keeps in order they do not watch unless it is theirs."""
    if not isinstance(user, User) or not user.is_active:
        return Video.objects.none()
    return _in_library().filter(_ours(user))


def home_of(user: User) -> Node | None:
    """The unit to which what this person uploads belongs; None: it is theirs."""
    return belonging.home_of(user, roles=UPLOADERS)


def _ours(user: User) -> Q:
    """What is somebody's by their own work, or by organising; what is nobody's, for the operator of the whole tree."""
    return belonging.theirs(user, owner="created_by", node="node", roles=UPLOADERS)


def _in_library() -> QuerySet[Video]:
    """All but what other apps keep to themselves (``settings.VIDEOS_APART``), newest first."""
    videos = _newest_first()
    for path in settings.VIDEOS_APART:
        videos = videos.exclude(import_string(path)())
    return videos


def _newest_first() -> QuerySet[Video]:
    return Video.objects.select_related("created_by", "node").order_by("-created_at", "-pk")


def without_storyboard() -> list[UUID]:
    """The films that can be played and have no small pictures, newest first; what was cut out of another has none."""
    films = Video.objects.filter(state=Video.State.READY, storyboard__isnull=True, clip=None, replaced_at=None)
    return list(films.exclude(width=None).order_by("-created_at").values_list("pk", flat=True))


def uploads_of(*, owner_id: int) -> QuerySet[Upload]:
    """Somebody's uploads, whether finished or not."""
    return Upload.objects.filter(owner_id=owner_id)


def unfinished_uploads(*, owner_id: int) -> QuerySet[Upload]:
    return Upload.objects.filter(owner_id=owner_id, video=None)


def promised_bytes(*, as_of: datetime) -> int:
    """What the unfinished uploads of everybody may still send."""
    waiting = Upload.objects.filter(video=None, expires_at__gt=as_of)
    return int(waiting.aggregate(left=Sum(F("length") - F("offset")))["left"] or 0)


def sent_lately(*, owner_id: int, as_of: datetime) -> QuerySet[Upload]:
    """What somebody has uploaded to its end within the last days; for a page that warns of sending it twice."""
    sent = Upload.objects.filter(owner_id=owner_id, expires_at__gt=as_of).exclude(video=None)
    return sent.select_related("video").order_by("-created_at")


def complete_uploads() -> QuerySet[Upload]:
    """All bytes are here, but no video was made of them yet."""
    return Upload.objects.filter(video=None, offset=F("length")).order_by("created_at")


def due_jobs(*, as_of: datetime) -> QuerySet[Job]:
    """Jobs that wait for a worker, or whose worker has gone silent; by phase, then the oldest first."""
    lost = Q(state=Job.State.RUNNING, lease_until_at__lt=as_of)
    return Job.objects.filter(Q(state=Job.State.QUEUED) | lost).order_by("phase", "created_at", "pk")


@dataclass(frozen=True)
class Outlook:
    """What is still being made of a video. ``ahead``: how many come before it; None once it is being made itself.

    ``left_s`` is None where nothing honest can be said.
    """

    phase: Phase
    percent: int = 0
    ahead: int | None = None
    left_s: int | None = None


def outlooks(video_ids: Collection[UUID], *, as_of: datetime) -> dict[UUID, Outlook]:
    """Return how far the work on these videos is; those of which everything is made are left out. One or two queries.

    Ahead of a job are those that run and those that wait longer, of its own phase or a more urgent one.
    """
    open_ones = Job.objects.filter(state__in=[Job.State.QUEUED, Job.State.RUNNING]).order_by(
        "phase", "created_at", "pk"
    )
    asked = list(open_ones.filter(video__in=video_ids))
    runs = {job.pk for job in asked if _is_under_way(job, as_of)}
    queue = list(open_ones[:QUEUE_COUNTED]) if len(runs) < len(asked) else []
    found = {}
    for job in asked:
        phase = Phase(job.phase)
        if job.pk in runs:
            elapsed = (as_of - job.started_at).total_seconds() if job.started_at else 0.0
            left = seconds_left(percent=job.progress, elapsed_s=elapsed)
            found[job.video_id] = Outlook(phase, job.progress, None, left)
        else:
            place = (job.phase, job.created_at, job.pk)
            before = [
                each
                for each in queue
                if (each.phase, each.created_at, each.pk) < place
                or (each.phase == job.phase and each.pk != job.pk and _is_under_way(each, as_of))
            ]
            found[job.video_id] = Outlook(phase, 0, len(before))
    return found


def _is_under_way(job: Job, as_of: datetime) -> bool:
    return job.state == Job.State.RUNNING and job.lease_until_at is not None and job.lease_until_at >= as_of


def personal_data(user: User) -> dict[str, list[Any]]:
    """Return which videos a person's browser could not play, for their own download."""
    faults = VideoFault.objects.filter(member=user).order_by("at")
    return {"unplayable": list(faults.values("video_id", "video__title", "at"))}
