"""Live lectures: the room, its words, and the hosts that carry its media."""

import secrets

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from attendance.models import Occasion
from live.core import lifecycle, short_code
from live.decks import SlideDeck as SlideDeck  # so that Django knows the tables
from live.decks import SlideTurn as SlideTurn
from live.plan_models import CancelledLecture, LectureSeries
from media.models import Video

__all__ = [
    "AirTurn",
    "CancelledLecture",
    "ChatMessage",
    "Lecture",
    "LectureSeries",
    "MediaNode",
    "MediaPeer",
    "PinnedNotice",
    "Poll",
    "PollAnswer",
    "Question",
    "QuestionVote",
    "RaisedHand",
    "Restriction",
]
USER = settings.AUTH_USER_MODEL


def new_code() -> str:
    """Return the short code of a new lecture."""
    return short_code.code_from(secrets.token_bytes(short_code.RANDOM_BYTES))


class MediaNode(models.Model):
    """A host that runs a media agent (Janus, scrubber, ffmpeg). Secrets stay in files of that host."""

    name = models.CharField(max_length=80, unique=True)
    url = models.CharField(max_length=300, help_text="where this site reaches the engine, e.g. unix:/…/janus.sock")
    capacity = models.PositiveIntegerField(default=150)
    load = models.JSONField(default=dict, blank=True)
    beat_at = models.DateTimeField()
    air = models.JSONField(
        default=dict,
        blank=True,
        help_text="what comes in of each lecture, looked at every second (live.core.media.facts): {occasion: facts}",
    )

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


class AirTurn(models.Model):
    """One page of a host sends the picture, from ``began_at`` until it is replaced, gives up or the lecture is over.

    ``source``: the page's own random name, which a reload keeps; ``socket``: its newest connection; ``left_at``: the
    page is away since, and may come back; ``offered_at``: it asked the page before to take the picture back;
    ``before``: the turn that it took over; ``source`` ENCODER: no page but a device outside, with the lecture's key;
    ``awaits_encoder_at``: it lets that device take its place.
    """

    ENCODER = "encoder"

    lecture = models.ForeignKey(Lecture, on_delete=models.CASCADE, related_name="air_turns")
    host = models.ForeignKey(USER, on_delete=models.PROTECT, related_name="+")
    source = models.CharField(max_length=64)
    socket = models.CharField(max_length=32, blank=True)
    began_at = models.DateTimeField()
    left_at = models.DateTimeField(null=True, blank=True)
    offered_at = models.DateTimeField(null=True, blank=True)
    awaits_encoder_at = models.DateTimeField(null=True, blank=True)
    ended_at = models.DateTimeField(null=True, blank=True)
    before = models.ForeignKey("self", on_delete=models.SET_NULL, null=True, blank=True, related_name="+")

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["lecture"], condition=Q(ended_at=None), name="air_turn_one_open"),
        ]

    def __str__(self) -> str:
        return f"{self.lecture_id}: {self.host_id}"


class EncoderKey(models.Model):
    """The key by which a device outside (OBS) may send a lecture's picture: one a lecture, kept as a digest."""

    lecture = models.OneToOneField(Lecture, on_delete=models.CASCADE, primary_key=True, related_name="encoder_key")
    digest = models.CharField(max_length=64, help_text="SHA-256 of the key, in hex; the key itself was shown once")
    made_by = models.ForeignKey(USER, on_delete=models.CASCADE, related_name="+")
    made_at = models.DateTimeField()

    def __str__(self) -> str:
        return str(self.lecture_id)


class RaisedHand(models.Model):
    """A member's hand that is up; lowered, the row is gone. ``seen_at``: when a room last had its member in it."""

    lecture = models.ForeignKey(Lecture, on_delete=models.CASCADE, related_name="hands")
    member = models.ForeignKey(USER, on_delete=models.CASCADE, related_name="+")
    raised_at = models.DateTimeField()
    seen_at = models.DateTimeField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["lecture", "member"], name="raised_hand_once")]

    def __str__(self) -> str:
        return f"{self.lecture_id}: {self.member_id}"


