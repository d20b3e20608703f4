"""做练习 without a network: what a phone keeps of an attempt, and what it brings of it later. JSON (ADR 84).

The right to begin belongs to the place where the quiz stands, as in ``quizzes.views.taking``.
"""

import datetime as dt
import json
from collections.abc import Callable
from functools import wraps
from typing import Any

from django.http import HttpRequest, JsonResponse
from django.http.response import HttpResponseBase
from django.template.loader import render_to_string
from django.utils import timezone
from django.utils.translation import gettext as _

from organizations.models import User
from quizzes import operations
from quizzes.core.drawing import MOST_DRAWN, number_words
from quizzes.core.questions import Kind
from quizzes.models import Answer, Attempt, Quiz
from quizzes.operations import Arrival, Brought
from quizzes.queries.taking import answers_of, order_for, standing_of
from quizzes.sentences import (
    Sent,
    asking_of,
    costs_words,
    counts_words,
    left_words,
    passes_words,
    score_words,
)

MOST_PICKED = 20
MOST_SIGNS = 400  # of a text; what is too long for an answer is told by its number, what is longer is nobody's


def for_phones(view: Callable[..., HttpResponseBase]) -> Callable[..., HttpResponseBase]:
    """Answer 401 in JSON to whoever is signed out: the phone keeps what it has until they are back."""

    @wraps(view)
    def answered(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        if not isinstance(request.user, User) or not request.user.is_active:
            said = _("登录已过期，请重新登录。答案还在这部手机里，登录后会补传。")
            return refused("signed_out", said, 401)
        return view(request, *args, **kwargs)

    return answered


def refused(code: str, message: str, status: int = 409) -> JsonResponse:
    """Answer that something was not taken, in the shape that every script of ours reads."""
    return JsonResponse({"error": code, "message": message}, status=status)


def kept(quiz: Quiz, *, member_id: int, asks: bool, until: str) -> JsonResponse:
    """Begin an attempt, or go on with the one under way, and answer it as a phone keeps it: never what is right.

    ``until``: when it has to have been passed, in words, where the lesson ``asks`` for it.
    """
    now = timezone.now()
    try:
        attempt = operations.start_attempt(quiz_id=quiz.pk, member_id=member_id, as_of=now)
    except operations.UnableToTakeQuiz as error:
        return refused(error.code, str(error))
    answers = answers_of(attempt)
    lines = [passes_words(of=attempt.of, need=attempt.need), counts_words(asks)]
    if asks:
        lines.append(_("没有网时交的卷，以联网送到的时间为准：请在 %(until)s 以前联网。") % {"until": until})
    standing = standing_of(quiz=quiz, member_id=member_id)
    return JsonResponse(
        {
            "quiz": quiz.pk,
            "title": quiz.title,
            "attempt": attempt.pk,
            "rules": "".join(lines),
            "costs": costs_words(standing),
            "now_ms": int(now.timestamp() * 1000),
            "questions": [_question(one, of=len(answers)) for one in answers],
        }
    )


def _question(answer: Answer, *, of: int) -> dict[str, Any]:
    """Return a drawn question without its answer, and apart from it what was answered, as it is shown."""
    places, typed = list[int](), ""
    if answer.given is not None and answer.version.kind == Kind.FILL:
        typed = str(answer.given[0])
    elif answer.given is not None:
        order = order_for(answer)
        places = [order.index(place) for place in answer.given]
    html = render_to_string("quizzes/_asking.html", {"asking": asking_of(answer, of=of, sent=Sent())})
    return {"position": answer.position, "html": html, "picked": places, "typed": typed}


def brought_by(request: HttpRequest, member: User) -> tuple[int, Arrival] | JsonResponse:
    """Take what a phone brings: ``{owner, attempt, answers: [{position, picked, typed, at}], submit}``.

    Returns the quiz and what became of it, or why nothing did: a phone that has changed hands keeps it for whoever
    wrote it ("not_yours").
    """
    body = _body(request)
    if body is None:
        return refused("bad_request", _("手机送来的答案读不出来，请联网打开练习再答一次。"), 400)
    owner, attempt_id, brought, hands_in = body
    if owner != str(member.public_id):
        return refused("not_yours", _("这部手机里的答案是另一位的，等他登录后再送。"), 404)
    try:
        arrival = operations.take_brought(
            attempt_id=attempt_id, member_id=member.pk, brought=brought, hands_in=hands_in, as_of=timezone.now()
        )
    except Attempt.DoesNotExist:
        return refused("gone", _("这一次练习已经不在了，手机里的答案没有算进去。请联网打开练习重新做。"), 404)
    return arrival.attempt.quiz_id, arrival


def arrived(arrival: Arrival, *, asks: bool) -> JsonResponse:
    """Answer what became of what a phone brought, in words, once it is kept."""
    attempt, lines = arrival.attempt, arrival_lines(arrival)
    if attempt.submitted_at is not None:
        standing = standing_of(quiz=attempt.quiz, member_id=attempt.member_id)
        lines = [score_words(attempt), *lines, left_words(standing, asked=asks)]
    return JsonResponse(
        {"attempt": attempt.pk, "is_submitted": attempt.submitted_at is not None, "said": "".join(lines)}
    )


def arrival_lines(arrival: Arrival) -> list[str]:
    """Return what did not count of what a phone brought, and why; empty where everything did."""
    told = [
        (arrival.late, _("第 %(numbers)s 题后来在另一台设备上又答过，以后答的为准。")),
        (arrival.missed, _("这一次在手机的答案送到以前已经交卷，第 %(numbers)s 题手机里的答案没有算进去。")),
        (arrival.unfit, _("第 %(numbers)s 题手机里的答案读不出来，没有存。请联网打开练习再答。")),
    ]
    return [said % {"numbers": number_words(numbers, comma=_("、"), dash="–")} for numbers, said in told if numbers]


def _body(request: HttpRequest) -> tuple[str, int, list[Brought], bool] | None:
    """Return owner, attempt, answers and the wish to hand in; None for what no page of ours sends."""
    try:
        sent = json.loads(request.body)
        by_position = {one["position"]: _brought(one) for one in sent["answers"][:MOST_DRAWN]}
        attempt = _number(sent["attempt"])
        return str(sent["owner"]), attempt, list(by_position.values()), sent["submit"] is True
    except (ValueError, TypeError, KeyError, AttributeError, OverflowError, RecursionError):
        return None


def _brought(one: dict[str, Any]) -> Brought:
    """Raises ValueError, TypeError, KeyError or OverflowError for what no page of ours sends."""
    at = dt.datetime.fromtimestamp(_number(one["at"]) / 1000, tz=dt.UTC)
    picked = [_number(place) for place in one["picked"][:MOST_PICKED]]
    typed = one["typed"]
    if not isinstance(typed, str) or len(typed) > MOST_SIGNS:
        raise ValueError
    return Brought(_number(one["position"]), picked, typed, at)


def _number(value: object) -> int:
    if not isinstance(value, int) or isinstance(value, bool) or not 0 <= value < 2**63:
        raise ValueError
    return value
