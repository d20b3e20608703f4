"""题库和练习: questions in versions, quizzes that draw them, and what people answered (ADR 60)."""

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils.functional import cached_property
from django.utils.translation import gettext_lazy as _

from organizations.models import Node
from quizzes.core import questions
from quizzes.core.drawing import Part
from quizzes.core.tags import LONGEST_TAG

MEMBER = settings.AUTH_USER_MODEL


class Question(models.Model):
    """One question of a unit's bank. What it says is its newest version; a withdrawn one is drawn no more."""

    node = models.ForeignKey(Node, on_delete=models.PROTECT, related_name="+", verbose_name=_("所属组织"))
    made_by = models.ForeignKey(MEMBER, on_delete=models.PROTECT, related_name="+")
    made_at = models.DateTimeField()
    latest = models.PositiveIntegerField(default=1, help_text="the newest version's number")
    withdrawn_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        verbose_name = _("题目")
        verbose_name_plural = _("题目")
        indexes = [models.Index(fields=["node", "-id"], name="quiz_question_by_node")]

    def __str__(self) -> str:
        return self.newest.text

    @cached_property
    def newest(self) -> "QuestionVersion":
        """What it says now. One query, unless whoever read many has put it there (``queries.bank.with_newest``)."""
        return self.versions.get(number=self.latest)


class QuestionTag(models.Model):
    """A tag of a question. Of its own, because Wagtail's tags are one list for the whole tree."""

    question = models.ForeignKey(Question, on_delete=models.CASCADE, related_name="tags")
    name = models.CharField(max_length=LONGEST_TAG)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["question", "name"], name="quiz_tag_once")]
        indexes = [models.Index(fields=["name", "question"], name="quiz_tag_by_name")]

    def __str__(self) -> str:
        return self.name


class QuestionVersion(models.Model):
    """What a question said from some moment on; never changed. ``choices`` and ``right``: see ``core.questions``."""

    class Kind(models.TextChoices):
        SINGLE = questions.Kind.SINGLE.value, _("单选")
        SEVERAL = questions.Kind.SEVERAL.value, _("多选")
        TRUE_FALSE = questions.Kind.TRUE_FALSE.value, _("判断")
        ORDER = questions.Kind.ORDER.value, _("排序")
        FILL = questions.Kind.FILL.value, _("填空")

    question = models.ForeignKey(Question, on_delete=models.PROTECT, related_name="versions")
    number = models.PositiveIntegerField()
    kind = models.CharField(max_length=10, choices=Kind.choices)
    text = models.CharField(max_length=400)
    choices = models.JSONField()
    right = models.JSONField()
    explanation = models.CharField(max_length=600, blank=True)
    written_by = models.ForeignKey(MEMBER, on_delete=models.PROTECT, related_name="+")
    written_at = models.DateTimeField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["question", "number"], name="quiz_version_once")]

    def __str__(self) -> str:
        return f"{self.question_id} v{self.number}"


class Quiz(models.Model):
    """How questions of a unit's bank are asked. ``draws``: ``[[tag, count], …]``; ``revision`` counts the savings."""

    class Shows(models.TextChoices):
        FINAL = "final", _("通过以后，或者次数用完以后")
        SUBMITTED = "submitted", _("每次交卷以后")
        NEVER = "never", _("不显示")

    node = models.ForeignKey(Node, on_delete=models.PROTECT, related_name="+", verbose_name=_("所属组织"))
    title = models.CharField(_("名称"), max_length=60)
    draws = models.JSONField()
    pass_percent = models.PositiveSmallIntegerField(_("及格线（%）"))
    most_attempts = models.PositiveSmallIntegerField(_("最多做几次"), null=True, blank=True)
    shows = models.CharField(_("什么时候显示正确答案和讲解"), max_length=10, choices=Shows.choices, default=Shows.FINAL)
    revision = models.PositiveIntegerField(default=1)
    made_by = models.ForeignKey(MEMBER, on_delete=models.PROTECT, related_name="+")
    changed_at = models.DateTimeField()
    withdrawn_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        verbose_name = _("练习")
        verbose_name_plural = _("练习")
        constraints = [
            models.CheckConstraint(condition=Q(pass_percent__gte=1, pass_percent__lte=100), name="quiz_percent"),
            models.CheckConstraint(
                condition=Q(most_attempts=None) | Q(most_attempts__gte=1), name="quiz_attempts_at_least_one"
            ),
        ]
        indexes = [models.Index(fields=["node", "-id"], name="quiz_by_node")]

    def __str__(self) -> str:
        return self.title

    @property
    def parts(self) -> list[Part]:
        return [Part(str(tag), int(count)) for tag, count in self.draws]

    @property
    def size(self) -> int:
        """How many questions an attempt has, if the bank has enough."""
        return sum(part.count for part in self.parts)


