"""课件包: SCORM packages of a unit, and what a package said of each member who studied in it (ADR 82)."""

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _

from organizations.models import Node
from packages.core.reports import LONGEST_LOCATION, LONGEST_WORD

MEMBER = settings.AUTH_USER_MODEL


class Package(models.Model):
    """A package as it is now. Its files lie under ``<storage>/packages/<key>/``; ``launch`` is an address below that.

    ``version`` counts the files that took each other's place. ``given`` is what the manifest gives the run-time
    (``core.given.Given``, by its names).
    """

    class Standard(models.TextChoices):
        SCORM_12 = "1.2", "SCORM 1.2"
        SCORM_2004 = "2004", "SCORM 2004"

    node = models.ForeignKey(Node, on_delete=models.PROTECT, related_name="+", verbose_name=_("所属组织"))
    title = models.CharField(_("名称"), max_length=60)
    standard = models.CharField(max_length=4, choices=Standard.choices)
    launch = models.CharField(max_length=600)
    given = models.JSONField(default=dict, db_default={})
    key = models.CharField(max_length=32, unique=True)
    bytes = models.PositiveBigIntegerField()
    version = models.PositiveIntegerField(default=1)
    made_by = models.ForeignKey(MEMBER, on_delete=models.PROTECT, related_name="+")
    changed_at = models.DateTimeField()
    withdrawn_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        verbose_name = _("课件包")
        verbose_name_plural = _("课件包")
        indexes = [models.Index(fields=["node", "-id"], name="package_by_node")]

    def __str__(self) -> str:
        return self.title


class Replaced(models.Model):
    """The files of a version that another has taken the place of: whoever has it open plays it to its end.

    They go, and this row with them, a day later (``operations.sweeping``): no address opens them for longer than five
    hours, and what its page could not send may come a night late.
    """

    package = models.ForeignKey(Package, on_delete=models.CASCADE, related_name="replaced")
    version = models.PositiveIntegerField()
    standard = models.CharField(max_length=4, choices=Package.Standard.choices)
    key = models.CharField(max_length=32, unique=True)
    replaced_at = models.DateTimeField(db_index=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["package", "version"], name="package_replaced_once")]

    def __str__(self) -> str:
        return f"{self.package_id} v{self.version}"


class Result(models.Model):
    """What one version of a package said last of one member: its own word, no evidence (``core.reports``).

    ``revision`` counts what was kept, ``report_id`` is the last one's: sent again, it is kept once.
    """

    package = models.ForeignKey(Package, on_delete=models.PROTECT, related_name="results")
    member = models.ForeignKey(MEMBER, on_delete=models.PROTECT, related_name="package_results")
    version = models.PositiveIntegerField()
    revision = models.PositiveIntegerField(default=0)
    report_id = models.CharField(max_length=32, blank=True)
    status = models.CharField(max_length=LONGEST_WORD, blank=True)
    success = models.CharField(max_length=LONGEST_WORD, blank=True)
    score = models.FloatField(null=True, blank=True)
    location = models.CharField(max_length=LONGEST_LOCATION, blank=True)
    suspend_data = models.TextField(blank=True)
    total_ms = models.PositiveBigIntegerField(default=0)
    began_at = models.DateTimeField()
    changed_at = models.DateTimeField()
    done_at = models.DateTimeField(null=True, blank=True, help_text="when it first said completed or passed")

    class Meta:
        verbose_name = _("课件结果")
        verbose_name_plural = _("课件结果")
        constraints = [
            models.UniqueConstraint(fields=["package", "member", "version"], name="package_result_once"),
        ]
        indexes = [models.Index(fields=["member", "package"], name="package_result_by_member")]

    def __str__(self) -> str:
        return f"{self.package_id}: {self.member_id} v{self.version}"
