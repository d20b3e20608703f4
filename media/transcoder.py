"""From one source file to a folder that phones can play: probe, plan, encode, check, poster, master playlist."""

import math
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any

import ffmpeg

from media import storage
from media.checks import UNEVEN, Rendered, find_fault, is_cut_off, measure
from media.core.facts import Picture, Sound, Source, UnableToPlayBack, read_facts
from media.core.ladder import PRIMING_S, SEGMENT_S, Plan, Rung, is_still, plan_ladder
from media.core.playlists import (
    AAC_LC,
    AUDIO,
    MASTER,
    POSTER,
    Variant,
    avc_codec,
    bit_rates,
    read_segments,
    read_variants,
    write_master,
)
from media.core.timeline import Timeline
from media.ffmpeg import Limits, UnableToTranscode, playable_codecs, probe, read_packets, run
from media.poster import as_shown, make_poster

HEARD, HEARD_RATE = "heard.u8", 1000
MAX_DURATION_S = 12 * 3600
# A container that promises so long a film for so few bits is wrong.
LEAST_BIT_RATE = 2_000
JUMPING = frozenset({"mpegts", "mpeg"})
SOUND_RATE = 48_000
# Faults of the machine, or of the whole file: encoding once more would not help.
FINAL = frozenset({"timeout", "no_space", "too_big", "killed", "no_ffmpeg", "no_sandbox", "source_gone"})
Tick = Callable[[int], None]


@dataclass(frozen=True)
class Outcome:
    """What was made; ``renditions`` as in models.Video.

    ``width`` and ``height`` are of the largest picture, of a sound lesson's poster, or None where there is neither.
    """

    duration_ms: int
    width: int | None
    height: int | None
    renditions: list[dict[str, Any]]


@dataclass(frozen=True)
class Examined:
    """What a file holds, where it lies in time, and what would be made of it."""

    facts: Source
    timeline: Timeline
    plan: Plan


def examine(source: Path, *, on_beat: Callable[[], None] = lambda: None) -> Examined:
    """Look into the file without decoding it. Raises UnableToTranscode with the reason."""
    try:
        facts = read_facts(probe(source), codecs=playable_codecs())
    except UnableToPlayBack as error:
        raise UnableToTranscode(f"{error.code}:{error.name}" if error.name else error.code) from error
    has_jumps = not JUMPING.isdisjoint(facts.container.split(","))
    tracks = read_packets(source, has_jumps=has_jumps, on_beat=on_beat)
    seen = tracks.get(facts.picture.index) if facts.picture else None
    heard = tracks.get(facts.sound.index) if facts.sound else None
    # A track without a packet is none.
    facts = replace(facts, picture=facts.picture if seen else None, sound=facts.sound if heard else None)
    timeline = Timeline(facts.start_s, seen, heard)
    _refuse_what_cannot_be(facts, timeline)
    return Examined(facts, timeline, plan_ladder(facts, timeline))


def _refuse_what_cannot_be(facts: Source, timeline: Timeline) -> None:
    if facts.picture is None and facts.sound is None:
        raise UnableToTranscode("nothing")
    if facts.sound is None and is_still(timeline):
        raise UnableToTranscode("still")
    if timeline.length_s > MAX_DURATION_S:
        # Moments far apart, with little between them: nobody can say how long it is.
        raise UnableToTranscode("too_long" if timeline.filled_s > MAX_DURATION_S else "duration")
    promised, size = facts.duration_s, sum(track.size for track in timeline.tracks)
    is_believable = promised <= MAX_DURATION_S and size * 8 >= promised * LEAST_BIT_RATE
    # Some containers count from zero, although nothing begins there.
    last_s = max(track.end_s for track in timeline.tracks)
    if is_believable and is_cut_off(max(last_s, timeline.length_s), promised_s=promised):
        raise UnableToTranscode("truncated")


