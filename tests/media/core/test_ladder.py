"""Which rungs a source gets."""

from dataclasses import replace
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from media.core.facts import Picture, Sound, Source
from media.core.ladder import (
    Phase,
    Rung,
    fit,
    frame_rate,
    is_still,
    may_copy,
    may_copy_sound,
    may_copy_sound_timing,
    may_copy_timing,
    plan_ladder,
    plan_large,
    rungs_at,
    with_new_sound,
)
from media.core.timeline import Timeline, Track

pytestmark = pytest.mark.unit

PICTURE = Picture(0, "h264", "Main", 31, "yuv420p", 1280, 720, True, False, Fraction(25), True, 900_000, False, False)
SOUND = Sound(1, "aac", "LC", 2, 48_000, 96_000)
PHONE = Source("mov,mp4,m4a,3gp,3g2,mj2", 60.0, 1_000_000, PICTURE, SOUND)
SEEN = Track(1500, 0, 0.0, 0.0, 60.0, 60.0, 6_750_000, 4.0, True)
HEARD = Track(2812, 0, 0.0, 0.0, 60.0, 60.0, 720_000, 0.021, True)
EVEN = Timeline(0.0, SEEN, HEARD)


def shape(rungs: tuple[Rung, ...]) -> list[tuple[str, int, int, bool]]:
    return [(rung.name, rung.width, rung.height, rung.copied) for rung in rungs]


def test_phone_friendly_source_is_copied_and_gets_only_rungs_that_save_data() -> None:
    plan = plan_ladder(PHONE, EVEN)
    assert shape(plan.rungs) == [
        ("240p", 426, 240, False),
        ("480p", 854, 480, False),
        ("720p", 1280, 720, True),
        ("audio", 0, 0, False),
    ]
    assert (plan.copies, plan.rate) == (True, None)
    assert plan.rungs[2].sound_copied
    assert plan.bytes_a_second == (180 + 64 + 600 + 64 + 900 + 96 + 48) * 1000 // 8


def test_slides_that_are_small_already_are_copied_alone() -> None:
    slides = replace(PHONE, picture=replace(PICTURE, bit_rate=120_000))
    plan = plan_ladder(slides, EVEN)
    assert shape(plan.rungs) == [("720p", 1280, 720, True), ("audio", 0, 0, False)]


def test_large_source_is_encoded_at_all_sizes() -> None:
    large = replace(PHONE, picture=replace(PICTURE, width=3840, height=2160, rate=Fraction(60)))
    plan = plan_ladder(large, EVEN)
    assert shape(plan.rungs) == [
        ("240p", 426, 240, False),
        ("480p", 854, 480, False),
        ("720p", 1280, 720, False),
        ("audio", 0, 0, False),
    ]
    assert plan.rate == 30


