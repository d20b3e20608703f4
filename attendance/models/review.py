"""The second person of a correction: what was proposed, and what became of it."""

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from attendance.models.record import Correction, Record

MEMBER = settings.AUTH_USER_MODEL


class CorrectionReview(models.Model):
    """复核: a correction that holds only once somebody other than its author and the member has approved it.

    A correction without one holds as it is made. The correction itself is never edited: what was proposed stays to be
    read, also when it was refused.
    """

    class State(models.TextChoices):
        WAITING = "waiting", _("等复核")
        APPROVED = "approved", _("复核同意")
        REFUSED = "refused", _("复核没有同意")
        WITHDRAWN = "withdrawn", _("提出人已撤回")

    class Why(models.TextChoices):
        MANY = "many", _("同一个人一天更正超过 5 条")
        CLOSED = "closed", _("培训已经结束")

    correction = models.OneToOneField(Correction, on_delete=models.PROTECT, related_name="review")
    record = models.ForeignKey(Record, on_delete=models.PROTECT, related_name="reviews")
    why = models.CharField(max_length=10, choices=Why.choices)
    state = models.CharField(max_length=10, choices=State.choices, default=State.WAITING)
    decided_at = models.DateTimeField(null=True, blank=True)
    decided_by = models.ForeignKey(MEMBER, on_delete=models.PROTECT, related_name="+", null=True, blank=True)
    reason = models.CharField(max_length=400, blank=True)

    class Meta:
        verbose_name = _("更正的复核")
        verbose_name_plural = _("更正的复核")
        constraints = [
            # Also the short index by which whatever waits for a second person is found.
            models.UniqueConstraint(fields=["record"], condition=Q(state="waiting"), name="review_waiting_once"),
        ]

    def __str__(self) -> str:
        return f"{self.correction_id}: {self.state}"
