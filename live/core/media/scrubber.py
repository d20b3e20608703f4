"""The scrubber: RTP in, whole decodable frames out, on one clock. Pure: time is passed in, there are no sockets.

Browsers now and then send a frame whose tail is missing, without a gap in the numbers and without a marker (the encoder
was interrupted by a request for a keyframe). Copied into a recording, such a frame stops players. So only frames that
are complete leave here, and after anything was lost nothing does until the next keyframe.
"""

from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass, replace
from typing import Literal, Protocol

from . import h264, opus, rtp, vp8
from .cadence import Cadence
from .h264 import Broken
from .reorder import Arrival, Reorder
from .timeline import Timeline

REORDER_S = 0.3
AUDIO_REORDER_S = 0.1
AUDIO_LAG_S = 0.5
HOLE_S = 0.04
MOST_SILENCE_S = 10.0
MOST_PACKETS = 2000
SPEAKERS = 3
"""How many may be heard beside the lecturer: as many tracks of sound a run has, from its beginning."""
PRESENTER, STAGE = PICTURES = (0, 1)
"""Whose picture: the lecturer's, and that of the speaker who is shown."""
STAYS_S = 1.5
"""So long the last picture stands where no other comes, before a black one takes its place (``Scrubber.fill``)."""
BLACK_LAG_S = REORDER_S
Kind = Literal["video", "audio"]


@dataclass(frozen=True, slots=True)
class Shape:
    """What a decoder must know before the first frame. Another shape needs a new run of segments."""

    codec: str
    width: int
    height: int
    configuration: bytes = b""


@dataclass(frozen=True, slots=True)
class Frame:
    """``at``: seconds on the arrival clock. Video carries the shape in force; audio is one Opus packet.

    ``track``: of the sound: 0 the lecturer's, from 1 on that of a speaker on the stage.
    """

    kind: Kind
    at: float
    data: bytes
    key: bool = True
    shape: Shape | None = None
    track: int = 0


@dataclass(slots=True)
class Counts:
    """What happened so far. ``truncated``: frames that never got their end; ``gated``: dropped before a keyframe."""

    packets: int = 0
    malformed: int = 0
    frames: int = 0
    keyframes: int = 0
    truncated: int = 0
    broken: int = 0
    gated: int = 0
    lost: int = 0
    late: int = 0
    sources: int = 0
    silences: int = 0

    def as_dict(self) -> dict[str, int]:
        return asdict(self)


_SPS = bytes.fromhex("6742c00ad9097e23011000000300100000030020f1226480")
_PPS = bytes.fromhex("68cb83cb20")
BLACK_SHAPE = Shape("h264", 32, 18, h264.configuration(_SPS, _PPS))
BLACK = bytes.fromhex("00000010 658884057fffff0f45000142df275d78")
"""A black keyframe as small as can be; where pictures are fitted into one size (``layout``) it is as large as any."""


class Codec(Protocol):
    """How one video codec lies in RTP."""

    def begins_key(self, payload: bytes) -> bool:
        """Whether a keyframe, with all that a decoder needs, begins with this payload."""

    def frame(self, payloads: list[bytes]) -> tuple[bytes, bool, Shape | None]:
        """The sample, whether it is a keyframe, and its shape if it announces one. Raises Broken."""


class H264:
    def begins_key(self, payload: bytes) -> bool:
        try:
            return any(h264.kind_of(unit) == h264.SPS for unit in h264.unpack([payload]))
        except Broken:
            return False

    def frame(self, payloads: list[bytes]) -> tuple[bytes, bool, Shape | None]:
        units = h264.unpack(payloads)
        kinds = {h264.kind_of(unit): unit for unit in units}
        shape = None
        if h264.SPS in kinds and h264.PPS in kinds:
            sps, pps = kinds[h264.SPS], kinds[h264.PPS]
            size = h264.dimensions(sps)
            shape = Shape("h264", size.width, size.height, h264.configuration(sps, pps))
        return h264.sample(units), h264.IDR in kinds, shape


class VP8:
    def begins_key(self, payload: bytes) -> bool:
        try:
            return vp8.is_key(vp8.unpack([payload]))
        except Broken:
            return False

    def frame(self, payloads: list[bytes]) -> tuple[bytes, bool, Shape | None]:
        sample = vp8.unpack(payloads)
        if not vp8.is_key(sample):
            return sample, False, None
        size = vp8.dimensions(sample)
        return sample, True, Shape("vp8", size.width, size.height)


