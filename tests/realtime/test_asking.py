"""What is asked in a room over real sockets: by members, hosts, neighbours, on two devices and in two processes."""

from pathlib import Path
from typing import Any

import pytest

from live.models import Lecture, Poll, PollAnswer
from organizations.models import User
from tests.factories.live import make_live
from tests.factories.organizations import County, make_county
from tests.realtime.conftest import Phone, RoomServer, serving_two

pytestmark = pytest.mark.realtime
OPTIONS = ["往高处走", "收拾东西"]


@pytest.fixture
def world(server: RoomServer) -> County:
    return make_county(members=3)


def prepared(host: Phone, id: str = "p", **facts: Any) -> int:
    draft = {"poll": 0, "quiz": False, "text": "先做什么", "options": OPTIONS, "right": [], **facts}
    host.send(t="poll_save", id=id, **draft)
    return int(host.until("stored")["item"])


def opened(host: Phone, **facts: Any) -> int:
    poll = prepared(host, **facts)
    host.send(t="poll_open", poll=poll)
    host.event("poll")
    return poll


def room(server: RoomServer, world: County) -> tuple[Lecture, Phone, Phone]:
    lecture = make_live(world)
    return lecture, server.join(world.lecturer, lecture), server.join(world.member, lecture)


def test_a_poll_from_open_to_shown(server: RoomServer, world: County) -> None:
    _lecture, host, member = room(server, world)
    poll = opened(host, quiz=True, right=[0])
    told = member.event("poll")
    assert (told["open"], told["counts"], told["right"]) == (True, [], [])
    member.send(t="poll_answer", id="a", poll=poll, choice=0)
    assert member.until("answered") == {"t": "answered", "id": "a", "poll": poll, "choice": 0}
    while host.event("tally")["counts"] != [1, 0]:
        pass
    host.send(t="poll_close", poll=poll)
    assert member.event("poll")["right"] == [0]
    member.send(t="poll_answer", id="b", poll=poll, choice=1)
    assert member.until("poll_closed")["id"] == "b"
    host.send(t="poll_show", poll=poll, on=True)
    assert member.event("poll")["counts"] == [1, 0]
    # Nobody but the hosts hears counts before they are shown, and nobody who chose what.
    events = [event for frame in member.frames for event in frame.get("events", [])]
    assert [event for event in events if event["t"] in ("tally", "polls", "unclear")] == []


def test_two_devices_and_a_double_tap_are_one_answer(server: RoomServer, world: County) -> None:
    lecture, host, phone = room(server, world)
    tablet = server.join(world.member, lecture)
    poll = opened(host)
    for _twice in range(2):
        phone.send(t="poll_answer", id="a", poll=poll, choice=0)
    tablet.send(t="poll_answer", id="b", poll=poll, choice=1)
    seen = [phone.until("answered")["id"] for _each in range(3)]
    assert sorted(seen) == ["a", "a", "b"]
    assert PollAnswer.objects.get().member_id == world.member.pk
    assert tablet.until("answered")["poll"] == poll


@pytest.mark.parametrize(
    "frame",
    [
        {"t": "poll_save", "id": "x", "poll": 0, "quiz": False, "text": "问", "options": OPTIONS, "right": []},
        {"t": "poll_open", "poll": 1},
        {"t": "poll_close", "poll": 1},
        {"t": "poll_show", "poll": 1, "on": True},
        {"t": "poll_drop", "poll": 1},
        {"t": "question_mark", "question": 1, "state": "hidden"},
        {"t": "pin", "text": "通知"},
    ],
)
def test_members_lead_nothing(server: RoomServer, world: County, frame: dict[str, Any]) -> None:
    member = server.join(world.member, make_live(world))
    member.send(**frame)
    assert member.until("not_host")["t"] == frame["t"]
    assert not Poll.objects.exists()


def test_refusals_of_a_host_carry_their_code(server: RoomServer, world: County) -> None:
    _lecture, host, _member = room(server, world)
    poll = opened(host)
    host.send(t="poll_save", id="y", poll=0, quiz=True, text="问", options=OPTIONS, right=[])
    assert host.until("right")["id"] == "y"
    other = prepared(host, id="z")
    for frame, code in (
        ({"t": "poll_open", "poll": other}, "other_open"),
        ({"t": "poll_show", "poll": poll, "on": True}, "state"),
        ({"t": "poll_drop", "poll": poll}, "opened"),
        ({"t": "question_mark", "question": 10**6, "state": "now"}, "gone"),
        ({"t": "pin", "text": "长" * 201}, "too_long"),
    ):
        host.send(**frame)
        assert host.until(code)["t"] == frame["t"]
    host.send(t="poll_drop", poll=other)
    host.event("polls")


