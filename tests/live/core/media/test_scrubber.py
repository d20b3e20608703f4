"""The scrubber: whatever the network does, nothing incomplete leaves it."""

import math
import random
import struct
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from live.core.media import matroska, opus
from live.core.media.cadence import SLOT_S, Cadence
from live.core.media.reorder import Reorder
from live.core.media.rtp import Packet
from live.core.media.scrubber import (
    AUDIO_LAG_S,
    BLACK,
    MOST_PACKETS,
    PRESENTER,
    REORDER_S,
    SPEAKERS,
    STAGE,
    Frame,
    Scrubber,
    Shape,
)
from live.core.media.timeline import Timeline
from tests.live.core.media.test_rtp import BASE, KEY, SIZE, bits

pytestmark = pytest.mark.unit
SPS = bits(*BASE, 0, 2, 1, (0, 1), *SIZE, (0, 1))
SPS_WIDE = bits(*BASE, 0, 2, 1, (0, 1), 79, 44, (1, 1), (1, 1), (0, 1))
PPS = b"\x68\xce\x3c\x80"
TICK = 3000
START = 100.0


def datagram(sequence: int, stamp: int, payload: bytes, *, marker: bool = False, ssrc: int = 1) -> bytes:
    return struct.pack(">BBHII", 0x80, 96 | marker << 7, sequence % 65536, stamp % 2**32, ssrc) + payload


def key_payloads(number: int, sps: bytes = SPS) -> list[bytes]:
    sets = b"\x18" + b"".join(len(unit).to_bytes(2, "big") + unit for unit in (sps, PPS))
    return [sets, b"\x7c\x85" + number.to_bytes(4, "big"), b"\x7c\x45" + b"tail"]


def delta_payloads(number: int) -> list[bytes]:
    return [b"\x7c\x81" + number.to_bytes(4, "big"), b"\x7c\x01middle", b"\x7c\x41tail"]


def frame_number(frame: Frame) -> int:
    return int.from_bytes(frame.data[5:9], "big")


class Sender:
    """A browser that sends numbered frames, a keyframe every ``gop``."""

    def __init__(self, *, ssrc: int = 1, sequence: int = 65_530, stamp: int = 2**32 - 9000, gop: int = 10) -> None:
        self.ssrc, self.sequence, self.stamp, self.gop = ssrc, sequence, stamp, gop
        self.number = 0

    def frame(self, *, key: bool | None = None, sps: bytes = SPS) -> list[bytes]:
        is_key = self.number % self.gop == 0 if key is None else key
        payloads = key_payloads(self.number, sps) if is_key else delta_payloads(self.number)
        packets = []
        for index, payload in enumerate(payloads):
            last = index == len(payloads) - 1
            packets.append(datagram(self.sequence, self.stamp, payload, marker=last, ssrc=self.ssrc))
            self.sequence += 1
        self.number += 1
        self.stamp += TICK
        return packets


def play(scrubber: Scrubber, packets: list[bytes], now: float = START, step: float = 0.01) -> list[Frame]:
    """Feed video packets one after the other, and let time pass at the end; the video frames that come out."""
    out: list[Frame] = []
    for packet in packets:
        now += step
        out += scrubber.feed("video", packet, now) + scrubber.tick(now)
    for _ in range(5):
        now += REORDER_S
        out += scrubber.tick(now)
    return [frame for frame in out if frame.kind == "video"]


def sent(count: int, **options: int) -> list[bytes]:
    sender = Sender(**options)
    return [packet for _ in range(count) for packet in sender.frame()]


def test_an_undisturbed_stream_passes_whole_across_both_wraps() -> None:
    scrubber = Scrubber()
    frames = play(scrubber, sent(30))
    assert [frame_number(frame) for frame in frames] == list(range(30))
    assert [frame.key for frame in frames[:11]] == [True, *[False] * 9, True]
    assert frames[0].shape == Shape("h264", 640, 368, frames[0].shape.configuration if frames[0].shape else b"")
    assert all(frame.shape == frames[0].shape for frame in frames)
    spacing = {round(later.at - earlier.at, 3) for earlier, later in pairwise(frames)}
    assert spacing <= {0.025, 0.035, 0.045}
    assert scrubber.counts.as_dict() == {
        **dict.fromkeys(("malformed", "truncated", "broken", "gated", "lost", "late"), 0),
        "packets": 90,
        "frames": 30,
        "keyframes": 3,
        "sources": 1,
        "silences": scrubber.counts.silences,
    }


