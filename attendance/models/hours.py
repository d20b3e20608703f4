"""How many hours (学时) a year asks of whom, and what gives how many: a unit's tables, each version for good."""

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from attendance.core.hours import Form
from organizations.models import Node, Role

MEMBER = settings.AUTH_USER_MODEL
FORMS = [
    (Form.LIVE.value, _("直播")),
    (Form.COURSE.value, _("课程")),
    (Form.GATHERING.value, _("会议和活动")),
    (Form.HALL.value, _("集中收看")),
    (Form.VISIT.value, _("送学上门")),
    (Form.DECLARED.value, _("其他平台学习")),
]
EVERYBODY = "member"
OWING = [(EVERYBODY, _("党员")), *((role.value, role.label) for role in Role)]


class HoursTable(models.Model):
    """学时表: one version, never changed. For a person the table of the nearest unit counts, as of the year asked for.

    Without a node it is the site's, kept by the operator of the whole tree.
    """

    node = models.ForeignKey(
        Node, on_delete=models.PROTECT, related_name="+", null=True, blank=True, verbose_name=_("所属组织")
    )
    year = models.PositiveSmallIntegerField(_("从哪一年起"))
    version = models.PositiveIntegerField(_("版本"), default=1)
    by_month = models.BooleanField(_("年中加入、离开或换身份的，按月折算"), default=True)
    leaves_out_exempt = models.BooleanField(_("免学的月份不计入应学学时"), default=True)
    note = models.CharField(_("依据或说明"), max_length=200, blank=True)
    made_by = models.ForeignKey(MEMBER, on_delete=models.PROTECT, related_name="+", null=True, blank=True)
    made_at = models.DateTimeField()
    withdrawn_at = models.DateTimeField(null=True, blank=True, help_text="its unit goes by the table above again")

    class Meta:
        verbose_name = _("学时表")
        verbose_name_plural = _("学时表")
        constraints = [
            models.UniqueConstraint(fields=["node", "year", "version"], name="hours_version_of_node"),
            models.UniqueConstraint(fields=["year", "version"], condition=Q(node=None), name="hours_version_of_site"),
        ]

    def __str__(self) -> str:
        owner = self.node.name if self.node else _("全站通用")
        return _("%(owner)s %(year)s 年学时表 v%(version)s") % {
            "owner": owner, "year": self.year, "version": self.version,
        }  # fmt: skip


class HoursOwed(models.Model):
    """What a year asks of a role; whoever has several owes the highest."""

    table = models.ForeignKey(HoursTable, on_delete=models.CASCADE, related_name="owed")
    role = models.CharField(max_length=12, choices=OWING)
    hours = models.DecimalField(max_digits=5, decimal_places=2)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["table", "role"], name="hours_owed_once"),
            models.CheckConstraint(condition=Q(hours__gte=0), name="hours_owed_not_negative"),
        ]

    def __str__(self) -> str:
        return f"{self.table_id}: {self.role} {self.hours}"


class HoursConversion(models.Model):
    """What one form gives: ``hours`` a whole occasion, or for each ``minutes`` of it; at most ``cap`` a year."""

    table = models.ForeignKey(HoursTable, on_delete=models.CASCADE, related_name="conversions")
    form = models.CharField(max_length=10, choices=FORMS)
    hours = models.DecimalField(max_digits=5, decimal_places=2)
    minutes = models.PositiveIntegerField(null=True, blank=True)
    cap = models.DecimalField(max_digits=5, decimal_places=2, null=True, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["table", "form"], name="hours_conversion_once"),
            models.CheckConstraint(
                condition=Q(hours__gte=0) & (Q(minutes=None) | Q(minutes__gt=0)) & (Q(cap=None) | Q(cap__gte=0)),
                name="hours_conversion_sane",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.table_id}: {self.form}"
