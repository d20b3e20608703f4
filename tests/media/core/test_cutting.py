"""Which segments are left of a film, and what the playlists say of them."""

import pytest

from media.core.cutting import bounds_of, keep_variants, length_of, whole_segments, within, write_media
from media.core.playlists import Segment, read_segments

pytestmark = pytest.mark.unit
FILM = [Segment(f"{n}.m4s", 2.0, "a.mp4" if n < 3 else "b.mp4", begins_anew=n == 3) for n in range(6)]


@pytest.mark.parametrize(
    ("start", "end", "without", "spans"),
    [
        (0, 12_000, [], [(0, 12_000)]),
        (2_000, 4_000, [], [(2_000, 4_000)]),  # what a first cut gave, cut once more, is the same
        (3_900, 4_100, [], [(2_000, 6_000)]),  # outwards at both ends
        (0, 99_000, [(3_000, 4_001)], [(0, 2_000), (6_000, 12_000)]),  # what is taken out goes whole
        (0, 12_000, [(0, 1), (11_999, 20_000)], [(2_000, 10_000)]),
        (0, 12_000, [(0, 12_000)], []),
        (50_000, 60_000, [], []),
        (5_000, 5_000, [(2_000, 2_000)], []),
    ],
)
def test_whole_segments_stay(
    start: int, end: int, without: list[tuple[int, int]], spans: list[tuple[int, int]]
) -> None:
    found = whole_segments(bounds_of(FILM), start_ms=start, end_ms=end, without=without)
    assert found == spans
    assert length_of(found) == sum(end - start for start, end in spans)


def test_a_film_without_segments_gives_nothing() -> None:
    assert whole_segments([0], start_ms=0, end_ms=1000, without=[]) == []


def test_where_something_is_left_out_moments_begin_anew() -> None:
    left = within(FILM, spans=[(2_000, 4_000), (6_000, 10_000)])
    assert [(each.uri, each.begins_anew) for each in left] == [("1.m4s", False), ("3.m4s", True), ("4.m4s", False)]
    text = write_media(left)
    assert read_segments(text) == left
    assert text.endswith("#EXTINF:2.000000,\n4.m4s\n#EXT-X-ENDLIST\n")
    assert text.count("#EXT-X-DISCONTINUITY\n#EXT-X-MAP") == 1


def test_a_break_of_the_source_stays_one_and_a_cut_of_one_run_names_its_head_again() -> None:
    whole = within(FILM, spans=[(0, 12_000)])
    assert [each.uri for each in whole if each.begins_anew] == ["3.m4s"]
    assert write_media(within(FILM, spans=[(0, 2_000), (4_000, 6_000)])).count("a.mp4") == 2


def test_sound_alone_takes_what_lies_inside_by_its_middle() -> None:
    sound = [Segment(f"s{n}.m4s", 1.9, "") for n in range(6)]
    left = within(sound, spans=[(2_000, 4_000)])
    assert [each.uri for each in left] == ["s1.m4s"]
    assert "MAP" not in write_media(left)


def test_a_master_names_the_variants_that_are_left() -> None:
    master = "#EXTM3U\n#EXT-X-STREAM-INF:BANDWIDTH=9\nvideo.m3u8\n#EXT-X-STREAM-INF:BANDWIDTH=1\naudio.m3u8\n"
    assert keep_variants(master, ["video.m3u8", "audio.m3u8"]) == master
    assert keep_variants(master, ["video.m3u8"]) == "#EXTM3U\n#EXT-X-STREAM-INF:BANDWIDTH=9\nvideo.m3u8\n"
