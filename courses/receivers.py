"""What courses hear from below: a page was published or withdrawn, a video became playable."""

from typing import Any

from django.utils import timezone
from wagtail.models import Page

from cms.models import CoursePage, LessonPage
from cms.queries import courses_with_video
from courses.operations import refresh_length


def page_changed(*, instance: Page, **kwargs: Any) -> None:
    """A lesson with other videos makes the course longer or shorter."""
    course = instance.get_parent() if isinstance(instance, LessonPage) else instance
    refresh_length(page_ids=[course.pk], as_of=timezone.now())


def video_became_ready(*, video_id: Any, **kwargs: Any) -> None:
    """Now its length is known."""
    refresh_length(page_ids=courses_with_video(video_id=str(video_id)), as_of=timezone.now())


def connect() -> None:
    """Connect everything once (courses/apps.py)."""
    from wagtail.signals import page_published, page_unpublished  # noqa: PLC0415

    from media.events import video_ready  # noqa: PLC0415

    for signal in (page_published, page_unpublished):
        for model in (CoursePage, LessonPage):
            signal.connect(page_changed, sender=model, dispatch_uid=f"courses.page_changed.{model.__name__}")
    video_ready.connect(video_became_ready, dispatch_uid="courses.video_became_ready")
