"""From a source's facts to the rungs that phones will be offered. Pure.

The ladder starts low and goes up; nothing is ever enlarged. A source that phones play as it is becomes the top rung
without being encoded again, and rungs that would not save a phone any data are left out.
"""

from dataclasses import dataclass, replace
from enum import IntEnum
from fractions import Fraction

from media.core.facts import Picture, Sound, Source
from media.core.timeline import Timeline

SEGMENT_S = 4
MAX_RATE = 30
# A picture that stands longer than a frame of this cannot end where the sound does.
MIN_RATE = 12
STANDARD_RATES = (12, 15, 20, 24, 25, 30)
COPY_PROFILES = frozenset({"Constrained Baseline", "Baseline", "Main", "High"})
COPY_CONTAINERS = frozenset({"mp4", "matroska", "flv"})
COPY_LEVEL = 41
COPY_SIDE = 736
COPY_BIT_RATE = 1_500_000
COPY_KEYFRAME_GAP_S = 6.5
COPY_SOUND_BIT_RATE = 160_000
# All rungs of a film are equally long to this; what differs more is encoded.
SAME_LENGTH_S = 0.1
# Whoever hears the lips a frame late does not notice.
SAME_START_S = 0.02
# What an AAC encoder puts before its first sound (1024 samples, ours too); a longer one is not copied.
PRIMING_S = 0.025
# A longer film that must be encoded has its lowest rung first; a shorter one is not worth a second decoding.
FIRST_ALONE_S = 600.0
# A lower rung must save at least a quarter, else it only costs time and disk.
WORTH = 0.75


class Phase(IntEnum):
    """What is made of a film, one after another, the most urgent first."""

    FIRST = 1
    LADDER = 2
    LARGE = 3


@dataclass(frozen=True)
class Step:
    """A step of the ladder by the picture's short side."""

    name: str
    side: int
    kbits: int
    profile: str


@dataclass(frozen=True)
class Rung:
    """One variant to make. ``copied``: the picture is taken over as it is; ``sound_copied``: the sound too.

    ``kbits`` is the picture's highest rate, 0 for sound only; ``sound_kbits`` 0 means silent.
    """

    name: str
    kind: str
    width: int
    height: int
    kbits: int
    profile: str
    copied: bool
    sound_kbits: int
    sound_channels: int
    sound_copied: bool


@dataclass(frozen=True)
class Plan:
    """All rungs, lowest first, the sound-only rung last; ``rate`` is None where the top rung is copied.

    The last picture holds for ``hold_s``, and the sound is padded to ``length_s``, so that both end together.
    """

    rungs: tuple[Rung, ...]
    rate: Fraction | None
    length_s: float = 0.0
    hold_s: float = 0.0

    @property
    def copies(self) -> bool:
        return any(rung.copied for rung in self.rungs)

    @property
    def shows_picture(self) -> bool:
        return any(rung.kind == "video" for rung in self.rungs)

    @property
    def bytes_a_second(self) -> int:
        """The most that all rungs together may write."""
        return sum(rung.kbits + rung.sound_kbits for rung in self.rungs) * 1000 // 8


STEPS = (
    Step("240p", 240, 180, "baseline"),
    Step("480p", 480, 600, "main"),
    Step("720p", 720, 1200, "main"),
)
LARGE_STEP = Step("1080p", 1080, 2200, "main")
SOUND_KBITS = 64
SOUND_ONLY_KBITS = 48


