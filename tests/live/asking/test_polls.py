"""Polls and quizzes of a room: written, opened, answered by many at once, closed, shown; who sees what."""

import datetime as dt
import threading
from functools import partial
from typing import Any

import pytest
from django.db import connections
from django.utils import timezone

from live import operations, queries, room_events
from live.core.asking import poll_refusal
from live.models import Lecture, Poll, PollAnswer
from live.operations import Answering, PollDraft, UnableToAnswer, UnableToPoll
from tests.factories.live import make_lecture, make_live
from tests.factories.organizations import County, make_county

pytestmark = [pytest.mark.integration, pytest.mark.django_db]
OPTIONS = ["往高处走", "收拾东西", "打电话"]


@pytest.fixture
def world() -> County:
    return make_county(members=3)


@pytest.fixture
def lecture(world: County) -> Lecture:
    return make_live(world)


def save(lecture: Lecture, *, poll_id: int = 0, client_id: str = "a", **draft: Any) -> int:
    return operations.save_poll(
        occasion_id=lecture.pk,
        poll_id=poll_id,
        client_id=client_id,
        draft=PollDraft(**{"text": "水来了先做什么", "options": OPTIONS, **draft}),
        actor_id=lecture.lecturer_id,
        as_of=timezone.now(),
    )


def open_one(lecture: Lecture, **draft: Any) -> int:
    poll_id = save(lecture, **draft)
    operations.open_poll(occasion_id=lecture.pk, poll_id=poll_id, as_of=timezone.now())
    return poll_id


def close(lecture: Lecture, poll_id: int) -> None:
    operations.close_poll(occasion_id=lecture.pk, poll_id=poll_id, as_of=timezone.now())


def answer(lecture: Lecture, poll_id: int, *chosen: tuple[Any, int]) -> list[Any]:
    now = timezone.now()
    answers = [Answering(lecture.pk, poll_id, member.pk, choice, now) for member, choice in chosen]
    said = operations.answer_polls(answers=answers)
    return [one.code if isinstance(one, UnableToAnswer) else one for one in said]


def state(lecture: Lecture, member: Any, *, is_host: bool = False) -> dict[str, Any]:
    return queries.asking_state(occasion_id=lecture.pk, member_id=member.pk, is_host=is_host)


@pytest.mark.parametrize(
    ("draft", "code"),
    [
        ({"text": " \x00"}, "empty"),
        ({"options": ["一", " "]}, "empty"),
        ({"text": "问" * 201}, "too_long"),
        ({"options": ["一", "二" * 61]}, "too_long"),
        ({"options": ["一"]}, "options"),
        ({"options": [str(n) for n in range(7)]}, "options"),
        ({"options": ["一", " 一 "]}, "same"),
        ({"is_quiz": True}, "right"),
        ({"is_quiz": True, "right": [0, 1, 2]}, "right"),
        ({"is_quiz": True, "right": [3]}, "right"),
    ],
)
def test_what_cannot_be_asked_is_refused_with_a_reason(lecture: Lecture, draft: dict[str, Any], code: str) -> None:
    with pytest.raises(UnableToPoll) as refused:
        save(lecture, **draft)
    assert (refused.value.code, Poll.objects.count()) == (code, 0)


def test_a_poll_forgets_what_was_marked_right(lecture: Lecture) -> None:
    assert poll_refusal(text="问", options=["一", "二"], right=[9], is_quiz=False) == ""
    assert Poll.objects.get(pk=save(lecture, right=[1])).right == []


def test_prepared_before_the_lecture_changed_and_deleted(world: County) -> None:
    lecture = make_lecture(world)
    first, again, other = save(lecture), save(lecture, text="别的"), save(lecture, client_id="b", text="另一题")
    assert first == again != other
    save(lecture, poll_id=first, text="改了", is_quiz=True, right=[0, 0])
    assert list(Poll.objects.order_by("pk").values_list("text", "right")) == [("改了", [0]), ("另一题", [])]
    for _twice in range(2):
        operations.drop_poll(occasion_id=lecture.pk, poll_id=other)
    assert Poll.objects.count() == 1


