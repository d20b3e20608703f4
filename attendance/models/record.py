"""What is known of a member at an occasion, and what follows from it: evidence, records, corrections, disputes."""

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from attendance.models.plan import Occasion

MEMBER = settings.AUTH_USER_MODEL


class Evidence(models.Model):
    """参训记录: what was reported of a member. Append-only: never updated, never deleted before its retention date."""

    class Kind(models.TextChoices):
        WATCHED = "watched", _("回放或课程")
        OUTBOX = "outbox", _("断网补传")
        CHECK_IN = "check_in", _("签到")
        HALL = "hall", _("集中收看")
        LEAVE = "leave", _("请假")
        DECLARED = "declared", _("其他方式学习")
        UNDERSTOOD = "understood", _("学后小测")
        PASSED = "passed", _("练习")
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
    score = models.JSONField(
        null=True, blank=True, help_text="of kind understood: [right answers, questions, how many pass, version]"
    )
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
    form = models.CharField(
        max_length=10,
        blank=True,
        default="",
        db_default="",
        help_text="how it was done, where that is not the occasion's own way",
    )
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
        WITHDRAWN = "withdrawn", _("已撤回")

    class Reason(models.TextChoices):
        CUT_OFF = "cut_off", _("我当时在听，可是掉线了")
        IN_HALL = "in_hall", _("我在现场")
        ON_LEAVE = "on_leave", _("我请过假")
        OTHER = "other", _("其他")

    occasion = models.ForeignKey(Occasion, on_delete=models.PROTECT, related_name="disputes")
    member = models.ForeignKey(MEMBER, on_delete=models.PROTECT, related_name="disputes")
    reason = models.CharField(max_length=10, choices=Reason.choices, default=Reason.OTHER, db_default="other")
    text = models.CharField(max_length=1000, blank=True)
    outages = models.JSONField(
        default=list, db_default=[], blank=True,
        help_text="what the site itself knew of breaks when it was raised: [[kind, start, end], …] in ms since 1970",
    )  # fmt: skip
    state = models.CharField(max_length=10, choices=State.choices, default=State.RAISED)
    withdrawn_at = models.DateTimeField(null=True, blank=True)
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
