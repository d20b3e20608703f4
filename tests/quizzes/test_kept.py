"""A quiz that a phone keeps: begun with a network, answered without one, brought later; two devices, two people."""

import datetime as dt
import json
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from attendance.core.gates import quiz_key
from attendance.models import Evidence, Occasion
from cms.models import LessonPage
from quizzes import operations
from quizzes.models import Answer, Attempt, Quiz
from quizzes.queries.taking import answers_of, order_for
from tests.factories.courses import Given, give_course
from tests.factories.organizations import County, make_county
from tests.factories.quizzes import FILL, ORDER, SINGLE, make_quiz

pytestmark = [pytest.mark.integration, pytest.mark.django_db]
RIGHT: dict[str, list[int]] = {"single": [1], "order": [0, 1, 2], "fill": []}
WRONG: dict[str, list[int]] = {"single": [0], "order": [2, 1, 0], "fill": []}


@pytest.fixture
def county() -> County:
    return make_county()


@pytest.fixture
def quiz(county: County) -> Quiz:
    return make_quiz(county.branch, county.organiser, SINGLE, ORDER, FILL, most_attempts=2)


@pytest.fixture
def given(county: County, quiz: Quiz) -> Given:
    given = give_course(county.branch)
    lesson = LessonPage.objects.get(pk=given.lesson.pk)
    lesson.body = [("text", "<p>先看安全</p>"), ("quiz", quiz)]
    lesson.asks_quiz = True
    lesson.save_revision().publish()
    Occasion.objects.filter(pk=given.run.pk).update(gates={quiz_key(str(quiz.pk)): 0})
    return given


@pytest.fixture
def phone(county: County) -> Client:
    browser = Client()
    browser.force_login(county.member)
    return browser


def keep_url(given: Given, quiz: Quiz) -> str:
    return f"/courses/{given.run.pk}/{given.lesson.pk}/quizzes/{quiz.pk}/keep/"


def post(browser: Client, url: str, body: dict[str, Any] | str, status: int = 200) -> dict[str, Any]:
    text = body if isinstance(body, str) else json.dumps(body)
    answer = browser.post(url, text, content_type="application/json")
    assert (answer.status_code, "no-store" in answer["Cache-Control"]) == (status, True), answer.content.decode()[:300]
    found: dict[str, Any] = answer.json()
    return found


def brought(attempt: Attempt, *, minutes_ago: float = 0, places: dict[str, list[int]] = RIGHT, **over: Any) -> Any:
    """What a phone brings: every question answered, rightly unless said, so long ago."""
    at = int((timezone.now() - dt.timedelta(minutes=minutes_ago)).timestamp() * 1000)
    answers = [
        {
            "position": one.position, "typed": "120" if one.version.kind == "fill" else "",
            "picked": [order_for(one).index(place) for place in places[one.version.kind]], "at": at,
        }
        for one in answers_of(attempt)
    ]  # fmt: skip
    owner = str(attempt.member.public_id)
    return {"id": "x", "owner": owner, "attempt": attempt.pk, "answers": answers, "submit": False, **over}


def begun(given: Given, quiz: Quiz, phone: Client) -> Attempt:
    return Attempt.objects.get(pk=post(phone, keep_url(given, quiz), {})["attempt"])


