"""Which rungs a source gets."""

from dataclasses import replace
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from media.core.facts import Picture, Sound, Source
from media.core.ladder import Rung, fit, frame_rate, may_copy, may_copy_sound, plan_ladder

pytestmark = pytest.mark.unit

PICTURE = Picture(0, "h264", "Main", 31, "yuv420p", 1280, 720, True, False, Fraction(25), True, 900_000, False, False)
SOUND = Sound(1, "aac", "LC", 2, 48_000, 96_000)
PHONE = Source("mov,mp4,m4a,3gp,3g2,mj2", 60.0, 1_000_000, PICTURE, SOUND)


def shape(rungs: tuple[Rung, ...]) -> list[tuple[str, int, int, bool]]:
    return [(rung.name, rung.width, rung.height, rung.copied) for rung in rungs]


def test_phone_friendly_source_is_copied_and_gets_only_rungs_that_save_data() -> None:
    plan = plan_ladder(PHONE, keyframe_gap_s=4.0)
    assert shape(plan.rungs) == [
        ("240p", 426, 240, False),
        ("480p", 854, 480, False),
        ("720p", 1280, 720, True),
        ("audio", 0, 0, False),
    ]
    assert (plan.copies, plan.encodes_picture, plan.rate) == (True, True, None)
    assert plan.rungs[2].sound_copied
    assert plan.bytes_a_second == (180 + 64 + 600 + 64 + 900 + 96 + 48) * 1000 // 8


def test_slides_that_are_small_already_are_copied_alone() -> None:
    slides = replace(PHONE, picture=replace(PICTURE, bit_rate=120_000))
    plan = plan_ladder(slides, keyframe_gap_s=4.0)
    assert shape(plan.rungs) == [("720p", 1280, 720, True), ("audio", 0, 0, False)]
    assert not plan.encodes_picture


def test_large_source_is_encoded_at_all_sizes() -> None:
    large = replace(PHONE, picture=replace(PICTURE, width=3840, height=2160, rate=Fraction(60)))
    plan = plan_ladder(large, keyframe_gap_s=None)
    assert shape(plan.rungs) == [
        ("240p", 426, 240, False),
        ("480p", 854, 480, False),
        ("720p", 1280, 720, False),
        ("audio", 0, 0, False),
    ]
    assert plan.rate == 30


def test_portrait_is_measured_by_its_short_side() -> None:
    portrait = replace(PHONE, picture=replace(PICTURE, codec="hevc", width=1080, height=1920))
    assert shape(plan_ladder(portrait, keyframe_gap_s=None).rungs)[:3] == [
        ("240p", 240, 426, False),
        ("480p", 480, 854, False),
        ("720p", 720, 1280, False),
    ]


@pytest.mark.parametrize(
    ("width", "height", "wanted"),
    [
        (160, 120, [("120p", 160, 120)]),
        (640, 360, [("240p", 426, 240), ("360p", 640, 360)]),
        (320, 256, [("240p", 300, 240)]),
        (1024, 576, [("240p", 426, 240), ("480p", 854, 480)]),
        (1024, 640, [("240p", 384, 240), ("480p", 768, 480), ("640p", 1024, 640)]),
    ],
)
def test_nothing_is_enlarged(width: int, height: int, wanted: list[tuple[str, int, int]]) -> None:
    source = replace(PHONE, picture=replace(PICTURE, codec="vp9", width=width, height=height), sound=None)
    assert [rung[:3] for rung in shape(plan_ladder(source, keyframe_gap_s=None).rungs)] == wanted


def test_silent_source_has_no_sound_rung() -> None:
    silent = replace(PHONE, picture=replace(PICTURE, codec="vp9"), sound=None)
    plan = plan_ladder(silent, keyframe_gap_s=None)
    assert {rung.kind for rung in plan.rungs} == {"video"}
    assert {(rung.sound_kbits, rung.sound_channels) for rung in plan.rungs} == {(0, 0)}
    copied = plan_ladder(replace(PHONE, sound=None), keyframe_gap_s=2.0).rungs[-1]
    assert (copied.copied, copied.sound_kbits, copied.sound_copied) == (True, 0, False)


