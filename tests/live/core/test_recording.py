"""What decides whether a recording is whole: segments as they lie there, holes, and a queue with an end."""

import io
import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from attendance.core.intervals import Spans
from live.core.media.backlog import A_FRAME, Backlog, Lost
from live.core.media.holes import Hole, HoleLog, as_lists, from_lists, media_position
from live.core.media.scrubber import Frame, Shape
from live.core.media.segments import Torn, check_init, read_fragment

pytestmark = pytest.mark.unit
S = 1000
SHAPE = Shape("h264", 640, 360)


# --- segments -------------------------------------------------------------------------------------------------------


def box(name: bytes, content: bytes = b"") -> bytes:
    return struct.pack(">I4s", 8 + len(content), name) + content


def index(track: int, *, scale: int, at: int, lengths: tuple[int, ...], version: int = 1) -> bytes:
    head = bytes([version, 0, 0, 0])
    head += struct.pack(">IIQQI" if version else ">IIIII", track, scale, at, 0, len(lengths))
    return box(b"sidx", head + b"".join(struct.pack(">III", 9, length, 0x80000000) for length in lengths))


def fragment(version: int = 1) -> bytes:
    picture = index(1, scale=12_800, at=25_600, lengths=(25_600,), version=version)
    return (
        box(b"styp", b"msdh")
        + picture
        + index(2, scale=44_100, at=9, lengths=(9,))
        + box(b"moof")
        + box(b"mdat", b"12")
    )


def read(data: bytes) -> tuple[float, float]:
    return read_fragment(io.BytesIO(data), len(data))


@pytest.mark.parametrize("version", [0, 1])
def test_a_whole_segment_says_when_and_how_long(version: int) -> None:
    assert read(fragment(version)) == (2.0, 2.0)
    two = box(b"styp") + index(1, scale=1000, at=500, lengths=(700, 800)) + box(b"moof") + box(b"mdat")
    assert read(two) == (0.5, 1.5)
    large = fragment()[: -len(box(b"mdat", b"12"))] + struct.pack(">I4sQ", 1, b"mdat", 18) + b"12"
    assert read(large) == (2.0, 2.0)


@given(st.integers(0, len(fragment()) - 1))
def test_a_segment_cut_anywhere_is_torn(length: int) -> None:
    with pytest.raises(Torn):
        read(fragment()[:length])


@given(st.binary(max_size=200))
def test_whatever_lies_there_is_read_or_torn(data: bytes) -> None:
    for text in (data, fragment() + data, bytes(200)):
        try:
            at, length = read(text)
        except Torn:
            continue
        assert at >= 0
        assert length >= 0


@pytest.mark.parametrize(
    "data",
    [
        bytes(4096),
        box(b"styp") + box(b"moof") + box(b"mdat"),
        index(1, scale=0, at=0, lengths=(1,)) + box(b"moof") + box(b"mdat"),
        index(1, scale=10, at=0, lengths=()) + box(b"moof") + box(b"mdat"),
        box(b"sidx", b"\7") + box(b"moof") + box(b"mdat"),
        box(b"sidx") + box(b"moof") + box(b"mdat"),
    ],
)
def test_zeros_and_nonsense_are_torn(data: bytes) -> None:
    with pytest.raises(Torn):
        read(data)


def test_a_head_is_whole_or_torn() -> None:
    whole = box(b"ftyp", b"iso5") + box(b"moov", b"1234")
    check_init(io.BytesIO(whole), len(whole))
    for cut in (whole[:-1], b"", box(b"ftyp")):
        with pytest.raises(Torn):
            check_init(io.BytesIO(cut), len(cut))


def test_the_index_of_another_track_says_nothing_of_the_picture() -> None:
    other = box(b"styp") + index(2, scale=44_100, at=9, lengths=(9,)) + box(b"moof") + box(b"mdat")
    with pytest.raises(Torn):
        read(other)
    assert read(index(2, scale=44_100, at=9, lengths=(9,)) + fragment()) == (2.0, 2.0)


# --- holes ----------------------------------------------------------------------------------------------------------


def on_air(hole_log: HoleLog, *stretches: tuple[int, int]) -> HoleLog:
    for begin, end in stretches:
        for at in range(begin, end + 1, S):
            hole_log.picture(at)
    return hole_log


def recorded(*stretches: tuple[int, int]) -> Spans:
    return Spans.of(stretches)