def plan_ladder(source: Source, timeline: Timeline, *, copying: bool = True) -> Plan:
    """Return the plan; without ``copying`` everything is encoded, however well phones might play it."""
    picture, sound = source.picture, source.sound
    if picture is not None and sound is not None and is_still(timeline):
        picture = None
    rungs: list[Rung] = []
    copied = copying and picture is not None and may_copy(source, picture) and may_copy_timing(picture, timeline)
    if picture is not None:
        sound_copied = sound is not None and may_copy_sound(sound) and may_copy_sound_timing(sound, timeline)
        copy = _copied_ladder(source, picture, sound_copied=sound_copied)
        rungs = copy if copied else _encoded_ladder(picture, sound)
    if sound is not None:
        rungs.append(Rung("audio", "audio", 0, 0, 0, "", False, SOUND_ONLY_KBITS, 1, False))
    seen = timeline.picture
    hold_s = 0.0
    if picture is not None and seen is not None and not copied:
        hold_s = max(0.0, timeline.length_s - (seen.end_s - timeline.origin_s))
    rate = frame_rate(picture) if picture is not None and not copied else None
    return Plan(tuple(rungs), rate, timeline.length_s, hold_s)


def rungs_at(phase: Phase, plan: Plan) -> tuple[Rung, ...]:
    """Return what of a plan is made at a phase; none at the first where that would bring nothing forward.

    What is copied can be played at once. Of what must be encoded the lowest rung comes alone only where the film is so
    long that waiting for the others costs more than decoding it twice.
    """
    if phase is not Phase.FIRST:
        return plan.rungs
    pictures = [rung for rung in plan.rungs if rung.kind == "video"]
    copied = [rung for rung in pictures if rung.copied]
    if copied:
        return tuple(copied)
    return tuple(pictures[:1]) if len(pictures) > 1 and plan.length_s > FIRST_ALONE_S else ()


def with_new_sound(rung: Rung) -> Rung:
    """The same rung, its sound encoded; the picture is copied as before."""
    return replace(rung, sound_copied=False, sound_kbits=SOUND_KBITS) if rung.sound_copied else rung


def plan_large(source: Source, plan: Plan) -> Plan | None:
    """Return what is made last, of a film that is larger and richer than the ladder's top; None where it is not.

    Rungs of it are made beside those of ``plan``, by the same rate and lengths.
    """
    picture = source.picture
    if picture is None or plan.copies or not plan.shows_picture:
        return None
    top, rate = STEPS[-1], _picture_bit_rate(source, picture)
    if min(picture.width, picture.height) < top.side * 5 // 4 or 0 < rate <= top.kbits * 1000:
        return None
    return replace(plan, rungs=(_rung(LARGE_STEP, picture, source.sound),))


def is_still(timeline: Timeline) -> bool:
    """At most one picture: with sound it is a sound lesson with a poster."""
    return timeline.picture is None or timeline.picture.shown <= 1


def may_copy(source: Source, picture: Picture) -> bool:
    """Whether phones play the picture as it is."""
    return (
        picture.codec == "h264"
        and picture.profile in COPY_PROFILES
        and 0 < picture.level <= COPY_LEVEL
        and picture.pixel_format in {"yuv420p", "yuvj420p"}
        and min(picture.width, picture.height) <= COPY_SIDE
        and picture.square
        and not picture.turned
        and not picture.interlaced
        and MIN_RATE / 2 <= float(picture.rate) <= 2 * MAX_RATE
        and 0 < _picture_bit_rate(source, picture) <= COPY_BIT_RATE
        and not COPY_CONTAINERS.isdisjoint(source.container.split(","))
    )


def may_copy_timing(picture: Picture, timeline: Timeline) -> bool:
    """Whether the packets alone, without an edit list, show the film from its first moment to its end.

    They must also be cuttable into segments where their keyframes are, and the sound must not outlast them.
    """
    track = timeline.picture
    return (
        track is not None
        and track.is_whole
        and not track.hidden
        and track.key_gap_s is not None
        and track.key_gap_s <= COPY_KEYFRAME_GAP_S
        and abs(track.start_s - timeline.origin_s) < min(0.05, 1 / float(picture.rate))
        and (not picture.duration_s or abs(track.length_s - picture.duration_s) <= SAME_LENGTH_S)
        and timeline.length_s <= track.end_s - timeline.origin_s + SAME_LENGTH_S
    )