def test_nothing_passes_before_the_first_keyframe() -> None:
    scrubber = Scrubber()
    sender = Sender()
    early = [packet for _ in range(3) for packet in sender.frame(key=False)]
    frames = play(scrubber, [*early, *sender.frame(key=True), *sender.frame(key=False)])
    assert [frame_number(frame) for frame in frames] == [3, 4]
    assert scrubber.counts.gated == 3


def test_a_frame_whose_tail_is_missing_without_a_gap_is_dropped_with_all_that_lean_on_it() -> None:
    scrubber = Scrubber()
    sender = Sender()
    packets = sender.frame()
    whole = sender.frame(key=False)
    packets += whole[:2]
    sender.sequence -= 1
    packets += sender.frame(key=False) + sender.frame(key=True) + sender.frame(key=False)
    frames = play(scrubber, packets)
    assert [frame_number(frame) for frame in frames] == [0, 3, 4]
    assert (scrubber.counts.truncated, scrubber.counts.gated, scrubber.counts.lost) == (1, 1, 0)


def test_a_keyframe_right_after_the_truncated_frame_passes() -> None:
    scrubber = Scrubber()
    sender = Sender()
    packets = [*sender.frame(), *sender.frame(key=False)[:1]]
    sender.sequence -= 2
    frames = play(scrubber, [*packets, *sender.frame(key=True)])
    assert [frame_number(frame) for frame in frames] == [0, 2]


def test_a_gap_is_waited_for_and_then_given_up() -> None:
    scrubber = Scrubber()
    packets = sent(3)
    late = packets.pop(4)
    assert [frame_number(frame) for frame in play(Scrubber(), [*packets, late])] == [0, 1, 2]
    out = []
    for packet in packets:
        out += scrubber.feed("video", packet, START)
    assert len([frame for frame in out if frame.kind == "video"]) == 1
    assert scrubber.tick(START + REORDER_S - 0.01) == []
    assert scrubber.tick(START + REORDER_S + 0.01) == []
    assert scrubber.counts.lost == 1
    assert scrubber.feed("video", late, START + 1) == []
    assert scrubber.counts.late == 1


def test_a_broken_frame_closes_the_gate() -> None:
    scrubber = Scrubber()
    sender = Sender()
    packets = sender.frame()
    broken = sender.frame(key=False)
    broken[1] = broken[1][:12] + b"\x1dfu-b"
    frames = play(scrubber, [*packets, *broken, *sender.frame(key=False), *sender.frame(key=True)])
    assert [frame_number(frame) for frame in frames] == [0, 3]
    assert scrubber.counts.broken == 1


def test_a_keyframe_that_is_no_keyframe_does_not_open_the_gate() -> None:
    scrubber = Scrubber()
    only_sets = datagram(1, 0, b"\x18" + b"".join(len(u).to_bytes(2, "big") + u for u in (SPS, PPS)), marker=True)
    bad_sets = datagram(2, TICK, b"\x67\x42", marker=True)
    idr_alone = [datagram(3, 2 * TICK, SPS), datagram(4, 2 * TICK, b"\x65key", marker=True)]
    assert play(scrubber, [only_sets, bad_sets, *idr_alone]) == []
    assert (scrubber.counts.gated, scrubber.counts.broken) == (3, 0)


def test_parameter_sets_of_no_size_are_broken() -> None:
    scrubber = Scrubber()
    packets = [datagram(1, 0, b"\x67\x42\x00"), datagram(2, 0, PPS), datagram(3, 0, b"\x65k", marker=True)]
    assert play(scrubber, packets) == []
    assert scrubber.counts.broken == 1


def test_a_frame_without_a_picture_is_not_passed_on() -> None:
    scrubber = Scrubber()
    sets = b"\x18" + b"".join(len(unit).to_bytes(2, "big") + unit for unit in (SPS, PPS))
    packets = sent(1)
    packets.append(datagram(65_533, 2**32 - 6000, sets, marker=True))
    packets += [datagram(65_534, 2**32 - 3000, b"\x41delta", marker=True)]
    assert [frame.data[4:] for frame in play(scrubber, packets)][1:] == [b"\x41delta"]


