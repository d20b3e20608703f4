"""做练习: a member begins, answers one question a page, hands in and reads the result, without a script.

The right to take a quiz belongs to the place where it stands: an app above asks for it, and calls ``take``.
"""

from dataclasses import dataclass
from typing import Any

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _

from attendance.views.shared import id_or_none
from organizations.models import User
from organizations.permissions import signed_in
from quizzes import operations
from quizzes.models import Answer, Attempt, Quiz
from quizzes.queries.shortage import drawable
from quizzes.queries.taking import Standing, answers_of, standing_of
from quizzes.sentences import (
    Sent,
    answered_rows,
    asking_of,
    costs_words,
    hides_words,
    left_words,
    rule_lines,
    score_words,
    unanswered_words,
)

MOST_TICKED = 20
EARLIER_SHOWN = 10
END = "end"


@dataclass(frozen=True)
class Place:
    """Where a quiz stands: its own address there, the page it stands on, and why nobody can take it there now ("")."""

    url: str
    back_url: str
    back_title: str
    why_not: str = ""
    asks: bool = False  # whether it has to be passed there


def take(request: HttpRequest, quiz: Quiz, place: Place) -> HttpResponse:
    """Answer a quiz's page: what comes next of the attempt under way, else how to begin and what the last came to."""
    user = signed_in(request)
    if request.method == "POST":
        return _sent(request, quiz, place, user)
    now = standing_of(quiz=quiz, member_id=user.pk)
    if now.under_way is None or place.why_not:
        return _overview(request, now, place)
    answers = answers_of(now.under_way)
    asked = request.GET.get("q", "")
    position = id_or_none(asked)
    if asked != END and position is None:
        position = next((one.position for one in answers if one.given is None), None)
    if position is None:
        return _end(request, now, place, answers)
    return _question(request, now, place, answers, position)


def _sent(request: HttpRequest, quiz: Quiz, place: Place, user: User) -> HttpResponse:
    if place.why_not:
        messages.info(request, place.why_not)
        return redirect(place.url)
    do = request.POST.get("do", "")
    try:
        if do == "start":
            operations.start_attempt(quiz_id=quiz.pk, member_id=user.pk, as_of=timezone.now())
        elif do == "submit":
            attempt_id = id_or_none(request.POST.get("attempt", "")) or 0
            operations.submit_attempt(quiz_id=quiz.pk, attempt_id=attempt_id, member_id=user.pk, as_of=timezone.now())
        else:
            return _answer(request, quiz, place, user)
    except operations.UnableToTakeQuiz as error:
        messages.warning(request, str(error))
    except Attempt.DoesNotExist as error:
        raise Http404 from error
    return redirect(place.url)


def _answer(request: HttpRequest, quiz: Quiz, place: Place, user: User) -> HttpResponse:
    """Keep what was answered, and go on to the next; what is not taken stands in the page again."""
    ids = {name: id_or_none(request.POST.get(name, "")) for name in ("attempt", "position", "seen")}
    ticked = [id_or_none(one) for one in request.POST.getlist("picked")[:MOST_TICKED]]
    ranks = [request.POST.get(f"rank_{at}", "") for at in range(MOST_TICKED) if f"rank_{at}" in request.POST]
    picked = [-1 if one is None else one for one in ticked] or _ordered(ranks)
    try:
        kept = operations.keep_answer(
            quiz_id=quiz.pk, attempt_id=ids["attempt"] or 0, member_id=user.pk, position=ids["position"] or 0,
            picked=picked, typed=request.POST.get("typed", ""), seen=ids["seen"] or 0, as_of=timezone.now(),
        )  # fmt: skip
    except (Attempt.DoesNotExist, Answer.DoesNotExist) as error:
        raise Http404 from error
    except operations.UnableToTakeQuiz as error:
        now = standing_of(quiz=quiz, member_id=user.pk)
        if now.under_way is None or now.under_way.pk != ids["attempt"]:
            another = _("那一次已经交卷，刚才的答案没有算进去。现在做的是另外一次。")
            messages.warning(request, another if now.under_way else str(error))
            return redirect(place.url)
        sent = Sent(picked, ranks, request.POST.get("typed", ""))
        return _question(
            request, now, place, answers_of(now.under_way), ids["position"] or 0, sent=sent, refused=str(error)
        )
    if kept.overtook:
        said = _("第 %(number)s 题刚才在另一个页面或另一台设备上也答过，现在以这一次的为准。")
        messages.warning(request, said % {"number": kept.answer.position})
    return redirect(f"{place.url}?q={_following(kept.answer)}")


def _ordered(ranks: list[str]) -> list[int]:
    """Return the shown places in the order that was given them; empty where it is none: one twice, or one left out."""
    by_rank = {id_or_none(rank): at for at, rank in enumerate(ranks)}
    wanted = range(1, len(ranks) + 1)
    return [by_rank[one] for one in wanted] if set(by_rank) == set(wanted) else []


def _following(answer: Answer) -> str:
    """Return the next question without an answer: after this one, else before it; ``end`` where all have one."""
    open_ones = [one.position for one in answers_of(answer.attempt) if one.given is None]
    after = [one for one in open_ones if one > answer.position] or open_ones
    return str(after[0]) if after else END


def _question(
    request: HttpRequest, now: Standing, place: Place, answers: list[Answer], position: int, *,
    sent: Sent | None = None, refused: str = "",
) -> HttpResponse:  # fmt: skip
    answer = next((one for one in answers if one.position == position), None)
    if answer is None:
        raise Http404
    context = {
        **_base(now, place), "answer": answer, "asking": asking_of(answer, of=len(answers), sent=sent),
        "refused": refused, "before": position - 1, "after": position + 1 if position < len(answers) else 0,
        "saved": answer.given is not None and sent is None,
        "goes_on": any(one.given is None and one.position != position for one in answers),
    }  # fmt: skip
    return render(request, "quizzes/question.html", context, status=422 if refused else 200)


def _end(request: HttpRequest, now: Standing, place: Place, answers: list[Answer]) -> HttpResponse:
    next_open = next((one.position for one in answers if one.given is None), 0)
    context = {
        **_base(now, place), "answers": answers, "unanswered": unanswered_words(answers), "costs": costs_words(now),
        "next_open": next_open, "next_words": _("去答第 %(number)s 题") % {"number": next_open},
    }  # fmt: skip
    return render(request, "quizzes/end.html", context)


def _overview(request: HttpRequest, now: Standing, place: Place) -> HttpResponse:
    last = now.last
    earlier = now.submitted[-EARLIER_SHOWN - 1 : -1]
    rows = answered_rows(answers_of(last), tells=now.tells) if last else []
    context = {
        **_base(now, place),
        "rules": rule_lines(now.quiz, of=drawable(now.quiz), asked=place.asks)
        if now.code == "may" and last is None
        else [],
        "result": score_words(last) if last else "",
        "result_kind": "success" if last and last.is_passed else "warning",
        "left": left_words(now, asked=place.asks),
        "rows": rows,
        "is_pruned": last is not None and not rows,
        "hides": hides_words(now),
        "earlier": [(one.number, score_words(one)) for one in earlier],
        "may_begin": now.code == "may" and not place.why_not,
        "begin_words": _("再做一次") if last else _("开始做"),
    }
    return render(request, "quizzes/overview.html", context)


def _base(now: Standing, place: Place) -> dict[str, Any]:
    return {"tab": "courses", "quiz": now.quiz, "place": place, "attempt": now.under_way}
