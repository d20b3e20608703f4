"""Questions that a lesson's video asks while it plays: what its page is given (ADR 81)."""

from datetime import datetime
from typing import Any

from django.urls import reverse

from cms.core.moments import Moment, moments_in
from cms.sentences import asked_words
from courses.player import Reading
from courses.queries import Studied
from media.models import Video
from quizzes.models import QuestionVersion
from quizzes.queries.asked import asked_now, result_of, shown_order, video_answers
from quizzes.sentences import choice_words, how_words


def asked_in(opened: Reading, studied: Studied, video: Video, *, as_of: datetime) -> dict[str, Any] | None:
    """Return what the island is told of the video's questions (frontend/src/asked); None where it asks nothing.

    No key is in it but of what this reader has answered. No query where there is no such block, two otherwise.
    """
    lesson_id, member_id = studied.lesson.page.pk, opened.user.pk
    moments = [
        one for one in moments_of(studied) if one.video == str(video.pk) and one.at_ms < (video.duration_ms or 0)
    ]
    if not moments:
        return None
    ids = [one.question_id for one in moments]
    versions = asked_now(ids)
    answers = video_answers(member_id=member_id, lesson_id=lesson_id, question_ids=ids)
    items = []
    for one in moments:
        answer = answers.get(one.question_id)
        version = answer.version if answer else versions.get(one.question_id)
        if version is not None:
            result = result_of(answer) if answer else None
            url = _url(opened, one, lesson_id)
            items.append({**_shown(version, one, member_id, lesson_id), "url": url, "result": result})
    if not items:
        return None
    return {"owner": str(opened.user.public_id), "keeps": keeps(opened, as_of), "items": items, "words": asked_words()}


def keeps(opened: Reading, as_of: datetime) -> bool:
    """Whether an answer is kept: of those on the roster, while the course is given."""
    return opened.records and not opened.study.is_void and opened.run.occasion.starts_at <= as_of


def moments_of(studied: Studied) -> list[Moment]:
    """Return what the videos of a published lesson ask."""
    return moments_in(studied.lesson.page.body.raw_data)


def _url(opened: Reading, moment: Moment, lesson_id: int) -> str:
    return reverse("courses_asked", args=[opened.run.pk, lesson_id, moment.question_id])


def _shown(version: QuestionVersion, moment: Moment, member_id: int, lesson_id: int) -> dict[str, Any]:
    words = choice_words(version)
    order = shown_order(version, member_id=member_id, lesson_id=lesson_id)
    is_typed = version.kind == QuestionVersion.Kind.FILL
    return {
        "at_ms": moment.at_ms, "must": moment.must, "version": version.pk, "kind": version.kind, "text": version.text,
        "how": how_words(version.kind), "choices": [] if is_typed else [words[place] for place in order],
    }  # fmt: skip
