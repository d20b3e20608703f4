"""The lecture, and the hosts that carry its media."""

import secrets

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from attendance.models import Occasion
from live.core import lifecycle, short_code
from live.models.series import LectureSeries
from live.models.slides import SlideTurn
from media.models import Video

USER = settings.AUTH_USER_MODEL


def new_code() -> str:
    """Return the short code of a new lecture."""
    return short_code.code_from(secrets.token_bytes(short_code.RANDOM_BYTES))


class MediaNode(models.Model):
    """A host that runs a media agent (Janus, scrubber, ffmpeg). Secrets stay in files of that host."""

    name = models.CharField(max_length=80, unique=True)
    url = models.CharField(
        max_length=300,
        help_text="where this site reaches the engine, e.g. unix:/…/janus.sock",
    )
    capacity = models.PositiveIntegerField(default=150)
    load = models.JSONField(default=dict, blank=True)
    beat_at = models.DateTimeField()
    draining_at = models.DateTimeField(
        null=True,
        blank=True,
        help_text="since when it shall get no new lecture while another host can; null: it gets them",
    )
    address = models.CharField(
        max_length=60,
        blank=True,
        db_default="",
        help_text="address:port where other hosts get what is on air here (MEDIA_NODE_ADDRESS)",
    )
    air = models.JSONField(
        default=dict,
        blank=True,
        help_text="what comes in of each lecture, looked at every second (live.core.media.facts): {occasion: facts}",
    )

    def __str__(self) -> str:
        return self.name


class Lecture(models.Model):
    """A live lecture given as an occasion. Its key is the occasion's; the window is the occasion's too."""

    class Kind(models.TextChoices):
        LECTURE = "lecture", _("直播课")
        MEETING = "meeting", _("线上会议")

    class State(models.TextChoices):
        SCHEDULED = "scheduled", _("未开始")
        LIVE = "live", _("直播中")
        ENDED = "ended", _("整理回放")
        RECORDED = "recorded", _("可回放")
        UNRECORDED = "unrecorded", _("无回放")

    occasion = models.OneToOneField(Occasion, on_delete=models.CASCADE, primary_key=True, related_name="lecture")
    lecturer = models.ForeignKey(USER, on_delete=models.PROTECT, related_name="lectures", verbose_name=_("讲师"))
    kind = models.CharField(
        max_length=8,
        choices=Kind.choices,
        default=Kind.LECTURE,
        db_default=Kind.LECTURE,
        help_text="a meeting: everybody may be seen and heard; its lecturer is who leads it",
    )
    state = models.CharField(max_length=12, choices=State.choices, default=State.SCHEDULED)
    media_node = models.ForeignKey(MediaNode, on_delete=models.SET_NULL, null=True, blank=True, related_name="lectures")
    moves = models.PositiveSmallIntegerField(
        default=0,
        db_default=0,
        help_text="how many hosts carried it before this one, a host that came again counted again",
    )
    webrtc_cap = models.PositiveIntegerField(_("实时观看上限"), default=150)
    record = models.BooleanField(
        _("保存回放"), default=True, help_text="of a meeting: whether its recording was ever switched on"
    )
    live_at = models.DateTimeField(null=True, blank=True)
    published_at = models.DateTimeField(null=True, blank=True, help_text="when a picture was last known to be on air")
    ended_at = models.DateTimeField(null=True, blank=True)
    break_at = models.DateTimeField(null=True, blank=True, help_text="since when there is a break; null: none")
    break_until_at = models.DateTimeField(
        null=True, blank=True, help_text="until when it was announced; it lasts until a host goes on"
    )
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
    series = models.ForeignKey(LectureSeries, on_delete=models.SET_NULL, null=True, blank=True, related_name="lectures")

    code = models.CharField(  # noqa: DJ001 - unique; a release of before, still running, makes lectures without one
        max_length=8,
        unique=True,
        null=True,
        default=new_code,
        editable=False,
        help_text="its short address, /l/<code>/",
    )

    is_chat_open = models.BooleanField(
        default=True, db_default=True, help_text="whether members may speak; hosts always may"
    )
    has_lobby = models.BooleanField(
        default=False, db_default=False, help_text="of a meeting: who comes waits until a host lets them in"
    )
    locked_at = models.DateTimeField(
        null=True, blank=True, help_text="since when nobody new is let in; null: the room is open"
    )
    holes = models.JSONField(
        default=list,
        blank=True,
        help_text="what was on the air and is not recorded: [[start, end, because], …] in Unix ms; no end: it lasts",
    )

    slide = models.ForeignKey(
        SlideTurn,
        on_delete=models.SET_NULL,
        null=True,
        blank=True,
        related_name="+",
        help_text="the last page that a host turned to; null, or a turn without a deck: no slides are shown",
    )

    class Meta:
        verbose_name = _("直播课")
        verbose_name_plural = _("直播课")
        constraints = [
            models.CheckConstraint(condition=Q(state="scheduled") | Q(live_at__isnull=False), name="lecture_live_at"),
            models.CheckConstraint(
                condition=Q(state__in=["scheduled", "live"]) | Q(ended_at__isnull=False), name="lecture_ended_at"
            ),
            models.CheckConstraint(
                condition=Q(break_at=None, break_until_at=None)
                | Q(state="live", break_at__isnull=False, break_until_at__isnull=False),
                name="lecture_break_while_live",
            ),
        ]
        indexes = [models.Index(fields=["state"], name="lecture_state")]

    def __str__(self) -> str:
        return str(self.occasion_id)

    @property
    def is_meeting(self) -> bool:
        """Whether everybody in its room may be seen and heard."""
        return self.kind == self.Kind.MEETING

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


class LecturePart(models.Model):
    """What a media host may have recorded of a lecture when another took it over; ``number``: its place, from 0.

    ``handed_in_at``: what it had lies where the site's files lie, for whoever packs the lecture; or it had nothing.
    """

    lecture = models.ForeignKey(Lecture, on_delete=models.CASCADE, related_name="parts")
    node = models.ForeignKey(MediaNode, on_delete=models.CASCADE, related_name="parts")
    number = models.PositiveSmallIntegerField()
    left_at = models.DateTimeField()
    handed_in_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["lecture", "number"], name="lecture_part_number")]

    def __str__(self) -> str:
        return f"{self.lecture_id}: {self.number}"
