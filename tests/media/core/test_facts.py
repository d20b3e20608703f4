"""What a prober's answer means."""

from fractions import Fraction
from typing import Any

import pytest

from media.core.facts import UnableToPlayBack, read_facts

pytestmark = pytest.mark.unit

VIDEO: dict[str, Any] = {
    "index": 0,
    "codec_type": "video",
    "codec_name": "h264",
    "profile": "High",
    "level": 31,
    "pix_fmt": "yuv420p",
    "width": 1280,
    "height": 720,
    "sample_aspect_ratio": "1:1",
    "avg_frame_rate": "25/1",
    "r_frame_rate": "25/1",
    "bit_rate": "900000",
    "duration": "10.0",
}
AUDIO: dict[str, Any] = {
    "index": 1,
    "codec_type": "audio",
    "codec_name": "aac",
    "profile": "LC",
    "channels": 2,
    "sample_rate": "48000",
    "bit_rate": "96000",
}
COVER = {**VIDEO, "index": 2, "codec_name": "mjpeg", "disposition": {"attached_pic": 1}}


def picture(**change: Any) -> Any:
    return read_facts({"streams": [{**VIDEO, **change}]}).picture


def test_picture_and_sound_are_read() -> None:
    facts = read_facts(
        {"format": {"format_name": "mov,mp4", "duration": "10.5", "bit_rate": "1"}, "streams": [VIDEO, AUDIO]}
    )
    assert (facts.container, facts.duration_s, facts.bit_rate) == ("mov,mp4", 10.0, 1)
    assert facts.picture is not None
    assert (facts.picture.width, facts.picture.height, facts.picture.rate, facts.picture.steady) == (
        1280,
        720,
        25,
        True,
    )
    assert facts.sound is not None
    assert (facts.sound.index, facts.sound.channels, facts.sound.bit_rate) == (1, 2, 96_000)


def test_cover_of_a_song_is_not_a_picture() -> None:
    facts = read_facts({"streams": [COVER, AUDIO]})
    assert (facts.picture, facts.sound is not None) == (None, True)
    assert facts.cover is not None
    assert facts.cover.index == 2


def test_the_default_track_is_taken_else_the_first_that_can_be_decoded() -> None:
    other = {**AUDIO, "index": 5, "disposition": {"default": 1}}
    unknown = {**AUDIO, "index": 0, "codec_name": "dts", "disposition": {"default": 1}}

    def taken(*streams: dict[str, Any]) -> int:
        sound = read_facts({"streams": streams}, codecs={"h264", "aac"}).sound
        assert sound is not None
        return sound.index

    assert taken(AUDIO, other) == 5
    assert taken(unknown, AUDIO) == 1
    assert taken(unknown, AUDIO, other) == 5


def test_sound_that_cannot_be_decoded_is_not_left_out_in_silence() -> None:
    with pytest.raises(UnableToPlayBack) as caught:
        read_facts({"streams": [VIDEO, {**AUDIO, "codec_name": "dts"}]}, codecs={"h264", "aac"})
    assert (caught.value.code, caught.value.name) == ("codec", "dts")


@pytest.mark.parametrize(("compatible", "code"), [(0, "dolby_vision"), (4, "")])
def test_dolby_vision_without_a_usual_picture_is_refused(compatible: int, code: str) -> None:
    side = {"dv_profile": 5 if code else 8, "dv_bl_signal_compatibility_id": compatible}
    streams = {"streams": [{**VIDEO, "codec_name": "hevc", "side_data_list": [side]}]}
    if not code:
        assert read_facts(streams).picture is not None
        return
    with pytest.raises(UnableToPlayBack) as caught:
        read_facts(streams)
    assert caught.value.code == code


def test_length_is_what_the_used_streams_say() -> None:
    """Finding: media 12: the container of a six second film said thirteen hours."""
    assert read_facts({"format": {"duration": "46800"}, "streams": [VIDEO, AUDIO]}).duration_s == 10.0
    assert read_facts({"format": {"duration": "7"}, "streams": [AUDIO]}).duration_s == 7.0


@pytest.mark.parametrize(
    "streams", [[], [COVER], [{"codec_type": "data"}], [{**AUDIO, "channels": 0}], [{**VIDEO, "width": 0}]]
)
def test_nothing_to_see_or_hear_is_refused(streams: list[dict[str, Any]]) -> None:
    with pytest.raises(UnableToPlayBack):
        read_facts({"streams": streams})


def test_turned_picture_is_measured_as_shown() -> None:
    turned = picture(side_data_list=[{"x": 1}, {"rotation": -90}])
    assert (turned.width, turned.height, turned.turned) == (720, 1280, True)
    upside_down = picture(side_data_list=[{"rotation": 180}])
    assert (upside_down.width, upside_down.height, upside_down.turned) == (1280, 720, True)


def test_oblong_pixels_are_made_square() -> None:
    wide = picture(width=720, height=576, sample_aspect_ratio="64:45")
    assert (wide.width, wide.height, wide.square) == (1024, 576, False)


@pytest.mark.parametrize("aspect", ["0:1", "N/A", "1:0", None])
def test_unknown_aspect_means_square(aspect: str | None) -> None:
    assert picture(sample_aspect_ratio=aspect).square


def test_uneven_rate_is_known_as_such() -> None:
    assert not picture(avg_frame_rate="731/100").steady
    lost = picture(avg_frame_rate="0/0", r_frame_rate="30/1")
    assert (lost.rate, lost.steady) == (Fraction(30), False)
    assert picture(avg_frame_rate="0/0", r_frame_rate="0/0").rate == 25


def test_hdr_and_interlaced_are_noticed() -> None:
    assert picture(color_transfer="arib-std-b67").hdr
    assert picture(field_order="tt").interlaced
    assert not picture(field_order="progressive").interlaced


@pytest.mark.parametrize("value", ["N/A", None, "nan", "inf", "1e99"])
def test_what_is_not_a_number_counts_nothing(value: str | None) -> None:
    facts = read_facts({"format": {"duration": value}, "streams": [{**AUDIO, "bit_rate": value}]})
    assert facts.sound is not None
    assert (facts.duration_s, facts.sound.bit_rate) == (0.0, 0)
