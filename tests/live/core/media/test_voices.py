"""Who of a meeting has a track of sound in its recording, and who is seen in it."""

import pytest

from live.core.media import h264, opus
from live.core.media.layout import LECTURE, MEETING
from live.core.media.matroska import Stream
from live.core.media.scrubber import BLACK, BLACK_SHAPE, Frame, Scrubber, Shape
from live.core.media.voices import GONE_S, Seen, Voices

pytestmark = pytest.mark.unit
STEP = 0.02


def speak(voices: Voices, who: int, since: float, until: float) -> list[int | None]:
    """Packets of 20 ms, in each of which somebody speaks."""
    steps = round((until - since) / STEP)
    return [voices.hear(who, since + step * STEP, speaks=True) for step in range(steps)]


def test_each_has_a_track_of_their_own_as_long_as_there_are_any() -> None:
    voices = Voices(2)
    assert [voices.hear(who, 0.0, speaks=False) for who in (7, 8, 9, 7)] == [0, 1, None, 0]
    voices.forget(8)
    voices.forget(8)
    assert voices.hear(9, 0.1, speaks=False) == 1


def test_who_has_closed_the_microphone_leaves_the_track_to_others() -> None:
    voices = Voices(1)
    voices.hear(7, 0.0, speaks=True)
    assert voices.hear(8, GONE_S - 0.1, speaks=False) is None
    assert voices.hear(8, GONE_S + 0.1, speaks=False) == 0


def test_who_speaks_takes_the_track_of_who_was_silent_longest_and_a_knock_takes_none() -> None:
    voices = Voices(2)
    speak(voices, 7, 0.0, 1.0)
    speak(voices, 8, 0.0, 3.0)
    voices.hear(7, 3.0, speaks=False)
    assert voices.hear(9, 3.0, speaks=True) is None, "a knock"
    assert speak(voices, 9, 4.0, 4.2)[-1] == 0
    assert voices.hear(7, 4.2, speaks=False) is None
    assert voices.hear(8, 4.2, speaks=False) == 1


def test_who_speaks_keeps_the_track() -> None:
    voices = Voices(1)
    for step in range(100):
        voices.hear(7, step * STEP, speaks=True)
        assert voices.hear(8, step * STEP, speaks=True) is None


def test_who_speaks_is_seen_after_a_while_and_stays_for_two_seconds() -> None:
    voices, seen = Voices(8), Seen()
    assert seen.choose([], voices, 0.0) == 0
    assert seen.choose([7, 8], voices, 0.0) == 7, "nobody has spoken: who came first"
    speak(voices, 8, 0.0, 0.5)
    assert not voices.is_speaking(8, 0.5)
    speak(voices, 8, 0.5, 1.5)
    assert (voices.is_speaking(8, 1.5), voices.is_speaking(8, 2.5), voices.is_speaking(5, 1.5)) == (True, False, False)
    assert seen.choose([7, 8], voices, 1.5) == 7, "not yet"
    speak(voices, 8, 1.5, 2.1)
    assert seen.choose([7, 8], voices, 2.1) == 8
    speak(voices, 7, 2.1, 4.5)
    assert seen.choose([7, 8], voices, 2.5) == 8
    assert seen.choose([7, 8], voices, 4.5) == 7
    assert seen.choose([7, 8], voices, 9.0) == 7, "in silence nobody is changed"


def test_who_is_seen_and_speaks_is_not_interrupted() -> None:
    voices, seen = Voices(8), Seen()
    seen.choose([7, 8], voices, 0.0)
    speak(voices, 7, 0.0, 5.0)
    speak(voices, 8, 0.0, 5.0)
    assert seen.choose([7, 8], voices, 5.0) == 7


def test_whose_camera_closes_is_followed_at_once_by_who_spoke_last() -> None:
    voices, seen = Voices(8), Seen()
    speak(voices, 9, 0.0, 1.0)
    assert seen.choose([7, 8], voices, 1.0) == 7
    assert seen.choose([8, 9], voices, 1.1) == 9
    assert seen.choose([], voices, 1.2) == 0


@pytest.mark.parametrize(
    ("packet", "speaks"),
    [
        (b"", False),
        (b"\xf8\xff", False),
        (opus.SILENCE, False),
        (b"\x48\x80" + b"x" * 30, True),  # SILK, 20 ms, one frame: its first bit
        (b"\x48\x40" + b"x" * 30, False),
        (b"\x58\x20" + b"x" * 30, True),  # 60 ms: the last of three bits
        (b"\x58\x10" + b"x" * 30, False),
        (b"\x78\x80" + b"x" * 30, True),  # hybrid
        (b"\x4a\x05\x80" + b"x" * 30, True),  # two frames, the first of five bytes
        (b"\x4a\xfc\x01\x80" + b"x" * 30, True),  # its length in two bytes
        (b"\x4a\xfc\x01", False),  # cut
        (b"\xf8" + b"x" * 60, True),  # CELT says nothing: by size
        (b"\xf8" + b"x" * 10, False),
        (opus.LONG_SILENCE, False),
        (b"\x4b\x02" + b"x" * 60, True),  # several frames: by size
    ],
)
def test_a_packet_says_whether_somebody_speaks(packet: bytes, speaks: bool) -> None:
    assert opus.has_voice(packet) is speaks


# --- the layout -------------------------------------------------------------------------------------------------------


def test_a_meetings_run_goes_on_with_any_picture_of_its_codec() -> None:
    small, large, vp8 = Shape("h264", 320, 180, b"a"), Shape("h264", 640, 360, b"b"), Shape("vp8", 640, 360)
    assert MEETING.goes_on(small, large)
    assert not MEETING.goes_on(vp8, large)
    assert not MEETING.goes_on(None, large)
    assert not LECTURE.goes_on(small, large)
    assert LECTURE.goes_on(small, small)


def test_a_fitted_keyframe_brings_its_parameter_sets() -> None:
    sets = h264.parameter_sets(BLACK_SHAPE.configuration)
    units, rest = [], sets
    while rest:
        length = int.from_bytes(rest[:4], "big")
        units, rest = [*units, rest[4 : 4 + length]], rest[4 + length :]
    assert [h264.kind_of(unit) for unit in units] == [h264.SPS, h264.PPS]
    assert h264.configuration(*units) == BLACK_SHAPE.configuration
    size = h264.dimensions(units[0])
    assert (size.width, size.height) == (BLACK_SHAPE.width, BLACK_SHAPE.height)
    key = Frame("video", 1.0, BLACK, shape=BLACK_SHAPE)
    for layout, brings in ((MEETING, True), (LECTURE, False)):
        stream = Stream(key, layout)
        told = b"".join([*stream.write(key), *stream.flush()])
        assert (sets + BLACK in told) is brings
    leans = Frame("video", 1.04, b"leans", key=False, shape=BLACK_SHAPE)
    stream = Stream(key, MEETING)
    assert sets + b"leans" not in b"".join([*stream.write(key), *stream.write(leans), *stream.flush()])


def test_black_stands_in_with_silence_on_all_tracks() -> None:
    scrubber = Scrubber(voices=MEETING.voices)
    first, later = scrubber.fill(10.0), scrubber.fill(12.0)
    assert [(frame.kind, frame.data) for frame in first] == [("video", BLACK)]
    assert {frame.track for frame in later if frame.kind == "audio"} == set(range(MEETING.voices))
    assert later[0].at > first[0].at
