"""What a question asks for, and where that stands in a text."""

import re

import pytest

from cms.core.finding import MOST_SIGNS, MOST_SOUGHT, Speech, excerpt, marked, sought, to_mark

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
    assert said(marked(text, to_mark(sought(question), [text]))) == shown


def test_pairs_are_marked_only_where_the_whole_stands_nowhere() -> None:
    whole = to_mark(["安全生产", "ABC"], ["防火安全", "安全生产"])
    assert said(marked("防火安全abc", whole)) == "防火安全[abc]"
    assert said(marked("抓安全生产", whole)) == "抓[安全生产]"
    assert said(marked("防火安全", to_mark(["安全生产"], ["防火安全", "生产"]))) == "防火[安全]"


def test_of_a_long_question_the_first_words_are_sought() -> None:
    assert sought(" ".join(str(number) for number in range(60))) == tuple(str(number) for number in range(MOST_SOUGHT))


@pytest.mark.parametrize(
    ("question", "place", "words"),
    [
        ("防汛", 0, "今天讲防汛"),
        ("转移要快", 1, "转移要快，WHO"),  # goes on in the next cue
        ("要快", 1, "转移要快，WHO"),
        ("hands", 3, "wash hands"),
        ("who wash", 2, "快，WHO wash hands"),
        ("地震", None, ""),
    ],
)
def test_what_is_said_is_found_across_cues(question: str, place: int | None, words: str) -> None:
    speech = Speech.of(["今天讲\n防汛", "转移要", "快，WHO", "wash\nhands", ""])
    found = speech.first(re.compile(question, re.IGNORECASE))
    assert (None if found is None else (found[0], found[1].strip())) == (None if place is None else (place, words))


def test_nothing_is_sought_in_silence() -> None:
    assert Speech.of([]) == Speech("", ())
    assert Speech.of(["防汛"]).first(None) is None


def cut(text: str, words: list[str]) -> tuple[object, ...]:
    return excerpt(text, to_mark(words, [text]))


def test_an_excerpt_is_cut_around_the_first_place() -> None:
    assert cut("前" * 200, ["火"]) == ()
    assert said(cut("先 打\n一百二十", ["一百"])) == "先 打 [一百]二十"
    middle = said(cut("前" * 200 + "着火" + "后" * 200 + "着火", ["着火"]))
    assert middle == "…" + "前" * 20 + "[着火]" + "后" * (MOST_SIGNS - 22) + "…"
    end = said(cut("前" * 200 + "着火", ["着火"]))
    assert end == "…" + "前" * (MOST_SIGNS - 2) + "[着火]"
    long = said(cut("着火" * 100, ["着火" * 100]))
    assert long == "[" + "着火" * 100 + "]"