def test_padding_only_packets_keep_the_order() -> None:
    scrubber = Scrubber()
    sender = Sender()
    packets = sender.frame()
    padding = struct.pack(">BBHII", 0xA0, 96, sender.sequence % 65536, sender.stamp % 2**32, 1) + b"\0\0\3"
    sender.sequence += 1
    frames = play(scrubber, [*packets, padding, *sender.frame(key=False)])
    assert [frame_number(frame) for frame in frames] == [0, 1]
    assert scrubber.counts.lost == 0


def test_a_frame_without_end_is_given_up() -> None:
    scrubber = Scrubber()
    packets = sent(1)[:2] + [datagram(65_532 + n, 2**32 - 9000, b"\x7c\x05x") for n in range(MOST_PACKETS)]
    assert play(scrubber, packets, step=0.0001) == []
    assert scrubber.counts.broken == 1


def test_a_publisher_who_comes_back_goes_on_at_the_next_keyframe_on_the_same_clock() -> None:
    scrubber = Scrubber()
    first = play(scrubber, sent(5))
    again = Sender(ssrc=77, sequence=9, stamp=123)
    packets = [packet for _ in range(5) for packet in again.frame()]
    second = play(scrubber, packets, now=START + 10)
    assert len(second) == 5
    assert second[0].at == pytest.approx(START + 10, abs=0.05)
    assert second[0].at > first[-1].at
    assert scrubber.counts.sources == 2


def test_another_size_is_another_shape() -> None:
    scrubber = Scrubber()
    sender = Sender()
    frames = play(scrubber, [*sender.frame(key=True), *sender.frame(key=True, sps=SPS_WIDE)])
    assert [(frame.shape.width, frame.shape.height) for frame in frames if frame.shape] == [(640, 368), (1280, 720)]
    assert frames[0].shape != frames[1].shape


def test_vp8_passes_whole_and_gated() -> None:
    scrubber = Scrubber("h264")
    scrubber.expect("vp8")
    scrubber.expect("vp8")
    packets = [
        datagram(0, 0, b"\x10\x11\x00\x00delta", marker=True),
        datagram(1, TICK, b"\x90"),
        datagram(2, 2 * TICK, b"\x10" + KEY),
        datagram(3, 2 * TICK, b"\x00more", marker=True),
        datagram(4, 3 * TICK, b"\x10\x11\x00\x00delta", marker=True),
    ]
    frames = play(scrubber, packets)
    assert [(frame.key, frame.data) for frame in frames] == [(True, KEY + b"more"), (False, b"\x11\x00\x00delta")]
    assert frames[1].shape == Shape("vp8", 640, 360)


def test_another_picture_goes_out_from_its_keyframe_on_and_the_one_before_until_then() -> None:
    scrubber, lecturer, speaker = Scrubber(), Sender(gop=6), Sender(ssrc=2, gop=4)
    scrubber.expect("h264", STAGE)
    seen: list[tuple[float, int | None, bool]] = []
    for turn in range(24):
        if turn in (6, 18):
            scrubber.show(STAGE if turn == 6 else PRESENTER)
        now = START + turn / 30
        for track, sender, sps in ((PRESENTER, lecturer, SPS), (STAGE, speaker, SPS_WIDE)):
            for packet in sender.frame(sps=sps):
                out = scrubber.feed("video", packet, now + track / 1000, track=track)
                seen += [(one.at, one.shape and one.shape.width, one.key) for one in out if one.kind == "video"]
    assert [width for _at, width, _key in seen] == [640] * 9 + [1280] * 10 + [640] * 6
    assert (seen[9][2], seen[19][2]) == (True, True)
    assert all(before[0] < after[0] for before, after in pairwise(seen))


def test_what_is_no_packet_is_counted() -> None:
    scrubber = Scrubber()
    assert scrubber.feed("video", b"junk", START) == []
    assert scrubber.counts.malformed == 1


