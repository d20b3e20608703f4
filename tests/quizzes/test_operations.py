"""The bank, the quizzes and how somebody takes one, through the operations."""

import datetime as dt
from dataclasses import replace
from typing import Any

import pytest
from django.core.cache import cache
from django.utils import timezone

from attendance.core.check import MOST_ATTEMPTS
from organizations.models import User
from quizzes import operations, tasks
from quizzes.core.drawing import Part
from quizzes.core.questions import Draft, Kind
from quizzes.models import Answer, Attempt, Question, QuestionVersion, Quiz
from quizzes.operations import QuestionPlan, QuizPlan, UnableToSaveQuestion, UnableToSaveQuiz, UnableToTakeQuiz
from quizzes.operations.pruning import prune_answers
from quizzes.queries.bank import newest_of
from quizzes.queries.statistics import went
from quizzes.queries.taking import answers_of, order_for, personal_data, standing_of
from tests.factories.organizations import County, UserFactory, make_county
from tests.factories.quizzes import FILL, ORDER, SINGLE, TRUTH, ask, make_quiz

pytestmark = [pytest.mark.integration, pytest.mark.django_db]
RIGHT: dict[str, Any] = {"single": [1], "several": [0, 1], "true_false": [1], "order": [0, 1, 2]}


@pytest.fixture
def county() -> County:
    return make_county()


@pytest.fixture
def quiz(county: County) -> Quiz:
    return make_quiz(county.branch, county.organiser, most_attempts=2)


def begin(quiz: Quiz, member: User) -> Attempt:
    return operations.start_attempt(quiz_id=quiz.pk, member_id=member.pk, as_of=timezone.now())


def answer(
    one: Answer, places: list[int] | None = None, typed: str = "120", seen: int | None = None
) -> operations.Kept:
    """Answer a drawn question as its page sends it: rightly, unless places are given."""
    order, kind = order_for(one), one.version.kind
    meant = places if places is not None else RIGHT.get(kind, [])
    return operations.keep_answer(
        quiz_id=one.attempt.quiz_id, attempt_id=one.attempt_id, member_id=one.attempt.member_id,
        position=one.position, picked=[order.index(place) for place in meant], typed=typed,
        seen=one.kept if seen is None else seen, as_of=timezone.now(),
    )  # fmt: skip


def hand_in(attempt: Attempt) -> Attempt:
    return operations.submit_attempt(
        quiz_id=attempt.quiz_id, attempt_id=attempt.pk, member_id=attempt.member_id, as_of=timezone.now()
    )


def of_kind(attempt: Attempt, kind: str) -> Answer:
    return next(one for one in answers_of(attempt) if one.version.kind == kind)


# --- The bank -------------------------------------------------------------------------------------------------------


def change(question: Question, draft: Draft, *tags: str, seen: int = 1) -> QuestionVersion:
    return operations.change_question(
        question_id=question.pk, plan=QuestionPlan(draft, tags), seen_version=seen,
        written_by_id=question.made_by_id, as_of=timezone.now(),
    )  # fmt: skip


def test_each_change_is_a_version_and_the_same_again_is_none(county: County) -> None:
    (question,) = ask(county.branch, county.organiser, SINGLE)
    assert change(question, SINGLE, "急救", "防汛").number == 1
    assert sorted(question.tags.values_list("name", flat=True)) == ["急救", "防汛"]
    assert change(question, replace(SINGLE, text="最低是哪一级？", right=(0,))).number == 2
    question.refresh_from_db()
    assert newest_of(question).text == "最低是哪一级？"
    assert question.tags.count() == 0
    assert QuestionVersion.objects.get(question=question, number=1).text == SINGLE.text
    with pytest.raises(UnableToSaveQuestion, match="别人刚刚改过"):
        change(question, SINGLE)


