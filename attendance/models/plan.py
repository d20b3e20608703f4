"""What is planned: rules, trainings, and the occasions that one can take part in."""

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from organizations.models import Node

MEMBER = settings.AUTH_USER_MODEL


class Rule(models.Model):
    """A versioned rule of what counts. A version never changes once an occasion carries its stamp."""

    class Basis(models.TextChoices):
        WINDOW = "window", _("按场次时间")
        MEDIA = "media", _("按课程时长")

    class HoursBy(models.TextChoices):
        RULE = "rule", _("按这条规则：每场一样")
        TABLE = "table", _("按学时表：看参加的方式和长短")

    # Its organisers keep it; without one it is the site's, kept by the whole tree's operator.
    node = models.ForeignKey(
        Node, on_delete=models.PROTECT, related_name="+", null=True, blank=True, verbose_name=_("所属组织")
    )
    name = models.CharField(_("名称"), max_length=60)
    version = models.PositiveIntegerField(_("版本"), default=1)
    basis = models.CharField(_("计算方式"), max_length=8, choices=Basis.choices, default=Basis.WINDOW)
    min_share = models.FloatField(_("最低比例"), default=0.8)
    min_minutes = models.PositiveIntegerField(_("最低分钟"), null=True, blank=True)
    late_after_s = models.PositiveIntegerField(_("晚到（秒）"), default=300)
    leave_early_s = models.PositiveIntegerField(_("早退（秒）"), default=300)
    bridge_s = models.PositiveIntegerField(_("短断连续计算（秒）"), default=30)
    outbox_s = models.PositiveIntegerField(_("断网补传上限（秒）"), default=60)
    make_up_days = models.PositiveIntegerField(_("补学天数"), default=14)
    hours = models.DecimalField(_("学时"), max_digits=5, decimal_places=2, default=1)
    hours_by = models.CharField(
        _("学时怎么记"), max_length=5, choices=HoursBy.choices, default=HoursBy.RULE, db_default="rule"
    )
    asks_check = models.BooleanField(_("补学要做小测"), default=False, db_default=False)
    withdrawn_at = models.DateTimeField(null=True, blank=True, help_text="offered for nothing new any more")

    class Meta:
        verbose_name = _("认定规则")
        verbose_name_plural = _("认定规则")
        constraints = [
            models.UniqueConstraint(fields=["node", "name", "version"], name="rule_version_of_node"),
            models.UniqueConstraint(fields=["name", "version"], condition=Q(node=None), name="rule_version_of_site"),
            models.CheckConstraint(condition=Q(min_share__gt=0) & Q(min_share__lte=1), name="rule_share_is_share"),
        ]

    def __str__(self) -> str:
        return f"{self.name} v{self.version}"


class Training(models.Model):
    """培训: a named obligation of a node's subtree, with items and a deadline."""

    class State(models.TextChoices):
        DRAFT = "draft", _("草稿")
        PUBLISHED = "published", _("已发布")
        CLOSED = "closed", _("已结束")

    title = models.CharField(_("名称"), max_length=120)
    summary = models.TextField(_("说明"), blank=True)
    node = models.ForeignKey(Node, on_delete=models.PROTECT, related_name="trainings", verbose_name=_("对象"))
    starts_date = models.DateField(_("开始日期"))
    deadline_at = models.DateTimeField(_("截止时间"))
    hours_required = models.DecimalField(_("要求学时"), max_digits=5, decimal_places=2, default=0)
    state = models.CharField(_("状态"), max_length=10, choices=State.choices, default=State.DRAFT)
    is_standing = models.BooleanField(
        default=False,
        db_default=False,
        help_text="a unit's own, made by itself year by year (its meetings): listed in that unit, not in those above",
    )
    lecture_rule = models.ForeignKey(
        Rule, on_delete=models.PROTECT, related_name="+", null=True, blank=True, verbose_name=_("新场次的认定规则")
    )
    course_rule = models.ForeignKey(
        Rule, on_delete=models.PROTECT, related_name="+", null=True, blank=True, verbose_name=_("新课程的认定规则")
    )

    is_narrowed = models.BooleanField(
        default=False, db_default=False, help_text="not for everybody of its unit: what ``units`` say"
    )

    class Meta:
        verbose_name = _("培训")
        verbose_name_plural = _("培训")

    def __str__(self) -> str:
        return self.title


class TrainingUnit(models.Model):
    """A unit below a training's own: one of those it is for (where any are named), or one that is left out (ADR 83)."""

    training = models.ForeignKey(Training, on_delete=models.CASCADE, related_name="units")
    node = models.ForeignKey(Node, on_delete=models.PROTECT, related_name="+", verbose_name=_("组织"))
    is_left_out = models.BooleanField(default=False)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["training", "node"], name="training_unit_once")]

    def __str__(self) -> str:
        return f"{self.training_id}: {self.node_id}"