@settings(max_examples=60, deadline=None)
@given(
    seed=st.integers(0, 2**32),
    loss=st.floats(0, 0.3),
    swap=st.floats(0, 0.4),
    twice=st.floats(0, 0.3),
    start=st.integers(0, 65535),
)
def test_whatever_the_network_does_only_decodable_frames_leave(
    seed: int, loss: float, swap: float, twice: float, start: int
) -> None:
    """Every frame that leaves is whole; each follows its predecessor or is a keyframe; times only grow."""
    chance = random.Random(seed)
    packets = [packet for packet in sent(60, sequence=start, gop=8) if chance.random() >= loss]
    packets = [copy for packet in packets for copy in [packet] * (2 if chance.random() < twice else 1)]
    for index in range(len(packets) - 1):
        if chance.random() < swap:
            packets[index], packets[index + 1] = packets[index + 1], packets[index]
    frames = play(Scrubber(), packets)
    before: Frame | None = None
    for frame in frames:
        number = frame_number(frame)
        tail = b"\x65" if frame.key else b"\x61"
        assert frame.data[4:5] == tail
        assert frame.data.endswith(b"tail")
        assert frame.key or (before is not None and number == frame_number(before) + 1)
        assert before is None or frame.at > before.at
        before = frame
    if not loss:
        assert len(frames) >= 52


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 2**32), st.integers(0, 65535))
def test_reordering_within_the_wait_loses_nothing(seed: int, start: int) -> None:
    chance = random.Random(seed)
    packets = sent(40, sequence=start)
    head, rest = packets[:1], packets[1:]
    order = sorted(range(len(rest)), key=lambda index: index + chance.random() * 8)
    assert len(play(Scrubber(), head + [rest[index] for index in order], step=0.003)) == 40


def sound(sequence: int, stamp: int, payload: bytes = b"\xf8voice", ssrc: int = 9) -> bytes:
    return struct.pack(">BBHII", 0x80, 111, sequence, stamp, ssrc) + payload


def test_sound_passes_as_it_is() -> None:
    scrubber = Scrubber()
    frames = [frame for n in range(50) for frame in scrubber.feed("audio", sound(n, n * 960), START + n * 0.02)]
    assert [frame.data for frame in frames] == [b"\xf8voice"] * 50
    assert frames[-1].at == pytest.approx(START + 0.98)
    assert scrubber.feed("audio", sound(50, 0, b"\xfb"), START + 1) == []


def test_a_hole_in_the_sound_is_filled_with_silence() -> None:
    scrubber = Scrubber()
    scrubber.feed("audio", sound(0, 0), START)
    frames = scrubber.feed("audio", sound(1, 48_000), START + 1)
    assert {frame.data for frame in frames[:-1]} == {opus.SILENCE}
    assert frames[-1].data == b"\xf8voice"
    times = [START, *(frame.at for frame in frames)]
    assert max(later - earlier for earlier, later in pairwise(times)) < 0.0601
    assert scrubber.counts.silences == len(frames) - 1


def test_without_a_microphone_silence_follows_the_picture() -> None:
    scrubber = Scrubber()
    sender = Sender()
    frames: list[Frame] = []
    for index in range(90):
        for packet in sender.frame():
            frames += scrubber.feed("video", packet, START + index / 30)
    silent = [frame for frame in frames if frame.kind == "audio" and not frame.track]
    assert {frame.data for frame in silent} == {opus.SILENCE}
    assert silent[0].at == pytest.approx(START, abs=0.01)
    assert silent[-1].at == pytest.approx(START + 89 / 30 - AUDIO_LAG_S, abs=0.05)
    late = scrubber.feed("audio", sound(0, 0), START + 1.0)
    assert late == []


def test_the_tracks_of_the_stage_are_there_all_the_time_speaker_or_none() -> None:
    scrubber, sender, frames = Scrubber(), Sender(), list[Frame]()
    for index in range(300):
        now = START + index / 30
        for packet in sender.frame():
            frames += scrubber.feed("video", packet, now)
        if 100 <= index < 200:
            for half in range(2):
                voice = sound(2 * index + half, (2 * index + half) * 800, ssrc=77)
                frames += scrubber.feed("audio", voice, now + half / 60, track=2)
    for track in range(1 + SPEAKERS):
        mine = [frame for frame in frames if frame.kind == "audio" and frame.track == track]
        ends = [frame.at + opus.duration(frame.data) for frame in mine]
        assert mine[0].at == pytest.approx(START, abs=0.01)
        assert all(abs(later.at - end) <= 0.05 for end, later in zip(ends, mine[1:], strict=False)), track
        assert ends[-1] > START + 299 / 30 - AUDIO_LAG_S - 0.13
        assert any(frame.data == b"\xf8voice" for frame in mine) is (track == 2)
    quiet = [frame for frame in frames if frame.track == 1]
    assert len(quiet) < 10 / 0.1, "six frames of silence are one packet"
    assert opus.duration(opus.LONG_SILENCE) == pytest.approx(opus.LONG_SILENCE_S)


