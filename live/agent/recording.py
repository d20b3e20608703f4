"""A finished lecture as a recording: a folder of its own, of hard links, that can be handed over as it is."""

import os
import shutil
from collections.abc import Sequence, Set
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from live import operations
from live.agent import moment
from live.agent.packager import Packager
from live.agent.run import AAC, Listing
from live.core.media import playlist
from live.core.media.holes import Hole
from live.models import Lecture

MASTER, VIDEO, AUDIO = "master.m3u8", "video.m3u8", "audio.m3u8"


@dataclass(frozen=True, slots=True)
class Recording:
    """``started_at``: the moment of media time 0; ``cuts``: pauses left out, as ``(media time, length)`` in ms."""

    folder: Path
    started_at: datetime
    duration_ms: int
    width: int
    height: int
    cuts: tuple[tuple[int, int], ...] = ()


def pack_recording(packager: Packager, folder: Path) -> Recording | None:
    """Fill ``folder`` with master.m3u8, its playlists and segments; None where nothing was captured."""
    kept = packager.kept()
    listings = packager.listings()
    video, audio = packager.tracks()
    span = playlist.recorded_span(video, kept=kept)
    if span is None:
        return None
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    _link(packager.folder, folder, [*video, *audio], kept)
    first = next(each for each in listings if any(segment.uri in kept for segment in each.video.segments))
    variants = [_variant(folder, VIDEO, video, kept, first)]
    (folder / VIDEO).write_text(playlist.vod(video, kept=kept) or "")
    if (sound := playlist.vod(audio, kept=kept)) is not None:
        (folder / AUDIO).write_text(sound)
        variants.append(_variant(folder, AUDIO, audio, kept, None))
    (folder / MASTER).write_text(playlist.master(variants))
    return Recording(folder, span.started_at, span.duration_ms, first.width, first.height, span.cuts)


def _link(source: Path, target: Path, runs: Sequence[playlist.Run], kept: Set[str]) -> None:
    for run in runs:
        uris = [segment.uri for segment in run.segments if segment.uri in kept]
        for uri in [*uris, *([run.init_uri] if uris else [])]:
            os.link(source / uri, target / uri)


def _variant(
    folder: Path, uri: str, runs: Sequence[playlist.Run], kept: Set[str], shown: Listing | None
) -> playlist.Variant:
    """BANDWIDTH is the highest of all segments, as the standard asks; very short ones do not count."""
    segments = [segment for run in runs for segment in run.segments if segment.uri in kept]
    longest = max(segment.duration for segment in segments)
    rates = [
        (folder / segment.uri).stat().st_size * 8 / segment.duration
        for segment in segments
        if segment.duration >= longest / 2
    ]
    if shown is None:
        return playlist.Variant(uri, round(max(rates)), AAC)
    return playlist.Variant(uri, round(max(rates)), shown.codecs, shown.width, shown.height)


def finish(lecture: Lecture, recording: Recording | None, holes: list[Hole]) -> None:
    """The lecture is over: what was recorded is its replay, and what is missing of it is told; None: there is none.

    ``lecture``: as it was when the recording was read from its folder.
    """
    operations.finish_recording(
        occasion_id=lecture.pk,
        ended_at=lecture.ended_at,
        folder=recording.folder if recording else None,
        duration_ms=recording.duration_ms if recording else 0,
        started_at=recording.started_at if recording else None,
        cuts=recording.cuts if recording else (),
        holes=holes,
        width=recording.width if recording else 0,
        height=recording.height if recording else 0,
        as_of=moment.now(),
    )