class Attempt(models.Model):
    """One try of a member: the versions that were drawn, in their order, and how many right ones pass, fixed when it
    began. ``right``: how many were right; None while it is under way."""

    quiz = models.ForeignKey(Quiz, on_delete=models.PROTECT, related_name="attempts")
    member = models.ForeignKey(MEMBER, on_delete=models.PROTECT, related_name="quiz_attempts")
    number = models.PositiveSmallIntegerField()
    seed = models.CharField(max_length=32)
    need = models.PositiveSmallIntegerField()
    of = models.PositiveSmallIntegerField()
    began_at = models.DateTimeField()
    submitted_at = models.DateTimeField(null=True, blank=True)
    right = models.PositiveSmallIntegerField(null=True, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["quiz", "member", "number"], name="quiz_attempt_once"),
            models.UniqueConstraint(
                fields=["quiz", "member"], condition=Q(submitted_at=None), name="quiz_attempt_one_open"
            ),
            models.CheckConstraint(
                condition=Q(submitted_at=None, right=None) | Q(submitted_at__isnull=False, right__isnull=False),
                name="quiz_attempt_marked_once_submitted",
            ),
        ]
        indexes = [models.Index(fields=["member", "quiz"], name="quiz_attempt_by_member")]

    def __str__(self) -> str:
        return f"{self.quiz_id}: {self.member_id} {self.number}"

    @property
    def is_passed(self) -> bool:
        return self.right is not None and self.right >= self.need


class Answer(models.Model):
    """One drawn question of an attempt, and what was answered: the last that was kept counts, until it is submitted.

    ``given`` as in ``core.questions``, None for none yet; ``kept`` counts how often another answer was kept.
    """

    attempt = models.ForeignKey(Attempt, on_delete=models.CASCADE, related_name="answers")
    position = models.PositiveSmallIntegerField()
    version = models.ForeignKey(QuestionVersion, on_delete=models.PROTECT, related_name="answers")
    given = models.JSONField(null=True, blank=True)
    is_right = models.BooleanField(default=False)
    kept = models.PositiveIntegerField(default=0)
    answered_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["attempt", "position"], name="quiz_answer_position_once"),
            models.UniqueConstraint(fields=["attempt", "version"], name="quiz_answer_version_once"),
        ]
        ordering = ["position"]

    def __str__(self) -> str:
        return f"{self.attempt_id}.{self.position}"


class VideoAnswer(models.Model):
    """What somebody answered when a video of a lesson asked; the first answer stays. Counts for no record (ADR 81).

    ``lesson``: the number of the lesson's page; pages lie above, so it is no foreign key. ``given`` as in
    ``core.questions``.
    """

    member = models.ForeignKey(MEMBER, on_delete=models.PROTECT, related_name="video_answers")
    lesson = models.PositiveBigIntegerField()
    question = models.ForeignKey(Question, on_delete=models.PROTECT, related_name="+")
    version = models.ForeignKey(QuestionVersion, on_delete=models.PROTECT, related_name="video_answers")
    given = models.JSONField()
    is_right = models.BooleanField()
    answered_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["member", "lesson", "question"], name="quiz_video_answer_once"),
        ]

    def __str__(self) -> str:
        return f"{self.lesson}.{self.question_id}: {self.member_id}"