@pytest.mark.parametrize(
    ("draft", "tags", "said"),
    [
        (replace(SINGLE, text=""), (), "请写题目"),
        (replace(SINGLE, text="长" * 401), (), "太长"),
        (replace(SINGLE, explanation="长" * 601), (), "太长"),
        (replace(SINGLE, choices=("甲\x00", "乙")), (), "太长"),
        (replace(FILL, choices=("长" * 101,)), (), "太长"),
        (replace(SINGLE, choices=("蓝色", "红色", "红\u200b色")), (), "有两个选项一样"),
        (replace(ORDER, choices=("呼救", "\u200b")), (), "中间不要空着"),
        (replace(ORDER, choices=("呼救", "按压")), (), "至少写 3 项"),
        (replace(FILL, choices=()), (), "可以接受的答案"),
        (replace(SINGLE, right=(0, 1)), (), "只能有一个正确选项"),
        (replace(TRUTH, choices=("可以", "不可以")), (), "判断题只有“对”和“错”"),
        (SINGLE, tuple("一二三四五六七八九"), "最多 8 个标签"),
        (SINGLE, ("长" * 21,), "标签"),
    ],
)
def test_what_cannot_be_asked_is_refused_in_words(county: County, draft: Draft, tags: Any, said: str) -> None:
    plan = QuestionPlan(draft, tags)
    with pytest.raises(UnableToSaveQuestion, match=said):
        operations.add_question(
            node_id=county.branch.pk, plan=plan, written_by_id=county.organiser.pk, as_of=timezone.now()
        )
    assert not Question.objects.exists()


def test_a_question_is_kept_as_it_reads(county: County) -> None:
    hidden = replace(SINGLE, text=" \u2060最高是哪级？", choices=("蓝\u200b色 ", "红色"), explanation="\ufeff红色最高")
    (question,) = ask(county.branch, county.organiser, hidden, tag="防\u200b汛")
    kept = newest_of(question)
    assert (kept.text, kept.choices, kept.explanation) == ("最高是哪级？", ["蓝色", "红色"], "红色最高")
    assert question.tags.get().name == "防汛"


def test_every_kind_that_can_be_asked_can_be_kept() -> None:
    assert set(QuestionVersion.Kind.values) == set(Kind)


def test_a_withdrawn_question_is_drawn_no_more_and_comes_back(county: County, quiz: Quiz) -> None:
    question = Question.objects.latest("pk")
    operations.withdraw_question(question_id=question.pk, as_of=timezone.now())
    attempt = begin(quiz, county.member)
    assert (attempt.of, attempt.need) == (4, 3)
    operations.offer_question_again(question_id=question.pk)
    assert begin(quiz, county.members[1]).of == 5


# --- Quizzes --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("rules", "said"),
    [
        ({"title": " "}, "请写名称"),
        ({"parts": ()}, "至少一行"),
        ({"parts": (Part("防汛", 0),)}, "至少一行"),
        ({"parts": (Part("防汛", 1), Part("防汛", 1))}, "合成一行"),
        ({"parts": (Part("防汛", 51),)}, "最多 50 题"),
        ({"pass_percent": 0}, "及格线"),
        ({"most_attempts": 0}, "可以做几次"),
        ({"shows": "later"}, "什么时候显示"),
        ({"parts": (Part("防汛", 6),)}, "“防汛”的题只有 5 道"),
        ({"parts": (Part("", 6),)}, "题只有 5 道"),
        ({"parts": (Part("", 3), Part("防汛", 3))}, "只抽得出 5 道"),
    ],
)
def test_a_quiz_that_cannot_be_held_is_refused_in_words(county: County, rules: dict[str, Any], said: str) -> None:
    with pytest.raises(UnableToSaveQuiz, match=said):
        make_quiz(county.branch, county.organiser, **rules)
    assert not Quiz.objects.exists()


def test_a_quiz_draws_from_its_own_unit_alone(county: County) -> None:
    ask(county.neighbour, county.organiser, SINGLE, TRUTH)
    ask(county.county, county.organiser, SINGLE)
    with pytest.raises(UnableToSaveQuiz, match="只有 1 道"):
        make_quiz(county.branch, county.organiser, FILL, parts=(Part("防汛", 2),))


def test_an_attempt_keeps_what_it_began_with_whatever_changes(county: County, quiz: Quiz) -> None:
    attempt = begin(quiz, county.member)
    single = of_kind(attempt, "single")
    change(single.version.question, replace(SINGLE, right=(0,)))
    plan = QuizPlan(title="改过", parts=(Part("防汛", 2),), pass_percent=100)
    operations.change_quiz(quiz_id=quiz.pk, plan=plan, seen_revision=1, as_of=timezone.now())
    with pytest.raises(UnableToSaveQuiz, match="别人刚刚改过"):
        operations.change_quiz(quiz_id=quiz.pk, plan=plan, seen_revision=1, as_of=timezone.now())
    operations.withdraw_quiz(quiz_id=quiz.pk, as_of=timezone.now())
    for one in answers_of(attempt):
        answer(one)
    done = hand_in(attempt)
    assert (done.right, done.of, done.need, done.is_passed) == (5, 5, 3, True)
    with pytest.raises(UnableToTakeQuiz) as refused:
        begin(quiz, county.members[1])
    assert refused.value.code == "withdrawn"
    operations.offer_quiz_again(quiz_id=quiz.pk)
    assert begin(quiz, county.members[1]).of == 2


