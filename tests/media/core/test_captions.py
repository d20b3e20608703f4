"""Captions from files as people have them, and from files that nobody should have."""

import pytest

from media.core.captions import (
    MAX_BYTES,
    MAX_CUES,
    Cue,
    UnableToReadCaptions,
    clean,
    cut,
    decode,
    read_captions,
    shifted,
    write_vtt,
)

pytestmark = pytest.mark.unit
VTT = """\ufeffWEBVTT - 第一讲
Kind: captions

NOTE 不要
这一段

STYLE
::cue { color: red }

开头
00:01.000 --> 00:03.500 align:start
<v 张三>同志们好</v>，<b>现在</b>开始

01:00:00.000 --> 01:00:02.000
a &lt; b &amp; c
第二行
"""
SRT = (
    "1\r\n00:00:01,5 --> 00:00:02,250\r\n{\\an8}<font color=red>第一句</font>\r\n\r\n"
    "2\r\n0:0:3 --> 0:0:4\r\n第二句\r\n\r\n3\r\n"
)


def test_webvtt_is_read() -> None:
    assert read_captions(VTT) == [
        Cue(1000, 3500, "同志们好，现在开始"),
        Cue(3_600_000, 3_602_000, "a < b & c\n第二行"),
    ]


def test_subrip_is_read() -> None:
    assert read_captions(SRT) == [Cue(1500, 2250, "第一句"), Cue(3000, 4000, "第二句")]


def test_overlapping_cues_stay_and_stand_in_order() -> None:
    text = "WEBVTT\n\n00:05.000 --> 00:09.000\n后\n\n00:01.000 --> 00:08.000\n先\n\n00:02.000 --> 00:03.000\n<i></i>\n"
    assert read_captions(text) == [Cue(1000, 8000, "先"), Cue(5000, 9000, "后")]


@pytest.mark.parametrize(
    ("text", "code", "line"),
    [
        ("", "nothing", 0),
        ("WEBVTT\n\nNOTE 没有\n", "nothing", 0),
        ("今天讲防汛。\n", "no_time", 1),
        ("WEBVTT\n\n1\n一句\n00:01.000 --> 00:02.000\n", "no_time", 3),
        ("WEBVTT\n\n1\n00:61.000 --> 00:02.000\n一句\n", "bad_time", 4),
        ("WEBVTT\n\n00:01.000 -->\n一句\n", "bad_time", 3),
        ("WEBVTT\n\n00:03.000 --> 00:02.000\n一句\n", "backwards", 3),
        ("WEBVTT\n\n00:01.000 --> 00:02.000\n" + "长" * 501, "too_long", 4),
        ("WEBVTT\n\n" + "00:01.000 --> 00:02.000\n句\n\n" * (MAX_CUES + 1), "too_many", 3 + 3 * MAX_CUES),
    ],
)
def test_what_is_wrong_is_said_with_its_line(text: str, code: str, line: int) -> None:
    with pytest.raises(UnableToReadCaptions) as refused:
        read_captions(text)
    assert (refused.value.code, refused.value.line) == (code, line)


@pytest.mark.parametrize("name", ["utf-8", "utf-8-sig", "gbk", "utf-16"])
def test_the_encodings_that_there_are(name: str) -> None:
    assert decode("字幕：第一句".encode(name)) == "字幕：第一句"


@pytest.mark.parametrize(
    ("data", "code"), [(b"\xff\xff\x81", "encoding"), (b"a\0b", "encoding"), (b"a" * (MAX_BYTES + 1), "too_large")]
)
def test_what_is_no_text(data: bytes, code: str) -> None:
    with pytest.raises(UnableToReadCaptions) as refused:
        decode(data)
    assert refused.value.code == code


def test_a_megabyte_of_half_tags_is_read_at_once() -> None:
    assert clean(["<" * 900_000]) == "<" * 900_000


def test_what_turns_a_line_around_is_left_out() -> None:
    assert clean(["\u202e左\u0007右 ", " \u200b "]) == "左 右"


def test_written_and_read_again_it_is_the_same() -> None:
    cues = [Cue(0, 1500, "a --> b <b>\n&amp;"), Cue(3_723_004, 3_724_000, "末")]
    assert read_captions(write_vtt(cues)) == cues
    assert write_vtt(cues).startswith("WEBVTT\n\n00:00:00.000 --> 00:00:01.500\na --&gt; b &lt;b&gt;\n&amp;amp;\n")


def test_shifted_captions_stay_within_the_media() -> None:
    cues = [Cue(1000, 3000, "一"), Cue(8000, 9500, "二")]
    assert shifted(cues, by_ms=-2000, within_ms=10_000) == [Cue(0, 1000, "一"), Cue(6000, 7500, "二")]
    assert shifted(cues, by_ms=1900, within_ms=10_000) == [Cue(2900, 4900, "一")]


def test_captions_of_what_is_left() -> None:
    """Two minutes, of which the first ten seconds and half a minute in the middle are taken out."""
    cues = [Cue(9_900, 12_000, "开头"), Cue(29_000, 61_000, "中间"), Cue(60_000, 60_100, "短")]
    assert cut(cues, spans=[(10_000, 30_000), (60_000, 120_000)]) == [
        Cue(0, 2000, "开头"),
        Cue(19_000, 20_000, "中间"),
        Cue(20_000, 21_000, "中间"),
    ]
