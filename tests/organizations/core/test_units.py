"""Names of units: one spelling, and none that a roster could not write again."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from organizations.core.units import UnableToNameUnit, clean_name

pytestmark = pytest.mark.unit
CODES = {"empty", "long", "separator", "dots", "sign", "invisible"}


def code_of(text: str) -> str:
    """Why the text is no name; empty where it is one."""
    try:
        clean_name(text)
    except UnableToNameUnit as error:
        return error.code
    return ""


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("", "empty"),
        (" \u3000\n", "empty"),
        ("字" * 121, "long"),
        ("永安镇/东风村", "separator"),
        ("永安镇／东风村", "separator"),
        ("支\\部", "separator"),
        ("支＞部", "separator"),
        (".", "dots"),
        ("..", "dots"),
        ("…", "dots"),
        ("=HYPERLINK(1)", "sign"),
        ("＝1+1", "sign"),
        ("+1", "sign"),
        ("-第一支部", "sign"),
        ("@第一支部", "sign"),
        ("<b", "sign"),
        ("第一<b支部", "sign"),
        ("——", "sign"),
        ("支\x00部", "invisible"),
        ("支\u200b部", "invisible"),
        ("支\ue863部", "invisible"),
        ("第１支部", ""),
        ("А.Б. 支部", ""),
    ],
)
def test_what_is_no_name(text: str, code: str) -> None:
    assert code_of(text) == code


def test_widths_and_spaces_are_one() -> None:
    assert clean_name("　第１　支部 ") == "第1 支部"


@given(st.text(max_size=200))
def test_a_clean_name_is_clean_and_stays_so(text: str) -> None:
    if code := code_of(text):
        assert code in CODES
        return
    name = clean_name(text)
    assert clean_name(name) == name
    assert 0 < len(name) <= 120
    assert not set(name) & set("/\\>\n\t\x00")