def test_an_hour_of_nothing_is_not_filled() -> None:
    scrubber = Scrubber()
    scrubber.feed("audio", sound(0, 0), START)
    frames = scrubber.feed("audio", sound(1, 3600 * 48_000), START + 3600)
    assert len(frames) <= 3


class TestTimeline:
    def test_follows_the_timestamps_not_the_jitter(self) -> None:
        timeline = Timeline(90_000)
        placed = [timeline.place(ssrc=1, timestamp=n * 3000, now=START + n / 30 + (n % 3) * 0.02) for n in range(30)]
        assert placed == pytest.approx([START + n / 30 for n in range(30)])

    def test_an_impossible_jump_anchors_anew(self) -> None:
        timeline = Timeline(90_000)
        timeline.place(ssrc=1, timestamp=0, now=START)
        assert timeline.place(ssrc=1, timestamp=2**31, now=START + 1) == START + 1

    def test_never_steps_back(self) -> None:
        timeline = Timeline(90_000)
        first = timeline.place(ssrc=1, timestamp=9000, now=START)
        assert timeline.place(ssrc=1, timestamp=0, now=START) > first
        assert timeline.place(ssrc=2, timestamp=0, now=START - 3) > first

    @settings(max_examples=15, deadline=None)
    @given(st.floats(-300e-6, 300e-6))
    def test_a_clock_that_drifts_is_followed(self, drift: float) -> None:
        timeline = Timeline(48_000)
        placed = now = START
        for n in range(6000):
            now = START + n / 10
            placed = timeline.place(ssrc=1, timestamp=int(n * 4800 * (1 + drift)), now=now)
        assert abs(placed - now) < 0.025

    def test_an_anchor_that_came_late_is_made_good(self) -> None:
        timeline = Timeline(90_000)
        timeline.place(ssrc=1, timestamp=0, now=START + 0.2)
        placed = 0.0
        for n in range(1, 1800):
            placed = timeline.place(ssrc=1, timestamp=n * 3000, now=START + n / 30)
        assert placed == pytest.approx(START + 1799 / 30, abs=0.011)


class TestReorder:
    def packet(self, sequence: int, ssrc: int = 1) -> Packet:
        return Packet(sequence, 0, ssrc, False, b"x")

    def test_a_sender_that_restarts_its_numbers_is_followed(self) -> None:
        for restart in (30_000, 65_000):
            order = Reorder(0.3)
            for n in range(10):
                list(order.push(self.packet(n), START))
            out = [a for n in range(200) for a in order.push(self.packet(restart + n), START)]
            assert len(out) == 200 - Reorder.STRAYS + 1
            assert out[0].after_gap
            assert not out[1].after_gap

    def test_a_stray_packet_does_no_harm(self) -> None:
        order = Reorder(0.3)
        out = [a for n in (0, 1, 50_000, 2, 3) for a in order.push(self.packet(n), START)]
        assert [a.packet.sequence for a in out] == [0, 1, 2, 3]

    def test_a_copy_of_a_held_packet_is_dropped(self) -> None:
        order = Reorder(0.3)
        for n in (0, 2, 2):
            list(order.push(self.packet(n), START))
        assert order.late == 1
        assert [a.packet.sequence for a in order.push(self.packet(1), START)] == [1, 2]

    def test_never_holds_more_than_it_may(self) -> None:
        order = Reorder(1e9)
        list(order.push(self.packet(0), START))
        out = [a for n in range(Reorder.MOST_HELD) for a in order.push(self.packet(2 + n), START)]
        assert len(out) == Reorder.MOST_HELD
        assert order.lost == 1