def test_what_was_opened_stays_as_it_was_asked(lecture: Lecture) -> None:
    poll_id = open_one(lecture)
    operations.open_poll(occasion_id=lecture.pk, poll_id=poll_id, as_of=timezone.now())
    for work in (
        lambda: save(lecture, poll_id=poll_id, text="改了"),
        lambda: operations.drop_poll(occasion_id=lecture.pk, poll_id=poll_id),
    ):
        with pytest.raises(UnableToPoll, match="opened"):
            work()
    close(lecture, poll_id)
    with pytest.raises(UnableToPoll, match="opened"):
        operations.open_poll(occasion_id=lecture.pk, poll_id=poll_id, as_of=timezone.now())


def test_one_is_open_at_a_time_and_none_after_the_end(world: County, lecture: Lecture) -> None:
    first, second = open_one(lecture), save(lecture, client_id="b")
    with pytest.raises(UnableToPoll, match="other_open"):
        operations.open_poll(occasion_id=lecture.pk, poll_id=second, as_of=timezone.now())
    assert answer(lecture, first, (world.member, 1)) == [1]
    operations.end_lecture(occasion_id=lecture.pk, as_of=timezone.now())
    poll = Poll.objects.get(pk=first)
    assert (poll.is_open, poll.counts) == (False, [0, 1, 0])
    with pytest.raises(UnableToPoll, match="closed"):
        operations.open_poll(occasion_id=lecture.pk, poll_id=second, as_of=timezone.now())


def test_not_another_lectures(world: County, lecture: Lecture) -> None:
    other = make_live(world, node=world.neighbour)
    poll_id = open_one(lecture)
    for work in (operations.open_poll, operations.close_poll):
        with pytest.raises(UnableToPoll, match="gone"):
            work(occasion_id=other.pk, poll_id=poll_id, as_of=timezone.now())
    with pytest.raises(UnableToPoll, match="gone"):
        operations.show_poll(occasion_id=other.pk, poll_id=poll_id, on=True)
    with pytest.raises(UnableToPoll, match="gone"):
        save(other, poll_id=poll_id)
    operations.drop_poll(occasion_id=other.pk, poll_id=poll_id)
    assert answer(other, poll_id, (world.neighbour_member, 0)) == ["poll_closed"]
    assert Poll.objects.get(pk=poll_id).is_open


def test_only_what_is_closed_is_shown_and_only_what_is_open_is_closed(lecture: Lecture) -> None:
    poll_id = save(lecture)
    with pytest.raises(UnableToPoll, match="state"):
        close(lecture, poll_id)
    with pytest.raises(UnableToPoll, match="state"):
        operations.show_poll(occasion_id=lecture.pk, poll_id=poll_id, on=True)


def test_at_most_thirty(lecture: Lecture) -> None:
    for number in range(30):
        save(lecture, client_id=str(number))
    with pytest.raises(UnableToPoll, match="many"):
        save(lecture, client_id="more")
    assert save(lecture, client_id="7") == Poll.objects.get(client_id="7").pk


def test_one_answer_a_person_and_the_last_holds(world: County, lecture: Lecture) -> None:
    poll_id, (one, two, three) = open_one(lecture), world.members
    assert answer(lecture, poll_id, (one, 0), (two, 0), (one, 1), (three, 9)) == [0, 0, 1, "no_option"]
    assert answer(lecture, poll_id, (two, 2), (two, 2)) == [2, 2]
    assert dict(PollAnswer.objects.values_list("member_id", "choice")) == {one.pk: 1, two.pk: 2}
    assert state(lecture, one)["choice"] == 1
    assert state(lecture, three)["choice"] is None
    close(lecture, poll_id)
    close(lecture, poll_id)
    assert answer(lecture, poll_id, (three, 0)) == ["poll_closed"]
    assert Poll.objects.get(pk=poll_id).counts == [0, 1, 1]


