"""A video asks: what its page carries, what an answer becomes, what its author is told."""

import datetime as dt
import json
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from cms.checklist import checklist_of
from cms.models import LessonPage
from media.models import Video
from organizations.uses import uses_of
from quizzes.models import Question, VideoAnswer
from quizzes.operations import answer_video_question, offer_question_again, withdraw_question
from quizzes.operations.pruning import prune_video_answers
from quizzes.queries.asked import asked_in_videos, shown_order
from quizzes.queries.taking import personal_data
from quizzes.sentences import asked_words
from tests.factories.courses import Given
from tests.factories.organizations import County, UserFactory
from tests.factories.quizzes import FILL, ORDER, SINGLE, TRUTH, ask
from tests.quizzes.test_operations import change

pytestmark = [pytest.mark.integration, pytest.mark.django_db]
JSON = "application/json"


@pytest.fixture
def bank(world: County, given: Given) -> list[Question]:
    """Four questions; the lesson's video asks them at 5, 10, 20 and 90 s, of which it has 60."""
    found = ask(world.branch, world.organiser, SINGLE, ORDER, FILL, TRUTH)
    place(given, found)
    return found


def place(given: Given, found: list[Question]) -> None:
    page = LessonPage.objects.get(pk=given.lesson.pk)
    raw = [one for one in page.body.raw_data if one["type"] != "asks"]
    for at, question in zip(("00:05", "0:10", "00：20", "01:30"), found, strict=True):
        raw.append({"type": "asks", "value": {"at": at, "question": question.pk, "must": at == "00:05"}})
    page.body = page.body.stream_block.to_python(raw)
    page.save_revision().publish()


def asked(browser: Client, given: Given) -> dict[str, Any] | None:
    answer = browser.get(reverse("courses_lesson", args=[given.run.pk, given.lesson.pk]))
    assert answer.status_code == 200
    assert (b"js/asked.js" in answer.content) == (answer.context["asked"] is not None)
    found: dict[str, Any] | None = answer.context["asked"]
    return found


def send(browser: Client, url: str, **said: Any) -> Any:
    return browser.post(url, said, content_type=JSON, headers={"Accept": JSON})


def test_the_page_asks_without_the_key_and_keeps_the_first_answer(
    world: County, given: Given, bank: list[Question], client: Client
) -> None:
    client.force_login(world.member)
    with CaptureQueriesContext(connection) as found:
        told = asked(client, given)
    # The blocks' and the player's, two each whatever their number.
    assert sum("quizzes_" in one["sql"] for one in found) == 4
    assert told is not None
    assert told["keeps"]
    # A phone that keeps the lesson has no player, so nothing of it.
    kept = client.get(f"/courses/{given.run.pk}/{given.lesson.pk}/saved.json").content.decode()
    assert SINGLE.text not in json.loads(kept)["html"]
    single, order, fill = told["items"]
    assert [one["at_ms"] for one in told["items"]] == [5000, 10_000, 20_000]
    assert (single["must"], order["must"]) == (True, False)
    assert sorted(single["choices"]) == sorted(SINGLE.choices)
    assert fill["choices"] == []
    assert "right" not in single
    assert not any(one["result"] for one in told["items"])
    right = single["choices"].index("红色")
    answer = send(client, single["url"], version=single["version"], picked=[right], typed="")
    assert answer.json() == {
        "is_right": True, "picked": [right], "typed": "", "right": [right], "accepted": [], "explanation": "红色最高",
    }  # fmt: skip
    # Another device, another answer: the first stays, and is told.
    again = send(client, single["url"], version=single["version"], picked=[(right + 1) % 3], typed="")
    assert again.json() == answer.json()
    wrong = send(client, order["url"], version=order["version"], picked=[0, 1, 2], typed="").json()
    assert [order["choices"][at] for at in wrong["right"]] == list(ORDER.choices)
    typed = send(client, fill["url"], version=fill["version"], picked=[], typed=" １２０").json()
    assert (typed["is_right"], typed["accepted"]) == (True, list(FILL.choices))
    assert VideoAnswer.objects.count() == 3
    told = asked(client, given)
    assert told is not None
    assert [one["result"]["is_right"] for one in told["items"]] == [True, wrong["is_right"], True]
    assert len(personal_data(world.member)["video_answers"]) == 3


def test_what_no_page_sends_is_refused_and_nobody_elses_lesson_answers(
    world: County, given: Given, bank: list[Question], client: Client
) -> None:
    client.force_login(world.member)
    told = asked(client, given)
    assert told is not None
    single, order, fill = told["items"]
    for url, said in [
        (single["url"], {"version": single["version"], "picked": [0, 1]}),
        (single["url"], {"version": single["version"], "picked": ["0"]}),
        (order["url"], {"version": order["version"], "picked": [0, 0, 1]}),
        (fill["url"], {"version": fill["version"], "typed": "x" * 101}),
        (fill["url"], {"version": fill["version"], "typed": 7}),
    ]:
        refused = send(client, url, **said)
        assert refused.status_code == 422
        assert refused.json()["message"]
    for unread in ("[", '{"a":' * 5000):
        assert client.post(single["url"], unread, content_type=JSON).status_code == 404
    assert send(client, single["url"], version=fill["version"], picked=[0]).status_code == 404
    elsewhere = reverse("courses_asked", args=[given.run.pk, given.lesson.pk, 999_999])
    assert send(client, elsewhere, version=single["version"], picked=[0]).status_code == 404
    assert not VideoAnswer.objects.exists()
    client.force_login(world.neighbour_member)
    assert send(client, single["url"], version=single["version"], picked=[0]).status_code == 404