# --- Taking ---------------------------------------------------------------------------------------------------------


def test_beginning_twice_is_beginning_once(county: County, quiz: Quiz, monkeypatch: pytest.MonkeyPatch) -> None:
    first = begin(quiz, county.member)
    assert begin(quiz, county.member) == first
    # Both devices looked before either had begun.
    nothing = standing_of(quiz=quiz, member_id=county.members[1].pk)
    monkeypatch.setattr("quizzes.operations.taking.standing_of", lambda **asked: nothing)
    assert begin(quiz, county.member) == first
    assert Answer.objects.count() == 5


def test_an_empty_bank_begins_nothing(county: County, quiz: Quiz) -> None:
    Question.objects.update(withdrawn_at=timezone.now())
    with pytest.raises(UnableToTakeQuiz, match="没有题目"):
        begin(quiz, county.member)
    assert not Attempt.objects.exists()


def test_the_same_answer_again_changes_nothing_and_another_takes_its_place(county: County, quiz: Quiz) -> None:
    one = of_kind(begin(quiz, county.member), "single")
    first = answer(one, [0])
    again = answer(one, [0])
    assert (first.overtook, again.overtook, again.answer.kept) == (False, False, 1)
    assert again.answer.answered_at == first.answer.answered_at
    # The other device's page stood open since before: both are kept, the later one counts, and it is told.
    other = answer(one, [1], seen=0)
    assert (other.overtook, other.answer.kept, other.answer.is_right) == (True, 2, True)
    assert answer(one, [2], seen=2).overtook is False


def test_two_devices_answer_different_questions(county: County, quiz: Quiz) -> None:
    attempt = begin(quiz, county.member)
    for one in answers_of(attempt):
        assert answer(one).overtook is False
    assert hand_in(attempt).right == 5


@pytest.mark.parametrize(
    ("kind", "places", "typed", "code"),
    [
        ("single", [], "", "bad_request"),
        ("single", [0, 1], "", "bad_request"),
        ("order", [0, 1], "", "order"),
        ("fill", [], " ", "bad_request"),
        ("fill", [], "1\x002", "bad_request"),
        ("fill", [], "长" * 101, "too_long"),
    ],
)
def test_what_is_no_answer_is_not_kept(
    county: County, quiz: Quiz, kind: str, places: list[int], typed: str, code: str
) -> None:
    one = of_kind(begin(quiz, county.member), kind)
    with pytest.raises(UnableToTakeQuiz) as refused:
        answer(one, places, typed)
    one.refresh_from_db()
    assert (refused.value.code, one.given, one.kept) == (code, None, 0)


def test_what_is_handed_in_is_final_and_handing_in_twice_is_once(county: County, quiz: Quiz) -> None:
    attempt = begin(quiz, county.member)
    answer(of_kind(attempt, "fill"))
    done = hand_in(attempt)
    assert (done.right, done.is_passed) == (1, False)
    assert hand_in(attempt).submitted_at == done.submitted_at
    with pytest.raises(UnableToTakeQuiz) as refused:
        answer(of_kind(attempt, "single"))
    assert refused.value.code == "submitted"
    assert Answer.objects.filter(attempt=attempt, given__isnull=False).count() == 1


def test_nobody_answers_or_hands_in_for_another(county: County, quiz: Quiz) -> None:
    attempt = begin(quiz, county.member)
    drawn_one = answers_of(attempt)[0]
    attempt.member_id = drawn_one.attempt.member_id = county.members[1].pk
    with pytest.raises(Attempt.DoesNotExist):
        answer(drawn_one)
    with pytest.raises(Attempt.DoesNotExist):
        hand_in(attempt)


def test_attempts_end_and_a_pass_ends_them_too(county: County, quiz: Quiz) -> None:
    for number in (1, 2):
        attempt = begin(quiz, county.member)
        assert attempt.number == number
        hand_in(attempt)
    with pytest.raises(UnableToTakeQuiz) as spent:
        begin(quiz, county.member)
    other = begin(quiz, county.members[1])
    for one in answers_of(other):
        answer(one)
    hand_in(other)
    with pytest.raises(UnableToTakeQuiz) as passed:
        begin(quiz, county.members[1])
    assert (spent.value.code, passed.value.code) == ("spent", "passed")