def test_what_is_kept_are_the_questions_and_never_what_is_right(
    given: Given, quiz: Quiz, phone: Client, county: County
) -> None:
    kept = post(phone, keep_url(given, quiz), {})
    assert phone.get(f"/courses/{given.run.pk}/{given.lesson.pk}/saved.json").json()["quizzes"] == [quiz.pk]
    assert sorted(kept["questions"][0]) == ["html", "picked", "position", "typed"]
    assert [one["position"] for one in kept["questions"]] == [1, 2, 3]
    told = json.dumps(kept["questions"], ensure_ascii=False)
    assert "红色最高" not in told
    assert "120" not in told
    assert "答对 2 题算通过" in kept["rules"]
    assert "以前联网" in kept["rules"]
    assert "用完还剩 1 次" in kept["costs"]
    # Keeping it again is going on with it; what is stored comes with it, as it is shown.
    post(phone, "/courses/answers/", brought(Attempt.objects.get(pk=kept["attempt"])))
    again = post(phone, keep_url(given, quiz), {})
    assert again["attempt"] == kept["attempt"]
    by_kind = {one.version.kind: one for one in answers_of(Attempt.objects.get(pk=kept["attempt"]))}
    stored = {one["position"]: one for one in again["questions"]}
    assert stored[by_kind["fill"].position]["typed"] == "120"
    assert stored[by_kind["single"].position]["picked"] == [order_for(by_kind["single"]).index(1)]
    assert stored[by_kind["order"].position]["picked"] == [order_for(by_kind["order"]).index(n) for n in range(3)]


def test_only_who_may_begin_it_keeps_it_and_reads_why_not(
    given: Given, quiz: Quiz, phone: Client, county: County
) -> None:
    url = keep_url(given, quiz)
    assert post(Client(), url, {}, 401)["error"] == "signed_out"
    reader = Client()
    reader.force_login(county.organiser)
    assert reader.post(url, "{}", content_type="application/json").status_code == 404
    assert phone.post(url.replace(f"quizzes/{quiz.pk}", "quizzes/999"), "{}", "application/json").status_code == 404
    other = make_quiz(county.branch, county.organiser, SINGLE, title="别的")
    assert "拿掉了" in post(phone, keep_url(given, other), {}, 410)["message"]
    Occasion.objects.filter(pk=given.run.pk).update(starts_at=timezone.now() + dt.timedelta(days=1))
    assert "还没有开始" in post(phone, url, {}, 409)["message"]
    Occasion.objects.filter(pk=given.run.pk).update(starts_at=timezone.now() - dt.timedelta(days=1))
    operations.withdraw_quiz(quiz_id=quiz.pk, as_of=timezone.now())
    assert "已经撤下" in post(phone, url, {}, 409)["message"]
    assert Attempt.objects.count() == 0


def test_answers_and_the_wish_to_hand_in_arrive_once_however_often_they_come(
    given: Given, quiz: Quiz, phone: Client, county: County
) -> None:
    attempt = begun(given, quiz, phone)
    first = brought(attempt, minutes_ago=-600)
    assert post(phone, "/courses/answers/", first) == {"attempt": attempt.pk, "is_submitted": False, "said": ""}
    # A phone's clock decides nothing: what it says of the future is now.
    assert {one.answered_at is not None and one.answered_at <= timezone.now() for one in answers_of(attempt)} == {True}
    done = {**first, "submit": True}
    said = post(phone, "/courses/answers/", done)
    assert said["is_submitted"] is True
    assert said["said"].startswith("答对 3 题中的 3 题，通过了。")
    assert post(phone, "/courses/answers/", done) == said
    attempt.refresh_from_db()
    assert (attempt.right, list(attempt.answers.values_list("kept", flat=True))) == (3, [1, 1, 1])
    # It counts from the moment in which it arrived, in the course that asks for it.
    passed = Evidence.objects.get(kind=Evidence.Kind.PASSED)
    assert (passed.member_id, attempt.submitted_at is not None) == (county.member.pk, True)


def test_of_two_devices_the_later_answer_stands_whichever_comes_first(given: Given, quiz: Quiz, phone: Client) -> None:
    attempt = begun(given, quiz, phone)
    Attempt.objects.filter(pk=attempt.pk).update(began_at=timezone.now() - dt.timedelta(hours=2))
    post(phone, "/courses/answers/", brought(attempt, minutes_ago=10))
    said = post(phone, "/courses/answers/", brought(attempt, minutes_ago=30, places=WRONG))
    numbers = [one.position for one in answers_of(attempt) if one.version.kind != "fill"]
    assert said["said"] == f"第 {numbers[0]}、{numbers[1]} 题后来在另一台设备上又答过，以后答的为准。"
    assert {one.is_right for one in answers_of(attempt)} == {True}
    post(phone, "/courses/answers/", brought(attempt, minutes_ago=5, places=WRONG))
    assert Answer.objects.filter(attempt=attempt, is_right=True).count() == 1
    post(phone, "/courses/answers/", brought(attempt, minutes_ago=1, places=WRONG))  # chosen once more, after all
    post(phone, "/courses/answers/", brought(attempt, minutes_ago=3))
    assert Answer.objects.filter(attempt=attempt, is_right=True).count() == 1


