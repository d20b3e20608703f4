"""Who sits in a meeting, and what is noted in it while all look on."""

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from live.models.lecture import Lecture

USER = settings.AUTH_USER_MODEL


class Seat(models.Model):
    """A person in a meeting's room, or (``waits``) before its door; gone from it, the row is gone.

    ``device``: by which they are seen and heard; ``mic``, ``cam``: what is on there; ``has_floor``: the host lets them
    speak now; ``seen_at``: when a room last had them in it, or when they last knocked.
    """

    lecture = models.ForeignKey(Lecture, on_delete=models.CASCADE, related_name="seats")
    member = models.ForeignKey(USER, on_delete=models.CASCADE, related_name="+")
    device = models.CharField(max_length=64, blank=True)
    mic = models.BooleanField(default=False)
    cam = models.BooleanField(default=False)
    has_floor = models.BooleanField(default=False)
    waits = models.BooleanField(default=False)
    came_at = models.DateTimeField()
    seen_at = models.DateTimeField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["lecture", "member"], name="seat_once")]

    def __str__(self) -> str:
        return f"{self.lecture_id}: {self.member_id}"


class RecordingTurn(models.Model):
    """From ``began_at`` until ``ended_at`` a meeting is recorded, picture and sound; null: it still is.

    ``began_by``, ``ended_by``: who switched it on and off; nobody where the end of the meeting did.
    """

    lecture = models.ForeignKey(Lecture, on_delete=models.CASCADE, related_name="recording_turns")
    began_by = models.ForeignKey(USER, on_delete=models.PROTECT, related_name="+")
    began_at = models.DateTimeField()
    ended_by = models.ForeignKey(USER, on_delete=models.PROTECT, null=True, blank=True, related_name="+")
    ended_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["lecture"], condition=Q(ended_at=None), name="recording_turn_one_open"),
        ]

    def __str__(self) -> str:
        return f"{self.lecture_id}: {self.began_at:%H:%M}"


class MeetingNote(models.Model):
    """An item of a meeting's agenda with what was said about it, or a decision; into the minutes at the end."""

    class Kind(models.TextChoices):
        AGENDA = "agenda", _("议程")
        DECISION = "decision", _("决定")

    lecture = models.ForeignKey(Lecture, on_delete=models.CASCADE, related_name="notes")
    key = models.CharField(max_length=64, help_text="by which the pages know it; made by the page that wrote it first")
    kind = models.CharField(max_length=8, choices=Kind.choices)
    title = models.CharField(max_length=100)
    text = models.TextField(blank=True)
    written_by = models.ForeignKey(USER, on_delete=models.PROTECT, related_name="+")
    written_at = models.DateTimeField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["lecture", "key"], name="meeting_note_once")]

    def __str__(self) -> str:
        return f"{self.lecture_id}: {self.title}"