def test_any_number_of_attempts_has_an_end_too(county: County) -> None:
    quiz = make_quiz(county.branch, county.organiser, SINGLE)
    now = timezone.now()
    Attempt.objects.bulk_create(
        Attempt(quiz=quiz, member=county.member, number=number, need=1, of=1, began_at=now, submitted_at=now, right=0)
        for number in range(1, MOST_ATTEMPTS)
    )
    last = begin(quiz, county.member)
    assert last.number == MOST_ATTEMPTS
    hand_in(last)
    with pytest.raises(UnableToTakeQuiz) as refused:
        begin(quiz, county.member)
    assert refused.value.code == "spent"


@pytest.mark.parametrize(
    ("shows", "tells"), [("final", [False, True]), ("submitted", [True, True]), ("never", [False] * 2)]
)
def test_when_what_is_right_is_told(county: County, shows: str, tells: list[bool]) -> None:
    quiz = make_quiz(county.branch, county.organiser, most_attempts=2, shows=shows)
    told = []
    for _number in (1, 2):
        hand_in(begin(quiz, county.member))
        told.append(standing_of(quiz=quiz, member_id=county.member.pk).tells)
    assert told == tells


# --- Statistics -----------------------------------------------------------------------------------------------------


def test_statistics_count_what_was_handed_in_and_say_nothing_of_few(
    county: County, django_assert_num_queries: Any
) -> None:
    quiz = make_quiz(county.branch, county.organiser, SINGLE, FILL, ORDER)
    people = UserFactory.create_batch(5)
    for number, member in enumerate(people):
        attempt = begin(quiz, member)
        answer(of_kind(attempt, "single"), [1] if number else [0])
        answer(of_kind(attempt, "fill"), typed="１２０")
        if number < 4:
            hand_in(attempt)
    few = went(quiz)
    assert (few.people, few.asked) == (4, ())
    hand_in(Attempt.objects.get(member=people[4]))
    begin(quiz, county.member)  # under way: counts nowhere
    found = went(quiz)
    assert (found.people, found.passed, found.attempts, found.hidden) == (5, 4, 5, 0)
    by_kind = {one.version.kind: one for one in found.asked}
    assert [one.version.kind for one in found.asked] == ["order", "single", "fill"]
    assert (by_kind["order"].open, by_kind["order"].right, by_kind["order"].picked) == (5, 0, ())
    assert (by_kind["single"].percent, by_kind["single"].picked) == (80, (1, 4, 0))
    change(by_kind["fill"].version.question, replace(FILL, choices=("119",)), "防汛")
    member = UserFactory()
    hand_in(begin(quiz, member))
    # Counted once in some minutes: every other look reads the words alone.
    with django_assert_num_queries(1):
        assert went(quiz) == found
    cache.clear()
    assert went(quiz).hidden == 1  # one person had the new version


def test_ones_own_download_says_what_was_right_only_after_handing_in(county: County, quiz: Quiz) -> None:
    """It was an oracle: an answer may be changed until then."""
    attempt = begin(quiz, county.member)
    for one in answers_of(attempt):
        answer(one)
    marks = [row["was_right"] for row in personal_data(county.member)["quiz_answers"]]  # type: ignore[index]
    assert marks == [None] * len(answers_of(attempt))
    hand_in(attempt)
    marks = [row["was_right"] for row in personal_data(county.member)["quiz_answers"]]  # type: ignore[index]
    assert marks == [True] * len(answers_of(attempt))


def test_answers_go_after_their_time_and_scores_stay(county: County) -> None:
    quiz = make_quiz(county.branch, county.organiser, SINGLE)
    first, second = county.members[:2]
    old = timezone.now() - dt.timedelta(days=401)
    made = [operations.start_attempt(quiz_id=quiz.pk, member_id=one.pk, as_of=old) for one in (first, second)]
    operations.submit_attempt(quiz_id=quiz.pk, attempt_id=made[0].pk, member_id=first.pk, as_of=old)
    assert prune_answers(as_of=timezone.now()) == 2
    assert list(Attempt.objects.values_list("member_id", "right")) == [(first.pk, 0)]  # nobody goes on with the other
    operations.start_attempt(quiz_id=quiz.pk, member_id=second.pk, as_of=timezone.now())
    tasks.prune_answers()
    assert Answer.objects.count() == 1
