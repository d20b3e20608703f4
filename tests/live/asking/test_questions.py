"""Questions with votes, and the notice above the talk."""

import datetime as dt
from typing import Any

import pytest
from django.utils import timezone

from live import operations, queries, room_events
from live.models import Lecture, PinnedNotice, Question, QuestionVote
from live.operations import UnableToAsk, UnableToMark, UnableToPin, UnableToVote, Voting
from tests.factories.live import make_live
from tests.factories.organizations import County, make_county

pytestmark = [pytest.mark.integration, pytest.mark.django_db]


@pytest.fixture
def world() -> County:
    return make_county(members=3)


@pytest.fixture
def lecture(world: County) -> Lecture:
    return make_live(world)


def ask(lecture: Lecture, member: Any, client_id: str = "a", text: str = "转移到哪里", is_host: bool = False) -> int:
    return operations.ask(
        occasion_id=lecture.pk,
        author_id=member.pk,
        client_id=client_id,
        text=text,
        as_of=timezone.now(),
        is_host=is_host,
    )


def vote(lecture: Lecture, *votes: tuple[Any, int, bool]) -> list[Any]:
    now = timezone.now()
    votings = [Voting(lecture.pk, question_id, member.pk, on, now) for member, question_id, on in votes]
    said = operations.vote_questions(votings=votings)
    return [one.code if isinstance(one, UnableToVote) else one for one in said]


def mark(lecture: Lecture, question_id: int, state: str) -> None:
    operations.mark_question(occasion_id=lecture.pk, question_id=question_id, state=state, as_of=timezone.now())


def pin(lecture: Lecture, text: str) -> None:
    operations.pin(occasion_id=lecture.pk, text=text, actor_id=lecture.lecturer_id, as_of=timezone.now())


def seen(lecture: Lecture, member: Any) -> list[tuple[int, int, str]]:
    state = queries.asking_state(occasion_id=lecture.pk, member_id=member.pk, is_host=False)
    return [(one["question"], one["votes"], one["state"]) for one in state["questions"]]


def test_a_question_is_kept_once(world: County, lecture: Lecture) -> None:
    first = ask(lecture, world.member)
    assert (ask(lecture, world.member), ask(lecture, world.members[1])) == (first, first + 1)
    assert Question.objects.count() == 2


def test_the_same_id_is_answered_whatever_became_of_the_room(world: County, lecture: Lecture) -> None:
    first = ask(lecture, world.member)
    operations.end_lecture(occasion_id=lecture.pk, as_of=timezone.now())
    assert ask(lecture, world.member) == first
    with pytest.raises(UnableToAsk, match="closed"):
        ask(lecture, world.member, "b")
    assert vote(lecture, (world.members[1], first, True)) == ["closed"]


@pytest.mark.parametrize(("text", "code"), [(" \x00 ", "empty"), ("问" * 201, "too_long")])
def test_what_cannot_be_asked(world: County, lecture: Lecture, text: str, code: str) -> None:
    with pytest.raises(UnableToAsk) as refused:
        ask(lecture, world.member, text=text)
    assert refused.value.code == code


def test_whoever_is_muted_asks_nothing(world: County, lecture: Lecture) -> None:
    operations.restrict(
        occasion_id=lecture.pk,
        member_id=world.member.pk,
        kind="muted",
        actor_id=lecture.lecturer_id,
        as_of=timezone.now(),
    )
    with pytest.raises(UnableToAsk, match="muted"):
        ask(lecture, world.member)


def test_whoever_may_not_speak_asks_nothing_but_hosts(world: County, lecture: Lecture) -> None:
    earlier = ask(lecture, world.member)
    operations.open_chat(occasion_id=lecture.pk, on=False)
    with pytest.raises(UnableToAsk, match="chat_off"):
        ask(lecture, world.member, "b")
    # What was stored is answered; a question that is there can be voted for.
    assert ask(lecture, world.member) == earlier
    assert vote(lecture, (world.members[1], earlier, True)) == [earlier]
    with pytest.raises(UnableToAsk, match="chat_off"):
        ask(lecture, lecture.lecturer, "c")  # whose role has ended
    assert ask(lecture, world.members[1], "d", is_host=True) > earlier
    operations.open_chat(occasion_id=lecture.pk, on=True)
    assert ask(lecture, world.member, "b") > earlier


def test_ten_of_one_person(world: County, lecture: Lecture) -> None:
    for number in range(10):
        ask(lecture, world.member, str(number))
    with pytest.raises(UnableToAsk, match="many"):
        ask(lecture, world.member, "more")


def test_one_vote_a_person_and_it_can_be_taken_back(world: County, lecture: Lecture) -> None:
    one, two, three = world.members
    question = ask(lecture, one)
    assert vote(lecture, (two, question, True), (two, question, True), (three, question, True)) == [question] * 3
    assert seen(lecture, two) == [(question, 2, "waiting")]
    # In one batch the last holds, as it was tapped.
    assert vote(lecture, (two, question, False), (three, question, False), (three, question, True)) == [question] * 3
    assert (seen(lecture, one), QuestionVote.objects.get().member_id) == ([(question, 1, "waiting")], three.pk)
    assert vote(lecture, (three, question, False)) == [question]
    assert seen(lecture, one) == [(question, 0, "waiting")]


