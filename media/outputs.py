"""What ffmpeg is told to make of a source: the outputs of each rung, and what is measured of the sound before."""

import math
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import ffmpeg

from media.core.facts import Picture, Sound, Source
from media.core.ladder import PRIMING_S, SEGMENT_S, Plan, Rung
from media.core.loudness import LIMIT
from media.poster import as_shown

SOUND_RATE = 48_000
HEARD, HEARD_RATE = "heard.u8", 1000
LOUDNESS = "loudness.txt"
STEREO = "aformat=channel_layouts=stereo"


def start_of(plan: Plan) -> float:
    """Where the picture of every rung begins: the sound's priming has room before it, and no edit list is needed."""
    return PRIMING_S if any(rung.sound_kbits for rung in plan.rungs) else 0.0


def measurements(node: Any, *, sound: Sound) -> Any:
    """The sound as it is decoded, before gaps are filled, and how loud it is (EBU R128) every tenth of a second."""
    split = _mixed(node[str(sound.index)], sound).filter_multi_output("asplit", 2)
    count = {"f": "u8", "c:a": "pcm_u8", "ac": 1, "ar": HEARD_RATE, "map_metadata": "-1"}
    loud = split["1"].filter("ebur128", metadata=1, framelog="verbose")
    loud = loud.filter("ametadata", mode="print", key="lavfi.r128.I", file=LOUDNESS)
    return ffmpeg.merge_outputs(ffmpeg.output(split["0"], HEARD, **count), ffmpeg.output(loud, "-", f="null"))


def outputs(
    node: Any, *, facts: Source, plan: Plan, rungs: Sequence[Rung], gain_db: float, is_decoded: bool = True
) -> Any:
    """Make ``rungs`` of ``plan``, the sound louder by ``gain_db``; ``is_decoded``: also what is only copied."""
    encoded = [rung for rung in rungs if rung.kind == "video" and not rung.copied]
    pictures = iter(_scaled(node, facts.picture, plan, encoded)) if facts.picture is not None and encoded else iter(())
    made = []
    for rung in rungs:
        streams = []
        if rung.kind == "video" and facts.picture is not None:
            streams.append(node[str(facts.picture.index)] if rung.copied else next(pictures))
        if facts.sound is not None and rung.sound_kbits:
            streams.append(node[str(facts.sound.index)])
        made.append(ffmpeg.output(*streams, f"{rung.name}.m3u8", **_options(rung, facts.sound, plan, gain_db)))
    if facts.picture is not None and plan.copies and not encoded and is_decoded:
        # Nothing else would decode what is copied.
        made.append(ffmpeg.output(node[str(facts.picture.index)], "-", f="null", fps_mode="passthrough"))
    return ffmpeg.merge_outputs(*made)


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
    return _stairs(stream, picture, rungs)


def _stairs(stream: Any, picture: Picture, rungs: list[Rung]) -> list[Any]:
    """The largest rung is scaled from the source, each smaller one from the next larger: the source is large, and what
    its colours need is done once. The rungs come lowest first, and so do their pictures."""
    found: list[Any] = []
    for rung in reversed(rungs):
        stream = as_shown(stream, picture, rung.width, rung.height)
        picture = replace(picture, hdr=False)
        if rung is not rungs[0]:
            split = stream.filter_multi_output("split", 2)
            found.append(split["0"])
            stream = split["1"]
    return [stream, *reversed(found)]


def _options(rung: Rung, sound: Sound | None, plan: Plan, gain_db: float) -> dict[str, Any]:
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
        "output_ts_offset": f"{start_of(plan):.3f}",
        "map_metadata": "-1",
        "map_chapters": "-1",
        "max_muxing_queue_size": 4096,
    }
    if rung.kind == "video":
        options |= {"c:v": "copy"} if rung.copied else _picture_options(rung, plan)
    if sound is not None and rung.sound_kbits:
        options |= {"c:a": "copy"} if rung.sound_copied else _sound_options(rung, sound, plan, gain_db)
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


def _sound_options(rung: Rung, sound: Sound, plan: Plan, gain_db: float) -> dict[str, Any]:
    """Sound that begins late or has holes keeps its place, and silence follows it to the picture's end."""
    filters = ["aresample=async=1:first_pts=0"]
    if gain_db:
        if sound.channels > 2:
            filters.insert(0, STEREO)
        filters += [f"volume={gain_db:.2f}dB", f"alimiter=limit={LIMIT}:level=false:attack=5:release=80"]
    if plan.length_s:
        filters.append(f"apad=whole_dur={plan.length_s:.3f}")
    return {
        "c:a": "aac",
        "b:a": f"{rung.sound_kbits}k",
        "ac": rung.sound_channels,
        "ar": SOUND_RATE,
        "af": ",".join(filters),
    }


def _mixed(stream: Any, sound: Sound) -> Any:
    """What phones play: more than two channels are mixed before anything is measured."""
    return stream.filter("aformat", channel_layouts="stereo") if sound.channels > 2 else stream
