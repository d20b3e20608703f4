"""Who left the organisation, until who they were is taken out for good; what an auditor keeps from it (ADR 88)."""

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

USER = settings.AUTH_USER_MODEL


class Departure(models.Model):
    """离开: somebody who belongs nowhere since ``left_date``; a row goes when they come back.

    ``told_at``: when their secretary (and they, where there is a way) was told that their data goes. ``began_at``: from
    then on the name is gone and nobody takes them back. ``done_at``: everything else of theirs is gone, too.
    ``written_at``: when what became of the letter to them was certain. ``asked_at``: when it was last their turn for
    anything and they could not go on; whoever was not asked so lately comes first.
    """

    member = models.OneToOneField(USER, on_delete=models.PROTECT, primary_key=True, related_name="departure")
    left_date = models.DateField()
    told_at = models.DateTimeField(null=True, blank=True)
    written_at = models.DateTimeField(null=True, blank=True)
    asked_at = models.DateTimeField(null=True, blank=True)
    began_at = models.DateTimeField(null=True, blank=True)
    done_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        verbose_name = _("离开的人")
        verbose_name_plural = _("离开的人")
        constraints = [
            models.CheckConstraint(
                condition=Q(began_at=None) | Q(told_at__isnull=False, told_at__lte=F("began_at")),
                name="departure_told_before_it_began",
            ),
            models.CheckConstraint(condition=Q(done_at=None) | Q(began_at__isnull=False), name="departure_began_first"),
        ]
        indexes = [
            # Few at a time, however many ever left: whoever is taken out is in none of them any more.
            models.Index(fields=["left_date"], condition=Q(began_at=None), name="departure_waiting"),
            models.Index(
                fields=["began_at"], condition=Q(began_at__isnull=False, done_at=None), name="departure_begun"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.member_id}: {self.left_date}"


class PersonHold(models.Model):
    """暂缓清除: an auditor says that what is known of somebody who left has to stay, and why, until it is lifted."""

    member = models.ForeignKey(USER, on_delete=models.PROTECT, related_name="holds")
    reason = models.CharField(_("理由"), max_length=200)
    set_by = models.ForeignKey(USER, on_delete=models.PROTECT, related_name="+")
    set_at = models.DateTimeField()
    lifted_by = models.ForeignKey(USER, on_delete=models.PROTECT, related_name="+", null=True, blank=True)
    lifted_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        verbose_name = _("暂缓清除")
        verbose_name_plural = _("暂缓清除")
        constraints = [
            models.UniqueConstraint(fields=["member"], condition=Q(lifted_at=None), name="person_hold_one_open"),
            models.CheckConstraint(
                condition=Q(lifted_at=None, lifted_by=None) | Q(lifted_at__isnull=False, lifted_by__isnull=False),
                name="person_hold_lifted_by_somebody",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.member_id}: {self.set_at:%Y-%m-%d}"
