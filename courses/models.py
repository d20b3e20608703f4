"""Courses as a way to take part: which course page is an item of which training, and which lessons are done."""

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _

from attendance.models import Occasion
from cms.models import CoursePage


class CourseRun(models.Model):
    """A course page given as an occasion of a training. Its key is the occasion's."""

    occasion = models.OneToOneField(Occasion, on_delete=models.CASCADE, primary_key=True, related_name="course_run")
    page = models.ForeignKey(CoursePage, on_delete=models.PROTECT, related_name="runs", verbose_name=_("课程"))
    reads = models.BooleanField(
        default=False,
        db_default=False,
        help_text="there was nothing to watch when it was given: reading texts counts",
    )

    class Meta:
        verbose_name = _("课程安排")
        verbose_name_plural = _("课程安排")

    def __str__(self) -> str:
        return self.occasion.title


class LessonProgress(models.Model):
    """When a member completed a lesson (enough of it counted, or its text was read to the end)."""

    run = models.ForeignKey(CourseRun, on_delete=models.CASCADE, related_name="progress")
    member = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    lesson_id = models.PositiveBigIntegerField()
    completed_at = models.DateTimeField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["run", "member", "lesson_id"], name="lesson_progress_once")]

    def __str__(self) -> str:
        return f"{self.run_id}: {self.member_id} {self.lesson_id}"
