"""What a question asks for, and where that stands in a text."""

import pytest

from cms.core.finding import MOST_SIGNS, excerpt, marked, sought

pytestmark = pytest.mark.unit


def said(pieces: tuple[object, ...]) -> str:
    return "".join(f"[{one.text}]" if one.is_found else one.text for one in pieces)  # type: ignore[attr-defined]


@pytest.mark.parametrize(
    ("question", "words"),
    [
        ("安全", ("安全",)),
        ("安全ABC 第1讲，安全", ("安全", "ABC", "第", "1", "讲")),
        ('"*() ', ()),
        ("", ()),
    ],
)
def test_the_words_of_a_question(question: str, words: tuple[str, ...]) -> None:
    assert sought(question) == words


@pytest.mark.parametrize(
    ("text", "question", "shown"),
    [
        ("安全培训", "培训", "安全[培训]"),
        ("培训和培训", "培训", "[培训]和[培训]"),
        ("全员安全生产", "安全生产", "全员[安全生产]"),
        ("生产要安全", "安全生产", "[生产]要[安全]"),  # not together: its pairs
        ("WebRTC 培训", "webrtc 培训", "[WebRTC] [培训]"),
        ("安全培训", "救火", "安全培训"),
        ("安全", "", "安全"),
        ("救", "救", "[救]"),
        ("急救", "火救", "急救"),
        ("安全安全", "安全", "[安全安全]"),
        ("", "救", ""),
    ],
)
def test_a_title_is_marked(text: str, question: str, shown: str) -> None:
    assert said(marked(text, sought(question))) == shown


def test_an_excerpt_is_cut_around_the_first_place() -> None:
    assert excerpt("前" * 200, ["火"]) == ()
    assert said(excerpt("先 打\n一百二十", ["一百"])) == "先 打 [一百]二十"
    middle = said(excerpt("前" * 200 + "着火" + "后" * 200 + "着火", ["着火"]))
    assert middle == "…" + "前" * 20 + "[着火]" + "后" * (MOST_SIGNS - 22) + "…"
    end = said(excerpt("前" * 200 + "着火", ["着火"]))
    assert end == "…" + "前" * (MOST_SIGNS - 2) + "[着火]"
    long = said(excerpt("着火" * 100, ["着火" * 100]))
    assert long == "[" + "着火" * 100 + "]"
