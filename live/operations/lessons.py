"""A part of a recording becomes a lesson of a course."""

from collections.abc import Sequence

from django.db import transaction

from live.models import Lecture
from media.operations import UnableToCut, cut_video


@transaction.atomic
def cut_to_lesson(
    *,
    occasion_id: int,
    course_id: int,
    start_ms: int,
    end_ms: int,
    without: Sequence[tuple[int, int]],
    title: str,
    actor_id: int,
) -> int:
    """Queue the cut of a lecture's recording as a video of its own, and put it into a new draft lesson of a course.

    Returns the lesson's page. What becomes of the recording touches neither. Raises UnableToCut, also where the
    recording was deleted meanwhile.
    """
    from cms.operations import draft_lesson  # noqa: PLC0415 - the media agent runs without Wagtail

    lecture = Lecture.objects.select_for_update(no_key=True).get(pk=occasion_id)
    if lecture.recording_id is None:
        raise UnableToCut("gone")
    video = cut_video(
        source_id=lecture.recording_id,
        start_ms=start_ms,
        end_ms=end_ms,
        without=without,
        title=title,
        created_by_id=actor_id,
    )
    lesson = draft_lesson(course_id=course_id, title=video.title, video_id=video.pk, author_id=actor_id)
    return int(lesson.pk)
