"""The ledger: what was expected, what was seen, what follows from it. Evidence is stored, conclusions are computed."""

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

    class Meta:
        verbose_name = _("培训")
        verbose_name_plural = _("培训")

    def __str__(self) -> str:
        return self.title


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

    class Meta:
        verbose_name = _("场次")
        verbose_name_plural = _("场次")
        constraints = [
            models.CheckConstraint(condition=Q(ends_at__gt=F("starts_at")), name="occasion_ends_after_start"),
        ]
        indexes = [models.Index(fields=["state", "starts_at"], name="occasion_state_start")]

    def __str__(self) -> str:
        return self.title


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


class StandingRosters(models.Manager["RosterEntry"]):
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

    objects = StandingRosters()
    prepared_too = models.Manager()  # noqa: DJ012 - it is a manager

    class Meta:
        constraints = [models.UniqueConstraint(fields=["occasion", "member"], name="roster_entry_once")]
        indexes = [
            models.Index(fields=["occasion", "node"], name="roster_occasion_node"),
            models.Index(fields=["dirty_at"], condition=Q(dirty_at__isnull=False), name="roster_entry_dirty"),
        ]

    def __str__(self) -> str:
        return f"{self.occasion_id}: {self.member_id}"


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


class WatchPurse(models.Model):
    """What one person may still be credited of films, whatever the session, device or occasion (``core/watch.py``)."""

    member = models.OneToOneField(MEMBER, on_delete=models.PROTECT, primary_key=True, related_name="+")
    held_ms = models.PositiveIntegerField(help_text="film time in the purse at ``filled_at``")
    filled_at = models.DateTimeField()
    turn = models.PositiveIntegerField(default=0, help_text="reports paid; a report claims the next number")

    def __str__(self) -> str:
        return str(self.member_id)


class Evidence(models.Model):
    """参训记录: what a witness saw. Append-only; never updated, never deleted before its retention date."""

    class Kind(models.TextChoices):
        WATCHED = "watched", _("回放或课程")
        OUTBOX = "outbox", _("断网补传")
        CHECK_IN = "check_in", _("签到")
        HALL = "hall", _("集中收看")
        LEAVE = "leave", _("请假")
        DECLARED = "declared", _("其他方式学习")
        WITHDRAWN = "withdrawn", _("撤回")

    occasion = models.ForeignKey(Occasion, on_delete=models.PROTECT, related_name="evidence")
    member = models.ForeignKey(MEMBER, on_delete=models.PROTECT, related_name="evidence")
    kind = models.CharField(max_length=10, choices=Kind.choices)
    device = models.CharField(max_length=40, blank=True)
    client_id = models.CharField(max_length=64, null=True, blank=True)  # noqa: DJ001 - unique where there is one
    started_at = models.DateTimeField(null=True, blank=True)
    ended_at = models.DateTimeField(null=True, blank=True)
    media = models.CharField(max_length=60, blank=True)
    ranges_ms = models.JSONField(null=True, blank=True)
    refused_ms = models.PositiveBigIntegerField(default=0)
    category = models.CharField(max_length=20, blank=True)
    withdraws = models.OneToOneField(
        "self", on_delete=models.PROTECT, related_name="withdrawn_by", null=True, blank=True,
        help_text="of kind withdrawn: the row that counts no more",
    )  # fmt: skip
    recorded_by = models.ForeignKey(MEMBER, on_delete=models.PROTECT, related_name="+", null=True, blank=True)
    recorded_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["member", "kind", "client_id"], name="evidence_client_id_once"),
            models.CheckConstraint(
                condition=Q(kind="withdrawn", withdraws__isnull=False) | ~Q(kind="withdrawn") & Q(withdraws=None),
                name="evidence_withdraws_one",
            ),
        ]
        indexes = [models.Index(fields=["occasion", "member"], name="evidence_occasion_member")]

    def __str__(self) -> str:
        return f"{self.occasion_id}: {self.member_id} {self.kind}"


