"""What was uploaded and how it became playable."""

import uuid

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from media.core.ladder import Phase
from organizations.models import Node


class Video(models.Model):
    """A video or recording. Published files lie under ``<storage>/videos/<id>/<attempt token>/``.

    ``renditions``: ``{name, file, kind: "video" | "audio", width, height, bandwidth, copied}``, lowest first.
    ``source_path`` is relative to the storage root, as ``folder`` is.
    """

    class State(models.TextChoices):
        QUEUED = "queued", _("排队中")
        RUNNING = "running", _("处理中")
        READY = "ready", _("可播放")
        FAILED = "failed", _("处理失败")

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    title = models.CharField(_("名称"), max_length=120)
    state = models.CharField(_("状态"), max_length=8, choices=State.choices, default=State.QUEUED)
    progress = models.PositiveSmallIntegerField(_("进度（%）"), default=0)
    error_code = models.CharField(max_length=40, blank=True)
    source_name = models.CharField(max_length=255, blank=True)
    source_path = models.CharField(max_length=400, blank=True)
    folder = models.CharField(max_length=200, blank=True, help_text="published folder, relative to the storage root")
    duration_ms = models.PositiveBigIntegerField(null=True, blank=True)
    width = models.PositiveIntegerField(null=True, blank=True)
    height = models.PositiveIntegerField(null=True, blank=True)
    renditions = models.JSONField(default=list, blank=True)
    storyboard = models.JSONField(
        null=True, blank=True, help_text="media.core.storyboard.Storyboard; without one nothing is shown"
    )
    node = models.ForeignKey(
        Node,
        on_delete=models.PROTECT,
        related_name="+",
        null=True,
        blank=True,
        verbose_name=_("所属组织"),
        help_text="the unit to which it belongs; without one it is its uploader's, and without either the operator's",
    )
    created_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+", null=True, blank=True
    )
    created_at = models.DateTimeField(auto_now_add=True)
    replaced_at = models.DateTimeField(
        null=True, blank=True, help_text="a better recording has taken its place: deleted when nothing needs it"
    )

    captions_digest = models.CharField(
        max_length=16,
        blank=True,
        default="",
        db_default="",
        help_text="of its captions as they are shown; empty: there are none",
    )

    chapters = models.JSONField(
        _("章节"),
        default=list,
        db_default=[],
        blank=True,
        help_text="[[start in ms, title], …] in order, as its author divides it; a later part may lie past its end",
    )

    fault_at = models.DateTimeField(
        null=True, blank=True, help_text="when a member's browser last said that it cannot decode this"
    )
    fault_count = models.PositiveIntegerField(default=0, help_text="how many people's browsers said so")

    class Meta:
        verbose_name = _("视频")
        verbose_name_plural = _("视频")
        indexes = [
            models.Index(fields=["-created_at"], name="video_newest"),
            models.Index(fields=["replaced_at"], condition=Q(replaced_at__isnull=False), name="video_replaced"),
        ]

    def __str__(self) -> str:
        return self.title

    @property
    def lacks_rungs(self) -> bool:
        """It can be played, and the machine could not make the other qualities."""
        return self.state == self.State.READY and self.error_code != ""

    @property
    def has_picture(self) -> bool:
        """Whether there is anything to see; not known before it is processed."""
        return any(rendition["kind"] == "video" for rendition in self.renditions)


class Captions(models.Model):
    """The words of a video: ``cues`` as ``[[start, end, text], …]`` in ms of its own time, as they came.

    ``shift_ms`` later (below zero: earlier) they are shown, so that a wrong shift costs nothing.
    """

    class Origin(models.TextChoices):
        LIVE = "live", _("直播时打的字幕")
        FILE = "file", _("上传的字幕文件")
        CUT = "cut", _("从原视频带过来的字幕")

    video = models.OneToOneField(Video, on_delete=models.CASCADE, related_name="captions")
    origin = models.CharField(max_length=4, choices=Origin.choices)
    source_name = models.CharField(max_length=255, blank=True)
    cues = models.JSONField()
    shift_ms = models.IntegerField(default=0)
    changed_at = models.DateTimeField()
    changed_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+", null=True, blank=True
    )

    class Meta:
        verbose_name = _("字幕")
        verbose_name_plural = _("字幕")

    def __str__(self) -> str:
        return str(self.video_id)


