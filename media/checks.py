"""What is asked of every finished job before anybody sees it: one verdict on what really lies in the folder.

Rungs that were encoded here are not decoded again: their bits are our own encoder's, and that it ended well is checked
by its exit and by the samples' places. Copied ones were decoded in the same run, strictly (transcoder.py).
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from media.core.facts import Source
from media.core.fragments import UnableToReadSegment, read_lanes, read_spans
from media.core.ladder import SAME_LENGTH_S, STEPS, WORTH, Plan, Rung
from media.core.playlists import Segment, UnableToReadPlaylist, read_segments
from media.core.timeline import Timeline, Track

# A file that gives much less than it promised was cut off on its way.
COMPLETE = 0.95
COMPLETE_SLACK_S = 2.0
# Of the sound this much must have been decoded; some decoders of Debian's ffmpeg take one frame of several.
HEARD = 0.9
HEARD_SLACK_S = 0.5
# More lost packets than this, and what is left is no film.
LOST = 0.1
# Beside what is equally long there are an encoder's priming and the last picture's rounding.
ROUNDING_S = 0.05
# Segments' indexes are a few KiB; the picture that follows them is not read.
INDEX_BYTES = 65_536
# Average brightness (0-255) of a poster that shows something.
DARK = 24
UNEVEN = "uneven"


@dataclass(frozen=True)
class Rendered:
    """One rung as it lies there; ``picture`` and ``sound`` are (start, end) in seconds of the browser's timeline."""

    rung: Rung
    segments: list[Segment]
    length_s: float
    picture: tuple[float, float] | None
    sound: tuple[float, float] | None


def measure(folder: Path, rung: Rung) -> Rendered | None:
    """Read one rung's playlist and the samples' places in its first and last segment; None where it is not whole."""
    try:
        segments = read_segments((folder / f"{rung.name}.m3u8").read_text(encoding="utf-8"))
        lanes = read_lanes((folder / segments[0].init).read_bytes())
        ends = [read_spans(_index(folder / segment.uri), lanes) for segment in (segments[0], segments[-1])]
    except (OSError, UnableToReadPlaylist, UnableToReadSegment):
        return None
    return Rendered(
        rung,
        segments,
        sum(segment.duration_s for segment in segments),
        _joined("video", ends),
        _joined("audio", ends),
    )


def find_fault(
    rendered: Sequence[Rendered | None],
    *,
    facts: Source,
    timeline: Timeline,
    plan: Plan,
    lost: Mapping[int, int],
    heard_s: float | None,
) -> str:
    """Return why this may not be published (a code of media/sentences.py), or an empty text.

    "uneven" means that encoding everything anew may help; the other faults are the file's own.
    """
    if timeline.picture is not None and facts.picture is not None and plan.shows_picture:
        packets = timeline.picture.shown + timeline.picture.hidden
        if lost.get(facts.picture.index, 0) > packets * LOST:
            return "broken"
    whole = [rung for rung in rendered if rung is not None]
    longest = max((rung.length_s for rung in whole), default=0.0)
    if not whole or is_cut_off(longest, promised_s=timeline.length_s):
        return "truncated"
    promised_s = _promised(timeline.sound) if timeline.sound is not None else 0.0
    if facts.sound is not None and heard_s is not None and heard_s < promised_s * HEARD - HEARD_SLACK_S:
        return f"codec:{facts.sound.codec}"
    if len(whole) < len(rendered) or not _are_even(whole) or not has_cheap_rung(plan):
        return UNEVEN
    if plan.copies and timeline.length_s and abs(longest - timeline.length_s) > 2 * SAME_LENGTH_S:
        return UNEVEN
    return ""


def is_cut_off(length_s: float, *, promised_s: float) -> bool:
    return length_s < promised_s * COMPLETE - COMPLETE_SLACK_S


def has_cheap_rung(plan: Plan) -> bool:
    """Whether somebody with little data has a picture to take."""
    rates = [rung.kbits for rung in plan.rungs if rung.kind == "video"]
    return not rates or min(rates) * WORTH <= STEPS[0].kbits


def is_dark(brightness: float) -> bool:
    return brightness <= DARK


def _are_even(whole: Sequence[Rendered]) -> bool:
    """All rungs equally long, and in each of them picture and sound begin and end together."""
    lengths = [rung.length_s for rung in whole]
    if max(lengths) - min(lengths) > SAME_LENGTH_S:
        return False
    for one in whole:
        if (one.picture is None) != (one.rung.kind == "audio") or (one.sound is None) != (one.rung.sound_kbits == 0):
            return False
        if one.picture is not None and one.sound is not None:
            apart = [abs(a - b) for a, b in zip(one.picture, one.sound, strict=True)]
            if apart[0] > ROUNDING_S or apart[1] > SAME_LENGTH_S + ROUNDING_S:
                return False
    return True


def _promised(sound: Track) -> float:
    """What there is to hear: a gap between packets is no sound, and packets without a length say nothing."""
    return min(sound.filled_s, sound.length_s) if sound.filled_s else sound.length_s


def _index(segment: Path) -> bytes:
    with segment.open("rb") as file:
        return file.read(INDEX_BYTES)


def _joined(kind: str, ends: Sequence[Mapping[str, tuple[float, float]]]) -> tuple[float, float] | None:
    spans = [end[kind] for end in ends if kind in end]
    return (min(start for start, _end in spans), max(end for _start, end in spans)) if spans else None
