"""What strangers call their files, and what stands in an upload's headers."""

import base64

import pytest
from hypothesis import given
from hypothesis import strategies as st

from media.core.names import clean_filename, clean_title
from media.core.tus import UnableToParse, parse_length, parse_metadata

pytestmark = pytest.mark.unit


@pytest.mark.parametrize(
    ("given_name", "wanted"),
    [
        ("防汛 安全.mp4", "防汛 安全.mp4"),
        ("C:\\fakepath\\党课.mov", "党课.mov"),
        ("../../etc/passwd", "passwd"),
        ("a\x00b\u202e\ud800c.mp4", "abc.mp4"),
        ("a\tb\nc.mp4", "a b c.mp4"),
        ('x<>:"|?*.mp4', "x_______.mp4"),
        ("...", "video"),
        ("", "video"),
        ("a/", "video"),
    ],
)
def test_filename_is_made_harmless(given_name: str, wanted: str) -> None:
    assert clean_filename(given_name) == wanted


def test_long_filename_keeps_its_suffix() -> None:
    name = clean_filename("长" * 400 + ".mp4")
    assert (len(name), name[-5:]) == (255, "长.mp4")


@given(st.text(max_size=400))
def test_any_name_fits_the_columns(text: str) -> None:
    name, title = clean_filename(text), clean_title(text)
    assert 0 < len(name) <= 255
    assert len(title) <= 120
    assert not set(name) & set('/\\\x00\n<>:"|?*')
    assert title == title.strip()


def test_title_is_one_readable_line() -> None:
    assert clean_title("  防汛\r\n\t安全\u0000 ") == "防汛 安全"


@pytest.mark.parametrize(("value", "wanted"), [("0", 0), ("12", 12), ("999999999999999", 999_999_999_999_999)])
def test_length_is_a_count(value: str, wanted: int) -> None:
    assert parse_length(value) == wanted


@pytest.mark.parametrize("value", [None, "", "-1", "+1", "1.0", "٣", "1e3", "9" * 16, " 1"])
def test_other_lengths_are_refused(value: str | None) -> None:
    with pytest.raises(UnableToParse):
        parse_length(value)


def test_metadata_is_decoded() -> None:
    name = base64.b64encode("防汛.mp4".encode()).decode()
    assert parse_metadata(f"filename {name}, flag,title ") == {"filename": "防汛.mp4", "flag": "", "title": ""}
    assert parse_metadata("") == {}


@pytest.mark.parametrize("value", ["filename ???", "filename /w==", "filename YQ"])
def test_bad_metadata_is_refused(value: str) -> None:
    with pytest.raises(UnableToParse):
        parse_metadata(value)
