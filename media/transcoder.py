"""From one source file to a folder that phones can play: probe, plan, encode, check, poster, master playlist."""

import contextlib
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any

from media import storage
from media.checks import UNEVEN, Rendered, find_fault, is_cut_off, measure
from media.core.facts import Source, UnableToPlayBack, read_facts
from media.core.ladder import Phase, Plan, Rung, is_still, plan_ladder, plan_large, rungs_at, with_new_sound
from media.core.loudness import gain_of, read_loudness
from media.core.playlists import (
    AAC_LC,
    AUDIO,
    MASTER,
    POSTER,
    UnableToReadPlaylist,
    Variant,
    avc_codec,
    bit_rates,
    read_segments,
    read_variants,
    write_master,
)
from media.core.storyboard import Storyboard
from media.core.timeline import Timeline
from media.ffmpeg import Limits, UnableToTranscode, playable_codecs, probe, read_packets, run
from media.outputs import HEARD, HEARD_RATE, LOUDNESS, measurements, outputs, start_of
from media.poster import make_poster
from media.storyboard import make_storyboard

MAX_DURATION_S = 12 * 3600
# A container that promises so long a film for so few bits is wrong.
LEAST_BIT_RATE = 2_000
JUMPING = frozenset({"mpegts", "mpeg"})
TAIL_BYTES = 4_096
LAST_NICENESS = 19
# Faults of the machine, or of the whole file: encoding once more would not help.
FINAL = frozenset({"timeout", "no_space", "too_big", "killed", "no_ffmpeg", "no_sandbox", "source_gone"})
Tick = Callable[[int], None]


@dataclass(frozen=True)
class Outcome:
    """What was made; ``renditions`` as in models.Video.

    ``width`` and ``height`` are of the largest picture, of a sound lesson's poster, or None where there is neither;
    ``following`` is what is to be made next.
    """

    duration_ms: int
    width: int | None
    height: int | None
    renditions: list[dict[str, Any]]
    following: Phase | None = None
    storyboard: Storyboard | None = None


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


@dataclass(frozen=True)
class Work:
    """One phase of a film: ``rungs`` are all that it will have then, ``kept`` those of them that lie in ``earlier``.

    ``heard_s`` of the sound could be decoded; None: nobody has looked.
    """

    phase: Phase
    found: Examined
    rungs: tuple[Rung, ...]
    kept: tuple[Rung, ...] = ()
    earlier: Path | None = None
    gain_db: float = 0.0
    heard_s: float | None = None

    @property
    def to_make(self) -> tuple[Rung, ...]:
        return tuple(rung for rung in self.rungs if rung not in self.kept)

    @property
    def following(self) -> Phase | None:
        if self.phase is Phase.FIRST:
            return Phase.LADDER
        is_next = self.phase is Phase.LADDER and plan_large(self.found.facts, self.found.plan) is not None
        return Phase.LARGE if is_next else None


def encode(
    source: Path, folder: Path, *, on_tick: Tick, phase: Phase = Phase.LADDER, earlier: Path | None = None
) -> Outcome:
    """Fill ``folder`` as far as ``phase``. ``on_tick`` gets the percentage at least twice a second; what it raises ends
    the work.

    What lies in ``earlier``, the folder of the phase before, gets a second name instead of being made again. What was
    made is checked; where the rungs do not agree, or a copied source cannot be decoded cleanly, all is encoded once
    more. A first phase that would bring nothing forward is the whole ladder. Raises UnableToTranscode with the reason,
    and storage.UnableToStore before it begins where the disk is too full.
    """
    found = examine(source, on_beat=lambda: on_tick(0))
    work = _measured(source, folder, _planned(found, phase, earlier), on_tick=on_tick)
    seconds = sum(rung.kbits + rung.sound_kbits for rung in work.to_make) * 1000 // 8
    storage.require_space(int(seconds * found.timeline.length_s))
    made, fault = _attempt(source, folder, work, on_tick=on_tick)
    if fault == UNEVEN and work.phase is not Phase.LARGE:
        for file in folder.iterdir():
            file.unlink()
        found = _second_plan(work.found, made)
        work = _measured(source, folder, Work(Phase.LADDER, found, found.plan.rungs), on_tick=on_tick)
        made, fault = _attempt(source, folder, work, on_tick=on_tick)
    if fault:
        raise UnableToTranscode(fault)
    if not (folder / POSTER).exists():
        _any_poster(source, folder, work.found, on_beat=lambda: on_tick(98))
    outcome = _finish(folder, work, made)
    if work.phase is Phase.FIRST:
        return outcome
    tiles = partial(make_storyboard, folder, folder, on_beat=lambda: on_tick(99))
    return replace(outcome, storyboard=tiles(renditions=outcome.renditions, duration_ms=outcome.duration_ms))


def _planned(found: Examined, phase: Phase, earlier: Path | None) -> Work:
    """What a phase makes, and what of it lies there already. Raises UnableToTranscode where nothing is left to make."""
    plan, first = found.plan, rungs_at(Phase.FIRST, found.plan)
    if phase is Phase.LARGE:
        large = plan_large(found.facts, plan)
        if large is None or earlier is None:
            raise UnableToTranscode(UNEVEN)
        pictures = tuple(rung for rung in plan.rungs if rung.kind == "video")
        return Work(phase, found, (*pictures, *large.rungs, *plan.rungs[len(pictures) :]), plan.rungs, earlier)
    if phase is Phase.FIRST and first:
        return Work(phase, found, first)
    return Work(Phase.LADDER, found, plan.rungs, first if earlier is not None else (), earlier)


