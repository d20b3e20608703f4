"""What there is to study: courses, their lessons in order, and which of them show a video. Nothing here writes."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from django.db.models import Model, Q, QuerySet
from wagtail.models import ModelLogEntry, Page, PageLogEntry
from wagtail.permissions import policy_registry

from attendance.core.reading import reading_ms, signs_in
from cms.core.lesson import VIDEO, held_in, media_key, values_of, words_in
from cms.material import Material
from cms.models import CoursePage, DrawnPaper, LessonPage, PathPage
from cms.reviewing import said_to
from media.models import Video
from organizations.models import Node, User

LESSON_DELETED = "cms.lesson_deleted"


@dataclass(frozen=True)
class Lesson:
    """A published lesson with the videos it shows, in order; ``is_incomplete``: one that it shows is not there."""

    page: LessonPage
    videos: tuple[Video, ...]
    is_incomplete: bool = False

    @property
    def has_videos(self) -> bool:
        """Whether it is studied by watching; also when what there was to watch is gone."""
        return bool(self.videos) or self.is_incomplete

    @property
    def media_keys(self) -> tuple[str, ...]:
        """The keys under which the ledger counts this lesson's videos."""
        return tuple(media_key(video.pk) for video in self.videos)

    @property
    def is_optional(self) -> bool:
        """Whether nobody has to study it."""
        return self.page.is_optional

    @property
    def quiz_ids(self) -> tuple[str, ...]:
        """The ids (text) of the quizzes in it, in order."""
        return tuple(values_of(self.page.body.raw_data, "quiz"))

    @property
    def reading_ms(self) -> int:
        """The least time in which its text is read; 0 where there is something to watch, or nothing at all."""
        raw = list(self.page.body.raw_data)
        return reading_ms(signs_in(words_in(raw))) if raw and not self.has_videos else 0

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
        blocks = [block for block in page.body.raw_data if held_in(str(block.get("type"))) == VIDEO]
        is_incomplete = any(str(block.get("value")) not in videos for block in blocks)
        lessons[page.path[: -Page.steplen]].append(Lesson(page, shown, is_incomplete))
    return lessons


def withdrawn_lessons(course: Page) -> list[LessonPage]:
    """Return the lessons of a course that were published once and are not now, in order. One query."""
    pages = LessonPage.objects.child_of(course).filter(live=False, first_published_at__isnull=False)
    return list(pages.order_by("path"))


def course_to_export(course_id: int) -> CoursePage | None:
    """Return one course with its newest version."""
    return CoursePage.objects.filter(pk=course_id).select_related("latest_revision").first()


def lessons_written(course: Page) -> QuerySet[LessonPage]:
    """Return all lessons of a course as its editors see them, in order, drafts too; without what stands in them."""
    return LessonPage.objects.child_of(course).defer("body").order_by("path")


def was_in(course: Page, *, lesson_id: int) -> bool:
    """Say whether a lesson that members could read in this course is not there: withdrawn, moved or deleted.

    Of a course that is withdrawn as a whole none is there.
    """
    page = LessonPage.objects.filter(pk=lesson_id).first()
    if page is None:
        told = PageLogEntry.objects.filter(page_id=course.pk, action=LESSON_DELETED, data__lesson=lesson_id)
        return told.exists()
    if page.path.startswith(course.path):
        was_read = page.live or page.first_published_at is not None
        return was_read and not (page.live and course.live)
    history = PageLogEntry.objects.filter(page_id=lesson_id)
    return any(entry.data.get("source", {}).get("id") == course.pk for entry in history.filter(action="wagtail.move"))


def video_ids_in(page: LessonPage) -> list[str]:
    """Return the uuids (text) of the distinct videos in a lesson's body, in order, without loading them."""
    return values_of(page.body.raw_data, "video")


def videos_of(lessons: Iterable[Lesson]) -> dict[str, Video]:
    """Return the distinct videos of some lessons by media key: what a course's length is the sum of."""
    return {media_key(video.pk): video for lesson in lessons for video in lesson.videos}


def courses_at(nodes: QuerySet[Node]) -> QuerySet[CoursePage]:
    """Return the courses of some organisations, published or not, those that were edited last first."""
    found = CoursePage.objects.filter(node__in=nodes.order_by()).select_related("node")
    return found.order_by("-latest_revision_created_at", "-pk")


def paths_with(*, course_ids: Iterable[int]) -> QuerySet[PathPage]:
    """Return the learning paths that members see and in which one of these courses is a step."""
    found = PathPage.objects.live().filter(steps__course__in=list(course_ids)).select_related("node")
    return found.distinct().order_by("title", "pk")


def courses_with_video(*, video_id: str) -> list[int]:
    """Return the ids of published courses of which a published lesson shows the video."""
    shown = Material.objects.filter(video_id=video_id, version=Material.Version.STORED, lesson__live=True)
    return list(_courses_of(shown).filter(live=True).values_list("pk", flat=True))


def edited_courses_with_video(*, video_id: str) -> QuerySet[CoursePage]:
    """Return the courses of which a lesson shows the video, published, in its latest draft or planned: for editors."""
    return _courses_of(Material.objects.filter(video_id=video_id))


def _courses_of(material: QuerySet[Material]) -> QuerySet[CoursePage]:
    paths = {path[: -Page.steplen] for path in material.values_list("lesson__path", flat=True)}
    return CoursePage.objects.filter(path__in=paths)


def open_lessons(course: Page) -> QuerySet[LessonPage]:
    """The published lessons of a course, in whatever part of it."""
    return LessonPage.objects.live().filter(Q(path__startswith=course.path))


def last_entry_about(thing: Model, *, action: str) -> ModelLogEntry | None:
    """The newest line of Wagtail's log about one thing that says it was done, with who did it."""
    entries = ModelLogEntry.objects.for_instance(thing).filter(action=action)
    return entries.select_related("user").first()


def owners_of(pages: QuerySet[Page]) -> QuerySet[User]:
    """Whose pages these are."""
    return User.objects.filter(pk__in=pages.order_by().values("owner_id"))


def editors_of(pages: QuerySet[Page]) -> QuerySet[User]:
    """Who changed these pages."""
    entries = PageLogEntry.objects.order_by().filter(action="wagtail.edit", page__in=pages.values("pk"))
    return User.objects.filter(pk__in=entries.values("user_id"))


def drafts_for(user: User, *, since: datetime) -> QuerySet[Page]:
    """The pages that a person may change and that were written since then and not published, the last ones first.

    Not those withdrawn, which Wagtail marks as changed, too, nor those to be published at their time, nor what the
    desk says as a review.
    """
    own = policy_registry.get_by_type(Page).instances_user_has_any_permission_for(user, {"change"})
    found = own.filter(has_unpublished_changes=True, latest_revision_created_at__gte=since)
    found = found.filter(latest_revision__approved_go_live_at=None)
    found = found.exclude(live=False, first_published_at__isnull=False)
    found = found.exclude(pk__in=said_to(user).values("page_id"))
    return found.select_related("latest_revision__user").order_by("-latest_revision_created_at", "-pk")


def drawn_papers(document_ids: Iterable[str]) -> dict[int, DrawnPaper]:
    """Return how the PDFs of these documents stand, by the document's id. One query; none where there are none."""
    wanted = list(document_ids)
    return {one.document_id: one for one in DrawnPaper.objects.filter(document_id__in=wanted)} if wanted else {}
