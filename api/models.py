"""Keys by which other programs read, and where this site reports to."""

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _

from organizations.models import Node

PERSON = settings.AUTH_USER_MODEL


class Scope(models.TextChoices):
    """What a token may read. Who may give it: ``api.permissions.ROLES``."""

    TRAININGS = "trainings", _("培训和场次（没有人名）")
    COUNTS = "counts", _("统计人数（没有人名）")
    PEOPLE = "people", _("组织和人员名单（有人名）")
    RECORDS = "records", _("参训记录和未参加名单（有人名）")
    HOURS = "hours", _("学时（有人名）")


class Token(models.Model):
    """A key by which one program reads a part of the tree. The key itself is nowhere, only its hash (ADR 77)."""

    class Ended(models.TextChoices):
        WITHDRAWN = "withdrawn", _("已停用")
        RIGHT = "right", _("生成的人不再有这里的职责，已失效")

    name = models.CharField(_("用途"), max_length=60)
    node = models.ForeignKey(Node, on_delete=models.PROTECT, related_name="+", verbose_name=_("组织"))
    scopes = models.JSONField(default=list)
    key_hash = models.CharField(max_length=64, unique=True)
    key_start = models.CharField(max_length=12, help_text="the first characters, to tell keys apart by")
    made_by = models.ForeignKey(PERSON, on_delete=models.PROTECT, related_name="+")
    made_at = models.DateTimeField()
    expires_at = models.DateTimeField(_("有效期到"))
    used_at = models.DateTimeField(null=True, blank=True, help_text="within the hour")
    ended_at = models.DateTimeField(null=True, blank=True)
    ended_by = models.ForeignKey(PERSON, on_delete=models.PROTECT, related_name="+", null=True, blank=True)
    ended_because = models.CharField(max_length=10, choices=Ended.choices, blank=True)

    class Meta:
        verbose_name = _("接口密钥")
        verbose_name_plural = _("接口密钥")
        indexes = [models.Index(fields=["expires_at"], condition=models.Q(ended_at=None), name="api_token_alive")]

    def __str__(self) -> str:
        return self.name

    @property
    def scope_words(self) -> list[str]:
        """What it reads, in words."""
        return [str(Scope(one).label) for one in self.scopes]


class Event(models.TextChoices):
    """What this site reports by itself: numbers and titles, nobody's name."""

    CLOSED = "occasion.closed", _("场次结束")
    RECORDS = "records.changed", _("参训记录有变化")
    FINISHED = "training.finished", _("培训到期")


TRIAL = "trial"
"""What an address is sent when somebody tries it out: it is no event, and is about nothing."""


class Webhook(models.Model):
    """An address of another program that is told what happens in a part of the tree (ADR 77).

    What it is signed with follows from ``salt`` and the site's own key: it is stored nowhere.
    """

    class Off(models.TextChoices):
        WITHDRAWN = "withdrawn", _("已停用")
        FAILURES = "failures", _("一直送不到，已自动停用")
        RIGHT = "right", _("设置的人不再有这里的职责，已停用")

    name = models.CharField(_("用途"), max_length=60)
    node = models.ForeignKey(Node, on_delete=models.PROTECT, related_name="+", verbose_name=_("组织"))
    url = models.CharField(_("地址"), max_length=500)
    events = models.JSONField(default=list)
    salt = models.CharField(max_length=32)
    made_by = models.ForeignKey(PERSON, on_delete=models.PROTECT, related_name="+")
    made_at = models.DateTimeField()
    tried_at = models.DateTimeField(null=True, blank=True)
    busy_until = models.DateTimeField(null=True, blank=True, help_text="somebody is sending, until then at most")
    failing_since = models.DateTimeField(null=True, blank=True, help_text="the first failure since the last success")
    off_at = models.DateTimeField(null=True, blank=True)
    off_because = models.CharField(max_length=10, choices=Off.choices, blank=True)

    class Meta:
        verbose_name = _("推送")
        verbose_name_plural = _("推送")
        indexes = [models.Index(fields=["tried_at"], condition=models.Q(off_at=None), name="webhook_on")]

    def __str__(self) -> str:
        return self.name


