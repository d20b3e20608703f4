"""A film cut out of another one: whole segments by a second name, so that nothing is encoded and nothing is copied."""

from collections.abc import Callable, Sequence
from pathlib import Path

from media import poster, storage, transcoder
from media.core.cutting import Span, bounds_of, keep_variants, length_of, whole_segments, within, write_media
from media.core.playlists import MASTER, Segment, UnableToReadPlaylist, read_segments, read_variants
from media.ffmpeg import UnableToTranscode

GONE = "cut_source_gone"


def plan_spans(folder: Path, *, start_ms: int, end_ms: int, without: Sequence[Span]) -> list[Span]:
    """Return what is left of a published film when it is cut so, in ms of its time. Raises UnableToTranscode."""
    rungs = _rungs(folder)
    bounds = bounds_of(next(iter(rungs.values())))
    return whole_segments(bounds, start_ms=start_ms, end_ms=end_ms, without=without)


def cut(
    source: Path,
    folder: Path,
    *,
    spans: Sequence[Span],
    width: int | None,
    height: int | None,
    on_tick: Callable[[int], None],
) -> transcoder.Outcome:
    """Fill ``folder`` with ``spans`` (as ``plan_spans`` gave them) of the published film in ``source``.

    The files have a second name: what becomes of the source touches them no more. Raises UnableToTranscode, and
    storage.UnableToStore where they have to be copied and the disk is too full.
    """
    left = {uri: within(segments, spans=spans) for uri, segments in _rungs(source).items()}
    left = {uri: segments for uri, segments in left.items() if segments}
    if not left:
        raise UnableToTranscode(GONE)
    names = sorted({name for segments in left.values() for each in segments for name in (each.uri, each.init) if name})
    for number, name in enumerate(names):
        _second_name(source / name, folder / name)
        on_tick(90 * number // len(names))
    for uri, segments in left.items():
        (folder / uri).write_text(write_media(segments), encoding="utf-8")
    if MASTER not in left:
        master = (source / MASTER).read_text(encoding="utf-8")
        (folder / MASTER).write_text(keep_variants(master, list(left)), encoding="utf-8")
    on_tick(95)
    poster.add_recording_poster(folder)
    renditions = transcoder.describe(folder, width=width or 0, height=height or 0)
    return transcoder.Outcome(length_of(spans), width, height, renditions)


def _rungs(folder: Path) -> dict[str, list[Segment]]:
    """The segments of each media playlist, that of a picture first. Raises UnableToTranscode where it is gone."""
    try:
        variants = read_variants((folder / MASTER).read_text(encoding="utf-8"))
        shown = sorted(variants, key=lambda variant: "RESOLUTION" not in variant[0])
        uris = [uri for _attributes, uri in shown] or [MASTER]
        return {uri: read_segments((folder / uri).read_text(encoding="utf-8")) for uri in uris}
    except (OSError, UnableToReadPlaylist) as error:
        raise UnableToTranscode(GONE, str(error)) from error


def _second_name(file: Path, target: Path) -> None:
    try:
        storage.second_name(file, target)
    except FileNotFoundError as error:
        raise UnableToTranscode(GONE, file.name) from error
