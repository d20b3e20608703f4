"""From one source file to a folder that phones can play: probe, plan, encode, poster, master playlist."""

import math
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import ffmpeg

from media import storage
from media.core.facts import Picture, Sound, Source, UnableToPlayBack, read_facts
from media.core.ladder import SEGMENT_S, Plan, Rung, may_copy, plan_ladder
from media.core.playlists import (
    AAC_LC,
    Variant,
    avc_codec,
    bit_rates,
    read_segments,
    read_variants,
    write_master,
)
from media.ffmpeg import Limits, UnableToTranscode, keyframe_gap, probe, run

MASTER, POSTER, AUDIO = "master.m3u8", "poster.jpg", "audio.m3u8"
POSTER_SIDE = 720
MAX_DURATION_S = 12 * 3600
# A file that gives much less than it promised was cut off on its way.
COMPLETE = 0.95
COMPLETE_SLACK_S = 2.0
SOUND_RATE = 48_000
HDR_TO_SDR = (
    ("zscale", {"t": "linear", "npl": "100"}),
    ("format", {"pix_fmts": "gbrpf32le"}),
    ("zscale", {"p": "bt709"}),
    ("tonemap", {"tonemap": "hable", "desat": "0"}),
    ("zscale", {"t": "bt709", "m": "bt709", "r": "tv"}),
)
Tick = Callable[[int], None]


@dataclass(frozen=True)
class Outcome:
    """What was made; ``renditions`` as in models.Video, ``width`` and ``height`` of the largest picture or None."""

    duration_ms: int
    width: int | None
    height: int | None
    renditions: list[dict[str, Any]]


def examine(source: Path, *, on_beat: Callable[[], None] = lambda: None) -> tuple[Source, Plan]:
    """Return the file's facts and what would be made of it. Raises UnableToTranscode with the reason."""
    try:
        facts = read_facts(probe(source))
    except UnableToPlayBack as error:
        raise UnableToTranscode("nothing") from error
    if facts.duration_s > MAX_DURATION_S:
        raise UnableToTranscode("too_long")
    gap = None
    if facts.picture is not None and may_copy(facts, facts.picture, keyframe_gap_s=0.0):
        gap = keyframe_gap(source, index=facts.picture.index, on_beat=on_beat)
    return facts, plan_ladder(facts, keyframe_gap_s=gap)


def encode(source: Path, folder: Path, *, on_tick: Tick) -> Outcome:
    """Fill ``folder``. ``on_tick`` gets the percentage at least twice a second; what it raises ends the work.

    Raises UnableToTranscode with the reason, and storage.UnableToStore before it begins where the disk is too full.
    """
    facts, plan = examine(source, on_beat=lambda: on_tick(0))
    storage.require_space(int(plan.bytes_a_second * facts.duration_s))

    def progress(seconds: float) -> None:
        on_tick(min(98, int(100 * seconds / facts.duration_s)) if facts.duration_s else 0)

    run(
        lambda node: _outputs(node, facts, plan),
        source=source,
        folder=folder,
        limits=_limits(facts),
        on_progress=progress,
    )
    if facts.picture is not None:
        _poster(source, folder, facts.picture, facts.duration_s, on_beat=lambda: on_tick(98))
    return _finish(folder, facts, plan)


def describe(folder: Path, *, width: int, height: int) -> list[dict[str, Any]]:
    """Return renditions of a packed recording from its own playlists. Raises UnableToReadPlaylist or OSError."""
    variants = read_variants((folder / MASTER).read_text(encoding="utf-8"))
    if not variants:
        read_segments((folder / MASTER).read_text(encoding="utf-8"))
        variants = [({}, MASTER)]
    found = []
    for attributes, uri in variants:
        read_segments((folder / uri).read_text(encoding="utf-8"))
        kind = "audio" if "RESOLUTION" not in attributes and uri == AUDIO else "video"
        w, _, h = attributes.get("RESOLUTION", f"{width}x{height}" if kind == "video" else "0x0").partition("x")
        rate = int(attributes.get("BANDWIDTH", "0"))
        found.append(_rendition(Path(uri).stem, uri, kind, int(w), int(h), rate, copied=True))
    return found


