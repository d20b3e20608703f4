"""Who is expected at an occasion."""

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from attendance.models.plan import Occasion
from organizations.models import Node

MEMBER = settings.AUTH_USER_MODEL


class Named(models.Model):
    """One of those whom an occasion expects where not everybody of its unit is (``Occasion.is_named``).

    A plan, not yet a roster: who of them belongs to the unit on the day is written there at the opening.
    """

    occasion = models.ForeignKey(Occasion, on_delete=models.CASCADE, related_name="named")
    member = models.ForeignKey(MEMBER, on_delete=models.PROTECT, related_name="+")

    class Meta:
        constraints = [models.UniqueConstraint(fields=["occasion", "member"], name="named_once")]

    def __str__(self) -> str:
        return f"{self.occasion_id}: {self.member_id}"


class RosterWork(models.Model):
    """A large roster that is being written, in steps of members by their ids; no row: the roster is as it should be.

    ``is_ahead``: the occasion has not opened, and what is written already is nobody's expectation yet; every reader of
    ``RosterEntry.objects`` is blind to it until this row goes or the occasion opens.
    """

    occasion = models.OneToOneField(Occasion, on_delete=models.CASCADE, primary_key=True, related_name="roster_work")
    is_ahead = models.BooleanField(default=True)
    node = models.ForeignKey(Node, on_delete=models.PROTECT, related_name="+")
    day = models.DateField(help_text="whose memberships make the roster")
    after_member_id = models.BigIntegerField(default=0, help_text="members up to here are written")
    is_through = models.BooleanField(default=False, help_text="everybody is written, ahead of the opening")
    is_taken_back = models.BooleanField(
        default=False, db_default=False, help_text="withdrawn or planned otherwise: what was prepared goes, in steps"
    )
    began_at = models.DateTimeField()

    class Meta:
        indexes = [
            models.Index(fields=["occasion"], condition=Q(is_ahead=True), name="roster_work_ahead"),
            models.Index(fields=["began_at"], condition=Q(is_ahead=False), name="roster_work_opened"),
        ]

    def __str__(self) -> str:
        return f"{self.occasion_id}: {self.after_member_id}"


class ValidRosters(models.Manager["RosterEntry"]):
    """The rosters that hold: nothing of those that are only being prepared."""

    def get_queryset(self) -> "models.QuerySet[RosterEntry]":
        ahead = RosterWork.objects.filter(is_ahead=True).values("occasion_id")
        return super().get_queryset().exclude(occasion_id__in=ahead)


class RosterEntry(models.Model):
    """应到名单: who is expected, as of the day. A later transfer changes no old roster.

    ``objects`` leaves out what is prepared for an occasion that has not opened; so does ``occasion.roster``. A join
    from another table (``roster__member=…``) does not: write ``roster__in=RosterEntry.objects.filter(…)``.
    """

    class State(models.TextChoices):
        EXPECTED = "expected", _("应到")
        EXEMPT = "exempt", _("免")

    occasion = models.ForeignKey(Occasion, on_delete=models.CASCADE, related_name="roster")
    member = models.ForeignKey(MEMBER, on_delete=models.PROTECT, related_name="roster_entries")
    node = models.ForeignKey(Node, on_delete=models.PROTECT, related_name="+")
    state = models.CharField(max_length=10, choices=State.choices, default=State.EXPECTED)
    why = models.CharField(max_length=40, blank=True)
    dirty_at = models.DateTimeField(
        null=True, blank=True, help_text="evidence came in that no settling has read; null: judged on all there is"
    )

    objects = ValidRosters()
    prepared_too = models.Manager()  # noqa: DJ012 - it is a manager

    class Meta:
        constraints = [models.UniqueConstraint(fields=["occasion", "member"], name="roster_entry_once")]
        indexes = [
            models.Index(fields=["occasion", "node"], name="roster_occasion_node"),
            models.Index(fields=["dirty_at"], condition=Q(dirty_at__isnull=False), name="roster_entry_dirty"),
        ]

    def __str__(self) -> str:
        return f"{self.occasion_id}: {self.member_id}"