class RecordState(models.TextChoices):
    ATTENDED = "attended", _("已参加")
    MADE_UP = "made_up", _("已补学")
    EXCUSED = "excused", _("请假")
    EXEMPT = "exempt", _("免")
    MISSING = "missing", _("未参加")
    PENDING = "pending", _("认定中")
    INCOMPLETE = "incomplete", _("记录不全")


class Record(models.Model):
    """认定结果: the verdict under a printed rule version, with reasons; recomputed, never edited.

    ``state`` is the verdict, ``stands`` the state that holds: the verdict's, or that of the correction ``stands_by``.
    Both are written together by settling and correcting (``attendance/standing.py`` decides), so that every reader
    asks one column.
    """

    occasion = models.ForeignKey(Occasion, on_delete=models.PROTECT, related_name="records")
    member = models.ForeignKey(MEMBER, on_delete=models.PROTECT, related_name="records")
    state = models.CharField(max_length=10, choices=RecordState.choices)
    reasons = models.JSONField(default=list)
    live_ms = models.PositiveBigIntegerField(default=0)
    replay_ms = models.PositiveBigIntegerField(default=0)
    hall_ms = models.PositiveBigIntegerField(default=0)
    union_ms = models.PositiveBigIntegerField(default=0)
    hours = models.DecimalField(max_digits=5, decimal_places=2, default=0)
    stands = models.CharField(max_length=10, choices=RecordState.choices, default=RecordState.PENDING)
    stands_by = models.ForeignKey("Correction", on_delete=models.PROTECT, related_name="+", null=True, blank=True)
    stands_hours = models.DecimalField(max_digits=5, decimal_places=2, default=0)
    rule_version = models.CharField(max_length=80)
    evidence_digest = models.CharField(max_length=64)
    judged_at = models.DateTimeField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["occasion", "member"], name="record_once")]
        indexes = [models.Index(fields=["member", "state"], name="record_member_state")]

    def __str__(self) -> str:
        return f"{self.occasion_id}: {self.member_id} {self.state}"


class Correction(models.Model):
    """更正: a signed change of a record, with author and reason; never an edit."""

    record = models.ForeignKey(Record, on_delete=models.PROTECT, related_name="corrections")
    state = models.CharField(max_length=10, choices=RecordState.choices)
    was_state = models.CharField(
        max_length=10, choices=RecordState.choices, default="pending", help_text="the verdict it was made on"
    )
    evidence_digest = models.CharField(max_length=64, default="", help_text="of the evidence it was made on")
    reason = models.CharField(max_length=400)
    author = models.ForeignKey(MEMBER, on_delete=models.PROTECT, related_name="+")
    at = models.DateTimeField()

    def __str__(self) -> str:
        return f"{self.record_id} → {self.state}"


class Dispute(models.Model):
    """A member says that a record is wrong; the secretary answers."""

    class State(models.TextChoices):
        RAISED = "raised", _("已提出")
        ANSWERED = "answered", _("已答复")

    occasion = models.ForeignKey(Occasion, on_delete=models.PROTECT, related_name="disputes")
    member = models.ForeignKey(MEMBER, on_delete=models.PROTECT, related_name="disputes")
    text = models.CharField(max_length=1000)
    state = models.CharField(max_length=10, choices=State.choices, default=State.RAISED)
    answer = models.CharField(max_length=1000, blank=True)
    raised_at = models.DateTimeField()
    answered_at = models.DateTimeField(null=True, blank=True)
    answered_by = models.ForeignKey(MEMBER, on_delete=models.PROTECT, related_name="+", null=True, blank=True)
    correction = models.ForeignKey(Correction, on_delete=models.PROTECT, related_name="+", null=True, blank=True)
    seen_at = models.DateTimeField(null=True, blank=True, help_text="when the member first saw the answer")

    class Meta:
        constraints = [
            # Also the short index by which whatever waits for an answer is found.
            models.UniqueConstraint(
                fields=["occasion", "member"], condition=Q(state="raised"), name="dispute_waiting_once"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.occasion_id}: {self.member_id}"
