"""Verbs about courses: give one as an occasion of a training, keep its length right, finish a lesson."""

from collections.abc import Iterable
from contextlib import suppress
from dataclasses import asdict, dataclass
from datetime import datetime

import structlog
from django.db import transaction

from api.operations import note_lesson
from attendance.core.gates import PREFIX as QUIZ
from attendance.core.gates import quiz_key
from attendance.core.reading import reading_key
from attendance.models import Occasion, Rule, Training
from attendance.operations import (
    OccasionPlan,
    UnableToStartWatch,
    create_occasion,
    hold_training,
    open_occasion,
    reschedule_occasion,
    set_media_items,
)
from attendance.operations.gates import record_passed, set_gates
from attendance.operations.reading import begin_reading, finish_reading
from cms.models import CoursePage
from cms.queries import Lesson, lessons_by_course, lessons_of, videos_of
from courses.models import CourseRun, LessonProgress
from courses.queries import (
    Studied,
    Study,
    gates_of,
    is_past,
    is_text_only,
    media_items_of,
    passed_in,
    runs_due_of,
    runs_expecting,
    studies_of,
)
from media.models import Video
from quizzes.queries.taking import passes_of

STUDIED = frozenset({Occasion.State.OPEN, Occasion.State.CLOSED, Occasion.State.SETTLED})
log = structlog.get_logger(__name__)


