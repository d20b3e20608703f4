"""Who sends, who speaks, who wants to, and which media connections they have."""

from django.conf import settings
from django.db import models
from django.db.models import Q

from live.models.lecture import Lecture

USER = settings.AUTH_USER_MODEL


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

    ``device``: by which the person speaks; ``seen_at``: when a room last had that device in it; ``is_muted``,
    ``has_picture``: what that device sends, as it says; ``shown_at``: since when theirs is the lecture's picture.
    """

    lecture = models.ForeignKey(Lecture, on_delete=models.CASCADE, related_name="speakers")
    member = models.ForeignKey(USER, on_delete=models.CASCADE, related_name="+")
    invited_by = models.ForeignKey(USER, on_delete=models.CASCADE, related_name="+")
    invited_at = models.DateTimeField()
    came_at = models.DateTimeField(null=True, blank=True)
    device = models.CharField(max_length=64, blank=True)
    seen_at = models.DateTimeField()
    is_muted = models.BooleanField(default=False, db_default=False)
    has_picture = models.BooleanField(default=False, db_default=False)
    shown_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["lecture", "member"], name="speaker_once"),
            models.UniqueConstraint(fields=["lecture"], condition=~Q(shown_at=None), name="speaker_one_shown"),
        ]

    def __str__(self) -> str:
        return f"{self.lecture_id}: {self.member_id}"


class MediaPeer(models.Model):
    """One browser's connection with the media engine, kept here so that another process can take it over.

    It exists while the connection does, and no longer than its lecture is on.
    """

    class Kind(models.TextChoices):
        PUB = "pub"
        SUB = "sub"
        TALK = "talk"
        MEET = "meet"

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
