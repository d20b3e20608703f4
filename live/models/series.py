"""What is kept of plans beside the lectures themselves."""

from datetime import timedelta

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _

from organizations.models import Node


class LectureSeries(models.Model):
    """Lectures that were planned together, every week or month; each is an ordinary lecture of its own."""

    class Every(models.TextChoices):
        WEEK = "week", _("每周")
        MONTH_DAY = "month_day", _("每月同一天")
        MONTH_WEEKDAY = "month_weekday", _("每月同一个星期几")

    every = models.CharField(max_length=16, choices=Every.choices)
    made_at = models.DateTimeField()

    def __str__(self) -> str:
        return self.get_every_display()


class CancelledLecture(models.Model):
    """A lecture that was cancelled before it began: its row is gone, paper and calendars still name it.

    Kept for ``KEPT`` after its time. ``is_for_members``: they could see it: its training was no draft, and everybody of
    the unit was expected.
    """

    KEPT = timedelta(days=60)

    occasion_id = models.PositiveBigIntegerField(unique=True)
    code = models.CharField(max_length=8, unique=True, null=True)  # noqa: DJ001 - as a lecture's
    title = models.CharField(max_length=120)
    node = models.ForeignKey(Node, on_delete=models.CASCADE, related_name="+")
    lecturer = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="+")
    starts_at = models.DateTimeField()
    ends_at = models.DateTimeField()
    revision = models.PositiveIntegerField()
    is_for_members = models.BooleanField()
    cancelled_at = models.DateTimeField()

    class Meta:
        indexes = [models.Index(fields=["ends_at"], name="cancelled_lecture_end")]

    def __str__(self) -> str:
        return f"{self.occasion_id}: {self.title}"