class Occasion(models.Model):
    """场次: one thing that can be attended and counted. ``kind`` names the app that gives it (settings)."""

    class State(models.TextChoices):
        SCHEDULED = "scheduled", _("未开始")
        OPEN = "open", _("进行中")
        CLOSED = "closed", _("认定中")
        SETTLED = "settled", _("已认定")
        NOT_HELD = "not_held", _("未举行")
        VOID = "void", _("已作废")

    training = models.ForeignKey(Training, on_delete=models.PROTECT, related_name="occasions", verbose_name=_("培训"))
    kind = models.CharField(max_length=20)
    title = models.CharField(_("名称"), max_length=120)
    node = models.ForeignKey(Node, on_delete=models.PROTECT, related_name="occasions", verbose_name=_("对象"))
    starts_at = models.DateTimeField(_("开始时间"))
    ends_at = models.DateTimeField(_("结束时间"))
    is_named = models.BooleanField(
        default=False, db_default=False, help_text="not everybody of the unit is expected, but those named (``named``)"
    )
    is_narrowed = models.BooleanField(
        default=False, db_default=False, help_text="as its training, until it opens; false spares the question"
    )
    revision = models.PositiveIntegerField(
        default=0, db_default=0, help_text="how often its plan was changed: a calendar takes the newest"
    )
    state = models.CharField(max_length=10, choices=State.choices, default=State.SCHEDULED)
    opened_at = models.DateTimeField(null=True, blank=True)
    window_start_at = models.DateTimeField(null=True, blank=True)
    window_end_at = models.DateTimeField(null=True, blank=True)
    rule = models.ForeignKey(Rule, on_delete=models.PROTECT, related_name="+", verbose_name=_("认定规则"))
    rule_stamp = models.JSONField(null=True, blank=True)
    media_ms = models.PositiveBigIntegerField(null=True, blank=True)
    media_offset_ms = models.BigIntegerField(default=0, help_text="media time at which the window begins")
    media_cuts = models.JSONField(
        default=list, blank=True, help_text="pauses left out of the replay: [[media time, length], …] in ms"
    )
    is_unrecorded = models.BooleanField(
        default=False, db_default=False, help_text="it was held, and there is no replay: none is waited for any more"
    )
    media_items = models.JSONField(
        null=True,
        blank=True,
        help_text="length (ms) of each piece of media by its key; null: one, media_ms long",
    )
    media_history = models.JSONField(
        default=list,
        blank=True,
        help_text="what it had before a change: [[the last report it was received under, {key: ms}], …], oldest first",
    )
    check_asked = models.JSONField(
        null=True,
        blank=True,
        help_text="the check that holds: its id, version, need, of, most, and since when (ms) there is one",
    )
    gates = models.JSONField(
        default=dict,
        db_default={},
        blank=True,
        help_text="the quizzes without which it does not count as finished, each since when (ms; 0: from the start)",
    )
    make_up_until_at = models.DateTimeField(null=True, blank=True)
    closed_at = models.DateTimeField(null=True, blank=True, help_text="when it was ended; undone for ten minutes")
    settled_at = models.DateTimeField(null=True, blank=True)
    away_ms = models.JSONField(
        default=list,
        blank=True,
        help_text="when the site was away: [[start, end], …] in ms since 1970; leaves the window",
    )
    paused_ms = models.JSONField(
        default=list, blank=True, help_text="from an end to its undoing: [[start, end], …] in ms since 1970; no time"
    )
    voided_at = models.DateTimeField(null=True, blank=True)
    voided_by = models.ForeignKey(MEMBER, on_delete=models.PROTECT, related_name="+", null=True, blank=True)
    void_reason = models.CharField(_("作废原因"), max_length=200, blank=True)
    evidence_removed_at = models.DateTimeField(
        null=True, blank=True, help_text="since when raw evidence is gone: nobody is judged again (``Removal``)"
    )
    repeats = models.ForeignKey(
        "self", on_delete=models.PROTECT, related_name="sessions", null=True, blank=True,
        help_text="the occasion of which this is a further session, for those who missed it; never one itself",
    )  # fmt: skip
    is_repeated = models.BooleanField(
        default=False, db_default=False, help_text="a further session was planned once; false spares the question"
    )
    catch_up_told_at = models.DateTimeField(
        null=True, blank=True, help_text="when those who missed it were told how to catch up; null: not yet"
    )

    class Meta:
        verbose_name = _("场次")
        verbose_name_plural = _("场次")
        constraints = [
            models.CheckConstraint(condition=Q(ends_at__gt=F("starts_at")), name="occasion_ends_after_start"),
        ]
        indexes = [
            models.Index(fields=["state", "starts_at"], name="occasion_state_start"),
            models.Index(
                fields=["make_up_until_at"], condition=Q(make_up_until_at__isnull=False), name="occasion_make_up_until"
            ),
            # What is settled, and where nobody has been told yet: a few, whatever there ever was.
            models.Index(
                fields=["closed_at"],
                condition=Q(state="settled", catch_up_told_at=None),
                name="occasion_catch_up_untold",
            ),
            # By which whatever still holds raw evidence is found, the oldest first.
            models.Index(fields=["starts_at"], condition=Q(evidence_removed_at=None), name="occasion_evidence_held"),
        ]

    def __str__(self) -> str:
        return self.title