def test_no_vote_for_oneself_for_what_is_answered_hidden_or_anothers(world: County, lecture: Lecture) -> None:
    one, two, _three = world.members
    mine, done, away = (ask(lecture, one, client_id) for client_id in "abc")
    mark(lecture, done, "answered")
    mark(lecture, away, "hidden")
    other = make_live(world, node=world.neighbour)
    assert vote(lecture, (one, mine, True), (two, done, True), (two, away, True), (two, 10**9, True)) == [
        "own", "answered", "gone", "gone",
    ]  # fmt: skip
    assert vote(other, (world.neighbour_member, mine, True)) == ["gone"]
    assert operations.vote_questions(votings=[]) == []


def test_questions_stand_in_the_order_of_their_votes(world: County, lecture: Lecture) -> None:
    one, two, three = world.members
    first, second, third, fourth = (ask(lecture, one, client_id) for client_id in "abcd")
    vote(lecture, (two, second, True), (three, second, True), (two, fourth, True))
    mark(lecture, fourth, "now")
    mark(lecture, first, "answered")
    assert [row[0] for row in seen(lecture, two)] == [fourth, second, third, first]


def test_one_is_being_answered_at_a_time_and_the_asker_is_told(
    world: County, lecture: Lecture, monkeypatch: pytest.MonkeyPatch, django_capture_on_commit_callbacks: Any
) -> None:
    told: list[dict[str, Any]] = []
    monkeypatch.setattr(room_events, "publish", lambda _room, event, flush=False: told.append(event))
    first, second = ask(lecture, world.member, "a"), ask(lecture, world.member, "b")
    with django_capture_on_commit_callbacks(execute=True):
        for question, state in ((first, "now"), (first, "now"), (second, "now"), (second, "hidden")):
            mark(lecture, question, state)
    assert [(event["question"], event["state"]) for event in told] == [
        (first, "now"), (first, "answered"), (second, "now"), (second, "hidden"),
    ]  # fmt: skip
    # Hidden from everybody but the one who asked.
    assert seen(lecture, world.member) == [(first, 0, "answered"), (second, 0, "hidden")]
    assert seen(lecture, world.members[1]) == [(first, 0, "answered")]
    with pytest.raises(UnableToMark):
        mark(make_live(world), first, "now")


def test_a_page_holds_fifty_and_ones_own(world: County, lecture: Lecture, django_assert_num_queries: Any) -> None:
    now = timezone.now()
    mine = ask(lecture, world.member)
    with django_assert_num_queries(7):
        seen(lecture, world.member)
    Question.objects.bulk_create(
        Question(
            lecture=lecture, author=world.members[1], client_id=f"q{n}", text="问", at=now, changed_at=now, votes=n
        )
        for n in range(1, 61)
    )
    with django_assert_num_queries(7):
        assert len(seen(lecture, world.member)) == 51
    assert mine not in [row[0] for row in seen(lecture, world.members[2])]


def test_no_more_is_read_than_is_shown(world: County, lecture: Lecture, monkeypatch: pytest.MonkeyPatch) -> None:
    now, read = timezone.now(), []
    one, other, _third = world.members
    own = [ask(lecture, one, f"own{number}") for number in range(10)]
    mark(lecture, own[0], "hidden")
    mark(lecture, own[1], "answered")
    Question.objects.bulk_create(
        Question(lecture=lecture, author=other, client_id=f"q{n}", text="问", at=now, changed_at=now, votes=n % 7)
        for n in range(1, 400)
    )
    current = Question.objects.get(client_id="q14").pk
    mark(lecture, current, "now")
    from_db = Question.from_db.__func__
    monkeypatch.setattr(Question, "from_db", classmethod(lambda kind, *row: read.append(row) or from_db(kind, *row)))
    shown = seen(lecture, one)
    assert (len(shown), len(read)) == (60, 60)
    assert shown[0] == (current, 0, "now")
    # By votes and age as the pages sort them, though the database chose which; one's own answered and hidden at last.
    assert shown[1:51] == sorted(shown[1:51], key=lambda row: (-row[1], row[0]))
    assert [row[1] for row in shown[1:50]] == [6] * 49
    assert [row[0] for row in shown[50:]] == [*own[2:], own[1], own[0]]


def test_one_notice_at_a_time_and_it_comes_off(world: County, lecture: Lecture) -> None:
    pin(lecture, "下午三点\n集合 ")
    pin(lecture, "下午三点 集合")
    pin(lecture, "改到四点")
    state = queries.asking_state(occasion_id=lecture.pk, member_id=world.member.pk, is_host=False)
    assert (state["notice"], PinnedNotice.objects.count()) == ("改到四点", 2)
    operations.end_lecture(occasion_id=lecture.pk, as_of=timezone.now())
    with pytest.raises(UnableToPin, match="closed"):
        pin(lecture, "太晚")
    pin(lecture, "")
    assert not PinnedNotice.objects.filter(taken_off_at=None).exists()
    with pytest.raises(UnableToPin, match="too_long"):
        pin(lecture, "长" * 201)


def test_old_questions_go_with_their_votes(world: County, lecture: Lecture) -> None:
    question = ask(lecture, world.member)
    vote(lecture, (world.members[1], question, True))
    assert operations.delete_old_asking(as_of=timezone.now() + dt.timedelta(days=179)) == 0
    assert operations.delete_old_asking(as_of=timezone.now() + dt.timedelta(days=181)) == 2
