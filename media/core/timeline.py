"""Where picture and sound lie in time, by a source's packets: what a container says of itself may be wrong. Pure.

All moments are seconds as the demuxer gives them; ``Timeline`` counts from where a player begins.
"""

from dataclasses import dataclass, field

# Clocks of broadcast containers may jump; ffmpeg closes such gaps, and so does this.
JUMP_S = 10.0
REST_BYTES = 8_192


@dataclass(frozen=True)
class Track:
    """One stream. ``hidden`` packets are cut away by an edit list: they are decoded, but not shown.

    ``first_s`` is the earliest moment, hidden packets included; ``start_s`` and ``end_s`` are of what is shown;
    ``filled_s`` is the sum of the packets' lengths. ``key_gap_s`` is the longest distance between keyframes, to the
    end; None if the stream does not begin with one. ``is_whole``: every packet has a moment, and they are in order.
    """

    shown: int
    hidden: int
    first_s: float
    start_s: float
    end_s: float
    filled_s: float
    size: int
    key_gap_s: float | None
    is_whole: bool

    @property
    def length_s(self) -> float:
        return self.end_s - self.start_s


@dataclass(frozen=True)
class Timeline:
    """Picture and sound of one source against the moment ``origin_s`` with which a player begins."""

    origin_s: float
    picture: Track | None
    sound: Track | None

    @property
    def length_s(self) -> float:
        """As long as anything is to be seen or heard; 0 where packets do not tell."""
        return max((track.end_s - self.origin_s for track in self.tracks), default=0.0)

    @property
    def filled_s(self) -> float:
        return max((track.filled_s for track in self.tracks), default=0.0)

    @property
    def tracks(self) -> list[Track]:
        return [track for track in (self.picture, self.sound) if track is not None]


@dataclass
class PacketReader:
    """Reads ffprobe's lines ``stream_index,pts_time,dts_time,duration_time,size,flags``; ``tracks`` has the answer."""

    has_jumps: bool = False
    rest: bytes = b""
    shift: float = 0.0
    last: float | None = None
    streams: dict[int, "_Stream"] = field(default_factory=dict)

    def feed(self, data: bytes) -> None:
        *lines, self.rest = (self.rest + data).split(b"\n")
        self.rest = self.rest[-REST_BYTES:]
        for line in lines:
            fields = line.split(b",")
            if len(fields) >= 6 and fields[0].isdigit():
                self._packet(*fields[:6])

    def tracks(self) -> dict[int, Track]:
        return {index: stream.track() for index, stream in self.streams.items() if stream.shown}

    def _packet(self, index: bytes, pts: bytes, dts: bytes, duration: bytes, size: bytes, flags: bytes) -> None:
        shown_at, decoded_at = _seconds(pts), _seconds(dts)
        stream = self.streams.setdefault(int(index), _Stream())
        at = decoded_at if shown_at is None else shown_at
        if at is None:
            stream.is_whole = False
            return
        if self.has_jumps:
            if self.last is not None and abs(at + self.shift - self.last) > JUMP_S:
                self.shift = self.last - at
            self.last = at + self.shift
        stream.add(
            at + self.shift,
            None if decoded_at is None else decoded_at + self.shift,
            _seconds(duration) or 0.0,
            size=int(size) if size.isdigit() else 0,
            is_key=flags.startswith(b"K"),
            is_hidden=b"D" in flags,
            is_timed=shown_at is not None,
        )


@dataclass
class _Stream:
    shown: int = 0
    hidden: int = 0
    first: float | None = None
    start: float = 0.0
    end: float = 0.0
    last_start: float = 0.0
    filled: float = 0.0
    size: int = 0
    last_key: float | None = None
    gap: float = 0.0
    begins_with_key: bool = False
    last_dts: float | None = None
    is_whole: bool = True

    def add(
        self,
        at: float,
        dts: float | None,
        duration: float,
        *,
        size: int,
        is_key: bool,
        is_hidden: bool,
        is_timed: bool,
    ) -> None:
        if self.first is None:
            self.first, self.begins_with_key = at, is_key
        self.first = min(self.first, at)
        self.is_whole &= is_timed and (dts is None or self.last_dts is None or dts > self.last_dts)
        self.last_dts = self.last_dts if dts is None else dts
        self.size += size
        if is_key:
            self.gap = max(self.gap, at - (at if self.last_key is None else self.last_key))
            self.last_key = at
        if is_hidden:
            self.hidden += 1
            return
        self.start = at if not self.shown else min(self.start, at)
        self.end = at + duration if not self.shown else max(self.end, at + duration)
        self.last_start = at if not self.shown else max(self.last_start, at)
        self.filled += duration
        self.shown += 1

    def track(self) -> Track:
        end = self.end
        if end <= self.last_start and self.shown > 1:
            # The packets do not say how long they are: the last one lasts as long as the others did.
            end = self.last_start + (self.last_start - self.start) / (self.shown - 1)
        gap = max(self.gap, end - self.last_key) if self.begins_with_key and self.last_key is not None else None
        first = self.start if self.first is None else self.first
        return Track(self.shown, self.hidden, first, self.start, end, self.filled, self.size, gap, self.is_whole)


def _seconds(value: bytes) -> float | None:
    try:
        number = float(value)
    except ValueError:
        return None
    return number if abs(number) < 1e12 else None