def add_recording_poster(folder: Path) -> bool:
    """Make a poster from the first segment of a recording; False where there is none to be had (it plays without)."""
    if (folder / POSTER).exists():
        return True
    variants = read_variants((folder / MASTER).read_text(encoding="utf-8"))
    playlist = variants[0][1] if variants else MASTER
    segment = read_segments((folder / playlist).read_text(encoding="utf-8"))[0]
    sample = folder / ".poster-source"
    parts = [folder / name for name in (segment.init, segment.uri) if name]
    sample.write_bytes(b"".join(part.read_bytes() for part in parts))
    try:
        facts = read_facts(probe(sample))
        if facts.picture is None:
            return False
        _poster(sample, folder, facts.picture, 0.0, on_beat=lambda: None)
    except (UnableToTranscode, UnableToPlayBack):
        return False
    finally:
        sample.unlink()
    return True


def _limits(facts: Source) -> Limits:
    """Generous for honest files on slow machines, an end for the others."""
    length = facts.duration_s or MAX_DURATION_S / 4
    return Limits(wall_s=600 + 30 * length, cpu_s=int(1200 + 60 * length))


def _outputs(node: Any, facts: Source, plan: Plan) -> Any:
    encoded = [rung for rung in plan.rungs if rung.kind == "video" and not rung.copied]
    pictures = iter(_scaled(node, facts.picture, plan, encoded)) if facts.picture is not None and encoded else iter(())
    outputs = []
    for rung in plan.rungs:
        streams = []
        if rung.kind == "video" and facts.picture is not None:
            streams.append(node[str(facts.picture.index)] if rung.copied else next(pictures))
        if facts.sound is not None and rung.sound_kbits:
            streams.append(node[str(facts.sound.index)])
        outputs.append(ffmpeg.output(*streams, f"{rung.name}.m3u8", **_options(rung, facts.sound, plan)))
    return ffmpeg.merge_outputs(*outputs)


def _scaled(node: Any, picture: Picture, plan: Plan, rungs: list[Rung]) -> list[Any]:
    """One decoding for all rungs. A constant rate from zero, so that every rung cuts at the same moments."""
    stream = node[str(picture.index)]
    if picture.interlaced:
        stream = stream.filter("yadif")
    if plan.rate is not None:
        stream = stream.filter("fps", fps=f"{plan.rate.numerator}/{plan.rate.denominator}", start_time="0")
    split = stream.filter_multi_output("split", len(rungs))
    return [_shown(split[str(number)], picture, rung.width, rung.height) for number, rung in enumerate(rungs)]


def _shown(stream: Any, picture: Picture, width: int, height: int) -> Any:
    stream = stream.filter("scale", width, height, flags="bicubic").filter("setsar", "1")
    for name, options in HDR_TO_SDR if picture.hdr else ():
        stream = stream.filter(name, **options)
    return stream.filter("format", pix_fmts="yuv420p")


def _options(rung: Rung, sound: Sound | None, plan: Plan) -> dict[str, Any]:
    options: dict[str, Any] = {
        "f": "hls",
        "hls_time": SEGMENT_S,
        "hls_list_size": 0,
        "hls_playlist_type": "vod",
        "hls_segment_type": "fmp4",
        "hls_fmp4_init_filename": f"{rung.name}-init.mp4",
        "hls_segment_filename": f"{rung.name}-%05d.m4s",
        "hls_flags": "independent_segments",
        "map_metadata": "-1",
        "map_chapters": "-1",
        "max_muxing_queue_size": 4096,
    }
    if rung.kind == "video":
        options |= {"c:v": "copy"} if rung.copied else _picture_options(rung, plan)
    if sound is not None and rung.sound_kbits:
        options |= {"c:a": "copy"} if rung.sound_copied else _sound_options(rung)
    return options