def test_a_fault_that_lost_nothing_is_no_hole() -> None:
    hole_log = on_air(HoleLog(), (0, 60 * S))
    hole_log.begin("packager", 10 * S)
    hole_log.end("packager", 20 * S)
    assert hole_log.holes(recorded((0, 60 * S)), until=61 * S) == []


def test_a_hole_is_what_of_a_fault_nothing_holds() -> None:
    hole_log = on_air(HoleLog(), (0, 60 * S))
    hole_log.begin("disk", 10 * S)
    hole_log.begin("disk", 15 * S)  # it lasts: said again
    hole_log.end("disk", 30 * S)
    assert hole_log.since("disk") is None
    assert hole_log.holes(recorded((0, 12 * S), (28 * S, 60 * S)), until=61 * S) == [Hole(12 * S, 28 * S, "disk")]


def test_a_pause_of_the_lecturer_is_no_hole() -> None:
    """The disk was full while nobody was on the air; and a gap without any fault is a pause."""
    hole_log = on_air(HoleLog(), (0, 10 * S), (100 * S, 120 * S))
    hole_log.begin("disk", 20 * S)
    hole_log.end("disk", 90 * S)
    assert hole_log.holes(recorded((0, 10 * S), (100 * S, 118 * S)), until=120 * S) == []


def test_without_agent_or_engine_no_picture_can_come() -> None:
    """Faults of the way of the picture itself are holes although nothing was on the air here."""
    for because in ("agent", "engine"):
        hole_log = on_air(HoleLog(), (40 * S, 60 * S))
        hole_log.begin(because, 10 * S)
        hole_log.end(because, 40 * S)
        assert hole_log.holes(recorded((0, 10 * S), (40 * S, 60 * S)), until=60 * S) == [Hole(10 * S, 40 * S, because)]


def test_what_lasts_is_told_after_five_seconds_until_the_recording_goes_on() -> None:
    hole_log = on_air(HoleLog(), (0, 60 * S))
    hole_log.begin("disk", 10 * S)
    kept = recorded((0, 10 * S))
    assert hole_log.holes(kept, until=14 * S) == []
    assert hole_log.holes(kept, until=15 * S) == [Hole(10 * S, None, "disk")]
    hole_log.end("disk", 20 * S)
    assert hole_log.holes(kept, until=21 * S) == [Hole(10 * S, None, "disk")]
    assert hole_log.holes(recorded((0, 10 * S), (20 * S, 22 * S)), until=24 * S) == [Hole(10 * S, 20 * S, "disk")]
    assert hole_log.holes(kept, until=22 * S, over=True) == [Hole(10 * S, 20 * S, "disk")]


def test_two_reasons_for_one_stretch_are_told_once() -> None:
    hole_log = on_air(HoleLog(), (0, 60 * S))
    for because, begin, end in (("disk", 10, 20), ("packager", 15, 30)):
        hole_log.begin(because, begin * S)  # type: ignore[arg-type]
        hole_log.end(because, end * S)  # type: ignore[arg-type]
    assert hole_log.holes(recorded((0, 10 * S), (30 * S, 60 * S)), until=60 * S) == [
        Hole(10 * S, 20 * S, "disk"),
        Hole(20 * S, 30 * S, "packager"),
    ]


def test_the_next_agent_goes_on_from_what_the_last_one_found() -> None:
    stored = as_lists([Hole(10 * S, 20 * S, "disk"), Hole(30 * S, None, "engine")])
    assert stored == [[10 * S, 20 * S, "disk"], [30 * S, None, "engine"]]
    hole_log = on_air(HoleLog(from_lists(stored)), (40 * S, 60 * S))
    assert hole_log.holes(recorded((0, 10 * S), (20 * S, 30 * S), (40 * S, 60 * S)), until=60 * S) == [
        Hole(10 * S, 20 * S, "disk"),
    ]
    # Segments that turned up after all fill it.
    assert hole_log.holes(recorded((0, 60 * S)), until=60 * S) == []