class Clip(models.Model):
    """What a video is cut out of: ``spans`` of another one, as ``[[start, end], …]`` in ms of that one's time.

    Whole segments are taken, so that ``spans`` begin and end where those do. ``source`` None: it was deleted since;
    what has been cut is not touched by that.
    """

    video = models.OneToOneField(Video, on_delete=models.CASCADE, related_name="clip")
    source = models.ForeignKey(Video, on_delete=models.SET_NULL, related_name="+", null=True, blank=True)
    spans = models.JSONField()

    class Meta:
        verbose_name = _("剪出来的视频")
        verbose_name_plural = _("剪出来的视频")

    def __str__(self) -> str:
        return str(self.video_id)


class Job(models.Model):
    """The truth about one piece of long work; the broker is only a hint (trust.md).

    ``progress`` (%) and ``started_at`` are of the attempt that runs.
    """

    class State(models.TextChoices):
        QUEUED = "queued", _("排队中")
        RUNNING = "running", _("处理中")
        DONE = "done", _("完成")
        FAILED = "failed", _("失败")

    video = models.ForeignKey(Video, on_delete=models.CASCADE, related_name="jobs")
    phase = models.PositiveSmallIntegerField(
        default=Phase.FIRST.value, db_default=Phase.FIRST.value, help_text="media.core.ladder.Phase"
    )
    state = models.CharField(max_length=8, choices=State.choices, default=State.QUEUED)
    attempt = models.PositiveIntegerField(default=0)
    token = models.CharField(max_length=32, blank=True)
    lease_until_at = models.DateTimeField(null=True, blank=True)
    progress = models.PositiveSmallIntegerField(default=0, db_default=0)
    started_at = models.DateTimeField(null=True, blank=True)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        verbose_name = _("处理任务")
        verbose_name_plural = _("处理任务")
        indexes = [models.Index(fields=["state", "lease_until_at"], name="job_state_lease")]
        constraints = [
            models.UniqueConstraint(
                fields=["video"], condition=Q(state__in=["queued", "running"]), name="job_one_open_per_video"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.video_id} {self.state} #{self.attempt}"


class Upload(models.Model):
    """A resumable upload (tus 1.0): ``offset`` bytes of ``length`` are durable on disk."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    owner = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    title = models.CharField(max_length=120, blank=True)
    filename = models.CharField(max_length=255)
    length = models.PositiveBigIntegerField()
    offset = models.PositiveBigIntegerField(default=0)
    video = models.OneToOneField(Video, on_delete=models.SET_NULL, related_name="upload", null=True, blank=True)
    created_at = models.DateTimeField(auto_now_add=True)
    expires_at = models.DateTimeField(db_index=True)

    class Meta:
        verbose_name = _("上传")
        verbose_name_plural = _("上传")
        constraints = [
            models.CheckConstraint(condition=Q(offset__lte=F("length")), name="upload_offset_within_length"),
        ]

    def __str__(self) -> str:
        return self.filename


class DrawnPdf(models.Model):
    """A PDF whose pages are drawn by the workers (``media.operations.drawing``); what it belongs to says the subclass.

    ``key``: its name in addresses, not to be guessed; ``done``: pages drawn so far; ``lease``, ``leased_until``: the
    worker that draws it, and until when it is taken to be alive.
    """

    class State(models.TextChoices):
        QUEUED = "queued", _("排队中")
        RUNNING = "running", _("处理中")
        READY = "ready", _("可以放映")
        FAILED = "failed", _("处理失败")

    key = models.CharField(max_length=32, unique=True)
    state = models.CharField(max_length=8, choices=State.choices, default=State.QUEUED)
    error_code = models.CharField(max_length=20, blank=True)
    pages = models.PositiveSmallIntegerField(default=0)
    done = models.PositiveSmallIntegerField(default=0)
    attempts = models.PositiveSmallIntegerField(default=0)
    lease = models.CharField(max_length=32, blank=True)
    leased_until = models.DateTimeField(null=True, blank=True)

    class Meta:
        abstract = True


class VideoFault(models.Model):
    """A person's browser could not decode a video: once a person and published folder, however often it tried."""

    video = models.ForeignKey(Video, on_delete=models.CASCADE, related_name="faults")
    member = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="+")
    folder = models.CharField(max_length=200, help_text="which making of the video: a new one begins without faults")
    at = models.DateTimeField()

    class Meta:
        verbose_name = _("放不出来的视频")
        verbose_name_plural = _("放不出来的视频")
        constraints = [
            models.UniqueConstraint(fields=["video", "folder", "member"], name="fault_once_a_person"),
        ]
        indexes = [models.Index(fields=["member", "at"], name="fault_of_member")]

    def __str__(self) -> str:
        return f"{self.video_id} {self.member_id}"