def _picture_options(rung: Rung, plan: Plan) -> dict[str, Any]:
    """H.264 without B-frames: decoding order is showing order, so segments begin exactly where the sound does.

    Beside a copied rung the keyframes follow the source's, else they stand at every multiple of the segment's length.
    """
    options: dict[str, Any] = {
        "c:v": "libx264",
        "preset": "veryfast",
        "profile:v": rung.profile,
        "crf": 23,
        "maxrate": f"{rung.kbits}k",
        "bufsize": f"{rung.kbits * 2}k",
        "bf": 0,
        "sc_threshold": 0,
    }
    if plan.copies or plan.rate is None:
        return options | {"g": 900, "force_key_frames": "source", "fps_mode": "passthrough"}
    return options | {
        "g": math.ceil(plan.rate * SEGMENT_S * 2),
        "force_key_frames": f"expr:gte(t,n_forced*{SEGMENT_S})",
    }


def _sound_options(rung: Rung) -> dict[str, Any]:
    return {
        "c:a": "aac",
        "b:a": f"{rung.sound_kbits}k",
        "ac": rung.sound_channels,
        "ar": SOUND_RATE,
        "af": "aresample=async=1:first_pts=0",
    }


def _poster(source: Path, folder: Path, picture: Picture, duration_s: float, *, on_beat: Callable[[], None]) -> None:
    """A still from early on, where the title is usually up; the very first frame if there is nothing later."""
    side = min(picture.width, picture.height, POSTER_SIDE)
    scale = side / min(picture.width, picture.height)
    size = (max(2, round(picture.width * scale)), max(2, round(picture.height * scale)))

    def still(node: Any) -> Any:
        shown = _shown(node[str(picture.index)], picture, *size).filter("format", pix_fmts="yuvj420p")
        return ffmpeg.output(shown, POSTER, f="image2", update=1, vframes=1, **{"q:v": 4})

    for moment in dict.fromkeys((min(5.0, duration_s / 10), 0.0)):
        run(
            still,
            source=source,
            folder=folder,
            limits=Limits(wall_s=120, cpu_s=120),
            on_progress=lambda _seconds: on_beat(),
            options={"ss": f"{moment:.3f}"},
        )
        if (folder / POSTER).exists():
            return
    raise UnableToTranscode("truncated")


def _finish(folder: Path, facts: Source, plan: Plan) -> Outcome:
    """Write the master playlist from what really lies there, and say how long it is."""
    variants, renditions, lengths = [], [], []
    for rung in plan.rungs:
        path = folder / f"{rung.name}.m3u8"
        if not path.exists():
            raise UnableToTranscode("truncated")
        segments = read_segments(path.read_text(encoding="utf-8"))
        sizes = [(folder / segment.uri).stat().st_size for segment in segments]
        peak, average = bit_rates(sizes, [segment.duration_s for segment in segments])
        codec = avc_codec((folder / segments[0].init).read_bytes()) if rung.kind == "video" else ""
        codecs = tuple(name for name in (codec, AAC_LC if rung.sound_kbits else "") if name)
        rate = float(plan.rate or (facts.picture.rate if facts.picture else 0))
        variants.append(Variant(path.name, peak, average, codecs, rung.width, rung.height, rate))
        renditions.append(
            _rendition(rung.name, path.name, rung.kind, rung.width, rung.height, peak, copied=rung.copied)
        )
        lengths.append((rung.kind, sum(segment.duration_s for segment in segments)))
    longest = max(length for _kind, length in lengths)
    if facts.duration_s and longest < facts.duration_s * COMPLETE - COMPLETE_SLACK_S:
        raise UnableToTranscode("truncated")
    (folder / MASTER).write_text(write_master(variants), encoding="utf-8")
    top = max(plan.rungs, key=lambda rung: rung.height)
    # The picture's length is what players show; the sound may be a frame longer.
    length = max((length for kind, length in lengths if kind == "video"), default=longest)
    return Outcome(round(length * 1000), top.width or None, top.height or None, renditions)


def _rendition(
    name: str, file: str, kind: str, width: int, height: int, bandwidth: int, *, copied: bool
) -> dict[str, Any]:
    return {
        "name": name,
        "file": file,
        "kind": kind,
        "width": width,
        "height": height,
        "bandwidth": bandwidth,
        "copied": copied,
    }
