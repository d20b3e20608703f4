"""What is said in a room, and who may not: muted and removed people."""

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from live.models.lecture import Lecture

USER = settings.AUTH_USER_MODEL


class ChatMessage(models.Model):
    """One message in a lecture's chat; hidden by a host, deleted after its retention time."""

    lecture = models.ForeignKey(Lecture, on_delete=models.CASCADE, related_name="chat")
    author = models.ForeignKey(USER, on_delete=models.PROTECT, related_name="+")
    client_id = models.CharField(max_length=64)
    text = models.CharField(max_length=500)
    at = models.DateTimeField()
    # As it was at that moment: roles end and are handed on, what was said as a host was said as one.
    is_host = models.BooleanField(default=False, db_default=False)
    hidden_at = models.DateTimeField(null=True, blank=True)
    hidden_by = models.ForeignKey(USER, on_delete=models.PROTECT, related_name="+", null=True, blank=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["author", "client_id"], name="chat_client_id_once")]
        indexes = [
            models.Index(fields=["lecture", "id"], name="chat_lecture_id"),
            models.Index(fields=["at"], name="chat_at"),
            # Each process with a room asks every second what was hidden lately.
            models.Index(fields=["lecture", "hidden_at"], condition=Q(hidden_at__isnull=False), name="chat_hidden"),
        ]

    def __str__(self) -> str:
        return f"{self.lecture_id}: {self.author_id}"


class Restriction(models.Model):
    """A host muted somebody in a lecture's chat, or removed them from its room. Lifting it keeps the row."""

    class Kind(models.TextChoices):
        MUTED = "muted", _("禁言")
        REMOVED = "removed", _("移出")

    lecture = models.ForeignKey(Lecture, on_delete=models.CASCADE, related_name="restrictions")
    member = models.ForeignKey(USER, on_delete=models.PROTECT, related_name="+")
    kind = models.CharField(max_length=8, choices=Kind.choices)
    set_by = models.ForeignKey(USER, on_delete=models.PROTECT, related_name="+")
    set_at = models.DateTimeField()
    lifted_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["lecture", "member", "kind"], condition=Q(lifted_at=None), name="restriction_one_open"
            )
        ]

    def __str__(self) -> str:
        return f"{self.lecture_id}: {self.member_id} {self.kind}"