def test_a_neighbour_answers_nothing_of_another_room(server: RoomServer, world: County) -> None:
    _lecture, host, member = room(server, world)
    poll = opened(host)
    member.send(t="ask", id="q", text="转移到哪里")
    question = member.until("stored")["item"]
    other = server.join(world.neighbour_member, make_live(world, node=world.neighbour))
    other.send(t="poll_answer", id="a", poll=poll, choice=0)
    assert other.until("poll_closed")["id"] == "a"
    other.send(t="vote", id="v", question=question, on=True)
    assert other.until("gone")["id"] == "v"


def test_a_question_is_voted_for_answered_and_hidden(server: RoomServer, world: County) -> None:
    lecture, host, member = room(server, world)
    other = server.join(world.members[1], lecture)
    member.send(t="ask", id="q", text="转移到哪里")
    question = other.event("question")["question"]
    other.send(t="vote", id="v", question=question, on=True)
    assert other.until("stored")["item"] == question
    assert host.event("votes")["votes"] == [1]
    member.send(t="vote", id="own", question=question, on=True)
    assert member.until("own")["id"] == "own"
    for state in ("now", "hidden"):
        host.send(t="question_mark", question=question, state=state)
        assert member.event("marked")["state"] == state


def test_whoever_is_muted_or_too_fast_asks_nothing(server: RoomServer, world: County) -> None:
    _lecture, host, member = room(server, world)
    for number in range(3):
        member.send(t="ask", id=f"q{number}", text="问")
    assert member.until("slow_down")["id"] == "q2"
    for _tap in range(4):
        member.send(t="react", kind="clap")
    assert member.until("slow_down")["t"] == "react"
    host.send(t="mute", member=world.member.pk, on=True)
    member.event("muted")
    member.send(t="react", kind="like")
    assert member.until("muted")["t"] == "react"


def test_a_notice_comes_and_goes(server: RoomServer, world: County) -> None:
    _lecture, host, member = room(server, world)
    for text in ("三点集合", ""):
        host.send(t="pin", text=text)
        assert member.event("pinned")["text"] == text


def test_reactions_are_a_sample_and_who_cannot_hear_a_sum_for_the_host(server: RoomServer, world: County) -> None:
    lecture, host, member = room(server, world)
    other = server.join(world.members[1], lecture)
    for phone in (member, other, member):
        phone.send(t="react", kind="unclear")
    assert set(other.event("reactions")["kinds"]) == {"unclear"}
    while host.event("unclear")["people"] != 2:
        pass


def test_two_processes_without_redis_hear_by_the_database(
    transactional_db: None, tmp_path: Path, settings: Any
) -> None:
    world = make_county(members=3)
    lecture = make_live(world)
    with serving_two(tmp_path) as (one, two):

        def joined(server: RoomServer, user: User) -> Phone:
            return server.join(user, lecture)

        host, member = joined(one, world.lecturer), joined(two, world.member)
        poll = opened(host)
        assert member.event("poll")["poll"] == poll
        member.send(t="poll_answer", id="a", poll=poll, choice=1)
        member.until("answered")
        while host.event("tally")["counts"] != [0, 1]:
            pass
        host.send(t="pin", text="三点集合")
        assert member.event("pinned")["text"] == "三点集合"
        member.send(t="ask", id="q", text="转移到哪里")
        question = host.event("question")["question"]
        assert member.event("question")["question"] == question
        host.send(t="question_mark", question=question, state="answered")
        assert member.event("marked")["state"] == "answered"
        one.kill()
        # Whoever was answered is counted, whatever became of the process of the host.
        late = joined(two, world.lecturer)
        late.send(t="poll_close", poll=poll)
        assert member.event("poll")["open"] is False
        assert Poll.objects.get(pk=poll).counts == [0, 1]


def test_captions_reach_the_room_once_and_are_taken_away(server: RoomServer, world: County) -> None:
    _lecture, host, member = room(server, world)
    host.send(t="caption", id="c", text="同志们好，" + "一" * 38)
    line = host.until("stored")["item"]
    told = member.event("captions")
    assert (told["lines"], told["texts"]) == ([line, line + 1], ["同志们好，", "一" * 38])
    host.send(t="caption", id="c", text="又一次")
    assert host.until("stored")["item"] == line
    host.send(t="caption_drop", line=line)
    assert member.event("caption_dropped")["line"] == line
    for frame, code in (
        ({"t": "caption", "id": "d", "text": " "}, "empty"),
        ({"t": "caption", "id": "e", "text": "长" * 401}, "too_long"),
        ({"t": "caption_drop", "line": line}, "gone"),
    ):
        host.send(**frame)
        assert host.until(code)["t"] == frame["t"]
    for number in range(5):
        host.send(t="caption", id=f"f{number}", text="句")
    assert host.until("slow_down")["id"].startswith("f")