CODECS: dict[str, type[H264 | VP8]] = {"h264": H264, "vp8": VP8}


class VideoScrubber:
    """Whole video frames, gated on a keyframe."""

    def __init__(self, codec: str, counts: Counts) -> None:
        self._codec: Codec = CODECS[codec]()
        self._counts = counts
        self._timeline = Timeline(90_000)
        self._parts: list[bytes] = []
        self._first: Arrival | None = None
        self._shape: Shape | None = None
        self._closed = True

    def take(self, arrival: Arrival) -> Frame | None:
        """The frame that this packet completes, if any."""
        if arrival.after_gap:
            self.shut()
        packet = arrival.packet
        if not packet.payload:
            return None
        # The next frame begins and the one before never got its marker: it is the truncated kind, and unusable.
        if self._first is not None and packet.timestamp != self._first.packet.timestamp:
            self._counts.truncated += 1
            self.shut()
        # Behind a closed gate only a keyframe is collected at all: the rest would be decoded to rubbish.
        if self._closed and self._first is None and not self._codec.begins_key(packet.payload):
            self._counts.gated += packet.marker
            return None
        self._first = self._first or arrival
        self._parts.append(packet.payload)
        if packet.marker:
            return self._complete(self._first)
        # No camera makes a frame of that size: somebody sends without markers to fill the memory.
        if len(self._parts) > MOST_PACKETS:
            self._counts.broken += 1
            self.shut()
        return None

    def shut(self) -> None:
        """Forget the frame at hand; only a keyframe opens the gate again."""
        self._parts, self._first, self._closed = [], None, True

    def _complete(self, first: Arrival) -> Frame | None:
        parts, self._parts, self._first = self._parts, [], None
        try:
            sample, key, shape = self._codec.frame(parts)
        except Broken:
            self._counts.broken += 1
            self.shut()
            return None
        if self._closed and not (key and shape):
            self._counts.gated += 1
            return None
        self._closed, self._shape = False, shape or self._shape
        if not sample:
            return None
        self._counts.frames += 1
        self._counts.keyframes += key
        at = self._timeline.place(ssrc=first.packet.ssrc, timestamp=first.packet.timestamp, now=first.at)
        return Frame("video", at, sample, key, self._shape)


class AudioScrubber:
    """Opus packets on the clock, and silence where there are none: a missing microphone stops no recording.

    A speaker's track is silent most of the time: there six frames of silence go into one packet.
    """

    def __init__(self, counts: Counts, track: int = 0) -> None:
        self._counts = counts
        self._track = track
        self._timeline = Timeline(48_000)
        self._until: float | None = None

    def take(self, arrival: Arrival) -> list[Frame]:
        packet = arrival.packet
        if not opus.duration(packet.payload):
            return []
        at = self._timeline.place(ssrc=packet.ssrc, timestamp=packet.timestamp, now=arrival.at)
        return self.put(at, packet.payload)

    def put(self, at: float, packet: bytes) -> list[Frame]:
        """One Opus packet whose moment is known."""
        # It overlaps what is written: late, or the sender's clock jumped back. Sound twice is worse than none.
        if self._until is not None and at < self._until - HOLE_S:
            return []
        fill = self._silence(at - HOLE_S)
        self._until = at + opus.duration(packet)
        return [*fill, self._frame(at, packet)]

    def follow(self, at: float) -> list[Frame]:
        """The picture has come to ``at``: sound may lag a little behind it, then silence stands in."""
        if self._until is None:
            self._until = at
        # Of a speaker's track whole long packets alone: what is left of it waits for the next picture.
        return self._silence(at - AUDIO_LAG_S, whole=bool(self._track))

    def _frame(self, at: float, data: bytes) -> Frame:
        return Frame("audio", at, data, track=self._track)

    def _silence(self, until: float, *, whole: bool = False) -> list[Frame]:
        frames: list[Frame] = []
        # After a pause of minutes the gap is not filled frame by frame: the next run begins there anyway.
        if self._until is not None and until - self._until > MOST_SILENCE_S:
            self._until = until - opus.SILENCE_S
        while self._track and self._until is not None and until - self._until >= opus.LONG_SILENCE_S:
            frames.append(self._frame(self._until, opus.LONG_SILENCE))
            self._until += opus.LONG_SILENCE_S
        while not whole and self._until is not None and self._until < until:
            frames.append(self._frame(self._until, opus.SILENCE))
            self._until += opus.SILENCE_S
        self._counts.silences += len(frames)
        return frames