def test_who_only_looks_is_told_and_not_kept(world: County, given: Given, bank: list[Question], client: Client) -> None:
    client.force_login(world.organiser)
    told = asked(client, given)
    assert told is not None
    assert not told["keeps"]
    single = told["items"][0]
    assert send(client, single["url"], version=single["version"], picked=[0]).status_code == 200
    assert not VideoAnswer.objects.exists()


def test_a_new_version_is_asked_and_an_answered_one_stays(
    world: County, given: Given, bank: list[Question], client: Client
) -> None:
    client.force_login(world.member)
    told = asked(client, given)
    assert told is not None
    old = told["items"][0]
    change(bank[0], TRUTH, "防汛")
    fresh = asked(client, given)
    assert fresh is not None
    assert fresh["items"][0]["kind"] == "true_false"
    assert fresh["items"][0]["choices"] == ["对", "错"]
    # A page that stood open sends what it asked; a second device with the new version hears that it is answered.
    assert send(client, old["url"], version=old["version"], picked=[0]).status_code == 200
    late = send(client, old["url"], version=fresh["items"][0]["version"], picked=[1])
    assert (late.status_code, late.json()["error"]) == (409, "answered")
    told = asked(client, given)
    assert told is not None
    assert told["items"][0]["version"] == old["version"]
    # Withdrawn: not asked any more, of nobody who has not answered.
    for question in bank:
        withdraw_question(question_id=question.pk, as_of=timezone.now())
    told = asked(client, given)
    assert told is not None
    assert len(told["items"]) == 1
    VideoAnswer.objects.all().delete()
    assert asked(client, given) is None
    offer_question_again(question_id=bank[1].pk)
    told = asked(client, given)
    assert told is not None
    assert [one["at_ms"] for one in told["items"]] == [10_000]


def test_the_author_is_told_what_will_not_be_asked(world: County, given: Given, bank: list[Question]) -> None:
    withdraw_question(question_id=bank[1].pk, as_of=timezone.now())
    page = LessonPage.objects.get(pk=given.lesson.pk)
    raw = list(page.body.raw_data)
    raw = [
        {"type": "asks", "value": {"at": "00:01", "question": bank[2].pk}},
        *raw,
        {"type": "asks", "value": {"at": "00:50", "question": bank[0].pk}},
        {"type": "asks", "value": {"at": "x", "question": bank[2].pk}},
    ]
    page.body = page.body.stream_block.to_python(raw)
    found = checklist_of(page)
    assert [one.text for one in found.advice if "提问" in one.text] == [
        "00:01 的提问上面没有视频，不会问：请把它移到视频下面。",
        "0:10 的提问，题目已经撤下，不会问：请换一道题。",
        "00:50 的提问，同一道题前面已经问过，不会再问。",
    ]
    assert any("请按“分:秒”写" in one.text for one in found.refused)
    # What a film is too short for is not published, and said at its block.
    title = Video.objects.get(pk=given.video.pk).title
    assert any(f"放到什么时候问：“{title}”只有 01:00，到不了这里，不会问。" in one.text for one in found.refused)
    (use,) = uses_of(bank[0], user=world.organiser, as_of=timezone.now())
    assert given.lesson.title in use.text


def test_counts_are_of_five_people_and_go_after_their_time(world: County, given: Given, bank: list[Question]) -> None:
    version = bank[0].newest
    assert "还没有人" in asked_words(asked_in_videos(version))

    def answer(right: bool, as_of: dt.datetime) -> None:
        member = UserFactory()
        order = shown_order(version, member_id=member.pk, lesson_id=given.lesson.pk)
        answer_video_question(
            lesson_id=given.lesson.pk, version=version, member_id=member.pk,
            picked=[order.index(1 if right else 0)], typed="", keeps=True, as_of=as_of,
        )  # fmt: skip

    now = timezone.now()
    for right in (True, True, False, True):
        answer(right, now)
    assert "人太少" in asked_words(asked_in_videos(version))
    answer(True, now)
    assert "5 人在视频里答过这一版，4 人答对（80%）" in asked_words(asked_in_videos(version))
    assert prune_video_answers(as_of=now) == 0
    assert prune_video_answers(as_of=now + dt.timedelta(days=500)) == 5


def test_the_questions_page_says_where_it_is_asked_and_the_chooser_finds_it(
    world: County, given: Given, bank: list[Question], client: Client
) -> None:
    client.force_login(world.organiser)
    page = client.get(reverse("quizzes_question", args=[bank[0].pk])).content.decode()
    assert "还没有人在视频里答过" in page
    assert given.lesson.title in page
    chooser = reverse("question_chooser:choose_results")
    assert SINGLE.text in client.get(chooser).content.decode()
    found = client.get(chooser, {"q": "预警"}).content.decode()
    assert SINGLE.text in found
    assert FILL.text not in found
    chosen = client.get(reverse("question_chooser:chosen", args=[bank[0].pk]))
    assert chosen.json()["result"]["title"] == SINGLE.text
