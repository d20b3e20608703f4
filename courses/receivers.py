"""Signals from below that courses receive: a page was published or withdrawn, a video became playable or failed."""

from typing import Any

from django.utils import timezone
from wagtail.models import Page

from cms.models import CoursePage, LessonPage
from cms.queries import courses_with_video
from courses.operations import refresh_length
from courses.queries import courses_asking
from courses.releasing import release_approved


def page_changed(*, instance: Page, **kwargs: Any) -> None:
    """A lesson with other videos makes the course longer or shorter."""
    course = instance.get_parent() if isinstance(instance, LessonPage) else instance
    refresh_length(page_ids=[course.pk], as_of=timezone.now())


def lesson_moved(*, instance: Page, parent_page_before: Page, parent_page_after: Page, **kwargs: Any) -> None:
    """One course becomes shorter, the other longer."""
    refresh_length(page_ids=[parent_page_before.pk, parent_page_after.pk], as_of=timezone.now())


def lesson_deleted(*, instance: LessonPage, **kwargs: Any) -> None:
    """Wagtail withdraws a page before it deletes it, but its row says so to nobody else."""
    course_ids = CoursePage.objects.filter(path=instance.path[: -Page.steplen]).values_list("pk", flat=True)
    refresh_length(page_ids=list(course_ids), as_of=timezone.now())


def video_changed(*, video_id: Any, **kwargs: Any) -> None:
    """Now its length is known, or nobody can watch it any more and it is asked of nobody."""
    refresh_length(page_ids=courses_with_video(video_id=str(video_id)), as_of=timezone.now())


def quiz_offered(*, quiz_id: int, **kwargs: Any) -> None:
    """A quiz that nobody can begin is asked of nobody; offered again, it is asked for where lessons do."""
    as_of = timezone.now()
    refresh_length(page_ids=courses_asking(quiz_id=quiz_id, as_of=as_of), as_of=as_of)


def review_approved(*, instance: Any, user: Any, **kwargs: Any) -> None:
    """What a second person has approved is published, unless somebody has to be asked about those who study it."""
    release_approved(page=instance.content_object, user=user, as_of=timezone.now())


def connect() -> None:
    """Connect everything once (courses/apps.py)."""
    from django.db.models.signals import post_delete  # noqa: PLC0415
    from wagtail.signals import page_published, page_unpublished, post_page_move, workflow_approved  # noqa: PLC0415

    from media.events import video_failed, video_ready  # noqa: PLC0415
    from quizzes.events import quiz_offered as quiz_was_offered  # noqa: PLC0415

    for signal in (page_published, page_unpublished):
        for model in (CoursePage, LessonPage):
            signal.connect(page_changed, sender=model, dispatch_uid=f"courses.page_changed.{model.__name__}")
    post_page_move.connect(lesson_moved, sender=LessonPage, dispatch_uid="courses.lesson_moved")
    post_delete.connect(lesson_deleted, sender=LessonPage, dispatch_uid="courses.lesson_deleted")
    quiz_was_offered.connect(quiz_offered, dispatch_uid="courses.quiz_offered")
    workflow_approved.connect(review_approved, dispatch_uid="courses.review_approved")
    video_ready.connect(video_changed, dispatch_uid="courses.video_became_ready")
    video_failed.connect(video_changed, dispatch_uid="courses.video_failed")
