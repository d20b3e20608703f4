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


class LessonComment(models.Model):
    """What somebody on the roster asked or said under a lesson, and what an organiser above answered (ADR 72).

    Others see it once it is let through. It belongs to the run; the lesson is known by its number, for it may be
    withdrawn or deleted. One that its writer deleted stays without its words only where it was answered.
    """

    class State(models.TextChoices):
        WAITING = "waiting", _("等老师看")
        SHOWN = "shown", _("大家能看到")
        HIDDEN = "hidden", _("没有公开")
        DELETED = "deleted", _("已删除")

    run = models.ForeignKey(CourseRun, on_delete=models.CASCADE, related_name="comments")
    lesson_id = models.PositiveBigIntegerField()
    author = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    client_id = models.CharField(max_length=64)
    text = models.CharField(max_length=500, blank=True)
    at = models.DateTimeField()
    state = models.CharField(max_length=8, choices=State.choices, default=State.WAITING)
    reason = models.CharField(max_length=200, blank=True, help_text="why it is hidden; its writer reads it")
    decided_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+", null=True, blank=True
    )
    decided_at = models.DateTimeField(null=True, blank=True)
    answer = models.CharField(max_length=1000, blank=True)
    answered_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+", null=True, blank=True
    )
    answered_at = models.DateTimeField(null=True, blank=True)
    reported_at = models.DateTimeField(null=True, blank=True, help_text="since when a report waits for a decision")

    class Meta:
        verbose_name = _("留言")
        verbose_name_plural = _("留言")
        constraints = [models.UniqueConstraint(fields=["author", "client_id"], name="comment_client_id_once")]
        indexes = [
            models.Index(fields=["run", "lesson_id"], name="comment_of_lesson"),
            # What waits on an organiser's desk: a few of all that ever was written.
            models.Index(
                fields=["run"],
                condition=models.Q(state="waiting") | models.Q(reported_at__isnull=False),
                name="comment_waits",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.run_id}: {self.author_id} {self.lesson_id}"


class CommentReport(models.Model):
    """Somebody said, once, that a comment should be looked at."""

    comment = models.ForeignKey(LessonComment, on_delete=models.CASCADE, related_name="reports")
    member = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    at = models.DateTimeField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["comment", "member"], name="comment_report_once")]

    def __str__(self) -> str:
        return f"{self.comment_id}: {self.member_id}"
