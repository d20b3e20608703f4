"""Leave: asked by a member or entered by a secretary, for some occasions or for a period."""

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from attendance.models.plan import Occasion
from organizations.models import Node

MEMBER = settings.AUTH_USER_MODEL


class Leave(models.Model):
    """请假: one absence of one person, with what was said to it. A category, never a detail of it.

    It is for the occasions of ``ticks``, or for a period ``[from_date, to_date)`` that covers whatever opens in it.
    Once approved it becomes evidence of each occasion (``attendance/operations/excusing.py``), whose ``client_id``
    names it. ``node``: the unit under which the person stood when it was asked; its nearest secretary answers.
    """

    class State(models.TextChoices):
        ASKED = "asked", _("等批准")
        APPROVED = "approved", _("已批准")
        REFUSED = "refused", _("没有批准")
        WITHDRAWN = "withdrawn", _("本人已撤回")
        TAKEN_BACK = "taken_back", _("批准已撤销")

    class Category(models.TextChoices):
        DUTY = "duty", _("值班值守")
        WORK = "work", _("外出务工或出差")
        SICK = "sick", _("病假")
        FAMILY = "family", _("家中有事")
        OTHER = "other", _("其他")

    member = models.ForeignKey(MEMBER, on_delete=models.PROTECT, related_name="leaves")
    node = models.ForeignKey(Node, on_delete=models.PROTECT, related_name="+")
    category = models.CharField(max_length=20, choices=Category.choices)
    from_date = models.DateField(null=True, blank=True)
    to_date = models.DateField(null=True, blank=True, help_text="the first day that it does not cover")
    state = models.CharField(max_length=10, choices=State.choices, default=State.ASKED)
    asked_at = models.DateTimeField()
    asked_by = models.ForeignKey(MEMBER, on_delete=models.PROTECT, related_name="+")
    decided_at = models.DateTimeField(null=True, blank=True)
    decided_by = models.ForeignKey(MEMBER, on_delete=models.PROTECT, related_name="+", null=True, blank=True)
    reason = models.CharField(max_length=200, blank=True, help_text="why it was refused, or taken back or ended")
    ended_at = models.DateTimeField(null=True, blank=True, help_text="when it was withdrawn, taken back or cut short")
    ended_by = models.ForeignKey(MEMBER, on_delete=models.PROTECT, related_name="+", null=True, blank=True)

    class Meta:
        verbose_name = _("请假")
        verbose_name_plural = _("请假")
        constraints = [
            models.CheckConstraint(
                condition=Q(from_date=None, to_date=None) | Q(from_date__isnull=False, to_date__gte=F("from_date")),
                name="leave_dates_in_order",
            ),
        ]
        indexes = [
            models.Index(fields=["member", "-asked_at"], name="leave_of_member"),
            models.Index(fields=["asked_at"], condition=Q(state="asked"), name="leave_waiting"),
            models.Index(fields=["to_date"], condition=Q(state="approved"), name="leave_period_until"),
        ]

    def __str__(self) -> str:
        return f"{self.member_id}: {self.category} {self.state}"

    @property
    def is_period(self) -> bool:
        """Whether it covers days, and not occasions that were ticked."""
        return self.from_date is not None


class LeaveOccasion(models.Model):
    """One occasion that was ticked when a leave was asked."""

    leave = models.ForeignKey(Leave, on_delete=models.CASCADE, related_name="ticks")
    occasion = models.ForeignKey(Occasion, on_delete=models.CASCADE, related_name="leaves_asked")

    class Meta:
        constraints = [models.UniqueConstraint(fields=["leave", "occasion"], name="leave_occasion_once")]

    def __str__(self) -> str:
        return f"{self.leave_id}: {self.occasion_id}"
