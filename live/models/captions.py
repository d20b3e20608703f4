"""What is written under the picture."""

from django.conf import settings
from django.db import models
from django.db.models import Q

from live.models.lecture import Lecture

USER = settings.AUTH_USER_MODEL


class CaptionLine(models.Model):
    """A line of the live captions, as a host sent it; a long one is several rows, by ``place``.

    ``dropped_at``: a host took it away; its words are gone, the row tells the rooms that were not told.
    """

    lecture = models.ForeignKey(Lecture, on_delete=models.CASCADE, related_name="caption_lines")
    author = models.ForeignKey(USER, on_delete=models.PROTECT, related_name="+")
    client_id = models.CharField(max_length=64)
    place = models.PositiveSmallIntegerField(default=0)
    text = models.CharField(max_length=200, blank=True)
    at = models.DateTimeField()
    changed_at = models.DateTimeField(help_text="when it was sent, or taken away")
    dropped_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["author", "client_id", "place"], name="caption_client_id_once"),
            models.CheckConstraint(condition=Q(dropped_at=None) | Q(text=""), name="caption_dropped_is_empty"),
        ]
        indexes = [
            # Each process with a room asks every second what changed lately.
            models.Index(fields=["lecture", "changed_at"], name="caption_changed"),
            models.Index(fields=["at"], name="caption_at"),
        ]

    def __str__(self) -> str:
        return f"{self.lecture_id}: {self.text}"
