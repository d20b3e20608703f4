"""What is asked in a room: polls, questions, and the pinned notice."""

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from live.models.lecture import Lecture

USER = settings.AUTH_USER_MODEL


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
