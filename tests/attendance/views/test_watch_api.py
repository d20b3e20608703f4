"""The watch API over HTTP: a member inside, one of another branch, the clock given."""

import datetime as dt
import json
from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client

from attendance import operations
from attendance.models import Evidence, Occasion, Record
from attendance.views import watch
from organizations.models import User
from tests.factories.attendance import HOUR, START, OccasionFactory, RuleFactory, TrainingFactory, open_lecture
from tests.factories.organizations import County, make_county

pytestmark = [pytest.mark.integration, pytest.mark.django_db]
NOON = START + HOUR
MEDIA = [f"v:{n}" for n in range(14)]


class Clock:
    """The server's clock, set by hand."""

    def __init__(self) -> None:
        self.at = NOON

    def now(self) -> dt.datetime:
        return self.at


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    clock = Clock()
    monkeypatch.setattr(watch, "clock", lambda: clock)
    return clock


@pytest.fixture
def county() -> County:
    return make_county()


@pytest.fixture
def course(county: County) -> Occasion:
    """A running course of 14 films, half a minute each."""
    training = TrainingFactory(node=county.branch, deadline_at=START + dt.timedelta(days=30))
    course = OccasionFactory(training=training, rule=RuleFactory(basis="media"), kind="course")
    operations.set_media_items(occasion_id=course.pk, items=dict.fromkeys(MEDIA, 30_000))
    operations.open_occasion(occasion_id=course.pk, as_of=START)
    return course


def post(client: Client, occasion: Occasion | int, what: str, **body: Any) -> tuple[int, dict[str, Any]]:
    key = occasion if isinstance(occasion, int) else occasion.pk
    answer = client.post(f"/watch/{key}/{what}", json.dumps(body), content_type="application/json")
    return answer.status_code, answer.json()


def play(client: Client, occasion: Occasion, media: str, device: str = "p1") -> int:
    status, state = post(client, occasion, "play", device=device, media=media)
    assert status == 200
    return int(state["session_id"])


def report(client: Client, occasion: Occasion | int, session: int, **body: Any) -> tuple[int, dict[str, Any]]:
    values = {"session": session, "id": f"r-{session}", "ranges_ms": [[0, 30_000]], "rate": 1.0, "position_ms": 0}
    return post(client, occasion, "report", **(values | body))


def test_opening_sessions_does_not_multiply_time(
    county: County, course: Occasion, clock: Clock, sign_in: Callable[[User], Client]
) -> None:
    """28 sessions for 14 films, six seconds later a report in each at 16 times the speed: 42 s, not 7 minutes."""
    client = sign_in(county.member)
    sessions = [play(client, course, media, f"p{n}") for n in (1, 2) for media in MEDIA]
    clock.at += dt.timedelta(seconds=6)
    states = [report(client, course, session, rate=16)[1] for session in sessions]
    assert sum(state["accepted_ms"] for state in states) == 42_000
    assert Record.objects.get(member=county.member).union_ms <= 42_000
    assert Record.objects.get(member=county.member).state == "pending"


def test_a_session_belongs_to_one_address(
    county: County, course: Occasion, clock: Clock, sign_in: Callable[[User], Client]
) -> None:
    lecture = open_lecture(county.branch)
    client = sign_in(county.member)
    session = play(client, course, MEDIA[0])
    clock.at += dt.timedelta(seconds=30)
    for wrong in (lecture.pk, 999_999):
        status, answer = report(client, wrong, session)
        assert (status, answer["error"]) == (404, "no_session")
    assert report(sign_in(county.members[1]), course, session)[0] == 404
    assert not Evidence.objects.exists()
    status, state = report(client, course, session)
    assert (status, state["accepted_ms"], state["message"]) == (200, 30_000, "")