def may_copy_sound(sound: Sound) -> bool:
    return (
        sound.codec == "aac"
        and sound.profile == "LC"
        and sound.channels <= 2
        and sound.sample_rate in {44_100, 48_000}
        and 0 < sound.bit_rate <= COPY_SOUND_BIT_RATE
    )


def may_copy_sound_timing(sound: Sound, timeline: Timeline) -> bool:
    """Whether the sound begins and ends with the picture, without holes; else it is encoded, which keeps its place."""
    track, seen = timeline.sound, timeline.picture
    if track is None or seen is None:
        return False
    filled = track.shown * 1024 / sound.sample_rate
    return (
        track.is_whole
        and abs(track.start_s - seen.start_s) <= SAME_START_S
        and track.start_s - track.first_s <= PRIMING_S
        and abs(track.end_s - seen.end_s) <= SAME_LENGTH_S
        and abs(track.length_s - filled) <= SAME_LENGTH_S
    )


def frame_rate(picture: Picture) -> Fraction:
    """A constant rate of 12 to 30 a second: halved or doubled until it fits; an uneven one becomes a usual one."""
    rate = picture.rate
    if not picture.steady:
        return Fraction(next((usual for usual in STANDARD_RATES if usual >= rate), MAX_RATE))
    while rate > MAX_RATE + 1:
        rate /= 2
    while rate < MIN_RATE:
        rate *= 2
    return rate


def fit(picture: Picture, side: int) -> tuple[int, int]:
    """Width and height with the short side at most ``side``, both even, never larger than the source."""
    scale = min(Fraction(1), Fraction(side, min(picture.width, picture.height)))
    return _even(picture.width * scale), _even(picture.height * scale)


def _even(value: Fraction) -> int:
    return max(2, round(value / 2) * 2)


def _picture_bit_rate(source: Source, picture: Picture) -> int:
    return picture.bit_rate or source.bit_rate


def _encoded_ladder(picture: Picture, sound: Sound | None) -> list[Rung]:
    side = min(picture.width, picture.height)
    steps = [step for step in STEPS if step.side <= side] or [STEPS[0]]
    # A source between two steps (say 576 lines) gets its own size as the top, at the next step's price.
    above = next((step for step in STEPS if step.side > side), None)
    if above is not None and side >= steps[-1].side * 5 // 4:
        steps = [*steps, above]
    return [_rung(step, picture, sound) for step in steps]


def _rung(step: Step, picture: Picture, sound: Sound | None) -> Rung:
    width, height = fit(picture, step.side)
    kbits, channels = (SOUND_KBITS, min(sound.channels, 2)) if sound else (0, 0)
    name = f"{min(width, height)}p"
    return Rung(name, "video", width, height, step.kbits, step.profile, False, kbits, channels, False)


def _copied_ladder(source: Source, picture: Picture, *, sound_copied: bool) -> list[Rung]:
    side, sound = min(picture.width, picture.height), source.sound
    kbits = max(1, _picture_bit_rate(source, picture) // 1000)
    name = next((step.name for step in STEPS if step.side >= side * 0.9), STEPS[-1].name)
    lower = [_rung(step, picture, sound) for step in STEPS if step.side < side * 0.9 and step.kbits <= kbits * WORTH]
    if not lower and kbits * WORTH >= STEPS[0].kbits:
        # Small and yet heavy: the same size again, for those who have little data.
        lower = [_rung(STEPS[0], picture, sound)]
        name = f"{name}-source"
    sound_kbits = 0 if sound is None else sound.bit_rate // 1000 if sound_copied else SOUND_KBITS
    channels = min(sound.channels, 2) if sound else 0
    top = Rung(
        name, "video", picture.width, picture.height, kbits, picture.profile, True, sound_kbits, channels, sound_copied
    )
    return [*lower, top]
