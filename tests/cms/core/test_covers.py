"""What stands on a cover that is made from the title."""

import pytest

from cms.core.covers import TONES, lines_of, tone_of

pytestmark = pytest.mark.unit


@pytest.mark.parametrize(
    ("title", "lines"),
    [
        ("急救常识", ("急救常识",)),
        ("防汛避险六个字", ("防汛避险六个", "字")),
        ("防汛避险六个字再加六个", ("防汛避险六个", "字再加六个")),
        ("防汛避险六个字再加六个字还有", ("防汛避险六个", "字再加六个…")),
        ("  AED  怎样用 ", ("AED 怎样用",)),
        ("", ()),
        ("防汛避险六个 ", ("防汛避险六个",)),
    ],
)
def test_a_title_stands_on_at_most_two_lines(title: str, lines: tuple[str, ...]) -> None:
    assert lines_of(title) == lines


def test_a_title_keeps_its_colour() -> None:
    assert tone_of("急救常识") == tone_of("急救常识")
    assert {tone_of(f"第{number}课") for number in range(60)} == set(range(TONES))
    assert 0 <= tone_of("\ud800") < TONES
