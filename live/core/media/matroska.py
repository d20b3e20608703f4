"""Frames as a Matroska stream for a pipe, the packager's input: whole frames and their times, no ports, no guessing."""

from collections.abc import Iterator

from . import h264
from .layout import LECTURE, Layout
from .scrubber import Frame, Shape

VIDEO_TRACK, AUDIO_TRACK = 1, 2
"""The lecturer's sound has this number, the speakers' those after it."""
LONGEST_CLUSTER_MS = 20_000
LONGEST_BACK_MS = 10_000
LAST_PICTURE_MS = 40
OPUS_HEAD = b"OpusHead\x01\x02\x38\x01\x80\xbb\x00\x00\x00\x00\x00"
CODEC_IDS = {"h264": b"V_MPEG4/ISO/AVC", "vp8": b"V_VP8"}


def _element(name: int, *content: bytes) -> bytes:
    body = b"".join(content)
    return name.to_bytes((name.bit_length() + 7) // 8, "big") + (len(body) | 1 << 56).to_bytes(8, "big") + body


def _number(name: int, value: int) -> bytes:
    return _element(name, value.to_bytes(8, "big"))


def _endless(name: int) -> bytes:
    return name.to_bytes(4, "big") + b"\x01" + b"\xff" * 7


def header(shape: Shape, voices: int = LECTURE.voices) -> bytes:
    """Everything before the first cluster: a video track of this shape, the Opus tracks, times in milliseconds."""
    video = _element(
        0xAE,
        _number(0xD7, VIDEO_TRACK),
        _number(0x73C5, VIDEO_TRACK),
        _number(0x83, 1),
        _element(0x86, CODEC_IDS[shape.codec]),
        _element(0x63A2, shape.configuration) if shape.configuration else b"",
        _element(0xE0, _number(0xB0, shape.width), _number(0xBA, shape.height)),
    )
    audio = [_sound(AUDIO_TRACK + track) for track in range(voices)]
    return b"".join(
        (
            _element(0x1A45DFA3, _element(0x4282, b"matroska"), _number(0x4287, 4), _number(0x4285, 2)),
            _endless(0x18538067),
            _element(0x1549A966, _number(0x2AD7B1, 1_000_000), _element(0x4D80, b"-"), _element(0x5741, b"-")),
            _element(0x1654AE6B, video, *audio),
        )
    )


def _sound(number: int) -> bytes:
    return _element(
        0xAE,
        _number(0xD7, number),
        _number(0x73C5, number),
        _number(0x83, 2),
        _element(0x86, b"A_OPUS"),
        _element(0x63A2, OPUS_HEAD),
        _element(0xE1, _element(0xB5, b"\x40\xe7\x70\x00\x00\x00\x00\x00"), _number(0x9F, 2)),
    )


class Stream:
    """The bytes of one run, from its first video frame on. ``started_at`` is that frame's time.

    A picture is written when the next one is known, with its exact duration: a muxer that cuts segments places the
    first picture of a segment at the end of the last one before it. Where pictures are fitted the keyframes bring their
    own parameter sets, for the next one may be another camera's.
    """

    def __init__(self, first: Frame, layout: Layout = LECTURE) -> None:
        if first.shape is None:
            raise ValueError("a run begins with a video frame")
        self.shape = first.shape
        self._layout = layout
        self.started_at = first.at
        self._cluster_ms: int | None = None
        self._picture: Frame | None = None
        self._early: list[Frame] = []

    def write(self, frame: Frame) -> Iterator[bytes]:
        """The bytes that this frame completes; none for sound from before the run."""
        at_ms = self._milliseconds(frame.at)
        if frame.kind == "audio":
            if self._cluster_ms is None:
                self._early.append(frame)
            elif at_ms >= 0:
                yield from self._cluster(at_ms, anew=False)
                yield _element(0xA3, self._block(AUDIO_TRACK + frame.track, at_ms, 0x80), frame.data)
            return
        if self._picture is not None:
            yield from self._write_picture(self._picture, at_ms - self._milliseconds(self._picture.at))
        self._picture = frame

    def flush(self) -> Iterator[bytes]:
        """The bytes of the last picture, when no more will come."""
        if self._picture is not None:
            yield from self._write_picture(self._picture, LAST_PICTURE_MS)
            self._picture = None

    def _milliseconds(self, at: float) -> int:
        return round((at - self.started_at) * 1000)

    def _write_picture(self, frame: Frame, duration_ms: int) -> Iterator[bytes]:
        at_ms = self._milliseconds(frame.at)
        if self._cluster_ms is None:
            yield header(self.shape, self._layout.voices)
        yield from self._cluster(at_ms, anew=frame.key)
        leans = b"" if frame.key else _element(0xFB, b"\xff")
        block = _element(0xA1, self._block(VIDEO_TRACK, at_ms, 0), self._sets_of(frame), frame.data)
        yield _element(0xA0, block, _number(0x9B, duration_ms), leans)
        early, self._early = self._early, []
        for sound in early:
            yield from self.write(sound)

    def _sets_of(self, frame: Frame) -> bytes:
        if not (self._layout.fits and frame.key and frame.shape is not None and frame.shape.configuration):
            return b""
        return h264.parameter_sets(frame.shape.configuration)

    def _cluster(self, at_ms: int, *, anew: bool) -> Iterator[bytes]:
        if anew or self._cluster_ms is None or not -LONGEST_BACK_MS < at_ms - self._cluster_ms < LONGEST_CLUSTER_MS:
            self._cluster_ms = at_ms
            yield _endless(0x1F43B675) + _number(0xE7, at_ms)

    def _block(self, track: int, at_ms: int, flags: int) -> bytes:
        since = at_ms - (self._cluster_ms or 0)
        return bytes([0x80 | track]) + since.to_bytes(2, "big", signed=True) + bytes([flags])
