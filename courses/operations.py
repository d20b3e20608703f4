"""Verbs about courses: give one as an occasion of a training, keep its length right, finish a lesson."""

from dataclasses import asdict, dataclass
from datetime import datetime

import structlog
from django.db import transaction

from attendance.models import Occasion, Rule, Training
from attendance.operations import OccasionPlan, create_occasion, open_occasion, reschedule_occasion, set_media_items
from cms.models import CoursePage
from cms.queries import lessons_by_course, lessons_of, videos_of
from courses.models import CourseRun, LessonProgress
from courses.queries import media_items_of, runs_expecting, studies_of, unsettled_runs_of
from media.models import Video

log = structlog.get_logger(__name__)


class UnableToScheduleCourse(Exception):
    """The course cannot be given as asked; ``code`` says why: unpublished, no_video, failed_video, rule, times."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


class UnableToCompleteLesson(Exception):
    """Not enough of the lesson's videos has counted yet, the course is void, or the lesson is none of this course's or
    this member's."""


@dataclass(frozen=True, kw_only=True)
class CoursePlan:
    """In which training, for whom and when a course is given; the title is its page's."""

    training_id: int
    node_id: int
    starts_at: datetime
    ends_at: datetime
    rule_id: int

    def titled(self, title: str) -> OccasionPlan:
        return OccasionPlan(title=title, **asdict(self))


@transaction.atomic
def schedule_course(*, page_id: int, plan: CoursePlan, as_of: datetime) -> CourseRun:
    """Give a published course to the members of a node as an occasion of a training, and return it.

    What counts are the course's distinct videos; one still being processed is added when it is ready. A course that
    has begun opens at once, in a draft once that is published. Raises UnableToScheduleCourse.
    """
    page = CoursePage.objects.live().filter(pk=page_id).first()
    if page is None:
        raise UnableToScheduleCourse("unpublished")
    lessons = lessons_of(page)
    videos = videos_of(lessons).values()
    if not videos:
        raise UnableToScheduleCourse("no_video")
    if any(video.state == Video.State.FAILED for video in videos):
        raise UnableToScheduleCourse("failed_video")
    if not Rule.objects.filter(pk=plan.rule_id, basis=Rule.Basis.MEDIA).exists():
        raise UnableToScheduleCourse("rule")
    if plan.ends_at <= max(plan.starts_at, as_of):
        raise UnableToScheduleCourse("times")
    occasion = create_occasion(kind="course", plan=plan.titled(page.title))
    run = CourseRun.objects.create(occasion=occasion, page=page)
    if items := media_items_of(lessons):
        set_media_items(occasion_id=run.pk, items=items)
    _open_if_begun(occasion_id=run.pk, as_of=as_of)
    return run


def _open_if_begun(*, occasion_id: int, as_of: datetime) -> None:
    """Open a course whose start has come; one in a draft, which nobody sees, is opened once that is published."""
    occasion = Occasion.objects.get(pk=occasion_id)
    # The row is held: a training that goes back to draft in this moment finds the course open, or is seen here.
    training = Training.objects.select_for_update(of=("self",), no_key=True).get(pk=occasion.training_id)
    if occasion.starts_at <= as_of and training.state != Training.State.DRAFT:
        open_occasion(occasion_id=occasion_id, as_of=as_of)


@transaction.atomic
def reschedule_course(*, occasion_id: int, plan: CoursePlan, as_of: datetime) -> None:
    """Change when and for whom a course is given, while it has not begun; one moved into the past opens at once.

    Raises UnableToPlanOccasion (attendance) once it has, UnableToScheduleCourse for a rule that counts no media.
    """
    run = CourseRun.objects.select_related("page").get(pk=occasion_id)
    if not Rule.objects.filter(pk=plan.rule_id, basis=Rule.Basis.MEDIA).exists():
        raise UnableToScheduleCourse("rule")
    reschedule_occasion(occasion_id=occasion_id, plan=plan.titled(run.page.title), as_of=as_of)
    _open_if_begun(occasion_id=occasion_id, as_of=as_of)


@transaction.atomic
def refresh_length(*, page_ids: list[int], as_of: datetime) -> None:
    """Bring the media time of occasions that are not judged yet up to what their courses show now. Safe to repeat.

    A course that is withdrawn, or shows nothing any more, asks for nothing until it does again.
    """
    # All occasions, in the order of their ids, before the first roster row (attendance.operations.marks).
    found = unsettled_runs_of(page_ids=page_ids, as_of=as_of).order_by("occasion_id")
    keys = list(found.values_list("occasion_id", flat=True))
    list(Occasion.objects.select_for_update(no_key=True).filter(pk__in=keys).order_by("pk").values_list("pk"))
    runs = list(found.filter(occasion_id__in=keys))
    lessons = lessons_by_course([run.page for run in runs])
    for run in runs:
        items = media_items_of(lessons[run.page.path]) if run.page.live else {}
        # No length was known so far, and none is now: its first video is still being processed.
        is_awaited = not items and run.occasion.media_items is None
        if items != run.occasion.media_items and not is_awaited:
            set_media_items(occasion_id=run.pk, items=items)
            log.info("course_media_changed", occasion_id=run.pk, pieces=len(items))


@transaction.atomic
def complete_lesson(*, occasion_id: int, lesson_id: int, member_id: int, as_of: datetime) -> LessonProgress:
    """Note that a member finished a lesson: its videos have counted enough, or it is text and they say so.

    Safe to repeat. Raises UnableToCompleteLesson.
    """
    runs = runs_expecting(member_id=member_id).filter(pk=occasion_id).exclude(occasion__state=Occasion.State.VOID)
    studied = [
        studied
        for study in studies_of(runs=runs, member_id=member_id, as_of=as_of)
        for studied in study.lessons
        if studied.lesson.page.pk == lesson_id
    ]
    if not studied or (studied[0].lesson.has_videos and not studied[0].is_done):
        raise UnableToCompleteLesson(lesson_id)
    progress, _ = LessonProgress.objects.get_or_create(
        run_id=occasion_id, member_id=member_id, lesson_id=lesson_id, defaults={"completed_at": as_of}
    )
    return progress
