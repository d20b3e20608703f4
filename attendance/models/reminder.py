"""Reminders: who was reminded of what, by which channel and with which result; and what units and members chose."""

from django.conf import settings
from django.core.validators import MaxValueValidator
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from attendance.models.plan import Occasion, Training
from organizations.models import Node

BAD = ["failed", "unknown"]  # states of a message that an operator reads about
MEMBER = settings.AUTH_USER_MODEL


class Channel(models.TextChoices):
    SITE = "site", _("站内消息")
    SMS = "sms", _("短信")
    EMAIL = "email", _("邮件")
    WECOM = "wecom", _("企业微信")
    DINGTALK = "dingtalk", _("钉钉")


class Reminder(models.Model):
    """提醒: one act of reminding, by a secretary's tap or by the clock. Whom it reached: its messages.

    ``key`` makes it happen once: the form's own for a tap, what it is about for the clock. By the clock, the people of
    a large occasion are gone through in steps of their ids; ``told_at`` is when the last of them was reached.
    """

    class Kind(models.TextChoices):
        HAND = "hand", _("书记提醒")
        DAY = "day", _("开始前一天")
        SOON = "soon", _("马上开始")
        DEADLINE = "deadline", _("快到截止时间")

    kind = models.CharField(max_length=10, choices=Kind.choices)
    key = models.CharField(max_length=80, unique=True)
    training = models.ForeignKey(Training, on_delete=models.CASCADE, related_name="+")
    occasion = models.ForeignKey(Occasion, on_delete=models.CASCADE, related_name="+", null=True, blank=True)
    node = models.ForeignKey(Node, on_delete=models.PROTECT, related_name="+")
    text = models.CharField(max_length=200, blank=True, help_text="the wording of that day, with its places in braces")
    made_by = models.ForeignKey(MEMBER, on_delete=models.PROTECT, related_name="+", null=True, blank=True)
    made_at = models.DateTimeField()
    due_at = models.DateTimeField(help_text="made_at, or the morning after")
    until_at = models.DateTimeField(null=True, blank=True, help_text="after that it is no use any more")
    after_member_id = models.BigIntegerField(default=0, help_text="members up to here were reached")
    told_at = models.DateTimeField(null=True, blank=True)
    told = models.PositiveIntegerField(default=0, help_text="how many were told in the site itself")

    class Meta:
        indexes = [
            models.Index(fields=["due_at"], condition=Q(told_at=None), name="reminder_under_way"),
            models.Index(fields=["training", "-made_at"], name="reminder_of_training"),
        ]

    def __str__(self) -> str:
        return self.key


class ReminderMessage(models.Model):
    """One reminder to one person by one channel. Whoever sends it claims the row first, so that it goes out once.

    A row that was claimed and never finished (its process died, or the gateway did not answer in time) is ``unknown``:
    it may have gone out, so it is never sent again. ``sent`` is what the provider took; what became of it afterwards
    (``delivery``) is its receipt's word, where it gives any (ADR 100).
    """

    class State(models.TextChoices):
        WAITING = "waiting", _("等待发送")
        SENDING = "sending", _("正在发送")
        SENT = "sent", _("已发出")
        UNKNOWN = "unknown", _("不确定是否发出")
        FAILED = "failed", _("没有发出")
        SKIPPED = "skipped", _("不用再发")

    class Delivery(models.TextChoices):
        DELIVERED = "delivered", _("已送达")
        UNDELIVERED = "undelivered", _("没有送达")

    reminder = models.ForeignKey(Reminder, on_delete=models.CASCADE, related_name="messages")
    member = models.ForeignKey(MEMBER, on_delete=models.PROTECT, related_name="reminder_messages")
    channel = models.CharField(max_length=8, choices=Channel.choices)
    state = models.CharField(max_length=8, choices=State.choices, default=State.WAITING)
    why = models.CharField(max_length=20, blank=True, help_text="a code: why it was not sent")
    text = models.CharField(max_length=400, blank=True, help_text="what was said, once it is said")
    attempts = models.PositiveSmallIntegerField(default=0)
    made_at = models.DateTimeField()
    due_at = models.DateTimeField()
    claimed_at = models.DateTimeField(null=True, blank=True)
    done_at = models.DateTimeField(null=True, blank=True)
    taken_day = models.DateField(
        null=True, blank=True, db_column="sms_day", help_text="whose allowance of its channel it takes from"
    )
    provider_id = models.CharField(
        max_length=80, blank=True, db_default="", default="", help_text="what the provider and its receipts call it"
    )
    delivery = models.CharField(max_length=11, blank=True, choices=Delivery.choices, db_default="", default="")
    delivery_why = models.CharField(
        max_length=20, blank=True, db_default="", default="", help_text="a reason of organizations.core.receipts"
    )
    reported_at = models.DateTimeField(null=True, blank=True)
    ask_at = models.DateTimeField(null=True, blank=True, help_text="when the provider is asked what became of it")

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["reminder", "member", "channel"], name="reminder_message_once"),
        ]
        indexes = [
            models.Index(fields=["due_at"], condition=Q(state="waiting"), name="reminder_message_due"),
            models.Index(fields=["claimed_at"], condition=Q(state="sending"), name="reminder_message_claimed"),
            models.Index(fields=["-done_at"], condition=Q(state__in=BAD), name="reminder_message_bad"),
            models.Index(fields=["member", "-made_at"], name="reminder_message_of_member"),
            models.Index(fields=["provider_id"], condition=~Q(provider_id=""), name="reminder_message_provider"),
            models.Index(fields=["ask_at"], condition=Q(ask_at__isnull=False), name="reminder_message_ask"),
            models.Index(fields=["-done_at"], condition=Q(delivery="undelivered"), name="reminder_message_missed"),
        ]

    def __str__(self) -> str:
        return f"{self.reminder_id}: {self.member_id} {self.channel}"


