"""What browsers record, taken apart: whole frames, however it is cut; and no bytes of a stranger's do any harm."""

import contextlib
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from live.core.media import h264, webm
from live.core.media.pace import AHEAD_S, BACK_S, BEHIND_S, CHUNK_S, LATEST_S, STEP_S, OutOfTime, Pace
from live.core.media.scrubber import PRESENTER, STAGE, Frame, Scrubber, Shape
from live.core.media.webm import MOST_FRAME, MOST_SKIPPED, Sample, UnableToRead, Unpacker
from tests.live.core.media.recorded import (
    OPUS_20_MS,
    VP8_DELTA,
    VP8_KEY,
    block,
    cluster,
    element,
    head,
    lecture,
    track,
)
from tests.live.core.media.test_scrubber import PPS, SPS, Sender

pytestmark = pytest.mark.unit
IDR, SLICE = b"\x65idr", b"\x41slice"
H264 = track(1, 1, b"V_MPEG4/ISO/AVC")


def samples(data: bytes, step: int = 10**9) -> list[Sample]:
    unpacker = Unpacker()
    return [each for at in range(0, len(data), step) for each in unpacker.feed(data[at : at + step])]


def refused(data: bytes) -> str:
    with pytest.raises(UnableToRead) as caught:
        samples(data)
    return caught.value.code


def annex_b(*units: bytes) -> bytes:
    return b"".join(b"\x00\x00\x00\x01" + unit for unit in units)


def avcc(*units: bytes, length_bytes: int = 4) -> bytes:
    return b"".join(len(unit).to_bytes(length_bytes, "big") + unit for unit in units)


@pytest.mark.parametrize("step", [1, 7, 100, 10**6])
def test_a_recording_is_the_same_however_it_is_cut(step: int) -> None:
    found = samples(lecture(2), step)
    pictures = [each for each in found if each.kind == "video"]
    assert [round(each.at, 1) for each in pictures] == [tenth / 10 for tenth in range(20)]
    assert [each.at for each in pictures if each.key] == [0.0, 1.0]
    assert {each.shape for each in pictures} == {Shape("vp8", 640, 360)}
    assert [each.data for each in found if each.kind == "audio"] == [OPUS_20_MS] * 20


def test_nothing_of_the_picture_comes_before_its_keyframe_and_broken_frames_never() -> None:
    blocks = [block(1, 0, VP8_DELTA), block(1, 1, b""), block(1, 2, b"\x10short"), block(1, 3, VP8_KEY)]
    assert [each.data for each in samples(head() + cluster(0, *blocks))] == [VP8_KEY]
    no_size = VP8_KEY.replace((640).to_bytes(2, "little"), b"\0\0")
    assert samples(head() + cluster(0, block(1, 0, no_size))) == []


def test_h264_between_start_codes_with_its_sets_in_the_stream() -> None:
    key, delta = annex_b(SPS, PPS, IDR), annex_b(SLICE)
    found = samples(head(H264) + cluster(0, block(1, 0, delta), block(1, 40, key), block(1, 80, delta)))
    shape = Shape("h264", 640, 368, h264.configuration(SPS, PPS))
    assert [(each.data, each.key, each.shape) for each in found] == [
        (avcc(IDR), True, shape),
        (avcc(SLICE), False, shape),
    ]


@pytest.mark.parametrize("length_bytes", [2, 4])
def test_h264_with_lengths_and_its_sets_in_the_track(length_bytes: int) -> None:
    private = bytearray(h264.configuration(SPS, PPS))
    private[4] = 0xFC | (length_bytes - 1)
    data = avcc(IDR, length_bytes=length_bytes)
    described = track(1, 1, b"V_MPEG4/ISO/AVC", element(webm.PRIVATE, bytes(private)))
    (found,) = samples(head(described) + cluster(0, block(1, 0, data)))
    assert (found.data, found.shape) == (avcc(IDR), Shape("h264", 640, 368, h264.configuration(SPS, PPS)))
    cut = block(1, 0, data[:-1])
    assert samples(head(described) + cluster(0, cut)) == []


