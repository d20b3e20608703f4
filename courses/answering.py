"""Where an answer to what a lesson's video asks goes."""

import json
from collections.abc import Mapping
from typing import Any

from django.http import Http404, HttpRequest, JsonResponse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from courses.asked import keeps, moments_of
from courses.views import open_run
from courses.withdrawn import told_if_withdrawn
from organizations.permissions import role_required
from quizzes.core.questions import MOST_CHOICES
from quizzes.operations import UnableToTakeQuiz, answer_video_question
from quizzes.queries.asked import result_of, version_asked

LARGEST = 2**63 - 1


@require_POST
@role_required()
@told_if_withdrawn
def answer(request: HttpRequest, occasion_id: int, lesson_id: int, question_id: int) -> JsonResponse:
    """Keep an answer and tell what is right; repeats, and other answers that come later, are told the first one's."""
    opened, as_of = open_run(request, occasion_id), timezone.now()
    studied = opened.lesson(lesson_id)
    if question_id not in {one.question_id for one in moments_of(studied)}:
        raise Http404
    sent = _sent(request)
    version = version_asked(question_id=question_id, version_id=sent["version"])
    if version is None:
        raise Http404
    try:
        kept = answer_video_question(
            lesson_id=lesson_id, version=version, member_id=opened.user.pk, picked=sent["picked"], typed=sent["typed"],
            keeps=keeps(opened, as_of), as_of=as_of,
        )  # fmt: skip
    except UnableToTakeQuiz as error:
        return JsonResponse({"error": error.code, "message": str(error)}, status=422)
    if kept.version_id != version.pk:
        # Another device answered an earlier version: its own words come with the page, opened again.
        return JsonResponse(
            {"error": "answered", "message": _("这道题您已经答过，重新打开这一页就能看到。")}, status=409
        )
    return JsonResponse(result_of(kept))


def _sent(request: HttpRequest) -> Mapping[str, Any]:
    """Return what the island sent; what no page of ours sends is nothing, and refused as that."""
    try:
        said = json.loads(request.body)
    except (ValueError, RecursionError):
        said = None
    said = said if isinstance(said, dict) else {}
    picked, version, typed = said.get("picked"), said.get("version"), said.get("typed")
    places = picked if isinstance(picked, list) and len(picked) <= MOST_CHOICES else []
    return {
        "version": version if type(version) is int and 0 < version <= LARGEST else 0,
        "picked": places if all(type(one) is int for one in places) else [],
        "typed": typed if isinstance(typed, str) else "",
    }
