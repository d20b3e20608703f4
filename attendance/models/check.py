"""小测: the short check of understanding of an occasion, in versions; what people answered (ADR 45)."""

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from attendance.models.plan import Occasion

MEMBER = settings.AUTH_USER_MODEL


class Check(models.Model):
    """One version of an occasion's questions. Once somebody has answered it never changes: the next is a new one.

    Which version is asked for now, if any, stands in ``Occasion.check_asked``.
    """

    occasion = models.ForeignKey(Occasion, on_delete=models.PROTECT, related_name="checks")
    version = models.PositiveIntegerField(default=1)
    need = models.PositiveIntegerField(help_text="how many right answers pass")
    most_attempts = models.PositiveIntegerField(null=True, blank=True, help_text="null: any number")
    pause_s = models.PositiveIntegerField(default=0, help_text="between two attempts")
    written_by = models.ForeignKey(MEMBER, on_delete=models.PROTECT, related_name="+")
    written_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["occasion", "version"], name="check_version_once"),
            models.CheckConstraint(condition=Q(need__gte=1), name="check_needs_one"),
            models.CheckConstraint(
                condition=Q(most_attempts=None) | Q(most_attempts__gte=1), name="check_attempts_at_least_one"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.occasion_id} v{self.version}"


class CheckQuestion(models.Model):
    """One question of a version: ``choices`` in the order in which they were written, ``right`` their places."""

    class Kind(models.TextChoices):
        SINGLE = "single", _("单选")
        SEVERAL = "several", _("多选")
        TRUE_FALSE = "true_false", _("判断")

    checked = models.ForeignKey(Check, on_delete=models.PROTECT, related_name="questions")
    number = models.PositiveSmallIntegerField()
    kind = models.CharField(max_length=10, choices=Kind.choices)
    text = models.CharField(max_length=400)
    choices = models.JSONField()
    right = models.JSONField()
    explanation = models.CharField(max_length=600, blank=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["checked", "number"], name="check_question_number_once")]
        ordering = ["number"]

    def __str__(self) -> str:
        return f"{self.checked_id}.{self.number}"


class CheckAnswer(models.Model):
    """One answer, as it was acknowledged. Append-only; goes with the raw evidence of its occasion.

    ``picked``: the places of the chosen ones in ``CheckQuestion.choices``. An attempt is through once each question of
    its version has an answer; what it came to is evidence of kind ``understood``.
    """

    occasion = models.ForeignKey(Occasion, on_delete=models.PROTECT, related_name="check_answers")
    member = models.ForeignKey(MEMBER, on_delete=models.PROTECT, related_name="check_answers")
    checked = models.ForeignKey(Check, on_delete=models.PROTECT, related_name="answers")
    question = models.ForeignKey(CheckQuestion, on_delete=models.PROTECT, related_name="answers")
    attempt = models.PositiveIntegerField()
    picked = models.JSONField()
    is_right = models.BooleanField()
    client_id = models.CharField(max_length=64)
    answered_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["member", "question", "attempt"], name="check_answer_once"),
            models.UniqueConstraint(fields=["member", "client_id"], name="check_answer_client_id_once"),
            models.CheckConstraint(condition=Q(attempt__gte=1), name="check_answer_attempt"),
        ]
        indexes = [models.Index(fields=["occasion", "member"], name="check_answer_occasion_member")]

    def __str__(self) -> str:
        return f"{self.checked_id}: {self.member_id} {self.attempt}"