def encode(source: Path, folder: Path, *, on_tick: Tick) -> Outcome:
    """Fill ``folder``. ``on_tick`` gets the percentage at least twice a second; what it raises ends the work.

    What was made is checked; where the rungs do not agree, or a copied source cannot be decoded cleanly, all is encoded
    once more. Raises UnableToTranscode with the reason, and storage.UnableToStore before it begins where the disk is
    too full.
    """
    found = examine(source, on_beat=lambda: on_tick(0))
    storage.require_space(int(found.plan.bytes_a_second * found.timeline.length_s))
    made, fault = _attempt(source, folder, found, on_tick=on_tick)
    if fault == UNEVEN:
        for file in folder.iterdir():
            file.unlink()
        found = _second_plan(found, made)
        made, fault = _attempt(source, folder, found, on_tick=on_tick)
    if fault:
        raise UnableToTranscode(fault)
    _any_poster(source, folder, found, on_beat=lambda: on_tick(98))
    return _finish(folder, found, made)


def _attempt(source: Path, folder: Path, found: Examined, *, on_tick: Tick) -> tuple[list[Rendered | None], str]:
    """Make all rungs; return them as they lie there, and what is wrong with them (empty: nothing)."""
    facts, plan, length = found.facts, found.plan, found.timeline.length_s

    def progress(seconds: float) -> None:
        on_tick(min(98, int(100 * seconds / length)) if length else 0)

    build = partial(_outputs, facts=facts, plan=plan)
    limits = _limits(length)
    try:
        lost = run(build, source=source, folder=folder, limits=limits, on_progress=progress, is_strict=plan.copies)
    except UnableToTranscode as error:
        if plan.copies and error.code not in FINAL:
            return [], UNEVEN
        # The prober knew what it is: what cannot be decoded now is damaged.
        raise UnableToTranscode("broken", error.detail) if error.code == "unrecognised" else error from error
    counted = folder / HEARD
    heard_s = counted.stat().st_size / HEARD_RATE if counted.exists() else 0.0
    counted.unlink(missing_ok=True)
    rendered = [measure(folder, rung) for rung in plan.rungs]
    fault = find_fault(rendered, facts=facts, timeline=found.timeline, plan=plan, lost=lost, heard_s=heard_s)
    return rendered, fault


def _second_plan(found: Examined, made: list[Rendered | None]) -> Examined:
    """Nothing copied; what was encoded and came out uneven is held or padded by what was measured."""
    if found.plan.copies:
        return replace(found, plan=plan_ladder(found.facts, found.timeline, copying=False))
    whole = [rung for rung in made if rung is not None]
    picture = max((rung.picture[1] for rung in whole if rung.picture), default=0.0)
    sound = max((rung.sound[1] for rung in whole if rung.sound), default=0.0)
    hold_s = max(0.0, found.plan.hold_s + sound - picture) if picture else 0.0
    length_s = max(picture, sound) - _start(found.plan)
    return replace(found, plan=replace(found.plan, hold_s=hold_s, length_s=length_s))


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


def _limits(length_s: float) -> Limits:
    """Generous for honest files on slow machines, an end for the others."""
    length = length_s or MAX_DURATION_S / 4
    return Limits(wall_s=600 + 30 * length, cpu_s=int(1200 + 60 * length))


def _start(plan: Plan) -> float:
    """Where the picture of every rung begins: the sound's priming has room before it, and no edit list is needed."""
    return PRIMING_S if any(rung.sound_kbits for rung in plan.rungs) else 0.0


def _outputs(node: Any, *, facts: Source, plan: Plan) -> Any:
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
    if facts.sound is not None:
        count = {"f": "u8", "c:a": "pcm_u8", "ac": 1, "ar": HEARD_RATE, "map_metadata": "-1"}
        outputs.append(ffmpeg.output(node[str(facts.sound.index)], HEARD, **count))
    if facts.picture is not None and plan.copies and not plan.encodes_picture:
        # Nothing else would decode what is copied.
        outputs.append(ffmpeg.output(node[str(facts.picture.index)], "-", f="null", fps_mode="passthrough"))
    return ffmpeg.merge_outputs(*outputs)