def test_a_batch_asks_as_little_whatever_its_size(
    world: County, lecture: Lecture, django_assert_num_queries: Any
) -> None:
    poll_id = open_one(lecture)
    for many in ([(world.member, 0)], [(member, n % 3) for member in world.members for n in range(9)]):
        # Begin and end, the polls' rows, their options, one INSERT.
        with django_assert_num_queries(5):
            answer(lecture, poll_id, *many)


def test_counts_are_the_hosts_until_they_are_shown(world: County, lecture: Lecture) -> None:
    poll_id = open_one(lecture, is_quiz=True, right=[0])
    answer(lecture, poll_id, (world.member, 0), (world.members[1], 1))
    shown = state(lecture, world.member)
    assert (shown["poll"]["open"], shown["poll"]["counts"], shown["poll"]["right"]) == (True, [], [])
    assert "polls" not in shown
    assert state(lecture, world.lecturer, is_host=True)["polls"][0]["counts"] == [1, 1, 0]
    close(lecture, poll_id)
    shown = state(lecture, world.member)
    assert (shown["poll"]["open"], shown["poll"]["counts"], shown["poll"]["right"]) == (False, [], [0])
    operations.show_poll(occasion_id=lecture.pk, poll_id=poll_id, on=True)
    assert state(lecture, world.member)["poll"]["counts"] == [1, 1, 0]
    operations.show_poll(occasion_id=lecture.pk, poll_id=poll_id, on=False)
    assert state(lecture, world.member)["poll"]["counts"] == []


def test_the_room_is_told_after_the_commit_and_nobody_who_answered_what(
    world: County, lecture: Lecture, monkeypatch: pytest.MonkeyPatch, django_capture_on_commit_callbacks: Any
) -> None:
    told: list[dict[str, Any]] = []
    monkeypatch.setattr(room_events, "publish", lambda _room, event, flush=False: told.append(event))
    with django_capture_on_commit_callbacks(execute=True):
        poll_id = open_one(lecture)
        answer(lecture, poll_id, (world.member, 0))
        close(lecture, poll_id)
    polls = [(event["open"], event["counts"]) for event in told if event["t"] == "poll"]
    assert polls == [(True, []), (False, [])]
    assert {event["t"] for event in told} == {"poll", "polls"}
    assert all("member" not in event for event in told)


def test_who_chose_what_goes_after_its_time_and_the_counts_stay(world: County, lecture: Lecture) -> None:
    poll_id = open_one(lecture)
    answer(lecture, poll_id, (world.member, 0))
    close(lecture, poll_id)
    assert operations.delete_old_asking(as_of=timezone.now()) == 0
    assert operations.delete_old_asking(as_of=timezone.now() + dt.timedelta(days=181)) == 1
    assert (PollAnswer.objects.count(), Poll.objects.get(pk=poll_id).counts) == (0, [1, 0, 0])


@pytest.mark.django_db(transaction=True)
def test_whoever_is_acknowledged_while_it_is_closed_is_counted(world: County, lecture: Lecture) -> None:
    """Many devices answer and two hosts close, all at once: the counts are the answers that were acknowledged."""
    poll_id, start = open_one(lecture), threading.Barrier(5)
    said: list[tuple[int, Any]] = []

    def run(work: Any) -> None:
        try:
            start.wait(60)
            work()
        finally:
            connections.close_all()

    def answering(member: Any) -> None:
        said.extend((member.pk, answer(lecture, poll_id, (member, choice))[0]) for choice in (0, 1, 2, 1))

    works: list[Any] = [partial(answering, member) for member in world.members]
    works += [partial(close, lecture, poll_id)] * 2
    threads = [threading.Thread(target=run, args=(work,)) for work in works]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    last = {member: choice for member, choice in said if choice != "poll_closed"}
    assert dict(PollAnswer.objects.values_list("member_id", "choice")) == last
    assert Poll.objects.get(pk=poll_id).counts == [list(last.values()).count(choice) for choice in range(3)]


def test_nothing_to_answer_is_nothing_to_ask(lecture: Lecture) -> None:
    assert operations.answer_polls(answers=[]) == []
