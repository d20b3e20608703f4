"""Live lectures: the room, its words, and the hosts that carry its media."""

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from attendance.models import Occasion
from live.core import lifecycle
from media.models import Video

USER = settings.AUTH_USER_MODEL


class MediaNode(models.Model):
    """A host that runs a media agent (Janus, scrubber, ffmpeg). Secrets stay in files of that host."""

    name = models.CharField(max_length=80, unique=True)
    url = models.CharField(max_length=300, help_text="where this site reaches the engine, e.g. unix:/…/janus.sock")
    capacity = models.PositiveIntegerField(default=150)
    load = models.JSONField(default=dict, blank=True)
    beat_at = models.DateTimeField()

    def __str__(self) -> str:
        return self.name


class Lecture(models.Model):
    """A live lecture given as an occasion. Its key is the occasion's; the window is the occasion's too."""

    class State(models.TextChoices):
        SCHEDULED = "scheduled", _("未开始")
        LIVE = "live", _("直播中")
        ENDED = "ended", _("整理回放")
        RECORDED = "recorded", _("可回放")
        UNRECORDED = "unrecorded", _("无回放")

    occasion = models.OneToOneField(Occasion, on_delete=models.CASCADE, primary_key=True, related_name="lecture")
    lecturer = models.ForeignKey(USER, on_delete=models.PROTECT, related_name="lectures", verbose_name=_("讲师"))
    state = models.CharField(max_length=12, choices=State.choices, default=State.SCHEDULED)
    media_node = models.ForeignKey(MediaNode, on_delete=models.SET_NULL, null=True, blank=True, related_name="lectures")
    webrtc_cap = models.PositiveIntegerField(_("实时观看上限"), default=150)
    record = models.BooleanField(_("保存回放"), default=True)
    live_at = models.DateTimeField(null=True, blank=True)
    published_at = models.DateTimeField(null=True, blank=True, help_text="when a picture was last known to be on air")
    ended_at = models.DateTimeField(null=True, blank=True)
    recording = models.OneToOneField(Video, on_delete=models.PROTECT, null=True, blank=True, related_name="lecture")
    recording_dropped_at = models.DateTimeField(
        null=True,
        blank=True,
        help_text="when somebody deleted the recording: what the media agent still finds never becomes one again",
    )
    in_place_of = models.OneToOneField(
        "self",
        on_delete=models.SET_NULL,
        null=True,
        blank=True,
        related_name="held_again_as",
        help_text="the lecture that was not held, or is void, for which this one was planned: once",
    )

    holes = models.JSONField(
        default=list,
        blank=True,
        help_text="what was on the air and is not recorded: [[start, end, because], …] in Unix ms; no end: it lasts",
    )

    class Meta:
        verbose_name = _("直播课")
        verbose_name_plural = _("直播课")
        constraints = [
            models.CheckConstraint(condition=Q(state="scheduled") | Q(live_at__isnull=False), name="lecture_live_at"),
            models.CheckConstraint(
                condition=Q(state__in=["scheduled", "live"]) | Q(ended_at__isnull=False), name="lecture_ended_at"
            ),
        ]
        indexes = [models.Index(fields=["state"], name="lecture_state")]

    def __str__(self) -> str:
        return str(self.occasion_id)

    @property
    def is_over(self) -> bool:
        """Whether the lecture was given and has ended."""
        return self.state not in (self.State.SCHEDULED, self.State.LIVE)

    @property
    def is_recording_dropped(self) -> bool:
        """Whether there was a recording, which an organiser deleted."""
        return self.recording_dropped_at is not None

    @property
    def stage(self) -> lifecycle.Stage:
        """Where the lecture stands for whoever looks: its state, or that it was not held, or void."""
        return lifecycle.stage_of(self.state, self.occasion.state)

    def get_stage_display(self) -> str:
        """Return the stage in words."""
        if self.stage in (Occasion.State.NOT_HELD, Occasion.State.VOID):
            return str(Occasion.State(self.stage).label)
        return gettext("回放已删除") if self.is_recording_dropped else str(self.State(self.stage).label)


class ChatMessage(models.Model):
    """One message in a lecture's chat; hidden by a host, deleted after its retention time."""

    lecture = models.ForeignKey(Lecture, on_delete=models.CASCADE, related_name="chat")
    author = models.ForeignKey(USER, on_delete=models.PROTECT, related_name="+")
    client_id = models.CharField(max_length=64)
    text = models.CharField(max_length=500)
    at = models.DateTimeField()
    hidden_at = models.DateTimeField(null=True, blank=True)
    hidden_by = models.ForeignKey(USER, on_delete=models.PROTECT, related_name="+", null=True, blank=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["author", "client_id"], name="chat_client_id_once")]
        indexes = [
            models.Index(fields=["lecture", "id"], name="chat_lecture_id"),
            models.Index(fields=["at"], name="chat_at"),
            # Each process with a room asks every second what was hidden lately.
            models.Index(fields=["lecture", "hidden_at"], condition=Q(hidden_at__isnull=False), name="chat_hidden"),
        ]

    def __str__(self) -> str:
        return f"{self.lecture_id}: {self.author_id}"


class Restriction(models.Model):
    """A host muted somebody in a lecture's chat, or removed them from its room. Lifting it keeps the row."""

    class Kind(models.TextChoices):
        MUTED = "muted", _("禁言")
        REMOVED = "removed", _("移出")

    lecture = models.ForeignKey(Lecture, on_delete=models.CASCADE, related_name="restrictions")
    member = models.ForeignKey(USER, on_delete=models.PROTECT, related_name="+")
    kind = models.CharField(max_length=8, choices=Kind.choices)
    set_by = models.ForeignKey(USER, on_delete=models.PROTECT, related_name="+")
    set_at = models.DateTimeField()
    lifted_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["lecture", "member", "kind"], condition=Q(lifted_at=None), name="restriction_one_open"
            )
        ]

    def __str__(self) -> str:
        return f"{self.lecture_id}: {self.member_id} {self.kind}"


class MediaPeer(models.Model):
    """One browser's connection with the media engine, kept here so that another process can take it over.

    It exists while the connection does, and no longer than its lecture is on.
    """

    class Kind(models.TextChoices):
        PUB = "pub"
        SUB = "sub"

    lecture = models.ForeignKey(Lecture, on_delete=models.CASCADE, related_name="media_peers")
    member = models.ForeignKey(USER, on_delete=models.CASCADE, related_name="+")
    device = models.CharField(max_length=64)
    kind = models.CharField(max_length=3, choices=Kind.choices)
    key = models.CharField(max_length=32, unique=True, help_text="by which its browser names it; made by the server")
    reference = models.CharField(max_length=64, help_text="by which the engine knows it; never shown to a browser")
    owner = models.CharField(max_length=64, help_text="the web process that keeps it alive and hears its events")
    made_at = models.DateTimeField()

    class Meta:
        indexes = [models.Index(fields=["lecture", "member"], name="media_peer_whose")]

    def __str__(self) -> str:
        return f"{self.lecture_id}: {self.member_id} {self.kind}"