@given(
    st.lists(st.tuples(st.sampled_from(["disk", "engine", "agent", "load"]), st.integers(0, 90), st.integers(0, 30))),
    st.lists(st.tuples(st.integers(0, 99), st.integers(1, 20))),
)
def test_no_hole_overlaps_what_is_recorded_or_another(
    faults: list[tuple[str, int, int]], kept: list[tuple[int, int]]
) -> None:
    hole_log = on_air(HoleLog(), (0, 100 * S))
    for because, begin, length in faults:
        hole_log.begin(because, begin * S)  # type: ignore[arg-type]
        hole_log.end(because, (begin + length) * S)  # type: ignore[arg-type]
    held = recorded(*((at * S, (at + length) * S) for at, length in kept))
    holes = hole_log.holes(held, until=130 * S, over=True)
    spans = [Spans.of([(hole.start, hole.end or 0)]) for hole in holes]
    assert all((span & held).total == 0 for span in spans)
    assert sum(span.total for span in spans) == Spans.of((hole.start, hole.end or 0) for hole in holes).total


# --- the queue ------------------------------------------------------------------------------------------------------


def picture(at: float, *, key: bool = False, size: int = 1000) -> Frame:
    return Frame("video", at, bytes(size), key, SHAPE)


def test_frames_leave_in_the_order_in_which_they_came() -> None:
    backlog = Backlog()
    frames = [picture(0, key=True), Frame("audio", 0.02, b"1"), picture(0.04)]
    assert [backlog.put(frame) for frame in frames] == [True, True, True]
    assert [backlog.take() for _ in frames] == frames
    assert (len(backlog), backlog.size) == (0, 0)
    with pytest.raises(IndexError):
        backlog.take()


def test_what_does_not_fit_is_dropped_up_to_a_keyframe_and_told() -> None:
    backlog = Backlog(limit=4 * (1000 + A_FRAME))
    taken = [backlog.put(picture(at, key=at == 0)) for at in range(6)]
    assert taken == [True, True, True, True, False, False]
    backlog.take()
    assert backlog.put(picture(6)) is False, "a picture that leans on dropped ones"
    assert backlog.put(Frame("audio", 6.1, b"1")) is False
    assert backlog.put(picture(7, key=True)) is False, "hardly any room: it would be full again at once"
    backlog.take()
    backlog.take()
    assert backlog.put(picture(8, key=True)) is True
    assert backlog.put(picture(9)) is True
    assert [getattr(backlog.take(), "at", None) for _ in range(1)] == [3]
    assert backlog.take() == Lost(4, 8)
    assert [backlog.take(), backlog.take()] == [picture(8, key=True), picture(9)]


@given(st.lists(st.tuples(st.booleans(), st.booleans(), st.integers(0, 3000))))
def test_it_never_holds_more_than_its_limit_and_never_a_picture_without_its_key(
    steps: list[tuple[bool, bool, int]],
) -> None:
    backlog = Backlog(limit=10_000)
    broken = True
    for number, (takes, key, size) in enumerate(steps):
        if takes and len(backlog):
            found = backlog.take()
            if isinstance(found, Lost):
                broken = True
            else:
                assert found.key or not broken
                broken = False
        else:
            backlog.put(picture(number, key=key or number == 0, size=size))
            assert backlog.size <= 10_000


def test_what_is_lost_elsewhere_is_a_gap_unless_one_is_open() -> None:
    queue = Backlog()
    queue.lose(1.0, 2.0)
    assert queue.take() == Lost(1.0, 2.0)
    full = Backlog(limit=0)
    assert not full.put(picture(3.0, key=True))
    full.lose(4.0, 5.0)
    assert len(full) == 0


@pytest.mark.parametrize(
    ("at", "position"),
    [(-5 * S, 0), (0, 0), (30 * S, 30 * S), (65 * S, 60 * S), (75 * S, 65 * S), (115 * S, 100 * S), (900 * S, 600 * S)],
)
def test_a_moment_lies_where_the_recording_goes_on(at: int, position: int) -> None:
    began = 1_000 * S
    cuts = [(60 * S, 10 * S), (100 * S, 10 * S)]
    assert media_position(began + at, began=began, media_ms=600 * S, cuts=cuts) == position


def test_a_log_of_holes_takes_what_comes_late_or_never_began() -> None:
    hole_log = on_air(HoleLog(), (100 * S, 200 * S))
    hole_log.picture(150 * S)  # late, and known
    hole_log.end("engine", 160 * S)
    hole_log.note("disk", 170 * S, 170 * S)
    assert hole_log.holes(recorded(), until=300 * S, over=True) == []
    hole_log.note("disk", 170 * S, 180 * S)
    assert hole_log.holes(recorded(), until=300 * S, over=True) == [Hole(170 * S, 180 * S, "disk")]
