"""What a person is told by the site itself, apart from what a page says anyhow."""

from typing import Any

from django.conf import settings
from django.db import models
from django.db.models import Q

from attendance.models.plan import Occasion, Training

MEMBER = settings.AUTH_USER_MODEL


class Notice(models.Model):
    """站内通知: one thing told to one person. The sentence is made when it is read (``attendance.sentences.records``).

    ``kind`` is a code that has a sentence, ``data`` its parameters: plain JSON, no names of other members.
    """

    member = models.ForeignKey(MEMBER, on_delete=models.PROTECT, related_name="notices")
    kind = models.CharField(max_length=30)
    training = models.ForeignKey(Training, on_delete=models.CASCADE, related_name="+", null=True, blank=True)
    occasion = models.ForeignKey(Occasion, on_delete=models.CASCADE, related_name="+", null=True, blank=True)
    data = models.JSONField(default=dict, blank=True)
    at = models.DateTimeField()
    seen_at = models.DateTimeField(null=True, blank=True)
    # No columns: how the member stands now at what it is about, and how that can be made up, where that was loaded.
    path: Any = None
    state: str = ""

    class Meta:
        constraints = [
            # Whoever is told twice at once, or again after a crash, is told once.
            models.UniqueConstraint(
                fields=["occasion", "member"], condition=Q(kind="catch_up"), name="notice_catch_up_once"
            ),
        ]
        indexes = [
            models.Index(fields=["member", "-at"], name="notice_of_member"),
            models.Index(fields=["at"], name="notice_by_age"),
            models.Index(fields=["member"], condition=Q(seen_at=None), name="notice_unseen"),
        ]

    def __str__(self) -> str:
        return f"{self.member_id}: {self.kind}"