def test_h264_that_cannot_be_shown_is_passed_over() -> None:
    """No start code, too many units, keyframes without their sets, sets that are cut."""
    many = annex_b(*[SLICE] * (webm.MOST_UNITS + 1))
    for data in (b"no start code", many, annex_b(IDR), annex_b(SPS[:5], PPS, IDR), annex_b(SPS, PPS)):
        assert samples(head(H264) + cluster(0, block(1, 0, data))) == []


def test_other_tracks_and_what_has_no_sound_are_passed_over() -> None:
    """A second picture, subtitles, a block of no track or without a body, an empty packet of sound."""
    tracks = (track(1, 1, b"V_VP8"), track(2, 2, b"A_OPUS"), track(3, 1, b"V_VP8"), track(4, 17, b"S_TEXT"))
    blocks = (block(3, 0, VP8_KEY), block(4, 0, b"x"), block(9, 0, b"x"), block(2, 0, b""), element(webm.SIMPLE, b""))
    assert samples(head(*tracks) + cluster(0, *blocks, element(webm.SIMPLE, b"\x81"))) == []
    grouped = element(webm.GROUP, element(webm.BLOCK, b"\x82\0\0\0" + OPUS_20_MS))
    assert [each.data for each in samples(head(*tracks) + cluster(0, grouped))] == [OPUS_20_MS]


@pytest.mark.parametrize(
    ("data", "code"),
    [
        (b"<!doctype html>", "not_media"),
        (b"\x00\x00\x00\x18ftypmp42", "not_media"),
        (b"\x1a\x45\xdf\xa3\x00", "not_media"),
        (head() + head(), "not_media"),
        (head() + element(0xEC, b"", unknown=True), "not_media"),
        (head() + b"\xec\x08" + (MOST_SKIPPED + 1).to_bytes(8, "big"), "not_media"),
        (head() + b"\xec\x01" + (MOST_SKIPPED + 1).to_bytes(7, "big"), "not_media"),
        (head() + b"\xa3\x01" + (MOST_FRAME + 1).to_bytes(7, "big"), "too_big"),
        (head() + element(webm.TIME, b"123456789"), "not_media"),
        (head() + cluster(0, block(1, 0, VP8_KEY, flags=0x02)), "not_media"),
        (head() + cluster(0, block(2, -5, OPUS_20_MS)), "not_media"),
        (head(track(1, 1, b"V_VP9")), "codec"),
        (head(track(2, 2, b"A_VORBIS")), "codec"),
        (head(track(1, 1, b"V_VP8", element(webm.ENCODINGS, b"zlib"))), "codec"),
        (head(element(webm.TRACK, b"\xd7")), "not_media"),
        (head(element(webm.TRACK, element(webm.NUMBER, b"", unknown=True))), "not_media"),
        (head(track(1, 1, b"V_MPEG4/ISO/AVC", element(webm.PRIVATE, b"\x01\x42"))), "not_media"),
        (head() + cluster(0, block(1, 0, VP8_KEY[:6] + b"\xff\x3f\xff\x3f")), "too_big"),
    ],
)
def test_what_is_no_recording_is_refused(data: bytes, code: str) -> None:
    assert refused(data) == code


@given(st.binary(max_size=2000), st.integers(0, 400), st.integers(1, 200))
def test_hostile_bytes_are_read_or_refused(noise: bytes, at: int, step: int) -> None:
    good = lecture(1)
    for data in (noise, head() + noise, good[:at] + noise + good[at:]):
        with contextlib.suppress(UnableToRead):
            samples(data, step)


# --- its place in the time --------------------------------------------------------------------------------------------


def test_a_recording_lies_a_second_back_and_keeps_its_own_distances() -> None:
    pace, now = Pace(), 100.0
    placed = [
        pace.place(chunk * CHUNK_S + tenth / 10, now + chunk * CHUNK_S) for chunk in range(4) for tenth in range(5)
    ]
    assert placed[0] == now - BEHIND_S
    assert [round(later - before, 6) for before, later in pairwise(placed)] == [0.1] * 19


