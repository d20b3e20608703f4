"""The check of understanding, pure: what can be asked, in which order, how far somebody is; and what the judge says."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from attendance.core.check import TRUTH, Draft, Given, Kind, Progress, UnfitQuestion, order_of, places_of, progress_of
from attendance.core.evidence import CheckAsked, Evidence, Presence, Understood, Watched, Window
from attendance.core.intervals import Span, Spans
from attendance.core.rules import Basis, Rule
from attendance.core.verdict import State, Verdict, judge

pytestmark = pytest.mark.unit

ASKED = CheckAsked(since=0, version=1, need=2, of=3)
HOUR = Window(start=0, end=3_600_000, media_ms=3_600_000, make_up_until=10_000_000, check=ASKED)
RULE = Rule(asks_check=True)
ENOUGH = (Watched("replay", ((0, 3_600_000),), 8_000_000),)
LITTLE = (Watched("replay", ((0, 600_000),), 8_000_000),)


def tried(right: int, at: int = 9_000_000, version: int = 1, need: int = 2) -> Understood:
    return Understood(right, 3, need, version, at)


def said(verdict: Verdict) -> list[str]:
    return [str(one.code) for one in verdict.reasons]


CASES = [
    ("nothing answered", {"watched": ENOUGH}, State.MISSING, "check_due"),
    ("passed", {"watched": ENOUGH, "understood": (tried(2),)}, State.MADE_UP, "understood"),
    ("failed", {"watched": ENOUGH, "understood": (tried(1),)}, State.MISSING, "check_failed"),
    ("failed, then passed", {"watched": ENOUGH, "understood": (tried(0), tried(3))}, State.MADE_UP, "understood"),
    ("passed, then failed", {"watched": ENOUGH, "understood": (tried(3), tried(0))}, State.MADE_UP, "understood"),
    ("an earlier version passed", {"watched": ENOUGH, "understood": (tried(1, version=0, need=1),)}, State.MADE_UP,
     "understood"),
    ("an earlier version failed", {"watched": ENOUGH, "understood": (tried(1, version=0),)}, State.MISSING,
     "check_due"),
    ("passed too late", {"watched": ENOUGH, "understood": (tried(3, at=10_000_001),)}, State.MISSING, "check_late"),
    ("passed at the last moment", {"watched": ENOUGH, "understood": (tried(3, at=10_000_000),)}, State.MADE_UP,
     "understood"),
    ("answered, and not watched", {"understood": (tried(3),)}, State.MISSING, "understood"),
    ("answered, and too little watched", {"watched": LITTLE, "understood": (tried(3),)}, State.MISSING, "understood"),
    ("failed, and too little watched", {"watched": LITTLE, "understood": (tried(0),)}, State.MISSING, ""),
    ("was there", {"presences": (Presence("p1", 0, 3_600_000),)}, State.ATTENDED, ""),
    ("in a hall", {"halls": (Span(0, 3_600_000),)}, State.ATTENDED, ""),
    ("visited", {"declared": "visit"}, State.MADE_UP, ""),
    ("visited, and watched too", {"declared": "visit", "watched": ENOUGH}, State.MADE_UP, "check_due"),
    ("excused, and watched", {"leave": "sick", "watched": ENOUGH}, State.EXCUSED, "check_due"),
    ("excused, and passed", {"leave": "sick", "watched": ENOUGH, "understood": (tried(2),)}, State.MADE_UP,
     "understood"),
]  # fmt: skip


@pytest.mark.parametrize(("name", "evidence", "state", "code"), CASES, ids=[one[0] for one in CASES])
def test_only_both_together_make_it_up(name: str, evidence: dict, state: State, code: str) -> None:  # type: ignore[type-arg]
    verdict = judge(Evidence(**evidence), HOUR, RULE)
    mine = [one for one in said(verdict) if one.startswith(("check_d", "check_f", "check_s", "check_l", "under"))]
    assert (verdict.state, mine) == (state, [code] if code else [])
    assert verdict.hours == (1 if state in (State.ATTENDED, State.MADE_UP) else 0)


def test_what_is_done_of_the_replay_stays_said() -> None:
    verdict = judge(Evidence(watched=ENOUGH), HOUR, RULE)
    assert (verdict.done_ms, verdict.needed_ms, said(verdict)[:2]) == (3_600_000, 2_880_000, ["share", "check_due"])
    assert verdict.reasons[1].params == {"need": 2, "of": 3}


def test_attempts_that_are_used_up_say_so() -> None:
    window = Window(start=0, end=3_600_000, media_ms=3_600_000, make_up_until=10_000_000,
                    check=CheckAsked(0, 2, 2, 3, most=2))  # fmt: skip
    tries = (tried(1, version=1), tried(0, version=2), tried(1, version=2))
    verdict = judge(Evidence(watched=ENOUGH, understood=tries), window, RULE)
    assert verdict.reasons[1].as_json() == {"code": "check_spent", "count": 2, "right": 1, "of": 3, "need": 2}
    one_left = judge(Evidence(watched=ENOUGH, understood=tries[:2]), window, RULE)
    assert said(one_left)[1] == "check_failed"


@pytest.mark.parametrize("rule", [Rule(), RULE])
def test_nobody_is_asked_without_questions(rule: Rule) -> None:
    window = Window(start=0, end=3_600_000, media_ms=3_600_000, make_up_until=10_000_000)
    assert judge(Evidence(watched=ENOUGH), window, rule).state is State.MADE_UP


def test_a_rule_that_does_not_ask_leaves_the_questions_alone() -> None:
    verdict = judge(Evidence(watched=ENOUGH, understood=(tried(0),)), HOUR, Rule())
    assert (verdict.state, said(verdict)) == (State.MADE_UP, ["share", "watched"])


@pytest.mark.parametrize(("since", "state"), [(8_000_000, State.MADE_UP), (7_999_999, State.MISSING)])
def test_who_had_made_up_before_there_were_questions_is_not_asked(since: int, state: State) -> None:
    window = Window(start=0, end=3_600_000, media_ms=3_600_000, make_up_until=10_000_000,
                    check=CheckAsked(since, 1, 2, 3))  # fmt: skip
    assert judge(Evidence(watched=ENOUGH), window, RULE).state is state


def test_an_absence_of_ours_stays_to_their_good() -> None:
    away = Window(start=0, end=3_600_000, media_ms=3_600_000, make_up_until=10_000_000, check=ASKED,
                  away=Spans.of([(0, 600_000)]))  # fmt: skip
    assert judge(Evidence(watched=ENOUGH), away, RULE).state is State.MISSING
    assert judge(Evidence(watched=ENOUGH, understood=(tried(2),)), away, RULE).state is State.MADE_UP


COURSE = Rule(basis=Basis.MEDIA, asks_check=True)


@pytest.mark.parametrize(
    ("deadline", "understood", "state"),
    [
        (8_000_000, (), State.ATTENDED),
        (7_000_000, (), State.MISSING),
        (7_000_000, (tried(1),), State.MISSING),
        (7_000_000, (tried(2),), State.MADE_UP),
    ],
)
def test_a_course_asks_after_its_deadline_alone(deadline: int, understood: tuple, state: State) -> None:  # type: ignore[type-arg]
    window = Window(start=0, end=8_500_000, media_ms=3_600_000, deadline=deadline, make_up_until=10_000_000,
                    check=ASKED)  # fmt: skip
    assert judge(Evidence(watched=ENOUGH, understood=understood), window, COURSE).state is state


TRIES = st.lists(st.builds(tried, right=st.integers(0, 3), at=st.integers(0, 12_000_000), version=st.integers(0, 2)))


@given(
    tries=TRIES,
    watched=st.integers(0, 3_600_000),
    there=st.integers(0, 3_600_000),
    since=st.integers(0, 12_000_000),
    more=TRIES,
)
def test_a_check_never_gives_and_more_of_it_never_takes(
    tries: list[Understood], watched: int, there: int, since: int, more: list[Understood]
) -> None:
    """Asking takes a make-up away at most, never attendance; without enough watched no answer earns anything; another
    attempt never makes anybody worse off."""
    asked = Window(start=0, end=3_600_000, media_ms=3_600_000, make_up_until=10_000_000,
                   check=CheckAsked(since, 1, 2, 3))  # fmt: skip
    seen = Evidence(presences=(Presence("p1", 0, there),), watched=(Watched("replay", ((0, watched),), 8_000_000),))
    free = judge(seen, asked, Rule()).state
    with_tries = Evidence(presences=seen.presences, watched=seen.watched, understood=tuple(tries))
    got = judge(with_tries, asked, RULE).state
    assert got == free or (free, got) == (State.MADE_UP, State.MISSING)
    if free is State.MADE_UP and any(one.right >= one.need and one.at <= 10_000_000 for one in tries):
        assert got is State.MADE_UP
    again = judge(
        Evidence(presences=seen.presences, watched=seen.watched, understood=(*tries, *more)), asked, RULE
    ).state
    assert again == got or (got, again) == (State.MISSING, State.MADE_UP)


# --- Questions ----------------------------------------------------------------------------------------------------

UNFIT = [
    ("text", Draft(Kind.SINGLE, " ", ("a", "b"), frozenset({0}))),
    ("choices", Draft(Kind.SINGLE, "?", ("a",), frozenset({0}))),
    ("choices", Draft(Kind.SINGLE, "?", tuple("abcdefg"), frozenset({0}))),
    ("choices", Draft(Kind.SINGLE, "?", ("a", " "), frozenset({0}))),
    ("same", Draft(Kind.SINGLE, "?", ("a", "a "), frozenset({0}))),
    ("right", Draft(Kind.SEVERAL, "?", ("a", "b"), frozenset())),
    ("right", Draft(Kind.SEVERAL, "?", ("a", "b"), frozenset({2}))),
    ("truth", Draft(Kind.TRUE_FALSE, "?", ("yes", "no"), frozenset({0}))),
    ("truth", Draft(Kind.TRUE_FALSE, "?", ("false", "true"), frozenset({0}))),
    ("truth", Draft(Kind.TRUE_FALSE, "?", ("true", "false", "maybe"), frozenset({0}))),
    ("one_right", Draft(Kind.SINGLE, "?", ("a", "b"), frozenset({0, 1}))),
]


@pytest.mark.parametrize(("code", "draft"), UNFIT)
def test_a_question_nobody_could_answer_is_refused(code: str, draft: Draft) -> None:
    with pytest.raises(UnfitQuestion) as refused:
        draft.check()
    assert refused.value.code == code


@pytest.mark.parametrize("kind", [Kind.SINGLE, Kind.SEVERAL, Kind.TRUE_FALSE])
def test_a_question_that_can_be_asked(kind: Kind) -> None:
    right = frozenset({0, 1}) if kind is Kind.SEVERAL else frozenset({1})
    draft = Draft(kind, "?", TRUTH if kind is Kind.TRUE_FALSE else ("a", "b"), right)
    draft.check()
    assert draft.right == right


@given(size=st.integers(2, 6), key=st.text(max_size=20))
def test_the_order_is_everybodys_own_and_always_the_same(size: int, key: str) -> None:
    order = order_of(size=size, kind=Kind.SINGLE, key=key)
    assert (sorted(order), order) == (list(range(size)), order_of(size=size, kind=Kind.SINGLE, key=key))
    assert places_of(list(range(size)), order) == frozenset(range(size))


def test_orders_differ_between_people_and_true_comes_first() -> None:
    orders = {order_of(size=4, kind=Kind.SEVERAL, key=f"7:{member}") for member in range(50)}
    assert len(orders) > 10
    assert order_of(size=2, kind=Kind.TRUE_FALSE, key="x") == (0, 1)


@pytest.mark.parametrize("shown", [[], [3], [-1], [0, 9]])
def test_what_no_page_sends_is_nothing(shown: list[int]) -> None:
    assert places_of(shown, (2, 0, 1)) is None


def test_how_far_somebody_is() -> None:
    def at(attempt: int, question: int, moment: int, *, is_right: bool = True) -> Given:
        return Given(attempt, question, is_right, moment)

    def progress(*given: Given, most: int | None = None) -> Progress:
        return progress_of(questions=[7, 5], given=given, most=most, pause_s=60)

    assert progress() == Progress(1, (), 7)
    first, second = at(1, 7, 1000), at(1, 5, 2000)
    assert (progress(first).question, progress(first).attempt, progress(first).is_under_way) == (5, 1, True)
    assert progress(second).question == 7
    through = progress(second, first)
    assert (through.attempt, through.question, through.opens_at, through.last) == (2, 7, 62_000, (first, second))
    assert (through.is_under_way, through.is_spent, progress(first, second, most=1).is_spent) == (False, False, True)
    again = progress(first, second, at(2, 7, 70_000))
    assert (again.attempt, again.question, again.opens_at) == (2, 5, 0)
