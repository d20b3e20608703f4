"""Questions about videos and uploads. Nothing here writes."""

from dataclasses import dataclass
from datetime import datetime

from django.contrib.auth.models import AnonymousUser
from django.db.models import F, Q, QuerySet, Sum

from media.models import Job, Upload, Video
from media.signing import signed_url
from organizations.models import Role, User
from organizations.permissions import has_role, visible_nodes

POSTER = "poster.jpg"
MASTER = "master.m3u8"
AUDIO = "audio"


@dataclass(frozen=True)
class Playback:
    """Signed addresses of one ready video for one viewer. Empty texts: no audio-only rung, no poster."""

    hls_url: str
    audio_url: str
    poster_url: str
    duration_ms: int


class UnableToPlay(Exception):
    """The video is not ready."""


def playback(*, video: Video, viewer_id: int, as_of: datetime) -> Playback:
    """Return what a player needs. Raises UnableToPlay unless the video is ready."""
    if video.state != Video.State.READY or not video.folder:
        raise UnableToPlay(str(video.pk))
    folder = video.folder.rsplit("/", 1)[-1]

    def url(name: str) -> str:
        return signed_url(
            root="videos", object_id=str(video.pk), viewer_id=viewer_id, path=f"{folder}/{name}", as_of=as_of
        )

    audio = next((rung["file"] for rung in video.renditions if rung["kind"] == "audio"), "")
    return Playback(
        hls_url=url(MASTER),
        audio_url=url(audio) if audio else "",
        poster_url=url(POSTER) if video.width else "",
        duration_ms=video.duration_ms or 0,
    )


def videos_for(user: User | AnonymousUser) -> QuerySet[Video]:
    """The videos somebody may manage, newest first.

    Their own; those of people who hold a role in the subtree where they are organiser; those of nobody (made from the
    shell, for everybody who may upload). The operator sees all: titles and states, to keep the disk in order.
    """
    if isinstance(user, User) and has_role(user, Role.OPERATOR):
        return _newest_first()
    return previewable_for(user)


def previewable_for(user: User | AnonymousUser) -> QuerySet[Video]:
    """As ``videos_for``, but what an operator keeps in order they do not watch unless it is theirs."""
    videos = _newest_first()
    if not isinstance(user, User) or not user.is_active:
        return videos.none()
    mine = Q(created_by=user)
    if has_role(user, Role.ORGANISER, Role.LECTURER, Role.OPERATOR):
        mine |= Q(created_by=None)
    if has_role(user, Role.ORGANISER):
        nodes = visible_nodes(user, Role.ORGANISER)
        mine |= Q(created_by__in=User.objects.filter(role_grants__node__in=nodes))
    return videos.filter(mine)


def _newest_first() -> QuerySet[Video]:
    return Video.objects.select_related("created_by").order_by("-created_at", "-pk")


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
    """Jobs that wait for a worker, or whose worker has gone silent; oldest first."""
    lost = Q(state=Job.State.RUNNING, lease_until_at__lt=as_of)
    return Job.objects.filter(Q(state=Job.State.QUEUED) | lost).order_by("created_at", "pk")
