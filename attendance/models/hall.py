"""Ways to take part beside the screen: a hall that somebody answers for, guests, sheets of paper, what people declare.

None of it counts by itself: what counts is the evidence that a secretary's word makes of it.
"""

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from attendance.models.plan import Occasion
from organizations.models import Node

MEMBER = settings.AUTH_USER_MODEL


class Hall(models.Model):
    """集中收看点: people of one unit sit together at an occasion.

    ``is_offline``: announced because what was ticked there is still on a phone or on paper; until it is delivered
    (``closed_at``) nobody of the unit is called missing, for ``HALL_WAIT_DAYS`` at most: then it lapses, closed by
    nobody. Otherwise it is a hall that shows a code to check in by.
    """

    occasion = models.ForeignKey(Occasion, on_delete=models.PROTECT, related_name="halls")
    node = models.ForeignKey(Node, on_delete=models.PROTECT, related_name="+")
    place = models.CharField(max_length=60, blank=True)
    is_offline = models.BooleanField(default=False)
    opened_by = models.ForeignKey(MEMBER, on_delete=models.PROTECT, related_name="+")
    opened_at = models.DateTimeField()
    closed_by = models.ForeignKey(MEMBER, on_delete=models.PROTECT, related_name="+", null=True, blank=True)
    closed_at = models.DateTimeField(null=True, blank=True)
    warned_at = models.DateTimeField(null=True, blank=True, help_text="when it was told that it lapses soon")

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["occasion", "node", "is_offline"], condition=Q(closed_at=None), name="hall_open_once"
            ),
        ]
        indexes = [
            models.Index(fields=["opened_at"], condition=Q(closed_at=None, is_offline=True), name="hall_awaited"),
        ]

    def __str__(self) -> str:
        return f"{self.occasion_id}: {self.node_id}"


class Guest(models.Model):
    """来宾: somebody who came and is not on the list of those who wrote them down.

    Counts nowhere until a secretary of the person says who it is (``member``), which makes a tick of their own:
    evidence with the ``client_id`` ``mark``.
    """

    occasion = models.ForeignKey(Occasion, on_delete=models.PROTECT, related_name="guests")
    node = models.ForeignKey(Node, on_delete=models.PROTECT, related_name="+", help_text="whose hall it was")
    name = models.CharField(max_length=60)
    unit = models.CharField(max_length=60, blank=True)
    last4 = models.CharField(max_length=4, blank=True)
    started_at = models.DateTimeField()
    ended_at = models.DateTimeField()
    client_id = models.CharField(max_length=64)
    recorded_by = models.ForeignKey(MEMBER, on_delete=models.PROTECT, related_name="+")
    recorded_at = models.DateTimeField()
    member = models.ForeignKey(MEMBER, on_delete=models.PROTECT, related_name="+", null=True, blank=True)
    settled_by = models.ForeignKey(MEMBER, on_delete=models.PROTECT, related_name="+", null=True, blank=True)
    settled_at = models.DateTimeField(null=True, blank=True, help_text="found to be a member, or crossed out")

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["recorded_by", "client_id"], name="guest_client_id_once"),
            models.CheckConstraint(condition=Q(member=None) | Q(settled_at__isnull=False), name="guest_found_when"),
        ]
        indexes = [models.Index(fields=["occasion", "name"], condition=Q(settled_at=None), name="guest_waiting")]

    def __str__(self) -> str:
        return f"{self.occasion_id}: {self.name}"

    @property
    def mark(self) -> str:
        """What the evidence made of this guest is called."""
        return f"guest-{self.pk}"


class Sheet(models.Model):
    """签到表: names in the order in which they were printed, so that number 17 on the paper is who it was then."""

    occasion = models.ForeignKey(Occasion, on_delete=models.CASCADE, related_name="sheets")
    node = models.ForeignKey(Node, on_delete=models.PROTECT, related_name="+")
    members = models.JSONField(help_text="ids, the first is number 1")
    printed_by = models.ForeignKey(MEMBER, on_delete=models.PROTECT, related_name="+")
    printed_at = models.DateTimeField()

    def __str__(self) -> str:
        return f"{self.occasion_id}: {len(self.members)}"


class Declaration(models.Model):
    """申报: a member says what they studied elsewhere; it counts once their secretary has confirmed it.

    What counts then is evidence with the ``client_id`` ``mark``.
    """

    class State(models.TextChoices):
        ASKED = "asked", _("等书记确认")
        CONFIRMED = "confirmed", _("已确认")
        REFUSED = "refused", _("没有通过")
        WITHDRAWN = "withdrawn", _("本人撤回")

    occasion = models.ForeignKey(Occasion, on_delete=models.PROTECT, related_name="declarations")
    member = models.ForeignKey(MEMBER, on_delete=models.PROTECT, related_name="declarations")
    category = models.CharField(max_length=20)
    source = models.CharField(max_length=60, help_text="where: the name of a platform, a class, who came")
    studied_at = models.DateTimeField()
    minutes = models.PositiveIntegerField()
    state = models.CharField(max_length=10, choices=State.choices, default=State.ASKED)
    asked_at = models.DateTimeField()
    answered_at = models.DateTimeField(null=True, blank=True)
    answered_by = models.ForeignKey(MEMBER, on_delete=models.PROTECT, related_name="+", null=True, blank=True)
    reason = models.CharField(max_length=200, blank=True)

    class Meta:
        constraints = [
            # Also the short index by which whatever waits for an answer is found.
            models.UniqueConstraint(
                fields=["occasion", "member"], condition=Q(state="asked"), name="declaration_waiting_once"
            ),
            models.CheckConstraint(condition=Q(minutes__gt=0), name="declaration_has_a_length"),
        ]

    def __str__(self) -> str:
        return f"{self.occasion_id}: {self.member_id} {self.state}"

    @property
    def mark(self) -> str:
        """What the evidence made of this declaration is called."""
        return f"declaration-{self.pk}"