class Delivery(models.Model):
    """One report to one address: what it says, how often it was tried, what came back."""

    class State(models.TextChoices):
        WAITING = "waiting", _("等待发送")
        SENT = "sent", _("已送达")
        GIVEN_UP = "given_up", _("没有送到")

    webhook = models.ForeignKey(Webhook, on_delete=models.CASCADE, related_name="deliveries")
    event = models.CharField(max_length=20, choices=[*Event.choices, (TRIAL, _("试发"))])
    about = models.PositiveBigIntegerField(help_text="the occasion's or training's id; 0 of a trial")
    key = models.CharField(max_length=80, help_text="what happens once is reported once")
    body = models.JSONField()
    made_at = models.DateTimeField()
    state = models.CharField(max_length=8, choices=State.choices, default=State.WAITING)
    next_at = models.DateTimeField()
    failures = models.PositiveSmallIntegerField(default=0)
    status = models.PositiveSmallIntegerField(null=True, blank=True)
    error = models.CharField(max_length=60, blank=True)
    done_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        verbose_name = _("推送记录")
        verbose_name_plural = _("推送记录")
        constraints = [models.UniqueConstraint(fields=["webhook", "key"], name="delivery_once")]
        indexes = [
            models.Index(fields=["webhook", "next_at"], condition=models.Q(state="waiting"), name="delivery_waiting"),
        ]

    def __str__(self) -> str:
        return f"{self.webhook_id}: {self.key}"


class Change(models.Model):
    """How many people's records changed at an occasion in one unit: a row for each step of settling, until it is told.

    Only inserted, so that nobody who settles waits for anybody; ``api.operations.fold_changes`` takes them away.
    """

    occasion = models.ForeignKey("attendance.Occasion", on_delete=models.CASCADE, related_name="+")
    node = models.ForeignKey(Node, on_delete=models.PROTECT, related_name="+")
    people = models.PositiveIntegerField()
    at = models.DateTimeField()

    def __str__(self) -> str:
        return f"{self.occasion_id}: {self.people}"


class Statement(models.Model):
    """What somebody has learnt, as the record store is told of it; written with what it is about (ADR 79).

    ``body`` is as it is sent, word for word, for what has an id there can say nothing else any more. A month after it
    has arrived the words go, and the row stays where it may have to be taken back (``stands``).
    """

    class Kind(models.TextChoices):
        RECORD = "record", "record"
        LESSON = "lesson", "lesson"
        QUIZ = "quiz", "quiz"
        VOIDING = "voiding", "voiding"

    class State(models.TextChoices):
        WAITING = "waiting", _("等待发送")
        SENT = "sent", _("已送达")
        REFUSED = "refused", _("对方不收")

    uuid = models.UUIDField(unique=True, help_text="its id, there and here: follows from what it says")
    kind = models.CharField(max_length=8, choices=Kind.choices)
    member = models.ForeignKey(PERSON, on_delete=models.PROTECT, related_name="+")
    occasion = models.ForeignKey(
        "attendance.Occasion", on_delete=models.PROTECT, related_name="+", null=True, blank=True,
        help_text="of kind record: what the verdict is about",
    )  # fmt: skip
    said = models.CharField(max_length=40, blank=True, help_text="of kind record: state and hours; another is another")
    stands = models.BooleanField(default=False, help_text="of kind record: it was not taken back")
    recalled = models.BooleanField(default=False, help_text="it has to be taken back: a voiding follows")
    at = models.DateTimeField(help_text="when it was written down")
    body = models.JSONField(null=True)
    state = models.CharField(max_length=8, choices=State.choices, default=State.WAITING)
    sent_at = models.DateTimeField(null=True, blank=True)
    error = models.CharField(max_length=200, blank=True, help_text="what the store said when it refused it")

    class Meta:
        verbose_name = _("学习记录（xAPI）")
        verbose_name_plural = _("学习记录（xAPI）")
        indexes = [
            models.Index(fields=["occasion", "member"], condition=models.Q(stands=True), name="statement_stands"),
            models.Index(fields=["id"], condition=models.Q(recalled=True), name="statement_recalled"),
            models.Index(fields=["id"], condition=models.Q(state="waiting"), name="statement_waiting"),
            models.Index(fields=["id"], condition=models.Q(state="refused"), name="statement_refused"),
            models.Index(
                fields=["sent_at"], condition=models.Q(state="sent", body__isnull=False), name="statement_worded"
            ),
        ]

    def __str__(self) -> str:
        return str(self.uuid)


class Store(models.Model):
    """How it goes with the record store of the settings: one row, from the first statement that was sent there."""

    busy_until = models.DateTimeField(null=True, blank=True)
    tried_at = models.DateTimeField(null=True, blank=True)
    next_at = models.DateTimeField(null=True, blank=True)
    failures = models.PositiveSmallIntegerField(default=0)
    failing_since = models.DateTimeField(null=True, blank=True)
    taken_at = models.DateTimeField(null=True, blank=True, help_text="when it last took something")
    status = models.PositiveSmallIntegerField(null=True, blank=True)
    error = models.CharField(max_length=200, blank=True)

    def __str__(self) -> str:
        return self.error or str(self.status or "")