def _scaled(node: Any, picture: Picture, plan: Plan, rungs: list[Rung]) -> list[Any]:
    """One decoding for all rungs. A constant rate from zero, so that every rung cuts at the same moments."""
    stream = node[str(picture.index)]
    if picture.interlaced:
        stream = stream.filter("yadif")
    if plan.rate is not None:
        stream = stream.filter("fps", fps=f"{plan.rate.numerator}/{plan.rate.denominator}", start_time="0")
        held = round(plan.hold_s * plan.rate)
        if held:
            stream = stream.filter("tpad", stop=held, stop_mode="clone")
    split = stream.filter_multi_output("split", len(rungs))
    return [as_shown(split[str(number)], picture, rung.width, rung.height) for number, rung in enumerate(rungs)]


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
        # Browsers read the samples' own moments, not edit lists: so they are true, also of reordered pictures.
        "hls_segment_options": "movflags=+frag_discont+negative_cts_offsets",
        "avoid_negative_ts": "disabled",
        "output_ts_offset": f"{_start(plan):.3f}",
        "map_metadata": "-1",
        "map_chapters": "-1",
        "max_muxing_queue_size": 4096,
    }
    if rung.kind == "video":
        options |= {"c:v": "copy"} if rung.copied else _picture_options(rung, plan)
    if sound is not None and rung.sound_kbits:
        options |= {"c:a": "copy"} if rung.sound_copied else _sound_options(rung, plan)
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
        return options | {
            "g": 900,
            "force_key_frames": "source",
            "fps_mode": "passthrough",
            # The source's own clock: in steps of its average rate the moments would differ from the copied rung's.
            "enc_time_base": -1,
        }
    return options | {
        "g": math.ceil(plan.rate * SEGMENT_S * 2),
        "force_key_frames": f"expr:gte(t,n_forced*{SEGMENT_S})",
    }


def _sound_options(rung: Rung, plan: Plan) -> dict[str, Any]:
    """Sound that begins late or has holes keeps its place, and silence follows it to the picture's end."""
    padding = f",apad=whole_dur={plan.length_s:.3f}" if plan.length_s else ""
    return {
        "c:a": "aac",
        "b:a": f"{rung.sound_kbits}k",
        "ac": rung.sound_channels,
        "ar": SOUND_RATE,
        "af": f"aresample=async=1:first_pts=0{padding}",
    }


def _any_poster(source: Path, folder: Path, found: Examined, *, on_beat: Callable[[], None]) -> None:
    """A film's poster must be; a sound lesson has its cover, where there is one that can be read."""
    facts, length = found.facts, found.timeline.length_s
    if found.plan.shows_picture and facts.picture is not None:
        make_poster(source, folder, facts.picture, length, on_beat=on_beat)
        return
    cover = facts.picture or facts.cover
    if cover is not None:
        try:
            make_poster(source, folder, cover, 0.0, on_beat=on_beat, is_cover=True)
        except UnableToTranscode as error:
            if error.code in FINAL - {"too_big"}:
                raise


def _finish(folder: Path, found: Examined, made: list[Rendered | None]) -> Outcome:
    """Write the master playlist from what really lies there, and say how long it is."""
    facts, plan = found.facts, found.plan
    rendered = [one for one in made if one is not None]
    variants, renditions = [], []
    for one in rendered:
        rung, name = one.rung, f"{one.rung.name}.m3u8"
        sizes = [(folder / segment.uri).stat().st_size for segment in one.segments]
        peak, average = bit_rates(sizes, [segment.duration_s for segment in one.segments])
        codec = avc_codec((folder / one.segments[0].init).read_bytes()) if rung.kind == "video" else ""
        codecs = tuple(codec for codec in (codec, AAC_LC if rung.sound_kbits else "") if codec)
        rate = float(plan.rate or (facts.picture.rate if facts.picture else 0))
        variants.append(Variant(name, peak, average, codecs, rung.width, rung.height, rate))
        renditions.append(_rendition(rung.name, name, rung.kind, rung.width, rung.height, peak, copied=rung.copied))
    (folder / MASTER).write_text(write_master(variants), encoding="utf-8")
    # All rungs are equally long to a tenth of a second; nobody shall lack the last crumb.
    length = min(one.length_s for one in rendered)
    width, height = max(((rung.width, rung.height) for rung in plan.rungs), key=lambda size: size[1])
    if not height and (folder / POSTER).exists() and (still := facts.picture or facts.cover) is not None:
        width, height = still.width, still.height
    return Outcome(round(length * 1000), width or None, height or None, renditions)


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