class Speaker(models.Model):
    """A member whom a host asked on the stage; off it, the row is gone. ``came_at``: null is an invitation.

    ``device``: by which the person speaks; ``seen_at``: when a room last had that device in it.
    """

    lecture = models.ForeignKey(Lecture, on_delete=models.CASCADE, related_name="speakers")
    member = models.ForeignKey(USER, on_delete=models.CASCADE, related_name="+")
    invited_by = models.ForeignKey(USER, on_delete=models.CASCADE, related_name="+")
    invited_at = models.DateTimeField()
    came_at = models.DateTimeField(null=True, blank=True)
    device = models.CharField(max_length=64, blank=True)
    seen_at = models.DateTimeField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["lecture", "member"], name="speaker_once")]

    def __str__(self) -> str:
        return f"{self.lecture_id}: {self.member_id}"


class Poll(models.Model):
    """A question with options that a host asks the room: prepared, then open, then closed. Its answers are anonymous.

    ``right``: the right options of a quiz, none for a poll; ``counts``: of each option, kept at the end.
    """

    lecture = models.ForeignKey(Lecture, on_delete=models.CASCADE, related_name="polls")
    made_by = models.ForeignKey(USER, on_delete=models.PROTECT, related_name="+")
    client_id = models.CharField(max_length=64)
    text = models.CharField(max_length=200)
    options = models.JSONField()
    right = models.JSONField(default=list, blank=True)
    made_at = models.DateTimeField()
    opened_at = models.DateTimeField(null=True, blank=True)
    closed_at = models.DateTimeField(null=True, blank=True)
    counts = models.JSONField(default=list, blank=True)
    is_shown = models.BooleanField(default=False)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["made_by", "client_id"], name="poll_client_id_once"),
            models.UniqueConstraint(
                fields=["lecture"], condition=Q(opened_at__isnull=False, closed_at=None), name="poll_one_open"
            ),
            models.CheckConstraint(condition=Q(closed_at=None) | Q(opened_at__isnull=False), name="poll_closed_opened"),
        ]
        # Each process with a room asks every second which poll was opened last.
        indexes = [
            models.Index(fields=["lecture", "opened_at"], condition=Q(opened_at__isnull=False), name="poll_opened")
        ]

    def __str__(self) -> str:
        return f"{self.lecture_id}: {self.text}"

    @property
    def is_quiz(self) -> bool:
        """Whether some options are right."""
        return bool(self.right)

    @property
    def is_open(self) -> bool:
        """Whether answers are taken."""
        return self.opened_at is not None and self.closed_at is None


class PollAnswer(models.Model):
    """What one person chose, from whatever device; shown to that person alone, counted for everybody else."""

    poll = models.ForeignKey(Poll, on_delete=models.CASCADE, related_name="answers")
    member = models.ForeignKey(USER, on_delete=models.PROTECT, related_name="+")
    choice = models.PositiveSmallIntegerField()
    at = models.DateTimeField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["poll", "member"], name="poll_answer_once")]
        indexes = [
            models.Index(fields=["poll", "choice"], name="poll_answer_choice"),
            models.Index(fields=["at"], name="poll_answer_at"),
        ]

    def __str__(self) -> str:
        return str(self.poll_id)


class Question(models.Model):
    """A question to the lecturer, apart from the chat. ``votes``: how many others ask the same, counted again."""

    class State(models.TextChoices):
        WAITING = "waiting", _("待回答")
        NOW = "now", _("正在回答")
        ANSWERED = "answered", _("已回答")
        HIDDEN = "hidden", _("已收起")

    lecture = models.ForeignKey(Lecture, on_delete=models.CASCADE, related_name="questions")
    author = models.ForeignKey(USER, on_delete=models.PROTECT, related_name="+")
    client_id = models.CharField(max_length=64)
    text = models.CharField(max_length=200)
    at = models.DateTimeField()
    votes = models.PositiveIntegerField(default=0)
    state = models.CharField(max_length=8, choices=State.choices, default=State.WAITING)
    changed_at = models.DateTimeField(help_text="when it was asked, voted for or marked last")

    class Meta:
        constraints = [models.UniqueConstraint(fields=["author", "client_id"], name="question_client_id_once")]
        indexes = [
            # Each process with a room asks every second what changed lately.
            models.Index(fields=["lecture", "changed_at"], name="question_changed"),
            models.Index(fields=["at"], name="question_at"),
        ]

    def __str__(self) -> str:
        return f"{self.lecture_id}: {self.author_id}"


