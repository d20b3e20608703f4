"""Judging an occasion anew by another version of a rule: who asked, why, and what became of each person."""

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from attendance.models.plan import Occasion, Rule
from attendance.models.record import RecordState

MEMBER = settings.AUTH_USER_MODEL


class Recomputation(models.Model):
    """重新认定: first tried, which changes nobody's record, then agreed to, and kept for good as its own report."""

    class State(models.TextChoices):
        TRYING = "trying", _("正在试算")
        TRIED = "tried", _("试算好了，还没有执行")
        RUNNING = "running", _("正在重新认定")
        DONE = "done", _("已重新认定")
        DROPPED = "dropped", _("没有执行")

    occasion = models.ForeignKey(Occasion, on_delete=models.PROTECT, related_name="recomputations")
    rule = models.ForeignKey(Rule, on_delete=models.PROTECT, related_name="+")
    from_stamp = models.JSONField()
    to_stamp = models.JSONField()
    frame = models.CharField(max_length=64, help_text="of the occasion as it was tried: agreed to is exactly that")
    reason = models.CharField(_("原因"), max_length=200)
    state = models.CharField(max_length=8, choices=State.choices, default=State.TRYING)
    asked_by = models.ForeignKey(MEMBER, on_delete=models.PROTECT, related_name="+")
    asked_at = models.DateTimeField()
    began_at = models.DateTimeField(null=True, blank=True)
    finished_at = models.DateTimeField(null=True, blank=True)
    after_member_id = models.BigIntegerField(default=0, help_text="members up to here are through")
    through = models.PositiveIntegerField(default=0, help_text="how many people that is")
    counts = models.JSONField(default=dict, blank=True, help_text="how many went from which state to which: {a>b: n}")

    class Meta:
        verbose_name = _("重新认定")
        verbose_name_plural = _("重新认定")
        constraints = [
            models.UniqueConstraint(
                fields=["occasion"],
                condition=Q(state__in=["trying", "tried", "running"]),
                name="recomputation_one_open",
            ),
        ]
        indexes = [
            # Also few of many years: what has steps left.
            models.Index(fields=["id"], condition=Q(state__in=["trying", "running"]), name="recomputation_going"),
        ]

    def __str__(self) -> str:
        return f"{self.occasion_id}: {self.state}"


class Recomputed(models.Model):
    """What a recomputation did, or would do, to one person; nobody for whom nothing changes stands here."""

    recomputation = models.ForeignKey(Recomputation, on_delete=models.PROTECT, related_name="people")
    member = models.ForeignKey(MEMBER, on_delete=models.PROTECT, related_name="+")
    before = models.CharField(max_length=10, choices=RecordState.choices)
    after = models.CharField(max_length=10, choices=RecordState.choices)
    hours_before = models.DecimalField(max_digits=5, decimal_places=2)
    hours_after = models.DecimalField(max_digits=5, decimal_places=2)
    was_corrected = models.BooleanField(default=False)
    is_corrected = models.BooleanField(default=False, help_text="the correction still holds")

    class Meta:
        constraints = [models.UniqueConstraint(fields=["recomputation", "member"], name="recomputed_once")]

    def __str__(self) -> str:
        return f"{self.recomputation_id}: {self.member_id} {self.before} → {self.after}"
