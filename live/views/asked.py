"""What was asked in a lecture: polls with their counts, questions with their votes; afterwards too."""

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_GET

from live.models import Lecture
from live.permissions import may_host
from live.queries import host_polls, questions_of
from live.views.access import lecture_page


@require_GET
@lecture_page(may_host)
def asked(request: HttpRequest, lecture: Lecture) -> HttpResponse:
    """The results as counts; nobody is named, neither who answered nor who asked."""
    context = {
        "occasion": lecture.occasion,
        "polls": [_counted(poll) for poll in host_polls(lecture.pk) if poll["state"] != "prepared"],
        "questions": questions_of(lecture.pk),
    }
    return render(request, "live/asked.html", context)


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