class Scrubber:
    """One lecture's presenter, and the speakers on its stage.

    ``feed`` and ``tick`` return the frames that are ready, the picture and each track of sound in order of time. A
    track whose speaker is gone, or has not come, is silent: sound is there on every track all the time. Of the two
    pictures, ``PRESENTER`` and ``STAGE``, one goes out: the one that is shown, from its next keyframe on, and until
    then the one before.
    """

    def __init__(self, codec: str = "h264", *, voices: int = 1 + SPEAKERS) -> None:
        self.counts = Counts()
        self._order: dict[tuple[Kind, int], Reorder] = {("video", track): Reorder(REORDER_S) for track in PICTURES}
        self._order |= {("audio", track): Reorder(AUDIO_REORDER_S) for track in range(voices)}
        self._codecs = [codec for _track in PICTURES]
        self._video = [VideoScrubber(codec, self.counts) for _track in PICTURES]
        self._cadence = Cadence()
        self._chosen = self._shown = PRESENTER
        self._out_at = float("-inf")
        self._is_filled = False
        self._audio = [AudioScrubber(self.counts, track) for track in range(voices)]

    def expect(self, codec: str, track: int = PRESENTER) -> None:
        """Another one sends: from now on this picture is in this codec ("h264" or "vp8")."""
        # The order of packets stays: sequence numbers go on where the sender is the same.
        if codec != self._codecs[track]:
            self._codecs[track] = codec
            self._video[track] = VideoScrubber(codec, self.counts)

    def show(self, track: int) -> None:
        """This picture was chosen; it goes out as soon as a keyframe of it is there."""
        self._chosen = track

    def feed(self, kind: Kind, datagram: bytes, now: float, *, track: int = 0) -> list[Frame]:
        """One datagram that arrived at ``now`` (seconds of a clock that never steps back)."""
        self.counts.packets += 1
        packet = rtp.parse(datagram)
        if packet is None:
            self.counts.malformed += 1
            return []
        return list(self._scrub(kind, track, self._order[kind, track].push(packet, now)))

    def tick(self, now: float) -> list[Frame]:
        """Time has passed: give up on what did not come. Call it every 100 ms or so."""
        return [
            frame for (kind, track), order in self._order.items() for frame in self._scrub(kind, track, order.tick(now))
        ]

    def put(self, frame: Frame) -> list[Frame]:
        """A whole frame of the lecturer that came in another way than by RTP."""
        return self._audio[PRESENTER].put(frame.at, frame.data) if frame.kind == "audio" else [*self._out(0, frame)]

    def renew(self) -> None:
        """The lecturer's RTP was not listened to for a while: its picture goes on with the next keyframe."""
        self._video[PRESENTER] = VideoScrubber(self._codecs[PRESENTER], self.counts)

    def fill(self, now: float) -> list[Frame]:
        """Black, where no picture has come for a while, so that the sound goes on; call it as ``tick``.

        What comes after it begins with a keyframe: a picture that leans on one before the black cannot be decoded.
        """
        at = now - BLACK_LAG_S
        if not self._is_filled and at - self._out_at < STAYS_S:
            return []
        if not self._is_filled:
            for each in self._video:
                each.shut()
        self._is_filled = True
        at = self._cadence.place(at)
        black = Frame("video", at, BLACK, shape=BLACK_SHAPE)
        return [black, *(frame for audio in self._audio for frame in audio.follow(at))]

    def _out(self, track: int, frame: Frame) -> Iterator[Frame]:
        """One picture, where it is the one that goes out, and what is silent beside it."""
        if track == self._chosen and frame.key:
            self._shown = track
        if track == self._shown:
            frame = replace(frame, at=self._cadence.place(frame.at))
            self._out_at, self._is_filled = frame.at, False
            yield frame
            for audio in self._audio:
                yield from audio.follow(frame.at)

    def _scrub(self, kind: Kind, track: int, arrivals: Iterable[Arrival]) -> Iterator[Frame]:
        for arrival in arrivals:
            if kind == "audio":
                yield from self._audio[track].take(arrival)
            elif (frame := self._video[track].take(arrival)) is not None:
                yield from self._out(track, frame)
        self.counts.lost = sum(order.lost for order in self._order.values())
        self.counts.late = sum(order.late for order in self._order.values())
        self.counts.sources = sum(order.sources for order in self._order.values())