class ChannelDay(models.Model):
    """How many messages of one channel the site's reminders have taken of one day's allowance."""

    day = models.DateField()
    channel = models.CharField(max_length=8, choices=Channel.choices)
    used = models.PositiveIntegerField(default=0)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["day", "channel"], name="channel_day_once")]

    def __str__(self) -> str:
        return f"{self.day} {self.channel}: {self.used}"


class MessageCount(models.Model):
    """How many messages of one channel came to which end on one day, for one unit's people, and what they cost.

    Added to in the transaction that ends a message. ``unsure``: they may have gone out, and are paid for;
    ``delivered`` and ``undelivered``: what receipts said of those that are ``sent``, on the day they were.
    """

    day = models.DateField()
    channel = models.CharField(max_length=8, choices=Channel.choices)
    node = models.ForeignKey(Node, on_delete=models.CASCADE, related_name="+")
    sent = models.PositiveIntegerField(default=0)
    unsure = models.PositiveIntegerField(default=0)
    failed = models.PositiveIntegerField(default=0)
    delivered = models.PositiveIntegerField(default=0, db_default=0)
    undelivered = models.PositiveIntegerField(default=0, db_default=0)
    cost = models.PositiveBigIntegerField(default=0, help_text="1/100 fen, by the price of that day")

    class Meta:
        constraints = [models.UniqueConstraint(fields=["day", "channel", "node"], name="message_count_once")]

    def __str__(self) -> str:
        return f"{self.day} {self.channel} {self.node_id}: {self.sent}"


class WayTrouble(models.Model):
    """A way out that fails, since when and how often in a row; gone with the first message that is taken again.

    ``step`` "find": asking who somebody is fails, while whoever is known still gets theirs.
    """

    channel = models.CharField(max_length=8, choices=Channel.choices)
    step = models.CharField(max_length=4)
    why = models.CharField(max_length=20, help_text="a code, as a message's")
    code = models.CharField(max_length=60, blank=True, help_text="the provider's own")
    times = models.PositiveIntegerField(default=0)
    since_at = models.DateTimeField()
    last_at = models.DateTimeField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["channel", "step"], name="way_trouble_once")]

    def __str__(self) -> str:
        return f"{self.channel} {self.step}: {self.why}"


class MessageAccount(models.Model):
    """Who a member is at a provider of work messages, by the phone number that they had when it was asked.

    Asked when a message is about to go, never for all: providers close the question for a day to whoever asks for too
    many who are not there. ``account_cipher`` is null where nobody there has the number; encrypted as the phone number
    is, for some organisations take numbers as names of accounts. Another number by now: it is asked again.
    """

    member = models.ForeignKey(MEMBER, on_delete=models.CASCADE, related_name="+")
    channel = models.CharField(max_length=8, choices=Channel.choices)
    account_cipher = models.BinaryField(null=True, editable=False)
    phone_index = models.CharField(max_length=64, editable=False)
    asked_at = models.DateTimeField(db_index=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["member", "channel"], name="message_account_once")]

    def __str__(self) -> str:
        return f"{self.member_id} {self.channel}"


class ReminderSetting(models.Model):
    """What a unit chose for its members; what is null or empty is as in the unit above, at last as on the site."""

    node = models.OneToOneField(Node, on_delete=models.PROTECT, primary_key=True, related_name="+")
    text = models.CharField(_("提醒的话"), max_length=200, blank=True)
    a_week = models.PositiveSmallIntegerField(
        _("每人每周最多"), null=True, blank=True, validators=[MaxValueValidator(5)]
    )
    before_start = models.BooleanField(_("开始前自动提醒"), null=True, blank=True)
    before_deadline = models.BooleanField(_("截止前自动提醒"), null=True, blank=True)
    outside = models.BooleanField(_("自动提醒也发短信"), null=True, blank=True)
    changed_by = models.ForeignKey(MEMBER, on_delete=models.PROTECT, related_name="+")
    changed_at = models.DateTimeField()

    def __str__(self) -> str:
        return str(self.node_id)


class NoticeChoice(models.Model):
    """How a member wants to be told, besides in the site itself; no row: text messages, and no other way yet.

    The e-mail address is encrypted as the phone number is; until its code was typed in it stands in ``asked_cipher``.
    The calendar's secret address is nowhere, only its hash.
    """

    member = models.OneToOneField(MEMBER, on_delete=models.PROTECT, primary_key=True, related_name="+")
    sms = models.BooleanField(_("短信"), default=True)
    email = models.BooleanField(_("邮件"), default=True)
    wecom = models.BooleanField(_("企业微信"), default=True, db_default=True)
    dingtalk = models.BooleanField(_("钉钉"), default=True, db_default=True)
    email_cipher = models.BinaryField(null=True, editable=False)
    asked_cipher = models.BinaryField(null=True, editable=False)
    code_hash = models.CharField(max_length=64, blank=True, editable=False)
    code_until_at = models.DateTimeField(null=True, blank=True, editable=False)
    code_tries = models.PositiveSmallIntegerField(default=0, editable=False)
    calendar_hash = models.CharField(max_length=64, unique=True, null=True, editable=False)  # noqa: DJ001 - unique
    calendar_made_at = models.DateTimeField(null=True, blank=True)

    def __str__(self) -> str:
        return str(self.member_id)
