"""What there is to study: courses, their lessons in order, and which of them show a video. Nothing here writes."""

from collections.abc import Iterable
from dataclasses import dataclass

from django.db.models import Q, QuerySet, TextField
from django.db.models.functions import Cast
from wagtail.models import Page

from cms.core.lesson import media_key, values_of
from cms.models import CoursePage, LessonPage
from media.models import Video


@dataclass(frozen=True)
class Lesson:
    """A published lesson with the videos it shows, in order."""

    page: LessonPage
    videos: tuple[Video, ...]

    @property
    def media_keys(self) -> tuple[str, ...]:
        """The keys under which the ledger counts this lesson's videos."""
        return tuple(media_key(video.pk) for video in self.videos)

    @property
    def duration_ms(self) -> int:
        """Length of all its videos; one that is still being processed adds nothing yet."""
        return sum(video.duration_ms or 0 for video in self.videos)


def lessons_of(course: Page) -> list[Lesson]:
    """Return the published lessons of one course, in order. Two queries whatever their number."""
    return lessons_by_course([course])[course.path]


def lessons_by_course(courses: Iterable[Page]) -> dict[str, list[Lesson]]:
    """Return the published lessons of several courses by the course's path. Two queries whatever their number."""
    lessons: dict[str, list[Lesson]] = {course.path: [] for course in courses}
    inside = Q(pk__in=())
    for path in lessons:
        inside |= Q(path__startswith=path)
    pages = list(LessonPage.objects.live().filter(inside).order_by("path")) if lessons else []
    ids = {page.pk: video_ids_in(page) for page in pages}
    videos = {
        str(pk): video for pk, video in Video.objects.in_bulk({i for found in ids.values() for i in found}).items()
    }
    for page in pages:
        shown = tuple(videos[i] for i in ids[page.pk] if i in videos)
        lessons[page.path[: -Page.steplen]].append(Lesson(page, shown))
    return lessons


def video_ids_in(page: LessonPage) -> list[str]:
    """Return the uuids (text) of the distinct videos in a lesson's body, in order, without loading them."""
    return values_of(page.body.raw_data, "video")


def videos_of(lessons: Iterable[Lesson]) -> dict[str, Video]:
    """Return the distinct videos of some lessons by media key: what a course's length is the sum of."""
    return {media_key(video.pk): video for lesson in lessons for video in lesson.videos}


def course_with_lessons(*, page_id: int) -> tuple[CoursePage, list[Lesson]] | None:
    """Return a published course and its lessons, or None when it is not (or no longer) published."""
    course = CoursePage.objects.live().filter(pk=page_id).first()
    return None if course is None else (course, lessons_of(course))


def courses_with_video(*, video_id: str) -> list[int]:
    """Return the ids of published courses of which a published lesson shows the video."""
    return list(
        _courses_of(_mentioning(LessonPage.objects.live(), "body", video_id))
        .filter(live=True)
        .values_list("pk", flat=True)
    )


def edited_courses_with_video(*, video_id: str) -> QuerySet[CoursePage]:
    """Return the courses of which a lesson shows the video, published or in its latest draft: for editors."""
    published = _mentioning(LessonPage.objects.all(), "body", video_id)
    drafted = _mentioning(LessonPage.objects.all(), "latest_revision__content", video_id)
    return _courses_of(published) | _courses_of(drafted)


def _mentioning(lessons: QuerySet[LessonPage], field: str, text: str) -> QuerySet[LessonPage]:
    return lessons.annotate(stored=Cast(field, TextField())).filter(stored__contains=text)


def _courses_of(lessons: QuerySet[LessonPage]) -> QuerySet[CoursePage]:
    paths = {path[: -Page.steplen] for path in lessons.values_list("path", flat=True)}
    return CoursePage.objects.filter(path__in=paths)
