"""Videos cut out of another one, with its captions."""

from collections.abc import Sequence
from datetime import datetime
from functools import partial
from pathlib import Path
from uuid import UUID

import structlog
from django.db import transaction

from media import cutting, storage, transcoder
from media.core.captions import cut
from media.core.chapters import Chapter, cut_chapters
from media.core.cutting import LEAST_MS, MOST_CUTS, Span, length_of
from media.core.ladder import Phase
from media.core.names import clean_title
from media.ffmpeg import UnableToTranscode
from media.models import Captions, Clip, Video
from media.operations.captions import keep_captions
from media.operations.videos import queue
from media.queries import captions_of, chapters_of, shown_cues

log = structlog.get_logger(__name__)


class UnableToCut(Exception):
    """``code``: "gone" (the video or its files), "nothing" (less than a second is left) or "many" (cut-outs)."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


def plan_cut(*, video: Video, start_ms: int, end_ms: int, without: Sequence[Span]) -> list[Span]:
    """Return what is left of a video in ms of its time, by whole segments. Raises UnableToCut."""
    if len(without) > MOST_CUTS:
        raise UnableToCut("many")
    if video.state != Video.State.READY or not video.folder:
        raise UnableToCut("gone")
    try:
        with storage.at_hand(video.folder, suffix=".m3u8") as folder:
            spans = cutting.plan_spans(folder, start_ms=start_ms, end_ms=end_ms, without=without)
    except UnableToTranscode as error:
        raise UnableToCut("gone") from error
    if length_of(spans) < LEAST_MS:
        raise UnableToCut("nothing")
    return spans


@transaction.atomic
def cut_video(
    *,
    source_id: UUID,
    start_ms: int,
    end_ms: int,
    without: Sequence[Span],
    title: str,
    created_by_id: int,
    chapters: Sequence[Chapter] = (),
) -> Video:
    """Make a video of a part of another one, of the same unit, and queue its job. Raises UnableToCut.

    It has those of the source's chapters that are left; ``chapters`` are the source's where nobody has written any.
    """
    source = Video.objects.select_for_update(no_key=True).filter(pk=source_id).first()
    if source is None:
        raise UnableToCut("gone")
    spans = plan_cut(video=source, start_ms=start_ms, end_ms=end_ms, without=without)
    video = Video.objects.create(
        title=clean_title(title) or source.title,
        node_id=source.node_id,
        created_by_id=created_by_id,
        chapters=[[each.start_ms, each.title] for each in cut_chapters(chapters_of(source) or chapters, spans=spans)],
    )
    Clip.objects.create(video=video, source=source, spans=[list(span) for span in spans])
    queue(video.pk)
    log.info("cut_queued", video_id=str(video.pk), source_id=str(source_id), parts=len(spans))
    return video


def make(
    *,
    video_id: UUID,
    source: Path,
    work: Path,
    phase: Phase,
    earlier: Path | None,
    on_tick: transcoder.Tick,
) -> transcoder.Outcome:
    """Fill ``work`` with the video: cut out of another one, or as far as ``phase`` from the uploaded file ``source``.

    ``earlier`` is the folder of the phase before.

    Raises UnableToTranscode, storage.UnableToStore, storage.UnableToReach, and whatever ``on_tick`` raises.
    """
    clip = Clip.objects.select_related("source").filter(video_id=video_id).first()
    if clip is None:
        return transcoder.encode(source, work, on_tick=on_tick, phase=phase, earlier=earlier)
    if clip.source is None or not clip.source.folder:
        raise UnableToTranscode(cutting.GONE)
    with storage.at_hand(clip.source.folder, on_beat=partial(on_tick, 0)) as folder:
        return cutting.cut(
            folder,
            work,
            spans=[(start, end) for start, end in clip.spans],
            width=clip.source.width,
            height=clip.source.height,
            on_tick=on_tick,
        )


def take_captions(*, video_id: UUID, as_of: datetime) -> None:
    """Give a video that was cut out of another one the captions of what is left; nothing happens for others."""
    clip = Clip.objects.select_related("source").filter(video_id=video_id).first()
    source = clip.source if clip is not None else None
    captions = captions_of(source.pk) if source is not None else None
    if clip is None or source is None or captions is None or captions_of(video_id) is not None:
        return
    cues = cut(shown_cues(captions, duration_ms=source.duration_ms), spans=[(start, end) for start, end in clip.spans])
    keep_captions(
        video_id=video_id,
        cues=cues,
        origin=Captions.Origin.CUT,
        name=captions.source_name,
        actor_id=captions.changed_by_id,
        as_of=as_of,
    )