def test_portrait_is_measured_by_its_short_side() -> None:
    portrait = replace(PHONE, picture=replace(PICTURE, codec="hevc", width=1080, height=1920))
    assert shape(plan_ladder(portrait, EVEN).rungs)[:3] == [
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
    assert [rung[:3] for rung in shape(plan_ladder(source, EVEN).rungs)] == wanted


def test_silent_source_has_no_sound_rung() -> None:
    silent = replace(PHONE, picture=replace(PICTURE, codec="vp9"), sound=None)
    plan = plan_ladder(silent, EVEN)
    assert {rung.kind for rung in plan.rungs} == {"video"}
    assert {(rung.sound_kbits, rung.sound_channels) for rung in plan.rungs} == {(0, 0)}
    copied = plan_ladder(replace(PHONE, sound=None), EVEN).rungs[-1]
    assert (copied.copied, copied.sound_kbits, copied.sound_copied) == (True, 0, False)


def test_sound_alone_is_one_rung() -> None:
    plan = plan_ladder(replace(PHONE, picture=None), EVEN)
    assert shape(plan.rungs) == [("audio", 0, 0, False)]
    assert (plan.copies, plan.shows_picture, plan.rate) == (False, False, None)
    assert plan_ladder(PHONE, EVEN).shows_picture


def test_copied_picture_with_other_sound_gets_new_sound() -> None:
    plan = plan_ladder(replace(PHONE, sound=replace(SOUND, codec="mp3")), EVEN)
    assert [(rung.sound_copied, rung.sound_kbits) for rung in plan.rungs if rung.copied] == [(False, 64)]


def test_copied_tall_source_keeps_the_top_name() -> None:
    odd = replace(PHONE, picture=replace(PICTURE, width=736, height=736))
    assert plan_ladder(odd, EVEN).rungs[-2].name == "720p"
    low = replace(PHONE, picture=replace(PICTURE, width=320, height=180, bit_rate=200_000))
    assert plan_ladder(low, EVEN).rungs[-2].name == "240p"


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
    assert may_copy(PHONE, PICTURE)
    assert not may_copy(PHONE, replace(PICTURE, **change))


@pytest.mark.parametrize(
    "source", [replace(PHONE, container="mpegts"), replace(PHONE, bit_rate=0, picture=replace(PICTURE, bit_rate=0))]
)
def test_what_cannot_be_cut_is_not_copied(source: Source) -> None:
    assert source.picture is not None
    assert not may_copy(source, source.picture)


@pytest.mark.parametrize(
    "change",
    [
        {"hidden": 75},
        {"is_whole": False},
        {"key_gap_s": None},
        {"key_gap_s": 10.0},
        {"start_s": 0.5},
        {"end_s": 57.5},
    ],
)
def test_picture_that_an_edit_list_trims_is_not_copied(change: dict[str, object]) -> None:
    """Finding: media 1: a trimmed phone film got 8.5 s beside 6 s, and could never be finished."""
    assert may_copy_timing(PICTURE, EVEN)
    assert not may_copy_timing(PICTURE, replace(EVEN, picture=replace(SEEN, **change)))


def test_picture_that_is_not_as_long_as_its_stream_says_is_not_copied() -> None:
    assert may_copy_timing(replace(PICTURE, duration_s=60.05), EVEN)
    assert not may_copy_timing(replace(PICTURE, duration_s=61.0), EVEN)


def test_sound_that_outlasts_the_picture_is_heard_under_its_last_one() -> None:
    longer = replace(EVEN, sound=replace(HEARD, end_s=80.0))
    assert not may_copy_timing(PICTURE, longer)
    plan = plan_ladder(PHONE, longer)
    assert (plan.copies, plan.length_s, plan.hold_s) == (False, 80.0, 20.0)
    shorter = plan_ladder(PHONE, replace(EVEN, sound=replace(HEARD, end_s=30.0)))
    assert (shorter.copies, shorter.length_s, shorter.hold_s) == (True, 60.0, 0.0)
    assert not any(rung.sound_copied for rung in shorter.rungs)


@pytest.mark.parametrize(
    "change",
    [
        {"start_s": 0.05},
        {"first_s": -0.05},
        {"end_s": 59.0},
        {"is_whole": False},
        {"shown": 2000},
    ],
)
def test_sound_is_copied_only_where_it_begins_and_ends_with_the_picture(change: dict[str, object]) -> None:
    """Finding: media 9b: a browser does not read the edit list in which a late sound keeps its place."""
    assert may_copy_sound_timing(SOUND, EVEN)
    assert not may_copy_sound_timing(SOUND, replace(EVEN, sound=None))
    assert not may_copy_sound_timing(SOUND, replace(EVEN, sound=replace(HEARD, **change)))


def test_one_picture_with_sound_is_a_sound_lesson() -> None:
    """Finding: media 2: cover and talk counted 0.04 s."""
    still = replace(EVEN, picture=replace(SEEN, shown=1, end_s=0.04))
    assert is_still(still)
    assert shape(plan_ladder(PHONE, still).rungs) == [("audio", 0, 0, False)]


def test_small_and_heavy_source_gets_a_cheap_rung_of_its_size() -> None:
    """Finding: media 14."""
    heavy = replace(PHONE, picture=replace(PICTURE, width=320, height=240, bit_rate=740_000))
    assert shape(plan_ladder(heavy, EVEN).rungs)[:2] == [("240p", 320, 240, False), ("240p-source", 320, 240, True)]
    light = replace(PHONE, picture=replace(PICTURE, width=320, height=240, bit_rate=200_000))
    assert shape(plan_ladder(light, EVEN).rungs)[0] == ("240p", 320, 240, True)


def test_everything_can_be_encoded_anew() -> None:
    assert not plan_ladder(PHONE, EVEN, copying=False).copies


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
        (Fraction(73, 10), False, Fraction(12)),
        (Fraction(15, 2), True, Fraction(15)),
        (Fraction(1, 5), True, Fraction(64, 5)),
        (Fraction(2397, 100), False, Fraction(24)),
        (Fraction(59), False, Fraction(30)),
    ],
)
def test_rate_becomes_constant_between_twelve_and_thirty(rate: Fraction, steady: bool, wanted: Fraction) -> None:
    assert frame_rate(replace(PICTURE, rate=rate, steady=steady)) == wanted


