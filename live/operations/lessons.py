"""A part of a recording becomes a lesson of a course."""

import datetime as dt
from collections.abc import Sequence

from django.db import transaction

from live.models import Lecture
from media.core.chapters import Chapter
from media.core.cutting import Span
from media.core.names import clean_title
from media.models import Clip, Video
from media.operations import UnableToCut, cut_video, plan_cut

AGAIN = dt.timedelta(minutes=5)


@transaction.atomic
def cut_to_lesson(
    *,
    occasion_id: int,
    course_id: int,
    start_ms: int,
    end_ms: int,
    without: Sequence[Span],
    title: str,
    actor_id: int,
    as_of: dt.datetime,
    chapters: Sequence[Chapter] = (),
) -> int:
    """Queue the cut of a lecture's recording as a video of its own, and put it into a new draft lesson of a course.

    Returns the lesson's page; where the same person asks for the same again within minutes (a second click), the one
    that was made. What becomes of the recording touches neither. Raises UnableToCut, also where the recording was
    deleted meanwhile. ``chapters``: those of the recording by its slides, where nobody has written any.
    """
    from cms.operations import draft_lesson  # noqa: PLC0415 - the media agent runs without Wagtail

    # The second of two clicks waits here for the first.
    source = Lecture.objects.select_for_update(no_key=True).get(pk=occasion_id).recording
    if source is None:
        raise UnableToCut("gone")
    spans = plan_cut(video=source, start_ms=start_ms, end_ms=end_ms, without=without)
    name = clean_title(title) or source.title
    lately = Clip.objects.filter(
        source=source, video__created_by_id=actor_id, video__created_at__gt=as_of - AGAIN, video__title=name
    )
    made = _lesson_of([clip for clip in lately if clip.spans == [list(span) for span in spans]], course_id)
    if made is not None:
        return made
    video: Video = cut_video(
        source_id=source.pk,
        start_ms=start_ms,
        end_ms=end_ms,
        without=without,
        title=name,
        created_by_id=actor_id,
        chapters=chapters,
    )
    lesson = draft_lesson(course_id=course_id, title=video.title, video_id=video.pk, author_id=actor_id)
    return int(lesson.pk)


def _lesson_of(clips: Sequence[Clip], course_id: int) -> int | None:
    """The lesson of that course that shows one of these; None where there is none (any more)."""
    from cms.models import CoursePage, LessonPage  # noqa: PLC0415 - as above

    lessons = LessonPage.objects.child_of(CoursePage.objects.get(pk=course_id))
    shown = lessons.filter(material__video_id__in=[clip.video_id for clip in clips])
    return shown.values_list("pk", flat=True).first()
