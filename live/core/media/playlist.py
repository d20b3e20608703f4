"""HLS playlists (RFC 8216) of a lecture, composed from the runs of its packagers.

A run is one life of ffmpeg: ``run-0003.m3u8`` lists its segments, ``run-0003-init.mp4`` heads them. Players see one
stream with a discontinuity between runs. Segments never change; playlists only grow, or slide. What a packager wrote
and the next one, after a fault, wrote again is shown once.
"""

from collections.abc import Iterable, Iterator, Sequence, Set
from dataclasses import dataclass
from datetime import datetime, timedelta

SHORTEST_S = 0.05
REPEAT_S = 0.25
LIVE_WINDOW = 20
RUNS_A_HOST = 1000
SEGMENTS_A_HOST = 100_000
"""More than a host makes of one lecture: 55 hours of segments, and a new run every two minutes."""
LEAST_TARGET_S = 2
LEAST_CUT = timedelta(milliseconds=100)
MILLISECOND = timedelta(milliseconds=1)


@dataclass(frozen=True, slots=True)
class Segment:
    """``duration`` in seconds; ``at``: seconds after its run began, None where the one before it ends."""

    uri: str
    duration: float
    at: float | None = None


@dataclass(frozen=True, slots=True)
class Run:
    """Segments that one init file heads. ``started_at``: when the first frame of the first one arrived."""

    init_uri: str
    started_at: datetime
    segments: tuple[Segment, ...]

    def spans(self) -> Iterator[tuple[Segment, datetime, datetime]]:
        """Each segment with the moments at which it begins and ends."""
        at = self.started_at
        for segment in self.segments:
            if segment.at is not None:
                at = self.started_at + timedelta(seconds=segment.at)
            end = at + timedelta(seconds=segment.duration)
            yield segment, at, end
            at = end

    @property
    def ends_at(self) -> datetime:
        """When its last segment ends."""
        return max((end for _segment, _at, end in self.spans()), default=self.started_at)


@dataclass(frozen=True, slots=True)
class Variant:
    """A line of a master playlist. ``width`` and ``height`` are 0 where there is no picture."""

    uri: str
    bandwidth: int
    codecs: str
    width: int = 0
    height: int = 0


def playable(segments: Iterable[Segment]) -> tuple[Segment, ...]:
    """Those that are long enough to be played."""
    return tuple(segment for segment in segments if segment.duration > SHORTEST_S)


def target_duration(runs: Iterable[Run]) -> int:
    """The longest segment of all, rounded as the standard says; over a lecture's life it can only grow."""
    longest = max((segment.duration for run in runs for segment in run.segments), default=0.0)
    return max(LEAST_TARGET_S, int(longest + 0.5))


@dataclass(frozen=True, slots=True)
class _Entry:
    run: int
    init_uri: str
    at: datetime
    segment: Segment


def _entries(runs: Sequence[Run]) -> list[_Entry]:
    return sorted(_each(runs), key=lambda entry: entry.at)


def _each(runs: Sequence[Run]) -> Iterator[_Entry]:
    written = [run for run in runs if run.segments]
    for number, run in enumerate(written):
        # The later one wins: it was written from the frames that the packager still held, whole.
        later = [(each.started_at, each.ends_at) for each in written[number + 1 :]]
        for segment, at, end in run.spans():
            if not _repeated(at, end, later):
                yield _Entry(number, run.init_uri, at, segment)


def _repeated(at: datetime, end: datetime, later: Sequence[tuple[datetime, datetime]]) -> bool:
    """Whether a later run holds the same stretch: the packager after a fault wrote it again."""
    slack = timedelta(seconds=REPEAT_S)
    return any(begin <= at + slack and end <= until + slack for begin, until in later)


def spans(runs: Sequence[Run], *, kept: Set[str] | None = None) -> list[tuple[datetime, datetime]]:
    """When what is recorded begins and ends, segment by segment."""
    entries = (entry for entry in _entries(runs) if kept is None or entry.segment.uri in kept)
    return [(entry.at, entry.at + timedelta(seconds=entry.segment.duration)) for entry in entries]


def _lines(entries: Sequence[_Entry]) -> Iterator[str]:
    before: _Entry | None = None
    for entry in entries:
        # Between two runs timestamps begin anew, between two segments of one run only where some are left out.
        broken = before is not None and (entry.run != before.run or _apart(before, entry))
        if broken:
            yield "#EXT-X-DISCONTINUITY"
        if before is None or entry.run != before.run:
            yield f'#EXT-X-MAP:URI="{entry.init_uri}"'
        if before is None or broken:
            yield f"#EXT-X-PROGRAM-DATE-TIME:{entry.at.isoformat(timespec='milliseconds')}"
        yield f"#EXTINF:{entry.segment.duration:.6f},"
        yield entry.segment.uri
        before = entry