class UnableToScheduleCourse(Exception):
    """The course cannot be given as asked; ``code`` says why: unpublished, empty, failed_video, rule, times."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


class UnableToCompleteLesson(Exception):
    """Not enough of the lesson has counted yet, a quiz is not passed, the course is void, or the lesson is none of this
    course's or this member's. ``code``: not_enough, quiz, or none."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


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

    What counts are the course's distinct videos, or its texts where it has no video; a video still being processed is
    added when it is ready. What is optional counts for nothing. A course that has begun opens at once, in a draft once
    that is published. Raises UnableToScheduleCourse, and UnableToPlanOccasion (attendance) for a training that is over.
    """
    page = CoursePage.objects.live().filter(pk=page_id).first()
    if page is None:
        raise UnableToScheduleCourse("unpublished")
    lessons = lessons_of(page)
    asked = [lesson for lesson in lessons if not lesson.is_optional]
    videos = videos_of(asked).values()
    reads = is_text_only(asked)
    items = media_items_of(asked, reads=reads)
    if not videos and not items:
        raise UnableToScheduleCourse("empty")
    if any(video.state == Video.State.FAILED for video in videos):
        raise UnableToScheduleCourse("failed_video")
    if not Rule.objects.filter(pk=plan.rule_id, basis=Rule.Basis.MEDIA).exists():
        raise UnableToScheduleCourse("rule")
    if plan.ends_at <= max(plan.starts_at, as_of):
        raise UnableToScheduleCourse("times")
    occasion = create_occasion(kind="course", plan=plan.titled(page.title))
    run = CourseRun.objects.create(occasion=occasion, page=page, reads=reads)
    if items:
        set_media_items(occasion_id=run.pk, items=items)
    set_gates(occasion_id=run.pk, keys=gates_of(asked), as_of=as_of)
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
    hold_training(plan.training_id)  # opening looks at it: before the occasion, as everywhere
    reschedule_occasion(occasion_id=occasion_id, plan=plan.titled(run.page.title), as_of=as_of)
    _open_if_begun(occasion_id=occasion_id, as_of=as_of)


@transaction.atomic
def refresh_length(*, page_ids: list[int], as_of: datetime) -> None:
    """Bring what is asked where these courses can still be done up to what they show now: how much there is to study,
    and which quizzes have to be passed. Safe to repeat.

    A course that is withdrawn, or shows nothing any more, asks for nothing until it does again; its quizzes are then
    asked since the moment they were. One that is past its end keeps what it was judged by, but for quizzes that can
    be passed no more.
    """
    # All occasions, in the order of their ids, before the first roster row (attendance.operations.marks).
    found = runs_due_of(page_ids=page_ids, as_of=as_of).order_by("occasion_id")
    keys = list(found.values_list("occasion_id", flat=True))
    list(Occasion.objects.select_for_update(no_key=True).filter(pk__in=keys).order_by("pk").values_list("pk"))
    runs = list(found.filter(occasion_id__in=keys))
    lessons = lessons_by_course([run.page for run in runs])
    for run in runs:
        shown = lessons[run.page.path] if run.page.live else []
        items = media_items_of(shown, reads=run.reads)
        # No length was known so far, and none is now: its first video is still being processed.
        is_awaited = not items and run.occasion.media_items is None
        if run.page.live and (items or is_awaited):
            _refresh_gates(run, gates_of(shown), as_of)
        if items != run.occasion.media_items and not is_awaited and not is_past(run.occasion, as_of):
            set_media_items(occasion_id=run.pk, items=items)
            log.info("course_media_changed", occasion_id=run.pk, pieces=len(items))


def _refresh_gates(run: CourseRun, shown: set[str], as_of: datetime) -> None:
    held = run.occasion.gates.keys()
    gates = shown & held if is_past(run.occasion, as_of) else shown
    if gates != held:
        set_gates(occasion_id=run.pk, keys=gates, as_of=as_of)


@transaction.atomic
def complete_lesson(*, occasion_id: int, lesson_id: int, member_id: int, as_of: datetime) -> LessonProgress:
    """Note that a member finished a lesson: its videos, or its text where reading counts, have counted enough, or it is
    text and they say so; and its quizzes are passed, where they are asked for.

    Safe to repeat. Raises UnableToCompleteLesson.
    """
    runs = runs_expecting(member_id=member_id).filter(pk=occasion_id).exclude(occasion__state=Occasion.State.VOID)
    studied = [
        studied
        for study in studies_of(runs=runs, member_id=member_id, as_of=as_of)
        for studied in study.lessons
        if studied.lesson.page.pk == lesson_id
    ]
    if not studied:
        raise UnableToCompleteLesson("none")
    one = studied[0]
    if (one.lesson.has_videos or one.amount.total_ms) and not one.is_enough:
        raise UnableToCompleteLesson("not_enough")
    if one.open_quizzes:
        raise UnableToCompleteLesson("quiz")
    progress, is_new = LessonProgress.objects.get_or_create(
        run_id=occasion_id, member_id=member_id, lesson_id=lesson_id, defaults={"completed_at": as_of}
    )
    if is_new:
        _state(runs.select_related("occasion__training", "occasion__rule").get(), progress, one.lesson)
    return progress


def _state(run: CourseRun, progress: LessonProgress, lesson: Lesson) -> None:
    counts = lesson.has_videos or reading_key(lesson.page.pk) in (run.occasion.media_items or {})
    note_lesson(
        occasion=run.occasion, member_id=progress.member_id, lesson_id=progress.lesson_id, title=lesson.page.title,
        has_counted=counts, at=progress.completed_at,
    )  # fmt: skip


def state_lessons_again(*, since: datetime) -> None:
    """State once more which lessons were finished since then; those that nobody sees any more are left out."""
    ids = LessonProgress.objects.filter(completed_at__gte=since).order_by("run_id").values_list("run_id", flat=True)
    for run_id in ids.distinct():
        run = CourseRun.objects.select_related("page", "occasion__training", "occasion__rule").get(pk=run_id)
        shown = {one.page.pk: one for one in lessons_of(run.page)}
        done = LessonProgress.objects.filter(run=run, completed_at__gte=since, lesson_id__in=shown).order_by("pk")
        for progress in done.iterator(chunk_size=2000):
            _state(run, progress, shown[progress.lesson_id])


def open_reading(*, study: Study, studied: Studied, member_id: int, as_of: datetime) -> None:
    """Note that a member opened a text whose reading counts; nothing where it does not, or has counted enough."""
    key = reading_key(studied.lesson.page.pk)
    if key in (study.run.occasion.media_items or {}) and not studied.is_enough:
        with suppress(UnableToStartWatch):
            begin_reading(occasion_id=study.run.pk, member_id=member_id, media=key, as_of=as_of)


def close_reading(*, occasion_id: int, lesson_id: int, member_id: int, as_of: datetime) -> None:
    """Credit how long a text stood open until its reader came to the end. Nothing where reading does not count."""
    finish_reading(occasion_id=occasion_id, member_id=member_id, media=reading_key(lesson_id), as_of=as_of)


def note_passed(*, runs: Iterable[CourseRun], member_id: int, as_of: datetime) -> bool:
    """Keep as evidence which quizzes a member has passed that these courses ask for; whether anything was new.

    An attempt belongs to the quiz: whoever passed it elsewhere has passed it here. No query where nothing is asked for.
    """
    asking = [run for run in runs if run.occasion.gates and run.occasion.state in STUDIED]
    had = passed_in(occasions=[run.occasion for run in asking], member_id=member_id)
    lacking = {
        run.pk: [key for key in run.occasion.gates if key.removeprefix(QUIZ) not in had.get(run.pk, set())]
        for run in asking
    }
    ids = {int(key.removeprefix(QUIZ)) for keys in lacking.values() for key in keys}
    passed = {quiz_key(one.quiz_id): one for one in passes_of(quiz_ids=ids, member_id=member_id)} if ids else {}
    is_new = False
    for occasion_id, keys in sorted(lacking.items()):
        for key in sorted(keys):
            if (attempt := passed.get(key)) is not None and attempt.submitted_at is not None:
                is_new |= record_passed(
                    occasion_id=occasion_id, member_id=member_id, key=key, right=attempt.right or 0, of=attempt.of,
                    passed_at=attempt.submitted_at, as_of=as_of,
                )  # fmt: skip
    return is_new