@given(st.integers(2, 8000), st.integers(2, 8000), st.sampled_from([240, 480, 720]))
def test_sizes_are_even_and_not_larger_than_the_source(width: int, height: int, side: int) -> None:
    w, h = fit(replace(PICTURE, width=width, height=height), side)
    assert w % 2 == h % 2 == 0
    assert w <= max(2, width + 1)
    assert h <= max(2, height + 1)
    assert min(w, h) <= max(2, side)


def test_what_is_copied_can_be_played_first() -> None:
    plan = plan_ladder(PHONE, EVEN)
    assert [rung.name for rung in rungs_at(Phase.FIRST, plan)] == ["720p"]
    assert rungs_at(Phase.LADDER, plan) == plan.rungs


@pytest.mark.parametrize(("length_s", "first"), [(60.0, []), (3600.0, ["240p"])])
def test_of_a_long_film_that_must_be_encoded_the_lowest_rung_comes_first(length_s: float, first: list[str]) -> None:
    plan = plan_ladder(replace(PHONE, picture=replace(PICTURE, codec="hevc")), EVEN)
    assert [rung.name for rung in rungs_at(Phase.FIRST, replace(plan, length_s=length_s))] == first


def test_a_long_film_with_one_rung_or_only_sound_is_made_at_once() -> None:
    low = plan_ladder(replace(PHONE, picture=replace(PICTURE, codec="vp9", width=160, height=120)), EVEN)
    assert rungs_at(Phase.FIRST, replace(low, length_s=3600.0)) == ()
    assert rungs_at(Phase.FIRST, replace(plan_ladder(replace(PHONE, picture=None), EVEN), length_s=3600.0)) == ()


@pytest.mark.parametrize(
    ("change", "large"),
    [
        ({"width": 3840, "height": 2160, "bit_rate": 20_000_000}, [("1080p", 1920, 1080, False)]),
        ({"width": 1080, "height": 1920, "bit_rate": 6_000_000}, [("1080p", 1080, 1920, False)]),
        ({"width": 1920, "height": 1080, "bit_rate": 900_000}, None),
        ({"width": 1280, "height": 720, "bit_rate": 6_000_000}, None),
    ],
)
def test_large_and_rich_films_get_their_largest_rung_last(
    change: dict[str, int], large: list[tuple[str, int, int, bool]] | None
) -> None:
    source = replace(PHONE, picture=replace(PICTURE, **change))  # type: ignore[arg-type]
    plan = plan_large(source, plan_ladder(source, EVEN))
    assert (plan and shape(plan.rungs)) == large


def test_sound_alone_and_what_is_copied_get_no_larger_rung() -> None:
    assert plan_large(PHONE, plan_ladder(PHONE, EVEN)) is None
    sound = replace(PHONE, picture=None)
    assert plan_large(sound, plan_ladder(sound, EVEN)) is None
    still = Timeline(0.0, replace(SEEN, shown=1), HEARD)
    assert plan_large(PHONE, plan_ladder(PHONE, still)) is None


def test_a_copied_rung_keeps_its_picture_when_its_sound_is_made_louder() -> None:
    copied, audio = plan_ladder(PHONE, EVEN).rungs[-2:]
    louder = with_new_sound(copied)
    assert (louder.copied, louder.sound_copied, louder.sound_kbits) == (True, False, 64)
    assert with_new_sound(audio) == audio