def _measured(source: Path, folder: Path, work: Work, *, on_tick: Tick) -> Work:
    """Say how loud the sound is to be made. Where that differs, what would be copied is encoded, in each rung alike.

    A first rung that is only copied is not waited for: its sound is made louder together with the others'.
    """
    facts = work.found.facts
    if facts.sound is None or not any(rung.sound_kbits and not rung.sound_copied for rung in work.to_make):
        return work
    build, limits = partial(measurements, sound=facts.sound), _limits(work.found.timeline.length_s)
    try:
        run(build, source=source, folder=folder, limits=limits, on_progress=lambda _seconds: on_tick(0))
    except UnableToTranscode as error:
        raise _damaged(error) from error
    heard_s = (folder / HEARD).stat().st_size / HEARD_RATE
    gain_db = gain_of(read_loudness(_tail(folder / LOUDNESS)))
    for name in (HEARD, LOUDNESS):
        (folder / name).unlink(missing_ok=True)
    work = replace(work, heard_s=heard_s, gain_db=gain_db)
    if not gain_db:
        return work
    rungs = tuple(with_new_sound(rung) for rung in work.rungs)
    kept = tuple(rung for rung in work.kept if rung in rungs)
    return replace(work, rungs=rungs, kept=kept)


def _tail(path: Path) -> str:
    """The end of a file that was written line by line; empty where there is none."""
    if not path.exists():
        return ""
    with path.open("rb") as file:
        file.seek(max(0, path.stat().st_size - TAIL_BYTES))
        return file.read().decode(errors="replace")


def _damaged(error: UnableToTranscode) -> UnableToTranscode:
    """The prober knew what it is: what cannot be decoded now is damaged."""
    return UnableToTranscode("broken", error.detail) if error.code == "unrecognised" else error


def _attempt(source: Path, folder: Path, work: Work, *, on_tick: Tick) -> tuple[list[Rendered | None], str]:
    """Make what is to be made; return all rungs as they lie there, and what is wrong with them (empty: nothing)."""
    facts, plan, length = work.found.facts, work.found.plan, work.found.timeline.length_s

    def progress(seconds: float) -> None:
        on_tick(min(98, int(100 * seconds / length)) if length else 0)

    if work.earlier is not None:
        _keep(work.earlier, folder, work.kept)
    is_first = work.phase is Phase.FIRST
    build = partial(outputs, facts=facts, plan=plan, rungs=work.to_make, gain_db=work.gain_db, is_decoded=not is_first)
    limits = _limits(length)
    if work.phase is Phase.LARGE:
        limits = replace(limits, niceness=LAST_NICENESS)
    try:
        lost = run(build, source=source, folder=folder, limits=limits, on_progress=progress, is_strict=plan.copies)
    except UnableToTranscode as error:
        if plan.copies and error.code not in FINAL:
            return [], UNEVEN
        raise _damaged(error) from error
    rendered = [measure(folder, rung) for rung in work.rungs]
    fault = find_fault(rendered, facts=facts, timeline=work.found.timeline, plan=plan, lost=lost, heard_s=work.heard_s)
    return rendered, fault


def _keep(earlier: Path, folder: Path, rungs: tuple[Rung, ...]) -> None:
    """Give the files of these rungs, and the poster, a second name; what of it is missing is noticed afterwards."""
    names = {POSTER}
    for rung in rungs:
        playlist = f"{rung.name}.m3u8"
        with contextlib.suppress(OSError, UnableToReadPlaylist):
            segments = read_segments((earlier / playlist).read_text(encoding="utf-8"))
            names |= {playlist, *(name for each in segments for name in (each.uri, each.init) if name)}
    for name in sorted(names):
        with contextlib.suppress(FileNotFoundError):
            storage.second_name(earlier / name, folder / name)


def _second_plan(found: Examined, made: list[Rendered | None]) -> Examined:
    """Nothing copied; what was encoded and came out uneven is held or padded by what was measured."""
    if found.plan.copies:
        return replace(found, plan=plan_ladder(found.facts, found.timeline, copying=False))
    whole = [rung for rung in made if rung is not None]
    picture = max((rung.picture[1] for rung in whole if rung.picture), default=0.0)
    sound = max((rung.sound[1] for rung in whole if rung.sound), default=0.0)
    hold_s = max(0.0, found.plan.hold_s + sound - picture) if picture else 0.0
    length_s = max(picture, sound) - start_of(found.plan)
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


def _finish(folder: Path, work: Work, made: list[Rendered | None]) -> Outcome:
    """Write the master playlist from what really lies there, and say how long it is."""
    facts, plan = work.found.facts, work.found.plan
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
    width, height = max(((one.rung.width, one.rung.height) for one in rendered), key=lambda size: size[1])
    if not height and (folder / POSTER).exists() and (still := facts.picture or facts.cover) is not None:
        width, height = still.width, still.height
    return Outcome(round(length * 1000), width or None, height or None, renditions, work.following)


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