def test_sound_alone_is_one_rung() -> None:
    plan = plan_ladder(replace(PHONE, picture=None), keyframe_gap_s=None)
    assert shape(plan.rungs) == [("audio", 0, 0, False)]
    assert (plan.copies, plan.encodes_picture, plan.rate) == (False, False, None)


def test_copied_picture_with_other_sound_gets_new_sound() -> None:
    plan = plan_ladder(replace(PHONE, sound=replace(SOUND, codec="mp3")), keyframe_gap_s=4.0)
    assert [(rung.sound_copied, rung.sound_kbits) for rung in plan.rungs if rung.copied] == [(False, 64)]


def test_copied_tall_source_keeps_the_top_name() -> None:
    odd = replace(PHONE, picture=replace(PICTURE, width=736, height=736))
    assert plan_ladder(odd, keyframe_gap_s=1.0).rungs[-2].name == "720p"
    low = replace(PHONE, picture=replace(PICTURE, width=320, height=180))
    assert plan_ladder(low, keyframe_gap_s=1.0).rungs[-2].name == "240p"


@pytest.mark.parametrize(
    "change",
    [
        {"codec": "hevc"},
        {"profile": "High 10"},
        {"level": 0},
        {"level": 51},
        {"pixel_format": "yuv422p"},
        {"width": 1920, "height": 1080},
        {"square": False},
        {"turned": True},
        {"interlaced": True},
        {"rate": Fraction(120)},
        {"bit_rate": 4_000_000},
    ],
)
def test_what_old_phones_may_not_play_is_not_copied(change: dict[str, object]) -> None:
    assert may_copy(PHONE, PICTURE, keyframe_gap_s=4.0)
    assert not may_copy(PHONE, replace(PICTURE, **change), keyframe_gap_s=4.0)


@pytest.mark.parametrize(
    ("source", "gap"),
    [
        (PHONE, None),
        (PHONE, 10.0),
        (replace(PHONE, container="mpegts"), 4.0),
        (replace(PHONE, bit_rate=0, picture=replace(PICTURE, bit_rate=0)), 4.0),
    ],
)
def test_what_cannot_be_cut_is_not_copied(source: Source, gap: float | None) -> None:
    assert source.picture is not None
    assert not may_copy(source, source.picture, keyframe_gap_s=gap)


@pytest.mark.parametrize(
    "change",
    [
        {"codec": "opus"},
        {"profile": "HE-AAC"},
        {"channels": 6},
        {"sample_rate": 22_050},
        {"bit_rate": 0},
        {"bit_rate": 320_000},
    ],
)
def test_sound_is_copied_only_as_phones_know_it(change: dict[str, object]) -> None:
    assert may_copy_sound(SOUND)
    assert not may_copy_sound(replace(SOUND, **change))


@pytest.mark.parametrize(
    ("rate", "steady", "wanted"),
    [
        (Fraction(30000, 1001), True, Fraction(30000, 1001)),
        (Fraction(50), True, Fraction(25)),
        (Fraction(60), True, Fraction(30)),
        (Fraction(240), True, Fraction(30)),
        (Fraction(73, 10), False, Fraction(10)),
        (Fraction(2397, 100), False, Fraction(24)),
        (Fraction(59), False, Fraction(30)),
    ],
)
def test_rate_becomes_constant_and_at_most_thirty(rate: Fraction, steady: bool, wanted: Fraction) -> None:
    assert frame_rate(replace(PICTURE, rate=rate, steady=steady)) == wanted


@given(st.integers(2, 8000), st.integers(2, 8000), st.sampled_from([240, 480, 720]))
def test_sizes_are_even_and_not_larger_than_the_source(width: int, height: int, side: int) -> None:
    w, h = fit(replace(PICTURE, width=width, height=height), side)
    assert w % 2 == h % 2 == 0
    assert w <= max(2, width + 1)
    assert h <= max(2, height + 1)
    assert min(w, h) <= max(2, side)
