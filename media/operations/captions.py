"""The captions of a video: taken from a file or from what was typed live, shown earlier or later, deleted."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

import structlog
from django.db import transaction

from media.core.captions import Cue, decode, read_captions, write_vtt
from media.core.names import clean_filename
from media.events import announce_captions
from media.models import Captions, Video
from media.queries import shown_cues

log = structlog.get_logger(__name__)
MOST_SHIFT_MS = 3_600_000
Origin = Captions.Origin


class UnableToKeepCaptions(Exception):
    """``code``: "outside" (none lies within the video), "shift" (more than an hour) or "gone" (no such captions)."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


@dataclass(frozen=True, slots=True)
class Kept:
    """How many cues are shown, and how many lie outside the video and are not."""

    shown: int
    outside: int


@transaction.atomic
def upload_captions(*, video_id: UUID, data: bytes, name: str, actor_id: int, as_of: datetime) -> Kept:
    """Give a video the captions of a .vtt or .srt file, in place of those that it has.

    Raises UnableToReadCaptions (media.core.captions), or UnableToKeepCaptions where none of it lies within the video.
    """
    cues = read_captions(decode(data))
    kept = keep_captions(video_id=video_id, cues=cues, origin=Origin.FILE, name=name, actor_id=actor_id, as_of=as_of)
    if not kept.shown:
        raise UnableToKeepCaptions("outside")
    return kept


@transaction.atomic
def keep_captions(
    *,
    video_id: UUID,
    cues: Sequence[Cue],
    origin: str,
    as_of: datetime,
    name: str = "",
    actor_id: int | None = None,
    shift_ms: int = 0,
) -> Kept:
    """Give a video these captions, in place of those that it has; no cues: it has none."""
    video = Video.objects.select_for_update(no_key=True).get(pk=video_id)
    if not cues:
        _drop(video)
        return Kept(0, 0)
    facts = {
        "origin": origin,
        "source_name": clean_filename(name) if name else "",
        "cues": [[cue.start_ms, cue.end_ms, cue.text] for cue in cues],
        "shift_ms": shift_ms,
        "changed_at": as_of,
        "changed_by_id": actor_id,
    }
    captions, _made = Captions.objects.update_or_create(video=video, defaults=facts)
    return _show(video, captions)


@transaction.atomic
def shift_captions(*, video_id: UUID, shift_ms: int, actor_id: int, as_of: datetime) -> Kept:
    """Show captions so much later than they say (below zero: earlier). Raises UnableToKeepCaptions."""
    if abs(shift_ms) > MOST_SHIFT_MS:
        raise UnableToKeepCaptions("shift")
    video = Video.objects.select_for_update(no_key=True).get(pk=video_id)
    captions = Captions.objects.filter(video=video).first()
    if captions is None:
        raise UnableToKeepCaptions("gone")
    captions.shift_ms, captions.changed_at, captions.changed_by_id = shift_ms, as_of, actor_id
    kept = _show(video, captions)
    if not kept.shown:
        raise UnableToKeepCaptions("outside")
    captions.save(update_fields=["shift_ms", "changed_at", "changed_by"])
    return kept


@transaction.atomic
def delete_captions(*, video_id: UUID, actor_id: int) -> None:
    """Take a video's captions away; nothing happens where it has none."""
    _drop(Video.objects.select_for_update(no_key=True).get(pk=video_id))
    log.info("captions_deleted", video_id=str(video_id), actor_id=actor_id)


def _drop(video: Video) -> None:
    Captions.objects.filter(video=video).delete()
    Video.objects.filter(pk=video.pk).update(captions_digest="")
    announce_captions(video.pk)


def _show(video: Video, captions: Captions) -> Kept:
    """Name the captions anew, so that whoever has the earlier ones asks again."""
    cues = shown_cues(captions, duration_ms=video.duration_ms)
    digest = hashlib.sha256(write_vtt(cues).encode()).hexdigest()[:16] if cues else ""
    Video.objects.filter(pk=video.pk).update(captions_digest=digest)
    announce_captions(video.pk)
    log.info("captions_kept", video_id=str(video.pk), origin=captions.origin, cues=len(cues))
    return Kept(len(cues), len(captions.cues) - len(cues))