def test_after_the_deadline_the_answer_says_so(county: County, clock: Clock, sign_in: Callable[[User], Client]) -> None:
    lecture = open_lecture(county.branch)
    operations.close_occasion(occasion_id=lecture.pk, as_of=NOON)
    operations.set_replay(occasion_id=lecture.pk, media_ms=60_000, media_offset_ms=0, as_of=NOON)
    operations.settle(occasion_id=lecture.pk, as_of=NOON)
    client = sign_in(county.member)
    session = play(client, lecture, "replay")
    clock.at += dt.timedelta(days=14, milliseconds=1)
    status, state = report(client, lecture, session)
    assert (status, state["accepted_ms"], state["is_late"]) == (200, 30_000, True)
    assert state["message"].startswith("补学期限已过")


def test_what_is_void_asks_for_nothing(
    county: County, course: Occasion, clock: Clock, sign_in: Callable[[User], Client]
) -> None:
    Occasion.objects.filter(pk=course.pk).update(state=Occasion.State.VOID)
    status, answer = post(sign_in(county.member), course, "play", device="p1", media=MEDIA[0])
    assert (status, answer["error"], answer["message"]) == (409, "void", "这一场不再计入，不用补学。")


@pytest.mark.parametrize("rate", [10**400, -(10**400), 1e308, "fast", None])
def test_a_speed_that_is_none_is_refused_with_a_sentence(
    course: Occasion, county: County, clock: Clock, sign_in: Callable[[User], Client], rate: Any
) -> None:
    client = sign_in(county.member)
    status, answer = report(client, course, play(client, course, MEDIA[0]), rate=rate)
    assert (status, answer["error"]) == (400, "bad_request")


def test_a_piece_that_is_withdrawn_while_it_plays_is_told_and_credits_one_report_more(
    county: County, course: Occasion, clock: Clock, sign_in: Callable[[User], Client]
) -> None:
    """What was watched up to then is in that report; what a player goes on sending is not part of the course."""
    client = sign_in(county.member)
    session, other = play(client, course, MEDIA[0]), play(client, course, MEDIA[1])
    clock.at += dt.timedelta(seconds=10)
    told = report(client, course, session, ranges_ms=[[0, 10_000]])[1]
    assert (told["code"], told["message"]) == ("", "")
    operations.set_media_items(occasion_id=course.pk, items=dict.fromkeys(MEDIA[2:], 30_000))
    answers = []
    for turn, end in enumerate((18_000, 24_000, 30_000)):
        clock.at += dt.timedelta(seconds=8)
        answers.append(report(client, course, session, id=f"after-{turn}", ranges_ms=[[10_000, end]])[1])
    assert [one["credited_ms"] for one in answers] == [[[0, 18_000]]] * 3
    assert [(one["code"], one["message"]) for one in answers] == [
        ("withdrawn", "这一讲老师正在修改，学过的都保存着。")
    ] * 3
    assert report(client, course, other, ranges_ms=[[0, 9_000]])[1]["credited_ms"] == [[0, 9_000]]
    status, refused = post(client, course, "play", device="p1", media=MEDIA[0])
    assert (status, refused["error"], refused["message"]) == (410, "withdrawn", answers[0]["message"])


def test_a_piece_that_comes_back_goes_on_counting_in_the_same_session(
    county: County, course: Occasion, clock: Clock, sign_in: Callable[[User], Client]
) -> None:
    client = sign_in(county.member)
    session = play(client, course, MEDIA[0])
    for turn, pieces in enumerate((MEDIA, MEDIA[1:], MEDIA[1:], MEDIA, MEDIA[1:], MEDIA[1:])):
        operations.set_media_items(occasion_id=course.pk, items=dict.fromkeys(pieces, 30_000))
        clock.at += dt.timedelta(seconds=4)
        span = [turn * 4_000, turn * 4_000 + 4_000]
        state = report(client, course, session, id=f"turn-{turn}", ranges_ms=[span])[1]
    assert state["credited_ms"] == [[0, 8_000], [12_000, 20_000]]