class QuestionVote(models.Model):
    """Somebody asks the same; taking it back deletes the row."""

    question = models.ForeignKey(Question, on_delete=models.CASCADE, related_name="votings")
    member = models.ForeignKey(USER, on_delete=models.PROTECT, related_name="+")

    class Meta:
        constraints = [models.UniqueConstraint(fields=["question", "member"], name="question_vote_once")]

    def __str__(self) -> str:
        return str(self.question_id)


class PinnedNotice(models.Model):
    """What a host pinned above the talk: one at a time, the earlier ones stay as rows."""

    lecture = models.ForeignKey(Lecture, on_delete=models.CASCADE, related_name="notices")
    text = models.CharField(max_length=200)
    set_by = models.ForeignKey(USER, on_delete=models.PROTECT, related_name="+")
    set_at = models.DateTimeField()
    taken_off_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["lecture"], condition=Q(taken_off_at=None), name="pinned_notice_one")
        ]

    def __str__(self) -> str:
        return f"{self.lecture_id}: {self.text}"


class CaptionLine(models.Model):
    """A line of the live captions, as a host sent it; a long one is several rows, by ``place``.

    ``dropped_at``: a host took it away; its words are gone, the row tells the rooms that were not told.
    """

    lecture = models.ForeignKey(Lecture, on_delete=models.CASCADE, related_name="caption_lines")
    author = models.ForeignKey(USER, on_delete=models.PROTECT, related_name="+")
    client_id = models.CharField(max_length=64)
    place = models.PositiveSmallIntegerField(default=0)
    text = models.CharField(max_length=200, blank=True)
    at = models.DateTimeField()
    changed_at = models.DateTimeField(help_text="when it was sent, or taken away")
    dropped_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["author", "client_id", "place"], name="caption_client_id_once"),
            models.CheckConstraint(condition=Q(dropped_at=None) | Q(text=""), name="caption_dropped_is_empty"),
        ]
        indexes = [
            # Each process with a room asks every second what changed lately.
            models.Index(fields=["lecture", "changed_at"], name="caption_changed"),
            models.Index(fields=["at"], name="caption_at"),
        ]

    def __str__(self) -> str:
        return f"{self.lecture_id}: {self.text}"


class MediaPeer(models.Model):
    """One browser's connection with the media engine, kept here so that another process can take it over.

    It exists while the connection does, and no longer than its lecture is on.
    """

    class Kind(models.TextChoices):
        PUB = "pub"
        SUB = "sub"
        TALK = "talk"

    lecture = models.ForeignKey(Lecture, on_delete=models.CASCADE, related_name="media_peers")
    member = models.ForeignKey(USER, on_delete=models.CASCADE, related_name="+")
    device = models.CharField(max_length=64)
    kind = models.CharField(max_length=4, choices=Kind.choices)
    key = models.CharField(max_length=32, unique=True, help_text="by which its browser names it; made by the server")
    reference = models.CharField(max_length=64, help_text="by which the engine knows it; never shown to a browser")
    owner = models.CharField(max_length=64, help_text="the web process that keeps it alive and hears its events")
    made_at = models.DateTimeField()

    class Meta:
        indexes = [models.Index(fields=["lecture", "member"], name="media_peer_whose")]

    def __str__(self) -> str:
        return f"{self.lecture_id}: {self.member_id} {self.kind}"