def _apart(before: _Entry, entry: _Entry) -> bool:
    """Whether segments between two of one run were left out."""
    return entry.at - before.at - timedelta(seconds=before.segment.duration) > timedelta(seconds=SHORTEST_S)


def _text(head: Iterable[str], entries: Sequence[_Entry], *, ended: bool) -> str:
    tail = ["#EXT-X-ENDLIST"] if ended else []
    return "\n".join([*head, *_lines(entries), *tail]) + "\n"


def _head(target: int) -> list[str]:
    return ["#EXTM3U", "#EXT-X-VERSION:7", f"#EXT-X-TARGETDURATION:{target}", "#EXT-X-INDEPENDENT-SEGMENTS"]


def live(runs: Sequence[Run], *, window: int = LIVE_WINDOW, ended: bool = False, moves: int = 0) -> str | None:
    """The sliding playlist of the last ``window`` segments. None before the first: players get 404 and try again.

    ``moves``: how many hosts carried the lecture before; to a player their segments come before all of these.
    """
    entries = _entries(runs)
    if not entries:
        return None
    first = max(0, len(entries) - window)
    # Both numbers count what has left the window: a player that paused finds its place by them.
    # A host that takes a lecture over has none of the segments before; neither number may go back (RFC 8216, 4.3.3).
    passed, broken = moves * SEGMENTS_A_HOST + first, moves * RUNS_A_HOST + entries[first].run
    sequence = [f"#EXT-X-MEDIA-SEQUENCE:{passed}", f"#EXT-X-DISCONTINUITY-SEQUENCE:{broken}"]
    return _text([*_head(target_duration(runs)), *sequence], entries[first:], ended=ended)


def dvr(runs: Sequence[Run], *, ended: bool = False) -> str | None:
    """Everything so far, growing at the end. None before the first segment."""
    entries = _entries(runs)
    if not entries:
        return None
    head = [*_head(target_duration(runs)), "#EXT-X-PLAYLIST-TYPE:EVENT", "#EXT-X-MEDIA-SEQUENCE:0"]
    return _text(head, entries, ended=ended)


def vod(runs: Sequence[Run], *, kept: Set[str] | None = None) -> str | None:
    """The recording: all segments, or those whose URI is in ``kept``. None where there is none."""
    entries = [entry for entry in _entries(runs) if kept is None or entry.segment.uri in kept]
    if not entries:
        return None
    head = [*_head(target_duration(runs)), "#EXT-X-PLAYLIST-TYPE:VOD", "#EXT-X-MEDIA-SEQUENCE:0"]
    return _text(head, entries, ended=True)


def outdated(runs: Sequence[Run], *, window: int = LIVE_WINDOW) -> list[str]:
    """URIs that no live player can ask for any more: older than twice the window."""
    entries = _entries(runs)
    return [entry.segment.uri for entry in entries[: max(0, len(entries) - 2 * window)]]


@dataclass(frozen=True, slots=True)
class RecordedSpan:
    """When a recording begins, its length, and the pauses that it leaves out as ``(media time, length)``, in ms."""

    started_at: datetime
    duration_ms: int
    cuts: tuple[tuple[int, int], ...]


def recorded_span(runs: Sequence[Run], *, kept: Set[str] | None = None) -> RecordedSpan | None:
    """How media time lies on the clock; None where nothing was recorded."""
    entries = [entry for entry in _entries(runs) if kept is None or entry.segment.uri in kept]
    if not entries:
        return None
    media, laid = timedelta(), timedelta()
    cuts: list[tuple[int, int]] = []
    for entry in entries:
        drift = entry.at - entries[0].at - media - laid
        # Less is rounding of the segments' lengths, which would add up over two hours.
        if abs(drift) >= LEAST_CUT:
            cuts.append((round(media / MILLISECOND), round(drift / MILLISECOND)))
            laid += drift
        media += timedelta(seconds=entry.segment.duration)
    return RecordedSpan(entries[0].at, round(media / MILLISECOND), tuple(cuts))


def master(variants: Iterable[Variant]) -> str:
    """The list of renditions, best first."""
    lines = ["#EXTM3U", "#EXT-X-VERSION:7", "#EXT-X-INDEPENDENT-SEGMENTS"]
    for each in variants:
        size = f",RESOLUTION={each.width}x{each.height}" if each.width else ""
        lines += [f'#EXT-X-STREAM-INF:BANDWIDTH={each.bandwidth}{size},CODECS="{each.codecs}"', each.uri]
    return "\n".join(lines) + "\n"
