"""Quizzes that have to be passed, and what reading a text counts for. Seconds in the tables, milliseconds inside."""

from dataclasses import replace
from decimal import Decimal

import pytest

from attendance.core.evidence import CheckAsked, Evidence, Gate, Passed, Understood, Watched, Window
from attendance.core.gates import changed, quiz_key
from attendance.core.intervals import Span
from attendance.core.reading import is_reading, reading_key, reading_ms, signs_in, verb_of
from attendance.core.reasons import Code
from attendance.core.rules import Basis, Rule
from attendance.core.verdict import State, judge

pytestmark = pytest.mark.unit

RULE = Rule(basis=Basis.MEDIA, hours=Decimal(2))
A, B = Gate("q:1", 0), Gate("q:2", 5_000)
COURSE = Window(
    start=0, end=100_000, media_ms=10_000, items=(("v:1", 10_000),), deadline=50_000, make_up_until=80_000, gates=(A,)
)


def seen(until: int = 10_000, at: int = 4_000) -> Watched:
    return Watched("v:1", ((0, until),), at)


CASES = [
    ("enough and passed", {"watched": (seen(),), "passed": (Passed("q:1", 6_000),)}, State.ATTENDED, "quiz_passed"),
    ("enough alone", {"watched": (seen(),)}, State.MISSING, "quiz_due"),
    ("passed alone", {"passed": (Passed("q:1", 6_000),)}, State.MISSING, "quiz_passed"),
    ("passed late", {"watched": (seen(),), "passed": (Passed("q:1", 60_000),)}, State.MADE_UP, "quiz_passed"),
    ("passed too late", {"watched": (seen(),), "passed": (Passed("q:1", 90_000),)}, State.MISSING, "quiz_late"),
    ("another quiz", {"watched": (seen(),), "passed": (Passed("q:9", 6_000),)}, State.MISSING, "quiz_due"),
    ("in a hall", {"halls": (Span(0, 9_000),)}, State.ATTENDED, ""),
    ("nothing", {}, State.MISSING, ""),
]


@pytest.mark.parametrize(("held", "state", "said"), [case[1:] for case in CASES], ids=[case[0] for case in CASES])
def test_a_course_with_a_quiz_is_finished_by_both(held: dict[str, object], state: State, said: str) -> None:
    verdict = judge(Evidence(**held), COURSE, RULE)  # type: ignore[arg-type]
    told = [str(one.code) for one in verdict.reasons if str(one.code).startswith("quiz_")]
    assert (verdict.state, told) == (state, [said] if said else [])
    assert (verdict.hours > 0) == (state in (State.ATTENDED, State.MADE_UP))


def test_what_is_missing_is_counted() -> None:
    window = replace(COURSE, gates=(A, replace(B, since=0)))
    held = Evidence(watched=(seen(),), passed=(Passed("q:1", 6_000),))
    due = next(one for one in judge(held, window, RULE).reasons if one.code is Code.QUIZ_DUE)
    assert due.params == {"left": 1, "of": 2}


@pytest.mark.parametrize(
    ("watched_at", "passed", "state"),
    [
        (4_000, (Passed("q:1", 4_500),), State.ATTENDED),  # had finished before the second was asked for
        (4_000, (Passed("q:1", 6_000),), State.MISSING),  # had not passed the first by then
        (6_000, (Passed("q:1", 4_500),), State.MISSING),  # had not watched enough by then
    ],
)
def test_a_quiz_that_comes_later_is_asked_only_of_who_had_not_finished(
    watched_at: int, passed: tuple[Passed, ...], state: State
) -> None:
    window = replace(COURSE, gates=(A, B))
    assert judge(Evidence(watched=(seen(at=watched_at),), passed=passed), window, RULE).state is state


def test_a_quiz_from_which_somebody_was_spared_is_not_asked_by_the_next_one() -> None:
    late, later = Gate("q:2", 5_000), Gate("q:3", 6_000)
    held = Evidence(watched=(seen(at=4_000),))
    verdict = judge(held, replace(COURSE, gates=(late, later)), RULE)
    assert (verdict.state, [one.code for one in verdict.reasons if one.code is Code.QUIZ_DUE]) == (State.ATTENDED, [])
    # Whoever had not finished when the first came has to pass both.
    due = judge(Evidence(watched=(seen(at=5_500),)), replace(COURSE, gates=(late, later)), RULE)
    assert {"left": 2, "of": 2} in [one.params for one in due.reasons]


def test_only_what_is_asked_of_somebody_is_counted() -> None:
    # Had finished with the first before the second came: the second is none of theirs.
    held = Evidence(watched=(seen(at=4_000),), passed=(Passed("q:1", 4_500),))
    told = [one.params for one in judge(held, replace(COURSE, gates=(A, B)), RULE).reasons if "quiz" in one.code]
    assert told == [{"count": 1, "of": 1}]


@pytest.mark.parametrize("how", [{"declared": "visit"}, {"repeated": 1}, {"exempt": "ill"}])
def test_who_has_done_it_in_another_way_owes_no_quiz(how: dict[str, object]) -> None:
    verdict = judge(Evidence(watched=(seen(),), **how), COURSE, RULE)  # type: ignore[arg-type]
    assert verdict.state in (State.MADE_UP, State.EXEMPT)
    assert not [one for one in verdict.reasons if one.code is Code.QUIZ_DUE]


def test_who_passes_late_has_made_up_and_is_asked_the_check() -> None:
    window = replace(COURSE, check=CheckAsked(0, 1, 1, 1))
    rule = replace(RULE, asks_check=True)
    held = Evidence(watched=(seen(),), passed=(Passed("q:1", 60_000),))
    verdict = judge(held, window, rule)
    assert (verdict.state, [one.code for one in verdict.reasons if one.code is Code.CHECK_DUE]) == (
        State.MISSING,
        [Code.CHECK_DUE],
    )
    understood = replace(held, understood=(Understood(1, 1, 1, 1, 61_000),))
    assert judge(understood, window, rule).state is State.MADE_UP


def test_quizzes_keep_the_moment_since_which_they_are_asked_for() -> None:
    assert changed({"q:1": 0, "q:3": 7}, ["q:2", "q:1"], at=9) == {"q:1": 0, "q:2": 9}
    assert quiz_key(2) == "q:2"


@pytest.mark.parametrize(
    ("text", "signs"), [("", 0), ("先看路，再出门。", 6), ("拨打 119 求助", 5), ("first aid 急救", 4)]
)
def test_signs_are_chinese_signs_words_and_numbers(text: str, signs: int) -> None:
    assert signs_in(text) == signs


@pytest.mark.parametrize(
    ("signs", "ms"), [(0, 20_000), (100, 20_000), (501, 65_000), (1_000, 120_000), (99_999, 600_000)]
)
def test_reading_takes_its_time_and_never_too_long(signs: int, ms: int) -> None:
    assert reading_ms(signs) == ms


def test_what_is_done_with_what_there_is() -> None:
    assert (verb_of([]), verb_of(["v:1"]), verb_of(["r:1"]), verb_of(["r:1", "v:1"])) == (
        "watch",
        "watch",
        "read",
        "study",
    )
    assert is_reading(reading_key(7))