def test_what_comes_after_another_device_has_handed_in_is_named(given: Given, quiz: Quiz, phone: Client) -> None:
    attempt = begun(given, quiz, phone)
    post(phone, "/courses/answers/", brought(attempt, answers=[], submit=True))
    said = post(phone, "/courses/answers/", brought(attempt, submit=True))
    assert "答对 3 题中的 0 题" in said["said"]
    assert "第 1–3 题手机里的答案没有算进去" in said["said"]
    assert "还可以做 1 次" in said["said"]
    assert "通过以后，这一讲才算学完" in said["said"]


def test_a_quiz_that_is_closed_or_taken_out_meanwhile_stops_nobody_who_has_begun(
    given: Given, quiz: Quiz, phone: Client, county: County
) -> None:
    attempt = begun(given, quiz, phone)
    operations.withdraw_quiz(quiz_id=quiz.pk, as_of=timezone.now())
    assert post(phone, keep_url(given, quiz), {})["attempt"] == attempt.pk
    LessonPage.objects.get(pk=given.lesson.pk).unpublish()
    said = post(phone, "/courses/answers/", brought(attempt, submit=True))
    assert "通过了" in said["said"]


def test_nobody_brings_what_another_has_answered(given: Given, quiz: Quiz, phone: Client, county: County) -> None:
    attempt = begun(given, quiz, phone)
    other = Client()
    other.force_login(county.neighbour_member)
    body = brought(attempt, submit=True)
    assert post(Client(), "/courses/answers/", body, 401)["error"] == "signed_out"
    # The phone has changed hands: it keeps them for whoever wrote them.
    assert post(other, "/courses/answers/", body, 404)["error"] == "not_yours"
    forged = {**body, "owner": str(county.neighbour_member.public_id)}
    assert post(other, "/courses/answers/", forged, 404)["error"] == "gone"
    Attempt.objects.filter(pk=attempt.pk).delete()
    assert "重新做" in post(phone, "/courses/answers/", body, 404)["message"]


def test_what_is_no_answer_is_named_and_the_others_are_kept(given: Given, quiz: Quiz, phone: Client) -> None:
    attempt = begun(given, quiz, phone)
    body = brought(attempt)
    unfit = next(one.position for one in answers_of(attempt) if one.version.kind == "single")
    body["answers"][unfit - 1]["picked"] = [7]
    body["answers"].append({"position": 9, "picked": [0], "typed": "", "at": 1})
    said = post(phone, "/courses/answers/", body)["said"]
    assert f"第 {unfit}、9 题手机里的答案读不出来" in said
    assert Answer.objects.filter(attempt=attempt, answered_at=None).count() == 1
    for change in (
        {"attempt": "1"}, {"attempt": True}, {"attempt": 2**70}, {"answers": 1}, {"answers": [1]},
        {"answers": [{"position": 1, "picked": [0], "typed": 5, "at": 1}]},
        {"answers": [{"position": 1, "picked": [0], "typed": "字" * 401, "at": 1}]},
        {"answers": [{"position": 1, "picked": [0], "typed": "", "at": 2**62}]},
    ):  # fmt: skip
        assert post(phone, "/courses/answers/", {**body, **change}, 400)["error"] == "bad_request"
    for text in ("[]", "{", '{"owner": 1}', '"x"'):
        assert post(phone, "/courses/answers/", text, 400)["error"] == "bad_request"