class TestCadence:
    @pytest.mark.parametrize("rate", [10, 15, 20, 24, 25, 29.97, 30, 60])
    def test_only_two_hundred_a_second_fits_all_distances(self, rate: float) -> None:
        cadence = Cadence()
        placed = [cadence.place(START + n / rate) for n in range(60)]
        steps = [round((later - earlier) * 1000) for earlier, later in pairwise(placed)]
        assert math.gcd(*steps) == 5
        assert max(abs(at - START - n / rate) for n, at in enumerate(placed)) <= 0.0075 + 1e-9

    @given(st.lists(st.floats(0, 2.0), min_size=1, max_size=200))
    def test_times_strictly_increase_by_odd_slots(self, steps: list[float]) -> None:
        cadence = Cadence()
        at, slot = START, round(cadence.place(START) / SLOT_S)
        for step in steps:
            at += step
            placed = round(cadence.place(at) / SLOT_S)
            assert placed > slot
            assert (placed - slot) % 2 == 1
            slot = placed


class TestMatroska:
    def picture(self, at: float, *, key: bool = False) -> Frame:
        return Frame("video", START + at, b"picture", key, Shape("h264", 640, 360, b"configuration"))

    def test_a_picture_is_written_with_its_duration_when_the_next_one_comes(self) -> None:
        stream = matroska.Stream(self.picture(0, key=True))
        assert list(stream.write(Frame("audio", START - 1, b"too-early"))) == []
        assert list(stream.write(self.picture(0, key=True))) == []
        assert list(stream.write(Frame("audio", START + 0.01, b"in-time"))) == []
        first = b"".join(stream.write(self.picture(0.04)))
        assert first.startswith(b"\x1a\x45\xdf\xa3")
        assert b"V_MPEG4/ISO/AVC" in first
        assert b"A_OPUS" in first
        assert b"\x9b\x01" + b"\0" * 6 + b"\x08" + b"\0" * 7 + b"\x28" in first
        assert b"\xfb" not in first.partition(b"picture")[2]
        assert b"too-early" not in first
        assert first.endswith(b"in-time")
        last = b"".join(stream.flush())
        assert b"\x81\x00\x28\x00picture" in last
        assert b"\xfb" in last
        assert list(stream.flush()) == []

    def test_a_cluster_a_keyframe_and_none_too_long(self) -> None:
        stream = matroska.Stream(self.picture(0, key=True))
        pictures = [self.picture(at, key=at == 2.0) for at in (0.0, 1.0, 2.0, 30.0, 31.0)]
        heads = [b"\x1f\x43\xb6\x75" in b"".join(stream.write(each)) for each in pictures]
        assert heads == [False, True, False, True, True]
        assert b"\x1f\x43\xb6\x75" in b"".join(stream.write(Frame("audio", START + 12, b"sound")))

    def test_vp8_needs_no_configuration(self) -> None:
        head = matroska.header(Shape("vp8", 320, 180))
        assert b"V_VP8" in head
        assert b"\x63\xa2" in head.partition(b"A_OPUS")[2]
        assert b"\x63\xa2" not in head.partition(b"A_OPUS")[0]

    def test_sound_cannot_begin_a_run(self) -> None:
        with pytest.raises(ValueError, match="video"):
            matroska.Stream(Frame("audio", 0.0, opus.SILENCE))


def test_black_takes_the_place_of_a_picture_that_stops_and_a_keyframe_takes_it_back() -> None:
    scrubber, sequence = Scrubber(), 0

    def send(payloads: list[bytes], at: float) -> list[Frame]:
        nonlocal sequence
        frames: list[Frame] = []
        for payload in payloads:
            marker = payload is payloads[-1]
            frames += scrubber.feed("video", datagram(sequence, round(at * 90_000), payload, marker=marker), at)
            sequence += 1
        return [frame for frame in frames if frame.kind == "video"]

    assert send(key_payloads(1), START)
    assert scrubber.fill(START + 1) == [], "it has just been seen"
    black = scrubber.fill(START + 3)[0]
    assert black.data == BLACK
    assert send(delta_payloads(2), START + 3.1) == [], "it leans on a picture before the black"
    assert scrubber.fill(START + 3.2)[0].data == BLACK
    back = send(key_payloads(3), START + 3.3)
    assert back[0].at > black.at
    assert send(delta_payloads(4), START + 3.4)
    assert scrubber.fill(START + 3.5) == []
