"""Who is or was there, and what is being watched: leases, presences, watch sessions and budgets."""

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from attendance.models.plan import Occasion

MEMBER = settings.AUTH_USER_MODEL


class WorkerLease(models.Model):
    """One web worker's promise that its open presences are watched; refreshed every 5 s."""

    name = models.CharField(max_length=80)
    started_at = models.DateTimeField()
    beat_at = models.DateTimeField()
    ended_at = models.DateTimeField(null=True, blank=True)
    quiet = models.JSONField(default=dict, blank=True, help_text="presence id: when a phone gone quiet was last heard")

    class Meta:
        indexes = [
            models.Index(fields=["beat_at"], condition=Q(ended_at=None), name="lease_alive_by_beat"),
            models.Index(fields=["ended_at"], condition=Q(ended_at__isnull=False), name="lease_over_by_end"),
        ]

    def __str__(self) -> str:
        return self.name


class PresenceSpan(models.Model):
    """A person's device was in the live room over ``[started_at, ended_at)``; closed exactly once."""

    class End(models.TextChoices):
        LEFT = "left", _("离开")
        SILENT = "silent", _("断网")
        HIDDEN = "hidden", _("锁屏或切到后台")
        WORKER_LOST = "worker_lost", _("服务重启")
        CLOSED = "closed", _("场次结束")

    occasion = models.ForeignKey(Occasion, on_delete=models.PROTECT, related_name="presence_spans")
    member = models.ForeignKey(MEMBER, on_delete=models.PROTECT, related_name="presence_spans")
    device = models.CharField(max_length=40)
    lease = models.ForeignKey(WorkerLease, on_delete=models.PROTECT, related_name="presence_spans")
    started_at = models.DateTimeField()
    ended_at = models.DateTimeField(null=True, blank=True)
    end_reason = models.CharField(max_length=12, choices=End.choices, blank=True)

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(ended_at=None) | Q(ended_at__gte=F("started_at")), name="presence_span_in_order"
            ),
        ]
        indexes = [
            models.Index(fields=["occasion", "member"], name="presence_occasion_member"),
            models.Index(fields=["lease"], condition=Q(ended_at=None), name="presence_open_by_lease"),
        ]

    def __str__(self) -> str:
        return f"{self.occasion_id}: {self.member_id} {self.started_at}"


class WatchSession(models.Model):
    """One device plays one piece of media; keeps what wall-clock time still allows to be credited."""

    occasion = models.ForeignKey(Occasion, on_delete=models.PROTECT, related_name="watch_sessions")
    member = models.ForeignKey(MEMBER, on_delete=models.PROTECT, related_name="watch_sessions")
    device = models.CharField(max_length=40)
    media = models.CharField(max_length=60, help_text="replay, or the key of a lesson's block")
    started_at = models.DateTimeField()
    last_at = models.DateTimeField()
    media_ms = models.PositiveBigIntegerField(help_text="length of this piece of media when the session began")
    buffer_ms = models.PositiveIntegerField(default=3000)
    position_ms = models.PositiveBigIntegerField(default=0, help_text="where to resume; never a credit")
    reports = models.PositiveIntegerField(default=0, help_text="reports accepted; a report claims the next number")
    ranges_ms = models.JSONField(default=list, help_text="union of the accepted ranges, made again from the evidence")

    class Meta:
        indexes = [models.Index(fields=["member", "occasion", "device"], name="watch_session_device")]

    def __str__(self) -> str:
        return f"{self.occasion_id}: {self.member_id} {self.media}"


class WatchBudget(models.Model):
    """What one person may still be credited of films, whatever the session, device or occasion (``core/watch.py``)."""

    member = models.OneToOneField(MEMBER, on_delete=models.PROTECT, primary_key=True, related_name="+")
    held_ms = models.PositiveIntegerField(help_text="film time in the budget at ``filled_at``")
    filled_at = models.DateTimeField()
    turn = models.PositiveIntegerField(default=0, help_text="reports paid; a report claims the next number")

    class Meta:
        db_table = "attendance_watchpurse"  # its first name

    def __str__(self) -> str:
        return str(self.member_id)
