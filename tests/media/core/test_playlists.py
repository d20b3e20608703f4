"""Reading what we packed, writing the master."""

import pytest

from media.core.playlists import (
    Segment,
    UnableToReadPlaylist,
    Variant,
    avc_codec,
    bit_rates,
    read_segments,
    read_variants,
    write_master,
)

pytestmark = pytest.mark.unit


def test_segments_know_their_init_file() -> None:
    text = '#EXTM3U\n#EXT-X-MAP:URI="a-init.mp4"\n#EXTINF:4.000000,\na-0.m4s\n#EXT-X-DISCONTINUITY\n'
    text += '#EXT-X-MAP:URI="b-init.mp4",BYTERANGE="1@0"\n\n#EXTINF:2.5,\nb-0.m4s\n#EXT-X-ENDLIST\n'
    assert read_segments(text) == [Segment("a-0.m4s", 4.0, "a-init.mp4"), Segment("b-0.m4s", 2.5, "b-init.mp4", True)]


@pytest.mark.parametrize("text", ["", "hello", "#EXTM3U\n#EXT-X-ENDLIST\n", "#EXTM3U\n#EXTINF:long,\na.ts\n"])
def test_what_is_no_playlist_is_refused(text: str) -> None:
    with pytest.raises(UnableToReadPlaylist):
        read_segments(text)


def test_master_is_read_as_it_was_written() -> None:
    text = write_master(
        [
            Variant("480p.m3u8", 700_000, 600_000, ("avc1.4d401f", "mp4a.40.2"), 854, 480, 30000 / 1001),
            Variant("audio.m3u8", 50_000, 48_000, ("mp4a.40.2",)),
        ]
    )
    assert text == (
        "#EXTM3U\n#EXT-X-VERSION:7\n#EXT-X-INDEPENDENT-SEGMENTS\n"
        '#EXT-X-STREAM-INF:BANDWIDTH=700000,AVERAGE-BANDWIDTH=600000,CODECS="avc1.4d401f,mp4a.40.2",'
        "RESOLUTION=854x480,FRAME-RATE=29.970\n480p.m3u8\n"
        '#EXT-X-STREAM-INF:BANDWIDTH=50000,AVERAGE-BANDWIDTH=48000,CODECS="mp4a.40.2"\naudio.m3u8\n'
    )
    assert [(attributes["BANDWIDTH"], attributes["CODECS"], uri) for attributes, uri in read_variants(text)] == [
        ("700000", "avc1.4d401f,mp4a.40.2", "480p.m3u8"),
        ("50000", "mp4a.40.2", "audio.m3u8"),
    ]


def test_rates_are_measured_and_a_short_end_makes_no_peak() -> None:
    assert bit_rates([1000, 500, 400], [4.0, 4.0, 0.5]) == (2000, round(1900 * 8 / 8.5))
    assert bit_rates([], []) == (0, 0)
    assert bit_rates([100], [0.0]) == (0, 0)


def test_codec_is_read_from_the_init_file() -> None:
    assert avc_codec(b"....avcC\x01\x4d\x40\x1f\xff") == "avc1.4d401f"
    assert avc_codec(b"....avcC\x01\x4d") == ""
    assert avc_codec(b"") == ""
