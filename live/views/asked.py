"""What was asked in a lecture: polls with their counts, questions with their votes; afterwards too.

What nobody has answered in the room is answered elsewhere: here a host says so, or puts it away.
"""

from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from attendance.views.shared import id_or_none
from live.models import Lecture, Question
from live.operations import UnableToMark, mark_question
from live.permissions import may_host
from live.queries import host_polls, questions_of
from live.views.access import lecture_page

MARKS = (Question.State.ANSWERED.value, Question.State.HIDDEN.value)


@require_http_methods(["GET", "POST"])
@lecture_page(may_host)
def asked(request: HttpRequest, lecture: Lecture) -> HttpResponse:
    """The results as counts; nobody is named, neither who answered nor who asked. POST marks a question."""
    if request.method == "POST":
        return _mark(request, lecture)
    context = {
        "occasion": lecture.occasion,
        "polls": [_counted(poll) for poll in host_polls(lecture.pk) if poll["state"] != "prepared"],
        "questions": questions_of(lecture.pk),
    }
    return render(request, "live/asked.html", context)


def _mark(request: HttpRequest, lecture: Lecture) -> HttpResponse:
    """Mark a question of this lecture; whoever sends another one, or one that is gone, is told."""
    question_id, state = id_or_none(request.POST.get("question", "")), request.POST.get("state", "")
    try:
        if question_id is None or state not in MARKS:
            raise UnableToMark
        mark_question(occasion_id=lecture.pk, question_id=question_id, state=state, as_of=timezone.now())
    except UnableToMark:
        messages.error(request, _("这个提问已经不在这一场里了，没有改动。下面是现在的提问。"))
    return redirect("live_asked", occasion_id=lecture.pk)


def _counted(poll: dict[str, Any]) -> dict[str, Any]:
    total = sum(poll["counts"])
    rows = [
        {
            "text": option,
            "count": count,
            "percent": round(count * 100 / total) if total else 0,
            "is_right": place in poll["right"],
        }
        for place, (option, count) in enumerate(zip(poll["options"], poll["counts"], strict=True))
    ]
    return poll | {"total": total, "rows": rows}