def test_a_recording_begins_where_the_one_before_it_ends() -> None:
    first = Pace()
    last = [first.place(tenth / 10, 100.0) for tenth in range(6)][-1]
    assert Pace(first.placed).place(7.0, 100.2) == pytest.approx(last + STEP_S)
    assert Pace(first.placed).place(7.0, 102.0) == 102.0 - BEHIND_S


@pytest.mark.parametrize("drift", [0.001, -0.001])
def test_clocks_that_drift_apart_stay_together(drift: float) -> None:
    """A recorder whose clock is off by a part in a thousand: after an hour it would be 3.6 s away."""
    pace, late = Pace(), 0.0
    for chunk in range(7200):
        now = 100.0 + chunk * CHUNK_S * (1 + drift)
        late = now - pace.place(chunk * CHUNK_S, now)
    assert abs(late - (BEHIND_S - CHUNK_S)) < 0.6


def test_what_comes_too_late_too_early_or_out_of_order_has_no_place() -> None:
    def code(at: float, now: float) -> str:
        pace = Pace()
        pace.place(10.0, 100.0)
        try:
            pace.place(at, now)
        except OutOfTime as error:
            return error.code
        return ""

    assert code(10.1, 100.0 + LATEST_S) == "slow"
    assert code(10.1 + AHEAD_S + BEHIND_S, 100.0) == "not_media"
    assert code(10.0 - BACK_S - 0.1, 100.0) == "not_media"
    assert code(9.5, 100.0) == ""


# --- in the scrubber's place ------------------------------------------------------------------------------------------


def test_whole_frames_go_the_way_of_the_lecturers_rtp_and_silence_stands_in_for_everybody_else() -> None:
    scrubber, shape = Scrubber(), Shape("vp8", 640, 360)
    out = scrubber.put(Frame("video", 10.0, VP8_KEY, True, shape))
    out += scrubber.put(Frame("audio", 10.0, OPUS_20_MS))
    out += scrubber.put(Frame("video", 11.0, VP8_DELTA, False, shape))
    assert [each.data for each in out if each.kind == "video"] == [VP8_KEY, VP8_DELTA]
    assert OPUS_20_MS in [each.data for each in out if each.track == PRESENTER]
    assert {each.track for each in out if each.kind == "audio"} == {0, 1, 2, 3}
    # Somebody on the stage is shown: the lecturer is heard, and seen again with a keyframe.
    scrubber.show(STAGE)
    scrubber._shown = STAGE
    assert [each for each in scrubber.put(Frame("video", 12.0, VP8_KEY, True, shape)) if each.kind == "video"] == []
    scrubber.show(PRESENTER)
    assert scrubber.put(Frame("video", 12.1, VP8_DELTA, False, shape)) == []
    assert scrubber.put(Frame("video", 12.2, VP8_KEY, True, shape))


def test_rtp_that_was_not_listened_to_goes_on_with_a_keyframe() -> None:
    scrubber, sender = Scrubber(), Sender(gop=5)
    for number_of in range(3):
        for datagram in sender.frame():
            scrubber.feed("video", datagram, 10 + number_of / 10)
    scrubber.renew()
    seen = [
        frame
        for number_of in range(3, 8)
        for datagram in sender.frame()
        for frame in scrubber.feed("video", datagram, 10 + number_of / 10)
        if frame.kind == "video"
    ]
    assert seen
    assert seen[0].key


def test_numbers_of_one_byte_as_ffmpeg_and_firefox_write_them() -> None:
    short = element(webm.TRACK, bytes([webm.NUMBER, 0x81, 1, webm.TYPE, 0x81, 1]) + element(webm.CODEC, b"V_VP8\0"))
    assert [each.data for each in samples(head(short) + cluster(0, block(1, 0, VP8_KEY)))] == [VP8_KEY]
